//! An API as a set of texts by their paths in its folder, as it travels between folders and servers.

use std::collections::BTreeMap;
use std::path::{Component, Path};
use std::sync::Arc;

use super::content::Built;
use super::declared_encoding;
use crate::api::{ApiDefinition, codes};
use crate::auth::DEFAULT_TENANT;
use crate::diagnostic::{Diagnostic, Sources};
use crate::store::{Content, StoredDocument};
use crate::wsdl::source::{Limits, Options, Origin, Policy, load_local};

/// The texts of an API by their paths in its folder: `api.yaml`, `api.lock`, `wsdl/service.wsdl`.
pub type Texts = BTreeMap<String, Arc<str>>;

/// Where the definition of an API stands in its folder.
pub const DEFINITION: &str = "api.yaml";
/// Where its lock stands.
pub const LOCK: &str = "api.lock";
/// Bytes of one path.
const MAX_PATH_BYTES: usize = 255;

impl Content {
    /// The texts by their paths in the API's folder. An XML declaration says UTF-8, which is how they are written.
    pub fn texts(&self) -> Texts {
        let folder = self.definition.name.strip_suffix(DEFINITION).unwrap_or("");
        let of = |document: &StoredDocument| {
            let path = document.name.strip_prefix(folder).unwrap_or(&document.name).to_owned();
            (path, in_utf8(&document.text))
        };
        let named = |path: &str, document: &StoredDocument| (path.to_owned(), document.text.clone());
        let own = std::iter::once(named(DEFINITION, &self.definition)).chain(self.lock.iter().map(|l| named(LOCK, l)));
        own.chain(self.documents.iter().chain(&self.sequences).map(of)).collect()
    }

    /// Makes content of texts as [`Content::texts`] gives them, for the API `name` of a tenant.
    ///
    /// # Errors
    /// The diagnostics that say why the texts are no API. Whether they compile is for [`build_of`](super::build_of) to say.
    pub fn of_texts(tenant: &str, name: &str, texts: &Texts) -> Result<Self, Built> {
        let folder = if tenant == DEFAULT_TENANT { format!("apis/{name}") } else { format!("tenants/{tenant}/apis/{name}") };
        let stored = |path: &str| texts.get(path).map(|text| StoredDocument { name: format!("{folder}/{path}").into(), text: plain(text) });
        let mut sources = Sources::default();
        let refused = |diagnostics, sources| Built { api: None, diagnostics, sources };
        if let Some(path) = texts.keys().find(|p| !is_inside(p)) {
            let text = format!("`{}` is no path in an API's folder", path.escape_debug());
            return Err(refused(vec![Diagnostic::error(&codes::WRONG_VALUE, text).hint("such as wsdl/service.wsdl")], sources));
        }
        let Some(definition) = stored(DEFINITION) else {
            return Err(refused(vec![Diagnostic::error(&codes::MISSING_KEY, format!("there is no {DEFINITION}"))], sources));
        };
        let at = sources.add(definition.name.clone(), definition.text.clone());
        let (parsed, diagnostics) = ApiDefinition::parse(at, &definition.text);
        let Some(parsed) = parsed else { return Err(refused(diagnostics, sources)) };
        let (below, root) = match parsed.source.wsdl.split_once('/') {
            Some((first, rest)) => (format!("{first}/"), rest.to_owned()),
            None => (String::new(), parsed.source.wsdl.clone()),
        };
        let entries =
            texts.iter().filter_map(|(path, text)| Some((path.strip_prefix(&below)?.to_owned(), text.as_bytes().into()))).collect();
        let origin = Origin::Texts { name: folder.clone(), entries: Arc::new(entries), root: Some(root) };
        let options = Options { limits: Limits::default(), ..Options::local(Policy::Upload) };
        let prefix = format!("{folder}/{}", below.trim_end_matches('/'));
        let prefix = prefix.trim_end_matches('/');
        let named = |sources: &Sources| {
            let mut named = Sources::default();
            for (_, source) in sources.iter() {
                named.add(format!("{prefix}/{}", source.name), source.text.clone());
            }
            named
        };
        let loaded = load_local(&origin, &options).map_err(|r| refused(r.diagnostics, named(&r.sources)))?;
        let mut content = Self::of(definition, stored(LOCK), &loaded.documents, false);
        for document in &mut content.documents {
            document.name = format!("{prefix}/{}", document.name).into();
        }
        content.sequences = super::sequences::named(&parsed).filter_map(stored).collect();
        let templates = super::sequences::templates_of(content.sequences.iter().map(|s| &*s.text));
        content.sequences.extend(templates.iter().filter_map(|path| stored(path)));
        Ok(content)
    }
}

/// Is that the path of a file in a folder, below it and not hidden?
pub fn is_inside(path: &str) -> bool {
    let good = |part: Component<'_>| matches!(part, Component::Normal(name) if name.to_str().is_some_and(|n| !n.starts_with('.')));
    let is_plain = !path.is_empty() && path.len() <= MAX_PATH_BYTES && !path.contains('\\') && !path.chars().any(char::is_control);
    // `Path` takes `a//b` and `a/` for `a/b` and `a`: one file has one path.
    is_plain && path.split('/').all(|part| !part.is_empty() && part != ".") && Path::new(path).components().all(good)
}

/// A text without a byte order mark.
fn plain(text: &Arc<str>) -> Arc<str> {
    text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), Arc::from)
}

fn in_utf8(text: &Arc<str>) -> Arc<str> {
    let changed = declared_encoding(text).and_then(|(start, end)| Some(format!("{}UTF-8{}", text.get(..start)?, text.get(end..)?)));
    changed.map_or_else(|| text.clone(), Arc::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_in_the_folder() {
        for good in ["api.yaml", "wsdl/service.wsdl", "wsdl/a b/ü.xsd"] {
            assert!(is_inside(good), "{good}");
        }
        for bad in ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", ".git/config", "a\\b", "a\nb", "a/.hidden", &"x".repeat(256)]
        {
            assert!(!is_inside(bad), "{bad}");
        }
    }
}

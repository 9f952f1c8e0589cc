//! Where the documents of an import stand in `apis/NAME/wsdl/`, and the locations that change by that.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::catalog::declared_encoding;
use crate::diagnostic::SourceId;
use crate::wsdl::documents::{Documents, Reference, Target, references};
use crate::xml::{Document, Limits, ns};

/// Bytes of one segment of a path.
const SEGMENT_BYTES: usize = 100;

/// The files below `wsdl/`.
pub(super) struct Layout {
    /// Path and text; the root first.
    files: Vec<(String, String)>,
}

impl Layout {
    /// Keeps the documents' relative structure where they have one.
    pub(super) fn new(documents: &Documents) -> Self {
        let order = order(documents);
        let names: Vec<Arc<str>> = order.iter().filter_map(|id| documents.sources.document(*id)).map(|d| d.name.clone()).collect();
        let texts: Vec<Arc<str>> = order.iter().filter_map(|id| documents.sources.document(*id)).map(|d| d.text.clone()).collect();
        let paths = paths(&names, &texts);
        let place: HashMap<SourceId, &str> = order.iter().copied().zip(paths.iter().map(String::as_str)).collect();
        let files = order
            .iter()
            .zip(&paths)
            .zip(&texts)
            .map(|((id, path), text)| (path.clone(), relocated(documents, *id, path, text, &place)))
            .collect();
        Self { files }
    }

    /// The root document's path.
    pub(super) fn root(&self) -> &str {
        self.files.first().map_or("", |(path, _)| path)
    }

    /// All files.
    pub(super) fn files(&self) -> &[(String, String)] {
        &self.files
    }

    /// `sha256:…` over paths and texts.
    pub(super) fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for (path, text) in &self.files {
            hash.update((path.len() as u64).to_be_bytes());
            hash.update(path.as_bytes());
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        }
        let mut out = String::from("sha256:");
        for byte in hash.finalize() {
            let _infallible = write!(out, "{byte:02x}");
        }
        out
    }
}

/// The root, then the others in the order of reading.
fn order(documents: &Documents) -> Vec<SourceId> {
    let others = documents.sources.iter().map(|(id, _)| id).filter(|id| *id != documents.root);
    std::iter::once(documents.root).chain(others).collect()
}

/// A path for each document: unique, also where case does not count.
fn paths(names: &[Arc<str>], texts: &[Arc<str>]) -> Vec<String> {
    let base = names.first().map(|n| folder_of(n)).unwrap_or_default();
    let mut taken = BTreeSet::new();
    let mut paths = Vec::new();
    for (name, text) in names.iter().zip(texts) {
        let wish = wish(name, &base, extension(text));
        let (stem, ending) = wish.rsplit_once('.').map_or((wish.as_str(), String::new()), |(s, e)| (s, format!(".{e}")));
        let candidates = (1..).map(|i| if i == 1 { wish.clone() } else { format!("{stem}-{i}{ending}") });
        let path = candidates.into_iter().find(|p| !taken.contains(&p.to_lowercase())).unwrap_or_default();
        taken.insert(path.to_lowercase());
        paths.push(path);
    }
    paths
}

/// The folder part of a name: of an address with everything before.
fn folder_of(name: &str) -> String {
    let bare = name.split(['?', '#']).next().unwrap_or_default();
    bare.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default()
}

/// What a document's path should be: its name below the root's folder, else its last segment.
fn wish(name: &str, base: &str, extension: &str) -> String {
    let address = name.contains("://");
    let (bare, query) = match address {
        true => name.split_once('?').unwrap_or((name, "")),
        false => (name, ""),
    };
    let below = match address {
        true => bare.strip_prefix(base).filter(|_| !base.is_empty()).unwrap_or_else(|| bare.rsplit('/').next().unwrap_or_default()),
        false => bare,
    };
    let mut segments: Vec<String> = below.split('/').filter(|s| !s.is_empty() && *s != "." && *s != "..").map(clean).collect();
    if address && !query.is_empty() {
        // `service?xsd=types` and `service?wsdl` are told apart by their queries.
        let last = segments.pop().unwrap_or_default();
        let told = if query.eq_ignore_ascii_case("wsdl") { last } else { format!("{last}-{}", clean(query)) };
        segments.push(told);
    }
    let last = segments.pop().filter(|s| !s.is_empty()).unwrap_or_else(|| "service".to_owned());
    let has_extension = [".wsdl", ".xsd", ".xml"].iter().any(|e| last.to_lowercase().ends_with(e));
    segments.push(if has_extension { last } else { format!("{last}.{extension}") });
    segments.join("/")
}

fn clean(segment: &str) -> String {
    let cleaned: String = segment.chars().map(|c| if c.is_control() || "<>:\"|?*\\/%#&".contains(c) { '-' } else { c }).collect();
    let start = cleaned.trim_start_matches('.');
    let mut end = start.len().min(SEGMENT_BYTES);
    while !start.is_char_boundary(end) {
        end -= 1;
    }
    start.get(..end).unwrap_or_default().trim_end_matches([' ', '.']).to_owned()
}

fn parsed(text: &str) -> Option<Document> {
    Document::parse(text.as_bytes(), Some("utf-8"), Limits::document()).ok()
}

fn extension(text: &str) -> &'static str {
    let is_schema = parsed(text).is_some_and(|d| d.tree().root_element().has_tag_name((ns::XSD, "schema")));
    if is_schema { "xsd" } else { "wsdl" }
}

/// The document's text with the locations that would not lead to the right file any more rewritten, and UTF-8 declared.
fn relocated(documents: &Documents, id: SourceId, path: &str, text: &str, place: &HashMap<SourceId, &str>) -> String {
    let mut edits: Vec<(usize, usize, String)> = Vec::new();
    edits.extend(declared_encoding(text).map(|(start, end)| (start, end, "UTF-8".to_owned())));
    let found: Vec<Reference> = parsed(text).map(|d| references(&d.tree(), id)).unwrap_or_default();
    for reference in found {
        let (Some(location), Some(Target::Document(target))) = (&reference.location, documents.links.get(&reference.key(id))) else {
            continue;
        };
        let Some(target) = place.get(target) else { continue };
        if resolved(path, location).as_deref() != Some(*target) {
            edits.push((reference.span.start as usize, reference.span.end as usize, relative(path, target)));
        }
    }
    edits.sort();
    edits.dedup_by(|next, kept| next.0 < kept.1);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (start, end, new) in edits {
        out.push_str(text.get(at..start).unwrap_or_default());
        out.push_str(&new);
        at = end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// Where a location leads from a document, inside the layout.
fn resolved(path: &str, location: &str) -> Option<String> {
    let location = location.trim();
    if location.contains("://") || location.contains(['\\', '?', '#', '%']) || location.starts_with('/') {
        return None;
    }
    let folder = path.rsplit_once('/').map_or("", |(f, _)| f);
    let mut segments: Vec<&str> = folder.split('/').filter(|s| !s.is_empty()).collect();
    for segment in location.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop()?;
            }
            other => segments.push(other),
        }
    }
    Some(segments.join("/"))
}

/// A location in `path` that leads to `target`, escaped for an attribute.
fn relative(path: &str, target: &str) -> String {
    let from: Vec<&str> = path.split('/').collect();
    let to: Vec<&str> = target.split('/').collect();
    let folders = from.len().saturating_sub(1);
    let common = from.iter().take(folders).zip(to.iter().take(to.len().saturating_sub(1))).take_while(|(a, b)| a == b).count();
    let mut out = "../".repeat(folders - common);
    out.push_str(&to.iter().skip(common).copied().collect::<Vec<_>>().join("/"));
    out.replace('\'', "&apos;").replace(' ', "%20")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Sources;

    fn layout_of(names: &[&str]) -> Vec<String> {
        let names: Vec<Arc<str>> = names.iter().map(|n| Arc::from(*n)).collect();
        let texts: Vec<Arc<str>> = names.iter().map(|_| Arc::from("<schema xmlns='http://www.w3.org/2001/XMLSchema'/>")).collect();
        paths(&names, &texts)
    }

    #[test]
    fn relative_structure_stays() {
        assert_eq!(layout_of(&["a/b.wsdl", "a/c/d.xsd", "e.xsd"]), ["a/b.wsdl", "a/c/d.xsd", "e.xsd"]);
    }

    #[test]
    fn names_are_unique_and_stay_inside() {
        assert_eq!(
            layout_of(&["b.wsdl", "../../x.xsd", "x.xsd", "X.XSD", "..hidden/y.xsd"]),
            ["b.wsdl", "x.xsd", "x-2.xsd", "X-3.XSD", "hidden/y.xsd"]
        );
        let odd = layout_of(&["..", "a:b?c.xsd", "con\u{1}trol.xsd"]);
        assert_eq!(odd, ["service.xsd", "a-b-c.xsd", "con-trol.xsd"]);
    }

    #[test]
    fn addresses_become_files() {
        assert_eq!(
            layout_of(&[
                "https://h/s/Svc?wsdl",
                "https://h/s/Svc?xsd=xsd0",
                "https://h/s/Svc?xsd=xsd1",
                "https://h/s/t/u.xsd",
                "https://o/v.xsd"
            ]),
            ["Svc.xsd", "Svc-xsd=xsd0.xsd", "Svc-xsd=xsd1.xsd", "t/u.xsd", "v.xsd"]
        );
    }

    #[test]
    fn relative_locations() {
        assert_eq!(relative("a/b.wsdl", "a/c/d.xsd"), "c/d.xsd");
        assert_eq!(relative("a/b/c.wsdl", "d.xsd"), "../../d.xsd");
        assert_eq!(relative("a.wsdl", "it's b.xsd"), "it&apos;s%20b.xsd");
        assert_eq!(resolved("a/b.wsdl", "../c.xsd").as_deref(), Some("c.xsd"));
        assert_eq!(resolved("a.wsdl", "../c.xsd"), None);
        assert_eq!(resolved("a.wsdl", "http://x/c.xsd"), None);
    }

    #[test]
    fn only_locations_that_do_not_lead_there_change() {
        let root = "<?xml version=\"1.0\" encoding=\"windows-1252\"?>\n<schema xmlns=\"http://www.w3.org/2001/XMLSchema\">\n  \
                    <import namespace=\"urn:a\" schemaLocation=\"http://x.example/a.xsd\"/>\n  <include  schemaLocation='b.xsd'/>\n</schema>";
        let mut sources = Sources::default();
        let id = sources.add("dir/root.xsd", root);
        let a = sources.add("a.xsd", "<schema xmlns=\"http://www.w3.org/2001/XMLSchema\" targetNamespace=\"urn:a\"/>");
        let b = sources.add("dir/b.xsd", "<schema xmlns=\"http://www.w3.org/2001/XMLSchema\"/>");
        let mut documents = Documents::new(sources, id);
        let document = parsed(root).unwrap();
        for (reference, target) in references(&document.tree(), id).iter().zip([a, b]) {
            documents.link(id, reference, Target::Document(target));
        }
        let layout = Layout::new(&documents);
        let (path, text) = &layout.files()[0];
        assert_eq!(path, "dir/root.xsd");
        assert_eq!(*text, root.replace("windows-1252", "UTF-8").replace("http://x.example/a.xsd", "../a.xsd"));
        assert!(layout.digest().starts_with("sha256:") && layout.digest().len() == 71);
    }
}

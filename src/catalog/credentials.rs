//! The secrets that an API definition names, read from the environment and from files. Values appear in no text.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Provenance, Vault};
use crate::api::{ApiDefinition, HeaderPart, SecretRef, SecretSource, codes};
use crate::config;
use crate::diagnostic::{Diagnostic, Severity, SourceId};
use crate::net::secret::Secret;
use crate::net::tls::chain_ends;
use crate::store::Content;

/// The largest secret file, in bytes: a chain of certificates with comments is smaller.
const FILE_BYTES: u64 = 64 << 10;

/// Everything that `endpoint.auth` and `headers` name, at hand. Prints nothing of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Password of `basic`.
    pub(super) basic: Option<Secret>,
    /// Value of `header`.
    pub(super) header: Option<Secret>,
    /// Secret of `oauth2`.
    pub(super) client: Option<Secret>,
    /// Certificate, key and authorities of `tls`, PEM.
    pub(super) tls: [Option<Secret>; 3],
    /// Password of `wss.username_token`.
    pub(super) token: Option<Secret>,
    /// Certificate of `wss.signature`, PEM.
    pub(super) certificate: Option<Secret>,
    /// Key of `wss.signature`, PEM.
    pub(super) key: Option<Secret>,
    /// Values of header parts that the API gives, by their keys in `headers`.
    pub(super) headers: BTreeMap<String, Secret>,
}

/// The source of every secret that a definition names.
fn named(definition: &ApiDefinition) -> impl Iterator<Item = &SecretSource> {
    let auth = definition.endpoint.auth.as_ref();
    let wss = auth.and_then(|a| a.wss.as_ref());
    let signature = wss.and_then(|w| w.signature.as_ref());
    let basic = auth.and_then(|a| a.basic.as_ref()).map(|b| &b.password);
    let header = auth.and_then(|a| a.header.as_ref()).map(|h| &h.value);
    let token = wss.and_then(|w| w.username_token.as_ref()).and_then(|t| t.password.as_ref());
    let parts = definition.headers.values().filter_map(|rule| match &rule.part {
        HeaderPart::ApiSecret(source) => Some(source),
        HeaderPart::Caller | HeaderPart::Secret | HeaderPart::Omit | HeaderPart::Constant(_) => None,
    });
    let client = auth.and_then(|a| a.oauth2.as_ref()).map(|o| &o.client_secret);
    let [certificate, key, ca] = tls(definition);
    let of_signature = [signature.map(|s| &s.certificate), signature.map(|s| &s.key)];
    let of_auth = [basic, header, client, certificate, key, ca, token].into_iter().chain(of_signature);
    of_auth.flatten().map(|secret| &secret.source).chain(parts)
}

/// Certificate, key and authorities of `tls`.
fn tls(definition: &ApiDefinition) -> [Option<&SecretRef>; 3] {
    let tls = definition.endpoint.auth.as_ref().and_then(|a| a.tls.as_ref());
    let identity = tls.and_then(|t| t.identity.as_ref());
    [identity.map(|(certificate, _)| certificate), identity.map(|(_, key)| key), tls.and_then(|t| t.ca.as_ref())]
}

/// Where secrets are looked for.
pub(super) struct Desk<'a> {
    /// What uploaded APIs find.
    pub(super) vault: &'a Vault,
    /// Where the API comes from.
    pub(super) provenance: Provenance,
    /// The API's folder.
    pub(super) folder: &'a Path,
    /// Whose the API is.
    pub(super) tenant: &'a str,
}

/// The files that hold secrets of a stored API: when one changes, the API has changed.
pub(super) fn files(content: &Content, vault: &Vault) -> Vec<PathBuf> {
    let (definition, _) = ApiDefinition::parse(SourceId(0), &content.definition.text);
    let folder = Path::new(&*content.definition.name).parent().unwrap_or(Path::new(""));
    vault.files(definition.iter().flat_map(named), Provenance::of(content), folder).collect()
}

/// Does the definition of an API name secrets of the machine that serves it?
pub fn names_secrets(content: &Content) -> bool {
    let (definition, _) = ApiDefinition::parse(SourceId(0), &content.definition.text);
    definition.iter().flat_map(named).any(|source| !matches!(source, SecretSource::Sealed(_)))
}

/// Does it name that sealed secret?
pub fn names_sealed(content: &Content, name: &str) -> bool {
    let (definition, _) = ApiDefinition::parse(SourceId(0), &content.definition.text);
    definition.iter().any(|d| defines_sealed(d, name))
}

/// Does a definition name that sealed secret?
pub(super) fn defines_sealed(definition: &ApiDefinition, name: &str) -> bool {
    named(definition).any(|source| matches!(source, SecretSource::Sealed(n) if n == name))
}

impl Credentials {
    /// Reads what `definition` names. Every secret that cannot be had, or that the API may not name, is an error, by its name.
    pub(super) fn read(definition: &ApiDefinition, desk: &Desk<'_>) -> (Self, Vec<Diagnostic>) {
        let mut found = Vec::new();
        let mut get = |secret: Option<&SecretRef>| secret.and_then(|s| read(s, desk, &mut found));
        let auth = definition.endpoint.auth.as_ref();
        let wss = auth.and_then(|a| a.wss.as_ref());
        let signature = wss.and_then(|w| w.signature.as_ref());
        let credentials = Self {
            basic: get(auth.and_then(|a| a.basic.as_ref()).map(|b| &b.password)),
            header: get(auth.and_then(|a| a.header.as_ref()).map(|h| &h.value)),
            client: get(auth.and_then(|a| a.oauth2.as_ref()).map(|o| &o.client_secret)),
            tls: tls(definition).map(&mut get),
            token: get(wss.and_then(|w| w.username_token.as_ref()).and_then(|t| t.password.as_ref())),
            certificate: get(signature.map(|s| &s.certificate)),
            key: get(signature.map(|s| &s.key)),
            headers: (definition.headers.iter())
                .filter_map(|(key, rule)| match &rule.part {
                    HeaderPart::ApiSecret(source) => Some((key.clone(), get(Some(&SecretRef { source: source.clone(), at: rule.span }))?)),
                    HeaderPart::Caller | HeaderPart::Secret | HeaderPart::Omit | HeaderPart::Constant(_) => None,
                })
                .collect(),
        };
        (credentials, found)
    }
}

impl Credentials {
    /// The certificates that the API shows itself with: what for, and when the first of the chain ends, in seconds since 1970.
    pub(super) fn certificate_ends(&self) -> impl Iterator<Item = (&'static str, i64)> {
        let [identity, _, _] = &self.tls;
        let both = [("tls", identity.as_ref()), ("signature", self.certificate.as_ref())];
        both.into_iter().filter_map(|(which, pem)| Some((which, chain_ends(pem?.reveal().as_bytes())?)))
    }
}

fn read(secret: &SecretRef, desk: &Desk<'_>, found: &mut Vec<Diagnostic>) -> Option<Secret> {
    let result = match &secret.source {
        SecretSource::Variable(name) => Vault::variable(name, desk.provenance).and_then(|()| match config::variable(name) {
            Some(value) => Ok(value.reveal().to_owned()),
            None => Err(format!("the environment variable `{name}` is not set")),
        }),
        SecretSource::File(path) => desk.vault.file(path, desk.provenance, desk.folder).and_then(|whole| file(&whole, path, secret, found)),
        SecretSource::Sealed(name) => match desk.vault.open(desk.tenant, name) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => {
                let text = format!("the sealed secret `{name}` is kept by a server, which is not asked here");
                found.push(at(secret, Diagnostic::new(Severity::Note, &codes::NO_SECRET, text)));
                return None;
            }
            Err(why) => Err(why),
        },
    };
    let said = match &secret.source {
        SecretSource::Variable(name) => format!("the environment variable `{name}`"),
        SecretSource::File(path) => format!("the file `{path}`"),
        SecretSource::Sealed(name) => format!("the sealed secret `{name}`"),
    };
    match result {
        Ok(text) if text.is_empty() => found.push(at(secret, Diagnostic::error(&codes::NO_SECRET, format!("{said} is empty")))),
        Ok(text) if !text.chars().all(crate::xml::writer::is_xml_char) => {
            found.push(at(secret, Diagnostic::error(&codes::NO_SECRET, format!("{said} has characters that no message can carry"))));
        }
        Ok(text) => return Some(Secret::new(text)),
        Err(why) => found.push(at(secret, Diagnostic::error(&codes::NO_SECRET, why))),
    }
    None
}

fn at(secret: &SecretRef, diagnostic: Diagnostic) -> Diagnostic {
    Diagnostic { span: secret.at, ..diagnostic }
}

/// A file's text without the line end that editors put behind it.
fn file(path: &Path, said: &str, secret: &SecretRef, found: &mut Vec<Diagnostic>) -> Result<String, String> {
    let failed = |e: std::io::Error| format!("the file `{said}` cannot be read: {e}");
    let file = std::fs::File::open(path).map_err(failed)?;
    let meta = file.metadata().map_err(failed)?;
    if !meta.is_file() {
        return Err(format!("`{said}` is no file"));
    }
    if let Some(warning) = openness(&meta, said)? {
        found.push(at(secret, Diagnostic::new(Severity::Note, &codes::OPEN_SECRET, warning)));
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_BYTES {
        return Err(format!("the file `{said}` has more than {FILE_BYTES} bytes"));
    }
    let mut text = String::from_utf8(bytes).map_err(|_| format!("the file `{said}` is not UTF-8"))?;
    if text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    Ok(text)
}

/// A secret that everybody may write is nobody's; one that everybody may read is worth a word.
///
/// # Errors
/// Everybody may write it.
#[cfg(unix)]
fn openness(meta: &std::fs::Metadata, said: &str) -> Result<Option<String>, String> {
    use std::os::unix::fs::PermissionsExt;
    let mode = meta.permissions().mode() & 0o777;
    if mode & 0o002 != 0 {
        return Err(format!("the file `{said}` can be written by everybody (mode {mode:03o})"));
    }
    Ok((mode & 0o004 != 0).then(|| format!("the file `{said}` can be read by everybody on this machine (mode {mode:03o})")))
}

#[cfg(not(unix))]
fn openness(_: &std::fs::Metadata, _: &str) -> Result<Option<String>, String> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(path: &str) -> SecretRef {
        SecretRef { source: SecretSource::File(path.to_owned()), at: None }
    }

    fn desk<'a>(folder: &'a Path, vault: &'a Vault) -> Desk<'a> {
        Desk { vault, provenance: Provenance::Files, folder, tenant: "default" }
    }

    #[test]
    fn files_lose_one_line_end_and_are_bounded() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::default();
        let mut found = Vec::new();
        for (name, text, read_as) in [("a", "pass\n", "pass"), ("b", "p w \r\n", "p w "), ("c", "x\n\n", "x\n"), ("d", "y", "y")] {
            std::fs::write(dir.path().join(name), text).unwrap();
            assert_eq!(read(&secret(name), &desk(dir.path(), &vault), &mut found).unwrap().reveal(), read_as);
        }
        found.clear();
        std::fs::write(dir.path().join("large"), vec![b'a'; 65_537]).unwrap();
        std::fs::write(dir.path().join("latin"), b"\xE4").unwrap();
        std::fs::write(dir.path().join("empty"), "\n").unwrap();
        for name in ["large", "latin", "empty", "missing", "."] {
            assert!(read(&secret(name), &desk(dir.path(), &vault), &mut found).is_none(), "{name}");
        }
        let errors: Vec<_> = found.iter().filter(|d| d.severity == Severity::Error).collect();
        assert_eq!(errors.len(), 5, "{errors:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_everybody_may_write_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::default();
        let path = dir.path().join("p");
        std::fs::write(&path, "s").unwrap();
        for (mode, good, notes) in [(0o600, true, 0), (0o640, true, 0), (0o644, true, 1), (0o666, false, 1)] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let mut found = Vec::new();
            assert_eq!(read(&secret("p"), &desk(dir.path(), &vault), &mut found).is_some(), good, "{mode:o}");
            assert_eq!(found.len(), notes, "{mode:o}");
        }
    }

    #[test]
    fn a_missing_variable_is_named_and_no_value_is_shown() {
        let missing = SecretRef { source: SecretSource::Variable("CASTILE_TEST_NOT_SET_ANYWHERE".to_owned()), at: None };
        let mut found = Vec::new();
        assert!(read(&missing, &desk(Path::new(""), &Vault::default()), &mut found).is_none());
        assert_eq!(found[0].message, "the environment variable `CASTILE_TEST_NOT_SET_ANYWHERE` is not set");
        let credentials = Credentials { basic: Some(Secret::new("hunter2")), ..Credentials::default() };
        assert!(!format!("{credentials:?}").contains("hunter2"));
    }
}

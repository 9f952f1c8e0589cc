//! Where the root WSDL is.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use url::Url;

use super::{Limits, Refused, codes};
use crate::diagnostic::{Diagnostic, nearest};

/// Where the root WSDL is.
#[derive(Clone)]
pub enum Origin {
    /// A file: the root WSDL itself.
    File(PathBuf),
    /// A folder that holds it.
    Folder {
        /// The folder.
        path: PathBuf,
        /// The root WSDL's path in it, `/`-separated; `None`: the one that no other WSDL imports.
        root: Option<String>,
    },
    /// A zip that holds it.
    Archive {
        /// What it is called in messages.
        name: String,
        /// Its bytes.
        bytes: Arc<[u8]>,
        /// As for a folder.
        root: Option<String>,
    },
    /// Texts that are here, in UTF-8.
    Texts {
        /// What the whole is called in messages.
        name: String,
        /// Each by its path, `/`-separated.
        entries: Arc<BTreeMap<String, Arc<[u8]>>>,
        /// As for a folder.
        root: Option<String>,
    },
    /// An address, http or https. Credentials in it are not used: see [`crate::net::fetch::Credentials`].
    Address(Url),
}

impl Origin {
    /// What somebody wrote on a command line: an address, a folder, a zip, or a WSDL file. Reads the first bytes of a file to
    /// tell a zip, and the whole of a zip.
    ///
    /// # Errors
    /// There is no such file or it cannot be read.
    pub fn of(text: &str, limits: &Limits) -> Result<Self, Refused> {
        if let Some(address) = address(text) {
            return address;
        }
        let path = PathBuf::from(text);
        let meta = std::fs::metadata(&path).map_err(|e| unreadable(&path, &e))?;
        if meta.is_dir() {
            return Ok(Self::Folder { path, root: None });
        }
        if !is_zip(&path).map_err(|e| unreadable(&path, &e))? {
            return Ok(Self::File(path));
        }
        if meta.len() > limits.total_bytes {
            let message = format!("`{text}` has {} bytes, more than {}", meta.len(), limits.total_bytes);
            return Err(Refused::because(Diagnostic::error(&codes::TOO_LARGE, message)));
        }
        let bytes = std::fs::read(&path).map_err(|e| unreadable(&path, &e))?;
        Ok(Self::Archive { name: text.to_owned(), bytes: bytes.into(), root: None })
    }

    /// The same with the root WSDL chosen by its path in the folder or archive. A file or address stays what it is.
    #[must_use]
    pub fn with_root(self, chosen: &str) -> Self {
        match self {
            Self::Folder { path, .. } => Self::Folder { path, root: Some(chosen.to_owned()) },
            Self::Archive { name, bytes, .. } => Self::Archive { name, bytes, root: Some(chosen.to_owned()) },
            Self::Texts { name, entries, .. } => Self::Texts { name, entries, root: Some(chosen.to_owned()) },
            other @ (Self::File(_) | Self::Address(_)) => other,
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "File({})", path.display()),
            Self::Folder { path, root } => write!(f, "Folder({}, {root:?})", path.display()),
            Self::Archive { name, bytes, root } => write!(f, "Archive({name}, {} bytes, {root:?})", bytes.len()),
            Self::Texts { name, entries, root } => write!(f, "Texts({name}, {} entries, {root:?})", entries.len()),
            Self::Address(url) => write!(f, "Address({})", crate::net::fetch::shown(url)),
        }
    }
}

/// `text` as an address, where it has a scheme of more than one letter (one letter is a Windows drive).
fn address(text: &str) -> Option<Result<Origin, Refused>> {
    let (scheme, _) = text.split_once("://")?;
    if scheme.len() < 2 {
        return None;
    }
    let refused = |message: String| Some(Err(Refused::because(Diagnostic::error(&codes::SCHEME, message))));
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Some(Ok(Origin::Address(url))),
        Ok(url) => refused(format!("addresses of scheme `{}` are not read", url.scheme())),
        Err(e) => refused(format!("`{text}` is not an address: {e}")),
    }
}

fn is_zip(path: &Path) -> std::io::Result<bool> {
    use std::io::Read;
    let mut head = Vec::new();
    std::fs::File::open(path)?.take(4).read_to_end(&mut head)?;
    Ok(head == b"PK\x03\x04" || head == b"PK\x05\x06")
}

pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Refused {
    if error.kind() != std::io::ErrorKind::NotFound {
        let message = format!("`{}` cannot be read: {error}", path.display());
        return Refused::because(Diagnostic::error(&codes::NOT_READABLE, message));
    }
    let diagnostic = Diagnostic::error(&codes::MISSING_DOCUMENT, format!("there is no file or folder `{}`", path.display()));
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names: Vec<String> =
        std::fs::read_dir(folder).into_iter().flatten().take(1_000).filter_map(|e| e.ok()?.file_name().into_string().ok()).collect();
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    Refused::because(match nearest(&name, names.iter().map(String::as_str)) {
        Some(n) => diagnostic.hint(format!("did you mean `{}`?", path.with_file_name(n).display())),
        None => diagnostic,
    })
}

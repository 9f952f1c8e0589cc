//! Where documents come from: a WSDL and everything it refers to, from a file, a folder, a zip or an address.
//!
//! Comes in: an [`Origin`] and [`Options`]. Goes out: linked [`Documents`] with notes, or [`Refused`]. What a reference leads to
//! that cannot be had is noted in the links with its reason; `wsdl::resolve` reports it at its place. Must not know: what the
//! documents say beyond their root element and their references. Every byte passes [`crate::xml::document`].

mod archive;
pub mod codes;
mod fill;
mod library;
mod location;
mod origin;
mod root;
mod scan;
mod shelf;
mod walk;
mod way;

use crate::diagnostic::{Diagnostic, Sources};
use crate::net::fetch::Fetcher;
use crate::wsdl::documents::Documents;

pub use archive::Entry;
pub use origin::Origin;

/// Whose files these are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// The operator's, named on the command line or in a file: relative locations may lead out of the folder.
    Operator,
    /// Somebody's upload: nothing outside the folder or archive is read, not through a link either.
    Upload,
}

/// How much one import may read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of one document. Default 16 MiB.
    pub document_bytes: u64,
    /// Bytes of all documents. Default 64 MiB.
    pub total_bytes: u64,
    /// Documents. Default 256.
    pub documents: usize,
    /// References in a row, the root being 0. Default 32.
    pub depth: usize,
    /// Files of a folder that are looked through to find the root or a document by its name. Default 1 000.
    pub files: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { document_bytes: 16 << 20, total_bytes: 64 << 20, documents: 256, depth: 32, files: 1_000 }
    }
}

/// How to load.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Whose files these are.
    pub policy: Policy,
    /// How much may be read.
    pub limits: Limits,
    /// Who fetches addresses. `None`: nothing is fetched, and addresses are looked for among the files and the standard
    /// schemas only.
    pub fetcher: Option<&'a Fetcher>,
}

impl Options<'_> {
    /// Of files, default limits, nothing fetched.
    pub fn local(policy: Policy) -> Self {
        Self { policy, limits: Limits::default(), fetcher: None }
    }
}

/// What was loaded.
#[derive(Debug)]
pub struct Loaded {
    /// The documents and what is behind each of their references.
    pub documents: Documents,
    /// Notes, and errors of documents other than the root. An error here does not end the import: the reference to the
    /// document counts as missing.
    pub diagnostics: Vec<Diagnostic>,
}

/// Nothing could be loaded.
#[derive(Debug)]
pub struct Refused {
    /// Texts that the diagnostics point into.
    pub sources: Sources,
    /// Why: at least one error.
    pub diagnostics: Vec<Diagnostic>,
    /// Where there are several root WSDLs: their paths, each of which [`Origin::with_root`] accepts.
    pub candidates: Vec<String>,
}

/// Loads a WSDL and everything it refers to. Files are read in place: call it where blocking is allowed.
///
/// # Errors
/// The root cannot be had: it is missing, not readable, too large, not well-formed, or there are several.
pub async fn load(origin: &Origin, options: &Options<'_>) -> Result<Loaded, Refused> {
    walk::Walk::run(origin, options).await
}

/// The same without a network: for an [`Origin`] of files. Whatever fetcher the options name is not used.
///
/// # Errors
/// As [`load`]; an address is refused.
pub fn load_local(origin: &Origin, options: &Options<'_>) -> Result<Loaded, Refused> {
    use futures_util::FutureExt;
    let options = Options { fetcher: None, ..*options };
    // Nothing is awaited where nothing is fetched, so the future is ready at once.
    load(origin, &options).now_or_never().unwrap_or_else(|| {
        let why = "loading files waited for something";
        Err(Refused::because(Diagnostic::error(&codes::FETCH, why)))
    })
}

/// The entries of a zip that `wanted` asks for, by their names with `/`, read in memory within the limits of an import. Every entry is
/// checked: links, names that lead out of the zip, encrypted ones and more than 1,000 are refused, as is what inflates to too much.
///
/// # Errors
/// Why it is refused: a lower-case sentence.
pub fn open_zip(
    bytes: &[u8],
    limits: &Limits,
    wanted: &mut dyn FnMut(&str) -> Entry,
) -> Result<std::collections::BTreeMap<String, std::sync::Arc<[u8]>>, String> {
    archive::entries(bytes, limits, &mut |name| Ok(wanted(name))).map_err(|e| e.to_string())
}

impl Refused {
    fn because(diagnostic: Diagnostic) -> Self {
        Self { sources: Sources::default(), diagnostics: vec![diagnostic], candidates: Vec::new() }
    }
}

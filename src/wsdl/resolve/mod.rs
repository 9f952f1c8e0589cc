//! Documents → [`Definitions`]: pure, no I/O.

mod load;

use super::codes;
use super::documents::Documents;
use super::model::Definitions;
use super::parse::{Document, Reader};
use crate::diagnostic::{Diagnostic, Severity};
use crate::schema;
use crate::schema::resolve::MissingImport;

/// What came of a set of documents.
#[derive(Debug)]
pub struct Outcome {
    /// The resolved WSDL; `None` where a diagnostic of severity error says why there is none.
    pub definitions: Option<Definitions>,
    /// Everything that was found, in the order of the documents and of the places in them.
    pub diagnostics: Vec<Diagnostic>,
}

/// Resolves every reference of a set of loaded documents.
///
/// Documents that are not well-formed are reported here, so a loader need not. Never panics, never loads anything.
pub fn resolve(documents: &Documents) -> Outcome {
    let mut outcome = resolve_in_order(documents);
    outcome.diagnostics.sort_by_key(|d| d.span.map(|s| (s.source, s.start)));
    outcome
}

/// The same, the findings in the order in which they were made.
fn resolve_in_order(documents: &Documents) -> Outcome {
    let mut diagnostics = Vec::new();
    let trees = load::trees(documents, &mut diagnostics);
    let mut loaded = load::Loaded::default();
    if let Err(problem) = loaded.root(documents, &trees, &mut diagnostics) {
        diagnostics.extend(problem);
        return Outcome { definitions: None, diagnostics };
    }
    let wanted = loaded.wanted();
    let output = schema::resolve::resolve(schema::resolve::Input {
        schemas: &loaded.schemas,
        trees: &trees,
        links: &documents.links,
        wanted: &wanted,
    });
    diagnostics.extend(output.diagnostics);
    let Some(schemas) = output.set else { return Outcome { definitions: None, diagnostics } };
    let mut reader = Reader::new(schemas, output.unresolved);
    reader.read(&loaded.documents);
    let usable = reader.is_usable();
    let missing = loaded.missing.iter().chain(&output.missing);
    diagnostics.extend(missing.map(|m| report_missing(m, reader.is_unresolved(m.namespace.as_deref()), usable)));
    let (definitions, found) = reader.finish();
    diagnostics.extend(found);
    if !usable {
        diagnostics.push(nothing_to_import(&definitions, &loaded.documents));
    }
    let failed = diagnostics.iter().any(|d| d.severity == Severity::Error);
    Outcome { definitions: (!failed).then_some(definitions), diagnostics }
}

/// A missing import: harmless where nothing of its namespace is undeclared, else a warning; an error where it leaves nothing to import.
fn report_missing(import: &MissingImport, needed: bool, usable: bool) -> Diagnostic {
    let severity = match (needed, usable) {
        (true, false) => Severity::Error,
        (true, true) => Severity::Warning,
        (false, _) => Severity::Note,
    };
    let location = import.location.as_deref().unwrap_or("");
    let hint = match (needed, import.namespace.as_deref()) {
        (true, Some(namespace)) => format!("components of `{namespace}` are used that nothing declares: put the document beside the WSDL"),
        (true, None) => "components without a namespace are used that nothing declares: put the document beside the WSDL".to_owned(),
        (false, _) => "nothing that is used seems to be missing".to_owned(),
    };
    let message = format!("the document `{location}` was not found: {}", import.reason);
    Diagnostic::new(severity, &schema::codes::MISSING_IMPORT, message).at(import.span).hint(hint)
}

fn nothing_to_import(definitions: &Definitions, documents: &[Document<'_>]) -> Diagnostic {
    let message = if definitions.bindings.is_empty() {
        "the WSDL has no binding, so there is nothing that could be called"
    } else if definitions.bindings.iter().all(|b| b.operations.is_empty()) {
        "no binding of the WSDL has an operation, so there is nothing that could be called"
    } else {
        "no operation of any binding is in a port type, so there is nothing that could be called"
    };
    let d = Diagnostic::error(&codes::NOTHING_TO_IMPORT, message);
    match documents.first() {
        Some(document) => d.at(schema::start_tag(document.node, document.source)),
        None => d,
    }
}

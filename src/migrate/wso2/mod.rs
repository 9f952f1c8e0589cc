//! An archive of WSO2 API Manager: which files it has, what they say, and what of it becomes what.

mod access;
mod endpoint;
mod files;
mod identity;
mod leftovers;
mod operations;
mod resources;
mod tiers;

use super::document::{At, Document};
use super::findings::Findings;
use super::report::Migrated;
use super::synapse::Library;
use super::write::Staged;
use super::{Failed, Request, codes};
use crate::api::{ApiDefinition, Method};
use crate::diagnostic::{Diagnostic, Severity, Span};

/// The kinds of API that can be migrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// REST, whatever is behind it.
    Rest,
    /// SOAP as it is.
    Soap,
    /// REST generated from a WSDL.
    SoapToRest,
}

/// Reads the archive, makes the API, writes it.
pub(super) fn migrate(request: &Request) -> Result<Migrated, Failed> {
    let mut findings = Findings::default();
    let files = match files::Files::open(request, &mut findings) {
        Ok(files) => files,
        Err(diagnostics) => return Err(failed(findings, diagnostics)),
    };
    let api = files.definition();
    let kind = match kind(api) {
        Ok(kind) => kind,
        Err(diagnostic) => return Err(failed(findings, vec![*diagnostic])),
    };
    let wsdl = match files.wsdl(request, &mut findings) {
        Ok(wsdl) => wsdl,
        Err(refused) => return Err(refused.into_failed(findings)),
    };
    let name = identity::folder(api, request);
    let staged = Staged::import(wsdl, request, &name)?;
    let mut definition = staged.definition();
    identity::carry(api, kind, &mut definition, &mut findings);
    access::carry(api, &mut definition, &mut findings);
    endpoint::carry(api, &name, &mut definition, &mut findings);
    tiers::carry(api, &mut definition, &mut findings);
    let asked = operations::read(api, files.swagger(), &mut findings);
    let mut library = Library::open(&files.archive, api, &mut findings);
    let made = resources::carry(&asked, kind, &mut definition, staged.program(), &mut library, &mut findings);
    library.leftovers(&mut findings);
    leftovers::carry(api, &files, &mut findings);
    staged.finish(definition, made, findings)
}

/// What cannot go on, with everything that was found before.
fn failed(mut findings: Findings, diagnostics: Vec<Diagnostic>) -> Failed {
    diagnostics.into_iter().for_each(|d| findings.push(d));
    let (diagnostics, sources) = findings.end();
    Failed { diagnostics, sources }
}

fn kind(api: At<'_>) -> Result<Kind, Box<Diagnostic>> {
    let Some(at) = api.get("type") else { return Ok(Kind::Rest) };
    let word = at.text().unwrap_or_default().to_ascii_uppercase();
    match word.as_str() {
        "" | "HTTP" | "REST" | "NULL" => Ok(Kind::Rest),
        "SOAP" => Ok(Kind::Soap),
        "SOAPTOREST" => Ok(Kind::SoapToRest),
        _ => {
            let text = format!("APIs of the type {} are not served by Castile", word.escape_debug());
            Err(Box::new(Diagnostic::error(&codes::NO_API, text).at(at.span()).expected("HTTP, SOAP or SOAPTOREST")))
        }
    }
}

/// A definition that a file of the archive could not be without, read.
fn needed(findings: &mut Findings, name: &str, bytes: &[u8]) -> Result<Document, Vec<Diagnostic>> {
    Document::parse(findings, name, bytes)
}

/// A file that may be left out, read.
fn optional(findings: &mut Findings, name: &str, bytes: &[u8]) -> Option<Document> {
    match Document::parse(findings, name, bytes) {
        Ok(document) => Some(document),
        Err(diagnostics) => {
            for diagnostic in diagnostics {
                findings.push(Diagnostic { severity: Severity::Warning, ..diagnostic });
            }
            None
        }
    }
}

/// What was made of an API's resources.
#[derive(Default)]
pub(super) struct Made {
    /// Path below the API's folder and text.
    pub(super) sequences: Vec<(String, String)>,
    /// The resources, in the order of the definition's.
    pub(super) resources: Vec<MadeResource>,
}

/// A resource that was made.
#[derive(Debug, Clone)]
pub struct MadeResource {
    /// Its method.
    pub method: Method,
    /// Its path under the API's base address.
    pub path: String,
    /// Its operation.
    pub operation: String,
    /// Where it stands in the archive.
    pub(super) span: Span,
}

/// The name of a variable that a secret is read from.
fn variable(definition: &ApiDefinition, what: &str) -> String {
    let name: String = definition.api.name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    let name = name.trim_matches('_');
    let name = if name.is_empty() { "API" } else { name };
    let name = name.get(..name.len().min(60)).unwrap_or(name);
    format!("{name}_{what}")
}

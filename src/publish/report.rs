//! What an import says of an API, as pages show it.

use serde::{Deserialize, Serialize};

use crate::diagnostic::{Diagnostic, Sources, text};
use crate::import::{Mapping, Report};
use crate::manage::{Finding, findings_of};

/// Findings that have a frame.
const MAX_FRAMES: usize = 200;

/// A finding with the lines that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// What was found.
    pub finding: Finding,
    /// The lines around the place, with a mark under it; empty where it has no place.
    pub frame: String,
}

/// What is said of an API.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Looked {
    /// Its base address under the gateway.
    pub base_path: String,
    /// How many documents it is made of.
    pub documents: usize,
    /// Its resources.
    pub resources: Vec<LookedResource>,
    /// Operations without one that can be called as raw SOAP.
    pub left_out: Vec<String>,
    /// Header parts of requests.
    pub headers: Vec<LookedHeader>,
    /// Operations of which all messages came back as they went in, and all.
    pub proved: (usize, usize),
    /// Messages that were made for that.
    pub messages: u32,
    /// Where its service is, as far as the API says.
    pub service: String,
    /// Is the raw SOAP endpoint open?
    pub raw_soap: bool,
    /// Errors, warnings and notes, the worst first.
    pub found: Vec<Found>,
}

/// A resource.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LookedResource {
    /// Its method.
    pub method: String,
    /// Its path below the base address.
    pub path: String,
    /// Its operation.
    pub operation: String,
    /// `exact`, `noted`, `differs` or `unproved`.
    pub mapping: String,
    /// Notes that concern its messages.
    pub notes: usize,
    /// Why it could be a `GET`; `None`: nothing says so.
    pub suggestion: Option<String>,
}

/// A header part of requests.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LookedHeader {
    /// Its key under `headers`.
    pub key: String,
    /// Does it look like a credential?
    pub secret: bool,
    /// In the requests of how many operations it is.
    pub operations: usize,
}

/// Findings with their frames; those beyond the first ones have none.
pub(super) fn found(diagnostics: &[Diagnostic], sources: &Sources) -> Vec<Found> {
    let frame = |(index, d): (usize, &Diagnostic)| match d.span {
        Some(_) if index < MAX_FRAMES => text(std::slice::from_ref(d), 0, sources, false).trim_end().to_owned(),
        _ => String::new(),
    };
    let frames: Vec<String> = diagnostics.iter().enumerate().map(frame).collect();
    findings_of(diagnostics, sources).into_iter().zip(frames).map(|(finding, frame)| Found { finding, frame }).collect()
}

impl From<Finding> for Found {
    fn from(finding: Finding) -> Self {
        Self { finding, frame: String::new() }
    }
}

pub(super) fn looked(report: &Report) -> Looked {
    let suggestion = |operation: &str| {
        let is_it =
            |d: &&Diagnostic| d.code.id == crate::api::codes::SUGGEST_GET.id && d.message.starts_with(&format!("{operation} looks safe"));
        report.diagnostics.iter().find(is_it).map(|d| d.message.clone())
    };
    let resource = |r: &crate::import::ReportedResource| LookedResource {
        method: r.method.as_str().to_owned(),
        path: r.path.to_string(),
        operation: r.operation.to_string(),
        mapping: match r.mapping() {
            Mapping::Exact => "exact",
            Mapping::Noted => "noted",
            Mapping::Differs => "differs",
            Mapping::Unproved => "unproved",
        }
        .to_owned(),
        notes: r.notes,
        suggestion: if r.method == crate::api::Method::Get { None } else { suggestion(&r.operation) },
    };
    let header = |h: &crate::import::ReportedHeader| LookedHeader { key: h.key.clone(), secret: h.secret, operations: h.operations };
    let service = report.api.resources.iter().map(|r| &r.url).chain(report.api.raw_operations.iter().map(|r| &r.url)).next();
    let shown: Vec<Diagnostic> = report.diagnostics.iter().filter(|d| d.code.id != crate::api::codes::SUGGEST_GET.id).cloned().collect();
    Looked {
        base_path: report.base_path.clone(),
        documents: report.documents,
        resources: report.resources.iter().map(resource).collect(),
        left_out: report.left_out.iter().filter(|l| l.raw).map(|l| l.operation.to_string()).collect(),
        headers: report.headers.iter().map(header).collect(),
        proved: (report.proof.exact(), report.proof.operations.len()),
        messages: report.proof.cases(),
        service: service.map(|s| s.to_string()).unwrap_or_default(),
        raw_soap: report.passthrough,
        found: found(&shown, &report.sources),
    }
}

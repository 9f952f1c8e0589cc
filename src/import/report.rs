use std::path::PathBuf;
use std::sync::Arc;

use super::codes;
use super::notes::Notes;
use crate::api::Method;
use crate::catalog::{PublishedApi, PublishedResource};
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::prove::{self, Message, ProvedOperation, Verdict};

/// What became of an import.
#[derive(Debug)]
pub struct Report {
    /// The API's name.
    pub name: String,
    /// Its folder; `None` where nothing was written.
    pub directory: Option<PathBuf>,
    /// Its base address under the gateway: `/geo/1`.
    pub base_path: String,
    /// How many documents it is made of.
    pub documents: usize,
    /// Its resources.
    pub resources: Vec<ReportedResource>,
    /// Operations that have none.
    pub left_out: Vec<LeftOut>,
    /// The header parts of requests, each assigned.
    pub headers: Vec<ReportedHeader>,
    /// What was proved of the operations that have a resource.
    pub proof: prove::Report,
    /// Is the raw SOAP endpoint open?
    pub passthrough: bool,
    /// Notes and warnings, the worst first.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the diagnostics point into.
    pub sources: Sources,
    /// The API as it will be published: for samples.
    pub api: Arc<PublishedApi>,
}

/// A resource and how well its messages are mapped.
#[derive(Debug)]
pub struct ReportedResource {
    /// Its method.
    pub method: Method,
    /// Its path under the base address.
    pub path: Arc<str>,
    /// Its operation.
    pub operation: Arc<str>,
    /// How many notes concern its messages.
    pub notes: usize,
    /// What was proved of each of its messages.
    pub proved: Vec<(Message, Verdict)>,
}

/// A declared header part of requests, and who gives its value.
#[derive(Debug, Clone)]
pub struct ReportedHeader {
    /// Its key under `headers` in api.yaml: `part`, or `Operation/part`.
    pub key: String,
    /// The names of its blocks: `{ns}local`, one but for parts of one name in different messages.
    pub elements: Vec<String>,
    /// Does it look like a credential?
    pub secret: bool,
    /// In the requests of how many operations it is.
    pub operations: usize,
}

/// An operation without a resource.
#[derive(Debug)]
pub struct LeftOut {
    /// Its name.
    pub operation: Arc<str>,
    /// The binding's port, if it has one.
    pub port: Option<Arc<str>>,
    /// Can it be called as raw SOAP?
    pub raw: bool,
}

/// What is said of the mapping of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapping {
    /// No note concerns its messages, and all that were made came back.
    Exact,
    /// Notes concern its messages.
    Noted,
    /// A message did not come back as it went in.
    Differs,
    /// No note concerns its messages, but of some none could be made.
    Unproved,
}

impl ReportedResource {
    /// What is said of its mapping.
    pub fn mapping(&self) -> Mapping {
        let any = |verdict| self.proved.iter().any(|(_, v)| *v == verdict);
        if any(Verdict::Differs) {
            Mapping::Differs
        } else if self.notes > 0 || any(Verdict::Undeclared) {
            Mapping::Noted
        } else if any(Verdict::Unproved) || self.proved.is_empty() {
            Mapping::Unproved
        } else {
            Mapping::Exact
        }
    }
}

fn proved(operation: &ProvedOperation) -> impl Iterator<Item = (Message, Verdict)> {
    operation.messages.iter().map(|m| (m.message.clone(), m.verdict()))
}

impl Report {
    pub(super) fn new(
        api: PublishedApi,
        notes: &Notes,
        proof: prove::Report,
        mut diagnostics: Vec<Diagnostic>,
        sources: Sources,
        headers: Vec<ReportedHeader>,
    ) -> Self {
        let reported = |r: &PublishedResource| {
            let plan = api.plan(r);
            let key = plan.map(|p| (p.port_type.to_string(), p.name.to_string())).unwrap_or_default();
            ReportedResource {
                method: r.method,
                path: r.path.clone(),
                operation: plan.map(|p| p.name.clone()).unwrap_or_default(),
                proved: proof.operations.iter().filter(|o| o.index == r.operation).flat_map(proved).collect(),
                notes: notes.get(&key).map_or(0, std::collections::BTreeSet::len),
            }
        };
        let mut resources: Vec<_> = api.resources.iter().map(reported).collect();
        resources.sort_by(|a, b| (&a.path, a.method).cmp(&(&b.path, b.method)));
        let mut left_out: Vec<LeftOut> = Vec::new();
        for raw in api.raw_operations.iter().filter(|r| r.plan.is_none()) {
            if !left_out.iter().any(|l| l.operation == raw.name) {
                left_out.push(LeftOut { operation: raw.name.clone(), port: raw.port.clone(), raw: true });
            }
        }
        let nowhere = |url: &str| !url.starts_with("http://") && !url.starts_with("https://");
        if api.resources.iter().any(|r| nowhere(&r.url)) || api.raw_operations.iter().any(|r| nowhere(&r.url)) {
            let text = "some operations have no http(s) address to be called at";
            diagnostics.insert(0, Diagnostic::new(Severity::Warning, &codes::NO_ADDRESS, text).hint("give one with `--endpoint URL`"));
        }
        Self {
            name: api.definition.api.name.clone(),
            directory: None,
            base_path: api.base_path.to_string(),
            documents: api.documents.own(),
            resources,
            left_out,
            headers,
            proof,
            passthrough: api.definition.passthrough,
            diagnostics,
            sources,
            api: Arc::new(api),
        }
    }
}

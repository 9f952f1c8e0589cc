//! Policies attached to a WSDL: found at each subject (WS-PolicyAttachment 1.2 and 1.5, section 4), evaluated, kept for its operations.

mod evaluate;
mod transport;
mod vocabulary;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use roxmltree::{Node, NodeId};

use self::evaluate::Outcome;
use super::{Document, Reader, children};
use crate::diagnostic::{Diagnostic, Severity, SourceId, Span, nearest};
use crate::schema::start_tag;
use crate::wsdl::codes;
use crate::wsdl::policy::Assertion;
use crate::xml::document::Unqualified as _;
use crate::xml::ns;

/// Policies that one `wsp:PolicyURIs` names.
const MAX_URIS: usize = 64;
/// Assertions that cannot be done and are reported, over all documents.
const MAX_FINDINGS: usize = 1_000;
/// References that lead nowhere and are given a hint: each is compared with the name of every policy.
const MAX_HINTS: usize = 10;

/// An element of one of the documents.
type Place = (SourceId, NodeId);

/// Every policy of the documents, and what came of those that were evaluated.
pub(super) struct Library<'d> {
    /// By `wsu:Id` or `xml:id` in its document.
    by_id: HashMap<(SourceId, &'d str), (SourceId, Node<'d, 'd>)>,
    /// By the same alone: of several documents the first one.
    by_id_anywhere: HashMap<&'d str, (SourceId, Node<'d, 'd>)>,
    /// By `Name`.
    by_name: HashMap<&'d str, (SourceId, Node<'d, 'd>)>,
    /// `None` while one is being evaluated: a reference to it is a cycle.
    evaluated: HashMap<Place, Option<Arc<Outcome>>>,
    /// References that lead nowhere, the first hundred.
    dangling: Vec<(String, Span)>,
}

impl<'d> Library<'d> {
    fn new(documents: &[Document<'d>]) -> Self {
        let mut library = Self {
            by_id: HashMap::new(),
            by_id_anywhere: HashMap::new(),
            by_name: HashMap::new(),
            evaluated: HashMap::new(),
            dangling: Vec::new(),
        };
        for document in documents {
            for node in document.node.descendants().filter(|n| is_wsp(*n, "Policy")) {
                let id = node.attribute((ns::WSU, "Id")).or_else(|| node.attribute((ns::XML, "id"))).or_else(|| node.unqualified("Id"));
                if let Some(id) = id {
                    library.by_id.entry((document.source, id.trim())).or_insert((document.source, node));
                    let first = library.by_id_anywhere.entry(id.trim()).or_insert((document.source, node));
                    if document.source < first.0 {
                        *first = (document.source, node);
                    }
                }
                if let Some(name) = node.unqualified("Name") {
                    library.by_name.entry(name.trim()).or_insert((document.source, node));
                }
            }
        }
        library
    }

    /// The policy that a URI leads to.
    fn find(&self, uri: &str, from: SourceId) -> Option<(SourceId, Node<'d, 'd>)> {
        match uri.strip_prefix('#') {
            // A fragment belongs to its document; documents that were split apart keep theirs.
            Some(id) => self.by_id.get(&(from, id)).or_else(|| self.by_id_anywhere.get(id)).copied(),
            None => self.by_name.get(uri).copied(),
        }
    }
}

/// What cannot be done, each place once, in the order of the documents.
#[derive(Default)]
struct Findings(BTreeMap<(SourceId, u32), Arc<Assertion>>);

impl Findings {
    fn add(&mut self, assertions: &[Arc<Assertion>]) {
        for assertion in assertions {
            if self.0.len() < MAX_FINDINGS {
                self.0.entry((assertion.span.source, assertion.span.start)).or_insert_with(|| assertion.clone());
            }
        }
    }
}

impl Reader {
    /// Evaluates what is attached to every subject, and reports what cannot be done.
    pub(super) fn policies(&mut self, documents: &[Document<'_>]) {
        let mut library = Library::new(documents);
        let mut unmet = Findings::default();
        for document in documents {
            for subject in subjects(document.node) {
                let outcome = library.attached(document.source, subject);
                // What the binding says of the input belongs to its operation.
                let is_input =
                    subject.has_tag_name((ns::WSDL, "input")) && subject.ancestors().any(|a| a.has_tag_name((ns::WSDL, "binding")));
                let owner = if is_input { subject.parent().unwrap_or(subject) } else { subject };
                if !outcome.is_empty() {
                    unmet.add(&outcome.unmet);
                    self.definitions.policies.by_subject.entry(document.span(owner)).or_default().add(&outcome.asks);
                }
            }
        }
        self.by_transport(&mut unmet);
        self.unmet(unmet);
        let mut ids: Vec<&str> = library.by_id_anywhere.keys().copied().collect();
        ids.sort_unstable();
        for (index, (uri, span)) in std::mem::take(&mut library.dangling).into_iter().enumerate() {
            let mut d = Diagnostic::new(Severity::Warning, &codes::POLICY_REFERENCE, format!("the policy `{uri}` is not there")).at(span);
            if index < MAX_HINTS {
                let id = uri.strip_prefix('#').unwrap_or(&uri);
                d.hint = nearest(id, ids.iter().copied()).map(|n| format!("did you mean `#{n}`?"));
            }
            self.report(d);
        }
        for document in documents {
            for node in document.node.children().filter(|n| is_wsp(*n, "Policy")) {
                if !library.evaluated.contains_key(&(document.source, node.id())) {
                    let message = "this policy is attached to nothing; it is ignored";
                    self.report(Diagnostic::new(Severity::Note, &codes::POLICY, message).at(document.span(node)));
                }
            }
        }
    }

    /// One finding for each place.
    fn unmet(&mut self, unmet: Findings) {
        for assertion in unmet.0.into_values() {
            let message = match assertion.name.local() {
                "ExactlyOne" => "this policy has no alternative, so nothing can satisfy it".to_owned(),
                "PolicyReference" => "this policy refers to itself".to_owned(),
                local => format!("the service asks for `{local}`, which Castile cannot do ({})", assertion.name.namespace().unwrap_or("")),
            };
            self.report(Diagnostic::new(Severity::Warning, &codes::POLICY_UNMET, message).at(assertion.span));
        }
    }
}

impl<'d> Library<'d> {
    /// What is attached to an element: policies inside it, by reference, by `wsp:PolicyURIs`, and `wsaw:UsingAddressing`.
    fn attached(&mut self, source: SourceId, subject: Node<'d, 'd>) -> Outcome {
        let mut outcome = Outcome::default();
        for child in subject.children().filter(Node::is_element) {
            if is_wsp(child, "Policy") || is_wsp(child, "PolicyReference") {
                outcome.add(&self.operator(source, child, 0));
            } else if vocabulary::is_extension(child) {
                outcome.add(&self.assertion(source, child, 0));
            }
        }
        let uris = [ns::WSP12, ns::WSP15].into_iter().filter_map(|n| subject.attribute((n, "PolicyURIs")));
        for uri in uris.flat_map(str::split_ascii_whitespace).take(MAX_URIS) {
            outcome.add(&self.referred(source, uri, start_tag(subject, source), 0));
        }
        outcome
    }
}

/// What a policy of a request can be attached to.
fn subjects<'d>(root: Node<'d, 'd>) -> Vec<Node<'d, 'd>> {
    let mut found = Vec::new();
    for component in root.children().filter(|c| c.tag_name().namespace() == Some(ns::WSDL)) {
        match component.tag_name().name() {
            "message" => found.push(component),
            "service" => {
                found.push(component);
                found.extend(children(component, "port"));
            }
            "binding" | "portType" => {
                found.push(component);
                for operation in children(component, "operation") {
                    found.push(operation);
                    found.extend(children(operation, "input").next());
                }
            }
            _ => {}
        }
    }
    found
}

fn is_wsp(node: Node<'_, '_>, local: &str) -> bool {
    node.has_tag_name((ns::WSP12, local)) || node.has_tag_name((ns::WSP15, local))
}

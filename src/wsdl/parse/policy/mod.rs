//! Policies attached to a WSDL: found at each subject (WS-PolicyAttachment 1.2 and 1.5, section 4), evaluated, kept for its operations.

mod evaluate;
mod vocabulary;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use roxmltree::{Node, NodeId};

use self::evaluate::Outcome;
use super::{Document, Reader, children};
use crate::diagnostic::{Diagnostic, Severity, SourceId, Span, nearest};
use crate::schema::start_tag;
use crate::wsdl::codes;
use crate::wsdl::model::BindingId;
use crate::wsdl::policy::Assertion;
use crate::xml::document::Unqualified as _;
use crate::xml::ns;

/// Policies that one `wsp:PolicyURIs` names.
const MAX_URIS: usize = 64;

/// An element of one of the documents.
type Place = (SourceId, NodeId);

/// Every policy of the documents, and what came of those that were evaluated.
pub(super) struct Library<'d> {
    /// By `wsu:Id` or `xml:id` in its document.
    by_id: HashMap<(SourceId, &'d str), (SourceId, Node<'d, 'd>)>,
    /// By `Name`.
    by_name: HashMap<&'d str, (SourceId, Node<'d, 'd>)>,
    /// `None` while one is being evaluated: a reference to it is a cycle.
    evaluated: HashMap<Place, Option<Arc<Outcome>>>,
    /// References that lead nowhere, the first hundred.
    dangling: Vec<(String, Span)>,
}

impl<'d> Library<'d> {
    fn new(documents: &[Document<'d>]) -> Self {
        let mut library = Self { by_id: HashMap::new(), by_name: HashMap::new(), evaluated: HashMap::new(), dangling: Vec::new() };
        for document in documents {
            for node in document.node.descendants().filter(|n| is_wsp(*n, "Policy")) {
                let id = node.attribute((ns::WSU, "Id")).or_else(|| node.attribute((ns::XML, "id"))).or_else(|| node.unqualified("Id"));
                if let Some(id) = id {
                    library.by_id.entry((document.source, id.trim())).or_insert((document.source, node));
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
            Some(id) => self.by_id.get(&(from, id)).or_else(|| self.elsewhere(id)).copied(),
            None => self.by_name.get(uri).copied(),
        }
    }
}

impl<'d> Library<'d> {
    /// The policy of that id in another document, the first one.
    fn elsewhere(&self, id: &str) -> Option<&(SourceId, Node<'d, 'd>)> {
        self.by_id.iter().filter(|((_, i), _)| *i == id).min_by_key(|((source, _), _)| *source).map(|(_, place)| place)
    }
}

impl Reader {
    /// Evaluates what is attached to every subject, and reports what cannot be done.
    pub(super) fn policies(&mut self, documents: &[Document<'_>]) {
        let mut library = Library::new(documents);
        let mut unmet: Vec<Assertion> = Vec::new();
        for document in documents {
            for subject in subjects(document.node) {
                let outcome = library.attached(document.source, subject);
                // What the binding says of the input belongs to its operation.
                let is_input =
                    subject.has_tag_name((ns::WSDL, "input")) && subject.ancestors().any(|a| a.has_tag_name((ns::WSDL, "binding")));
                let owner = if is_input { subject.parent().unwrap_or(subject) } else { subject };
                if !outcome.is_empty() {
                    unmet.extend(outcome.unmet.iter().cloned());
                    self.definitions.policies.by_subject.entry(document.span(owner)).or_default().add(&outcome.asks);
                }
            }
        }
        self.by_transport(&mut unmet);
        self.unmet(unmet);
        for (uri, span) in std::mem::take(&mut library.dangling) {
            let ids: Vec<String> = library.by_id.keys().map(|(_, id)| format!("#{id}")).collect();
            let mut d = Diagnostic::new(Severity::Warning, &codes::POLICY_REFERENCE, format!("the policy `{uri}` is not there")).at(span);
            d.hint = nearest(&uri, ids.iter().map(String::as_str)).map(|n| format!("did you mean `{n}`?"));
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

    /// Protection that only the transport can give, of operations without one.
    fn by_transport(&self, unmet: &mut Vec<Assertion>) {
        let ports = self.definitions.services.iter().flat_map(|s| s.ports.iter().map(move |p| (Some(s), Some(p), p.binding)));
        let bound: HashSet<usize> = self.definitions.services.iter().flat_map(|s| &s.ports).map(|p| p.binding.0).collect();
        let alone = (0..self.definitions.bindings.len()).filter(|i| !bound.contains(i)).map(|i| (None, None, BindingId(i)));
        if !self.definitions.policies.by_subject.values().any(|a| !a.by_transport.is_empty() || !a.by_signature.is_empty()) {
            return;
        }
        for (service, port, binding) in ports.chain(alone) {
            for operation in 0..self.definitions.binding(binding).operations.len() {
                let asks = self.definitions.asks(service, port, binding, operation);
                if !asks.transport {
                    unmet.extend(asks.by_transport);
                    unmet.extend(asks.by_signature.into_iter().filter(|_| !asks.signature));
                }
            }
        }
    }

    /// One finding for each place.
    fn unmet(&mut self, unmet: Vec<Assertion>) {
        let mut seen = HashSet::new();
        let mut found: Vec<Assertion> = unmet.into_iter().filter(|a| seen.insert(a.span)).collect();
        found.sort_by_key(|a| (a.span.source, a.span.start));
        for assertion in found {
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

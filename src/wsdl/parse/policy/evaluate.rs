//! The operators of WS-Policy (section 4). Assertions do not depend on one another here, so the first alternative of the normal form that can
//! be satisfied is found by choosing in each `ExactlyOne` by itself: every element is looked at once, and no normal form is built.

use std::sync::Arc;

use roxmltree::Node;

use super::{Library, is_wsp};
use crate::diagnostic::{SourceId, Span};
use crate::schema::start_tag;
use crate::wsdl::policy::{Asks, Assertion, Assertions, keep};
use crate::xml::document::Unqualified as _;
use crate::xml::{QName, ns};

/// Operators and assertions inside one another.
const MAX_DEPTH: usize = 64;
/// References that lead nowhere and are reported.
const MAX_DANGLING: usize = 100;

/// What came of a policy.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcome {
    /// What the chosen alternative asks.
    pub(super) asks: Asks,
    /// What of it cannot be done.
    pub(super) unmet: Assertions,
}

impl Outcome {
    /// Asks nothing, and nothing is unmet?
    pub(super) fn is_empty(&self) -> bool {
        self.unmet.is_empty() && self.asks == Asks::default()
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.asks.add(&other.asks);
        keep(&mut self.unmet, &other.unmet);
    }

    /// This element cannot be satisfied.
    pub(super) fn cannot(node: Node<'_, '_>, source: SourceId) -> Self {
        Self { asks: Asks::default(), unmet: vec![named(node, source)] }
    }
}

/// An element as an assertion.
pub(super) fn named(node: Node<'_, '_>, source: SourceId) -> Arc<Assertion> {
    let name = node.tag_name();
    Arc::new(Assertion { name: QName::new(name.namespace().unwrap_or(""), name.name()), span: start_tag(node, source) })
}

impl<'d> Library<'d> {
    /// `wsp:Policy`, `wsp:All`, `wsp:ExactlyOne`, `wsp:PolicyReference`, or an assertion.
    pub(super) fn operator(&mut self, source: SourceId, node: Node<'d, 'd>, depth: usize) -> Outcome {
        if depth > MAX_DEPTH {
            return Outcome::cannot(node, source);
        }
        if is_wsp(node, "Policy") {
            return (*self.policy(source, node, depth)).clone();
        }
        if is_wsp(node, "All") {
            return self.all(source, node, depth);
        }
        if is_wsp(node, "ExactlyOne") {
            return self.exactly_one(source, node, depth);
        }
        if is_wsp(node, "PolicyReference") {
            let uri = node.unqualified("URI").unwrap_or("").trim();
            return self.referred(source, uri, start_tag(node, source), depth);
        }
        let outcome = self.assertion(source, node, depth);
        let is = |local| [ns::WSP12, ns::WSP15].iter().any(|n| matches!(node.attribute((*n, local)).map(str::trim), Some("true" | "1")));
        // An alternative without it is there too (section 4.3.1), or it need not be obeyed (section 4.4.8 of 1.5).
        match !outcome.unmet.is_empty() && (is("Optional") || is("Ignorable")) {
            true => Outcome::default(),
            false => outcome,
        }
    }

    /// A policy, evaluated once.
    fn policy(&mut self, source: SourceId, node: Node<'d, 'd>, depth: usize) -> Arc<Outcome> {
        let place = (source, node.id());
        match self.evaluated.get(&place) {
            Some(Some(outcome)) => return outcome.clone(),
            Some(None) => {
                let cycle = Assertion { name: QName::new(ns::WSP15, "PolicyReference"), span: start_tag(node, source) };
                return Arc::new(Outcome { asks: Asks::default(), unmet: vec![Arc::new(cycle)] });
            }
            None => {}
        }
        self.evaluated.insert(place, None);
        let outcome = Arc::new(self.all(source, node, depth));
        self.evaluated.insert(place, Some(outcome.clone()));
        outcome
    }

    /// The policy that a URI leads to.
    pub(super) fn referred(&mut self, source: SourceId, uri: &str, at: Span, depth: usize) -> Outcome {
        match self.find(uri, source) {
            Some((source, node)) => self.operator(source, node, depth + 1),
            None => {
                if self.dangling.len() < MAX_DANGLING {
                    self.dangling.push((uri.to_owned(), at));
                }
                Outcome::default()
            }
        }
    }

    pub(super) fn all(&mut self, source: SourceId, node: Node<'d, 'd>, depth: usize) -> Outcome {
        let mut outcome = Outcome::default();
        for child in node.children().filter(Node::is_element) {
            outcome.add(&self.operator(source, child, depth + 1));
        }
        outcome
    }

    fn exactly_one(&mut self, source: SourceId, node: Node<'d, 'd>, depth: usize) -> Outcome {
        let mut first = None;
        for child in node.children().filter(Node::is_element) {
            let outcome = self.operator(source, child, depth + 1);
            if outcome.unmet.is_empty() {
                return outcome;
            }
            first.get_or_insert(outcome);
        }
        first.unwrap_or_else(|| Outcome::cannot(node, source))
    }
}

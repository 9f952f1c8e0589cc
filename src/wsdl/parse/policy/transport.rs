//! Protection that only the transport can give, of operations without one.
//!
//! What holds of an operation at a port depends on the policies of both, and ports and operations of one binding multiply. But of the other
//! side only two facts matter, so each side is held against the few kinds of the other: every subject is looked at once.

use std::collections::{BTreeSet, HashMap};

use super::Findings;
use crate::diagnostic::Span;
use crate::wsdl::model::{BindingId, Definitions, Port, Service};
use crate::wsdl::parse::Reader;

/// What protects a message.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Protection {
    transport: bool,
    signature: bool,
}

/// Everything attached to one side: the endpoint, or the operation.
struct Side {
    subjects: [Option<Span>; 4],
    protection: Protection,
}

impl Side {
    fn of(definitions: &Definitions, subjects: [Option<Span>; 4]) -> Self {
        let mut protection = Protection::default();
        for asks in subjects.iter().flatten().filter_map(|s| definitions.policies.by_subject.get(s)) {
            protection.transport |= asks.transport;
            protection.signature |= asks.signature;
        }
        Self { subjects, protection }
    }

    /// What of it does not hold beside one of the others.
    fn unmet(&self, definitions: &Definitions, others: &BTreeSet<Protection>, unmet: &mut Findings) {
        let mut bare = others.iter().filter(|o| !(self.protection.transport || o.transport)).peekable();
        if bare.peek().is_none() {
            return;
        }
        let unsigned = bare.any(|o| !(self.protection.signature || o.signature));
        for asks in self.subjects.iter().flatten().filter_map(|s| definitions.policies.by_subject.get(s)) {
            unmet.add(&asks.by_transport);
            if unsigned {
                unmet.add(&asks.by_signature);
            }
        }
    }
}

impl Reader {
    /// Adds what holds only where the transport protects the message, of operations of which some call is not protected so.
    pub(super) fn by_transport(&self, unmet: &mut Findings) {
        let definitions = &self.definitions;
        if !definitions.policies.by_subject.values().any(|a| !a.by_transport.is_empty() || !a.by_signature.is_empty()) {
            return;
        }
        let mut ports: HashMap<BindingId, Vec<(&Service, &Port)>> = HashMap::new();
        for service in &definitions.services {
            for port in &service.ports {
                ports.entry(port.binding).or_default().push((service, port));
            }
        }
        for binding in (0..definitions.bindings.len()).map(BindingId) {
            let endpoint = |service, port| Side::of(definitions, definitions.endpoint_subjects(service, port, binding));
            let endpoints: Vec<Side> = match ports.get(&binding) {
                Some(ports) => ports.iter().map(|(s, p)| endpoint(Some(*s), Some(*p))).collect(),
                None => vec![endpoint(None, None)],
            };
            let count = definitions.binding(binding).operations.len();
            let operations: Vec<Side> = (0..count).map(|i| Side::of(definitions, definitions.operation_subjects(binding, i))).collect();
            for (sides, others) in [(&endpoints, &operations), (&operations, &endpoints)] {
                let kinds: BTreeSet<Protection> = others.iter().map(|o| o.protection).collect();
                sides.iter().for_each(|s| s.unmet(definitions, &kinds, unmet));
            }
        }
    }
}

//! Every declared header part of a request gets somebody who gives its value: written into api.yaml, so that no later version of Castile
//! thinks otherwise of it.

use std::collections::{BTreeMap, BTreeSet};

use super::report::ReportedHeader;
use crate::api::{HeaderPart, HeaderRule};
use crate::plan::Program;
use crate::plan::node::Pattern;

/// What is known of the parts of one name.
#[derive(Default)]
struct Parts {
    /// (Operation, is it secret?)
    operations: BTreeSet<(String, bool)>,
    /// Names of the blocks.
    elements: BTreeSet<String>,
}

/// Who gives the header parts of the requests, by key of `headers`. A part that is a credential in some operations only has a key for each.
pub(super) fn assigned(program: &Program) -> Vec<ReportedHeader> {
    let mut parts: BTreeMap<String, Parts> = BTreeMap::new();
    for operation in program.operations.iter().filter(|o| matches!(o.pattern, Pattern::RequestResponse | Pattern::OneWay)) {
        for slot in &operation.input.headers {
            let part = parts.entry(slot.key.to_string()).or_default();
            part.operations.insert((operation.name.to_string(), slot.secret));
            part.elements.insert(program.names.clark(slot.tag));
        }
    }
    let mut assigned = Vec::new();
    for (key, Parts { operations, elements }) in parts {
        let secrets = operations.iter().filter(|(_, secret)| *secret).count();
        let elements: Vec<String> = elements.into_iter().collect();
        if secrets == 0 || secrets == operations.len() {
            let names: BTreeSet<&String> = operations.iter().map(|(name, _)| name).collect();
            assigned.push(ReportedHeader { key, elements, secret: secrets > 0, operations: names.len() });
            continue;
        }
        // An operation at several ports, or an overloaded one, is secret where one of them is.
        let by_name: BTreeMap<String, bool> = operations.into_iter().collect();
        assigned.extend(by_name.into_iter().map(|(operation, secret)| ReportedHeader {
            key: format!("{operation}/{key}"),
            elements: elements.clone(),
            secret,
            operations: 1,
        }));
    }
    assigned
}

/// The same as `headers` of a definition.
pub(super) fn rules(assigned: &[ReportedHeader]) -> BTreeMap<String, HeaderRule> {
    let rule = |h: &ReportedHeader| HeaderRule { part: if h.secret { HeaderPart::Secret } else { HeaderPart::Caller }, span: None };
    assigned.iter().map(|h| (h.key.clone(), rule(h))).collect()
}

//! The examples that documents give of an API's messages, and what documents do not say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{OpenApiVersion, PublishedApi};
use crate::diagnostic::{Diagnostic, Severity};
use crate::import::codes::{LARGE_DOCUMENT, NO_EXAMPLE};
use crate::mediate::Direction;
use crate::openapi::Side;
use crate::plan::Program;
use crate::plan::node::{Body, NameId, OperationPlan, Slot, SoapVersion};
use crate::sample::Sampler;

/// Operations that a note names.
const NAMED: usize = 8;

/// Makes the examples of one API.
pub(super) struct Examples<'a> {
    program: &'a Program,
    sampler: Sampler<'a>,
}

impl<'a> Examples<'a> {
    pub(super) fn new(program: &'a Program) -> Self {
        Self { program, sampler: Sampler::new(program) }
    }

    /// An example of a message, proven on the encoder; `None` where there is none, or where nothing could show that it works because
    /// the operation looks like another one to a service.
    pub(super) fn of(&self, index: usize, side: Side) -> Option<Value> {
        let plan = self.program.operations.get(index)?;
        if side == Side::Request && look_alikes(self.program, plan).next().is_some() {
            return None;
        }
        serde_json::from_slice(&self.sampler.example(plan, direction(side)).ok()?).ok()
    }
}

fn direction(side: Side) -> Direction {
    match side {
        Side::Request => Direction::Request,
        Side::Response => Direction::Response,
    }
}

/// Notes about what the OpenAPI document of an API does not say: resources without an example, what is left out because of its size.
pub fn undocumented(api: &PublishedApi) -> Vec<Diagnostic> {
    let examples = Examples::new(&api.program);
    let mut notes = Vec::new();
    let text = match api.describe(OpenApiVersion::V31, "http://127.0.0.1:8280", true) {
        Ok(made) => made.left_out.map(|what| format!("the OpenAPI document would be too large, so {what} are left out of it")),
        Err(e) => Some(format!("there is no OpenAPI document: {e}")),
    };
    notes.extend(text.map(|text| Diagnostic::new(Severity::Warning, &LARGE_DOCUMENT, text)));
    let mut alike: BTreeMap<BTreeSet<&str>, ()> = BTreeMap::new();
    let operations: BTreeSet<usize> = api.resources.iter().map(|r| r.operation).collect();
    for plan in operations.into_iter().filter_map(|i| api.program.operations.get(i)) {
        let mut names: BTreeSet<&str> = look_alikes(&api.program, plan).map(|o| &*o.name).collect();
        if !names.is_empty() {
            names.insert(&plan.name);
            alike.insert(names, ());
        }
        for (side, what) in [(Side::Request, "request"), (Side::Response, "answer")] {
            if let Err(e) = examples.sampler.example(plan, direction(side)) {
                let text = format!("the OpenAPI document has no example of the {what} of {}: {e}", plan.name);
                notes.push(Diagnostic::new(Severity::Note, &NO_EXAMPLE, text));
            }
        }
    }
    for names in alike.into_keys() {
        let more = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
        let list = names.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
        let text = format!("requests of {list}{more} look the same to a service, so their OpenAPI documents have no example");
        let hint = "a soapAction of its own, or an element of its own in the Body, tells an operation from the others";
        notes.push(Diagnostic::new(Severity::Note, &NO_EXAMPLE, text).hint(hint));
    }
    notes
}

/// Operations of other names whose requests a service cannot tell from this one's: same SOAP version, same Body, same actions (WS-I Basic Profile
/// 1.1, R2710, asks for the contrary).
fn look_alikes<'p>(program: &'p Program, plan: &'p OperationPlan) -> impl Iterator<Item = &'p OperationPlan> {
    let own = Wire::of(program, plan);
    // Of one name they are one operation that several port types have.
    program.operations.iter().filter(move |other| other.name != plan.name && own.is_like(&Wire::of(program, other)))
}

/// What of a request decides which operation it is for.
struct Wire<'p> {
    version: SoapVersion,
    /// What the first child of the Body may be, empty for none; `None`: the WSDL does not say.
    body: Option<Vec<NameId>>,
    actions: [Option<&'p str>; 2],
}

impl<'p> Wire<'p> {
    fn of(program: &Program, plan: &'p OperationPlan) -> Self {
        let of_slot = |slot: &Slot| match slot.members.as_slice() {
            [] => vec![slot.tag],
            members => members.iter().map(|m| program.element(*m).name).collect(),
        };
        let body = match &plan.input.body {
            Body::Undefined { wrapper: None } => None,
            Body::Empty => Some(Vec::new()),
            Body::Element(slot) => Some(of_slot(slot)),
            Body::Parts(parts) => Some(parts.first().map(of_slot).unwrap_or_default()),
            Body::Rpc { wrapper, .. } | Body::Undefined { wrapper: Some(wrapper) } => Some(vec![*wrapper]),
        };
        let stated = |action: &'p Option<std::sync::Arc<str>>| action.as_deref().map(str::trim).filter(|a| !a.is_empty());
        Self { version: plan.version, body, actions: [stated(&plan.soap_action), stated(&plan.wsa_action)] }
    }

    fn is_like(&self, other: &Self) -> bool {
        let same_body = match (&self.body, &other.body) {
            (Some(own), Some(other)) => own.is_empty() && other.is_empty() || own.iter().any(|n| other.contains(n)),
            (None, _) | (_, None) => true,
        };
        self.version == other.version && self.actions == other.actions && same_body
    }
}

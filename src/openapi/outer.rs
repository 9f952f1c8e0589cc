//! Messages as their callers see them: the schemas of an operation, reshaped by the steps of a sequence.

use serde_json::{Value, json};

use super::names::Names;
use super::reach::Reach;
use super::schema::{Form, Schemas};
use super::size::Size;
use crate::plan::Program;
use crate::plan::node::{Body, FaultPlan, MessagePlan, OperationPlan};
use crate::sequence::Definitions;

/// The schemas of one operation's messages, for whoever compares something with them.
pub struct Messages<'a> {
    schemas: Schemas<'a>,
    plan: &'a OperationPlan,
}

impl<'a> Messages<'a> {
    /// Those of an operation of the program.
    pub fn of(program: &'a Program, plan: &'a OperationPlan) -> Self {
        let mut names = Names::default();
        let messages: Vec<&MessagePlan> = std::iter::once(&plan.input).chain(&plan.output).collect();
        let slots: Vec<_> = plan.faults.iter().map(|f| &f.detail).chain(messages.iter().flat_map(|m| &m.headers)).collect();
        let reach = Reach::of(program, &messages, &slots, &mut names);
        Self { schemas: Schemas::new(program, reach, names, false, Size::new(super::MAX_BYTES)), plan }
    }

    /// What `to_soap` takes.
    pub fn request(&mut self) -> Value {
        self.schemas.message(&self.plan.input, &self.plan.input.headers, false)
    }

    /// What `to_json` gives, of its object only the property `unwrap` where one is named; `None` where the answer has no JSON.
    pub fn response(&mut self, unwrap: Option<&str>) -> Option<Value> {
        let output = self.plan.output.as_ref().filter(|o| !matches!(o.body, Body::Empty) || !super::message::is_bare(o))?;
        Some(self.schemas.answer(output, unwrap))
    }

    /// The `fault` of a problem. Services give details that they do not declare, so anything may stand in one.
    pub fn fault(&mut self) -> Value {
        self.schemas.fault_member(&self.plan.faults.iter().collect::<Vec<_>>())
    }

    /// What the schemas refer to.
    pub fn definitions(&mut self) -> &mut dyn Definitions {
        &mut self.schemas
    }
}

impl Schemas<'_> {
    /// An answer, or the property of it that is the answer by itself.
    pub(super) fn answer(&mut self, output: &MessagePlan, unwrap: Option<&str>) -> Value {
        let property = unwrap.and_then(|property| {
            let mut pointer = String::new();
            crate::json::push_pointer(&mut pointer, property);
            self.at_pointer(output, &pointer)
        });
        property.unwrap_or_else(|| self.message(output, &output.headers, false))
    }
}

impl Definitions for Schemas<'_> {
    fn definition(&mut self, reference: &str) -> Option<Value> {
        let key = reference.strip_prefix("#/components/schemas/")?;
        if let Some(made) = self.made(key) {
            return Some(made.clone());
        }
        let (id, form) = self.named(key)?;
        Some(self.in_form(id, form))
    }
}

impl Schemas<'_> {
    /// The `fault` of a problem that carries one of these. Services give details that they do not declare, so anything may stand in one.
    pub(super) fn fault_member(&mut self, faults: &[&FaultPlan]) -> Value {
        let mut details = serde_json::Map::new();
        for fault in faults {
            let name = self.program.names.local(fault.detail.tag).to_string();
            details.insert(name, self.slot(&fault.detail, false));
        }
        let text = json!({ "type": "string" });
        json!({
            "type": "object",
            "properties": {
                "code": { "type": ["string", "null"] },
                "subcodes": { "type": "array", "items": text },
                "actor": text,
                "headers": { "type": "object" },
                "detail": { "anyOf": [{ "type": "object", "properties": details }, text] },
            },
            "required": ["code", "subcodes"],
            "additionalProperties": false,
        })
    }

    /// The schema of a type in one of its forms.
    pub(super) fn in_form(&mut self, id: crate::plan::node::TypeId, form: Form) -> Value {
        match form {
            Form::Own => self.own(id),
            Form::Any => self.own_or_derived(id),
            Form::Typed => self.typed(id),
            Form::Nil => self.nil(id),
        }
    }
}

//! What steps make of the shape of a message: a request's backwards, a reply's forwards.
//!
//! Each match names every step, so that the compiler asks what a new one does. A step that leaves JSON alone is identity; one whose JSON
//! comes from elsewhere (a template, say) gives the shape that its `schema:` names.

mod before;
mod behind;
mod example;
mod origin;
mod outcome;

pub(in crate::sequence) use before::before_all;
pub(in crate::sequence) use behind::behind_all;
pub(in crate::sequence) use example::{Ways, undo_all};
pub use origin::Origin;
pub(in crate::sequence) use origin::origins;
pub use outcome::Outcomes;
use serde_json::{Value, json};

use super::content::Content;
use super::require::What;
use super::{Segment, Step};
use crate::sequence::expr::{Expr, Mixed, Type};
use crate::sequence::shape::{NoDefinitions, Walk, either, look, of_tree};

impl Step {
    /// The expressions of the step itself, not those of steps inside it.
    pub(super) fn expressions(&self) -> Vec<&Expr> {
        let mut found: Vec<&Expr> = Vec::new();
        match self {
            Self::SetHeader(step) => found.extend(step.value.expressions()),
            Self::Set(step) => step.value.expressions(&mut found),
            Self::Default(step) => step.value.expressions(&mut found),
            Self::If(step) => found.push(&step.when),
            Self::Switch(step) => found.push(&step.value),
            Self::Require(step) => {
                if let What::When(when) = &step.what {
                    found.push(when);
                }
                found.extend(step.detail.iter().flat_map(Mixed::expressions));
            }
            Self::Respond(step) => step.json.iter().for_each(|json| json.expressions(&mut found)),
            Self::Fail(step) => found.extend(step.title.iter().chain(&step.detail).flat_map(Mixed::expressions)),
            Self::SetProperty(step) => step.value.expressions(&mut found),
            Self::Log(step) => found.extend(step.message.expressions()),
            Self::Call(step) => step.asks.iter().for_each(|asked| asked.json.expressions(&mut found)),
            Self::Cache(step) => {
                found.extend(step.key.iter().flat_map(Mixed::expressions));
                step.value.expressions(&mut found);
            }
            Self::SetSoapHeader(step) => step.value().expressions(&mut found),
            Self::Template(step) => found.extend(step.template.expressions()),
            Self::Retry(_)
            | Self::RemoveHeader(_)
            | Self::RenameHeader(_)
            | Self::Remove(_)
            | Self::Rename(_)
            | Self::Copy(_)
            | Self::Keep(_)
            | Self::Map(_)
            | Self::Cast(_)
            | Self::SetStatus(_)
            | Self::Convert(_) => {}
        }
        found
    }

    /// Says which places of the message the step reads that it does not have.
    fn check_reads(&self, walk: &mut Walk<'_>, schema: &Value) {
        for place in self.expressions().into_iter().flat_map(|e| &e.reads) {
            walk.reads(schema, &place.segments, place.span);
        }
        if let Self::Log(step) = self {
            for pointer in &step.paths {
                walk.reads(schema, pointer.segments(), pointer.span);
            }
        }
        if let Self::Template(step) = self {
            for place in &step.items {
                walk.reads_item(schema, &place.segments, place.span);
            }
        }
    }
}

/// The shape of a value that a step makes, and whether it is always there.
fn made(walk: &mut Walk<'_>, content: &Content, message: &Value) -> (Value, bool) {
    match content {
        Content::Plain(tree) => (of_tree(tree), true),
        Content::Mixed(mixed) => match mixed.only() {
            Some(expr) if expr.is_body_place() => {
                let place = expr.reads.first().and_then(|p| look(walk, message, &p.segments).ok().flatten());
                (place.unwrap_or_else(|| json!({})), false)
            }
            Some(Expr { gives: Some(known), .. }) => (known.clone(), false),
            Some(expr) => of_type(expr.type_()),
            None => (json!({ "type": "string" }), false),
        },
        Content::List(items) => {
            let all: Vec<Value> = items.iter().map(|i| made(walk, i, message).0).collect();
            (json!({ "type": "array", "items": all.into_iter().reduce(either).unwrap_or_else(|| json!({})) }), true)
        }
        Content::Object(members) => {
            let mut properties = serde_json::Map::new();
            let mut required = Vec::new();
            for (name, member) in members {
                let (schema, certain) = made(walk, member, message);
                if certain {
                    required.push(name.to_string());
                }
                properties.insert(name.to_string(), schema);
            }
            let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
            if let Some(map) = schema.as_object_mut().filter(|_| !required.is_empty()) {
                map.insert("required".into(), json!(required));
            }
            (schema, true)
        }
    }
}

fn of_type(type_: Type) -> (Value, bool) {
    match type_ {
        Type::Bool => (json!({ "type": "boolean" }), true),
        Type::Number => (json!({ "type": "number" }), false),
        Type::Text => (json!({ "type": "string" }), false),
        Type::List => (json!({ "type": "array" }), false),
        Type::Null => (json!({ "type": "null" }), true),
        Type::Any => (json!({}), false),
    }
}

/// Does something stand there in every message, from the last `*` on?
fn is_certain(walk: &mut Walk<'_>, schema: &Value, segments: &[Segment]) -> bool {
    let at = segments.iter().rposition(|s| *s == Segment::Each).map_or(0, |i| i + 1);
    let (each, rest) = segments.split_at(at);
    let Ok(Some(mut schema)) = look(walk, schema, each) else { return false };
    for (i, segment) in rest.iter().enumerate() {
        if !crate::sequence::shape::must_have(walk, &schema, segment, i > 0) {
            return false;
        }
        match look(walk, &schema, std::slice::from_ref(segment)) {
            Ok(Some(below)) => schema = below,
            Ok(None) | Err(_) => return false,
        }
    }
    true
}

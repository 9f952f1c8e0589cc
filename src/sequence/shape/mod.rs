//! What JSON stands where on a path: shapes, as JSON Schema (2020-12) has them.
//!
//! Comes in: the schema of the message that `to_soap` takes, or that `to_json` gives. Goes out: the schema of what the caller sends or gets,
//! and diagnostics of steps that name what the message does not have. Requests are inferred backwards, from `to_soap` to the first step;
//! replies forwards. Where a rule of a content model (a choice, say) speaks of a property that a step makes or takes away, the rule is
//! left out: a shape refuses no message that goes through, and may take one that does not.

mod branches;
mod look;
mod object;
mod value;

use serde_json::{Value, json};

pub(super) use self::branches::{either, of_all};
use self::look::{Astray, Why};
pub(super) use self::look::{kinds, look, must_have, values};
pub(super) use self::object::{
    Last, each_parent, each_value, forget, is_required, keep, put, put_member, remove, rename_member, require, take, take_member,
};
pub(super) use self::value::{accepts, in_words, of_tree};
use super::codes;
use super::expr::Path;
use super::step::Segment;
use crate::diagnostic::{Diagnostic, Severity, Span, nearest};

/// Bytes of schemas that one message's inference opens: beyond them a place is taken for anything.
const MAX_OPENED_BYTES: usize = 4 << 20;
/// Bytes of schemas that one message's inference looks at: some tenths of a second. Beyond them it says nothing more.
const MAX_SEEN_BYTES: usize = 64 << 20;
/// Names that an error lists.
const LISTED: usize = 8;

/// Gives the schemas that others refer to.
pub trait Definitions {
    /// What `$ref` says stands there; `None` where it is not known.
    fn definition(&mut self, reference: &str) -> Option<Value>;
}

/// Definitions of schemas that refer to none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDefinitions;

impl Definitions for NoDefinitions {
    fn definition(&mut self, _: &str) -> Option<Value> {
        None
    }
}

/// A message on the way through its steps: where it is, what refers to what, and what was found.
pub(super) struct Walk<'d> {
    definitions: &'d mut dyn Definitions,
    path: Path,
    /// What the message is called in diagnostics: `the request of operation GetCountry`.
    what: &'d str,
    pub(super) findings: Vec<Diagnostic>,
    opened: usize,
    seen: usize,
}

impl<'d> Walk<'d> {
    pub(super) fn new(definitions: &'d mut dyn Definitions, path: Path, what: &'d str) -> Self {
        Self { definitions, path, what, findings: Vec::new(), opened: 0, seen: 0 }
    }

    /// Counts a schema that is about to be looked at or copied. Is that too much?
    pub(super) fn is_spent(&mut self, schema: &Value) -> bool {
        if self.seen <= MAX_SEEN_BYTES {
            self.seen = self.seen.saturating_add(weight(schema));
        }
        self.seen > MAX_SEEN_BYTES
    }

    /// A copy for a branch of the way; anything where that is too much.
    pub(super) fn copy(&mut self, shape: Option<&Value>) -> Option<Value> {
        shape.map(|schema| if self.is_spent(schema) { json!({}) } else { schema.clone() })
    }

    /// The schema that a reference names; anything where it is not known, or where too much was opened already.
    pub(super) fn definition(&mut self, reference: &str) -> Value {
        if self.opened > MAX_OPENED_BYTES {
            return json!({});
        }
        let found = self.definitions.definition(reference).unwrap_or_else(|| json!({}));
        self.opened = self.opened.saturating_add(weight(&found));
        found
    }

    /// Says that a step names a place that the message does not have. Does it have it?
    pub(super) fn has(&mut self, schema: &Value, segments: &[Segment], span: Span) -> bool {
        match look(self, schema, segments) {
            Ok(_) => true,
            Err(astray) => {
                let diagnostic = self.astray(&astray, segments, Severity::Error);
                self.findings.push(diagnostic.at(span));
                false
            }
        }
    }

    /// The same of what an expression reads. In a request it may be meant for a call that is answered before `to_soap`.
    pub(super) fn reads(&mut self, schema: &Value, segments: &[Segment], span: Span) {
        if let Err(astray) = look(self, schema, segments) {
            let severity = if self.path == Path::Request { Severity::Warning } else { Severity::Error };
            let diagnostic = self.astray(&astray, segments, severity);
            self.findings.push(diagnostic.at(span));
        }
    }

    /// The same of what a template reads by way of a block's item, which may be that of an object: its members are not looked at.
    pub(super) fn reads_item(&mut self, schema: &Value, segments: &[Segment], span: Span) {
        if !matches!(look(self, schema, segments), Err(Astray { why: Why::NoList, .. })) {
            self.reads(schema, segments, span);
        }
    }

    fn astray(&self, astray: &Astray, segments: &[Segment], severity: Severity) -> Diagnostic {
        let at = pointer(segments.get(..astray.depth).unwrap_or_default());
        let place = if at.is_empty() { String::from("it") } else { format!("`{at}`") };
        let whole = pointer(segments);
        let what = self.what;
        let (message, expected) = match &astray.why {
            Why::NoMember(names) if names.is_empty() => {
                (format!("{what} has no `{whole}`: {place} has no members"), String::from("a pointer that ends there"))
            }
            Why::NoMember(names) => {
                let mut list: Vec<String> = names.iter().take(LISTED).map(|n| format!("{at}{}", pointer_of(n))).collect();
                if names.len() > LISTED {
                    list.push(String::from("…"));
                }
                (format!("{what} has no `{whole}`"), format!("one of {}", list.join(", ")))
            }
            Why::NoList => (format!("{place} is not a list in {what}"), String::from("a pointer without `*` there")),
            Why::List => (format!("{place} is a list in {what}"), String::from("`*` for each item, or the number of one")),
        };
        let near = match (&astray.why, segments.get(astray.depth)) {
            (Why::NoMember(names), Some(Segment::Name(name))) => nearest(name, names.iter().map(|n| &**n)),
            _ => None,
        };
        let hint = near.map(|n| format!("did you mean `{at}{}`?", pointer_of(n)));
        Diagnostic { hint, ..Diagnostic::new(severity, &codes::NO_PLACE, message).expected(expected) }
    }

    /// Says that a value cannot stand where a step puts it.
    pub(super) fn refuse(&mut self, message: String, expected: String, span: Span) {
        self.findings.push(Diagnostic::error(&codes::UNFIT_VALUE, message).at(span).expected(expected));
    }
}

/// What is wrong with a place that is read of the reply to a call, and what stands there, by the schema that the step gives it.
pub(super) fn read_reply(schema: &Value, name: &str, segments: &[Segment], span: Span) -> (Vec<Diagnostic>, Option<Value>) {
    let (mut none, what) = (NoDefinitions, format!("the reply to the call `{name}`"));
    let mut walk = Walk::new(&mut none, Path::Response, &what);
    walk.reads(schema, segments, span);
    let there = look(&mut walk, schema, segments).ok().flatten();
    (walk.findings, there)
}

/// Segments as they are written.
pub(super) fn pointer(segments: &[Segment]) -> String {
    let one = |s: &Segment| match s {
        Segment::Each => String::from("/*"),
        Segment::Name(name) => pointer_of(name),
    };
    segments.iter().map(one).collect()
}

fn pointer_of(name: &str) -> String {
    let mut text = String::new();
    crate::json::push_pointer(&mut text, name);
    text
}

/// About how many bytes a schema's text has.
fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 8,
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + 8,
        Value::Object(members) => members.iter().map(|(key, v)| key.len() + weight(v)).sum::<usize>() + 8,
    }
}

/// Does it say nothing of what stands there?
pub(super) fn is_any(schema: &Value) -> bool {
    const SAY: [&str; 9] = ["$ref", "allOf", "anyOf", "const", "enum", "items", "oneOf", "properties", "type"];
    schema.as_object().is_none_or(|s| !SAY.iter().any(|k| s.contains_key(*k)))
}

//! Requests: from what comes out of a step to what goes in.

use serde_json::{Value, json};

use super::{is_certain, look};
use crate::sequence::number::JSON_NUMBER;
use crate::sequence::shape::{
    Last, Walk, accepts, each_parent, each_value, either, in_words, is_any, kinds, of_all, pointer, put, remove, take,
};
use crate::sequence::step::cast::{Cast, To};
use crate::sequence::step::copy::Copy;
use crate::sequence::step::default::Default;
use crate::sequence::step::keep::Keep;
use crate::sequence::step::map::Map;
use crate::sequence::step::remove::Remove;
use crate::sequence::step::rename::Rename;
use crate::sequence::step::set::Set;
use crate::sequence::step::{Segment, Step};

/// What goes into the first of these steps; `None`: no message comes to their end.
pub(in crate::sequence) fn before_all(walk: &mut Walk<'_>, steps: &[Step], after: Option<Value>) -> Option<Value> {
    steps.iter().rev().fold(after, |after, step| step.before(walk, after))
}

impl Step {
    fn before(&self, walk: &mut Walk<'_>, after: Option<Value>) -> Option<Value> {
        let before = match self {
            Self::Respond(_) | Self::Fail(_) => None,
            Self::If(step) => {
                let copy = walk.copy(after.as_ref());
                let then = before_all(walk, &step.then, copy);
                of_all([then, before_all(walk, &step.otherwise, after)])
            }
            Self::Switch(step) => {
                let mut shapes = Vec::with_capacity(step.cases.len() + 1);
                for (_, steps) in &step.cases {
                    let copy = walk.copy(after.as_ref());
                    shapes.push(before_all(walk, steps, copy));
                }
                shapes.push(before_all(walk, &step.otherwise, after));
                of_all(shapes)
            }
            // Its own schema is all that is known of what comes before it.
            Self::Template(step) => Some(step.schema.clone().unwrap_or_else(|| json!({}))),
            // The steps inside are done, or not.
            Self::Call(step) => match &step.on_fault {
                Some(steps) => of_all([before_all(walk, steps, after.clone()), after]),
                None => after,
            },
            Self::Cache(step) => of_all([before_all(walk, &step.fill, after.clone()), after]),
            Self::Set(_)
            | Self::Remove(_)
            | Self::Rename(_)
            | Self::Copy(_)
            | Self::Keep(_)
            | Self::Default(_)
            | Self::Map(_)
            | Self::Cast(_) => after.map(|mut schema| {
                self.undo(walk, &mut schema);
                schema
            }),
            Self::SetSoapHeader(step) => match step.declared() {
                Some(block) => after.map(|mut schema| {
                    set(block, walk, &mut schema);
                    schema
                }),
                None => after,
            },
            Self::SetHeader(_)
            | Self::RemoveHeader(_)
            | Self::RenameHeader(_)
            | Self::Require(_)
            | Self::SetStatus(_)
            | Self::SetProperty(_)
            | Self::Log(_)
            | Self::Retry(_)
            | Self::Convert(_) => after,
        };
        if let Some(schema) = &before {
            self.check_reads(walk, schema);
        }
        before
    }

    /// What a step that changes JSON does, backwards.
    fn undo(&self, walk: &mut Walk<'_>, schema: &mut Value) {
        match self {
            Self::Set(step) => set(step, walk, schema),
            Self::Remove(step) => step.undo(walk, schema),
            Self::Rename(step) => step.undo(walk, schema),
            Self::Copy(step) => step.undo(walk, schema),
            Self::Keep(step) => step.undo(walk, schema),
            Self::Default(step) => default(step, walk, schema),
            Self::Map(step) => step.undo(walk, schema),
            Self::Cast(step) => step.undo(walk, schema),
            _ => {}
        }
    }
}

/// A step sets what the caller need not send. What it reads for it, the caller sends.
fn set(step: &Set, walk: &mut Walk<'_>, schema: &mut Value) {
    let segments = step.to.segments();
    if segments.is_empty() {
        *schema = json!({});
        return;
    }
    if !walk.has(schema, segments, step.to.span) {
        return;
    }
    if let Some(tree) = step.value.plain() {
        fits(walk, schema, segments, &tree.as_value(), step.value_at, "set");
    }
    let certain = is_certain(walk, schema, segments);
    let taken = take(walk, schema, segments, true);
    loosen(walk, schema, segments);
    let mut expressions = Vec::new();
    step.value.expressions(&mut expressions);
    let whole = step.value.only().is_some_and(|e| e.is_body_place());
    for place in expressions.into_iter().flat_map(|e| &e.reads) {
        if place.segments.starts_with(segments) && look(walk, schema, &place.segments).is_err() {
            // It is made of what was there before.
            put(walk, schema, &place.segments, &json!({}), false);
        }
        let Ok(Some(known)) = look(walk, schema, &place.segments) else { continue };
        let Some((taken, _)) = taken.as_ref().filter(|_| is_any(&known)) else { continue };
        // Nothing is known of a place that a later step removes, but for what is made of it here.
        if whole {
            each_value(walk, schema, &place.segments, &mut |value| *value = taken.clone());
        }
        if certain {
            demand(walk, schema, &place.segments);
        }
    }
}

/// Says that something must be there, and what it stands in.
fn demand(walk: &mut Walk<'_>, schema: &mut Value, segments: &[Segment]) {
    for end in (1..=segments.len()).rev() {
        let Some((Segment::Name(name), parents)) = segments.get(..end).and_then(<[_]>::split_last) else { return };
        each_parent(walk, schema, parents, &mut |map| {
            if map.get("properties").is_some_and(|p| p.get(&**name).is_some()) {
                crate::sequence::shape::require(map, name, true);
            }
        });
    }
}

/// A value is put there where nothing is, and what it stands in is made: neither must be there.
fn loosen(walk: &mut Walk<'_>, schema: &mut Value, segments: &[Segment]) {
    let first = segments.iter().rposition(|s| *s == Segment::Each).map_or(0, |i| i + 1);
    for end in (first + 1..segments.len()).rev() {
        // Of a choice it is enough that one takes an empty object.
        let (mut is_known, mut is_free) = (false, false);
        each_parent(walk, schema, segments.get(..end).unwrap_or_default(), &mut |map| {
            is_known = true;
            is_free |= map.get("required").is_none() && map.get("type").is_none_or(|t| t != "null");
        });
        let Some((Segment::Name(name), parents)) = segments.get(..end).and_then(<[_]>::split_last) else { return };
        if is_known && !is_free {
            return;
        }
        each_parent(walk, schema, parents, &mut |map| crate::sequence::shape::require(map, name, false));
    }
}

fn fits(walk: &mut Walk<'_>, schema: &Value, segments: &[Segment], value: &Value, span: crate::diagnostic::Span, verb: &str) {
    let Ok(Some(there)) = look(walk, schema, segments) else { return };
    if !accepts(walk, &there, value) {
        let expected = in_words(walk, &there);
        walk.refuse(format!("`{verb}` puts a value at `{}` that does not fit there", pointer(segments)), expected, span);
    }
}

fn default(step: &Default, walk: &mut Walk<'_>, schema: &mut Value) {
    let segments = step.to.segments();
    if !walk.has(schema, segments, step.to.span) {
        return;
    }
    let plain = step.value.plain().map(|tree| tree.as_value());
    if let Some(value) = &plain {
        fits(walk, schema, segments, value, step.value_at, "default");
    }
    if let Some((Segment::Name(name), parents)) = segments.split_last() {
        each_parent(walk, schema, parents, &mut |map| {
            crate::sequence::shape::forget(map, name);
            if let (Some(value), Some(Value::Object(member))) = (&plain, map.get_mut("properties").and_then(|p| p.get_mut(&**name))) {
                member.insert("default".into(), value.clone());
            }
        });
    }
    loosen(walk, schema, segments);
}

impl Rename {
    fn undo(&self, walk: &mut Walk<'_>, schema: &mut Value) {
        let [_, to] = &self.pointers;
        if walk.has(schema, to.segments(), to.span) {
            each_parent(walk, schema, &self.parent, &mut |map| crate::sequence::shape::rename_member(map, &self.to, &self.from));
        }
    }
}

impl Copy {
    fn undo(&self, walk: &mut Walk<'_>, schema: &mut Value) {
        let (from, to) = (self.source.segments(), self.target.segments());
        if to.is_empty() {
            let whole = std::mem::replace(schema, json!({ "type": "object", "properties": {} }));
            put(walk, schema, from, &whole, true);
            return;
        }
        if !walk.has(schema, to, self.target.span) {
            return;
        }
        let certain = is_certain(walk, schema, to);
        let Some((taken, _)) = take(walk, schema, to, true) else {
            // Anything may stand there.
            if self.moves || look(walk, schema, from).is_err() {
                put(walk, schema, from, &json!({}), false);
            }
            return;
        };
        loosen(walk, schema, to);
        match look(walk, schema, from) {
            Ok(Some(known)) if !self.moves && !is_any(&known) => {}
            Ok(Some(known)) if !self.moves && is_any(&known) => each_value(walk, schema, from, &mut |value| *value = taken.clone()),
            Ok(_) | Err(_) => put(walk, schema, from, &taken, certain),
        }
        if certain {
            demand(walk, schema, from);
        }
    }
}

impl Remove {
    fn undo(&self, walk: &mut Walk<'_>, schema: &mut Value) {
        for pointer in self.all.iter().rev() {
            let Some((last, parents)) = pointer.segments().split_last() else { continue };
            if !walk.has(schema, parents, pointer.span) {
                continue;
            }
            if let Segment::Each = last
                && !walk.has(schema, pointer.segments(), pointer.span)
            {
                continue;
            }
            remove(walk, schema, pointer.segments(), &mut |last| match last {
                Last::Member(map, name) => crate::sequence::shape::put_member(map, name, json!({}), false),
                Last::Items(items) => *items = json!({}),
            });
        }
    }
}

impl Keep {
    fn undo(&self, walk: &mut Walk<'_>, schema: &mut Value) {
        let mut all = Vec::new();
        for pointer in &self.all {
            if !walk.has(schema, pointer.segments(), pointer.span) {
                return;
            }
            all.push(pointer.segments());
        }
        crate::sequence::shape::keep(walk, schema, &all, true);
    }
}

impl Map {
    fn undo(&self, walk: &mut Walk<'_>, schema: &mut Value) {
        let segments = self.at.segments();
        if !walk.has(schema, segments, self.at.span) {
            return;
        }
        let Ok(Some(there)) = look(walk, schema, segments) else { return };
        let rows = self.rows.iter().map(|(_, to, [_, span])| (to, *span));
        for (value, span) in rows.chain(self.otherwise.as_ref().zip(self.otherwise_at)) {
            if !accepts(walk, &there, &value.as_value()) {
                let expected = in_words(walk, &there);
                walk.refuse(format!("`map` puts a value at `{}` that does not fit there", self.at.as_str()), expected, span);
            }
        }
        let keys: Vec<&str> = self.rows.iter().map(|(key, ..)| &**key).collect();
        let keys = if self.otherwise.is_some() {
            json!({ "type": ["string", "number", "boolean"] })
        } else {
            json!({ "type": "string", "enum": keys })
        };
        each_value(walk, schema, segments, &mut |value| *value = either(keys.clone(), value.clone()));
    }
}

impl Cast {
    fn undo(&self, walk: &mut Walk<'_>, schema: &mut Value) {
        let segments = self.at.segments();
        if !walk.has(schema, segments, self.at.span) {
            return;
        }
        let Ok(Some(there)) = look(walk, schema, segments) else { return };
        let made: &[&str] = match self.to {
            To::Text => &["string"],
            To::Number => &["number", "integer"],
            To::Boolean => &["boolean"],
        };
        let kinds = kinds(walk, &there);
        if kinds.as_ref().is_some_and(|kinds| !kinds.iter().any(|k| made.contains(&k.as_str()))) {
            let expected = in_words(walk, &there);
            let word = self.to.word();
            walk.refuse(format!("`cast` makes {word} at `{}`, which does not fit there", self.at.as_str()), expected, self.at.span);
            return;
        }
        let also = match self.to {
            To::Text => json!({ "type": ["number", "boolean"] }),
            To::Number => json!({ "type": "string", "pattern": JSON_NUMBER }),
            To::Boolean => json!({ "enum": ["true", "false", "1", "0", 1, 0] }),
        };
        each_value(walk, schema, segments, &mut |value| {
            if !is_any(value) {
                *value = either(value.clone(), also.clone());
            }
        });
    }
}

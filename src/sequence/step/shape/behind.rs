//! Replies: from what goes into a step to what comes out.

use serde_json::{Value, json};

use super::{is_certain, look, made};
use crate::sequence::shape::{
    Last, Walk, each_parent, each_value, either, in_words, is_any, kinds, of_all, of_tree, put, remove, take, values,
};
use crate::sequence::step::Step;
use crate::sequence::step::cast::{Cast, To};
use crate::sequence::step::copy::Copy;
use crate::sequence::step::keep::Keep;
use crate::sequence::step::map::Map;
use crate::sequence::step::remove::Remove;
use crate::sequence::step::rename::Rename;

/// What comes out of the last of these steps; `None`: no message comes to their end.
pub(in crate::sequence) fn behind_all(walk: &mut Walk<'_>, steps: &[Step], before: Option<Value>) -> Option<Value> {
    steps.iter().fold(before, |before, step| step.behind(walk, before))
}

impl Step {
    fn behind(&self, walk: &mut Walk<'_>, before: Option<Value>) -> Option<Value> {
        let mut schema = before?;
        self.check_reads(walk, &schema);
        match self {
            Self::Respond(_) | Self::Fail(_) => return None,
            Self::If(step) => {
                let copy = walk.copy(Some(&schema));
                let then = behind_all(walk, &step.then, copy);
                return of_all([then, behind_all(walk, &step.otherwise, Some(schema))]);
            }
            Self::Switch(step) => {
                let mut shapes = Vec::with_capacity(step.cases.len() + 1);
                for (_, steps) in &step.cases {
                    let copy = walk.copy(Some(&schema));
                    shapes.push(behind_all(walk, steps, copy));
                }
                shapes.push(behind_all(walk, &step.otherwise, Some(schema)));
                return of_all(shapes);
            }
            Self::Template(step) => schema = step.schema.clone().unwrap_or_else(|| json!({})),
            // The steps inside are done, or not.
            Self::Call(step) => {
                if let Some(steps) = &step.on_fault {
                    let failed = behind_all(walk, steps, Some(schema.clone()));
                    return of_all([failed, Some(schema)]);
                }
            }
            Self::Cache(step) => {
                let filled = behind_all(walk, &step.fill, Some(schema.clone()));
                return of_all([filled, Some(schema)]);
            }
            Self::Set(step) => {
                let (value, certain) = made(walk, &step.value, &schema);
                put(walk, &mut schema, step.to.segments(), &value, certain);
            }
            Self::Default(step) => {
                let (value, certain) = made(walk, &step.value, &schema);
                let value = match look(walk, &schema, step.to.segments()) {
                    Ok(Some(known)) => either(known, value),
                    Ok(None) => json!({}),
                    Err(_) => value,
                };
                put(walk, &mut schema, step.to.segments(), &value, certain);
            }
            Self::Remove(step) => step.apply(walk, &mut schema),
            Self::Rename(step) => step.apply(walk, &mut schema),
            Self::Copy(step) => step.apply(walk, &mut schema),
            Self::Keep(step) => step.apply(walk, &mut schema),
            Self::Map(step) => step.apply(walk, &mut schema),
            Self::Cast(step) => step.apply(walk, &mut schema),
            Self::SetHeader(_)
            | Self::RemoveHeader(_)
            | Self::RenameHeader(_)
            | Self::Require(_)
            | Self::SetStatus(_)
            | Self::SetProperty(_)
            | Self::Log(_)
            | Self::Retry(_)
            | Self::SetSoapHeader(_)
            | Self::Convert(_) => {}
        }
        Some(schema)
    }
}

impl Rename {
    fn apply(&self, walk: &mut Walk<'_>, schema: &mut Value) {
        let [from, _] = &self.pointers;
        if !walk.has(schema, from.segments(), from.span) {
            return;
        }
        each_parent(walk, schema, &self.parent, &mut |map| {
            if map.get("properties").is_none_or(|p| p.get(&*self.from).is_none()) || self.from == self.to {
                return;
            }
            // Where the old name is not there, what had the new one stays.
            let must = crate::sequence::shape::is_required(map, &self.from);
            let other = crate::sequence::shape::take_member(map, &self.to).filter(|_| !must);
            crate::sequence::shape::rename_member(map, &self.from, &self.to);
            if let Some((schema, required)) = other {
                let known = map.get("properties").and_then(|p| p.get(&*self.to)).cloned().unwrap_or_else(|| json!({}));
                crate::sequence::shape::put_member(map, &self.to, either(known, schema), required);
            }
        });
    }
}

impl Copy {
    fn apply(&self, walk: &mut Walk<'_>, schema: &mut Value) {
        let (from, to) = (self.source.segments(), self.target.segments());
        if !walk.has(schema, from, self.source.span) {
            return;
        }
        let certain = is_certain(walk, schema, from);
        let value = look(walk, schema, from).ok().flatten().unwrap_or_else(|| json!({}));
        if self.moves {
            take(walk, schema, from, false);
        }
        put(walk, schema, to, &value, certain);
    }
}

impl Remove {
    fn apply(&self, walk: &mut Walk<'_>, schema: &mut Value) {
        for pointer in &self.all {
            if !walk.has(schema, pointer.segments(), pointer.span) {
                continue;
            }
            remove(walk, schema, pointer.segments(), &mut |last| match last {
                Last::Member(map, name) => drop(crate::sequence::shape::take_member(map, name)),
                Last::Items(items) => {
                    _ = items;
                }
            });
        }
    }
}

impl Keep {
    fn apply(&self, walk: &mut Walk<'_>, schema: &mut Value) {
        let mut all = Vec::new();
        for pointer in &self.all {
            if walk.has(schema, pointer.segments(), pointer.span) {
                all.push(pointer.segments());
            }
        }
        crate::sequence::shape::keep(walk, schema, &all, false);
    }
}

impl Map {
    fn apply(&self, walk: &mut Walk<'_>, schema: &mut Value) {
        let segments = self.at.segments();
        if !walk.has(schema, segments, self.at.span) {
            return;
        }
        let Ok(Some(there)) = look(walk, schema, segments) else { return };
        if let Some(values) = values(walk, &there) {
            for (key, _, [span, _]) in &self.rows {
                if !values.contains(key) {
                    let near = crate::diagnostic::nearest(key, values.iter().map(|v| &**v));
                    let hint = near.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
                    let expected = in_words(walk, &there);
                    walk.refuse(format!("`{}` is never `{}`{hint}", self.at.as_str(), key.escape_debug()), expected, *span);
                }
            }
        }
        let mut made = self.rows.iter().map(|(_, to, _)| of_tree(to)).chain(self.otherwise.as_ref().map(of_tree));
        let made = made.by_ref().reduce(either).unwrap_or_else(|| json!({}));
        let stays = self.otherwise.is_none();
        let kinds = kinds(walk, &there);
        // Null, lists and objects stay as they are.
        let scalar = kinds.is_some_and(|kinds| kinds.iter().all(|k| !matches!(k.as_str(), "null" | "array" | "object")));
        each_value(walk, schema, segments, &mut |value| {
            *value = if stays || !scalar { either(made.clone(), value.clone()) } else { made.clone() };
        });
    }
}

impl Cast {
    fn apply(&self, walk: &mut Walk<'_>, schema: &mut Value) {
        let segments = self.at.segments();
        if !walk.has(schema, segments, self.at.span) {
            return;
        }
        let Ok(Some(there)) = look(walk, schema, segments) else { return };
        let (made, from): (&str, &[&str]) = match self.to {
            To::Text => ("string", &["string", "number", "integer", "boolean"]),
            To::Number => ("number", &["string", "number", "integer"]),
            To::Boolean => ("boolean", &["string", "number", "integer", "boolean"]),
        };
        let kinds = kinds(walk, &there);
        if kinds.as_ref().is_some_and(|kinds| !kinds.iter().any(|k| from.contains(&k.as_str()))) {
            let said = in_words(walk, &there);
            let message = format!("`cast` makes {} of `{}`, which is {said}", self.to.word(), self.at.as_str());
            walk.refuse(message, String::from("a place of a text or a number"), self.at.span);
            return;
        }
        let nullable = kinds.is_none_or(|kinds| kinds.iter().any(|k| k == "null"));
        each_value(walk, schema, segments, &mut |value| {
            let types = if nullable { json!([made, "null"]) } else { json!(made) };
            if !is_any(value) || !nullable {
                *value = json!({ "type": types });
            } else {
                *value = json!({ "type": [made, "null"] });
            }
        });
    }
}

//! What stands at a pointer, without changing anything.

use serde_json::{Map, Value, json};

use super::{Walk, is_any};
use crate::sequence::step::{Segment, index};

/// A pointer that leads nowhere.
#[derive(Debug)]
pub(crate) struct Astray {
    /// How many of its steps lead somewhere.
    pub(crate) depth: usize,
    /// What is wrong with the next one.
    pub(crate) why: Why,
}

#[derive(Debug)]
pub(crate) enum Why {
    /// No member of that name; those that are there.
    NoMember(Vec<Box<str>>),
    /// `*`, and it is not a list.
    NoList,
    /// A name, and it is a list.
    List,
}

/// The schema of what stands at a pointer; `None` where anything may stand.
pub(crate) fn look(walk: &mut Walk<'_>, schema: &Value, segments: &[Segment]) -> Result<Option<Value>, Astray> {
    below(walk, schema, segments, 0)
}

fn below(walk: &mut Walk<'_>, schema: &Value, segments: &[Segment], depth: usize) -> Result<Option<Value>, Astray> {
    let Some((first, rest)) = segments.split_first() else { return Ok(Some(schema.clone())) };
    let mut found: Vec<Value> = Vec::new();
    let mut astray: Option<Astray> = None;
    let alternatives = alternatives(walk, schema);
    for one in &alternatives {
        match child(one, first) {
            Ok(None) => return Ok(None),
            Ok(Some(inner)) => match below(walk, inner, rest, depth + 1) {
                Ok(None) => return Ok(None),
                Ok(Some(schema)) if found.contains(&schema) => {}
                Ok(Some(schema)) => found.push(schema),
                Err(error) => astray = Some(worse(astray, error)),
            },
            Err(why) => astray = Some(worse(astray, Astray { depth, why })),
        }
    }
    match (found.len(), found.pop(), astray) {
        (1, Some(only), _) => Ok(Some(only)),
        (_, Some(last), _) => {
            found.push(last);
            Ok(Some(json!({ "anyOf": found })))
        }
        (_, None, Some(astray)) => Err(astray),
        (_, None, None) => Err(Astray { depth, why: Why::NoMember(Vec::new()) }),
    }
}

/// The one that came further; of equals the names of both.
fn worse(known: Option<Astray>, found: Astray) -> Astray {
    let Some(mut known) = known else { return found };
    if found.depth != known.depth {
        return if found.depth > known.depth { found } else { known };
    }
    match (&mut known.why, found.why) {
        (Why::NoMember(names), Why::NoMember(more)) => {
            for name in more {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        (why @ Why::NoMember(_), other) => *why = other,
        (Why::NoList | Why::List, _) => {}
    }
    known
}

/// One step further; `Ok(None)`: anything may stand there.
fn child<'s>(schema: &'s Value, segment: &Segment) -> Result<Option<&'s Value>, Why> {
    if is_any(schema) {
        return Ok(None);
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    match segment {
        Segment::Each => match schema.get("items") {
            Some(items) => Ok(Some(items)),
            None if is_type(schema, "array") => Ok(None),
            None => Err(Why::NoList),
        },
        Segment::Name(name) if schema.get("items").is_some() || is_type(schema, "array") => {
            if index(name).is_some() || **name == *"-" {
                Ok(schema.get("items"))
            } else {
                Err(Why::List)
            }
        }
        Segment::Name(name) => {
            if let Some(member) = properties.and_then(|p| p.get(&**name)) {
                return Ok(Some(member));
            }
            let is_object = properties.is_some() || is_type(schema, "object");
            let by_pattern = schema.get("patternProperties").is_some() && name.starts_with('@');
            if is_object && (by_pattern || schema.get("additionalProperties") != Some(&Value::Bool(false))) {
                return Ok(None);
            }
            Err(Why::NoMember(properties.into_iter().flat_map(Map::keys).map(|k| k.as_str().into()).collect()))
        }
    }
}

pub(super) fn is_type(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(several)) => several.iter().any(|t| t == name),
        _ => false,
    }
}

/// The schemas that a value may fit, each opened, without references and without those of nothing but null.
pub(super) fn alternatives(walk: &mut Walk<'_>, schema: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    collect(walk, schema.clone(), &mut found, 0);
    found
}

fn collect(walk: &mut Walk<'_>, mut schema: Value, found: &mut Vec<Value>, depth: usize) {
    /// Levels of references and choices without a step of a pointer between them.
    const DEPTH: usize = 16;
    if depth > DEPTH || walk.is_spent(&schema) {
        found.push(json!({}));
        return;
    }
    open(walk, &mut schema);
    match choice(&mut schema).map(std::mem::take) {
        Some(several) => several.into_iter().for_each(|one| collect(walk, one, found, depth + 1)),
        None if schema.get("type").is_some_and(|t| t == "null") => {}
        None => found.push(schema),
    }
}

/// The alternatives of a schema that is a choice and nothing else.
pub(super) fn choice(schema: &mut Value) -> Option<&mut Vec<Value>> {
    if schema.get("properties").is_some() || schema.get("items").is_some() {
        return None;
    }
    let key = if schema.get("oneOf").is_some() { "oneOf" } else { "anyOf" };
    schema.get_mut(key)?.as_array_mut()
}

/// Puts what is referred to in the place of the reference, and makes one schema of an `allOf` of several objects.
pub(super) fn open(walk: &mut Walk<'_>, schema: &mut Value) {
    /// References to references.
    const DEPTH: usize = 16;
    for _ in 0..DEPTH {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str).map(str::to_owned) else { break };
        let mut opened = walk.definition(&reference);
        if let (Value::Object(opened), Value::Object(beside)) = (&mut opened, std::mem::take(schema)) {
            opened.extend(beside.into_iter().filter(|(key, _)| key != "$ref"));
        }
        *schema = opened;
    }
    if schema.get("properties").is_some() {
        return;
    }
    let Some(Value::Array(parts)) = schema.get("allOf") else { return };
    if !parts.iter().any(|p| p.get("$ref").is_some() || p.get("properties").is_some()) {
        return;
    }
    let mut whole = Map::new();
    for mut part in parts.clone() {
        if part.get("$ref").is_some() {
            open(walk, &mut part);
        }
        let Value::Object(part) = part else { continue };
        for (key, value) in part {
            merge(&mut whole, key, value);
        }
    }
    if let Value::Object(beside) = schema {
        for (key, value) in std::mem::take(beside) {
            if key != "allOf" {
                merge(&mut whole, key, value);
            }
        }
    }
    *schema = Value::Object(whole);
}

fn merge(whole: &mut Map<String, Value>, key: String, value: Value) {
    match (whole.get_mut(&key), value) {
        (Some(Value::Object(known)), Value::Object(more)) if key == "properties" || key == "dependentRequired" => known.extend(more),
        (Some(Value::Array(known)), Value::Array(more)) if key == "required" || key == "allOf" => {
            for one in more {
                if !known.contains(&one) {
                    known.push(one);
                }
            }
        }
        (Some(_), _) => {}
        (None, value) => {
            whole.insert(key, value);
        }
    }
}

/// The types of what may stand there, null among them; `None` where they are not known.
pub(crate) fn kinds(walk: &mut Walk<'_>, schema: &Value) -> Option<Vec<String>> {
    let mut found: Vec<String> = Vec::new();
    if super::value::accepts(walk, schema, &Value::Null) {
        found.push("null".into());
    }
    for one in alternatives(walk, schema) {
        let types = match one.get("type") {
            Some(Value::String(name)) => vec![name.clone()],
            Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => match one.get("enum").and_then(Value::as_array) {
                Some(values) => values.iter().map(|v| kind(v).to_owned()).collect(),
                None => return None,
            },
        };
        for name in types {
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    Some(found)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The texts of all values that may stand there, where they are told; those of scalars only.
pub(crate) fn values(walk: &mut Walk<'_>, schema: &Value) -> Option<Vec<Box<str>>> {
    let mut found: Vec<Box<str>> = Vec::new();
    for one in alternatives(walk, schema) {
        if is_type(&one, "boolean") && one.get("enum").is_none() {
            found.extend(["true".into(), "false".into()]);
            continue;
        }
        for value in one.get("enum")?.as_array()? {
            found.push(match value {
                Value::String(text) => text.as_str().into(),
                other => other.to_string().into(),
            });
        }
    }
    Some(found)
}

/// Is something there in every message? `inner`: below something that may be null.
pub(crate) fn must_have(walk: &mut Walk<'_>, schema: &Value, segment: &Segment, inner: bool) -> bool {
    let Segment::Name(name) = segment else { return false };
    if inner && super::value::accepts(walk, schema, &Value::Null) {
        return false;
    }
    let all = alternatives(walk, schema);
    !all.is_empty() && all.iter().all(|one| one.as_object().is_some_and(|map| super::object::is_required(map, name)))
}

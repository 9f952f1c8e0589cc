//! Changes of a schema at a pointer: members come, go, and get other names.

use serde_json::{Map, Value, json};

use super::look::{choice, is_type, open};
use super::{Walk, is_any};
use crate::sequence::step::{Segment, index};

/// The last step of a pointer, at a schema that is opened.
pub(crate) enum Last<'s> {
    /// A member of an object.
    Member(&'s mut Map<String, Value>, &'s str),
    /// The items of a list.
    Items(&'s mut Value),
}

/// The alternatives of a choice that is about to change: a value may fit several of them then, and they are no components any more, of
/// which a discriminator speaks.
fn loose_choice(schema: &mut Value) -> Option<&mut Vec<Value>> {
    choice(schema)?;
    if let Some(map) = schema.as_object_mut() {
        map.remove("discriminator");
        if let Some(several) = map.remove("oneOf") {
            map.insert("anyOf".into(), several);
        }
    }
    choice(schema)
}

/// Every object at the steps, opened.
pub(crate) fn each_parent(walk: &mut Walk<'_>, schema: &mut Value, segments: &[Segment], run: &mut dyn FnMut(&mut Map<String, Value>)) {
    open(walk, schema);
    if let Some(several) = loose_choice(schema) {
        several.iter_mut().for_each(|one| each_parent(walk, one, segments, run));
        return;
    }
    let Some((first, rest)) = segments.split_first() else {
        if let Some(map) = schema.as_object_mut() {
            run(map);
        }
        return;
    };
    let below = match first {
        Segment::Each => schema.get_mut("items"),
        Segment::Name(name) if schema.get("items").is_some() => index(name).and_then(|_| schema.get_mut("items")),
        Segment::Name(name) => schema.get_mut("properties").and_then(|p| p.get_mut(&**name)),
    };
    if let Some(below) = below {
        each_parent(walk, below, rest, run);
    }
}

/// The value at the steps, wherever it is said; not opened itself.
pub(crate) fn each_value(walk: &mut Walk<'_>, schema: &mut Value, segments: &[Segment], run: &mut dyn FnMut(&mut Value)) {
    let Some((last, parents)) = segments.split_last() else { return run(schema) };
    each_parent(walk, schema, parents, &mut |map| {
        let value = match last {
            Segment::Each => map.get_mut("items"),
            Segment::Name(name) => match map.get_mut("properties").and_then(|p| p.get_mut(&**name)) {
                None if index(name).is_some() => map.get_mut("items"),
                found => found,
            },
        };
        if let Some(value) = value {
            run(value);
        }
    });
}

fn names(map: &Map<String, Value>, key: &str) -> Vec<Value> {
    map.get(key).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// Must the member be there?
pub(crate) fn is_required(map: &Map<String, Value>, name: &str) -> bool {
    map.get("required").and_then(Value::as_array).is_some_and(|r| r.iter().any(|n| n == name))
}

/// Says whether a member must be there.
pub(crate) fn require(map: &mut Map<String, Value>, name: &str, required: bool) {
    let mut all = names(map, "required");
    all.retain(|n| n != name);
    if required {
        all.push(json!(name));
    }
    if all.is_empty() {
        map.remove("required");
    } else {
        map.insert("required".into(), Value::Array(all));
    }
}

/// Leaves out every rule that speaks of the member's presence.
pub(crate) fn forget(map: &mut Map<String, Value>, name: &str) {
    require(map, name, false);
    if let Some(Value::Object(dependent)) = map.get_mut("dependentRequired") {
        dependent.remove(name);
        for needs in dependent.values_mut().filter_map(Value::as_array_mut) {
            needs.retain(|n| n != name);
        }
        dependent.retain(|_, needs| needs.as_array().is_some_and(|n| !n.is_empty()));
        if dependent.is_empty() {
            map.remove("dependentRequired");
        }
    }
    if let Some(Value::Array(rules)) = map.get_mut("allOf") {
        rules.retain(|rule| !speaks_of(rule, name));
        if rules.is_empty() {
            map.remove("allOf");
        }
    }
}

/// Does a rule about presence name the member?
fn speaks_of(rule: &Value, name: &str) -> bool {
    match rule {
        Value::String(text) => text == name,
        Value::Array(all) => all.iter().any(|r| speaks_of(r, name)),
        Value::Object(map) => map.iter().any(|(key, value)| key == name || speaks_of(value, name)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

fn renamed(rule: &mut Value, from: &str, to: &str) {
    match rule {
        Value::String(text) if text == from => to.clone_into(text),
        Value::Array(all) => all.iter_mut().for_each(|r| renamed(r, from, to)),
        Value::Object(map) => {
            for (key, mut value) in std::mem::take(map) {
                renamed(&mut value, from, to);
                map.insert(if key == from { to.to_owned() } else { key }, value);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Takes a member away, with the rules about it: its schema, and whether it must be there.
pub(crate) fn take_member(map: &mut Map<String, Value>, name: &str) -> Option<(Value, bool)> {
    let schema = map.get_mut("properties")?.as_object_mut()?.shift_remove(name)?;
    let required = is_required(map, name);
    forget(map, name);
    Some((schema, required))
}

/// Gives a member another name, in the rules too. What had that name goes.
pub(crate) fn rename_member(map: &mut Map<String, Value>, from: &str, to: &str) {
    if from == to || map.get("properties").is_none_or(|p| p.get(from).is_none()) {
        return;
    }
    take_member(map, to);
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        let all = std::mem::take(properties);
        properties.extend(all.into_iter().map(|(key, schema)| (if key == from { to.to_owned() } else { key }, schema)));
    }
    for key in ["required", "dependentRequired", "allOf"] {
        if let Some(rule) = map.get_mut(key) {
            renamed(rule, from, to);
        }
    }
}

/// Gives an object a member in the place of what had its name.
pub(crate) fn put_member(map: &mut Map<String, Value>, name: &str, schema: Value, required: bool) {
    forget(map, name);
    if let Value::Object(properties) = map.entry("properties").or_insert_with(|| json!({})) {
        properties.insert(name.to_owned(), schema);
    }
    require(map, name, required);
}

/// Takes what stands at the steps away: its schema, and whether it must be there. `above`: with objects on the way that have nothing else.
pub(crate) fn take(walk: &mut Walk<'_>, schema: &mut Value, segments: &[Segment], above: bool) -> Option<(Value, bool)> {
    let (last, parents) = segments.split_last()?;
    let mut found: Option<(Value, bool)> = None;
    let mut is_empty = false;
    each_parent(walk, schema, parents, &mut |map| {
        let taken = match last {
            Segment::Name(name) => match take_member(map, name) {
                // An item by its number: the others stay.
                None if index(name).is_some() || **name == *"-" => map.get("items").cloned().map(|s| (s, false)),
                taken => taken,
            },
            Segment::Each => None,
        };
        if let Some((schema, required)) = taken {
            found = Some(match found.take() {
                Some((known, must)) if known == schema => (known, must && required),
                Some((known, must)) => (super::either(known, schema), must && required),
                None => (schema, required),
            });
        }
        let closed = map.get("additionalProperties") == Some(&Value::Bool(false));
        is_empty = closed && map.get("properties").and_then(Value::as_object).is_some_and(Map::is_empty);
    });
    if let Some((Segment::Name(_), _)) = parents.split_last().filter(|_| above && is_empty) {
        let (_, required) = take(walk, schema, parents, above)?;
        return found.map(|(schema, must)| (schema, must && required));
    }
    found
}

/// Takes away what stands at the steps: a member, or the items of a list.
pub(crate) fn remove(walk: &mut Walk<'_>, schema: &mut Value, segments: &[Segment], run: &mut dyn FnMut(Last<'_>)) {
    let Some((last, parents)) = segments.split_last() else { return };
    each_parent(walk, schema, parents, &mut |map| match last {
        Segment::Name(name) => match map.get_mut("items") {
            Some(items) if index(name).is_some() => run(Last::Items(items)),
            _ => run(Last::Member(map, name)),
        },
        Segment::Each => {
            if let Some(items) = map.get_mut("items") {
                run(Last::Items(items));
            }
        }
    });
}

/// Puts a value at the steps; objects that are missing on the way are made. `required`: it is there in any case.
pub(crate) fn put(walk: &mut Walk<'_>, schema: &mut Value, segments: &[Segment], value: &Value, required: bool) {
    let Some((first, rest)) = segments.split_first() else {
        *schema = if required { value.clone() } else { super::either(std::mem::take(schema), value.clone()) };
        return;
    };
    open(walk, schema);
    if is_any(schema) {
        return;
    }
    part_null(schema);
    if let Some(several) = loose_choice(schema) {
        let mut made = Vec::new();
        for one in several.iter_mut() {
            match (one.get("type").is_some_and(|t| t == "null"), first) {
                // In the place of null an object is made.
                (true, Segment::Name(_)) => {
                    let mut object = json!({ "type": "object", "properties": {}, "additionalProperties": false });
                    put(walk, &mut object, segments, value, required);
                    if required { *one = object } else { made.push(object) }
                }
                _ => put(walk, one, segments, value, required),
            }
        }
        several.extend(made);
        return;
    }
    if let Some(items) = schema.get_mut("items") {
        // One item may be another now; a `*` reaches all of them.
        let all = *first == Segment::Each;
        put(walk, items, rest, value, required && all);
        return;
    }
    let Segment::Name(name) = first else { return };
    let is_object = schema.get("properties").is_some() || is_type(schema, "object");
    let Some(map) = schema.as_object_mut().filter(|_| is_object) else { return };
    let known = map.get("properties").and_then(|p| p.get(&**name)).cloned();
    match (known, rest.is_empty()) {
        (Some(known), true) => {
            let must = is_required(map, name) || required;
            put_member(map, name, if required { value.clone() } else { super::either(known, value.clone()) }, must);
        }
        (None, true) => put_member(map, name, value.clone(), required),
        // Nothing is made on the way to the items of a list.
        (Some(mut known), false) if rest.contains(&Segment::Each) => {
            put(walk, &mut known, rest, value, required);
            if let Some(Value::Object(properties)) = map.get_mut("properties") {
                properties.insert(name.to_string(), known);
            }
        }
        (None, false) if rest.contains(&Segment::Each) => {}
        (Some(mut known), false) => {
            let must = is_required(map, name);
            if !must {
                // An object that is made on the way has nothing but this.
                each_parent(walk, &mut known, &[], &mut relax);
            }
            put(walk, &mut known, rest, value, required && must);
            put_member(map, name, known, must || required);
        }
        (None, false) => {
            let mut made = json!({ "type": "object", "properties": {}, "additionalProperties": false });
            put(walk, &mut made, rest, value, required);
            put_member(map, name, made, required);
        }
    }
}

/// Makes a choice of a schema that takes null too.
fn part_null(schema: &mut Value) {
    let Some(Value::Array(types)) = schema.get_mut("type") else { return };
    let before = types.len();
    types.retain(|t| t != "null");
    if types.len() == before {
        return;
    }
    let only = if let [only] = types.as_slice() { Some(only.clone()) } else { None };
    if let (Some(only), Some(type_)) = (only, schema.get_mut("type")) {
        *type_ = only;
    }
    *schema = json!({ "anyOf": [schema.take(), { "type": "null" }] });
}

/// Nothing must be there.
fn relax(map: &mut Map<String, Value>) {
    for key in ["required", "dependentRequired", "allOf"] {
        map.remove(key);
    }
}

/// Keeps what the pointers name, and what is on the way to it. `open`: beside them anything may stand, which goes.
pub(crate) fn keep(walk: &mut Walk<'_>, schema: &mut Value, pointers: &[&[Segment]], open: bool) {
    if pointers.iter().any(|p| p.is_empty()) {
        return;
    }
    super::look::open(walk, schema);
    if let Some(several) = loose_choice(schema) {
        several.iter_mut().for_each(|one| keep(walk, one, pointers, open));
        return;
    }
    let below = |fits: &dyn Fn(&Segment) -> bool| -> Vec<&[Segment]> {
        pointers.iter().filter_map(|p| p.split_first().filter(|(first, _)| fits(first)).map(|(_, rest)| rest)).collect()
    };
    if let Some(items) = schema.get_mut("items") {
        keep(walk, items, &below(&|_| true), open);
        return;
    }
    let Some(map) = schema.as_object_mut().filter(|map| map.contains_key("properties")) else { return };
    let names: Vec<String> = map.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::keys).cloned().collect();
    for name in names {
        let rest = below(&|s| matches!(s, Segment::Name(n) if **n == *name));
        if rest.is_empty() {
            take_member(map, &name);
        } else if let Some(member) = map.get_mut("properties").and_then(|p| p.get_mut(&name)) {
            keep(walk, member, &rest, open);
        }
    }
    for pointer in pointers {
        if let Some(Segment::Name(name)) = pointer.first()
            && let Some(Value::Object(properties)) = map.get_mut("properties")
            && !properties.contains_key(&**name)
        {
            properties.insert(name.to_string(), json!({}));
        }
    }
    map.insert("additionalProperties".into(), if open { json!({}) } else { json!(false) });
}

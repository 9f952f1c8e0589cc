//! Two shapes that become one: where branches meet.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::is_any;

/// A choice of more is anything.
const MAX_ALTERNATIVES: usize = 16;

/// What fits either: of two objects one, whose members must be there where they must in both; else a choice.
pub(crate) fn either(a: Value, b: Value) -> Value {
    if a == b || is_any(&a) {
        return a;
    }
    if is_any(&b) {
        return b;
    }
    match (objects(&a), objects(&b)) {
        (true, true) => merged(a, b),
        _ => choice(a, b),
    }
}

/// What fits any of these; `None` where nothing does.
pub(crate) fn of_all(shapes: impl IntoIterator<Item = Option<Value>>) -> Option<Value> {
    shapes.into_iter().flatten().reduce(either)
}

/// Is it said by its members?
fn objects(schema: &Value) -> bool {
    let plain = ["$ref", "oneOf", "anyOf", "patternProperties"].iter().all(|k| schema.get(*k).is_none());
    plain && schema.get("type").is_some_and(|t| t == "object") && schema.get("properties").is_some()
}

fn choice(a: Value, b: Value) -> Value {
    let alternatives = |schema: Value| match schema {
        Value::Object(mut map) if map.len() == 1 && map.contains_key("anyOf") => match map.remove("anyOf") {
            Some(Value::Array(all)) => all,
            _ => Vec::new(),
        },
        other => vec![other],
    };
    let mut all = alternatives(a);
    for one in alternatives(b) {
        if !all.contains(&one) {
            all.push(one);
        }
    }
    if all.len() > MAX_ALTERNATIVES { json!({}) } else { json!({ "anyOf": all }) }
}

fn merged(a: Value, b: Value) -> Value {
    let (Value::Object(mut a), Value::Object(mut b)) = (a, b) else { return json!({}) };
    let others = properties(&mut b);
    let [in_a, in_b] = [&a, &b].map(required);
    let (a_is_open, b_is_open) = (is_open(&a), is_open(&b));
    let mut all = Map::new();
    let mut must = Vec::new();
    for (name, schema) in properties(&mut a) {
        if in_a.contains(name.as_str()) && in_b.contains(name.as_str()) {
            must.push(json!(name));
        }
        let schema = match others.get(&name) {
            Some(other) if *other == schema => schema,
            Some(other) => either(schema, other.clone()),
            // Where the other takes anything, its own may be anything too.
            None if b_is_open => json!({}),
            None => schema,
        };
        all.insert(name, schema);
    }
    for (name, schema) in others {
        all.entry(name).or_insert(if a_is_open { json!({}) } else { schema });
    }
    let rest = if a_is_open || b_is_open { json!({}) } else { json!(false) };
    // A rule of both holds of either.
    let rules: Vec<Value> = rules(&a).into_iter().filter(|r| rules(&b).contains(r)).collect();
    let dependent = a.get("dependentRequired").filter(|d| Some(*d) == b.get("dependentRequired")).cloned();
    let mut whole = Map::new();
    whole.insert("type".into(), json!("object"));
    if let Some(text) = a.get("description").filter(|d| Some(*d) == b.get("description")) {
        whole.insert("description".into(), text.clone());
    }
    whole.insert("properties".into(), Value::Object(all));
    if !must.is_empty() {
        whole.insert("required".into(), Value::Array(must));
    }
    whole.extend(dependent.map(|d| ("dependentRequired".to_owned(), d)));
    if !rules.is_empty() {
        whole.insert("allOf".into(), Value::Array(rules));
    }
    whole.insert("additionalProperties".into(), rest);
    Value::Object(whole)
}

fn required(map: &Map<String, Value>) -> HashSet<String> {
    let names = map.get("required").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn properties(map: &mut Map<String, Value>) -> Map<String, Value> {
    match map.remove("properties") {
        Some(Value::Object(properties)) => properties,
        _ => Map::new(),
    }
}

fn rules(map: &Map<String, Value>) -> Vec<Value> {
    map.get("allOf").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn is_open(map: &Map<String, Value>) -> bool {
    map.get("additionalProperties") != Some(&Value::Bool(false))
}

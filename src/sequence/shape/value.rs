//! Values that stand in a sequence file, and schemas.

use serde_json::{Value, json};

use super::Walk;
use super::look::alternatives;
use crate::sequence::tree::Tree;

/// May the value stand there? Only what a schema refuses for sure is refused; formats are not looked at.
pub(crate) fn accepts(walk: &mut Walk<'_>, schema: &Value, value: &Value) -> bool {
    if value.is_null() {
        return is_nullable(walk, schema);
    }
    let all = alternatives(walk, schema);
    all.iter().any(|one| fits(walk, one, value))
}

/// May null stand there? A schema of alternatives says it beside them.
fn is_nullable(walk: &mut Walk<'_>, schema: &Value) -> bool {
    match schema {
        Value::Object(map) => {
            if map.get("type").is_some_and(|t| t == "null") {
                return true;
            }
            let several = map.get("oneOf").or(map.get("anyOf")).and_then(Value::as_array);
            if let Some(several) = several {
                return several.clone().iter().any(|one| is_nullable(walk, one));
            }
            if map.contains_key("$ref") {
                return alternatives(walk, schema).iter().any(|one| fits(walk, one, &Value::Null));
            }
            fits(walk, schema, &Value::Null)
        }
        _ => true,
    }
}

fn fits(walk: &mut Walk<'_>, schema: &Value, value: &Value) -> bool {
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|t| is_of(value, t)) {
        return false;
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array)
        && !values.iter().any(|v| equal(v, value))
    {
        return false;
    }
    match value {
        Value::Number(number) => {
            let number = number.as_f64();
            let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
            let below = bound("minimum").zip(number).is_some_and(|(least, n)| n < least);
            let above = bound("maximum").zip(number).is_some_and(|(most, n)| n > most);
            !below && !above
        }
        Value::String(text) => {
            let count = |key: &str| schema.get(key).and_then(Value::as_u64);
            let length = text.chars().count() as u64;
            let pattern = schema.get("pattern").and_then(Value::as_str).and_then(|p| regex::Regex::new(p).ok());
            count("minLength").is_none_or(|n| length >= n)
                && count("maxLength").is_none_or(|n| length <= n)
                && pattern.is_none_or(|p| p.is_match(text))
        }
        Value::Array(items) => {
            let Some(schema) = schema.get("items") else { return true };
            items.iter().all(|item| accepts(walk, schema, item))
        }
        Value::Object(members) => {
            let Some(Value::Object(properties)) = schema.get("properties") else { return true };
            let required = schema.get("required").and_then(Value::as_array);
            let has_all = required.is_none_or(|r| r.iter().filter_map(Value::as_str).all(|name| members.contains_key(name)));
            let closed = schema.get("additionalProperties") == Some(&Value::Bool(false)) && schema.get("patternProperties").is_none();
            has_all
                && members.iter().all(|(name, member)| match properties.get(name) {
                    Some(schema) => accepts(walk, schema, member),
                    None => !closed,
                })
        }
        Value::Null | Value::Bool(_) => true,
    }
}

fn is_of(value: &Value, type_: &str) -> bool {
    match (value, type_) {
        (Value::Null, "null")
        | (Value::Bool(_), "boolean")
        | (Value::Number(_), "number")
        | (Value::String(_), "string")
        | (Value::Array(_), "array")
        | (Value::Object(_), "object") => true,
        (Value::Number(number), "integer") => number.as_f64().is_none_or(|n| n.fract() == 0.0),
        _ => false,
    }
}

/// Numbers are equal by value.
fn equal(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| a.to_bits() == b.to_bits())
}

/// What would fit, in words.
pub(crate) fn in_words(walk: &mut Walk<'_>, schema: &Value) -> String {
    /// Values of an enumeration that are said.
    const SAID: usize = 8;
    let mut said: Vec<String> = Vec::new();
    for one in alternatives(walk, schema) {
        let word = match (one.get("enum").and_then(Value::as_array), one.get("type")) {
            (Some(values), _) => {
                let mut list: Vec<String> = values.iter().take(SAID).map(Value::to_string).collect();
                if values.len() > SAID {
                    list.push(String::from("…"));
                }
                format!("one of {}", list.join(", "))
            }
            (None, Some(Value::String(name))) => word(name).to_owned(),
            (None, Some(Value::Array(names))) => names.iter().filter_map(Value::as_str).map(word).collect::<Vec<_>>().join(" or "),
            (None, _) => String::from("any value"),
        };
        if !said.contains(&word) {
            said.push(word);
        }
    }
    said.join(" or ")
}

fn word(type_: &str) -> &str {
    match type_ {
        "string" => "a text",
        "number" => "a number",
        "integer" => "a whole number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "an object",
        other => other,
    }
}

/// The schema of this value and no other; an object's members may be fewer, where `fixed` says that some are left out at times.
pub(crate) fn of_tree(tree: &Tree) -> Value {
    match tree {
        Tree::Null => json!({ "type": "null" }),
        Tree::Bool(value) => json!({ "type": "boolean", "enum": [value] }),
        Tree::Number(text) => match serde_json::from_str::<Value>(text) {
            Ok(number) => json!({ "type": "number", "enum": [number] }),
            Err(_) => json!({ "type": "number" }),
        },
        Tree::Text(text) => json!({ "type": "string", "enum": [text] }),
        Tree::List(items) => match items.iter().map(of_tree).reduce(super::either) {
            Some(items) => json!({ "type": "array", "items": items }),
            None => json!({ "type": "array", "maxItems": 0 }),
        },
        Tree::Object(members) => {
            let properties: serde_json::Map<_, _> = members.iter().map(|(name, v)| (name.to_string(), of_tree(v))).collect();
            let required: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
            json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
        }
    }
}

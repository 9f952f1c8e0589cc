//! OpenAPI 3.1 → 3.0: what JSON Schema 2020-12 says is said in 3.0's words, or more loosely where it has none.

use serde_json::{Map, Value, json};

/// Rewrites a whole document of ours.
pub(super) fn convert(document: &mut Value) {
    document["openapi"] = json!("3.0.3");
    super::security::older(document);
    each(document, "/components/schemas", schema);
    each(document, "/components/headers", in_schema);
    each(document, "/components/responses", response);
    each(document, "/paths", |path| each(path, "", operation));
}

/// What stands in the object or array at a JSON pointer.
fn each(holder: &mut Value, pointer: &str, mut convert: impl FnMut(&mut Value)) {
    match holder.pointer_mut(pointer) {
        Some(Value::Object(map)) => map.values_mut().for_each(&mut convert),
        Some(Value::Array(list)) => list.iter_mut().for_each(&mut convert),
        _ => {}
    }
}

fn operation(operation: &mut Value) {
    each(operation, "/parameters", in_schema);
    each(operation, "/requestBody/content", in_schema);
    each(operation, "/responses", response);
}

fn response(response: &mut Value) {
    each(response, "/content", in_schema);
}

fn in_schema(holder: &mut Value) {
    if let Some(inner) = holder.get_mut("schema") {
        schema(inner);
    }
}

fn schema(value: &mut Value) {
    if let Value::Object(map) = value {
        nullable_choice(map);
    }
    for within in ["/properties", "/allOf", "/anyOf", "/oneOf"] {
        each(value, within, schema);
    }
    let Value::Object(map) = value else { return };
    for keyword in ["items", "not", "additionalProperties"] {
        map.get_mut(keyword).into_iter().for_each(schema);
    }
    if let Some(value) = map.remove("const") {
        map.insert("enum".into(), json!([value]));
    }
    types(map);
    if let Some(Value::Object(dependent)) = map.remove("dependentRequired") {
        for (key, needs) in dependent {
            also(map, json!({ "anyOf": [{ "not": { "required": [key] } }, { "required": needs }] }));
        }
    }
    if map.remove("patternProperties").is_some() {
        map.insert("additionalProperties".into(), json!(true));
    }
    let media_type = map.remove("contentMediaType");
    if map.remove("contentEncoding").is_some_and(|e| e == "base64") {
        map.insert("format".into(), json!("byte"));
    } else if media_type.is_some() {
        map.insert("format".into(), json!("binary"));
    }
    bound(map, "exclusiveMinimum", "minimum");
    bound(map, "exclusiveMaximum", "maximum");
    if map.len() > 1
        && let Some(target) = map.remove("$ref")
    {
        also(map, json!({ "$ref": target }));
    }
}

/// In 3.0 null is a flag of a type; this is the schema of nothing but null.
fn only_null() -> Value {
    json!({ "type": "string", "nullable": true, "enum": [null] })
}

/// `oneOf` with null as a branch.
fn nullable_choice(map: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = map.get_mut("oneOf") else { return };
    for branch in branches.iter_mut().filter(|b| **b == json!({ "type": "null" })) {
        *branch = only_null();
    }
}

/// Several types, null among them or not.
fn types(map: &mut Map<String, Value>) {
    let Some(Value::Array(types)) = map.get("type").cloned() else { return };
    map.remove("type");
    let null = json!("null");
    let (nulls, others): (Vec<_>, Vec<_>) = types.into_iter().partition(|t| *t == null);
    if let [one] = others.as_slice() {
        map.insert("type".into(), one.clone());
        if !nulls.is_empty() {
            map.insert("nullable".into(), json!(true));
        }
        return;
    }
    let mut branches: Vec<_> = others.into_iter().map(|t| json!({ "type": t })).collect();
    branches.extend(nulls.iter().map(|_| only_null()));
    also(map, json!({ "anyOf": branches }));
}

/// In 3.0 an exclusive bound is a bound with a flag.
fn bound(map: &mut Map<String, Value>, exclusive: &str, inclusive: &str) {
    if let Some(value) = map.remove(exclusive) {
        map.insert(inclusive.into(), value);
        map.insert(exclusive.into(), json!(true));
    }
}

/// One more thing that must hold.
fn also(map: &mut Map<String, Value>, rule: Value) {
    if let Value::Array(all) = map.entry("allOf").or_insert_with(|| json!([])) {
        all.push(rule);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(mut value: Value) -> Value {
        schema(&mut value);
        value
    }

    #[test]
    fn null_becomes_a_flag() {
        assert_eq!(
            converted(json!({ "type": ["string", "null"], "maxLength": 3 })),
            json!({ "type": "string", "maxLength": 3, "nullable": true })
        );
        assert_eq!(
            converted(json!({ "oneOf": [{ "$ref": "#/a" }, { "type": "null" }], "description": "x" })),
            json!({ "oneOf": [{ "$ref": "#/a" }, { "type": "string", "nullable": true, "enum": [null] }], "description": "x" })
        );
    }

    #[test]
    fn a_reference_stands_alone() {
        assert_eq!(converted(json!({ "$ref": "#/a", "description": "x" })), json!({ "description": "x", "allOf": [{ "$ref": "#/a" }] }));
        assert_eq!(converted(json!({ "$ref": "#/a" })), json!({ "$ref": "#/a" }));
    }

    #[test]
    fn newer_keywords_are_said_in_older_ones() {
        assert_eq!(converted(json!({ "const": 1 })), json!({ "enum": [1] }));
        assert_eq!(converted(json!({ "exclusiveMinimum": 0 })), json!({ "minimum": 0, "exclusiveMinimum": true }));
        assert_eq!(converted(json!({ "type": "string", "contentEncoding": "base64" })), json!({ "type": "string", "format": "byte" }));
        assert_eq!(
            converted(json!({ "type": ["number", "string"] })),
            json!({ "allOf": [{ "anyOf": [{ "type": "number" }, { "type": "string" }] }] })
        );
        assert_eq!(
            converted(json!({ "dependentRequired": { "a": ["b"] } })),
            json!({ "allOf": [{ "anyOf": [{ "not": { "required": ["a"] } }, { "required": ["b"] }] }] })
        );
    }

    #[test]
    fn a_property_called_like_a_keyword_is_a_property() {
        let value = json!({ "properties": { "const": { "type": "string" }, "type": { "type": ["string", "null"] } } });
        assert_eq!(
            converted(value),
            json!({ "properties": { "const": { "type": "string" }, "type": { "type": "string", "nullable": true } } })
        );
    }
}

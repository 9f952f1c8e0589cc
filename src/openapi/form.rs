//! `multipart/form-data` beside JSON for operations that take binary values, and attachments that are given by reference.

use serde_json::{Map, Value, json};

use crate::plan::Program;
use crate::plan::node::MessagePlan;

/// The form of a request; `None` where it takes no files. `json` is the schema of the JSON body.
pub(super) fn content(program: &Program, message: &MessagePlan, json: &Value) -> Option<Value> {
    let places = program.file_places(message);
    if places.is_empty() {
        return None;
    }
    let (mut properties, mut encoding) = (Map::new(), Map::new());
    for place in &places {
        let name = field(&place.pointer);
        let types = if place.types.is_empty() { String::from("application/octet-stream") } else { place.types.join(", ") };
        let file = json!({ "type": "string", "contentMediaType": "application/octet-stream" });
        let schema = if place.array { json!({ "type": "array", "items": file }) } else { file };
        properties.insert(name.clone(), schema);
        encoding.insert(name, json!({ "contentType": types }));
    }
    let mut body = json.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("required");
    }
    properties.insert("$body".into(), body);
    encoding.insert("$body".into(), json!({ "contentType": "application/json" }));
    Some(json!({
        "schema": {
            "type": "object",
            "description": "The same request with its binary values as files. A field is named like a property, or by a JSON pointer; \
                            `$body` is the JSON object that the other fields are put into.",
            "properties": properties,
            "additionalProperties": true,
        },
        "encoding": encoding,
    }))
}

/// The name of a form's field: the property's, where it stands at the top.
fn field(pointer: &str) -> String {
    let below = pointer.strip_prefix("/$attachments/").or_else(|| pointer.strip_prefix('/')).unwrap_or(pointer);
    if below.contains('/') { pointer.to_owned() } else { below.replace("~1", "/").replace("~0", "~") }
}

/// Lets every base64 value of a document's replies be a reference too (`attachments: url`).
pub(super) fn refer(document: &mut Value) {
    let Some(schemas) = document.pointer_mut("/components/schemas").and_then(Value::as_object_mut) else { return };
    let free = |name: &String| !schemas.keys().any(|k| k.eq_ignore_ascii_case(name));
    let names = (1..).map(|n| if n == 1 { String::from("Attachment") } else { format!("Attachment_{n}") });
    let Some(name) = names.into_iter().find(free) else { return };
    let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
    schemas.values_mut().for_each(|s| widen(s, &reference));
    schemas.insert(name, schema());
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else { return };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        if let Some(responses) = operation.get_mut("responses") {
            widen(responses, &reference);
        }
    }
}

fn widen(value: &mut Value, reference: &Value) {
    match value {
        Value::Object(members) if members.get("contentEncoding").is_some_and(|e| e == "base64") => {
            let inline = Value::Object(std::mem::take(members));
            members.insert("oneOf".into(), json!([inline, reference]));
        }
        Value::Object(members) => {
            // Attributes cannot be attachments, and examples are no schemas.
            members.iter_mut().filter(|(k, _)| !k.starts_with('@') && *k != "example").for_each(|(_, v)| widen(v, reference));
        }
        Value::Array(items) => items.iter_mut().for_each(|i| widen(i, reference)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// `{"$url": …, "$contentType": …, "$size": …}`
fn schema() -> Value {
    json!({
        "type": "object",
        "description": "A large attachment of a reply: its bytes are fetched from this address, for five minutes.",
        "readOnly": true,
        "properties": {
            "$url": { "type": "string", "format": "uri" },
            "$contentType": { "type": "string", "description": "Its media type as the service says; empty where it does not." },
            "$size": { "type": "integer", "minimum": 0, "description": "Its bytes." },
        },
        "required": ["$url", "$contentType", "$size"],
        "additionalProperties": false,
    })
}

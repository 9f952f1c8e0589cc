//! Components that nothing refers to: those of messages that a sequence writes anew.

use std::collections::HashSet;

use serde_json::Value;

const SCHEMAS: &str = "#/components/schemas/";

/// Leaves out the schemas that neither paths nor responses lead to.
pub(super) fn prune(document: &mut Value) {
    let mut found: HashSet<String> = HashSet::new();
    let mut todo: Vec<String> = Vec::new();
    for root in ["/paths", "/components/responses", "/components/headers"] {
        if let Some(value) = document.pointer(root) {
            collect(value, &mut todo);
        }
    }
    let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") else { return };
    while let Some(name) = todo.pop() {
        if found.contains(&name) {
            continue;
        }
        if let Some(schema) = schemas.get(&name) {
            collect(schema, &mut todo);
        }
        found.insert(name);
    }
    schemas.retain(|name, _| found.contains(name));
}

/// The names of the schemas that a value refers to: by `$ref`, and in the mapping of a discriminator.
fn collect(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::String(text) => names.extend(text.strip_prefix(SCHEMAS).map(str::to_owned)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(members) => members.values().for_each(|member| collect(member, names)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

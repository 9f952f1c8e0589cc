//! The calls that an OpenAPI document shows, with its own examples.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// A call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// The operation's id.
    pub(super) name: String,
    /// In capital letters.
    pub(super) method: String,
    /// Below the API's base address, parameters filled in.
    pub(super) path: String,
    /// Parameters, as they are.
    pub(super) query: Vec<(String, String)>,
    /// Header fields, as they are.
    pub(super) fields: Vec<(String, String)>,
    /// JSON.
    pub(super) body: Option<String>,
}

impl Call {
    /// Path and query, escaped.
    pub(super) fn target(&self) -> String {
        let pairs: Vec<String> = self.query.iter().map(|(name, value)| format!("{}={}", escaped(name), escaped(value))).collect();
        if pairs.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, pairs.join("&")) }
    }
}

/// The calls of all operations, in the document's order. Parameters that may be left out are, where there is no example of them.
pub(super) fn calls(document: &Value) -> Vec<Call> {
    let paths = document["paths"].as_object();
    let operations = paths.into_iter().flatten().flat_map(|(path, item)| {
        let methods = ["get", "post", "put", "patch", "delete"].into_iter();
        methods.filter_map(move |method| Some((path, method, item, item.get(method)?)))
    });
    operations.map(|(path, method, item, operation)| call(document, path, method, item, operation)).collect()
}

fn call(document: &Value, path: &str, method: &str, item: &Value, operation: &Value) -> Call {
    let mut call = Call {
        name: operation["operationId"].as_str().unwrap_or(path).to_owned(),
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        query: Vec::new(),
        fields: Vec::new(),
        body: None,
    };
    let lists = [&item["parameters"], &operation["parameters"]];
    for parameter in lists.into_iter().filter_map(Value::as_array).flatten() {
        let parameter = meant(document, parameter);
        let Some(name) = parameter["name"].as_str() else { continue };
        let example = example(parameter).or_else(|| example(meant(document, &parameter["schema"])));
        let value = match (example, parameter["required"].as_bool()) {
            (Some(Value::String(text)), _) => text.clone(),
            (Some(other), _) => other.to_string(),
            (None, Some(true)) => "1".to_owned(),
            (None, _) => continue,
        };
        match parameter["in"].as_str() {
            Some("path") => call.path = call.path.replace(&format!("{{{name}}}"), &escaped(&value)),
            Some("query") => call.query.push((name.to_owned(), value)),
            Some("header") => call.fields.push((name.to_owned(), value)),
            _ => {}
        }
    }
    let body = meant(document, &operation["requestBody"]);
    if let Some(json) = body.pointer("/content/application~1json").filter(|json| json.is_object()) {
        call.fields.push(("Content-Type".to_owned(), "application/json".to_owned()));
        call.body = Some(example(json).map_or_else(|| "{}".to_owned(), Value::to_string));
    }
    call
}

/// The example that stands at a place.
fn example(at: &Value) -> Option<&Value> {
    let named = || at.get("examples").and_then(Value::as_object)?.values().next()?.get("value");
    let listed = || at.get("examples").and_then(Value::as_array)?.first();
    at.get("example").or_else(named).or_else(listed)
}

/// What a reference means.
fn meant<'d>(document: &'d Value, at: &'d Value) -> &'d Value {
    let pointer = at.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix('#'));
    pointer.and_then(|p| document.pointer(p)).unwrap_or(at)
}

fn escaped(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_are_filled_in_where_they_belong() {
        let document = json!({
            "paths": { "/c/{code}": {
                "parameters": [{ "name": "code", "in": "path", "required": true, "schema": { "$ref": "#/components/schemas/Code" } }],
                "get": { "operationId": "Get", "parameters": [
                    { "name": "lang", "in": "query", "example": "a b" },
                    { "name": "page", "in": "query" },
                    { "name": "n", "in": "query", "required": true },
                ] },
                "post": { "operationId": "Set", "requestBody": { "content": { "application/json": { "example": { "a": 1 } } } } },
            } },
            "components": { "schemas": { "Code": { "examples": ["L/K"] } } },
        });
        let calls = calls(&document);
        assert_eq!(calls[0].target(), "/c/L%2FK?lang=a%20b&n=1");
        assert_eq!((calls[0].body.as_deref(), calls[1].body.as_deref()), (None, Some("{\"a\":1}")));
        assert_eq!((calls[1].name.as_str(), calls[1].path.as_str()), ("Set", "/c/L%2FK"));
    }
}

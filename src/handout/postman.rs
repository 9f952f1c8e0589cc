//! A Postman collection.

use serde_json::{Value, json};

use super::Handout;
use super::calls::Call;

/// The collection, format v2.1.
pub(super) fn collection(api: &Handout) -> Value {
    let items: Vec<Value> = api
        .calls
        .iter()
        .map(|call| {
            let mut request = json!({
                "method": call.method,
                "header": call.fields.iter().map(|(name, value)| json!({ "key": name, "value": value })).collect::<Vec<_>>(),
                "url": url(call),
            });
            if let Some(body) = &call.body {
                let options = json!({ "raw": { "language": "json" } });
                put(&mut request, "body", json!({ "mode": "raw", "raw": body, "options": options }));
            }
            json!({ "name": call.name, "request": request })
        })
        .collect();
    let mut variables = vec![json!({ "key": "base", "value": api.base })];
    let mut document = json!({
        "info": { "name": api.title, "schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json" },
        "item": items,
    });
    if api.asks_for_a_key {
        variables.push(json!({ "key": "key", "value": "" }));
        let member = |key: &str, value: &str| json!({ "key": key, "value": value, "type": "string" });
        let members = [member("key", "apikey"), member("value", "{{key}}"), member("in", "header")];
        put(&mut document, "auth", json!({ "type": "apikey", "apikey": members }));
    }
    put(&mut document, "variable", variables.into());
    document
}

/// Gives an object a member.
fn put(object: &mut Value, name: &str, value: Value) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value);
    }
}

/// A request's address below the variable.
fn url(call: &Call) -> Value {
    let segments: Vec<&str> = call.path.trim_start_matches('/').split('/').collect();
    let mut url = json!({ "raw": format!("{{{{base}}}}{}", call.target()), "host": ["{{base}}"], "path": segments });
    if !call.query.is_empty() {
        put(&mut url, "query", call.query.iter().map(|(name, value)| json!({ "key": name, "value": value })).collect());
    }
    url
}

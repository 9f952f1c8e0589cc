//! `castile postman` and `castile jmeter`: calls of an API for the tools of others, with the examples of its OpenAPI document.

mod calls;
mod jmx;

use serde_json::{Value, json};

use self::calls::{Call, calls};
use super::args::Global;
use super::{Exit, Outcome, Screen, documents, samples, target};
use crate::catalog::{OpenApiVersion, PublishedApi};

/// What is described.
#[derive(Debug, clap::Args)]
pub(super) struct Plan {
    /// The name of an API, or a WSDL
    #[arg(value_name = "API|WSDL")]
    target: String,
}

/// What JMeter does.
#[derive(Debug, clap::Args)]
pub(super) struct Jmeter {
    #[command(flatten)]
    plan: Plan,
    /// The resource, by its operation's name [default: the first]
    #[arg(long, value_name = "OP")]
    operation: Option<String>,
    /// How many calls, one after the other
    #[arg(long, value_name = "N", default_value_t = 21, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    calls: u32,
}

/// An API's name, whether it asks for a key, its base address, and its calls.
struct Described {
    title: String,
    asks_for_a_key: bool,
    base: String,
    calls: Vec<Call>,
}

fn described(screen: &Screen, global: &Global, plan: &Plan) -> Outcome<Described> {
    let api: std::sync::Arc<PublishedApi> = target::api(screen, global, &plan.target)?;
    let public_url = documents::public_url(screen, global)?;
    let document: Value = api
        .openapi(OpenApiVersion::V31, &public_url)
        .map_err(|e| e.to_string())
        .and_then(|bytes| serde_json::from_slice(&bytes).map_err(|e| e.to_string()))
        .map_err(|e| {
            screen.error(&e);
            Exit::Problem
        })?;
    Ok(Described {
        title: format!("{} {}", api.definition.api.name, api.definition.api.version),
        asks_for_a_key: samples::asks_for_a_key(&api),
        base: format!("{public_url}{}", api.base_path),
        calls: calls(&document),
    })
}

/// Prints a Postman collection.
pub(super) fn postman(screen: &Screen, global: &Global, plan: &Plan) -> Outcome {
    let api = described(screen, global, plan)?;
    Ok(screen.answer(collection(&api).to_string().as_bytes()))
}

/// The collection, format v2.1: address and key are its variables.
fn collection(api: &Described) -> Value {
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

/// Prints a JMeter plan.
pub(super) fn jmeter(screen: &Screen, global: &Global, args: &Jmeter) -> Outcome {
    let api = described(screen, global, &args.plan)?;
    let wanted = |call: &&Call| args.operation.as_deref().is_none_or(|name| call.name == name);
    let Some(call) = api.calls.iter().find(wanted) else {
        let names = api.calls.iter().map(|c| c.name.as_str());
        let near = args.operation.as_deref().and_then(|name| crate::diagnostic::nearest(name, names));
        let hint = near.map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
        return Err(screen.usage(&format!("there is no such resource{hint}")));
    };
    let base = api.base.parse::<url::Url>().map_err(|e| screen.usage(&format!("the gateway's address cannot be read: {e}")))?;
    Ok(screen.answer(jmx::plan(&api.title, &base, api.asks_for_a_key, call, args.calls).as_bytes()))
}

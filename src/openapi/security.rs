//! What callers must show → `securitySchemes`, and the alternatives of each operation.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::Input;

/// What a resource asks of its callers, in the words of the definition.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Words of schemes of which one is enough ([`crate::api::SECURITY`]); empty or `none`: nothing is asked.
    pub schemes: Vec<&'static str>,
    /// Scopes of which one is enough; empty: none is asked for.
    pub scopes: Vec<Arc<str>>,
    /// Scopes that steps ask of every call, beside those: all of them are needed.
    pub also: Vec<Arc<str>>,
    /// The kind of token ([`crate::api::TOKENS`]); `None`: either.
    pub token: Option<&'static str>,
}

/// Schemes whose callers have scopes.
const SCOPED: [&str; 2] = ["oauth2", "jwt"];

impl Asked {
    /// The schemes that can let somebody in: where a scope is asked for, those whose callers have some.
    fn useful(&self) -> Vec<&'static str> {
        let open = self.schemes.contains(&"none");
        let schemes = || self.schemes.iter().copied().filter(|_| !open);
        let scoped: Vec<_> = schemes().filter(|s| SCOPED.contains(s)).collect();
        if !self.has_scopes() || scoped.is_empty() { schemes().collect() } else { scoped }
    }

    fn has_scopes(&self) -> bool {
        !self.scopes.is_empty() || !self.also.is_empty()
    }

    /// `security` of the operation: one alternative each; `None`: nothing is asked.
    pub(super) fn requirements(&self) -> Option<Value> {
        let mut alternatives = Vec::new();
        for scheme in self.useful() {
            if !SCOPED.contains(&scheme) || !self.has_scopes() {
                alternatives.push(json!({ scheme: [] }));
                continue;
            }
            if self.scopes.is_empty() {
                alternatives.push(json!({ scheme: self.also }));
                continue;
            }
            // One scope is enough, and a list means all of them: what steps ask for stands in each.
            alternatives.extend(self.scopes.iter().map(|scope| {
                let also = self.also.iter().filter(|other| *other != scope);
                json!({ scheme: std::iter::once(scope).chain(also).collect::<Vec<_>>() })
            }));
        }
        (!alternatives.is_empty()).then_some(Value::Array(alternatives))
    }
}

/// `components.securitySchemes`: those that an operation names.
pub(super) fn schemes(input: &Input<'_>) -> Map<String, Value> {
    let mut made = Map::new();
    let used: BTreeSet<&str> = input.resources.iter().flat_map(|r| r.asked.useful()).collect();
    for scheme in used {
        let value = match scheme {
            "api_key" => json!({ "type": "apiKey", "in": "header", "name": "apikey", "description": "A key of an application." }),
            "oauth2" => oauth2(input),
            "jwt" => {
                json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "A token of an issuer that the gateway trusts." })
            }
            "basic" => json!({ "type": "http", "scheme": "basic", "description": "Name and password of a user." }),
            "mtls" => json!({ "type": "mutualTLS", "description": "A client certificate of an application." }),
            _ => continue,
        };
        made.insert(scheme.to_owned(), value);
    }
    made
}

/// The flows that give tokens of the kinds that are asked for.
fn oauth2(input: &Input<'_>) -> Value {
    let asked = || input.resources.iter().map(|r| &r.asked).filter(|a| a.useful().contains(&"oauth2"));
    let scopes: BTreeSet<&str> = asked().flat_map(|a| a.scopes.iter().chain(&a.also).map(|s| &**s)).collect();
    let scopes: Map<String, Value> = scopes.into_iter().map(|s| (s.to_owned(), json!(""))).collect();
    let address = |endpoint: &str| format!("{}/oauth2/{endpoint}", input.issuer);
    let mut flows = Map::new();
    if asked().any(|a| a.token != Some("application_user")) {
        flows.insert("clientCredentials".into(), json!({ "tokenUrl": address("token"), "scopes": scopes }));
    }
    if input.log_in && asked().any(|a| a.token != Some("application")) {
        let (authorize, token) = (address("authorize"), address("token"));
        let flow = json!({ "authorizationUrl": authorize, "tokenUrl": token, "refreshUrl": token, "scopes": scopes });
        flows.insert("authorizationCode".into(), flow);
    }
    let description = "A token of this gateway.";
    if flows.is_empty() {
        // Users' tokens, and no page on which they could log in: how to get one is between them and the operator.
        return json!({ "type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": description });
    }
    json!({ "type": "oauth2", "flows": flows, "description": description })
}

/// 3.0 knows no mutual TLS, and no scopes beside OAuth 2.
pub(super) fn older(document: &mut Value) {
    let Some(Value::Object(schemes)) = document.pointer_mut("/components/securitySchemes") else { return };
    let is_plain = |s: &Value| s["type"] == "http";
    let bearers: Vec<String> = schemes.iter().filter(|(_, s)| is_plain(s)).map(|(name, _)| name.clone()).collect();
    let had_mtls = schemes.remove("mtls").is_some();
    let gone = schemes.is_empty();
    if gone && let Some(Value::Object(components)) = document.get_mut("components") {
        components.remove("securitySchemes");
    }
    let Some(Value::Object(paths)) = document.get_mut("paths") else { return };
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let Some(Value::Array(alternatives)) = operation.get_mut("security") else { continue };
        for name in &bearers {
            alternatives.iter_mut().filter_map(|a| a.get_mut(name)).for_each(|scopes| *scopes = json!([]));
        }
        let before = alternatives.len();
        alternatives.retain(|a| !had_mtls || a.get("mtls").is_none());
        alternatives.dedup();
        if alternatives.len() < before && alternatives.is_empty() {
            let text = "A client certificate is asked for, which OpenAPI 3.0 cannot say.";
            let said = operation.get("description").and_then(Value::as_str).map_or_else(|| text.to_owned(), |d| format!("{d}\n\n{text}"));
            super::set(operation, "description", json!(said));
        }
    }
}

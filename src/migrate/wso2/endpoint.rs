//! Where the service is, how long it may take, and how the gateway introduces itself there. Secrets are named, never copied.

use std::time::Duration;

use super::variable;
use crate::api::{ApiDefinition, Auth, BasicAuth, ClientCredentials, OAuth2Auth, SecretRef, SecretSource, is_http};
use crate::migrate::document::At;
use crate::migrate::findings::Findings;

/// The longest a call may take here.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Names of members whose values nobody is shown.
const SECRETS: [&str; 11] = [
    "password",
    "clientSecret",
    "client_secret",
    "endpointUTPassword",
    "apiKeyValue",
    "amznSecretKey",
    "amznAccessKey",
    "secret",
    "accessSecret",
    "proxyPassword",
    "token",
];

/// Carries them.
pub(super) fn carry(from: At<'_>, _: &str, definition: &mut ApiDefinition, findings: &mut Findings) {
    hide(from, findings);
    if let Some(at) = from.any(&["endpointConfig"]) {
        // Where it is a text, its secrets are somewhere in that text.
        let inner = at.inner(findings);
        if inner.as_ref().is_some_and(|document| has_secret(document.root())) {
            findings.hide(at.span());
        }
        let config = inner.as_ref().map_or(at, |document| document.root());
        addresses(config, definition, findings);
        if let Some(security) = config.get("endpoint_security") {
            let production = security.any(&["production", "Production"]).unwrap_or(security);
            secured(production, definition, findings);
            if let Some(sandbox) = security.get("sandbox").filter(|s| !s.is_empty()) {
                findings.lost(Some(sandbox.span()), "how the gateway introduces itself to the sandbox is not carried over");
            }
        }
        for (key, at) in config.entries() {
            let known = ["endpoint_type", "production_endpoints", "sandbox_endpoints", "endpoint_security"];
            if !known.contains(&key.as_str()) && !at.is_empty() {
                findings.lost(Some(at.span()), format!("`{}` of the endpoint is not carried over", key.escape_debug()));
            }
        }
    }
    older(from, definition, findings);
    if definition.endpoint.url.is_none() {
        let hint = "`endpoint: { url: … }` in api.yaml, where it is another one";
        findings.fill_in(None, "the archive has no address of the service: the WSDL's is called", hint);
    }
}

/// What a secret stands in is hidden, wherever in the definition.
fn hide(at: At<'_>, findings: &mut Findings) {
    for (key, value) in at.entries() {
        if SECRETS.iter().any(|s| s.eq_ignore_ascii_case(&key)) && value.text().is_some_and(|t| !t.is_empty()) {
            findings.hide(value.span());
        }
        hide(value, findings);
        for item in value.items().into_iter().filter(|item| !value.is_map() && item.is_map()) {
            hide(item, findings);
        }
    }
}

/// Does a secret stand somewhere in it?
fn has_secret(at: At<'_>) -> bool {
    let is_secret = |key: &str| SECRETS.iter().any(|s| s.eq_ignore_ascii_case(key));
    at.entries().into_iter().any(|(key, value)| (is_secret(&key) && !value.is_empty()) || has_secret(value))
        || (!at.is_map() && at.items().into_iter().filter(|item| item.is_map()).any(has_secret))
}

fn addresses(config: At<'_>, definition: &mut ApiDefinition, findings: &mut Findings) {
    if let Some(at) = config.get("endpoint_type") {
        let word = at.text().unwrap_or_default().to_ascii_lowercase();
        match word.as_str() {
            "http" | "address" | "" => {}
            "load_balance" | "failover" | "loadbalance" => {
                findings.lost_but(
                    Some(at.span()),
                    "one address is called: load is balanced, and failures are met, by what stands in front of the service",
                    "the first address is kept",
                );
            }
            _ => findings.lost(Some(at.span()), format!("endpoints of the type `{}` are not served", word.escape_debug())),
        }
    }
    if let Some(at) = config.get("production_endpoints") {
        let all: Vec<At<'_>> = at.items();
        let Some(first) = all.first() else { return };
        if let Some(url) = first.get("url") {
            url_of(url, definition, findings);
        }
        if let Some(config) = first.get("config") {
            let inner = config.inner(findings);
            times(inner.as_ref().map_or(config, |d| d.root()), definition, findings);
        }
        for other in all.iter().skip(1) {
            findings.lost(Some(other.span()), "another address of the service is not called");
        }
    }
    if let Some(at) = config.get("sandbox_endpoints").filter(|at| !at.is_empty()) {
        findings.lost_but(
            Some(at.span()),
            "an API has one endpoint: the sandbox is not carried over",
            "a second API, with another context and this address, stands for it",
        );
    }
}

fn url_of(at: At<'_>, definition: &mut ApiDefinition, findings: &mut Findings) {
    let text = at.text().unwrap_or_default();
    let mut url = text.clone();
    if let Some((before, query)) = text.split_once('?')
        && query.eq_ignore_ascii_case("wsdl")
    {
        before.clone_into(&mut url);
        findings.different(Some(at.span()), "the service is called without `?wsdl`, which is the address of its WSDL");
    }
    if url.contains(['{', '}']) || url == "default" {
        let hint = "`endpoint: { url: … }` in api.yaml; until then the WSDL's address is called";
        findings.fill_in(Some(at.span()), "an address that a sequence makes for each call is not carried over", hint);
        return;
    }
    if url.contains('@') && !is_http(&url) {
        findings.hide(at.span());
    }
    match is_http(&url) {
        true => definition.endpoint.url = Some(url),
        false => findings.fill_in(
            Some(at.span()),
            "this is no http(s) address without user and password",
            "`endpoint: { url: … }` in api.yaml, and `auth` for the password",
        ),
    }
}

/// `config` of an endpoint: milliseconds in texts.
fn times(config: At<'_>, definition: &mut ApiDefinition, findings: &mut Findings) {
    for (key, at) in config.entries() {
        let number = at.number();
        match key.as_str() {
            "actionDuration" => match number.map(Duration::from_millis).filter(|d| !d.is_zero() && *d <= LONGEST) {
                Some(time) => {
                    definition.endpoint.timeout = time;
                    definition.endpoint.first_byte_timeout = definition.endpoint.first_byte_timeout.min(time).max(time);
                }
                None if at.is_empty() => {}
                None => findings.lost(Some(at.span()), "this is no length of time of at most a day"),
            },
            "actionSelect" if at.text().is_some_and(|t| t == "fault") => {}
            _ if at.is_empty() => {}
            _ => {
                let text = format!(
                    "`{}` is not carried over: when a failing service is left alone says `limits.upstream.breaker`",
                    key.escape_debug()
                );
                findings.lost(Some(at.span()), text);
            }
        }
    }
}

/// How the gateway introduces itself, as newer archives say it.
fn secured(from: At<'_>, definition: &mut ApiDefinition, findings: &mut Findings) {
    if from.is_empty() || from.get("enabled").is_some_and(|at| !at.flag()) {
        return;
    }
    let kind = from.get("type").and_then(At::text).unwrap_or_default().to_ascii_uppercase();
    match kind.as_str() {
        "" | "NONE" => {}
        "BASIC" => basic(from, from.any(&["username", "user"]), definition, findings),
        "OAUTH" => oauth(from, definition, findings),
        _ => findings.lost_but(
            Some(from.span()),
            format!("how the gateway introduces itself (`{}`) is not carried over", kind.escape_debug()),
            "docs/upstream-security.md says what `endpoint.auth` has",
        ),
    }
}

fn basic(from: At<'_>, user: Option<At<'_>>, definition: &mut ApiDefinition, findings: &mut Findings) {
    let Some(user) = user.and_then(At::text).filter(|u| !u.is_empty() && !u.contains(':')) else {
        findings.lost(Some(from.span()), "HTTP Basic without a user's name is not carried over");
        return;
    };
    let name = variable(definition, "PASSWORD");
    findings.fill_in(
        Some(from.span()),
        "the password for the service is not copied",
        format!("set the environment variable {name} where `castile serve` runs"),
    );
    let basic = BasicAuth { user, password: secret(name) };
    definition.endpoint.auth = Some(Auth { basic: Some(basic), ..Auth::default() });
}

fn oauth(from: At<'_>, definition: &mut ApiDefinition, findings: &mut Findings) {
    let grant = from.get("grantType").and_then(At::text).unwrap_or_default().to_ascii_uppercase();
    let (url, client) = (from.text_of("tokenUrl"), from.any(&["clientId", "client_id"]).and_then(At::text));
    let (Some(token_url), Some(client_id)) = (url.filter(|u| is_http(u)), client.filter(|c| !c.is_empty())) else {
        findings.lost(Some(from.span()), "OAuth 2.0 without a token address and a client is not carried over");
        return;
    };
    if grant != "CLIENT_CREDENTIALS" && !grant.is_empty() {
        findings.lost_but(
            Some(from.span()),
            format!("the grant `{}` is not used towards services", grant.escape_debug()),
            "`client_credentials` is written instead; ask the service's owner for a client",
        );
    }
    let name = variable(definition, "CLIENT_SECRET");
    findings.fill_in(
        Some(from.span()),
        "the client's secret is not copied",
        format!("set the environment variable {name} where `castile serve` runs"),
    );
    if let Some(at) = from.get("customParameters").filter(|at| !at.is_empty()) {
        findings.lost(Some(at.span()), "further parameters of the token request are not carried over");
    }
    let oauth2 = OAuth2Auth {
        token_url,
        client_id,
        client_secret: secret(name),
        scope: from.text_of("scopes").or_else(|| from.text_of("scope")),
        audience: None,
        credentials: ClientCredentials::default(),
    };
    definition.endpoint.auth = Some(Auth { oauth2: Some(oauth2), ..Auth::default() });
}

/// How the gateway introduces itself, as older archives say it beside the endpoint.
fn older(from: At<'_>, definition: &mut ApiDefinition, findings: &mut Findings) {
    if from.get("endpointSecured").is_some_and(At::flag) {
        if from.get("endpointAuthDigest").is_some_and(At::flag) {
            let at = from.get("endpointAuthDigest").map(At::span);
            findings.lost(at, "HTTP Digest is not spoken towards services; Basic is written instead");
        }
        let at = from.any(&["endpointUTUsername"]).unwrap_or(from);
        basic(at, from.get("endpointUTUsername"), definition, findings);
    }
    if let Some(at) = from.get("endpointSecurity").filter(|at| !at.is_empty()) {
        secured(at, definition, findings);
    }
}

fn secret(name: String) -> SecretRef {
    SecretRef { source: SecretSource::Variable(name), at: None }
}

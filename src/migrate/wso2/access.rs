//! Who may call: security, visibility, pages of other origins, kept answers.

use std::time::Duration;

use crate::api::{ApiDefinition, Cache, ClaimNames, Cors, Visibility};
use crate::migrate::document::At;
use crate::migrate::findings::Findings;
use crate::net::fields;

/// Methods that pages can use. OPTIONS is the preflight itself.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

/// Carries them.
pub(super) fn carry(from: At<'_>, definition: &mut ApiDefinition, findings: &mut Findings) {
    security(from, definition, findings);
    // What reads the token keeps finding the names that it knows.
    definition.access.claims = ClaimNames::Wso2;
    if let Some(at) = from.get("visibility") {
        let word = at.text().unwrap_or_default().to_ascii_lowercase();
        if word != "public" {
            definition.access.visibility = Visibility::Subscribers;
            let text = format!(
                "visibility `{}` becomes `subscribers`: who may call it may read its documents; roles are not asked",
                word.escape_debug()
            );
            findings.different(Some(at.span()), text);
        }
    }
    for (key, what) in [("visibleRoles", "roles that may see the API"), ("visibleTenants", "tenants that may see the API")] {
        if let Some(at) = from.get(key).filter(|at| !at.is_empty()) {
            findings.lost(Some(at.span()), format!("{what} are not asked: `visibility: subscribers` shows it to who may call it"));
        }
    }
    if let Some(at) = from.get("corsConfiguration") {
        definition.cors = cors(at, findings);
    }
    cache(from, definition, findings);
}

/// The schemes of which one is asked for.
fn security(from: At<'_>, definition: &mut ApiDefinition, findings: &mut Findings) {
    let Some(at) = from.any(&["securityScheme", "apiSecurity"]).filter(|at| !at.is_empty()) else {
        definition.access.security = vec!["oauth2".to_owned()];
        return;
    };
    let (mut application, mut certificate) = (Vec::new(), false);
    let (mut application_mandatory, mut certificate_mandatory) = (false, false);
    for (word, at) in at.texts() {
        match word.as_str() {
            "oauth2" => application.push("oauth2"),
            "api_key" => application.push("api_key"),
            "basic_auth" => application.push("basic"),
            "mutualssl" => certificate = true,
            "oauth_basic_auth_api_key_mandatory" => application_mandatory = true,
            "mutualssl_mandatory" => certificate_mandatory = true,
            _ => findings.lost(Some(at.span()), format!("the security scheme `{}` is not known", word.escape_debug())),
        }
    }
    let mut schemes: Vec<String> = application.iter().map(|s| (*s).to_owned()).collect();
    if certificate && certificate_mandatory && (application_mandatory || schemes.is_empty()) {
        if !schemes.is_empty() {
            let text = "a client certificate and another credential are both asked for; one of `security` is enough here, so a certificate is not asked for";
            findings.lost_but(
                Some(at.span()),
                text,
                "`security: [mtls]` asks for the certificate instead; who calls is then known by it alone",
            );
        }
    } else if certificate && certificate_mandatory {
        schemes.clear();
    }
    if certificate && (schemes.is_empty() || !(certificate_mandatory && application_mandatory)) {
        schemes.push("mtls".to_owned());
        findings.fill_in(
            Some(at.span()),
            "client certificates belong to applications here, and the listener asks for them",
            "`listen.gateway.tls.client_ca` names the authorities, and each certificate is given to its application: docs/access.md",
        );
    }
    if schemes.is_empty() {
        findings.lost(Some(at.span()), "no scheme of this list is known: the API asks for a token (`oauth2`)");
        schemes.push("oauth2".to_owned());
    }
    definition.access.security = schemes;
    for (key, usual) in [("authorizationHeader", "Authorization"), ("apiKeyHeader", "apikey")] {
        if let Some(at) = from.get(key)
            && let Some(name) = at.text().filter(|n| !n.is_empty() && !n.eq_ignore_ascii_case(usual))
        {
            findings.lost(Some(at.span()), format!("credentials come in the field `{usual}`, not in `{}`", name.escape_debug()));
        }
    }
}

fn cors(from: At<'_>, findings: &mut Findings) -> Option<Cors> {
    if !from.any(&["corsConfigurationEnabled", "enabled"]).is_some_and(At::flag) {
        return None;
    }
    let texts = |key: &str| from.get(key).map(At::texts).unwrap_or_default();
    let mut cors = Cors { methods: Vec::new(), headers: Vec::new(), ..Cors::default() };
    for (origin, at) in texts("accessControlAllowOrigins") {
        match origin == "*" || is_origin(&origin) {
            true => cors.origins.push(origin),
            false => findings.lost(Some(at.span()), "this is no origin as browsers send it, such as https://app.example.org"),
        }
    }
    if cors.origins.iter().any(|o| o == "*") {
        cors.origins = vec!["*".to_owned()];
    }
    for (method, at) in texts("accessControlAllowMethods") {
        let method = method.to_ascii_uppercase();
        match METHODS.contains(&method.as_str()) {
            true => cors.methods.push(method),
            false if method == "OPTIONS" => {}
            false => findings.lost(Some(at.span()), format!("pages do not use the method `{}`", method.escape_debug())),
        }
    }
    for (name, at) in texts("accessControlAllowHeaders") {
        let name = name.to_ascii_lowercase();
        match name != "*" && fields::is_name(&name) {
            true if cors.headers.contains(&name) => {}
            true => cors.headers.push(name),
            false => findings.lost(Some(at.span()), "each header field is named: `*` does not stand for all"),
        }
    }
    let usual = Cors::default();
    if cors.methods.is_empty() {
        cors.methods = usual.methods;
    }
    if cors.headers.is_empty() {
        cors.headers = usual.headers;
    }
    if let Some(at) = from.get("accessControlAllowCredentials").filter(|at| at.flag()) {
        cors.credentials = !cors.is_for_all();
        if cors.is_for_all() {
            findings.lost_but(Some(at.span()), "pages of all origins may not send credentials", "name the origins that may");
        }
    }
    if cors.origins.is_empty() {
        findings.lost(Some(from.span()), "no origin is left: `cors` is not written");
        return None;
    }
    Some(cors)
}

/// Scheme, host and port, as browsers write them.
fn is_origin(text: &str) -> bool {
    url::Url::parse(text).is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.origin().ascii_serialization() == text)
}

/// Kept answers: only those of `GET`, which every resource with a sequence says otherwise of.
fn cache(from: At<'_>, definition: &mut ApiDefinition, findings: &mut Findings) {
    let Some(at) = from.any(&["responseCachingEnabled", "responseCache"]).filter(|at| at.flag()) else { return };
    let seconds = from.get("cacheTimeout").and_then(At::number).unwrap_or(300).clamp(1, 86_400);
    definition.cache = Some(Cache { ttl: Duration::from_secs(seconds), max_bytes: 256 << 10 });
    findings.different(
        Some(at.span()),
        format!("answers of GET are kept for {seconds} s, for each caller apart; those of other methods never"),
    );
}

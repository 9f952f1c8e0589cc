//! What the server says about itself: RFC 8414, section 2; RFC 9207, section 3.

use serde_json::{Value, json};

use super::scope;
use super::visit::Visit;
use crate::config::OAuthSettings;

/// The document.
pub(super) fn document(settings: &OAuthSettings, visit: &Visit) -> Value {
    let mut grants = vec!["client_credentials", "refresh_token"];
    if settings.authorize {
        grants.push("authorization_code");
    }
    if settings.password_grant {
        grants.push("password");
    }
    let with_secret = ["client_secret_basic", "client_secret_post"];
    let every = ["client_secret_basic", "client_secret_post", "none"];
    let mut document = json!({
        "issuer": &*visit.issuer,
        "token_endpoint": visit.address("token"),
        "jwks_uri": visit.address("jwks"),
        "scopes_supported": scope::published(visit),
        "response_types_supported": if settings.authorize { vec!["code"] } else { Vec::new() },
        "grant_types_supported": grants,
        "token_endpoint_auth_methods_supported": every,
        "revocation_endpoint": visit.address("revoke"),
        "revocation_endpoint_auth_methods_supported": every,
        "introspection_endpoint": visit.address("introspect"),
        "introspection_endpoint_auth_methods_supported": with_secret,
    });
    if let Value::Object(members) = &mut document
        && settings.authorize
    {
        members.insert(String::from("authorization_endpoint"), visit.address("authorize").into());
        members.insert(String::from("response_modes_supported"), json!(["query"]));
        members.insert(String::from("code_challenge_methods_supported"), json!(["S256"]));
        members.insert(String::from("authorization_response_iss_parameter_supported"), true.into());
    }
    document
}

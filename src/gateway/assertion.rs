//! `X-JWT-Assertion`: the token by which the SOAP service learns who calls.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use http::HeaderValue;
use serde_json::Value;

use crate::auth::jwt::{Audience, Claims, NumericDate, SigningKey};
use crate::auth::{Principal, Subscription};
use crate::catalog::{ClaimNames, PublishedApi};
use crate::problem::Problem;
use crate::telemetry::request_id;

/// The field that carries it.
pub(super) const FIELD: &str = "x-jwt-assertion";
/// How long a token is good, in seconds.
const LIFETIME: i64 = 300;
/// A token is used again until so many seconds before its end.
const REST: i64 = 60;
/// Most tokens that are kept for use again.
const MAX_KEPT: usize = 100_000;
/// Where WSO2's claims have their names.
const WSO2: &str = "http://wso2.org/claims/";

/// Tokens that were made, one for each caller, API and plan.
#[derive(Debug, Default)]
pub(super) struct Assertions {
    made: RwLock<HashMap<Key, Made>>,
}

/// What a token says; two calls with equal keys may have one token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    signer: Arc<str>,
    issuer: Arc<str>,
    /// The API as it is published: another revision is another one.
    path: Arc<str>,
    api: Arc<str>,
    application: Option<Arc<str>>,
    user: Option<Arc<str>>,
    plan: Option<Arc<str>>,
    scheme: crate::auth::Scheme,
    wso2: bool,
}

#[derive(Debug)]
struct Made {
    token: HeaderValue,
    expires: i64,
}

/// Who signs, in whose name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signer<'a> {
    /// The key.
    pub(super) key: &'a SigningKey,
    /// Its `kid`.
    pub(super) key_id: &'a Arc<str>,
    /// `iss`.
    pub(super) issuer: &'a Arc<str>,
}

impl Assertions {
    /// The token for a call at that time (seconds since 1970, UTC).
    ///
    /// # Errors
    /// It cannot be signed: our own failure.
    pub(super) fn of(
        &self,
        signer: Signer<'_>,
        api: &PublishedApi,
        principal: &Principal,
        subscription: Option<&Subscription>,
        now: i64,
    ) -> Result<HeaderValue, Problem> {
        let key = Key {
            signer: signer.key_id.clone(),
            issuer: signer.issuer.clone(),
            path: api.base_path.clone(),
            api: api.name.clone(),
            application: principal.application.as_ref().map(|a| a.id.clone()),
            user: principal.user.clone(),
            plan: subscription.map(|s| s.plan.clone()),
            scheme: principal.scheme,
            wso2: api.definition.access.claims == ClaimNames::Wso2,
        };
        let made = self.made.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = made.get(&key).filter(|m| now < m.expires - REST) {
            return Ok(made.token.clone());
        }
        drop(made);
        let claims = claims(signer.issuer, api, principal, subscription, now);
        let token = signer.key.sign("JWT", &claims).map_err(|e| Problem::internal(e.to_string()))?;
        let token = HeaderValue::try_from(token).map_err(|e| Problem::internal(e.to_string()))?;
        let mut made = self.made.write().unwrap_or_else(PoisonError::into_inner);
        if made.len() >= MAX_KEPT {
            made.retain(|_, m| now < m.expires - REST);
        }
        if made.len() < MAX_KEPT {
            made.insert(key, Made { token: token.clone(), expires: now + LIFETIME });
        }
        Ok(token)
    }
}

/// What the token says.
fn claims(issuer: &str, api: &PublishedApi, principal: &Principal, subscription: Option<&Subscription>, now: i64) -> Claims {
    let application = principal.application.as_deref();
    let subject = principal.user.as_deref().or(application.map(|a| &*a.id)).unwrap_or("anonymous");
    let mut claims = Claims {
        iss: Some(issuer.to_owned()),
        sub: Some(subject.to_owned()),
        aud: Some(Audience(vec![api.base_path.to_string()])),
        exp: Some(NumericDate(now + LIFETIME)),
        nbf: Some(NumericDate(now)),
        iat: Some(NumericDate(now)),
        jti: Some(request_id()),
        ..Claims::default()
    };
    let identity = &api.definition.api;
    let plan = subscription.map(|s| &*s.plan);
    // Castile's name, WSO2's name, what they say.
    let said = [
        ("application_id", "applicationid", application.map(|a| &*a.id)),
        ("application", "applicationname", application.map(|a| &*a.name)),
        ("application_plan", "applicationtier", application.and_then(|a| a.plan.as_deref())),
        ("subscriber", "subscriber", application.map(|a| &*a.owner)),
        ("end_user", "enduser", principal.user.as_deref()),
        ("api", "apiname", Some(&*identity.name)),
        ("api_context", "apicontext", Some(&*api.base_path)),
        ("api_version", "version", Some(&*identity.version)),
        ("plan", "tier", plan),
        ("token_type", "usertype", Some(principal.kind.word())),
        ("scheme", "keytype", Some(principal.scheme.word())),
    ];
    for (own, wso2, value) in said {
        let Some(value) = value else { continue };
        claims.other.insert(own.to_owned(), Value::from(value));
        if api.definition.access.claims == ClaimNames::Wso2 {
            claims.other.insert(format!("{WSO2}{wso2}"), Value::from(wso2_value(wso2, value)));
        }
    }
    claims
}

/// WSO2 has its own words for two of them.
fn wso2_value<'a>(name: &str, value: &'a str) -> &'a str {
    match (name, value) {
        ("usertype", "application") => "APPLICATION",
        ("usertype", "application_user") => "APPLICATION_USER",
        ("keytype", _) => "PRODUCTION",
        _ => value,
    }
}

//! What a token is worth: RFC 7662. Clients with a secret may ask, about tokens of their own tenant.

use serde::Serialize;

use super::Server;
use super::client::Caller;
use super::error::{Code, Refused};
use super::form::Parameters;
use super::revoke::own_claims;
use super::visit::Visit;
use crate::auth::{self, Ask, Authorization, Context, GRANT, Presented, Principal, RevokedToken, Scheme, Step};
use crate::net::secret::Secret;
use crate::store::{Keep, Store};

/// The answer; of a token that is not good it says only that (RFC 7662, section 2.2).
#[derive(Debug, Default, Serialize, PartialEq, Eq)]
pub(super) struct Introspection {
    pub(super) active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aud: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) aut: Option<String>,
}

impl<S: Store> Server<S> {
    /// Says what a token is worth at this instant.
    ///
    /// # Errors
    /// [`Code::InvalidClient`]: whoever asks has no secret, so that anybody could try tokens in its name.
    pub(super) async fn introspect(&self, caller: &Caller, form: &Parameters, visit: &Visit) -> Result<Introspection, Refused> {
        if !caller.is_confidential() {
            return Err(Refused::of(Code::InvalidClient, "clients without a secret may not ask about tokens"));
        }
        let token = form.required("token", "token is missing")?;
        if let Some((secret, found)) = self.grant_of(token, visit).await? {
            let grant = found.value;
            // Refresh tokens are for their client and this server alone.
            let good = grant.client == caller.client.id && grant.current == secret.digest;
            let user = visit.members().user(&grant.user).filter(|u| good && u.stands_for(grant.created));
            return Ok(user.map_or_else(Introspection::default, |user| Introspection {
                active: true,
                scope: Some(grant.scopes.join(" ")).filter(|s| !s.is_empty()),
                client_id: Some(grant.client.to_string()),
                username: Some(user.name.to_string()),
                exp: Some(grant.expires),
                sub: Some(user.name.to_string()),
                iss: Some(visit.issuer.to_string()),
                ..Introspection::default()
            }));
        }
        self.access_token(token, visit).await
    }

    /// What the gateway would say of it, and what was ended since the snapshot.
    async fn access_token(&self, token: &str, visit: &Visit) -> Result<Introspection, Refused> {
        let Some(principal) = self.principal(token, visit)? else { return Ok(Introspection::default()) };
        let Some(claims) = own_claims(token, visit) else { return Ok(Introspection::default()) };
        for name in claims.jti.as_deref().into_iter().chain(claims.text(GRANT)) {
            if self.store.get::<RevokedToken>(&visit.tenant, name).await?.is_some() {
                return Ok(Introspection::default());
            }
        }
        let said = |name: &str| claims.text(name).map(str::to_owned);
        Ok(Introspection {
            active: true,
            scope: said("scope"),
            client_id: said("client_id"),
            username: principal.user.map(|u| u.to_string()),
            token_type: Some("Bearer"),
            exp: claims.exp.map(|d| d.0),
            iat: claims.iat.map(|d| d.0),
            aud: Some(visit.issuer.to_string()),
            aut: said("aut"),
            sub: claims.sub,
            iss: claims.iss,
            jti: claims.jti,
        })
    }

    /// Whom the gateway would take it for.
    fn principal(&self, token: &str, visit: &Visit) -> Result<Option<Principal>, Refused> {
        let presented = Presented { authorization: Some(Authorization::Bearer(Secret::new(token))), ..Presented::default() };
        let ask = Ask { tenant: &visit.tenant, schemes: &[Scheme::OAuth2], kind: None };
        let context = Context {
            directory: &visit.snapshot.callers.directory,
            issuer: &visit.issuer,
            keys: &visit.signing()?.keys,
            outside: &|_| None,
            pairs: self.log_ins.pairs(),
            now: visit.now,
        };
        Ok(match auth::authenticate(&ask, &presented, &context) {
            Ok(Step::Done(principal)) => Some(principal),
            Ok(Step::Password(_) | Step::Keys(_)) | Err(_) => None,
        })
    }
}

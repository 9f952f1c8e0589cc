//! Tokens that end before their time: RFC 7009, and whatever shows that a token is in wrong hands.

use super::client::Caller;
use super::error::{Code, Refused};
use super::form::Parameters;
use super::records::Grant;
use super::visit::Visit;
use super::{ACCESS_SECONDS, Server};
use crate::auth::RevokedToken;
use crate::auth::jwt::{self, Algorithm, Claims, Expected as ExpectedToken, LEEWAY_SECONDS};
use crate::store::{Audit, Change, Expected, Keep, Store};

impl<S: Store> Server<S> {
    /// Ends a token. One that is not good is ended already (RFC 7009, section 2.2); a refresh token takes all tokens of its grant with it.
    ///
    /// # Errors
    /// [`Code::InvalidGrant`]: it is another client's.
    pub(super) async fn revoke(&self, caller: &Caller, form: &Parameters, visit: &Visit) -> Result<(), Refused> {
        let token = form.required("token", "token is missing")?;
        let not_its = || Refused::of(Code::InvalidGrant, "the token was issued to another client");
        if let Some((_, found)) = self.grant_of(token, visit).await? {
            let grant = found.value;
            if grant.client != caller.client.id {
                return Err(not_its());
            }
            let audit = visit.audit(&caller.client.id, "grant.revoke", &grant.id, "a client ended what a user had granted to it");
            return self.end(&grant.id, audit, visit).await;
        }
        let Some(claims) = own_claims(token, visit) else { return Ok(()) };
        if claims.text("client_id") != Some(&*caller.client.id) {
            return Err(not_its());
        }
        let (Some(jti), Some(expires)) = (claims.jti, claims.exp) else { return Ok(()) };
        let audit = visit.audit(&caller.client.id, "token.revoke", &jti, "a client ended an access token");
        let revoked = RevokedToken { tenant: visit.tenant.clone(), jti: jti.into(), expires: expires.0 + LEEWAY_SECONDS };
        self.store.put(&revoked, Expected::Any, Some(audit)).await?;
        Ok(())
    }

    /// Ends a grant with all its tokens, because something of it came a second time; gives what the one who sent it reads.
    pub(super) async fn reused(&self, grant: &str, client: &str, what: &str, visit: &Visit) -> Result<Refused, Refused> {
        tracing::warn!(%grant, %client, tenant = %visit.tenant, "{what}: the grant is ended");
        self.end(grant, visit.audit("system", "grant.reuse", grant, what), visit).await?;
        Ok(Refused { private: Some(what.to_owned()), ..Refused::grant() })
    }

    async fn end(&self, grant: &str, audit: Audit, visit: &Visit) -> Result<(), Refused> {
        // Its last access token may have been made just now.
        let expires = visit.now + ACCESS_SECONDS + LEEWAY_SECONDS;
        let revoked = RevokedToken { tenant: visit.tenant.clone(), jti: grant.into(), expires };
        let changes = vec![Change::put(&revoked, Expected::Any)?, Change::remove::<Grant>(&visit.tenant, grant, Expected::Any)];
        self.store.write(changes, Some(audit)).await?;
        Ok(())
    }
}

/// The claims of an access token of this tenant, where it is signed and has not ended.
pub(super) fn own_claims(token: &str, visit: &Visit) -> Option<Claims> {
    let expected = ExpectedToken {
        issuer: &visit.issuer,
        audiences: &[&visit.issuer],
        types: &[jwt::ACCESS_TOKEN],
        untyped: false,
        algorithms: &[Algorithm::ES256],
        now: visit.now,
    };
    jwt::verify(token, &visit.signing().ok()?.keys, &expected).ok()
}

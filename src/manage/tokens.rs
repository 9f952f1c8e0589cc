use super::applications::REGISTER;
use super::{Actor, Manage, ManageError, Managed, now};
use crate::auth::jwt::{self, ACCESS_TOKEN, Algorithm, Claims, Expected as ExpectedToken, LEEWAY_SECONDS, TokenError};
use crate::auth::{GRANT, LONGEST_TOKEN_SECONDS, OAuthClient, RevokedToken, Role};
use crate::store::{Expected, Keep};

/// Bytes of a `jti`.
const MAX_JTI_BYTES: usize = 128;

/// An access token of this installation.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenStatus {
    /// Why it is not good; `None`: it is.
    pub why: Option<String>,
    /// The name of its application.
    pub application: String,
    /// Who issued it.
    pub issuer: String,
    /// Its own name.
    pub jti: String,
    /// Whom it is about.
    pub subject: String,
    /// When it was issued and when it ends, seconds since 1970.
    pub issued: i64,
    /// When it ends.
    pub expires: i64,
    /// All that it says.
    pub claims: Claims,
}

impl Manage {
    /// What an access token says and whether it is good here; it is one of the actor's tenant, and for who is no administrator of an own application.
    ///
    /// # Errors
    /// It is none that was signed here and has not ended, or is somebody else's: not found.
    pub async fn inspect_token(&self, actor: &Actor, token: &str) -> Managed<TokenStatus> {
        actor.needs(&REGISTER)?;
        let claims = self.own_token(token)?;
        let client = self.need::<OAuthClient>("token", &actor.tenant, claims.text("client_id").unwrap_or_default()).await;
        let client = client.map_err(|_| unknown())?.value;
        let application = self.own_application(actor, &client.application).await.map_err(|_| unknown())?.value;
        let jti = claims.jti.clone().unwrap_or_default();
        let names = [Some(jti.as_str()), claims.text(GRANT)];
        let mut revoked = false;
        for name in names.into_iter().flatten().filter(|n| !n.is_empty()) {
            revoked |= self.store.get::<RevokedToken>(&actor.tenant, name).await?.is_some();
        }
        let blocked = || (!application.standing.is_active()).then_some("its application is blocked");
        Ok(TokenStatus {
            why: revoked.then_some("it was revoked").or_else(blocked).map(str::to_owned),
            application: application.name.to_string(),
            issuer: claims.iss.clone().unwrap_or_default(),
            jti,
            subject: claims.sub.clone().unwrap_or_default(),
            issued: claims.iat.as_ref().map_or(0, |t| t.0),
            expires: claims.exp.as_ref().map_or(0, |t| t.0),
            claims,
        })
    }

    /// Ends an access token before its time.
    ///
    /// # Errors
    /// As [`Manage::inspect_token`].
    pub async fn revoke_token(&self, actor: &Actor, token: &str) -> Managed<TokenStatus> {
        let status = self.inspect_token(actor, token).await?;
        self.revoked(actor, &status.jti, status.expires, &format!("ended an access token of the application {}", status.application))
            .await?;
        Ok(TokenStatus { why: Some("it was revoked".to_owned()), ..status })
    }

    /// Ends an access token by its `jti` alone, or all tokens of a grant by the name of that: where the token is in wrong hands only.
    ///
    /// # Errors
    /// Only for administrators; the name does not fit.
    pub async fn revoke_token_named(&self, actor: &Actor, jti: &str) -> Managed<()> {
        actor.needs(&[Role::Administrator])?;
        // No token lives longer than that from now on.
        self.revoked(actor, jti, now() + LONGEST_TOKEN_SECONDS, "ended what has this name before its time").await
    }

    async fn revoked(&self, actor: &Actor, jti: &str, expires: i64, summary: &str) -> Managed<()> {
        let is_name =
            !jti.is_empty() && jti.len() <= MAX_JTI_BYTES && jti.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !is_name {
            return Err(ManageError::invalid("jti", "the name of a token: letters, digits, `-`, `_` and `.`", jti));
        }
        let revoked = RevokedToken { tenant: actor.tenant.clone(), jti: jti.into(), expires: expires.saturating_add(LEEWAY_SECONDS) };
        self.store.put(&revoked, Expected::Any, Some(actor.did("token.revoke", jti, summary))).await?;
        Ok(())
    }

    /// The claims of a token that was signed here and has not ended. Which tenant's it is, its client says.
    fn own_token(&self, token: &str) -> Managed<Claims> {
        let issuer = jwt::peek_issuer(token).unwrap_or_default();
        let snapshot = self.catalog.as_ref().map(|c| c.snapshot());
        let signing = snapshot.as_ref().and_then(|s| s.callers.signing.as_ref());
        // Without keys nothing was signed here.
        let signing = signing.ok_or_else(unknown)?;
        let expected = ExpectedToken {
            issuer: &issuer,
            audiences: &[&issuer],
            types: &[ACCESS_TOKEN],
            untyped: false,
            algorithms: &[Algorithm::ES256],
            now: now(),
        };
        jwt::verify(token, &signing.keys, &expected).map_err(|error| match error {
            TokenError::Expired => ManageError::invalid("token", "an access token that has not ended", ""),
            _ => unknown(),
        })
    }
}

/// One sentence for what was never here and for what is somebody else's.
fn unknown() -> ManageError {
    ManageError::invalid("token", "an access token that was issued here to an application of yours", "")
}

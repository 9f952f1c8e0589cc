//! Tokens as they are made: access tokens by RFC 9068, refresh tokens as two secrets.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;

use super::ACCESS_SECONDS;
use super::client::Caller;
use super::error::Refused;
use super::visit::Visit;
use crate::auth::jwt::{ACCESS_TOKEN, Audience, Claims, NumericDate};
use crate::auth::{Digest, GRANT, TokenKind, digest, new_secret};
use crate::net::random::{self, NoRandom};
use crate::net::secret::Secret;

/// What a token stands for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    /// The user behind it; `None`: the application acts for itself.
    pub(super) user: Option<&'a str>,
    /// The grant that it comes of; `None`: nothing outlives it.
    pub(super) grant: Option<&'a str>,
    /// What it is good for.
    pub(super) scopes: &'a [String],
}

/// The answer of the token endpoint: RFC 6749, section 5.1.
#[derive(Debug, Serialize)]
pub(super) struct TokenAnswer {
    pub(super) access_token: String,
    token_type: &'static str,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
}

/// 128 random bits in base64url: names a token or a grant, and is no secret.
pub(super) fn name() -> Result<String, NoRandom> {
    Ok(URL_SAFE_NO_PAD.encode(random::bytes::<16>()?))
}

/// Makes an access token.
pub(super) fn access_token(caller: &Caller, subject: Subject<'_>, visit: &Visit) -> Result<TokenAnswer, Refused> {
    let client = caller.client.id.to_string();
    let kind = if subject.user.is_some() { TokenKind::ApplicationUser } else { TokenKind::Application };
    let scope = subject.scopes.join(" ");
    let mut claims = Claims {
        iss: Some(visit.issuer.to_string()),
        sub: Some(subject.user.map_or_else(|| client.clone(), str::to_owned)),
        aud: Some(Audience(vec![visit.issuer.to_string()])),
        exp: Some(NumericDate(visit.now + ACCESS_SECONDS)),
        iat: Some(NumericDate(visit.now)),
        jti: Some(name()?),
        ..Claims::default()
    };
    let others = [("client_id", Some(client)), ("aut", Some(kind.word().to_owned())), (GRANT, subject.grant.map(str::to_owned))];
    claims.other = others.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::String(value?)))).collect();
    if !scope.is_empty() {
        claims.other.insert(String::from("scope"), Value::String(scope.clone()));
    }
    let access_token = visit.signing()?.at(visit.now)?.key.sign(ACCESS_TOKEN, &claims)?;
    Ok(TokenAnswer { access_token, token_type: "Bearer", expires_in: ACCESS_SECONDS, refresh_token: None, scope })
}

/// A refresh token: a secret that stays with its grant, and one that is new each time. An old token is known by the first and shows by the second that
/// it was used before; who has neither can make nobody's grant end.
#[derive(Debug, Clone)]
pub(super) struct RefreshSecret {
    /// What its owner gets.
    pub(super) plain: Secret,
    /// What its grant is found by.
    pub(super) family: Digest,
    /// What is kept of the whole.
    pub(super) digest: Digest,
}

impl RefreshSecret {
    /// The first of a grant.
    pub(super) fn first() -> Result<Self, NoRandom> {
        Self::after(new_secret("rt")?.plain.reveal())
    }

    /// The next of the same grant.
    pub(super) fn next(&self) -> Result<Self, NoRandom> {
        let family = self.plain.reveal().split('.').next().unwrap_or_default();
        Self::after(family)
    }

    fn after(family: &str) -> Result<Self, NoRandom> {
        Ok(Self::of(family, &format!("{family}.{}", URL_SAFE_NO_PAD.encode(random::bytes::<32>()?))))
    }

    fn of(family: &str, whole: &str) -> Self {
        Self { plain: Secret::new(whole), family: digest(family), digest: digest(whole) }
    }

    /// The token of that text; `None`: it is none.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (family, _) = text.split_once('.').filter(|_| text.starts_with("rt_"))?;
        Some(Self::of(family, text))
    }
}

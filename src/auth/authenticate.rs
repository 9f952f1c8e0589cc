use std::sync::Arc;

use super::basic::{Pair, VerifiedPairs};
use super::directory::{Directory, Members};
use super::jwt::{self, Algorithm, Claims, Expected, KeySet, TokenError};
use super::keys::digest;
use super::log_in::MustWait;
use super::presented::{Authorization, Certificate, Presented};
use super::principal::{Principal, TokenKind};
use super::records::{Application, Issuer, Subscription, User};
use super::scheme::Scheme;
use crate::net::secret::Secret;

/// What is asked of a caller.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Whose API it is.
    pub tenant: &'a str,
    /// The schemes of which one is enough.
    pub schemes: &'a [Scheme],
    /// The kind of token that it must be; `None`: either.
    pub kind: Option<TokenKind>,
}

/// What callers are held against.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Who there is.
    pub directory: &'a Directory,
    /// `iss` and `aud` of Castile's own tokens for this tenant.
    pub issuer: &'a str,
    /// The keys that sign them.
    pub keys: &'a KeySet,
    /// The keys of an outside issuer, where they are at hand.
    pub outside: &'a dyn Fn(&Issuer) -> Option<Arc<KeySet>>,
    /// Names and passwords that were found right lately.
    pub pairs: &'a VerifiedPairs,
    /// Seconds since 1970, UTC.
    pub now: i64,
}

/// Where asking has come to.
#[derive(Debug)]
pub enum Step {
    /// It is known who calls.
    Done(Principal),
    /// A password must be worked out first ([`super::LogIns::check`]); then [`PasswordCheck::finish`].
    Password(PasswordCheck),
    /// The keys of this issuer must be fetched first, anew where some are at hand; then it is asked again. Where that changes nothing, the
    /// token is not good.
    Keys(Arc<Issuer>),
}

/// A name and a password that were not checked yet.
#[derive(Debug)]
pub struct PasswordCheck {
    /// What was typed.
    pub password: Secret,
    /// What is kept of the right one; `None`: there is no such user.
    pub stored: Option<String>,
    user: Arc<str>,
    pair: Option<Pair>,
}

/// Why somebody may not call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing that is asked for was presented.
    #[error("no credentials of a scheme that is taken")]
    Missing,
    /// What was presented is not good. The text is for the log: a stranger reads one sentence for all.
    #[error("the credentials are not good: {0}")]
    Invalid(String),
    /// A good token of the wrong kind.
    #[error("a token of the kind {} is asked for", .0.word())]
    WrongKind(TokenKind),
    /// The tenant, application, user or subscription is blocked.
    #[error("{0} is blocked")]
    Blocked(&'static str),
    /// The application has no subscription to the API.
    #[error("not subscribed")]
    NotSubscribed,
    /// Too many log-ins failed: so many seconds until the next may be tried.
    #[error("{0}")]
    MustWait(MustWait),
    /// The token lacks a scope.
    #[error("the scope {0} is missing")]
    Scope(String),
}

/// Algorithms of Castile's own tokens.
const OWN: [Algorithm; 1] = [Algorithm::ES256];
/// Algorithms of outside issuers, where nothing else is said.
const USUAL: [Algorithm; 2] = [Algorithm::RS256, Algorithm::ES256];

/// The claim of an own token that names the grant it came of: who revokes that revokes all its tokens.
pub const GRANT: &str = "grant_id";

/// Where a tenant's addresses begin, without a slash at the end, which is also the `iss` of its tokens: its own public address, else below `gateway`'s.
pub fn tenant_url(directory: &Directory, tenant: &str, gateway: &str) -> Arc<str> {
    let own = directory.tenant(tenant).and_then(|m| m.itself()).and_then(|t| t.public_url.as_deref());
    own.map_or_else(|| token_issuer(gateway, tenant), |url| url.trim_end_matches('/').into())
}

/// The same for a tenant that has no address of its own. `public_url` is the gateway's, without a slash at the end.
fn token_issuer(public_url: &str, tenant: &str) -> Arc<str> {
    match tenant {
        super::DEFAULT_TENANT => public_url.into(),
        tenant => format!("{public_url}/t/{tenant}").into(),
    }
}

/// Asks who calls. A credential that was presented for a scheme that is taken decides: a bad one is not passed over for another.
///
/// # Errors
/// [`Refusal`].
pub fn authenticate(ask: &Ask<'_>, presented: &Presented, context: &Context<'_>) -> Result<Step, Refusal> {
    let takes = |scheme| ask.schemes.contains(&scheme);
    if ask.schemes.is_empty() || takes(Scheme::None) {
        return Ok(Step::Done(Principal::anonymous()));
    }
    static NOBODY: std::sync::LazyLock<Members> = std::sync::LazyLock::new(Members::default);
    let members = context.directory.tenant(ask.tenant).unwrap_or(&NOBODY);
    if members.itself().is_some_and(|t| !t.standing.is_active()) {
        return Err(Refusal::Blocked("the tenant"));
    }
    let step = match (&presented.api_key, &presented.authorization, presented.certificate) {
        (Some(key), _, _) if takes(Scheme::ApiKey) => Step::Done(by_key(key, members, context.now)?),
        (_, Some(Authorization::Bearer(token)), _) if takes(Scheme::OAuth2) || takes(Scheme::Jwt) => {
            by_token(token.reveal(), ask, members, context)?
        }
        (_, Some(Authorization::Basic { user, password }), _) if takes(Scheme::Basic) => {
            by_password(user, password, ask, members, context)?
        }
        (_, _, Some(Certificate::Refused)) if takes(Scheme::MutualTls) => {
            return Err(invalid("no trusted authority vouches for the certificate"));
        }
        (_, _, Some(Certificate::Verified(certificate))) if takes(Scheme::MutualTls) => {
            let application = members.application_of(&certificate).ok_or_else(|| invalid("no application has this certificate"))?;
            Step::Done(principal(Scheme::MutualTls, active(application)?))
        }
        _ => return Err(Refusal::Missing),
    };
    match (ask.kind, &step) {
        (Some(kind), Step::Done(principal)) if principal.kind != kind => Err(Refusal::WrongKind(kind)),
        (Some(TokenKind::Application), Step::Password(_)) => Err(Refusal::WrongKind(TokenKind::Application)),
        _ => Ok(step),
    }
}

/// The subscription by which a caller may call an API; `None` for callers without an application: everybody, and users by name and password.
///
/// # Errors
/// [`Refusal::NotSubscribed`], [`Refusal::Blocked`].
pub fn subscription(principal: &Principal, tenant: &str, api: &str, directory: &Directory) -> Result<Option<Arc<Subscription>>, Refusal> {
    let Some(application) = &principal.application else {
        // A token of an outside issuer whose client is no application here.
        return if principal.scheme == Scheme::Jwt { Err(Refusal::NotSubscribed) } else { Ok(None) };
    };
    let subscription = directory.tenant(tenant).and_then(|m| m.subscription(&application.id, api)).ok_or(Refusal::NotSubscribed)?;
    if subscription.standing.is_active() { Ok(Some(subscription.clone())) } else { Err(Refusal::Blocked("the subscription")) }
}

/// Has the caller one of these scopes? With none asked for, everybody has.
///
/// # Errors
/// [`Refusal::Scope`].
pub fn check_scopes(principal: &Principal, asked: &[Arc<str>]) -> Result<(), Refusal> {
    match asked {
        [] => Ok(()),
        some if some.iter().any(|s| principal.has_scope(s)) => Ok(()),
        some => Err(Refusal::Scope(some.join(" "))),
    }
}

impl PasswordCheck {
    /// The name that was typed.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Who calls, now that it is known whether the password is `right`.
    ///
    /// # Errors
    /// [`Refusal::Invalid`].
    pub fn finish(self, right: bool, pairs: &VerifiedPairs, now: i64) -> Result<Principal, Refusal> {
        if !right {
            return Err(invalid("no user of that name and password"));
        }
        if let Some(pair) = self.pair {
            pairs.remember(pair, now);
        }
        Ok(of_user(self.user))
    }
}

fn invalid(why: &str) -> Refusal {
    Refusal::Invalid(why.to_owned())
}

fn active(application: &Arc<Application>) -> Result<Arc<Application>, Refusal> {
    if application.standing.is_active() { Ok(application.clone()) } else { Err(Refusal::Blocked("the application")) }
}

fn principal(scheme: Scheme, application: Arc<Application>) -> Principal {
    Principal { scheme, application: Some(application), user: None, scopes: Vec::new(), kind: TokenKind::Application }
}

fn of_user(user: Arc<str>) -> Principal {
    Principal { scheme: Scheme::Basic, application: None, user: Some(user), scopes: Vec::new(), kind: TokenKind::ApplicationUser }
}

fn by_key(key: &Secret, members: &Members, now: i64) -> Result<Principal, Refusal> {
    let key = members.key(&digest(key.reveal())).ok_or_else(|| invalid("no such key"))?;
    if !key.is_live(now) {
        return Err(invalid("the key has ended"));
    }
    let application = members.application(&key.application).ok_or_else(|| invalid("the key's application is gone"))?;
    Ok(principal(Scheme::ApiKey, active(application)?))
}

fn by_password(user: &str, password: &Secret, ask: &Ask<'_>, members: &Members, context: &Context<'_>) -> Result<Step, Refusal> {
    let known = members.user(user).filter(|u| u.standing.is_active());
    let name = known.map_or_else(|| Arc::from(user), |u| u.name.clone());
    let stored = known.and_then(|u| u.password.clone());
    let pair = stored.as_ref().map(|stored| context.pairs.pair(ask.tenant, user, stored, password));
    if pair.as_ref().is_some_and(|p| context.pairs.knows(p, context.now)) {
        return Ok(Step::Done(of_user(name)));
    }
    Ok(Step::Password(PasswordCheck { password: password.clone(), stored, user: name, pair }))
}

fn by_token(token: &str, ask: &Ask<'_>, members: &Members, context: &Context<'_>) -> Result<Step, Refusal> {
    let bad = |e: TokenError| Refusal::Invalid(e.to_string());
    let iss = jwt::peek_issuer(token).map_err(bad)?;
    if iss == context.issuer && ask.schemes.contains(&Scheme::OAuth2) {
        let expected = Expected {
            issuer: context.issuer,
            audiences: &[context.issuer],
            types: &[jwt::ACCESS_TOKEN],
            untyped: false,
            algorithms: &OWN,
            now: context.now,
        };
        let claims = jwt::verify(token, context.keys, &expected).map_err(bad)?;
        return own_token(&claims, members).map(Step::Done);
    }
    let issuer = members.issuer(&iss).filter(|_| ask.schemes.contains(&Scheme::Jwt)).ok_or_else(|| invalid("an unknown issuer"))?;
    let Some(keys) = (context.outside)(issuer) else { return Ok(Step::Keys(issuer.clone())) };
    let audiences: Vec<&str> = issuer.audiences.iter().map(String::as_str).collect();
    let types = issuer.token_type.as_deref().map_or_else(|| vec!["JWT", jwt::ACCESS_TOKEN], |t| vec![t]);
    let named: Vec<Algorithm> = issuer.algorithms.iter().filter_map(|a| a.parse().ok()).collect();
    let expected = Expected {
        issuer: &issuer.iss,
        audiences: &audiences,
        types: &types,
        untyped: issuer.token_type.is_none(),
        algorithms: if issuer.algorithms.is_empty() { &USUAL } else { &named },
        now: context.now,
    };
    match jwt::verify(token, &keys, &expected) {
        Ok(claims) => outside_token(&claims, issuer, members).map(Step::Done),
        // A key that is newer than the set at hand.
        Err(TokenError::UnknownKey) => Ok(Step::Keys(issuer.clone())),
        Err(error) => Err(bad(error)),
    }
}

/// Whom a token of Castile's own names.
fn own_token(claims: &Claims, members: &Members) -> Result<Principal, Refusal> {
    let jti = claims.jti.as_deref().ok_or_else(|| invalid("`jti` is missing"))?;
    if members.is_revoked(jti) || claims.text(GRANT).is_some_and(|grant| members.is_revoked(grant)) {
        return Err(invalid("the token is revoked"));
    }
    let client = claims.text("client_id").and_then(|id| members.client(id)).ok_or_else(|| invalid("the token's client is gone"))?;
    let application = members.application(&client.application).ok_or_else(|| invalid("the token's application is gone"))?;
    let kind = claims.text("aut").and_then(TokenKind::of).ok_or_else(|| invalid("`aut` is missing"))?;
    let user = match kind {
        TokenKind::Application => None,
        TokenKind::ApplicationUser => {
            let user = active_user(claims.sub.as_deref(), members)?;
            if !user.stands_for(claims.iat.map_or(0, |d| d.0)) {
                return Err(invalid("the token is older than the user's password"));
            }
            Some(user.name.clone())
        }
    };
    let scopes = scopes(claims, "scope");
    Ok(Principal { scheme: Scheme::OAuth2, application: Some(active(application)?), user, scopes, kind })
}

fn active_user<'a>(name: Option<&str>, members: &'a Members) -> Result<&'a Arc<User>, Refusal> {
    let user = name.and_then(|n| members.user(n)).ok_or_else(|| invalid("the token's user is gone"))?;
    if user.standing.is_active() { Ok(user) } else { Err(Refusal::Blocked("the user")) }
}

/// Whom a token of an outside issuer names.
fn outside_token(claims: &Claims, issuer: &Issuer, members: &Members) -> Result<Principal, Refusal> {
    let client = match &issuer.client_claim {
        Some(claim) => claims.text(claim),
        None => claims.text("azp").or_else(|| claims.text("client_id")),
    };
    let application = client.and_then(|c| issuer.applications.get(c)).and_then(|id| members.application(id));
    let application = application.map(active).transpose()?;
    let subject = claims.sub.as_deref();
    let kind = if subject.is_some() && subject != client { TokenKind::ApplicationUser } else { TokenKind::Application };
    let user = subject.filter(|_| kind == TokenKind::ApplicationUser).map(Arc::from);
    let scopes = scopes(claims, issuer.scope_claim.as_deref().unwrap_or("scope"));
    Ok(Principal { scheme: Scheme::Jwt, application, user, scopes, kind })
}

fn scopes(claims: &Claims, claim: &str) -> Vec<Arc<str>> {
    let mut scopes: Vec<Arc<str>> = claims.scopes(claim).into_iter().map(Arc::from).collect();
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

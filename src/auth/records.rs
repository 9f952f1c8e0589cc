//! What is kept of tenants, users, applications and their credentials. Times are seconds since 1970, UTC.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Digest;

/// An organisation that owns APIs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its name in addresses: `/t/{name}/…`.
    pub name: Arc<str>,
    /// Its name for people.
    #[serde(default)]
    pub display_name: String,
    /// Calls per second of all its APIs together; `None`: as many as come.
    #[serde(default)]
    pub calls_per_second: Option<u32>,
    /// What its `?wsdl`, OpenAPI and tokens say in the place of the gateway's own address.
    #[serde(default)]
    pub public_url: Option<String>,
    /// May its users log in, its applications call?
    #[serde(default)]
    pub standing: Standing,
    /// When it was made.
    #[serde(default)]
    pub created: i64,
}

/// Someone who logs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Whose user it is.
    pub tenant: Arc<str>,
    /// The name that is typed; unique in the tenant.
    pub name: Arc<str>,
    /// The password's hash (argon2id, PHC string format); `None`: cannot log in with a password.
    #[serde(default)]
    pub password: Option<String>,
    /// What it may do.
    #[serde(default)]
    pub roles: Vec<Role>,
    /// May it log in?
    #[serde(default)]
    pub standing: Standing,
    /// What was granted to clients, and tokens that were made, before this time are no longer good: the last change of the password.
    #[serde(default)]
    pub tokens_since: i64,
    /// When it was made.
    #[serde(default)]
    pub created: i64,
}

/// What a [`User`] may do. None holds another: an administrator who publishes is also a publisher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Registers applications and subscribes them.
    Subscriber,
    /// Imports, publishes and retires APIs.
    Publisher,
    /// Users, plans, tenants, issuers.
    Administrator,
}

/// Is it in force?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Yes.
    #[default]
    Active,
    /// Not for the time being.
    Blocked,
}

/// What a subscriber registers: it owns keys and tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Whose it is.
    pub tenant: Arc<str>,
    /// Never changes, never comes again.
    pub id: Arc<str>,
    /// Its name; unique for its owner.
    pub name: Arc<str>,
    /// The user who owns it.
    pub owner: Arc<str>,
    /// The plan of the application itself, over all its subscriptions; `None`: no limit of its own.
    #[serde(default)]
    pub plan: Option<Arc<str>>,
    /// What it is, for people.
    #[serde(default)]
    pub description: String,
    /// SHA-256 of the client certificates (DER) that it opens connections with.
    #[serde(default)]
    pub certificates: Vec<Digest>,
    /// When these end, seconds since 1970, by their digests; of some that were added by older versions it is not known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub certificate_ends: BTreeMap<String, i64>,
    /// May it call?
    #[serde(default)]
    pub standing: Standing,
    /// When it was made.
    #[serde(default)]
    pub created: i64,
}

/// An application that may call an API on a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Whose it is.
    pub tenant: Arc<str>,
    /// Never changes, never comes again.
    pub id: Arc<str>,
    /// The application's id.
    pub application: Arc<str>,
    /// The API's name in the store.
    pub api: Arc<str>,
    /// The plan's name.
    pub plan: Arc<str>,
    /// May it call?
    #[serde(default)]
    pub standing: Standing,
    /// When it was made.
    #[serde(default)]
    pub created: i64,
}

/// A key of an application. The key itself is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Whose it is.
    pub tenant: Arc<str>,
    /// Never changes, never comes again.
    pub id: Arc<str>,
    /// The application's id.
    pub application: Arc<str>,
    /// What the key is found by.
    pub digest: Digest,
    /// Its first characters.
    #[serde(default)]
    pub shown: String,
    /// When it ends; `None`: not by itself.
    #[serde(default)]
    pub expires: Option<i64>,
    /// When it was made.
    #[serde(default)]
    pub created: i64,
}

/// An OAuth 2.0 client of an application (RFC 6749, section 2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OAuthClient {
    /// Whose it is.
    pub tenant: Arc<str>,
    /// `client_id`.
    pub id: Arc<str>,
    /// The application's id.
    pub application: Arc<str>,
    /// What `client_secret` is found by; `None`: a public client.
    #[serde(default)]
    pub secret: Option<Digest>,
    /// Addresses that codes may be sent to, compared exactly.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Grants that it may use: `client_credentials`, `authorization_code`, `refresh_token`, `password`.
    #[serde(default)]
    pub grants: Vec<String>,
    /// Scopes that it may ask for; empty: all that its subscriptions have.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// When it was made.
    #[serde(default)]
    pub created: i64,
}

/// An outside issuer of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuer {
    /// Whose it is.
    pub tenant: Arc<str>,
    /// Its name here.
    pub name: Arc<str>,
    /// `iss`, compared exactly.
    pub iss: Arc<str>,
    /// Where its keys are; `None`: found by its metadata (RFC 8414).
    #[serde(default)]
    pub jwks_uri: Option<String>,
    /// `aud`: one of these must be there.
    pub audiences: Vec<String>,
    /// Signature algorithms that it uses; empty: `RS256` and `ES256`.
    #[serde(default)]
    pub algorithms: Vec<String>,
    /// `typ` of its tokens; `None`: `JWT`, `at+jwt` or none.
    #[serde(default)]
    pub token_type: Option<String>,
    /// The claim that names the client; default `azp`, then `client_id`.
    #[serde(default)]
    pub client_claim: Option<String>,
    /// The claim that holds the scopes; default `scope`.
    #[serde(default)]
    pub scope_claim: Option<String>,
    /// Client of the issuer → id of the application that it is here.
    #[serde(default)]
    pub applications: std::collections::BTreeMap<String, Arc<str>>,
}

/// An access token, or all of one grant, that were revoked before their end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedToken {
    /// Whose it was.
    pub tenant: Arc<str>,
    /// Its `jti`; or the `grant_id` of the tokens.
    pub jti: Arc<str>,
    /// When it would have ended: nothing need be known of it afterwards.
    pub expires: i64,
}

/// A private key that signs tokens, sealed: who has the database alone cannot use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedKey {
    /// Its `kid`.
    pub id: Arc<str>,
    /// PKCS #8, sealed.
    pub sealed: String,
    /// When it was made.
    pub created: i64,
    /// When it begins to sign, until the next one does. It is published from when it was made until the last token that it signed has ended.
    #[serde(default)]
    pub signs_from: i64,
}

/// Longest life of anything that a [`SealedKey`] signs, in seconds.
pub const LONGEST_TOKEN_SECONDS: i64 = 3600;

impl Standing {
    /// Is it active?
    pub fn is_active(self) -> bool {
        matches!(self, Self::Active)
    }
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Subscriber, Self::Publisher, Self::Administrator];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Subscriber => "subscriber",
            Self::Publisher => "publisher",
            Self::Administrator => "administrator",
        }
    }

    /// The role of that word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.word() == word)
    }
}

impl User {
    /// May it log in, and is what was granted or made in its name at that time still good?
    pub fn stands_for(&self, made: i64) -> bool {
        self.standing.is_active() && made >= self.tokens_since
    }
}

impl ApiKey {
    /// Is it still in force at that time?
    pub fn is_live(&self, now: i64) -> bool {
        self.expires.is_none_or(|end| now < end)
    }
}

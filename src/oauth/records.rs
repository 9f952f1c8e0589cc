//! What is kept of codes and of what users granted: hashes, never what is sent. Times are seconds since 1970, UTC.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::REFRESH_SECONDS;
use crate::auth::Digest;
use crate::store::{Kept, Key, of_application, owner};

/// A code that was sent to a client (RFC 6749, section 4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizationCode {
    /// Whose it is.
    pub tenant: Arc<str>,
    /// SHA-256 of the code.
    pub digest: String,
    /// The client that it was made for.
    pub client: Arc<str>,
    /// The user who agreed.
    pub user: Arc<str>,
    /// `redirect_uri` of the request; `None`: it had none.
    #[serde(default)]
    pub redirect_uri: Option<String>,
    /// `code_challenge`, S256 (RFC 7636, section 4.2).
    pub challenge: String,
    /// What was granted.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// When it ends.
    pub expires: i64,
    /// The grant that it became; a second use ends that.
    #[serde(default)]
    pub spent: Option<String>,
}

/// What a user granted to a client: lives as long as its refresh token, of which one at a time is good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Whose it is.
    pub tenant: Arc<str>,
    /// `grant_id` of its tokens.
    pub id: String,
    /// The client.
    pub client: Arc<str>,
    /// The client's application.
    pub application: Arc<str>,
    /// The user.
    pub user: Arc<str>,
    /// What was granted.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// SHA-256 of the part that all refresh tokens of the grant share.
    pub family: Digest,
    /// SHA-256 of the refresh token that is good.
    pub current: Digest,
    /// When that ends.
    pub expires: i64,
    /// When the user agreed.
    #[serde(default)]
    pub created: i64,
}

impl Grant {
    /// By what a grant is found.
    pub(super) fn by_family(family: &Digest) -> Key {
        Key::unique("family", family.to_string())
    }
}

impl Kept for AuthorizationCode {
    const KIND: &'static str = "authorization_code";

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn id(&self) -> &str {
        &self.digest
    }

    fn expires(&self) -> Option<Timestamp> {
        // A spent one is remembered as long as the first refresh token lives that it gave.
        let more = if self.spent.is_some() { REFRESH_SECONDS } else { 0 };
        Timestamp::from_second(self.expires + more).ok()
    }
}

impl Kept for Grant {
    const KIND: &'static str = "oauth_grant";

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn id(&self) -> &str {
        &self.id
    }

    fn keys(&self) -> Vec<Key> {
        vec![Self::by_family(&self.family), of_application(&self.tenant, &self.application), owner(&self.tenant, &self.user)]
    }

    fn expires(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.expires).ok()
    }
}

//! The authorization server: who gets a token, for what, and what ends it.
//!
//! Comes in: requests at the reserved addresses, each with the snapshot of its instant. Goes out: tokens, or the errors of RFC 6749; codes and grants
//! go to the store, as hashes only. What a request means is decided without HTTP; `http` is the thin layer around it. Must not know: APIs beyond their scopes,
//! SQL, SOAP. RFC 6749, 7009, 7636, 7662, 8414, 9068, 9207, 9700.

mod authorize;
mod client;
mod code;
mod error;
mod form;
mod http;
mod introspect;
mod issue;
mod metadata;
mod page;
mod password;
mod records;
mod refresh;
mod revoke;
mod route;
mod scope;
mod ticket;
mod token;
mod visit;

use std::sync::Arc;

pub use records::{AuthorizationCode, Grant};

use crate::auth::LogIns;
use crate::catalog::Catalog;
use crate::config::OAuthSettings;
use crate::net::random::NoRandom;

/// Lifetime of access tokens, in seconds.
const ACCESS_SECONDS: i64 = crate::auth::LONGEST_TOKEN_SECONDS;
/// Lifetime of refresh tokens, in seconds; each use gives a new one that lives as long again.
const REFRESH_SECONDS: i64 = 24 * 3600;
/// Lifetime of codes, in seconds.
const CODE_SECONDS: i64 = 60;

/// The authorization server of all tenants. One for each process.
#[derive(Debug)]
pub struct Server<S> {
    store: Arc<S>,
    catalog: Arc<Catalog>,
    settings: OAuthSettings,
    log_ins: Arc<LogIns>,
}

impl<S> Server<S> {
    /// A server over what is kept and what is in force.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn new(store: Arc<S>, catalog: Arc<Catalog>, settings: OAuthSettings) -> Result<Self, NoRandom> {
        Ok(Self { store, catalog, settings, log_ins: LogIns::new()? })
    }

    /// The same, with failed log-ins counted together with those at other doors.
    #[must_use]
    pub fn with_log_ins(mut self, log_ins: Arc<LogIns>) -> Self {
        self.log_ins = log_ins;
        self
    }
}

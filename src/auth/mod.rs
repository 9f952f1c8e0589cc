//! Who calls: schemes, credentials and what is known of callers.
//!
//! Comes in: what a request presents, and a [`Directory`] of applications, keys and users. Goes out: a [`Principal`], or a
//! [`Refusal`] that says no more than a stranger may know. Does no I/O: keys of outside issuers, password checks and client certificates enter as
//! plain data. Must not know: HTTP, stores, APIs beyond their names. RFC 6749, 6750, 7519, 7617, 8725, 9068.

mod attempts;
mod authenticate;
mod basic;
mod directory;
pub mod jwt;
mod keys;
mod log_in;
pub mod password;
mod presented;
mod principal;
mod records;
mod redirect;
mod scheme;

pub use authenticate::{Ask, Context, GRANT, PasswordCheck, Refusal, Step, authenticate, check_scopes, subscription, tenant_url};
pub use basic::VerifiedPairs;
pub use directory::{Change, Directory, Kind, Members};
pub use keys::{Digest, NewSecret, certificate_digest, digest, new_secret};
pub use log_in::{LogIns, MustWait, Typed};
pub use password::PasswordError;
pub use presented::{Authorization, Certificate, Presented, PresentedError};
pub use principal::{Principal, TokenKind};
pub use records::{
    ApiKey, Application, Issuer, LONGEST_TOKEN_SECONDS, OAuthClient, RevokedToken, Role, SealedKey, Standing, Subscription, Tenant, User,
};
pub use redirect::redirect_refusal;
pub use scheme::Scheme;

/// The tenant that exists from the start.
pub const DEFAULT_TENANT: &str = "default";

#[cfg(test)]
mod tests;

//! JSON Web Tokens, written and checked: RFC 7519, with the rules of RFC 8725.
//!
//! Which algorithms, which issuer and which audience are good is said by who checks, never by the token. What a token names as the place of its key (`jku`,
//! `jwk`, `x5u`) is not looked at; its `kid` only finds a key among its issuer's own.

mod claims;
mod keyset;
mod sign;
mod verify;

pub use jsonwebtoken::Algorithm;

pub use claims::{Audience, Claims, NumericDate};
pub use keyset::{KeySet, KeySetError, MAX_KEYS};
pub use sign::{SignError, SigningKey};
pub use verify::{Expected, LEEWAY_SECONDS, MAX_TOKEN_BYTES, TokenError, peek_issuer, verify};

/// `typ` of access tokens: RFC 9068, section 2.1.
pub const ACCESS_TOKEN: &str = "at+jwt";

#[cfg(test)]
mod tests;

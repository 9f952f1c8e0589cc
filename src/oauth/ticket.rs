//! What the log-in page sends back: the request that it was made for, signed, short-lived and good in one browser only. So no site can log a user in, or
//! let one agree, behind the user's back; and nothing need be kept of pages that nobody fills in.

use serde_json::Value;

use super::error::Refused;
use super::visit::Visit;
use crate::auth::digest;
use crate::auth::jwt::{self, Algorithm, Audience, Claims, Expected, NumericDate};

/// How long a page may be filled in, in seconds.
pub(super) const PAGE_SECONDS: i64 = 600;
/// `typ`: no other token of this server is one.
const TYPE: &str = "castile-authorize+jwt";
/// Longest query of a request, in bytes: signed it must stay below the longest token.
const MAX_BYTES: usize = 4 << 10;

/// Signs a request for the browser that has this cookie.
///
/// # Errors
/// The query is over 4 KiB, or no key is at hand.
pub(super) fn seal(query: &str, browser: &str, visit: &Visit) -> Result<String, Refused> {
    if query.len() > MAX_BYTES {
        return Err(Refused::request("the request is longer than 4 KiB"));
    }
    let mut claims = Claims {
        iss: Some(visit.issuer.to_string()),
        aud: Some(Audience(vec![visit.address("authorize")])),
        sub: Some(digest(browser).to_string()),
        exp: Some(NumericDate(visit.now + PAGE_SECONDS)),
        ..Claims::default()
    };
    claims.other.insert(String::from("query"), Value::String(query.to_owned()));
    Ok(visit.signing()?.at(visit.now)?.key.sign(TYPE, &claims)?)
}

/// The request of a ticket; `None`: it is not this server's, has ended, or is another browser's.
pub(super) fn open(ticket: &str, browser: &str, visit: &Visit) -> Option<String> {
    let expected = Expected {
        issuer: &visit.issuer,
        audiences: &[&visit.address("authorize")],
        types: &[TYPE],
        untyped: false,
        algorithms: &[Algorithm::ES256],
        now: visit.now,
    };
    let claims = jwt::verify(ticket, &visit.signing().ok()?.keys, &expected).ok()?;
    (claims.sub.as_deref() == Some(&digest(browser).to_string())).then(|| claims.text("query").map(str::to_owned))?
}

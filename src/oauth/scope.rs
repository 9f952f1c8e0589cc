//! What a token may be for: RFC 6749, section 3.3.

use std::collections::BTreeSet;

use super::error::{Code, Refused};
use super::visit::Visit;
use crate::auth::OAuthClient;
use crate::catalog::{PublishedApi, Visibility};

/// Longest `scope`, in bytes.
const MAX_BYTES: usize = 2 << 10;

/// The scopes that an API asks for somewhere.
fn of_api(api: &PublishedApi) -> impl Iterator<Item = String> {
    let rules = std::iter::once(&api.rules).chain(api.resources.iter().map(|r| &r.rules));
    rules.flat_map(|r| &r.scopes).map(|s| s.to_string())
}

/// The scopes that a client may ask for: those it names, or all that its application's subscriptions have.
pub(super) fn allowed(client: &OAuthClient, visit: &Visit) -> BTreeSet<String> {
    if !client.scopes.is_empty() {
        return client.scopes.iter().cloned().collect();
    }
    let members = visit.members();
    let subscribed = |api: &PublishedApi| members.subscription(&client.application, &api.name).is_some_and(|s| s.standing.is_active());
    apis(visit).filter(|api| subscribed(api)).flat_map(of_api).collect()
}

/// The scopes of the tenant's APIs that everybody may read about.
pub(super) fn published(visit: &Visit) -> BTreeSet<String> {
    apis(visit).filter(|api| api.definition.access.visibility == Visibility::Public).flat_map(of_api).collect()
}

fn apis(visit: &Visit) -> impl Iterator<Item = &PublishedApi> {
    visit.snapshot.apis.iter().map(|api| &**api).filter(|api| *api.tenant == *visit.tenant)
}

/// What a client gets of what it asks: all that it may have where it asks for nothing; what it may not have is left out.
///
/// # Errors
/// [`Code::InvalidScope`]: a scope that the tenant does not have, or nothing would be left.
pub(super) fn granted(asked: Option<&str>, client: &OAuthClient, visit: &Visit) -> Result<Vec<String>, Refused> {
    let allowed = allowed(client, visit);
    let Some(asked) = asked else { return Ok(allowed.into_iter().collect()) };
    let asked = parse(asked)?;
    let known: BTreeSet<String> = apis(visit).flat_map(of_api).collect();
    if asked.iter().any(|s| !known.contains(s) && !allowed.contains(s)) {
        return Err(invalid("a scope is not known"));
    }
    let granted: Vec<String> = asked.into_iter().filter(|s| allowed.contains(s)).collect();
    if granted.is_empty() { Err(invalid("the client may have none of the scopes")) } else { Ok(granted) }
}

/// What a refresh gets of what was granted: all of it, or the part that is asked for, as far as the client may still have it.
///
/// # Errors
/// [`Code::InvalidScope`]: something else is asked for (RFC 6749, section 6).
pub(super) fn narrowed(asked: Option<&str>, granted: &[String], client: &OAuthClient, visit: &Visit) -> Result<Vec<String>, Refused> {
    let asked = asked.map(parse).transpose()?;
    if asked.as_ref().is_some_and(|asked| asked.iter().any(|s| !granted.contains(s))) {
        return Err(invalid("a scope was not granted"));
    }
    let allowed = allowed(client, visit);
    let all: BTreeSet<String> = asked.unwrap_or_else(|| granted.iter().cloned().collect());
    Ok(all.into_iter().filter(|s| allowed.contains(s)).collect())
}

fn parse(text: &str) -> Result<BTreeSet<String>, Refused> {
    // NQCHAR of RFC 6749, appendix A.4.
    let good = |s: &str| s.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
    if text.len() > MAX_BYTES || !text.split(' ').filter(|s| !s.is_empty()).all(good) {
        return Err(invalid("scope is not a list of names with spaces between"));
    }
    Ok(text.split(' ').filter(|s| !s.is_empty()).map(str::to_owned).collect())
}

fn invalid(description: &'static str) -> Refused {
    Refused::of(Code::InvalidScope, description)
}

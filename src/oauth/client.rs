//! Which client asks: RFC 6749, sections 2.3 and 3.2.1.

use std::sync::Arc;

use super::error::{Code, Refused};
use super::form::{Parameters, decoded};
use super::visit::Visit;
use crate::auth::{Application, Authorization, OAuthClient, digest};

/// A client that is known to be the one it says. Only [`authenticate`] makes it.
#[derive(Debug)]
pub(super) struct Caller {
    pub(super) client: Arc<OAuthClient>,
    pub(super) application: Arc<Application>,
}

impl Caller {
    /// May it use that grant?
    ///
    /// # Errors
    /// [`Code::UnauthorizedClient`].
    pub(super) fn check_grant(&self, grant: &str) -> Result<(), Refused> {
        if has_grant(&self.client, grant) { Ok(()) } else { Err(unauthorized()) }
    }

    /// Has it a secret?
    pub(super) fn is_confidential(&self) -> bool {
        self.client.secret.is_some()
    }
}

/// Is the grant one that the client may use?
pub(super) fn has_grant(client: &OAuthClient, grant: &str) -> bool {
    client.grants.iter().any(|g| g == grant)
}

fn unauthorized() -> Refused {
    Refused::of(Code::UnauthorizedClient, "the client may not use this grant type")
}

/// Asks which client it is: by secret, in the field `Authorization` or in the body; by its id alone where it has none.
///
/// # Errors
/// [`Code::InvalidClient`], one for all that may be wrong with it; [`Code::InvalidRequest`] where two ways are used at one time;
/// [`Code::UnauthorizedClient`] where its application, or its tenant, is blocked.
pub(super) fn authenticate(authorization: Option<&Authorization>, form: &Parameters, visit: &Visit) -> Result<Caller, Refused> {
    let bad = || Refused::of(Code::InvalidClient, "the client is not known, or did not prove who it is");
    let (named, sent) = (form.get("client_id")?, form.get("client_secret")?);
    let (id, secret) = match authorization {
        Some(Authorization::Basic { user, password }) => {
            if sent.is_some() {
                return Err(Refused::request("the client proves who it is in two ways"));
            }
            let id = decoded(user).map_err(|_| bad())?;
            if named.is_some_and(|n| n != id) {
                return Err(Refused::request("the field Authorization names another client than client_id"));
            }
            (id, Some(decoded(password.reveal()).map_err(|_| bad())?))
        }
        Some(Authorization::Bearer(_) | Authorization::Other) => return Err(bad()),
        None => (named.ok_or_else(bad)?.to_owned(), sent.map(str::to_owned)),
    };
    let client = visit.members().client(&id).ok_or_else(bad)?;
    // A public client has nothing to prove, and one that sends a secret is not it. Only digests are compared: their time tells nothing.
    if client.secret != secret.filter(|s| !s.is_empty()).as_deref().map(digest) {
        return Err(bad());
    }
    Ok(Caller { client: client.clone(), application: active_application(client, visit)? })
}

/// The application of a client, where it may act.
pub(super) fn active_application(client: &OAuthClient, visit: &Visit) -> Result<Arc<Application>, Refused> {
    let members = visit.members();
    let blocked = || Refused::of(Code::UnauthorizedClient, "the application is blocked");
    if members.itself().is_some_and(|t| !t.standing.is_active()) {
        return Err(blocked());
    }
    members.application(&client.application).filter(|a| a.standing.is_active()).cloned().ok_or_else(blocked)
}

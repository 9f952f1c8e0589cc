//! The token endpoint: RFC 6749, section 3.2.

use super::client::{Caller, has_grant};
use super::error::{Code, Refused};
use super::form::Parameters;
use super::issue::{RefreshSecret, Subject, TokenAnswer, access_token, name};
use super::records::Grant;
use super::visit::Visit;
use super::{REFRESH_SECONDS, Server, scope};
use crate::store::{Change, Expected, Store};

/// What somebody grants to a client.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    /// The user.
    pub(super) user: &'a str,
    /// What it is good for.
    pub(super) scopes: &'a [String],
}

impl<S: Store> Server<S> {
    /// Gives a client its token.
    pub(super) async fn token(&self, caller: &Caller, form: &Parameters, visit: &Visit) -> Result<TokenAnswer, Refused> {
        match form.required("grant_type", "grant_type is missing")? {
            "client_credentials" => client_credentials(caller, form, visit),
            "authorization_code" => self.redeem(caller, form, visit).await,
            "refresh_token" => self.refresh(caller, form, visit).await,
            "password" if self.settings.password_grant => self.by_password(caller, form, visit).await,
            _ => Err(Refused::of(Code::UnsupportedGrantType, "the grant type is not one of those in the server's metadata")),
        }
    }

    /// The first tokens of a new grant, and what must be written before they are given out.
    pub(super) fn begin(&self, caller: &Caller, given: Given<'_>, visit: &Visit) -> Result<(TokenAnswer, String, Vec<Change>), Refused> {
        let id = name()?;
        let subject = Subject { user: Some(given.user), grant: Some(&id), scopes: given.scopes };
        let mut answer = access_token(caller, subject, visit)?;
        let mut changes = Vec::new();
        if has_grant(&caller.client, "refresh_token") {
            let secret = RefreshSecret::first()?;
            let grant = Grant {
                tenant: visit.tenant.clone(),
                id: id.clone(),
                client: caller.client.id.clone(),
                application: caller.application.id.clone(),
                user: given.user.into(),
                scopes: given.scopes.to_vec(),
                family: secret.family,
                current: secret.digest,
                expires: visit.now + REFRESH_SECONDS,
                created: visit.now,
            };
            changes.push(Change::put(&grant, Expected::Absent)?);
            answer.refresh_token = Some(secret.plain.reveal().to_owned());
        }
        Ok((answer, id, changes))
    }
}

/// RFC 6749, section 4.4: for clients with a secret only. Needs no store.
fn client_credentials(caller: &Caller, form: &Parameters, visit: &Visit) -> Result<TokenAnswer, Refused> {
    caller.check_grant("client_credentials")?;
    if !caller.is_confidential() {
        return Err(Refused::of(Code::UnauthorizedClient, "a client without a secret has no credentials"));
    }
    let scopes = scope::granted(form.get("scope")?, &caller.client, visit)?;
    access_token(caller, Subject { user: None, grant: None, scopes: &scopes }, visit)
}

//! A refresh token becomes new tokens, once: RFC 6749, section 6; RFC 9700, section 4.14.

use super::client::Caller;
use super::error::Refused;
use super::form::Parameters;
use super::issue::{RefreshSecret, Subject, TokenAnswer, access_token};
use super::records::Grant;
use super::visit::Visit;
use super::{REFRESH_SECONDS, Server, scope};
use crate::store::{Expected, Keep, Store, StoreError, Versioned};

impl<S: Store> Server<S> {
    /// Gives the next tokens of a grant. A refresh token that was used before ends the grant: one of two that have it is not its owner.
    pub(super) async fn refresh(&self, caller: &Caller, form: &Parameters, visit: &Visit) -> Result<TokenAnswer, Refused> {
        caller.check_grant("refresh_token")?;
        let sent = form.required("refresh_token", "refresh_token is missing")?;
        let (secret, found) = self.grant_of(sent, visit).await?.ok_or_else(Refused::grant)?;
        let Versioned { version, value: mut grant } = found;
        if grant.client != caller.client.id {
            return Err(Refused::grant());
        }
        if grant.current != secret.digest {
            return Err(self.reused(&grant.id, &grant.client, "a refresh token came a second time", visit).await?);
        }
        let user = visit.members().user(&grant.user).filter(|u| u.stands_for(grant.created)).ok_or_else(Refused::grant)?;
        let scopes = scope::narrowed(form.get("scope")?, &grant.scopes, &caller.client, visit)?;
        let subject = Subject { user: Some(&user.name), grant: Some(&grant.id), scopes: &scopes };
        let mut answer = access_token(caller, subject, visit)?;
        let next = secret.next()?;
        grant.current = next.digest;
        grant.expires = visit.now + REFRESH_SECONDS;
        match self.store.put(&grant, Expected::Version(version), None).await {
            Ok(_) => {}
            Err(StoreError::Stale { .. }) => {
                return Err(self.reused(&grant.id, &grant.client, "a refresh token came twice at one time", visit).await?);
            }
            Err(error) => return Err(error.into()),
        }
        answer.refresh_token = Some(next.plain.reveal().to_owned());
        Ok(answer)
    }

    /// The grant that a refresh token belongs to, be the token still good or not.
    pub(super) async fn grant_of(&self, sent: &str, visit: &Visit) -> Result<Option<(RefreshSecret, Versioned<Grant>)>, Refused> {
        let Some(secret) = RefreshSecret::read(sent) else { return Ok(None) };
        let found = self.store.get_by::<Grant>(&Grant::by_family(&secret.family)).await?;
        let found = found.filter(|f| f.value.tenant == visit.tenant && visit.now < f.value.expires);
        Ok(found.map(|found| (secret, found)))
    }
}

//! Names and passwords: at the log-in page, and by the password grant where it is switched on (RFC 6749, section 4.3).

use std::sync::Arc;

use super::client::Caller;
use super::error::{Code, Refused};
use super::form::Parameters;
use super::issue::TokenAnswer;
use super::token::Given;
use super::visit::Visit;
use super::{Server, scope};
use crate::auth::{Typed, User};
use crate::net::secret::Secret;
use crate::store::Store;

impl<S: Store> Server<S> {
    /// The user of that name and password.
    ///
    /// # Errors
    /// [`Code::InvalidGrant`], the same for users that there are not; [`Code::TooMany`] with the time to wait.
    pub(super) async fn log_in(&self, name: &str, password: &Secret, visit: &Visit) -> Result<Arc<User>, Refused> {
        let user = visit.members().user(name).filter(|u| u.standing.is_active());
        let typed = Typed { tenant: &visit.tenant, name, password, peer: visit.peer };
        let now = || jiff::Timestamp::now().as_second();
        let right = self.log_ins.check(typed, user.and_then(|u| u.password.as_deref()), now).await.map_err(|wait| Refused {
            retry_after: Some(wait.0),
            ..Refused::of(Code::TooMany, "too many log-ins failed: wait before the next")
        })?;
        user.filter(|_| right).cloned().ok_or_else(Refused::grant)
    }

    /// Gives the tokens of a user whose password the client was told.
    pub(super) async fn by_password(&self, caller: &Caller, form: &Parameters, visit: &Visit) -> Result<TokenAnswer, Refused> {
        caller.check_grant("password")?;
        let name = form.required("username", "username is missing")?;
        let password = Secret::new(form.required("password", "password is missing")?);
        let scopes = scope::granted(form.get("scope")?, &caller.client, visit)?;
        let user = self.log_in(name, &password, visit).await?;
        let (answer, grant, changes) = self.begin(caller, Given { user: &user.name, scopes: &scopes }, visit)?;
        if !changes.is_empty() {
            let audit = visit.audit(&user.name, "grant.create", &grant, "a user gave a client name and password");
            self.store.write(changes, Some(audit)).await?;
        }
        Ok(answer)
    }
}

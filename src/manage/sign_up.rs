//! Accounts that people make for themselves, or ask for. Nothing needs a mail server: an administrator decides on the portal.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Actor, Listed, Manage, ManageError, Managed, NotIn, Part, hold, now, removal, text};
use crate::auth::{DEFAULT_TENANT, LogIns, MustWait, Role, Standing, User};
use crate::config::SignUp;
use crate::net::secret::Secret;
use crate::store::{Change, Expected, Keep, Kept};

/// Requests for an account that wait at one time, in one tenant.
pub const MAX_REQUESTS: usize = 500;
/// How long a request waits, in seconds: 30 days.
const REQUEST_SECONDS: i64 = 30 * 86_400;

/// Somebody who asks for an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRequest {
    /// Where.
    pub tenant: Arc<str>,
    /// The name that is asked for.
    pub name: Arc<str>,
    /// The hash of the password that was typed.
    password: String,
    /// What was written beside it.
    pub note: String,
    /// When.
    pub created: i64,
}

impl Kept for AccountRequest {
    const KIND: &'static str = "account_request";

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn id(&self) -> &str {
        &self.name
    }

    fn expires(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.created + REQUEST_SECONDS).ok()
    }
}

/// Who wants an account.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// The name that is typed.
    pub name: String,
    /// The password.
    pub password: Secret,
    /// For the administrator who decides.
    pub note: String,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedUp {
    /// The account is there.
    Made(User),
    /// It was asked for; or the name is in use, which is told to nobody.
    Asked,
}

impl Manage {
    /// Makes an account with the role subscriber in the tenant `default`, or asks for one. Where one asks, the answer is the same for names that are in use.
    ///
    /// # Errors
    /// Sign-up is closed; something does not fit; the network signed up too often.
    pub async fn sign_up(&self, how: SignUp, log_ins: &LogIns, new: NewAccount, peer: IpAddr, request_id: &str) -> Result<SignedUp, NotIn> {
        if how == SignUp::Closed {
            let why = "Accounts are made by an administrator here.".to_owned();
            return Err(NotIn::Failed(ManageError::Forbidden(why)));
        }
        text::user(&new.name).and_then(|()| text::prose("note", &new.note)).map_err(NotIn::Failed)?;
        log_ins.knock(peer, now()).map_err(|MustWait(seconds)| NotIn::MustWait(seconds))?;
        self.signed_up(how, new, request_id).await.map_err(NotIn::Failed)
    }

    async fn signed_up(&self, how: SignUp, new: NewAccount, request_id: &str) -> Managed<SignedUp> {
        // Worked out in any case: who asks with a name that is in use waits as long.
        let (hash, _) = self.password(Some(new.password)).await?;
        let _turn = self.turn().await;
        let actor = Actor::new(DEFAULT_TENANT, new.name.as_str(), vec![Role::Subscriber]).by(request_id);
        let tenant = self.tenant_of(&actor).await?;
        if how == SignUp::Open {
            self.must_be_free::<User>("user", &actor.tenant, &new.name).await?;
            let user = account(&actor.tenant, new.name.into(), hash);
            let changes = vec![hold(&tenant)?, Change::put(&user, Expected::Absent)?];
            self.write(changes, actor.did("user.create", &user.name, format!("{} signed up", user.name))).await?;
            return Ok(SignedUp::Made(user));
        }
        let taken = self.store.get::<User>(&actor.tenant, &new.name).await?.is_some()
            || self.store.get::<AccountRequest>(&actor.tenant, &new.name).await?.is_some();
        if taken {
            return Ok(SignedUp::Asked);
        }
        let (waiting, _) = self.store.page::<AccountRequest>(Some(&actor.tenant), None, MAX_REQUESTS).await?;
        if waiting.len() >= MAX_REQUESTS {
            return Err(ManageError::Full { what: "requests for accounts", limit: MAX_REQUESTS });
        }
        let request =
            AccountRequest { tenant: actor.tenant.clone(), name: new.name.into(), password: hash, note: new.note, created: now() };
        let changes = vec![hold(&tenant)?, Change::put(&request, Expected::Absent)?];
        self.write(changes, actor.did("account_request.create", &request.name, format!("{} asked for an account", request.name))).await?;
        Ok(SignedUp::Asked)
    }

    /// Who asks for an account.
    ///
    /// # Errors
    /// Only for administrators.
    pub async fn account_requests(&self, actor: &Actor, part: &Part) -> Managed<Listed<AccountRequest>> {
        actor.administrates()?;
        self.listed(&actor.tenant, part).await
    }

    /// Makes the account that somebody asked for, with the role subscriber, or refuses it.
    ///
    /// # Errors
    /// Nobody asks by that name, or it came in use meanwhile. Only for administrators.
    pub async fn decide_account(&self, actor: &Actor, name: &str, grant: bool) -> Managed<()> {
        actor.administrates()?;
        let _turn = self.turn().await;
        let found = self.need::<AccountRequest>("account request", &actor.tenant, name).await?;
        let mut changes = vec![removal(&found)];
        if grant {
            self.must_be_free::<User>("user", &actor.tenant, name).await?;
            changes.push(Change::put(&account(&actor.tenant, name.into(), found.value.password), Expected::Absent)?);
        }
        let (action, done) = if grant { ("account_request.grant", "granted") } else { ("account_request.refuse", "refused") };
        self.write(changes, actor.did(action, name, format!("{done} the account {name}"))).await
    }
}

fn account(tenant: &Arc<str>, name: Arc<str>, password: String) -> User {
    User {
        tenant: tenant.clone(),
        name,
        password: Some(password),
        roles: vec![Role::Subscriber],
        standing: Standing::Active,
        tokens_since: now(),
        created: now(),
    }
}

//! The link by which the first administrator is made: there is no default password.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Actor, Manage, ManageError, Managed, hold, now, removal, text};
use crate::auth::{DEFAULT_TENANT, Digest, Role, Standing, Tenant, User, digest, new_secret};
use crate::net::secret::Secret;
use crate::store::{Change, Expected, Keep, Kept, MAX_PAGE, Store, StoreError};

/// How long a link is good, in seconds.
pub const SET_UP_SECONDS: i64 = 3600;

/// What is kept of the link: by it alone nobody gets in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct SetUpLink {
    digest: Digest,
    expires: i64,
}

impl Kept for SetUpLink {
    const KIND: &'static str = "set_up_link";

    fn id(&self) -> &'static str {
        "first"
    }

    fn expires(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.expires).ok()
    }
}

/// Makes the secret of a set-up link where no administrator of the installation is there and no link is good. It is given to one caller, of however many
/// nodes that start at one time, and can be asked for anew only after it has ended, [`SET_UP_SECONDS`] later.
///
/// # Errors
/// The store is away, or the system gives no random bytes.
pub async fn set_up_link<S: Store>(store: &S) -> Managed<Option<Secret>> {
    if has_administrator(store).await? {
        return Ok(None);
    }
    let secret = new_secret("setup")?;
    let link = SetUpLink { digest: secret.digest, expires: now() + SET_UP_SECONDS };
    match store.put(&link, Expected::Absent, None).await {
        Ok(_) => Ok(Some(secret.plain)),
        // Another one is good, which somebody has.
        Err(StoreError::Stale { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Is there somebody who administrates the installation? Also one who is blocked: who is in charge is settled then.
async fn has_administrator<S: Store>(store: &S) -> Managed<bool> {
    let mut after = None;
    loop {
        let (users, next) = store.page::<User>(Some(DEFAULT_TENANT), after.as_ref(), MAX_PAGE).await?;
        if users.iter().any(|u| u.value.roles.contains(&Role::Administrator)) {
            return Ok(true);
        }
        if next.is_none() {
            return Ok(false);
        }
        after = next;
    }
}

impl Manage {
    /// Is the secret that of a link that is good?
    ///
    /// # Errors
    /// It is not, all the same why: [`ManageError::Forbidden`].
    pub async fn check_set_up(&self, secret: &Secret) -> Managed<()> {
        self.set_up_of(secret).await.map(drop)
    }

    /// Makes the first administrator, with all roles, by the secret of the set-up link, which ends with it.
    ///
    /// # Errors
    /// The link is not good, or name or password do not fit: then it stays good.
    pub async fn set_up(&self, secret: &Secret, name: &str, password: Secret, request_id: &str) -> Managed<User> {
        self.check_set_up(secret).await?;
        text::user(name)?;
        let (hash, _) = self.password(Some(password)).await?;
        let _turn = self.turn().await;
        let link = self.set_up_of(secret).await?;
        self.must_be_free::<User>("user", DEFAULT_TENANT, name).await?;
        let tenant = self.need::<Tenant>("tenant", DEFAULT_TENANT, DEFAULT_TENANT).await?;
        let user = User {
            tenant: DEFAULT_TENANT.into(),
            name: name.into(),
            password: Some(hash),
            roles: Role::ALL.to_vec(),
            standing: Standing::Active,
            tokens_since: now(),
            created: now(),
        };
        let audit = Actor::new(DEFAULT_TENANT, name, user.roles.clone()).by(request_id).did(
            "user.create",
            name,
            format!("made the first administrator {name} by the set-up link"),
        );
        self.write(vec![hold(&tenant)?, Change::put(&user, Expected::Absent)?, removal(&link)], audit).await?;
        Ok(user)
    }

    async fn set_up_of(&self, secret: &Secret) -> Managed<crate::store::Versioned<SetUpLink>> {
        let link = self.store.get::<SetUpLink>(DEFAULT_TENANT, "first").await?;
        let link = link.filter(|l| l.value.digest == digest(secret.reveal()) && now() < l.value.expires);
        let not_good = || ManageError::Forbidden("The set-up link is not good: it was used, has ended, or is not whole.".to_owned());
        let link = link.ok_or_else(not_good)?;
        if has_administrator(&*self.store).await? { Err(not_good()) } else { Ok(link) }
    }
}

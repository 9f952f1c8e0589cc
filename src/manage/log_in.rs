//! Who somebody is that types a name and a password, at the portal or at the admin API.

use std::net::IpAddr;
use std::sync::Arc;

use super::{Manage, ManageError, now};
use crate::auth::{DEFAULT_TENANT, LogIns, MustWait, Standing, Tenant, Typed, User};
use crate::net::secret::Secret;
use crate::store::{Keep, StoreError};

/// Longest name that is looked for, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// Why somebody is not let in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotIn {
    /// Name and password do not belong together: all the same why.
    #[error("Name or password is not right.")]
    Wrong,
    /// Too many log-ins failed; the next may be tried in so many seconds.
    #[error("Too many log-ins failed. Try again in {0} s.")]
    MustWait(u64),
    /// It cannot be found out.
    #[error("{0}")]
    Failed(ManageError),
}

impl From<StoreError> for NotIn {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

impl Manage {
    /// The user of that name and password; `typed` is `USER` of the tenant `default`, or `TENANT/USER`. Takes as long for a name that there is not.
    ///
    /// # Errors
    /// [`NotIn`]; users and tenants that are blocked are not let in, in the same words.
    pub async fn log_in(&self, log_ins: &LogIns, typed: &str, password: &Secret, peer: IpAddr) -> Result<User, NotIn> {
        let (tenant, name) = typed.split_once('/').unwrap_or((DEFAULT_TENANT, typed));
        let plain = |t: &str| !t.is_empty() && t.len() <= MAX_NAME_BYTES && !t.chars().any(char::is_control);
        let known = if plain(tenant) && plain(name) { self.active_user(tenant, name).await? } else { None };
        let user = known.unwrap_or_else(|| nobody(tenant.into(), name.into()));
        let tried = Typed { tenant: &user.tenant, name: &user.name, password, peer };
        match log_ins.check(tried, user.password.as_deref(), now).await {
            Ok(true) => Ok(user),
            Ok(false) => Err(NotIn::Wrong),
            Err(MustWait(seconds)) => Err(NotIn::MustWait(seconds)),
        }
    }

    /// A user who may log in, of a tenant whose users may.
    pub(super) async fn active_user(&self, tenant: &str, name: &str) -> Result<Option<User>, StoreError> {
        let home = self.store.get::<Tenant>(tenant, tenant).await?;
        if !home.is_some_and(|t| t.value.standing.is_active()) {
            return Ok(None);
        }
        let user = self.store.get::<User>(tenant, name).await?;
        Ok(user.map(|u| u.value).filter(|u| u.standing.is_active()))
    }
}

/// Nobody takes as long as somebody.
fn nobody(tenant: Arc<str>, name: Arc<str>) -> User {
    User { tenant, name, password: None, roles: Vec::new(), standing: Standing::Active, tokens_since: 0, created: 0 }
}

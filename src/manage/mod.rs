//! What administrators, publishers and subscribers do: APIs, tenants, users, plans, applications, subscriptions, keys, clients, issuers.
//!
//! Comes in: an [`Actor`] and what is wanted. Goes out: the record, or a [`ManageError`] that says what is wrong. Each act is one write with its entry of the
//! audit log, or nothing. Objects of others are not found. Must not know: HTTP, command lines, the snapshot that is made of all this.

mod actor;
mod apart;
mod apis;
mod applications;
mod catalogue;
mod certificates;
mod clients;
mod error;
mod first_start;
mod instances;
mod issuers;
mod keys;
mod log_in;
mod offers;
mod plans;
mod reseal;
mod revisions;
mod secrets;
mod sessions;
mod set_up;
mod sign_up;
mod signing;
mod subscriptions;
mod tenants;
mod text;
mod tokens;
mod trial;
mod usage;
mod users;
mod weigh;

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard};

use crate::auth::Tenant;
use crate::catalog::{Catalog, Vault};
use crate::diagnostic::nearest;
use crate::store::{AnyStore, Audit, Change, Expected, Keep, Kept, Store, Versioned};

pub use crate::store::{AuditEntry, Cursor};
pub use actor::{Actor, Allow, LOCAL};
pub use apart::{Answered, Apart, COMMAND, Work};
pub use apis::{Act, ApiStatus};
pub use applications::{ApplicationChange, MAX_APPLICATIONS, NewApplication};
pub use certificates::MAX_CERTIFICATES;
pub use clients::{MAX_CLIENTS, MadeClient, NewClient};
pub use error::ManageError;
pub use first_start::first_start;
pub use instances::{HEARTBEAT_SECONDS, Instance};
pub use issuers::NewIssuer;
pub use keys::{MAX_KEYS, MadeKey};
pub use log_in::NotIn;
pub use plans::NewPlan;
pub use reseal::Resealed;
pub use revisions::{Finding, MAX_TEXT_BYTES, MAX_TEXTS, MadeRevision, NewRevision, WhichRevision, findings_of};
pub use secrets::{MAX_SECRET_BYTES, MAX_SECRETS, NewSecret};
pub use sessions::{Lifetimes, LoggedIn, MAX_SESSIONS};
pub use set_up::{SET_UP_SECONDS, set_up_link};
pub use sign_up::{AccountRequest, MAX_REQUESTS, NewAccount, SignedUp};
pub use signing::{MAX_SIGNING_KEYS, Signers, SigningState, SigningStatus};
pub use subscriptions::{MAX_SUBSCRIPTIONS, NewSubscription, SubscriptionChange, Which};
pub use tenants::TenantChange;
pub use tokens::TokenStatus;
pub use trial::Job;
pub use usage::{HOUR_SECONDS, MAX_USAGE_ROWS, Usage, UsageRecord, UsageRow, usage_now};
pub use users::{MadeUser, NewUser, UserChange};
pub use weigh::Scale;

/// Times that texts of an API are in memory, while they are on their way to the process that compiles them.
const COPIES: u64 = 4;

/// How an act ends.
pub type Managed<T> = Result<T, ManageError>;

/// The acts. Shared between tasks.
#[derive(Debug)]
pub struct Manage {
    store: Arc<AnyStore>,
    /// Acts of this node stand in a line; those of other nodes are told apart by the versions of what they touch.
    turn: Mutex<()>,
    /// What is published, where this process knows it.
    catalog: Option<Arc<Catalog>>,
    /// Is a folder of APIs read into the store here?
    reads_files: bool,
    /// What APIs find on this machine.
    vault: Arc<Vault>,
    /// Makes the keys that sign tokens, where this process can seal.
    signers: Option<Signers>,
    /// Where texts are compiled first, and weighed; `None`: in this process.
    scale: Option<Arc<Scale>>,
}

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Behind this place; `None`: from the beginning.
    pub after: Option<Cursor>,
    /// At most so many, 1 to [`MAX_PAGE`](crate::store::MAX_PAGE).
    pub limit: usize,
}

/// A part of a list, and where the next one begins.
pub type Listed<T> = (Vec<T>, Option<Cursor>);

impl Default for Part {
    fn default() -> Self {
        Self { after: None, limit: 100 }
    }
}

impl Manage {
    /// Acts on this store.
    pub fn new(store: Arc<AnyStore>) -> Self {
        Self { store, turn: Mutex::new(()), catalog: None, reads_files: false, vault: Arc::default(), scale: None, signers: None }
    }

    /// The same, knowing what is published: an API at the address of another one is refused.
    #[must_use]
    pub fn knowing(self, catalog: Arc<Catalog>) -> Self {
        Self { catalog: Some(catalog), ..self }
    }

    /// The same where a folder of APIs is read into the store: what stands there is changed there.
    #[must_use]
    pub fn reading_files(self, reads_files: bool) -> Self {
        Self { reads_files, ..self }
    }

    /// The same in a process that can seal: keys that sign tokens are made and taken away.
    #[must_use]
    pub fn signing(self, signers: Signers) -> Self {
        Self { signers: Some(signers), ..self }
    }

    /// The same where APIs find that on the machines that serve.
    #[must_use]
    pub fn with_vault(self, vault: Arc<Vault>) -> Self {
        Self { vault, ..self }
    }

    /// The same, compiling texts in a process of its own.
    #[must_use]
    pub fn compiling_apart(self, scale: Arc<Scale>) -> Self {
        Self { scale: Some(scale), ..self }
    }

    /// The store behind.
    pub fn store(&self) -> &AnyStore {
        &self.store
    }

    /// Entries of the audit log of the actor's tenant, or of all for administrators of the installation: the newest first, with numbers below
    /// `before`.
    ///
    /// # Errors
    /// Only administrators read it.
    pub async fn audit(&self, actor: &Actor, before: Option<u64>, limit: usize) -> Managed<Vec<AuditEntry>> {
        actor.administrates()?;
        let tenant = (!actor.is_of_installation()).then_some(&*actor.tenant);
        Ok(self.store.audit(tenant, before, limit).await?)
    }

    /// Does what reads and compiles texts of strangers: in a process of its own where there is one, one at a time.
    ///
    /// # Errors
    /// It needs more memory or time than there is for it, or the process ended.
    pub async fn work<W: Work>(&self, work: W) -> Managed<W::Answer> {
        match &self.scale {
            Some(scale) => Ok(scale.apart().run(&work).await?.answer),
            None => {
                let run = tokio::task::spawn_blocking(move || work.run()).await;
                run.map_err(|_| ManageError::System("texts of an API cannot be read".to_owned()))
            }
        }
    }

    /// Is there memory here now for texts of an API of so many bytes, before they are read?
    ///
    /// # Errors
    /// There is not.
    pub fn has_room(&self, api: &str, bytes: u64) -> Managed<()> {
        // As they come, as they are read, and as they go on to the process that compiles them.
        self.scale.as_ref().map_or(Ok(()), |s| s.has_room(api, bytes.saturating_mul(COPIES)))
    }

    async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Makes the changes with their entry.
    async fn write(&self, changes: Vec<Change>, audit: Audit) -> Managed<()> {
        self.store.write(changes, Some(audit)).await?;
        Ok(())
    }

    /// A value of the tenant by its id.
    async fn need<T: Kept>(&self, kind: &'static str, tenant: &str, id: &str) -> Managed<Versioned<T>> {
        // What no store would keep under a name is not there.
        if id.is_empty() || id.len() > crate::store::MAX_ID_BYTES || id.chars().any(char::is_control) {
            return Err(ManageError::not_found(kind, id));
        }
        match self.store.get::<T>(tenant, id).await? {
            Some(found) => Ok(found),
            None => Err(ManageError::not_found(kind, id)),
        }
    }

    /// The same for what has names that people type: an unknown one is answered with the nearest.
    async fn named<T: Kept>(&self, kind: &'static str, tenant: &str, name: &str) -> Managed<Versioned<T>> {
        match self.need(kind, tenant, name).await {
            Err(ManageError::NotFound { .. }) => {
                let (all, _) = self.store.page::<T>(Some(tenant), None, crate::store::MAX_PAGE).await?;
                Err(ManageError::nearest(kind, name, all.iter().map(|v| v.value.id())))
            }
            other => other,
        }
    }

    /// The actor's tenant, which must be there for anything to be made in it.
    async fn tenant_of(&self, actor: &Actor) -> Managed<Versioned<Tenant>> {
        self.need("tenant", &actor.tenant, &actor.tenant).await
    }

    /// Refuses a name that is in use.
    async fn must_be_free<T: Kept>(&self, kind: &'static str, tenant: &str, name: &str) -> Managed<()> {
        match self.store.get::<T>(tenant, name).await? {
            Some(_) => Err(ManageError::Exists { kind: kind.to_owned(), name: name.to_owned() }),
            None => Ok(()),
        }
    }

    async fn listed<T: Kept>(&self, tenant: &str, part: &Part) -> Managed<Listed<T>> {
        let (found, next) = self.store.page::<T>(Some(tenant), part.after.as_ref(), part.limit).await?;
        Ok((values(found), next))
    }
}

fn values<T>(found: Vec<Versioned<T>>) -> Vec<T> {
    found.into_iter().map(|v| v.value).collect()
}

/// The same value again: the write fails where somebody changed or removed it meanwhile.
fn hold<T: Kept>(found: &Versioned<T>) -> Managed<Change> {
    Ok(Change::put(&found.value, Expected::Version(found.version))?)
}

fn removal<T: Kept>(found: &Versioned<T>) -> Change {
    Change::remove::<T>(found.value.tenant(), found.value.id(), Expected::Version(found.version))
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

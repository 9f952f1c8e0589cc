//! What is kept: revisions of APIs, each with its texts; records of every other kind; the log of who did what. The snapshot is built
//! from here and from nowhere else.
//!
//! Comes in: complete revisions, records, entries. Goes out: the same, unchanged. [`Store`] is the contract, `tests/stores/contract`
//! its suite, which every store runs: [`Memory`], and [`Sql`] on SQLite or PostgreSQL; [`AnyStore`] is whichever was chosen. [`Keep`]
//! gives records a type. The only room that speaks SQL. Must not know: plans, HTTP, what a kind of record means.

mod any;
mod audit;
mod backup;
mod choose;
mod error;
mod item;
mod kept;
mod kinds;
mod memory;
mod packed;
mod record;
mod revision;
mod seal;
mod shadow;
mod sql;

pub use any::AnyStore;
pub use audit::{Audit, AuditEntry, AuditHead, Damage, Hash};
pub use backup::{BackupError, Summary as BackupSummary, backup, restore};
pub use error::StoreError;
pub use item::{Item, Load};
pub use kept::{Keep, Kept, Versioned};
pub use kinds::{API_KINDS, CALLER_KINDS, of_api, of_application, on_plan, owner};
pub use memory::Memory;
pub use record::{
    ApiChange, Change, Changes, Cursor, DEFAULT_TENANT, Everything, Expected, Key, MAX_BODY_BYTES, MAX_CHANGES, MAX_ID_BYTES,
    MAX_KEY_BYTES, MAX_KEYS, MAX_PAGE, Page, Place, Record, Since,
};
pub use revision::{Content, Revision, RevisionEntry, StoredDocument, StoredLink, StoredTarget, Summary};
pub use seal::{Field, Seal, SealError};
pub use shadow::{Shade, Shadow};
pub use sql::{PostgresOptions, Sql};

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

/// Most APIs that a store keeps, of all tenants.
pub const MAX_APIS: usize = 10_000;
/// Most revisions that a store keeps of one API; older ones are dropped.
pub const MAX_REVISIONS: usize = 50;
/// Changes that [`Store::since`] gives at most.
pub const MAX_SINCE: usize = 10_000;
/// How long a removed record is remembered for [`Store::since`].
pub const REMOVED_KEPT: Duration = Duration::from_secs(3600);

/// Where things are kept. Implementations are shared between tasks. Every operation is whole: what is acknowledged stays, what fails
/// did nothing, and a reader sees none half done. Any of them may end with [`StoreError::Unavailable`].
pub trait Store: Send + Sync {
    /// Keeps a new revision of the API `name` and gives its number: one more than the latest one's, 1 for the first.
    /// `expected` is the number of the latest revision as the writer knows it (0: there is none); `None` writes in any case.
    /// Content that equals the latest revision's makes no new one and no entry of the log: the latest number is given.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where somebody else was first; [`StoreError::Full`] at a limit.
    fn put_revision(
        &self,
        tenant: &str,
        name: &str,
        expected: Option<u64>,
        content: Content,
        audit: Option<Audit>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The latest revision of an API.
    fn latest(&self, tenant: &str, name: &str) -> impl Future<Output = Result<Option<Arc<Revision>>, StoreError>> + Send;

    /// A certain revision of an API.
    fn revision(&self, tenant: &str, name: &str, number: u64) -> impl Future<Output = Result<Option<Arc<Revision>>, StoreError>> + Send;

    /// The APIs of a tenant, or of all, with the numbers of their latest revisions, by tenant and name.
    fn apis(&self, tenant: Option<&str>) -> impl Future<Output = Result<Vec<Summary>, StoreError>> + Send;

    /// The revisions that are kept of an API, the oldest first, without their contents.
    fn history(&self, tenant: &str, name: &str) -> impl Future<Output = Result<Vec<RevisionEntry>, StoreError>> + Send;

    /// Forgets an API with all its revisions; says whether there was one. An API of that name that is put later goes on counting where
    /// this one ended, so that a number never means two things.
    fn remove_api(&self, tenant: &str, name: &str, audit: Option<Audit>) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Makes all changes, in their order, or none; the entry of the log in the same transaction. Gives the generation, which is the
    /// version of every record that was put. Without changes only the entry is written, and the generation stays.
    ///
    /// # Errors
    /// [`StoreError::Stale`] where a record is not as expected, [`StoreError::Taken`] where another has a unique key,
    /// [`StoreError::Invalid`] where no store would keep it.
    fn write(&self, changes: Vec<Change>, audit: Option<Audit>) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// A record by its name.
    fn record(&self, kind: &str, tenant: &str, id: &str) -> impl Future<Output = Result<Option<Record>, StoreError>> + Send;

    /// A record by a key of it; the first by tenant and id, where several have it.
    fn find(&self, kind: &str, key: &Key) -> impl Future<Output = Result<Option<Record>, StoreError>> + Send;

    /// Records of a kind, of a tenant or of all, in the order of tenant and id: at most `limit` (1 to [`MAX_PAGE`]) after a place.
    fn records(
        &self,
        kind: &str,
        tenant: Option<&str>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// Records of a kind that have a key, in the same order.
    fn records_by(
        &self,
        kind: &str,
        key: &Key,
        after: Option<&Cursor>,
        limit: usize,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// Removes the record that has a key and gives it. Of several that ask at one time one gets it.
    fn take(&self, kind: &str, key: &Key, audit: Option<Audit>) -> impl Future<Output = Result<Option<Record>, StoreError>> + Send;

    /// All records of some kinds and all APIs, at one generation.
    fn read_all(&self, kinds: &[&str]) -> impl Future<Output = Result<Everything, StoreError>> + Send;

    /// What changed after a generation, for readers that hold the rest. Removals are known for [`REMOVED_KEPT`] at least; a record whose
    /// time has come ends by itself, for the reader too.
    fn since(&self, generation: u64) -> impl Future<Output = Result<Since, StoreError>> + Send;

    /// Forgets records whose time has come, and removals that nobody asks for any more: at most `limit` of each. Gives how many records.
    /// The stores do it by themselves.
    fn prune(&self, limit: usize) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Entries of the log of a tenant, or of all, the newest first: at most `limit` (1 to [`MAX_PAGE`]) with numbers below `before`.
    fn audit(
        &self,
        tenant: Option<&str>,
        before: Option<u64>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<AuditEntry>, StoreError>> + Send;

    /// The end of the log.
    fn audit_head(&self) -> impl Future<Output = Result<AuditHead, StoreError>> + Send;

    /// Reads everything and says what is not as it was written: the log's chain, records, revisions, the database itself.
    fn check(&self) -> impl Future<Output = Result<Vec<Damage>, StoreError>> + Send;

    /// Sends all that is kept, as of one generation, beginning with [`Item::Head`].
    fn dump(&self, into: mpsc::Sender<Item>) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Keeps what another store dumped, in one step: all or nothing. Ends well only where [`Item::End`] came.
    ///
    /// # Errors
    /// [`StoreError::NotEmpty`] where something is kept and [`Load::Replace`] was not said.
    fn load(&self, items: mpsc::Receiver<Item>, how: Load) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A number that grows with every change: equal numbers mean equal contents.
    fn generation(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Waits until the generation is above `seen` and gives it. Changes of other processes are seen within a second. Never fails: while
    /// the store is away it waits. May be dropped at any time.
    fn changed(&self, seen: u64) -> impl Future<Output = u64> + Send;

    /// How the store is, as far as is known without asking it.
    fn state(&self) -> StoreState;
}

/// How a store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreState {
    /// `memory`, `sqlite` or `postgres`.
    pub backend: &'static str,
    /// Did the last operation, or the last look in between, reach it?
    pub available: bool,
    /// The newest generation that was seen.
    pub generation: u64,
    /// Connections that are open.
    pub connections: u32,
    /// Those of them that nobody uses.
    pub idle: u32,
}

/// Waits until the generation that was seen is above `seen`.
async fn above(generation: &watch::Sender<u64>, seen: u64) -> u64 {
    match generation.subscribe().wait_for(|g| *g > seen).await.map(|g| *g) {
        Ok(generation) => generation,
        // The sender lives as long as its store.
        Err(_) => std::future::pending().await,
    }
}

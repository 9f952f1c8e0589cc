//! The store on SQLite or PostgreSQL: one set of statements for both.
//!
//! All writers change the one row of `castile_state` first and so stand in a line until they end: a generation is given to one
//! transaction, transactions become visible in the order of their generations, and what a writer read stays as it is.

mod audit;
mod driver;
mod dump;
mod migrate;
mod open;
mod records;
mod revisions;
mod since;
mod watch;

pub use open::PostgresOptions;
pub(super) use open::make_folder;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch as channel};
use tokio::task::JoinSet;
use tokio::time::timeout;

use self::driver::{Engine, OPERATION, Tx, to_int};
use super::item::hash_of;
use super::packed::Packed;
use super::{
    Audit, AuditEntry, AuditHead, Change, Content, Cursor, Damage, Everything, Item, Key, Load, Page, Record, Revision, RevisionEntry,
    Since, Store, StoreError, StoreState, Summary, above,
};

/// Longest time that an operation on the texts of an API takes.
const LARGE_OPERATION: Duration = Duration::from_secs(60);

/// A store on SQLite or PostgreSQL. It ends with its last owner; [`Sql::close`] waits for that.
#[derive(Debug)]
pub struct Sql {
    inner: Arc<Inner>,
    /// What looks for changes of others.
    tasks: JoinSet<()>,
}

/// What operations and the tasks behind share.
#[derive(Debug)]
struct Inner {
    engine: Engine,
    /// Is the schema the newest? Before that nothing else is done.
    migrated: AtomicBool,
    available: AtomicBool,
    generation: channel::Sender<u64>,
}

/// The row of `castile_state`.
struct State {
    generation: u64,
    removals_from: u64,
    audit: AuditHead,
}

fn read_state(row: Option<driver::Row>) -> Result<State, StoreError> {
    let row = row.ok_or_else(|| StoreError::damaged("the state of the database is missing"))?;
    let audit = AuditHead { seq: row.number(2)?, hash: hash_of(&row.bytes(3)?) };
    Ok(State { generation: row.number(0)?, removals_from: row.number(1)?, audit })
}

async fn state(tx: &mut Tx) -> Result<State, StoreError> {
    const SQL: &str = "SELECT generation, removals_from, audit_seq, audit_hash FROM castile_state WHERE id = 1";
    read_state(tx.row(SQL, &[]).await?)
}

/// Enters the line of writers; the new generation where something changes.
async fn next_generation(tx: &mut Tx, changes: bool) -> Result<State, StoreError> {
    const SQL: &str = "UPDATE castile_state SET generation = generation + $1 WHERE id = 1
        RETURNING generation, removals_from, audit_seq, audit_hash";
    read_state(tx.row(SQL, &[driver::Value::Int(i64::from(changes))]).await?)
}

/// Enters the line of writers.
async fn lock(tx: &mut Tx) -> Result<(), StoreError> {
    next_generation(tx, false).await.map(drop)
}

impl Inner {
    /// Ends a transaction and tells who waits, here and elsewhere.
    async fn commit(&self, mut tx: Tx, generation: u64) -> Result<(), StoreError> {
        if let Tx::Postgres(_) = tx {
            tx.run("SELECT pg_notify('castile_changed', CAST($1 AS TEXT))", &[driver::Value::Int(to_int(generation))]).await?;
        }
        tx.commit().await?;
        self.saw(generation);
        Ok(())
    }

    fn saw(&self, generation: u64) {
        self.generation.send_if_modified(|seen| {
            let newer = generation > *seen;
            *seen = generation.max(*seen);
            newer
        });
    }

    async fn generation(&self) -> Result<u64, StoreError> {
        let row = self.engine.row("SELECT generation FROM castile_state WHERE id = 1", &[]).await?;
        let generation = row.ok_or_else(|| StoreError::damaged("the state of the database is missing"))?.number(0)?;
        self.saw(generation);
        Ok(generation)
    }

    async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        const SQL: &str = "SELECT generation, removals_from, audit_seq, audit_hash FROM castile_state WHERE id = 1";
        Ok(read_state(self.engine.row(SQL, &[]).await?)?.audit)
    }

    async fn prune(&self, limit: usize) -> Result<usize, StoreError> {
        self.prune_removed(limit).await?;
        self.prune_records(limit).await
    }

    /// Does an operation within a time, and remembers whether the database was there.
    async fn within<T>(&self, limit: Duration, work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        if !self.migrated.load(Ordering::Acquire) {
            return Err(StoreError::unavailable("the database was not reached yet"));
        }
        self.remember(timeout(limit, work).await.unwrap_or_else(|_| Err(StoreError::unavailable("no answer in time"))))
    }

    fn remember<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        self.available.store(!matches!(result, Err(StoreError::Unavailable { .. })), Ordering::Relaxed);
        result
    }

    async fn migrate(&self) -> Result<Vec<u64>, StoreError> {
        let taken = self.remember(migrate::migrate(&self.engine).await)?;
        self.migrated.store(true, Ordering::Release);
        Ok(taken)
    }
}

impl Sql {
    /// Brings the database to the newest schema, and gives the numbers of the steps that were taken. Several processes may do so at once.
    ///
    /// # Errors
    /// [`StoreError::Newer`] where a newer Castile was here.
    pub async fn migrate(&self) -> Result<Vec<u64>, StoreError> {
        self.inner.migrate().await
    }

    /// Takes the database as it is, where it has the newest schema.
    async fn look(&self) -> Result<(), StoreError> {
        self.inner.remember(migrate::look(&self.inner.engine).await)?;
        self.inner.migrated.store(true, Ordering::Release);
        Ok(())
    }

    /// Ends all connections.
    pub async fn close(&self) {
        self.inner.engine.close().await;
    }
}

impl Store for Sql {
    async fn put_revision(
        &self,
        tenant: &str,
        name: &str,
        expected: Option<u64>,
        content: Content,
        audit: Option<Audit>,
    ) -> Result<u64, StoreError> {
        let packed = Packed::pack(content).await?;
        self.inner.within(LARGE_OPERATION, self.inner.put_revision((tenant, name), expected, &packed, audit)).await
    }

    async fn latest(&self, tenant: &str, name: &str) -> Result<Option<Arc<Revision>>, StoreError> {
        self.inner.within(LARGE_OPERATION, self.inner.latest(tenant, name)).await
    }

    async fn revision(&self, tenant: &str, name: &str, number: u64) -> Result<Option<Arc<Revision>>, StoreError> {
        self.inner.within(LARGE_OPERATION, self.inner.revision(tenant, name, number)).await
    }

    async fn apis(&self, tenant: Option<&str>) -> Result<Vec<Summary>, StoreError> {
        self.inner.within(OPERATION, self.inner.apis(tenant)).await
    }

    async fn history(&self, tenant: &str, name: &str) -> Result<Vec<RevisionEntry>, StoreError> {
        self.inner.within(OPERATION, self.inner.history(tenant, name)).await
    }

    async fn remove_api(&self, tenant: &str, name: &str, audit: Option<Audit>) -> Result<bool, StoreError> {
        self.inner.within(OPERATION, self.inner.remove_api(tenant, name, audit)).await
    }

    async fn write(&self, changes: Vec<Change>, audit: Option<Audit>) -> Result<u64, StoreError> {
        self.inner.within(OPERATION, self.inner.write(&changes, audit)).await
    }

    async fn record(&self, kind: &str, tenant: &str, id: &str) -> Result<Option<Record>, StoreError> {
        self.inner.within(OPERATION, self.inner.record(kind, tenant, id)).await
    }

    async fn find(&self, kind: &str, key: &Key) -> Result<Option<Record>, StoreError> {
        Ok(self.inner.within(OPERATION, self.inner.by_key(kind, key, None, 1)).await?.into_iter().next())
    }

    async fn records(&self, kind: &str, tenant: Option<&str>, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        self.inner.within(OPERATION, self.inner.records(kind, tenant, after, limit)).await
    }

    async fn records_by(&self, kind: &str, key: &Key, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        self.inner.within(OPERATION, self.inner.records_by(kind, key, after, limit)).await
    }

    async fn take(&self, kind: &str, key: &Key, audit: Option<Audit>) -> Result<Option<Record>, StoreError> {
        self.inner.within(OPERATION, self.inner.take(kind, key, audit)).await
    }

    async fn read_all(&self, kinds: &[&str]) -> Result<Everything, StoreError> {
        self.inner.within(LARGE_OPERATION, self.inner.read_all(kinds)).await
    }

    async fn since(&self, generation: u64) -> Result<Since, StoreError> {
        self.inner.within(OPERATION, self.inner.since(generation)).await
    }

    async fn prune(&self, limit: usize) -> Result<usize, StoreError> {
        self.inner.within(OPERATION, self.inner.prune(limit)).await
    }

    async fn audit(&self, tenant: Option<&str>, before: Option<u64>, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        self.inner.within(OPERATION, self.inner.audit(tenant, before, limit)).await
    }

    async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        self.inner.within(OPERATION, self.inner.audit_head()).await
    }

    async fn check(&self) -> Result<Vec<Damage>, StoreError> {
        self.inner.remember(self.inner.check().await)
    }

    async fn dump(&self, into: mpsc::Sender<Item>) -> Result<(), StoreError> {
        self.inner.remember(self.inner.dump(into).await)
    }

    async fn load(&self, items: mpsc::Receiver<Item>, how: Load) -> Result<(), StoreError> {
        self.inner.remember(self.inner.load(items, how).await)
    }

    async fn generation(&self) -> Result<u64, StoreError> {
        self.inner.within(OPERATION, self.inner.generation()).await
    }

    async fn changed(&self, seen: u64) -> u64 {
        above(&self.inner.generation, seen).await
    }

    fn state(&self) -> StoreState {
        let (connections, idle) = self.inner.engine.connections();
        StoreState {
            backend: self.inner.engine.name(),
            available: self.inner.available.load(Ordering::Relaxed),
            generation: *self.inner.generation.borrow(),
            connections,
            idle,
        }
    }
}

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{
    Audit, AuditEntry, AuditHead, Change, Content, Cursor, Damage, Everything, Item, Key, Load, Memory, Page, Record, Revision,
    RevisionEntry, Since, Sql, Store, StoreError, StoreState, Summary,
};

/// The store that was chosen: what a server holds.
#[derive(Debug)]
pub enum AnyStore {
    /// In memory.
    Memory(Memory),
    /// On SQLite or PostgreSQL.
    Sql(Box<Sql>),
}

impl From<Memory> for AnyStore {
    fn from(store: Memory) -> Self {
        Self::Memory(store)
    }
}

impl From<Sql> for AnyStore {
    fn from(store: Sql) -> Self {
        Self::Sql(Box::new(store))
    }
}

/// The same operation of whichever it is.
macro_rules! either {
    ($self:ident, $store:ident => $call:expr) => {
        match $self {
            Self::Memory($store) => $call,
            Self::Sql($store) => $call,
        }
    };
}

impl AnyStore {
    /// Ends all connections.
    pub async fn close(&self) {
        if let Self::Sql(store) = self {
            store.close().await;
        }
    }
}

impl Store for AnyStore {
    async fn put_revision(
        &self,
        tenant: &str,
        name: &str,
        expected: Option<u64>,
        content: Content,
        audit: Option<Audit>,
    ) -> Result<u64, StoreError> {
        either!(self, s => s.put_revision(tenant, name, expected, content, audit).await)
    }

    async fn latest(&self, tenant: &str, name: &str) -> Result<Option<Arc<Revision>>, StoreError> {
        either!(self, s => s.latest(tenant, name).await)
    }

    async fn revision(&self, tenant: &str, name: &str, number: u64) -> Result<Option<Arc<Revision>>, StoreError> {
        either!(self, s => s.revision(tenant, name, number).await)
    }

    async fn apis(&self, tenant: Option<&str>) -> Result<Vec<Summary>, StoreError> {
        either!(self, s => s.apis(tenant).await)
    }

    async fn history(&self, tenant: &str, name: &str) -> Result<Vec<RevisionEntry>, StoreError> {
        either!(self, s => s.history(tenant, name).await)
    }

    async fn remove_api(&self, tenant: &str, name: &str, audit: Option<Audit>) -> Result<bool, StoreError> {
        either!(self, s => s.remove_api(tenant, name, audit).await)
    }

    async fn write(&self, changes: Vec<Change>, audit: Option<Audit>) -> Result<u64, StoreError> {
        either!(self, s => s.write(changes, audit).await)
    }

    async fn record(&self, kind: &str, tenant: &str, id: &str) -> Result<Option<Record>, StoreError> {
        either!(self, s => s.record(kind, tenant, id).await)
    }

    async fn find(&self, kind: &str, key: &Key) -> Result<Option<Record>, StoreError> {
        either!(self, s => s.find(kind, key).await)
    }

    async fn records(&self, kind: &str, tenant: Option<&str>, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        either!(self, s => s.records(kind, tenant, after, limit).await)
    }

    async fn records_by(&self, kind: &str, key: &Key, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        either!(self, s => s.records_by(kind, key, after, limit).await)
    }

    async fn take(&self, kind: &str, key: &Key, audit: Option<Audit>) -> Result<Option<Record>, StoreError> {
        either!(self, s => s.take(kind, key, audit).await)
    }

    async fn read_all(&self, kinds: &[&str]) -> Result<Everything, StoreError> {
        either!(self, s => s.read_all(kinds).await)
    }

    async fn since(&self, generation: u64) -> Result<Since, StoreError> {
        either!(self, s => s.since(generation).await)
    }

    async fn prune(&self, limit: usize) -> Result<usize, StoreError> {
        either!(self, s => s.prune(limit).await)
    }

    async fn audit(&self, tenant: Option<&str>, before: Option<u64>, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        either!(self, s => s.audit(tenant, before, limit).await)
    }

    async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        either!(self, s => s.audit_head().await)
    }

    async fn check(&self) -> Result<Vec<Damage>, StoreError> {
        either!(self, s => s.check().await)
    }

    async fn dump(&self, into: mpsc::Sender<Item>) -> Result<(), StoreError> {
        either!(self, s => s.dump(into).await)
    }

    async fn load(&self, items: mpsc::Receiver<Item>, how: Load) -> Result<(), StoreError> {
        either!(self, s => s.load(items, how).await)
    }

    async fn generation(&self) -> Result<u64, StoreError> {
        either!(self, s => s.generation().await)
    }

    async fn changed(&self, seen: u64) -> u64 {
        either!(self, s => s.changed(seen).await)
    }

    fn state(&self) -> StoreState {
        either!(self, s => s.state())
    }
}

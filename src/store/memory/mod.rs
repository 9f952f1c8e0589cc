//! The store in memory: for one process, and for tests.

mod apis;
mod shelf;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};

use self::apis::Apis;
use self::shelf::Shelf;
use super::audit::Chain;
use super::item::hash_of;
use super::packed::Packed;
use super::record::{validate, whole_ms};
use super::{
    Audit, AuditEntry, AuditHead, Change, Changes, Content, Cursor, Damage, Everything, Item, Key, Load, MAX_PAGE, MAX_SINCE, Page, Place,
    REMOVED_KEPT, Record, Revision, RevisionEntry, Since, Store, StoreError, StoreState, Summary, above,
};

/// Records whose time has come that each write forgets.
const PRUNED_BY_A_WRITE: usize = 16;

/// A store in memory: for one process, and for tests.
#[derive(Debug)]
pub struct Memory {
    state: Mutex<State>,
    generation: watch::Sender<u64>,
}

impl Default for Memory {
    fn default() -> Self {
        Self { state: Mutex::default(), generation: watch::channel(0).0 }
    }
}

#[derive(Debug, Default)]
struct State {
    generation: u64,
    /// Removals up to this generation are forgotten.
    floor: u64,
    shelf: Shelf,
    apis: Apis,
    audit: Vec<AuditEntry>,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state; nothing that can panic runs while it is held, so a poisoned lock holds whole data.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and tells who waits.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut state = self.state();
        let result = change(&mut state);
        let generation = state.generation;
        drop(state);
        self.generation.send_if_modified(|seen| std::mem::replace(seen, generation) != generation);
        result
    }
}

impl State {
    fn head(&self) -> AuditHead {
        self.audit.last().map(AuditEntry::head).unwrap_or_default()
    }

    fn log(&mut self, now: Timestamp, audit: Option<Audit>) {
        if let Some(audit) = audit {
            let entry = self.head().next(now, audit);
            self.audit.push(entry);
        }
    }

    fn write(&mut self, changes: Vec<Change>, audit: Option<Audit>) -> Result<u64, StoreError> {
        validate(&changes)?;
        let now = Timestamp::now();
        self.shelf.prune(now, PRUNED_BY_A_WRITE);
        self.floor = self.floor.max(self.shelf.forget_most_removed(MAX_SINCE));
        let version = self.generation + u64::from(!changes.is_empty());
        let mut undo = Vec::with_capacity(changes.len());
        for change in changes {
            let place = change.place();
            if let Err(error) = self.shelf.admit(&change, now) {
                for (place, before, removed) in undo.into_iter().rev() {
                    self.shelf.restore(place, before, removed);
                }
                return Err(error);
            }
            let record = match change {
                Change::Put { record, .. } => Some(Record { version, expires: record.expires.map(whole_ms), ..record }),
                Change::Remove { .. } => None,
            };
            let (before, removed) = self.shelf.set(&place, record, version, now);
            undo.push((place, before, removed));
        }
        self.generation = version;
        self.log(now, audit);
        Ok(version)
    }

    fn put_revision(
        &mut self,
        (tenant, name): (&str, &str),
        expected: Option<u64>,
        content: Content,
        digest: [u8; 32],
        audit: Option<Audit>,
    ) -> Result<u64, StoreError> {
        let now = Timestamp::now();
        let version = self.generation + 1;
        let (number, new) = self.apis.put((tenant, name), expected, content, digest, version, now)?;
        if new {
            self.generation = version;
            self.log(now, audit);
        }
        Ok(number)
    }

    fn items(&self) -> Result<Vec<Item>, StoreError> {
        let mut items = vec![Item::head(self.generation, &self.head())];
        let record = |r: &Record| Item::record(r.clone()).ok_or_else(|| StoreError::damaged("a record is no JSON"));
        items.extend(self.shelf.all().map(record).collect::<Result<Vec<_>, _>>()?);
        items.extend(self.apis.items()?);
        items.extend(self.audit.iter().cloned().map(Item::audit));
        items.push(Item::End);
        Ok(items)
    }

    fn add(&mut self, item: Item) -> Result<(), StoreError> {
        match item {
            Item::Head { generation, .. } => self.generation = generation,
            Item::Record(stored) => {
                let record = Record::from(stored);
                self.shelf.set(&record.place(), Some(record), 0, Timestamp::now());
            }
            Item::Api { tenant, name, latest, kept, version } => self.apis.add(&tenant, &name, latest, kept, version),
            Item::Revision { tenant, name, number, at, digest, content } => {
                let packed = Packed { digest: hash_of(&digest), bytes: content };
                self.apis.add_revision((&tenant, &name), number, at, &packed)?;
            }
            Item::Audit { seq, at, entry, hash } => {
                let at = Timestamp::from_millisecond(at).map_err(|_| StoreError::damaged("the time of an audit entry"))?;
                self.audit.push(AuditEntry { seq, at, audit: entry, hash: hash_of(&hash) });
            }
            Item::End => {}
        }
        Ok(())
    }
}

impl Store for Memory {
    async fn put_revision(
        &self,
        tenant: &str,
        name: &str,
        expected: Option<u64>,
        content: Content,
        audit: Option<Audit>,
    ) -> Result<u64, StoreError> {
        let digest = Packed::pack(content.clone()).await?.digest;
        self.change(|state| state.put_revision((tenant, name), expected, content, digest, audit))
    }

    async fn latest(&self, tenant: &str, name: &str) -> Result<Option<Arc<Revision>>, StoreError> {
        Ok(self.state().apis.latest(tenant, name))
    }

    async fn revision(&self, tenant: &str, name: &str, number: u64) -> Result<Option<Arc<Revision>>, StoreError> {
        Ok(self.state().apis.revision(tenant, name, number))
    }

    async fn apis(&self, tenant: Option<&str>) -> Result<Vec<Summary>, StoreError> {
        Ok(self.state().apis.list(tenant))
    }

    async fn history(&self, tenant: &str, name: &str) -> Result<Vec<RevisionEntry>, StoreError> {
        Ok(self.state().apis.history(tenant, name))
    }

    async fn remove_api(&self, tenant: &str, name: &str, audit: Option<Audit>) -> Result<bool, StoreError> {
        self.change(|state| {
            let version = state.generation + 1;
            let Some(forgotten) = state.apis.remove(tenant, name, version) else { return Ok(false) };
            state.floor = state.floor.max(forgotten);
            state.generation = version;
            state.log(Timestamp::now(), audit);
            Ok(true)
        })
    }

    async fn write(&self, changes: Vec<Change>, audit: Option<Audit>) -> Result<u64, StoreError> {
        self.change(|state| state.write(changes, audit))
    }

    async fn record(&self, kind: &str, tenant: &str, id: &str) -> Result<Option<Record>, StoreError> {
        let place = Place { kind: kind.to_owned(), tenant: tenant.to_owned(), id: id.to_owned() };
        Ok(self.state().shelf.get(&place, Timestamp::now()).cloned())
    }

    async fn find(&self, kind: &str, key: &Key) -> Result<Option<Record>, StoreError> {
        Ok(self.state().shelf.by_key(kind, key, None, 1, Timestamp::now()).into_iter().next())
    }

    async fn records(&self, kind: &str, tenant: Option<&str>, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        Ok(Page::of(self.state().shelf.list(kind, tenant, after, limit + 1, Timestamp::now()), limit))
    }

    async fn records_by(&self, kind: &str, key: &Key, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        Ok(Page::of(self.state().shelf.by_key(kind, key, after, limit + 1, Timestamp::now()), limit))
    }

    async fn take(&self, kind: &str, key: &Key, audit: Option<Audit>) -> Result<Option<Record>, StoreError> {
        self.change(|state| {
            let Some(record) = state.shelf.by_key(kind, key, None, 1, Timestamp::now()).into_iter().next() else { return Ok(None) };
            let expected = super::Expected::Version(record.version);
            state.write(vec![Change::Remove { place: record.place(), expected }], audit)?;
            Ok(Some(record))
        })
    }

    async fn read_all(&self, kinds: &[&str]) -> Result<Everything, StoreError> {
        let (state, now) = (self.state(), Timestamp::now());
        let wanted = |r: &&Record| kinds.contains(&&*r.kind) && !r.is_expired(now);
        let records = state.shelf.all().filter(wanted).cloned().collect();
        Ok(Everything { generation: state.generation, records, apis: state.apis.list(None) })
    }

    async fn since(&self, generation: u64) -> Result<Since, StoreError> {
        let state = self.state();
        if generation < state.floor || generation > state.generation {
            return Ok(Since::TooOld);
        }
        let (records, removed) = state.shelf.since(generation, Timestamp::now());
        let apis = state.apis.since(generation);
        if records.len() + removed.len() + apis.len() > MAX_SINCE {
            return Ok(Since::TooOld);
        }
        Ok(Since::Changes(Changes { generation: state.generation, records, removed, apis }))
    }

    async fn prune(&self, limit: usize) -> Result<usize, StoreError> {
        let mut state = self.state();
        let now = Timestamp::now();
        let before = now.checked_sub(jiff::SignedDuration::try_from(REMOVED_KEPT).unwrap_or_default()).unwrap_or(now);
        let forgotten = state.shelf.forget_removed(before, limit);
        state.floor = state.floor.max(forgotten);
        Ok(state.shelf.prune(now, limit))
    }

    async fn audit(&self, tenant: Option<&str>, before: Option<u64>, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        let state = self.state();
        let wanted = |e: &&AuditEntry| tenant.is_none_or(|t| t == e.audit.tenant) && before.is_none_or(|b| e.seq < b);
        Ok(state.audit.iter().rev().filter(wanted).take(limit.clamp(1, MAX_PAGE)).cloned().collect())
    }

    async fn audit_head(&self) -> Result<AuditHead, StoreError> {
        Ok(self.state().head())
    }

    async fn check(&self) -> Result<Vec<Damage>, StoreError> {
        let state = self.state();
        let mut chain = Chain::default();
        state.audit.iter().for_each(|e| chain.add(e));
        chain.end(&state.head());
        Ok(chain.found)
    }

    async fn dump(&self, into: mpsc::Sender<Item>) -> Result<(), StoreError> {
        let items = self.state().items()?;
        for item in items {
            into.send(item).await.map_err(|_| StoreError::unavailable("nobody takes the dump"))?;
        }
        Ok(())
    }

    async fn load(&self, mut items: mpsc::Receiver<Item>, how: Load) -> Result<(), StoreError> {
        let mut loaded = State::default();
        let mut ended = false;
        while let Some(item) = items.recv().await {
            ended = item == Item::End;
            loaded.add(item)?;
        }
        if !ended {
            return Err(StoreError::damaged("the dump has no end"));
        }
        self.change(|state| {
            let is_empty = state.shelf.is_empty() && state.apis.is_empty() && state.audit.is_empty();
            if how == Load::IntoEmpty && !is_empty {
                return Err(StoreError::NotEmpty);
            }
            // Whoever read the old contents must read all again.
            loaded.generation = loaded.generation.max(state.generation) + 1;
            loaded.floor = loaded.generation;
            *state = loaded;
            Ok(())
        })
    }

    async fn generation(&self) -> Result<u64, StoreError> {
        Ok(self.state().generation)
    }

    async fn changed(&self, seen: u64) -> u64 {
        above(&self.generation, seen).await
    }

    fn state(&self) -> StoreState {
        StoreState { backend: "memory", available: true, generation: self.state().generation, connections: 0, idle: 0 }
    }
}

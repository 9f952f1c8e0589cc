//! The APIs' half of the snapshot: read from the store, compiled, and kept up with it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::content::{Built, build_of};
use super::credentials::defines_sealed;
use super::{Catalog, Failure, PublishedApi, Snapshot, Vault};
use crate::api::{Release, SealedSecret, State, codes};
use crate::auth::DEFAULT_TENANT;
use crate::diagnostic::{Diagnostic, Sources};
use crate::store::{API_KINDS, Content, Everything, Kept, MAX_REVISIONS, Record, Revision, Since, Store, StoreError, Versioned};

/// Brings the APIs of the store into the catalog: of each the revision and the state that are in force.
#[derive(Debug)]
pub struct Roster<S> {
    store: Arc<S>,
    catalog: Arc<Catalog>,
    vault: Arc<Vault>,
    weigh: Option<Arc<dyn Weigh>>,
    shelf: Mutex<Shelf>,
}

/// Says whether there is room in this process for what a revision takes to compile.
pub trait Weigh: fmt::Debug + Send + Sync {
    /// The error is for the log, a sentence.
    fn weigh<'a>(&'a self, revision: &'a Revision) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;
}

/// An API by its tenant and its name there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiName {
    /// Whose it is.
    pub tenant: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// What a refresh did.
#[derive(Debug)]
pub struct Update {
    /// The snapshot after it.
    pub snapshot: Arc<Snapshot>,
    /// The APIs that are published anew.
    pub changed: Vec<ApiName>,
    /// Those that are not there any more.
    pub removed: Vec<ApiName>,
    /// Those that cannot be published as they are.
    pub failed: Vec<Failure>,
    /// Of what was handed over: those of which another revision is held.
    pub pinned: Vec<Pinned>,
}

/// An API whose newest revision is not served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pinned {
    /// Which.
    pub api: ApiName,
    /// The revision that is in force.
    pub revision: u64,
    /// The newest.
    pub latest: u64,
}

/// Content that was compiled already, to be kept as a revision.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// Which API.
    pub api: ApiName,
    /// Its texts.
    pub content: Content,
    /// What came of them.
    pub made: Arc<PublishedApi>,
}

/// What was read last.
#[derive(Debug, Default)]
struct Shelf {
    generation: u64,
    apis: BTreeMap<ApiName, Entry>,
    releases: BTreeMap<ApiName, Release>,
    /// What changed and is not published yet.
    open: BTreeSet<ApiName>,
}

#[derive(Debug, Default)]
struct Entry {
    /// The newest revision; 0: it is gone.
    latest: u64,
    /// The revision that was compiled last, as its definition says.
    made: Option<(u64, Arc<PublishedApi>)>,
    /// The revision that cannot be compiled.
    bad: Option<u64>,
    /// What is published.
    shown: Option<Arc<PublishedApi>>,
}

impl<S: Store> Roster<S> {
    /// Nothing is read yet.
    pub fn new(store: Arc<S>, catalog: Arc<Catalog>) -> Self {
        Self { store, catalog, vault: Arc::default(), weigh: None, shelf: Mutex::default() }
    }

    /// The same where APIs find that on this machine.
    #[must_use]
    pub fn with_vault(self, vault: Arc<Vault>) -> Self {
        Self { vault, ..self }
    }

    /// The same where what came over the admin API is weighed before it is compiled here.
    #[must_use]
    pub fn weighing(self, weigh: Arc<dyn Weigh>) -> Self {
        Self { weigh: Some(weigh), ..self }
    }

    /// What APIs find on this machine.
    pub fn vault(&self) -> &Arc<Vault> {
        &self.vault
    }

    /// The store that it reads.
    pub fn store(&self) -> &Arc<S> {
        &self.store
    }

    /// Reads what changed since the last time, or all, and publishes it in one swap. APIs are compiled one at a time, away from the
    /// callers' threads; one that cannot be keeps what was published of it.
    ///
    /// # Errors
    /// The store is away or damaged: what was published stays, and the next time goes on from here.
    pub async fn refresh(&self) -> Result<Update, StoreError> {
        let mut shelf = self.shelf.lock().await;
        self.read(&mut shelf).await?;
        self.publish(&*self.store, &mut shelf).await
    }

    /// Reads what changed, and publishes nothing yet: the sealed secrets are known from then on.
    ///
    /// # Errors
    /// The store is away or damaged.
    pub async fn look(&self) -> Result<(), StoreError> {
        let mut shelf = self.shelf.lock().await;
        self.read(&mut shelf).await
    }

    /// Publishes what another store holds, for as long as its own is away: of that one everything is read, and compiled, once it answers.
    ///
    /// # Errors
    /// It is damaged.
    pub async fn begin_with<F: Store>(&self, other: &F) -> Result<Update, StoreError> {
        let mut shelf = self.shelf.lock().await;
        self.replace(&mut shelf, &other.read_all(&API_KINDS).await?)?;
        let update = self.publish(other, &mut shelf).await;
        shelf.generation = 0;
        // A number may mean something else in its own store.
        for entry in shelf.apis.values_mut() {
            (entry.made, entry.bad) = (None, None);
        }
        update
    }

    /// Keeps revisions that were compiled already and removes APIs, then refreshes.
    ///
    /// # Errors
    /// The store does not keep them: what was kept before the error stays.
    pub async fn accept(&self, compiled: Vec<Compiled>, gone: &[ApiName]) -> Result<Update, StoreError> {
        let mut shelf = self.shelf.lock().await;
        self.read(&mut shelf).await?;
        for name in gone {
            let _was_there = self.store.remove_api(&name.tenant, &name.name, None).await?;
        }
        let (mut handed, mut failed) = (Vec::new(), Vec::new());
        for Compiled { api, content, made } in compiled {
            match self.keep(&shelf, &api, content).await? {
                Some(number) => handed.push((api, number, made)),
                None => failed.push(no_room(&api)),
            }
        }
        self.read(&mut shelf).await?;
        let mut pinned = Vec::new();
        for (api, number, made) in handed {
            pinned.extend(shelf.hand(api, number, made));
        }
        let mut update = self.publish(&*self.store, &mut shelf).await?;
        update.failed.append(&mut failed);
        update.pinned = pinned;
        Ok(update)
    }

    /// Compiles every API anew: secrets that are kept in files may have changed.
    ///
    /// # Errors
    /// As [`Roster::refresh`].
    pub async fn renew(&self) -> Result<Update, StoreError> {
        let mut shelf = self.shelf.lock().await;
        self.read(&mut shelf).await?;
        for (api, entry) in &mut shelf.apis {
            entry.bad = None;
            let Some((number, before)) = &entry.made else { continue };
            let Some(revision) = self.store.revision(&api.tenant, &api.name, *number).await? else { continue };
            if let Some(made) = self.desk().compile(revision).await?.api.filter(|m| m.credentials != before.credentials) {
                entry.made = Some((*number, made));
            }
        }
        shelf.open = shelf.apis.keys().cloned().collect();
        self.publish(&*self.store, &mut shelf).await
    }

    /// Keeps up with the store; never returns. A store that is away is asked again after a moment.
    pub async fn follow(&self) {
        loop {
            let generation = self.shelf.lock().await.generation;
            self.store.changed(generation).await;
            match self.refresh().await {
                Ok(update) => update.log(),
                Err(error) => {
                    tracing::error!(%error, "the store cannot be read: the APIs that are published stay");
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// Brings numbers and releases up to the store.
    async fn read(&self, shelf: &mut Shelf) -> Result<(), StoreError> {
        let since = match shelf.generation {
            0 => Since::TooOld,
            generation => self.store.since(generation).await?,
        };
        match since {
            Since::Changes(changes) => {
                for record in changes.records.iter().filter(|r| r.kind == Release::KIND) {
                    shelf.release(Versioned::<Release>::read(record)?.value);
                }
                let secrets = of_kind::<SealedSecret>(&changes.records)?;
                let gone: Vec<_> = (changes.removed.iter().filter(|p| p.kind == SealedSecret::KIND))
                    .map(|p| (Arc::from(&*p.tenant), Arc::from(&*p.id)))
                    .collect();
                shelf.reopen(&self.vault.learn(secrets, &gone, false));
                for place in changes.removed.iter().filter(|p| p.kind == Release::KIND) {
                    let name = ApiName::new(&*place.tenant, &*place.id);
                    shelf.releases.remove(&name);
                    shelf.open.insert(name);
                }
                for change in &changes.apis {
                    shelf.latest(ApiName::new(&*change.tenant, &*change.name), change.latest.unwrap_or(0));
                }
                shelf.generation = changes.generation;
            }
            Since::TooOld => self.replace(shelf, &self.store.read_all(&API_KINDS).await?)?,
        }
        Ok(())
    }

    /// Takes everything as it is in a store.
    fn replace(&self, shelf: &mut Shelf, everything: &Everything) -> Result<(), StoreError> {
        shelf.replace(everything)?;
        shelf.reopen(&self.vault.learn(of_kind::<SealedSecret>(&everything.records)?, &[], true));
        Ok(())
    }

    /// Keeps a revision; `None` where the one that is held would have to go for it.
    async fn keep(&self, shelf: &Shelf, api: &ApiName, content: Content) -> Result<Option<u64>, StoreError> {
        let held = shelf.releases.get(api).and_then(|r| r.revision);
        if let Some(latest) = shelf.apis.get(api).map(|e| e.latest).filter(|l| held.is_some_and(|h| is_oldest(h, *l))) {
            let newest = self.store.revision(&api.tenant, &api.name, latest).await?;
            return Ok(newest.filter(|r| r.content == content).map(|r| r.number));
        }
        self.store.put_revision(&api.tenant, &api.name, None, content, None).await.map(Some)
    }

    fn desk(&self) -> Desk<'_> {
        Desk { vault: &self.vault, weigh: self.weigh.as_ref() }
    }

    /// Compiles what is in force now of everything that is open, and publishes it.
    async fn publish<F: Store>(&self, from: &F, shelf: &mut Shelf) -> Result<Update, StoreError> {
        let mut update = Update::of(self.catalog.snapshot());
        for api in shelf.open.clone() {
            settle(from, shelf, api, &self.desk(), &mut update).await?;
        }
        shelf.open.clear();
        if !update.changed.is_empty() || !update.removed.is_empty() || update.snapshot.number == 0 {
            let apis = shelf.distinct(&mut update);
            update.snapshot = self.catalog.publish(apis);
        }
        Ok(update)
    }
}

/// Brings one API to what is in force.
async fn settle<F: Store>(from: &F, shelf: &mut Shelf, api: ApiName, desk: &Desk<'_>, update: &mut Update) -> Result<(), StoreError> {
    let Some(entry) = shelf.apis.get_mut(&api) else { return Ok(()) };
    if entry.latest == 0 {
        let was_shown = entry.shown.is_some();
        shelf.apis.remove(&api);
        update.removed.extend(was_shown.then_some(api));
        return Ok(());
    }
    let release = shelf.releases.get(&api);
    let mut wanted = release.and_then(|r| r.revision).unwrap_or(entry.latest);
    if entry.made.as_ref().is_none_or(|(number, _)| *number != wanted) && entry.bad != Some(wanted) {
        let mut found = from.revision(&api.tenant, &api.name, wanted).await?;
        if found.is_none() && wanted != entry.latest {
            tracing::warn!(api = %api, revision = wanted, "the revision that is held is not kept any more: the newest is served");
            wanted = entry.latest;
            found = from.revision(&api.tenant, &api.name, wanted).await?;
        }
        // Removed since: the next change says so.
        let Some(revision) = found else { return Ok(()) };
        let Built { api: made, diagnostics, sources } = desk.compile(revision).await?;
        match made {
            Some(made) => (entry.made, entry.bad) = (Some((wanted, made)), None),
            None => {
                entry.bad = Some(wanted);
                update.failed.push(Failure { name: api.to_string().into(), kept: entry.shown.is_some(), diagnostics, sources });
            }
        }
    }
    let Some((_, made)) = &entry.made else { return Ok(()) };
    let next = in_force(made, release.map_or(made.definition.api.state, |r| r.state_of(&made.definition)), entry.shown.as_ref());
    if entry.shown.as_ref().is_none_or(|shown| !Arc::ptr_eq(shown, &next)) {
        entry.shown = Some(next);
        update.changed.push(api);
    }
    Ok(())
}

/// An API in the state that is in force. One that is shown as such already stays.
fn in_force(made: &Arc<PublishedApi>, state: State, shown: Option<&Arc<PublishedApi>>) -> Arc<PublishedApi> {
    if made.definition.api.state == state {
        return made.clone();
    }
    let same = shown.filter(|s| Arc::ptr_eq(&s.program, &made.program) && s.definition.api.state == state);
    same.cloned().unwrap_or_else(|| Arc::new(made.in_state(state)))
}

/// Would a revision that is held be dropped if one more were kept?
fn is_oldest(held: u64, latest: u64) -> bool {
    latest.saturating_sub(held) + 1 >= MAX_REVISIONS as u64
}

fn no_room(api: &ApiName) -> Failure {
    let text = format!("{api} keeps an older revision in force, and {MAX_REVISIONS} revisions are kept already: publish a newer one first");
    Failure {
        name: api.to_string().into(),
        kept: true,
        diagnostics: vec![Diagnostic::error(&codes::REVISION_HELD, text)],
        sources: Sources::default(),
    }
}

/// Where revisions are compiled.
struct Desk<'a> {
    vault: &'a Arc<Vault>,
    weigh: Option<&'a Arc<dyn Weigh>>,
}

impl Desk<'_> {
    /// Compiles away from the callers' threads. What came over the admin API, and would take more memory than there is, is not.
    async fn compile(&self, revision: Arc<Revision>) -> Result<Built, StoreError> {
        if let Some(weigh) = self.weigh.filter(|_| !revision.content.managed_by_files)
            && let Err(text) = weigh.weigh(&revision).await
        {
            return Ok(Built { api: None, diagnostics: vec![Diagnostic::error(&codes::NO_ROOM, text)], sources: Sources::default() });
        }
        let vault = self.vault.clone();
        let work = move || build_of(&revision.tenant, &revision.name, &revision.content, &vault);
        tokio::task::spawn_blocking(work).await.map_err(|_| StoreError::Damaged { what: "an API cannot be compiled".to_owned() })
    }
}

/// The values of a kind among records of several.
fn of_kind<T: Kept>(records: &[Record]) -> Result<Vec<T>, StoreError> {
    records.iter().filter(|r| r.kind == T::KIND).map(|r| Ok(Versioned::<T>::read(r)?.value)).collect()
}

impl Shelf {
    /// Has the APIs compiled anew that name one of these sealed secrets, and of their tenants those that could not be compiled.
    fn reopen(&mut self, secrets: &[(Arc<str>, Arc<str>)]) {
        for (api, entry) in &mut self.apis {
            let mut of_tenant = secrets.iter().filter(|(tenant, _)| *tenant == api.tenant).peekable();
            let failed = entry.bad.is_some() && of_tenant.peek().is_some();
            let names = entry.made.as_ref().is_some_and(|(_, made)| of_tenant.any(|(_, name)| defines_sealed(&made.definition, name)));
            if failed || names {
                (entry.made, entry.bad) = (None, None);
                self.open.insert(api.clone());
            }
        }
    }

    fn release(&mut self, release: Release) {
        let name = ApiName::new(release.tenant.clone(), release.api.clone());
        self.open.insert(name.clone());
        self.releases.insert(name, release);
    }

    fn latest(&mut self, name: ApiName, latest: u64) {
        self.open.insert(name.clone());
        self.apis.entry(name).or_default().latest = latest;
    }

    /// Takes everything as it is in the store; what was compiled stays where its revision is the same.
    fn replace(&mut self, everything: &Everything) -> Result<(), StoreError> {
        let releases = of_kind::<Release>(&everything.records)?;
        self.releases.clear();
        for entry in self.apis.values_mut() {
            entry.latest = 0;
        }
        self.open = self.apis.keys().cloned().collect();
        for release in releases {
            self.release(release);
        }
        for api in &everything.apis {
            self.latest(ApiName::new(api.tenant.clone(), api.name.clone()), api.latest);
        }
        self.generation = everything.generation;
        Ok(())
    }

    /// Takes what was compiled of a revision; says where another one is in force.
    fn hand(&mut self, api: ApiName, number: u64, made: Arc<PublishedApi>) -> Option<Pinned> {
        let held = self.releases.get(&api).and_then(|r| r.revision).filter(|held| *held != number);
        let entry = self.apis.get_mut(&api)?;
        if let Some(revision) = held {
            return Some(Pinned { api, revision, latest: entry.latest });
        }
        let same = entry.made.as_ref().is_some_and(|(n, before)| *n == number && before.credentials == made.credentials);
        if entry.latest == number && !same {
            (entry.made, entry.bad) = (Some((number, made)), None);
            self.open.insert(api);
        }
        None
    }

    /// The APIs that can be published together: of two at one address the first by tenant and name.
    fn distinct(&self, update: &mut Update) -> Vec<Arc<PublishedApi>> {
        let mut apis: Vec<Arc<PublishedApi>> = Vec::new();
        let mut taken: HashMap<&str, &ApiName> = HashMap::new();
        for (name, entry) in &self.apis {
            let Some(api) = &entry.shown else { continue };
            let mut addresses = std::iter::once(&api.base_path).chain(&api.default_path);
            match addresses.find_map(|a| taken.get(&**a)) {
                None => {
                    taken.extend(std::iter::once(&api.base_path).chain(&api.default_path).map(|a| (&**a, name)));
                    apis.push(api.clone());
                }
                Some(other) => {
                    let text = format!("{name} and {other} both answer at {}", api.base_path);
                    let diagnostics = vec![Diagnostic::error(&codes::DUPLICATE_CONTEXT, text)];
                    update.failed.push(Failure { name: name.to_string().into(), kept: false, diagnostics, sources: Sources::default() });
                }
            }
        }
        apis
    }
}

impl ApiName {
    /// An API of a tenant.
    pub fn new(tenant: impl Into<Arc<str>>, name: impl Into<Arc<str>>) -> Self {
        Self { tenant: tenant.into(), name: name.into() }
    }
}

impl fmt::Display for ApiName {
    /// Its name; of another tenant than the first `TENANT/NAME`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self.tenant == *DEFAULT_TENANT { f.write_str(&self.name) } else { write!(f, "{}/{}", self.tenant, self.name) }
    }
}

impl Update {
    fn of(snapshot: Arc<Snapshot>) -> Self {
        Self { snapshot, changed: Vec::new(), removed: Vec::new(), failed: Vec::new(), pinned: Vec::new() }
    }

    /// Says in the log what was done.
    pub fn log(&self) {
        for failure in &self.failed {
            for diagnostic in &failure.diagnostics {
                tracing::error!(api = %failure.name, last_good_version_kept = failure.kept, "{}", diagnostic.line(&failure.sources));
            }
        }
        if !self.changed.is_empty() || !self.removed.is_empty() {
            let names = |list: &[ApiName]| list.iter().map(ApiName::to_string).collect::<Vec<_>>().join(", ");
            let (changed, removed) = (names(&self.changed), names(&self.removed));
            tracing::info!(snapshot = self.snapshot.number, %changed, %removed, apis = self.snapshot.apis.len(), "published");
        }
    }
}

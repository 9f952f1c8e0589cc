//! The callers' half of the snapshot: read from the store, and kept up with it.

use std::sync::Arc;

use crate::auth::jwt::SigningKey;
use crate::auth::{Change, Kind, SealedKey};
use crate::store::{CALLER_KINDS, Changes, Field, Kept, Place, Record, Seal, Since, Store, StoreError, Versioned};
use crate::throttle::Plan;

use super::{Callers, Catalog, Signing};

/// Brings what the store knows of callers into the catalog.
#[derive(Debug)]
pub struct Census<S> {
    store: Arc<S>,
    catalog: Arc<Catalog>,
    seal: Arc<Seal>,
    seen: tokio::sync::Mutex<Seen>,
}

/// What was read last.
#[derive(Debug, Default)]
struct Seen {
    generation: u64,
    keys: Vec<SealedKey>,
    callers: Callers,
}

impl<S: Store> Census<S> {
    /// Nothing is read yet.
    pub fn new(store: Arc<S>, catalog: Arc<Catalog>, seal: Arc<Seal>) -> Self {
        Self { store, catalog, seal, seen: tokio::sync::Mutex::default() }
    }

    /// Reads what changed since the last time, or all, and admits it. Gives the generation that is in force now.
    ///
    /// # Errors
    /// The store is away or damaged: what was admitted before stays.
    pub async fn refresh(&self) -> Result<u64, StoreError> {
        let mut seen = self.seen.lock().await;
        let since = match seen.generation {
            0 => Since::TooOld,
            generation => self.store.since(generation).await?,
        };
        let next = match since {
            // Heartbeats and revisions of APIs concern no caller.
            Since::Changes(changes) if !concerns_callers(&changes) => {
                seen.generation = changes.generation;
                return Ok(seen.generation);
            }
            Since::Changes(changes) => {
                let mut next = Seen { generation: changes.generation, keys: seen.keys.clone(), callers: seen.callers.clone() };
                next.remove(&changes.removed);
                next.put(&changes.records)?;
                next
            }
            Since::TooOld => {
                let everything = self.store.read_all(&CALLER_KINDS).await?;
                let mut next = Seen { generation: everything.generation, ..Seen::default() };
                next.put(&everything.records)?;
                next
            }
        };
        self.admit(&mut seen, next)?;
        Ok(seen.generation)
    }

    /// Admits what another store holds, for as long as its own is away: of that one everything is read once it answers.
    ///
    /// # Errors
    /// It is damaged, or its signing keys cannot be opened.
    pub async fn begin_with<F: Store>(&self, other: &F) -> Result<(), StoreError> {
        let mut seen = self.seen.lock().await;
        let mut next = Seen::default();
        next.put(&other.read_all(&CALLER_KINDS).await?.records)?;
        self.admit(&mut seen, next)
    }

    fn admit(&self, seen: &mut Seen, mut next: Seen) -> Result<(), StoreError> {
        let directory = std::mem::take(&mut next.callers.directory);
        next.callers.directory = directory.without_ended(jiff::Timestamp::now().as_second());
        next.sign(&self.seal)?;
        *seen = next;
        self.catalog.admit(&Arc::new(seen.callers.clone()));
        Ok(())
    }

    /// Keeps up with the store; never returns. A store that is away is asked again after a moment.
    pub async fn follow(&self) {
        loop {
            let generation = self.seen.lock().await.generation;
            self.store.changed(generation).await;
            if let Err(error) = self.refresh().await {
                tracing::error!(%error, "the store cannot be read: what is known of callers stays");
                tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            }
        }
    }
}

fn concerns_callers(changes: &Changes) -> bool {
    let mut kinds = changes.records.iter().map(|r| &*r.kind).chain(changes.removed.iter().map(|p| &*p.kind));
    kinds.any(|kind| CALLER_KINDS.contains(&kind))
}

impl Seen {
    fn remove(&mut self, removed: &[Place]) {
        let mut changes = Vec::new();
        for place in removed {
            let (tenant, id) = (place.tenant.as_str(), place.id.as_str());
            match place.kind.as_str() {
                Plan::KIND => self.callers.plans = std::mem::take(&mut self.callers.plans).without(tenant, id),
                SealedKey::KIND => self.keys.retain(|k| *k.id != *id),
                kind => changes.extend(known(kind).map(|kind| Change::Removed { kind, tenant: tenant.into(), id: id.into() })),
            }
        }
        self.callers.directory = self.callers.directory.with(changes);
    }

    fn put(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let mut changes = Vec::new();
        let mut plans = Vec::new();
        for record in records {
            match record.kind.as_str() {
                Plan::KIND => plans.push(value::<Plan>(record)?),
                SealedKey::KIND => {
                    let key: SealedKey = value(record)?;
                    self.keys.retain(|k| k.id != key.id);
                    self.keys.push(key);
                }
                kind => changes.extend(known(kind).map(|kind| change(kind, record)).transpose()?),
            }
        }
        self.callers.plans = std::mem::take(&mut self.callers.plans).with(plans);
        self.callers.directory = self.callers.directory.with(changes);
        Ok(())
    }

    /// Opens the keys that sign.
    fn sign(&mut self, seal: &Seal) -> Result<(), StoreError> {
        // Those of before keys rotated begin when they were made.
        self.keys.sort_by(|a, b| begins(a).cmp(&begins(b)).then_with(|| b.id.cmp(&a.id)));
        let known = self.callers.signing.as_ref();
        if known.is_some_and(|s| s.signers().eq(self.keys.iter().map(|k| (begins(k), &*k.id)))) {
            return Ok(());
        }
        let damaged = |what: String| StoreError::Damaged { what };
        let open = |key: &SealedKey| {
            let der = seal.open(&field(&key.id), &key.sealed).map_err(|e| damaged(format!("a signing key cannot be opened: {e}")))?;
            let opened = SigningKey::from_pkcs8(&der).map_err(|e| damaged(format!("a signing key cannot be read: {e}")))?;
            Ok((begins(key), opened))
        };
        let keys = self.keys.iter().map(open).collect::<Result<Vec<_>, StoreError>>()?;
        self.callers.signing = Signing::new(keys).ok().map(Arc::new);
        Ok(())
    }
}

fn begins(key: &SealedKey) -> i64 {
    key.signs_from.max(key.created)
}

/// Where a sealed signing key belongs.
pub fn field(id: &str) -> Field<'_> {
    Field { kind: SealedKey::KIND, tenant: crate::auth::DEFAULT_TENANT, id, field: "key" }
}

fn known(kind: &str) -> Option<Kind> {
    use crate::auth::{ApiKey, Application, Issuer, OAuthClient, RevokedToken, Subscription, Tenant, User};
    Some(match kind {
        Tenant::KIND => Kind::Tenant,
        User::KIND => Kind::User,
        Application::KIND => Kind::Application,
        Subscription::KIND => Kind::Subscription,
        ApiKey::KIND => Kind::ApiKey,
        OAuthClient::KIND => Kind::OAuthClient,
        Issuer::KIND => Kind::Issuer,
        RevokedToken::KIND => Kind::RevokedToken,
        _ => return None,
    })
}

fn change(kind: Kind, record: &Record) -> Result<Change, StoreError> {
    Ok(match kind {
        Kind::Tenant => Change::Tenant(value(record)?),
        Kind::User => Change::User(value(record)?),
        Kind::Application => Change::Application(value(record)?),
        Kind::Subscription => Change::Subscription(value(record)?),
        Kind::ApiKey => Change::ApiKey(value(record)?),
        Kind::OAuthClient => Change::OAuthClient(value(record)?),
        Kind::Issuer => Change::Issuer(value(record)?),
        Kind::RevokedToken => Change::RevokedToken(value(record)?),
    })
}

fn value<T: Kept>(record: &Record) -> Result<T, StoreError> {
    Versioned::read(record).map(|v| v.value)
}

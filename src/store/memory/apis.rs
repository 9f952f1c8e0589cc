use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use crate::store::packed::Packed;
use crate::store::record::{ApiChange, whole_ms};
use crate::store::{Content, Hash, Item, MAX_APIS, MAX_REVISIONS, Revision, RevisionEntry, StoreError, Summary};

/// APIs with their revisions, by tenant and name.
#[derive(Debug, Default)]
pub(super) struct Apis(BTreeMap<(Arc<str>, Arc<str>), Api>);

#[derive(Debug, Default)]
struct Api {
    /// The number of the latest revision; stays when the API is gone.
    latest: u64,
    /// The generation of its last change.
    version: u64,
    /// Empty: the API is gone.
    revisions: VecDeque<(RevisionEntry, Arc<Revision>)>,
}

impl Apis {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn api(&self, tenant: &str, name: &str) -> Option<&Api> {
        self.0.get(&(tenant.into(), name.into())).filter(|a| !a.revisions.is_empty())
    }

    pub(super) fn latest(&self, tenant: &str, name: &str) -> Option<Arc<Revision>> {
        self.api(tenant, name)?.revisions.back().map(|(_, r)| r.clone())
    }

    pub(super) fn revision(&self, tenant: &str, name: &str, number: u64) -> Option<Arc<Revision>> {
        self.api(tenant, name)?.revisions.iter().find(|(e, _)| e.number == number).map(|(_, r)| r.clone())
    }

    pub(super) fn list(&self, tenant: Option<&str>) -> Vec<Summary> {
        let kept = self.0.iter().filter(|((t, _), api)| !api.revisions.is_empty() && tenant.is_none_or(|wanted| wanted == &**t));
        kept.map(|((tenant, name), api)| Summary { tenant: tenant.clone(), name: name.clone(), latest: api.latest }).collect()
    }

    pub(super) fn history(&self, tenant: &str, name: &str) -> Vec<RevisionEntry> {
        self.api(tenant, name).into_iter().flat_map(|a| a.revisions.iter().map(|(e, _)| *e)).collect()
    }

    /// The number, and whether there is a new revision.
    pub(super) fn put(
        &mut self,
        (tenant, name): (&str, &str),
        expected: Option<u64>,
        content: Content,
        digest: Hash,
        version: u64,
        now: Timestamp,
    ) -> Result<(u64, bool), StoreError> {
        let newest = self.api(tenant, name).and_then(|a| a.revisions.back()).map(|(e, _)| *e);
        let latest = newest.map_or(0, |e| e.number);
        if let Some(expected) = expected.filter(|e| *e != latest) {
            return Err(StoreError::Conflict { expected, latest });
        }
        if newest.is_some_and(|e| e.digest == digest) {
            return Ok((latest, false));
        }
        if latest == 0 && self.0.values().filter(|a| !a.revisions.is_empty()).count() >= MAX_APIS {
            return Err(StoreError::Full { limit: format!("{MAX_APIS} APIs") });
        }
        let (tenant, name): (Arc<str>, Arc<str>) = (tenant.into(), name.into());
        let api = self.0.entry((tenant.clone(), name.clone())).or_default();
        let number = api.latest + 1;
        (api.latest, api.version) = (number, version);
        let entry = RevisionEntry { number, at: whole_ms(now), digest };
        api.revisions.push_back((entry, Arc::new(Revision { tenant, name, number, content })));
        if api.revisions.len() > MAX_REVISIONS {
            api.revisions.pop_front();
        }
        Ok((number, true))
    }

    /// Removes an API; `None` where there is none, else the generation of the newest removal that is forgotten for it.
    pub(super) fn remove(&mut self, tenant: &str, name: &str, version: u64) -> Option<u64> {
        let api = self.0.get_mut(&(tenant.into(), name.into())).filter(|a| !a.revisions.is_empty())?;
        api.revisions.clear();
        api.version = version;
        // Names that are gone are remembered only as many times as there may be APIs.
        let gone = || self.0.iter().filter(|(_, a)| a.revisions.is_empty());
        let oldest = gone().min_by_key(|(_, a)| a.version).map(|(k, _)| k.clone()).filter(|_| gone().count() > MAX_APIS);
        Some(oldest.and_then(|key| self.0.remove(&key)).map_or(0, |a| a.version))
    }

    pub(super) fn since(&self, generation: u64) -> Vec<ApiChange> {
        let changed = self.0.iter().filter(|(_, api)| api.version > generation);
        changed
            .map(|((tenant, name), api)| ApiChange {
                tenant: tenant.to_string(),
                name: name.to_string(),
                latest: (!api.revisions.is_empty()).then_some(api.latest),
            })
            .collect()
    }

    pub(super) fn items(&self) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        for ((tenant, name), api) in &self.0 {
            let (tenant, name, kept) = (tenant.to_string(), name.to_string(), !api.revisions.is_empty());
            items.push(Item::Api { tenant, name, latest: api.latest, kept, version: api.version });
            for (entry, revision) in &api.revisions {
                let packed = Packed::of(&revision.content)?;
                items.push(Item::revision(&revision.tenant, &revision.name, entry.number, entry.at.as_millisecond(), packed));
            }
        }
        Ok(items)
    }

    pub(super) fn add(&mut self, tenant: &str, name: &str, latest: u64, _kept: bool, version: u64) {
        self.0.insert((tenant.into(), name.into()), Api { latest, version, revisions: VecDeque::new() });
    }

    pub(super) fn add_revision(&mut self, (tenant, name): (&str, &str), number: u64, at: i64, packed: &Packed) -> Result<(), StoreError> {
        let lost = |what: &str| StoreError::damaged(format!("a revision has no {what}"));
        let content = packed.open()?;
        let at = Timestamp::from_millisecond(at).map_err(|_| lost("time"))?;
        let api = self.0.get_mut(&(tenant.into(), name.into())).ok_or_else(|| lost("API"))?;
        let revision = Revision { tenant: tenant.into(), name: name.into(), number, content };
        api.revisions.push_back((RevisionEntry { number, at, digest: packed.digest }, Arc::new(revision)));
        Ok(())
    }
}

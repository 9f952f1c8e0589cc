use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Content, MAX_APIS, MAX_REVISIONS, Revision, Store, StoreError, Summary};

/// A store in memory: for one process, and for tests.
#[derive(Debug, Default)]
pub struct Memory {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    generation: u64,
    apis: BTreeMap<Arc<str>, VecDeque<Arc<Revision>>>,
    /// The last number of APIs that were removed.
    ended: BTreeMap<Arc<str>, u64>,
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
}

impl State {
    fn latest(&self, name: &str) -> Option<&Arc<Revision>> {
        self.apis.get(name).and_then(VecDeque::back)
    }

    fn put(&mut self, name: &str, expected: Option<u64>, content: Content) -> Result<u64, StoreError> {
        let latest = self.latest(name).map_or(0, |r| r.number);
        if let Some(expected) = expected.filter(|e| *e != latest) {
            return Err(StoreError::Conflict { expected, latest });
        }
        if self.latest(name).is_some_and(|r| r.content == content) {
            return Ok(latest);
        }
        if latest == 0 && self.apis.len() >= MAX_APIS {
            return Err(StoreError::Full { limit: format!("{MAX_APIS} APIs") });
        }
        let name: Arc<str> = name.into();
        let number = latest.max(self.ended.remove(&name).unwrap_or(0)) + 1;
        let revisions = self.apis.entry(name.clone()).or_default();
        revisions.push_back(Arc::new(Revision { name, number, content }));
        if revisions.len() > MAX_REVISIONS {
            revisions.pop_front();
        }
        self.generation += 1;
        Ok(number)
    }

    fn remove(&mut self, name: &str) -> bool {
        let Some((name, revisions)) = self.apis.remove_entry(name) else { return false };
        if let Some(last) = revisions.back() {
            self.ended.insert(name, last.number);
        }
        // Names that are gone are remembered only as many times as there may be APIs.
        while self.ended.len() > MAX_APIS {
            self.ended.pop_first();
        }
        self.generation += 1;
        true
    }
}

impl Store for Memory {
    async fn put(&self, name: &str, expected: Option<u64>, content: Content) -> Result<u64, StoreError> {
        self.state().put(name, expected, content)
    }

    async fn latest(&self, name: &str) -> Result<Option<Arc<Revision>>, StoreError> {
        Ok(self.state().latest(name).cloned())
    }

    async fn revision(&self, name: &str, number: u64) -> Result<Option<Arc<Revision>>, StoreError> {
        Ok(self.state().apis.get(name).and_then(|r| r.iter().find(|r| r.number == number)).cloned())
    }

    async fn list(&self) -> Result<Vec<Summary>, StoreError> {
        let state = self.state();
        Ok(state.apis.values().filter_map(VecDeque::back).map(|r| Summary { name: r.name.clone(), latest: r.number }).collect())
    }

    async fn history(&self, name: &str) -> Result<Vec<Arc<Revision>>, StoreError> {
        Ok(self.state().apis.get(name).map(|r| r.iter().cloned().collect()).unwrap_or_default())
    }

    async fn remove(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.state().remove(name))
    }

    async fn generation(&self) -> Result<u64, StoreError> {
        Ok(self.state().generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn keeps_the_contract() {
        super::super::contract::run(|| async { Memory::new() }).await;
    }
}

//! What is kept for a while in this process: what was said of APIs, and updates that somebody looks at.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::report::Looked;
use super::update::Updated;
use crate::auth::new_secret;
use crate::catalog::Texts;
use crate::manage::Actor;
use crate::net::random::NoRandom;

/// APIs of which is kept what was said.
const MAX_LOOKS: usize = 16;
/// Updates that wait for a decision; each holds the texts of an API.
pub const MAX_WAITING: usize = 8;
/// How long one waits.
const WAITS: Duration = Duration::from_secs(15 * 60);

/// What was said of APIs lately, by their texts.
#[derive(Debug, Default)]
pub(super) struct Looks(Mutex<VecDeque<(u64, Arc<Looked>)>>);

/// Updates that somebody looks at.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<VecDeque<Update>>);

#[derive(Debug)]
struct Update {
    id: String,
    tenant: Arc<str>,
    user: Arc<str>,
    api: String,
    since: Instant,
    expected: u64,
    texts: Texts,
}

/// What an API with these texts is found by.
pub(super) fn key(tenant: &str, name: &str, texts: &Texts) -> u64 {
    let mut hasher = DefaultHasher::new();
    (tenant, name, texts).hash(&mut hasher);
    hasher.finish()
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Looks {
    pub(super) fn find(&self, key: u64) -> Option<Arc<Looked>> {
        locked(&self.0).iter().find(|(k, _)| *k == key).map(|(_, looked)| looked.clone())
    }

    pub(super) fn keep(&self, key: u64, looked: Looked) -> Arc<Looked> {
        let looked = Arc::new(looked);
        let mut all = locked(&self.0);
        if all.len() >= MAX_LOOKS {
            all.pop_front();
        }
        all.push_back((key, looked.clone()));
        looked
    }
}

impl Waiting {
    /// Keeps an update for who looks at it; gives its id.
    pub(super) fn keep(&self, actor: &Actor, api: &str, updated: &Updated) -> Result<String, NoRandom> {
        let id = new_secret("update")?.plain.reveal().to_owned();
        let mut all = locked(&self.0);
        all.retain(|u| u.since.elapsed() < WAITS);
        if all.len() >= MAX_WAITING {
            all.pop_front();
        }
        all.push_back(Update {
            id: id.clone(),
            tenant: actor.tenant.clone(),
            user: actor.name.clone(),
            api: api.to_owned(),
            since: Instant::now(),
            expected: updated.revision,
            texts: updated.texts.clone(),
        });
        Ok(id)
    }

    /// The revision that it was made for, and its texts; `None`: it is not there, or somebody else's.
    pub(super) fn take(&self, actor: &Actor, api: &str, id: &str) -> Option<(u64, Texts)> {
        let mut all = locked(&self.0);
        let is_it = |u: &Update| (&*u.id, &u.tenant, &u.user, &*u.api) == (id, &actor.tenant, &actor.name, api);
        let at = all.iter().position(|u| is_it(u) && u.since.elapsed() < WAITS)?;
        all.remove(at).map(|u| (u.expected, u.texts))
    }
}

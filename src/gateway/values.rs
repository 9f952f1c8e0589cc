//! Values that `cache` steps keep from call to call, such as the id of a session: in this process, within bounds, made by one call at a time.
//!
//! The key holds the revision of the API, so that no other API, tenant or revision ever sees a value.

use std::sync::{Arc, Weak};

use quick_cache::sync::{DefaultLifecycle, PlaceholderGuard};
use quick_cache::{DefaultHashBuilder, Weighter};
use sha2::{Digest, Sha256};
use tokio::time::{Instant, timeout_at};

use super::upstream;
use crate::catalog::PublishedApi;
use crate::problem::Problem;
use crate::sequence::{Keep, Slot, Tree};
use crate::telemetry::names;

/// Bytes of all values, counted with what an entry takes by itself.
const MAX_BYTES: u64 = 16 << 20;
/// What an entry takes beside its value.
const ENTRY_BYTES: usize = 512;
/// Bytes of one value.
const MAX_VALUE_BYTES: usize = 64 << 10;

/// SHA-256 of the API's revision, the name and the key.
type Key = [u8; 32];
type Store = quick_cache::sync::Cache<Key, Arc<Kept>, Weight>;

/// The values of this process.
pub(super) struct Values {
    kept: Store,
}

/// A value that is kept.
pub(super) struct Kept {
    /// The revision whose it is. Held weakly: while it is, no other one can have its address.
    api: Weak<PublishedApi>,
    value: Tree,
    until: Instant,
}

/// A value that this call makes; others wait for it until this is dropped.
pub(super) struct Filling<'g> {
    guard: PlaceholderGuard<'g, Key, Arc<Kept>, Weight, DefaultHashBuilder, DefaultLifecycle<Key, Arc<Kept>>>,
}

#[derive(Clone)]
pub(super) struct Weight;

impl Weighter<Key, Arc<Kept>> for Weight {
    fn weight(&self, _key: &Key, kept: &Arc<Kept>) -> u64 {
        (ENTRY_BYTES + kept.value.weight()) as u64
    }
}

impl Default for Values {
    fn default() -> Self {
        Self { kept: Store::with_weighter(4096, MAX_BYTES, Weight) }
    }
}

impl Values {
    /// The value of a slot; else the right to make it, once nobody else does.
    ///
    /// # Errors
    /// Others took too long: 504.
    pub(super) async fn find(
        &self,
        api: &Arc<PublishedApi>,
        slot: &Slot,
        until: Instant,
    ) -> Result<Result<Arc<Kept>, Filling<'_>>, Problem> {
        let key = key(api, slot);
        let count = |result: &'static str| metrics::counter!(names::SEQUENCE_CACHE, "api" => api.label(), "result" => result).increment(1);
        loop {
            let found = timeout_at(until, self.kept.get_value_or_guard_async(&key)).await.map_err(|_| upstream::too_slow())?;
            match found {
                Ok(kept) if kept.is_good(api) => {
                    count("hit");
                    return Ok(Ok(kept));
                }
                Ok(kept) => drop(self.kept.remove_if(&key, |k| Arc::ptr_eq(k, &kept))),
                Err(guard) => {
                    count("fill");
                    return Ok(Err(Filling { guard }));
                }
            }
        }
    }

    /// Forgets what a call found in a slot, unless another one has put something new there.
    pub(super) fn forget(&self, api: &Arc<PublishedApi>, slot: &Slot, found: &Arc<Kept>) {
        if self.kept.remove_if(&key(api, slot), |k| Arc::ptr_eq(k, found)).is_some() {
            metrics::counter!(names::SEQUENCE_CACHE, "api" => api.label(), "result" => "drop").increment(1);
        }
    }
}

impl Filling<'_> {
    /// Keeps what was made. A value that is too large is not kept.
    pub(super) fn keep(self, api: &Arc<PublishedApi>, keep: Keep) -> Arc<Kept> {
        let kept = Arc::new(Kept { api: Arc::downgrade(api), value: keep.value, until: Instant::now() + keep.lifetime });
        if kept.value.weight() > MAX_VALUE_BYTES {
            tracing::warn!(api = %api.name, name = %keep.slot.name, "a value is larger than {MAX_VALUE_BYTES} bytes: it is not kept");
        } else if self.guard.insert(kept.clone()).is_err() {
            tracing::debug!(api = %api.name, name = %keep.slot.name, "there is no room for a value");
        }
        kept
    }
}

impl Kept {
    fn is_good(&self, api: &Arc<PublishedApi>) -> bool {
        self.until > Instant::now() && std::ptr::eq(self.api.as_ptr(), Arc::as_ptr(api))
    }

    /// The value.
    pub(super) fn value(&self) -> &Tree {
        &self.value
    }
}

fn key(api: &Arc<PublishedApi>, slot: &Slot) -> Key {
    let mut hash = Sha256::new();
    hash.update((Arc::as_ptr(api) as usize).to_le_bytes());
    hash.update((slot.name.len() as u64).to_le_bytes());
    hash.update(slot.name.as_bytes());
    hash.update(slot.key.as_bytes());
    hash.finalize().into()
}

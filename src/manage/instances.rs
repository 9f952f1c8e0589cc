//! The instances that live: each process keeps a record of itself, with a time until which it is believed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Actor, Listed, Manage, Managed, Part, now};
use crate::store::{Change, Expected, Keep, Kept, MAX_PAGE, Store, StoreError};

/// Seconds between two heartbeats of an instance.
pub const HEARTBEAT_SECONDS: u64 = 5;
/// Seconds without a heartbeat after which an instance is dead: two may be lost, and clocks may differ a little.
const LIFETIME_SECONDS: i64 = 16;

/// A process of Castile, as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Made at its start: one that starts again is another.
    pub id: String,
    /// The name of its machine; may be empty.
    pub host: String,
    /// `all`, `gateway` or `manage`.
    pub role: String,
    /// Its version of Castile.
    pub version: String,
    /// Where callers connect; `None` where it has no gateway.
    pub gateway: Option<String>,
    /// Where operators connect.
    pub admin: String,
    /// When it started, seconds since 1970.
    pub started: i64,
    /// Its last heartbeat, seconds since 1970 by its own clock.
    pub seen: i64,
    /// APIs that it serves.
    pub apis: u64,
    /// Alarms that stand there: their words, each once.
    #[serde(default)]
    pub alarms: Vec<String>,
}

impl Kept for Instance {
    const KIND: &'static str = "instance";

    fn id(&self) -> &str {
        &self.id
    }

    fn expires(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.seen.saturating_add(LIFETIME_SECONDS)).ok()
    }
}

impl Instance {
    /// Says that it lives. No entry of the audit log: nobody did anything.
    ///
    /// # Errors
    /// The store is away.
    pub async fn beat<S: Store>(&mut self, store: &S) -> Result<(), StoreError> {
        self.seen = now();
        store.write(vec![Change::put(self, Expected::Any)?], None).await.map(drop)
    }

    /// Says that it ends.
    ///
    /// # Errors
    /// The store is away: it is believed to live for a while then.
    pub async fn leave<S: Store>(&self, store: &S) -> Result<(), StoreError> {
        store.write(vec![Change::remove::<Self>(self.tenant(), &self.id, Expected::Any)], None).await.map(drop)
    }

    /// How many gateways live on a store, this one or not.
    ///
    /// # Errors
    /// The store is away.
    pub async fn gateways<S: Store>(store: &S) -> Result<u32, StoreError> {
        // More nodes than a page holds are not told apart from as many as it holds.
        let (found, _) = store.page::<Self>(None, None, MAX_PAGE).await?;
        Ok(u32::try_from(found.iter().filter(|v| v.value.gateway.is_some()).count()).unwrap_or(u32::MAX))
    }
}

impl Manage {
    /// The instances that live.
    ///
    /// # Errors
    /// Only for administrators of the installation.
    pub async fn instances(&self, actor: &Actor, part: &Part) -> Managed<Listed<Instance>> {
        actor.administrates_all()?;
        let (found, next) = self.store.page(None, part.after.as_ref(), part.limit).await?;
        Ok((super::values(found), next))
    }
}

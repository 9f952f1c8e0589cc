//! Keeps what the gateway of this process counted: each hour as far as it has come, again and again, until it is over.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::gateway::usage::{Count, Counted, Hour, Usage};
use crate::manage::{MAX_USAGE_ROWS, UsageRecord, UsageRow};
use crate::store::{AnyStore, Change, Expected, Store, StoreError};
use crate::telemetry;

/// Between two times that it is kept: so much is lost where a process is killed.
const EVERY: Duration = Duration::from_secs(5);
/// Seconds of a day.
const DAY: i64 = 86_400;

/// Keeps the counts of one process.
pub(super) struct Keeper {
    store: Arc<AnyStore>,
    usage: Option<Arc<Usage>>,
    process: String,
    days: i64,
}

impl Keeper {
    /// Of this process's gateway (`None`: it has none), for so many days; 0: nothing is kept.
    pub(super) fn new(store: Arc<AnyStore>, usage: Option<Arc<Usage>>, days: u32) -> Self {
        Self { store, usage: usage.filter(|_| days > 0), process: telemetry::ulid(), days: i64::from(days) }
    }

    /// Keeps on keeping; never returns.
    pub(super) async fn follow(&self) {
        loop {
            sleep(EVERY).await;
            self.keep().await;
        }
    }

    /// Keeps what was counted so far. While the store is away it waits for the next time.
    pub(super) async fn keep(&self) {
        let Some(usage) = &self.usage else { return };
        for hour in usage.hours() {
            if let Err(error) = self.put(&hour).await {
                tracing::debug!(%error, "what was called is not kept yet");
                return;
            }
            usage.kept(&hour);
        }
    }

    async fn put(&self, hour: &Hour) -> Result<(), StoreError> {
        // An hour without a call has a record too: it says that there was none.
        let parts = hour.rows.chunks(MAX_USAGE_ROWS).map(<[_]>::to_vec).collect::<Vec<_>>();
        let parts = if parts.is_empty() { vec![Vec::new()] } else { parts };
        for (part, rows) in parts.into_iter().enumerate() {
            let record = UsageRecord {
                id: UsageRecord::id_of(hour.hour, &self.process, part),
                hour: hour.hour,
                from: hour.from,
                to: hour.to,
                expires: hour.hour + self.days * DAY,
                rows: rows.iter().map(|(what, count)| row(what, count)).collect(),
            };
            self.store.write(vec![Change::put(&record, Expected::Any)?], None).await?;
        }
        Ok(())
    }
}

fn row(what: &Counted, count: &Count) -> UsageRow {
    let text = |t: Option<&Arc<str>>| t.map(ToString::to_string).unwrap_or_default();
    UsageRow {
        tenant: what.tenant.to_string(),
        api: what.api.to_string(),
        application: text(what.application.as_ref()),
        application_name: text(count.application.as_ref()),
        operation: text(what.operation.as_ref()),
        kind: what.kind.to_owned(),
        calls: count.calls,
        refused: count.refused,
        failed: count.failed,
        took_ms: count.took_ms,
        classes: count.classes.to_vec(),
    }
}

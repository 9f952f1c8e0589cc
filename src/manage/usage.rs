//! How often APIs were called: what gateways counted, kept by hour, and shown to those whom it concerns.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Actor, Manage, Managed, now};
use crate::auth::Role;
use crate::store::{Cursor, DEFAULT_TENANT, Keep, Kept, MAX_PAGE, owner};

/// Seconds of an hour.
pub const HOUR_SECONDS: i64 = 3_600;
/// Rows of one record, so that it stays below what a record may have.
pub const MAX_USAGE_ROWS: usize = 400;
/// Records that one question reads.
const MAX_RECORDS: usize = 50_000;

/// What one process counted in one hour, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRecord {
    /// The hour, the process and the number of the part: ids stand in the order of time.
    pub id: String,
    /// When the hour began, seconds since 1970.
    pub hour: i64,
    /// From when on calls were counted in it.
    pub from: i64,
    /// Until when.
    pub to: i64,
    /// When this is forgotten.
    pub expires: i64,
    /// The rows.
    pub rows: Vec<UsageRow>,
}

/// How often one application called one operation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageRow {
    /// Whose API.
    pub tenant: String,
    /// The API.
    pub api: String,
    /// The application's id; empty: none.
    pub application: String,
    /// Its name then.
    pub application_name: String,
    /// The operation; empty: the call did not come so far.
    pub operation: String,
    /// `rest` or `soap`.
    pub kind: String,
    /// Calls.
    pub calls: u64,
    /// Those that were refused: 4xx.
    pub refused: u64,
    /// Those that failed: 5xx.
    pub failed: u64,
    /// Of all together, milliseconds.
    pub took_ms: u64,
    /// How many were how long.
    pub classes: Vec<u64>,
}

impl UsageRecord {
    /// The id of a part.
    pub fn id_of(hour: i64, process: &str, part: usize) -> String {
        format!("{hour:012}-{process}-{part:03}")
    }
}

impl Kept for UsageRecord {
    const KIND: &'static str = "usage";

    fn id(&self) -> &str {
        &self.id
    }

    fn expires(&self) -> Option<Timestamp> {
        Timestamp::from_second(self.expires).ok()
    }
}

/// What was called in a time, as far as the actor may know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// The rows with their hours, in the order of time.
    pub rows: Vec<(i64, UsageRow)>,
    /// The times in which some gateway counted, in order, without overlaps: seconds since 1970. What is in none of them is not known.
    pub known: Vec<(i64, i64)>,
}

impl Usage {
    /// Seconds of a time that are known.
    pub fn known_seconds(&self, from: i64, to: i64) -> i64 {
        self.known.iter().map(|(a, b)| (to.min(*b) - from.max(*a)).max(0)).sum()
    }
}

impl Manage {
    /// What was called since `from` (seconds since 1970; whole hours): for publishers and administrators of every API of the tenant, for others what their own
    /// applications called. `api`: of that one only.
    ///
    /// # Errors
    /// The store is away.
    pub async fn usage(&self, actor: &Actor, from: i64, api: Option<&str>) -> Managed<Usage> {
        let sees_all = actor.is(Role::Publisher) || actor.is(Role::Administrator);
        let own = if sees_all { BTreeSet::new() } else { self.own_ids(actor).await? };
        let concerns = |row: &UsageRow| {
            *row.tenant == *actor.tenant && api.is_none_or(|api| row.api == api) && (sees_all || own.contains(row.application.as_str()))
        };
        let start = from.max(0) - from.max(0).rem_euclid(HOUR_SECONDS);
        let mut after = Some(Cursor { tenant: DEFAULT_TENANT.to_owned(), id: format!("{start:012}") });
        let (mut usage, mut read) = (Usage::default(), 0);
        loop {
            let (records, next) = self.store.page::<UsageRecord>(Some(DEFAULT_TENANT), after.as_ref(), MAX_PAGE).await?;
            read += records.len();
            for record in records {
                let record = record.value;
                usage.known.push((record.from, record.to));
                usage.rows.extend(record.rows.into_iter().filter(concerns).map(|row| (record.hour, row)));
            }
            after = next.filter(|_| read < MAX_RECORDS);
            if after.is_none() {
                break;
            }
        }
        usage.known = joined(usage.known);
        Ok(usage)
    }

    /// The ids of the applications that are the actor's own.
    async fn own_ids(&self, actor: &Actor) -> Managed<BTreeSet<String>> {
        let key = owner(&actor.tenant, &actor.name);
        let (found, _) = self.store.page_by::<crate::auth::Application>(&key, None, MAX_PAGE).await?;
        Ok(found.into_iter().map(|found| found.value.id.to_string()).collect())
    }
}

/// Times without overlaps, in order.
fn joined(mut times: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    times.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for (from, to) in times {
        match joined.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => joined.push((from, to)),
        }
    }
    joined
}

/// Now, seconds since 1970.
pub fn usage_now() -> i64 {
    now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_counted_is_known_once_and_gaps_stay() {
        let known = joined(vec![(30, 40), (0, 10), (5, 20), (20, 25), (30, 35)]);
        assert_eq!(known, [(0, 25), (30, 40)]);
        let usage = Usage { rows: Vec::new(), known };
        assert_eq!((usage.known_seconds(0, 40), usage.known_seconds(24, 31), usage.known_seconds(50, 60)), (35, 2, 0));
    }
}

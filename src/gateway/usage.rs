//! How often what was called, for people: calls counted by hour, API, application and operation, in memory. Who keeps them asks for them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds of an hour.
const HOUR: i64 = 3_600;
/// Different rows of one hour. What comes beyond them is counted by its API alone.
const MAX_ROWS: usize = 5_000;
/// Hours that wait to be kept while the store is away. Older ones are lost, and seen to be missing.
const MAX_HOURS: i64 = 24;

/// Upper bounds of the classes of durations, milliseconds; what takes longer is in one class more.
pub const BOUNDS_MS: [u64; 11] = [5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];
/// Classes of durations.
pub const CLASSES: usize = BOUNDS_MS.len() + 1;

/// What is counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Counted {
    /// Whose API.
    pub tenant: Arc<str>,
    /// The API.
    pub api: Arc<str>,
    /// The id of the application that called; `None`: none did.
    pub application: Option<Arc<str>>,
    /// The operation; `None`: the call did not come so far.
    pub operation: Option<Arc<str>>,
    /// `rest` or `soap`.
    pub kind: &'static str,
}

/// How often, how well, how long.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    /// The application's name when it called last.
    pub application: Option<Arc<str>>,
    /// Calls.
    pub calls: u64,
    /// Those that were answered with 4xx, or given up by the caller.
    pub refused: u64,
    /// Those that were answered with 5xx.
    pub failed: u64,
    /// Of all of them together, from head to last byte, milliseconds.
    pub took_ms: u64,
    /// How many were how long: see [`BOUNDS_MS`].
    pub classes: [u64; CLASSES],
}

/// An hour: what was called in it so far.
#[derive(Debug, Clone)]
pub struct Hour {
    /// When it began, seconds since 1970.
    pub hour: i64,
    /// From when on in it calls were counted.
    pub from: i64,
    /// Until when.
    pub to: i64,
    /// The rows.
    pub rows: Vec<(Counted, Count)>,
}

/// The counts of this process.
#[derive(Debug)]
pub struct Usage {
    began: i64,
    /// The first hour that was not given up or kept.
    first: AtomicI64,
    counts: Mutex<HashMap<i64, HashMap<Counted, Count>>>,
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX))
}

impl Usage {
    /// Counts from now on.
    pub(super) fn new() -> Self {
        let began = now();
        Self { began, first: AtomicI64::new(began - began.rem_euclid(HOUR)), counts: Mutex::default() }
    }

    /// Counts a call that has ended.
    pub(super) fn count(&self, what: Counted, application: Option<&Arc<str>>, status: u16, took: Duration) {
        self.count_at(now(), what, application, status, took);
    }

    fn count_at(&self, now: i64, mut what: Counted, application: Option<&Arc<str>>, status: u16, took: Duration) {
        let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        let class = BOUNDS_MS.iter().position(|bound| ms <= *bound).unwrap_or(BOUNDS_MS.len());
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let rows = counts.entry(now - now.rem_euclid(HOUR)).or_default();
        if rows.len() >= MAX_ROWS && !rows.contains_key(&what) {
            (what.application, what.operation) = (None, None);
        }
        let count = rows.entry(what).or_default();
        if count.application.as_ref() != application {
            count.application = application.cloned();
        }
        count.calls += 1;
        count.refused += u64::from((400..500).contains(&status));
        count.failed += u64::from(status >= 500);
        count.took_ms = count.took_ms.saturating_add(ms);
        if let Some(class) = count.classes.get_mut(class) {
            *class += 1;
        }
    }

    /// Every hour that is not kept for good, the oldest first; those without a call too. Each is all of its hour so far: who keeps it again, keeps the same
    /// and more.
    pub fn hours(&self) -> Vec<Hour> {
        self.hours_at(now())
    }

    fn hours_at(&self, now: i64) -> Vec<Hour> {
        let last = now - now.rem_euclid(HOUR);
        let first = self.first.load(Ordering::Relaxed).max(last - (MAX_HOURS - 1) * HOUR);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.retain(|hour, _| *hour >= first);
        let step = usize::try_from(HOUR).unwrap_or(1);
        let hours = (first..=last).step_by(step);
        hours
            .map(|hour| Hour {
                hour,
                from: hour.max(self.began),
                to: now.min(hour + HOUR),
                rows: counts.get(&hour).into_iter().flatten().map(|(what, count)| (what.clone(), count.clone())).collect(),
            })
            .collect()
    }

    /// An hour was kept as it was given: if it was over then, it is not given again.
    pub fn kept(&self, hour: &Hour) {
        if hour.to >= hour.hour + HOUR {
            self.counts.lock().unwrap_or_else(PoisonError::into_inner).remove(&hour.hour);
            self.first.fetch_max(hour.hour + HOUR, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(operation: &str) -> Counted {
        Counted { tenant: "default".into(), api: "a".into(), application: None, operation: Some(operation.into()), kind: "rest" }
    }

    #[test]
    fn hours_are_given_until_they_are_kept() {
        let usage = Usage { began: 7_300, first: AtomicI64::new(7_200), counts: Mutex::default() };
        for (at, status, ms) in [(7_400, 200, 5), (7_500, 429, 6), (10_799, 502, 20_000), (10_800, 200, 1)] {
            usage.count_at(at, what("o"), None, status, Duration::from_millis(ms));
        }
        let hours = usage.hours_at(10_900);
        assert_eq!(hours.iter().map(|h| (h.hour, h.from, h.to)).collect::<Vec<_>>(), [(7_200, 7_300, 10_800), (10_800, 10_800, 10_900)]);
        let count = &hours[0].rows[0].1;
        assert_eq!((count.calls, count.refused, count.failed, count.took_ms), (3, 1, 1, 20_011));
        assert_eq!((count.classes[0], count.classes[1], count.classes[CLASSES - 1]), (1, 1, 1));
        hours.iter().for_each(|h| usage.kept(h));
        let hours = usage.hours_at(11_000);
        assert_eq!((hours.len(), hours[0].hour, hours[0].rows[0].1.calls), (1, 10_800, 1), "the hour that runs goes on");
        // An hour without a call is known to have had none; one that could not be kept for a day is lost.
        assert_eq!(usage.hours_at(14_400 + 60).len(), 2);
        let late = usage.hours_at(10_800 + 30 * HOUR);
        assert_eq!((late.len(), late[0].hour), (24, 10_800 + 7 * HOUR));
    }

    #[test]
    fn what_is_too_much_is_counted_by_its_api() {
        let usage = Usage::new();
        for n in 0..MAX_ROWS + 10 {
            usage.count(what(&n.to_string()), None, 200, Duration::ZERO);
        }
        let hours = usage.hours();
        let rows: Vec<_> = hours.iter().flat_map(|h| &h.rows).collect();
        assert_eq!(rows.iter().map(|r| r.1.calls).sum::<u64>(), MAX_ROWS as u64 + 10);
        assert!(rows.iter().any(|r| r.0.operation.is_none()));
    }
}

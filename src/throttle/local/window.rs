//! Quotas: the calls of a sliding window, as runs of calls that end to count at the same millisecond.
//!
//! A call is stamped with the time from which its window is measured: the first whole millisecond that is not before it, for quotas of
//! more than [`EXACT`] calls the end of the 60th part of the window in which it lies. So a call never counts shorter than a
//! window, and longer by at most a millisecond or a 60th of the window. Runs only ever grow together to the later one's stamp, so
//! whatever is merged errs on the same side.

use std::time::Duration;

use super::super::clock::{Instant, MS};
use super::super::decision::Finding;
use super::super::limit::Quota;

/// Calls up to which each is stamped by itself.
pub(in super::super) const EXACT: u32 = 60;
/// Parts of a window of more calls.
const PARTS: u32 = 60;
/// Runs of a window at most: twice what one limit can make, for when limits change.
const MAX_RUNS: usize = 128;

/// Calls with one stamp.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// Milliseconds since the window's base.
    stamp: u32,
    calls: u32,
}

/// The runs in the order of their stamps: two without memory of their own, more with it. A run without calls is none.
#[derive(Debug, Clone)]
enum Runs {
    Few([Run; 2]),
    Many(Vec<Run>),
}

/// The calls that still count.
#[derive(Debug, Clone)]
pub(super) struct Window {
    /// Milliseconds of the limiter's clock.
    base: u64,
    /// Of all runs.
    total: u32,
    /// The length by which it was last asked, milliseconds: tells when nothing of it counts any more.
    length: u32,
    runs: Runs,
    /// Calls that others who share the count do not know of yet.
    pub(super) untold: u32,
    /// Which life of the shared count knows of the others.
    life: u32,
}

/// Milliseconds to whose multiples the stamps of a quota's calls are rounded up.
pub(in super::super) fn part_ms(quota: Quota) -> u32 {
    if quota.calls() <= EXACT { 1 } else { (quota.window_ms() / PARTS).max(1) }
}

impl Window {
    pub(super) fn new(life: u32) -> Self {
        Self { base: 0, total: 0, length: 0, runs: Runs::Few([Run::default(); 2]), untold: 0, life }
    }

    fn runs(&self) -> &[Run] {
        match &self.runs {
            Runs::Few(two) => &two[..two.iter().take_while(|r| r.calls > 0).count()],
            Runs::Many(runs) => runs,
        }
    }

    fn runs_mut(&mut self) -> &mut [Run] {
        match &mut self.runs {
            Runs::Few(two) => {
                let used = two.iter().take_while(|r| r.calls > 0).count();
                &mut two[..used]
            }
            Runs::Many(runs) => runs,
        }
    }

    /// Calls that count.
    pub(super) fn total(&self) -> u32 {
        self.total
    }

    /// Milliseconds.
    pub(super) fn length(&self) -> u32 {
        self.length
    }

    /// The calls that the life `life` of the shared count does not know of; they count as told from here on.
    pub(super) fn tell(&mut self, life: u32) -> u32 {
        if self.life != life {
            self.life = life;
            self.untold = self.total;
        }
        std::mem::take(&mut self.untold)
    }

    /// Does nothing of it count any more?
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.runs().last().is_none_or(|last| self.base + u64::from(last.stamp) + u64::from(self.length) <= now.ms())
    }

    /// Bytes beyond its own.
    pub(super) fn heap(&self) -> usize {
        match &self.runs {
            Runs::Few(_) => 0,
            Runs::Many(runs) => runs.capacity() * size_of::<Run>(),
        }
    }

    /// Forgets what no longer counts under `quota`. What a shorter window has let go is not known to a longer one that follows it.
    pub(super) fn forget(&mut self, quota: Quota, now: Instant) {
        self.length = quota.window_ms();
        let (base, length) = (self.base, u64::from(self.length));
        let over = self.runs().iter().take_while(|r| base + u64::from(r.stamp) + length <= now.ms()).count();
        if over == 0 {
            return;
        }
        self.total -= self.runs()[..over].iter().map(|r| r.calls).sum::<u32>();
        self.untold = self.untold.min(self.total);
        match &mut self.runs {
            Runs::Few(two) => *two = if over == 1 { [two[1], Run::default()] } else { [Run::default(); 2] },
            Runs::Many(runs) if runs.len() - over <= 2 => {
                let mut left = runs[over..].iter().copied();
                self.runs = Runs::Few([left.next().unwrap_or_default(), left.next().unwrap_or_default()]);
            }
            Runs::Many(runs) => drop(runs.drain(..over)),
        }
    }

    /// What `quota` says of one more call. What no longer counts must be forgotten.
    pub(super) fn look(&self, quota: Quota, now: Instant) -> Finding {
        let until = |run: &Run| {
            let end = self.base + u64::from(run.stamp) + u64::from(quota.window_ms());
            Duration::from_nanos((end * MS).saturating_sub(now.0))
        };
        if self.total < quota.calls() {
            // A first call ends to count a window after its stamp.
            let reset = self.runs().first().map_or_else(|| quota.window(), until);
            return Finding::Free { remaining: quota.calls() - self.total - 1, reset };
        }
        let mut leave = 0;
        let last = self.runs().iter().find(|run| {
            leave += run.calls;
            self.total - leave < quota.calls()
        });
        Finding::Full { wait: last.map_or_else(|| quota.window(), until) }
    }

    /// Counts `calls` more, now. With `may_grow` it may take more memory, else runs are merged.
    pub(super) fn add(&mut self, calls: u32, quota: Quota, now: Instant, may_grow: bool) {
        let part = u64::from(part_ms(quota));
        let stamp = now.ms_up().div_ceil(part) * part;
        self.total = self.total.saturating_add(calls);
        let base = self.base;
        if let Some(last) = self.runs_mut().last_mut() {
            // Not before the last one, whatever the clock does.
            if stamp <= base + u64::from(last.stamp) {
                last.calls = last.calls.saturating_add(calls);
                return;
            }
        } else {
            self.base = stamp;
        }
        let run = Run { stamp: self.offset(stamp), calls };
        self.push(run, may_grow);
    }

    /// Milliseconds from the base to `stamp`; the base follows the runs where they have gone too far from it.
    fn offset(&mut self, stamp: u64) -> u32 {
        if let Ok(offset) = u32::try_from(stamp - self.base) {
            return offset;
        }
        let by = self.runs().first().map_or(0, |r| r.stamp);
        self.runs_mut().iter_mut().for_each(|r| r.stamp -= by);
        self.base += u64::from(by);
        u32::try_from(stamp - self.base).unwrap_or(u32::MAX)
    }

    fn push(&mut self, run: Run, may_grow: bool) {
        match &mut self.runs {
            Runs::Few(two) => match two.iter_mut().find(|r| r.calls == 0) {
                Some(free) => *free = run,
                None if may_grow => {
                    let mut runs = Vec::with_capacity(4);
                    runs.extend([two[0], two[1], run]);
                    self.runs = Runs::Many(runs);
                }
                None => *two = [Run { stamp: two[1].stamp, calls: two[0].calls.saturating_add(two[1].calls) }, run],
            },
            Runs::Many(runs) => {
                if runs.len() == runs.capacity() {
                    if may_grow && runs.len() < MAX_RUNS {
                        runs.reserve_exact(runs.len().min(MAX_RUNS - runs.len()));
                    } else {
                        merge(runs);
                    }
                }
                runs.push(run);
            }
        }
    }
}

/// Makes one run of the two that are closest to each other.
fn merge(runs: &mut Vec<Run>) {
    let apart = |pair: &[Run]| if let [a, b] = pair { b.stamp - a.stamp } else { 0 };
    let closest = runs.windows(2).enumerate().min_by_key(|(_, pair)| apart(pair)).map(|(at, _)| at);
    if let Some(at) = closest {
        let gone = runs.remove(at);
        if let Some(next) = runs.get_mut(at) {
            next.calls = next.calls.saturating_add(gone.calls);
        }
    }
}

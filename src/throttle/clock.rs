//! Time as the limiters see it: nanoseconds since a clock's start, never going back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A point in time: nanoseconds since the start of the clock that said so. Instants of two clocks do not compare.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(pub u64);

/// Nanoseconds in a millisecond.
pub(super) const MS: u64 = 1_000_000;

impl Instant {
    /// The time from `earlier` to this; zero where that is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The last whole millisecond that has passed.
    pub(super) fn ms(self) -> u64 {
        self.0 / MS
    }

    /// The first whole millisecond that is not before this.
    pub(super) fn ms_up(self) -> u64 {
        self.0.div_ceil(MS)
    }
}

/// Where instants come from.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System(tokio::time::Instant),
    Hand(Arc<AtomicU64>),
}

impl Clock {
    /// The system's monotonic clock, starting now: steps of the time of day do not touch it.
    pub fn system() -> Self {
        Self(Source::System(tokio::time::Instant::now()))
    }

    /// A clock that stands still until its hand is moved: for tests.
    pub fn by_hand() -> (Self, Hand) {
        let now = Arc::new(AtomicU64::new(0));
        (Self(Source::Hand(now.clone())), Hand(now))
    }

    /// Now.
    pub fn now(&self) -> Instant {
        match &self.0 {
            Source::System(start) => Instant(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)),
            Source::Hand(now) => Instant(now.load(Ordering::Acquire)),
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

/// Moves a clock that was made by [`Clock::by_hand`].
#[derive(Debug, Clone)]
pub struct Hand(Arc<AtomicU64>);

impl Hand {
    /// Moves it on.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_nanos()).unwrap_or(u64::MAX), Ordering::AcqRel);
    }

    /// Puts it to an instant; an earlier one than now changes nothing.
    pub fn set(&self, to: Instant) {
        self.0.fetch_max(to.0, Ordering::AcqRel);
    }
}

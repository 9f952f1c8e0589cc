//! Rates: governor's cell rate algorithm on a state that stands in our table, so that it can be looked at before it is taken.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota as Cells, RateLimiter};

use super::super::clock::Instant;
use super::super::decision::Finding;
use super::super::limit::Rate;

/// The theoretical arrival time of the next call, in nanoseconds of the limiter's clock. In the past: as good as never used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival(pub(super) u64);

/// What governor read, and what it would have written. Our own lock keeps others away; nothing is stored.
struct Looked {
    before: Option<Nanos>,
    after: Cell<Nanos>,
}

impl StateStore for Looked {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        f(self.before).map(|(outcome, after)| {
            self.after.set(after);
            outcome
        })
    }
}

/// Zero while the limiter is made, which takes that for its start; then the instant of the decision.
struct At(Cell<Nanos>);

impl Clock for At {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.get()
    }
}

/// What `rate` says of one more call at `now`, and the state that taking it leaves.
pub(super) fn look(rate: Rate, state: Option<Arrival>, now: Instant) -> (Finding, Arrival) {
    let interval = rate.interval_ns();
    let burst = NonZeroU32::new(rate.calls()).unwrap_or(NonZeroU32::MIN);
    let Some(cells) = Cells::with_period(Duration::from_nanos(interval)).map(|c| c.allow_burst(burst)) else {
        // An interval is never zero.
        return (Finding::Full { wait: rate.window() }, state.unwrap_or(Arrival(now.0)));
    };
    let looked = Looked { before: state.map(|s| Nanos::from(s.0)), after: Cell::new(Nanos::default()) };
    let limiter = RateLimiter::<NotKeyed, Looked, At, NoOpMiddleware<Nanos>>::new(cells, looked, At(Cell::default()));
    limiter.clock().0.set(Nanos::from(now.0));
    match limiter.check() {
        Ok(()) => {
            let after = limiter.into_state_store().after.get().as_u64();
            // Governor's tolerance is that of the whole burst but one; what is ahead of now is used.
            let (ahead, whole) = (after.saturating_sub(now.0), interval * u64::from(burst.get()));
            let remaining = whole.saturating_sub(ahead) / interval;
            let reset = ahead.saturating_sub(whole.saturating_sub(interval * (remaining + 1)));
            let remaining = u32::try_from(remaining).unwrap_or(u32::MAX);
            (Finding::Free { remaining, reset: Duration::from_nanos(reset) }, Arrival(after))
        }
        Err(until) => (Finding::Full { wait: until.wait_time_from(Nanos::from(now.0)) }, state.unwrap_or(Arrival(now.0))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn a_rate_lets_its_calls_pass_at_once_and_then_one_by_one() {
        let rate = Rate::per_second(4).unwrap();
        let mut state = None;
        for remaining in [3, 2, 1, 0] {
            let (finding, after) = look(rate, state, Instant(7 * MS));
            assert_eq!(finding, Finding::Free { remaining, reset: Duration::from_millis(250) }, "{remaining}");
            state = Some(after);
        }
        let (finding, after) = look(rate, state, Instant(107 * MS));
        assert_eq!((finding, Some(after)), (Finding::Full { wait: Duration::from_millis(150) }, state));
        let (finding, _) = look(rate, state, Instant(257 * MS));
        assert_eq!(finding, Finding::Free { remaining: 0, reset: Duration::from_millis(250) });
        let (finding, _) = look(rate, state, Instant(9_999 * MS));
        assert_eq!(finding, Finding::Free { remaining: 3, reset: Duration::from_millis(250) });
    }

    #[test]
    fn looking_takes_nothing() {
        let rate = Rate::per_second(1).unwrap();
        for _ in 0..9 {
            assert!(matches!(look(rate, None, Instant(5)).0, Finding::Free { .. }));
        }
    }

    #[test]
    fn at_most_twice_the_rate_passes_in_a_window() {
        for (calls, seconds) in [(1, 1), (3, 1), (7, 1), (200, 1), (10, 10)] {
            let rate = Rate::new(calls, Duration::from_secs(seconds)).unwrap();
            let (mut state, mut passed) = (None, 0);
            // Calls without end, each 100 µs, over the window that begins with a full burst.
            for n in 0..seconds * 10_000 {
                let (finding, after) = look(rate, state, Instant(1 + n * MS / 10));
                if matches!(finding, Finding::Free { .. }) {
                    (state, passed) = (Some(after), passed + 1);
                }
            }
            assert!(passed + 1 >= 2 * calls && passed <= 2 * calls, "{passed} of {calls}");
        }
    }

    #[test]
    fn the_widest_rates_do_not_overflow() {
        for (calls, seconds) in
            [(1, 31 * 86_400), (super::super::super::limit::MAX_CALLS, 1), (super::super::super::limit::MAX_CALLS, 31 * 86_400)]
        {
            let rate = Rate::new(calls, Duration::from_secs(seconds)).unwrap();
            let century = Instant(100 * 366 * 86_400 * 1_000 * MS);
            let (finding, after) = look(rate, None, century);
            assert!(matches!(finding, Finding::Free { .. }), "{finding:?}");
            assert!(after.0 > century.0);
        }
    }
}

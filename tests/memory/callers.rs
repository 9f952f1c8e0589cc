//! How much memory callers cost while they count: a million of them, and what they may cost at most.
//!
//! `cargo test --release --test memory -- --nocapture callers` prints the table; `CASTILE_MEMORY=all` adds a million who call more often.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use castile::throttle::{Clock, Limiter, LocalOptions, Scope, Subject};

use super::{ALONE, HEAP};

/// A million callers, bytes.
const MAX_BYTES: usize = 100_000_000;

fn passes(limiter: &Limiter, limit: &str, caller: usize) -> bool {
    let id = caller.to_string();
    let check = limiter.check(Scope::Subscription, limit.parse().unwrap(), &Subject { tenant: "t", ids: &[&id], address: None });
    match pin!(limiter.decide(&[check])).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(decision) => decision.is_allowed(),
        Poll::Pending => panic!("a local decision waits for nothing"),
    }
}

/// The heap that callers take who each call so often, a millisecond apart; every call passes.
fn measure(callers: usize, calls: usize, limit: &str) -> (usize, usize) {
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let (clock, hand) = Clock::by_hand();
    let limiter = Limiter::local(LocalOptions { clock, ..LocalOptions::default() });
    for _ in 0..calls {
        for caller in 0..callers {
            if caller % 1_000 == 0 {
                hand.advance(std::time::Duration::from_millis(1));
            }
            assert!(passes(&limiter, limit, caller), "caller {caller}");
        }
    }
    let counters = limiter.counters();
    assert!(counters >= callers, "each has a counter of its own: {counters}");
    // None of them passes more than its limit, however coarse its window has become.
    let more = (0..callers).step_by(997).filter(|caller| (0..21 - calls).all(|_| passes(&limiter, limit, *caller))).count();
    assert_eq!(more, 0);
    (HEAP.peak_usage() - before, counters)
}

#[test]
fn a_million_callers_take_less_than_a_hundred_megabytes() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    println!("{:>10} {:>6} {:>13} {:>13} {:>7}", "callers", "calls", "peak", "counters", "each");
    let mut sizes = vec![(100_000, 20), (1_000_000, 1)];
    if std::env::var_os("CASTILE_MEMORY").is_some() {
        sizes.extend([(1_000_000, 2), (1_000_000, 4), (1_000_000, 20)]);
    }
    for (callers, calls) in sizes {
        let (peak, counters) = measure(callers, calls, "20/hour");
        println!("{callers:>10} {calls:>6} {peak:>13} {counters:>13} {:>7}", peak / callers);
        assert!(peak <= MAX_BYTES, "{callers} callers, {calls} calls each: {peak} bytes");
    }
}

//! More callers than there are counters.

use std::time::Duration;

use castile::throttle::{Clock, Limiter, LocalOptions, Scope};

use super::{check, now};

#[test]
fn a_flood_of_callers_takes_no_counter_that_is_in_use() {
    let (clock, hand) = Clock::by_hand();
    let limiter = Limiter::local(LocalOptions { counters: 4_000, clock, ..LocalOptions::default() });
    let mine = check(&limiter, Scope::Application, "20/min", "me");
    for _ in 0..20 {
        assert!(now(limiter.decide(&[mine])).is_allowed());
    }
    let mut passed = 0;
    for n in 0..100_000 {
        passed += usize::from(now(limiter.decide(&[check(&limiter, Scope::Application, "20/min", &n.to_string())])).is_allowed());
        if n % 1_000 == 0 {
            hand.advance(Duration::from_millis(500));
            assert!(!now(limiter.decide(&[mine])).is_allowed(), "after {n} strangers");
        }
    }
    // Those with a counter, and those who share one.
    assert!((4_000..=4_000 * 5 / 4 + 256 * 84).contains(&passed), "{passed}");
    assert!(limiter.counters() <= 4_000 * 5 / 4 + 256 * 72, "{}", limiter.counters());
    // After a window all is as new, without a long sweep.
    hand.advance(Duration::from_secs(61));
    assert!(now(limiter.decide(&[mine])).is_allowed());
    for n in 0..2_000 {
        let new = check(&limiter, Scope::Application, "20/min", &format!("new {n}"));
        assert!(now(limiter.decide(&[new])).is_allowed(), "{n}");
    }
}

#[test]
fn counters_that_no_longer_count_are_given_away() {
    let (clock, hand) = Clock::by_hand();
    let limiter = Limiter::local(LocalOptions { counters: 20_000, clock, ..LocalOptions::default() });
    for round in 0..50 {
        for n in 0..1_000 {
            let caller = format!("{round} {n}");
            let checks = [check(&limiter, Scope::Application, "20/min", &caller), check(&limiter, Scope::Burst, "5/s", &caller)];
            assert!(now(limiter.decide(&checks)).is_allowed());
        }
        hand.advance(Duration::from_secs(61));
    }
    assert!(limiter.counters() < 5_000, "{}", limiter.counters());
}

#[test]
fn who_was_counted_with_others_begins_with_their_calls_when_there_is_room_again() {
    let (clock, hand) = Clock::by_hand();
    let limiter = Limiter::local(LocalOptions { counters: 1, clock, ..LocalOptions::default() });
    for n in 0..5_000 {
        now(limiter.decide(&[check(&limiter, Scope::Api, "1 per 3 seconds", &n.to_string())]));
    }
    let mut passed = [0; 50];
    for _ in 0..2 {
        for (n, passed) in passed.iter_mut().enumerate() {
            let mine = check(&limiter, Scope::Application, "5/min", &n.to_string());
            *passed += (0..9).filter(|_| now(limiter.decide(&[mine])).is_allowed()).count();
        }
        // The others leave; the calls of this minute still count.
        hand.advance(Duration::from_secs(4));
    }
    assert!(passed.contains(&5) && passed.iter().all(|p| *p <= 5), "{passed:?}");
}

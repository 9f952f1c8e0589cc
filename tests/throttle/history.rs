//! Recorded histories on a clock that is moved by hand: no window holds more calls than its limit, and no call is refused without need.

use std::time::Duration;

use castile::throttle::{Check, Clock, Instant, Limit, Limiter, LocalOptions, Quota, Scope, Subject};
use proptest::prelude::*;

use super::{local, now, wait_of};

const MS: u64 = 1_000_000;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    /// Time goes on, nanoseconds.
    Pass(u64),
    /// Calls by these callers, each checked with its present limit.
    Call(Vec<usize>, usize),
    /// A caller's limit changes.
    Change(usize, Quota),
}

fn quota() -> impl Strategy<Value = Quota> {
    let calls = prop_oneof![1..6_u32, 55..65_u32, 100..400_u32];
    (calls, prop_oneof![1..4_u64, Just(60), Just(3_600)]).prop_map(|(calls, s)| Quota::new(calls, Duration::from_secs(s)).unwrap())
}

fn pass() -> impl Strategy<Value = Step> {
    let ns = prop_oneof![0..3 * MS, 0..2_000 * MS, 0..70_000 * MS, Just(1_000 * MS), Just(999 * MS), Just(3_600_000 * MS)];
    ns.prop_map(Step::Pass)
}

fn steps(callers: usize, changes: bool) -> impl Strategy<Value = Vec<Step>> {
    let call = (proptest::collection::vec(0..callers, 1..4), prop_oneof![Just(1_usize), 1..80_usize]).prop_map(|(mut who, times)| {
        who.sort_unstable();
        who.dedup();
        Step::Call(who, times)
    });
    let step = if changes {
        prop_oneof![
            4 => pass(),
            6 => call,
            2 => (0..callers, quota()).prop_map(|(who, quota)| Step::Change(who, quota)),
        ]
        .boxed()
    } else {
        prop_oneof![4 => pass(), 6 => call].boxed()
    };
    proptest::collection::vec(step, 1..120)
}

/// What is known of a caller: its limit, the calls that passed, and before when the limiter may have forgotten them.
struct Caller {
    quota: Quota,
    passed: Vec<u64>,
    forgotten: u64,
    /// The window of its last call.
    window: Duration,
}

fn check(limiter: &Limiter, caller: usize, quota: Quota) -> Check {
    let id = caller.to_string();
    limiter.check(Scope::Application, Limit::Quota(quota), &Subject { tenant: "t", ids: &[&id], address: None })
}

/// The longest that a call may count beyond its window.
fn slack(quota: Quota) -> u64 {
    MS + if quota.calls() > 60 { quota.window().as_nanos() as u64 / 60 } else { 0 }
}

/// Plays the steps and looks after each call whether it had to pass, and whether it had to be refused. `exact`: limits never change
/// and counters are never short, so a refusal is judged too.
fn play(limiter: &Limiter, hand: &castile::throttle::Hand, quotas: &[Quota], steps: &[Step], exact: bool) -> Result<(), TestCaseError> {
    let mut callers: Vec<_> =
        quotas.iter().map(|quota| Caller { quota: *quota, passed: Vec::new(), forgotten: 0, window: quota.window() }).collect();
    let mut clock = 3_600_000 * MS;
    for step in steps {
        match step {
            Step::Pass(ns) => clock += ns,
            Step::Change(who, quota) => callers[*who].quota = *quota,
            Step::Call(who, times) => {
                hand.set(Instant(clock));
                let checks: Vec<_> = who.iter().map(|w| check(limiter, *w, callers[*w].quota)).collect();
                for _ in 0..*times {
                    let decision = now(limiter.decide(&checks));
                    for w in who {
                        let caller = &mut callers[*w];
                        // What the window of its last call has let go by now may be forgotten, whatever its window is now.
                        for window in [caller.window, caller.quota.window()] {
                            caller.forgotten = caller.forgotten.max(clock.saturating_sub(window.as_nanos() as u64));
                        }
                        caller.window = caller.quota.window();
                    }
                    if decision.is_allowed() {
                        for w in who {
                            let Caller { quota, passed, forgotten, .. } = &mut callers[*w];
                            passed.push(clock);
                            let in_window = passed.iter().filter(|t| **t > *forgotten).count();
                            prop_assert!(in_window <= quota.calls() as usize, "{in_window} calls of caller {w} at {clock}, {quota}");
                        }
                    } else if exact {
                        let full = who.iter().any(|w| {
                            let Caller { quota, passed, .. } = &callers[*w];
                            let since = clock.saturating_sub(quota.window().as_nanos() as u64 + slack(*quota));
                            passed.iter().filter(|t| **t >= since).count() >= quota.calls() as usize
                        });
                        prop_assert!(full, "refused without need at {clock}");
                        let wait = wait_of(&decision);
                        prop_assert!(wait > Duration::ZERO);
                    }
                }
            }
        }
    }
    // Any sliding window, now over the whole record.
    if exact {
        for (w, caller) in callers.iter().enumerate() {
            let (calls, window) = (caller.quota.calls() as usize, caller.quota.window().as_nanos() as u64);
            for pair in caller.passed.windows(calls + 1) {
                prop_assert!(pair[calls] - pair[0] >= window, "{} calls of caller {w} from {} to {}", calls + 1, pair[0], pair[calls]);
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_window_holds_more_than_its_limit(quotas in proptest::collection::vec(quota(), 4), steps in steps(4, false)) {
        let (limiter, hand) = local();
        play(&limiter, &hand, &quotas, &steps, true)?;
    }

    #[test]
    fn limits_that_change_let_nobody_pass_more(quotas in proptest::collection::vec(quota(), 4), steps in steps(4, true)) {
        let (limiter, hand) = local();
        play(&limiter, &hand, &quotas, &steps, false)?;
    }

}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    /// As few counters as there can be, no memory for windows, a thousand callers.
    #[test]
    fn newcomers_without_room_pass_no_more(quotas in proptest::collection::vec(quota(), 900), steps in steps(900, false)) {
        let (clock, hand) = Clock::by_hand();
        let limiter = Limiter::local(LocalOptions { counters: 1, memory_bytes: 0, clock });
        // Every shard is filled first, so that the callers share counters or wait for room.
        hand.set(Instant(3_599_000 * MS));
        for filler in 1_000..5_000 {
            now(limiter.decide(&[check(&limiter, filler, Quota::new(1, Duration::from_secs(3)).unwrap())]));
        }
        play(&limiter, &hand, &quotas, &steps, false)?;
    }

    /// The wait that is told is true to the nanosecond: not before, and then.
    #[test]
    fn a_refused_call_passes_after_its_wait_and_not_before(quota in quota(), gaps in proptest::collection::vec(0..90 * MS, 500)) {
        let (limiter, hand) = local();
        let check = check(&limiter, 1, quota);
        let mut time = 0;
        for gap in gaps {
            time += gap;
            hand.set(Instant(time));
            let decision = now(limiter.decide(&[check]));
            if !decision.is_allowed() {
                let wait = wait_of(&decision).as_nanos() as u64;
                hand.set(Instant(time + wait - 1));
                prop_assert!(!now(limiter.decide(&[check])).is_allowed(), "before its time");
                time += wait;
                hand.set(Instant(time));
                prop_assert!(now(limiter.decide(&[check])).is_allowed(), "at its time");
            }
        }
    }
}

#[test]
fn weeks_of_use_and_of_silence_do_not_confuse_a_window() {
    let (limiter, hand) = local();
    let quota = Quota::new(3, Duration::from_secs(31 * 86_400)).unwrap();
    for day in 0..400 {
        hand.set(Instant(day * 86_400_000 * MS));
        let passes = now(limiter.decide(&[check(&limiter, 1, quota)])).is_allowed();
        assert_eq!(passes, day % 31 < 3, "day {day}");
    }
}

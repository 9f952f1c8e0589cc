//! What a decision costs: three limits that are counted in this process, looked at and taken.
//!
//! `cargo bench --bench throttle`
#![allow(clippy::panic, reason = "a bench fails by panicking")]
#![allow(missing_docs, reason = "criterion's macros make the functions")]

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use castile::throttle::{Check, Limiter, LocalOptions, Scope, Subject};
use criterion::{Criterion, criterion_group, criterion_main};

fn decide(limiter: &Limiter, checks: &[Check]) -> bool {
    match pin!(limiter.decide(checks)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(decision) => decision.is_allowed(),
        Poll::Pending => false,
    }
}

/// A tenant's rate, an application's and a subscription's quota, of one caller.
fn checks(limiter: &Limiter, caller: &str, rate: &str, quota: &str) -> [Check; 3] {
    let check = |scope, limit: &str, id: &str| {
        let limit = limit.parse().unwrap_or_else(|e| panic!("{limit}: {e}"));
        limiter.check(scope, limit, &Subject { tenant: "default", ids: &[id], address: None })
    };
    [check(Scope::Tenant, rate, ""), check(Scope::Application, quota, caller), check(Scope::Subscription, quota, caller)]
}

fn three_limits(c: &mut Criterion) {
    let limiter = Limiter::local(LocalOptions::default());
    let one = checks(&limiter, "one", "1000000000/s", "1000000000/hour");
    c.bench_function("three limits, one caller, passes", |b| b.iter(|| assert!(decide(&limiter, black_box(&one)))));

    let many: Vec<_> = (0..100_000).map(|n| checks(&limiter, &n.to_string(), "1000000000/s", "1000000/hour")).collect();
    let mut next = many.iter().cycle();
    c.bench_function("three limits, 100 000 callers in turn, passes", |b| {
        b.iter(|| next.next().is_some_and(|checks| decide(&limiter, black_box(checks))));
    });

    let full = checks(&limiter, "full", "1000000000/s", "20/hour");
    (0..20).for_each(|_| assert!(decide(&limiter, &full)));
    c.bench_function("three limits, refused", |b| b.iter(|| assert!(!decide(&limiter, black_box(&full)))));
}

fn keys(c: &mut Criterion) {
    let limiter = Limiter::local(LocalOptions::default());
    let limits = checks(&limiter, "", "200/s", "20/min").map(|c| (c.scope, c.limit));
    c.bench_function("three checks made", |b| {
        b.iter(|| {
            let subject = Subject { tenant: "default", ids: &[black_box("0194f3a2-77a1-7cc2-b0a5")], address: None };
            limits.map(|(scope, limit)| limiter.check(scope, limit, &subject))
        });
    });
}

criterion_group!(benches, three_limits, keys);
criterion_main!(benches);

//! Limits: one contract for counting in a process and in Redis, recorded histories, floods.

mod contract;
mod flood;
mod history;
pub(crate) mod redis;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use castile::throttle::{Check, Clock, Decision, Hand, Limiter, LocalOptions, Scope, Subject};

/// A limiter that counts here, and the hand of its clock.
fn local() -> (Limiter, Hand) {
    let (clock, hand) = Clock::by_hand();
    (Limiter::local(LocalOptions { clock, ..LocalOptions::default() }), hand)
}

/// What a future says that does not wait.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("a local decision waits for nothing"),
    }
}

fn check(limiter: &Limiter, scope: Scope, limit: &str, id: &str) -> Check {
    limiter.check(scope, limit.parse().unwrap(), &Subject { tenant: "default", ids: &[id], address: None })
}

/// How long a refused call waits; panics where it passed.
fn wait_of(decision: &Decision) -> Duration {
    match decision {
        Decision::Refused(refused) => refused.retry_after,
        Decision::Allowed(allowed) => panic!("passed: {allowed:?}"),
    }
}

//! May this call happen? Turns a [`RouteMatch`] into a [`Permit`], without which nothing reaches an upstream.

use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::timeout;

use super::record::Slot;
use super::route::RouteMatch;
use crate::problem::{Problem, Reason};

/// Who calls. A witness: only [`authenticate`] makes it.
#[derive(Debug)]
pub(super) struct Principal {
    _anonymous: (),
}

/// A call that may happen, with its place among the calls in flight. A witness: only [`permit`] makes it.
pub(super) struct Permit {
    /// What is called.
    pub(super) route: RouteMatch,
    /// Its place; moves to the call's record, so that it is free when the answer has ended.
    pub(super) slot: Option<Slot>,
}

/// Asks who calls. Only `security: [none]` is in force: everybody is the same anonymous caller.
///
/// # Errors
/// An API that asks for credentials is not open to anybody while no scheme can check them.
pub(super) fn authenticate(route: &RouteMatch) -> Result<Principal, Problem> {
    let schemes = &route.api().definition.security;
    if schemes.is_empty() || schemes.iter().any(|s| s == "none") {
        return Ok(Principal { _anonymous: () });
    }
    let private = format!("security {schemes:?} is not in force in this version");
    Err(Problem::new(Reason::ApiState, 503, "The API asks for credentials that this gateway cannot check.").with_private(private))
}

/// Waits for a place among the API's calls in flight.
///
/// # Errors
/// 503 with 900801 when as many wait already, or none became free in time.
pub(super) async fn permit(route: RouteMatch, _principal: Principal, waiting: usize, wait: Duration) -> Result<Permit, Problem> {
    let slots = route.slots().clone();
    let permit = match slots.free.clone().try_acquire_owned() {
        Ok(permit) => permit,
        Err(_) => {
            let queued = Queued::enter(&slots.waiting);
            if queued.before >= waiting {
                return Err(overload());
            }
            match timeout(wait, slots.free.clone().acquire_owned()).await {
                Ok(Ok(permit)) => permit,
                Ok(Err(_)) | Err(_) => return Err(overload()),
            }
        }
    };
    let slot = Slot::new(slots.api.clone(), permit);
    Ok(Permit { route, slot: Some(slot) })
}

fn overload() -> Problem {
    let mut problem = Problem::new(Reason::Overload, 503, "The API is not accepting requests");
    problem.retry_after = Some(1);
    problem.scope = Some("api");
    problem
}

/// One that waits; counted until it no longer does, also when its caller goes away.
struct Queued<'a> {
    waiting: &'a std::sync::atomic::AtomicUsize,
    before: usize,
}

impl<'a> Queued<'a> {
    fn enter(waiting: &'a std::sync::atomic::AtomicUsize) -> Self {
        Self { waiting, before: waiting.fetch_add(1, Ordering::AcqRel) }
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

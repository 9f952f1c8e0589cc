//! How often: limits on calls, counted by this process or together with other nodes.
//!
//! Comes in: for each call the [`Check`]s that it must keep to, made of limits and of who is counted. Goes out: a [`Decision`]. All checks
//! are looked at first and then taken in one step; a call that is refused is counted nowhere. A [`Quota`] is a promise (in no
//! window of its length do more calls pass), a [`Rate`] smooths. Must not know: HTTP, subscriptions; the sentences for callers
//! and their codes are the gateway's.

mod clock;
mod decision;
mod key;
mod limit;
mod local;
mod plan;
mod redis;

pub use self::redis::{CountState, RedisOptions, RedisSetupError};
pub use clock::{Clock, Hand, Instant};
pub use decision::{Allowed, Check, Decision, Refused, Scope, Standing};
pub use key::Subject;
pub use limit::{Limit, LimitError, MAX_CALLS, MAX_WINDOW_S, Quota, Rate};
pub use local::LocalOptions;
pub use plan::Plan;

use self::redis::Shared;
use key::Keys;
use local::Local;
use tokio::sync::watch;

/// Decides which calls pass. Shared between tasks and threads.
#[derive(Debug)]
pub struct Limiter {
    keys: Keys,
    counts: Counts,
}

#[derive(Debug)]
enum Counts {
    Local(Local),
    Shared(Box<Shared>),
}

impl Limiter {
    /// One that counts in this process.
    pub fn local(options: LocalOptions) -> Self {
        Self { keys: Keys::of_process(), counts: Counts::Local(Local::new(options)) }
    }

    /// One that counts in Redis, together with other nodes. A Redis that is away at the start is no error: see [`CountState`].
    ///
    /// # Errors
    /// Options that cannot be used: the operator's fault.
    pub async fn redis(options: RedisOptions) -> Result<Self, RedisSetupError> {
        let keys = Keys::stable(options.secret.as_ref());
        Ok(Self { keys, counts: Counts::Shared(Box::new(Shared::new(options).await?)) })
    }

    /// A limit on `subject`: what one call must keep to. Calls of the same scope, kind of limit and subject are counted together, whatever
    /// the limit's numbers: a limit that changes goes on with what was counted. Two quotas on one subject need two subjects
    /// (one more id), else the shorter window makes the longer forget.
    pub fn check(&self, scope: Scope, limit: Limit, subject: &Subject<'_>) -> Check {
        Check { scope, limit, key: self.keys.key(scope, limit, subject) }
    }

    /// May a call pass that must keep to all of these? If so it is counted with each, in one step; else nowhere. The order decides which
    /// limit a refusal names. Does not wait where this process counts; for Redis at most [`RedisOptions::timeout`].
    pub async fn decide(&self, checks: &[Check]) -> Decision {
        match &self.counts {
            Counts::Local(local) => local.decide(checks, None),
            Counts::Shared(shared) => shared.decide(checks).await,
        }
    }

    /// Counters in this process at present.
    pub fn counters(&self) -> usize {
        match &self.counts {
            Counts::Local(local) => local.counters(),
            Counts::Shared(shared) => shared.local().counters(),
        }
    }

    /// How many nodes share the counts now, from 1: decides this node's share when Redis is away.
    pub fn set_nodes(&self, nodes: u32) {
        if let Counts::Shared(shared) = &self.counts {
            shared.set_nodes(nodes);
        }
    }

    /// Where it counts at present.
    pub fn state(&self) -> CountState {
        match &self.counts {
            Counts::Local(_) => CountState::Alone,
            Counts::Shared(shared) => *shared.state().borrow(),
        }
    }

    /// Tells of each change of [`Limiter::state`]; none where it never changes.
    pub fn changes(&self) -> Option<watch::Receiver<CountState>> {
        match &self.counts {
            Counts::Local(_) => None,
            Counts::Shared(shared) => Some(shared.state()),
        }
    }
}

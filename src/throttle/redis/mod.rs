//! Counters in Redis, which several nodes share.
//!
//! Accuracy: while Redis answers, all nodes together let no more calls pass in any window than its quota allows: one script looks at all
//! checks of a decision and takes them, by the time of the Redis server. A call counts for its window and at most a millisecond
//! longer (quotas up to 60 calls) or a 60th of the window longer (more calls). Rates are the same algorithm as in a process.
//!
//! When Redis is slow, gone or refuses, a node decides by itself: it lets its share pass, the quota ÷ nodes and at least one call, of
//! which it has used up what passed through it in the window before. So in a window that Redis leaves, the quota passes and what the
//! nodes had not used of their shares: nothing more with calls spread evenly, at worst (all by one of n nodes) quota × (n − 1) ÷ n more.
//! On its return each node first tells Redis what passed meanwhile, or, where Redis has lost its memory, all that still counts on this node,
//! and goes on with its share for a second, so that the others can do the same. So the return adds what a node lets pass of its
//! share while it returns later than that. A call whose question was not answered in time may count twice.
//! The server's time of day must not be set forward: windows end early by that step. Set back, calls count longer, at most for a window.
//! A rate is not told and starts anew on either side: for a second twice its calls may pass.
//!
//! Keys: `{PREFIX}:` and 32 hexadecimal digits, the keyed hash of what is counted. A quota is a hash from stamps (milliseconds since 1970,
//! from which a window is measured) to numbers of calls; a rate is a string, the theoretical arrival time in microseconds. Each expires
//! a second after it no longer counts. `{PREFIX}:life` tells one life of the data from the next. The braces are a hash tag: all keys
//! of an installation sit in one slot, so a decision never spans two.

mod link;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ::redis::Script;
use ::redis::aio::MultiplexedConnection;
use tokio::sync::watch;

use super::decision::{Check, Decision, Finding};
use super::key::Key;
use super::limit::Limit;
use super::local::{Local, LocalOptions, part_ms};
use crate::net::secret::Secret;
use link::{Failure, Link};

/// How a limiter counts in Redis.
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]`, `rediss://…` for TLS, or `unix:///PATH`.
    pub url: Secret,
    /// Certificates of further authorities for TLS, PEM.
    pub extra_ca_pem: Option<String>,
    /// What keys begin with, in braces; default `castile`. Installations that share a server need one each.
    pub prefix: String,
    /// Makes the hashes of what is counted ones that only the nodes can make; the same on every node. Default none.
    pub secret: Option<Secret>,
    /// How many nodes share the counts, from 1: each one's share when Redis is away. Default 1; see [`super::Limiter::set_nodes`].
    pub nodes: u32,
    /// How long a decision waits for Redis; default 20 ms.
    pub timeout: Duration,
    /// The counters of this node, which are used when Redis is away.
    pub local: LocalOptions,
}

impl RedisOptions {
    /// The defaults for a server.
    pub fn new(url: Secret) -> Self {
        Self {
            url,
            extra_ca_pem: None,
            prefix: String::from("castile"),
            secret: None,
            nodes: 1,
            timeout: Duration::from_millis(20),
            local: LocalOptions::default(),
        }
    }
}

/// Options that cannot be used: the operator's fault. The text never repeats them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RedisSetupError {
    /// The address.
    #[error("the address of Redis is not redis://HOST[:PORT][/DATABASE], rediss://HOST[:PORT][/DATABASE] or unix:///PATH")]
    Address,
    /// The prefix.
    #[error("a prefix of Redis keys is 1 to 64 of the characters a-z A-Z 0-9 . _ : -")]
    Prefix,
    /// The authorities.
    #[error("the extra authorities for Redis hold no certificate in PEM")]
    Authorities,
}

/// Where a limiter counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CountState {
    /// In this process only.
    Alone,
    /// In Redis.
    Shared,
    /// In this process, each limit with this node's share, because Redis is slow, gone or refuses.
    Away,
}

impl CountState {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alone => "alone",
            Self::Shared => "shared",
            Self::Away => "away",
        }
    }
}

/// The name of a counter in Redis.
fn name(prefix: &str, key: Key) -> String {
    let [high, low] = key.0;
    format!("{{{prefix}}}:{high:016x}{low:016x}")
}

/// The shared counts, and what this node knows of its own.
#[derive(Debug)]
pub(super) struct Shared {
    local: Arc<Local>,
    link: Link,
    script: Script,
    prefix: String,
    nodes: AtomicU32,
    timeout: Duration,
}

/// Calls that are being told to the shared count: told only when it has answered, whatever ends the wait.
struct Telling<'a> {
    local: &'a Local,
    checks: &'a [Check],
    calls: Vec<u32>,
}

impl Telling<'_> {
    fn told(mut self) {
        self.calls.clear();
    }
}

impl Drop for Telling<'_> {
    fn drop(&mut self) {
        for (check, calls) in self.checks.iter().zip(&self.calls) {
            self.local.untell(check.key, *calls);
        }
    }
}

impl Shared {
    pub(super) async fn new(options: RedisOptions) -> Result<Self, RedisSetupError> {
        let RedisOptions { url, extra_ca_pem, prefix, secret: _, nodes, timeout, local } = options;
        let good = |c: char| c.is_ascii_alphanumeric() || ".-_:".contains(c);
        if prefix.is_empty() || prefix.len() > 64 || !prefix.chars().all(good) {
            return Err(RedisSetupError::Prefix);
        }
        let local = Arc::new(Local::new(local));
        let script = Script::new(include_str!("decide.lua"));
        let link = Link::open(&url, extra_ca_pem.as_deref(), prefix.clone(), script.clone(), local.clone()).await?;
        Ok(Self { local, link, script, prefix, nodes: AtomicU32::new(nodes.max(1)), timeout })
    }

    pub(super) async fn decide(&self, checks: &[Check]) -> Decision {
        if let Some(connection) = self.link.connection().filter(|_| !checks.is_empty()) {
            let telling = Telling { local: &self.local, checks, calls: self.local.tell(checks) };
            match self.ask(connection, checks, &telling.calls).await {
                Ok(decision) => {
                    telling.told();
                    self.link.answered();
                    if decision.is_allowed() {
                        self.local.record(checks);
                    }
                    return decision;
                }
                Err(failure) => self.link.failed(&failure),
            }
        }
        self.local.decide(checks, Some(self.nodes.load(Ordering::Relaxed)))
    }

    /// Asks the script; `untold` are calls of each check that the shared count does not know of.
    async fn ask(&self, mut connection: MultiplexedConnection, checks: &[Check], untold: &[u32]) -> Result<Decision, Failure> {
        let mut call = self.script.prepare_invoke();
        for (check, untold) in checks.iter().zip(untold) {
            call.key(name(&self.prefix, check.key));
            match check.limit {
                Limit::Quota(quota) => {
                    call.arg("q").arg(quota.calls()).arg(quota.window_ms()).arg(part_ms(quota)).arg(*untold);
                }
                Limit::Rate(rate) => {
                    call.arg("r").arg(rate.calls()).arg(rate.interval_ns().div_ceil(1_000)).arg(0).arg(0);
                }
            }
        }
        let answer: Vec<i64> = match tokio::time::timeout(self.timeout, call.invoke_async(&mut connection)).await {
            Ok(answer) => answer?,
            Err(_) => return Err(Failure::Slow),
        };
        if answer.len() != 1 + 2 * checks.len() {
            return Err(Failure::Gone("its answer is not the script's".to_owned()));
        }
        let findings = answer.iter().skip(1).step_by(2).zip(answer.iter().skip(2).step_by(2)).map(|(remaining, micros)| {
            let time = Duration::from_micros(u64::try_from(*micros).unwrap_or(0));
            match u32::try_from(*remaining) {
                Ok(remaining) => Finding::Free { remaining, reset: time },
                Err(_) => Finding::Full { wait: time },
            }
        });
        Ok(Decision::from_findings(checks, findings))
    }

    pub(super) fn local(&self) -> &Local {
        &self.local
    }

    pub(super) fn set_nodes(&self, nodes: u32) {
        self.nodes.store(nodes.max(1), Ordering::Relaxed);
    }

    pub(super) fn state(&self) -> watch::Receiver<CountState> {
        self.link.state()
    }
}

//! Counters of this process: shards of a table behind locks, which a decision takes in the order of their numbers.
//!
//! A decision holds the locks of all its shards while it looks at every limit and then takes each: for others it is one step. The clock
//! is read under the locks, so that in each shard time goes on. Nothing waits, blocks or does I/O here.
//!
//! Accuracy: in no window of a quota's length do more calls pass than it allows. A call counts for its window and at most a
//! millisecond longer (quotas up to 60 calls) or a 60th of the window longer (more calls).

mod rate;
mod table;
mod window;

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::clock::{Clock, Instant};
use super::decision::{Check, Decision};
use super::key::Key;
use table::{Look, Shard};

pub(super) use table::Untold;
pub(super) use window::part_ms;

/// Shards; a power of two.
const SHARDS: usize = 256;

/// What a limiter may use.
#[derive(Debug, Clone)]
pub struct LocalOptions {
    /// Counters at one time; default 1 000 000. One that still counts is never given away: newcomers beyond share counters, strictly.
    pub counters: usize,
    /// Memory of all counters together, bytes; default 100 000 000. When it is used up, windows are kept more coarsely, strictly.
    pub memory_bytes: usize,
    /// Where time comes from.
    pub clock: Clock,
}

impl Default for LocalOptions {
    fn default() -> Self {
        Self { counters: 1_000_000, memory_bytes: 100_000_000, clock: Clock::system() }
    }
}

/// The counters.
#[derive(Debug)]
pub(super) struct Local {
    shards: Box<[Mutex<Shard>]>,
    /// What makes hashes of keys: nobody who can choose keys can choose those.
    seeds: [u64; 2],
    clock: Clock,
    /// Which life of a shared count is told of the calls here.
    life: AtomicU32,
}

/// The shard among these, held already, that has keys with that hash.
fn of_hash<'a>(shards: &'a mut [(usize, MutexGuard<'_, Shard>)], hash: u64) -> Option<&'a mut Shard> {
    shards.iter_mut().find(|(number, _)| *number == Local::number(hash)).map(|(_, shard)| &mut **shard)
}

impl Local {
    pub(super) fn new(options: LocalOptions) -> Self {
        // Keys do not spread evenly. A 12th more is five times the deviation of a million, so that about one installation in 70 000 is short of room.
        let counters = options.counters.clamp(SHARDS, 1 << 28);
        let room = counters.div_ceil(SHARDS) + counters / SHARDS / 12 + 8;
        let heap = (options.memory_bytes / SHARDS).saturating_sub(Shard::bytes(room));
        let shards = (0..SHARDS).map(|_| Mutex::new(Shard::new(room, heap))).collect();
        let seeds = [0, 1].map(|n: u64| RandomState::new().hash_one(n));
        Self { shards, seeds, clock: options.clock, life: AtomicU32::new(0) }
    }

    /// The hash of a key in the table. Keys are hashes already, so that one multiplication spreads them.
    fn hash(&self, key: Key) -> u64 {
        let product = u128::from(key.0[0] ^ self.seeds[0]) * u128::from(key.0[1] ^ self.seeds[1]);
        let half = |bits: u128| u64::try_from(bits & u128::from(u64::MAX)).unwrap_or_default();
        half(product) ^ half(product >> 64)
    }

    /// A shard; nothing that can panic stands between two changes that belong together, so a poisoned lock holds whole data.
    fn shard(&self, number: usize) -> MutexGuard<'_, Shard> {
        self.shards[number].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The shard of a key with that hash; the index uses the lowest and the highest bits.
    fn number(hash: u64) -> usize {
        (hash >> 32) as usize % SHARDS
    }

    /// Now, by the limiter's clock.
    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Looks at all checks and takes them if each lets the call pass. With `nodes`, in the place of a shared count that is away: each limit
    /// is this node's share, and quotas remember the call for [`Local::tell`].
    pub(super) fn decide(&self, checks: &[Check], nodes: Option<u32>) -> Decision {
        let share = |check: &Check| nodes.map_or(*check, |n| Check { limit: check.limit.share(n), ..*check });
        let hashes: Vec<u64> = checks.iter().map(|c| self.hash(c.key)).collect();
        let mut shards: Vec<(usize, MutexGuard<'_, Shard>)> = Vec::with_capacity(checks.len());
        let above = |least: usize| hashes.iter().map(|h| Self::number(*h)).filter(|n| *n >= least).min();
        let mut next = above(0);
        while let Some(number) = next {
            shards.push((number, self.shard(number)));
            next = above(number + 1);
        }
        let (now, life) = (self.now(), self.life.load(Ordering::Relaxed));
        shards.iter_mut().for_each(|(_, shard)| shard.begin(now, |k| self.hash(k)));

        let mut looks: Vec<Look> = Vec::with_capacity(checks.len());
        for (check, hash) in checks.iter().zip(&hashes) {
            let Some(shard) = of_hash(&mut shards, *hash) else { continue };
            looks.push(shard.look(&share(check), *hash, now, life, |k| self.hash(k)));
        }
        let decision = Decision::from_findings(checks, looks.iter().map(|l| l.finding));
        if decision.is_allowed() {
            while let Some(look) = looks.pop() {
                let Some((check, hash)) = checks.get(looks.len()).zip(hashes.get(looks.len()).copied()) else { break };
                // A counter that is named twice counts the call once.
                let number = Self::number(hash);
                let again = looks.iter().zip(&hashes).any(|(l, h)| Self::number(*h) == number && l.is_same_place(&look));
                if let Some(shard) = of_hash(&mut shards, hash).filter(|_| !again) {
                    shard.take(look, &share(check), now, nodes.is_some(), |k| self.hash(k));
                }
            }
        }
        decision
    }

    /// Counts a call that the shared count let pass with the quotas among `checks`, whatever they say.
    pub(super) fn record(&self, checks: &[Check]) {
        self.each_quota(checks, |check, shard, now, life| {
            shard.begin(now, |k| self.hash(k));
            let look = shard.look(check, self.hash(check.key), now, life, |k| self.hash(k));
            shard.take(look, check, now, false, |k| self.hash(k));
        });
    }

    /// For each check, the calls that the shared count does not know of, in the order of the checks. They count as told from here on.
    pub(super) fn tell(&self, checks: &[Check]) -> Vec<u32> {
        let mut calls = Vec::with_capacity(checks.len());
        self.each(checks, |check, shard, now, life| calls.push(shard.tell(check, now, life, |k| self.hash(k))));
        calls
    }

    /// The same of all counters, a shard at a time.
    pub(super) fn tell_all(&self) -> impl Iterator<Item = Vec<Untold>> {
        (0..SHARDS).map(|number| self.shard(number).tell_all(self.now(), self.life.load(Ordering::Relaxed)))
    }

    /// What was to be told of a counter was not.
    pub(super) fn untell(&self, key: Key, calls: u32) {
        if calls > 0 {
            self.shard(Self::number(self.hash(key))).untell(key, calls, |k| self.hash(k));
        }
    }

    /// The shared count has lost what it knew: all that counts here is to be told again.
    pub(super) fn forgotten(&self) {
        self.life.fetch_add(1, Ordering::Relaxed);
    }

    fn each(&self, checks: &[Check], mut act: impl FnMut(&Check, &mut Shard, Instant, u32)) {
        for check in checks {
            let mut shard = self.shard(Self::number(self.hash(check.key)));
            act(check, &mut shard, self.now(), self.life.load(Ordering::Relaxed));
        }
    }

    fn each_quota(&self, checks: &[Check], mut act: impl FnMut(&Check, &mut Shard, Instant, u32)) {
        self.each(checks, |check, shard, now, life| {
            if matches!(check.limit, super::Limit::Quota(_)) {
                act(check, shard, now, life);
            }
        });
    }

    /// Counters that there are.
    pub(super) fn counters(&self) -> usize {
        (0..SHARDS).map(|n| self.shard(n).keys()).sum()
    }
}

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::hmac;

use crate::net::random::{self, NoRandom};
use crate::net::secret::Secret;

/// How long a pair of name and password that was found right need not be worked out again, in seconds.
const SECONDS: i64 = 60;
/// How long after that it is remembered that it was right, in seconds.
const TRUSTED: i64 = 15 * 60;
/// Most pairs that are remembered.
const MAX_PAIRS: usize = 10_000;

/// Pairs of name and password that were found right a short while ago, under a hash with a key that only this process has. Without it each call would
/// cost a password hash.
pub struct VerifiedPairs {
    key: hmac::Key,
    until: Mutex<HashMap<[u8; 32], i64>>,
}

/// A pair as [`VerifiedPairs`] knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair([u8; 32]);

impl std::fmt::Debug for VerifiedPairs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VerifiedPairs")
    }
}

impl VerifiedPairs {
    /// None yet.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn new() -> Result<Self, NoRandom> {
        Ok(Self { key: hmac::Key::new(hmac::HMAC_SHA256, &random::bytes::<32>()?), until: Mutex::default() })
    }

    /// The pair of a user with a stored hash and what was typed. Another stored hash makes another pair: a change of password is in force at once.
    pub(super) fn pair(&self, tenant: &str, user: &str, stored: &str, password: &Secret) -> Pair {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [tenant, user, stored, password.reveal()] {
            context.update(&(part.len() as u64).to_le_bytes());
            context.update(part.as_bytes());
        }
        let mut out = [0; 32];
        out.copy_from_slice(context.sign().as_ref());
        Pair(out)
    }

    /// Was it found right?
    pub(super) fn knows(&self, pair: &Pair, now: i64) -> bool {
        self.lock().get(&pair.0).is_some_and(|until| now < *until)
    }

    /// Was it found right some minutes ago? It is worked out again then, but whoever brings it is no guesser.
    pub(super) fn was_right(&self, pair: &Pair, now: i64) -> bool {
        self.lock().get(&pair.0).is_some_and(|until| now < *until + TRUSTED)
    }

    /// It was found right.
    pub(super) fn remember(&self, pair: Pair, now: i64) {
        let mut pairs = self.lock();
        for longer in [TRUSTED, 0] {
            if pairs.len() >= MAX_PAIRS {
                pairs.retain(|_, until| now < *until + longer);
            }
        }
        if pairs.len() < MAX_PAIRS {
            pairs.insert(pair.0, now + SECONDS);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], i64>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_known_for_a_minute_and_to_one_stored_hash() {
        let pairs = VerifiedPairs::new().unwrap();
        let pair = |stored: &str, password: &str| pairs.pair("default", "ann", stored, &Secret::new(password));
        pairs.remember(pair("h1", "p"), 100);
        assert!(pairs.knows(&pair("h1", "p"), 159));
        assert!(!pairs.knows(&pair("h1", "p"), 160));
        assert!(
            pairs.was_right(&pair("h1", "p"), 1059) && !pairs.was_right(&pair("h1", "p"), 1060) && !pairs.was_right(&pair("h1", "q"), 100)
        );
        assert!(!pairs.knows(&pair("h2", "p"), 100));
        assert!(!pairs.knows(&pair("h1", "q"), 100));
        assert_ne!(pairs.pair("a", "bc", "", &Secret::new("")), pairs.pair("ab", "c", "", &Secret::new("")));
        assert_ne!(VerifiedPairs::new().unwrap().pair("default", "ann", "h1", &Secret::new("p")), pair("h1", "p"));
    }

    #[test]
    fn there_are_never_too_many() {
        let pairs = VerifiedPairs::new().unwrap();
        for i in 0..MAX_PAIRS + 10 {
            pairs.remember(pairs.pair("t", &i.to_string(), "h", &Secret::new("p")), 0);
        }
        assert_eq!(pairs.lock().len(), MAX_PAIRS);
        pairs.remember(pairs.pair("t", "late", "h", &Secret::new("p")), 60);
        assert_eq!(pairs.lock().len(), 1);
    }
}

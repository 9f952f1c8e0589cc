//! The one way to find out whether a name and a password belong together: at the log-in page, at the gateway and at the admin API.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::Mutex;

use super::attempts::Attempts;
use super::{VerifiedPairs, password};
use crate::net::random::NoRandom;
use crate::net::secret::Secret;

/// Accounts share so many turns.
const TURNS: u64 = 64;

/// Log-ins of one process: those that were right lately, and those that failed. Share one among all doors, so that a stranger has not so many
/// tries at each.
#[derive(Debug)]
pub struct LogIns {
    pairs: VerifiedPairs,
    attempts: Attempts,
    /// One password of an account is worked out at a time: many calls that begin at once with the right one are no attack.
    turns: Vec<Mutex<()>>,
    hasher: RandomState,
}

/// Too many log-ins failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many log-ins failed: the next may be tried in {0} s")]
pub struct MustWait(pub u64);

/// A name and a password that somebody typed.
#[derive(Debug, Clone, Copy)]
pub struct Typed<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The name, also of a user that there is not.
    pub name: &'a str,
    /// What was typed.
    pub password: &'a Secret,
    /// Who typed it.
    pub peer: IpAddr,
}

impl LogIns {
    /// Nobody came yet.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub fn new() -> Result<Arc<Self>, NoRandom> {
        let turns = (0..TURNS).map(|_| Mutex::default()).collect();
        Ok(Arc::new(Self { pairs: VerifiedPairs::new()?, attempts: Attempts::default(), turns, hasher: RandomState::new() }))
    }

    /// Pairs that were found right lately.
    pub fn pairs(&self) -> &VerifiedPairs {
        &self.pairs
    }

    /// Is this the password whose hash is `stored`? `None`: there is no such user; that takes as long and is told no. `now` gives seconds since
    /// 1970. Who was right a short while ago does not wait for what others failed at.
    ///
    /// # Errors
    /// After some failures of the account, or of the network, the next must wait.
    pub async fn check(&self, typed: Typed<'_>, stored: Option<&str>, now: fn() -> i64) -> Result<bool, MustWait> {
        let pair = stored.map(|stored| self.pairs.pair(typed.tenant, typed.name, stored, typed.password));
        let is_known = || pair.as_ref().is_some_and(|p| self.pairs.knows(p, now()));
        if is_known() {
            return Ok(true);
        }
        let _turn = match self.turn(&typed) {
            Some(turn) => Some(turn.lock().await),
            None => None,
        };
        if is_known() {
            return Ok(true);
        }
        let was_right = pair.as_ref().is_some_and(|p| self.pairs.was_right(p, now()));
        let attempt = match was_right {
            true => None,
            false => Some(self.attempts.begin(typed.tenant, typed.name, typed.peer, now()).map_err(MustWait)?),
        };
        let right = password::verify(typed.password, stored).await;
        if let (true, Some(pair)) = (right, pair) {
            self.pairs.remember(pair, now());
        }
        if let (true, Some(attempt)) = (right, attempt) {
            attempt.succeeded();
        }
        Ok(right)
    }

    /// Somebody makes an account, or asks for one.
    ///
    /// # Errors
    /// Its network did so too often lately, and must wait.
    pub fn knock(&self, peer: IpAddr, now: i64) -> Result<(), MustWait> {
        self.attempts.sign_up(peer, now).map_err(MustWait)
    }

    fn turn(&self, typed: &Typed<'_>) -> Option<&Mutex<()>> {
        let hash = self.hasher.hash_one((typed.tenant, typed.name));
        self.turns.get((hash % TURNS) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> i64 {
        1_000_000
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_at_once_with_the_right_password_all_get_in_and_guessers_do_not() {
        let log_ins = LogIns::new().unwrap();
        let right = Secret::new("right");
        let stored = password::hash(&right).await.unwrap();
        let typed = |password, last| Typed { tenant: "t", name: "ann", password, peer: IpAddr::from([10, 0, last, 1]) };
        let many = (0..30).map(|_| {
            let (log_ins, stored, typed) = (&log_ins, &stored, typed(&right, 0));
            async move { log_ins.check(typed, Some(stored), now).await }
        });
        for one in futures_util::future::join_all(many).await {
            assert_eq!(one, Ok(true));
        }
        let wrong = Secret::new("wrong");
        for i in 0..5 {
            assert_eq!(log_ins.check(typed(&wrong, i), Some(&stored), now).await, Ok(false), "{i}");
        }
        assert_eq!(log_ins.check(typed(&wrong, 9), Some(&stored), now).await, Err(MustWait(1)));
        // Who was right does not wait, not even when the pair must be worked out again.
        let later = || now() + 120;
        assert_eq!(log_ins.check(typed(&right, 9), Some(&stored), later).await, Ok(true));
        let nobody = Typed { name: "nobody", ..typed(&wrong, 20) };
        for _ in 0..5 {
            assert_eq!(log_ins.check(nobody, None, now).await, Ok(false));
        }
        assert!(log_ins.check(nobody, None, now).await.is_err(), "names that there are not are no faster");
    }
}

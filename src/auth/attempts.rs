//! Log-ins that failed: after a few of them the next must wait, longer each time. Nobody is locked out for good.
//!
//! Counted by this node, in memory: with several nodes each allows as many.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use super::{Digest, digest};

/// How long a failure counts, in seconds.
const WINDOW: i64 = 15 * 60;
/// Failures of an account in that time after which one must wait.
const ACCOUNT: usize = 5;
/// The same of a network: IPv4 /24, IPv6 /64.
const NETWORK: usize = 20;
/// Accounts that a network makes in that time before it must wait.
const SIGN_UPS: usize = 10;
/// Longest wait, in seconds: who knows the password gets in.
const MAX_WAIT: i64 = 60;
/// Accounts and networks that are watched at most: 100 bytes each, and 8 for each failure.
const MAX_WATCHED: usize = 100_000;

/// Failed log-ins of the last minutes.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    failed: Mutex<HashMap<Watched, VecDeque<i64>>>,
}

/// What failures are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Watched {
    /// Tenant and name, also of a user that there is not: the answer is the same.
    Account(Digest),
    Network(IpAddr),
    /// A network that makes accounts.
    SignUps(IpAddr),
}

impl Watched {
    fn limit(self) -> usize {
        match self {
            Self::Account(_) => ACCOUNT,
            Self::Network(_) => NETWORK,
            Self::SignUps(_) => SIGN_UPS,
        }
    }
}

/// A log-in that is counted as failed until it says otherwise: of many at one time no more pass than one after the other.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    attempts: &'a Attempts,
    of: [Watched; 2],
    at: i64,
}

impl Attempts {
    /// Begins a log-in.
    ///
    /// # Errors
    /// It must wait so many seconds.
    pub(super) fn begin(&self, tenant: &str, name: &str, peer: IpAddr, now: i64) -> Result<Attempt<'_>, u64> {
        let of = [Watched::Account(digest(&format!("{tenant}/{name}"))), Watched::Network(network(peer))];
        let mut failed = self.lock();
        let wait = of.iter().map(|w| failed.get_mut(w).map_or(0, |times| wait(times, w.limit(), now))).max().unwrap_or(0);
        if wait > 0 {
            return Err(wait.unsigned_abs());
        }
        for watched in of {
            make_room(&mut failed, now);
            failed.entry(watched).or_default().push_back(now);
        }
        Ok(Attempt { attempts: self, of, at: now })
    }

    /// Counts an account that is made, or asked for.
    ///
    /// # Errors
    /// It must wait so many seconds.
    pub(super) fn sign_up(&self, peer: IpAddr, now: i64) -> Result<(), u64> {
        let watched = Watched::SignUps(network(peer));
        let mut made = self.lock();
        let wait = made.get_mut(&watched).map_or(0, |times| wait(times, watched.limit(), now));
        if wait > 0 {
            return Err(wait.unsigned_abs());
        }
        make_room(&mut made, now);
        made.entry(watched).or_default().push_back(now);
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Watched, VecDeque<i64>>> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// It succeeded: the account begins anew, the network has one failure less.
    pub(super) fn succeeded(self) {
        let mut failed = self.attempts.lock();
        for watched in self.of {
            let Some(times) = failed.get_mut(&watched) else { continue };
            match watched {
                Watched::Account(_) => times.clear(),
                Watched::Network(_) | Watched::SignUps(_) => {
                    if let Some(at) = times.iter().position(|t| *t == self.at) {
                        times.remove(at);
                    }
                }
            }
            if times.is_empty() {
                failed.remove(&watched);
            }
        }
    }
}

/// Seconds until the next attempt, after these failures: 1 at the limit, and twice as many for each one more.
fn wait(times: &mut VecDeque<i64>, limit: usize, now: i64) -> i64 {
    times.retain(|t| now - t < WINDOW);
    let Some(more) = times.len().checked_sub(limit) else { return 0 };
    let wait = 1_i64.checked_shl(u32::try_from(more).unwrap_or(u32::MAX)).filter(|w| (1..MAX_WAIT).contains(w)).unwrap_or(MAX_WAIT);
    // Where the time of day was set back meanwhile, no longer than that either.
    times.back().map_or(0, |last| last + wait - now).clamp(0, wait)
}

/// Forgets what counts no more; where that is not enough, the one whose last failure is the longest ago.
fn make_room(failed: &mut HashMap<Watched, VecDeque<i64>>, now: i64) {
    if failed.len() < MAX_WATCHED {
        return;
    }
    failed.retain(|_, times| times.back().is_some_and(|t| now - t < WINDOW));
    if failed.len() >= MAX_WATCHED {
        let oldest = failed.iter().min_by_key(|(_, times)| times.back().copied()).map(|(w, _)| *w);
        oldest.and_then(|w| failed.remove(&w));
    }
}

fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            IpAddr::from([a, b, c, 0])
        }
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8) -> IpAddr {
        IpAddr::from([10, 0, last, last])
    }

    #[test]
    fn an_account_waits_longer_each_time_and_never_for_ever() {
        let attempts = Attempts::default();
        let mut at = 1000;
        for i in 0..5 {
            assert!(attempts.begin("t", "ann", peer(i), at).is_ok(), "{i}");
        }
        for (i, wait) in [1, 2, 4, 8, 16, 32, 60, 60].into_iter().enumerate() {
            assert_eq!(attempts.begin("t", "ann", peer(100), at).unwrap_err(), wait, "{i}");
            assert!(
                attempts.begin("t", "bob", peer(100), at).map(Attempt::succeeded).is_ok()
                    && attempts.begin("u", "ann", peer(101), at).is_ok()
            );
            at += i64::try_from(wait).unwrap();
            assert!(attempts.begin("t", "ann", peer(50 + u8::try_from(i).unwrap()), at).is_ok());
            attempts.lock().remove(&Watched::Account(digest("u/ann")));
        }
        assert!(attempts.begin("t", "ann", peer(0), at + WINDOW).is_ok());
        assert!(attempts.begin("t", "ann", peer(0), at + WINDOW).is_ok(), "what is long ago counts no more");
        for i in 0..5 {
            assert!(attempts.begin("t", "eve", peer(200 + i), 90_000).is_ok());
        }
        assert_eq!(attempts.begin("t", "eve", peer(210), 0).unwrap_err(), 1, "a clock that is set back locks nobody out");
    }

    #[test]
    fn a_log_in_that_succeeds_begins_anew() {
        let attempts = Attempts::default();
        for _ in 0..4 {
            attempts.begin("t", "ann", peer(1), 0).unwrap();
        }
        attempts.begin("t", "ann", peer(1), 0).unwrap().succeeded();
        for _ in 0..5 {
            attempts.begin("t", "ann", peer(1), 0).unwrap();
        }
        assert!(attempts.begin("t", "ann", peer(1), 0).is_err());
    }

    #[test]
    fn a_network_waits_whatever_names_it_tries() {
        let attempts = Attempts::default();
        for i in 0..20_u8 {
            attempts.begin("t", &format!("user{i}"), IpAddr::from([10, 0, 0, i]), 0).unwrap();
        }
        assert_eq!(attempts.begin("t", "another", IpAddr::from([10, 0, 0, 200]), 0).unwrap_err(), 1);
        assert!(attempts.begin("t", "another", IpAddr::from([10, 0, 1, 200]), 0).is_ok());
        for i in 0..20_u16 {
            attempts.begin("t", &format!("v6user{i}"), IpAddr::from([1, 2, 3, 4, i, 0, 0, 0]), 0).unwrap();
        }
        assert!(attempts.begin("t", "x", IpAddr::from([1, 2, 3, 4, 99, 9, 9, 9]), 0).is_err());
        assert!(attempts.begin("t", "x", IpAddr::from([1, 2, 3, 5, 0, 0, 0, 0]), 0).is_ok());
        assert_eq!(network("::ffff:10.0.0.9".parse().unwrap()), IpAddr::from([10, 0, 0, 0]));
    }

    #[test]
    fn a_network_makes_so_many_accounts_and_waits() {
        let attempts = Attempts::default();
        for i in 0..10 {
            assert_eq!(attempts.sign_up(peer(1), i), Ok(()), "{i}");
        }
        assert_eq!(attempts.sign_up(peer(1), 9), Err(1));
        assert!(attempts.begin("t", "ann", peer(1), 9).is_ok() && attempts.sign_up(peer(2), 9).is_ok());
        assert_eq!(attempts.sign_up(peer(1), 9 + WINDOW), Ok(()));
    }

    #[test]
    fn what_is_watched_is_bounded() {
        let attempts = Attempts::default();
        let mut failed = attempts.lock();
        for i in 0..MAX_WATCHED {
            failed.insert(Watched::Account(digest(&i.to_string())), VecDeque::from([i64::try_from(i).unwrap()]));
        }
        make_room(&mut failed, 10);
        assert!(failed.len() == MAX_WATCHED - 1 && !failed.contains_key(&Watched::Account(digest("0"))));
    }
}

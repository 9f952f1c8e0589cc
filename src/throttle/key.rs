//! What is counted together: 128 bits of a keyed hash of tenant, scope, ids and address.
//!
//! Nobody can make two callers share a counter, or find a caller's name in memory or in Redis, without the key of the hash: a random one of
//! the process, or for Redis one that all nodes have.

use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::net::{IpAddr, Ipv6Addr};

use sha2::{Digest, Sha256};

use super::decision::Scope;
use super::limit::Limit;
use crate::net::secret::Secret;

/// Who or what is counted. The same subject under another scope, or under a quota and a rate, is counted apart.
#[derive(Debug, Clone, Copy, Default)]
pub struct Subject<'a> {
    /// The tenant: counters of two tenants never meet.
    pub tenant: &'a str,
    /// What is counted, as ids in an order of the caller's choice: an API, an API and a resource, an application.
    pub ids: &'a [&'a str],
    /// The caller's address where it is counted by address. IPv6 addresses count by /64: a household's or a server's smallest
    /// share; IPv4 inside IPv6 as itself.
    pub address: Option<IpAddr>,
}

/// The name of a counter.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Key(pub(super) [u64; 2]);

/// Makes keys.
#[derive(Debug)]
pub(super) enum Keys {
    /// For one process: two hashes of 64 bits under its random keys.
    Process(Box<[RandomState; 2]>),
    /// The same on every node: SHA-256 of a secret prefix and the subject, cut to 128 bits.
    Stable(Box<Sha256>),
}

impl Keys {
    pub(super) fn of_process() -> Self {
        Self::Process(Box::new([RandomState::new(), RandomState::new()]))
    }

    pub(super) fn stable(secret: Option<&Secret>) -> Self {
        let mut start = Sha256::new_with_prefix(b"castile throttle 1\0");
        let secret = secret.map_or("", Secret::reveal);
        start.update((secret.len() as u64).to_be_bytes());
        start.update(secret);
        Self::Stable(Box::new(start))
    }

    pub(super) fn key(&self, scope: Scope, limit: Limit, subject: &Subject<'_>) -> Key {
        match self {
            Self::Process(states) => Key(states.each_ref().map(|state| {
                let mut hasher = state.build_hasher();
                feed(scope, limit, subject, |bytes| bytes.hash(&mut hasher));
                hasher.finish()
            })),
            Self::Stable(start) => {
                let mut hasher = Sha256::clone(start);
                feed(scope, limit, subject, |bytes| {
                    hasher.update((bytes.len() as u64).to_be_bytes());
                    hasher.update(bytes);
                });
                let hash = hasher.finalize();
                let half = |from: usize| hash.iter().skip(from).take(8).fold(0, |n, b| n << 8 | u64::from(*b));
                Key([half(0), half(8)])
            }
        }
    }
}

/// The parts that make a key, each to be kept apart from the next by its length.
fn feed(scope: Scope, limit: Limit, subject: &Subject<'_>, mut part: impl FnMut(&[u8])) {
    part(&[scope as u8, u8::from(matches!(limit, Limit::Rate(_)))]);
    part(subject.tenant.as_bytes());
    match subject.address.map(counted) {
        None => part(&[]),
        Some(IpAddr::V4(v4)) => part(&v4.octets()),
        Some(IpAddr::V6(v6)) => part(v6.octets().first_chunk::<8>().map_or(&[], |c| c)),
    }
    for id in subject.ids {
        part(id.as_bytes());
    }
}

/// The address that is counted for one: IPv4 also where it is written as IPv6, the /64 of IPv6.
fn counted(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both() -> [Keys; 2] {
        [Keys::of_process(), Keys::stable(Some(&Secret::new("s")))]
    }

    #[test]
    fn what_differs_in_any_part_is_counted_apart() {
        let quota: Limit = "5/min".parse().unwrap();
        let rate: Limit = "5/s".parse().unwrap();
        let address = |text: &str| Some(text.parse().unwrap());
        let subjects = [
            Subject { tenant: "a", ids: &["b"], address: None },
            Subject { tenant: "ab", ids: &[], address: None },
            Subject { tenant: "ab", ids: &[""], address: None },
            Subject { tenant: "a", ids: &["b", ""], address: None },
            Subject { tenant: "a", ids: &["", "b"], address: None },
            Subject { tenant: "", ids: &["a", "b"], address: None },
            Subject { tenant: "a", ids: &["b"], address: address("1.2.3.4") },
            Subject { tenant: "a", ids: &["b"], address: address("1.2.3.5") },
            Subject { tenant: "a", ids: &["b"], address: address("2001:db8::1") },
            Subject { tenant: "a", ids: &["b"], address: address("2001:db8:0:1::1") },
        ];
        for keys in both() {
            let mut seen = std::collections::HashSet::new();
            for subject in &subjects {
                for (scope, limit) in [(Scope::Api, quota), (Scope::Api, rate), (Scope::Burst, quota)] {
                    assert!(seen.insert(keys.key(scope, limit, subject)), "{subject:?} {scope} {limit}");
                }
            }
        }
    }

    #[test]
    fn one_caller_has_one_key_whatever_its_limit_and_its_address_in_its_network() {
        for keys in both() {
            let key = |limit: &str, address: &str| {
                let subject = Subject { tenant: "t", ids: &["api"], address: Some(address.parse().unwrap()) };
                keys.key(Scope::Address, limit.parse().unwrap(), &subject)
            };
            assert_eq!(key("5/min", "2001:db8::1"), key("9/h", "2001:db8::ffff:1"));
            assert_ne!(key("5/min", "2001:db8::1"), key("5/min", "2001:db8:0:1::1"));
            assert_eq!(key("5/min", "192.0.2.1"), key("5/min", "::ffff:192.0.2.1"));
        }
    }

    #[test]
    fn keys_of_a_process_are_its_own_and_stable_ones_need_the_secret() {
        let of = |keys: Keys| keys.key(Scope::Api, "5/min".parse().unwrap(), &Subject { tenant: "t", ids: &["x"], address: None });
        let stable = |secret: Option<&str>| of(Keys::stable(secret.map(Secret::new).as_ref()));
        assert_ne!(of(Keys::of_process()), of(Keys::of_process()));
        assert_eq!(stable(Some("s")), stable(Some("s")));
        assert_ne!(stable(Some("s")), stable(Some("S")));
        assert_ne!(stable(Some("s")), stable(None));
        // Nodes of two versions share counters: this may not change without a reason.
        assert_eq!(stable(None), Key([0x144df6bd4400d494, 0xe505750f04b127a8]));
    }
}

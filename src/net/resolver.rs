//! The one resolver: names to addresses that the policy allows. What it gives is what is connected to, so that a second
//! answer of the name server (DNS rebinding) never counts.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::address::{AddressPolicy, AddressRefused};

/// How long an answer counts. The system resolver does not tell the TTL: between its bounds of 1 s and 30 s.
const FRESH: Duration = Duration::from_secs(10);
/// How long an old answer is used when the name server fails.
const STALE: Duration = Duration::from_secs(3_600);
/// Names that are remembered.
const NAMES: usize = 4_096;

/// The future of [`Lookup::lookup`].
pub type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// Who knows the addresses of names: the system, or a test.
pub trait Lookup: Send + Sync {
    /// The addresses of `host`, in the order in which they should be tried.
    fn lookup(&self, host: &str) -> Looking;
}

/// The operating system's resolver.
#[derive(Debug)]
pub struct System;

impl Lookup for System {
    fn lookup(&self, host: &str) -> Looking {
        let host = host.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|a| a.ip()).collect()) })
    }
}

/// Why a name led to no address.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ResolveError {
    /// The name server does not know it, or does not answer.
    #[error("the host name `{host}` was not found: {reason}")]
    NotFound {
        /// The name.
        host: String,
        /// What the system says.
        reason: String,
    },
    /// All its addresses are refused; the first of them.
    #[error("`{host}`: {refused}")]
    Refused {
        /// The name.
        host: String,
        /// Which address, and why.
        refused: AddressRefused,
    },
}

/// Resolves and remembers. Cheap to clone; clones share what is remembered.
#[derive(Clone)]
pub struct Resolver {
    lookup: Arc<dyn Lookup>,
    known: Arc<Mutex<HashMap<String, Known>>>,
}

struct Known {
    addresses: Vec<IpAddr>,
    /// When they were learnt.
    learnt: Instant,
    /// When they were last asked for again.
    asked: Instant,
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Resolver")
    }
}

impl Default for Resolver {
    fn default() -> Self {
        Self::new(Arc::new(System))
    }
}

impl Resolver {
    /// On top of `lookup`.
    pub fn new(lookup: Arc<dyn Lookup>) -> Self {
        Self { lookup, known: Arc::default() }
    }

    /// The addresses of `host` (a name, or a literal address, in brackets or not) that `policy` allows, with `port`.
    ///
    /// # Errors
    /// The name is unknown, or all its addresses are refused.
    pub async fn resolve(&self, host: &str, port: u16, policy: &AddressPolicy) -> Result<Vec<SocketAddr>, ResolveError> {
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
        let addresses = match bare.parse::<IpAddr>() {
            Ok(literal) => vec![literal],
            Err(_) => self.addresses(bare).await?,
        };
        let mut refused = None;
        let mut allowed = Vec::with_capacity(addresses.len());
        for address in addresses {
            match policy.check(address) {
                Ok(()) => allowed.push(SocketAddr::new(address, port)),
                Err(e) => refused = refused.or(Some(e)),
            }
        }
        match refused {
            Some(refused) if allowed.is_empty() => Err(ResolveError::Refused { host: host.to_owned(), refused }),
            _ if allowed.is_empty() => Err(ResolveError::NotFound { host: host.to_owned(), reason: "it has no address".to_owned() }),
            _ => Ok(allowed),
        }
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, ResolveError> {
        let name = host.to_ascii_lowercase();
        if let Some(fresh) = self.fresh(&name) {
            return Ok(fresh);
        }
        match self.lookup.lookup(&name).await {
            Ok(addresses) => {
                self.learn(name, &addresses);
                Ok(addresses)
            }
            Err(e) => self.stale(&name).ok_or_else(|| ResolveError::NotFound { host: host.to_owned(), reason: e.to_string() }),
        }
    }

    /// A fresh answer. Of many that find an old one, the first asks again, and the others use the old one meanwhile.
    fn fresh(&self, name: &str) -> Option<Vec<IpAddr>> {
        let now = Instant::now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.get_mut(name)?;
        if now.duration_since(entry.asked) < FRESH && now.duration_since(entry.learnt) < STALE {
            return Some(entry.addresses.clone());
        }
        entry.asked = now;
        None
    }

    fn stale(&self, name: &str) -> Option<Vec<IpAddr>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(name).filter(|k| k.learnt.elapsed() < STALE).map(|k| k.addresses.clone())
    }

    fn learn(&self, name: String, addresses: &[IpAddr]) {
        let now = Instant::now();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= NAMES && !known.contains_key(&name) {
            known.retain(|_, k| now.duration_since(k.learnt) < FRESH);
            if known.len() >= NAMES {
                known.clear();
            }
        }
        known.insert(name, Known { addresses: addresses.to_vec(), learnt: now, asked: now });
    }
}

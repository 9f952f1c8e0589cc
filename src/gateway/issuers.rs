//! The public keys of outside issuers: fetched when they are needed, one fetch at a time, the last good set kept.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use crate::alarm::{self, Kind};
use crate::auth::jwt::KeySet;
use crate::auth::{Directory, Issuer};
use crate::net::fetch::Fetcher;

/// A set is used so long before it is fetched again.
const FRESH: Duration = Duration::from_secs(600);
/// Where that fails, it is used so long.
const STALE: Duration = Duration::from_secs(24 * 3600);
/// Between two fetches of one set, whatever tokens say.
const PAUSE: Duration = Duration::from_secs(30);
/// What one fetch may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// Largest document.
const MAX_BYTES: u64 = 256 << 10;
/// Where an issuer says what it is: RFC 8414, and OpenID Connect Discovery 1.0.
const METADATA: [&str; 2] = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];

/// The key sets of all outside issuers.
pub(super) struct Issuers {
    fetcher: Option<Fetcher>,
    sets: Mutex<HashMap<Arc<str>, Arc<Source>>>,
}

/// One issuer's set. The address of its keys belongs to it: an issuer whose settings change is fetched anew.
struct Source {
    iss: Arc<str>,
    jwks_uri: Option<String>,
    state: Mutex<State>,
    one: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    keys: Option<Arc<KeySet>>,
    fetched: Option<Instant>,
    tried: Option<Instant>,
    /// Since when every try has failed.
    failing: Option<Instant>,
}

impl Issuers {
    /// Without a fetcher no outside issuer's token is good.
    pub(super) fn new(fetcher: Option<Fetcher>) -> Self {
        Self { fetcher, sets: Mutex::default() }
    }

    /// The keys of an issuer that are at hand and not too old.
    pub(super) fn at_hand(&self, issuer: &Issuer) -> Option<Arc<KeySet>> {
        let source = self.source(issuer);
        let state = source.state();
        state.keys.clone().filter(|_| state.fetched.is_some_and(|t| t.elapsed() < FRESH))
    }

    /// Fetches the keys of an issuer, unless that was tried a moment ago. Gives the last good set, where there is one that is not too old.
    pub(super) async fn fetch(&self, issuer: &Issuer) -> Option<Arc<KeySet>> {
        let source = self.source(issuer);
        let asked = Instant::now();
        let one = source.one.lock().await;
        // Somebody else fetched it while this one waited, or tries would follow too fast.
        let again = source.state().tried.is_none_or(|t| t < asked && t.elapsed() >= PAUSE);
        if let Some(fetcher) = self.fetcher.as_ref().filter(|_| again) {
            source.state().tried = Some(Instant::now());
            match source.load(fetcher).await {
                Ok(keys) => {
                    let mut state = source.state();
                    state.keys = Some(Arc::new(keys));
                    state.fetched = Some(Instant::now());
                    state.failing = None;
                }
                Err(error) => {
                    source.state().failing.get_or_insert(asked);
                    tracing::warn!(issuer = %issuer.name, error, "the keys of an issuer cannot be fetched");
                }
            }
        }
        drop(one);
        let state = source.state();
        state.keys.clone().filter(|_| state.fetched.is_some_and(|t| t.elapsed() < STALE))
    }

    /// Begins and ends the alarms of issuers whose keys have not come for so long. One that is not trusted any more has none.
    pub(super) fn look(&self, directory: &Directory, after: Duration) {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        sets.retain(|id, source| {
            let (tenant, name) = id.split_once('/').unwrap_or_default();
            let is_trusted = directory.tenant(tenant).is_some_and(|m| m.issuers().any(|i| *i.name == *name));
            let failing = source.state().failing.filter(|since| is_trusted && since.elapsed() >= after);
            let text = failing
                .map(|_| String::from("the keys of an outside issuer cannot be fetched: its tokens will not be good, or are not already"));
            alarm::set(Kind::IssuerKeys, id, text);
            is_trusted
        });
    }

    fn source(&self, issuer: &Issuer) -> Arc<Source> {
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let id: Arc<str> = format!("{}/{}", issuer.tenant, issuer.name).into();
        if let Some(source) = sets.get(&id).filter(|s| s.iss == issuer.iss && s.jwks_uri == issuer.jwks_uri) {
            return source.clone();
        }
        let source = Arc::new(Source {
            iss: issuer.iss.clone(),
            jwks_uri: issuer.jwks_uri.clone(),
            state: Mutex::default(),
            one: tokio::sync::Mutex::default(),
        });
        sets.insert(id, source.clone());
        source
    }
}

impl Source {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn load(&self, fetcher: &Fetcher) -> Result<KeySet, String> {
        let url = match &self.jwks_uri {
            Some(uri) => uri.clone(),
            None => self.discover(fetcher).await?,
        };
        KeySet::parse(&get(fetcher, &url).await?).map_err(|e| e.to_string())
    }

    /// `jwks_uri` of the issuer's metadata, which must name the issuer itself (RFC 8414, section 3.3).
    async fn discover(&self, fetcher: &Fetcher) -> Result<String, String> {
        let mut last = String::from("no metadata");
        for path in METADATA {
            match get(fetcher, &format!("{}{path}", self.iss.trim_end_matches('/'))).await {
                Ok(bytes) => {
                    let metadata: Value = serde_json::from_slice(&bytes).map_err(|e| e.to_string())?;
                    if metadata.get("issuer").and_then(Value::as_str) != Some(&*self.iss) {
                        return Err(String::from("the metadata is another issuer's"));
                    }
                    let uri = metadata.get("jwks_uri").and_then(Value::as_str);
                    return uri.map(str::to_owned).ok_or_else(|| String::from("the metadata has no jwks_uri"));
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

async fn get(fetcher: &Fetcher, url: &str) -> Result<Vec<u8>, String> {
    let url = Url::parse(url).map_err(|e| e.to_string())?;
    let fetched = fetcher.fetch(&url, MAX_BYTES, Instant::now() + DEADLINE).await;
    fetched.map(|f| f.bytes).map_err(|e| e.to_string())
}

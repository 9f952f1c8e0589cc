//! What a server keeps beside its APIs: the store, the keys that seal, what is known of callers.

use std::path::Path;
use std::sync::Arc;

use crate::catalog::{Catalog, Census};
use crate::config::Config;
use crate::net::secret::Secret;
use crate::store::{AnyStore, Seal, StoreError};
use crate::throttle::{Limiter, LocalOptions, RedisOptions, RedisSetupError};

/// The store of a server, opened.
pub(super) struct Control {
    /// Where everything is kept.
    pub(super) store: Arc<AnyStore>,
    /// Opens what is sealed there.
    pub(super) seal: Arc<Seal>,
    /// Keeps the catalog up with the store.
    pub(super) census: Census<AnyStore>,
}

impl Control {
    /// Opens what the settings name and brings who may call into the catalog. `beside` is the folder of the settings file.
    ///
    /// # Errors
    /// The store or the sealing keys cannot be used.
    pub(super) async fn open(config: &Config, beside: &Path, catalog: Arc<Catalog>) -> Result<Self, StoreError> {
        let seal = Arc::new(Seal::open_keys(&config.store, beside)?);
        let store = Arc::new(AnyStore::open(&config.store, beside).await?);
        let census = Census::new(store.clone(), catalog, seal.clone());
        census.refresh().await?;
        Ok(Self { store, seal, census })
    }
}

/// Where calls are counted: in Redis where the settings name one, else here.
///
/// # Errors
/// The settings of Redis cannot be used. One that is away is no error.
pub(super) async fn limiter(config: &Config) -> Result<Limiter, RedisSetupError> {
    let settings = &config.redis;
    let Some(url) = &settings.url else { return Ok(Limiter::local(LocalOptions::default())) };
    let options = RedisOptions {
        prefix: settings.prefix.clone(),
        secret: settings.secret.as_ref().map(|s| Secret::new(s.reveal())),
        timeout: settings.timeout,
        nodes: settings.nodes.max(1),
        ..RedisOptions::new(Secret::new(url.reveal()))
    };
    Limiter::redis(options).await
}

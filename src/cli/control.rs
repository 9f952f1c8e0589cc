//! What a server keeps beside its APIs: the store, the keys that seal, what is known of callers.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::catalog::{Catalog, Census};
use crate::config::Config;
use crate::net::secret::Secret;
use crate::store::{AnyStore, Seal, Store, StoreError};
use crate::telemetry::names;
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

    /// Looks at the store every second: metrics, and a line in the log when it goes and when it is back. Never returns.
    pub(super) async fn observe(&self) {
        let mut was_available = true;
        loop {
            let state = self.store.state();
            let available = if state.available { 1.0 } else { 0.0 };
            metrics::gauge!(names::STORE_AVAILABLE, "backend" => state.backend).set(available);
            metrics::gauge!(names::STORE_GENERATION, "backend" => state.backend).set(state.generation as f64);
            match (was_available, state.available) {
                (true, false) => tracing::error!(
                    backend = state.backend,
                    alarm = "store_away",
                    "the store is away: what is known of callers and APIs stays"
                ),
                (false, true) => tracing::info!(backend = state.backend, "the store is back"),
                _ => {}
            }
            was_available = state.available;
            sleep(Duration::from_secs(1)).await;
        }
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

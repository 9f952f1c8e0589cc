//! What a server keeps beside its APIs: the store, the keys that seal, what is known of callers.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::admin::AdminState;
use crate::catalog::{Catalog, Census, Roster};
use crate::config::Config;
use crate::gateway::Reserved;
use crate::manage::{Manage, ManageError, first_start};
use crate::net::random::NoRandom;
use crate::net::secret::Secret;
use crate::oauth;
use crate::store::{AnyStore, Seal, Store, StoreError};
use crate::telemetry::names;
use crate::throttle::{Limiter, LocalOptions, RedisOptions, RedisSetupError};

/// The store of a server, opened.
pub(super) struct Control {
    /// Where everything is kept.
    pub(super) store: Arc<AnyStore>,
    /// Keeps what the catalog knows of callers up with the store.
    pub(super) census: Census<AnyStore>,
    /// Keeps the catalog's APIs up with the store.
    pub(super) roster: Arc<Roster<AnyStore>>,
}

impl Control {
    /// Opens what the settings name, makes what must be there before anybody acts, and brings who may call into the catalog. `beside` is the folder of the
    /// settings file.
    ///
    /// # Errors
    /// The store or the sealing keys cannot be used.
    pub(super) async fn open(config: &Config, beside: &Path, catalog: Arc<Catalog>) -> Result<Self, ControlError> {
        let seal = Arc::new(Seal::open_keys(&config.store, beside)?);
        let store = Arc::new(AnyStore::open(&config.store, beside).await?);
        first_start(&*store, &seal).await?;
        let census = Census::new(store.clone(), catalog.clone(), seal);
        census.refresh().await?;
        let roster = Arc::new(Roster::new(store.clone(), catalog));
        Ok(Self { store, census, roster })
    }

    /// Keeps the catalog up with the store; never returns. The two halves do not wait for each other: a revocation is in force while an API
    /// is still compiled.
    pub(super) async fn follow(&self) {
        tokio::join!(self.census.follow(), self.roster.follow());
    }

    /// What the listeners of a server answer beside published APIs; `reads_files` where a folder is read into the store here.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(super) fn desks(&self, config: &Config, beside: &Path, catalog: Arc<Catalog>, reads_files: bool) -> Result<Desks, NoRandom> {
        let manage = Manage::new(self.store.clone()).knowing(catalog.clone()).reading_files(reads_files);
        let mut admin = AdminState::new(manage, None)?;
        admin.hosts.clone_from(&config.listen.admin.hosts);
        let tokens = oauth::Server::new(self.store.clone(), catalog, config.oauth.clone())?;
        Ok(Desks { admin: Some((admin, beside.to_path_buf())), reserved: Some(Arc::new(tokens)) })
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

/// What a server answers beside published APIs.
#[derive(Default)]
pub struct Desks {
    /// The admin API, and the folder below which the token file is written by which the command line of this machine acts; `None`: health and metrics
    /// alone.
    pub admin: Option<(AdminState, PathBuf)>,
    /// The gateway's own addresses: tokens.
    pub reserved: Option<Arc<dyn Reserved>>,
}

/// Why a server has no store to serve from.
#[derive(Debug, thiserror::Error)]
pub(super) enum ControlError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Manage(#[from] ManageError),
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

//! What a server keeps beside its APIs: the store, the keys that seal, what is known of callers.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Mutex, watch};
use tokio::time::sleep;

use super::heart::host_name;
use super::serve::operators;
use crate::admin::{AdminState, Health};
use crate::alarm::{self, Kind, Webhook, WebhookError};
use crate::auth::LogIns;
use crate::catalog::{Catalog, Census, Roster, Vault};
use crate::config::Config;
use crate::gateway::Reserved;
use crate::manage::{Apart, Manage, ManageError, SET_UP_SECONDS, Scale, Signers, first_start, set_up_link};
use crate::net::address::AddressPolicy;
use crate::net::random::NoRandom;
use crate::net::secret::Secret;
use crate::oauth;
use crate::portal::{self, Portal};
use crate::store::{AnyStore, Seal, Shade, Shadow, Store, StoreError};
use crate::telemetry::names;
use crate::throttle::{Limiter, LocalOptions, RedisOptions, RedisSetupError};

/// What is served and this much older than the store is an alarm, in seconds.
const STALE_SECONDS: i64 = 60;

/// The store of a server, opened.
pub(super) struct Control {
    /// Where everything is kept.
    pub(super) store: Arc<AnyStore>,
    /// Keeps what the catalog knows of callers up with the store.
    pub(super) census: Census<AnyStore>,
    /// Keeps the catalog's APIs up with the store.
    pub(super) roster: Arc<Roster<AnyStore>>,
    /// Where texts that came over the admin API are compiled first.
    scale: Option<Arc<Scale>>,
    /// Who is told of alarms.
    pub(super) webhook: Option<Webhook>,
    signers: Signers,
    seal: Arc<Seal>,
    /// What APIs find on this machine.
    vault: Arc<Vault>,
    /// The snapshot on disk, where the store is another machine's.
    shadow: Option<Mutex<Shadow>>,
    /// Since when what is served may be old: it came from disk, and the store was not reached yet.
    from_disk: watch::Sender<Option<Timestamp>>,
}

impl Control {
    /// Opens what the settings name, makes what must be there before anybody acts, and brings who may call into the catalog. `beside` is the folder of the
    /// settings file. Where PostgreSQL is away, callers and APIs come from the snapshot on disk.
    ///
    /// # Errors
    /// The store or the sealing keys cannot be used; PostgreSQL is away, and there is no snapshot on disk.
    pub(super) async fn open(config: &Config, beside: &Path, catalog: Arc<Catalog>) -> Result<Self, ControlError> {
        let policy = || operators(config);
        let webhook = config.alarms.webhook.as_ref().map(|w| Webhook::new(w, beside, host_name(), policy())).transpose()?;
        let seal = Arc::new(Seal::open_keys(&config.store, beside)?);
        let shadow = Shadow::of(&config.store, beside)?;
        let (store, shade) = match AnyStore::open(&config.store, beside).await {
            Ok(store) => (store, None),
            Err(error @ StoreError::Unavailable { .. }) => {
                let Some(shade) = read_shade(shadow.as_ref()).await else { return Err(error.into()) };
                (AnyStore::open_later(&config.store, beside).await?, Some((shade, error)))
            }
            Err(error) => return Err(error.into()),
        };
        let store = Arc::new(store);
        let census = Census::new(store.clone(), catalog.clone(), seal.clone());
        let vault = Arc::new(Vault::beside(beside, uploaded(config)).with_seal(seal.clone()));
        let scale = scale(config);
        let roster = Roster::new(store.clone(), catalog).with_vault(vault.clone());
        let roster = Arc::new(match &scale {
            Some(scale) => roster.weighing(scale.clone()),
            None => roster,
        });
        let from_disk = shade.as_ref().map(|(shade, _)| shade.made);
        match shade {
            None => {
                first_start(&*store, &seal).await?;
                census.refresh().await?;
            }
            Some((shade, error)) => {
                let text = format!("the store is away, and the snapshot on disk is served, of {}", shade.made);
                tracing::warn!(%error, "the store cannot be opened");
                alarm::begin(Kind::SnapshotStale, "", text);
                census.begin_with(&shade.store).await?;
                roster.begin_with(&shade.store).await?.log();
            }
        }
        let from_disk = watch::channel(from_disk).0;
        let signers = Signers::new(seal.clone(), &config.oauth);
        Ok(Self { store, census, roster, scale, webhook, signers, seal, vault, shadow: shadow.map(Mutex::new), from_disk })
    }

    /// Is the snapshot on disk served, because the store was not reached yet?
    pub(super) fn is_from_disk(&self) -> bool {
        self.from_disk.borrow().is_some()
    }

    /// Waits until what is served came from the store.
    pub(super) async fn reached(&self) {
        // The sender lives as long as this.
        let mut from_disk = self.from_disk.subscribe();
        let _always = from_disk.wait_for(Option::is_none).await;
    }

    /// What a start does with the store, done when it is there at last.
    async fn reach(&self) {
        while self.from_disk.borrow().is_some() {
            self.store.changed(0).await;
            match self.begin().await {
                Ok(()) => {
                    self.from_disk.send_replace(None);
                    tracing::info!("the store is reached: its contents are served in the place of the snapshot on disk");
                }
                Err(error) => {
                    tracing::error!(%error, "the store cannot be read: the snapshot on disk stays");
                    sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    async fn begin(&self) -> Result<(), ControlError> {
        first_start(&*self.store, &self.seal).await?;
        self.census.refresh().await?;
        self.roster.refresh().await?.log();
        Ok(())
    }

    /// Keeps the catalog up with the store; never returns. The two halves do not wait for each other: a revocation is in force while an API
    /// is still compiled.
    pub(super) async fn follow(&self) {
        self.reach().await;
        tokio::join!(self.census.follow(), self.roster.follow(), self.shade(), self.signers.follow(&*self.store));
    }

    /// Keeps the snapshot on disk up with the store; never returns.
    async fn shade(&self) {
        match &self.shadow {
            Some(shadow) => shadow.lock().await.follow(&*self.store).await,
            None => std::future::pending().await,
        }
    }

    /// What the listeners of a server answer beside published APIs; `reads_files` where a folder is read into the store here.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(super) fn desks(&self, config: &Config, beside: &Path, catalog: Arc<Catalog>, reads_files: bool) -> Result<Desks, NoRandom> {
        let manage = Manage::new(self.store.clone()).knowing(catalog.clone()).reading_files(reads_files).with_vault(self.vault.clone());
        let manage = match &self.scale {
            Some(scale) => manage.compiling_apart(scale.clone()),
            None => manage,
        };
        let manage = Arc::new(manage.signing(self.signers.clone()));
        let mut admin = AdminState::new(manage.clone(), None)?;
        let log_ins = admin.log_ins.clone();
        admin.hosts.clone_from(&config.listen.admin.hosts);
        let tokens = oauth::Server::new(self.store.clone(), catalog, config.oauth.clone())?.with_log_ins(log_ins.clone());
        let portal = Portal::new(manage, log_ins.clone(), config);
        Ok(Desks {
            admin: Some((admin, beside.to_path_buf())),
            portal: Some(portal),
            reserved: Some(Arc::new(tokens)),
            log_ins: Some(log_ins),
        })
    }

    /// Prints the set-up link where the installation has no administrator yet: once, for people, not into the log. `portal` is where the portal is, and
    /// `public_url` how browsers know it.
    pub(super) async fn invite(&self, portal: Option<SocketAddr>, public_url: Option<&url::Url>) {
        let Some(portal) = portal else { return };
        let link = match set_up_link(&*self.store).await {
            Ok(link) => link,
            Err(error) => return tracing::error!(%error, "no set-up link can be made"),
        };
        let Some(secret) = link else { return };
        let base = public_url.map_or_else(|| format!("http://{portal}"), |url| url.as_str().trim_end_matches('/').to_owned());
        let (path, minutes) = (portal::SET_UP_PATH, SET_UP_SECONDS / 60);
        eprintln!("There is no administrator yet. Choose name and password here, once, within {minutes} minutes:");
        eprintln!("  {base}{path}?token={}", secret.reveal());
    }

    /// Looks at the store every second: metrics, and alarms when it goes and when what is served gets old. Never returns.
    pub(super) async fn observe(&self, health: &Health) {
        let mut reached = Timestamp::now();
        loop {
            let state = self.store.state();
            let available = if state.available { 1.0 } else { 0.0 };
            metrics::gauge!(names::STORE_AVAILABLE, "backend" => state.backend).set(available);
            metrics::gauge!(names::STORE_GENERATION, "backend" => state.backend).set(state.generation as f64);
            let made = *self.from_disk.borrow();
            reached = match made {
                None if state.available => Timestamp::now(),
                None => reached,
                Some(made) => made,
            };
            // Rounded up: 0 says that it is what the store holds.
            let stale = if made.is_none() && state.available { 0 } else { Timestamp::now().duration_since(reached).as_secs().max(0) + 1 };
            metrics::gauge!(names::SNAPSHOT_STALE).set(stale as f64);
            health.stale(stale.unsigned_abs());
            let away = (!state.available).then(|| String::from("the store is away: what is known of callers and APIs stays"));
            alarm::set(Kind::StoreAway, state.backend, away);
            let is_old = stale > STALE_SECONDS || made.is_some();
            let text = is_old.then(|| format!("the store is away, and what is served is {stale} s old"));
            alarm::set(Kind::SnapshotStale, "", text);
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
    /// The portal.
    pub portal: Option<Portal>,
    /// The gateway's own addresses: tokens.
    pub reserved: Option<Arc<dyn Reserved>>,
    /// Log-ins at all of them and at the gateway; `None`: each counts its own.
    pub log_ins: Option<Arc<LogIns>>,
}

/// The snapshot on disk; one that cannot be read is none, and the log says why.
async fn read_shade(shadow: Option<&Shadow>) -> Option<Shade> {
    shadow?.read().await.unwrap_or_else(|error| {
        tracing::error!(%error, "the snapshot on disk cannot be read");
        None
    })
}

/// Why a server has no store to serve from.
#[derive(Debug, thiserror::Error)]
pub(super) enum ControlError {
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Manage(#[from] ManageError),
    #[error("{0}")]
    Webhook(#[from] WebhookError),
}

/// Compiles in processes of their own, and weighs; `None`: this program is not found.
fn scale(config: &Config) -> Option<Arc<Scale>> {
    let limits = &config.limits.import;
    match super::apart::program() {
        Ok(program) => {
            let apart = Apart::new(program, limits.memory.0, limits.deadline);
            Some(Arc::new(Scale::new(Arc::new(apart), config.alarms.memory_limit.map(|m| m.0))))
        }
        Err(error) => {
            tracing::error!(%error, "this program is not found: texts of APIs are compiled in this process");
            None
        }
    }
}

/// Which addresses may be reached for what came through portal and admin API.
pub(super) fn uploaded(config: &Config) -> AddressPolicy {
    AddressPolicy { allow: config.network.allow.clone(), ..AddressPolicy::public() }
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

//! `castile serve`: gateway, portal and admin listener of a folder of APIs, reloaded as its files change, until a signal.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

pub use super::control::Desks;
use super::control::{self, Control};
use super::feed::{self, Feed};
use super::heart::Heart;
use super::usage::Keeper;
use crate::admin::{self, AdminState, Health};
use crate::alarm::{self, Webhook};
use crate::catalog::{Catalog, Folder};
use crate::config::{self, AlarmSettings, Config};
use crate::gateway::usage::Usage;
use crate::gateway::{Gateway, ListenError, Listener, Upstreams};
use crate::net::address::AddressPolicy;
use crate::net::fetch::{FetchError, FetchOptions, Fetcher};
use crate::net::random::NoRandom;
use crate::net::upstream::{UpstreamClient, UpstreamOptions};
use crate::portal;
use crate::store::Memory;
use crate::telemetry;
use crate::throttle::RedisSetupError;

/// Between "not ready" and the last accepted connection: balancers need a moment to look elsewhere.
const NOTICE: Duration = Duration::from_secs(5);
/// Between two looks at what no call measures.
const OBSERVED: Duration = Duration::from_secs(1);
/// The folder of APIs, where none is named.
const APIS: &str = "apis";

/// Options of `castile serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// Folder of APIs, read into the store and watched [default: the setting `apis`, else apis; with PostgreSQL none]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// Which parts run in this process
    #[arg(long, value_enum, default_value_t = Role::All)]
    pub role: Role,
    /// Only say whether settings and APIs are good
    #[arg(long)]
    pub check: bool,
}

/// Which parts run in a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Gateway and management.
    All,
    /// The gateway alone, with its health and metrics.
    Gateway,
    /// Management alone.
    Manage,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The gateway's port.
    #[error("{0}")]
    Listen(#[from] ListenError),
    /// The admin port.
    #[error("cannot listen on {address}: {source}")]
    Admin {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The upstream client.
    #[error("cannot make the upstream client: {0}")]
    Upstream(String),
    /// The client for the keys of outside issuers.
    #[error("cannot make the client for the keys of issuers: {0}")]
    Issuers(#[from] FetchError),
    /// The portal's port.
    #[error("cannot listen on {address}: {source}")]
    Portal {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The token file.
    #[error("the token file cannot be written: {0}")]
    Token(io::Error),
    /// Where calls are counted.
    #[error("{0}")]
    Redis(#[from] RedisSetupError),
    /// The system gives no random bytes.
    #[error("{0}")]
    Random(#[from] NoRandom),
}

/// A gateway with its admin listener, running in this process.
pub struct Running {
    /// Where callers connect; `None` where the gateway has another process.
    pub gateway: Option<SocketAddr>,
    /// Where people connect; `None` where there is no portal.
    pub portal: Option<SocketAddr>,
    /// Where operators connect.
    pub admin: SocketAddr,
    /// Whether it wants calls.
    pub health: Arc<Health>,
    calls: Option<Arc<Gateway>>,
    stop_gateway: watch::Sender<bool>,
    stop_admin: watch::Sender<bool>,
    gateway_task: JoinSet<()>,
    admin_task: JoinSet<()>,
    grace: Duration,
}

impl Running {
    /// Opens the ports and answers from then on, without an admin API and without tokens. Not ready before [`Health::ready`] is called.
    ///
    /// # Errors
    /// A port cannot be opened, or the settings of TLS or network cannot be used.
    pub async fn start(config: &Config, catalog: Arc<Catalog>, role: Role) -> Result<Self, StartError> {
        Self::start_with(config, catalog, role, Desks::default()).await
    }

    /// The same with what `desks` answer.
    ///
    /// # Errors
    /// As [`Running::start`].
    pub async fn start_with(config: &Config, catalog: Arc<Catalog>, role: Role, desks: Desks) -> Result<Self, StartError> {
        let handle = telemetry::metrics();
        handle.run_upkeep();
        let (stop_gateway, stop) = watch::channel(false);
        let (stop_admin, admin_stop) = watch::channel(false);
        let (mut gateway_task, mut admin_task) = (JoinSet::new(), JoinSet::new());
        let grace = config.limits.grace;
        let (mut gateway, mut calls) = (None, None);
        if role != Role::Manage {
            let listener =
                Listener::bind(&config.listen.gateway, &config.limits.http).await?.warning_before(config.alarms.certificate_seconds());
            gateway = listener.address().ok();
            let upstream = upstream(config)?;
            let limiter = control::limiter(config).await?;
            let made = Gateway::new(config.clone(), catalog, upstream, limiter, Some(fetcher(config)?))?;
            let made = match desks.log_ins {
                Some(log_ins) => made.with_log_ins(log_ins),
                None => made,
            };
            let shared = Arc::new(match desks.reserved {
                Some(reserved) => made.with_reserved(reserved),
                None => made,
            });
            gateway_task.spawn(observe(shared.clone(), stop.clone()));
            calls = Some(shared.clone());
            gateway_task.spawn(listener.serve(shared, stop, grace));
        }
        let address = config.listen.admin.address;
        let listener = TcpListener::bind(address).await.map_err(|source| StartError::Admin { address, source })?;
        let admin = listener.local_addr().unwrap_or(address);
        let health = Arc::new(Health::default());
        let (tried, tried_by_pages) = (calls.clone(), calls.clone());
        let state = desks.admin.filter(|_| role != Role::Gateway).map(|(state, beside)| with_token(state.with_gateway(tried), &beside));
        let state = state.transpose()?;
        admin_task.spawn(admin::serve(listener, health.clone(), admin_stop.clone(), state));
        let mut portal = None;
        if let Some(desk) = desks.portal.filter(|_| role != Role::Gateway) {
            let address = config.listen.portal.address;
            let listener = TcpListener::bind(address).await.map_err(|source| StartError::Portal { address, source })?;
            portal = listener.local_addr().ok();
            let fetcher = fetcher(config)?;
            let desk = desk.beside_gateway(gateway).publishing(|p| p.with_gateway(tried_by_pages).with_fetcher(Some(fetcher)));
            admin_task.spawn(portal::serve(listener, desk, admin_stop));
        }
        Ok(Self { gateway, portal, admin, health, calls, stop_gateway, stop_admin, gateway_task, admin_task, grace })
    }

    /// What the gateway counts for people; `None` where it has another process.
    pub(super) fn usage(&self) -> Option<Arc<Usage>> {
        self.calls.as_ref().map(|gateway| gateway.usage())
    }

    /// How many nodes share the counts of calls now, from 1.
    pub fn set_nodes(&self, nodes: u32) {
        if let Some(gateway) = &self.calls {
            gateway.set_nodes(nodes);
        }
    }

    /// Ends gracefully: not ready, after `notice` no new connections, then what runs has the grace period.
    pub async fn stop(mut self, notice: Duration) {
        self.health.draining();
        sleep(notice).await;
        self.stop_gateway.send_replace(true);
        let ended = timeout(self.grace + Duration::from_secs(5), async { while self.gateway_task.join_next().await.is_some() {} }).await;
        if ended.is_err() {
            tracing::warn!("the gateway did not end in time");
        }
        self.stop_admin.send_replace(true);
        while self.admin_task.join_next().await.is_some() {}
    }
}

/// Writes the token file. Only once the port is this server's: another one's token stays good.
fn with_token(mut state: AdminState, beside: &Path) -> Result<AdminState, StartError> {
    state.token = Some(admin::write_token(beside).map_err(StartError::Token)?);
    Ok(state)
}

/// Looks at what no call measures, until `stop`.
async fn observe(gateway: Arc<Gateway>, mut stop: watch::Receiver<bool>) {
    loop {
        gateway.observe();
        tokio::select! {
            _ = stop.wait_for(|s| *s) => return,
            () = sleep(OBSERVED) => {}
        }
    }
}

/// Looks after alarms and tells of them; never returns.
async fn alarms(settings: &AlarmSettings, webhook: Option<&Webhook>) {
    let told = async {
        match webhook {
            Some(webhook) => webhook.follow().await,
            None => std::future::pending().await,
        }
    };
    tokio::join!(alarm::watch(settings.clone()), told);
}

/// Which addresses operators may name in files: private networks and this machine too; what is never allowed stays so.
pub(super) fn operators(config: &Config) -> AddressPolicy {
    AddressPolicy { allow: config.network.allow.clone(), ..AddressPolicy::local() }
}

/// APIs that were uploaded have connections of their own.
fn upstream(config: &Config) -> Result<Upstreams, StartError> {
    let options = UpstreamOptions { connect: config.limits.upstream.connect, ..UpstreamOptions::new(operators(config)) };
    let client = |options| UpstreamClient::new(options).map_err(|e| StartError::Upstream(e.to_string()));
    let uploaded = client(UpstreamOptions { policy: control::uploaded(config), ..options.clone() })?;
    Ok(Upstreams { files: client(options)?, uploaded })
}

/// Gets the keys of outside issuers: administrators name them, so that their addresses are public ones, or allowed by the operator.
fn fetcher(config: &Config) -> Result<Fetcher, FetchError> {
    Fetcher::new(FetchOptions::new(control::uploaded(config)))
}

/// Runs the command; `file` is the settings file, where there is one.
pub async fn run(file: Option<PathBuf>, arguments: Serve) -> ExitCode {
    let config = match config::load(file.as_deref()) {
        Ok(config) => config,
        Err(errors) => {
            for error in errors {
                eprintln!("error: {error}");
            }
            return ExitCode::from(1);
        }
    };
    let beside = file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
    let usual = beside.join(config.apis.as_deref().unwrap_or(Path::new(APIS)));
    telemetry::init_logs(&config.log.level);
    let catalog = Arc::new(Catalog::default());
    if arguments.check {
        return check(&Folder::new(arguments.dir.unwrap_or(usual), Arc::new(Memory::new()), catalog)).await;
    }
    let control = match Control::open(&config, beside, catalog.clone()).await {
        Ok(control) => control,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(1);
        }
    };
    let shared = config.store.postgres.is_some() || config.store.postgres_file.is_some();
    let folder = feed::folder_of(arguments.dir.as_deref(), usual, shared);
    let desks = match control.desks(&config, beside, catalog.clone(), folder.is_some()) {
        Ok(desks) => desks,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(1);
        }
    };
    let ended = Box::pin(serve(&config, catalog, folder.as_deref(), &control, desks, arguments.role)).await;
    control.store.close().await;
    ended
}

/// Says whether settings and APIs are good.
async fn check(folder: &Folder<Memory>) -> ExitCode {
    match folder.reload().await {
        Ok(reload) => {
            feed::say(&reload);
            if reload.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(error) => {
            eprintln!("error: {}", feed::unread(folder.path(), &error));
            ExitCode::from(1)
        }
    }
}

async fn serve(config: &Config, catalog: Arc<Catalog>, folder: Option<&Path>, control: &Control, desks: Desks, role: Role) -> ExitCode {
    let mut feed = Feed::new(control.roster.clone(), folder);
    let apis = folder.map_or_else(|| "the store".to_owned(), |f| f.display().to_string());
    // Signals are listened for before anything else: one that comes during the first load counts.
    let signals = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()), signal(SignalKind::hangup()));
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) = signals else {
        eprintln!("error: signals cannot be listened for");
        return ExitCode::from(1);
    };
    if !control.is_from_disk()
        && let Err(error) = feed.begin().await
    {
        eprintln!("error: {error}");
        return ExitCode::from(1);
    }
    let running = match Running::start_with(config, catalog.clone(), role, desks).await {
        Ok(running) => running,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(1);
        }
    };
    running.health.ready();
    if role != Role::Gateway {
        control.invite(running.portal, config.portal.public_url.as_ref()).await;
    }
    let gateway = running.gateway.map(|a| a.to_string()).unwrap_or_default();
    let portal = running.portal.map(|a| a.to_string()).unwrap_or_default();
    tracing::info!(%gateway, %portal, admin = %running.admin, apis = %apis, "serving");
    let keeper = Keeper::new(control.store.clone(), running.usage(), config.usage.days);
    let mut heart = Heart::of(&running, role, control.store.clone(), catalog, config.redis.nodes);
    // What reads the folder, and what ends the process: the second must not wait for the first.
    let notice = tokio::select! {
        () = feed.follow_from(control.reached(), &mut hangup) => Duration::ZERO,
        () = control.follow() => Duration::ZERO,
        () = control.observe(&running.health) => Duration::ZERO,
        () = heart.beat(&running) => Duration::ZERO,
        () = keeper.follow() => Duration::ZERO,
        () = alarms(&config.alarms, control.webhook.as_ref()) => Duration::ZERO,
        _ = terminate.recv() => NOTICE,
        _ = interrupt.recv() => Duration::ZERO,
    };
    tracing::info!("stopping");
    let stopping = running.stop(notice);
    tokio::select! {
        () = stopping => {}
        // Someone presses again: at once.
        _ = interrupt.recv() => {}
    }
    keeper.keep().await;
    heart.stop().await;
    ExitCode::SUCCESS
}

//! The connection to Redis, whether it is there, and the task that looks after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, RedisError, Script, TlsCertificates};
use arc_swap::ArcSwapOption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::super::local::{Local, Untold};
use super::{CountState, RedisSetupError, name};
use crate::net::random;
use crate::net::secret::Secret;

/// Between two looks at a Redis that answers, and two tries to reach one that is away: the return is seen within a second.
const LOOK: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(500);
/// How long a node that has Redis back goes on with its share, so that the others come back and tell what they know. More than [`RETRY`].
const SETTLE: Duration = Duration::from_secs(1);
/// Counters that are told at once.
const BATCH: usize = 500;
/// How long the task waits for a connection and for an answer. No call waits for it.
const PATIENCE: Duration = Duration::from_secs(1);
/// Decisions in a row that are not answered in time until Redis counts as away.
const SLOW: u32 = 3;

/// Why Redis did not decide.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// No answer in time; one may be bad luck.
    #[error("it does not answer in time")]
    Slow,
    /// The connection ended, or the server refuses.
    #[error("{0}")]
    Gone(String),
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        if error.is_timeout() { Self::Slow } else { Self::Gone(error.to_string()) }
    }
}

/// The connection. Its task ends with it.
#[derive(Debug)]
pub(super) struct Link {
    inner: Arc<Inner>,
    _keeper: JoinSet<()>,
}

#[derive(Debug)]
struct Inner {
    client: Client,
    prefix: String,
    script: Script,
    tell: Script,
    local: Arc<Local>,
    connection: ArcSwapOption<MultiplexedConnection>,
    state: watch::Sender<CountState>,
    slow: AtomicU32,
    down: Notify,
}

impl Link {
    /// Connects, or begins to try: a Redis that is away is no error.
    pub(super) async fn open(
        url: &Secret,
        extra_ca_pem: Option<&str>,
        prefix: String,
        script: Script,
        local: Arc<Local>,
    ) -> Result<Self, RedisSetupError> {
        let client = match extra_ca_pem {
            None => Client::open(url.reveal()).map_err(|_| RedisSetupError::Address)?,
            Some(pem) => {
                let mut certificates = CertificateDer::pem_slice_iter(pem.as_bytes()).peekable();
                if certificates.peek().is_none() || certificates.any(|c| c.is_err()) {
                    return Err(RedisSetupError::Authorities);
                }
                let certificates = TlsCertificates { client_tls: None, root_cert: Some(pem.as_bytes().to_vec()) };
                Client::build_with_tls(url.reveal(), certificates).map_err(|_| RedisSetupError::Address)?
            }
        };
        let (connection, state) = (ArcSwapOption::empty(), watch::Sender::new(CountState::Away));
        let inner = Arc::new(Inner {
            client,
            prefix,
            script,
            tell: Script::new(include_str!("tell.lua")),
            local,
            connection,
            state,
            slow: AtomicU32::new(0),
            down: Notify::new(),
        });
        let mut known = None;
        let first = inner.connect(&mut known).await;
        match &first {
            Ok(connection) => inner.up(connection.clone()),
            Err(failure) => {
                // That it is away is an alarm of who asks for the state; why, is said here.
                tracing::warn!(reason = %failure, "Redis cannot be reached")
            }
        }
        let mut keeper = JoinSet::new();
        let kept = inner.clone();
        keeper.spawn(async move { kept.keep(known).await });
        Ok(Self { inner, _keeper: keeper })
    }

    /// The connection, if Redis is there.
    pub(super) fn connection(&self) -> Option<MultiplexedConnection> {
        self.inner.connection.load().as_deref().cloned()
    }

    pub(super) fn state(&self) -> watch::Receiver<CountState> {
        self.inner.state.subscribe()
    }

    /// A decision was answered.
    pub(super) fn answered(&self) {
        if self.inner.slow.load(Ordering::Relaxed) > 0 {
            self.inner.slow.store(0, Ordering::Relaxed);
        }
    }

    /// A decision was not answered, or by an error.
    pub(super) fn failed(&self, failure: &Failure) {
        match failure {
            Failure::Slow if self.inner.slow.fetch_add(1, Ordering::Relaxed) + 1 < SLOW => {}
            Failure::Slow | Failure::Gone(_) => self.inner.down(failure),
        }
    }
}

impl Inner {
    fn up(&self, connection: MultiplexedConnection) {
        self.slow.store(0, Ordering::Relaxed);
        self.connection.store(Some(Arc::new(connection)));
        self.state.send_replace(CountState::Shared);
    }

    /// Says once that Redis is away, and wakes who brings it back.
    fn down(&self, failure: &Failure) {
        self.connection.store(None);
        if self.state.send_replace(CountState::Away) != CountState::Away {
            tracing::warn!(reason = %failure, "the connection to Redis is lost");
            self.down.notify_one();
        }
    }

    /// Looks after the connection for ever. `known` is the life of the data that was last seen.
    async fn keep(&self, mut known: Option<String>) {
        loop {
            if let Some(connection) = self.connection.load_full() {
                if tokio::time::timeout(LOOK, self.down.notified()).await.is_ok() {
                    continue;
                }
                if let Err(failure) = self.look(&mut connection.as_ref().clone(), &mut known).await {
                    self.down(&failure);
                }
                continue;
            }
            match self.come_back(&mut known).await {
                Ok(connection) => {
                    self.up(connection);
                    tracing::info!("Redis is there again: the nodes share their counts");
                }
                Err(failure) => {
                    tracing::debug!(reason = %failure, "Redis is still away");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Connects, and tells what this node knows alone; then again what came while the others did so.
    async fn come_back(&self, known: &mut Option<String>) -> Result<MultiplexedConnection, Failure> {
        let mut connection = self.connect(known).await?;
        self.tell_all(&mut connection).await?;
        tokio::time::sleep(SETTLE).await;
        self.look(&mut connection, known).await?;
        self.tell_all(&mut connection).await?;
        Ok(connection)
    }

    async fn tell_all(&self, connection: &mut MultiplexedConnection) -> Result<(), Failure> {
        for shard in self.local.tell_all() {
            let mut batches = shard.chunks(BATCH);
            while let Some(batch) = batches.next() {
                if let Err(failure) = self.tell(connection, batch).await {
                    // The rest of the shard counts as told, too.
                    std::iter::once(batch).chain(batches).flatten().for_each(|u| self.local.untell(u.key, u.calls));
                    return Err(failure);
                }
            }
        }
        Ok(())
    }

    async fn tell(&self, connection: &mut MultiplexedConnection, batch: &[Untold]) -> Result<(), Failure> {
        let mut call = self.tell.prepare_invoke();
        for untold in batch {
            call.key(name(&self.prefix, untold.key)).arg(untold.calls).arg(untold.window_ms);
        }
        Ok(call.invoke_async(connection).await?)
    }

    async fn connect(&self, known: &mut Option<String>) -> Result<MultiplexedConnection, Failure> {
        let config = AsyncConnectionConfig::new().set_connection_timeout(Some(PATIENCE)).set_response_timeout(Some(PATIENCE));
        let opening = self.client.get_multiplexed_async_connection_with_config(&config);
        let mut connection = tokio::time::timeout(2 * PATIENCE, opening).await.map_err(|_| Failure::Slow)??;
        self.look(&mut connection, known).await?;
        // It must let the script run, not only answer.
        let _: Vec<i64> = self.script.prepare_invoke().invoke_async(&mut connection).await?;
        Ok(connection)
    }

    /// Does Redis take writes, and does it still have what it had?
    async fn look(&self, connection: &mut MultiplexedConnection, known: &mut Option<String>) -> Result<(), Failure> {
        let fresh: [u8; 16] = random::bytes().map_err(|e| Failure::Gone(e.to_string()))?;
        let (fresh, key) = (format!("{:032x}", u128::from_be_bytes(fresh)), format!("{{{}}}:life", self.prefix));
        let mut both = ::redis::pipe();
        both.cmd("SET").arg(&key).arg(fresh).arg("NX").ignore().cmd("GET").arg(&key);
        let (life,): (String,) = both.query_async(connection).await?;
        let lost = known.as_ref().is_some_and(|known| *known != life);
        *known = Some(life);
        if lost {
            tracing::warn!("Redis has lost what it counted: this node tells it again what passed through it");
            self.local.forgotten();
            self.tell_all(connection).await?;
        }
        Ok(())
    }
}

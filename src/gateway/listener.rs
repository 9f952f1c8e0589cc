//! The accept loop: connections with their caps and deadlines, TLS with ALPN, and the graceful end.
//!
//! Own loop because `axum::serve` has no deadline for a head and no caps. HTTP/2 comes by ALPN only, unless it is asked for in clear.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::Gateway;
use super::tls::{Setup, Tls};
use super::wire::{Inspected, Wire};
use crate::auth::Certificate;
use crate::config::{GatewayListener, HttpLimits};
use crate::telemetry::names;

/// A bound port of the gateway.
pub struct Listener {
    socket: TcpListener,
    tls: Option<Arc<Tls>>,
    h2c: bool,
    limits: Arc<HttpLimits>,
}

/// One connection as those see it who answer its requests.
pub(super) struct Connection {
    pub(super) peer: SocketAddr,
    pub(super) is_tls: bool,
    /// The client certificate that it was opened with.
    pub(super) certificate: Option<Certificate>,
    /// `None` for HTTP/2, whose framing is the library's.
    pub(super) wire: Option<Arc<Wire>>,
    /// Requests so far.
    pub(super) requests: AtomicU64,
    /// Requests whose answer is not complete.
    pub(super) open: AtomicU64,
    /// Says that this connection has had enough requests.
    pub(super) enough: Notify,
    flow: Flow,
}

/// Whether the caller takes its answers: how many bodies have given bytes and were not asked for more, and when one last was.
struct Flow {
    began: Instant,
    given: AtomicU64,
    asked_ms: AtomicU64,
}

impl Connection {
    /// A body has given bytes.
    pub(super) fn gave(&self) {
        self.flow.given.fetch_add(1, Ordering::Relaxed);
    }

    /// A body that had given bytes is asked for more, or has ended.
    pub(super) fn asked(&self) {
        self.flow.given.fetch_sub(1, Ordering::Relaxed);
        let ms = u64::try_from(self.flow.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.flow.asked_ms.store(ms, Ordering::Relaxed);
    }

    /// Resolves when there are bytes to take and none were taken for `limit`. HTTP/2 needs this: its streams may stall while the
    /// connection is alive. For HTTP/1 the inspector keeps that time.
    async fn stalled(&self, limit: Duration, h2: bool) {
        if !h2 {
            return std::future::pending().await;
        }
        loop {
            sleep(limit / 4).await;
            let asked = self.flow.began + Duration::from_millis(self.flow.asked_ms.load(Ordering::Relaxed));
            if self.flow.given.load(Ordering::Relaxed) > 0 && asked.elapsed() > limit {
                return;
            }
        }
    }
}

/// Why a listener cannot be opened: the operator's to mend.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// Certificate or key cannot be used.
    #[error("cannot use the TLS files: {0}")]
    Tls(String),
}

/// A certificate that ends within so many seconds is an alarm.
const NEAR: i64 = 30 * 24 * 3600;

impl Listener {
    /// Opens the port and reads the certificate, if there is one.
    ///
    /// # Errors
    /// Where either is not possible.
    pub async fn bind(settings: &GatewayListener, limits: &HttpLimits) -> Result<Self, ListenError> {
        let tls = settings.tls.as_ref().map(|files| Tls::open(files, NEAR)).transpose()?.map(Arc::new);
        let address = settings.address;
        let socket = TcpListener::bind(address).await.map_err(|source| ListenError::Bind { address, source })?;
        Ok(Self { socket, tls, h2c: settings.h2c, limits: Arc::new(limits.clone()) })
    }

    /// The same, where a certificate that ends within so many seconds is an alarm; default 30 days.
    #[must_use]
    pub fn warning_before(mut self, seconds: i64) -> Self {
        if let Some(tls) = self.tls.as_mut().and_then(Arc::get_mut) {
            tls.near = seconds;
        }
        self
    }

    /// The address that it got.
    ///
    /// # Errors
    /// The system's.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Does it speak TLS?
    pub fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Answers until `stop` is true; then accepts no more and gives what runs `grace` to end.
    pub async fn serve(self, gateway: Arc<Gateway>, mut stop: watch::Receiver<bool>, grace: Duration) {
        let mut tasks = JoinSet::new();
        if let Some(tls) = self.tls.clone() {
            tasks.spawn(tls.follow(stop.clone()));
        }
        let caps = Arc::new(Caps::default());
        loop {
            let accepted = tokio::select! {
                biased;
                () = stopped(&mut stop) => break,
                accepted = self.socket.accept() => accepted,
                Some(_) = tasks.join_next(), if !tasks.is_empty() => continue,
            };
            match accepted {
                Ok((stream, peer)) => {
                    let Some(place) = caps.admit(peer.ip(), &self.limits) else { continue };
                    let job = Job {
                        gateway: gateway.clone(),
                        tls: self.tls.as_ref().map(|t| t.now()),
                        h2c: self.h2c,
                        limits: self.limits.clone(),
                        stop: stop.clone(),
                        accepted: Instant::now(),
                    };
                    tasks.spawn(async move {
                        let _place = place;
                        job.run(stream, peer).await;
                    });
                }
                Err(error) => {
                    // Out of file descriptors, or the caller was gone already: the listener itself lives on.
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(Duration::from_millis(50)).await;
                }
            }
        }
        drop(self.socket);
        let drained = timeout(grace, async { while tasks.join_next().await.is_some() {} }).await;
        if drained.is_err() {
            tracing::warn!(connections = tasks.len(), "connections were still busy when the grace period ended");
            tasks.abort_all();
            while tasks.join_next().await.is_some() {}
        }
    }
}

/// Resolves when `stop` is true, or nobody can make it so any more.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let ended = stop.wait_for(|stop| *stop).await.is_err();
    if ended {
        tracing::debug!("the one who stops the listener is gone");
    }
}

/// How many connections there are, in all and by address. Bounded by the total.
#[derive(Default)]
struct Caps {
    open: Mutex<HashMap<IpAddr, usize>>,
    total: AtomicU64,
}

/// A connection's place; free again when it is dropped.
struct Place {
    caps: Arc<Caps>,
    address: IpAddr,
}

impl Caps {
    fn admit(self: &Arc<Self>, address: IpAddr, limits: &HttpLimits) -> Option<Place> {
        let refuse = |reason: &'static str| {
            metrics::counter!(names::CONNECTIONS_REFUSED, "reason" => reason).increment(1);
            None
        };
        if self.total.load(Ordering::Relaxed) >= limits.connections as u64 {
            return refuse("total");
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let here = open.entry(address).or_insert(0);
        if *here >= limits.connections_per_address {
            return refuse("address");
        }
        *here += 1;
        self.total.fetch_add(1, Ordering::Relaxed);
        metrics::gauge!(names::CONNECTIONS).increment(1.0);
        Some(Place { caps: self.clone(), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.caps.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(here) = open.get_mut(&self.address) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                open.remove(&self.address);
            }
        }
        self.caps.total.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!(names::CONNECTIONS).decrement(1.0);
    }
}

/// What the task of one connection needs.
struct Job {
    gateway: Arc<Gateway>,
    tls: Option<Arc<Setup>>,
    h2c: bool,
    limits: Arc<HttpLimits>,
    stop: watch::Receiver<bool>,
    accepted: Instant,
}

impl Job {
    async fn run(self, stream: TcpStream, peer: SocketAddr) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no nodelay");
        }
        let Some(tls) = self.tls.clone() else {
            return self.speak(stream, peer, false, None).await;
        };
        let deadline = self.accepted + self.limits.head_deadline;
        match timeout_at(deadline, tls.acceptor.accept(stream)).await {
            Ok(Ok(stream)) => {
                let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
                let certificate = tls.certificate(stream.get_ref().1.peer_certificates());
                self.speak(stream, peer, h2, certificate).await;
            }
            Ok(Err(error)) => tracing::debug!(%peer, %error, "the TLS handshake failed"),
            Err(_) => tracing::debug!(%peer, "the TLS handshake took too long"),
        }
    }

    /// HTTP on a connection that stands; `h2`: by ALPN.
    async fn speak<T: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        mut self,
        stream: T,
        peer: SocketAddr,
        h2: bool,
        certificate: Option<Certificate>,
    ) {
        let wire = Arc::new(Wire::default());
        let connection = Arc::new(Connection {
            peer,
            is_tls: self.tls.is_some(),
            certificate,
            wire: (!h2).then(|| wire.clone()),
            requests: AtomicU64::new(0),
            open: AtomicU64::new(0),
            enough: Notify::new(),
            flow: Flow { began: Instant::now(), given: AtomicU64::new(0), asked_ms: AtomicU64::new(0) },
        });
        let stream = if h2 {
            Inspected::transparent(stream, self.limits.clone(), wire, self.accepted)
        } else {
            Inspected::new(stream, self.limits.clone(), wire, self.h2c, self.accepted)
        };
        let gateway = self.gateway.clone();
        let for_requests = connection.clone();
        let service = service_fn(move |request: http::Request<Incoming>| {
            let (gateway, connection) = (gateway.clone(), for_requests.clone());
            async move { Ok::<_, Infallible>(gateway.answer(request, &connection).await) }
        });
        let builder = self.builder(h2);
        let served = builder.serve_connection(TokioIo::new(stream), service);
        let mut served = pin!(served);
        let mut stopping = false;
        let mut idle = pin!(idle(&connection, self.limits.keep_alive, h2));
        let mut stalled = pin!(connection.stalled(self.limits.write_idle, h2));
        // Streams that a caller neither takes nor ends would keep an idle connection that was told to end.
        let mut forced = pin!(tokio::time::sleep(Duration::MAX / 4));
        loop {
            tokio::select! {
                result = served.as_mut() => {
                    if let Err(error) = result {
                        tracing::debug!(%peer, %error, "a connection ended with an error");
                    }
                    return;
                }
                () = stopped(&mut self.stop), if !stopping => {}
                () = connection.enough.notified(), if !stopping => {}
                () = idle.as_mut(), if !stopping => forced.as_mut().reset(Instant::now() + self.limits.write_idle),
                () = stalled.as_mut() => {
                    tracing::debug!(%peer, "the caller does not take its answers");
                    return;
                }
                () = forced.as_mut() => return,
            }
            stopping = true;
            served.as_mut().graceful_shutdown();
        }
    }

    fn builder(&self, h2: bool) -> auto::Builder<TokioExecutor> {
        let clip = |bytes: crate::config::Bytes| u32::try_from(bytes.0).unwrap_or(u32::MAX);
        let mut builder = auto::Builder::new(TokioExecutor::new());
        // The inspector counts and times heads; the library's own limits stand just above.
        builder
            .http1()
            .max_headers(self.limits.headers + 1)
            .max_buf_size(self.limits.head.get().max(16 << 10) * 2)
            .header_read_timeout(None);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(self.limits.h2_streams)
            .initial_stream_window_size(clip(self.limits.h2_stream_window))
            .initial_connection_window_size(clip(self.limits.h2_connection_window))
            .max_header_list_size(clip(self.limits.head))
            .max_send_buf_size(256 << 10)
            .keep_alive_interval(Duration::from_secs(20))
            .keep_alive_timeout(Duration::from_secs(10));
        match (h2, self.h2c) {
            (true, _) => builder.http2_only(),
            (false, false) => builder.http1_only(),
            (false, true) => builder,
        }
    }
}

/// Resolves when an HTTP/2 connection had no request for `limit`; for HTTP/1 the inspector keeps that time.
async fn idle(connection: &Connection, limit: Duration, h2: bool) {
    if !h2 {
        return std::future::pending().await;
    }
    let mut seen = 0;
    loop {
        sleep(limit).await;
        let requests = connection.requests.load(Ordering::Relaxed);
        if requests == seen && connection.open.load(Ordering::Relaxed) == 0 {
            return;
        }
        seen = requests;
    }
}

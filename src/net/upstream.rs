//! The client of published calls: HTTP/1.1 to the SOAP services, pooled, with bodies as streams both ways. Redirects are
//! never followed and nothing is inflated here.

use std::error::Error as StdError;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::{Instant, sleep_until};
use tokio_rustls::TlsConnector;

use super::address::{AddressPolicy, AddressRefused};
use super::connector::{ConnectError, Connector};
use super::resolver::{ResolveError, Resolver};
use super::tls::{TlsOptions, TlsSetupError, client_config};

/// Until a connection stands, name look-up and TLS included.
pub const CONNECT: Duration = Duration::from_secs(3);
/// Below the 60 s after which servers commonly close, so that fewer calls meet a connection that is being closed.
const IDLE: Duration = Duration::from_secs(30);
const IDLE_PER_HOST: usize = 256;
/// Of one connection, and so the largest head of a reply.
const BUFFER_BYTES: usize = 64 * 1024;

/// What a body of a caller fails with.
pub type BodyError = Box<dyn StdError + Send + Sync>;

/// How to reach upstreams.
#[derive(Clone, Debug)]
pub struct UpstreamOptions {
    /// Which addresses.
    pub policy: AddressPolicy,
    /// Whom to trust, and who we are.
    pub tls: TlsOptions,
    /// Who resolves names. Share one among clients.
    pub resolver: Resolver,
    /// Until a connection stands. Default 3 s.
    pub connect: Duration,
}

impl UpstreamOptions {
    /// With that policy and the defaults.
    pub fn new(policy: AddressPolicy) -> Self {
        Self { policy, tls: TlsOptions::default(), resolver: Resolver::default(), connect: CONNECT }
    }
}

/// How long a call may take.
#[derive(Clone, Copy, Debug)]
pub struct Deadlines {
    /// From the last piece of the request that was taken to the head of the reply. Default 30 s.
    pub first_byte: Duration,
    /// When the head of the reply must be there at the latest. The body of the reply is the caller's to time.
    pub whole: Instant,
}

impl Deadlines {
    /// 30 s for the first byte, 60 s from now for the whole call.
    pub fn from_now() -> Self {
        Self { first_byte: Duration::from_secs(30), whole: Instant::now() + Duration::from_secs(60) }
    }
}

/// Why there is no reply. The texts name hosts: for the publisher's log, not for callers.
#[derive(Debug, Clone, thiserror::Error)]
pub enum UpstreamError {
    /// The host name is unknown.
    #[error("the host name `{host}` was not found: {reason}")]
    Dns {
        /// The name.
        host: String,
        /// What the system says.
        reason: String,
    },
    /// The address may not be connected to.
    #[error("{0}")]
    AddressRefused(AddressRefused),
    /// Refused, unreachable, reset while connecting.
    #[error("no connection to `{host}`: {reason}")]
    Connect {
        /// The host.
        host: String,
        /// What the system says.
        reason: String,
    },
    /// No connection in time.
    #[error("no connection to `{host}` in time")]
    ConnectTimeout {
        /// The host.
        host: String,
    },
    /// The certificate or the handshake.
    #[error("no TLS connection to `{host}`: {reason}")]
    Tls {
        /// The host.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// The connection was gone before anything of the request was sent.
    #[error("the connection was closed before the request was sent")]
    Unsent,
    /// The connection broke after sending began: the upstream may have acted.
    #[error("the connection broke before the reply: {reason}")]
    Reset {
        /// What the system says.
        reason: String,
    },
    /// What came back is not HTTP, or its head is too large.
    #[error("the reply is not valid HTTP: {reason}")]
    Malformed {
        /// What is wrong.
        reason: String,
    },
    /// No reply within the first-byte deadline.
    #[error("no reply in time")]
    FirstByteTimeout,
    /// No reply within the deadline of the whole call.
    #[error("the call took too long")]
    WholeTimeout,
    /// The request's body failed: its source's fault, not the upstream's.
    #[error("the request could not be read to its end: {reason}")]
    RequestBody {
        /// What its source says.
        reason: String,
    },
    /// The request has no http or https address, or a version that is not spoken.
    #[error("the request cannot be sent: {reason}")]
    Request {
        /// What is wrong.
        reason: String,
    },
}

impl UpstreamError {
    /// Was nothing of the request sent, so that sending it once more is safe whatever it does?
    pub fn nothing_sent(&self) -> bool {
        match self {
            Self::Dns { .. }
            | Self::AddressRefused(_)
            | Self::Connect { .. }
            | Self::ConnectTimeout { .. }
            | Self::Tls { .. }
            | Self::Unsent
            | Self::Request { .. } => true,
            Self::Reset { .. } | Self::Malformed { .. } | Self::FirstByteTimeout | Self::WholeTimeout | Self::RequestBody { .. } => false,
        }
    }

    /// Might it go well at once, on another connection? Only the two kinds that a server going down for a moment causes.
    pub fn is_worth_a_retry(&self) -> bool {
        matches!(self, Self::Unsent | Self::Connect { .. })
    }

    /// Was it the time that ran out (504 rather than 502)?
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::ConnectTimeout { .. } | Self::FirstByteTimeout | Self::WholeTimeout)
    }

    /// A stable word, for metrics.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Dns { .. } => "dns",
            Self::AddressRefused(_) => "address_refused",
            Self::Connect { .. } => "connect",
            Self::ConnectTimeout { .. } => "connect_timeout",
            Self::Tls { .. } => "tls",
            Self::Unsent => "unsent",
            Self::Reset { .. } => "reset",
            Self::Malformed { .. } => "malformed",
            Self::FirstByteTimeout => "first_byte_timeout",
            Self::WholeTimeout => "whole_timeout",
            Self::RequestBody { .. } => "request_body",
            Self::Request { .. } => "request",
        }
    }
}

/// Sends calls. Cheap to clone; clones share the pool. One for each set of options.
#[derive(Clone)]
pub struct UpstreamClient {
    client: Client<Connector, Watched>,
    connector: Connector,
}

impl std::fmt::Debug for UpstreamClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UpstreamClient")
    }
}

impl UpstreamClient {
    /// Makes the client. Connections are made when calls need them, in the Tokio runtime of that call.
    ///
    /// # Errors
    /// The extra CA or the client certificate cannot be used.
    pub fn new(options: UpstreamOptions) -> Result<Self, TlsSetupError> {
        let connector = Connector {
            resolver: options.resolver,
            policy: Arc::new(options.policy),
            tls: TlsConnector::from(Arc::new(client_config(&options.tls)?)),
            timeout: options.connect,
        };
        Ok(Self::over(connector))
    }

    /// A client with a pool of its own that differs in whom it trusts and who it is; addresses, names and times are those of this one.
    ///
    /// # Errors
    /// The extra CA or the client certificate cannot be used.
    pub fn with_tls(&self, options: &TlsOptions) -> Result<Self, TlsSetupError> {
        Ok(Self::over(Connector { tls: TlsConnector::from(Arc::new(client_config(options)?)), ..self.connector.clone() }))
    }

    fn over(connector: Connector) -> Self {
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(IDLE_PER_HOST)
            .http1_max_buf_size(BUFFER_BYTES)
            .build(connector.clone());
        Self { client, connector }
    }

    /// Sends a request with an absolute address and gives the reply as soon as its head is there. `Host` is set where it is
    /// absent, `Content-Length` where the body knows its size. Dropping the future or the reply's body ends the call.
    ///
    /// # Errors
    /// As the variants say.
    pub async fn send<B>(&self, request: Request<B>, deadlines: Deadlines) -> Result<Response<Incoming>, UpstreamError>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BodyError>,
    {
        let progress = Arc::new(Progress::new());
        let seen = progress.clone();
        let request = request.map(|body| Watched { body: body.map_err(Into::into).boxed_unsync(), progress: seen });
        let mut reply = pin!(self.client.request(request));
        loop {
            let first_byte = progress.last() + deadlines.first_byte;
            tokio::select! {
                biased;
                result = &mut reply => return result.map_err(|e| classify(&e)),
                () = sleep_until(first_byte.min(deadlines.whole)) => {
                    if Instant::now() >= deadlines.whole {
                        return Err(UpstreamError::WholeTimeout);
                    }
                    // A long upload is no silent upstream: the time runs from the last piece that was taken.
                    if progress.last() + deadlines.first_byte <= first_byte {
                        return Err(UpstreamError::FirstByteTimeout);
                    }
                }
            }
        }
    }
}

/// When a piece of the request was last taken.
struct Progress {
    begun: Instant,
    last_ms: AtomicU64,
}

impl Progress {
    fn new() -> Self {
        Self { begun: Instant::now(), last_ms: AtomicU64::new(0) }
    }

    fn last(&self) -> Instant {
        self.begun + Duration::from_millis(self.last_ms.load(Ordering::Relaxed))
    }

    fn now(&self) {
        let ms = u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(ms, Ordering::Relaxed);
    }
}

/// A request's body that notes when it is read.
struct Watched {
    body: UnsyncBoxBody<Bytes, BodyError>,
    progress: Arc<Progress>,
}

impl Body for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        if frame.is_ready() {
            self.progress.now();
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn classify(error: &legacy::Error) -> UpstreamError {
    let mut cause = error.source();
    let mut last = error.to_string();
    while let Some(e) = cause {
        if let Some(e) = e.downcast_ref::<ConnectError>() {
            return not_connected(e);
        }
        if let Some(e) = e.downcast_ref::<hyper::Error>() {
            return broken(e);
        }
        last = e.to_string();
        cause = e.source();
    }
    UpstreamError::Request { reason: last }
}

fn not_connected(error: &ConnectError) -> UpstreamError {
    match error {
        ConnectError::Resolve(ResolveError::NotFound { host, reason }) => UpstreamError::Dns { host: host.clone(), reason: reason.clone() },
        ConnectError::Resolve(ResolveError::Refused { refused, .. }) => UpstreamError::AddressRefused(*refused),
        ConnectError::Tcp { host, source } if source.kind() == std::io::ErrorKind::TimedOut => {
            UpstreamError::ConnectTimeout { host: host.clone() }
        }
        ConnectError::Tcp { host, source } => UpstreamError::Connect { host: host.clone(), reason: source.to_string() },
        ConnectError::Timeout { host } => UpstreamError::ConnectTimeout { host: host.clone() },
        ConnectError::Tls { host, source } => UpstreamError::Tls { host: host.clone(), reason: source.to_string() },
        ConnectError::Address { .. } => UpstreamError::Request { reason: error.to_string() },
    }
}

fn broken(error: &hyper::Error) -> UpstreamError {
    let reason = error.source().map_or_else(|| error.to_string(), |s| format!("{error}: {s}"));
    // hyper cancels a request only as long as it has not begun to write it.
    if error.is_canceled() {
        UpstreamError::Unsent
    } else if error.is_parse() {
        UpstreamError::Malformed { reason }
    } else if error.is_user() {
        UpstreamError::RequestBody { reason: error.source().map_or(reason, ToString::to_string) }
    } else {
        UpstreamError::Reset { reason }
    }
}

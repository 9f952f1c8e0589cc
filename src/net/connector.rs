//! Connections of the upstream client: name or literal → allowed address → TCP → TLS, all within one deadline.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::address::AddressPolicy;
use super::resolver::{ResolveError, Resolver};

/// Why no connection was made. Nothing was sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error("{0}")]
    Resolve(ResolveError),
    #[error("no connection to `{host}`: {source}")]
    Tcp { host: String, source: io::Error },
    #[error("no connection to `{host}` in time")]
    Timeout { host: String },
    #[error("no TLS connection to `{host}`: {source}")]
    Tls { host: String, source: io::Error },
    #[error("`{uri}` is no http or https address")]
    Address { uri: String },
}

/// Makes connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) resolver: Resolver,
    pub(super) policy: Arc<AddressPolicy>,
    pub(super) tls: TlsConnector,
    pub(super) timeout: Duration,
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, ConnectError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.connect(&uri).await.map(TokioIo::new) })
    }
}

impl Connector {
    pub(super) async fn connect(&self, uri: &Uri) -> Result<Stream, ConnectError> {
        let address = || ConnectError::Address { uri: uri.to_string() };
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(address()),
        };
        let host = uri.host().ok_or_else(address)?;
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let deadline = Instant::now() + self.timeout;
        let late = || ConnectError::Timeout { host: host.to_owned() };

        let resolved = timeout_at(deadline, self.resolver.resolve(host, port, &self.policy)).await.map_err(|_| late())?;
        let tcp = connect_any(&resolved.map_err(ConnectError::Resolve)?, host, deadline).await?;
        tcp.set_nodelay(true).map_err(|source| ConnectError::Tcp { host: host.to_owned(), source })?;
        if !secure {
            return Ok(Stream::Plain(tcp));
        }
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(|_| address())?;
        let handshake = timeout_at(deadline, self.tls.connect(name, tcp)).await.map_err(|_| late())?;
        let tls = handshake.map_err(|source| ConnectError::Tls { host: host.to_owned(), source })?;
        Ok(Stream::Tls(Box::new(tls)))
    }
}

/// One address after the other, each with its share of the time that is left, so that a silent one does not use it up.
async fn connect_any(addresses: &[SocketAddr], host: &str, deadline: Instant) -> Result<TcpStream, ConnectError> {
    let mut last = ConnectError::Timeout { host: host.to_owned() };
    for (tried, address) in addresses.iter().enumerate() {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = left / u32::try_from(addresses.len() - tried).unwrap_or(u32::MAX);
        last = match timeout_at(Instant::now() + share, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => return Ok(tcp),
            Ok(Err(source)) => ConnectError::Tcp { host: host.to_owned(), source },
            Err(_) => ConnectError::Timeout { host: host.to_owned() },
        };
    }
    Err(last)
}

/// A connection, plain or not.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_read(cx, buf),
            Self::Tls(s) => Pin::new(s).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_write(cx, buf),
            Self::Tls(s) => Pin::new(s).poll_write(cx, buf),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_flush(cx),
            Self::Tls(s) => Pin::new(s).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_shutdown(cx),
            Self::Tls(s) => Pin::new(s).poll_shutdown(cx),
        }
    }

    fn poll_write_vectored(self: Pin<&mut Self>, cx: &mut Context<'_>, bufs: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_write_vectored(cx, bufs),
            Self::Tls(s) => Pin::new(s).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(s) => s.is_write_vectored(),
            Self::Tls(s) => s.is_write_vectored(),
        }
    }
}

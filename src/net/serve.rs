//! The loop of a listener for people and operators: HTTP/1.1, so many connections at one time, a head in time, until it is told to stop. The gateway
//! has a loop of its own, for strangers.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// A head must be here in this time, and an idle connection is closed after it.
const HEAD: Duration = Duration::from_secs(10);
/// Bytes of a head, and of what is read ahead.
const BUFFER_BYTES: usize = 16 << 10;
/// What runs when the listener stops has this time to end.
const GRACE: Duration = Duration::from_secs(5);

/// Who is connected. Stands among the extensions of each request.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Answers until `stop` is true, `connections` at one time; others wait. `name` says in the log which listener it is.
pub async fn serve<S, B>(name: &'static str, connections: usize, listener: TcpListener, service: S, mut stop: watch::Receiver<bool>)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|s| *s) => break,
            accepted = listener.accept(), if tasks.len() < connections => accepted,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => continue,
        };
        match accepted {
            Ok((stream, peer)) => {
                tasks.spawn(connection(name, stream, peer, service.clone(), stop.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, listener = name, "a connection could not be accepted");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
    if timeout(GRACE, async { while tasks.join_next().await.is_some() {} }).await.is_err() {
        tracing::debug!(listener = name, "connections did not end in time");
    }
}

async fn connection<S, B>(name: &'static str, stream: TcpStream, peer: SocketAddr, service: S, mut stop: watch::Receiver<bool>)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer.ip()));
        service.call(request)
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    let http = http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(BUFFER_BYTES);
    let mut served = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    let told = async { stop.wait_for(|s| *s).await.map(drop) };
    let ended = tokio::select! {
        ended = served.as_mut() => Some(ended),
        _ = told => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, listener = name, "a connection ended with an error");
    }
}

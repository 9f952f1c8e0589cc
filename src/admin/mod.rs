//! The admin listener: health of this instance and its metrics. Loopback unless told otherwise.
//!
//! Comes in: requests of operators and their machines. Goes out: `/livez`, `/readyz`, `/metrics`. Asks no store: an instance is
//! judged by itself.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::telemetry;

/// Connections at one time: probes and one scraper need few.
const CONNECTIONS: usize = 64;
/// A head must be here in this time, and an idle connection is closed after it.
const HEAD: Duration = Duration::from_secs(10);

/// Whether this instance wants calls.
#[derive(Debug, Default)]
pub struct Health {
    ready: AtomicBool,
}

impl Health {
    /// Says that the first snapshot is published.
    pub fn ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    /// Says that this instance is about to stop: balancers shall look elsewhere.
    pub fn draining(&self) {
        self.ready.store(false, Ordering::Release);
    }

    /// Does it want calls?
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }
}

/// The addresses of the admin listener.
pub fn router(health: Arc<Health>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(health)
        .layer(axum::middleware::map_response(identified))
}

/// Every answer carries its request id.
async fn identified(mut response: Response) -> Response {
    if let Ok(id) = HeaderValue::from_str(&telemetry::request_id()) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

async fn readyz(State(health): State<Arc<Health>>) -> (StatusCode, &'static str) {
    if health.is_ready() { (StatusCode::OK, "ok\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "not ready\n") }
}

async fn metrics() -> impl IntoResponse {
    let handle = telemetry::metrics();
    handle.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render())
}

/// Answers until `stop` is true.
pub async fn serve(listener: TcpListener, health: Arc<Health>, mut stop: watch::Receiver<bool>) {
    let service = TowerToHyperService::new(router(health));
    let mut tasks = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            _ = stop.wait_for(|s| *s) => return,
            accepted = accept(&listener), if tasks.len() < CONNECTIONS => accepted,
            Some(_) = tasks.join_next(), if !tasks.is_empty() => continue,
        };
        let service = service.clone();
        match accepted {
            Ok(stream) => {
                tasks.spawn(async move {
                    let mut http = hyper::server::conn::http1::Builder::new();
                    let http = http.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(16 << 10);
                    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
                        tracing::debug!(%error, "an admin connection ended with an error");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "an admin connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn accept(listener: &TcpListener) -> io::Result<tokio::net::TcpStream> {
    listener.accept().await.map(|(stream, _)| stream)
}

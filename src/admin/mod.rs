//! The admin listener: health of this instance, its metrics, and the admin API. Loopback unless told otherwise.
//!
//! Comes in: requests of operators and their machines. Goes out: `/livez`, `/readyz`, `/alarms`, `/metrics`, which ask no store, because an instance is
//! judged by itself; and `/admin/v1/…`, the acts of [`crate::manage`] over HTTP with the roles that each asks for (`docs/admin.md`).

mod api;
mod call;
mod document;
mod openapi;
mod problems;
mod reply;
mod route;
mod state;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use axum::Router;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::call::RequestId;
use crate::alarm;
use crate::problem::{Problem, Reason};
use crate::telemetry;

pub use api::Merge;
pub use state::{AdminState, token_file, write_token};

/// Connections at one time: probes, one scraper and people need few.
const CONNECTIONS: usize = 64;

/// Whether this instance wants calls.
#[derive(Debug, Default)]
pub struct Health {
    ready: AtomicBool,
    /// How old what is served may be, in seconds; 0: it is what the store holds.
    stale: AtomicU64,
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

    /// Says how many seconds ago what is served was last known to be what the store holds; 0: it is.
    pub fn stale(&self, seconds: u64) {
        self.stale.store(seconds, Ordering::Release);
    }

    /// Does it want calls?
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }
}

/// The addresses of the admin listener; without `state` those of the instance alone.
pub fn router(health: Arc<Health>, state: Option<AdminState>) -> Router {
    let instance = Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/alarms", get(alarms));
    let router = match state {
        Some(state) => {
            let state = Arc::new(state);
            instance.with_state(health).merge(api::router(state))
        }
        None => instance.with_state(health),
    };
    router.fallback(nowhere).method_not_allowed_fallback(otherwise).layer(axum::middleware::from_fn(identified))
}

/// The OpenAPI document of the admin API.
///
/// # Errors
/// It cannot be written, which does not happen.
pub fn openapi() -> serde_json::Result<String> {
    openapi::document(&api::routes())
}

/// Every answer carries its request id.
async fn identified(mut request: Request, next: Next) -> Response {
    let id = telemetry::request_id();
    request.extensions_mut().insert(RequestId(id.as_str().into()));
    let mut response = next.run(request).await;
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

async fn nowhere(Extension(id): Extension<RequestId>) -> Response {
    reply::problem(&Problem::new(Reason::NoSuchResource, 404, "There is nothing at this address.").with_code("castile.not_found"), &id)
}

async fn otherwise(Extension(id): Extension<RequestId>) -> Response {
    let text = "This address does not have this method; `Allow` names those that it has.";
    reply::problem(&Problem::new(Reason::MethodNotAllowed, 405, text).with_code("castile.method_not_allowed"), &id)
}

/// A stale snapshot is served all the same: balancers that look elsewhere would find nodes that are as old.
async fn readyz(State(health): State<Arc<Health>>) -> (StatusCode, String) {
    if !health.is_ready() {
        return (StatusCode::SERVICE_UNAVAILABLE, "not ready\n".to_owned());
    }
    match health.stale.load(Ordering::Acquire) {
        0 => (StatusCode::OK, "ok\n".to_owned()),
        seconds => (StatusCode::OK, format!("ok, stale: the store is away, and what is served is {seconds} s old\n")),
    }
}

/// The alarms of this instance.
async fn alarms() -> axum::Json<serde_json::Value> {
    axum::Json(serde_json::json!({ "alarms": alarm::standing() }))
}

async fn metrics() -> impl IntoResponse {
    let handle = telemetry::metrics();
    handle.run_upkeep();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], handle.render())
}

/// Answers until `stop` is true; without `state` there is no admin API.
pub async fn serve(listener: TcpListener, health: Arc<Health>, stop: watch::Receiver<bool>, state: Option<AdminState>) {
    let service = TowerToHyperService::new(router(health, state));
    crate::net::serve::serve("admin", CONNECTIONS, listener, service, stop).await;
}

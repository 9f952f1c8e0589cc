//! The portal: pages for developers, publishers and administrators.
//!
//! Comes in: requests of browsers. Goes out: pages that work without scripts, load nothing from elsewhere, and let people do what [`crate::manage`] lets
//! them do. Every route declares who may; every form that changes something is known to come from a page of the portal. Must not know: how APIs are
//! stored, compiled or called.

mod answer;
mod assets;
mod code;
mod fail;
mod form;
mod origin;
mod pages;
mod route;
mod session;
mod state;
mod view;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use route::{Page, Verb, Who};
pub use state::Portal;
pub use visit::RequestId;

use crate::telemetry;

/// Where the page of the set-up link is, and the name of the parameter that holds its secret is `token`.
pub const SET_UP_PATH: &str = "/setup";
/// Connections at one time.
const CONNECTIONS: usize = 256;

/// Every route with who may: what tests and readers go by.
pub fn routes() -> Vec<Page> {
    pages::routes().pages
}

/// The addresses of the portal.
pub fn router(portal: Arc<Portal>) -> Router {
    pages::routes().into_router(portal).layer(axum::middleware::from_fn(identified))
}

/// Answers until `stop` is true.
pub async fn serve(listener: TcpListener, portal: Portal, stop: watch::Receiver<bool>) {
    let service = TowerToHyperService::new(router(Arc::new(portal)));
    crate::net::serve::serve("portal", CONNECTIONS, listener, service, stop).await;
}

/// Every answer carries its request id, and what browsers must not do with it.
async fn identified(mut request: Request, next: Next) -> Response {
    let id = telemetry::request_id();
    request.extensions_mut().insert(RequestId(id.as_str().into()));
    let mut response = next.run(request).await;
    answer::guard(response.headers_mut(), &id);
    response
}

//! The mock's listener.

use std::future::Future;
use std::io;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Request as HttpRequest, Response, StatusCode, header};
use tokio::net::TcpListener;

use super::Mock;
use super::answer::{Reply, Request};

/// Answers at any path of a listener until `stop` is done; calls that are under way are finished.
///
/// # Errors
/// The listener's own.
pub async fn serve(mock: Arc<Mock>, listener: TcpListener, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let router = Router::new().fallback(handle).with_state(mock);
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

async fn handle(State(mock): State<Arc<Mock>>, request: HttpRequest<Body>) -> Response<Body> {
    let (head, body) = request.into_parts();
    let Ok(body) = to_bytes(body, mock.options.body_limit_bytes).await else {
        return respond(
            &head.method,
            Reply { status: 413, content_type: "text/plain".into(), body: Arc::from(*b"too large, or cut off\n") },
        );
    };
    if !mock.options.delay.is_zero() {
        tokio::time::sleep(mock.options.delay).await;
    }
    // Actions are URIs and have any character where a service states one: fields are read as UTF-8.
    let text = |name: &str| head.headers.get(name).map(|v| String::from_utf8_lossy(v.as_bytes()));
    let url = format!("http://{}{}", text("host").as_deref().unwrap_or("localhost"), head.uri.path());
    let reply = mock.answer(&Request {
        method: head.method.as_str(),
        query: head.uri.query().unwrap_or_default(),
        url: &url,
        content_type: text("content-type").as_deref().unwrap_or_default(),
        soap_action: text("soapaction").as_deref(),
        body: &body,
    });
    respond(&head.method, reply)
}

fn respond(method: &axum::http::Method, reply: Reply) -> Response<Body> {
    let mut response = Response::new(Body::from(bytes::Bytes::from_owner(reply.body)));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !reply.content_type.is_empty() {
        let value = header::HeaderValue::from_str(&reply.content_type);
        response.headers_mut().extend(value.map(|v| (header::CONTENT_TYPE, v)));
    }
    if method == axum::http::Method::HEAD {
        *response.body_mut() = Body::empty();
    }
    response
}

//! Answers: never kept by anybody on the way.

use axum::body::Body;
use axum::response::Response;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use super::call::RequestId;
use crate::problem::{Origin, Problem};

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    finished(status, None, Body::empty())
}

/// A JSON document.
pub(super) fn json(status: StatusCode, body: Vec<u8>) -> Response {
    finished(status, Some("application/json"), Body::from(body))
}

/// A problem; what only the log may say is said there.
pub(super) fn problem(problem: &Problem, id: &RequestId) -> Response {
    if problem.reason.origin() == Origin::Gateway {
        tracing::error!(request_id = %id.0, code = %problem.code, reason = problem.private.as_deref().unwrap_or(&problem.detail), "an admin request failed");
    }
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = finished(status, Some("application/problem+json"), Body::from(problem.to_json(&id.0)));
    let headers = response.headers_mut();
    headers.extend(problem.challenges.iter().filter_map(|c| Some((WWW_AUTHENTICATE, HeaderValue::from_str(c).ok()?))));
    headers.extend(problem.allow.as_ref().and_then(|a| Some((ALLOW, HeaderValue::from_str(a).ok()?))));
    headers.extend(problem.retry_after.map(|s| (RETRY_AFTER, HeaderValue::from(s))));
    response
}

fn finished(status: StatusCode, content_type: Option<&'static str>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.extend(content_type.map(|t| (CONTENT_TYPE, HeaderValue::from_static(t))));
    response
}

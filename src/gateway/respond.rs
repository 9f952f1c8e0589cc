//! What a caller gets: the only place that writes statuses and header fields of answers.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};

use super::body::AnswerBody;
use crate::mediate::{FaultCode, fault_envelope};
use crate::plan::node::SoapVersion;
use crate::problem::{Origin, Problem};
use crate::throttle::Standing;

/// The field that every answer has.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a caller speaks, and so what its errors look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    /// Problem documents.
    Json,
    /// Faults of SOAP 1.1.
    Soap11,
    /// Faults of SOAP 1.2.
    Soap12,
}

/// An answer of that type.
pub(super) fn bytes(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<AnswerBody> {
    with_type(status, content_type, AnswerBody::whole(body))
}

/// An answer of that type whose body is made already.
pub(super) fn with_type(status: StatusCode, content_type: &'static str, body: AnswerBody) -> Response<AnswerBody> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    response
}

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::empty());
    *response.status_mut() = status;
    response
}

/// A problem in the caller's language. `fault_status` replaces the status for SOAP callers that know only 500.
pub(super) fn problem(problem: &Problem, speaks: Speaks, request_id: &str, fault_status: Option<u16>) -> Response<AnswerBody> {
    let (status, content_type, body) = match speaks {
        Speaks::Json => (problem.status, "application/problem+json", problem.to_json(request_id)),
        Speaks::Soap11 => {
            (fault_status.unwrap_or(problem.status), "text/xml; charset=utf-8", fault(problem, SoapVersion::Soap11, request_id))
        }
        Speaks::Soap12 => {
            (fault_status.unwrap_or(problem.status), "application/soap+xml; charset=utf-8", fault(problem, SoapVersion::Soap12, request_id))
        }
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = bytes(status, content_type, body);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = problem.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    for challenge in problem.challenges.iter().filter_map(|c| HeaderValue::from_str(c).ok()) {
        headers.append(WWW_AUTHENTICATE, challenge);
    }
    if status == StatusCode::UNAUTHORIZED && problem.challenges.is_empty() {
        // RFC 9110, section 11.6.1: the credentials that failed were a message's own.
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("WSSE profile=\"UsernameToken\""));
    }
    if let Some(allow) = problem.allow.as_deref().and_then(|a| HeaderValue::from_str(a).ok()) {
        headers.insert(ALLOW, allow);
    }
    response
}

/// The same facts as a problem document has, as a fault.
fn fault(problem: &Problem, version: SoapVersion, request_id: &str) -> Vec<u8> {
    let code = if problem.reason.origin() == Origin::Caller { FaultCode::Sender } else { FaultCode::Receiver };
    let (type_, status) = (problem.type_uri(), problem.status.to_string());
    let retry_after = problem.retry_after.map(|s| s.to_string());
    let mut details: Vec<(&'static str, &str)> =
        vec![("type", &type_), ("title", &problem.title), ("status", &status), ("code", &problem.code)];
    details.extend(problem.scope.map(|s| ("scope", s)));
    details.extend(retry_after.as_deref().map(|s| ("retry_after", s)));
    details.push(("request_id", request_id));
    fault_envelope(version, code, &problem.detail, &details)
}

/// Adds fields of the upstream's reply; what the gateway says itself stays.
pub(super) fn add(response: &mut Response<AnswerBody>, returned: HeaderMap) {
    let headers = response.headers_mut();
    let own: Vec<HeaderName> = returned.keys().filter(|name| headers.contains_key(*name)).cloned().collect();
    let mut last = None;
    for (name, value) in returned {
        // A name comes with the first of its values only.
        last = name.or(last);
        if let Some(name) = last.as_ref().filter(|name| !own.contains(name)) {
            headers.append(name.clone(), value);
        }
    }
}

/// Says how the caller's limits stand (draft-ietf-httpapi-ratelimit-headers).
pub(super) fn standing(response: &mut Response<AnswerBody>, standing: &Standing) {
    let headers = response.headers_mut();
    for (name, value) in [("ratelimit", standing.rate_limit()), ("ratelimit-policy", standing.policy())] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

/// The answer to OPTIONS.
pub(super) fn options(allow: &str) -> Response<AnswerBody> {
    let mut response = empty(StatusCode::NO_CONTENT);
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

//! The door: every request comes in here and every answer leaves here, with its request id and its line in the log.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use futures_util::FutureExt;
use http::header::{CONNECTION, EXPECT, HOST, HeaderMap};
use http::{Method, Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::body::Incoming;

use super::body::AnswerBody;
use super::callers::{self, Through};
use super::cors;
use super::head::{self, Refusal};
use super::listener::Connection;
use super::record::Record;
use super::respond::{self, Speaks};
use super::{Call, Gateway};
use crate::net::address::is_loopback_host;
use crate::problem::{Problem, Reason};
use crate::telemetry::{names, request_id};

impl Gateway {
    /// Answers one request of a connection. Total: a panic is a 500.
    pub(super) async fn answer(&self, request: Request<Incoming>, connection: &Arc<Connection>) -> Response<AnswerBody> {
        let n = connection.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let is_last = n >= self.config.limits.http.requests_per_connection;
        if is_last {
            connection.enough.notify_one();
        }
        let (head, body) = request.into_parts();
        let refusal = connection.wire.as_ref().and_then(|w| w.refusal(n));
        // The request that stands in the place of a refused one is not what was called.
        let (path, method) = if refusal.is_some() { ("", &Method::GET) } else { (head.uri.path(), &head.method) };
        let mut record = Box::new(Record::open(request_id(), connection, &self.ledger, &self.usage, method, path));
        let through = Through::of(&self.config.network, connection.peer.ip(), &head.headers);
        record.caller = through.caller;
        let is_head = head.method == Method::HEAD;
        let announced = body.size_hint().exact();
        let mut call = Call {
            method: if is_head { Method::GET } else { head.method.clone() },
            path: head.uri.path(),
            query: head.uri.query(),
            version: head.version,
            headers: &head.headers,
            body: Some(body),
            announced,
            public_url: String::new(),
            speaks: Speaks::Json,
            fault_status: None,
            returned: HeaderMap::new(),
            certificate: through.certificate.unwrap_or(connection.certificate),
            cors: None,
            standing: None,
            record: &mut record,
        };
        let outcome = match self.check(&head, refusal, &through, connection, &mut call) {
            Ok(()) if head.uri.path() == "*" => Ok(respond::options(head::METHODS)),
            Ok(()) => AssertUnwindSafe(self.call(&mut call)).catch_unwind().await.unwrap_or_else(|panic| Err(panicked(&*panic))),
            Err(problem) => Err(problem),
        };
        let (speaks, fault_status, returned) = (call.speaks, call.fault_status, std::mem::take(&mut call.returned));
        let (standing, cors) = (call.standing, call.cors);
        if let Some(pass) = record.sent.pass.take() {
            pass.end(!outcome.as_ref().is_err_and(|p| p.upstream_failed));
        }
        let mut response = match outcome {
            Ok(response) => response,
            Err(problem) => {
                record.reason = Some(problem.reason);
                record.private.clone_from(&problem.private);
                respond::problem(&problem, speaks, &record.request_id, fault_status)
            }
        };
        respond::add(&mut response, returned);
        if let Some(standing) = standing {
            respond::standing(&mut response, &standing);
        }
        let console = record.api.as_ref().and_then(|_| self.consoles.rules_for(&head.headers));
        if let Some(rules) = console.or(cors) {
            response = cors::dress(&rules, &head.method, &head.headers, response).await;
        }
        let mut response = leave(response, record, is_head);
        if is_last && connection.wire.is_some() {
            response.headers_mut().insert(CONNECTION, http::HeaderValue::from_static("close"));
        }
        response
    }

    /// What is refused before it is asked what the request means.
    fn check(
        &self,
        head: &http::request::Parts,
        refusal: Option<Refusal>,
        through: &Through,
        connection: &Connection,
        call: &mut Call<'_>,
    ) -> Result<(), Problem> {
        let bad = |text: &str| Err(Problem::new(Reason::BadRequest, 400, text));
        if !self.config.network.callers.permits(through.caller) {
            return Err(callers::refused());
        }
        if let Some(refusal) = refusal {
            return Err(refusal.problem());
        }
        let limits = &self.config.limits.http;
        if connection.wire.is_none() || head.version == Version::HTTP_2 {
            check_http2(head, limits.headers, limits.uri.get())?;
        }
        if let Some(text) = head::path_refusal(head.uri.path()) {
            return bad(text);
        }
        let host = match (head.headers.get(HOST), head.uri.authority()) {
            (Some(host), _) => String::from_utf8_lossy(host.as_bytes()).into_owned(),
            (None, Some(authority)) => authority.as_str().to_owned(),
            (None, None) => return Err(Refusal::NoHost.problem()),
        };
        let scheme = || through.scheme.unwrap_or(if connection.is_tls { "https" } else { "http" });
        call.public_url = match (&self.config.gateway.public_url, &through.host) {
            (Some(url), _) => url.as_str().trim_end_matches('/').to_owned(),
            (None, Some(host)) => format!("{}://{host}", scheme()),
            // A name that others own could point here (DNS rebinding), and would be repeated in documents.
            (None, None) if !is_loopback_host(&host) => {
                let text = "This gateway answers to loopback names only, because no public address is configured.";
                return Err(Problem::new(Reason::BadRequest, 421, text).with_code("castile.misdirected"));
            }
            (None, None) => format!("{}://{host}", scheme()),
        };
        Ok(())
    }
}

/// What the inspector of HTTP/1 heads checks there.
fn check_http2(head: &http::request::Parts, headers: usize, uri: usize) -> Result<(), Problem> {
    if head::is_refused_method(head.method.as_str()) {
        return Err(Refusal::Method.problem());
    }
    if head.headers.len() > headers {
        return Err(Refusal::TooManyFields.problem());
    }
    if head.uri.path_and_query().map_or(0, |p| p.as_str().len()) > uri {
        return Err(Refusal::TargetTooLong.problem());
    }
    let mut hosts = head.headers.get_all(HOST).iter();
    if let (Some(host), other) = (hosts.next(), hosts.next()) {
        if other.is_some() {
            return Err(Refusal::TwoHosts.problem());
        }
        if head.uri.authority().is_some_and(|a| !a.as_str().as_bytes().eq_ignore_ascii_case(host.as_bytes())) {
            return Err(Refusal::HostContradicts.problem());
        }
    }
    let expects_else = head.headers.get(EXPECT).is_some_and(|e| !e.as_bytes().eq_ignore_ascii_case(b"100-continue"));
    if expects_else { Err(Refusal::Expectation.problem()) } else { Ok(()) }
}

fn panicked(panic: &(dyn std::any::Any + Send)) -> Problem {
    metrics::counter!(names::PANICS).increment(1);
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    let text = text.unwrap_or_else(|| String::from("a panic without a text"));
    tracing::error!(panic = %text, "a call panicked");
    Problem::internal(text)
}

/// The last step of every answer.
fn leave(response: Response<AnswerBody>, mut record: Box<Record>, is_head: bool) -> Response<AnswerBody> {
    let mut response = response;
    if let Ok(id) = http::HeaderValue::from_str(&record.request_id) {
        response.headers_mut().insert(respond::REQUEST_ID, id);
    }
    record.status = response.status().as_u16();
    if is_head {
        if let Some(length) = response.body().size_hint().exact().filter(|_| response.status() != StatusCode::NO_CONTENT) {
            response.headers_mut().insert(http::header::CONTENT_LENGTH, http::HeaderValue::from(length));
        }
        response = response.map(AnswerBody::without_bytes);
    }
    response.map(|body| body.recorded(record))
}

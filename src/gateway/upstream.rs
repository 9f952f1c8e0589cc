//! The call of the SOAP service: what travels, deadlines, one retry where nothing was sent, what a failure is called.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::Instant;

use super::Gateway;
use super::breaker::Pass;
use super::limits::CallLimits;
use super::login::{Session, Token};
use super::message::Message;
use super::reply::Reply;
use crate::catalog::{Provenance, PublishedApi};
use crate::net::fields;
use crate::net::upstream::{BodyError, Deadlines, UpstreamClient, UpstreamError};
use crate::problem::{Problem, Reason};

/// Header fields that travel to the upstream besides those that the call itself writes: trace context, what the API lists of the caller's, the API's
/// own credentials, and what the upstream is told of the caller.
pub(super) fn forwarded(api: &PublishedApi, caller: &HeaderMap, request_id: &str, told: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let listed = api.definition.endpoint.forward_headers.iter().map(String::as_str);
    for name in ["traceparent", "tracestate"].into_iter().chain(listed) {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        if headers.contains_key(&name) || !fields::may_be_forwarded(name.as_str()) || is_of_the_connection(caller, &name) {
            continue;
        }
        for value in caller.get_all(&name) {
            headers.append(name.clone(), value.clone());
        }
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert(super::respond::REQUEST_ID, id);
    }
    headers.insert(USER_AGENT, HeaderValue::from_static(concat!("castile/", env!("CARGO_PKG_VERSION"))));
    for (name, value) in &api.fields {
        let (Ok(name), Ok(mut value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value.reveal())) else { continue };
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    for (name, value) in told {
        headers.insert(name.clone(), value.clone());
    }
    headers
}

/// Does the Connection field of that side name it? Then it ends here (RFC 9110, section 7.6.1).
fn is_of_the_connection(side: &HeaderMap, name: &HeaderName) -> bool {
    let options = side.get_all(CONNECTION).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
    options.map(str::trim).any(|o| o.eq_ignore_ascii_case(name.as_str()))
}

/// Header fields that travel from the upstream to the caller: what the API lists.
pub(super) fn returned(api: &PublishedApi, reply: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in &api.definition.endpoint.return_headers {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        if !fields::may_be_returned(name.as_str()) || is_of_the_connection(reply, &name) {
            continue;
        }
        for value in reply.get_all(&name) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

/// What became of a request that was sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Until the reply's head was there, or did not come.
    pub(super) took: Option<Duration>,
    /// The status of the reply.
    pub(super) status: Option<u16>,
    /// Its breaker, until it is known how the reply ended.
    pub(super) pass: Option<Pass>,
}

/// A request ready to be sent.
pub(super) struct Outgoing {
    pub(super) url: String,
    pub(super) headers: HeaderMap,
}

impl Outgoing {
    /// `token` stands where the caller gives no `Authorization` of its own for the upstream.
    fn request<B>(&self, body: B, token: Option<&Token>) -> Result<Request<B>, Problem> {
        let mut request = Request::post(&self.url)
            .body(body)
            .map_err(|e| unreachable().with_private(format!("the endpoint's address cannot be used: {e}")))?;
        *request.headers_mut() = self.headers.clone();
        if let Some(token) = token {
            request.headers_mut().insert(AUTHORIZATION, token.value());
        }
        Ok(request)
    }
}

/// Sends a message that is here; once more where nothing of it was sent. `until`: the end of the call, where it began before this.
pub(super) async fn send(
    gateway: &Gateway,
    api: &PublishedApi,
    outgoing: &Outgoing,
    message: &Message,
    until: Option<Instant>,
    sent: &mut Sent,
) -> Result<Reply, Problem> {
    let deadlines = deadlines(gateway, api, until);
    let pass = gateway.breakers.enter(api, &outgoing.url)?;
    let began = Instant::now();
    let mut desk = Desk::of(gateway, api, outgoing, deadlines).await?;
    let mut result = once(&desk, outgoing, message, deadlines).await?;
    if result.as_ref().err().is_some_and(|e| e.nothing_sent() && e.is_worth_a_retry()) && pass.may_retry() {
        result = once(&desk, outgoing, message, deadlines).await?;
    }
    if desk.judge(&result) && desk.renew(api, deadlines).await {
        result = once(&desk, outgoing, message, deadlines).await?;
        desk.judge(&result);
    }
    let is_hurried = until.is_some_and(|until| deadlines.whole == until);
    received(gateway, api, outgoing, result, Began { deadlines, began, pass, is_hurried }, sent)
}

/// Who sends: the client of all APIs or the API's own, and the token that goes with each request.
struct Desk {
    client: UpstreamClient,
    session: Option<Arc<Session>>,
    token: Option<Arc<Token>>,
}

impl Desk {
    async fn of(gateway: &Gateway, api: &PublishedApi, outgoing: &Outgoing, deadlines: Deadlines) -> Result<Self, Problem> {
        let Some(session) = gateway.logins.of(api, gateway)? else {
            return Ok(Self { client: gateway.upstreams.of(api).clone(), session: None, token: None });
        };
        let token = match outgoing.headers.contains_key(AUTHORIZATION) {
            true => None,
            false => session.token(api, None, deadlines.whole).await?,
        };
        Ok(Self { client: session.client.clone(), session: Some(session), token })
    }

    /// Takes note of what became of the token. Gives whether another one may help.
    fn judge(&self, result: &Result<Response<Incoming>, UpstreamError>) -> bool {
        let (Some(session), Some(token), Ok(reply)) = (&self.session, &self.token, result) else { return false };
        session.judge(token, reply)
    }

    /// Puts a new token in the place of the one that was refused. Where there is none, what the upstream answered stands.
    async fn renew(&mut self, api: &PublishedApi, deadlines: Deadlines) -> bool {
        let (Some(session), Some(refused)) = (&self.session, &self.token) else { return false };
        match session.token(api, Some(refused), deadlines.whole).await {
            Ok(Some(token)) => {
                self.token = Some(token);
                true
            }
            Ok(None) | Err(_) => false,
        }
    }
}

async fn once(
    desk: &Desk,
    outgoing: &Outgoing,
    message: &Message,
    deadlines: Deadlines,
) -> Result<Result<Response<Incoming>, UpstreamError>, Problem> {
    Ok(match message.whole() {
        Some(bytes) => desk.client.send(outgoing.request(Full::new(bytes.clone()), desk.token.as_deref())?, deadlines).await,
        None => desk.client.send(outgoing.request(message.body(), desk.token.as_deref())?, deadlines).await,
    })
}

/// Sends a message once, for people to look at: nothing is learnt of the service by it. Gives status, header fields and body of the reply.
pub(super) async fn trial(
    gateway: &Gateway,
    api: &PublishedApi,
    outgoing: &Outgoing,
    message: &Message,
    limit: u64,
) -> Result<(u16, HeaderMap, Bytes), Problem> {
    let deadlines = deadlines(gateway, api, None);
    let desk = Desk::of(gateway, api, outgoing, deadlines).await?;
    let sent = once(&desk, outgoing, message, deadlines).await?;
    let (head, body) = sent.map_err(|e| unreachable().with_private(e.to_string()))?.into_parts();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let body = tokio::time::timeout_at(deadlines.whole, http_body_util::BodyExt::collect(http_body_util::Limited::new(body, limit))).await;
    let cut = |e: Box<dyn std::error::Error + Send + Sync>| unreachable().with_private(format!("the reply broke off: {e}"));
    let body = body.map_err(|_| too_slow())?.map_err(cut)?;
    Ok((head.status.as_u16(), head.headers, body.to_bytes()))
}

/// Sends a body that is still coming: never twice.
pub(super) async fn send_stream<B>(
    gateway: &Gateway,
    api: &PublishedApi,
    outgoing: &Outgoing,
    body: B,
    sent: &mut Sent,
) -> Result<Reply, Problem>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    let deadlines = deadlines(gateway, api, None);
    let pass = gateway.breakers.enter(api, &outgoing.url)?;
    let began = Instant::now();
    let desk = Desk::of(gateway, api, outgoing, deadlines).await?;
    let result = desk.client.send(outgoing.request(body, desk.token.as_deref())?, deadlines).await;
    // What is still coming cannot be sent again: the next call has a new token.
    desk.judge(&result);
    received(gateway, api, outgoing, result, Began { deadlines, began, pass, is_hurried: false }, sent)
}

fn deadlines(gateway: &Gateway, api: &PublishedApi, until: Option<Instant>) -> Deadlines {
    let limits = CallLimits::of(api, &gateway.config.limits);
    let whole = Instant::now() + limits.call;
    Deadlines { first_byte: limits.first_byte, whole: until.map_or(whole, |u| u.min(whole)) }
}

/// A call that was begun.
struct Began {
    deadlines: Deadlines,
    began: Instant,
    pass: Pass,
    /// Is its end sooner than the API's limits say? Then a wait that it ends says nothing of the service.
    is_hurried: bool,
}

fn received(
    gateway: &Gateway,
    api: &PublishedApi,
    outgoing: &Outgoing,
    result: Result<Response<Incoming>, UpstreamError>,
    Began { deadlines, began, pass, is_hurried }: Began,
    sent: &mut Sent,
) -> Result<Reply, Problem> {
    sent.took = Some(began.elapsed());
    let response = match result {
        Ok(response) => response,
        Err(error) => {
            let is_our_end = is_hurried && error.is_timeout() && Instant::now() >= deadlines.whole;
            if is_upstreams(&error) && !is_our_end {
                pass.end(false);
            }
            return Err(failure(api, &error));
        }
    };
    sent.status = Some(response.status().as_u16());
    let reply = Reply::new(response, deadlines.whole);
    if is_of_a_proxy(&reply) {
        pass.end(false);
    } else {
        // Whether it is an envelope shows when it is read. What is there and no service says so by these.
        let says_nothing = matches!(reply.status.as_u16(), 202 | 204);
        let is_there = reply.status.is_server_error() || is_of_soap(&reply) || says_nothing;
        sent.pass = Some(if is_there { pass } else { gateway.breakers.of_path(pass, &outgoing.url) });
    }
    Ok(reply)
}

/// Is it the service's failure, and neither the caller's nor of our own settings?
fn is_upstreams(error: &UpstreamError) -> bool {
    !matches!(error, UpstreamError::RequestBody { .. } | UpstreamError::Request { .. } | UpstreamError::AddressRefused(_))
}

/// What a proxy before the service says when the service is away: a status for that, and no envelope.
fn is_of_a_proxy(reply: &Reply) -> bool {
    matches!(reply.status.as_u16(), 502..=504) && !is_of_soap(reply)
}

/// Does it say that it is of a kind that envelopes come in?
fn is_of_soap(reply: &Reply) -> bool {
    let type_ = reply.media_type().essence;
    type_.ends_with("xml") || type_ == "multipart/related"
}

fn unreachable() -> Problem {
    Problem::new(Reason::UpstreamUnreachable, 502, "The SOAP service behind this API cannot be reached.")
}

pub(super) fn too_slow() -> Problem {
    let mut problem = Problem::new(Reason::UpstreamTimeout, 504, "The SOAP service behind this API did not answer in time.");
    problem.upstream_failed = true;
    problem
}

/// What a caller reads of a call that failed; the host's name is for the log.
fn failure(api: &PublishedApi, error: &UpstreamError) -> Problem {
    let problem = match error {
        e if e.is_timeout() => too_slow(),
        UpstreamError::Reset { .. } => {
            Problem::new(Reason::UpstreamReply, 502, "The SOAP service behind this API closed the connection without an answer.")
        }
        UpstreamError::Malformed { .. } => {
            Problem::new(Reason::UpstreamReply, 502, "The SOAP service behind this API did not answer in HTTP.")
        }
        UpstreamError::RequestBody { .. } => Problem::new(Reason::BadRequest, 400, "The request's body could not be read to its end."),
        _ => unreachable(),
    };
    let rule = match (error, api.provenance) {
        (UpstreamError::AddressRefused(_), Provenance::Uploaded) => {
            "; an uploaded API calls public addresses and the networks of `network.allow`"
        }
        _ => "",
    };
    problem.with_private(format!("{}: {error}{rule}", error.kind()))
}

//! The call of the SOAP service and its reply's bytes: deadlines, one retry where nothing was sent, decompression, the root part.

use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use http::{Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::time::{Instant, timeout_at};

use super::Gateway;
use super::record::Record;
use crate::catalog::PublishedApi;
use crate::mediate::mime::{MediaType, MimeError, RootPart};
use crate::net::inflate::{Inflate, InflateError};
use crate::net::upstream::{BodyError, Deadlines, UpstreamError};
use crate::problem::{Problem, Reason};

/// Retries that may be made: a fifth of the calls, some of them saved up.
#[derive(Debug)]
pub(super) struct RetryBudget(AtomicI64);

impl Default for RetryBudget {
    fn default() -> Self {
        Self(AtomicI64::new(Self::FULL))
    }
}

impl RetryBudget {
    /// In fifths of a retry.
    const FULL: i64 = 50;
    const PRICE: i64 = 5;

    fn earn(&self) {
        let earned = self.0.fetch_add(1, Ordering::Relaxed);
        if earned >= Self::FULL {
            self.0.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn spend(&self) -> bool {
        if self.0.fetch_sub(Self::PRICE, Ordering::Relaxed) >= Self::PRICE {
            return true;
        }
        self.0.fetch_add(Self::PRICE, Ordering::Relaxed);
        false
    }
}

/// Header fields that travel from caller to upstream besides those that the call itself writes: trace context, and what the API lists.
pub(super) fn forwarded(api: &PublishedApi, caller: &HeaderMap, request_id: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let listed = api.definition.endpoint.forward_headers.iter().map(String::as_str);
    for name in ["traceparent", "tracestate"].into_iter().chain(listed) {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { continue };
        if is_never_forwarded(&name) {
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
    headers
}

/// Fields of one connection (RFC 9110, section 7.6.1), credentials, and what the call writes itself: never forwarded, listed or not.
fn is_never_forwarded(name: &HeaderName) -> bool {
    const NEVER: [&str; 20] = [
        "connection",
        "keep-alive",
        "proxy-connection",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "expect",
        "authorization",
        "x-authorization",
        "cookie",
        "set-cookie",
        "apikey",
        "content-length",
        "content-encoding",
        "accept-encoding",
        "x-request-id",
        "x-jwt-assertion",
    ];
    NEVER.contains(&name.as_str()) || name == HOST || name == CONTENT_TYPE || name == ACCEPT
}

/// A request ready to be sent.
pub(super) struct Outgoing {
    pub(super) url: String,
    pub(super) headers: HeaderMap,
}

impl Outgoing {
    fn request<B>(&self, body: B) -> Result<Request<B>, Problem> {
        let mut request = Request::post(&self.url)
            .body(body)
            .map_err(|e| unreachable().with_private(format!("the endpoint's address cannot be used: {e}")))?;
        *request.headers_mut() = self.headers.clone();
        Ok(request)
    }
}

/// The upstream's reply: its head is here, its body comes.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    body: Incoming,
    /// When the whole call must be over.
    deadline: Instant,
}

/// Sends an envelope that is in memory; once more where nothing of it was sent.
pub(super) async fn send(
    gateway: &Gateway,
    api: &PublishedApi,
    outgoing: &Outgoing,
    envelope: Bytes,
    record: &mut Record,
) -> Result<Reply, Problem> {
    let deadlines = deadlines(api);
    let began = Instant::now();
    gateway.retries.earn();
    let mut result = gateway.upstream.send(outgoing.request(Full::new(envelope.clone()))?, deadlines).await;
    if result.as_ref().err().is_some_and(|e| e.nothing_sent() && e.is_worth_a_retry()) && gateway.retries.spend() {
        result = gateway.upstream.send(outgoing.request(Full::new(envelope))?, deadlines).await;
    }
    received(result, deadlines, began, record)
}

/// Sends a body that is still coming: never twice.
pub(super) async fn send_stream<B>(
    gateway: &Gateway,
    api: &PublishedApi,
    outgoing: &Outgoing,
    body: B,
    record: &mut Record,
) -> Result<Reply, Problem>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BodyError>,
{
    let deadlines = deadlines(api);
    let began = Instant::now();
    let result = gateway.upstream.send(outgoing.request(body)?, deadlines).await;
    received(result, deadlines, began, record)
}

fn deadlines(api: &PublishedApi) -> Deadlines {
    let endpoint = &api.definition.endpoint;
    Deadlines { first_byte: endpoint.first_byte_timeout, whole: Instant::now() + endpoint.timeout }
}

fn received(
    result: Result<Response<Incoming>, UpstreamError>,
    deadlines: Deadlines,
    began: Instant,
    record: &mut Record,
) -> Result<Reply, Problem> {
    record.upstream = Some(began.elapsed());
    let response = result.map_err(|e| failure(&e))?;
    let (head, body) = response.into_parts();
    record.upstream_status = Some(head.status.as_u16());
    Ok(Reply { status: head.status, headers: head.headers, body, deadline: deadlines.whole })
}

fn unreachable() -> Problem {
    Problem::new(Reason::UpstreamUnreachable, 502, "The SOAP service behind this API cannot be reached.")
}

fn too_slow() -> Problem {
    Problem::new(Reason::UpstreamTimeout, 504, "The SOAP service behind this API did not answer in time.")
}

/// What a caller reads of a call that failed; the host's name is for the log.
fn failure(error: &UpstreamError) -> Problem {
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
    problem.with_private(format!("{}: {error}", error.kind()))
}

/// Why a reply's body could not be read to its end.
#[derive(Debug)]
pub(super) enum ReplyError {
    Timeout,
    CutOff(String),
    TooLarge(u64),
    Inflate(InflateError),
    Mime(MimeError),
}

impl ReplyError {
    /// What the caller reads, if nothing was sent to it yet.
    pub(super) fn problem(&self) -> Problem {
        let text = match self {
            Self::Timeout => return too_slow(),
            Self::CutOff(private) => {
                let problem = Problem::new(Reason::UpstreamReply, 502, "The reply of the SOAP service behind this API was cut off.");
                return problem.with_private(private.clone());
            }
            Self::TooLarge(limit) => format!("The reply of the SOAP service behind this API is larger than {limit} bytes."),
            Self::Inflate(e) => format!("The compressed reply of the SOAP service behind this API cannot be read: {e}."),
            Self::Mime(e) => format!("The multipart reply of the SOAP service behind this API cannot be read: {e}."),
        };
        Problem::new(Reason::UpstreamReply, 502, text)
    }
}

impl Reply {
    /// The reply's type.
    pub(super) fn media_type(&self) -> MediaType {
        self.headers.get(CONTENT_TYPE).map_or_else(MediaType::default, |v| MediaType::parse(&String::from_utf8_lossy(v.as_bytes())))
    }

    /// The length of the body as it travels, where it is known.
    pub(super) fn length(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }

    /// Is it certain that there is no body?
    pub(super) fn is_empty(&self) -> bool {
        self.body.is_end_stream()
    }

    /// The bytes as they travel.
    pub(super) fn raw(self, limit: u64) -> RawReply {
        RawReply { body: self.body, deadline: self.deadline, received: 0, limit }
    }

    /// The bytes of the envelope: inflated, and the root part of a multipart reply.
    ///
    /// # Errors
    /// A coding that was not asked for, or a multipart type that cannot be read.
    pub(super) fn envelope(self, media_type: &MediaType, limit: u64) -> Result<EnvelopeReader, Problem> {
        let coding = self.headers.get(CONTENT_ENCODING).map_or(&b""[..], HeaderValue::as_bytes).to_ascii_lowercase();
        let inflate = match coding.as_slice() {
            b"" | b"identity" => None,
            b"gzip" | b"x-gzip" => Some(Inflate::new(limit)),
            _ => {
                let text = "The SOAP service behind this API answered in a compression that was not asked for.";
                return Err(Problem::new(Reason::UpstreamReply, 502, text));
            }
        };
        let root = match media_type.essence.as_str() {
            "multipart/related" => Some(RootPart::new(media_type).map_err(|e| ReplyError::Mime(e).problem())?),
            _ => None,
        };
        Ok(EnvelopeReader { raw: self.raw(limit), inflate, inflated: Vec::new(), root, ended: false })
    }
}

/// A reply's bytes as they travel, within deadline and limit.
pub(super) struct RawReply {
    body: Incoming,
    deadline: Instant,
    received: u64,
    limit: u64,
}

impl RawReply {
    /// The next bytes; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, ReplyError> {
        loop {
            let frame = timeout_at(self.deadline, self.body.frame()).await.map_err(|_| ReplyError::Timeout)?;
            let Some(frame) = frame else { return Ok(None) };
            let Ok(data) = frame.map_err(|e| ReplyError::CutOff(e.to_string()))?.into_data() else { continue };
            self.received += data.len() as u64;
            if self.received > self.limit {
                return Err(ReplyError::TooLarge(self.limit));
            }
            if !data.is_empty() {
                return Ok(Some(data));
            }
        }
    }
}

/// The bytes of a reply's envelope.
pub(super) struct EnvelopeReader {
    raw: RawReply,
    inflate: Option<Inflate>,
    inflated: Vec<u8>,
    root: Option<RootPart>,
    ended: bool,
}

impl EnvelopeReader {
    /// Charset of the root part's own type, once it is known.
    pub(super) fn root_charset(&self) -> Option<&str> {
        self.root.as_ref().and_then(RootPart::charset)
    }

    /// Replaces what is in `out` by the next bytes; `false` at the end.
    pub(super) async fn next(&mut self, out: &mut Vec<u8>) -> Result<bool, ReplyError> {
        out.clear();
        while out.is_empty() {
            if self.ended {
                return Ok(false);
            }
            let chunk = self.raw.next().await?;
            self.ended = chunk.is_none();
            self.inflated.clear();
            let bytes: &[u8] = match (&mut self.inflate, &chunk) {
                (Some(inflate), Some(chunk)) => {
                    inflate.push(chunk, &mut self.inflated).map_err(ReplyError::Inflate)?;
                    &self.inflated
                }
                (Some(inflate), None) => {
                    inflate.finish(&mut self.inflated).map_err(ReplyError::Inflate)?;
                    &self.inflated
                }
                (None, Some(chunk)) => chunk,
                (None, None) => &[],
            };
            match &mut self.root {
                Some(root) => root.feed(bytes, out).map_err(ReplyError::Mime)?,
                None => out.extend_from_slice(bytes),
            }
            if let (true, Some(root)) = (self.ended, &self.root) {
                root.finish().map_err(ReplyError::Mime)?;
            }
        }
        Ok(true)
    }
}

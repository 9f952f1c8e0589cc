//! Raw SOAP: bytes in, bytes out. The gate runs beside the stream; nothing is forwarded until the operation is known.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Response, Version};
use http_body::{Body, Frame, SizeHint};

use super::access::{self, Permit, Principal};
use super::body::{AnswerBody, BodyError, Content, Cut, RequestBody, Rest};
use super::envelope::{Finder, First};
use super::ledger::Holding;
use super::limits::CallLimits;
use super::message::Message;
use super::reply::{RawReply, Reply, ReplyError};
use super::respond::Speaks;
use super::route::RouteMatch;
use super::upstream::{self, Outgoing};
use super::{Call, CallerBody, Gateway, operation, respond, secure};
use crate::catalog::{self, Rules};
use crate::mediate::mime::{MediaType, MimeError, RootPart};
use crate::mediate::security::{self, Blocks, Head, MAX_SIGNED_BYTES, SecureError, Security};
use crate::plan::node::SoapVersion;
use crate::problem::{Problem, Reason};
use crate::xml::Limits;
use crate::xml::gate::{Gate, GateError, Stop};

const SOAPACTION: HeaderName = HeaderName::from_static("soapaction");
/// The gate gives way to others after so many bytes.
const PIECE_BYTES: usize = 64 << 10;

/// What a caller of the base address speaks, by its content type.
pub(super) fn speaks(headers: &HeaderMap) -> Speaks {
    match version(&media_type(headers)) {
        Some(SoapVersion::Soap11) => Speaks::Soap11,
        Some(SoapVersion::Soap12) => Speaks::Soap12,
        None => Speaks::Json,
    }
}

fn media_type(headers: &HeaderMap) -> MediaType {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => MediaType::parse(&String::from_utf8_lossy(value.as_bytes())),
        _ => MediaType::default(),
    }
}

/// The SOAP version that a content type stands for; `None`: it is no SOAP.
fn version(media_type: &MediaType) -> Option<SoapVersion> {
    match media_type.essence.as_str() {
        "text/xml" => Some(SoapVersion::Soap11),
        "application/soap+xml" => Some(SoapVersion::Soap12),
        "multipart/related" => {
            // MTOM says it in `start-info`, SOAP with Attachments in `type`.
            let info = [media_type.parameter("start-info"), media_type.parameter("type")];
            let is_12 = info.into_iter().flatten().any(|i| i.to_ascii_lowercase().starts_with("application/soap+xml"));
            Some(if is_12 { SoapVersion::Soap12 } else { SoapVersion::Soap11 })
        }
        _ => None,
    }
}

/// Forwards a raw SOAP call and its answer.
pub(super) async fn call(
    gateway: &Gateway,
    route: RouteMatch,
    principal: Principal,
    call: &mut Call<'_>,
) -> Result<Response<AnswerBody>, Problem> {
    let api = route.api().clone();
    // Counted before the body is read, unless it depends on the operation what is counted.
    let by_operation = api.raw_operations.iter().any(|o| !o.rules.is_empty());
    let mut early = None;
    let mut late = Some((route, principal));
    if let Some((route, principal)) = late.take_if(|_| !by_operation) {
        early = Some(admit(gateway, route, principal, &[], call).await?);
    }
    let media_type = media_type(call.headers);
    if version(&media_type).is_none() {
        let text = "Raw SOAP is text/xml, application/soap+xml or multipart/related.";
        return Err(Problem::new(Reason::UnsupportedMediaType, 415, text));
    }
    if call.headers.get(CONTENT_ENCODING).is_some_and(|v| !v.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(Problem::new(Reason::UnsupportedMediaType, 415, "A request's body must not be compressed here."));
    }
    let limits = CallLimits::of(&api, &gateway.config.limits);
    let limit = limits.soap_request;
    let body = RequestBody::new(call.take_body()?, limit, &gateway.config.limits.http);
    let mut inspection = Inspection::new(&media_type, limit)?;
    let (body, mut held) = hold(body, &mut inspection, gateway.config.limits.passthrough_hold.get(), &mut call.record.held).await?;

    let envelope = inspection.finder.version.unwrap_or(SoapVersion::Soap11);
    call.speaks = if envelope == SoapVersion::Soap12 { Speaks::Soap12 } else { Speaks::Soap11 };
    let first = inspection.finder.found.clone().unwrap_or(First::NotSoap);
    if first == First::NotSoap {
        return Err(Problem::new(Reason::InvalidRequest, 400, "The message is no SOAP envelope of version 1.1 or 1.2."));
    }
    let actions = actions(call.headers, &media_type, &inspection.finder);
    let operation = operation::find(&api.raw_operations, envelope, &first, &actions)?;
    call.record.operation = Some(operation.name.clone());
    let permit = match (early, late) {
        (Some(permit), _) => permit,
        (None, Some((route, principal))) => admit(gateway, route, principal, &operation.rules, call).await?,
        (None, None) => return Err(Problem::internal("the caller of a raw call was asked twice")),
    };

    let outgoing = Outgoing { url: operation.url.to_string(), headers: headers(&permit, call) };
    if let Some(security) = operation.wire.security.clone() {
        let head = inspection.finder.scout.clone().head().map_err(|e| Problem::new(Reason::InvalidRequest, 400, format!("{e}.")))?;
        if security.signature.is_some() && !head.has_security {
            let envelope = whole(body, held, inspection, &mut call.record.held).await?;
            let envelope = sign(envelope, security, &media_type).await?;
            let reply = upstream::send(gateway, &api, &outgoing, &Message::envelope(envelope), None, &mut call.record.sent).await?;
            call.returned = upstream::returned(&api, &reply.headers);
            return answer(limits.reply, reply, Arc::default(), call.version).await;
        }
        let added = held.secure(&inspection, &head, &security, &media_type)?;
        call.announced = call.announced.map(|n| n + added);
    }
    let refusal = Arc::new(Refusal::default());
    let forwarded = Forwarded::new(forward(body, held, inspection, refusal.clone()), call.announced);
    let sent = upstream::send_stream(gateway, &api, &outgoing, forwarded, &mut call.record.sent).await;
    // What was wrong with the request explains why the upstream gave no answer.
    let reply = sent.map_err(|problem| refusal.problem().unwrap_or(problem))?;
    if let Some(problem) = refusal.problem() {
        return Err(problem);
    }
    call.returned = upstream::returned(&api, &reply.headers);
    answer(limits.reply, reply, refusal, call.version).await
}

/// A permit whose place is the record's.
async fn admit(
    gateway: &Gateway,
    route: RouteMatch,
    principal: Principal,
    operation: &[Rules],
    call: &mut Call<'_>,
) -> Result<Permit, Problem> {
    let mut permit = access::permit(gateway, route, principal, operation, call).await?;
    call.record.slot = permit.slot.take();
    Ok(permit)
}

/// Every action that the caller states: `SOAPAction` or the `action` of the content type, and `wsa:Action`.
fn actions(headers: &HeaderMap, media_type: &MediaType, finder: &Finder) -> Vec<String> {
    let fields = headers.get_all(SOAPACTION).iter().map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned());
    let parameter = media_type.parameter("action").map(str::to_owned);
    let unquoted = |a: String| {
        let a = a.trim();
        a.strip_prefix('"').and_then(|a| a.strip_suffix('"')).unwrap_or(a).trim().to_owned()
    };
    fields.chain(parameter).chain(finder.actions.iter().cloned()).map(unquoted).collect()
}

fn headers(permit: &Permit, call: &Call<'_>) -> HeaderMap {
    let mut headers = upstream::forwarded(permit.route.api(), call.headers, &call.record.request_id, &permit.told);
    for name in [CONTENT_TYPE, ACCEPT, SOAPACTION] {
        for value in call.headers.get_all(&name) {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

/// The gate beside the stream, behind the splitter where the message has attachments.
struct Inspection {
    gate: Gate,
    root: Option<RootPart>,
    finder: Finder,
    /// The root part's bytes of one chunk.
    part: Vec<u8>,
    started: bool,
    limits: Limits,
}

/// What is wrong with a message.
enum Wrong {
    Xml(GateError),
    Mime(MimeError),
}

impl Wrong {
    fn problem(&self) -> Problem {
        match self {
            Self::Xml(e) => Problem::new(Reason::InvalidRequest, 400, format!("The message is refused: {e}.")),
            Self::Mime(e) => Problem::new(Reason::InvalidRequest, 400, format!("The multipart message cannot be read: {e}.")),
        }
        .with_code("castile.not_well_formed")
    }
}

impl Inspection {
    fn new(media_type: &MediaType, limit: u64) -> Result<Self, Problem> {
        let root = match media_type.essence.as_str() {
            "multipart/related" => Some(RootPart::new(media_type).map_err(|e| Wrong::Mime(e).problem())?),
            _ => None,
        };
        let mut limits = Limits::message_of(limit);
        if limit > Limits::message().size_bytes {
            // Who raised the size means the message to pass, however dense it is: here nothing is built from it.
            limits.nodes = limits.nodes.max(limit);
            limits.references = limits.references.max(limit);
        }
        let gate = Gate::new(limits, media_type.parameter("charset").filter(|_| root.is_none()));
        Ok(Self { gate, root, finder: Finder::default(), part: Vec::new(), started: false, limits })
    }

    fn feed(&mut self, bytes: &[u8]) -> Result<(), Wrong> {
        let Some(root) = &mut self.root else {
            return self.gate.feed(bytes, &mut self.finder).map_err(stopped);
        };
        self.part.clear();
        root.feed(bytes, &mut self.part).map_err(Wrong::Mime)?;
        if self.part.is_empty() {
            return Ok(());
        }
        if !std::mem::replace(&mut self.started, true) {
            self.gate = Gate::new(self.limits, root.charset());
        }
        self.gate.feed(&self.part, &mut self.finder).map_err(stopped)
    }

    fn finish(&mut self) -> Result<(), Wrong> {
        if let Some(root) = &self.root {
            root.finish().map_err(Wrong::Mime)?;
        }
        self.gate.finish(&mut self.finder).map_err(stopped)
    }

    /// The same in pieces, giving way between them.
    async fn feed_all(&mut self, bytes: &[u8]) -> Result<(), Wrong> {
        let mut pieces = bytes.chunks(PIECE_BYTES).peekable();
        while let Some(piece) = pieces.next() {
            self.feed(piece)?;
            if pieces.peek().is_some() {
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}

fn stopped(stop: Stop<std::convert::Infallible>) -> Wrong {
    match stop {
        Stop::Handler(never) => match never {},
        Stop::Refused(error) => Wrong::Xml(error),
    }
}

/// What was read before the operation is known, and whether there is more.
struct Held {
    chunks: VecDeque<Bytes>,
    ended: bool,
}

impl Held {
    /// Puts the security header block into what was held, where the message has none; every other byte stays. Gives by how much it grew.
    fn secure(&mut self, inspection: &Inspection, head: &Head, security: &Security, media_type: &MediaType) -> Result<u64, Problem> {
        if head.has_security {
            return Ok(0);
        }
        let edit = Blocks::new(head, Some(security), None, &secure::moment()?).header_edit(head);
        let held = self.chunks.drain(..).collect::<Vec<_>>().concat();
        let start = inspection.root.as_ref().map_or(Some(0), RootPart::root_offset).and_then(|o| usize::try_from(o).ok());
        let Some(start) = start else {
            let text = "This API adds a security header to the message, which is only done where its root part is in no transfer encoding.";
            return Err(Problem::new(Reason::UnsupportedMediaType, 415, text));
        };
        let charset = inspection.root.as_ref().map_or_else(|| media_type.parameter("charset"), RootPart::charset);
        let (at, inserted) = secure::in_bytes(&edit, held.get(start..).unwrap_or_default(), charset)?;
        let removed = edit.remove * inserted.len().checked_div(edit.insert.len()).unwrap_or(1);
        let (before, after) = (held.get(..start + at).unwrap_or_default(), held.get(start + at + removed..).unwrap_or_default());
        self.chunks.push_back(Bytes::from([before, &inserted, after].concat()));
        Ok((inserted.len() - removed) as u64)
    }
}

/// The whole message, checked to its end: a signature is made of all of it.
async fn whole(mut body: RequestBody<CallerBody>, held: Held, mut inspection: Inspection, room: &mut Holding) -> Result<Vec<u8>, Problem> {
    if inspection.root.is_some() {
        let text = "This API signs raw SOAP messages, which it does not do for messages with attachments.";
        return Err(Problem::new(Reason::UnsupportedMediaType, 415, text));
    }
    let mut bytes = held.chunks.iter().flatten().copied().collect::<Vec<u8>>();
    if held.ended {
        return Ok(bytes);
    }
    loop {
        let Some(chunk) = body.kept(room).await.map_err(BodyError::problem)? else {
            inspection.finish().map_err(|w| w.problem())?;
            return Ok(bytes);
        };
        inspection.feed_all(&chunk).await.map_err(|w| w.problem())?;
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_SIGNED_BYTES {
            return Err(secure::refused(&SecureError::TooLarge));
        }
    }
}

/// A whole message with its signed security header block.
async fn sign(mut envelope: Vec<u8>, security: Arc<Security>, media_type: &MediaType) -> Result<Bytes, Problem> {
    if envelope.starts_with(b"\xEF\xBB\xBF") {
        envelope.drain(..3);
    }
    let declared = catalog::declared_encoding(&String::from_utf8_lossy(envelope.get(..1024).unwrap_or(&envelope))).is_some();
    let other = media_type.parameter("charset").map_or(declared, |c| !c.eq_ignore_ascii_case("utf-8"));
    if other || std::str::from_utf8(&envelope).is_err() {
        return Err(Problem::new(Reason::UnsupportedMediaType, 415, "This API signs raw SOAP messages, which must be in UTF-8 for that."));
    }
    let moment = secure::moment()?;
    let run = move || security::secure(envelope, Some(&security), None, &moment);
    let signed = tokio::task::spawn_blocking(run).await.map_err(|e| Problem::internal(e.to_string()))?;
    signed.map(Bytes::from).map_err(|e| secure::refused(&e))
}

/// Reads until the Body's first child is known. Gives back the body and what was read of it.
async fn hold(
    mut body: RequestBody<CallerBody>,
    inspection: &mut Inspection,
    limit: usize,
    room: &mut Holding,
) -> Result<(RequestBody<CallerBody>, Held), Problem> {
    let mut held = Held { chunks: VecDeque::new(), ended: false };
    let mut size = 0;
    while inspection.finder.found.is_none() {
        let Some(chunk) = body.kept(room).await.map_err(BodyError::problem)? else {
            held.ended = true;
            inspection.finish().map_err(|w| w.problem())?;
            break;
        };
        inspection.feed_all(&chunk).await.map_err(|w| w.problem())?;
        size += chunk.len();
        held.chunks.push_back(chunk);
        if size > limit && inspection.finder.found.is_none() {
            let text = format!("The first child of the Body does not begin within the first {limit} bytes.");
            return Err(Problem::new(Reason::TooLarge, 413, text));
        }
    }
    Ok((body, held))
}

/// Why the request was cut off after forwarding began; both sides look here.
#[derive(Default)]
struct Refusal(Mutex<Option<Problem>>);

impl Refusal {
    fn set(&self, problem: Problem) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(problem);
    }

    fn problem(&self) -> Option<Problem> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The rest of the request as it is sent on: what was held, then what comes, each chunk through the gate before it is sent.
fn forward(body: RequestBody<CallerBody>, held: Held, inspection: Inspection, refusal: Arc<Refusal>) -> Rest {
    let state = Some((body, held, inspection, refusal));
    Box::pin(futures_util::stream::unfold(state, |state| async move {
        let (mut body, mut held, mut inspection, refusal) = state?;
        if let Some(chunk) = held.chunks.pop_front() {
            return Some((Ok(chunk), Some((body, held, inspection, refusal))));
        }
        if held.ended {
            return None;
        }
        let problem = match body.next().await {
            Ok(Some(chunk)) => match inspection.feed_all(&chunk).await {
                Ok(()) => return Some((Ok(chunk), Some((body, held, inspection, refusal)))),
                Err(wrong) => wrong.problem(),
            },
            Ok(None) => match inspection.finish() {
                Ok(()) => return None,
                Err(wrong) => wrong.problem(),
            },
            Err(error) => error.problem(),
        };
        refusal.set(problem);
        Some((Err(Cut("the request was refused on its way")), None))
    }))
}

/// A request's body on its way to the upstream.
pub(super) struct Forwarded {
    rest: Rest,
    /// The caller's Content-Length, so that the upstream gets one too.
    announced: Option<u64>,
}

impl Forwarded {
    /// These bytes; so many, where that is known.
    pub(super) fn new(rest: Rest, announced: Option<u64>) -> Self {
        Self { rest, announced }
    }
}

impl Body for Forwarded {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        self.rest.as_mut().poll_next(cx).map(|next| next.map(|chunk| chunk.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        self.announced.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// The upstream's answer, unchanged: status, content type, bytes.
async fn answer(limit: u64, reply: Reply, refusal: Arc<Refusal>, version: Version) -> Result<Response<AnswerBody>, Problem> {
    if reply.status.is_redirection() {
        let text =
            format!("The SOAP service behind this API answered with a redirection ({}), which is not followed.", reply.status.as_u16());
        return Err(Problem::new(Reason::UpstreamReply, 502, text));
    }
    let (status, length) = (reply.status, reply.length());
    if length.is_some_and(|n| n > limit) {
        return Err(ReplyError::TooLarge(limit).problem());
    }
    let copied: Vec<(HeaderName, HeaderValue)> = [CONTENT_TYPE, CONTENT_ENCODING]
        .into_iter()
        .filter_map(|name| reply.headers.get(&name).cloned().map(|value| (name, value)))
        .collect();
    let mut raw = reply.raw(limit);
    let body = if version == Version::HTTP_10 && length.is_none() {
        // Its end would be the connection's, so that a cut could not be told: all of it first.
        let mut whole = Vec::new();
        while let Some(chunk) = raw.next().await.map_err(|e| e.problem())? {
            whole.extend_from_slice(&chunk);
        }
        AnswerBody::whole(whole)
    } else {
        AnswerBody::new(Content::Stream(back(raw, refusal), length))
    };
    let mut response = respond::empty(status).map(|_| body);
    response.headers_mut().extend(copied);
    Ok(response)
}

/// The answer's bytes; cut where the request turns out to be refused, or the reply breaks.
fn back(raw: RawReply, refusal: Arc<Refusal>) -> Rest {
    Box::pin(futures_util::stream::unfold(Some(raw), move |raw| {
        let refusal = refusal.clone();
        async move {
            let mut raw = raw?;
            let next = raw.next().await;
            if refusal.problem().is_some() {
                return Some((Err(Cut("the request was refused on its way")), None));
            }
            match next {
                Ok(Some(chunk)) => Some((Ok(chunk), Some(raw))),
                Ok(None) => None,
                Err(_) => Some((Err(Cut("the reply was cut off")), None)),
            }
        }
    }))
}

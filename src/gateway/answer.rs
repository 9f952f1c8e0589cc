//! The upstream's reply to a REST call as the caller's answer: JSON, whole or streamed, or the problem that a fault is.

use std::sync::Arc;

use bytes::Bytes;
use http::{Response, StatusCode, Version};

use super::attached::{Attached, References};
use super::body::{AnswerBody, Content, Cut};
use super::ledger::{Holding, NoRoom};
use super::limits::CallLimits;
use super::reply::{EnvelopeReader, Reply, ReplyError};
use super::rest::{JSON, PIECE_BYTES};
use super::steps::{Course, Ended};
use super::{Call, Gateway, fault, respond};
use crate::catalog::{PublishedApi, PublishedResource, Stream};
use crate::mediate::mime::MediaType;
use crate::mediate::{DecodeError, DecodeErrorKind, DecodeOptions, Decoded, Decoder, Direction};
use crate::problem::{Problem, Reason};
use crate::xml::Limits;

/// The upstream's reply as the caller's answer.
pub(super) async fn answer(
    gateway: &Gateway,
    api: Arc<PublishedApi>,
    resource: &PublishedResource,
    (reply, callers): (Reply, bool),
    course: &mut Course<'_>,
    call: &mut Call<'_>,
) -> Result<Response<AnswerBody>, Ended> {
    let plan = api.plan(resource).ok_or_else(|| Problem::internal("the resource has no plan"))?;
    let one_way = plan.output.is_none();
    let (status, media_type) = (reply.status, reply.media_type());
    if reply.is_empty() {
        return if one_way && status.is_success() { accepted(course, call).await } else { Err(not_soap(status, "an empty body").into()) };
    }
    if let Some(what) = refused_type(&media_type) {
        // A one-way call's confirmation may say what it likes.
        return if one_way && status.is_success() { accepted(course, call).await } else { Err(not_soap(status, &what).into()) };
    }
    let definition = &api.definition;
    let CallLimits { reply: limit, reply_buffer, .. } = CallLimits::of(&api, &gateway.config.limits);
    let charset = media_type.parameter("charset").map(str::to_owned);
    let is_multipart = media_type.essence == "multipart/related";
    let mut reader = reply.envelope(&media_type, limit)?;
    let mut chunk = Vec::new();
    let mut more = reader.next(&mut chunk).await.map_err(|e| e.problem())?;
    if !more {
        return if one_way && status.is_success() { accepted(course, call).await } else { Err(not_soap(status, "an empty body").into()) };
    }
    let charset = if is_multipart { reader.root_charset().map(str::to_owned) } else { charset };
    let options = DecodeOptions { charset, limits: Limits::message_of(limit), strict: false, package: is_multipart };
    let mut decoder = Decoder::new(api.program.clone(), resource.operation, Direction::Response, &options);
    let may_stream = !is_multipart
        && definition.stream == Stream::Large
        && call.version != Version::HTTP_10
        && resource.unwrap.is_none()
        && !course.reads_response()
        && status.is_success();
    let mut room = 0;
    while more {
        feed(&mut decoder, &chunk).await.map_err(|e| unreadable(&e, status, &media_type))?;
        call.record.held.reply(&mut room, decoder.ready()).map_err(NoRoom::problem)?;
        if may_stream && decoder.ready() > reply_buffer {
            call.record.dropped_headers = decoder.dropped_headers();
            course.response(&mut call.returned, None).await?;
            let first = Bytes::from(decoder.take_ready());
            let rest = rest(first, decoder, reader);
            return Ok(respond::with_type(course.status(StatusCode::OK), JSON, AnswerBody::new(Content::Stream(Box::pin(rest), None))));
        }
        more = reader.next(&mut chunk).await.map_err(|e| e.problem())?;
    }
    call.record.dropped_headers = decoder.dropped_headers();
    let attached = Attached::of(decoder, reader, &api).map_err(|e| unreadable(&e, status, &media_type))?;
    let references = References::of(gateway, &api, &call.public_url);
    match attached.decoded {
        Decoded::Fault(mut found) => {
            found.fault_json = attached.parts.inlined(found.fault_json).await?;
            let all = fault::exposes_all(definition.expose, definition.api.state, gateway.config.gateway.faults);
            let standard = fault::problem(&found, all, callers);
            course.fault(&mut call.returned, &mut found, standard.status).await?;
            let mut problem = fault::problem(&found, all, callers);
            problem.status = course.fault_status(problem.status);
            Err(problem.into())
        }
        _ if !status.is_success() => Err(not_soap(status, "an envelope without a fault").into()),
        _ if one_way => accepted(course, call).await,
        Decoded::Empty => {
            course.response(&mut call.returned, None).await?;
            Ok(respond::empty(course.status(StatusCode::NO_CONTENT)))
        }
        Decoded::Value(json) => {
            let json = match &resource.unwrap {
                Some(property) => unwrapped(json, property),
                None => json,
            };
            let body = if course.reads_response() {
                let json = attached.parts.inlined(json).await?;
                AnswerBody::whole(course.response(&mut call.returned, Some(json)).await?.unwrap_or_default())
            } else {
                course.response(&mut call.returned, None).await?;
                attached.parts.answer(&json, references.as_ref())?
            };
            Ok(respond::with_type(course.status(StatusCode::OK), JSON, body))
        }
    }
}

/// A reply that is read to its end, with what came beside its envelope in its place.
///
/// # Errors
/// It is no reply of the operation, or did not come whole.
pub(super) async fn read(
    gateway: &Gateway,
    api: &Arc<PublishedApi>,
    operation: usize,
    reply: Reply,
    held: &mut Holding,
) -> Result<Decoded, Problem> {
    let one_way = api.program.operations.get(operation).is_some_and(|plan| plan.output.is_none());
    let (status, media_type) = (reply.status, reply.media_type());
    let confirmed = one_way && status.is_success();
    let nothing = |what: &str| if confirmed { Ok(Decoded::Empty) } else { Err(not_soap(status, what)) };
    if reply.is_empty() {
        return nothing("an empty body");
    }
    if let Some(what) = refused_type(&media_type) {
        return nothing(&what);
    }
    let limit = CallLimits::of(api, &gateway.config.limits).reply;
    let is_multipart = media_type.essence == "multipart/related";
    let mut reader = reply.envelope(&media_type, limit)?;
    let mut chunk = Vec::new();
    if !reader.next(&mut chunk).await.map_err(|e| e.problem())? {
        return nothing("an empty body");
    }
    let charset = if is_multipart { reader.root_charset() } else { media_type.parameter("charset") }.map(str::to_owned);
    let options = DecodeOptions { charset, limits: Limits::message_of(limit), strict: false, package: is_multipart };
    let mut decoder = Decoder::new(api.program.clone(), operation, Direction::Response, &options);
    let mut room = 0;
    loop {
        feed(&mut decoder, &chunk).await.map_err(|e| unreadable(&e, status, &media_type))?;
        held.reply(&mut room, decoder.ready()).map_err(NoRoom::problem)?;
        if !reader.next(&mut chunk).await.map_err(|e| e.problem())? {
            break;
        }
    }
    let attached = Attached::of(decoder, reader, api).map_err(|e| unreadable(&e, status, &media_type))?;
    match attached.decoded {
        Decoded::Fault(mut found) => {
            found.fault_json = attached.parts.inlined(found.fault_json).await?;
            Ok(Decoded::Fault(found))
        }
        _ if !status.is_success() => Err(not_soap(status, "an envelope without a fault")),
        Decoded::Empty => Ok(Decoded::Empty),
        Decoded::Value(json) => Ok(Decoded::Value(attached.parts.inlined(json).await?)),
    }
}

/// The answer to a call that is confirmed and nothing more.
async fn accepted(course: &mut Course<'_>, call: &mut Call<'_>) -> Result<Response<AnswerBody>, Ended> {
    course.response(&mut call.returned, None).await?;
    Ok(respond::empty(course.status(StatusCode::ACCEPTED)))
}

/// Feeds a chunk in pieces, giving way between them.
async fn feed(decoder: &mut Decoder, chunk: &[u8]) -> Result<(), DecodeError> {
    let mut pieces = chunk.chunks(PIECE_BYTES).peekable();
    while let Some(piece) = pieces.next() {
        decoder.feed(piece)?;
        if pieces.peek().is_some() {
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

/// The rest of a reply that is sent while it arrives: whatever goes wrong now cuts the connection.
fn rest(first: Bytes, decoder: Decoder, reader: EnvelopeReader) -> impl futures_util::Stream<Item = Result<Bytes, Cut>> + Send {
    let state = Some((Some(first), decoder, reader, Vec::new()));
    futures_util::stream::unfold(state, |state| async move {
        let (first, mut decoder, mut reader, mut chunk) = state?;
        if let Some(first) = first {
            return Some((Ok(first), Some((None, decoder, reader, chunk))));
        }
        loop {
            match reader.next(&mut chunk).await {
                Err(error) => return Some((Err(Cut(cut_word(&error))), None)),
                Ok(true) => {
                    if feed(&mut decoder, &chunk).await.is_err() {
                        return Some((Err(Cut("the reply cannot be read")), None));
                    }
                    if decoder.ready() >= PIECE_BYTES {
                        return Some((Ok(Bytes::from(decoder.take_ready())), Some((None, decoder, reader, chunk))));
                    }
                }
                Ok(false) => {
                    let last = match decoder.finish() {
                        Ok(Decoded::Value(json)) => Ok(Bytes::from(json)),
                        Ok(Decoded::Empty | Decoded::Fault(_)) | Err(_) => Err(Cut("the reply cannot be read")),
                    };
                    return Some((last, None));
                }
            }
        }
    })
}

fn cut_word(error: &ReplyError) -> &'static str {
    match error {
        ReplyError::Timeout => "the reply took too long",
        ReplyError::CutOff(_) => "the reply was cut off",
        ReplyError::TooLarge(_) => "the reply is too large",
        ReplyError::Inflate(_) => "the compressed reply cannot be read",
        ReplyError::Spool(_) => "the gateway failed",
        ReplyError::Mime(_) => "the multipart reply cannot be read",
    }
}

/// What came, where it cannot be an envelope by its type.
fn refused_type(media_type: &MediaType) -> Option<String> {
    match media_type.essence.as_str() {
        // Some services name no type, or the one of their files.
        "" | "text/xml" | "application/xml" | "application/soap+xml" | "multipart/related" | "application/xop+xml" | "text/plain" => None,
        other => Some(other.to_owned()),
    }
}

/// A reply that is no envelope: says what came.
fn not_soap(status: StatusCode, what: &str) -> Problem {
    let what: String = what.chars().filter(|c| !c.is_control()).take(100).collect();
    let text = format!("The SOAP service behind this API did not answer in SOAP: status {}, {what}.", status.as_u16());
    let mut problem = Problem::new(Reason::UpstreamReply, 502, text);
    problem.upstream_failed = true;
    problem
}

fn unreadable(error: &DecodeError, status: StatusCode, media_type: &MediaType) -> Problem {
    let type_ = if media_type.essence.is_empty() { "no type" } else { &media_type.essence };
    let text =
        format!("The reply of the SOAP service behind this API cannot be read (status {}, {type_}): {}.", status.as_u16(), error.message);
    let mut problem = Problem::new(Reason::UpstreamReply, 502, text);
    // An envelope that does not fit the WSDL is no sign that the service is down.
    problem.upstream_failed = matches!(error.kind, DecodeErrorKind::NotXml | DecodeErrorKind::NotSoap);
    problem
}

/// One property of an object as the whole answer, its text untouched; `null` where it is absent.
pub(super) fn unwrapped(json: Vec<u8>, property: &str) -> Vec<u8> {
    use serde_json::value::RawValue;
    type Members<'a> = std::collections::BTreeMap<std::borrow::Cow<'a, str>, &'a RawValue>;
    match serde_json::from_slice::<Members<'_>>(&json) {
        Ok(members) => members.get(property).map_or_else(|| b"null".to_vec(), |v| v.get().as_bytes().to_vec()),
        Err(_) => json,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_property_keeps_its_text() {
        assert_eq!(unwrapped(b"{\"a\": 12.50 ,\"b\":{\"c\":1}}".to_vec(), "a"), b"12.50");
        assert_eq!(unwrapped(b"{\"a\":1}".to_vec(), "b"), b"null");
        assert_eq!(unwrapped(b"[1]".to_vec(), "b"), b"[1]");
    }
}

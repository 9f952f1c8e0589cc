//! What the mock answers.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::find::{NotFound, find};
use super::{Mock, scatter, security};
use crate::catalog::RawOperation;
use crate::json::{Limits as JsonLimits, parse, string_into};
use crate::mediate::mime::{MediaType, RootPart};
use crate::mediate::package::{PackageOptions, content_type, decode_package};
use crate::mediate::{DecodeOptions, Decoded, Direction, EncodeError, FaultCode, PeekError, decode, encode_package, fault_envelope, peek};
use crate::plan::Program;
use crate::plan::node::{AttachmentSlot, OperationPlan, SoapVersion};
use crate::sample::{Sampler, Style};
use crate::xml::Limits;

/// What of an HTTP request matters.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Its method.
    pub method: &'a str,
    /// The query of its address, without the question mark.
    pub query: &'a str,
    /// `http://HOST/PATH` as the caller sees it.
    pub url: &'a str,
    /// `Content-Type`.
    pub content_type: &'a str,
    /// `SOAPAction`, quotes and all.
    pub soap_action: Option<&'a str>,
    /// Its body.
    pub body: &'a [u8],
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Its media type; empty where there is no body.
    pub content_type: Cow<'static, str>,
    /// Its body.
    pub body: Arc<[u8]>,
}

/// A request's message.
struct Received<'a> {
    body: &'a [u8],
    charset: Option<String>,
    /// Its type, where it is a package.
    package: Option<&'a MediaType>,
}

/// So many errors are named in a fault.
const MAX_NAMED: usize = 20;

impl Mock {
    /// The answer to a request.
    pub fn answer(&self, request: &Request<'_>) -> Reply {
        match request.method {
            "GET" | "HEAD" => self.document(request),
            "POST" => self.post(request),
            _ => text(405, "POST a SOAP envelope, or GET ?wsdl\n"),
        }
    }

    fn document(&self, request: &Request<'_>) -> Reply {
        let query = request.query.to_ascii_lowercase();
        let document = match query.strip_prefix("xsd=") {
            Some(number) => number.parse().ok().and_then(|n| self.api.documents.part(n, request.url)),
            None if query == "wsdl" || query.starts_with("wsdl&") => self.api.documents.wsdl(request.url),
            None => return text(200, &format!("SOAP mock of {}. POST an envelope here; the WSDL is at ?wsdl\n", self.api.name)),
        };
        match document {
            Some(document) => Reply { status: 200, content_type: "text/xml; charset=utf-8".into(), body: document.into_bytes().into() },
            None => text(404, "no such document\n"),
        }
    }

    fn post(&self, request: &Request<'_>) -> Reply {
        let (media_type, charset, action) = media_type(request.content_type);
        let version = if media_type == "application/soap+xml" { SoapVersion::Soap12 } else { SoapVersion::Soap11 };
        if !matches!(media_type.as_str(), "text/xml" | "application/soap+xml" | "application/xml" | "multipart/related") {
            return text(
                415,
                "the content type of an envelope is text/xml, application/soap+xml, or that of a package of them: multipart/related\n",
            );
        }
        let package = MediaType::parse(request.content_type);
        let is_package = media_type == "multipart/related";
        let (mut root, mut charset) = (Vec::new(), charset);
        if is_package {
            let split = RootPart::new(&package).and_then(|mut parts| {
                parts.feed(request.body, &mut root)?;
                parts.finish()?;
                Ok(parts.charset().map(str::to_owned))
            });
            match split {
                Ok(found) => charset = found,
                Err(e) => return fault(version, FaultCode::Sender, &format!("the multipart message cannot be read: {e}"), &[]),
            }
        }
        let envelope = if is_package { root.as_slice() } else { request.body };
        let received = Received { body: request.body, charset: charset.clone(), package: is_package.then_some(&package) };
        let peeked = match peek(envelope, Limits::message_of(envelope.len() as u64), charset.as_deref()) {
            Ok(peeked) => peeked,
            Err(PeekError::OtherVersion) => return fault(version, FaultCode::VersionMismatch, &PeekError::OtherVersion.to_string(), &[]),
            Err(e) => return fault(version, FaultCode::Sender, &e.to_string(), &[]),
        };
        let soap_action = request.soap_action.map(|a| a.trim().trim_matches('"')).or(action.as_deref());
        let version = peeked.version;
        let operation = match find(&self.api, &peeked, soap_action) {
            Ok(operation) => operation,
            Err(NotFound::Body) => {
                let body = peeked.body.map_or_else(|| "an empty Body".to_owned(), |b| b.to_string());
                return fault(version, FaultCode::Sender, &format!("no operation of this service takes {body}"), &[]);
            }
            Err(NotFound::Action(action)) => {
                return fault(version, FaultCode::Sender, &format!("the action {action} does not belong to what the Body holds"), &[]);
            }
            Err(NotFound::Several(names)) => {
                return fault(version, FaultCode::Sender, &format!("an action must decide between {}", names.join(", ")), &[]);
            }
        };
        if let (true, Some(plan)) = (self.options.security, operation.plan.and_then(|p| self.api.program.operations.get(p))) {
            match security::missing(&self.api, operation, plan, envelope, charset.as_deref()) {
                Ok(missing) if missing.is_empty() => {}
                Ok(missing) => {
                    let text = format!("the request's wsse:Security has no {}", missing.join(" and no "));
                    return fault(version, FaultCode::Sender, &text, &[]);
                }
                Err(e) => return fault(version, FaultCode::Sender, &e.to_string(), &[]),
            }
        }
        self.call(operation, &received)
    }

    fn call(&self, raw: &RawOperation, received: &Received<'_>) -> Reply {
        let program = &self.api.program;
        let Some((index, operation)) = raw.plan.and_then(|p| Some((p, program.operations.get(p)?))) else {
            let reason = format!("the operation {} could not be mapped, so the mock has no answer", raw.name);
            return fault(raw.version, FaultCode::Receiver, &reason, &[]);
        };
        if self.options.validate
            && let Err(errors) = self.check(index, operation, received)
        {
            let details: Vec<(&'static str, &str)> = errors.iter().map(|e| ("error", e.as_str())).collect();
            return fault(raw.version, FaultCode::Sender, "the request does not fit its schema", &details);
        }
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let random = scatter(self.options.seed.unwrap_or_default() ^ scatter(call));
        let fault_index = self.chosen_fault(operation, random);
        if operation.output.is_none() && fault_index.is_none() {
            return Reply { status: 202, content_type: "".into(), body: Arc::from([]) };
        }
        let varied = self.options.seed.map(|_| random);
        // Who asks with MTOM is answered with MTOM.
        let is_xop = |p: &MediaType| p.parameter("type").is_some_and(|t| t.eq_ignore_ascii_case("application/xop+xml"));
        let mtom = received.package.is_some_and(is_xop).then_some(1);
        let attached = operation.output.as_ref().is_some_and(|m| !m.attachments.is_empty());
        if (mtom.is_some() || attached) && fault_index.is_none() {
            return match package(program, operation, varied, call, mtom) {
                Ok((content_type, body)) => Reply { status: 200, content_type: content_type.into(), body: body.into() },
                Err(e) => fault(raw.version, FaultCode::Receiver, &format!("the mock has no example of this answer: {e}"), &[]),
            };
        }
        match self.examples.envelope(program, index, fault_index, varied) {
            Ok(envelope) => {
                let status = if fault_index.is_some() { 500 } else { 200 };
                Reply { status, content_type: content_type(raw.version, "").into(), body: envelope }
            }
            Err(e) => fault(raw.version, FaultCode::Receiver, &format!("the mock has no example of this answer: {e}"), &[]),
        }
    }

    /// What is wrong with a request: its structure by the decoder, its values by the encoder.
    fn check(&self, index: usize, operation: &OperationPlan, received: &Received<'_>) -> Result<(), Vec<String>> {
        let program = &self.api.program;
        let limits = Limits::message_of(received.body.len() as u64);
        let options = DecodeOptions { charset: received.charset.clone(), limits, strict: true, package: false };
        let read = match received.package {
            Some(media_type) => decode_package(program, index, Direction::Request, media_type, received.body, &options),
            None => decode(program, operation, Direction::Request, received.body, &options),
        };
        let json = match read {
            Ok(Decoded::Value(json)) => json,
            Ok(Decoded::Empty) => return Ok(()),
            Ok(Decoded::Fault(_)) => return Err(vec!["a fault is no request".to_owned()]),
            Err(e) => return Err(vec![e.message]),
        };
        let value = parse(&json, &JsonLimits::default()).map_err(|e| vec![format!("{}: {:?}", e.pointer, e.kind)])?;
        let options = PackageOptions { source: &json, uploads: None, mtom: None, token: "mock", whole: false };
        encode_package(program, operation, Direction::Request, &value, &options).map(drop).map_err(|e| named(&e))
    }

    /// Which declared fault chance wants, if any.
    fn chosen_fault(&self, operation: &OperationPlan, random: u64) -> Option<usize> {
        // 53 bits make every step of a double.
        let chance = (random >> 11) as f64 / (1_u64 << 53) as f64;
        if operation.faults.is_empty() || chance >= self.options.fault {
            return None;
        }
        usize::try_from(scatter(random) % operation.faults.len() as u64).ok()
    }
}

/// An example of an operation's answer as a package: with MTOM every binary value of so many bytes is a part, and the attachments that
/// the WSDL declares are there.
fn package(
    program: &Program,
    operation: &OperationPlan,
    seed: Option<u64>,
    call: u64,
    mtom: Option<u64>,
) -> Result<(String, Vec<u8>), String> {
    let json = Sampler::new(program).message(operation, Direction::Response, seed, Style::Typical).map_err(|e| e.to_string())?;
    let json = with_attachments(json, operation.output.as_ref().map_or(&[][..], |m| &m.attachments));
    let value = parse(&json, &JsonLimits::default()).map_err(|e| format!("{:?} at {}", e.kind, e.pointer))?;
    let token = format!("mock{call}{:016x}", scatter(call));
    let options = PackageOptions { source: &json, uploads: None, mtom, token: &token, whole: false };
    let made = encode_package(program, operation, Direction::Response, &value, &options).map_err(|e| named(&e).join("; "))?;
    made.in_memory(&json, &[], operation.wsa_reply_action.as_deref().unwrap_or_default(), &token).map_err(|e| e.to_string())
}

/// A message's JSON text with an example of each attachment.
fn with_attachments(mut json: Vec<u8>, slots: &[AttachmentSlot]) -> Vec<u8> {
    if slots.is_empty() {
        return json;
    }
    if json.pop_if(|last| *last == b'}').is_none() {
        json = [br#"{"$value":"#, json.as_slice()].concat();
    }
    if json.last() != Some(&b'{') {
        json.push(b',');
    }
    json.extend_from_slice(br#""$attachments":{"#);
    for (n, slot) in slots.iter().enumerate() {
        if n > 0 {
            json.push(b',');
        }
        string_into(&mut json, &slot.key);
        // "attachment"
        json.extend_from_slice(br#":"YXR0YWNobWVudA==""#);
    }
    json.extend_from_slice(b"}}");
    json
}

/// Errors as lines.
pub(super) fn named(error: &EncodeError) -> Vec<String> {
    match error {
        EncodeError::NotJson(e) => vec![format!("{}: {:?}", e.pointer, e.kind)],
        EncodeError::Invalid(errors) => {
            errors.iter().take(MAX_NAMED).map(|e| format!("{}: expected {}, found {}", e.pointer, e.expected, e.found)).collect()
        }
    }
}

/// SOAP 1.1 over HTTP answers every fault with 500 (section 6.2), SOAP 1.2 the sender's with 400 (part 2, section 7.5.2.2).
fn fault(version: SoapVersion, code: FaultCode, reason: &str, details: &[(&'static str, &str)]) -> Reply {
    let status = if version == SoapVersion::Soap12 && code == FaultCode::Sender { 400 } else { 500 };
    Reply { status, content_type: content_type(version, "").into(), body: fault_envelope(version, code, reason, details).into() }
}

fn text(status: u16, words: &str) -> Reply {
    Reply { status, content_type: "text/plain; charset=utf-8".into(), body: words.as_bytes().into() }
}

/// A content type's media type, charset and SOAP 1.2 action.
fn media_type(value: &str) -> (String, Option<String>, Option<String>) {
    let mut parts = value.split(';');
    let media_type = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
    let (mut charset, mut action) = (None, None);
    for (name, value) in parts.filter_map(|p| p.split_once('=')) {
        let value = value.trim().trim_matches('"').to_owned();
        match name.trim().to_ascii_lowercase().as_str() {
            "charset" => charset = Some(value),
            "action" => action = Some(value),
            _ => {}
        }
    }
    (media_type, charset, action)
}

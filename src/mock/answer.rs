//! What the mock answers.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::find::{NotFound, find};
use super::{Mock, scatter};
use crate::catalog::RawOperation;
use crate::json::{Limits as JsonLimits, parse};
use crate::mediate::{DecodeOptions, Decoded, Direction, EncodeError, FaultCode, PeekError, decode, encode_value, fault_envelope, peek};
use crate::plan::node::{OperationPlan, SoapVersion};
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
    pub content_type: &'static str,
    /// Its body.
    pub body: Arc<[u8]>,
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
            Some(document) => Reply { status: 200, content_type: TEXT_XML, body: document.into_bytes().into() },
            None => text(404, "no such document\n"),
        }
    }

    fn post(&self, request: &Request<'_>) -> Reply {
        let (media_type, charset, action) = media_type(request.content_type);
        let version = if media_type == "application/soap+xml" { SoapVersion::Soap12 } else { SoapVersion::Soap11 };
        if !matches!(media_type.as_str(), "text/xml" | "application/soap+xml" | "application/xml") {
            return text(415, "the content type of an envelope is text/xml or application/soap+xml\n");
        }
        let peeked = match peek(request.body, Limits::message_of(request.body.len() as u64), charset.as_deref()) {
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
        self.call(operation, request.body, charset)
    }

    fn call(&self, raw: &RawOperation, body: &[u8], charset: Option<String>) -> Reply {
        let program = &self.api.program;
        let Some((index, operation)) = raw.plan.and_then(|p| Some((p, program.operations.get(p)?))) else {
            let reason = format!("the operation {} could not be mapped, so the mock has no answer", raw.name);
            return fault(raw.version, FaultCode::Receiver, &reason, &[]);
        };
        if self.options.validate
            && let Err(errors) = self.check(operation, body, charset)
        {
            let details: Vec<(&'static str, &str)> = errors.iter().map(|e| ("error", e.as_str())).collect();
            return fault(raw.version, FaultCode::Sender, "the request does not fit its schema", &details);
        }
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let random = scatter(self.options.seed.unwrap_or_default() ^ scatter(call));
        let fault_index = self.chosen_fault(operation, random);
        if operation.output.is_none() && fault_index.is_none() {
            return Reply { status: 202, content_type: "", body: Arc::from([]) };
        }
        let varied = self.options.seed.map(|_| random);
        match self.examples.envelope(program, index, fault_index, varied) {
            Ok(envelope) => {
                let status = if fault_index.is_some() { 500 } else { 200 };
                Reply { status, content_type: envelope_type(raw.version), body: envelope }
            }
            Err(e) => fault(raw.version, FaultCode::Receiver, &format!("the mock has no example of this answer: {e}"), &[]),
        }
    }

    /// What is wrong with a request: its structure by the decoder, its values by the encoder.
    fn check(&self, operation: &OperationPlan, body: &[u8], charset: Option<String>) -> Result<(), Vec<String>> {
        let program = &self.api.program;
        let options = DecodeOptions { charset, limits: Limits::message_of(body.len() as u64), strict: true, package: false };
        let json = match decode(program, operation, Direction::Request, body, &options) {
            Ok(Decoded::Value(json)) => json,
            Ok(Decoded::Empty) => return Ok(()),
            Ok(Decoded::Fault(_)) => return Err(vec!["a fault is no request".to_owned()]),
            Err(e) => return Err(vec![e.message]),
        };
        let value = parse(&json, &JsonLimits::default()).map_err(|e| vec![format!("{}: {:?}", e.pointer, e.kind)])?;
        encode_value(program, operation, Direction::Request, &value).map(drop).map_err(|e| named(&e))
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

/// Errors as lines.
pub(super) fn named(error: &EncodeError) -> Vec<String> {
    match error {
        EncodeError::NotJson(e) => vec![format!("{}: {:?}", e.pointer, e.kind)],
        EncodeError::Invalid(errors) => {
            errors.iter().take(MAX_NAMED).map(|e| format!("{}: expected {}, found {}", e.pointer, e.expected, e.found)).collect()
        }
    }
}

const TEXT_XML: &str = "text/xml; charset=utf-8";

fn envelope_type(version: SoapVersion) -> &'static str {
    match version {
        SoapVersion::Soap11 => TEXT_XML,
        SoapVersion::Soap12 => "application/soap+xml; charset=utf-8",
    }
}

/// SOAP 1.1 over HTTP answers every fault with 500 (section 6.2), SOAP 1.2 the sender's with 400 (part 2, section 7.5.2.2).
fn fault(version: SoapVersion, code: FaultCode, reason: &str, details: &[(&'static str, &str)]) -> Reply {
    let status = if version == SoapVersion::Soap12 && code == FaultCode::Sender { 400 } else { 500 };
    Reply { status, content_type: envelope_type(version), body: fault_envelope(version, code, reason, details).into() }
}

fn text(status: u16, words: &str) -> Reply {
    Reply { status, content_type: "text/plain; charset=utf-8", body: words.as_bytes().into() }
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

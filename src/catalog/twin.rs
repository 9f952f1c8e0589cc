//! One message in both forms, for people who look at a call: an envelope as JSON, JSON as an envelope, by the plan by which calls are mapped.

use std::sync::Arc;

use super::{PublishedApi, RawOperation};
use crate::json::{Limits, parse, string_into};
use crate::mediate::mime::MediaType;
use crate::mediate::package::{content_type, decode_package};
use crate::mediate::{self, DecodeError, DecodeOptions, Decoded, Direction, EncodeError, Fault, FieldError};
use crate::plan::Program;
use crate::plan::node::{OperationPlan, SoapVersion};
use crate::problem::Reason;
use crate::sample::Sampler;
use crate::xml::ns;

/// The JSON twin of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Twin {
    /// A message.
    Message(Vec<u8>),
    /// A fault, as the problem document that a REST caller reads.
    Fault(Vec<u8>),
}

/// A request that can be sent as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoapSample {
    /// Its JSON.
    pub json: Vec<u8>,
    /// Its envelope.
    pub envelope: String,
}

impl PublishedApi {
    /// A valid request of one of its raw operations; `None` where there is none, or the operation could not be mapped.
    pub fn soap_sample(&self, raw: &RawOperation) -> Option<SoapSample> {
        let plan = self.program.operations.get(raw.plan?)?;
        let json = Sampler::new(&self.program).example(plan, Direction::Request).ok()?;
        let envelope = mediate::encode(&self.program, plan, Direction::Request, &json).ok()?;
        Some(SoapSample { json, envelope: String::from_utf8(envelope).ok()? })
    }

    /// The envelope of a request.
    ///
    /// # Errors
    /// The JSON does not fit the operation, or it could not be mapped: sentences, one for each place.
    pub fn envelope_of(&self, raw: &RawOperation, json: &str) -> Result<String, Vec<String>> {
        let plan = self.mapped(raw).map_err(|e| vec![e])?;
        let value = parse(json.as_bytes(), &Limits::default()).map_err(|e| vec![not_json(&e, json.as_bytes())])?;
        match mediate::encode_value(&self.program, plan, Direction::Request, &value) {
            Ok(envelope) => Ok(String::from_utf8_lossy(&envelope).into_owned()),
            Err(EncodeError::NotJson(error)) => Err(vec![not_json(&error, json.as_bytes())]),
            Err(EncodeError::Invalid(errors)) => Err(errors.iter().map(misfit).collect()),
        }
    }

    /// The JSON twin of a request of that operation.
    ///
    /// # Errors
    /// It is no such message, or the operation could not be mapped: a sentence.
    pub fn json_of_request(&self, raw: &RawOperation, envelope: &str) -> Result<Twin, String> {
        self.json_of(raw, Direction::Request, "", envelope.as_bytes())
    }

    /// The JSON twin of an answer of that Content-Type; of one with attachments, they stand in it.
    ///
    /// # Errors
    /// As of a request.
    pub fn json_of_reply(&self, raw: &RawOperation, content_type: &str, bytes: &[u8]) -> Result<Twin, String> {
        self.json_of(raw, Direction::Response, content_type, bytes)
    }

    fn json_of(&self, raw: &RawOperation, direction: Direction, content_type: &str, bytes: &[u8]) -> Result<Twin, String> {
        let plan = self.mapped(raw)?;
        match read_message(&self.program, plan, direction, content_type, bytes) {
            Ok(Decoded::Value(json)) => Ok(Twin::Message(json)),
            Ok(Decoded::Empty) => Ok(Twin::Message(b"{}".to_vec())),
            Ok(Decoded::Fault(fault)) => Ok(Twin::Fault(fault_document(&fault))),
            Err(error) => Err(error.message),
        }
    }

    fn mapped(&self, raw: &RawOperation) -> Result<&OperationPlan, String> {
        let plan = raw.plan.and_then(|index| self.program.operations.get(index));
        plan.ok_or_else(|| "this operation could not be mapped: it has no JSON form".to_owned())
    }
}

impl RawOperation {
    /// Its SOAP version in words: `1.1`.
    pub fn version_number(&self) -> &'static str {
        match self.version {
            SoapVersion::Soap11 => "1.1",
            SoapVersion::Soap12 => "1.2",
        }
    }

    /// An envelope of its version with nothing in it.
    pub fn empty_envelope(&self) -> String {
        let namespace = match self.version {
            SoapVersion::Soap11 => ns::SOAP11,
            SoapVersion::Soap12 => ns::SOAP12,
        };
        format!("<soap:Envelope xmlns:soap=\"{namespace}\">\n  <soap:Body>\n  </soap:Body>\n</soap:Envelope>")
    }

    /// The header fields of a request: its media type, and with SOAP 1.1 its action.
    pub fn soap_fields(&self) -> Vec<(&'static str, String)> {
        let action = self.soap_action.as_deref().unwrap_or_default();
        let mut fields = vec![("Content-Type", content_type(self.version, action))];
        if self.version == SoapVersion::Soap11 {
            fields.push(("SOAPAction", format!("\"{action}\"")));
        }
        fields
    }
}

fn not_json(error: &crate::json::ParseError, text: &[u8]) -> String {
    let (line, column) = error.position(text);
    format!("{error} at line {line}, column {column}")
}

fn misfit(error: &FieldError) -> String {
    let place = if error.pointer.is_empty() { "/" } else { &error.pointer };
    let hint = error.hint.as_ref().map(|h| format!("; did you mean `{h}`?")).unwrap_or_default();
    format!("{place}: expected: {}; found: {}{hint}", error.expected, error.found)
}

/// A whole message of that Content-Type, attachments inline.
///
/// # Errors
/// It cannot be read.
pub fn read_message(
    program: &Arc<Program>,
    operation: &OperationPlan,
    direction: Direction,
    content_type: &str,
    bytes: &[u8],
) -> Result<Decoded, DecodeError> {
    let media_type = MediaType::parse(content_type);
    let mut how = fitting(bytes);
    how.charset = media_type.parameter("charset").map(str::to_owned);
    let index = program.operations.iter().position(|o| std::ptr::eq(o, operation));
    match index.filter(|_| media_type.essence == "multipart/related") {
        Some(index) => decode_package(program, index, direction, &media_type, bytes, &how),
        None => mediate::decode(program, operation, direction, bytes, &how),
    }
}

/// Limits that fit a message of that size: who has it already may read it.
fn fitting(envelope: &[u8]) -> DecodeOptions {
    let size = (envelope.len() as u64).max(10 << 20);
    DecodeOptions { limits: crate::xml::Limits::message_of(size), ..DecodeOptions::default() }
}

/// A fault as its problem document. A fault that is not declared has no title: there is no name to give it.
pub fn fault_document(fault: &Fault) -> Vec<u8> {
    let code = fault.code.as_deref().unwrap_or_default().split('.').next().unwrap_or_default();
    let blames_caller = matches!(code, "Client" | "Sender");
    let status = match (&fault.declared, fault.status) {
        (Some(_), status) => status.unwrap_or(crate::plan::compile::DEFAULT_FAULT_STATUS),
        (None, _) if blames_caller => 400,
        (None, _) => 502,
    };
    let mut out = b"{".to_vec();
    if let Some(name) = &fault.declared {
        member(&mut out, "title", name);
    }
    out.extend_from_slice(format!("\"status\":{status},").as_bytes());
    member(&mut out, "code", Reason::Fault.code());
    if let Some(reason) = &fault.reason {
        member(&mut out, "detail", reason);
    }
    string_into(&mut out, "fault");
    out.push(b':');
    out.extend_from_slice(&fault.fault_json);
    out.push(b'}');
    out
}

fn member(out: &mut Vec<u8>, name: &str, value: &str) {
    string_into(out, name);
    out.push(b':');
    string_into(out, value);
    out.push(b',');
}

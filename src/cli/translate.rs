//! `castile encode` and `castile decode`: one message through the mapping. Made for thousands of calls: nothing but the WSDL is loaded.

use super::args::{Direction, Global, Translate};
use super::{Exit, Outcome, Screen, target};
use std::sync::Arc;

use crate::catalog::{fault_document, read_message};
use crate::json::{Limits, parse};
use crate::mediate::package::{EncodedPackage, PackageOptions};
use crate::mediate::{self, DecodeError, DecodeErrorKind, Decoded, EncodeError, FieldError};
use crate::plan::Program;
use crate::plan::node::OperationPlan;
use crate::problem::{InvalidField, Place, Problem, Reason};

/// What stands for the request id where there is no request.
pub(super) const NO_REQUEST: &str = "-";

/// JSON → envelope.
pub(super) fn encode(screen: &Screen, global: &Global, args: &Translate) -> Outcome {
    let program = target::program(screen, global, &args.target)?;
    let operation = target::operation(screen, &program, &args.operation, args.port.as_deref())?;
    let direction = args.direction.unwrap_or(Direction::Request);
    if direction == Direction::Response && operation.output.is_none() {
        return Err(screen.usage(&format!("operation `{}` has no response", operation.name)));
    }
    let text = target::input(screen)?;
    match package(&program, operation, direction, &text, args.mtom) {
        Ok(package) => {
            let (content_type, bytes) = in_memory(screen, &package, &text, operation)?;
            Ok(show(screen, package.is_multipart(), &content_type, &bytes))
        }
        Err(error) => {
            screen.to_stderr(&encode_problem(error, &text).to_json(NO_REQUEST));
            Err(Exit::Problem)
        }
    }
}

fn package(
    program: &Program,
    operation: &OperationPlan,
    direction: Direction,
    text: &[u8],
    mtom: bool,
) -> Result<EncodedPackage, EncodeError> {
    let value = parse(text, &Limits::default()).map_err(EncodeError::NotJson)?;
    let options = PackageOptions { source: text, uploads: None, mtom: mtom.then_some(1 << 10), token: &token(), whole: false };
    mediate::encode_package(program, operation, direction.mediate(), &value, &options)
}

/// A word that no part of a message holds.
pub(super) fn token() -> String {
    // Without randomness a boundary is as good as any: nobody but the caller sees it.
    let random: [u8; 16] = crate::net::random::bytes().unwrap_or([7; 16]);
    random.iter().map(|b| format!("{b:02x}")).collect()
}

/// A message's Content-Type and its bytes.
pub(super) fn in_memory(screen: &Screen, package: &EncodedPackage, text: &[u8], operation: &OperationPlan) -> Outcome<(String, Vec<u8>)> {
    let action = operation.soap_action.as_deref().unwrap_or_default();
    package.in_memory(text, &[], action, &token()).map_err(|e| {
        screen.error(&e.to_string());
        Exit::Problem
    })
}

/// Shows an envelope, or a multipart message behind its Content-Type and an empty line: as `decode` reads it.
pub(super) fn show(screen: &Screen, is_multipart: bool, content_type: &str, bytes: &[u8]) -> Exit {
    if !is_multipart {
        return screen.answer(bytes);
    }
    screen.answer(&[format!("Content-Type: {content_type}\r\n\r\n").as_bytes(), bytes].concat())
}

/// The Content-Type of a message that begins with MIME header fields, and what stands behind them.
fn mime_message(bytes: &[u8]) -> Option<(String, &[u8])> {
    let begins = |word: &str| bytes.get(..word.len()).is_some_and(|b| b.eq_ignore_ascii_case(word.as_bytes()));
    if !begins("content-") && !begins("mime-version:") {
        return None;
    }
    let (end, gap) = [&b"\r\n\r\n"[..], b"\n\n"].iter().filter_map(|g| Some((memchr::memmem::find(bytes, g)?, g.len()))).min()?;
    let head = String::from_utf8_lossy(bytes.get(..end)?).replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    let field = head.lines().filter_map(|l| l.split_once(':')).find(|(n, _)| n.trim().eq_ignore_ascii_case("content-type"));
    Some((field?.1.trim().to_owned(), bytes.get(end + gap..)?))
}

/// Envelope → JSON.
pub(super) fn decode(screen: &Screen, global: &Global, args: &Translate) -> Outcome {
    let program = Arc::new(target::program(screen, global, &args.target)?);
    let operation = target::operation(screen, &program, &args.operation, args.port.as_deref())?;
    let direction = args.direction.unwrap_or(Direction::Response);
    let message = target::input(screen)?;
    let (content_type, bytes) = match (&args.content_type, mime_message(&message)) {
        (Some(given), _) => (given.clone(), message.as_slice()),
        (None, Some((found, rest))) => (found, rest),
        (None, None) => (String::new(), message.as_slice()),
    };
    match read_message(&program, operation, direction.mediate(), &content_type, bytes) {
        Ok(Decoded::Value(json)) => Ok(screen.answer(&json)),
        Ok(Decoded::Empty) => Ok(screen.answer(b"{}")),
        Ok(Decoded::Fault(fault)) => Ok(screen.answer(&fault_document(&fault))),
        Err(error) => {
            screen.to_stderr(&decode_problem(&error).to_json(NO_REQUEST));
            Err(Exit::Problem)
        }
    }
}

/// What is said to whoever sent the JSON.
pub(super) fn encode_problem(error: EncodeError, text: &[u8]) -> Problem {
    let errors = match error {
        EncodeError::NotJson(error) => {
            let (line, column) = error.position(text);
            vec![InvalidField {
                place: Place::Pointer(error.pointer.clone()),
                expected: "JSON in which every name stands once (RFC 8259, RFC 7493)".to_owned(),
                found: format!("{error} at line {line}, column {column}"),
                hint: None,
            }]
        }
        EncodeError::Invalid(errors) => errors.into_iter().map(invalid_field).collect(),
    };
    let detail = match errors.len() {
        1 => "The request does not fit its operation at one place.".to_owned(),
        n => format!("The request does not fit its operation at {n} places."),
    };
    Problem::new(Reason::InvalidRequest, 400, detail).with_errors(errors)
}

fn invalid_field(error: FieldError) -> InvalidField {
    let place = match error.parameter {
        Some(site) => Place::Parameter { location: site.location.word(), name: site.name },
        None => Place::Pointer(error.pointer),
    };
    InvalidField { place, expected: error.expected, found: error.found, hint: error.hint }
}

/// What is said of an envelope that cannot be read.
pub(super) fn decode_problem(error: &DecodeError) -> Problem {
    let what = match error.kind {
        DecodeErrorKind::NotXml => "The message is not well-formed XML",
        DecodeErrorKind::NotSoap => "The message is not a SOAP envelope",
        DecodeErrorKind::UnexpectedBody => "The body is not this operation's message",
        DecodeErrorKind::Invalid => "The message cannot be read",
        DecodeErrorKind::Limit => "The message is over a limit",
    };
    Problem::new(Reason::UpstreamReply, 502, format!("{what}: {}.", error.message))
}

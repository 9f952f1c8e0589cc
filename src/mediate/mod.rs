//! Executes programs: JSON → SOAP envelope (`encode`), SOAP envelope → JSON (`decode`), faults.
//!
//! Comes in: bytes and a [`Program`](crate::plan::Program). Goes out: bytes, or every error with its pointer. Synchronous, bounded, no I/O. Must not know:
//! schemas, WSDL, HTTP.

mod decode;
mod encode;
pub mod mime;
pub mod package;
mod peek;
pub mod security;

pub use decode::{Decoder, Options as DecodeOptions, decode};
pub use encode::{CASTILE_FAULT, FaultCode, encode_fault, fault_envelope};
pub use encode::{Parameter, ParameterTarget, parameter_target, parameters};
pub use encode::{encode, encode_package, encode_value};
pub use encode::{encode_block, encode_block_text, hidden_block, without_secrets};
pub use peek::{Peek, PeekError, Peeked, peek};

use crate::json::ParseError;

/// Which way a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Caller → upstream: the operation's input.
    Request,
    /// Upstream → caller: the operation's output.
    Response,
}

/// Why a JSON value could not become an envelope: the fault of who sent the JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EncodeError {
    /// Not JSON, a name twice, or over a limit.
    NotJson(ParseError),
    /// JSON that does not fit the message: every error found.
    Invalid(Vec<FieldError>),
}

/// One place where a JSON value does not fit its message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) of the place; which one for which error: the mapping contract, section "Errors".
    pub pointer: String,
    /// What would fit, in words.
    pub expected: String,
    /// What was there: at most 60 characters of JSON text, or words; `"nothing"` where it is missing.
    pub found: String,
    /// The nearest name, for an unknown property.
    pub hint: Option<String>,
    /// The parameter that it came from, where it did not come from the body.
    pub parameter: Option<ParameterSite>,
}

/// A parameter of an HTTP request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterSite {
    /// Where it stands: `in` of a problem document.
    pub location: ParameterIn,
    /// Its name.
    pub name: String,
}

/// Where a parameter stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "OpenAPI's words")]
pub enum ParameterIn {
    Path,
    Query,
    Header,
    /// A field of a form; not one of OpenAPI's.
    Form,
}

impl ParameterIn {
    /// OpenAPI's word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Form => "form",
        }
    }
}

/// What an envelope said.
#[derive(Debug)]
pub enum Decoded {
    /// A message: its JSON text (what of it was not taken while streaming).
    Value(Vec<u8>),
    /// A message whose output has no parts.
    Empty,
    /// A fault.
    Fault(Fault),
}

/// A SOAP fault, decoded.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Name of the declared fault it is, if it is one.
    pub declared: Option<std::sync::Arc<str>>,
    /// The status chosen for that declared fault.
    pub status: Option<u16>,
    /// Its reason.
    pub reason: Option<String>,
    /// Its code: `Client`, `Server`, … in the envelope's namespace, else `{ns}local`.
    pub code: Option<String>,
    /// Its subcodes, outermost first, in the same form.
    pub subcodes: Vec<String>,
    /// The `fault` member of the problem document: `{"code": …, "subcodes": […], "actor": …, "detail": …}` as JSON text.
    pub fault_json: Vec<u8>,
}

/// Why an envelope could not be read: the fault of who sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// What kind of failure.
    pub kind: DecodeErrorKind,
    /// In words, without payload values: names, paths, lines.
    pub message: String,
}

/// Kinds of [`DecodeError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeErrorKind {
    /// Not well-formed, wrong encoding, cut off.
    NotXml,
    /// Well-formed, but no SOAP envelope of a known version.
    NotSoap,
    /// A SOAP envelope whose body is not this operation's message.
    UnexpectedBody,
    /// A value or structure that cannot be read even leniently.
    Invalid,
    /// A limit, named in the message.
    Limit,
}

//! Fault envelopes of both versions (SOAP 1.1 section 4.4, SOAP 1.2 part 1 section 5.4).

use super::problem::At;
use super::writer::{Ns, Tag, Writer};
use super::{EncodeError, Encoder, Given};
use crate::json::Value;
use crate::plan::Program;
use crate::plan::node::{FaultPlan, NameTable, OperationPlan, SoapVersion};
use crate::xml::{ns, writer};

/// The namespace of the detail entries that Castile itself writes.
pub const CASTILE_FAULT: &str = "urn:castile:fault";

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultCode {
    /// The message was wrong: `Client`, in SOAP 1.2 `Sender`.
    Sender,
    /// The message could not be processed: `Server`, in SOAP 1.2 `Receiver`.
    Receiver,
    /// The envelope is of another version.
    VersionMismatch,
    /// A header block that must be understood was not.
    MustUnderstand,
}

impl FaultCode {
    fn local(self, version: SoapVersion) -> &'static str {
        match (self, version) {
            (Self::Sender, SoapVersion::Soap11) => "Client",
            (Self::Sender, SoapVersion::Soap12) => "Sender",
            (Self::Receiver, SoapVersion::Soap11) => "Server",
            (Self::Receiver, SoapVersion::Soap12) => "Receiver",
            (Self::VersionMismatch, _) => "VersionMismatch",
            (Self::MustUnderstand, _) => "MustUnderstand",
        }
    }
}

/// A fault envelope. `details` become elements of [`CASTILE_FAULT`]: (local name, text). Total: characters that XML cannot carry are
/// replaced.
pub fn fault_envelope(version: SoapVersion, code: FaultCode, reason: &str, details: &[(&'static str, &str)]) -> Vec<u8> {
    let names = NameTable::new();
    let mut out = Writer::new(&names, version, 512);
    let tags = Tags::of(version, &out);
    open(&mut out, &tags, code.local(version), &carried(reason));
    if !details.is_empty() {
        out.start(tags.detail);
        for (local, text) in details {
            let tag = Tag { ns: Ns::of(&names, CASTILE_FAULT), local };
            out.start(tag);
            out.text(&carried(text));
            out.end(tag);
        }
        out.end(tags.detail);
    }
    close(&mut out, &tags);
    out.into_envelope().unwrap_or_default()
}

/// The envelope of a declared fault: `detail` is the JSON value of its detail entry, `reason` its fault string.
///
/// # Errors
/// Everything in `detail` that does not fit the declaration, each with its pointer.
pub fn encode_fault(
    program: &Program,
    operation: &OperationPlan,
    fault: &FaultPlan,
    reason: &str,
    detail: &Value<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let encoded = operation.output.as_ref().is_some_and(|m| m.encoded);
    let mut encoder = Encoder::new(program, operation.version, encoded, 2048);
    let tags = Tags::of(operation.version, &encoder.out);
    open(&mut encoder.out, &tags, FaultCode::Receiver.local(operation.version), &carried(reason));
    encoder.out.start(tags.detail);
    // Faults whose entries are elements of one name are told apart by the entry's type alone.
    encoder.says_type = operation.faults.iter().any(|f| f.detail.tag == fault.detail.tag && f.detail.type_ != fault.detail.type_);
    encoder.slot(&fault.detail, false, Given::of(detail), At::ROOT);
    encoder.out.end(tags.detail);
    close(&mut encoder.out, &tags);
    encoder.finish().map_err(EncodeError::Invalid)
}

/// The elements of a fault, by version.
struct Tags {
    body: Tag<'static>,
    fault: Tag<'static>,
    detail: Tag<'static>,
    soap: Ns<'static>,
    version: SoapVersion,
}

impl Tags {
    fn of(version: SoapVersion, out: &Writer<'_>) -> Self {
        let body = out.soap("Body");
        let detail = match version {
            SoapVersion::Soap11 => Tag { ns: Ns::NONE, local: "detail" },
            SoapVersion::Soap12 => out.soap("Detail"),
        };
        Self { body, fault: out.soap("Fault"), detail, soap: body.ns, version }
    }

    /// The elements around a code or reason, outermost first.
    fn names(&self, soap11: &'static str, soap12: [&'static str; 2]) -> Vec<Tag<'static>> {
        match self.version {
            SoapVersion::Soap11 => vec![Tag { ns: Ns::NONE, local: soap11 }],
            SoapVersion::Soap12 => soap12.iter().map(|local| Tag { ns: self.soap, local }).collect(),
        }
    }
}

/// `<Body><Fault>`, the code and the reason.
fn open(out: &mut Writer<'_>, tags: &Tags, code: &str, reason: &str) {
    out.start(tags.body);
    out.start(tags.fault);
    let around = tags.names("faultcode", ["Code", "Value"]);
    around.iter().for_each(|t| out.start(*t));
    let code = out.qname(Tag { ns: tags.soap, local: code });
    out.text(&code);
    around.iter().rev().for_each(|t| out.end(*t));
    let around = tags.names("faultstring", ["Reason", "Text"]);
    around.iter().for_each(|t| out.start(*t));
    if tags.version == SoapVersion::Soap12 {
        out.attribute_in(ns::XML, "lang", "en");
    }
    out.text(reason);
    around.iter().rev().for_each(|t| out.end(*t));
}

fn close(out: &mut Writer<'_>, tags: &Tags) {
    out.end(tags.fault);
    out.end(tags.body);
}

/// Text that XML can carry: other characters become U+FFFD.
fn carried(text: &str) -> String {
    text.chars().map(|c| if writer::is_xml_char(c) { c } else { '\u{FFFD}' }).collect()
}

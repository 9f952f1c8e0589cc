//! A proof that cannot fail proves nothing: each of these breaks the mapping in one way, as a mistake of the encoder or the compiler would,
//! and the proof must say where.

use std::path::Path;
use std::sync::Arc;

use castile::json::Value;
use castile::mediate::{DecodeError, Decoded, Direction, EncodeError, Fault};
use castile::plan::Program;
use castile::plan::node::{Content, FaultPlan, OperationPlan, TypeBody};
use castile::prove::{Compiled, Mapping, Options, Pieces, Report, Stage};

use super::{compiled, proved, proved_by};
use crate::support;

/// A mapping whose envelopes are spoiled after they were written.
pub(super) struct Spoiled<'p, F> {
    pub(super) inner: Compiled<'p>,
    pub(super) spoil: F,
}

/// A decoder that goes wrong where a piece of so many bytes ends after a certain text.
struct Torn<'p> {
    inner: Compiled<'p>,
    piece_bytes: usize,
    from: &'static str,
    to: &'static str,
}

impl Mapping for Torn<'_> {
    fn decode(&self, operation: &OperationPlan, direction: Direction, envelope: &[u8]) -> Result<Decoded, DecodeError> {
        self.inner.decode(operation, direction, envelope)
    }

    fn decode_in_pieces(&self, operation: usize, direction: Direction, envelope: &[u8], pieces: Pieces) -> Result<Decoded, DecodeError> {
        let torn = |json: Vec<u8>| String::from_utf8(json).unwrap().replacen(self.from, self.to, 1).into_bytes();
        let decoded = self.inner.decode_in_pieces(operation, direction, envelope, pieces)?;
        Ok(match decoded {
            Decoded::Value(json) if pieces.bytes == self.piece_bytes => Decoded::Value(torn(json)),
            Decoded::Fault(fault) if pieces.bytes == self.piece_bytes => {
                Decoded::Fault(Fault { fault_json: torn(fault.fault_json.clone()), ..fault })
            }
            other => other,
        })
    }

    fn encode(&self, operation: &OperationPlan, direction: Direction, json: &[u8]) -> Result<Vec<u8>, EncodeError> {
        self.inner.encode(operation, direction, json)
    }

    fn encode_fault(&self, operation: &OperationPlan, fault: &FaultPlan, reason: &str, detail: &Value<'_>) -> Result<Vec<u8>, EncodeError> {
        self.inner.encode_fault(operation, fault, reason, detail)
    }
}

impl<F: Fn(String) -> String> Spoiled<'_, F> {
    fn spoiled(&self, envelope: Vec<u8>) -> Vec<u8> {
        (self.spoil)(String::from_utf8(envelope).unwrap()).into_bytes()
    }
}

impl<F: Fn(String) -> String> Mapping for Spoiled<'_, F> {
    fn decode(&self, operation: &OperationPlan, direction: Direction, envelope: &[u8]) -> Result<Decoded, DecodeError> {
        self.inner.decode(operation, direction, envelope)
    }

    fn decode_in_pieces(&self, operation: usize, direction: Direction, envelope: &[u8], pieces: Pieces) -> Result<Decoded, DecodeError> {
        self.inner.decode_in_pieces(operation, direction, envelope, pieces)
    }

    fn encode(&self, operation: &OperationPlan, direction: Direction, json: &[u8]) -> Result<Vec<u8>, EncodeError> {
        self.inner.encode(operation, direction, json).map(|e| self.spoiled(e))
    }

    fn encode_fault(&self, operation: &OperationPlan, fault: &FaultPlan, reason: &str, detail: &Value<'_>) -> Result<Vec<u8>, EncodeError> {
        self.inner.encode_fault(operation, fault, reason, detail).map(|e| self.spoiled(e))
    }
}

fn sample(name: &str) -> std::path::PathBuf {
    support::path("wsdl").join(name).join("service.wsdl")
}

fn construct(name: &str) -> std::path::PathBuf {
    support::path("tests/constructs").join(name).join("service.wsdl")
}

fn few() -> Options {
    Options { cases: 60, further: 20, ..Options::whole() }
}

/// The path and the words of what a spoiled mapping does to an operation's message.
fn spoilt(wsdl: &Path, operation: &str, message: &str, spoil: impl Fn(String) -> String) -> (String, String) {
    let (definitions, program) = compiled(wsdl);
    said(&proved_by(&definitions, &program, &Spoiled { inner: Compiled(&program), spoil }, &few()), operation, message)
}

/// The same for a program that was changed.
fn tampered(wsdl: &Path, operation: &str, message: &str, change: impl Fn(&mut Program)) -> (String, String) {
    let (definitions, mut program) = compiled(wsdl);
    assert!(proved(&definitions, &program, &few()).is_exact(), "it must be right before it is broken");
    change(Arc::get_mut(&mut program).unwrap());
    said(&proved(&definitions, &program, &few()), operation, message)
}

fn said(report: &Report, operation: &str, message: &str) -> (String, String) {
    assert!(!report.is_exact());
    let proved = report.operations.iter().find(|o| &*o.name == operation).unwrap();
    let found = proved.messages.iter().find(|m| m.message.to_string() == message).unwrap();
    let failure = found.first.as_ref().unwrap_or_else(|| panic!("{operation} {message} is said to be exact"));
    assert!(found.exact < found.cases);
    assert!(failure.stage != Stage::Compare || failure.line.is_some() || failure.path == "Envelope", "{failure:?}");
    (failure.path.clone(), failure.text.clone())
}

/// Takes away what stands between two texts, with them, once.
fn without(text: String, from: &str, to: &str) -> String {
    let end = |start: usize| text[start + from.len()..].find(to).map(|at| start + from.len() + at + to.len());
    match text.find(from).and_then(|start| Some((start, end(start)?))) {
        Some((start, end)) => format!("{}{}", &text[..start], &text[end..]),
        None => text,
    }
}

/// As a double would have it: the digits after the sixteenth are zeros.
fn rounded(envelope: &str) -> String {
    let mut run = 0;
    let digit = |c: char| {
        run = if c.is_ascii_digit() { run + 1 } else { 0 };
        if run > 16 { '0' } else { c }
    };
    envelope.chars().map(digit).collect()
}

/// Takes away the first element of that name.
fn without_element(text: String, local: &str) -> String {
    let end = format!(":{local}>");
    let Some(at) = text.find(&end) else { return text };
    let start = text[..at].rfind('<').unwrap();
    let close = at + 1 + text[at + 1..].find(&end).unwrap() + end.len();
    format!("{}{}", &text[..start], &text[close..])
}

#[test]
fn digits_that_are_lost() {
    let (path, text) = spoilt(&construct("numbers"), "Op", "request", |e| rounded(&e));
    assert!(path.starts_with("Body/Ask/"), "{path}");
    assert!(text.contains("\" came back as \"") && text.contains("00"), "{text}");
}

#[test]
fn zeros_that_are_lost() {
    let (path, text) = spoilt(&construct("numbers"), "Op", "response", |e| e.replace("0</n1:d>", "</n1:d>"));
    assert_eq!(path, "Body/Answer/d");
    assert!(text.contains("0\" came back as \""), "{text}");
}

#[test]
fn an_attribute_that_is_lost() {
    let (path, text) = spoilt(&construct("attributes"), "Op", "request", |e| without(e, " id=\"", "\""));
    assert_eq!(path, "Body/Ask/@id");
    assert_eq!(text, "attribute id is lost");
}

#[test]
fn an_element_that_is_lost() {
    let (path, text) = spoilt(&sample("orders"), "PlaceOrder", "request", |e| without_element(e, "city"));
    assert!(path.starts_with("Body/PlaceOrder/"), "{path}");
    assert!(text.contains("}city came back as"), "{text}");
}

#[test]
fn a_type_that_is_lost() {
    let (path, text) = spoilt(&construct("derived-types"), "Op", "response", |e| without(e, " xsi:type=\"", "\""));
    assert!(path.starts_with("Body/Answer"), "{path}");
    assert!(text.starts_with("xsi:type {urn:t}"), "{text}");
}

#[test]
fn nil_that_becomes_empty() {
    let (path, text) = spoilt(&construct("nillable"), "Op", "request", |e| without(e, " xsi:nil=\"", "\""));
    assert!(path.starts_with("Body/Ask"), "{path}");
    assert!(text.starts_with("nil came back as"), "{text}");
}

#[test]
fn a_namespace_that_is_another() {
    let (path, text) = spoilt(&construct("sequence"), "Op", "request", |e| e.replace("\"urn:t\"", "\"urn:u\""));
    assert_eq!(path, "Body/Ask");
    assert_eq!(text, "element {urn:t}Ask came back as {urn:u}Ask");
}

#[test]
fn white_space_that_is_trimmed() {
    let (path, text) = spoilt(&construct("sequence"), "Op", "request", |e| e.replace(" </", "</"));
    assert_eq!(path, "Body/Ask/a");
    assert!(text.contains(" \" came back as \""), "{text}");
}

#[test]
fn an_envelope_that_is_cut() {
    let (path, text) = spoilt(&construct("sequence"), "Op", "request", |mut e| {
        e.truncate(e.len() / 2);
        e
    });
    assert_eq!(path, "Envelope");
    assert!(text.contains("cannot be read"), "{text}");
}

#[test]
fn a_fault_whose_detail_is_lost() {
    let (path, text) = spoilt(&construct("faults"), "Op", "fault NotFound", |e| without_element(e, "code"));
    assert!(path.starts_with("Body/"), "{path}");
    assert!(text.contains("code"), "{text}");
}

#[test]
fn places_that_changed_their_order() {
    let (_, text) = tampered(&construct("sequence"), "Op", "request", |program| {
        // As a compiler would that sorts: every place of every shape the other way round, and the model with them.
        for shape in &mut program.shapes {
            if let Some(castile::plan::node::Particle::Group(group)) = &mut shape.model {
                group.particles.reverse();
            }
        }
    });
    assert!(text.contains("came back as") || text.contains("refused"), "{text}");
}

#[test]
fn an_attribute_that_the_compiler_forgot() {
    let (path, text) = tampered(&construct("attributes"), "Op", "request", |program| {
        for type_ in &mut program.types {
            if let TypeBody::Complex(complex) = &mut type_.body {
                complex.attributes.clear();
            }
        }
    });
    assert!(!path.is_empty() && !text.is_empty());
}

#[test]
fn a_type_that_the_compiler_made_another() {
    // Every element is of the type of the first simple content: texts of other types are refused or changed.
    let (path, _) = tampered(&construct("values"), "Op", "request", |program| {
        let boolean = program
            .types
            .iter()
            .position(|t| matches!(&t.body, TypeBody::Simple(s) if s.kind() == castile::plan::scalar::JsonKind::Boolean));
        let boolean = castile::plan::node::TypeId(u32::try_from(boolean.unwrap()).unwrap());
        let simple: Vec<bool> = program.types.iter().map(|t| matches!(t.body, TypeBody::Simple(_))).collect();
        for element in &mut program.elements {
            if simple.get(element.type_.index()).copied().unwrap_or(false) {
                element.type_ = boolean;
            }
        }
    });
    assert!(!path.is_empty());
}

#[test]
fn text_that_the_compiler_took_for_elements() {
    let (_, text) = tampered(&construct("mixed"), "Op", "request", |program| {
        for type_ in &mut program.types {
            if let TypeBody::Complex(complex) = &mut type_.body
                && let Content::Mixed(shape) = complex.content
            {
                complex.content = Content::Elements(shape);
            }
        }
    });
    assert!(!text.is_empty());
}

/// The path and the words of what a torn reading does to an operation's message.
fn torn(wsdl: &Path, message: &str, piece_bytes: usize, from: &'static str, to: &'static str) -> (String, String) {
    let (definitions, program) = compiled(wsdl);
    let mapping = Torn { inner: Compiled(&program), piece_bytes, from, to };
    let report = proved_by(&definitions, &program, &mapping, &few());
    let requests = report.operations.iter().flat_map(|o| &o.messages).filter(|m| m.message.to_string() == "request");
    assert!(requests.into_iter().all(castile::prove::ProvedMessage::is_exact), "requests are not read in pieces");
    let found = report.operations.iter().flat_map(|o| &o.messages).find(|m| m.message.to_string() == message).unwrap();
    assert_eq!(found.first.as_ref().unwrap().stage, Stage::Pieces);
    said(&report, "Op", message)
}

#[test]
fn a_reply_that_is_read_otherwise_in_pieces() {
    let (path, text) = torn(&construct("sequence"), "response", 1, "\"c\":", "\"d\":");
    assert_eq!((path.as_str(), text.as_str()), ("/c", "in pieces of 1 byte is lost"));
    let (path, text) = torn(&construct("sequence"), "response", 64, "}", "");
    assert_eq!((path.as_str(), text.as_str()), ("/", "in pieces of 64 bytes its JSON cannot be read"));
    // What says the same counts too: not a byte may depend on how a reply arrives.
    let (_, text) = torn(&construct("sequence"), "response", 64, ":", ": ");
    assert_eq!(text, "in pieces of 64 bytes the same is written otherwise");
    let (path, text) = torn(&construct("faults"), "fault NotFound", 64, "detail", "details");
    assert_eq!((path.as_str(), text.as_str()), ("/detail", "in pieces of 64 bytes is lost"));
}

#[test]
fn a_leftover_that_nobody_declares_is_not_called_exact() {
    let Some(folder) = support::shared_or_skip("prove::undeclared", "corpus/bullhorn") else { return };
    let wsdl = support::files(&folder, "wsdl").into_iter().next().unwrap();
    let (definitions, program) = compiled(&wsdl);
    let report = proved(&definitions, &program, &few());
    assert_eq!(report.exact(), 0, "its elements are declared in a document that is missing");
    let undeclared = report.operations.iter().flat_map(|o| &o.messages).filter(|m| m.undeclared.is_some()).count();
    assert!(undeclared > 100, "{undeclared}");
}

#[test]
fn the_same_seed_makes_the_same_messages() {
    let (definitions, program) = compiled(&sample("orders"));
    let sent = |seed| {
        let spoil = |_: String| "<broken/>".to_owned();
        let options = Options { seed, ..few() };
        let report = proved_by(&definitions, &program, &Spoiled { inner: Compiled(&program), spoil }, &options);
        let failures = report.operations.into_iter().flat_map(|o| o.messages).filter_map(|m| m.first);
        failures.map(|f| String::from_utf8(f.sent).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(sent(1), sent(1));
    assert_ne!(sent(1), sent(2));
}

//! A proof from end to end: operations, messages, cases.

use super::compare::Comparer;
use super::coverage::{Coverage, Vertex};
use super::layout::{Layout, Place};
use super::model::Model;
use super::pieces;
use super::report::{Failure, Message, ProvedMessage, ProvedOperation, Report, Stage, Way};
use super::{Mapping, Options, generate, json_difference};
use crate::json::{Limits, Value, parse};
use crate::mediate::{Decoded, Direction, EncodeError};
use crate::plan::Program;
use crate::plan::node::{FaultPlan, OperationPlan};
use crate::sample::{Sampler, Style};
use crate::schema::model::DerivationSet;
use crate::wsdl::Definitions;

/// Envelopes without news after which a message has no more.
const PATIENCE: u32 = 4;
/// What a step of the generator counts as, in bytes of envelopes.
const STEP_BYTES: u64 = 8;

/// How far a proof is.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// The operation that begins.
    pub operation: &'a str,
    /// How many were begun before it.
    pub done: usize,
    /// How many there are.
    pub of: usize,
}

/// Proves a mapping of operations of `program`, which was compiled from `definitions`. `progress` is told when an operation begins.
pub fn prove(
    definitions: &Definitions,
    program: &Program,
    mapping: &dyn Mapping,
    options: &Options,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Report {
    let model = Model::new(&definitions.schemas);
    let wanted = |ix: &usize| options.operations.as_ref().is_none_or(|list| list.contains(ix));
    let mut subjects: Vec<Subject<'_>> = Vec::new();
    for (index, plan) in program.operations.iter().enumerate().filter(|(ix, _)| wanted(ix)) {
        subjects.push(Subject::of(definitions, program, index, plan));
    }
    let roots: Vec<Vertex> = subjects.iter().flat_map(|s| &s.messages).flat_map(|m| roots(&m.layout)).collect();
    let coverage = Coverage::new(&model, &roots);
    let mut run =
        Run { model: &model, coverage, comparer: Comparer::new(&model), sampler: Sampler::new(program), mapping, options, bytes: 0 };
    // In rounds: where the bytes do not suffice, every operation has its turn before one has its second.
    let of = subjects.len();
    for round in 0..options.cases.max(1) {
        run.coverage.measure();
        for (done, subject) in subjects.iter_mut().enumerate() {
            if round == 0 {
                progress(Progress { operation: &subject.plan.name, done, of });
            }
            run.round(subject, round);
        }
    }
    if options.further > 0 {
        for (done, subject) in subjects.iter_mut().enumerate() {
            progress(Progress { operation: &subject.plan.name, done, of });
            run.further(subject);
        }
    }
    let operations = subjects.into_iter().map(Subject::proved).collect();
    Report { seed: options.seed, operations, reached: run.coverage.reached() }
}

/// Where the values of a message begin.
fn roots(layout: &Layout) -> Vec<Vertex> {
    let mut roots = Vec::new();
    for accessor in layout.parts.iter().chain(&layout.headers) {
        match accessor.element {
            Some(element) => roots.push(Vertex::Element(element)),
            // A fault that its type tells is of that very type.
            None if accessor.is_told => roots.push(Vertex::Type(accessor.type_)),
            None => roots.extend([Vertex::Type(accessor.type_), Vertex::Declared(accessor.type_, DerivationSet::default())]),
        }
    }
    roots
}

/// One operation and what was found of it.
struct Subject<'p> {
    index: usize,
    plan: &'p OperationPlan,
    messages: Vec<Tried<'p>>,
}

/// One message and what was found of it.
struct Tried<'p> {
    /// Index of the operation.
    operation: usize,
    layout: Layout,
    fault: Option<&'p FaultPlan>,
    proved: ProvedMessage,
    /// Envelopes since one showed something new.
    stale: u32,
}

impl<'p> Subject<'p> {
    fn of(definitions: &Definitions, program: &Program, index: usize, plan: &'p OperationPlan) -> Self {
        let mut messages = Vec::new();
        let tried = |layout: Layout, fault, message| {
            let name = layout.parts.iter().chain(&layout.headers).find(|a| a.is_undeclared).map(|a| a.name.to_string());
            let name = if layout.is_undefined { Some("its message".to_owned()) } else { name };
            let proved =
                ProvedMessage { message, cases: 0, envelopes: 0, exact: 0, first: None, not_made: None, undeclared: name, used_up: false };
            Tried { operation: index, layout, fault, proved, stale: 0 }
        };
        if let Some(place) = Place::of(definitions, plan) {
            messages.extend(place.request(definitions, program, plan).map(|l| tried(l, None, Message::Request)));
            messages.extend(place.response(definitions).map(|l| tried(l, None, Message::Response)));
            for (layout, fault) in place.faults(definitions).into_iter().zip(&plan.faults) {
                messages.push(tried(layout, Some(fault), Message::Fault(fault.name.clone())));
            }
        }
        Self { index, plan, messages }
    }

    fn proved(self) -> ProvedOperation {
        ProvedOperation {
            index: self.index,
            name: self.plan.name.clone(),
            service: self.plan.service.clone(),
            port: self.plan.port.clone(),
            messages: self.messages.into_iter().map(|m| m.proved).collect(),
        }
    }
}

struct Run<'r, 'd> {
    model: &'r Model<'d>,
    coverage: Coverage,
    comparer: Comparer<'r, 'd>,
    sampler: Sampler<'r>,
    mapping: &'r dyn Mapping,
    options: &'r Options,
    bytes: u64,
}

/// A seed for each case of each message.
fn seed_of(seed: u64, operation: usize, message: usize, case: u32) -> u64 {
    let mut mixed = seed;
    for part in [operation as u64, message as u64, u64::from(case)] {
        mixed = (mixed ^ part).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed ^= mixed >> 29;
    }
    mixed
}

impl Run<'_, '_> {
    fn has_room(&self) -> bool {
        self.bytes < self.options.bytes
    }

    /// One envelope and one JSON value of each message.
    fn round(&mut self, subject: &mut Subject<'_>, round: u32) {
        for (ix, tried) in subject.messages.iter_mut().enumerate() {
            if !self.has_room() {
                tried.proved.used_up = true;
                continue;
            }
            let seed = seed_of(self.options.seed, subject.index, ix, round);
            self.envelope(subject.plan, tried, seed);
            self.value(subject.plan, tried, seed, round);
        }
    }

    /// Envelopes as long as they show something new.
    fn further(&mut self, subject: &mut Subject<'_>) {
        for (ix, tried) in subject.messages.iter_mut().enumerate() {
            for case in 0..self.options.further {
                if tried.stale >= PATIENCE || !self.has_room() {
                    break;
                }
                let seed = seed_of(self.options.seed, subject.index, ix, self.options.cases + case);
                self.coverage.measure();
                self.envelope(subject.plan, tried, seed);
            }
        }
    }

    /// XML → JSON → XML.
    fn envelope(&mut self, plan: &OperationPlan, tried: &mut Tried<'_>, seed: u64) {
        let made = match generate::message(self.model, &mut self.coverage, &tried.layout, seed, self.options.elements) {
            Ok(made) => made,
            Err(stuck) => {
                tried.stale = PATIENCE;
                // What was gone through for nothing counts as if it had been written.
                self.bytes += u64::from(stuck.steps) * STEP_BYTES;
                tried.proved.not_made.get_or_insert_with(|| format!("{}: {}", stuck.path, stuck.reason));
                return;
            }
        };
        tried.stale = if made.is_news { 0 } else { tried.stale + 1 };
        self.bytes += made.bytes.len() as u64;
        let failure = self.xml(plan, tried, &made.bytes).err().map(|wrong| wrong.failure(seed, Way::Xml, made.bytes));
        tried.proved.envelopes += 1;
        tried.proved.count(failure);
    }

    fn xml(&self, plan: &OperationPlan, tried: &Tried<'_>, envelope: &[u8]) -> Result<(), Wrong> {
        let direction = if tried.proved.message == Message::Request { Direction::Request } else { Direction::Response };
        let decoded = self.mapping.decode(plan, direction, envelope);
        let decoded = decoded.map_err(|e| Wrong::new(Stage::Decode, "Envelope", format!("valid, but refused: {}", e.message)))?;
        self.in_pieces(tried, direction, envelope, &decoded).map_or(Ok(()), Err)?;
        let (json, back) = match (decoded, tried.fault) {
            (Decoded::Fault(read), Some(fault)) => {
                let json = read.fault_json.clone();
                (json, self.fault_back(plan, fault, &read)?)
            }
            (Decoded::Value(json), None) => {
                let back = self.mapping.encode(plan, direction, &json).map_err(|e| Wrong::refused(&e).with(&json, b""))?;
                (json, back)
            }
            (Decoded::Empty, None) => (b"{}".to_vec(), self.mapping.encode(plan, direction, b"{}").map_err(|e| Wrong::refused(&e))?),
            (Decoded::Fault(_), None) => return Err(Wrong::new(Stage::Decode, "Envelope", "it was read as a fault")),
            (Decoded::Value(_) | Decoded::Empty, Some(_)) => {
                return Err(Wrong::new(Stage::Decode, "Envelope", "it was not read as a fault"));
            }
        };
        match self.comparer.difference(&tried.layout, envelope, &back) {
            None => Ok(()),
            Some(found) => {
                let wrong = Wrong { line: found.line, ..Wrong::new(Stage::Compare, &found.path, found.text) };
                Err(wrong.with(&json, &back))
            }
        }
    }

    /// A reply as the gateway reads it.
    fn in_pieces(&self, tried: &Tried<'_>, direction: Direction, envelope: &[u8], whole: &Decoded) -> Option<Wrong> {
        if direction == Direction::Request {
            return None;
        }
        let found = pieces::difference(self.mapping, tried.operation, envelope, whole)?;
        let became = match whole {
            Decoded::Value(json) => json.as_slice(),
            Decoded::Fault(fault) => &fault.fault_json,
            Decoded::Empty => b"",
        };
        Some(Wrong::new(Stage::Pieces, &found.path, found.text).with(became, &found.json))
    }

    fn fault_back(&self, plan: &OperationPlan, fault: &FaultPlan, read: &crate::mediate::Fault) -> Result<Vec<u8>, Wrong> {
        let wrong = |text: String| Wrong::new(Stage::Decode, "Body/Fault", text).with(&read.fault_json, b"");
        // Of several faults with the same element the type decides, and may decide for another with the same type.
        let alike = |f: &&FaultPlan| f.detail.tag == fault.detail.tag && Some(&*f.name) == read.declared.as_deref();
        let Some(as_declared) = plan.faults.iter().find(alike) else {
            return Err(wrong(format!("it was read as the fault {:?}", read.declared.as_deref().unwrap_or("(undeclared)"))));
        };
        let value = parse(&read.fault_json, &Limits::default()).map_err(|e| wrong(format!("its JSON cannot be read: {e}")))?;
        let entry = match value.member("detail") {
            Some(Value::Object(entries)) if entries.len() == 1 => entries.first().map(|(_, entry)| entry),
            _ => None,
        };
        let Some(entry) = entry else { return Err(wrong("its detail has not one entry".to_owned())) };
        self.mapping.encode_fault(plan, as_declared, "it did not work", entry).map_err(|e| Wrong::refused(&e).with(&read.fault_json, b""))
    }

    /// JSON → XML → JSON.
    fn value(&mut self, plan: &OperationPlan, tried: &mut Tried<'_>, seed: u64, round: u32) {
        if tried.fault.is_some() {
            return;
        }
        let direction = if tried.proved.message == Message::Request { Direction::Request } else { Direction::Response };
        let style = match round % 3 {
            0 => Style::Full,
            1 => Style::Typical,
            _ => Style::Minimal,
        };
        let sent = match self.sampler.message(plan, direction, Some(seed), style) {
            Ok(sent) => sent,
            Err(stuck) => {
                tried.proved.not_made.get_or_insert_with(|| stuck.to_string());
                return;
            }
        };
        self.bytes += sent.len() as u64;
        let failure = self.json(plan, tried, direction, &sent).err().map(|wrong| wrong.failure(seed, Way::Json, sent));
        tried.proved.count(failure);
    }

    fn json(&self, plan: &OperationPlan, tried: &Tried<'_>, direction: Direction, sent: &[u8]) -> Result<(), Wrong> {
        let envelope = self.mapping.encode(plan, direction, sent).map_err(|e| Wrong::refused(&e))?;
        let wrong = |text: String| Wrong::new(Stage::Decode, "Envelope", text).with(&envelope, b"");
        let decoded = self.mapping.decode(plan, direction, &envelope).map_err(|e| wrong(format!("refused: {}", e.message)))?;
        if let Some(found) = self.in_pieces(tried, direction, &envelope, &decoded) {
            return Err(Wrong { became: envelope, ..found });
        }
        let back = match decoded {
            Decoded::Value(back) => back,
            Decoded::Empty => b"{}".to_vec(),
            Decoded::Fault(_) => return Err(wrong("it was read as a fault".to_owned())),
        };
        let value = |text| parse(text, &Limits::default());
        let (Ok(a), Ok(b)) = (value(sent), value(&back)) else {
            return Err(Wrong::new(Stage::Decode, "", "the JSON that came back cannot be read").with(&envelope, &back));
        };
        match json_difference(&as_read(!tried.layout.headers.is_empty(), a), &b) {
            None => Ok(()),
            Some(found) => {
                let (pointer, text) = found.split_once(' ').unwrap_or((&found, ""));
                Err(Wrong::new(Stage::Compare, pointer, text).with(&envelope, &back))
            }
        }
    }
}

/// Where headers are declared, what is no object comes back as one that has room for them (decision 42).
fn as_read(has_headers: bool, sent: Value<'_>) -> Value<'_> {
    match sent {
        Value::Null if has_headers => Value::Object(vec![("$nil".into(), Value::Bool(true))]),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) if has_headers => {
            Value::Object(vec![("$value".into(), sent)])
        }
        other => other,
    }
}

/// What went wrong with a case.
struct Wrong {
    stage: Stage,
    path: String,
    line: Option<usize>,
    text: String,
    became: Vec<u8>,
    back: Vec<u8>,
}

impl Wrong {
    fn new(stage: Stage, path: &str, text: impl Into<String>) -> Self {
        Self { stage, path: path.to_owned(), line: None, text: text.into(), became: Vec::new(), back: Vec::new() }
    }

    fn refused(error: &EncodeError) -> Self {
        match error {
            EncodeError::NotJson(e) => Self::new(Stage::Encode, &e.pointer, e.to_string()),
            EncodeError::Invalid(errors) => {
                let first = errors.first();
                let text = first.map_or_else(String::new, |e| format!("refused: expected {}, found {}", e.expected, e.found));
                Self::new(Stage::Encode, first.map_or("", |e| &e.pointer), text)
            }
        }
    }

    fn with(self, became: &[u8], back: &[u8]) -> Self {
        Self { became: became.to_vec(), back: back.to_vec(), ..self }
    }

    fn failure(self, seed: u64, way: Way, sent: Vec<u8>) -> Failure {
        let Self { stage, path, line, text, became, back } = self;
        let path = if path.is_empty() { "/".to_owned() } else { path };
        Failure { seed, way, stage, path, line, text, sent, became, back }
    }
}

impl ProvedMessage {
    fn count(&mut self, failure: Option<Failure>) {
        self.cases += 1;
        match failure {
            None => self.exact += 1,
            // An envelope says more than a value: it has lines, and the schema made it.
            Some(failure) if self.first.as_ref().is_none_or(|f| f.way == Way::Json && failure.way == Way::Xml) => {
                self.first = Some(failure)
            }
            Some(_) => {}
        }
    }
}

//! Envelope → JSON: events in, JSON text out, written as it is known; no tree.
//!
//! A [`Decoder`] is fed chunks and gives what may be sent already with [`Decoder::take_ready`]. What cannot be written as it comes
//! (generic content, elements out of schema order, shapes that need the whole row) is held back to the end of the smallest element
//! around it.

mod accessors;
mod assemble;
mod attach;
mod collect;
mod envelope;
mod fault;
mod generic;
mod machine;
mod matching;
mod names;
mod object;
mod output;
mod path;
mod properties;
mod record;
mod slots;
mod soap_array;
mod tag;
mod tape;
mod undeclared;
mod value;
mod written;

use std::sync::Arc;

use self::attach::Attached;
use self::machine::{Kind, Machine, Run};
use super::package::{Attachment, Package};
use super::{DecodeError, DecodeErrorKind, Decoded, Direction};
use crate::plan::Program;
use crate::plan::node::{Body, MessagePlan, OperationPlan};
use crate::xml::Limits;
use crate::xml::gate::{Gate, GateError, Handler, Namespaces, StartTag, Stop};

/// How to decode.
#[derive(Debug, Clone)]
pub struct Options {
    /// The charset that the transport names.
    pub charset: Option<String>,
    /// The XML limits.
    pub limits: Limits,
    /// Is a message that breaks its schema refused, not read leniently?
    pub strict: bool,
    /// Did the message come as a package, so that it may refer to parts beside it?
    pub package: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { charset: None, limits: Limits::message(), strict: false, package: false }
    }
}

/// Decodes one envelope, chunk by chunk.
#[derive(Debug)]
pub struct Decoder {
    program: Arc<Program>,
    /// Index into the program's operations.
    operation: usize,
    direction: Direction,
    gate: Gate,
    machine: Machine,
    /// Bytes that attachments may be in all, each reference counted.
    limit: u64,
}

impl Decoder {
    /// A decoder for one message of `program.operations[operation]`.
    pub fn new(program: Arc<Program>, operation: usize, direction: Direction, options: &Options) -> Self {
        let strict = options.strict || program.options.strict;
        let gate = Gate::new(options.limits, options.charset.as_deref());
        Self { program, operation, direction, gate, machine: machine(strict, options), limit: options.limits.size_bytes }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// The message cannot be read: the sender's fault. The decoder must not be fed again.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<(), DecodeError> {
        let Self { program, operation, direction, gate, machine, .. } = self;
        let Some(operation) = program.operations.get(*operation) else { return Err(no_operation()) };
        feed(program, operation, *direction, gate, machine, chunk)
    }

    /// How many bytes of JSON may be sent already.
    pub fn ready(&self) -> usize {
        self.machine.ready()
    }

    /// Takes the bytes of JSON that may be sent already. After this the message can only end well, or fail: the caller must then cut
    /// the connection.
    pub fn take_ready(&mut self) -> Vec<u8> {
        let ready = self.machine.ready();
        let rest = self.machine.out.split_off(ready);
        self.machine.base += ready;
        std::mem::replace(&mut self.machine.out, rest)
    }

    /// Places where the message broke its schema and was read leniently.
    pub fn deviations(&self) -> u64 {
        self.machine.deviations
    }

    /// Header blocks that the operation does not declare, which were left out so far: all of them once the Body began.
    pub fn dropped_headers(&self) -> u64 {
        self.machine.dropped_headers
    }

    /// Says that there are no more bytes, and gives the rest.
    ///
    /// # Errors
    /// As [`Decoder::feed`]; also where the document is not complete.
    pub fn finish(mut self) -> Result<Decoded, DecodeError> {
        let Self { program, operation, direction, gate, machine, .. } = &mut self;
        let Some(operation) = program.operations.get(*operation) else { return Err(no_operation()) };
        finish(program, operation, *direction, gate, machine)
    }

    /// The same for a message that came as a package: `parts` are those beside the envelope.
    ///
    /// # Errors
    /// As [`Decoder::finish`]; also where the message refers to a part that did not come.
    pub fn finish_package(mut self, parts: &[Attachment]) -> Result<Package, DecodeError> {
        let Self { program, operation, direction, gate, machine, limit } = &mut self;
        let Some(operation) = program.operations.get(*operation) else { return Err(no_operation()) };
        let mut decoded = finish(program, operation, *direction, gate, machine)?;
        let attached = std::mem::take(&mut machine.attached);
        let resolved = attached.resolve(parts, *limit, message(operation, *direction), &mut decoded)?;
        Ok(Package { decoded, parts: resolved.parts, dropped: resolved.dropped })
    }
}

/// Decodes a whole envelope.
///
/// # Errors
/// The message cannot be read: the sender's fault.
pub fn decode(
    program: &Program,
    operation: &OperationPlan,
    direction: Direction,
    envelope: &[u8],
    options: &Options,
) -> Result<Decoded, DecodeError> {
    let mut gate = Gate::new(options.limits, options.charset.as_deref());
    let mut machine = machine(options.strict || program.options.strict, options);
    feed(program, operation, direction, &mut gate, &mut machine, envelope)?;
    finish(program, operation, direction, &mut gate, &mut machine)
}

fn machine(strict: bool, options: &Options) -> Machine {
    let max_input = usize::try_from(options.limits.size_bytes).unwrap_or(usize::MAX);
    Machine { strict, max_input, attached: Attached::of_package(options.package), ..Machine::default() }
}

fn no_operation() -> DecodeError {
    DecodeError { kind: DecodeErrorKind::UnexpectedBody, message: "no such operation".to_owned() }
}

fn message(operation: &OperationPlan, direction: Direction) -> Option<&MessagePlan> {
    match direction {
        Direction::Request => Some(&operation.input),
        Direction::Response => operation.output.as_ref(),
    }
}

fn feed(
    program: &Program,
    operation: &OperationPlan,
    direction: Direction,
    gate: &mut Gate,
    machine: &mut Machine,
    chunk: &[u8],
) -> Result<(), DecodeError> {
    machine.input = machine.input.saturating_add(chunk.len());
    let message = message(operation, direction);
    let mut run = Run { machine, program, operation, message };
    let fed = gate.feed(chunk, &mut run);
    fed.map_err(|stop| stopped(stop, gate, machine.replaying))
}

fn finish(
    program: &Program,
    operation: &OperationPlan,
    direction: Direction,
    gate: &mut Gate,
    machine: &mut Machine,
) -> Result<Decoded, DecodeError> {
    let message = message(operation, direction);
    let mut run = Run { machine, program, operation, message };
    let finished = gate.finish(&mut run);
    finished.map_err(|stop| stopped(stop, gate, machine.replaying))?;
    if let Some(fault) = machine.envelope.fault.take() {
        return Ok(Decoded::Fault(fault.finish()));
    }
    if !machine.envelope.body {
        return Err(DecodeError { kind: DecodeErrorKind::NotSoap, message: "an envelope without a Body".to_owned() });
    }
    let no_parts = message.is_none_or(|m| matches!(m.body, Body::Empty)) && !machine.envelope.undeclared.any();
    // Whether a declared header came must not decide between two kinds of answer.
    let declares_headers = message.is_some_and(|m| !m.headers.is_empty());
    if no_parts && !declares_headers && !machine.envelope.headers_open {
        return Ok(Decoded::Empty);
    }
    Ok(Decoded::Value(std::mem::take(&mut machine.out)))
}

/// What is replayed from memory has no lines any more.
fn stopped(stop: Stop<DecodeError>, gate: &Gate, replaying: bool) -> DecodeError {
    match stop {
        Stop::Handler(error) => match gate.stopped_at_line().filter(|_| !replaying && error.kind != DecodeErrorKind::Limit) {
            Some(line) => DecodeError { message: format!("{}, line {line}", error.message), ..error },
            None => error,
        },
        Stop::Refused(error) => refused(&error),
    }
}

fn refused(error: &GateError) -> DecodeError {
    let kind = if error.kind.limit().is_some() { DecodeErrorKind::Limit } else { DecodeErrorKind::NotXml };
    DecodeError { kind, message: error.to_string() }
}

impl Machine {
    /// Bytes before the first element that is held back.
    fn ready(&self) -> usize {
        if !self.envelope.started || self.envelope.fault.is_some() {
            return 0;
        }
        let end = self.base + self.out.len();
        let held = self.frames.iter().map(|f| match &f.kind {
            Kind::Generic(_) | Kind::SoapArray(_) => f.start,
            // An array with no item yet: another child than the expected one would make it an object.
            Kind::Object(o) if o.flat && o.open.is_none() => f.start,
            Kind::Object(o) if o.collect.is_some() => o.members,
            Kind::Envelope
            | Kind::Header
            | Kind::Body
            | Kind::Wrapper
            | Kind::Ignored
            | Kind::Scalar(_)
            | Kind::Nil
            | Kind::Object(_)
            | Kind::Mixed(_)
            | Kind::Fault(_) => end,
        });
        held.chain(self.envelope.undeclared.held())
            .chain(self.envelope.kept_back)
            .min()
            .unwrap_or(end)
            .saturating_sub(self.base)
            .min(self.out.len())
    }
}

impl Handler for Run<'_> {
    type Error = DecodeError;

    fn start(&mut self, tag: &StartTag<'_>) -> Result<(), DecodeError> {
        self.document_start(tag)
    }

    fn text(&mut self, text: &str) -> Result<(), DecodeError> {
        self.document_text(text)
    }

    fn end(&mut self, scope: &Namespaces) -> Result<(), DecodeError> {
        self.document_end(scope)
    }
}

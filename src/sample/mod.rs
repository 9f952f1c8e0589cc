//! Schema-valid JSON from a program: examples for documents, replies of mocks, requests for trials.
//!
//! Comes in: a `Program` and one of its operations. Goes out: JSON text that `mediate::encode` takes. Bounded in size; recursion
//! ends at the first chance. Without a seed: the same readable values always. Must not know: schemas, WSDL, HTTP.

mod message;
mod object;
mod pattern;
mod random;
mod scalar;
#[cfg(test)]
mod tests;
mod value;
mod ways;
mod wild;

use std::fmt;

use crate::mediate::{DecodeOptions, Decoded, Direction, EncodeError, decode, encode};
use crate::plan::Program;
use crate::plan::node::{FaultPlan, OperationPlan, Slot};
use crate::plan::scalar::Scalar;
use value::Run;
use ways::Ways;

pub(crate) use random::Choices;
pub(crate) use scalar::{Texts, is_valid};

/// An example for documents has at most so many bytes.
pub const MAX_EXAMPLE_BYTES: usize = 32 << 10;

/// How much a sample shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// What is required.
    Minimal,
    /// What a document shows: optional parts too, one item of each array. With a seed, some of them.
    Typical,
    /// Everything that may be there: headers, two items of each array, more levels of recursion.
    Full,
}

/// Why there is no sample.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleError {
    /// JSON pointer of the place that cannot be filled.
    pub pointer: String,
    /// Why not, in words.
    pub reason: String,
}

impl fmt::Display for SampleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "/" } else { &self.pointer };
        write!(f, "no valid value for {place}: {}", self.reason)
    }
}

impl std::error::Error for SampleError {}

/// Makes samples of one program. Making one looks at the whole program once, so keep it for several.
#[derive(Debug)]
pub struct Sampler<'p> {
    program: &'p Program,
    ways: Ways,
}

impl<'p> Sampler<'p> {
    /// For the operations of `program`.
    pub fn new(program: &'p Program) -> Self {
        Self { program, ways: Ways::new(program) }
    }

    /// The JSON text of an operation's input or output. `seed`: another value for each; `None`: readable ones.
    ///
    /// # Errors
    /// Where a required value cannot be made: recursion without an end, facets that exclude each other, a pattern beyond guessing.
    pub fn message(
        &self,
        operation: &OperationPlan,
        direction: Direction,
        seed: Option<u64>,
        style: Style,
    ) -> Result<Vec<u8>, SampleError> {
        let message = match direction {
            Direction::Request => Some(&operation.input),
            Direction::Response => operation.output.as_ref(),
        };
        let mut run = self.run(seed, style);
        match message {
            Some(message) => run.message(message)?,
            None => run.out.extend_from_slice(b"{}"),
        }
        Ok(run.out)
    }

    /// An example of a message for documents: readable, at most [`MAX_EXAMPLE_BYTES`] long, and taken by `mediate::encode`; an answer's
    /// as `mediate::decode` writes it. With the optional parts where that can be, else with what is required.
    ///
    /// # Errors
    /// Where there is no such text, and why.
    pub fn example(&self, operation: &OperationPlan, direction: Direction) -> Result<Vec<u8>, SampleError> {
        let whole = |reason: String| SampleError { pointer: String::new(), reason };
        let mut last = whole("there is none".to_owned());
        for style in [Style::Typical, Style::Minimal] {
            last = match self.message(operation, direction, None, style) {
                Ok(json) if json.len() > MAX_EXAMPLE_BYTES => whole(format!("an example would be larger than {MAX_EXAMPLE_BYTES} bytes")),
                Ok(json) => match encode(self.program, operation, direction, &json) {
                    Ok(_) if direction == Direction::Request => return Ok(json),
                    Ok(envelope) => return Ok(self.as_given_out(operation, &envelope).unwrap_or(json)),
                    Err(EncodeError::NotJson(e)) => SampleError { pointer: e.pointer, reason: format!("{:?}", e.kind) },
                    Err(EncodeError::Invalid(errors)) => errors
                        .into_iter()
                        .next()
                        .map_or(last, |e| SampleError { pointer: e.pointer, reason: format!("{} is expected", e.expected) }),
                },
                Err(e) => e,
            };
        }
        Err(last)
    }

    /// An answer as callers get it, which may be written otherwise than it was made up: undeclared elements have more than one form.
    fn as_given_out(&self, operation: &OperationPlan, envelope: &[u8]) -> Option<Vec<u8>> {
        match decode(self.program, operation, Direction::Response, envelope, &DecodeOptions::default()) {
            Ok(Decoded::Value(json)) => Some(json),
            Ok(Decoded::Empty | Decoded::Fault(_)) | Err(_) => None,
        }
    }

    /// The JSON text of a declared fault's detail entry, as `mediate::encode_fault` takes it.
    ///
    /// # Errors
    /// As for [`message`](Self::message).
    pub fn fault(&self, fault: &FaultPlan, seed: Option<u64>, style: Style) -> Result<Vec<u8>, SampleError> {
        self.slot(&fault.detail, seed, style)
    }

    /// The JSON text of one part or header.
    ///
    /// # Errors
    /// As for [`message`](Self::message).
    pub fn slot(&self, slot: &Slot, seed: Option<u64>, style: Style) -> Result<Vec<u8>, SampleError> {
        let mut run = self.run(seed, style);
        run.slot(slot, false)?;
        Ok(run.out)
    }

    fn run(&self, seed: Option<u64>, style: Style) -> Run<'_> {
        Run::new(self.program, &self.ways, seed, style)
    }
}

/// The JSON text of one message: [`Sampler::message`] for a single one.
///
/// # Errors
/// As there.
pub fn request(
    program: &Program,
    operation: &OperationPlan,
    direction: Direction,
    seed: Option<u64>,
    style: Style,
) -> Result<Vec<u8>, SampleError> {
    Sampler::new(program).message(operation, direction, seed, style)
}

/// The JSON text of a declared fault's detail entry: [`Sampler::fault`] for a single one, readable and typical.
///
/// # Errors
/// As there.
pub fn fault(program: &Program, fault: &FaultPlan) -> Result<Vec<u8>, SampleError> {
    Sampler::new(program).fault(fault, None, Style::Typical)
}

/// A JSON value of a simple type; `name` is what it is the value of, and what a string says. `None` where none is found.
pub fn scalar(scalar: &Scalar, name: &str, seed: Option<u64>) -> Option<String> {
    scalar::Source::new(seed).value(scalar, name)
}

//! The proof that a mapping loses nothing: messages made from the schema go through it and must come back the same.
//!
//! Comes in: `Definitions`, and the [`Mapping`] of a `Program` that was compiled from them. Goes out: a [`Report`] with, for each operation, how many
//! messages came back and the first that did not. Messages are made, and compared, by the schema and never by the plan: what the compiler
//! misunderstands is not misunderstood here as well. The same seed makes the same messages. No I/O. Must not know: HTTP, files.

mod compare;
mod coverage;
mod generate;
mod json;
mod layout;
mod model;
mod pieces;
mod report;
mod run;
mod shallow;
mod simple;
mod tree;

pub use compare::Difference;
pub use coverage::{Construct, Reached};
pub use json::json_difference;
pub use report::{Failure, Message, ProvedMessage, ProvedOperation, Report, Stage, Verdict, Way};
pub use run::{Progress, prove};

use std::sync::Arc;

use crate::json::Value;
use crate::mediate::{self, DecodeError, DecodeOptions, Decoded, Decoder, Direction, EncodeError};
use crate::plan::Program;
use crate::plan::node::{FaultPlan, OperationPlan};
use crate::xml::Limits;

/// The seed where none is given.
pub const DEFAULT_SEED: u64 = 1;

/// Operations beyond which a short proof is shorter still.
const MANY: usize = 50;

/// Bytes of messages that a short proof makes in all: 4 MiB.
pub const SHORT_BYTES: u64 = 4 << 20;

/// How much is proved.
#[derive(Debug, Clone)]
pub struct Options {
    /// Envelopes of each message at least; the first ones show what was not shown yet.
    pub cases: u32,
    /// Further envelopes of one message, as long as they show something new.
    pub further: u32,
    /// Elements of one envelope beyond what must be there.
    pub elements: u32,
    /// Bytes of envelopes in all, after which nothing more is begun. What was begun is told by the counts.
    pub bytes: u64,
    /// Where messages come from.
    pub seed: u64,
    /// Indexes of the program's operations; `None`: all.
    pub operations: Option<Vec<usize>>,
}

impl Options {
    /// What `castile prove` does unless it is told otherwise: 20 envelopes of each message and up to 400 more.
    pub fn whole() -> Self {
        Self { cases: 20, further: 400, elements: 250, bytes: 4 << 30, seed: DEFAULT_SEED, operations: None }
    }

    /// What an import does with so many operations: two envelopes of each message, one where there are more than 50 operations;
    /// [`SHORT_BYTES`] in all.
    pub fn short(operations: usize) -> Self {
        let cases = if operations > MANY { 1 } else { 2 };
        Self { cases, further: 0, elements: 60, bytes: SHORT_BYTES, seed: DEFAULT_SEED, operations: None }
    }
}

/// How a reply arrives, and is sent on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pieces {
    /// Bytes of each piece, from 1.
    pub bytes: usize,
    /// Bytes of JSON that are kept before the first is sent: the gateway's `reply_buffer`. `None`: nothing is sent before the end.
    pub buffer_bytes: Option<usize>,
}

/// What is proved: a mapping of envelopes to JSON and back.
pub trait Mapping {
    /// Envelope → JSON, strictly: a valid message is read without leniency.
    ///
    /// # Errors
    /// The envelope cannot be read.
    fn decode(&self, operation: &OperationPlan, direction: Direction, envelope: &[u8]) -> Result<Decoded, DecodeError>;

    /// Envelope → JSON as the gateway reads replies: leniently, as it arrives in pieces. `operation`: index into the program's operations.
    ///
    /// # Errors
    /// The envelope cannot be read.
    fn decode_in_pieces(&self, operation: usize, direction: Direction, envelope: &[u8], pieces: Pieces) -> Result<Decoded, DecodeError>;

    /// JSON → envelope.
    ///
    /// # Errors
    /// The JSON does not fit.
    fn encode(&self, operation: &OperationPlan, direction: Direction, json: &[u8]) -> Result<Vec<u8>, EncodeError>;

    /// The JSON of a fault's detail entry → envelope.
    ///
    /// # Errors
    /// The JSON does not fit.
    fn encode_fault(&self, operation: &OperationPlan, fault: &FaultPlan, reason: &str, detail: &Value<'_>) -> Result<Vec<u8>, EncodeError>;
}

/// The mapping that a program is.
#[derive(Debug, Clone, Copy)]
pub struct Compiled<'p>(pub &'p Arc<Program>);

/// How an envelope that the schema gave is read.
fn options(envelope: &[u8], strict: bool) -> DecodeOptions {
    let limits = Limits::message_of((envelope.len() as u64).max(10 << 20));
    DecodeOptions { limits, strict, ..DecodeOptions::default() }
}

impl Mapping for Compiled<'_> {
    fn decode(&self, operation: &OperationPlan, direction: Direction, envelope: &[u8]) -> Result<Decoded, DecodeError> {
        mediate::decode(self.0, operation, direction, envelope, &options(envelope, true))
    }

    fn decode_in_pieces(&self, operation: usize, direction: Direction, envelope: &[u8], pieces: Pieces) -> Result<Decoded, DecodeError> {
        let mut decoder = Decoder::new(self.0.clone(), operation, direction, &options(envelope, false));
        let mut taken = Vec::new();
        for piece in envelope.chunks(pieces.bytes.max(1)) {
            decoder.feed(piece)?;
            let ready = decoder.ready();
            if ready > 0 && pieces.buffer_bytes.is_some_and(|kept| ready > kept || !taken.is_empty()) {
                taken.extend(decoder.take_ready());
            }
        }
        Ok(match decoder.finish()? {
            Decoded::Value(rest) => {
                taken.extend(rest);
                Decoded::Value(taken)
            }
            other => other,
        })
    }

    fn encode(&self, operation: &OperationPlan, direction: Direction, json: &[u8]) -> Result<Vec<u8>, EncodeError> {
        mediate::encode(self.0, operation, direction, json)
    }

    fn encode_fault(&self, operation: &OperationPlan, fault: &FaultPlan, reason: &str, detail: &Value<'_>) -> Result<Vec<u8>, EncodeError> {
        mediate::encode_fault(self.0, operation, fault, reason, detail)
    }
}

//! Sequences: the ordered steps that a message goes through between caller and upstream.
//!
//! Comes in: the text of a sequence file. Goes out: a [`Sequence`] that the gateway runs step by step, or a diagnostic at its place. Must
//! not know: HTTP, stores. The steps are the message conversions; more will stand beside them.

pub mod codes;
pub mod expr;
mod number;
mod read;
mod tree;

use std::sync::{Arc, LazyLock};

use serde::{Deserialize, Serialize};

pub use tree::Tree;

/// The steps of the three paths, in order. Made by [`Sequence::parse`], which checks that each path ends where it must.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sequence {
    /// The version of the format: 1.
    pub version: u32,
    /// Caller → upstream.
    pub request: Vec<RequestStep>,
    /// Upstream → caller.
    pub response: Vec<ResponseStep>,
    /// Upstream → caller, where the upstream answers with a fault.
    pub fault: Vec<FaultStep>,
}

/// A step of the request path. In a file, one key: the verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum RequestStep {
    /// JSON → envelope. Every request path has it once, as its last step.
    ToSoap {},
}

/// A step of the response path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ResponseStep {
    /// Envelope → JSON. Every response path has it once, as its first step.
    ToJson {},
}

/// A step of the fault path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultStep {
    /// Fault → problem+json (RFC 9457). Every fault path has it once, as its last step.
    ToProblem {},
}

impl Sequence {
    /// The text of the sequence that every resource runs by default.
    pub const DEFAULT_TEXT: &str = include_str!("../../sequences/default.yaml");

    /// The sequence that every resource runs by default.
    pub fn shipped() -> Arc<Self> {
        #[allow(clippy::expect_used, reason = "the text is part of the program, and a test reads it")]
        static DEFAULT: LazyLock<Arc<Sequence>> = LazyLock::new(|| {
            Arc::new(Sequence::parse(crate::diagnostic::SourceId(0), Sequence::DEFAULT_TEXT).expect("the shipped sequence"))
        });
        DEFAULT.clone()
    }
}

/// Is it a header field that says who calls this gateway? Sequences do not read those. `name` in lower case.
fn is_hidden(name: &str) -> bool {
    matches!(name, "apikey" | "authorization" | "cookie" | "proxy-authorization")
}

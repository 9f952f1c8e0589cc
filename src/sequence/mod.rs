//! Sequences: the ordered steps that a message goes through between caller and upstream.
//!
//! Comes in: the text of a sequence file. Goes out: a [`Sequence`] whose paths the gateway runs over an [`Exchange`], or diagnostics at
//! their places. Must not know: sockets, stores. The room does no input or output: the conversions are the gateway's, and a path says with a
//! [`Stop`] what shall happen instead of going on. `docs/sequences.md` is the language for those who write it.

pub mod codes;
pub mod expr;
mod need;
mod number;
mod read;
mod run;
mod shape;
mod step;
mod template;
pub mod trace;
mod tree;

use std::sync::{Arc, LazyLock};

pub use need::{Ask, Calls, Keep, Need, Outcome, Slot};
pub use run::Run;
pub use shape::{Definitions, NoDefinitions};
pub use step::{Answer, CalledOperation, Caller, Exchange, Failure, FailureKind, FaultFacts, Note, Origin, Outcomes, Stop, Who};
pub use tree::Tree;

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Span};

/// The steps of the three paths. Made by [`Sequence::parse`], which checks that each path converts its message once.
#[derive(Debug, Clone, Default)]
pub struct Sequence {
    /// Caller → upstream: what happens before `to_soap`.
    pub request: Steps,
    /// Upstream → caller: what happens behind `to_json`.
    pub response: Steps,
    /// Upstream → caller, where the upstream answers with a fault: what happens before `to_problem`.
    pub fault: Steps,
    /// `to_json: { unwrap }`: the property of the reply that is the answer by itself.
    pub unwrap: Option<Box<str>>,
}

/// The steps of one path, without its conversion.
#[derive(Debug, Clone, Default)]
pub struct Steps {
    steps: step::Block,
    uses: step::Uses,
}

impl Steps {
    /// Is there nothing to do but the conversion?
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Do they read or change the message's JSON? Then it must be a tree.
    pub fn use_body(&self) -> bool {
        self.uses.body
    }

    /// The path parameters that they read, with their places.
    pub fn path_parameters(&self) -> impl Iterator<Item = (&str, Span)> {
        self.uses.path_parameters.iter().map(|(name, span)| (&**name, *span))
    }

    /// The query parameters that they read, with their places.
    pub fn query_parameters(&self) -> impl Iterator<Item = (&str, Span)> {
        self.uses.query_parameters.iter().map(|(name, span)| (&**name, *span))
    }

    /// The names of faults that they ask for, with their places.
    pub fn fault_names(&self) -> impl Iterator<Item = (&str, Span)> {
        self.uses.fault_names.iter().map(|(name, span)| (&**name, *span))
    }

    /// The request that these steps, those of a request path, make into one of `schema`, which is JSON Schema: what the caller sends. `what`
    /// is that message in diagnostics: `the request of operation A`. `None`: no request comes through.
    pub fn before(&self, schema: Value, definitions: &mut dyn Definitions, what: &str) -> (Option<Value>, Vec<Diagnostic>) {
        let mut walk = shape::Walk::new(definitions, expr::Path::Request, what);
        let shape = step::before_all(&mut walk, &self.steps, Some(schema));
        (shape, walk.findings)
    }

    /// Messages that these steps, those of a request path, may make into this one, what is likely first. Guesses: whoever shows one runs it.
    pub fn guesses(&self, message: &Tree) -> Vec<Tree> {
        /// Ways through branches that are tried.
        const WAYS: u32 = 24;
        let mut all: Vec<Tree> = Vec::new();
        for way in 0..WAYS {
            let mut tree = message.clone();
            step::undo_all(&self.steps, &mut step::Ways::new(way), &mut tree);
            if !all.contains(&tree) {
                all.push(tree);
            }
        }
        if !all.contains(message) {
            all.push(message.clone());
        }
        all
    }

    /// Where that which stands at a pointer behind these steps, those of a request path, may come from, what is likely first.
    pub fn origins(&self, pointer: &str) -> Vec<Origin> {
        step::origins(&self.steps, pointer)
    }

    /// What these steps may do beside changing the message.
    pub fn outcomes(&self) -> Outcomes {
        Outcomes::of(&self.steps)
    }

    /// What these steps, those of a reply, make of a message of `schema`. `None`: all are answered otherwise.
    pub fn behind(&self, schema: Value, definitions: &mut dyn Definitions, what: &str) -> (Option<Value>, Vec<Diagnostic>) {
        let mut walk = shape::Walk::new(definitions, expr::Path::Response, what);
        let shape = step::behind_all(&mut walk, &self.steps, Some(schema));
        (shape, walk.findings)
    }

    /// The operations that they call.
    pub fn calls(&self) -> &[CalledOperation] {
        &self.uses.calls
    }

    /// Begins with the first of them.
    pub fn start(&self) -> Run {
        Run::new(self.steps.clone())
    }
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

    /// The JSON Schema (2020-12) of a sequence file, for editors.
    pub fn schema() -> Value {
        step::schema()
    }

    /// Is there nothing to do but the conversions?
    pub fn is_plain(&self) -> bool {
        self.request.is_empty() && self.response.is_empty() && self.fault.is_empty()
    }

    /// Which places that the steps read the reply to a call does not have. `schema` is that of the reply, `what` the reply in diagnostics. Replies whose
    /// schema stands beside the call were looked at already.
    pub fn reads_of_reply(&self, call: &str, schema: &Value, definitions: &mut dyn Definitions, what: &str) -> Vec<Diagnostic> {
        let mut walk = shape::Walk::new(definitions, expr::Path::Response, what);
        for place in self.paths().into_iter().flat_map(|path| &path.uses.reply_places) {
            if let Some((step::Segment::Name(name), rest)) = place.segments.split_first()
                && **name == *call
            {
                walk.reads(schema, rest, place.span);
            }
        }
        walk.findings
    }

    /// Its three paths.
    pub fn paths(&self) -> [&Steps; 3] {
        [&self.request, &self.response, &self.fault]
    }
}

/// Is it a header field that says who calls this gateway? Sequences do not read those. `name` in lower case.
fn is_hidden(name: &str) -> bool {
    matches!(name, "apikey" | "authorization" | "cookie" | "proxy-authorization")
}

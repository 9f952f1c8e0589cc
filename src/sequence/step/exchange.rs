//! One call on its way through a sequence: what steps read and what they change.

use std::sync::Arc;

use http::header::{HeaderMap, HeaderName, HeaderValue};

use super::pointer::{self, Segment};
use crate::mediate::security::HeaderBlock;
use crate::sequence::expr::{Budget, Exhausted, Facts, Value};
use crate::sequence::trace::Trace;
use crate::sequence::tree::Tree;

/// Who calls, as plain data.
#[derive(Debug, Clone, Default)]
pub struct Who {
    /// The application that calls.
    pub application: Option<Arc<str>>,
    /// The user behind it.
    pub user: Option<Arc<str>>,
    /// What its scopes allow.
    pub scopes: Vec<Arc<str>>,
    /// How it said so: the word of `security` in `api.yaml`.
    pub scheme: &'static str,
    /// `application` or `application_user`.
    pub kind: &'static str,
}

/// What the caller sent beside the body.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its path parameters.
    pub path: Vec<(String, String)>,
    /// Its query parameters, decoded.
    pub query: Vec<(String, String)>,
    /// Who it is.
    pub who: Who,
}

/// The facts of the upstream's fault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FaultFacts {
    /// The name of the declared fault that it is.
    pub name: Option<String>,
    /// Its code.
    pub code: Option<String>,
    /// Its text.
    pub reason: Option<String>,
    /// The status that the caller gets, where no step changes it: a number as text.
    pub status: String,
}

/// One call on its way. Owns all of it, so that long work can leave the thread.
#[derive(Debug, Default)]
pub struct Exchange {
    /// What the caller sent.
    pub caller: Caller,
    /// The message's JSON; `None`: no step reads it.
    pub body: Option<Tree>,
    /// The upstream's fault, on that path.
    pub fault: Option<FaultFacts>,
    /// The outgoing header fields: on the request path the upstream's, on the others those that the caller gets beside the gateway's own.
    pub headers: HeaderMap,
    /// The status that a step chose.
    pub status: Option<u16>,
    /// The envelope, or its Body, where a template wrote it: it goes in place of the JSON.
    pub soap: Option<String>,
    /// Blocks for the SOAP Header.
    pub soap_headers: Vec<HeaderBlock>,
    /// What `log` steps noted, for the log.
    pub notes: Vec<Note>,
    /// What its steps did, where somebody asked for it.
    pub trace: Option<Box<Trace>>,
    properties: Vec<(Box<str>, Tree)>,
    calls: Vec<(Box<str>, Tree)>,
    /// Calls of operations that steps made.
    made: usize,
    /// Did the request begin again?
    second: bool,
    budget: Budget,
    /// What steps added to trees, in bytes as they are counted here.
    grown: usize,
}

/// What a `log` step noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its text.
    pub message: String,
    /// Pointers and the beginning of what stands there.
    pub values: Vec<(String, String)>,
}

/// Why a sequence ends before its last step.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// It has the answer.
    Respond(Answer),
    /// It refuses.
    Fail(Failure),
    /// A value of the message does not fit a step.
    Unfit {
        /// JSON pointer into the message; of a header field `None`.
        pointer: Option<String>,
        /// What would fit.
        expected: String,
    },
    /// A template needs a value that is not there, or cannot stand where it is needed.
    Template {
        /// Where in the template, for its author.
        place: String,
        /// JSON pointer into the message; of another value `None`.
        pointer: Option<String>,
        /// What would fit.
        expected: &'static str,
    },
    /// A template writes what is no message: its author's failure.
    Broken(String),
    /// An operation that a step called failed.
    Call(FaultFacts),
    /// What is kept under that name is forgotten, and the request begins again.
    Again {
        /// The name.
        drop: Box<str>,
    },
    /// It costs more than one message may.
    Exhausted(&'static str),
}

/// An answer that a step gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its JSON, if it has a body.
    pub json: Option<Tree>,
}

/// A refusal of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its status.
    pub status: u16,
    /// What the caller reads; the status's own sentence where it is not said.
    pub detail: Option<String>,
    /// What kind of refusal.
    pub kind: FailureKind,
}

/// What kind of refusal a [`Failure`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureKind {
    /// The author's own, with its code and title.
    Own {
        /// `code` of the problem.
        code: Option<String>,
        /// `title` of the problem.
        title: Option<String>,
    },
    /// The caller lacks a scope.
    Scope(String),
    /// The request lacks a header field.
    Header(String),
}

impl From<Exhausted> for Stop {
    fn from(_: Exhausted) -> Self {
        Self::Exhausted("its steps cost more than one message may")
    }
}

impl Exchange {
    /// Bytes that steps may add to a message, counted with what a value costs by itself.
    const MAX_GROWTH: usize = 8 << 20;
    /// Levels of a message: those of the reader of JSON.
    const MAX_DEPTH: usize = 320;
    /// Properties of one call.
    const MAX_PROPERTIES: usize = 64;
    /// Calls of operations, of one call.
    const MAX_CALLS: usize = 32;
    /// Notes of one call.
    const MAX_NOTES: usize = 32;

    /// The beginning of a call.
    pub fn new(caller: Caller) -> Self {
        Self { caller, ..Self::default() }
    }

    /// The call's budget.
    pub(in crate::sequence) fn budget(&self) -> &Budget {
        &self.budget
    }

    /// What its steps keep under names.
    pub(in crate::sequence) fn properties(&self) -> &[(Box<str>, Tree)] {
        &self.properties
    }

    /// Takes up the next path: its message, fields and fault are others, what the call knows stays.
    pub fn turn(&mut self, headers: HeaderMap, fault: Option<FaultFacts>) {
        self.body = None;
        self.headers = headers;
        self.fault = fault;
    }

    /// Counts a value that is about to stand `above` levels deep.
    pub(super) fn grow(&mut self, tree: &Tree, above: usize) -> Result<(), Stop> {
        self.grown = self.grown.saturating_add(tree.weight());
        if self.grown > Self::MAX_GROWTH {
            return Err(Stop::Exhausted("its steps add more to a message than they may"));
        }
        self.deep(tree, above)
    }

    /// Is there room for a value that is about to stand `above` levels deep?
    pub(super) fn deep(&self, tree: &Tree, above: usize) -> Result<(), Stop> {
        self.budget.spend(tree.nodes())?;
        if above + tree.depth() > Self::MAX_DEPTH {
            return Err(Stop::Exhausted("its steps make a message deeper than it may be"));
        }
        Ok(())
    }

    /// Runs over every value at a pointer's steps.
    pub(super) fn each(&mut self, segments: &[Segment], run: &mut dyn FnMut(&mut Self, &mut Tree) -> Result<(), Stop>) -> Result<(), Stop> {
        let Some(mut body) = self.body.take() else { return Ok(()) };
        let result = pointer::each(&mut body, segments, &mut |tree| {
            self.budget.spend(1)?;
            run(self, tree)
        });
        self.body = Some(body);
        result
    }

    /// Keeps a value under a name; nothing forgets it.
    pub(super) fn set_property(&mut self, name: &str, value: Option<Tree>) -> Result<(), Stop> {
        self.properties.retain(|(n, _)| **n != *name);
        let Some(value) = value else { return Ok(()) };
        self.grow(&value, 0)?;
        if self.properties.len() >= Self::MAX_PROPERTIES {
            return Err(Stop::Exhausted("its steps keep more properties than they may"));
        }
        self.properties.push((name.into(), value));
        Ok(())
    }

    /// Keeps the reply to a call under its name, or nothing.
    pub(in crate::sequence) fn set_call(&mut self, name: &str, reply: Option<Tree>) -> Result<(), Stop> {
        self.calls.retain(|(n, _)| **n != *name);
        let Some(reply) = reply else { return Ok(()) };
        self.grow(&reply, 0)?;
        self.calls.push((name.into(), reply));
        Ok(())
    }

    /// Counts calls of operations that are about to be made.
    pub(super) fn count_calls(&mut self, calls: usize) -> Result<(), Stop> {
        self.made += calls;
        if self.made > Self::MAX_CALLS {
            return Err(Stop::Exhausted("its steps call more operations than they may"));
        }
        Ok(())
    }

    /// Begins again with the request: only what the call may still cost stays.
    pub fn again(&mut self) {
        self.properties.clear();
        self.calls.clear();
        self.status = None;
        self.soap = None;
        self.soap_headers.clear();
        self.second = true;
    }

    /// Did the request begin again?
    pub(super) fn is_second(&self) -> bool {
        self.second
    }

    /// Notes something for the log.
    pub(super) fn note(&mut self, note: Note) {
        if self.notes.len() < Self::MAX_NOTES {
            self.notes.push(note);
        }
    }

    /// Sets an outgoing field, or removes it where there is no value.
    pub(super) fn set_header(&mut self, name: &HeaderName, value: Option<&str>) -> Result<(), Stop> {
        let Some(value) = value else {
            self.headers.remove(name);
            return Ok(());
        };
        let unfit = || Stop::Unfit {
            pointer: None,
            expected: format!("a value for {name} without line breaks and control characters, of at most 8 KiB"),
        };
        if value.len() > 8 << 10 {
            return Err(unfit());
        }
        let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| unfit())?;
        value.set_sensitive(true);
        self.headers.insert(name.clone(), value);
        Ok(())
    }
}

impl Facts for Exchange {
    fn header(&self, name: &str) -> Option<&str> {
        self.caller.headers.get(name).and_then(|v| std::str::from_utf8(v.as_bytes()).ok())
    }

    fn query(&self, name: &str) -> Option<&str> {
        self.caller.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn path(&self, name: &str) -> Option<&str> {
        self.caller.path.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn body(&self) -> Option<&Tree> {
        self.body.as_ref()
    }

    fn property(&self, name: &str) -> Option<&Tree> {
        self.properties.iter().find(|(n, _)| **n == *name).map(|(_, v)| v)
    }

    fn call(&self, name: &str) -> Option<&Tree> {
        self.calls.iter().find(|(n, _)| **n == *name).map(|(_, v)| v)
    }

    fn principal(&self, name: &str) -> Value<'_> {
        let who = &self.caller.who;
        match name {
            "application" => Value::text(who.application.as_deref()),
            "user" => Value::text(who.user.as_deref()),
            "scopes" => Value::List(who.scopes.iter().map(|s| Value::text(Some(s))).collect()),
            "scheme" => Value::text(Some(who.scheme)),
            "kind" => Value::text(Some(who.kind)),
            _ => Value::Absent,
        }
    }

    fn fault(&self, name: &str) -> Value<'_> {
        let Some(fault) = &self.fault else { return Value::Absent };
        match name {
            "name" => Value::text(fault.name.as_deref()),
            "code" => Value::text(fault.code.as_deref()),
            "reason" => Value::text(fault.reason.as_deref()),
            "status" => Value::Number(fault.status.as_str().into()),
            _ => Value::Absent,
        }
    }
}

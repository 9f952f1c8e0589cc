//! The language of conditions and values: `headers['x-dry-run'] == 'true' and exists(body.code)`.
//!
//! Comes in: a text, and the path of the sequence that it stands on. Goes out: an [`Expr`] whose names and types are checked, which gives a
//! [`Value`] for every message. It is closed: it reads what [`Facts`] has, changes nothing, has no loops, and every evaluation spends from a
//! [`Budget`]. What is not there is [`Value::Absent`], never an error.

mod check;
mod eval;
mod functions;
mod mixed;
mod parse;
mod token;
mod value;

use std::ops::Range;

use super::step::BodyPlace;

pub(super) use eval::equal;
pub use eval::{Budget, Exhausted, Facts};
pub use mixed::Mixed;
pub use value::Value;

/// What one expression may be made of.
mod limits {
    /// Bytes of its text.
    pub(super) const TEXT_BYTES: usize = 4096;
    /// Words and signs.
    pub(super) const TOKENS: usize = 1000;
    /// Levels of brackets, `not`s and arguments.
    pub(super) const DEPTH: usize = 32;
    /// Bytes of one number.
    pub(super) const NUMBER_BYTES: usize = 100;
    /// Bytes of the compiled program of one pattern: about 1 MiB, of a linear-time engine.
    pub(super) const PATTERN_BYTES: usize = 1 << 20;
}

/// The path of a sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Path {
    /// Caller → upstream.
    Request,
    /// Upstream → caller.
    Response,
    /// Upstream → caller, where the upstream answers with a fault.
    Fault,
}

impl Path {
    /// Its key in a file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
            Self::Fault => "fault",
        }
    }
}

/// What is wrong with an expression, for its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where, in bytes of the text.
    pub at: Range<usize>,
    /// A lower-case sentence.
    pub message: String,
    /// What was expected there.
    pub expected: Option<String>,
    /// What to do, or the nearest name.
    pub hint: Option<String>,
}

impl Fault {
    fn new(at: Range<usize>, message: impl Into<String>) -> Self {
        Self { at, message: message.into(), expected: None, hint: None }
    }

    fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn nearest<'a>(self, name: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        match crate::diagnostic::nearest(name, known) {
            Some(near) => self.hint(format!("did you mean `{near}`?")),
            None => self,
        }
    }
}

/// What an expression gives, as far as it is known before there is a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    /// True or false.
    Bool,
    /// A number.
    Number,
    /// A text.
    Text,
    /// A list.
    List,
    /// `null`.
    Null,
    /// Whatever the message has there.
    Any,
}

impl Type {
    fn shown(self) -> &'static str {
        match self {
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::List => "a list",
            Self::Null => "null",
            Self::Any => "any value",
        }
    }
}

/// Something of a call beside the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CallerPlace {
    /// `header`, `query` or `path`.
    pub(super) location: &'static str,
    /// Its name.
    pub(super) name: Box<str>,
}

/// An expression whose names and types are checked.
#[derive(Debug, Clone)]
pub struct Expr {
    node: parse::Node,
    type_: Type,
    /// The places of the message that it reads; filled by whoever knows where it stands.
    pub(super) reads: Vec<BodyPlace>,
    /// The JSON Schema of what it gives, where that is a place of a reply whose schema is known; filled by the same.
    pub(super) gives: Option<serde_json::Value>,
}

impl Expr {
    /// Reads an expression that stands on that path.
    ///
    /// # Errors
    /// What is wrong with it: the author's fault.
    pub fn parse(text: &str, path: Path) -> Result<Self, Fault> {
        let node = parse::parse(text)?;
        let type_ = check::check(&node, path)?;
        Ok(Self { node, type_, reads: Vec::new(), gives: None })
    }

    /// Reads a condition.
    ///
    /// # Errors
    /// The same, and where it gives anything but true or false.
    pub fn condition(text: &str, path: Path) -> Result<Self, Fault> {
        let expr = Self::parse(text, path)?;
        check::wants_bool(&expr.node, expr.type_)?;
        Ok(expr)
    }

    /// What it gives.
    pub fn type_(&self) -> Type {
        self.type_
    }

    /// Does it read the message's JSON?
    pub fn reads_body(&self) -> bool {
        self.node.reads_body()
    }

    /// Is it a place of the message and nothing else?
    pub(super) fn is_body_place(&self) -> bool {
        matches!(self.node.kind, parse::Kind::Place(parse::Root::Body, _))
    }

    /// Is it the name of the fault and nothing else?
    pub(super) fn is_fault_name(&self) -> bool {
        self.node.is_fault_name()
    }

    /// The places of the message that it reads: the names on the way, and where it says so.
    pub(super) fn body_places(&self) -> Vec<(Vec<Box<str>>, Range<usize>)> {
        let mut found = Vec::new();
        self.node.places_below(parse::Root::Body, &mut found);
        found
    }

    /// The places of replies to calls that it reads: the call's name and those on the way, and where it says so.
    pub(super) fn call_places(&self) -> Vec<(Vec<Box<str>>, Range<usize>)> {
        let mut found = Vec::new();
        self.node.places_below(parse::Root::Calls, &mut found);
        found
    }

    /// Is it a place of the reply to a call and nothing else?
    pub(super) fn is_call_place(&self) -> bool {
        matches!(self.node.kind, parse::Kind::Place(parse::Root::Calls, _))
    }

    /// What of the call beside the message it reads.
    pub(super) fn caller_places(&self) -> Vec<CallerPlace> {
        let roots = [("header", parse::Root::Headers), ("query", parse::Root::Query), ("path", parse::Root::Path)];
        let mut all = Vec::new();
        for (location, root) in roots {
            let mut found = Vec::new();
            self.node.names_below(root, &mut found);
            all.extend(found.into_iter().map(|(name, _)| CallerPlace { location, name: name.into() }));
        }
        all
    }

    /// The query parameters that it reads, with their places.
    pub(super) fn query_parameters(&self) -> Vec<(&str, Range<usize>)> {
        let mut found = Vec::new();
        self.node.names_below(parse::Root::Query, &mut found);
        found
    }

    /// The texts that it compares with the fault's name, with their places.
    pub(super) fn fault_names(&self) -> Vec<(&str, Range<usize>)> {
        let mut found = Vec::new();
        self.node.fault_names(&mut found);
        found
    }

    /// The path parameters that it reads, with their places.
    pub fn path_parameters(&self) -> Vec<(&str, Range<usize>)> {
        let mut found = Vec::new();
        self.node.names_below(parse::Root::Path, &mut found);
        found
    }

    /// Where its parts stand.
    pub(super) fn places(&self) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        self.node.places(&mut found);
        found
    }

    /// Its value for a message.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn value<'a>(&'a self, facts: &'a dyn Facts, budget: &Budget) -> Result<Value<'a>, Exhausted> {
        eval::value(&self.node, facts, budget)
    }

    /// Its value as a text; `None` where it is absent, or no scalar.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn text(&self, facts: &dyn Facts, budget: &Budget) -> Result<Option<String>, Exhausted> {
        Ok(eval::text_of(&self.value(facts, budget)?).map(std::borrow::Cow::into_owned))
    }

    /// Is it true for a message?
    ///
    /// # Errors
    /// The budget is spent.
    pub fn holds(&self, facts: &dyn Facts, budget: &Budget) -> Result<bool, Exhausted> {
        Ok(matches!(self.value(facts, budget)?, Value::Bool(true)))
    }
}

/// The names of all functions.
#[cfg(test)]
pub(super) fn functions() -> impl Iterator<Item = &'static str> {
    functions::names()
}

#[cfg(test)]
mod tests;

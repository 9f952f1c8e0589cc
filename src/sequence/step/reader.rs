//! What steps are read with: the file, the path, and what is allowed where.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::call::CalledOperation;
use super::pointer::{Pointer, Segment};
use super::{Block, Step, VERBS};
use crate::diagnostic::{Diagnostic, SourceId, Span, nearest};
use crate::sequence::codes;
use crate::sequence::expr::{Expr, Fault, Mixed, Path};
use crate::sequence::shape;
use crate::yaml::{File, Kind, Node};

/// Steps of one file.
pub(super) const MAX_STEPS: usize = 1000;
/// Levels of steps and values in each other.
const MAX_DEPTH: usize = 16;

/// What the steps of a path need.
#[derive(Debug, Clone, Default)]
pub(crate) struct Uses {
    /// Do they read or change the message's JSON?
    pub(crate) body: bool,
    /// The path parameters that they read.
    pub(crate) path_parameters: Vec<(Box<str>, Span)>,
    /// The query parameters that they read.
    pub(crate) query_parameters: Vec<(Box<str>, Span)>,
    /// The names that they compare with that of the fault.
    pub(crate) fault_names: Vec<(Box<str>, Span)>,
    /// The operations that they call.
    pub(crate) calls: Vec<CalledOperation>,
    /// The places of replies that they read, where no step says what is there: the call's name first.
    pub(crate) reply_places: Vec<BodyPlace>,
}

/// A place of the message that an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sequence) struct BodyPlace {
    pub(in crate::sequence) segments: Vec<Segment>,
    pub(in crate::sequence) span: Span,
}

/// Gives a file of the API's folder by its path there.
pub(crate) type Files<'f> = &'f dyn Fn(&str) -> Option<(SourceId, Arc<str>)>;

/// A call whose reply has a name.
#[derive(Debug)]
pub(super) struct KnownCall {
    pub(super) name: Box<str>,
    /// The JSON Schema of its reply, where the step says it.
    pub(super) schema: Option<Value>,
}

/// Names that steps gave, on this path or one before it.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Of calls.
    pub(super) calls: Vec<KnownCall>,
    /// Of values that are kept from call to call.
    pub(super) kept: Vec<Box<str>>,
}

/// Reads the steps of one path.
pub(crate) struct Reader<'r, 't> {
    pub(crate) file: &'r mut File<'t>,
    pub(crate) path: Path,
    pub(crate) uses: Uses,
    pub(crate) names: Names,
    /// Is a fault known here, beside the fault path?
    has_fault: bool,
    /// Is the message an envelope already?
    pub(super) enveloped: bool,
    /// The files of the API's folder that templates name.
    pub(super) files: Files<'r>,
    /// Do these steps make a value that is kept?
    pub(super) fills: bool,
    /// How many steps were read.
    pub(crate) count: usize,
    depth: usize,
}

impl<'r, 't> Reader<'r, 't> {
    pub(crate) fn new(file: &'r mut File<'t>, path: Path, names: Names, files: Files<'r>) -> Self {
        Self { file, path, uses: Uses::default(), names, has_fault: false, enveloped: false, files, fills: false, count: 0, depth: 0 }
    }

    /// Reads steps for which a fault is known, whatever the path.
    pub(super) fn with_fault<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.has_fault, true);
        let result = read(self);
        self.has_fault = before;
        result
    }

    /// The path, as far as expressions ask: is there a fault?
    pub(super) fn facts(&self) -> Path {
        if self.has_fault { Path::Fault } else { self.path }
    }

    /// A name that expressions can say: letters, digits, hyphens and low lines.
    pub(super) fn word(&mut self, node: &Node) -> Option<Box<str>> {
        let text = self.file.text(node)?;
        let is_good = text.len() <= 100
            && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
        if !is_good {
            self.file.wrong(node, "a name of letters, digits, hyphens and low lines, at most 100");
            return None;
        }
        Some(text.into())
    }

    /// A length of time of at most so many seconds.
    pub(super) fn duration(&mut self, node: &Node, max_seconds: u64) -> Option<Duration> {
        let text = self.file.text(node)?;
        match crate::config::parse_duration(&text) {
            Ok(duration) if !duration.is_zero() && duration <= Duration::from_secs(max_seconds) => Some(duration),
            Ok(_) | Err(_) => {
                self.file.wrong(node, &format!("a length of time such as 500ms, 10s or 20m, at most {max_seconds}s"));
                None
            }
        }
    }

    pub(super) fn error(&mut self, node: &Node, diagnostic: Diagnostic) {
        let span = self.file.span(node);
        self.file.diagnostics.push(diagnostic.at(span));
    }

    /// One level deeper, where there is one.
    pub(super) fn deeper<T>(&mut self, node: &Node, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            let message = format!("steps and values are nested more than {MAX_DEPTH} levels deep");
            self.error(node, Diagnostic::error(&codes::TOO_LARGE, message));
            return None;
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// A list of steps, each with its node. Every error is said.
    pub(crate) fn steps<'n>(&mut self, node: &'n Node) -> Vec<(Step, &'n Node)> {
        let nodes = self.file.list(node);
        let read = self.deeper(node, |reader| Some(nodes.iter().filter_map(|n| Some((reader.step(n)?, n))).collect()));
        read.unwrap_or_default()
    }

    /// Steps inside a step, where messages are not converted.
    pub(super) fn inner(&mut self, node: &Node) -> Block {
        let before = self.enveloped;
        let steps = self.steps(node);
        self.enveloped = before;
        for (step, node) in &steps {
            if matches!(step, Step::Convert(_)) {
                let diagnostic = Diagnostic::error(&codes::WRONG_PLACE, "a message is converted always, not in a branch");
                self.error(
                    node,
                    diagnostic.hint("put the step on the path itself; what depends on a condition stands before or behind it"),
                );
            }
        }
        steps.into_iter().map(|(step, _)| step).collect()
    }

    fn step(&mut self, node: &Node) -> Option<Step> {
        self.count += 1;
        if self.count > MAX_STEPS {
            if self.count == MAX_STEPS + 1 {
                self.error(node, Diagnostic::error(&codes::TOO_LARGE, format!("the path has more than {MAX_STEPS} steps")));
            }
            return None;
        }
        let Kind::Map(entries) = &node.kind else {
            self.file.wrong(node, "a step: its verb, a colon, and its settings");
            return None;
        };
        let [(key, value)] = entries.as_slice() else {
            let diagnostic = Diagnostic::error(&codes::BAD_SEQUENCE, format!("a step has one verb, this has {}", entries.len()));
            let hint = "each step begins with a dash of its own; its settings stand between braces, or on lines that are indented further";
            self.error(node, diagnostic.hint(hint));
            return None;
        };
        let verb = self.file.text(key)?;
        let Some((_, paths, read)) = VERBS.iter().find(|(name, ..)| *name == verb) else {
            let diagnostic = Diagnostic::error(&codes::UNKNOWN_STEP, format!("there is no step `{}`", verb.escape_debug()));
            let near = nearest(&verb, VERBS.iter().map(|(name, ..)| *name)).map(|n| format!("did you mean `{n}`?"));
            let words: Vec<_> = VERBS.iter().filter(|(_, paths, _)| paths.contains(&self.path)).map(|(name, ..)| *name).collect();
            self.error(key, Diagnostic { hint: near, ..diagnostic.expected(format!("one of {}", words.join(", "))) });
            return None;
        };
        if !paths.contains(&self.path) {
            let words: Vec<_> = paths.iter().map(|p| p.word()).collect();
            let message = format!("`{verb}` does not stand on the {} path", self.path.word());
            self.error(key, Diagnostic::error(&codes::WRONG_PLACE, message).expected(format!("`{verb}` below {}", words.join(" or "))));
            return None;
        }
        // The table of settings is what editors are told, so it is what is let pass.
        if super::form::form(&verb).is_some_and(|(form, _)| !form.fits(self, value)) {
            return None;
        }
        read(self, value)
    }

    /// A JSON pointer.
    pub(super) fn pointer(&mut self, node: &Node) -> Option<Pointer> {
        self.uses.body = true;
        if self.enveloped {
            let diagnostic = Diagnostic::error(&codes::WRONG_PLACE, "behind a template of SOAP there is no JSON any more");
            self.error(node, diagnostic.hint("put the step before the template"));
            return None;
        }
        let text = self.file.text(node)?;
        let span = self.file.span(node);
        match Pointer::parse(&text, span) {
            Ok(pointer) => Some(pointer),
            Err(why) => {
                let diagnostic = Diagnostic::error(&codes::BAD_POINTER, format!("this is not a JSON pointer: {why}"));
                self.error(node, diagnostic.expected("a pointer such as /order/lines/*/code"));
                None
            }
        }
    }

    /// A JSON pointer below the whole message.
    pub(super) fn inner_pointer(&mut self, node: &Node) -> Option<Pointer> {
        let pointer = self.pointer(node)?;
        if pointer.is_root() {
            let diagnostic = Diagnostic::error(&codes::BAD_POINTER, "this is the whole message");
            self.error(node, diagnostic.expected("a pointer to a part of it, such as /code"));
            return None;
        }
        Some(pointer)
    }

    /// A JSON pointer whose last step is a name.
    pub(super) fn named_pointer(&mut self, node: &Node) -> Option<Pointer> {
        let pointer = self.inner_pointer(node)?;
        if matches!(pointer.split_last(), Some((_, Segment::Each))) {
            let diagnostic = Diagnostic::error(&codes::BAD_POINTER, "`*` does not stand at the end here");
            self.error(node, diagnostic.expected("a pointer that ends with a name, such as /items/*/code"));
            return None;
        }
        Some(pointer)
    }

    /// One pointer, or a list of them.
    pub(super) fn pointers(&mut self, node: &Node) -> Option<Vec<Pointer>> {
        match &node.kind {
            Kind::List(nodes) if !nodes.is_empty() => nodes.iter().map(|n| self.inner_pointer(n)).collect(),
            Kind::List(_) | Kind::Null | Kind::Map(_) => {
                self.file.wrong(node, "a pointer, or a list of pointers");
                None
            }
            Kind::String(_) | Kind::Number | Kind::Bool(_) => Some(vec![self.inner_pointer(node)?]),
        }
    }

    /// A JSON Schema.
    pub(super) fn schema(&mut self, node: &Node) -> Option<Value> {
        if let Kind::Map(_) = &node.kind {
            return Some(self.file.json(node));
        }
        self.file.wrong(node, "a JSON Schema, such as { type: object }");
        None
    }

    /// A status from `min` to `max`.
    pub(super) fn status(&mut self, node: &Node, min: u64, max: u64) -> Option<u16> {
        self.file.integer(node, min, max).and_then(|n| u16::try_from(n).ok())
    }

    /// A condition.
    pub(super) fn condition(&mut self, node: &Node) -> Option<Expr> {
        self.expression(node, Expr::condition)
    }

    /// An expression that gives a value.
    pub(super) fn value(&mut self, node: &Node) -> Option<Expr> {
        self.expression(node, Expr::parse)
    }

    fn expression(&mut self, node: &Node, parse: fn(&str, Path) -> Result<Expr, Fault>) -> Option<Expr> {
        let text = self.file.text(node)?;
        match parse(&text, self.facts()) {
            Ok(mut expr) => {
                self.note(node, &text, &mut expr);
                Some(expr)
            }
            Err(fault) => {
                self.fault(node, &text, fault);
                None
            }
        }
    }

    /// A text with expressions in it.
    pub(super) fn mixed(&mut self, node: &Node) -> Option<Mixed> {
        let text = self.file.text(node)?;
        match Mixed::parse(&text, self.facts()) {
            Ok(mut mixed) => {
                mixed.expressions_mut().for_each(|e| self.note(node, &text, e));
                Some(mixed)
            }
            Err(fault) => {
                self.fault(node, &text, fault);
                None
            }
        }
    }

    /// Notes the name of a fault. Those of a called operation are not the resource's.
    pub(super) fn asks_for_fault(&mut self, name: &str, span: Span) {
        if !self.has_fault {
            self.uses.fault_names.push((name.into(), span));
        }
    }

    /// Notes what an expression reads.
    fn note(&mut self, node: &Node, text: &str, expr: &mut Expr) {
        // A place is that of a part of the text.
        let spans: Vec<(Range<usize>, Span)> =
            expr.places().into_iter().map(|at| (at.clone(), self.file.span_within(node, text, &at))).collect();
        let whole = self.file.span(node);
        self.note_at(expr, &|at| spans.iter().find(|(known, _)| known == at).map_or(whole, |(_, span)| *span));
    }

    /// The same of one whose parts stand where `span` says.
    pub(super) fn note_at(&mut self, expr: &mut Expr, span: &dyn Fn(&Range<usize>) -> Span) {
        self.uses.body |= expr.reads_body();
        let mut reads = Vec::new();
        for (names, at) in expr.body_places() {
            let segments = names.into_iter().map(Segment::Name).collect();
            reads.push(BodyPlace { segments, span: span(&at) });
        }
        expr.reads = reads;
        for (name, at) in expr.query_parameters() {
            let span = span(&at);
            self.uses.query_parameters.push((name.into(), span));
        }
        for (name, at) in expr.fault_names() {
            let span = span(&at);
            self.asks_for_fault(name, span);
        }
        for (name, at) in expr.path_parameters() {
            let span = span(&at);
            self.uses.path_parameters.push((name.into(), span));
        }
        self.note_replies(expr, span);
    }

    /// Notes what an expression reads of replies to calls.
    fn note_replies(&mut self, expr: &mut Expr, span: &dyn Fn(&Range<usize>) -> Span) {
        for (names, at) in expr.call_places() {
            let Some((name, rest)) = names.split_first() else { continue };
            let span = span(&at);
            let segments: Vec<Segment> = rest.iter().cloned().map(Segment::Name).collect();
            let known = self.names.calls.iter().rev().find(|call| call.name == *name);
            match known.map(|call| &call.schema) {
                None => {
                    let message = format!("no `call` before this step has the name `{}`", name.escape_debug());
                    let near = nearest(name, self.names.calls.iter().map(|call| &*call.name)).map(|n| format!("did you mean `{n}`?"));
                    self.file.diagnostics.push(Diagnostic { hint: near, ..Diagnostic::error(&codes::BAD_EXPRESSION, message).at(span) });
                }
                Some(None) => {
                    let segments = names.into_iter().map(Segment::Name).collect();
                    self.uses.reply_places.push(BodyPlace { segments, span });
                }
                Some(Some(schema)) => {
                    let (found, gives) = shape::read_reply(schema, name, &segments, span);
                    self.file.diagnostics.extend(found);
                    expr.gives = gives.filter(|_| expr.is_call_place());
                }
            }
        }
    }

    fn fault(&mut self, node: &Node, text: &str, fault: Fault) {
        let span = self.file.span_within(node, text, &fault.at);
        let mut diagnostic = Diagnostic::error(&codes::BAD_EXPRESSION, fault.message).at(span);
        diagnostic.expected = fault.expected;
        diagnostic.hint = fault.hint;
        self.file.diagnostics.push(diagnostic);
    }
}

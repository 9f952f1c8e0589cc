//! Handlebars templates: JSON or SOAP written by hand, with values of the call in it.
//!
//! The crate `handlebars` reads them and nothing more: its parser gives a tree, which is compiled here to [`Node`]s whose names are checked like those of
//! expressions, and run here under the call's budget. So no template loops, nests, includes or writes without end, numbers keep their
//! digits, and every value is escaped for the place where it stands. There is no raw output.

mod compile;
mod place;
mod render;
mod scan;
mod text;

use std::ops::Range;

pub(super) use compile::{Part, compile};
pub(super) use render::Halt;

use super::expr::Expr;
use super::step::Segment;
use super::tree::Tree;

/// What one template may be made of.
mod limits {
    /// Bytes of the text of a template or of a part that it includes.
    pub(super) const TEXT_BYTES: usize = 256 << 10;
    /// Levels of blocks, parts among them, in each other.
    pub(super) const DEPTH: usize = 24;
    /// Brackets in each other within one tag.
    pub(super) const BRACKETS: usize = 8;
    /// Nodes, with those of every part where it is included.
    pub(super) const NODES: usize = 20_000;
    /// Bytes of text in it, with those of every part where it is included.
    pub(super) const LITERAL_BYTES: usize = 1 << 20;
    /// Bytes that it writes.
    pub(super) const OUTPUT_BYTES: usize = 4 << 20;
}

/// What a template writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Xml,
}

/// A template that can be run.
#[derive(Debug, Clone)]
pub(super) struct Template {
    pub(super) format: Format,
    nodes: Vec<Node>,
    /// The members of items, inside `#each` and `#with`, that it reads of the message.
    pub(super) items: Vec<ItemPlace>,
}

/// A place of the message that is read inside a block, by way of the block's item.
#[derive(Debug, Clone)]
pub(super) struct ItemPlace {
    /// Index of the part that says it.
    pub(super) part: usize,
    /// Where, in bytes of its text.
    pub(super) at: Range<usize>,
    /// From the message on. Below `#each` of an object `*` is each of its members.
    pub(super) segments: Vec<Segment>,
}

#[derive(Debug, Clone)]
enum Node {
    Text(Box<str>),
    Value { operand: Operand, spot: Spot, at: Place },
    If { when: Operand, then: Vec<Node>, otherwise: Vec<Node> },
    Each { over: Operand, body: Vec<Node>, otherwise: Vec<Node> },
    With { over: Operand, body: Vec<Node>, otherwise: Vec<Node> },
}

/// Where a value stands in what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spot {
    /// Between the quotes of a JSON string.
    JsonString,
    /// Where a JSON value is expected.
    JsonValue,
    /// Character data.
    XmlText,
    /// Between the quotes of an attribute.
    XmlAttribute,
}

/// A place of a template, for its author.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// `sequences/add.hbs:3:7`
    shown: Box<str>,
    /// JSON pointer of what stands there, where it is of the message.
    pointer: Option<Box<str>>,
}

/// What a value is taken from.
#[derive(Debug, Clone)]
enum Operand {
    /// A fact of the call.
    Fact(Box<Expr>),
    /// The item of a block around it, and further.
    Item {
        scope: usize,
        keys: Vec<Key>,
    },
    /// The key or place of that item.
    Key {
        scope: usize,
    },
    /// Is it the first?
    First {
        scope: usize,
    },
    /// Is it the last?
    Last {
        scope: usize,
    },
    Literal(Tree),
    Call(Helper, Vec<Operand>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Key {
    Name(Box<str>),
    Index(usize),
}

/// What stands in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Helper {
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
    And,
    Or,
    Not,
    Len,
}

/// Their names, and how many arguments they take.
const HELPERS: [(&str, Helper, Range<usize>); 10] = [
    ("eq", Helper::Eq, 2..3),
    ("ne", Helper::Ne, 2..3),
    ("gt", Helper::Gt, 2..3),
    ("gte", Helper::Gte, 2..3),
    ("lt", Helper::Lt, 2..3),
    ("lte", Helper::Lte, 2..3),
    ("and", Helper::And, 2..9),
    ("or", Helper::Or, 2..9),
    ("not", Helper::Not, 1..2),
    ("len", Helper::Len, 1..2),
];

impl Template {
    /// The facts of the call that it reads.
    pub(super) fn expressions(&self) -> Vec<&Expr> {
        let mut found = Vec::new();
        self.nodes.iter().for_each(|n| n.expressions(&mut found));
        found
    }
}

impl Node {
    fn expressions<'n>(&'n self, found: &mut Vec<&'n Expr>) {
        let (operand, inner) = match self {
            Self::Text(_) => return,
            Self::Value { operand, .. } => (operand, [[].as_slice(); 2]),
            Self::If { when: operand, then: a, otherwise: b }
            | Self::Each { over: operand, body: a, otherwise: b }
            | Self::With { over: operand, body: a, otherwise: b } => (operand, [a.as_slice(), b.as_slice()]),
        };
        operand.expressions(found);
        inner.into_iter().flatten().for_each(|n| n.expressions(found));
    }
}

impl Operand {
    fn expressions<'n>(&'n self, found: &mut Vec<&'n Expr>) {
        match self {
            Self::Fact(expr) => found.push(expr),
            Self::Call(_, operands) => operands.iter().for_each(|o| o.expressions(found)),
            Self::Item { .. } | Self::Key { .. } | Self::First { .. } | Self::Last { .. } | Self::Literal(_) => {}
        }
    }
}

/// What is wrong with a template, for its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Flaw {
    /// Index of the part, 0 for the template itself.
    pub(super) part: usize,
    /// Where, in bytes of its text.
    pub(super) at: Range<usize>,
    /// A lower-case sentence.
    pub(super) message: String,
    /// What was expected there.
    pub(super) expected: Option<String>,
    /// What to do, or the nearest name.
    pub(super) hint: Option<String>,
    /// Is a limit passed?
    pub(super) is_limit: bool,
}

/// Why a template writes nothing for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    /// Where, for the author.
    pub(super) place: String,
    /// JSON pointer of the value, where it is of the message.
    pub(super) pointer: Option<String>,
    /// What would fit.
    pub(super) expected: &'static str,
}

#[cfg(test)]
mod tests;

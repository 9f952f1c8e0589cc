//! Words and signs → [`Node`], by recursive descent with a bound on its depth.
//!
//! `or` binds least, then `and`, `not`, the comparisons with `in` and `matches` (which do not chain), and names, calls and brackets.

use std::ops::Range;

use super::functions::{self, Function};
use super::token::{Placed, Token, tokens};
use super::{Fault, limits};

/// A part of an expression.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) at: Range<usize>,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    Number(Box<str>),
    Text(Box<str>),
    List(Vec<Node>),
    Place(Root, Vec<Key>),
    Not(Box<Node>),
    And(Vec<Node>),
    Or(Vec<Node>),
    Compare(Comparison, Box<[Node; 2]>),
    In(Box<[Node; 2]>),
    Matches(Box<Node>, regex::Regex),
    Call(&'static Function, Vec<Node>),
}

/// Where a place begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    Headers,
    Query,
    Path,
    Body,
    Properties,
    Principal,
    Fault,
    Calls,
}

/// The roots by name.
pub(super) const ROOTS: [(&str, Root); 8] = [
    ("headers", Root::Headers),
    ("query", Root::Query),
    ("path", Root::Path),
    ("body", Root::Body),
    ("properties", Root::Properties),
    ("principal", Root::Principal),
    ("fault", Root::Fault),
    ("calls", Root::Calls),
];

/// A way further into a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Key {
    Name(Box<str>),
    Index(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<", Comparison::Less),
    ("<=", Comparison::LessOrEqual),
    (">", Comparison::Greater),
    (">=", Comparison::GreaterOrEqual),
];

impl Node {
    pub(super) fn reads_body(&self) -> bool {
        matches!(self.kind, Kind::Place(Root::Body, _)) || self.children().any(Self::reads_body)
    }

    /// The names that stand directly below a root, with their places.
    pub(super) fn names_below<'n>(&'n self, below: Root, found: &mut Vec<(&'n str, Range<usize>)>) {
        if let Kind::Place(root, keys) = &self.kind
            && *root == below
            && let Some(Key::Name(name)) = keys.first()
        {
            found.push((name, self.at.clone()));
        }
        self.children().for_each(|c| c.names_below(below, found));
    }

    /// Where it and its parts stand.
    pub(super) fn places(&self, found: &mut Vec<Range<usize>>) {
        found.push(self.at.clone());
        self.children().for_each(|c| c.places(found));
    }

    /// The ways below a root.
    pub(super) fn places_below(&self, below: Root, found: &mut Vec<(Vec<Box<str>>, Range<usize>)>) {
        if let Kind::Place(root, keys) = &self.kind
            && *root == below
        {
            let name = |key: &Key| match key {
                Key::Name(name) => name.clone(),
                Key::Index(index) => index.to_string().into(),
            };
            found.push((keys.iter().map(name).collect(), self.at.clone()));
        }
        self.children().for_each(|c| c.places_below(below, found));
    }

    pub(super) fn is_fault_name(&self) -> bool {
        matches!(&self.kind, Kind::Place(Root::Fault, keys) if *keys == [Key::Name("name".into())])
    }

    /// The texts that the fault's name is compared with.
    pub(super) fn fault_names<'n>(&'n self, found: &mut Vec<(&'n str, Range<usize>)>) {
        let texts: &[Node] = match &self.kind {
            Kind::Compare(Comparison::Equal | Comparison::NotEqual, two) => match &**two {
                [name, text] if name.is_fault_name() => std::slice::from_ref(text),
                [text, name] if name.is_fault_name() => std::slice::from_ref(text),
                _ => &[],
            },
            Kind::In(two) => match &**two {
                [name, Node { kind: Kind::List(texts), .. }] if name.is_fault_name() => texts,
                _ => &[],
            },
            _ => &[],
        };
        for node in texts {
            if let Kind::Text(text) = &node.kind {
                found.push((text, node.at.clone()));
            }
        }
        self.children().for_each(|c| c.fault_names(found));
    }

    fn children(&self) -> impl Iterator<Item = &Self> {
        match &self.kind {
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Place(..) => [].iter(),
            Kind::List(nodes) | Kind::And(nodes) | Kind::Or(nodes) | Kind::Call(_, nodes) => nodes.iter(),
            Kind::Not(node) | Kind::Matches(node, _) => std::slice::from_ref(&**node).iter(),
            Kind::Compare(_, two) | Kind::In(two) => two.iter(),
        }
    }
}

/// Reads an expression.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0 };
    let node = parser.or()?;
    match parser.peek() {
        Token::End => Ok(node),
        other => {
            let fault = parser.fault(format!("{} does not belong here", other.shown())).expected("`and`, `or`, a comparison, or the end");
            Err(match other {
                Token::Word(word) => fault.nearest(word, ["and", "or", "in", "matches"]),
                Token::Number(_) | Token::Text(_) | Token::Sign(_) | Token::End => fault,
            })
        }
    }
}

struct Parser<'t> {
    tokens: &'t [Placed],
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> &'t Token {
        self.tokens.get(self.at).map_or(&Token::End, |p| &p.token)
    }

    fn place(&self) -> Range<usize> {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(0..0, |p| p.start..p.end)
    }

    fn end_of_last(&self) -> usize {
        self.at.checked_sub(1).and_then(|i| self.tokens.get(i)).map_or(0, |p| p.end)
    }

    fn fault(&self, message: impl Into<String>) -> Fault {
        Fault::new(self.place(), message)
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(w) if w == word);
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Token::Sign(s) if *s == sign);
        self.at += usize::from(found);
        found
    }

    fn need(&mut self, sign: &str) -> Result<(), Fault> {
        if self.sign(sign) {
            return Ok(());
        }
        Err(self.fault(format!("{} stands where `{sign}` is missing", self.peek().shown())).expected(format!("`{sign}`")))
    }

    /// One level deeper.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Fault>) -> Result<T, Fault> {
        self.depth += 1;
        if self.depth > limits::DEPTH {
            return Err(self.fault(format!("the expression is nested more than {} levels deep", limits::DEPTH)));
        }
        let result = read(self);
        self.depth -= 1;
        result
    }

    fn or(&mut self) -> Result<Node, Fault> {
        self.several("or", Self::and, Kind::Or)
    }

    fn and(&mut self) -> Result<Node, Fault> {
        self.several("and", Self::not, Kind::And)
    }

    /// `a and b and c` is one node, so that its length is not depth.
    fn several(&mut self, word: &str, one: fn(&mut Self) -> Result<Node, Fault>, all: fn(Vec<Node>) -> Kind) -> Result<Node, Fault> {
        let first = one(self)?;
        let mut nodes = vec![first];
        while self.word(word) {
            nodes.push(one(self)?);
        }
        match (nodes.pop(), nodes.first().map(|n| n.at.start)) {
            (Some(last), Some(start)) => {
                let end = last.at.end;
                nodes.push(last);
                Ok(Node { at: start..end, kind: all(nodes) })
            }
            (Some(only), None) => Ok(only),
            (None, _) => Err(self.fault("nothing stands here")),
        }
    }

    fn not(&mut self) -> Result<Node, Fault> {
        let start = self.place().start;
        if self.word("not") {
            let node = self.deeper(Self::not)?;
            return Ok(Node { at: start..node.at.end, kind: Kind::Not(Box::new(node)) });
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Result<Node, Fault> {
        let left = self.primary()?;
        let start = left.at.start;
        let node = if let Some((sign, comparison)) = COMPARISONS.into_iter().find(|(s, _)| matches!(self.peek(), Token::Sign(t) if t == s))
        {
            self.sign(sign);
            let right = self.primary()?;
            Node { at: start..right.at.end, kind: Kind::Compare(comparison, Box::new([left, right])) }
        } else if self.word("in") {
            let right = self.primary()?;
            Node { at: start..right.at.end, kind: Kind::In(Box::new([left, right])) }
        } else if self.word("matches") {
            let (regex, end) = self.pattern()?;
            Node { at: start..end, kind: Kind::Matches(Box::new(left), regex) }
        } else {
            return Ok(left);
        };
        if COMPARISONS.iter().any(|(s, _)| matches!(self.peek(), Token::Sign(t) if t == s)) {
            return Err(self.fault("comparisons do not chain").hint("write `a < b and b < c`"));
        }
        Ok(node)
    }

    /// A pattern is a literal: it is compiled when the file is read, by an engine whose time is linear in the text.
    fn pattern(&mut self) -> Result<(regex::Regex, usize), Fault> {
        let Token::Text(text) = self.peek() else {
            return Err(self.fault(format!("{} is not a pattern", self.peek().shown())).expected("a pattern between quotes"));
        };
        let built = regex::RegexBuilder::new(text).size_limit(limits::PATTERN_BYTES).dfa_size_limit(limits::PATTERN_BYTES).build();
        let regex = built.map_err(|e| match e {
            regex::Error::CompiledTooBig(_) => self.fault(format!("the pattern needs more than {} bytes", limits::PATTERN_BYTES)),
            other => {
                let why = other.to_string();
                let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.fault(format!("the pattern cannot be read: {why}"))
                    .expected("a regular expression without look-around and back references")
            }
        })?;
        self.at += 1;
        Ok((regex, self.end_of_last()))
    }

    fn primary(&mut self) -> Result<Node, Fault> {
        let at = self.place();
        let kind = match self.peek() {
            Token::Number(text) => Kind::Number(text.as_str().into()),
            Token::Text(text) => Kind::Text(text.as_str().into()),
            Token::Word(word) => {
                self.at += 1;
                return self.named(word, at);
            }
            Token::Sign("(") => {
                self.at += 1;
                let node = self.deeper(Self::or)?;
                self.need(")")?;
                return Ok(Node { at: at.start..self.end_of_last(), ..node });
            }
            Token::Sign("[") => {
                self.at += 1;
                let nodes = self.deeper(|p| p.separated("]"))?;
                return Ok(Node { at: at.start..self.end_of_last(), kind: Kind::List(nodes) });
            }
            other @ (Token::Sign(_) | Token::End) => {
                return Err(self
                    .fault(format!("{} stands where a value is missing", other.shown()))
                    .expected("a name, a text, a number, or `(`"));
            }
        };
        self.at += 1;
        Ok(Node { at, kind })
    }

    /// Expressions with commas between them, up to a closing sign.
    fn separated(&mut self, close: &str) -> Result<Vec<Node>, Fault> {
        let mut nodes = Vec::new();
        if self.sign(close) {
            return Ok(nodes);
        }
        loop {
            nodes.push(self.or()?);
            if self.sign(close) {
                return Ok(nodes);
            }
            if !self.sign(",") {
                return Err(self
                    .fault(format!("{} stands where `,` or `{close}` is missing", self.peek().shown()))
                    .expected(format!("`,` or `{close}`")));
            }
        }
    }

    /// A constant, a call, or a place.
    fn named(&mut self, word: &str, at: Range<usize>) -> Result<Node, Fault> {
        let kind = match word {
            "true" | "false" => Kind::Bool(word == "true"),
            "null" => Kind::Null,
            _ if self.sign("(") => {
                let Some(function) = functions::find(word) else {
                    return Err(Fault::new(at, format!("there is no function `{word}`")).nearest(word, functions::names()));
                };
                Kind::Call(function, self.deeper(|p| p.separated(")"))?)
            }
            _ => match ROOTS.iter().find(|(name, _)| *name == word) {
                Some((_, Root::Headers)) => {
                    // Names of header fields have no case.
                    let lower = |key| match key {
                        Key::Name(name) => Key::Name(name.to_ascii_lowercase().into()),
                        Key::Index(_) => key,
                    };
                    Kind::Place(Root::Headers, self.keys()?.into_iter().map(lower).collect())
                }
                Some((_, root)) => Kind::Place(*root, self.keys()?),
                None => return Err(unknown_name(word, at)),
            },
        };
        Ok(Node { at: at.start..self.end_of_last(), kind })
    }

    fn keys(&mut self) -> Result<Vec<Key>, Fault> {
        let mut keys = Vec::new();
        loop {
            if self.sign(".") {
                match self.peek() {
                    Token::Word(word) => keys.push(Key::Name(word.as_str().into())),
                    other => return Err(self.fault(format!("{} is not a name", other.shown())).expected("a name after the dot")),
                }
                self.at += 1;
            } else if self.sign("[") {
                match self.peek() {
                    Token::Text(text) => keys.push(Key::Name(text.as_str().into())),
                    Token::Number(text) => match text.parse() {
                        Ok(index) => keys.push(Key::Index(index)),
                        Err(_) => return Err(self.fault("this is not a place in a list").expected("a whole number from 0")),
                    },
                    other => {
                        return Err(self
                            .fault(format!("{} is not a name or number", other.shown()))
                            .expected("a name between quotes, or a number"));
                    }
                }
                self.at += 1;
                self.need("]")?;
            } else {
                return Ok(keys);
            }
        }
    }
}

fn unknown_name(word: &str, at: Range<usize>) -> Fault {
    let names = ROOTS.iter().map(|(name, _)| *name);
    let fault =
        Fault::new(at, format!("there is no `{word}`")).expected("one of headers, query, path, body, properties, principal, fault, calls");
    if functions::find(word).is_some() {
        return fault.hint(format!("a function has brackets: {word}(…)"));
    }
    let known = crate::diagnostic::nearest(word, names.clone()).is_some();
    if known {
        fault.nearest(word, names)
    } else {
        fault.hint(format!("texts stand between quotes: '{word}'; a member of the message is body.{word}"))
    }
}

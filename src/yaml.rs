//! YAML with places: a tree in which every node knows where it stands, so that all errors of a file can be said at once.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

use crate::diagnostic::{Code, Diagnostic, SourceId, Span, nearest};

/// What the findings of a file format are called.
#[derive(Debug)]
pub(crate) struct Codes {
    /// It is not YAML.
    pub(crate) not_yaml: &'static Code,
    /// A key that the format does not have.
    pub(crate) unknown_key: &'static Code,
    /// A key that must be there.
    pub(crate) missing_key: &'static Code,
    /// A value that does not fit its key.
    pub(crate) wrong_value: &'static Code,
}

/// A node of a file.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: Kind,
    location: Location,
}

/// What a node is. Numbers keep their text.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    /// A number; its text is read from the file by its place.
    Number,
    String(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Self { kind: spanned.value, location: spanned.referenced })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Bool(value))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_i128<E>(self, _: i128) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_u128<E>(self, _: u128) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Kind, E> {
        Ok(Kind::Number)
    }

    fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::String(value.to_owned()))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        Kind::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kind, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element::<Node>()? {
            list.push(item);
        }
        Ok(Kind::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Kind, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry::<Node, Node>()? {
            map.push(entry);
        }
        Ok(Kind::Map(map))
    }
}

/// A file that is being read, and what was found wrong with it.
pub(crate) struct File<'a> {
    text: &'a str,
    source: SourceId,
    codes: &'static Codes,
    /// What was found so far.
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl<'a> File<'a> {
    /// A text that was read before: for the places of its nodes.
    pub(crate) fn again(source: SourceId, text: &'a str, codes: &'static Codes) -> Self {
        Self { text, source, codes, diagnostics: Vec::new() }
    }

    /// Reads a text of at most 8 MiB.
    pub(crate) fn parse(source: SourceId, text: &'a str, codes: &'static Codes) -> (Self, Option<Node>) {
        const LARGEST: usize = 8 << 20;
        let mut file = Self { text, source, codes, diagnostics: Vec::new() };
        if text.len() > LARGEST {
            file.diagnostics.push(Diagnostic::error(codes.not_yaml, format!("the file is larger than {LARGEST} bytes")));
            return (file, None);
        }
        let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
        match serde_saphyr::from_str_with_options::<Node>(text, options) {
            Ok(node) => (file, Some(node)),
            Err(error) => {
                let error = error.without_snippet();
                let span = error.location().map_or_else(|| file.start(), |l| file.span_of(l));
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or_default().trim_end_matches('.').to_owned();
                file.diagnostics.push(Diagnostic::error(codes.not_yaml, message).at(span));
                (file, None)
            }
        }
    }

    fn start(&self) -> Span {
        Span { source: self.source, start: 0, end: 0 }
    }

    fn span_of(&self, location: Location) -> Span {
        let span = location.span();
        let (start, len) = match (span.byte_offset(), span.byte_len()) {
            (Some(start), Some(len)) => (start as usize, len as usize),
            _ => (self.byte_of(location), 0),
        };
        let start = start.min(self.text.len());
        let end = (start + len).min(self.text.len());
        let shown = self.text.get(start..end).map_or(0, |t| t.trim_end().len());
        Span { source: self.source, start: start as u32, end: (start + shown) as u32 }
    }

    fn byte_of(&self, location: Location) -> usize {
        let line = usize::try_from(location.line()).unwrap_or(1).saturating_sub(1);
        let column = usize::try_from(location.column()).unwrap_or(1).saturating_sub(1);
        let start: usize = self.text.split_inclusive('\n').take(line).map(str::len).sum();
        let rest = self.text.get(start..).unwrap_or_default();
        start + rest.char_indices().nth(column).map_or(rest.len(), |(i, _)| i)
    }

    /// Where a node stands; of maps and lists their first line.
    pub(crate) fn span(&self, node: &Node) -> Span {
        let mut span = self.span_of(node.location);
        if let Some(text) = self.text.get(span.start as usize..span.end as usize)
            && let Some(line) = text.find('\n')
        {
            span.end = span.start + line as u32;
        }
        span
    }

    /// Where a part of a scalar's text stands: `at` in bytes of the text. Of a text that is written with escapes or on several lines, the whole.
    pub(crate) fn span_within(&self, node: &Node, text: &str, at: &std::ops::Range<usize>) -> Span {
        let span = self.span_of(node.location);
        let written = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let Some(found) = written.find(text).filter(|_| !text.is_empty()) else { return self.span(node) };
        let start = span.start as usize + found;
        Span { source: self.source, start: (start + at.start) as u32, end: (start + at.end) as u32 }
    }

    /// Says that a value does not fit.
    pub(crate) fn wrong(&mut self, node: &Node, expected: &str) {
        let span = self.span(node);
        let found = self.text.get(span.start as usize..span.end as usize).unwrap_or_default();
        let found = match &node.kind {
            Kind::Null => "nothing".to_owned(),
            Kind::Bool(_) | Kind::Number | Kind::String(_) => format!("`{}`", found.chars().take(60).collect::<String>()),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a map".to_owned(),
        };
        self.diagnostics.push(Diagnostic::error(self.codes.wrong_value, format!("{found} is not {expected}")).at(span).expected(expected));
    }

    /// The text of a scalar, numbers and booleans as written.
    pub(crate) fn text(&mut self, node: &Node) -> Option<String> {
        match &node.kind {
            Kind::String(text) => Some(text.clone()),
            Kind::Number | Kind::Bool(_) => Some(self.written(node)),
            Kind::Null | Kind::List(_) | Kind::Map(_) => {
                self.wrong(node, "a text");
                None
            }
        }
    }

    fn written(&self, node: &Node) -> String {
        let span = self.span(node);
        self.text.get(span.start as usize..span.end as usize).unwrap_or_default().to_owned()
    }

    /// A boolean.
    pub(crate) fn boolean(&mut self, node: &Node) -> Option<bool> {
        if let Kind::Bool(value) = node.kind {
            return Some(value);
        }
        self.wrong(node, "true or false");
        None
    }

    /// A number from `min` to `max`.
    pub(crate) fn integer(&mut self, node: &Node, min: u64, max: u64) -> Option<u64> {
        let value = matches!(node.kind, Kind::Number).then(|| self.written(node)).and_then(|t| t.parse().ok());
        if let Some(value) = value.filter(|v| (min..=max).contains(v)) {
            return Some(value);
        }
        self.wrong(node, &format!("a whole number from {min} to {max}"));
        None
    }

    /// One of these words.
    pub(crate) fn word<T: Copy>(&mut self, node: &Node, words: &[(&str, T)]) -> Option<T> {
        let text = match &node.kind {
            Kind::String(text) => text.clone(),
            Kind::Null | Kind::Bool(_) | Kind::Number => self.written(node),
            Kind::List(_) | Kind::Map(_) => String::new(),
        };
        let found = words.iter().find(|(w, _)| *w == text).map(|(_, value)| *value);
        if found.is_none() {
            let all: Vec<_> = words.iter().map(|(w, _)| *w).collect();
            self.wrong(node, &format!("one of {}", all.join(", ")));
            if let (Some(last), Some(near)) = (self.diagnostics.last_mut(), nearest(&text, all)) {
                last.hint = Some(format!("did you mean `{near}`?"));
            }
        }
        found
    }

    /// A list; its items.
    pub(crate) fn list<'n>(&mut self, node: &'n Node) -> &'n [Node] {
        match &node.kind {
            Kind::List(items) => items,
            Kind::Null => &[],
            Kind::Bool(_) | Kind::Number | Kind::String(_) | Kind::Map(_) => {
                self.wrong(node, "a list");
                &[]
            }
        }
    }

    /// A list of texts.
    pub(crate) fn texts(&mut self, node: &Node) -> Vec<String> {
        self.list(node).iter().filter_map(|n| self.text(n)).collect()
    }

    /// A map's entries, keys as texts.
    pub(crate) fn entries<'n>(&mut self, node: &'n Node) -> Vec<(String, &'n Node, &'n Node)> {
        match &node.kind {
            Kind::Map(entries) => entries.iter().filter_map(|(k, v)| Some((self.text(k)?, k, v))).collect(),
            Kind::Null => Vec::new(),
            Kind::Bool(_) | Kind::Number | Kind::String(_) | Kind::List(_) => {
                self.wrong(node, "a map");
                Vec::new()
            }
        }
    }

    /// A map whose keys are known: every key is asked for by name, then [`Fields::end`] reports the others.
    pub(crate) fn fields<'n>(&mut self, node: &'n Node) -> Fields<'n> {
        Fields { entries: self.entries(node), asked: Vec::new(), node }
    }

    /// The node as JSON, numbers with their digits where JSON has such.
    pub(crate) fn json(&self, node: &Node) -> serde_json::Value {
        match &node.kind {
            Kind::Null => serde_json::Value::Null,
            Kind::Bool(value) => (*value).into(),
            Kind::String(text) => text.clone().into(),
            Kind::Number => {
                let text = self.written(node);
                serde_json::from_str::<serde_json::Number>(&text).map_or_else(|_| text.into(), serde_json::Value::Number)
            }
            Kind::List(items) => items.iter().map(|i| self.json(i)).collect(),
            Kind::Map(entries) => entries
                .iter()
                .map(|(k, v)| {
                    let key = match &k.kind {
                        Kind::String(text) => text.clone(),
                        Kind::Null | Kind::Bool(_) | Kind::Number | Kind::List(_) | Kind::Map(_) => self.written(k),
                    };
                    (key, self.json(v))
                })
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

/// A map whose keys are known.
pub(crate) struct Fields<'n> {
    entries: Vec<(String, &'n Node, &'n Node)>,
    asked: Vec<&'static str>,
    node: &'n Node,
}

impl<'n> Fields<'n> {
    /// The value of a key.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'n Node> {
        self.asked.push(name);
        let at = self.entries.iter().position(|(k, ..)| k == name)?;
        Some(self.entries.remove(at).2)
    }

    /// Is one of these keys there?
    pub(crate) fn has(&mut self, names: &[&'static str]) -> bool {
        self.asked.extend(names);
        self.entries.iter().any(|(k, ..)| names.contains(&k.as_str()))
    }

    /// The value of a key that must be there.
    pub(crate) fn need(&mut self, file: &mut File<'_>, name: &'static str) -> Option<&'n Node> {
        let found = self.take(name);
        if found.is_none() {
            let span = file.span(self.node);
            file.diagnostics.push(Diagnostic::error(file.codes.missing_key, format!("`{name}` is missing")).at(span));
        }
        found
    }

    /// Was every key asked for?
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Reports every key that nobody asked for.
    pub(crate) fn end(self, file: &mut File<'_>) {
        for (name, key, _) in &self.entries {
            let span = file.span(key);
            let known = self.asked.join(", ");
            let mut diagnostic =
                Diagnostic::error(file.codes.unknown_key, format!("unknown key `{name}`")).at(span).expected(format!("one of {known}"));
            if let Some(near) = nearest(name, self.asked.iter().copied()) {
                diagnostic = diagnostic.hint(format!("did you mean `{near}`?"));
                // One slip of the pen is one finding: the key that is missing is this one.
                let missing = (file.span(self.node), format!("`{near}` is missing"));
                file.diagnostics.retain(|d| d.code.id != file.codes.missing_key.id || d.span != Some(missing.0) || d.message != missing.1);
            }
            file.diagnostics.push(diagnostic);
        }
    }
}

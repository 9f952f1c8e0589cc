//! The messages that are made: a tree with expanded names, and its text in several hands.

use std::collections::HashMap;

use crate::xml::{QName, ns, writer};

/// Prefixes that the envelope declares, at most; a message may declare 64 on one element.
const MAX_PREFIXES: usize = 48;

/// An element of a message.
#[derive(Debug, Clone)]
pub(super) struct Element {
    pub(super) name: QName,
    pub(super) attributes: Vec<(QName, String)>,
    pub(super) content: Vec<Piece>,
    /// May white space stand between its elements?
    pub(super) is_row: bool,
}

/// A piece of content.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Text(String),
    Element(Element),
}

impl Element {
    pub(super) fn new(name: QName) -> Self {
        Self { name, attributes: Vec::new(), content: Vec::new(), is_row: false }
    }

    /// One that holds elements only.
    pub(super) fn row(name: QName, children: impl IntoIterator<Item = Self>) -> Self {
        Self { name, attributes: Vec::new(), content: children.into_iter().map(Piece::Element).collect(), is_row: true }
    }

    pub(super) fn text(name: QName, text: impl Into<String>) -> Self {
        Self { content: vec![Piece::Text(text.into())], ..Self::new(name) }
    }

    pub(super) fn set(&mut self, namespace: &str, local: &str, value: impl Into<String>) {
        self.attributes.push((QName::new(namespace, local), value.into()));
    }
}

/// Prefixes that values and names need, all declared on the envelope.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    known: HashMap<String, String>,
    order: Vec<String>,
}

impl Prefixes {
    /// The prefix of a namespace; `None` where there are too many.
    pub(super) fn of(&mut self, namespace: &str) -> Option<String> {
        if namespace == ns::XML {
            return Some("xml".to_owned());
        }
        if let Some(known) = self.known.get(namespace) {
            return Some(known.clone());
        }
        if self.order.len() >= MAX_PREFIXES {
            return None;
        }
        let prefix = match namespace {
            ns::XSI => "xsi".to_owned(),
            ns::XSD => "xsd".to_owned(),
            ns::SOAP11 => "soap".to_owned(),
            ns::SOAP12 => "soap12".to_owned(),
            ns::SOAPENC11 | ns::SOAPENC12 => format!("enc{}", self.order.len()),
            _ => format!("n{}", self.order.len()),
        };
        self.known.insert(namespace.to_owned(), prefix.clone());
        self.order.push(namespace.to_owned());
        Some(prefix)
    }

    /// A lexical QName; `None` where there are too many prefixes. A name in no namespace has no prefix.
    pub(super) fn lexical(&mut self, name: &QName) -> Option<String> {
        match name.namespace() {
            None => Some(name.local().to_owned()),
            Some(namespace) => Some(format!("{}:{}", self.of(namespace)?, name.local())),
        }
    }
}

/// How a message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hand {
    /// Namespaces by declarations of the default one, not by prefixes.
    pub(super) by_default: bool,
    /// A line for each element, where white space says nothing.
    pub(super) lines: bool,
}

/// The text of a message; `None` where a character of it cannot be written.
pub(super) fn write(root: &Element, prefixes: &mut Prefixes, hand: Hand) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    let mut out = Out { prefixes, hand, bytes: &mut body };
    out.element(root, "", 0, true)?;
    // The declarations are known when all is written: they are put into the root's tag.
    let mut all = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_vec();
    let end = body.iter().position(|b| matches!(b, b'>' | b'/' | b' '))?;
    all.extend_from_slice(body.get(..end)?);
    for namespace in &prefixes.order {
        let prefix = prefixes.known.get(namespace)?;
        all.extend_from_slice(format!(" xmlns:{prefix}=\"").as_bytes());
        writer::attribute(&mut all, namespace).ok()?;
        all.push(b'"');
    }
    all.extend_from_slice(body.get(end..)?);
    Some(all)
}

struct Out<'a> {
    prefixes: &'a mut Prefixes,
    hand: Hand,
    bytes: &'a mut Vec<u8>,
}

impl Out<'_> {
    /// `default`: the default namespace in force.
    fn element(&mut self, element: &Element, default: &str, depth: usize, is_root: bool) -> Option<()> {
        let namespace = element.name.namespace().unwrap_or("");
        let wants_prefix = is_root || (!self.hand.by_default && !namespace.is_empty());
        let prefix = if wants_prefix { self.prefixes.of(namespace) } else { None };
        let tag = match &prefix {
            Some(prefix) => format!("{prefix}:{}", element.name.local()),
            None => element.name.local().to_owned(),
        };
        self.bytes.push(b'<');
        self.bytes.extend_from_slice(tag.as_bytes());
        let mut inner = default;
        if prefix.is_none() && namespace != default {
            self.bytes.extend_from_slice(b" xmlns=\"");
            writer::attribute(self.bytes, namespace).ok()?;
            self.bytes.push(b'"');
            inner = namespace;
        }
        for (name, value) in &element.attributes {
            let name = self.prefixes.lexical(name)?;
            self.bytes.extend_from_slice(format!(" {name}=\"").as_bytes());
            writer::attribute(self.bytes, value).ok()?;
            self.bytes.push(b'"');
        }
        if element.content.is_empty() {
            self.bytes.extend_from_slice(b"/>");
            return Some(());
        }
        self.bytes.push(b'>');
        for piece in &element.content {
            match piece {
                Piece::Text(text) => writer::text(self.bytes, text).ok()?,
                Piece::Element(child) => {
                    self.line(element.is_row, depth + 1);
                    self.element(child, inner, depth + 1, false)?;
                }
            }
        }
        self.line(element.is_row, depth);
        self.bytes.extend_from_slice(format!("</{tag}>").as_bytes());
        Some(())
    }

    fn line(&mut self, is_row: bool, depth: usize) {
        if is_row && self.hand.lines {
            self.bytes.push(b'\n');
            self.bytes.extend(std::iter::repeat_n(b' ', depth.min(40)));
        }
    }
}

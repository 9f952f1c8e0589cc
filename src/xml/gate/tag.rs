//! The productions of a start tag.

use crate::xml::limits::Limits;
use crate::xml::ns;

use super::GateErrorKind;
use super::handler::{Range, RawAttribute, RawDeclaration, RawValue};
use super::namespaces::{NamespaceId, Namespaces};
use super::scan::{self, Fault, ScannedName, byte};

/// The parts of one start tag, in memory that is used again for the next.
#[derive(Debug, Default)]
pub(super) struct Tag {
    pub(super) name: Range,
    pub(super) prefix: Range,
    pub(super) local: Range,
    pub(super) namespace: NamespaceId,
    pub(super) empty: bool,
    pub(super) attributes: Vec<RawAttribute>,
    pub(super) declarations: Vec<RawDeclaration>,
    pub(super) scratch: String,
    /// References in the attribute values.
    pub(super) references: u64,
    order: Vec<u32>,
}

impl Tag {
    /// Productions 40 (`STag`) and 44 (`EmptyElemTag`): `text` from `<` to `>`.
    pub(super) fn parse(&mut self, text: &str, limits: &Limits) -> Result<(), Fault> {
        self.attributes.clear();
        self.declarations.clear();
        self.scratch.clear();
        self.references = 0;
        let bytes = text.as_bytes();
        let name = scan::qname(text, 1, limits.name_bytes).map_err(|f| unclosed(f, bytes))?;
        self.name = Range::new(1, name.end);
        (self.prefix, self.local) = split(1, name);
        let mut at = name.end;
        loop {
            let after_space = scan::skip_space(bytes, at);
            let end = match byte(bytes, after_space) {
                b'>' => after_space,
                b'/' if byte(bytes, after_space + 1) == b'>' => after_space + 1,
                _ if after_space >= bytes.len() => return Err(Fault::new(GateErrorKind::UnclosedMarkup, 0)),
                _ if after_space == at => return Err(self.no_space(bytes, at)),
                _ => {
                    at = self.attribute(text, after_space, limits)?;
                    continue;
                }
            };
            self.empty = end > after_space;
            if end + 1 != bytes.len() {
                return Err(Fault::new(GateErrorKind::MalformedAttribute, end));
            }
            return Ok(());
        }
    }

    /// What is wrong where neither space nor the tag's end follows.
    fn no_space(&self, bytes: &[u8], at: usize) -> Fault {
        if at + 1 == bytes.len() && byte(bytes, at) == b'/' {
            return Fault::new(GateErrorKind::UnclosedMarkup, 0);
        }
        let first = self.attributes.is_empty() && self.declarations.is_empty();
        Fault::new(if first { GateErrorKind::MalformedName } else { GateErrorKind::MissingSpace }, at)
    }

    /// Production 41, `Attribute`, or a namespace declaration. Gives where it ends.
    fn attribute(&mut self, text: &str, from: usize, limits: &Limits) -> Result<usize, Fault> {
        let bytes = text.as_bytes();
        let name = scan::qname(text, from, limits.name_bytes).map_err(|f| match f.kind {
            GateErrorKind::MalformedName => unclosed(Fault::new(GateErrorKind::MalformedAttribute, f.at), bytes),
            _ => unclosed(f, bytes),
        })?;
        let equals = scan::skip_space(bytes, name.end);
        if byte(bytes, equals) != b'=' {
            return Err(unclosed(Fault::new(GateErrorKind::MalformedAttribute, equals), bytes));
        }
        let open = scan::skip_space(bytes, equals + 1);
        let quote = byte(bytes, open);
        if quote != b'"' && quote != b'\'' {
            return Err(unclosed(Fault::new(GateErrorKind::MalformedAttribute, open), bytes));
        }
        let (value, end) = self.value(text, open + 1, quote, limits)?;
        let (prefix, local) = split(from, name);
        if prefix.of(text) == "xmlns" {
            self.declarations.push(RawDeclaration { prefix: local, value });
        } else if name.colon.is_none() && local.of(text) == "xmlns" {
            self.declarations.push(RawDeclaration { prefix: Range::new(from, from), value });
        } else {
            self.attributes.push(RawAttribute { namespace: NamespaceId::NONE, prefix, local, value });
        }
        if self.attributes.len() > limits.attributes as usize {
            return Err(Fault::new(GateErrorKind::Attributes { limit: limits.attributes }, from));
        }
        if self.declarations.len() > limits.namespace_declarations as usize {
            return Err(Fault::new(GateErrorKind::NamespaceDeclarations { limit: limits.namespace_declarations }, from));
        }
        Ok(end)
    }

    /// Production 10, `AttValue`, after its opening quote; normalised by section 3.3.3 for type CDATA.
    #[inline]
    fn value(&mut self, text: &str, from: usize, quote: u8, limits: &Limits) -> Result<(RawValue, usize), Fault> {
        let bytes = text.as_bytes();
        let mut at = from;
        loop {
            at = scan::next_stop(bytes, at, scan::VALUE);
            match byte(bytes, at) {
                b if b == quote => break,
                b'"' | b'\'' => at += 1,
                0xEF => at += scan::check_char(bytes, at)?,
                _ => return self.rewritten_value(text, from, at, quote, limits),
            }
        }
        check_length(at - from, from, limits)?;
        Ok((RawValue::Written(Range::new(from, at)), at + 1))
    }

    /// The rest of [`Tag::value`] from the first byte on that does not stand for itself.
    fn rewritten_value(&mut self, text: &str, from: usize, first: usize, quote: u8, limits: &Limits) -> Result<(RawValue, usize), Fault> {
        let bytes = text.as_bytes();
        let scratch_start = self.scratch.len();
        let (mut copied, mut at) = (from, first);
        loop {
            at = scan::next_stop(bytes, at, scan::VALUE);
            let (replacement, next) = match byte(bytes, at) {
                b if b == quote => break,
                b'"' | b'\'' => {
                    at += 1;
                    continue;
                }
                b'\r' if byte(bytes, at + 1) == b'\n' => (' ', at + 2),
                b'\t' | b'\n' | b'\r' => (' ', at + 1),
                b'<' => return Err(Fault::new(GateErrorKind::LessThanInAttribute, at)),
                b'&' => {
                    self.references += 1;
                    scan::reference(bytes, at, true)?.ok_or(Fault::new(GateErrorKind::MalformedReference, at))?
                }
                _ if at >= bytes.len() => return Err(Fault::new(GateErrorKind::UnclosedMarkup, 0)),
                _ => {
                    at += scan::check_char(bytes, at)?;
                    continue;
                }
            };
            self.scratch.push_str(text.get(copied..at).unwrap_or_default());
            self.scratch.push(replacement);
            copied = next;
            at = next;
        }
        self.scratch.push_str(text.get(copied..at).unwrap_or_default());
        check_length(self.scratch.len() - scratch_start, from, limits)?;
        Ok((RawValue::Scratch(Range::new(scratch_start, self.scratch.len())), at + 1))
    }

    /// Binds the tag's namespace declarations, resolves its prefixes and refuses attributes that are the same.
    pub(super) fn resolve(&mut self, text: &str, scope: &mut Namespaces, limits: &Limits) -> Result<(), Fault> {
        if !self.declarations.is_empty() {
            self.declare(text, scope, limits)?;
        }
        let prefix = self.prefix.of(text);
        if prefix == "xmlns" {
            return Err(Fault::new(GateErrorKind::ReservedNamespace, 1));
        }
        self.namespace = scope.resolve(prefix).ok_or(Fault::new(GateErrorKind::UndeclaredPrefix, 1))?;
        for attribute in &mut self.attributes {
            if attribute.prefix.start < attribute.prefix.end {
                let undeclared = Fault { kind: GateErrorKind::UndeclaredPrefix, at: attribute.prefix.start as usize };
                attribute.namespace = scope.resolve(attribute.prefix.of(text)).ok_or(undeclared)?;
            }
        }
        if self.attributes.len() > 1 {
            self.refuse_duplicates(text)?;
        }
        Ok(())
    }

    fn declare(&mut self, text: &str, scope: &mut Namespaces, limits: &Limits) -> Result<(), Fault> {
        for (i, declaration) in self.declarations.iter().enumerate() {
            let at = declaration.prefix.start as usize;
            let (prefix, uri) = (declaration.prefix.of(text), declaration.value.of(text, &self.scratch));
            if uri.len() > limits.namespace_bytes as usize {
                return Err(Fault::new(GateErrorKind::NamespaceLength { limit: limits.namespace_bytes }, at));
            }
            // At most 64 per element, so comparing each with each is cheap.
            if self.declarations.iter().take(i).any(|d| d.prefix.of(text) == prefix) {
                return Err(Fault::new(GateErrorKind::DuplicateAttribute, at));
            }
            // Namespaces in XML 1.0, section 3: what is reserved, and that only the default can be undeclared.
            let reserved = prefix == "xmlns" || uri == ns::XMLNS || ((prefix == "xml") != (uri == ns::XML));
            if reserved {
                return Err(Fault::new(GateErrorKind::ReservedNamespace, at));
            }
            if uri.is_empty() && !prefix.is_empty() {
                return Err(Fault::new(GateErrorKind::EmptyNamespace, at));
            }
            if prefix == "xml" {
                continue;
            }
            if scope.depth() >= limits.namespace_bindings as usize {
                return Err(Fault::new(GateErrorKind::NamespaceBindings { limit: limits.namespace_bindings }, at));
            }
            scope.bind(prefix, uri);
        }
        Ok(())
    }

    fn refuse_duplicates(&mut self, text: &str) -> Result<(), Fault> {
        let key = |a: &RawAttribute| (a.namespace, a.local.of(text).len());
        let attributes = &self.attributes;
        let same = |a: &RawAttribute, b: &RawAttribute| key(a) == key(b) && a.local.of(text) == b.local.of(text);
        let duplicate = if attributes.len() <= 12 {
            attributes.iter().enumerate().find(|(i, a)| attributes.iter().take(*i).any(|b| same(a, b))).map(|(_, a)| a)
        } else {
            // Sorted by index, so that the tag's attributes keep their order.
            self.order.clear();
            self.order.extend(0..attributes.len() as u32);
            let of = |i: u32| attributes.get(i as usize).map(|a| (a.namespace, a.local.of(text)));
            self.order.sort_by(|a, b| of(*a).cmp(&of(*b)));
            let pairs = self.order.windows(2).filter_map(|pair| match pair {
                [a, b] if of(*a) == of(*b) => Some(*b),
                _ => None,
            });
            pairs.min().and_then(|i| attributes.get(i as usize))
        };
        match duplicate {
            Some(a) => {
                let at = if a.prefix.start < a.prefix.end { a.prefix.start } else { a.local.start };
                Err(Fault::new(GateErrorKind::DuplicateAttribute, at as usize))
            }
            None => Ok(()),
        }
    }
}

/// Prefix and local part of a name that begins at `from`.
#[inline]
fn split(from: usize, name: ScannedName) -> (Range, Range) {
    match name.colon {
        Some(colon) => (Range::new(from, colon), Range::new(colon + 1, name.end)),
        None => (Range::new(from, from), Range::new(from, name.end)),
    }
}

fn check_length(length: usize, at: usize, limits: &Limits) -> Result<(), Fault> {
    if length > limits.attribute_value_bytes as usize {
        return Err(Fault::new(GateErrorKind::AttributeValueLength { limit: limits.attribute_value_bytes }, at));
    }
    Ok(())
}

/// A rule that seems broken at the very end is a tag that is not complete.
fn unclosed(fault: Fault, bytes: &[u8]) -> Fault {
    if fault.at >= bytes.len() { Fault::new(GateErrorKind::UnclosedMarkup, 0) } else { fault }
}

//! The text of a sequence: a document, or the fragment of one that API Manager generates.

use std::sync::Arc;

use roxmltree::Node;

use crate::diagnostic::{Diagnostic, Severity, SourceId, Span};
use crate::migrate::codes;
use crate::migrate::findings::Findings;
use crate::xml::document::Unqualified;
use crate::xml::{Document, Limits};

/// Bytes of one sequence.
const LARGEST: usize = 1 << 20;
/// What a fragment stands in, so that it has one root.
const BEFORE: &str = "<sequence xmlns=\"http://ws.apache.org/ns/synapse\">";
const AFTER: &str = "</sequence>";

/// A sequence that was read.
#[derive(Debug, Clone)]
pub(super) struct Text {
    pub(super) document: Document,
    source: SourceId,
    /// Bytes that the document has before the file's own.
    shift: usize,
    len: usize,
}

impl Text {
    /// Reads a file; what is wrong with it is told.
    pub(super) fn read(path: &str, bytes: &[u8], findings: &mut Findings) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let source = findings.add(path, text.into());
        Self::parse(path, text, source, findings)
    }

    /// The same with other words in place of its parameters.
    pub(super) fn filled(path: &str, text: &str, findings: &mut Findings) -> Option<Self> {
        let source = findings.add(path, text.into());
        Self::parse(path, text, source, findings)
    }

    fn parse(path: &str, text: &str, source: SourceId, findings: &mut Findings) -> Option<Self> {
        let start = Span { source, start: 0, end: 0 };
        let refuse = |findings: &mut Findings, why: String, at: Span| {
            findings.push(Diagnostic::new(Severity::Warning, &codes::UNREADABLE, format!("`{path}` is left out: {why}")).at(at));
        };
        if text.len() > LARGEST {
            refuse(findings, format!("it has more than {LARGEST} bytes"), start);
            return None;
        }
        if path.ends_with(".j2") && (text.contains("{%") || text.contains("{{")) {
            // A template is read when its parameters are known.
            let wrapped = Document::parse(format!("{BEFORE}{AFTER}").as_bytes(), Some("utf-8"), Limits::document()).ok()?;
            return Some(Self { document: wrapped, source, shift: 0, len: text.len() });
        }
        let whole = Document::parse(text.as_bytes(), Some("utf-8"), Limits::document());
        let error = match whole {
            Ok(document) => return Some(Self { document, source, shift: 0, len: text.len() }),
            Err(error) => error,
        };
        if !text.trim_start().starts_with("<?xml") {
            let wrapped = format!("{BEFORE}{text}{AFTER}");
            if let Ok(document) = Document::parse(wrapped.as_bytes(), Some("utf-8"), Limits::document()) {
                return Some(Self { document, source, shift: BEFORE.len(), len: text.len() });
            }
        }
        let at = place(usize::try_from(error.offset).unwrap_or(usize::MAX).min(text.len()));
        refuse(findings, error.to_string(), Span { source, start: at, end: at });
        None
    }

    /// Its first byte.
    pub(super) fn start(&self) -> Span {
        Span { source: self.source, start: 0, end: 0 }
    }

    /// Where an element stands: its start tag.
    pub(super) fn span(&self, node: Node<'_, '_>) -> Span {
        let range = node.range();
        let tag = self.document.text().get(range.clone()).and_then(|t| t.find('>')).map_or(range.end, |i| range.start + i + 1);
        self.at(range.start, tag)
    }

    /// Where all of an element stands.
    pub(super) fn whole(&self, node: Node<'_, '_>) -> Span {
        let range = node.range();
        self.at(range.start, range.end)
    }

    /// Where the value of an attribute stands.
    pub(super) fn value(&self, node: Node<'_, '_>, name: &str) -> Span {
        match node.unqualified_node(name) {
            Some(attribute) => {
                let range = attribute.range_value();
                self.at(range.start, range.end)
            }
            None => self.span(node),
        }
    }

    fn at(&self, start: usize, end: usize) -> Span {
        let own = |offset: usize| place(offset.saturating_sub(self.shift).min(self.len));
        Span { source: self.source, start: own(start), end: own(end) }
    }

    /// The name that a sequence gives itself.
    pub(super) fn name(&self) -> Option<Arc<str>> {
        let tree = self.document.tree();
        tree.root_element().unqualified("name").map(Arc::from)
    }
}

/// A place in a text, as spans count; archives are far smaller than their numbers reach.
fn place(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

//! What authors read when an import or a check finds something: document, line, column, code, hint.
//!
//! A [`Diagnostic`] is made in the room that finds the problem; it points into a [`Sources`] collection that keeps the
//! texts. It is rendered at the edges only.

mod collect;
mod render;

use std::sync::Arc;

pub use collect::{Diagnostics, KEPT};
pub use render::{Finding, text};

/// A document among the [`Sources`] of one import or check.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct SourceId(pub u32);

/// A place in a document: byte offsets into its UTF-8 text, `start <= end`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Span {
    /// The document.
    pub source: SourceId,
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

/// One document that was read, as UTF-8 text.
#[derive(Clone, Debug)]
pub struct Source {
    /// What authors call it: a path relative to the import's root, or the address it was fetched from without credentials.
    pub name: Arc<str>,
    /// Its text, decoded to UTF-8.
    pub text: Arc<str>,
}

/// The documents of one import or check, in the order in which they were read.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    documents: Vec<Source>,
}

impl Sources {
    /// Keeps a document and gives its id.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> SourceId {
        let id = SourceId(u32::try_from(self.documents.len()).unwrap_or(u32::MAX));
        self.documents.push(Source { name: name.into(), text: text.into() });
        id
    }

    /// The document of that id, if it is one of these.
    pub fn document(&self, id: SourceId) -> Option<&Source> {
        self.documents.get(id.0 as usize)
    }

    /// All documents.
    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.documents.iter().enumerate().map(|(i, d)| (SourceId(i as u32), d))
    }

    /// Line and column, both from 1, the column in characters, of a span's start.
    pub fn position(&self, span: Span) -> Option<(usize, usize)> {
        let text = &self.document(span.source)?.text;
        let before = text.get(..text.floor_char_boundary(span.start as usize))?;
        let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
        let line_start = memchr::memrchr(b'\n', before.as_bytes()).map_or(0, |i| i + 1);
        let column = before.get(line_start..)?.chars().count() + 1;
        Some((line, column))
    }
}

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Severity {
    /// Worth knowing: something was approximated.
    Note,
    /// Something was left out, or will surprise.
    Warning,
    /// The import or the check fails.
    Error,
}

/// A kind of diagnostic, stable, with the long help that `castile explain` prints.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `room.kebab-case`, for example `wsdl.missing-import`.
    pub id: &'static str,
    /// A sentence that names the rule.
    pub title: &'static str,
    /// What it means, why it is so, and what to do: paragraphs.
    pub help: &'static str,
}

/// The table of a room's codes: each a `static` of its own, and `ALL` of them, so that none is left out.
macro_rules! codes {
    ($($(#[$doc:meta])* pub static $name:ident: Code = $code:expr;)*) => {
        $($(#[$doc])* pub static $name: $crate::diagnostic::Code = $code;)*

        /// All codes of this room.
        pub static ALL: &[&$crate::diagnostic::Code] = &[$(&$name),*];
    };
}
pub(crate) use codes;

/// One finding for an author.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Which rule.
    pub code: &'static Code,
    /// A lower-case sentence without a full stop that names what was found.
    pub message: String,
    /// Where, if it has a place.
    pub span: Option<Span>,
    /// A label for the place: what was expected there.
    pub expected: Option<String>,
    /// What to do, or the nearest name.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A finding without a place.
    pub fn new(severity: Severity, code: &'static Code, message: impl Into<String>) -> Self {
        Self { severity, code, message: message.into(), span: None, expected: None, hint: None }
    }

    /// An error without a place.
    pub fn error(code: &'static Code, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, message)
    }

    /// The same at a place.
    #[must_use]
    pub fn at(mut self, span: Span) -> Self {
        self.span = Some(span);
        self
    }

    /// The same with what was expected at the place.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A text as one word of a shell.
pub fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The same, as it stands where a shell takes it so: in commands that a message tells.
pub fn shell_word(text: &str) -> String {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b":/._-%".contains(&b));
    if plain { text.to_owned() } else { quoted(text) }
}

/// The nearest of `candidates` to `name`, when it is near enough to be a slip of the pen.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let chars = name.chars().count();
    let allowed = |c: &str| 1 + name.len().min(c.len()) / 4;
    candidates
        .into_iter()
        // Names are the caller's: what differs in length by more than the distance is not compared, which costs the product of both.
        .filter(|c| chars.abs_diff(c.chars().count()) <= allowed(c))
        .map(|c| (strsim::damerau_levenshtein(&name.to_lowercase(), &c.to_lowercase()), c))
        .filter(|(d, c)| *d <= allowed(c))
        .min_by_key(|(d, _)| *d)
        .map(|(_, c)| c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_shell() {
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(shell_word("http://h:1/a"), "http://h:1/a");
        assert_eq!(shell_word("apis/my api"), "'apis/my api'");
        assert_eq!(shell_word(""), "''");
    }
}

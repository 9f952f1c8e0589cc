//! Where in a JSON text or an XML document one stands, going along what a template writes by itself.

use super::{Format, Spot};

/// A place in what is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scan {
    /// JSON between values, names and signs.
    Json,
    /// In a string.
    JsonString,
    /// In a string, behind a backslash.
    JsonEscape,
    /// Character data.
    Xml,
    /// In a tag, not between quotes.
    Tag,
    /// In an attribute's value, between these quotes.
    Quoted(char),
    Comment,
    Cdata,
    Instruction,
}

impl Scan {
    pub(super) fn of(format: Format) -> Self {
        match format {
            Format::Json => Self::Json,
            Format::Xml => Self::Xml,
        }
    }

    /// Behind a text.
    pub(super) fn over(self, text: &str) -> Self {
        let mut state = self;
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let (next, length) = state.step(rest, c);
            state = next;
            rest = rest.get(length..).unwrap_or_default();
        }
        state
    }

    /// Behind the first character of a text, or a sign that begins with it.
    fn step(self, rest: &str, c: char) -> (Self, usize) {
        let one = c.len_utf8();
        match (self, c) {
            (Self::Json, '"') | (Self::JsonEscape, _) => (Self::JsonString, one),
            (Self::JsonString, '"') => (Self::Json, one),
            (Self::JsonString, '\\') => (Self::JsonEscape, one),
            (Self::Xml, '<') if rest.starts_with("<!--") => (Self::Comment, 4),
            (Self::Xml, '<') if rest.starts_with("<![CDATA[") => (Self::Cdata, 9),
            (Self::Xml, '<') if rest.starts_with("<?") => (Self::Instruction, 2),
            (Self::Xml, '<') => (Self::Tag, one),
            (Self::Tag, '>') => (Self::Xml, one),
            (Self::Tag, '"' | '\'') => (Self::Quoted(c), one),
            (Self::Quoted(quote), c) if quote == c => (Self::Tag, one),
            (Self::Comment, '-') if rest.starts_with("-->") => (Self::Xml, 3),
            (Self::Cdata, ']') if rest.starts_with("]]>") => (Self::Xml, 3),
            (Self::Instruction, '?') if rest.starts_with("?>") => (Self::Xml, 2),
            (state, _) => (state, one),
        }
    }

    /// May a value stand here?
    ///
    /// # Errors
    /// What the place is.
    pub(super) fn spot(self) -> Result<Spot, &'static str> {
        match self {
            Self::Json => Ok(Spot::JsonValue),
            Self::JsonString => Ok(Spot::JsonString),
            Self::Xml => Ok(Spot::XmlText),
            Self::Quoted(_) => Ok(Spot::XmlAttribute),
            Self::JsonEscape => Err("an escape"),
            Self::Tag => Err("a tag"),
            Self::Comment => Err("a comment"),
            Self::Cdata => Err("a CDATA section"),
            Self::Instruction => Err("a processing instruction"),
        }
    }
}

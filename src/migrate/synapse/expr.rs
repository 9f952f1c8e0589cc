//! What an expression of Synapse becomes: one of Castile's, with what is known of its value.

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum From {
    /// It is always this.
    Constant(String),
    /// The caller's JSON, at these names and indexes.
    Body(Vec<String>),
    /// A path parameter.
    Path(String),
    /// A query parameter.
    Query(String),
    /// A header field of the caller.
    Header,
    /// Something that does not change while the sequence runs.
    Fixed,
    /// Made of several.
    Mixed,
}

/// What kind of value it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Bool,
    Any,
}

/// An expression of Castile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ex {
    pub(super) text: String,
    pub(super) from: From,
    pub(super) kind: Kind,
}

impl Ex {
    pub(super) fn of(text: impl Into<String>, from: From, kind: Kind) -> Self {
        Self { text: text.into(), from, kind }
    }

    /// A constant text.
    pub(super) fn constant(text: &str) -> Self {
        Self::of(literal(text), From::Constant(text.to_owned()), Kind::Text)
    }

    /// Something made of others.
    pub(super) fn mixed(text: impl Into<String>, kind: Kind) -> Self {
        Self::of(text, From::Mixed, kind)
    }

    /// A place in the message's JSON.
    pub(super) fn body(keys: Vec<String>) -> Self {
        Self::of(place("body", &keys), From::Body(keys), Kind::Any)
    }

    /// A path parameter.
    pub(super) fn path(name: &str) -> Self {
        Self::of(place("path", &[name.to_owned()]), From::Path(name.to_owned()), Kind::Text)
    }

    /// A query parameter.
    pub(super) fn query(name: &str) -> Self {
        Self::of(place("query", &[name.to_owned()]), From::Query(name.to_owned()), Kind::Text)
    }

    /// A field of the caller.
    pub(super) fn header(name: &str) -> Self {
        Self::of(place("headers", &[name.to_ascii_lowercase()]), From::Header, Kind::Text)
    }

    /// A property that a step has set.
    pub(super) fn property(name: &str) -> Self {
        Self::of(place("properties", &[name.to_owned()]), From::Mixed, Kind::Any)
    }

    /// As a text, whatever it is.
    pub(super) fn as_text(&self) -> String {
        match self.kind {
            Kind::Text => self.text.clone(),
            Kind::Number | Kind::Bool | Kind::Any => format!("text({})", self.text),
        }
    }

    /// As a number, whatever it is.
    pub(super) fn as_number(&self) -> String {
        match (&self.from, self.kind) {
            (From::Constant(text), _) if is_number(text) => text.clone(),
            (_, Kind::Number) => self.text.clone(),
            (_, Kind::Text | Kind::Bool | Kind::Any) => format!("number({})", self.text),
        }
    }

    /// As a text that is empty where there is none, as XPath has it.
    pub(super) fn as_text_or_empty(&self) -> String {
        match self.from {
            From::Constant(_) => self.text.clone(),
            _ => format!("default({}, '')", self.as_text()),
        }
    }

    /// As a setting of a step: a constant as it is, else `{{ … }}`.
    pub(super) fn setting(&self) -> String {
        match &self.from {
            From::Constant(text) => plain(text),
            _ => format!("{{{{ {} }}}}", self.text),
        }
    }
}

/// A text of the archive as it stands in a setting: nothing in it is an expression.
pub(super) fn plain(text: &str) -> String {
    text.replace("{{", "{{ '{' }}{{ '{' }}")
}

/// A number as Castile's expressions write it.
pub(super) fn is_number(text: &str) -> bool {
    serde_json::from_str::<serde_json::Number>(text).is_ok() && text.len() <= 100
}

/// A text between quotes.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::from("'");
    for c in text.chars() {
        match c {
            '\'' => out.push_str("\\'"),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// `body.order.lines[0]['odd name']`.
pub(super) fn place(root: &str, keys: &[String]) -> String {
    let mut out = root.to_owned();
    for key in keys {
        let is_word = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || (b == b'-' && root == "headers"));
        let is_index = root == "body" && !key.is_empty() && key.bytes().all(|b| b.is_ascii_digit());
        match (is_index, is_word) {
            (true, _) => out.push_str(&format!("[{key}]")),
            (_, true) => out.push_str(&format!(".{key}")),
            (_, false) => out.push_str(&format!("[{}]", literal(key))),
        }
    }
    out
}

/// A JSON pointer to these names.
pub(super) fn pointer(keys: &[String]) -> String {
    let mut out = String::new();
    for key in keys {
        crate::json::push_pointer(&mut out, key);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_written_as_people_do() {
        let keys = |keys: &[&str]| keys.iter().map(|k| (*k).to_owned()).collect::<Vec<_>>();
        assert_eq!(place("body", &keys(&["a", "lines", "0", "odd name"])), "body.a.lines[0]['odd name']");
        assert_eq!(place("headers", &keys(&["x-tenant"])), "headers.x-tenant");
        assert_eq!(place("properties", &keys(&["req.var.a"])), "properties['req.var.a']");
        assert_eq!(pointer(&keys(&["a", "b/c"])), "/a/b~1c");
        assert_eq!(literal("it's\n"), "'it\\'s\\n'");
    }
}

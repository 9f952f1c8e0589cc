//! Where a value stands, and what is said of one that does not fit.

use crate::diagnostic::nearest;
use crate::json::{Value, escape_into, push_pointer};
use crate::mediate::FieldError;

/// So many errors are kept; a caller who made more has read enough.
const MAX_ERRORS: usize = 1000;
/// Bytes of all their pointers: in deep values each repeats the names around it.
const MAX_POINTER_BYTES: usize = 1 << 20;
/// Errors that come with the nearest name: finding it costs more than all the rest.
const MAX_HINTED: usize = 100;
/// Stands for a credential.
pub(super) const REDACTED: &str = "[redacted]";
/// So many characters of a value are shown.
const MAX_FOUND_CHARS: usize = 60;

/// The way from the root of the JSON text to a value: a list on the stack that becomes a pointer only when something is wrong.
#[derive(Clone, Copy)]
pub(super) struct Path<'a> {
    up: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

impl<'a> Path<'a> {
    /// The root's member of that name.
    pub(super) fn member(key: &'a str) -> Self {
        Self { up: None, step: Step::Key(key) }
    }

    /// The JSON pointer of it.
    fn push_into(&self, pointer: &mut String) {
        if let Some(up) = self.up {
            up.push_into(pointer);
        }
        match self.step {
            Step::Key(key) => push_pointer(pointer, key),
            Step::Item(at) => {
                pointer.push('/');
                pointer.push_str(&at.to_string());
            }
        }
    }
}

/// A place in the JSON text; the root is no step.
#[derive(Clone, Copy)]
pub(super) struct At<'a>(pub(super) Option<&'a Path<'a>>);

impl<'a> At<'a> {
    /// The root.
    pub(super) const ROOT: At<'static> = At(None);

    /// A member of the value here.
    pub(super) fn key(self, key: &'a str) -> Path<'a> {
        Path { up: self.0, step: Step::Key(key) }
    }

    /// An item of the array here.
    pub(super) fn item(self, at: usize) -> Path<'a> {
        Path { up: self.0, step: Step::Item(at) }
    }

    fn pointer(self) -> String {
        let mut pointer = String::new();
        if let Some(path) = self.0 {
            path.push_into(&mut pointer);
        }
        pointer
    }
}

impl<'a> Path<'a> {
    /// This place.
    pub(super) fn at(&'a self) -> At<'a> {
        At(Some(self))
    }
}

/// What was found.
#[derive(Clone, Copy)]
pub(super) enum Found<'a> {
    /// A value: its JSON text is shown.
    Value(&'a Value<'a>),
    /// Said in words.
    Words(&'a str),
    /// It is missing.
    Nothing,
}

/// Every error found so far.
#[derive(Default)]
pub(super) struct Errors {
    list: Vec<FieldError>,
    pointer_bytes: usize,
}

impl Errors {
    pub(super) fn count(&self) -> usize {
        self.list.len()
    }

    pub(super) fn into_list(self) -> Vec<FieldError> {
        self.list
    }

    /// Of the errors from that one on, forgets what was found: it is a credential's.
    pub(super) fn redact(&mut self, from: usize) {
        self.list.iter_mut().skip(from).for_each(|e| e.found = REDACTED.to_owned());
    }

    /// Notes one error.
    #[cold]
    #[inline(never)]
    pub(super) fn add(&mut self, at: At<'_>, expected: &str, found: Found<'_>) {
        self.add_with_hint(at, expected, found, None);
    }

    /// Notes a name that is not known where these are.
    #[cold]
    #[inline(never)]
    pub(super) fn unknown<'c>(
        &mut self,
        at: At<'_>,
        expected: &str,
        found: Found<'_>,
        name: &str,
        known: impl IntoIterator<Item = &'c str>,
    ) {
        let hint = if self.list.len() < MAX_HINTED { nearest(name, known).map(str::to_owned) } else { None };
        self.add_with_hint(at, expected, found, hint);
    }

    fn add_with_hint(&mut self, at: At<'_>, expected: &str, found: Found<'_>, hint: Option<String>) {
        if self.list.len() >= MAX_ERRORS || self.pointer_bytes >= MAX_POINTER_BYTES {
            return;
        }
        let found = match found {
            Found::Value(value) => short(value),
            Found::Words(words) => words.chars().take(MAX_FOUND_CHARS).collect(),
            Found::Nothing => "nothing".to_owned(),
        };
        let pointer = at.pointer();
        self.pointer_bytes += pointer.len();
        self.list.push(FieldError { pointer, expected: expected.to_owned(), found, hint, parameter: None });
    }
}

/// The JSON text of a value, cut at 60 characters.
pub(super) fn short(value: &Value<'_>) -> String {
    let mut out = Vec::new();
    push_short(&mut out, value);
    let text = String::from_utf8_lossy(&out);
    match text.char_indices().nth(MAX_FOUND_CHARS) {
        None => text.into_owned(),
        Some(_) => text.chars().take(MAX_FOUND_CHARS - 1).chain(['…']).collect(),
    }
}

/// Appends the JSON text until there is more than will be shown.
fn push_short(out: &mut Vec<u8>, value: &Value<'_>) {
    // A character is at most four bytes; more than this cannot be shown.
    let is_full = |out: &Vec<u8>| out.len() > MAX_FOUND_CHARS * 4;
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        Value::Number(n) => out.extend_from_slice(n.as_bytes()),
        Value::String(s) => push_short_string(out, s),
        Value::Array(items) => {
            out.push(b'[');
            for (n, item) in items.iter().enumerate() {
                if is_full(out) {
                    return;
                }
                if n > 0 {
                    out.extend_from_slice(b", ");
                }
                push_short(out, item);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            out.push(b'{');
            for (n, (key, item)) in members.iter().enumerate() {
                if is_full(out) {
                    return;
                }
                if n > 0 {
                    out.extend_from_slice(b", ");
                }
                push_short_string(out, key);
                out.extend_from_slice(b": ");
                push_short(out, item);
            }
            out.push(b'}');
        }
    }
}

fn push_short_string(out: &mut Vec<u8>, text: &str) {
    let end = text.char_indices().nth(MAX_FOUND_CHARS + 1).map_or(text.len(), |(at, _)| at);
    out.push(b'"');
    escape_into(out, &text[..end]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_are_escaped() {
        let a = Path::member("a/b");
        let b = a.at().item(3);
        let c = b.at().key("x~y");
        assert_eq!(c.at().pointer(), "/a~1b/3/x~0y");
        assert_eq!(At::ROOT.pointer(), "");
    }

    #[test]
    fn errors_are_few_enough_to_be_read() {
        let name = "x".repeat(2_000);
        let around = Path::member(&name);
        let mut errors = Errors::default();
        let known: Vec<String> = (0..200).map(|i| format!("property{i}")).collect();
        for _ in 0..5_000 {
            errors.unknown(around.at().key(&name).at(), "no such property", Found::Nothing, &name, known.iter().map(String::as_str));
        }
        let bytes: usize = errors.into_list().iter().map(|e| e.pointer.len()).sum();
        assert!((MAX_POINTER_BYTES..2 * MAX_POINTER_BYTES).contains(&bytes), "{bytes} bytes of pointers");
    }

    /// Looking for a near name costs; who sends many wrong names is not helped by a hint for each.
    #[test]
    fn hints_are_few() {
        let mut errors = Errors::default();
        for _ in 0..MAX_HINTED + 50 {
            errors.unknown(At::ROOT, "no such property", Found::Nothing, "countryCod", ["countryCode", "name"]);
        }
        let list = errors.into_list();
        assert!(list.iter().take(MAX_HINTED).all(|e| e.hint.as_deref() == Some("countryCode")));
        assert!(list.iter().skip(MAX_HINTED).all(|e| e.hint.is_none()));
        assert_eq!(list.len(), MAX_HINTED + 50);
    }

    #[test]
    fn long_values_are_cut() {
        assert_eq!(short(&Value::Array(vec![Value::Null, Value::Number("1.50"), Value::String("x".into())])), r#"[null, 1.50, "x"]"#);
        let long = short(&Value::String("é".repeat(100).into()));
        assert_eq!(long.chars().count(), 60);
        assert!(long.ends_with('…'));
    }
}

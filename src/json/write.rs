use super::Value;
use super::scan::{plain_prefix, utf8_slice};

/// Appends `text` as the inside of a JSON string: `"`, `\` and control characters are escaped, all else stands as it is.
pub fn escape_into(out: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len());
    loop {
        let plain = plain_prefix(rest);
        let (before, after) = rest.split_at_checked(plain).unwrap_or((rest, &[]));
        out.extend_from_slice(before);
        let Some((special, after)) = after.split_first() else {
            return;
        };
        escape_byte(out, *special);
        rest = after;
    }
}

fn escape_byte(out: &mut Vec<u8>, byte: u8) {
    let short = match byte {
        b'"' => b'"',
        b'\\' => b'\\',
        8 => b'b',
        9 => b't',
        10 => b'n',
        12 => b'f',
        13 => b'r',
        byte => {
            let hex = |n: u8| if n < 10 { b'0' + n } else { b'a' + n - 10 };
            out.extend_from_slice(&[b'\\', b'u', b'0', b'0', hex(byte >> 4), hex(byte & 15)]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

/// Appends `text` as a JSON string with its quotes.
pub fn string_into(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape_into(out, text);
    out.push(b'"');
}

/// Appends `/token` to a JSON pointer, escaped (RFC 6901).
pub fn push_pointer(pointer: &mut String, token: &str) {
    pointer.push('/');
    for c in token.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// Characters of an [`excerpt`](Value::excerpt) at most: what an error shows of what was found.
pub const EXCERPT_CHARS: usize = 60;

impl Value<'_> {
    /// Appends the value as JSON text without white space, numbers as they were written.
    pub fn write_into(&self, out: &mut Vec<u8>) {
        self.write_some(out, usize::MAX);
    }

    /// The value as JSON text for people: each member and item on a line, set in by two spaces a level; numbers as they were written.
    pub fn pretty(&self) -> String {
        let mut out = Vec::new();
        self.write_set_in(&mut out, 0);
        String::from_utf8_lossy(&out).into_owned()
    }

    fn write_set_in(&self, out: &mut Vec<u8>, level: usize) {
        let line = |out: &mut Vec<u8>, level: usize| {
            out.push(b'\n');
            out.resize(out.len() + 2 * level, b' ');
        };
        let between = |out: &mut Vec<u8>, i: usize| {
            if i > 0 {
                out.push(b',');
            }
            line(out, level + 1);
        };
        match self {
            Value::Array(items) if !items.is_empty() => {
                out.push(b'[');
                for (i, item) in items.iter().enumerate() {
                    between(out, i);
                    item.write_set_in(out, level + 1);
                }
                line(out, level);
                out.push(b']');
            }
            Value::Object(members) if !members.is_empty() => {
                out.push(b'{');
                for (i, (name, value)) in members.iter().enumerate() {
                    between(out, i);
                    string_into(out, name);
                    out.extend_from_slice(b": ");
                    value.write_set_in(out, level + 1);
                }
                line(out, level);
                out.push(b'}');
            }
            plain => plain.write_into(out),
        }
    }

    /// The value as JSON text, cut after 60 characters, `…` the last of them. Costs no more than that, however big the value is.
    pub fn excerpt(&self) -> String {
        let mut out = Vec::with_capacity(4 * EXCERPT_CHARS);
        // A character has at most four bytes: beyond that the rest is cut away anyway.
        self.write_some(&mut out, 4 * EXCERPT_CHARS + 4);
        let text = String::from_utf8_lossy(&out);
        match text.char_indices().nth(EXCERPT_CHARS) {
            None => text.into_owned(),
            Some(_) => text.chars().take(EXCERPT_CHARS - 1).chain(['…']).collect(),
        }
    }

    /// Writes at least `enough` bytes of the text, or all of it; ends between characters.
    fn write_some(&self, out: &mut Vec<u8>, enough: usize) {
        match self {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Bool(true) => out.extend_from_slice(b"true"),
            Value::Bool(false) => out.extend_from_slice(b"false"),
            Value::Number(text) => out.extend_from_slice(up_to(text, enough).as_bytes()),
            Value::String(text) => string_into(out, up_to(text, enough)),
            Value::Array(items) => {
                out.push(b'[');
                for (i, item) in items.iter().enumerate() {
                    if out.len() >= enough {
                        return;
                    }
                    if i > 0 {
                        out.push(b',');
                    }
                    item.write_some(out, enough);
                }
                out.push(b']');
            }
            Value::Object(members) => {
                out.push(b'{');
                for (i, (name, value)) in members.iter().enumerate() {
                    if out.len() >= enough {
                        return;
                    }
                    if i > 0 {
                        out.push(b',');
                    }
                    string_into(out, up_to(name, enough));
                    out.push(b':');
                    value.write_some(out, enough);
                }
                out.push(b'}');
            }
        }
    }
}

/// The longest beginning of `text` of about `bytes` bytes that ends between characters.
fn up_to(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes { text } else { utf8_slice(text, 0, text.ceil_char_boundary(bytes)) }
}

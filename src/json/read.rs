use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use super::Value;
use super::scan::{plain_prefix, utf8_slice};
use super::write::push_pointer;

/// What a text may be made of.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Levels of arrays and objects.
    pub depth: usize,
    /// Members of one object.
    pub keys_per_object: usize,
    /// Bytes of one member name.
    pub key_bytes: usize,
    /// Characters of one number.
    pub number_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 320, keys_per_object: 4096, key_bytes: 2100, number_bytes: 1000 }
    }
}

/// What is wrong with a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseErrorKind {
    /// Not JSON; says what was expected.
    Syntax(&'static str),
    /// A member name stands twice.
    DuplicateName,
    /// A limit, named.
    Limit(&'static str),
    /// Not UTF-8.
    NotUtf8,
}

/// Why a text was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Offset in bytes.
    pub offset: usize,
    /// JSON pointer of the value that was being read (for a duplicate: of the member).
    pub pointer: String,
}

impl ParseError {
    /// Line and column of the offset in `text`, both from 1, the column in characters.
    pub fn position(&self, text: &[u8]) -> (usize, usize) {
        line_column(text, self.offset)
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ParseErrorKind::Syntax(expected) => write!(f, "expected {expected}"),
            ParseErrorKind::DuplicateName => f.write_str("the member stands twice"),
            ParseErrorKind::Limit(limit) => write!(f, "more than the limit of {limit}"),
            ParseErrorKind::NotUtf8 => f.write_str("the text is not UTF-8"),
        }
    }
}

impl std::error::Error for ParseError {}

/// Line and column, both from 1, of a byte offset; the column in characters, bytes that are not UTF-8 counting as one each.
pub fn line_column(text: &[u8], offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let row = before.get(start..).unwrap_or_default();
    (line, row.iter().filter(|b| **b & 0xC0 != 0x80).count() + 1)
}

/// Reads one JSON text (RFC 8259 `JSON-text`, UTF-8 without a byte order mark).
///
/// Does not recurse: the depth costs heap, not stack. Strings without escapes, and all numbers, borrow from the text.
///
/// # Errors
/// Where it is not JSON, has a name twice, or passes a limit: the caller's fault.
pub fn parse<'a>(text: &'a [u8], limits: &Limits) -> Result<Value<'a>, ParseError> {
    match std::str::from_utf8(text) {
        Ok(text) => Reader { text, bytes: text.as_bytes(), at: 0, limits, stack: Vec::new() }.document(),
        Err(e) => Err(ParseError { kind: ParseErrorKind::NotUtf8, offset: e.valid_up_to(), pointer: String::new() }),
    }
}

/// Above so many members an object's names are kept in a hash set: comparing each with each costs more.
const FEW_MEMBERS: usize = 16;

/// An array or object that is not closed yet.
enum Open<'a> {
    Array(Vec<Value<'a>>),
    Object(OpenObject<'a>),
}

struct OpenObject<'a> {
    members: Vec<(Cow<'a, str>, Value<'a>)>,
    /// The name whose value is being read.
    name: Cow<'a, str>,
    /// All names, once there are many. Randomly keyed, so that nobody can choose names that collide.
    seen: HashSet<Cow<'a, str>>,
}

struct Reader<'a, 'l> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    limits: &'l Limits,
    stack: Vec<Open<'a>>,
}

/// What follows after a value was put into its parent.
enum Next {
    Value,
    Closed,
}

type Fault = (ParseErrorKind, usize);

impl<'a> Reader<'a, '_> {
    fn document(mut self) -> Result<Value<'a>, ParseError> {
        self.root().map_err(|(kind, offset)| ParseError { pointer: self.pointer(), kind, offset })
    }

    /// `ws value ws`, nothing after it.
    fn root(&mut self) -> Result<Value<'a>, Fault> {
        if self.bytes.starts_with(b"\xEF\xBB\xBF") {
            return Err(self.expected("a JSON value, not a byte order mark"));
        }
        loop {
            self.skip_space();
            let Some(mut value) = self.value()? else {
                continue;
            };
            loop {
                self.skip_space();
                let Some(open) = self.stack.pop() else {
                    return if self.at == self.bytes.len() { Ok(value) } else { Err(self.expected("the end of the text")) };
                };
                let (open, next) = match open {
                    Open::Array(items) => self.after_item(items, value)?,
                    Open::Object(object) => self.after_member(object, value)?,
                };
                match next {
                    Next::Value => {
                        self.stack.push(open);
                        break;
                    }
                    Next::Closed => {
                        value = match open {
                            Open::Array(items) => Value::Array(items),
                            Open::Object(object) => Value::Object(object.members),
                        }
                    }
                }
            }
        }
    }

    /// One value; `None` where an array or object was opened whose first value is next.
    fn value(&mut self) -> Result<Option<Value<'a>>, Fault> {
        Ok(Some(match self.peek() {
            Some(b'"') => Value::String(self.string(usize::MAX)?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b'{') => return self.open_object(),
            Some(b'[') => return self.open_array(),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            Some(_) | None => return Err(self.expected("a JSON value")),
        }))
    }

    fn open_array(&mut self) -> Result<Option<Value<'a>>, Fault> {
        self.deeper()?;
        self.skip_space();
        if self.take(b']') {
            return Ok(Some(Value::Array(Vec::new())));
        }
        self.stack.push(Open::Array(Vec::new()));
        Ok(None)
    }

    fn open_object(&mut self) -> Result<Option<Value<'a>>, Fault> {
        self.deeper()?;
        self.skip_space();
        if self.take(b'}') {
            return Ok(Some(Value::Object(Vec::new())));
        }
        let name = self.name()?;
        self.stack.push(Open::Object(OpenObject { members: Vec::new(), name, seen: HashSet::new() }));
        Ok(None)
    }

    /// Passes the opening bracket.
    fn deeper(&mut self) -> Result<(), Fault> {
        if self.stack.len() >= self.limits.depth {
            return Err((ParseErrorKind::Limit("levels of arrays and objects"), self.at));
        }
        self.at += 1;
        Ok(())
    }

    fn after_item(&mut self, mut items: Vec<Value<'a>>, value: Value<'a>) -> Result<(Open<'a>, Next), Fault> {
        items.push(value);
        let next = if self.take(b',') {
            Next::Value
        } else if self.take(b']') {
            Next::Closed
        } else {
            let fault = self.expected("\",\" or \"]\"");
            self.stack.push(Open::Array(items));
            return Err(fault);
        };
        Ok((Open::Array(items), next))
    }

    fn after_member(&mut self, mut object: OpenObject<'a>, value: Value<'a>) -> Result<(Open<'a>, Next), Fault> {
        object.members.push((std::mem::take(&mut object.name), value));
        let next = if self.take(b',') {
            self.skip_space();
            match self.next_name(&mut object) {
                Ok(()) => Next::Value,
                Err((fault, in_member)) => {
                    // The pointer of a duplicate is the member's; of anything else in a name the object's.
                    if in_member {
                        self.stack.push(Open::Object(object));
                    }
                    return Err(fault);
                }
            }
        } else if self.take(b'}') {
            Next::Closed
        } else {
            return Err(self.expected("\",\" or \"}\""));
        };
        Ok((Open::Object(object), next))
    }

    /// The name after a comma, into `object`; an error says whether it is that member's.
    fn next_name(&mut self, object: &mut OpenObject<'a>) -> Result<(), (Fault, bool)> {
        let start = self.at;
        let name = self.name().map_err(|f| (f, false))?;
        if object.members.len() >= self.limits.keys_per_object {
            return Err(((ParseErrorKind::Limit("members of one object"), start), false));
        }
        let twice = if object.members.len() < FEW_MEMBERS {
            object.members.iter().any(|(other, _)| *other == name)
        } else {
            if object.seen.is_empty() {
                object.seen.extend(object.members.iter().map(|(n, _)| n.clone()));
            }
            !object.seen.insert(name.clone())
        };
        object.name = name;
        if twice { Err(((ParseErrorKind::DuplicateName, start), true)) } else { Ok(()) }
    }

    /// `string ws ":"`
    fn name(&mut self) -> Result<Cow<'a, str>, Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.expected("a member name in quotes"));
        }
        let name = self.string(self.limits.key_bytes)?;
        self.skip_space();
        if self.take(b':') { Ok(name) } else { Err(self.expected("\":\"")) }
    }

    fn word(&mut self, word: &'static str, value: Value<'a>) -> Result<Value<'a>, Fault> {
        if self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.expected("a JSON value"))
        }
    }

    /// `[ minus ] int [ frac ] [ exp ]` (RFC 8259 section 6), as written.
    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        if self.at - start > self.limits.number_bytes {
            return Err((ParseErrorKind::Limit("characters of one number"), start));
        }
        Ok(utf8_slice(self.text, start, self.at))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        match rest.iter().take_while(|b| b.is_ascii_digit()).count() {
            0 => Err(self.expected("a digit")),
            n => {
                self.at += n;
                Ok(())
            }
        }
    }

    /// A string from its opening quote to behind its closing one, of at most `most` bytes.
    fn string(&mut self, most: usize) -> Result<Cow<'a, str>, Fault> {
        let open = self.at;
        self.at += 1;
        let start = self.at;
        self.at += plain_prefix(self.bytes.get(start..).unwrap_or_default());
        let text =
            if self.peek() == Some(b'"') { Cow::Borrowed(utf8_slice(self.text, start, self.at)) } else { Cow::Owned(self.escaped(start)?) };
        self.at += 1;
        if text.len() > most {
            return Err((ParseErrorKind::Limit("bytes of one member name"), open));
        }
        Ok(text)
    }

    /// The rest of a string whose plain beginning is from `start` to here, up to the closing quote.
    fn escaped(&mut self, start: usize) -> Result<String, Fault> {
        let mut out = String::from(utf8_slice(self.text, start, self.at));
        loop {
            match self.peek() {
                Some(b'"') => return Ok(out),
                Some(b'\\') => out.push(self.escape()?),
                Some(_) => {
                    return Err(self.expected("an escape: control characters may not stand in strings"));
                }
                None => return Err(self.expected("the closing quote")),
            }
            let from = self.at;
            self.at += plain_prefix(self.bytes.get(from..).unwrap_or_default());
            out.push_str(utf8_slice(self.text, from, self.at));
        }
    }

    /// `\` and what follows (RFC 8259 section 7). Lone surrogates stand for no character: refused (RFC 7493 section 2.1).
    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.at;
        self.at += 1;
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(start),
            Some(_) | None => {
                return Err(self.expected("one of the escapes \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u"));
            }
        };
        self.at += 1;
        Ok(c)
    }

    fn unicode_escape(&mut self, start: usize) -> Result<char, Fault> {
        let lone = (ParseErrorKind::Syntax("a character, not half of a surrogate pair"), start);
        let first = self.hex4()?;
        let code = if (0xD800..0xDC00).contains(&first) {
            if !(self.take(b'\\') && self.peek() == Some(b'u')) {
                return Err(lone);
            }
            let second = self.hex4()?;
            if !(0xDC00..0xE000).contains(&second) {
                return Err(lone);
            }
            0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00)
        } else {
            first
        };
        char::from_u32(code).ok_or(lone)
    }

    /// `u` and four hexadecimal digits.
    fn hex4(&mut self) -> Result<u32, Fault> {
        self.at += 1;
        let mut code = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek().and_then(|b| char::from(b).to_digit(16)) else {
                return Err(self.expected("four hexadecimal digits"));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(code)
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        self.at += usize::from(is);
        is
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expected(&self, what: &'static str) -> Fault {
        (ParseErrorKind::Syntax(what), self.at)
    }

    /// Where the open arrays and objects stand.
    fn pointer(&self) -> String {
        let mut pointer = String::new();
        for open in &self.stack {
            match open {
                Open::Array(items) => push_pointer(&mut pointer, &items.len().to_string()),
                Open::Object(object) => push_pointer(&mut pointer, &object.name),
            }
        }
        pointer
    }
}

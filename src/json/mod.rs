//! JSON text at the floor: a strict reader (RFC 8259, RFC 7493) into a borrowed tree that keeps the digits of numbers and
//! refuses duplicate names, and writers of escaped strings.
//!
//! Why not `serde_json` here: with `arbitrary_precision` a number and an object with its private key cannot be told apart by a visitor,
//! duplicate keys pass, and errors carry no pointer.

mod read;
mod scan;
mod secret;
#[cfg(test)]
mod tests;
mod write;

pub use read::{Limits, ParseError, ParseErrorKind, line_column, parse};
pub use secret::{is_hidden, looks_like_credentials};
pub use write::{EXCERPT_CHARS, escape_into, push_pointer, string_into};

use std::borrow::Cow;

/// A JSON value that borrows from its text where it can.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, as written.
    Number(&'a str),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Value<'a>>),
    /// An object: members in the order of the text, no name twice.
    Object(Vec<(Cow<'a, str>, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// The member of that name, if this is an object that has it.
    pub fn member(&self, name: &str) -> Option<&Value<'a>> {
        match self {
            Value::Object(members) => members.iter().find(|(k, _)| k == name).map(|(_, v)| v),
            _ => None,
        }
    }
}

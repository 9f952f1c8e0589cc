//! A message's JSON as a tree that steps change; numbers keep their digits.

use crate::json::Value;

/// A JSON value that owns its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number, as written.
    Number(Box<str>),
    /// A string.
    Text(Box<str>),
    /// An array.
    List(Vec<Tree>),
    /// An object: members in order, no name twice.
    Object(Vec<(Box<str>, Tree)>),
}

impl From<&Value<'_>> for Tree {
    fn from(value: &Value<'_>) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            Value::Number(text) => Self::Number((*text).into()),
            Value::String(text) => Self::Text(text.as_ref().into()),
            Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            Value::Object(members) => Self::Object(members.iter().map(|(k, v)| (k.as_ref().into(), Self::from(v))).collect()),
        }
    }
}

impl Tree {
    /// The same, borrowed, as the writer of JSON takes it.
    pub fn as_json(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(*b),
            Self::Number(text) => Value::Number(text),
            Self::Text(text) => Value::String((&**text).into()),
            Self::List(items) => Value::Array(items.iter().map(Self::as_json).collect()),
            Self::Object(members) => Value::Object(members.iter().map(|(k, v)| ((&**k).into(), v.as_json())).collect()),
        }
    }

    /// Its JSON text, without white space.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.as_json().write_into(&mut out);
        out
    }

    /// The member of that name, if this is an object that has it.
    pub fn member(&self, name: &str) -> Option<&Tree> {
        match self {
            Self::Object(members) => members.iter().find(|(k, _)| **k == *name).map(|(_, v)| v),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// The item at that place, from 0, if this is an array that has it.
    pub fn item(&self, index: usize) -> Option<&Tree> {
        match self {
            Self::List(items) => items.get(index),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Object(_) => None,
        }
    }

    /// How many values it is made of, itself among them.
    pub fn nodes(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => 1,
            Self::List(items) => 1 + items.iter().map(Self::nodes).sum::<usize>(),
            Self::Object(members) => 1 + members.iter().map(|(_, v)| v.nodes()).sum::<usize>(),
        }
    }

    /// Levels of arrays and objects.
    pub fn depth(&self) -> usize {
        match self {
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => 0,
            Self::List(items) => 1 + items.iter().map(Self::depth).max().unwrap_or(0),
            Self::Object(members) => 1 + members.iter().map(|(_, v)| v.depth()).max().unwrap_or(0),
        }
    }

    /// About how many bytes of memory it takes.
    pub fn weight(&self) -> usize {
        /// A value without its text.
        const VALUE: usize = 48;
        VALUE
            + match self {
                Self::Null | Self::Bool(_) => 0,
                Self::Number(text) | Self::Text(text) => text.len(),
                Self::List(items) => items.iter().map(Self::weight).sum(),
                Self::Object(members) => members.iter().map(|(k, v)| k.len() + v.weight()).sum(),
            }
    }

    /// The beginning of its JSON text, at most 60 characters; of what has members or items only what it is.
    pub fn excerpt(&self) -> String {
        match self {
            Self::List(_) => String::from("[…]"),
            Self::Object(_) => String::from("{…}"),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) => self.as_json().excerpt(),
        }
    }
}

impl Tree {
    /// The same, as documents have it. A number that `serde_json` does not read is its text.
    pub(super) fn as_value(&self) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Null => Value::Null,
            Self::Bool(b) => Value::Bool(*b),
            Self::Number(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_string())),
            Self::Text(text) => Value::String(text.to_string()),
            Self::List(items) => items.iter().map(Self::as_value).collect(),
            Self::Object(members) => members.iter().map(|(k, v)| (k.to_string(), v.as_value())).collect(),
        }
    }
}

impl Tree {
    /// Puts a value at a JSON pointer (RFC 6901), making objects on the way. Was there a place?
    pub fn put(&mut self, pointer: &str, value: Tree) -> bool {
        super::step::put(self, pointer, value)
    }

    /// Is something there at that JSON pointer?
    pub fn has(&self, pointer: &str) -> bool {
        super::step::has(self, pointer)
    }
}

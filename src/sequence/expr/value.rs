//! What an expression gives for a message.

use std::borrow::Cow;

use crate::sequence::tree::Tree;

/// A value; borrows from the message where it can.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Nothing is there.
    Absent,
    /// `null`
    Null,
    /// True or false.
    Bool(bool),
    /// A number, as written.
    Number(Cow<'a, str>),
    /// A text.
    Text(Cow<'a, str>),
    /// An object or a list of the message.
    Tree(&'a Tree),
    /// A list that stands in the expression.
    List(Vec<Value<'a>>),
}

impl<'a> From<&'a Tree> for Value<'a> {
    fn from(tree: &'a Tree) -> Self {
        match tree {
            Tree::Null => Self::Null,
            Tree::Bool(b) => Self::Bool(*b),
            Tree::Number(text) => Self::Number(Cow::Borrowed(text)),
            Tree::Text(text) => Self::Text(Cow::Borrowed(text)),
            Tree::List(_) | Tree::Object(_) => Self::Tree(tree),
        }
    }
}

impl<'a> Value<'a> {
    /// A text that may be there.
    pub fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Absent, |t| Self::Text(Cow::Borrowed(t)))
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Absent | Self::Null | Self::Bool(_) | Self::Number(_) | Self::Tree(_) | Self::List(_) => None,
        }
    }

    /// Is there a value that is not `null`?
    pub fn is_something(&self) -> bool {
        !matches!(self, Self::Absent | Self::Null)
    }

    /// The items, if it is a list.
    pub(super) fn items(&self) -> Option<Vec<Value<'_>>> {
        match self {
            Self::Tree(Tree::List(items)) => Some(items.iter().map(Value::from).collect()),
            Self::List(items) => Some(items.clone()),
            Self::Absent | Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Tree(_) => None,
        }
    }

    /// Items of a list, members of an object.
    pub(in crate::sequence) fn length(&self) -> Option<usize> {
        match self {
            Self::Tree(Tree::List(items)) => Some(items.len()),
            Self::Tree(Tree::Object(members)) => Some(members.len()),
            Self::List(items) => Some(items.len()),
            Self::Absent | Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Tree(_) => None,
        }
    }

    /// The value as a tree of its own; `None` where nothing is there.
    pub fn to_tree(&self) -> Option<Tree> {
        Some(match self {
            Self::Absent => return None,
            Self::Null => Tree::Null,
            Self::Bool(b) => Tree::Bool(*b),
            Self::Number(text) => Tree::Number(text.as_ref().into()),
            Self::Text(text) => Tree::Text(text.as_ref().into()),
            Self::Tree(tree) => (*tree).clone(),
            Self::List(items) => Tree::List(items.iter().filter_map(Self::to_tree).collect()),
        })
    }
}

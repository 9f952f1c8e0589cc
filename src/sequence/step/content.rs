//! JSON that stands in a sequence file, with expressions in its texts.

use super::Reader;
use super::exchange::{Exchange, Stop};
use crate::sequence::expr::{Expr, Mixed};
use crate::sequence::tree::Tree;
use crate::yaml::{Kind, Node};

/// A value of a step.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// No expression is in it.
    Plain(Tree),
    /// A text with expressions.
    Mixed(Mixed),
    List(Vec<Content>),
    Object(Vec<(Box<str>, Content)>),
}

impl Content {
    /// Reads a value of a file.
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        reader.deeper(node, |reader| {
            Some(match &node.kind {
                Kind::Null => Self::Plain(Tree::Null),
                Kind::Bool(b) => Self::Plain(Tree::Bool(*b)),
                Kind::Number => {
                    let text = reader.file.text(node)?;
                    if !crate::sequence::number::is_number(&text) {
                        reader.file.wrong(node, "a number as JSON writes it");
                        return None;
                    }
                    Self::Plain(Tree::Number(text.into()))
                }
                Kind::String(_) => {
                    let mixed = reader.mixed(node)?;
                    match mixed.plain() {
                        Some(text) => Self::Plain(Tree::Text(text.into())),
                        None => Self::Mixed(mixed),
                    }
                }
                Kind::List(nodes) => Self::list(nodes.iter().map(|n| Self::read(reader, n)).collect::<Option<_>>()?),
                Kind::Map(_) => {
                    let entries = reader.file.entries(node);
                    let members = entries.into_iter().map(|(k, _, v)| Some((k.into(), Self::read(reader, v)?)));
                    Self::object(members.collect::<Option<_>>()?)
                }
            })
        })
    }

    fn list(items: Vec<Self>) -> Self {
        let plain = items.iter().map(|i| if let Self::Plain(tree) = i { Some(tree.clone()) } else { None }).collect::<Option<_>>();
        plain.map_or(Self::List(items), |trees| Self::Plain(Tree::List(trees)))
    }

    fn object(members: Vec<(Box<str>, Self)>) -> Self {
        let plain = members.iter().map(|(k, v)| if let Self::Plain(tree) = v { Some((k.clone(), tree.clone())) } else { None });
        plain.collect::<Option<_>>().map_or(Self::Object(members), |trees| Self::Plain(Tree::Object(trees)))
    }

    /// Its value for a call; what is absent is left out, the whole too.
    pub(super) fn value(&self, exchange: &Exchange) -> Result<Option<Tree>, Stop> {
        Ok(match self {
            Self::Plain(tree) => Some(tree.clone()),
            Self::Mixed(mixed) => {
                let value = mixed.value(exchange, exchange.budget())?;
                exchange.budget().spend(1)?;
                value.to_tree()
            }
            Self::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.extend(item.value(exchange)?);
                }
                Some(Tree::List(list))
            }
            Self::Object(members) => {
                let mut object = Vec::with_capacity(members.len());
                for (name, member) in members {
                    object.extend(member.value(exchange)?.map(|v| (name.clone(), v)));
                }
                Some(Tree::Object(object))
            }
        })
    }
}

impl Content {
    /// Its value, where no expression is in it.
    pub(super) fn plain(&self) -> Option<&Tree> {
        match self {
            Self::Plain(tree) => Some(tree),
            Self::Mixed(_) | Self::List(_) | Self::Object(_) => None,
        }
    }

    /// The expressions in it.
    pub(super) fn expressions<'c>(&'c self, found: &mut Vec<&'c Expr>) {
        match self {
            Self::Plain(_) => {}
            Self::Mixed(mixed) => found.extend(mixed.expressions()),
            Self::List(items) => items.iter().for_each(|i| i.expressions(found)),
            Self::Object(members) => members.iter().for_each(|(_, m)| m.expressions(found)),
        }
    }
}

impl Content {
    /// The expression that it is, where it is one and nothing else.
    pub(super) fn only(&self) -> Option<&Expr> {
        match self {
            Self::Mixed(mixed) => mixed.only(),
            Self::Plain(_) | Self::List(_) | Self::Object(_) => None,
        }
    }
}

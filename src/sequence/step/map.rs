//! `map: { at: /status, values: { A: active, C: closed }, otherwise: unknown }`: a table of values.

use std::collections::HashMap;

use super::exchange::{Exchange, Stop};
use super::pointer::Pointer;
use super::reader::Reader;
use crate::diagnostic::Span;
use crate::sequence::tree::Tree;
use crate::yaml::{Kind, Node};

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Map {
    pub(super) at: Pointer,
    pub(super) values: HashMap<Box<str>, Tree>,
    pub(super) otherwise: Option<Tree>,
    /// The same values in the order of the file, and where each key and value stands.
    pub(super) rows: Vec<(Box<str>, Tree, [Span; 2])>,
    pub(super) otherwise_at: Option<Span>,
}

impl Map {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let at = given.need(reader.file, "at");
        let values = given.need(reader.file, "values");
        let otherwise = given.take("otherwise");
        given.end(reader.file);
        let at = at.and_then(|n| reader.pointer(n));
        let values_node = values?;
        let entries = reader.file.entries(values_node);
        if entries.is_empty() {
            reader.file.wrong(values_node, "a table of values, such as { A: active }");
            return None;
        }
        let mut rows = Vec::new();
        for (from, key, to) in entries {
            let spans = [reader.file.span(key), reader.file.span(to)];
            rows.push((from.into_boxed_str(), scalar(reader, to)?, spans));
        }
        let otherwise_at = otherwise.map(|n| reader.file.span(n));
        let otherwise = match otherwise {
            Some(node) => Some(scalar(reader, node)?),
            None => None,
        };
        let values = rows.iter().map(|(from, to, _)| (from.clone(), to.clone())).collect();
        Some(Self { at: at?, values, otherwise, rows, otherwise_at })
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        exchange.each(self.at.segments(), &mut |exchange, tree| {
            let key = match tree {
                Tree::Text(text) | Tree::Number(text) => &**text,
                Tree::Bool(b) => {
                    if *b {
                        "true"
                    } else {
                        "false"
                    }
                }
                Tree::Null | Tree::List(_) | Tree::Object(_) => return Ok(()),
            };
            exchange.budget().spend(key.len())?;
            if let Some(new) = self.values.get(key).or(self.otherwise.as_ref()) {
                exchange.grow(new, 0)?;
                *tree = new.clone();
            }
            Ok(())
        })
    }
}

fn scalar(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Tree> {
    match &node.kind {
        Kind::Null => Some(Tree::Null),
        Kind::Bool(b) => Some(Tree::Bool(*b)),
        Kind::String(text) => Some(Tree::Text(text.as_str().into())),
        Kind::Number => {
            let text = reader.file.text(node)?;
            if crate::sequence::number::is_number(&text) {
                return Some(Tree::Number(text.into()));
            }
            reader.file.wrong(node, "a number as JSON writes it");
            None
        }
        Kind::List(_) | Kind::Map(_) => {
            reader.file.wrong(node, "a text, a number, true, false or null");
            None
        }
    }
}

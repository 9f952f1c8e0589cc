//! `copy: { from: /a, to: /b/c }` and `move`, which takes the value away from its old place. With `*`, within each item.

use super::exchange::{Exchange, Stop};
use super::pointer::{self, Pointer, Segment};
use super::reader::Reader;
use crate::diagnostic::Diagnostic;
use crate::sequence::codes;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Copy {
    /// Both pointers up to their last `*`.
    pub(super) each: Vec<Segment>,
    pub(super) from: Vec<Segment>,
    pub(super) to: Vec<Segment>,
    pub(super) source: Pointer,
    pub(super) target: Pointer,
    pub(super) moves: bool,
}

impl Copy {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node, moves: bool) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let from = given.need(reader.file, "from");
        let to = given.need(reader.file, "to");
        given.end(reader.file);
        let from = from.and_then(|n| if moves { reader.named_pointer(n) } else { reader.pointer(n) });
        let to_node = to?;
        let to = reader.pointer(to_node)?;
        let from = from?;
        let at = from.through_last_each();
        if at != to.through_last_each() || from.segments().get(..at) != to.segments().get(..at) {
            let diagnostic = Diagnostic::error(&codes::BAD_POINTER, "both pointers are the same up to their last `*`");
            reader.error(to_node, diagnostic.expected(format!("a pointer that begins as {} does", from.as_str())));
            return None;
        }
        let (each, rest) = from.segments().split_at(at);
        let below = to.segments().get(at..).unwrap_or_default();
        if moves && below.starts_with(rest) {
            let diagnostic = Diagnostic::error(&codes::BAD_POINTER, "a value does not move into itself");
            reader.error(to_node, diagnostic.expected(format!("a pointer that does not begin with {}", from.as_str())));
            return None;
        }
        let (each, below, rest) = (each.to_vec(), below.to_vec(), rest.to_vec());
        Some(Self { each, from: rest, to: below, source: from, target: to, moves })
    }

    /// `move` or `copy`.
    pub(super) fn verb(&self) -> &'static str {
        if self.moves { "move" } else { "copy" }
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        exchange.each(&self.each, &mut |exchange, tree| {
            let above = self.target.segments().len();
            let value = if self.moves {
                let Some(value) = pointer::take(tree, &self.from) else { return Ok(()) };
                exchange.deep(&value, above)?;
                value
            } else {
                let Some(value) = pointer::find(tree, &self.from) else { return Ok(()) };
                exchange.grow(value, above)?;
                value.clone()
            };
            if pointer::put(tree, &self.to, value) {
                return Ok(());
            }
            Err(Stop::Unfit { pointer: Some(self.target.as_str().to_owned()), expected: String::from("an object on the way to it") })
        })
    }
}

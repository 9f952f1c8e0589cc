//! `set: { to: /country/code, value: "{{ upper(path.code) }}" }`: an absent value removes what is there.

use super::content::Content;
use super::exchange::{Exchange, Stop};
use super::pointer::{self, Pointer, Segment};
use super::reader::Reader;
use crate::diagnostic::Span;
use crate::sequence::tree::Tree;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Set {
    pub(super) to: Pointer,
    pub(super) value: Content,
    /// Where the value stands.
    pub(super) value_at: Span,
}

impl Set {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let to = given.need(reader.file, "to");
        let value = given.need(reader.file, "value");
        given.end(reader.file);
        let to = to.and_then(|n| reader.pointer(n));
        let value_at = value.map(|n| reader.file.span(n));
        let value = value.and_then(|n| Content::read(reader, n));
        Some(Self { to: to?, value: value?, value_at: value_at? })
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        let value = self.value.value(exchange)?;
        let (each, rest) = self.to.segments().split_at(self.to.through_last_each());
        exchange.each(each, &mut |exchange, tree| {
            let Some(value) = &value else {
                drop(pointer::take(tree, rest));
                return Ok(());
            };
            exchange.grow(value, self.to.segments().len())?;
            put(tree, rest, value, &self.to)
        })
    }
}

/// Puts a value at every place of a pointer where nothing is.
pub(super) fn place_where_absent(exchange: &mut Exchange, to: &Pointer, value: &Tree) -> Result<(), Stop> {
    let (each, rest) = to.segments().split_at(to.through_last_each());
    exchange.each(each, &mut |exchange, tree| {
        if pointer::find(tree, rest).is_some() {
            return Ok(());
        }
        exchange.grow(value, to.segments().len())?;
        put(tree, rest, value, to)
    })
}

fn put(tree: &mut Tree, rest: &[Segment], value: &Tree, to: &Pointer) -> Result<(), Stop> {
    if pointer::put(tree, rest, value.clone()) {
        return Ok(());
    }
    Err(Stop::Unfit { pointer: Some(to.as_str().to_owned()), expected: String::from("an object on the way to it") })
}

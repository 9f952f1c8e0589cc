//! `default: { to: /language, value: en }`: only where nothing is there.

use super::content::Content;
use super::exchange::{Exchange, Stop};
use super::pointer::Pointer;
use super::reader::Reader;
use super::set;
use crate::diagnostic::Span;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Default {
    pub(super) to: Pointer,
    pub(super) value: Content,
    /// Where the value stands.
    pub(super) value_at: Span,
}

impl Default {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let to = given.need(reader.file, "to");
        let value = given.need(reader.file, "value");
        given.end(reader.file);
        let to = to.and_then(|n| reader.named_pointer(n));
        let value_at = value.map(|n| reader.file.span(n));
        let value = value.and_then(|n| Content::read(reader, n));
        Some(Self { to: to?, value: value?, value_at: value_at? })
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        let Some(value) = self.value.value(exchange)? else { return Ok(()) };
        set::place_where_absent(exchange, &self.to, &value)
    }
}

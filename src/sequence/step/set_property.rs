//! `set_property: { name: tenant, value: "{{ headers.x-tenant }}" }`: kept for this call, on all its paths.

use super::content::Content;
use super::exchange::{Exchange, Stop};
use super::reader::Reader;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct SetProperty {
    pub(super) name: Box<str>,
    pub(super) value: Content,
}

impl SetProperty {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let name = given.need(reader.file, "name");
        let value = given.need(reader.file, "value");
        given.end(reader.file);
        let name_node = name?;
        let name = reader.file.text(name_node)?;
        let value = value.and_then(|n| Content::read(reader, n))?;
        if name.is_empty() || name.len() > 100 {
            reader.file.wrong(name_node, "a name of at most 100 bytes");
            return None;
        }
        Some(Self { name: name.into(), value })
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        let value = self.value.value(exchange)?;
        exchange.set_property(&self.name, value)
    }
}

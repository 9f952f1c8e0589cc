//! `rename_header: { from: X-Old, to: X-New }`: of the outgoing fields, with all its values.

use http::HeaderName;
use http::header::Entry;

use super::exchange::{Exchange, Stop};
use super::reader::Reader;
use super::set_header;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct RenameHeader {
    from: HeaderName,
    to: HeaderName,
}

impl RenameHeader {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let from = given.need(reader.file, "from");
        let to = given.need(reader.file, "to");
        given.end(reader.file);
        let from = from.and_then(|n| set_header::name(reader, n));
        let to = to.and_then(|n| set_header::name(reader, n));
        Some(Self { from: from?, to: to? })
    }

    #[allow(clippy::unnecessary_wraps, reason = "every step has this form")]
    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        let values: Vec<_> = match exchange.headers.entry(&self.from) {
            Entry::Occupied(entry) => entry.remove_entry_mult().1.collect(),
            Entry::Vacant(_) => return Ok(()),
        };
        exchange.headers.remove(&self.to);
        for value in values {
            exchange.headers.append(self.to.clone(), value);
        }
        Ok(())
    }
}

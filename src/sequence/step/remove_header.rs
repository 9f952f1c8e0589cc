//! `remove_header: X-Authorization`, or a list of names.

use http::HeaderName;

use super::exchange::{Exchange, Stop};
use super::reader::Reader;
use super::set_header;
use crate::yaml::{Kind, Node};

#[derive(Debug, Clone)]
pub(in crate::sequence) struct RemoveHeader {
    names: Vec<HeaderName>,
}

impl RemoveHeader {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let names = match &node.kind {
            Kind::List(nodes) if !nodes.is_empty() => nodes.iter().map(|n| set_header::name(reader, n)).collect::<Option<_>>()?,
            Kind::String(_) | Kind::Number | Kind::Bool(_) => vec![set_header::name(reader, node)?],
            Kind::Null | Kind::List(_) | Kind::Map(_) => {
                reader.file.wrong(node, "the name of a header field, or a list of names");
                return None;
            }
        };
        Some(Self { names })
    }

    #[allow(clippy::unnecessary_wraps, reason = "every step has this form")]
    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        for name in &self.names {
            exchange.headers.remove(name);
        }
        Ok(())
    }
}

//! `retry: { drop: session }`: what `cache` kept under that name is forgotten, and the caller's request begins again, once. The second time
//! the step does nothing.

use super::Next;
use super::exchange::{Exchange, Stop};
use super::reader::Reader;
use crate::diagnostic::{Diagnostic, nearest};
use crate::sequence::codes;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Retry {
    drop: Box<str>,
}

impl Retry {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let drop = given.need(reader.file, "drop");
        given.end(reader.file);
        let drop_node = drop?;
        let drop: Box<str> = reader.file.text(drop_node)?.into();
        if !reader.names.kept.contains(&drop) {
            let message = format!("no `cache` before this step has the name `{}`", drop.escape_debug());
            let near = nearest(&drop, reader.names.kept.iter().map(|n| &**n)).map(|n| format!("did you mean `{n}`?"));
            reader.error(drop_node, Diagnostic { hint: near, ..Diagnostic::error(&codes::WRONG_PLACE, message) });
            return None;
        }
        Some(Self { drop })
    }

    pub(super) fn run(&self, exchange: &Exchange) -> Result<Next, Stop> {
        if exchange.is_second() { Ok(Next::On) } else { Err(Stop::Again { drop: self.drop.clone() }) }
    }
}

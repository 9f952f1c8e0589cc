//! `log: { message: "order {{ path.id }}", paths: [/status] }`: a line in the log, with the beginning of what stands at the pointers.

use super::exchange::{Exchange, Note, Stop};
use super::pointer::{self, Pointer, Segment};
use super::reader::Reader;
use crate::sequence::expr::Mixed;
use crate::yaml::Node;

/// Bytes of a message in the log.
const MAX_MESSAGE_BYTES: usize = 500;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Log {
    pub(super) message: Mixed,
    pub(super) paths: Vec<Pointer>,
}

impl Log {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let message = given.need(reader.file, "message");
        let paths = given.take("paths");
        given.end(reader.file);
        let message = message.and_then(|n| reader.mixed(n));
        let paths = match paths {
            Some(node) => reader.pointers(node)?,
            None => Vec::new(),
        };
        for pointer in &paths {
            if pointer.segments().contains(&Segment::Each) {
                reader.file.wrong(node, "pointers without `*`: a log line shows one value of each");
                return None;
            }
        }
        Some(Self { message: message?, paths })
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        let mut message = self.message.text(exchange, exchange.budget())?.unwrap_or_default();
        message.truncate(message.floor_char_boundary(MAX_MESSAGE_BYTES));
        let body = exchange.body.as_ref();
        let values = self.paths.iter().filter_map(|p| Some((p.as_str().to_owned(), pointer::find(body?, p.segments())?.excerpt())));
        let note = Note { message, values: values.collect() };
        exchange.note(note);
        Ok(())
    }
}

//! `rename: { from: /iso, to: /code }`: another name in the same object, at its old place.

use super::exchange::{Exchange, Stop};
use super::pointer::{Pointer, Segment};
use super::reader::Reader;
use crate::diagnostic::Diagnostic;
use crate::sequence::codes;
use crate::sequence::tree::Tree;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Rename {
    pub(super) parent: Vec<Segment>,
    pub(super) from: Box<str>,
    pub(super) to: Box<str>,
    /// The pointers as they were written.
    pub(super) pointers: [Pointer; 2],
}

impl Rename {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let from = given.need(reader.file, "from");
        let to = given.need(reader.file, "to");
        given.end(reader.file);
        let from = from.and_then(|n| reader.named_pointer(n));
        let to_node = to?;
        let to = reader.named_pointer(to_node)?;
        let from = from?;
        let ((parent, Segment::Name(old)), (other, Segment::Name(new))) = (from.split_last()?, to.split_last()?) else { return None };
        if parent != other {
            let diagnostic = Diagnostic::error(&codes::BAD_POINTER, "`rename` gives another name in the same object");
            let expected = format!("a pointer that differs from {} in its last step", from.as_str());
            reader.error(to_node, diagnostic.expected(expected).hint("`move` takes it to another place"));
            return None;
        }
        let (parent, old, new) = (parent.to_vec(), old.clone(), new.clone());
        Some(Self { parent, from: old, to: new, pointers: [from, to] })
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        exchange.each(&self.parent, &mut |exchange, tree| {
            let Tree::Object(members) = tree else { return Ok(()) };
            exchange.budget().spend(members.len())?;
            if self.from == self.to || !members.iter().any(|(k, _)| *k == self.from) {
                return Ok(());
            }
            // What had the new name before gives way: no name stands twice.
            members.retain(|(k, _)| *k != self.to);
            if let Some((name, _)) = members.iter_mut().find(|(k, _)| *k == self.from) {
                *name = self.to.clone();
            }
            Ok(())
        })
    }
}

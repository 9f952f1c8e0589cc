//! `remove: /internal`, or a list of pointers.

use super::exchange::{Exchange, Stop};
use super::pointer::{self, Pointer, Segment};
use super::reader::Reader;
use crate::sequence::tree::Tree;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Remove {
    pub(super) all: Vec<Pointer>,
}

impl Remove {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        Some(Self { all: reader.pointers(node)? })
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        for pointer in &self.all {
            let Some((before, last)) = pointer.split_last() else { continue };
            exchange.each(before, &mut |_, tree| {
                match (last, tree) {
                    (Segment::Each, Tree::List(items)) => items.clear(),
                    (Segment::Each, _) => {}
                    (Segment::Name(_), tree) => drop(pointer::take(tree, std::slice::from_ref(last))),
                }
                Ok(())
            })?;
        }
        Ok(())
    }
}

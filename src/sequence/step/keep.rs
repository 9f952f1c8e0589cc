//! `keep: [/code, /lines/*/id]`: everything else goes.

use super::exchange::{Exchange, Stop};
use super::pointer::{self, Pointer};
use super::reader::Reader;
use crate::yaml::Node;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Keep {
    pub(super) all: Vec<Pointer>,
}

impl Keep {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        Some(Self { all: reader.pointers(node)? })
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<(), Stop> {
        let all: Vec<_> = self.all.iter().map(Pointer::segments).collect();
        exchange.each(&[], &mut |exchange, tree| {
            exchange.budget().spend(tree.nodes().saturating_mul(all.len()))?;
            pointer::keep(tree, &all);
            Ok(())
        })
    }
}

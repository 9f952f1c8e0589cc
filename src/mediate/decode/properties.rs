//! The properties of an object that is assembled: which children each has, as chains of numbers, since there may be a property for every
//! few bytes of a message.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::assemble::Collected;
use super::machine::ChildKind;
use super::matching::{Step as Match, Steps};
use super::slots::{NONE, Slots};
use crate::plan::node::{PlaceIx, ShapeId};

/// So many properties are looked through before a table is made of them.
const FEW_PROPERTIES: usize = 8;

/// A property on its way.
pub(super) struct Property {
    /// The first place of a declared one; [`NONE`] for what a wildcard or nothing admits: its key is the first child's.
    pub(super) place: u32,
    /// Its first child and its last, by number; of a repeated group its step, and the first leaf inside.
    pub(super) first: u32,
    pub(super) last: u32,
    pub(super) array: bool,
}

/// A part of the steps: of a whole row, or of an item.
#[derive(Clone, Copy)]
pub(super) struct Part {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The number of its first leaf.
    pub(super) leaf: usize,
}

/// The properties of one object in the order in which they came.
#[derive(Default)]
pub(super) struct Properties {
    pub(super) list: Vec<Property>,
    /// First place → the declared property.
    pub(super) places: HashMap<PlaceIx, u32>,
    /// Those that a wildcard or nothing admits, where there are many properties.
    slots: Option<Slots>,
    /// The last child of these, and its property.
    last_wild: Option<(ChildKind, usize)>,
    /// Leaf → the next one of the same property; leaves are counted from `leaf` on.
    next: Vec<u32>,
    leaf: usize,
}

impl Properties {
    /// Of an object whose first leaf that is.
    pub(super) fn from_leaf(leaf: usize) -> Self {
        Self { leaf, ..Self::default() }
    }

    pub(super) fn after(&self, leaf: u32) -> u32 {
        (leaf as usize).checked_sub(self.leaf).and_then(|i| self.next.get(i)).copied().unwrap_or(leaf)
    }

    pub(super) fn declared(&mut self, place: PlaceIx, array: bool, leaf: usize, part: Part, steps: &Steps) {
        let last = self.list.len().checked_sub(1).filter(|ix| self.list.get(*ix).is_some_and(|p| p.place == place));
        let new = number(self.list.len());
        let known = last.or_else(|| match self.places.entry(place) {
            Entry::Occupied(known) => Some(*known.get() as usize),
            Entry::Vacant(free) => {
                free.insert(new);
                None
            }
        });
        self.add(known, Property { place, first: number(leaf), last: number(leaf), array }, part, steps);
    }

    pub(super) fn wild(&mut self, row: &Collected<'_, '_>, shape: ShapeId, leaf: usize, part: Part, steps: &Steps) {
        let child = steps.child(leaf);
        let kind = row.children.get(child).map(|c| c.kind());
        if let Some((before, known)) = self.last_wild
            && Some(before) == kind
        {
            // As the one before: it has the same key.
            return self.add(Some(known), Property { place: NONE, first: number(leaf), last: number(leaf), array: false }, part, steps);
        }
        let name = row.wild_name(shape, child);
        let typed = row.children.get(child).is_some_and(|c| !matches!(c.kind(), ChildKind::Generic(_)));
        let array = typed && row.run.program.shape(shape).many_wild;
        let list = &self.list;
        let name_of = |ix: u32| {
            let property = list.get(ix as usize).filter(|p| p.place == NONE)?;
            Some(row.wild_name(shape, steps.child(property.first as usize)))
        };
        let hash_of = |ix: u32| row.names().hash_one(name_of(ix).unwrap_or_default());
        let new = number(list.len());
        if list.len() > FEW_PROPERTIES && self.slots.is_none() {
            let mut slots = Slots::default();
            (0..new).filter(|ix| name_of(*ix).is_some()).for_each(|ix| slots.add(ix, hash_of(ix), hash_of));
            self.slots = Some(slots);
        }
        let known = match &mut self.slots {
            None => (0..new).find(|ix| name_of(*ix) == Some(name)),
            Some(slots) => {
                let hash = row.names().hash_one(name);
                let known = slots.find(hash, |ix| name_of(ix) == Some(name));
                if known.is_none() {
                    slots.add(new, hash, hash_of);
                }
                known
            }
        };
        let property = Property { place: NONE, first: number(leaf), last: number(leaf), array };
        let known = known.map(|ix| ix as usize);
        self.last_wild = kind.map(|kind| (kind, known.unwrap_or(self.list.len())));
        self.add(known, property, part, steps);
    }

    fn add(&mut self, known: Option<usize>, property: Property, part: Part, steps: &Steps) {
        let Some(known) = known.and_then(|ix| self.list.get_mut(ix)) else {
            self.list.push(property);
            return;
        };
        if self.next.is_empty() {
            let is_leaf = |at: &usize| matches!(steps.get(*at), Some(Match::Place(_) | Match::Unknown));
            self.next = vec![NONE; (part.from..part.to).filter(is_leaf).count()];
        }
        let before = std::mem::replace(&mut known.last, property.first);
        known.array |= property.array;
        if let Some(link) = (before as usize).checked_sub(self.leaf).and_then(|i| self.next.get_mut(i)) {
            *link = property.first;
        }
    }
}

/// An index of a row, whose children are counted in 32 bits.
pub(super) fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(NONE)
}

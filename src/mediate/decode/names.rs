//! The different names that a message's elements and attributes have, each kept once: there may be a name for every few bytes of a
//! message, so what is kept of an element is its number here.

use std::hash::{BuildHasher, RandomState};

use super::slots::{NONE, Slots};
use crate::plan::node::NameId;
use crate::xml::gate::NamespaceId as DocumentNs;

/// A name of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MessageName(pub(super) u32);

/// Names that were asked for last, by a cheap hash: messages repeat few names often.
const RECENT: usize = 64;

/// Names, by number.
#[derive(Debug, Default)]
pub(super) struct Names {
    text: String,
    entries: Vec<Entry>,
    slots: Slots,
    recent: Vec<u32>,
    hasher: RandomState,
}

#[derive(Debug)]
struct Entry {
    /// Where its local part begins; it ends where the next one's begins.
    start: u32,
    namespace: DocumentNs,
    name: u32,
    mark: u32,
}

impl Names {
    /// The number of a name; `None` where there are more than four billion bytes of names.
    pub(super) fn number(&mut self, namespace: DocumentNs, local: &str, name: Option<NameId>) -> Option<MessageName> {
        let bytes = local.as_bytes();
        let end = bytes.last().copied().unwrap_or(0) as usize;
        let middle = bytes.get(bytes.len() / 2).copied().unwrap_or(0) as usize;
        let near = (bytes.len() ^ (end << 2) ^ (middle << 1) ^ namespace.0 as usize) % RECENT;
        if let Some(known) = self.recent.get(near).copied().filter(|i| self.is(*i, namespace, local)) {
            return Some(MessageName(known));
        }
        let at = self.find(namespace, local, name)?;
        if self.recent.is_empty() {
            self.recent = vec![NONE; RECENT];
        }
        if let Some(recent) = self.recent.get_mut(near) {
            *recent = at;
        }
        Some(MessageName(at))
    }

    fn find(&mut self, namespace: DocumentNs, local: &str, name: Option<NameId>) -> Option<u32> {
        let hash = self.hash(namespace, local);
        if let Some(known) = self.slots.find(hash, |at| self.is(at, namespace, local)) {
            return Some(known);
        }
        let at = u32::try_from(self.entries.len()).ok().filter(|at| *at < 1 << 29)?;
        let start = u32::try_from(self.text.len()).ok()?;
        self.text.push_str(local);
        self.entries.push(Entry { start, namespace, name: name.map_or(NONE, |n| n.0), mark: 0 });
        let mut slots = std::mem::take(&mut self.slots);
        slots.add(at, hash, |at| self.hash(self.namespace(MessageName(at)), self.local(MessageName(at))));
        self.slots = slots;
        Some(at)
    }

    fn hash(&self, namespace: DocumentNs, local: &str) -> u64 {
        self.hasher.hash_one((namespace, local))
    }

    /// The hash of anything, by a key of this message.
    pub(super) fn hash_one<T: std::hash::Hash>(&self, value: T) -> u64 {
        self.hasher.hash_one(value)
    }

    fn is(&self, at: u32, namespace: DocumentNs, local: &str) -> bool {
        self.entries.get(at as usize).is_some_and(|e| e.namespace == namespace) && self.local(MessageName(at)) == local
    }

    pub(super) fn local(&self, at: MessageName) -> &str {
        let start = self.entries.get(at.0 as usize).map_or(0, |e| e.start as usize);
        let end = self.entries.get(at.0 as usize + 1).map_or(self.text.len(), |e| e.start as usize);
        self.text.get(start..end).unwrap_or("")
    }

    pub(super) fn namespace(&self, at: MessageName) -> DocumentNs {
        self.entries.get(at.0 as usize).map_or(DocumentNs::NONE, |e| e.namespace)
    }

    /// The program's name, as it was given first.
    pub(super) fn name(&self, at: MessageName) -> Option<NameId> {
        self.entries.get(at.0 as usize).map(|e| e.name).filter(|n| *n != NONE).map(NameId)
    }

    /// A note beside the name, 0 at first; gives the one before.
    pub(super) fn mark(&mut self, at: MessageName, mark: u32) -> u32 {
        self.entries.get_mut(at.0 as usize).map_or(mark, |e| std::mem::replace(&mut e.mark, mark))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_number() {
        let mut names = Names::default();
        let mut numbers = Vec::new();
        for round in 0..2 {
            for i in 0..5_000u32 {
                let at = names.number(DocumentNs(i % 7), &format!("n{}", i / 7), Some(NameId(i))).unwrap();
                if round == 0 {
                    numbers.push(at);
                }
                assert_eq!(numbers.get(i as usize), Some(&at));
                assert_eq!(
                    (names.local(at), names.namespace(at), names.name(at)),
                    (&*format!("n{}", i / 7), DocumentNs(i % 7), Some(NameId(i)))
                );
            }
        }
        numbers.dedup();
        assert_eq!(numbers.len(), 5_000);
    }

    #[test]
    fn marks_are_kept() {
        let mut names = Names::default();
        let at = names.number(DocumentNs::NONE, "a", None).unwrap();
        assert_eq!((names.mark(at, 5), names.mark(at, 6), names.name(at)), (0, 5, None));
    }
}

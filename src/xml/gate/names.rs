use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

const RECENT: usize = 64;
/// The text of recent names is begun anew at this length, bytes.
const TEXT_BYTES: usize = 4096;

/// Counts the different names of a document.
///
/// Only keyed hashes are kept: four bytes a name, and nobody outside can make two names collide. Some may by chance (one pair in
/// thirty documents of 16 384 names): the count is then too low by so much.
#[derive(Debug)]
pub(super) struct DistinctNames {
    hashes: HashSet<u32>,
    hasher: RandomState,
    /// The names seen last, by a cheap hash: documents repeat few names often. Where each stands in `text`, and how long it is.
    recent: [(u16, u16); RECENT],
    /// One text for all of them: most documents are small, and ask for memory once.
    text: String,
}

impl DistinctNames {
    pub(super) fn new() -> Self {
        Self { hashes: HashSet::new(), hasher: RandomState::new(), recent: [(0, 0); RECENT], text: String::new() }
    }

    /// Counts `name` if it is new and gives how many there are.
    #[inline]
    pub(super) fn note(&mut self, name: &str) -> usize {
        let bytes = name.as_bytes();
        let end = bytes.last().copied().unwrap_or(0) as usize;
        let middle = bytes.get(bytes.len() / 2).copied().unwrap_or(0) as usize;
        let slot = (bytes.len() ^ (end << 2) ^ (middle << 1)) % RECENT;
        if let Some((start, length)) = self.recent.get(slot).map(|(s, l)| (usize::from(*s), usize::from(*l)))
            && self.text.get(start..start + length) != Some(name)
        {
            let hash = self.hasher.hash_one(name);
            self.hashes.insert(u32::try_from(hash >> 32).unwrap_or_default());
            self.remember(slot, name);
        }
        self.hashes.len()
    }

    fn remember(&mut self, slot: usize, name: &str) {
        if self.text.len() + name.len() > TEXT_BYTES {
            self.text.clear();
            self.recent = [(0, 0); RECENT];
        }
        let (Ok(start), Ok(length)) = (u16::try_from(self.text.len()), u16::try_from(name.len())) else { return };
        if let Some(recent) = self.recent.get_mut(slot).filter(|_| name.len() <= TEXT_BYTES) {
            *recent = (start, length);
            self.text.push_str(name);
        }
    }
}

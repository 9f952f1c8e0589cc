use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

const RECENT: usize = 64;

/// Counts the different names of a document.
///
/// Only keyed hashes are kept: four bytes a name, and nobody outside can make two names collide. Some may by chance (one pair in
/// thirty documents of 16 384 names): the count is then too low by so much.
#[derive(Debug)]
pub(super) struct DistinctNames {
    hashes: HashSet<u32>,
    hasher: RandomState,
    /// The names seen last, by a cheap hash: documents repeat few names often.
    recent: Vec<String>,
}

impl DistinctNames {
    pub(super) fn new() -> Self {
        Self { hashes: HashSet::new(), hasher: RandomState::new(), recent: vec![String::new(); RECENT] }
    }

    /// Counts `name` if it is new and gives how many there are.
    #[inline]
    pub(super) fn note(&mut self, name: &str) -> usize {
        let bytes = name.as_bytes();
        let end = bytes.last().copied().unwrap_or(0) as usize;
        let middle = bytes.get(bytes.len() / 2).copied().unwrap_or(0) as usize;
        let slot = (bytes.len() ^ (end << 2) ^ (middle << 1)) % RECENT;
        if let Some(recent) = self.recent.get_mut(slot)
            && recent != name
        {
            let hash = self.hasher.hash_one(name);
            self.hashes.insert(u32::try_from(hash >> 32).unwrap_or_default());
            recent.clear();
            recent.push_str(name);
        }
        self.hashes.len()
    }
}

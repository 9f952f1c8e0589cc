use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

const RECENT: usize = 64;

/// Counts the different names of a document.
///
/// Only keyed hashes are kept: eight bytes a name, and nobody outside can make two names collide.
#[derive(Debug)]
pub(super) struct DistinctNames {
    hashes: HashSet<u64>,
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
            self.hashes.insert(self.hasher.hash_one(name));
            recent.clear();
            recent.push_str(name);
        }
        self.hashes.len()
    }
}

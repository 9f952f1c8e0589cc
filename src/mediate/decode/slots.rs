//! A table of numbers found by what they stand for, which is kept elsewhere: four to eight bytes an entry.

/// No number.
pub(super) const NONE: u32 = u32::MAX;

/// Open addressing, at most half full; the length is a power of two.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<u32>,
    used: usize,
}

impl Slots {
    /// The number of what has that hash and is it.
    pub(super) fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        let mut slot = self.slot(hash);
        loop {
            match self.slots.get(slot).copied() {
                Some(NONE) | None => return None,
                Some(known) if is(known) => return Some(known),
                Some(_) => slot = (slot + 1) & (self.slots.len() - 1),
            }
        }
    }

    /// Adds a number that is not there; `hash_of` tells the hashes of those that are.
    pub(super) fn add(&mut self, number: u32, hash: u64, hash_of: impl Fn(u32) -> u64) {
        if self.slots.len() <= 2 * self.used {
            let length = (2 * self.slots.len()).max(32);
            let old = std::mem::replace(&mut self.slots, vec![NONE; length]);
            old.into_iter().filter(|n| *n != NONE).for_each(|n| self.put(n, hash_of(n)));
        }
        self.used += 1;
        self.put(number, hash);
    }

    fn put(&mut self, number: u32, hash: u64) {
        let mut slot = self.slot(hash);
        while self.slots.get(slot).is_some_and(|s| *s != NONE) {
            slot = (slot + 1) & (self.slots.len() - 1);
        }
        if let Some(free) = self.slots.get_mut(slot) {
            *free = number;
        }
    }

    fn slot(&self, hash: u64) -> usize {
        usize::try_from(hash & (self.slots.len() as u64).saturating_sub(1)).unwrap_or(0)
    }
}

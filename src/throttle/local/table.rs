//! One shard of the counters: a slab of slots with an index over it.
//!
//! Slots that no longer count are found by a hand that goes round the slab, a few steps for each new counter: there is no long sweep. A slot
//! that still counts is never given away. Where there is no room for a new key, it is counted together with the other newcomers of the
//! shard that have the same scope and window: strictly, so that nobody passes more than its limit. A key that gets its own slot while
//! such a common counter is alive begins with what that has counted, because its own calls may be among them.

use hashbrown::HashTable;

use super::super::clock::Instant;
use super::super::decision::{Check, Finding};
use super::super::key::Key;
use super::super::limit::Limit;
use super::rate::{self, Arrival};
use super::window::Window;

/// Slots that are kept for common counters.
const COMMON: usize = 64;
/// Steps of the hand for each new counter, and with each decision where the slab is full.
const STEPS: usize = 4;
const STEPS_FULL: usize = 16;
/// The first half of a common counter's key; no hash has a reason to meet it.
const COMMON_KEY: u64 = 0x00c0_4404_c047_7e25;

/// What is known of one key.
#[derive(Debug, Clone)]
pub(super) enum State {
    Window(Window),
    Rate(Arrival),
}

#[derive(Debug)]
struct Slot {
    key: Key,
    /// None: free.
    state: Option<State>,
}

/// Where a check is counted.
#[derive(Debug)]
pub(super) enum Place {
    /// In the slot of this index.
    Slot(u32),
    /// In a slot to be made, under this key, that begins so.
    New(Key, State),
    /// Nowhere: there is no room even for a common counter.
    None,
}

/// Calls of a counter that the shared count does not know of.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Untold {
    pub(in super::super) key: Key,
    pub(in super::super) calls: u32,
    pub(in super::super) window_ms: u32,
}

/// What looking at a check found: enough to take it without looking again.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) finding: Finding,
    place: Place,
    /// The state that taking leaves, of a rate.
    arrival: Arrival,
}

#[derive(Debug)]
pub(super) struct Shard {
    index: HashTable<u32>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    hand: usize,
    /// Steps that the hand is to go.
    steps: usize,
    /// Slots for keys, without those that are kept for common counters.
    room: usize,
    /// Common counters that are alive.
    common: usize,
    /// Slots that are promised to the decision that is being made.
    promised: usize,
    /// Bytes of windows beyond their slots, and how many there may be.
    heap: usize,
    heap_limit: usize,
}

impl Shard {
    pub(super) fn new(room: usize, heap_limit: usize) -> Self {
        let (index, slots, free) = (HashTable::new(), Vec::new(), Vec::new());
        Self { index, slots, free, hand: 0, steps: 0, room, common: 0, promised: 0, heap: 0, heap_limit }
    }

    /// What a full shard takes, without its windows' memory: the slots and the index, whose size is the next power of two
    /// that is at most 7/8 full, with a byte more for each.
    pub(super) fn bytes(room: usize) -> usize {
        let slots = room + COMMON;
        slots * size_of::<Slot>() + (slots * 8 / 7).next_power_of_two() * (size_of::<u32>() + 1)
    }

    /// Keys that have a slot.
    pub(super) fn keys(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    fn is_full(&self) -> bool {
        self.keys() - self.common + self.promised >= self.room
    }

    /// To be done once by a decision before it looks: frees some of the slots that count no more.
    pub(super) fn begin(&mut self, now: Instant, hash: impl Fn(Key) -> u64) {
        self.promised = 0;
        let owed = std::mem::take(&mut self.steps);
        let steps = if self.is_full() { STEPS_FULL } else { owed };
        for _ in 0..steps.min(self.slots.len()) {
            self.hand = if self.hand + 1 < self.slots.len() { self.hand + 1 } else { 0 };
            let Some(slot) = self.slots.get_mut(self.hand) else { continue };
            let (over, heap) = match &slot.state {
                None => continue,
                Some(State::Window(window)) => (window.is_over(now), window.heap()),
                Some(State::Rate(arrival)) => (arrival.0 <= now.0, 0),
            };
            if over {
                slot.state = None;
                let (at, key) = (u32::try_from(self.hand).unwrap_or(u32::MAX), slot.key);
                if let Ok(entry) = self.index.find_entry(hash(key), |i| *i == at) {
                    entry.remove();
                }
                self.heap -= heap;
                self.common -= usize::from(key.0[0] == COMMON_KEY);
                self.free.push(at);
            }
        }
    }

    fn find(&self, key: Key, hash: u64) -> Option<u32> {
        self.index.find(hash, |i| self.slots.get(*i as usize).is_some_and(|s| s.key == key)).copied()
    }

    /// Where a check is counted; `life` marks windows that are new.
    fn place(&mut self, check: &Check, of_key: u64, life: u32, hash: &impl Fn(Key) -> u64) -> Place {
        if let Some(at) = self.find(check.key, of_key) {
            return Place::Slot(at);
        }
        let fresh = || match check.limit {
            Limit::Quota(_) => State::Window(Window::new(life)),
            Limit::Rate(_) => State::Rate(Arrival(0)),
        };
        let common = common_key(check);
        if !self.is_full() {
            self.promised += 1;
            let before = if self.common > 0 { self.find(common, hash(common)) } else { None };
            let state = before.and_then(|at| self.slots.get(at as usize)?.state.clone());
            return Place::New(check.key, state.unwrap_or_else(fresh));
        }
        match self.find(common, hash(common)) {
            Some(at) => Place::Slot(at),
            None if self.common + self.promised < COMMON => {
                self.promised += 1;
                Place::New(common, fresh())
            }
            None => Place::None,
        }
    }

    /// Looks at a check whose key has the hash `of_key`.
    pub(super) fn look(&mut self, check: &Check, of_key: u64, now: Instant, life: u32, hash: impl Fn(Key) -> u64) -> Look {
        let mut place = self.place(check, of_key, life, &hash);
        let mut freed = 0;
        let state = match &mut place {
            Place::Slot(at) => self.slots.get_mut(*at as usize).and_then(|s| s.state.as_mut()),
            Place::New(_, state) => Some(state),
            Place::None => None,
        };
        let (finding, arrival) = match (state, check.limit) {
            (Some(State::Window(window)), Limit::Quota(quota)) => {
                let before = window.heap();
                window.forget(quota, now);
                freed = before - window.heap();
                (window.look(quota, now), Arrival(0))
            }
            (Some(State::Rate(arrival)), Limit::Rate(rate)) => rate::look(rate, Some(*arrival).filter(|a| a.0 > 0), now),
            // No room; or a key of another kind, which only a broken hash could give.
            _ => (Finding::Full { wait: check.limit.window() }, Arrival(0)),
        };
        if matches!(place, Place::Slot(_)) {
            self.heap -= freed;
        }
        Look { finding, place, arrival }
    }

    /// Counts the call where it was looked at. With `untold` those who share the count do not know of it.
    pub(super) fn take(&mut self, look: Look, check: &Check, now: Instant, untold: bool, hash: impl Fn(Key) -> u64) {
        let at = match look.place {
            Place::Slot(at) => at,
            Place::New(key, state) => match self.insert(key, state, hash) {
                Some(at) => at,
                None => return,
            },
            Place::None => return,
        };
        match (self.slots.get_mut(at as usize).and_then(|s| s.state.as_mut()), check.limit) {
            (Some(State::Window(window)), Limit::Quota(quota)) => {
                let before = window.heap();
                window.add(1, quota, now, self.heap < self.heap_limit);
                window.untold += u32::from(untold);
                self.heap = self.heap + window.heap() - before;
            }
            (Some(State::Rate(arrival)), Limit::Rate(_)) => *arrival = look.arrival,
            _ => {}
        }
    }

    fn insert(&mut self, key: Key, state: State, hash: impl Fn(Key) -> u64) -> Option<u32> {
        let at = match self.free.pop() {
            Some(at) => at,
            None => {
                let (used, most) = (self.slots.len(), self.room + COMMON);
                if used == self.slots.capacity() {
                    self.slots.reserve_exact(used.max(16).min(most - used));
                }
                self.slots.push(Slot { key, state: None });
                u32::try_from(used).ok()?
            }
        };
        self.heap += if let State::Window(window) = &state { window.heap() } else { 0 };
        self.common += usize::from(key.0[0] == COMMON_KEY);
        self.steps += STEPS;
        *self.slots.get_mut(at as usize)? = Slot { key, state: Some(state) };
        let slots = &self.slots;
        self.index.insert_unique(hash(key), at, |i| slots.get(*i as usize).map_or(0, |s| hash(s.key)));
        Some(at)
    }

    fn window(&mut self, check: &Check, now: Instant, hash: impl Fn(Key) -> u64) -> Option<&mut Window> {
        let at = self.find(check.key, hash(check.key))?;
        match (self.slots.get_mut(at as usize).and_then(|s| s.state.as_mut()), check.limit) {
            (Some(State::Window(window)), Limit::Quota(quota)) => {
                let before = window.heap();
                window.forget(quota, now);
                self.heap -= before - window.heap();
                Some(window)
            }
            _ => None,
        }
    }

    /// The calls that the life `life` of the shared count does not know of; they count as told from here on.
    pub(super) fn tell(&mut self, check: &Check, now: Instant, life: u32, hash: impl Fn(Key) -> u64) -> u32 {
        self.window(check, now, hash).map_or(0, |window| window.tell(life))
    }

    /// The same of every window that still counts.
    pub(super) fn tell_all(&mut self, now: Instant, life: u32) -> Vec<Untold> {
        let mut all = Vec::new();
        for slot in &mut self.slots {
            if let Some(State::Window(window)) = &mut slot.state
                && !window.is_over(now)
                && slot.key.0[0] != COMMON_KEY
            {
                let calls = window.tell(life);
                if calls > 0 {
                    all.push(Untold { key: slot.key, calls, window_ms: window.length() });
                }
            }
        }
        all
    }

    /// They were not told after all.
    pub(super) fn untell(&mut self, key: Key, calls: u32, hash: impl Fn(Key) -> u64) {
        let state = self.find(key, hash(key)).and_then(|at| self.slots.get_mut(at as usize)?.state.as_mut());
        if let Some(State::Window(window)) = state {
            window.untold = window.untold.saturating_add(calls).min(window.total());
        }
    }
}

impl Look {
    /// Do both count in the same place?
    pub(super) fn is_same_place(&self, other: &Self) -> bool {
        match (&self.place, &other.place) {
            (Place::Slot(a), Place::Slot(b)) => a == b,
            (Place::New(a, _), Place::New(b, _)) => a == b,
            _ => false,
        }
    }
}

/// The counter that newcomers share where there is no room: of one scope, kind and window.
fn common_key(check: &Check) -> Key {
    let kind = u64::from(matches!(check.limit, Limit::Rate(_)));
    Key([COMMON_KEY, (check.scope as u64) << 40 | kind << 32 | check.limit.window().as_secs()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_one_line_of_the_processors_cache() {
        assert_eq!(size_of::<Slot>(), 64);
    }
}

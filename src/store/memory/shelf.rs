use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use jiff::Timestamp;

use crate::store::record::agree;
use crate::store::{Change, Cursor, Key, Place, Record, StoreError};

/// Records in order, found by place and by key.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    records: BTreeMap<Place, Record>,
    keys: BTreeMap<(String, KeyPath), BTreeSet<Cursor>>,
    expiring: BTreeSet<(Timestamp, Place)>,
    removed: BTreeMap<Place, Removed>,
}

/// A key without whether it is unique.
type KeyPath = (String, String, String);

/// A removal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Removed {
    version: u64,
    at: Timestamp,
}

fn path(kind: &str, key: &Key) -> (String, KeyPath) {
    (kind.to_owned(), (key.name.clone().into_owned(), key.tenant.clone(), key.value.clone()))
}

fn cursor(place: &Place) -> Cursor {
    Cursor { tenant: place.tenant.clone(), id: place.id.clone() }
}

fn place(kind: &str, cursor: &Cursor) -> Place {
    Place { kind: kind.to_owned(), tenant: cursor.tenant.clone(), id: cursor.id.clone() }
}

impl Shelf {
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Record> {
        self.records.values()
    }

    pub(super) fn get(&self, place: &Place, now: Timestamp) -> Option<&Record> {
        self.records.get(place).filter(|r| !r.is_expired(now))
    }

    /// May the change be made? What has a key that is wanted and whose time has come makes room.
    pub(super) fn admit(&mut self, change: &Change, now: Timestamp) -> Result<(), StoreError> {
        let place = change.place();
        let found = self.get(&place, now).map(|r| r.version);
        let (expected, record) = match change {
            Change::Put { record, expected } => (expected, Some(record)),
            Change::Remove { expected, .. } => (expected, None),
        };
        agree(&place.kind, *expected, found)?;
        for key in record.into_iter().flat_map(|r| &r.keys).filter(|k| k.unique) {
            let holders: Vec<Place> = self
                .keys
                .get(&path(&place.kind, key))
                .into_iter()
                .flatten()
                .map(|c| self::place(&place.kind, c))
                .filter(|p| *p != place && self.has_unique(p, key))
                .collect();
            for holder in holders {
                if self.get(&holder, now).is_some() {
                    return Err(StoreError::Taken { kind: place.kind, key: key.name.clone().into_owned() });
                }
                self.put_in(&holder, None);
            }
        }
        Ok(())
    }

    fn has_unique(&self, place: &Place, key: &Key) -> bool {
        self.records.get(place).is_some_and(|r| r.keys.contains(key))
    }

    /// Puts a record in its place, or removes the one there, and gives what was there before.
    pub(super) fn set(&mut self, place: &Place, record: Option<Record>, version: u64, now: Timestamp) -> (Option<Record>, Option<Removed>) {
        let is_removal = record.is_none();
        let before = self.put_in(place, record);
        let removed = self.removed.remove(place);
        if is_removal && before.is_some() {
            self.removed.insert(place.clone(), Removed { version, at: now });
        } else if let Some(removed) = removed.filter(|_| is_removal) {
            self.removed.insert(place.clone(), removed);
        }
        (before, removed)
    }

    /// Undoes a [`Shelf::set`].
    pub(super) fn restore(&mut self, place: Place, before: Option<Record>, removed: Option<Removed>) {
        self.put_in(&place, before);
        match removed {
            Some(removed) => self.removed.insert(place, removed),
            None => self.removed.remove(&place),
        };
    }

    fn put_in(&mut self, place: &Place, record: Option<Record>) -> Option<Record> {
        let before = self.records.remove(place);
        for key in before.iter().flat_map(|r| &r.keys) {
            let path = path(&place.kind, key);
            if let Some(holders) = self.keys.get_mut(&path) {
                holders.remove(&cursor(place));
                if holders.is_empty() {
                    self.keys.remove(&path);
                }
            }
        }
        if let Some(expires) = before.as_ref().and_then(|r| r.expires) {
            self.expiring.remove(&(expires, place.clone()));
        }
        if let Some(record) = record {
            for key in &record.keys {
                self.keys.entry(path(&place.kind, key)).or_default().insert(cursor(place));
            }
            if let Some(expires) = record.expires {
                self.expiring.insert((expires, place.clone()));
            }
            self.records.insert(place.clone(), record);
        }
        before
    }

    pub(super) fn list(&self, kind: &str, tenant: Option<&str>, after: Option<&Cursor>, limit: usize, now: Timestamp) -> Vec<Record> {
        let first = Cursor { tenant: tenant.unwrap_or_default().to_owned(), id: String::new() };
        let from = match after {
            Some(after) if *after >= first => Bound::Excluded(place(kind, after)),
            _ => Bound::Included(place(kind, &first)),
        };
        let of_kind = self.records.range((from, Bound::Unbounded)).map(|(_, r)| r).take_while(|r| r.kind == kind);
        of_kind.take_while(|r| tenant.is_none_or(|t| t == r.tenant)).filter(|r| !r.is_expired(now)).take(limit).cloned().collect()
    }

    pub(super) fn by_key(&self, kind: &str, key: &Key, after: Option<&Cursor>, limit: usize, now: Timestamp) -> Vec<Record> {
        let holders = self.keys.get(&path(kind, key)).into_iter().flatten().filter(|c| after.is_none_or(|a| *c > a));
        holders.filter_map(|c| self.get(&place(kind, c), now)).take(limit).cloned().collect()
    }

    /// Records and removals after a generation.
    pub(super) fn since(&self, generation: u64, now: Timestamp) -> (Vec<Record>, Vec<Place>) {
        let mut records: Vec<Record> = self.all().filter(|r| r.version > generation && !r.is_expired(now)).cloned().collect();
        records.sort_by_key(|r| r.version);
        let removed = self.removed.iter().filter(|(_, r)| r.version > generation).map(|(p, _)| p.clone()).collect();
        (records, removed)
    }

    /// Forgets up to `limit` records whose time has come.
    pub(super) fn prune(&mut self, now: Timestamp, limit: usize) -> usize {
        let due: Vec<Place> = self.expiring.iter().take_while(|(at, _)| *at <= now).take(limit).map(|(_, p)| p.clone()).collect();
        due.iter().for_each(|place| drop(self.put_in(place, None)));
        due.len()
    }

    /// Forgets all but the newest `kept` removals once there are twice as many, and gives the highest generation of those.
    pub(super) fn forget_most_removed(&mut self, kept: usize) -> u64 {
        if self.removed.len() <= 2 * kept {
            return 0;
        }
        let mut versions: Vec<u64> = self.removed.values().map(|r| r.version).collect();
        versions.sort_unstable_by(|a, b| b.cmp(a));
        let last = versions.get(kept).copied().unwrap_or(0);
        self.removed.retain(|_, r| r.version > last);
        last
    }

    /// Forgets up to `limit` removals before a time, and gives the highest generation of these.
    pub(super) fn forget_removed(&mut self, before: Timestamp, limit: usize) -> u64 {
        let old: Vec<Place> = self.removed.iter().filter(|(_, r)| r.at < before).take(limit).map(|(p, _)| p.clone()).collect();
        old.iter().filter_map(|p| self.removed.remove(p)).map(|r| r.version).max().unwrap_or(0)
    }
}

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::StoreError;

pub use crate::auth::DEFAULT_TENANT;

/// Bytes of a record's body.
pub const MAX_BODY_BYTES: usize = 256 << 10;
/// Keys of a record.
pub const MAX_KEYS: usize = 16;
/// Changes of one write.
pub const MAX_CHANGES: usize = 1_000;
/// Records of a page.
pub const MAX_PAGE: usize = 1_000;
/// Bytes of a tenant, of an id.
pub const MAX_ID_BYTES: usize = 256;
/// Bytes of the value of a key.
pub const MAX_KEY_BYTES: usize = 512;
/// Bytes of the name of a kind or of a key.
const MAX_NAME_BYTES: usize = 64;

/// A small object of a kind: a user, a subscription, a refresh token. Named by kind, tenant and id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// What it is: lower-case letters and `_`.
    pub kind: String,
    /// Whose it is; empty: nobody's.
    pub tenant: String,
    /// Its name among those of its kind and tenant. Not a secret: it stands in clear.
    pub id: String,
    /// The generation of the change that wrote it. Never used twice, also not after the record was removed and made again.
    pub version: u64,
    /// From then on it is not given any more; whole milliseconds.
    pub expires: Option<Timestamp>,
    /// By what it can be found, besides its id.
    pub keys: Vec<Key>,
    /// JSON.
    pub body: String,
}

impl Record {
    pub(super) fn place(&self) -> Place {
        Place { kind: self.kind.clone(), tenant: self.tenant.clone(), id: self.id.clone() }
    }

    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|e| e <= now)
    }
}

/// The name of a record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// See [`Record::kind`].
    pub kind: String,
    /// See [`Record::tenant`].
    pub tenant: String,
    /// See [`Record::id`].
    pub id: String,
}

/// By what a record is found besides its id: the hash of an API key, the name of a user, the family of a refresh token.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The name of the key: it stands in errors.
    pub name: Cow<'static, str>,
    /// Where it is looked for: in a tenant; empty: everywhere.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub tenant: String,
    /// What is looked for. A secret only as its hash: it stands in clear.
    pub value: String,
    /// At most one record of the kind has it; else any number.
    pub unique: bool,
}

impl Key {
    /// A key that one record of its kind has, whatever its tenant.
    pub fn unique(name: &'static str, value: impl Into<String>) -> Self {
        Self { name: name.into(), tenant: String::new(), value: value.into(), unique: true }
    }

    /// A key that one record of its kind and of the tenant has.
    pub fn unique_in(tenant: impl Into<String>, name: &'static str, value: impl Into<String>) -> Self {
        Self { tenant: tenant.into(), ..Self::unique(name, value) }
    }

    /// A key that any number of records has: the application of a subscription.
    pub fn shared(name: &'static str, value: impl Into<String>) -> Self {
        Self { unique: false, ..Self::unique(name, value) }
    }
}

/// What a writer knows of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Nothing: write in any case.
    Any,
    /// It is not there.
    Absent,
    /// It has that version.
    Version(u64),
}

/// One change of a [`write`](super::Store::write).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Keeps a record; its version is given by the store.
    Put {
        /// The record; its version is not looked at.
        record: Record,
        /// What the writer knows of the one that is replaced.
        expected: Expected,
    },
    /// Removes a record. One that is not there is no error where nothing else is expected.
    Remove {
        /// Which.
        place: Place,
        /// What the writer knows of it.
        expected: Expected,
    },
}

impl Change {
    /// Its record's kind, tenant and id.
    pub fn place(&self) -> Place {
        match self {
            Self::Put { record, .. } => record.place(),
            Self::Remove { place, .. } => place.clone(),
        }
    }
}

/// Does `found` agree with what is expected of a record of that kind?
pub(super) fn agree(kind: &str, expected: Expected, found: Option<u64>) -> Result<(), StoreError> {
    let agrees = match expected {
        Expected::Any => true,
        Expected::Absent => found.is_none(),
        Expected::Version(version) => found == Some(version),
    };
    if agrees { Ok(()) } else { Err(StoreError::Stale { kind: kind.to_owned(), found }) }
}

/// Where a page ends, for the next one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cursor {
    /// The tenant of the last record.
    pub tenant: String,
    /// Its id.
    pub id: String,
}

/// Records in the order of tenant and id, compared by bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// At most as many as were asked for.
    pub records: Vec<Record>,
    /// Where the next page begins; `None`: this is the last.
    pub next: Option<Cursor>,
}

impl Page {
    /// A page of `limit` records, of which one more was read to know whether there is a next.
    pub(super) fn of(mut records: Vec<Record>, limit: usize) -> Self {
        let more = records.len() > limit;
        records.truncate(limit);
        let last = records.last().filter(|_| more);
        Self { next: last.map(|r| Cursor { tenant: r.tenant.clone(), id: r.id.clone() }), records }
    }
}

/// What changed after a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// All of it.
    Changes(Changes),
    /// Too much, or too long ago: read all.
    TooOld,
}

/// What changed after one generation up to another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Up to here.
    pub generation: u64,
    /// Records that were made or changed, by version.
    pub records: Vec<Record>,
    /// Records that are gone. One whose time has come is gone without standing here.
    pub removed: Vec<Place>,
    /// APIs with new revisions, and APIs that are gone.
    pub apis: Vec<ApiChange>,
}

/// See [`Changes::apis`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiChange {
    /// Whose it is.
    pub tenant: String,
    /// Its name.
    pub name: String,
    /// Its latest revision; `None`: the API is gone.
    pub latest: Option<u64>,
}

/// All that a reader asked for, at one generation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Everything {
    /// When.
    pub generation: u64,
    /// The records, by kind, tenant and id.
    pub records: Vec<Record>,
    /// The APIs with their latest revisions.
    pub apis: Vec<super::Summary>,
}

/// Refuses what no store keeps.
pub(super) fn validate(changes: &[Change]) -> Result<(), StoreError> {
    let mut places = std::collections::HashSet::new();
    if changes.len() > MAX_CHANGES {
        return Err(StoreError::Full { limit: format!("{MAX_CHANGES} changes at once") });
    }
    for change in changes {
        let place = change.place();
        let refused = |reason: String| Err(StoreError::Invalid { kind: place.kind.clone(), reason });
        if let Some(reason) = wrong_place(&place).or_else(|| wrong_record(change)) {
            return refused(reason);
        }
        if !places.insert(place.clone()) {
            return refused("it is changed twice in one write".to_owned());
        }
    }
    Ok(())
}

fn wrong_place(place: &Place) -> Option<String> {
    let name = |text: &str| !text.is_empty() && text.len() <= MAX_NAME_BYTES && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if !name(&place.kind) {
        return Some(format!("a kind is 1 to {MAX_NAME_BYTES} lower-case letters and _"));
    }
    if place.id.is_empty() || !is_plain(&place.id, MAX_ID_BYTES) || !is_plain(&place.tenant, MAX_ID_BYTES) {
        return Some(format!("tenant and id have at most {MAX_ID_BYTES} bytes without control characters, the id at least one"));
    }
    None
}

fn wrong_record(change: &Change) -> Option<String> {
    let Change::Put { record, .. } = change else { return None };
    if record.body.len() > MAX_BODY_BYTES {
        return Some(format!("it has more than {MAX_BODY_BYTES} bytes"));
    }
    if serde_json::from_str::<&serde_json::value::RawValue>(&record.body).is_err() {
        return Some("its body is no JSON".to_owned());
    }
    if record.keys.len() > MAX_KEYS {
        return Some(format!("it has more than {MAX_KEYS} keys"));
    }
    for (at, key) in record.keys.iter().enumerate() {
        if key.name.is_empty() || !is_plain(&key.name, MAX_NAME_BYTES) || !is_plain(&key.tenant, MAX_ID_BYTES) {
            return Some("a key has no good name".to_owned());
        }
        if !is_plain(&key.value, MAX_KEY_BYTES) {
            return Some(format!("its {} has control characters or more than {MAX_KEY_BYTES} bytes", key.name));
        }
        if record.keys.iter().take(at).any(|k| (&k.name, &k.tenant, &k.value) == (&key.name, &key.tenant, &key.value)) {
            return Some(format!("it has its {} twice", key.name));
        }
    }
    None
}

/// PostgreSQL keeps no NUL, and nobody wants to read the other control characters in a log.
fn is_plain(text: &str, max_bytes: usize) -> bool {
    text.len() <= max_bytes && !text.chars().any(char::is_control)
}

/// Whole milliseconds, as every store keeps them.
pub(super) fn whole_ms(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}

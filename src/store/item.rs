use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use super::audit::Hash;
use super::packed::Packed;
use super::{Audit, AuditEntry, AuditHead, Key, Record};

/// How [`load`](super::Store::load) treats what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// Only into an empty store.
    IntoEmpty,
    /// All that is there is removed.
    Replace,
}

/// A piece of all that a store keeps. Serialised it is a line of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Item {
    /// The first.
    Head {
        /// The generation that all is of.
        generation: u64,
        /// Entries of the log.
        audit: u64,
        /// The hash of the last one.
        #[serde(with = "bytes")]
        hash: Vec<u8>,
    },
    /// A record.
    Record(StoredRecord),
    /// An API, before its revisions.
    Api {
        /// Whose it is.
        tenant: String,
        /// Its name.
        name: String,
        /// The number of its latest revision, or of its last where it is gone.
        latest: u64,
        /// Is it there?
        kept: bool,
        /// The generation of its last change.
        version: u64,
    },
    /// A revision.
    Revision {
        /// Whose it is.
        tenant: String,
        /// The API's name.
        name: String,
        /// Its number.
        number: u64,
        /// When it was kept, in milliseconds since 1970.
        at: i64,
        /// SHA-256 of its content as JSON.
        #[serde(with = "bytes")]
        digest: Vec<u8>,
        /// Its content: JSON, compressed.
        #[serde(with = "bytes")]
        content: Vec<u8>,
    },
    /// An entry of the log.
    Audit {
        /// Its number.
        seq: u64,
        /// When, in milliseconds since 1970.
        at: i64,
        /// Who did what.
        entry: Audit,
        /// Its hash.
        #[serde(with = "bytes")]
        hash: Vec<u8>,
    },
    /// The last.
    End,
}

/// A record as a backup writes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredRecord {
    kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    tenant: String,
    id: String,
    version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    keys: Vec<Key>,
    body: Box<RawValue>,
}

impl StoredRecord {
    pub(super) fn kind(&self) -> &str {
        &self.kind
    }
}

impl PartialEq for StoredRecord {
    fn eq(&self, other: &Self) -> bool {
        let of = |r: &Self| (r.kind.clone(), r.tenant.clone(), r.id.clone(), r.version, r.expires, r.keys.clone());
        of(self) == of(other) && self.body.get() == other.body.get()
    }
}

impl Eq for StoredRecord {}

impl Item {
    pub(super) fn head(generation: u64, head: &AuditHead) -> Self {
        Self::Head { generation, audit: head.seq, hash: head.hash.to_vec() }
    }

    /// `None` where the body is no JSON, which no store keeps.
    pub(super) fn record(record: Record) -> Option<Self> {
        Some(Self::Record(StoredRecord {
            kind: record.kind,
            tenant: record.tenant,
            id: record.id,
            version: record.version,
            expires: record.expires.map(Timestamp::as_millisecond),
            keys: record.keys,
            // A line of a backup is a line; inside a text of JSON there is no line end.
            body: RawValue::from_string(record.body.replace(['\n', '\r'], " ")).ok()?,
        }))
    }

    pub(super) fn audit(entry: AuditEntry) -> Self {
        Self::Audit { seq: entry.seq, at: entry.at.as_millisecond(), entry: entry.audit, hash: entry.hash.to_vec() }
    }

    pub(super) fn revision(tenant: &str, name: &str, number: u64, at: i64, packed: Packed) -> Self {
        let digest = packed.digest.to_vec();
        Self::Revision { tenant: tenant.to_owned(), name: name.to_owned(), number, at, digest, content: packed.bytes }
    }
}

impl From<StoredRecord> for Record {
    fn from(stored: StoredRecord) -> Self {
        Self {
            kind: stored.kind,
            tenant: stored.tenant,
            id: stored.id,
            version: stored.version,
            expires: stored.expires.and_then(|ms| Timestamp::from_millisecond(ms).ok()),
            keys: stored.keys,
            body: Box::<str>::from(stored.body).into_string(),
        }
    }
}

/// A hash of 32 bytes; of another length: zeros, which fit nothing.
pub(super) fn hash_of(bytes: &[u8]) -> Hash {
    bytes.try_into().unwrap_or_default()
}

/// Bytes as Base64.
mod bytes {
    use super::*;

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&STANDARD.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        let text = Cow::<'de, str>::deserialize(from)?;
        STANDARD.decode(text.as_bytes()).map_err(serde::de::Error::custom)
    }
}

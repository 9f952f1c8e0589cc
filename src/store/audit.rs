use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Bytes of each text of an entry; longer ones are cut.
const MAX_TEXT_BYTES: usize = 1 << 10;

/// Who did what, for the log of such acts. Written in the transaction of what it tells of; never holds secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Audit {
    /// Whose administrators may read it; empty: those of the whole installation.
    pub tenant: String,
    /// Who: a user's name, `cli`, `system`.
    pub actor: String,
    /// What was done: `application.create`.
    pub action: String,
    /// The kind of what it was done to.
    pub kind: String,
    /// Its id.
    pub object: String,
    /// A sentence for people, without secrets.
    pub summary: String,
    /// The request that did it; empty where there was none.
    pub request_id: String,
}

impl Audit {
    /// As it is kept: without control characters, no text too long.
    pub(super) fn tidied(mut self) -> Self {
        for text in self.texts_mut() {
            text.retain(|c| !c.is_control());
            let end = (0..=MAX_TEXT_BYTES.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            text.truncate(end);
        }
        self
    }

    fn texts(&self) -> [&str; 7] {
        [&self.tenant, &self.actor, &self.action, &self.kind, &self.object, &self.summary, &self.request_id]
    }

    fn texts_mut(&mut self) -> [&mut String; 7] {
        [&mut self.tenant, &mut self.actor, &mut self.action, &mut self.kind, &mut self.object, &mut self.summary, &mut self.request_id]
    }
}

/// A SHA-256.
pub type Hash = [u8; 32];

/// The end of the log: its last number and hash. Kept apart from the entries, so that a log that was cut off is found; written down
/// elsewhere it proves more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditHead {
    /// The number of the last entry; 0: there is none.
    pub seq: u64,
    /// Its hash; zeros where there is none.
    pub hash: Hash,
}

impl AuditHead {
    /// The entry that follows.
    pub(super) fn next(&self, at: Timestamp, audit: Audit) -> AuditEntry {
        let (seq, audit, at) = (self.seq + 1, audit.tidied(), super::record::whole_ms(at));
        AuditEntry { hash: chained(&self.hash, seq, at, &audit), seq, at, audit }
    }
}

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.seq, hex(&self.hash))
    }
}

/// An entry of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Counts up from 1 without gaps.
    pub seq: u64,
    /// When; whole milliseconds.
    pub at: Timestamp,
    /// Who did what.
    pub audit: Audit,
    /// Over the hash of the entry before and everything here.
    pub hash: Hash,
}

impl AuditEntry {
    pub(super) fn head(&self) -> AuditHead {
        AuditHead { seq: self.seq, hash: self.hash }
    }
}

/// SHA-256 over a label, the hash before, number, time, and each text behind its length.
fn chained(before: &Hash, seq: u64, at: Timestamp, audit: &Audit) -> Hash {
    let mut hash = Sha256::new();
    hash.update(b"castile audit 1\n");
    hash.update(before);
    hash.update(seq.to_be_bytes());
    hash.update(at.as_millisecond().to_be_bytes());
    for text in audit.texts() {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text.as_bytes());
    }
    hash.finalize().into()
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// An entry whose hash does not follow from its content and the entry before.
    #[error("audit entry {seq} was changed, or the one before it")]
    AuditChanged {
        /// Its number.
        seq: u64,
    },
    /// Entries that are missing in the middle.
    #[error("audit entries {from} to {to} are missing")]
    AuditGap {
        /// The first.
        from: u64,
        /// The last.
        to: u64,
    },
    /// The log ends elsewhere than its head says.
    #[error("the audit log ends with entry {last}, its head says {head}")]
    AuditTail {
        /// The last entry.
        last: u64,
        /// What the head says.
        head: u64,
    },
    /// The head's hash is another than the last entry's.
    #[error("the head of the audit log does not fit its last entry {last}")]
    AuditHead {
        /// The last entry.
        last: u64,
    },
    /// A record, a revision, or the database itself.
    #[error("{what}")]
    Other {
        /// What, without values.
        what: String,
    },
}

/// Follows the log entry by entry.
#[derive(Debug, Default)]
pub(super) struct Chain {
    last: AuditHead,
    pub(super) found: Vec<Damage>,
}

/// More findings than this say nothing new.
const MAX_DAMAGE: usize = 1_000;

impl Chain {
    pub(super) fn add(&mut self, entry: &AuditEntry) {
        let next = self.last.seq + 1;
        if entry.seq > next {
            self.report(Damage::AuditGap { from: next, to: entry.seq - 1 });
        } else if entry.seq < next || entry.hash != chained(&self.last.hash, entry.seq, entry.at, &entry.audit) {
            self.report(Damage::AuditChanged { seq: entry.seq });
        }
        self.last = entry.head();
    }

    pub(super) fn report(&mut self, damage: Damage) {
        if self.found.len() < MAX_DAMAGE {
            self.found.push(damage);
        }
    }

    /// Holds what was read against the head.
    pub(super) fn end(&mut self, head: &AuditHead) {
        let last = self.last.seq;
        if last != head.seq {
            self.report(Damage::AuditTail { last, head: head.seq });
        } else if self.last.hash != head.hash {
            self.report(Damage::AuditHead { last });
        }
    }
}

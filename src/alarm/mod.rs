//! Alarms: what an operator must know now, from when it begins until it ends.
//!
//! Comes in: [`begin`] and [`end`] from whoever sees a condition, as often as it sees it. Goes out: one line in the log for each of the two, a metric, an
//! [`Event`] for the webhook, and [`standing`] for who asks. As metrics are, alarms are the process's. Must not know: who sees what.

mod board;
mod process;
mod webhook;

use std::sync::LazyLock;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use tokio::sync::broadcast;
use tokio::time::Instant;

use self::board::Board;
use crate::config::AlarmSettings;
use crate::telemetry::names;

pub use process::{MemoryReading, ProcessWatch, memory_limit, memory_percent, open_files};
pub use webhook::{Webhook, WebhookError};

/// Between two looks at what nobody else looks at.
const LOOK: Duration = Duration::from_secs(1);

/// What kinds of alarms there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Memory near its limit.
    Memory,
    /// Open files near their limit.
    OpenFiles,
    /// A metric of this process cannot be read; the subject is which.
    Metric,
    /// The store is away; the subject is its kind.
    StoreAway,
    /// Redis is away: this node counts with its share.
    RedisAway,
    /// What is served may be old.
    SnapshotStale,
    /// The snapshot on disk cannot be written.
    SnapshotOnDisk,
    /// A certificate ends soon, or has ended; the subject is whose.
    Certificate,
    /// The files of the listener's TLS have changed and cannot be used.
    TlsFiles,
    /// The keys of an outside issuer cannot be fetched; the subject is `TENANT/ISSUER`.
    IssuerKeys,
    /// A SOAP service fails call after call; the subject is its scheme, host and port.
    Upstream,
    /// The webhook for alarms takes none.
    Webhook,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Memory,
        Self::OpenFiles,
        Self::Metric,
        Self::StoreAway,
        Self::RedisAway,
        Self::SnapshotStale,
        Self::SnapshotOnDisk,
        Self::Certificate,
        Self::TlsFiles,
        Self::IssuerKeys,
        Self::Upstream,
        Self::Webhook,
    ];

    /// Its word: in the log, in the metric, in what the webhook sends.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::OpenFiles => "open_files",
            Self::Metric => "metric",
            Self::StoreAway => "store_away",
            Self::RedisAway => "redis_away",
            Self::SnapshotStale => "snapshot_stale",
            Self::SnapshotOnDisk => "snapshot_on_disk",
            Self::Certificate => "certificate",
            Self::TlsFiles => "tls_files",
            Self::IssuerKeys => "issuer_keys",
            Self::Upstream => "upstream",
            Self::Webhook => "webhook",
        }
    }
}

/// A condition that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// Its kind's word.
    pub alarm: &'static str,
    /// Of what; empty where there is only one.
    pub subject: String,
    /// What is the matter, in a sentence. No secrets.
    pub text: String,
    /// Since when; written as RFC 3339 does.
    #[serde(serialize_with = "in_rfc3339")]
    pub since: Timestamp,
}

/// An alarm begins or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Which.
    pub alarm: Alarm,
    /// When it ended; `None`: it begins.
    pub ended: Option<Timestamp>,
}

fn in_rfc3339<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(at)
}

static BOARD: LazyLock<Board> = LazyLock::new(Board::default);

/// A condition holds. Nothing happens where that is known.
pub fn begin(kind: Kind, subject: &str, text: impl Into<String>) {
    BOARD.begin(kind, subject, text.into(), Instant::now());
}

/// A condition does not hold. Nothing happens where none is known.
pub fn end(kind: Kind, subject: &str) {
    BOARD.end(kind, subject, Instant::now());
}

/// [`begin`] with that text, or [`end`].
pub fn set(kind: Kind, subject: &str, text: Option<String>) {
    match text {
        Some(text) => begin(kind, subject, text),
        None => end(kind, subject),
    }
}

/// The alarms of this process, by kind and subject.
pub fn standing() -> Vec<Alarm> {
    BOARD.standing()
}

/// What begins and ends from now on.
pub(crate) fn events() -> broadcast::Receiver<Event> {
    BOARD.events()
}

/// Looks at this process every second, and says what was held back; never returns.
pub async fn watch(settings: AlarmSettings) {
    let mut process = ProcessWatch::new(settings);
    loop {
        process.look(Instant::now());
        metrics::gauge!(names::TASKS).set(tokio::runtime::Handle::current().metrics().num_alive_tasks() as f64);
        BOARD.say(Instant::now());
        tokio::time::sleep(LOOK).await;
    }
}

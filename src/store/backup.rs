//! Backups: a line of JSON for each thing that is kept. The first says what it is, the last how many there were and their SHA-256.
//! Secrets stand in it as in the store: hashed or sealed.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;

use super::audit::hex;
use super::{Item, Load, Store, StoreError};

/// The version of the format.
const FORMAT: u32 = 1;
/// Bytes of a line: the texts of an API, compressed and as Base64.
const MAX_LINE_BYTES: u64 = 1 << 30;
/// Items between who reads and who writes.
pub(super) const AHEAD: usize = 64;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    castile_backup: u32,
    made: String,
    castile: String,
    /// Which database it is of, where that matters: [`PostgresOptions::database`](super::PostgresOptions::database).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    database: Option<String>,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
struct Footer {
    lines: u64,
    sha256: String,
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Summary {
    /// The generation that all is of.
    pub generation: u64,
    /// Records by kind.
    pub records: BTreeMap<String, u64>,
    /// Revisions of APIs.
    pub revisions: u64,
    /// Entries of the log.
    pub audit: u64,
}

impl Summary {
    fn count(&mut self, item: &Item) {
        match item {
            Item::Head { generation, .. } => self.generation = *generation,
            Item::Record(record) => *self.records.entry(record.kind().to_owned()).or_default() += 1,
            Item::Revision { .. } => self.revisions += 1,
            Item::Audit { .. } => self.audit += 1,
            Item::Api { .. } | Item::End => {}
        }
    }
}

/// Why a backup was not made or not read.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The file.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The file is no backup, or was changed, or is not whole.
    #[error("line {line} of the backup: {reason}")]
    Line {
        /// From 1.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// It is whole, and of another database.
    #[error("it is of another database than the one that the settings name")]
    OtherDatabase,
}

/// Writes all that a store keeps, as of one generation.
///
/// # Errors
/// The store or the writer failed: what was written is no backup then.
pub async fn backup<S: Store, W: Write + Send>(store: &S, out: W) -> Result<Summary, BackupError> {
    let (into, items) = mpsc::channel(AHEAD);
    let (dumped, written) = tokio::join!(store.dump(into), write_items(out, None, items));
    let summary = written?;
    dumped?;
    Ok(summary)
}

/// Writes a backup of items up to the end of the channel, which is dropped where the writer fails: who sends ends then.
pub(super) async fn write_items<W: Write + Send>(
    out: W,
    database: Option<&str>,
    mut items: mpsc::Receiver<Item>,
) -> Result<Summary, BackupError> {
    let mut out = Lines { out, hash: Sha256::new(), lines: 0 };
    let made = jiff::Timestamp::now().to_string();
    out.write(&Header {
        castile_backup: FORMAT,
        made,
        castile: env!("CARGO_PKG_VERSION").to_owned(),
        database: database.map(str::to_owned),
    })?;
    let mut summary = Summary::default();
    while let Some(item) = items.recv().await {
        summary.count(&item);
        out.write(&item)?;
    }
    let footer = Footer { lines: out.lines, sha256: hex(&out.hash.clone().finalize()) };
    out.write(&footer)?;
    out.out.flush()?;
    Ok(summary)
}

struct Lines<W> {
    out: W,
    hash: Sha256,
    lines: u64,
}

impl<W: Write> Lines<W> {
    fn write(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(line).map_err(io::Error::other)?;
        text.push(b'\n');
        self.hash.update(&text);
        self.lines += 1;
        self.out.write_all(&text)
    }
}

/// Reads a backup twice: first to see that it is whole, then into the store, in one step. `open` opens it from its beginning.
///
/// # Errors
/// The backup is not whole, the store failed or is not empty: nothing was changed then.
pub async fn restore<S: Store, R: BufRead + Send>(store: &S, open: impl Fn() -> io::Result<R>, how: Load) -> Result<Summary, BackupError> {
    let mut summary = Summary::default();
    read(open()?, |item| {
        summary.count(&item);
        std::future::ready(true)
    })
    .await?;
    let (sender, items) = mpsc::channel(AHEAD);
    let second = open()?;
    let feed = async {
        // Moved in, so that the store sees the end. A receiver that is gone has failed, and says why.
        let sender = sender;
        read(second, async |item| sender.send(item).await.is_ok()).await
    };
    let (loaded, fed) = tokio::join!(store.load(items, how), feed);
    loaded?;
    fed?;
    Ok(summary)
}

/// Which database a backup is of, if it says so.
///
/// # Errors
/// It cannot be read, or begins as no backup does.
pub(super) fn database_of(mut from: impl BufRead) -> Result<Option<String>, BackupError> {
    let mut line = Vec::new();
    from.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
    let header: Header =
        serde_json::from_slice(&line).map_err(|_| BackupError::Line { line: 1, reason: "this is no backup of Castile".to_owned() })?;
    Ok(header.database)
}

/// Reads a backup line by line, as long as somebody wants more.
async fn read<R: BufRead>(mut from: R, mut each: impl AsyncFnMut(Item) -> bool) -> Result<(), BackupError> {
    let (mut hash, mut number, mut line) = (Sha256::new(), 0, Vec::new());
    loop {
        line.clear();
        number += 1;
        let wrong = |reason: &str| BackupError::Line { line: number, reason: reason.to_owned() };
        let bytes = from.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', &mut line)?;
        if bytes == 0 || line.last() != Some(&b'\n') {
            return Err(wrong("the backup ends in the middle"));
        }
        if number == 1 {
            let header: Header = serde_json::from_slice(&line).map_err(|_| wrong("this is no backup of Castile"))?;
            if header.castile_backup != FORMAT {
                return Err(wrong(&format!("its format is {}, this Castile reads {FORMAT}", header.castile_backup)));
            }
        } else if let Ok(footer) = serde_json::from_slice::<Footer>(&line) {
            let whole = footer.lines + 1 == number && footer.sha256 == hex(&hash.finalize());
            return if whole { Ok(()) } else { Err(wrong("the lines above were changed: their checksum differs")) };
        } else {
            let item = serde_json::from_slice(&line).map_err(|_| wrong("it cannot be read"))?;
            if !each(item).await {
                return Ok(());
            }
        }
        hash.update(&line);
    }
}

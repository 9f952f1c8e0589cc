//! The snapshot on disk: what the gateway needs of the store, for a node that starts while its database is away.
//!
//! A file of the form of a backup, but with the kinds of [`CALLER_KINDS`] and [`API_KINDS`] alone and of each API the revisions that are or may be in force.
//! Secrets stand in it as in the store: hashed or sealed. Written whole or not at all, for its owner only.

use std::collections::{BTreeSet, HashMap};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::backup::{self, AHEAD, write_items};
use super::packed::Packed;
use super::sql::make_folder;
use super::{API_KINDS, AuditHead, BackupError, CALLER_KINDS, Item, Kept, Load, Memory, Since, Store, StoreError, Versioned, restore};
use crate::alarm::{self, Kind};
use crate::api::Release;

/// The file, beside the settings file.
const FILE: &str = "data/snapshot/snapshot.jsonl";
/// Shortest time between two writes; a write that takes long is followed by a rest of [`REST`] times as long.
const EVERY: Duration = Duration::from_secs(1);
/// See [`EVERY`].
const REST: u32 = 10;

/// Keeps the snapshot on disk up with a store.
#[derive(Debug)]
pub struct Shadow {
    file: PathBuf,
    /// Which database it is of.
    database: String,
    /// Revisions that were read already, packed: a revision never changes.
    packed: HashMap<RevisionName, Packed>,
}

/// Tenant, API and number.
type RevisionName = (String, String, u64);

/// A snapshot that was read from disk.
#[derive(Debug)]
pub struct Shade {
    /// What stood in it.
    pub store: Memory,
    /// When it was written.
    pub made: Timestamp,
}

impl Shadow {
    /// The snapshot on disk of the node whose settings file is in that folder, and which database that is to be of.
    pub fn beside(folder: &Path, database: String) -> Self {
        Self { file: folder.join(FILE), database, packed: HashMap::new() }
    }

    /// Reads it; `None` where there is none.
    ///
    /// # Errors
    /// The file cannot be read, is not as it was written, or is of another database.
    pub async fn read(&self) -> Result<Option<Shade>, BackupError> {
        let made = match self.file.metadata().and_then(|m| m.modified()) {
            Ok(modified) => Timestamp::try_from(modified).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if backup::database_of(BufReader::new(File::open(&self.file)?))?.as_deref() != Some(&*self.database) {
            return Err(BackupError::OtherDatabase);
        }
        let store = Memory::new();
        restore(&store, || File::open(&self.file).map(BufReader::new), Load::IntoEmpty).await?;
        Ok(Some(Shade { store, made }))
    }

    /// Writes what the store holds now, in the place of what was written before. Gives the generation that it is of.
    ///
    /// # Errors
    /// The store or the disk failed: what was written before stays.
    pub async fn write<S: Store>(&mut self, store: &S) -> Result<u64, BackupError> {
        make_folder(&self.file)?;
        let new = self.file.with_extension(format!("new{}", std::process::id()));
        let written = self.write_to(store, &new).await.and_then(|generation| {
            fs::rename(&new, &self.file)?;
            // The name as well must outlive a power cut.
            self.file.parent().map(File::open).transpose()?.map(|folder| folder.sync_all()).transpose()?;
            Ok(generation)
        });
        if written.is_err() {
            let _not_made = fs::remove_file(&new);
        }
        written
    }

    async fn write_to<S: Store>(&mut self, store: &S, new: &Path) -> Result<u64, BackupError> {
        let out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(new)?;
        let mut out = BufWriter::new(out);
        let (into, items) = mpsc::channel(AHEAD);
        let database = self.database.clone();
        let (sent, written) = tokio::join!(self.send(store, into), write_items(&mut out, Some(&database), items));
        // A writer that failed is why the sender was not heard to the end.
        written?;
        let generation = sent?;
        out.flush()?;
        out.get_ref().sync_all()?;
        Ok(generation)
    }

    /// Sends all that stands in the file.
    async fn send<S: Store>(&mut self, store: &S, into: mpsc::Sender<Item>) -> Result<u64, StoreError> {
        let gone = |_| StoreError::unavailable("the snapshot on disk is not written any more");
        let kinds: Vec<&str> = CALLER_KINDS.into_iter().chain(API_KINDS).collect();
        let everything = store.read_all(&kinds).await?;
        let generation = everything.generation;
        let mut held = HashMap::new();
        into.send(Item::head(generation, &AuditHead::default())).await.map_err(gone)?;
        for record in everything.records {
            if record.kind == Release::KIND {
                let release = Versioned::<Release>::read(&record)?.value;
                held.extend(release.revision.map(|number| ((record.tenant.clone(), record.id.clone()), number)));
            }
            let item = Item::record(record).ok_or_else(|| StoreError::damaged("the body of a record is no JSON"))?;
            into.send(item).await.map_err(gone)?;
        }
        let mut packed = HashMap::new();
        for api in &everything.apis {
            let (tenant, name, latest) = (api.tenant.to_string(), api.name.to_string(), api.latest);
            let numbers: BTreeSet<u64> = held.get(&(tenant.clone(), name.clone())).copied().into_iter().chain([latest]).collect();
            let item = Item::Api { tenant: tenant.clone(), name: name.clone(), latest, kept: true, version: generation };
            into.send(item).await.map_err(gone)?;
            for number in numbers {
                let key = (tenant.clone(), name.clone(), number);
                let known = match self.packed.remove(&key) {
                    Some(known) => known,
                    None => match store.revision(&tenant, &name, number).await? {
                        Some(revision) => Packed::pack(revision.content.clone()).await?,
                        // Gone since: the next write knows.
                        None => continue,
                    },
                };
                into.send(Item::revision(&tenant, &name, number, 0, known.clone())).await.map_err(gone)?;
                packed.insert(key, known);
            }
        }
        self.packed = packed;
        into.send(Item::End).await.map_err(gone)?;
        Ok(generation)
    }

    /// Writes whenever something changed that stands in the file; never returns. While the store is away it waits.
    pub async fn follow<S: Store>(&mut self, store: &S) {
        let mut seen = 0;
        loop {
            store.changed(seen).await;
            let began = Instant::now();
            match self.catch_up(store, seen).await {
                Ok(generation) => {
                    seen = generation;
                    alarm::end(Kind::SnapshotOnDisk, "");
                }
                Err(error) => {
                    alarm::begin(Kind::SnapshotOnDisk, "", format!("the snapshot on disk cannot be written, an older one stays: {error}"));
                }
            }
            tokio::time::sleep(EVERY.max(began.elapsed() * REST)).await;
        }
    }

    async fn catch_up<S: Store>(&mut self, store: &S, seen: u64) -> Result<u64, BackupError> {
        if seen > 0
            && let Since::Changes(changes) = store.since(seen).await?
        {
            let stands = |kind: &str| CALLER_KINDS.contains(&kind) || API_KINDS.contains(&kind);
            let concerns = changes.records.iter().any(|r| stands(&r.kind)) || changes.removed.iter().any(|p| stands(&p.kind));
            if !concerns && changes.apis.is_empty() {
                return Ok(changes.generation);
            }
        }
        self.write(store).await
    }
}

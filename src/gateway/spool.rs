//! Parts of multipart messages on their way: small ones in memory, larger ones in a temporary file that has no name, so that it is gone
//! with its last reader, whatever happens. All parts of a message share one file: a process has many messages and few descriptors.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;

use crate::mediate::mime::{MimeError, PartHead, PartSink};
use crate::mediate::package::Attachment;

/// A part of more bytes goes to a file.
const MEMORY_BYTES: usize = 32 << 10;
/// So many bytes of a part are gathered before they are written to its file.
const WRITE_BYTES: usize = 256 << 10;

/// Why a multipart body could not be taken apart.
#[derive(Debug)]
pub(super) enum SpoolError {
    /// It is no readable multipart body.
    Mime(MimeError),
    /// A file could not be made or written.
    Io(io::Error),
}

impl From<MimeError> for SpoolError {
    fn from(error: MimeError) -> Self {
        Self::Mime(error)
    }
}

/// The bytes of a part, kept. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) enum Stored {
    Memory(Bytes),
    File(Stretch),
}

/// The stretch of a message's file that is one part.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    file: Arc<File>,
    /// Bytes of the whole file.
    whole: u64,
    at: u64,
    size: u64,
}

impl Stored {
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(stretch) => stretch.size,
        }
    }

    /// Bytes that are held in all as long as each of these is: a part holds the file of its message.
    pub(super) fn held_bytes<'a>(all: impl Iterator<Item = &'a Self>) -> u64 {
        let mut files = HashSet::new();
        let held = all.map(|stored| match stored {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(stretch) if files.insert(Arc::as_ptr(&stretch.file)) => stretch.whole,
            Self::File(_) => 0,
        });
        held.fold(0, u64::saturating_add)
    }

    /// At most `len` bytes from `at` on; empty at the end.
    pub(super) async fn read(&self, at: u64, len: usize) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => {
                let at = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes.slice(at..bytes.len().min(at.saturating_add(len))))
            }
            Self::File(stretch) => {
                let len = len.min(usize::try_from(stretch.size.saturating_sub(at)).unwrap_or(usize::MAX));
                let (file, at) = (stretch.file.clone(), stretch.at.saturating_add(at));
                tokio::task::spawn_blocking(move || read_at(&file, at, len)).await.map_err(io::Error::other)?
            }
        }
    }
}

/// Where it stands, whatever is written or read beside it: parts of one message do not wait for one another.
fn read_at(file: &File, at: u64, len: usize) -> io::Result<Bytes> {
    let mut bytes = vec![0; len];
    file.read_exact_at(&mut bytes, at)?;
    Ok(bytes.into())
}

/// Takes the parts of one message.
#[derive(Debug, Default)]
pub(super) struct Spool {
    parts: Vec<Attachment>,
    heads: Vec<PartHead>,
    kept: Vec<Kept>,
    /// So many of them have ended and are where they stay.
    settled: usize,
    file: Option<Arc<File>>,
    /// Bytes of the file.
    written: u64,
}

#[derive(Debug, Default)]
struct Kept {
    /// Bytes that are not in the file yet.
    pending: Vec<u8>,
    /// Where it begins in the file; `None`: it is in memory.
    at: Option<u64>,
    /// Bytes of it in the file.
    written: u64,
    ended: bool,
}

impl Spool {
    /// What the parts' headers say, in their order.
    pub(super) fn parts(&self) -> &[Attachment] {
        &self.parts
    }

    /// Their headers, in their order.
    pub(super) fn heads(&self) -> &[PartHead] {
        &self.heads
    }

    /// The parts' bytes, in their order.
    pub(super) fn into_stored(self) -> Vec<Stored> {
        let (file, whole) = (self.file, self.written);
        let stored = self.kept.into_iter().map(|kept| match (&file, kept.at) {
            (Some(file), Some(at)) => Stored::File(Stretch { file: file.clone(), whole, at, size: kept.written }),
            (None, _) | (_, None) => Stored::Memory(kept.pending.into()),
        });
        stored.collect()
    }

    /// Writes to the file what is too much for memory. After each chunk that was fed.
    pub(super) async fn settle(&mut self) -> Result<(), SpoolError> {
        let mut due = Vec::new();
        // In their order: all of a part is written before anything of the next.
        for kept in self.kept.iter_mut().skip(self.settled) {
            if kept.is_due() {
                kept.at.get_or_insert(self.written);
                let pending = std::mem::take(&mut kept.pending);
                kept.written += pending.len() as u64;
                self.written += pending.len() as u64;
                due.push(pending);
            }
            self.settled += usize::from(kept.ended);
        }
        if !due.is_empty() {
            self.file = Some(write(self.file.take(), due).await.map_err(SpoolError::Io)?);
        }
        Ok(())
    }
}

impl Kept {
    fn is_due(&self) -> bool {
        match self.at {
            None => self.pending.len() > MEMORY_BYTES,
            Some(_) => self.ended || self.pending.len() >= WRITE_BYTES,
        }
    }
}

/// Adds these bytes to the file, which is made where there is none yet.
async fn write(file: Option<Arc<File>>, all: Vec<Vec<u8>>) -> io::Result<Arc<File>> {
    let run = move || -> io::Result<Arc<File>> {
        let file = match file {
            Some(file) => file,
            None => Arc::new(tempfile::tempfile()?),
        };
        for bytes in all {
            // A message is read by one task, so nobody else writes, and what reads moves no position.
            (&*file).write_all(&bytes)?;
        }
        Ok(file)
    };
    tokio::task::spawn_blocking(run).await.map_err(io::Error::other)?
}

impl PartSink for Spool {
    type Error = SpoolError;

    fn begin(&mut self, head: PartHead) -> Result<(), SpoolError> {
        self.parts.push(Attachment::of(head.clone()));
        self.heads.push(head);
        self.kept.push(Kept::default());
        Ok(())
    }

    fn data(&mut self, bytes: &[u8]) -> Result<(), SpoolError> {
        if let (Some(part), Some(kept)) = (self.parts.last_mut(), self.kept.last_mut()) {
            part.size += bytes.len() as u64;
            kept.pending.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), SpoolError> {
        if let Some(kept) = self.kept.last_mut() {
            kept.ended = true;
        }
        Ok(())
    }
}

#[cfg(test)]
impl Stored {
    /// A part of a file that nobody wrote.
    pub(super) fn of_file(size: u64) -> Self {
        Self::File(Stretch { file: Arc::new(tempfile::tempfile().unwrap()), whole: size, at: 0, size })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts of a message that comes in chunks of `chunk` bytes.
    async fn spooled(parts: &[&[u8]], chunk: usize) -> Spool {
        let mut spool = Spool::default();
        for bytes in parts {
            spool.begin(PartHead::default()).unwrap();
            for piece in bytes.chunks(chunk) {
                spool.data(piece).unwrap();
                spool.settle().await.unwrap();
            }
            spool.end().unwrap();
        }
        spool.settle().await.unwrap();
        spool
    }

    fn bytes(size: u32) -> Vec<u8> {
        (0..size).map(|n| (n % 251) as u8).collect()
    }

    #[tokio::test]
    async fn what_was_put_in_comes_out() {
        let large = bytes(600_000);
        let spool = spooled(&[b"small", &large, b""], 70_000).await;
        assert_eq!(spool.parts().iter().map(|p| p.size).collect::<Vec<_>>(), [5, 600_000, 0]);
        let stored = spool.into_stored();
        let [small, file, empty] = stored.as_slice() else { panic!("{}", stored.len()) };
        assert!(matches!((small, file, empty), (Stored::Memory(_), Stored::File(..), Stored::Memory(_))));
        assert_eq!(small.read(1, 3).await.unwrap(), "mal");
        assert_eq!(small.read(9, 3).await.unwrap(), "");
        assert_eq!(file.size(), 600_000);
        assert_eq!(file.read(599_998, 9).await.unwrap(), large[599_998..]);
        assert_eq!(file.read(100, 100_000).await.unwrap(), large[100..100_100]);
        assert_eq!(file.read(600_000, 9).await.unwrap(), "");
        assert_eq!(empty.size(), 0);
    }

    #[tokio::test]
    async fn parts_of_one_message_share_a_file_and_stay_apart() {
        let all: Vec<Vec<u8>> = [40_000, 3, 300_000, 32_769, 32_768, 0, 700_000, 40_001].into_iter().map(bytes).collect();
        let parts: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
        for chunk in [1_000, 33_000, 1 << 20] {
            let stored = spooled(&parts, chunk).await.into_stored();
            for (stored, bytes) in stored.iter().zip(&all) {
                assert_eq!(stored.size(), bytes.len() as u64);
                assert!(stored.read(0, usize::MAX).await.unwrap() == *bytes, "{} in chunks of {chunk}", bytes.len());
                assert_eq!(matches!(stored, Stored::File(_)), bytes.len() > MEMORY_BYTES);
            }
            let in_files = |s: &&Stored| matches!(s, Stored::File(_));
            let large: u64 = stored.iter().filter(in_files).map(Stored::size).sum();
            for one in stored.iter().filter(in_files) {
                assert_eq!(Stored::held_bytes([one].into_iter()), large, "one part holds the file of all");
            }
            assert_eq!(Stored::held_bytes(stored.iter()), large + 3 + 32_768, "and all of them hold it once");
        }
    }
}

//! Parts of multipart messages on their way: small ones in memory, larger ones in temporary files that have no name, so that they are
//! gone with their last reader, whatever happens.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

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
    File(Arc<Mutex<File>>, u64),
}

impl Stored {
    pub(super) fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(_, size) => *size,
        }
    }

    /// At most `len` bytes from `at` on; empty at the end.
    pub(super) async fn read(&self, at: u64, len: usize) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => {
                let at = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes.slice(at..bytes.len().min(at.saturating_add(len))))
            }
            Self::File(file, size) => {
                let len = len.min(usize::try_from(size.saturating_sub(at)).unwrap_or(usize::MAX));
                let file = file.clone();
                tokio::task::spawn_blocking(move || read_at(&file, at, len)).await.map_err(io::Error::other)?
            }
        }
    }
}

fn read_at(file: &Mutex<File>, at: u64, len: usize) -> io::Result<Bytes> {
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = vec![0; len];
    file.read_exact(&mut bytes)?;
    Ok(bytes.into())
}

/// Takes the parts of one message.
#[derive(Debug, Default)]
pub(super) struct Spool {
    parts: Vec<Attachment>,
    heads: Vec<PartHead>,
    kept: Vec<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Bytes that are not in the file yet.
    pending: Vec<u8>,
    file: Option<Arc<Mutex<File>>>,
    written: u64,
    ended: bool,
    settled: bool,
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
        let stored = self.kept.into_iter().map(|kept| match kept.file {
            Some(file) => Stored::File(file, kept.written),
            None => Stored::Memory(kept.pending.into()),
        });
        stored.collect()
    }

    /// Writes to files what is too much for memory. After each chunk that was fed.
    pub(super) async fn settle(&mut self) -> Result<(), SpoolError> {
        for kept in self.kept.iter_mut().rev().take_while(|k| !k.settled) {
            let waits = match &kept.file {
                None => kept.pending.len() <= MEMORY_BYTES,
                Some(_) => !kept.ended && kept.pending.len() < WRITE_BYTES,
            };
            if !waits {
                kept.flush().await.map_err(SpoolError::Io)?;
            }
            kept.settled = kept.ended;
        }
        Ok(())
    }
}

impl Kept {
    async fn flush(&mut self) -> io::Result<()> {
        let (file, pending) = (self.file.clone(), std::mem::take(&mut self.pending));
        self.written += pending.len() as u64;
        let write = move || -> io::Result<Arc<Mutex<File>>> {
            let file = match file {
                Some(file) => file,
                None => Arc::new(Mutex::new(tempfile::tempfile()?)),
            };
            file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&pending)?;
            Ok(file)
        };
        self.file = Some(tokio::task::spawn_blocking(write).await.map_err(io::Error::other)??);
        Ok(())
    }
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
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_put_in_comes_out() {
        let mut spool = Spool::default();
        let large: Vec<u8> = (0..600_000_u32).map(|n| (n % 251) as u8).collect();
        for bytes in [&b"small"[..], &large, b""] {
            spool.begin(PartHead::default()).unwrap();
            for piece in bytes.chunks(70_000) {
                spool.data(piece).unwrap();
                spool.settle().await.unwrap();
            }
            spool.end().unwrap();
            spool.settle().await.unwrap();
        }
        assert_eq!(spool.parts().iter().map(|p| p.size).collect::<Vec<_>>(), [5, 600_000, 0]);
        let stored = spool.into_stored();
        let [small, file, empty] = stored.as_slice() else { panic!("{}", stored.len()) };
        assert!(matches!((small, file, empty), (Stored::Memory(_), Stored::File(..), Stored::Memory(_))));
        assert_eq!(small.read(1, 3).await.unwrap(), "mal");
        assert_eq!(small.read(9, 3).await.unwrap(), "");
        assert_eq!(file.size(), 600_000);
        assert_eq!(file.read(599_998, 9).await.unwrap(), large[599_998..]);
        assert_eq!(file.read(100, 100_000).await.unwrap(), large[100..100_100]);
        assert_eq!(empty.size(), 0);
    }
}

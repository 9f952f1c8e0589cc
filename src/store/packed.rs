use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use sha2::{Digest, Sha256};

use super::audit::Hash;
use super::{Content, StoreError};

/// Bytes of a content as JSON.
const MAX_CONTENT_BYTES: u64 = 512 << 20;

/// A content as databases and backups keep it: JSON, compressed (RFC 1950).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Packed {
    /// SHA-256 of the JSON.
    pub(super) digest: Hash,
    pub(super) bytes: Vec<u8>,
}

impl Packed {
    pub(super) fn of(content: &Content) -> Result<Self, StoreError> {
        let failed = |reason: String| StoreError::Invalid { kind: "api".to_owned(), reason };
        let json = serde_json::to_vec(content).map_err(|e| failed(e.to_string()))?;
        if json.len() as u64 > MAX_CONTENT_BYTES {
            return Err(StoreError::Full { limit: format!("{MAX_CONTENT_BYTES} bytes of one API") });
        }
        let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
        let bytes = packer.write_all(&json).and_then(|()| packer.finish()).map_err(|e| failed(e.to_string()))?;
        Ok(Self { digest: Sha256::digest(&json).into(), bytes })
    }

    pub(super) fn open(&self) -> Result<Content, StoreError> {
        let mut json = Vec::new();
        let read = ZlibDecoder::new(&*self.bytes).take(MAX_CONTENT_BYTES + 1).read_to_end(&mut json);
        if read.is_err() || json.len() as u64 > MAX_CONTENT_BYTES {
            return Err(StoreError::damaged("the texts of a revision cannot be unpacked"));
        }
        if Hash::from(Sha256::digest(&json)) != self.digest {
            return Err(StoreError::damaged("the texts of a revision do not have their hash"));
        }
        serde_json::from_slice(&json).map_err(|_| StoreError::damaged("the texts of a revision cannot be read"))
    }

    /// [`Packed::of`], away from the tasks: a large API takes long.
    pub(super) async fn pack(content: Content) -> Result<Self, StoreError> {
        tokio::task::spawn_blocking(move || Self::of(&content)).await.map_err(StoreError::unavailable)?
    }

    /// [`Packed::open`], away from the tasks.
    pub(super) async fn unpack(self) -> Result<Content, StoreError> {
        tokio::task::spawn_blocking(move || self.open()).await.map_err(StoreError::unavailable)?
    }
}

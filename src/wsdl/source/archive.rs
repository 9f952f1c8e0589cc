//! A zip, read in memory and never extracted.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::Arc;

use super::Limits;

/// Entries of a zip, folders among them.
pub(super) const ENTRIES: usize = 1_000;
/// Inflated bytes for each compressed byte, beyond the first MiB.
const RATIO: u64 = 100;
const RATIO_FREE_BYTES: u64 = 1 << 20;

/// Why an archive is refused: a lower-case sentence.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct ArchiveRefused(String);

fn refuse<T>(why: impl Into<String>) -> Result<T, ArchiveRefused> {
    Err(ArchiveRefused(why.into()))
}

/// What is done with an entry of a zip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// It is inflated and kept.
    Keep,
    /// The same, and it may be an archive itself.
    KeepArchive,
    /// It is not inflated.
    Skip,
}

/// The entries of a zip by name. Entries that cannot be documents are not inflated, but checked all the same.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<BTreeMap<String, Arc<[u8]>>, ArchiveRefused> {
    entries(bytes, limits, &mut |name| {
        if is_archive(name) {
            return refuse(format!("`{name}` is an archive inside the archive"));
        }
        Ok(if super::shelf::may_be_document(name) { Entry::Keep } else { Entry::Skip })
    })
}

/// The entries of a zip that `wanted` asks for, by name; all are checked.
///
/// # Errors
/// What is wrong with it.
pub(super) fn entries(
    bytes: &[u8],
    limits: &Limits,
    wanted: &mut dyn FnMut(&str) -> Result<Entry, ArchiveRefused>,
) -> Result<BTreeMap<String, Arc<[u8]>>, ArchiveRefused> {
    let damaged = |e: zip::result::ZipError| ArchiveRefused(format!("the zip is damaged: {e}"));
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    if zip.len() > ENTRIES {
        return refuse(format!("the zip has {} entries, more than {ENTRIES}", zip.len()));
    }
    if zip.has_duplicate_names() {
        return refuse("the zip has two entries of one name");
    }
    if zip.has_overlapping_files().map_err(damaged)? {
        return refuse("entries of the zip overlap");
    }
    let mut out: BTreeMap<String, Arc<[u8]>> = BTreeMap::new();
    let mut total = 0u64;
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index).map_err(|e| match e {
            zip::result::ZipError::UnsupportedArchive(why) => ArchiveRefused(format!("the zip has an entry that is not read: {why}")),
            other => damaged(other),
        })?;
        let name = checked_name(entry.name().map_err(damaged)?.as_ref())?;
        if entry.is_symlink() {
            return refuse(format!("`{name}` is a link"));
        }
        if entry.encrypted() {
            return refuse(format!("`{name}` is encrypted"));
        }
        if entry.is_dir() {
            continue;
        }
        let wanted = wanted(&name)?;
        if wanted == Entry::Skip {
            continue;
        }
        let text = inflate(&mut entry, &name, limits, &mut total, bytes.len() as u64)?;
        if wanted != Entry::KeepArchive && text.starts_with(b"PK\x03\x04") {
            return refuse(format!("`{name}` is an archive inside the archive"));
        }
        if out.insert(name.clone(), text.into()).is_some() {
            return refuse(format!("the zip has two entries named `{name}`"));
        }
    }
    Ok(out)
}

/// Inflates one entry; what its header says of its size is not believed.
fn inflate(entry: &mut impl Read, name: &str, limits: &Limits, total: &mut u64, compressed: u64) -> Result<Vec<u8>, ArchiveRefused> {
    let mut out = Vec::new();
    let mut chunk = [0u8; 16 * 1024];
    loop {
        let n = entry.read(&mut chunk).map_err(|e| ArchiveRefused(format!("`{name}` in the zip is damaged: {e}")))?;
        if n == 0 {
            return Ok(out);
        }
        *total += n as u64;
        if *total > RATIO_FREE_BYTES && *total / RATIO > compressed {
            return refuse(format!("the zip inflates to more than {RATIO} times its size"));
        }
        if *total > limits.total_bytes || (out.len() + n) as u64 > limits.document_bytes {
            return refuse(format!("`{name}` in the zip is larger than the limits of an import"));
        }
        out.extend_from_slice(chunk.get(..n).unwrap_or_default());
    }
}

/// A relative name with `/` as separator; zips made on Windows have `\`.
fn checked_name(name: &str) -> Result<String, ArchiveRefused> {
    let slashed = name.replace('\\', "/");
    if slashed.starts_with('/') || slashed.as_bytes().get(1) == Some(&b':') {
        return refuse(format!("`{name}` is an absolute name"));
    }
    if slashed.split('/').any(|p| p == "..") {
        return refuse(format!("`{name}` leads out of the zip"));
    }
    if slashed.contains('\0') || slashed.len() > 1_024 {
        return refuse("an entry of the zip has no usable name");
    }
    Ok(super::location::join("", &slashed))
}

fn is_archive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".zip", ".jar", ".war", ".ear", ".7z", ".rar", ".gz", ".tgz", ".tar", ".xz", ".bz2"].iter().any(|e| name.ends_with(e))
}

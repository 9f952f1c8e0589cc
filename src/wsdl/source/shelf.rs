//! The local files of one import: a folder on disk, or the entries of an archive in memory. Paths are `/`-separated and
//! relative to the shelf's root.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::location::{file_name, leads_out};

/// Why a file was not read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ReadError {
    Missing,
    Outside,
    TooLarge,
    Refused(String),
}

/// The tree holds more files than are looked through.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooManyFiles;

/// Where the files are.
#[derive(Debug)]
pub(super) enum Shelf {
    /// A folder; `confined`: nothing outside it is read, not through a link either.
    Disk { root: PathBuf, confined: bool },
    /// Entries by name.
    Memory(BTreeMap<String, Arc<[u8]>>),
}

/// Folders inside one another that are looked through.
const FOLDER_DEPTH: usize = 16;
/// Entries of folders that are looked at, documents or not.
const ENTRIES: usize = 20_000;

impl Shelf {
    /// Something equal for two paths exactly if they lead to one file.
    pub(super) fn key(&self, path: &str) -> String {
        match self {
            Self::Disk { root, .. } => {
                std::fs::canonicalize(root.join(path)).map_or_else(|_| path.to_owned(), |p| p.to_string_lossy().into_owned())
            }
            Self::Memory(_) => path.to_owned(),
        }
    }

    /// Is there a file of that path (that may be read)?
    pub(super) fn has(&self, path: &str) -> bool {
        match self {
            Self::Disk { root, confined } => !(*confined && leads_out(path)) && root.join(path).is_file(),
            Self::Memory(entries) => entries.contains_key(path),
        }
    }

    /// Reads a file of at most `max_bytes`.
    pub(super) fn read(&self, path: &str, max_bytes: u64) -> Result<Arc<[u8]>, ReadError> {
        match self {
            Self::Disk { root, confined } => read_disk(root, path, *confined, max_bytes),
            Self::Memory(entries) => match entries.get(path) {
                Some(bytes) if bytes.len() as u64 > max_bytes => Err(ReadError::TooLarge),
                Some(bytes) => Ok(bytes.clone()),
                None => Err(ReadError::Missing),
            },
        }
    }

    /// The file that `path` names when case does not count; its real path.
    pub(super) fn find_ignoring_case(&self, path: &str) -> Option<String> {
        match self {
            Self::Memory(entries) => entries.keys().find(|k| k.eq_ignore_ascii_case(path)).cloned(),
            Self::Disk { root, confined } => {
                if *confined && leads_out(path) {
                    return None;
                }
                let mut found = String::new();
                for part in path.split('/') {
                    let here = if part == ".." { Some(part.to_owned()) } else { entry_ignoring_case(&root.join(&found), part) };
                    if !found.is_empty() {
                        found.push('/');
                    }
                    found.push_str(&here?);
                }
                self.has(&found).then_some(found)
            }
        }
    }

    /// Names of the files beside `path`, for "did you mean".
    pub(super) fn siblings(&self, path: &str) -> Vec<String> {
        let folder = path.rsplit_once('/').map_or("", |(f, _)| f);
        match self {
            Self::Memory(entries) => entries.keys().map(|k| file_name(k).to_owned()).collect(),
            Self::Disk { confined: true, .. } if leads_out(path) => Vec::new(),
            Self::Disk { root, .. } => std::fs::read_dir(root.join(folder))
                .into_iter()
                .flatten()
                .take(1_000)
                .filter_map(|e| e.ok()?.file_name().into_string().ok())
                .collect(),
        }
    }

    /// All files that may be documents, sorted by path; hidden ones and links to folders are not looked into.
    ///
    /// # Errors
    /// More than `max_files` of them.
    pub(super) fn list(&self, max_files: usize) -> Result<Vec<String>, TooManyFiles> {
        let mut out = Vec::new();
        match self {
            Self::Memory(entries) => out.extend(entries.keys().filter(|k| may_be_document(k)).cloned()),
            Self::Disk { root, .. } => walk(root, "", 0, &mut 0, max_files, &mut out)?,
        }
        out.sort();
        if out.len() > max_files { Err(TooManyFiles) } else { Ok(out) }
    }
}

fn read_disk(root: &Path, path: &str, confined: bool, max_bytes: u64) -> Result<Arc<[u8]>, ReadError> {
    let refused = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => ReadError::Missing,
        _ => ReadError::Refused(e.to_string()),
    };
    if confined {
        if leads_out(path) {
            return Err(ReadError::Outside);
        }
        let real = std::fs::canonicalize(root.join(path)).map_err(refused)?;
        let real_root = std::fs::canonicalize(root).map_err(refused)?;
        if !real.starts_with(real_root) {
            return Err(ReadError::Outside);
        }
    }
    let file = root.join(path);
    // A pipe or a device could block for ever or never end.
    let meta = std::fs::metadata(&file).map_err(refused)?;
    if !meta.is_file() {
        return Err(if meta.is_dir() { ReadError::Missing } else { ReadError::Refused("it is no regular file".into()) });
    }
    if meta.len() > max_bytes {
        return Err(ReadError::TooLarge);
    }
    let mut bytes = Vec::with_capacity(meta.len() as usize);
    let opened = std::fs::File::open(&file).map_err(refused)?;
    opened.take(max_bytes + 1).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() as u64 > max_bytes { Err(ReadError::TooLarge) } else { Ok(bytes.into()) }
}

fn entry_ignoring_case(folder: &Path, name: &str) -> Option<String> {
    if folder.join(name).exists() {
        return Some(name.to_owned());
    }
    std::fs::read_dir(folder)
        .ok()?
        .take(ENTRIES)
        .filter_map(|e| e.ok()?.file_name().into_string().ok())
        .filter(|n| n.to_lowercase() == name.to_lowercase())
        .min()
}

fn walk(root: &Path, folder: &str, depth: usize, seen: &mut usize, max_files: usize, out: &mut Vec<String>) -> Result<(), TooManyFiles> {
    if depth > FOLDER_DEPTH {
        return Ok(());
    }
    let Ok(entries) = std::fs::read_dir(root.join(folder)) else { return Ok(()) };
    for entry in entries.filter_map(Result::ok) {
        *seen += 1;
        if *seen > ENTRIES || out.len() > max_files {
            return Err(TooManyFiles);
        }
        let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else { continue };
        if name.starts_with('.') {
            continue;
        }
        let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
        if kind.is_dir() {
            walk(root, &path, depth + 1, seen, max_files, out)?;
        } else if may_be_document(&path) && (kind.is_file() || root.join(&path).is_file()) {
            out.push(path);
        }
    }
    Ok(())
}

/// Is that the name of something that may be a WSDL or a schema? Servers save them under all of these.
pub(super) fn may_be_document(path: &str) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    if name.starts_with('.') || path.starts_with("__MACOSX/") {
        return false;
    }
    match name.rsplit_once('.') {
        Some((_, extension)) => {
            matches!(extension, "wsdl" | "xsd" | "xml" | "svc" | "asmx" | "txt" | "wsdl11" | "schema")
                || name.contains("?wsdl")
                || name.contains("?xsd")
        }
        None => name.contains("wsdl") || name.contains("xsd"),
    }
}

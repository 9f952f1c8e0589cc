//! The files of an archive, in memory: of a zip through `wsdl::source`, of a folder within the same limits.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use crate::wsdl::source::{Entry, Limits, open_zip};

/// Entries of a folder, other folders among them.
const ENTRIES: usize = 1_000;
/// Folders inside one another.
const DEPTH: usize = 16;

/// An archive that was read.
#[derive(Debug)]
pub(super) struct Archive {
    /// What it is called in messages.
    pub(super) name: String,
    /// Definitions, sequences, WSDLs and schemas, by their paths below the API's folder.
    pub(super) files: BTreeMap<String, Arc<[u8]>>,
    /// The paths of everything else.
    pub(super) others: Vec<String>,
}

impl Archive {
    /// Reads a zip or a folder.
    ///
    /// # Errors
    /// Why it is refused: a lower-case sentence.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let limits = Limits::default();
        let name = path.to_string_lossy().replace('\\', "/");
        let unreadable = |e: std::io::Error| format!("`{name}` cannot be read: {e}");
        let meta = fs::metadata(path).map_err(unreadable)?;
        let mut others = Vec::new();
        let files = if meta.is_dir() {
            let mut walk = Walk { limits, ..Walk::default() };
            walk.folder(path, "", 0)?;
            others = walk.others;
            walk.files
        } else {
            if !meta.is_file() || meta.len() > limits.total_bytes {
                return Err(format!("`{name}` is no file of at most {} bytes", limits.total_bytes));
            }
            let bytes = fs::read(path).map_err(unreadable)?;
            open_zip(&bytes, &limits, &mut |entry| {
                let wanted = wanted(entry);
                if wanted == Entry::Skip {
                    others.push(entry.to_owned());
                }
                wanted
            })?
        };
        Ok(Self { name, files, others }.below_root())
    }

    /// Exported zips hold one folder with everything: paths are told from there.
    fn below_root(self) -> Self {
        let first = |path: &String| path.split_once('/').map(|(first, _)| format!("{first}/"));
        let root = self.files.keys().next().and_then(first);
        let Some(root) = root.filter(|root| self.files.keys().chain(&self.others).all(|p| p.starts_with(root.as_str()))) else {
            return self;
        };
        let cut = |path: String| path.strip_prefix(root.as_str()).map(str::to_owned).unwrap_or(path);
        Self {
            name: self.name,
            files: self.files.into_iter().map(|(path, bytes)| (cut(path), bytes)).collect(),
            others: self.others.into_iter().map(cut).collect(),
        }
    }

    /// The file of that path, whatever its case; its path as it is written and its bytes.
    pub(super) fn find(&self, path: &str) -> Option<(&str, &Arc<[u8]>)> {
        self.files.iter().find(|(p, _)| p.eq_ignore_ascii_case(path)).map(|(p, bytes)| (p.as_str(), bytes))
    }

    /// The files below a folder, whatever its case.
    pub(super) fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a Arc<[u8]>)> {
        let is_below = move |path: &str| {
            path.get(..folder.len()).is_some_and(|p| p.eq_ignore_ascii_case(folder)) && path.as_bytes().get(folder.len()) == Some(&b'/')
        };
        self.files.iter().filter(move |(path, _)| is_below(path)).map(|(path, bytes)| (path.as_str(), bytes))
    }
}

/// What is done with a file of that path.
fn wanted(path: &str) -> Entry {
    let lower = path.to_ascii_lowercase();
    let mut folders = lower.split('/');
    let last = folders.next_back().unwrap_or_default().to_owned();
    let folders: Vec<&str> = folders.collect();
    let is_in = |name: &str| folders.contains(&name);
    if last.starts_with('.') || is_in("__macosx") || is_in("docs") || is_in("image") {
        return Entry::Skip;
    }
    match last.rsplit_once('.').map(|(_, extension)| extension) {
        Some("zip") if is_in("wsdl") => Entry::KeepArchive,
        Some("json" | "yaml" | "yml" | "xml" | "wsdl" | "xsd" | "j2" | "gotmpl") => Entry::Keep,
        _ => Entry::Skip,
    }
}

/// A folder that is being read.
#[derive(Default)]
struct Walk {
    limits: Limits,
    entries: usize,
    bytes: u64,
    files: BTreeMap<String, Arc<[u8]>>,
    others: Vec<String>,
}

impl Walk {
    fn folder(&mut self, folder: &Path, prefix: &str, depth: usize) -> Result<(), String> {
        let named = |e: std::io::Error| format!("`{prefix}` cannot be read: {e}");
        if depth > DEPTH {
            return Err(format!("`{prefix}` is more than {DEPTH} folders deep"));
        }
        let mut entries: Vec<_> = fs::read_dir(folder).map_err(named)?.take(ENTRIES + 1).collect::<Result<_, _>>().map_err(named)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            self.entries += 1;
            if self.entries > ENTRIES {
                return Err(format!("the folder has more than {ENTRIES} entries"));
            }
            let Ok(name) = entry.file_name().into_string() else { return Err(format!("a name in `{prefix}` is not UTF-8")) };
            let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            let kind = entry.file_type().map_err(named)?;
            if kind.is_dir() {
                self.folder(&entry.path(), &path, depth + 1)?;
            } else if !kind.is_file() {
                return Err(format!("`{path}` is a link, or no regular file"));
            } else if wanted(&path) == Entry::Skip {
                self.others.push(path);
            } else {
                self.file(&entry.path(), path)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, file: &Path, path: String) -> Result<(), String> {
        let mut bytes = Vec::new();
        let opened = fs::File::open(file).map_err(|e| format!("`{path}` cannot be read: {e}"))?;
        opened.take(self.limits.document_bytes + 1).read_to_end(&mut bytes).map_err(|e| format!("`{path}` cannot be read: {e}"))?;
        self.bytes += bytes.len() as u64;
        if bytes.len() as u64 > self.limits.document_bytes || self.bytes > self.limits.total_bytes {
            return Err(format!("`{path}` is larger than the limits of an import"));
        }
        self.files.insert(path, bytes.into());
        Ok(())
    }
}

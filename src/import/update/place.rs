//! The new texts of an API in its folder, in one step: a folder beside it is made whole, then the two change places.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Update;
use crate::catalog::{DEFINITION, LOCK};

/// The folder inside an API's that keeps what an update replaced.
pub const PREVIOUS: &str = "previous";
/// Files of an API's folder that are carried over.
const MAX_FILES: usize = 10_000;
/// What an import writes beside the documents.
const EVIDENCE: &str = "evidence.json";

/// Where things went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The folder with what was replaced.
    pub previous: PathBuf,
}

/// Puts an update into the API's folder. At every moment the folder is the old one or the new one as a whole; what was replaced is kept in
/// [`PREVIOUS`]. Files that an update knows nothing of stay.
///
/// # Errors
/// A file cannot be read or written, or somebody changed the folder in the meantime: then it is as it was.
pub fn place(folder: &Path, update: &Update) -> io::Result<Kept> {
    let folder = fs::canonicalize(folder)?;
    let (Some(around), Some(name)) = (folder.parent(), folder.file_name()) else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no folder of an API"));
    };
    let before = listed(&folder)?;
    // Dropped on the way out, which removes it; names that begin with a dot are not APIs.
    let beside = tempfile::Builder::new().prefix(&format!(".{}.", name.to_string_lossy())).tempdir_in(around)?;
    let root = beside.path();
    let replaced = |path: &str| path == DEFINITION || path == LOCK || path == EVIDENCE || update.documents_before.iter().any(|d| d == path);
    for entry in &before {
        if entry.path.split('/').next() == Some(PREVIOUS) {
            continue;
        }
        if replaced(&entry.path) {
            carry(&folder.join(&entry.path), &root.join(PREVIOUS).join(&entry.path))?;
        } else if !update.texts.contains_key(&entry.path) || is_sequence(update, &entry.path) {
            carry(&folder.join(&entry.path), &root.join(&entry.path))?;
        } else {
            // In the way of a new document.
            carry(&folder.join(&entry.path), &root.join(PREVIOUS).join(&entry.path))?;
        }
    }
    let documents = update.texts.iter().filter(|(path, _)| !is_sequence(update, path));
    for (path, text) in documents.map(|(p, t)| (p.as_str(), &**t)).chain(update.evidence.as_deref().map(|e| (EVIDENCE, e))) {
        put(&root.join(path), text)?;
    }
    fs::set_permissions(root, fs::metadata(&folder)?.permissions())?;
    exchange(root, &folder)?;
    // What is beside now is the old folder. Whoever wrote into it in the meantime would lose that.
    if !listed(root).is_ok_and(|now| now == before) {
        exchange(root, &folder)?;
        return Err(io::Error::other("somebody changed it in the meantime"));
    }
    Ok(Kept { previous: folder.join(PREVIOUS) })
}

/// Texts that the update only read: people's own.
fn is_sequence(update: &Update, path: &str) -> bool {
    path != DEFINITION && path != LOCK && !path.starts_with("wsdl/") && update.texts.contains_key(path)
}

/// A file of the folder, as far as a change of it would show.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    path: String,
    modified: Option<std::time::SystemTime>,
    bytes: u64,
}

/// All files of a folder by their paths.
fn listed(folder: &Path) -> io::Result<Vec<Entry>> {
    let mut found = Vec::new();
    let mut todo = vec![(folder.to_path_buf(), String::new())];
    while let Some((next, prefix)) = todo.pop() {
        for entry in fs::read_dir(&next)? {
            let entry = entry?;
            let name = entry.file_name().into_string().map_err(|_| io::Error::other("it has a file whose name is not UTF-8"))?;
            let (meta, path) = (entry.metadata()?, format!("{prefix}{name}"));
            if meta.is_dir() {
                todo.push((entry.path(), format!("{path}/")));
            } else {
                found.push(Entry { path, modified: meta.modified().ok(), bytes: meta.len() });
            }
            if found.len() + todo.len() > MAX_FILES {
                return Err(io::Error::other(format!("it has more than {MAX_FILES} files")));
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// Copies a file or a link.
fn carry(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    let meta = fs::symlink_metadata(from)?;
    if meta.is_symlink() {
        return link(&fs::read_link(from)?, to);
    }
    if !meta.is_file() {
        return Err(io::Error::other("it has something in it that is neither file nor folder"));
    }
    fs::copy(from, to)?;
    let file = fs::File::open(to)?;
    file.sync_all()?;
    let kept = meta.modified().and_then(|modified| file.set_modified(modified));
    // A file system without times has nothing to keep.
    kept.or(Ok(()))
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::Error::other("it has a symbolic link in it"))
}

/// Writes a text so that it is on the disk before the folders change places.
fn put(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = fs::File::create(path)?;
    io::Write::write_all(&mut file, text.as_bytes())?;
    file.sync_all()
}

/// Two folders change places in one step, where the system can do that.
#[cfg(target_os = "linux")]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(()),
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::OPNOTSUPP) => by_turns(one, other),
        Err(e) => Err(e.into()),
    }
}

#[cfg(not(target_os = "linux"))]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    by_turns(one, other)
}

/// The same in three steps. Between them the folder is missing for a moment, and both versions of it are beside its place.
fn by_turns(one: &Path, other: &Path) -> io::Result<()> {
    let mut aside = one.as_os_str().to_owned();
    aside.push(".old");
    let aside = PathBuf::from(aside);
    fs::rename(other, &aside)?;
    if let Err(e) = fs::rename(one, other) {
        fs::rename(&aside, other)?;
        return Err(e);
    }
    fs::rename(&aside, one)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_change_places_either_way() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        for folder in [&a, &b] {
            put(&folder.join("sub/name"), &folder.file_name().unwrap().to_string_lossy()).unwrap();
        }
        let said = |folder: &Path| fs::read_to_string(folder.join("sub/name")).unwrap();
        exchange(&a, &b).unwrap();
        assert_eq!((said(&a), said(&b)), ("b".into(), "a".into()));
        by_turns(&a, &b).unwrap();
        assert_eq!((said(&a), said(&b)), ("a".into(), "b".into()));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}

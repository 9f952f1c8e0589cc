//! All files of an API in one step: a folder beside the others, renamed when it is whole.

use std::fs;
use std::io;
use std::path::Path;

use crate::catalog::Texts;

/// Writes `apis/NAME/`. Whatever goes wrong, either all of it is there or nothing.
///
/// # Errors
/// A file cannot be written, or the API came to be there in the meantime.
pub(super) fn write(apis: &Path, name: &str, texts: &Texts, evidence: &str) -> io::Result<()> {
    let made = !apis.exists();
    fs::create_dir_all(apis)?;
    let result = write_beside(apis, name, texts, evidence);
    if result.is_err() && made {
        // Only an empty folder goes: a file that somebody else put there keeps it.
        let _not_empty = fs::remove_dir(apis);
    }
    result
}

fn write_beside(apis: &Path, name: &str, texts: &Texts, evidence: &str) -> io::Result<()> {
    // Dropped on the way out, which removes it; names that begin with a dot are not APIs.
    let beside = tempfile::Builder::new().prefix(&format!(".{name}.")).tempdir_in(apis)?;
    let root = beside.path();
    fs::write(root.join("evidence.json"), evidence)?;
    for (path, text) in texts {
        let file = root.join(path);
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(file, text.as_bytes())?;
    }
    readable(root)?;
    let target = apis.join(name);
    if target.exists() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it is there already"));
    }
    fs::rename(root, target)?;
    // It is not there any more under its old name.
    let _moved = beside.keep();
    Ok(())
}

/// Temporary folders are private; an API's is like the folder around it.
#[cfg(unix)]
fn readable(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let around = folder.parent().map(fs::metadata).transpose()?.map_or(0o755, |m| m.permissions().mode());
    fs::set_permissions(folder, fs::Permissions::from_mode(around & 0o777 | 0o700))
}

#[cfg(not(unix))]
fn readable(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_or_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let apis = dir.path().join("apis");
        let texts = |all: &[(&str, &str)]| -> Texts { all.iter().map(|(path, text)| ((*path).to_owned(), (*text).into())).collect() };
        let whole = texts(&[("api.yaml", "yaml"), ("wsdl/sub/a.wsdl", "<a/>")]);
        write(&apis, "x", &whole, "{}").unwrap();
        assert_eq!(fs::read_to_string(apis.join("x/wsdl/sub/a.wsdl")).unwrap(), "<a/>");
        assert!(write(&apis, "x", &texts(&[("api.yaml", "other")]), "{}").is_err());
        assert_eq!(fs::read_to_string(apis.join("x/api.yaml")).unwrap(), "yaml");
        let impossible = texts(&[("wsdl/a.wsdl", ""), ("wsdl/a.wsdl/b", "")]);
        assert!(write(&apis, "y", &impossible, "{}").is_err());
        let left: Vec<_> = fs::read_dir(&apis).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["x"]);
        let fresh = dir.path().join("fresh");
        assert!(write(&fresh, "y", &impossible, "{}").is_err());
        assert!(!fresh.exists());
    }
}

//! What every test needs: where things are, and how to say that something is not there.
#![allow(dead_code, reason = "each test module uses a part of it")]

pub mod api;
pub mod canon;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A path below the root of the repository.
pub fn path(below: impl AsRef<Path>) -> PathBuf {
    root().join(below)
}

/// The `castile` command as built for this run.
pub fn castile() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_castile"))
}

/// The folder beside the repository with the corpus and the oracle: `CASTILE_SHARED`, else `../shared`.
pub fn shared() -> Option<PathBuf> {
    let named = std::env::var_os("CASTILE_SHARED").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| path("../shared"));
    folder.is_dir().then(|| folder.canonicalize().unwrap_or(folder))
}

/// A path in the shared folder; where it is missing the test is skipped by name.
pub fn shared_or_skip(test: &str, below: &str) -> Option<PathBuf> {
    let found = shared().map(|s| s.join(below)).filter(|p| p.exists());
    if found.is_none() {
        skip(test, &format!("../shared/{below} (or CASTILE_SHARED)"));
    }
    found
}

/// The folders of the real services in the corpus, in the order of their names; skips by name where there is none.
pub fn corpus_or_skip(test: &str) -> Option<Vec<PathBuf>> {
    let corpus = shared_or_skip(test, "corpus")?;
    Some(folders(&corpus).into_iter().filter(|f| f.file_name().is_none_or(|n| n != "malformed")).collect())
}

/// The folders directly in `folder`, in the order of their names.
pub fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()).filter(|p| p.is_dir()).collect();
    found.sort();
    found
}

/// All files below `folder`, at any depth, in the order of their paths.
pub fn every_file(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(next) = todo.pop() {
        for path in std::fs::read_dir(next).into_iter().flatten().flatten().map(|e| e.path()) {
            if path.is_dir() { todo.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// The files below `folder` with that extension, at any depth, in the order of their paths.
pub fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(next) = todo.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// What `tests/run.sh` installs: `target/foreign`, or `CASTILE_FOREIGN`.
pub fn foreign(below: &str) -> PathBuf {
    let folder = std::env::var_os("CASTILE_FOREIGN").map_or_else(|| path("target/foreign"), PathBuf::from);
    folder.join(below)
}

/// The Python with the packages of `tests/requirements.txt`; skips by name where it is missing.
pub fn python_or_skip(test: &str) -> Option<PathBuf> {
    let python = foreign("py/bin/python");
    if python.exists() {
        return Some(python);
    }
    skip(test, "the Python packages of tests/requirements.txt (tests/run.sh installs them)");
    None
}

/// A path in the folder of an npm package of `tests/package.json`; skips by name where it is missing.
pub fn npm_or_skip(test: &str, package: &str) -> Option<PathBuf> {
    let folder = foreign("npm/node_modules").join(package);
    if folder.exists() {
        return Some(folder);
    }
    skip(test, &format!("the npm package {package} (tests/run.sh installs it)"));
    None
}

/// A program on the path; skips by name where it is missing.
pub fn program_or_skip(test: &str, name: &str) -> Option<PathBuf> {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).map(|f| f.join(name)).find(|p| p.is_file());
    if found.is_none() {
        skip(test, &format!("the program {name} (tests/run.sh installs it)"));
    }
    found
}

/// PHP with its soap extension; skips by name where one of them is missing.
pub fn php_soap_or_skip(test: &str) -> Option<PathBuf> {
    let php = program_or_skip(test, "php")?;
    let extensions = Command::new(&php).arg("-m").output().ok()?;
    if String::from_utf8_lossy(&extensions.stdout).lines().any(|l| l == "soap") {
        return Some(php);
    }
    skip(test, "PHP's soap extension, package php-soap (tests/run.sh installs it)");
    None
}

/// The folder of JAX-WS's jars, beside a Java with its compiler; skips by name where one of them is missing.
pub fn jaxws_or_skip(test: &str) -> Option<PathBuf> {
    let (_, _) = (program_or_skip(test, "java")?, program_or_skip(test, "javac")?);
    let jars = PathBuf::from("/usr/share/java");
    if jars.join("jaxws-rt.jar").exists() {
        return Some(jars);
    }
    skip(test, "JAX-WS, package libjaxws-java (tests/run.sh installs it)");
    None
}

/// Says that a test did not run and what it misses: on standard error, past the harness's capture, and in
/// `target/skipped.txt`, which `tests/run.sh` prints at its end.
pub fn skip(test: &str, missing: &str) {
    let line = format!("skipped {test}: missing {missing}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
    let list = path("target/skipped.txt");
    if let Ok(mut file) = OpenOptions::new().create(true).append(true).open(list) {
        let _ = file.write_all(line.as_bytes());
    }
}

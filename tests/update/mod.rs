//! A newer WSDL of an API: each folder here is a pair of WSDLs and what must come of an update from one to the other.
//!
//! `old/` is imported, `api/` laid over it, `new/` is what it is updated to, with the `arguments` of that file where there is one. `report.txt`
//! is what the command says; `after/` holds files as they must be then. `INSTA_UPDATE=always` writes both; a new folder needs an empty
//! `report.txt`, and in `after/` an empty file for each that is to be looked at.

mod crash;
mod journeys;
mod mutations;

use std::fs;
use std::path::Path;

use crate::cli::run;
use crate::support;

/// Copies what is in a folder into another.
fn lay_over(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            fs::create_dir_all(&to).unwrap();
            lay_over(&from, &to);
        } else {
            fs::copy(from, to).unwrap();
        }
    }
}

fn check(path: &Path, is: &str) {
    if std::env::var("INSTA_UPDATE").is_ok_and(|v| v == "always") {
        fs::write(path, is).unwrap();
    }
    let wanted = fs::read_to_string(path).unwrap();
    assert_eq!(is, wanted, "{}", path.display());
}

#[test]
fn an_update_reports_and_leaves_what_its_folder_says() {
    let folders = support::folders(&support::path("tests/update"));
    assert!(folders.len() >= 8, "only {} folders", folders.len());
    for folder in folders {
        let dir = tempfile::tempdir().unwrap();
        let path = |below: &str| folder.join(below).to_string_lossy().into_owned();
        run(dir.path(), &["import", &path("old"), "--name", "library"]).fine();
        lay_over(&folder.join("api"), &dir.path().join("apis/library"));
        run(dir.path(), &["check"]).fine();
        fs::create_dir_all(dir.path().join("new")).unwrap();
        lay_over(&folder.join("new"), &dir.path().join("new"));
        let arguments = fs::read_to_string(folder.join("arguments")).unwrap_or_default();
        let mut command = vec!["update", "library", "new"];
        command.extend(arguments.split_whitespace());
        let said = run(dir.path(), &command);
        let err = said.err.replace(&*fs::canonicalize(dir.path()).unwrap().to_string_lossy(), "…");
        check(&folder.join("report.txt"), &format!("exit {}\n── out\n{}── err\n{err}", said.code, said.out));
        for after in support::every_file(&folder.join("after")) {
            let below = after.strip_prefix(folder.join("after")).unwrap().to_owned();
            let is =
                fs::read_to_string(dir.path().join("apis/library").join(&below)).unwrap_or_else(|e| panic!("{}: {e}", below.display()));
            check(&after, &is);
        }
        run(dir.path(), &["check"]).fine();
    }
}

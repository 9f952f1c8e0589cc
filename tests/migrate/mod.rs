//! `castile migrate wso2`: a folder for each archive.
//!
//! ```text
//! tests/migrate/soap-to-rest/
//!   archive/          the archive, as `apictl export api` unpacks it
//!   options           further words of the command line, where there are any; {wsdl} is the folder of sample services
//!   expected/         what must stand in apis/NAME/ afterwards: api.yaml, sequences, migration.md
//!   expected.error    or what must be said instead: a line for each part of the message
//! ```
//! `CASTILE_WRITE_EXPECTED=1` writes what is expected from what came; read it before you keep it.

mod hostile;
mod journey;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::cli::{Said, run};
use crate::support;

/// The folder of a case.
pub(crate) fn case(name: &str) -> PathBuf {
    support::path("tests/migrate").join(name)
}

/// The words that migrate it.
fn words(case: &Path) -> Vec<String> {
    let archive = case.join("archive").to_string_lossy().into_owned();
    let options = std::fs::read_to_string(case.join("options")).unwrap_or_default();
    let wsdl = support::path("wsdl").to_string_lossy().into_owned();
    let options = options.split_whitespace().map(|w| w.replace("{wsdl}", &wsdl));
    ["migrate", "wso2"].map(str::to_owned).into_iter().chain([archive]).chain(options).collect()
}

/// Migrates a case in a folder.
pub(crate) fn migrate(folder: &Path, name: &str) -> Said {
    let words = words(&case(name));
    run(folder, &words.iter().map(String::as_str).collect::<Vec<_>>())
}

/// The files of a folder that people read, by their paths.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let all = support::files(folder, "yaml").into_iter().chain(support::files(folder, "md"));
    let named = |path: PathBuf| {
        let name = path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/");
        (name, std::fs::read_to_string(&path).unwrap())
    };
    all.map(named).collect()
}

/// All files below a folder.
fn all(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(all(&path)),
            path => found.push(path),
        }
    }
    found
}

fn api_of(folder: &Path) -> PathBuf {
    let mut apis = std::fs::read_dir(folder.join("apis")).unwrap().map(|e| e.unwrap().path());
    let api = apis.next().unwrap();
    assert!(apis.next().is_none(), "one API, and nothing beside it");
    api
}

/// Every case gives what is expected of it.
fn expect(name: &str) {
    let case = case(name);
    let dir = tempfile::tempdir().unwrap();
    let said = migrate(dir.path(), name);
    if let Ok(error) = std::fs::read_to_string(case.join("expected.error")) {
        assert_eq!(said.code, 1, "{}\n{}", said.out, said.err);
        for line in error.lines() {
            assert!(said.err.contains(line), "{name}: {line} is missing: {}", said.err);
        }
        assert!(!dir.path().join("apis").exists(), "nothing is written");
        return;
    }
    said.fine();
    let came = files(&api_of(dir.path()));
    let expected = case.join("expected");
    if std::env::var_os("CASTILE_WRITE_EXPECTED").is_some() {
        let _ = std::fs::remove_dir_all(&expected);
        for (path, text) in &came {
            let file = expected.join(path);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
    }
    let wanted = files(&expected);
    assert_eq!(came.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "{name}");
    for (path, text) in &wanted {
        assert_eq!(came[path], *text, "{name}/{path}");
    }
    // What was written is what the server takes; only secrets may be missing.
    let checked = run(dir.path(), &["check", "apis", "--output", "json"]);
    let checked: serde_json::Value = serde_json::from_str(&checked.out).unwrap();
    for found in checked["apis"][0]["diagnostics"].as_array().unwrap() {
        assert!(found["severity"] != "error" || found["code"] == "api.no-secret", "{found}");
    }
}

#[test]
fn soap_passthrough_of_an_older_archive() {
    expect("soap-passthrough");
}

#[test]
fn rest_that_was_generated_from_a_wsdl() {
    expect("soap-to-rest");
}

#[test]
fn rest_with_sequences_over_a_soap_service() {
    expect("rest-sequences");
}

#[test]
fn tiers_scopes_and_pages_of_other_origins() {
    expect("tiers-cors-scopes");
}

#[test]
fn what_cannot_be_carried_over_is_told_with_its_place() {
    expect("leftovers");
}

#[test]
fn an_archive_without_a_wsdl_says_what_to_do() {
    expect("no-wsdl");
}

/// No secret of an archive is in what is written or said.
#[test]
fn secrets_are_neither_copied_nor_shown() {
    for name in ["soap-passthrough", "tiers-cors-scopes", "rest-sequences", "leftovers"] {
        let archive: String = all(&case(name).join("archive")).into_iter().filter_map(|p| std::fs::read_to_string(p).ok()).collect();
        let secrets: Vec<&str> =
            archive.match_indices("planted-").filter_map(|(at, _)| archive[at..].split(['"', '\'', '<', '\\', '\n', ' ']).next()).collect();
        assert!(!secrets.is_empty(), "{name} has a secret to look for");
        let dir = tempfile::tempdir().unwrap();
        for more in [&[][..], &["-v"], &["--output", "json", "--name", "again"]] {
            let words = words(&case(name));
            let words: Vec<&str> = words.iter().map(String::as_str).chain(more.iter().copied()).collect();
            let said = run(dir.path(), &words);
            for secret in &secrets {
                assert!(!said.out.contains(secret) && !said.err.contains(secret), "{name}: {secret} is shown");
            }
            let _ = std::fs::remove_dir_all(dir.path().join("apis/again"));
            for path in all(&dir.path().join("apis")) {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                assert!(!secrets.iter().any(|s| text.contains(s)), "{name}: a secret is in {}", path.display());
            }
        }
    }
}

#[test]
fn a_dry_run_writes_nothing_and_what_is_there_is_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    let words = words(&case("soap-to-rest"));
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let dry: Vec<&str> = words.iter().copied().chain(["--dry-run"]).collect();
    let said = run(dir.path(), &dry).fine();
    assert!(said.out.contains("nothing was written"), "{}", said.out);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    run(dir.path(), &words).fine();
    let before = files(&api_of(dir.path()));
    let again = run(dir.path(), &words).code(1);
    assert!(again.err.contains("import.exists"), "{}", again.err);
    assert_eq!(files(&api_of(dir.path())), before);
    let json = run(dir.path(), &words.iter().copied().chain(["--output", "json", "-n", "other"]).collect::<Vec<_>>()).fine();
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((&json["migrated"], &json["good"], &json["name"]), (&true.into(), &true.into(), &"other".into()));
    assert_eq!(json["resources"][0]["path"], "/customers/1.0.0/getCustomer");
}

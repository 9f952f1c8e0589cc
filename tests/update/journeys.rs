//! What an update does to the folder, and what it leaves alone.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cli::run;
use crate::support;

fn case(name: &str) -> String {
    support::path("tests/update").join(name).to_string_lossy().into_owned()
}

/// Every file of a folder with its text.
fn texts(folder: &Path) -> Vec<(String, String)> {
    let files = support::every_file(folder);
    let text = |f: &std::path::PathBuf| (f.strip_prefix(folder).unwrap().to_string_lossy().into_owned(), fs::read_to_string(f).unwrap());
    files.iter().map(text).collect()
}

fn imported(case_: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["import", &format!("{}/old", case(case_)), "--name", "library"]).fine();
    let api = dir.path().join("apis/library");
    (dir, api)
}

#[test]
fn the_same_wsdl_changes_nothing() {
    for sample in ["orders", "countries"] {
        let dir = tempfile::tempdir().unwrap();
        let wsdl = crate::cli::sample(sample);
        run(dir.path(), &["import", &wsdl, "--name", "x"]).fine();
        let before = texts(&dir.path().join("apis"));
        let said = run(dir.path(), &["update", "x", &wsdl]).fine();
        assert!(said.out.contains("nothing to do"), "{}", said.out);
        assert_eq!(texts(&dir.path().join("apis")), before);
    }
}

#[test]
fn what_would_break_is_not_written_unless_it_is_accepted() {
    let (dir, api) = imported("breaking");
    let before = texts(&api);
    let new = format!("{}/new", case("breaking"));
    run(dir.path(), &["update", "library", &new]).code(1);
    run(dir.path(), &["update", "library", &new, "--dry-run", "--accept-breaking"]).fine();
    assert_eq!(texts(&api), before);
    let said = run(dir.path(), &["--output", "json", "update", "library", &new, "--accept-breaking"]).fine();
    let report: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&report["updated"], &report["breaking"], &report["fits"]), (&true.into(), &true.into(), &true.into()));
    assert!(report["changes"].as_array().unwrap().iter().any(|c| c["change"] == "required" && c["place"] == "request /item/year"));
    // What was there is kept as it was, and leads back.
    let kept: Vec<_> = texts(&api.join("previous"));
    assert_eq!(kept, before);
    assert_eq!(fs::read_dir(dir.path().join("apis")).unwrap().count(), 1, "nothing is left beside it");
    run(dir.path(), &["update", "library", "apis/library/previous/wsdl", "--accept-breaking"]).fine();
    let now: Vec<_> = texts(&api).into_iter().filter(|(path, _)| !path.starts_with("previous/")).collect();
    assert_eq!(now, before);
}

#[test]
fn files_of_people_stay_where_they_are() {
    let (dir, api) = imported("harmless");
    fs::write(api.join("NOTES.md"), "mine").unwrap();
    fs::write(api.join("wsdl/README.md"), "mine too").unwrap();
    fs::create_dir(api.join("examples")).unwrap();
    fs::write(api.join("examples/GetItem.json"), "{}").unwrap();
    run(dir.path(), &["update", "apis/library", &format!("{}/new", case("harmless"))]).fine();
    for (path, text) in [("NOTES.md", "mine"), ("wsdl/README.md", "mine too"), ("examples/GetItem.json", "{}")] {
        assert_eq!(fs::read_to_string(api.join(path)).unwrap(), text);
    }
    // The root document has another name now; the old one is not left beside it.
    assert!(api.join("wsdl/library.wsdl").is_file() && !api.join("wsdl/service.wsdl").exists());
    assert!(api.join("previous/wsdl/service.wsdl").is_file());
    run(dir.path(), &["check"]).fine();
}

#[test]
fn what_cannot_be_updated_says_why() {
    let (dir, api) = imported("harmless");
    let before = texts(&api);
    run(dir.path(), &["update", "nobody", "x.wsdl"]).code(2);
    fs::write(dir.path().join("broken.wsdl"), "<definitions xmlns='http://schemas.xmlsoap.org/wsdl/'>").unwrap();
    run(dir.path(), &["update", "library", "broken.wsdl"]).code(1);
    let said = run(dir.path(), &["update", "library", "http://127.0.0.1:9/none?wsdl"]);
    assert!(matches!(said.code, 1 | 3), "{}", said.err);
    assert_eq!(texts(&api), before);
}

//! Real services: all are imported, and what is read back from the files is what was imported.

use std::path::Path;

use castile::catalog;
use castile::diagnostic::Severity;
use castile::import::{Report, Request, import};
use castile::wsdl::source::{Limits, Options, Origin, Policy, load_local};

use crate::support;

fn try_import(folder: &Path, apis: &Path, name: &str) -> Option<Report> {
    let origin = Origin::of(folder.to_str().unwrap(), &Limits::default()).ok()?;
    let origin = match root(folder) {
        Some(root) => origin.with_root(&root),
        None => origin,
    };
    let loaded = load_local(&origin, &Options::local(Policy::Upload)).ok()?;
    let request = Request { open: true, name: Some(name.to_owned()), ..Request::of(apis.to_path_buf(), None) };
    import(loaded, &request).ok()
}

/// The root that the corpus' index names.
fn root(folder: &Path) -> Option<String> {
    let corpus = folder.ancestors().find(|a| a.join("index.json").is_file())?;
    let index: serde_json::Value = serde_json::from_slice(&std::fs::read(corpus.join("index.json")).ok()?).ok()?;
    let key = folder.strip_prefix(corpus).ok()?.to_str()?.replace('\\', "/");
    index[key]["root"].as_str().map(str::to_owned)
}

#[test]
fn all_good_services_import_and_load_again() {
    let Some(folders) = support::corpus_or_skip("all_good_services_import_and_load_again") else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut bad = Vec::new();
    for folder in folders.iter().filter(|f| root(f).is_some()) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let Some(report) = try_import(folder, dir.path(), name) else {
            bad.push(format!("{name}: not imported"));
            continue;
        };
        let again = match catalog::read_api(&dir.path().join(name)) {
            Ok(content) => catalog::build(name, &content),
            Err(built) => built,
        };
        let Some(api) = &again.api else {
            let why: Vec<_> = again.diagnostics.iter().filter(|d| d.severity == Severity::Error).map(|d| d.line(&again.sources)).collect();
            bad.push(format!("{name}: does not load again: {why:?}"));
            continue;
        };
        let shape = |api: &catalog::PublishedApi| {
            let resources: Vec<_> = api.resources.iter().map(|r| format!("{} {}", r.method.as_str(), r.path)).collect();
            (resources, api.raw_operations.len(), api.program.types.len(), api.program.elements.len(), api.documents.len())
        };
        if shape(api) != shape(&report.api) {
            bad.push(format!("{name}: loads differently: {:?}, {:?}", shape(&report.api).1, shape(api).1));
        }
        let public = format!("http://gateway.example{}", api.base_path);
        for number in 0..api.documents.len() {
            let text = api.documents.part(number, &public).unwrap_or_default();
            if castile::xml::Document::parse(text.as_bytes(), Some("utf-8"), castile::xml::Limits::document()).is_err() {
                bad.push(format!("{name}: document {number} is not well-formed as it is given out"));
            }
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

#[test]
fn malformed_services_give_diagnostics_or_notes_and_leave_nothing() {
    let Some(malformed) = support::shared_or_skip("malformed_services_give_diagnostics_or_notes_and_leave_nothing", "corpus/malformed")
    else {
        return;
    };
    for folder in support::folders(&malformed) {
        let dir = tempfile::tempdir().unwrap();
        let apis = dir.path().join("apis");
        match try_import(&folder, &apis, "x") {
            Some(report) => {
                assert!(apis.join("x/api.yaml").is_file());
                let notes = report.diagnostics.len() + report.left_out.len();
                assert!(notes > 0, "{} was imported without a note", folder.display());
            }
            None => assert!(!apis.exists(), "{} left something behind", folder.display()),
        }
    }
}

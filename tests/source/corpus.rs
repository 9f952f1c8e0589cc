//! The real services: from the file, the folder and a zip the same documents.

use std::collections::BTreeMap;
use std::path::Path;

use castile::diagnostic::Severity;
use castile::wsdl::source::Origin;

use super::{archive, load_file, load_upload, missing, texts, zip};
use crate::support;

/// Folder → root WSDL, from the corpus' index.
fn roots(corpus: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(corpus.join("index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&text).unwrap();
    let services = index.as_object().unwrap();
    services.iter().map(|(name, entry)| (name.clone(), entry["root"].as_str().unwrap().to_owned())).collect()
}

fn entries(folder: &Path, below: &Path, out: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder.join(below)).unwrap().flatten() {
        let path = below.join(entry.file_name());
        if entry.path().is_dir() {
            entries(folder, &path, out);
        } else {
            out.push((path.to_str().unwrap().to_owned(), std::fs::read(entry.path()).unwrap()));
        }
    }
}

#[test]
fn the_corpus_loads_alike_from_file_folder_and_zip() {
    let Some(corpus) = support::shared_or_skip("source::corpus", "corpus") else { return };
    let mut wrong = Vec::new();
    let mut count = 0;
    for (name, root) in roots(&corpus) {
        if name.starts_with("malformed/") || name.starts_with("pairs-") {
            continue;
        }
        count += 1;
        let folder = corpus.join(&name);
        let file = match load_file(folder.join(&root)) {
            Ok(loaded) => loaded,
            Err(refused) => {
                wrong.push(format!("{name}: file: {:?}", refused.diagnostics));
                continue;
            }
        };
        // Its location leads into a folder that the corpus does not have; a folder or zip is searched by name and namespace.
        if name == "onvif-device" {
            assert_eq!(missing(&file.documents).len(), 1);
            let whole = load_upload(&Origin::Folder { path: folder, root: None }).unwrap();
            assert!(missing(&whole.documents).is_empty() && texts(&whole.documents).len() == 11);
            continue;
        }
        wrong.extend(missing(&file.documents).into_iter().map(|m| format!("{name}: {m}")));
        let errors = file.diagnostics.iter().filter(|d| d.severity == Severity::Error);
        wrong.extend(errors.map(|d| format!("{name}: {}", d.message)));
        let mut all = Vec::new();
        entries(&folder, Path::new(""), &mut all);
        let all: Vec<(&str, &[u8])> = all.iter().map(|(n, b)| (n.as_str(), b.as_slice())).collect();
        for (kind, origin) in [("folder", Origin::Folder { path: folder, root: None }), ("zip", archive(zip(&all)))] {
            match load_upload(&origin) {
                Ok(loaded) if texts(&loaded.documents) == texts(&file.documents) => {}
                Ok(loaded) => {
                    let counts = (loaded.documents.sources.iter().count(), file.documents.sources.iter().count());
                    wrong.push(format!("{name}: {kind} has other documents than the file: {counts:?}"));
                }
                Err(refused) => wrong.push(format!("{name}: {kind}: {}", refused.diagnostics[0].message)),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(count > 100, "{count}");
}

#[test]
fn malformed_services_load_or_are_refused_with_a_place() {
    let Some(corpus) = support::shared_or_skip("source::corpus", "corpus") else { return };
    for (name, root) in roots(&corpus).into_iter().filter(|(n, _)| n.starts_with("malformed/")) {
        match load_file(corpus.join(&name).join(&root)) {
            Ok(loaded) => println!(
                "{name}: {} documents, {:?} {:?}",
                loaded.documents.sources.iter().count(),
                missing(&loaded.documents),
                super::codes(&loaded)
            ),
            Err(refused) => {
                let first = &refused.diagnostics[0];
                println!("{name}: {} {:?}", first.message, first.span.and_then(|s| refused.sources.position(s)));
                assert!(first.span.is_some(), "{name}: {first:?}");
            }
        }
    }
}

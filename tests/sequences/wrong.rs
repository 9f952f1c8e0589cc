//! One folder for each slip in a sequence, with `sequence.yaml` and `finding.snap`: the whole text that `castile check` prints.
//!
//! To add one: copy a folder, change the sequence, run with `INSTA_UPDATE=always`, and read the snapshot before it is committed.

use castile::catalog;
use castile::diagnostic::{Diagnostic, Severity, text};

use crate::support;

/// The API `countries`, whose `POST /countries` runs a sequence.
fn api(sequence: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("wsdl")).unwrap();
    std::fs::create_dir_all(folder.path().join("sequences")).unwrap();
    for name in ["service.wsdl", "types.xsd"] {
        std::fs::copy(support::path("wsdl/countries").join(name), folder.path().join("wsdl").join(name)).unwrap();
    }
    let definition = "version: 1\napi: { name: countries }\nsource: { wsdl: wsdl/service.wsdl }\nendpoint: { url: \"http://h/\" }\n\
                      resources:\n  - post: /countries\n    operation: AddCountry\n    sequence: sequences/s.yaml\n";
    std::fs::write(folder.path().join("api.yaml"), definition).unwrap();
    std::fs::write(folder.path().join("sequences/s.yaml"), sequence).unwrap();
    folder
}

#[test]
fn every_slip_is_told_once_at_its_line() {
    let mut kinds = 0;
    for folder in support::folders(&support::path("tests/sequences/wrong")) {
        let sequence = std::fs::read_to_string(folder.join("sequence.yaml")).unwrap();
        let api = api(&sequence);
        let built = catalog::build("countries", &catalog::read_api(api.path()).unwrap());
        let found: Vec<Diagnostic> = built.diagnostics.into_iter().filter(|d| d.severity >= Severity::Warning).collect();
        let found: Vec<Diagnostic> = found.into_iter().filter(|d| d.code.id != "api.no-lock").collect();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        assert_eq!(found.len(), 1, "{name}: {found:?}");
        assert!(built.api.is_none(), "{name}: an API with a wrong sequence is not served");
        let shown = text(&found, 0, &built.sources, false).replace(&*api.path().to_string_lossy(), "countries");
        insta::with_settings!({ snapshot_path => &folder, prepend_module_to_snapshot => false, omit_expression => true, description => name }, {
            insta::assert_snapshot!("finding", shown);
        });
        kinds += 1;
    }
    assert!(kinds >= 10);
}

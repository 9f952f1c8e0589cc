//! A newer WSDL through the admin API: looked at, refused, carried out as a revision.

use serde_json::{Value, json};

use super::Server;
use crate::support;

fn wsdl(case: &str, which: &str) -> Value {
    let folder = support::path("tests/update").join(case).join(which);
    let files = support::every_file(&folder);
    let text = |f: &std::path::PathBuf| {
        (f.strip_prefix(&folder).unwrap().to_string_lossy().into_owned(), json!(std::fs::read_to_string(f).unwrap()))
    };
    files.iter().map(text).collect::<serde_json::Map<_, _>>().into()
}

/// An API of the old version, as an import makes it and people changed it.
fn api(case: &str) -> Value {
    let dir = tempfile::tempdir().unwrap();
    let old = support::path("tests/update").join(case).join("old").to_string_lossy().into_owned();
    crate::cli::run(dir.path(), &["import", &old, "--name", "library", "--endpoint", "https://soap.example.org/"]).fine();
    let texts = castile::catalog::read_api(&dir.path().join("apis/library")).unwrap().texts();
    let mut files: serde_json::Map<String, Value> = texts.iter().map(|(path, text)| (path.clone(), json!(&**text))).collect();
    let yaml = files["api.yaml"].as_str().unwrap().replace("version: 1\n", "version: 1 # mine\n");
    files.insert("api.yaml".into(), yaml.into());
    json!({ "files": files })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_wsdl_is_looked_at_and_becomes_a_revision() {
    let server = Server::start().await;
    server.fine("pia", "POST apis/library/revisions", api("breaking"));
    let ask = |more: Value| {
        let mut asked = json!({ "documents": wsdl("breaking", "new") });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    let looked = server.fine("pia", "POST apis/library/update", ask(json!({ "dry_run": true, "accept_breaking": true })));
    assert_eq!(
        (&looked["revision"], &looked["updated"], &looked["breaking"], &looked["fits"]),
        (&json!(1), &json!(false), &json!(true), &json!(true))
    );
    let changes = looked["changes"].as_array().unwrap();
    assert!(changes.iter().any(|c| c["change"] == "fault-removed" && c["operations"] == json!(["GetItem"])), "{changes:#?}");
    assert!(changes.iter().any(|c| c["change"] == "action" && (&c["rest"], &c["soap"]) == (&json!("none"), &json!("breaking"))));
    assert!(looked["files"]["api.yaml"].as_str().unwrap().contains("version: 1 # mine"));
    // Callers would notice: nothing is done.
    assert_eq!(server.fine("pia", "POST apis/library/update", ask(json!({})))["updated"], false);
    assert_eq!(
        server.refused("pia", "POST apis/library/update", ask(json!({ "accept_breaking": true, "expected": 7 }))).1,
        "castile.conflict"
    );
    let made = server.fine("pia", "POST apis/library/update", ask(json!({ "accept_breaking": true, "expected": 1 })));
    assert_eq!((&made["revision"], &made["updated"]), (&json!(2), &json!(true)));
    let shown = server.fine("pia", "GET apis/library/revisions/latest", Value::Null);
    assert!(shown["files"]["api.yaml"].as_str().unwrap().contains("version: 1 # mine"));
    assert!(!shown["files"]["wsdl/service.wsdl"].as_str().unwrap().contains("NoSuchItem\" message"));
    // Again it is what is there.
    let again = server.fine("pia", "POST apis/library/update", ask(json!({ "accept_breaking": true })));
    assert_eq!((&again["same"], &again["updated"], &again["revision"]), (&json!(true), &json!(false), &json!(2)));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_wsdl_is_refused_with_its_places() {
    let server = Server::start().await;
    server.fine("pia", "POST apis/library/revisions", api("harmless"));
    for documents in [json!({}), json!({ "../a.wsdl": "<a/>" }), json!({ "a.wsdl": "<a/>" }), json!({ "a.wsdl": "<a>" })] {
        let refused = server.refused("pia", "POST apis/library/update", json!({ "documents": documents }));
        assert_eq!(refused.0, 400, "{refused:?}");
    }
    assert_eq!(server.refused("pia", "POST apis/nobody/update", json!({ "documents": { "a.wsdl": "<a/>" } })).0, 404);
    server.stop().await;
}

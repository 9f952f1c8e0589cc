//! A tester that others wrote: Schemathesis asks every operation of the OpenAPI document for what it allows and for what it forbids.
//!
//! `CASTILE_SCHEMATHESIS=SECONDS` gives it more time than CI does, and more examples.

use std::process::Command;

use serde_json::json;

use super::Server;
use crate::support;

/// What it looks at. Not `positive_data_acceptance`: whether a name exists or a time can be read is said in words, not in the schema.
/// Nor `ignored_auth`: after twenty wrong passwords it is told to wait (429); `roles.rs` asks every operation without credentials.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,\
    response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method,allow_header_conformance,\
    use_after_free,ensure_resource_availability";

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_as_the_document_says() {
    const TEST: &str = "answers_are_as_the_document_says";
    let Some(python) = support::python_or_skip(TEST) else { return };
    if !Command::new(&python).args(["-c", "import schemathesis"]).output().unwrap().status.success() {
        return support::skip(TEST, "the Python package schemathesis of tests/requirements.txt (tests/run.sh installs it)");
    }
    let server = Server::start().await;
    let application = server.fine("sue", "POST applications", json!({ "name": "demo" }));
    let subscription = server.fine("sue", "POST subscriptions", json!({ "application": "demo", "api": "countries", "plan": "tryout" }));
    let key = server.fine("sue", "POST applications/demo/keys", json!({}));
    let client = server.fine("sue", "POST applications/demo/clients", json!({}));
    let text = |of: &serde_json::Value, name: &str| of[name].as_str().unwrap().to_owned();
    // Names of what is there, for a part of the calls to come to the acts themselves.
    let names = [
        ("api", "countries".to_owned()),
        ("application", text(&application, "id")),
        ("subscription", text(&subscription, "id")),
        ("key", text(&key, "id")),
        ("client", text(&client, "client_id")),
        ("plan", "gold".to_owned()),
        ("user", "sid".to_owned()),
        ("revision", "latest".to_owned()),
    ];
    let named: String = names.iter().map(|(name, value)| format!("\"path.{name}\" = [\"{value}\", \"nowhere\"]\n")).collect();
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("schemathesis.toml");
    std::fs::write(&settings, format!("[parameters]\n{named}")).unwrap();

    let more: Option<u32> = std::env::var("CASTILE_SCHEMATHESIS").ok().map(|s| s.parse().unwrap());
    let (seconds, examples) = more.map_or((15, 2), |s| (s, 50));
    let mut command = Command::new(python);
    command.current_dir(folder.path()).env("PYTHONUTF8", "1");
    command.args(["-m", "schemathesis.cli"]).arg("--config-file").arg(&settings);
    command.args([
        "run",
        &format!("http://{}/admin/openapi.json", server.address),
        "--header",
        &format!("Authorization: {}", server.local),
    ]);
    command.args(["--checks", CHECKS, "--phases", "coverage,fuzzing", "--no-color", "--warnings", "off", "--workers", "2"]);
    command.args(["--generation-database", "none", "--suppress-health-check", "all", "--continue-on-failure"]);
    command.args(["--max-examples", &examples.to_string(), "--max-time", &seconds.to_string()]);
    // The same calls each time in CI; others where somebody asks for more.
    if more.is_none() {
        command.args(["--seed", "7"]);
    }
    let done = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    println!("{said}");
    assert!(done.status.success(), "{said}");
    // All of them, and not by knocking at the door alone.
    let document = server.send("GET /admin/openapi.json", &[], "").body;
    let all: usize = document["paths"].as_object().unwrap().values().map(|item| item.as_object().unwrap().len()).sum();
    assert!(said.contains(&format!("Selected: {all}/{all}")) && said.contains(&format!("Tested: {all}\n")), "{all} {said}");
    let acts = server.log().await.into_iter().map(|(_, action, _)| action).collect::<std::collections::BTreeSet<_>>();
    // Which acts it comes to is chance; the first of these are the test's own.
    let own = ["user.create", "application.create", "subscription.create", "api_key.create", "oauth_client.create"];
    let its: Vec<_> = acts.iter().filter(|act| !own.contains(&act.as_str())).collect();
    assert!(!its.is_empty(), "it did nothing: {acts:?}");
    server.stop().await;
}

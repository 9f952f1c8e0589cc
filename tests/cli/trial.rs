//! Samples of calls: what `call` and the admin API show of a resource with a sequence.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::run::address;
use super::{Running, castile, http, run};
use crate::support;

const SEQUENCE: &str = "\
version: 1
request:
  - rename: { from: /item/name, to: /item/title }
  - if:
      when: \"headers['x-dry-run'] == 'true'\"
      then:
        - respond: { status: 202, json: { accepted: true } }
  - set_header: { name: X-Api-Key, value: \"pl4nted\" }
  - to_soap: {}
response:
  - to_json: {}
  - rename: { from: /id, to: /number }
  - set_status: 201
fault:
  - to_problem: {}
";

/// The library with an address of its own for `AddItem`, and a mock behind it.
fn library(dir: &Path) -> Running {
    let old = support::path("tests/update/harmless/old").to_string_lossy().into_owned();
    let (mock, said) = Running::start(castile(dir, &["mock", &old, "--port", "0", "--validate"]), "answers at", false);
    let endpoint = format!("http://{}/", address(&said));
    run(dir, &["import", &old, "--name", "library", "--endpoint", &endpoint]).fine();
    let api = dir.join("apis/library");
    fs::create_dir(api.join("sequences")).unwrap();
    fs::write(api.join("sequences/add.yaml"), SEQUENCE).unwrap();
    let yaml = fs::read_to_string(api.join("api.yaml")).unwrap();
    let resource = "resources:\n  - post: /items\n    operation: AddItem\n    sequence: sequences/add.yaml\n";
    fs::write(api.join("api.yaml"), format!("{yaml}{resource}")).unwrap();
    run(dir, &["check"]).fine();
    mock
}

#[test]
fn a_call_goes_through_the_sequence_and_shows_every_step() {
    let dir = tempfile::tempdir().unwrap();
    let _mock = library(dir.path());
    let item = r#"item:={"name":"Dune","kind":"book"}"#;
    let said = run(dir.path(), &["call", "library", "AddItem", item, "password=pl4nted", "--trace"]);
    // Nobody asked for a password.
    assert!(said.code == 1 && said.err.contains("/password") && !said.err.contains("pl4nted"), "{}", said.err);
    let said = run(dir.path(), &["call", "library", "AddItem", item, "--trace"]).fine();
    let answer: Value = serde_json::from_str(&said.out).unwrap();
    assert!(answer["number"].is_number() && answer["id"].is_null(), "{}", said.out);
    for shown in [
        "* request rename",
        "    body /item/name: \"Dune\" → nothing",
        "    body /item/title: nothing → \"Dune\"",
        "* request set_header",
        "    header x-api-key: nothing → [hidden]",
        "* response rename",
        "* response set_status",
        "    status: nothing → 201",
        "--- 1 request",
        "--- 2 envelope",
        ">Dune</",
        "--- 3 reply, status 200",
        "--- 4 answer, status 201",
    ] {
        assert!(said.err.contains(shown), "{shown}\n{}", said.err);
    }
    assert!(!said.err.contains("pl4nted"), "{}", said.err);
    let offline = run(dir.path(), &["call", "library", "AddItem", item, "--offline"]).fine();
    assert!(offline.out.contains("Envelope") && offline.out.contains(">Dune</"), "{}", offline.out);
}

#[test]
fn a_trial_of_the_admin_api_may_call_the_service() {
    let dir = tempfile::tempdir().unwrap();
    let _mock = library(dir.path());
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (gateway, portal, admin) = (free(), free(), free());
    let listen = format!("gateway: {{ address: \"{gateway}\" }}, portal: {{ address: \"{portal}\" }}, admin: {{ address: \"{admin}\" }}");
    fs::write(dir.path().join("castile.yaml"), format!("listen: {{ {listen} }}\n")).unwrap();
    let _server = Running(castile(dir.path(), &["serve"]).stderr(std::process::Stdio::null()).spawn().unwrap());
    let asked = json!({ "resource": "POST /items", "body": { "item": { "name": "Dune", "kind": "book" } }, "upstream": true }).to_string();
    let deadline = Instant::now() + Duration::from_secs(60);
    let report = loop {
        let token = fs::read_to_string(dir.path().join("data/admin.token")).unwrap_or_default();
        let reply = std::net::TcpStream::connect(admin).map(|_| {
            let request = format!(
                "POST /admin/v1/apis/library/trial HTTP/1.1\r\ncontent-type: application/json\r\nauthorization: Bearer {}\r\n",
                token.trim()
            );
            http(&admin.to_string(), &request, &asked)
        });
        if let Ok(reply) = &reply
            && reply.starts_with("HTTP/1.1 200")
        {
            break serde_json::from_str::<Value>(reply.split_once("\r\n\r\n").unwrap().1).unwrap();
        }
        assert!(Instant::now() < deadline, "{reply:?}");
        std::thread::sleep(Duration::from_millis(50));
    };
    let messages = report["messages"].as_array().unwrap();
    let facts: Vec<_> = messages.iter().map(|m| (m["message"].as_str().unwrap(), m["status"].as_u64())).collect();
    assert_eq!(facts, [("request", None), ("envelope", None), ("reply", Some(200)), ("answer", Some(201))]);
    assert!(messages[1]["body"].as_str().unwrap().contains(">Dune</"));
    assert!(messages[2]["milliseconds"].as_f64().unwrap() > 0.0, "{messages:#?}");
    assert!(!report.to_string().contains("pl4nted"));
}

//! The commands about objects, against a server.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

use castile::store::{Audit, Store};
use serde_json::{Value, json};

use super::Server;
use crate::cli::castile;

/// A command against the server, which must end with that code: standard output and error.
fn run(server: &Server, arguments: &[&str], code: i32) -> (String, String) {
    let token = server.local.trim_start_matches("Bearer ").to_owned();
    let output = command(server, arguments, Some(&token));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {} {}", text(&output.stdout), text(&output.stderr));
    (text(&output.stdout), text(&output.stderr))
}

fn command(server: &Server, arguments: &[&str], token: Option<&str>) -> Output {
    let url = format!("http://{}", server.address);
    let elsewhere = tempfile::tempdir().unwrap();
    let mut command = castile(elsewhere.path(), arguments);
    command.args(["--server", &url]).stdin(Stdio::null()).env_remove("CASTILE_TOKEN");
    if let Some(token) = token {
        command.env("CASTILE_TOKEN", token);
    }
    command.output().unwrap()
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_story_of_a_key() {
    let server = Server::start().await;
    run(&server, &["app", "create", "demo"], 0);
    run(&server, &["subscription", "create", "--app", "demo", "--api", "countries", "--plan", "tryout"], 0);
    let made = parsed(&run(&server, &["key", "create", "--app", "demo", "--output", "json"], 0).0);
    assert!(made["key"].as_str().unwrap().starts_with("key_"), "{made}");
    // Without JSON the key stands alone on standard output.
    let (out, err) = run(&server, &["key", "rotate", "--app", "demo", "--overlap", "24h"], 0);
    assert!(out.starts_with("key_") && out.lines().count() == 1, "{out}");
    assert!(err.contains("is shown once"), "{err}");
    let lines = run(&server, &["key", "list", "--app", "demo"], 0).0;
    assert_eq!(lines.lines().count(), 2, "{lines}");
    let listed = parsed(&run(&server, &["key", "list", "--app", "demo", "--output", "json"], 0).0);
    let ends: Vec<bool> = listed.as_array().unwrap().iter().map(|k| k["expires"].is_null()).collect();
    assert_eq!(ends.iter().filter(|none| **none).count(), 1, "{listed}");
    let id = made["id"].as_str().unwrap();
    assert_eq!(run(&server, &["key", "revoke", id], 0).1, format!("removed {id}\n"));
    run(&server, &["app", "remove", "demo"], 0);
    assert_eq!(run(&server, &["app", "list"], 0).0, "");
    let who: Vec<String> = server.log().await.into_iter().rev().take(6).map(|(actor, ..)| actor).collect();
    assert_eq!(who, vec!["local"; 6]);
    server.stop().await;
}

/// Entries that come faster than one request takes them are all shown, in their order.
#[tokio::test(flavor = "multi_thread")]
async fn the_audit_log_is_followed_however_much_is_done() {
    let server = Server::start().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let url = format!("http://{}", server.address);
    let mut command = castile(elsewhere.path(), &["audit", "--follow", "--last", "1", "--server", &url]);
    command.env("CASTILE_TOKEN", server.local.trim_start_matches("Bearer ")).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let seq = |line: Option<std::io::Result<String>>| line.unwrap().unwrap().split('\t').next().unwrap().parse::<u64>().unwrap();
    let first = seq(lines.next());
    // It stands still while more is done than it asks for at a time.
    let signal = |name: &str| assert!(Command::new("kill").args([name, &child.id().to_string()]).status().unwrap().success());
    signal("-STOP");
    for nth in 0..2100 {
        let audit = Audit { actor: "ann".into(), action: "plan.create".into(), summary: format!("{nth}"), ..Audit::default() };
        server.store.write(Vec::new(), Some(audit)).await.unwrap();
    }
    signal("-CONT");
    let shown: Vec<u64> = (0..2100).map(|_| seq(lines.next())).collect();
    assert!(shown.iter().zip(first + 1..).all(|(found, expected)| *found == expected), "{first} {:?}", &shown[..3]);
    child.kill().unwrap();
    child.wait().unwrap();
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_object_is_made_shown_changed_and_removed() {
    let server = Server::start().await;
    let fine = |arguments: &[&str]| run(&server, arguments, 0).0;
    fine(&["plan", "create", "small", "--quota", "10/min", "--burst", "2/s"]);
    // What is not named stays.
    fine(&["plan", "update", "small", "--quota", "20/min"]);
    let plan = parsed(&fine(&["plan", "show", "small", "--output", "json"]));
    assert_eq!((&plan["quota"], &plan["burst"]), (&json!("20 calls a minute"), &json!("2 calls a second")));
    fine(&["plan", "update", "small", "--no-burst"]);
    assert!(fine(&["plan", "show", "small"]).lines().any(|l| l.split_whitespace().eq(["burst", "-"])));
    fine(&["plan", "remove", "small"]);
    assert!(fine(&["user", "create", "eve", "--role", "subscriber"]).starts_with("pw_"));
    let file = server.folder.path().join("pw");
    std::fs::write(&file, "a long new password\n").unwrap();
    fine(&["user", "update", "eve", "--password-file", file.to_str().unwrap(), "--role", "publisher", "--block"]);
    assert_eq!(parsed(&fine(&["user", "show", "eve", "--output", "json"]))["standing"], "blocked");
    fine(&["user", "remove", "eve"]);
    fine(&["tenant", "create", "acme", "--calls-per-second", "5"]);
    fine(&["tenant", "update", "acme", "--no-calls-per-second"]);
    assert_eq!(parsed(&fine(&["tenant", "show", "acme", "--output", "json"]))["calls_per_second"], Value::Null);
    fine(&["user", "create", "amy", "--role", "subscriber", "--tenant", "acme"]);
    fine(&["user", "remove", "amy", "--tenant", "acme"]);
    fine(&["tenant", "remove", "acme"]);
    fine(&["app", "create", "demo", "--description", "one"]);
    fine(&["app", "update", "demo", "--name", "demo2", "--plan", "gold"]);
    fine(&["app", "update", "demo2", "--no-plan", "--block"]);
    assert_eq!(fine(&["app", "list"]).split('\t').take(4).collect::<Vec<_>>(), ["demo2", "local", "-", "blocked"]);
    let client = parsed(&fine(&["client", "create", "--app", "demo2", "--output", "json"]));
    let id = client["client_id"].as_str().unwrap();
    assert!(fine(&["client", "renew", id]).starts_with("secret_"));
    fine(&["client", "remove", id]);
    fine(&["issuer", "create", "corp", "--iss", "https://login.example/", "--audience", "castile", "--app", "c1=demo2"]);
    fine(&["issuer", "update", "corp", "--audience", "gateway"]);
    let issuer = parsed(&fine(&["issuer", "show", "corp", "--output", "json"]));
    assert_eq!((&issuer["audiences"], issuer["applications"].as_object().unwrap().len()), (&json!(["gateway"]), 1));
    fine(&["issuer", "remove", "corp"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_wrong_has_its_exit_code() {
    let server = Server::start().await;
    assert_eq!(run(&server, &["app", "show", "demo"], 1).1, "error: There is no application `demo`.\n");
    let err = run(&server, &["plan", "show", "gild"], 1).1;
    assert_eq!(err, "error: There is no plan `gild`; did you mean `gold`?\n");
    let err = run(&server, &["user", "create", "eve", "--role", "publisherr"], 1).1;
    assert!(err.ends_with("did you mean `publisher`?\n"), "{err}");
    let problem = parsed(&run(&server, &["app", "show", "demo", "--output", "json"], 1).1);
    assert_eq!(problem["code"], "castile.not_found");
    run(&server, &["app", "make", "demo"], 2);
    run(&server, &["key", "rotate"], 2);
    run(&server, &["app", "show", ".."], 2);
    let output = command(&server, &["app", "list"], None);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(3) && err.starts_with("error: there is no token"), "{err}");
    let output = command(&server, &["app", "list"], Some("wrong"));
    assert!(output.status.code() == Some(1) && String::from_utf8_lossy(&output.stderr).contains("The credentials are not valid."));
    // Beside the settings the token file is found.
    std::fs::write(server.folder.path().join("castile.yaml"), format!("listen: {{ admin: {{ address: '{}' }} }}\n", server.address))
        .unwrap();
    let said = crate::cli::run(server.folder.path(), &["plan", "list"]).fine();
    assert_eq!(said.out.lines().count(), 5);
    let folder = tempfile::tempdir().unwrap();
    let mut gone = castile(folder.path(), &["app", "list", "--server", "http://127.0.0.1:9"]);
    assert_eq!(gone.env("CASTILE_TOKEN", "x").output().unwrap().status.code(), Some(3));
    server.stop().await;
}

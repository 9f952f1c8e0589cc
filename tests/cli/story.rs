//! The load-test story of the product, word for word: a mock, an import, a server, an application with a key on a plan of 20 calls a minute.

use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use super::run::address;
use super::tools::{Plan, assert_audit};
use super::{Running, castile, run, sample};
use crate::support;

/// Status, `Retry-After` and body of a call.
fn call(url: &str, key: &str) -> (u16, String, Value) {
    let output = Command::new("curl")
        .args(["-s", "-w", "\n%{http_code} %header{retry-after}", "-X", "POST", "-H", &format!("apikey: {key}")])
        .args(["-H", "content-type: application/json", "-d", r#"{"code":"LK"}"#, url])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, said) = text.rsplit_once('\n').unwrap();
    let (status, retry_after) = said.split_once(' ').unwrap_or((said, ""));
    (status.parse().unwrap(), retry_after.to_owned(), serde_json::from_str(body).unwrap_or_else(|e| panic!("{e}: {text}")))
}

/// A server, as the story makes it, and keys of the applications `demo` and `other`.
struct Served {
    dir: tempfile::TempDir,
    url: String,
    keys: Vec<String>,
    _running: [Running; 2],
}

/// Follows the story up to the keys, and waits until they are in force.
fn served() -> Served {
    let dir = tempfile::tempdir().unwrap();
    let (mock, said) = Running::start(castile(dir.path(), &["mock", &sample("countries"), "--port", "0"]), "answers at", false);
    let endpoint = format!("http://{}/", address(&said));
    let imported = run(dir.path(), &["import", &sample("countries"), "--name", "countries", "--endpoint", &endpoint]).fine();
    assert!(imported.out.contains("-H \"apikey: $KEY\""), "{}", imported.out);
    // Ports of its own, which the commands must know.
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (gateway, admin) = (free(), free());
    std::fs::write(
        dir.path().join("castile.yaml"),
        format!("listen: {{ gateway: {{ address: \"{gateway}\" }}, admin: {{ address: \"{admin}\" }} }}\n"),
    )
    .unwrap();
    // As it stands in the product's words: the next command does not wait for the server.
    let server = Running(castile(dir.path(), &["serve"]).stderr(std::process::Stdio::null()).spawn().unwrap());
    let create = |words: &[&str]| run(dir.path(), words).fine();
    create(&["app", "create", "demo"]);
    create(&["app", "create", "other"]);
    let mut keys = Vec::new();
    for app in ["demo", "other"] {
        create(&["subscription", "create", "--app", app, "--api", "countries", "--plan", "tryout"]);
        let made: Value = serde_json::from_str(&create(&["key", "create", "--app", app, "--output", "json"]).out).unwrap();
        keys.push(made["key"].as_str().unwrap().to_owned());
    }
    let url = format!("http://{gateway}/countries/1/GetCountry");
    // In force on the gateway within two seconds; nearly always at once.
    let began = Instant::now();
    while call(&url, &keys[1]).0 != 200 {
        assert!(began.elapsed().as_secs() < 10, "{:?}", call(&url, &keys[1]));
    }
    Served { dir, url, keys, _running: [mock, server] }
}

#[test]
fn twenty_calls_a_minute() {
    if support::program_or_skip("cli::story::twenty_calls_a_minute (curl)", "curl").is_none() {
        return;
    }
    let Served { dir: _dir, url, keys, _running } = served();
    for nth in 1..=20 {
        let (status, _, body) = call(&url, &keys[0]);
        assert_eq!(status, 200, "call {nth}: {body}");
    }
    let (status, retry_after, body) = call(&url, &keys[0]);
    assert_eq!((status, body["code"].as_str()), (429, Some("900804")));
    assert!(body["detail"].as_str().unwrap().starts_with("You have exceeded your quota"), "{body}");
    assert!((1..=60).contains(&retry_after.parse::<u64>().unwrap()), "{retry_after}");
    assert_eq!(call(&url, &keys[1]).0, 200, "a second application is not affected");
    assert_eq!(call(&url, "key_wrong").2["code"], "900901");
}

#[test]
fn the_plan_for_jmeter_meets_the_quota_and_the_tenants_calls_per_second() {
    if support::program_or_skip("cli::story::the_plan_for_jmeter (curl)", "curl").is_none() {
        return;
    }
    let Served { dir, url, keys, _running } = served();
    let plan = run(dir.path(), &["jmeter", "countries"]).fine().out;
    let began = Instant::now();
    let answers = Plan::read(&plan, &keys[0]).send();
    let elapsed = began.elapsed().as_secs() + 1;
    let statuses: Vec<u16> = answers.iter().map(|a| a.0).collect();
    assert_eq!(statuses, [vec![200; 20], vec![429]].concat(), "{answers:?}");
    let (_, retry_after, body) = answers.last().unwrap();
    assert!(body.contains("You have exceeded your quota"), "{body}");
    // The first call of the window was made after `began`, so that is when the next one is free.
    let retry_after = retry_after.unwrap();
    assert!((60_u64.saturating_sub(elapsed)..=60).contains(&retry_after), "{retry_after} s, {elapsed} s after the start");
    assert_eq!(call(&url, &keys[1]).0, 200, "a second application is not affected");
    run(dir.path(), &["tenant", "update", "default", "--calls-per-second", "1"]).fine();
    let began = Instant::now();
    let (retry_after, body) = loop {
        let (status, retry_after, body) = call(&url, &keys[1]);
        if status == 429 && body["code"] == "900850" {
            break (retry_after, body);
        }
        assert!(began.elapsed().as_secs() < 20, "{status} {body}");
    };
    let sentence = "Your request was blocked due to exceeding the allocated quota. Please contact the API Store owner to resolve this.";
    assert!(body["detail"].as_str().unwrap().starts_with(sentence), "{body}");
    assert!((1..=2).contains(&retry_after.parse::<u64>().unwrap()), "{retry_after}");
    assert_audit(dir.path());
}

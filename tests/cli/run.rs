//! What runs until it is told to stop: mock, try; and calls to it.

use std::process::Command;

use super::{Running, castile, http, run, run_with, sample};
use crate::support;

/// The address that a command says it answers at.
pub(crate) fn address(text: &str) -> String {
    let at = text.find("http://").unwrap() + "http://".len();
    text[at..].split('/').next().unwrap().to_owned()
}

#[test]
fn a_mock_answers_calls() {
    let dir = tempfile::tempdir().unwrap();
    let command = castile(dir.path(), &["mock", &sample("countries"), "--port", "0", "--validate"]);
    let (mock, said) = Running::start(command, "answers at", false);
    let address = address(&said);
    assert!(http(&address, "GET /?wsdl HTTP/1.1\r\n", "").contains("definitions"));
    let endpoint = format!("http://{address}/");
    let call = |more: &[&str]| {
        let wsdl = sample("countries");
        let mut arguments = vec!["call", &wsdl, "GetCountry", "--endpoint", &endpoint];
        arguments.extend(more);
        run(dir.path(), &arguments)
    };
    let said = call(&["code=LK", "--trace"]).fine();
    let answer: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert!(answer["GetCountryResult"].is_object(), "{}", said.out);
    for message in ["1 request, JSON", "2 request, SOAP", "3 reply, SOAP, status 200", "4 answer, JSON", " ms"] {
        assert!(said.err.contains(message), "{message}: {}", said.err);
    }
    call(&["code:=\"LK\""]).fine();
    call(&["code:=5"]).code(1);
    call(&["cod=LK"]).code(1);
    let offline = call(&["code=LK", "--offline"]).fine();
    assert!(offline.out.contains("Envelope"), "{}", offline.out);
    let soap = run_with(
        dir.path(),
        &["call", &sample("countries"), "GetCountry", "@-", "--soap", "--endpoint", &endpoint],
        offline.out.as_bytes(),
    );
    assert!(soap.fine().out.contains("GetCountryResponse"));
    assert_eq!(mock.interrupt(), 0);
    call(&["code=LK"]).code(3);
}

#[test]
fn trying_shows_two_lines_that_work_when_pasted() {
    let Some(curl) = support::program_or_skip("trying_shows_two_lines_that_work_when_pasted", "curl") else { return };
    let dir = tempfile::tempdir().unwrap();
    let mut command = castile(dir.path(), &["try"]);
    command.env("TMPDIR", dir.path());
    let (trying, said) = Running::start(command, "Ctrl-C", true);
    let lines: Vec<&str> = said.lines().filter_map(|l| l.strip_prefix("  curl ")).collect();
    assert_eq!(lines.len(), 2, "{said}");
    let paste = |line: &str| {
        let shell = format!("{} -s -S --fail-with-body {line}", curl.display());
        let output = Command::new("sh").args(["-c", &shell]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{shell}\n{text}");
        text
    };
    let answer: serde_json::Value = serde_json::from_str(&paste(lines[0])).unwrap();
    assert!(answer["GetCountryResult"]["name"].is_string(), "{answer}");
    assert!(paste(lines[1]).contains("Envelope"));
    assert_eq!(trying.interrupt(), 0);
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().flatten().map(|e| e.file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn an_address_is_imported_where_the_operator_lists_it() {
    let dir = tempfile::tempdir().unwrap();
    let (mock, said) = Running::start(castile(dir.path(), &["mock", &sample("orders"), "--port", "0"]), "answers at", false);
    let wsdl = format!("http://{}/?wsdl", address(&said));
    let refused = run(dir.path(), &["import", &wsdl, "--name", "orders"]).code(1);
    assert!(refused.err.contains("source.address-refused"), "{}", refused.err);
    assert!(!dir.path().join("apis").exists());
    std::fs::write(dir.path().join("castile.yaml"), "network: { allow: [127.0.0.0/8] }\n").unwrap();
    run(dir.path(), &["import", &wsdl, "--name", "orders"]).fine();
    run(dir.path(), &["check"]).fine();
    drop(mock);
    run(dir.path(), &["import", &wsdl, "--name", "later"]).code(3);
}

#[test]
fn a_mock_of_an_api_plays_the_whole_service() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["import", &sample("countries"), "--name", "countries", "--endpoint", "http://127.0.0.1:9/"]).fine();
    let file = dir.path().join("apis/countries/api.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    let listed = "only_listed: true\npassthrough: false\nresources: [{ post: /country, operation: GetCountry }]\n";
    std::fs::write(&file, format!("{text}{listed}")).unwrap();
    run(dir.path(), &["check"]).fine();
    let (_mock, said) = Running::start(castile(dir.path(), &["mock", "countries", "--port", "0"]), "answers at", false);
    let endpoint = format!("http://{}/", address(&said));
    // What the API publishes, and what its service has beside.
    run(dir.path(), &["call", "countries", "GetCountry", "code=LK", "--endpoint", &endpoint]).fine();
    run(dir.path(), &["call", &sample("countries"), "ListCountries", "--endpoint", &endpoint]).fine();
}

#[test]
fn a_server_without_its_folder_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    for words in [&["serve"][..], &["serve", "--check"]] {
        let said = run(dir.path(), words).code(1);
        assert!(said.err.contains("there is no folder apis with APIs: `castile import WSDL`"), "{}", said.err);
    }
    std::fs::write(dir.path().join("file"), "").unwrap();
    let said = run(dir.path(), &["serve", "--dir", "file"]).code(1);
    assert!(said.err.contains("file is no folder"), "{}", said.err);
}

//! `castile prove`: words, JSON and exit codes.

use serde_json::Value;

use super::{run, sample};

fn here() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn a_mapping_that_is_exact() {
    let said = run(here().path(), &["prove", &sample("orders"), "--cases", "5"]).fine();
    assert!(said.out.contains("  request   exact "), "{}", said.out);
    assert!(said.out.contains("4 of 4 operations exact, "), "{}", said.out);
    assert!(said.out.contains("seed 1"), "{}", said.out);
    assert!(said.out.contains("derived types 3/3"), "{}", said.out);
    let again = run(here().path(), &["prove", &sample("orders"), "--cases", "5"]).fine();
    assert_eq!(said.out, again.out);
}

#[test]
fn one_operation_as_json() {
    let arguments = ["prove", &sample("orders"), "--cases", "3", "--operation", "PlaceOrder", "--output", "json", "--seed", "7"];
    let said = run(here().path(), &arguments).fine();
    let answer: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(answer["exact"], true);
    assert_eq!(answer["seed"], 7);
    assert_eq!(answer["operations"].as_array().unwrap().len(), 1);
    let messages = answer["operations"][0]["messages"].as_array().unwrap();
    assert_eq!(messages[0]["message"], "request");
    assert_eq!(messages[0]["verdict"], "exact");
    assert_eq!(messages[0]["exact"], messages[0]["of"]);
    assert!(messages[0]["of"].as_u64().unwrap() >= 6);
    assert!(answer["shown"]["choice branches"]["of"].as_u64().unwrap() > 0);
}

#[test]
fn an_operation_that_is_not_there() {
    let said = run(here().path(), &["prove", &sample("orders"), "--operation", "PlaceOrdr"]).code(2);
    assert!(said.err.contains("did you mean `PlaceOrder`?"), "{}", said.err);
    run(here().path(), &["prove", &sample("orders"), "--cases", "0"]).code(2);
}

/// Nothing is promised of an element that no document declares, and none of a message that cannot be.
#[test]
fn what_cannot_be_proved_is_a_problem() {
    let folder = here();
    let wsdl = std::fs::read_to_string(crate::support::path("tests/constructs/sequence/service.wsdl")).unwrap();
    let with = |from: &str, to: &str| {
        assert!(wsdl.contains(from), "{from}");
        std::fs::write(folder.path().join("a.wsdl"), wsdl.replace(from, to)).unwrap();
    };
    with("<xs:element name=\"Answer\" type=\"t:T\"/>", "");
    let said = run(folder.path(), &["prove", "a.wsdl", "--cases", "2"]).code(1);
    assert!(said.out.contains("  request   exact "), "{}", said.out);
    assert!(said.out.contains("  response  undeclared "), "{}", said.out);
    assert!(said.out.contains("{urn:t}Answer is declared nowhere"), "{}", said.out);
    assert!(said.out.contains("0 of 1 operations exact"), "{}", said.out);
    with("<xs:complexType name=\"T\">", "<xs:complexType name=\"T\" abstract=\"true\">");
    let said = run(folder.path(), &["prove", "a.wsdl", "--cases", "2"]).code(1);
    assert!(said.out.contains("  request   unproved 0/0"), "{}", said.out);
    assert!(said.out.contains("no valid message could be made at Ask: its type is abstract"), "{}", said.out);
}

/// The same messages as the import's, of the API and of its WSDL; the hint of a difference is such a command.
#[test]
fn the_proof_of_an_import_again() {
    let folder = here();
    run(folder.path(), &["import", &sample("orders"), "--name", "orders", "--dir", "my apis"]).fine();
    let evidence: Value =
        serde_json::from_str(&std::fs::read_to_string(folder.path().join("my apis/orders/evidence.json")).unwrap()).unwrap();
    for target in ["my apis/orders", &sample("orders")] {
        let said = run(folder.path(), &["prove", target, "--short", "--output", "json"]).fine();
        let again: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(again["messages"], evidence["messages"], "{target}");
        assert_eq!(again["shown"], evidence["shown"], "{target}");
    }
    let named = ["prove", "my apis/orders", "--short", "--operation", "PlaceOrder", "--port", "Orders/OrdersSoap", "-v"];
    let said = run(folder.path(), &named).fine();
    assert!(said.out.starts_with("PlaceOrder  (port OrdersSoap)\n"), "{}", said.out);
    assert!(said.out.contains("1 of 1 operations exact"), "{}", said.out);
    run(folder.path(), &["prove", &sample("orders"), "--short", "--cases", "3"]).code(2);
    run(folder.path(), &["prove", &sample("orders"), "--short", "--operation", "Nothing"]).code(2);
    for short in [&[][..], &["--short"]] {
        let said = run(folder.path(), &[&["prove", "my apis/orders", "--root", "service.wsdl"], short].concat()).code(2);
        assert!(said.err.contains("my apis/orders is an API"), "{}", said.err);
    }
}

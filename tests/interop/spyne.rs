//! Spyne as the service behind REST calls, at SOAP 1.1 and SOAP 1.2, from the WSDL that it makes of its own classes.

use std::process::Command;

use serde_json::json;

use super::{Gateway, Peer};
use crate::support;

const APIS: [(&str, &str); 3] = [("spyne11", "text/xml"), ("spyne12", "application/soap+xml"), ("spyne-mtom", "multipart/related")];

fn started(test: &str) -> Option<(Peer, Gateway)> {
    let python = support::python_or_skip(test)?;
    let peer = Peer::start(true, |_| {
        let mut command = Command::new(python);
        command.arg(support::path("tests/interop/spyne/server.py"));
        command
    });
    peer.import("/soap11", "spyne11", |text| text);
    peer.import("/soap12", "spyne12", |text| text);
    peer.import("/soap11", "spyne-mtom", |text| text + "\nmtom: true\nmtom_over: 1B\n");
    let gateway = peer.serve();
    Some((peer, gateway))
}

/// What Spyne gives back of an order: nil it leaves out, fractions of a second it fills up to six digits.
const GIVEN: &str = r#""id":18446744073709551615,"total":12345678901234567.50,"exact":123456789012345678901234567890,"ratio":0.5,"placed":"2026-03-01T10:00:00.123456+02:00","due":"2026-03-01","at":"10:00:00.500000","took":"P1DT2H","color":"green","empty":"","proof":"AAH/","urgent":true,"pet":{"$type":"Cat","@tag":"t","name":"Tom","lives":9},"pets":[{"$type":"Dog","name":"Rex","good":true},{"name":"any"},null],"codes":[1,null,3]"#;

#[test]
fn spyne_takes_and_gives_headers_types_nil_digits_and_bytes() {
    let Some((peer, gateway)) = started("spyne_takes_and_gives_headers_types_nil_digits_and_bytes") else { return };
    for (api, media) in APIS {
        let order = GIVEN.replace(r#""empty""#, r#""note":null,"empty""#);
        let body = format!(r#"{{"$headers":{{"Session":{{"token":"t-1"}}}},"order":{{{order}}}}}"#);
        let receipt = r#""$headers":{"Receipt":{"number":9007199254740993}}"#;
        gateway.gives(api, "place", &body, &format!(r#"{{{receipt},"placeResult":{{{GIVEN}}}}}"#));
        let received = peer.received_once();
        assert!(received["soap"].as_str().unwrap().starts_with(media), "{received}");
        let data = &received["data"];
        assert_eq!(data["session"], json!({ "#class": "Session", "token": "t-1" }));
        let order = &data["order"];
        for (field, value) in [
            ("id", json!(18_446_744_073_709_551_615_u64)),
            ("total", json!("12345678901234567.50")),
            ("ratio", json!(0.5)),
            ("placed", json!("2026-03-01T10:00:00.123456+02:00")),
            ("took", json!("1 day, 2:00:00")),
            ("color", json!("green")),
            ("note", json!(null)),
            ("empty", json!("")),
            ("proof", json!({ "bytes": "0001ff" })),
            ("urgent", json!(true)),
            ("pet", json!({ "#class": "Cat", "name": "Tom", "tag": "t", "lives": 9 })),
            ("codes", json!([1, null, 3])),
        ] {
            assert_eq!(order[field], value, "{field}");
        }
        assert_eq!(order["exact"].to_string(), "123456789012345678901234567890");
        let dog = json!({ "#class": "Dog", "name": "Rex", "tag": null, "good": true });
        assert_eq!(order["pets"], json!([dog, { "#class": "Animal", "name": "any", "tag": null }, null]));
    }
}

#[test]
fn spyne_gives_no_one_and_many_items() {
    let Some((peer, gateway)) = started("spyne_gives_no_one_and_many_items") else { return };
    let (cat, dog) = (r#"{"$type":"Cat","name":"c1","lives":1}"#, r#"{"$type":"Dog","@tag":"x","name":"d2","good":true}"#);
    for (api, _) in APIS {
        gateway.gives(api, "animals", r#"{"count":-1}"#, "{}");
        gateway.gives(api, "animals", r#"{"count":0}"#, r#"{"animalsResult":[]}"#);
        gateway.gives(api, "animals", r#"{"count":1}"#, &format!(r#"{{"animalsResult":[{cat}]}}"#));
        gateway.gives(api, "animals", r#"{"count":2}"#, &format!(r#"{{"animalsResult":[{cat},{dog}]}}"#));
        let counts: Vec<_> = peer.received().iter().map(|r| r["data"]["count"].clone()).collect();
        assert_eq!(counts, [-1, 0, 1, 2]);
    }
}

#[test]
fn spyne_faults_are_problems() {
    let Some((_peer, gateway)) = started("spyne_faults_are_problems") else { return };
    let detail: serde_json::Value = serde_json::from_str(r#"{"Refused":{"limit":100.10}}"#).unwrap();
    for (api, code, subcodes) in [("spyne11", "Client.Bank", json!([])), ("spyne12", "Sender", json!(["Bank"]))] {
        // Its detail is in no namespace.
        let refused = gateway.fault(api, "fail", r#"{"how":"declared"}"#, 422);
        assert_eq!((&refused["title"], &refused["detail"]), (&json!("Refused"), &json!("Refused by the bank")));
        assert_eq!(refused["fault"], json!({ "code": code, "subcodes": subcodes, "detail": detail }));
        gateway.fault(api, "fail", r#"{"how":"client"}"#, 400);
        for how in ["server", "crash"] {
            let problem = gateway.fault(api, "fail", &format!(r#"{{"how":"{how}"}}"#), 502);
            assert!(!problem.to_string().contains("db7"), "{problem}");
        }
    }
}

//! PHP's SoapServer as the service behind REST calls: document/literal with both SOAP versions, and rpc/encoded.

use std::process::Command;

use serde_json::json;

use super::{Gateway, Peer, at_port};
use crate::support;

/// PHP's own web server, with the script as its router.
fn started(test: &str) -> Option<Peer> {
    let php = support::php_soap_or_skip(test)?;
    Some(Peer::start(false, |_| {
        let mut command = Command::new(php);
        command.args(["-S", "127.0.0.1:0"]).arg(support::path("tests/interop/php/server.php"));
        command
    }))
}

/// The shop at its SOAP 1.1 port and at its SOAP 1.2 port, as two APIs.
const SHOPS: [(&str, &str, &str); 2] = [("shop11", "text/xml", "Client"), ("shop12", "application/soap+xml", "Sender")];

fn shop(test: &str) -> Option<(Peer, Gateway)> {
    let peer = started(test)?;
    peer.import("/shop", "shop11", |text| text);
    peer.import("/shop", "shop12", at_port("ShopSoap12"));
    let gateway = peer.serve();
    Some((peer, gateway))
}

#[test]
fn php_takes_and_gives_headers_types_nil_digits_and_bytes() {
    let Some((peer, gateway)) = shop("php_takes_and_gives_headers_types_nil_digits_and_bytes") else { return };
    let order = r#""order":{"id":9007199254740993,"total":12345678901234567.50,"placed":"2026-03-01T10:00:00.123456789+02:00","due":"2026-03-01","note":null,"proof":"AAH/","urgent":true,"payment":{"$type":"Card","payer":"Ana & <co>","number":"0044"},"lines":[{"sku":"A","price":{"@currency":"EUR","$value":12.50}},null]}"#;
    for (api, media, _) in SHOPS {
        let body = format!(r#"{{"$headers":{{"session":{{"token":"t-1"}}}},{order}}}"#);
        gateway.gives(api, "Place", &body, &format!(r#"{{"$headers":{{"receipt":{{"number":9007199254740993}}}},{order}}}"#));
        let received = peer.received_once();
        assert!(received["soap"].as_str().unwrap().starts_with(media), "{received}");
        let lines = json!({ "line": [{ "sku": "A", "price": { "_": "12.50", "currency": "EUR" } }, null] });
        let order = json!({
            "id": 9_007_199_254_740_993_i64, "total": "12345678901234567.50", "placed": "2026-03-01T10:00:00.123456789+02:00",
            "due": "2026-03-01", "note": null, "proof": { "bytes": "0001ff" }, "urgent": true,
            "payment": { "#class": "Card", "payer": "Ana & <co>", "number": "0044" }, "lines": lines,
        });
        assert_eq!(received["data"], json!({ "session": { "token": "t-1" }, "order": order, "user": null }));
    }
}

#[test]
fn php_gives_no_one_and_many_items() {
    let Some((peer, gateway)) = shop("php_gives_no_one_and_many_items") else { return };
    let line = |n: u32| format!(r#"{{"sku":"A-{n}","price":{{"@currency":"EUR","$value":12.50}}}}"#);
    for (api, ..) in SHOPS {
        gateway.gives(api, "Lines", r#"{"count":-1}"#, "{}");
        gateway.gives(api, "Lines", r#"{"count":0}"#, r#"{"lines":[]}"#);
        gateway.gives(api, "Lines", r#"{"count":1}"#, &format!(r#"{{"lines":[{}]}}"#, line(1)));
        gateway.gives(api, "Lines", r#"{"count":3}"#, &format!(r#"{{"lines":[{},{},null]}}"#, line(1), line(2)));
        let counts: Vec<_> = peer.received().iter().map(|r| r["data"]["count"].clone()).collect();
        assert_eq!(counts, [-1, 0, 1, 3]);
    }
}

#[test]
fn php_faults_are_problems() {
    let Some((_peer, gateway)) = shop("php_faults_are_problems") else { return };
    for (api, _, client) in SHOPS {
        let refused = gateway.fault(api, "Fail", r#"{"how":"Client"}"#, 422);
        assert_eq!(refused["title"], "Refused");
        assert_eq!(refused["detail"], "Refused by the bank");
        let limit: serde_json::Value = serde_json::from_str(r#"{"Refused":{"reason":"too much","limit":100.10}}"#).unwrap();
        assert_eq!(refused["fault"], json!({ "code": client, "subcodes": [], "detail": limit }));
        assert_eq!(gateway.fault(api, "Lines", r#"{"count":400}"#, 400)["fault"], json!(null), "an undeclared fault is not shown");
        let server = gateway.fault(api, "Lines", r#"{"count":500}"#, 502);
        assert!(!server.to_string().contains("db7"), "{server}");
        let html = gateway.fault(api, "Lines", r#"{"count":503}"#, 502);
        assert!(html["detail"].as_str().unwrap().contains("text/html"), "{html}");
    }
}

#[test]
fn php_takes_and_gives_encoded_arrays_types_and_references() {
    let Some(peer) = started("php_takes_and_gives_encoded_arrays_types_and_references") else { return };
    peer.import("/encoded", "encoded", |text| text);
    let gateway = peer.serve();
    let team = r#""team":{"lead":{"$type":"Boss","name":"Ana","born":"1990-05-06","balance":12.50,"office":"3.14"},"members":[{"name":"Rui","born":null,"balance":0.10}],"scores":[7]}"#;
    gateway.gives("encoded", "echo", &format!(r#"{{{team},"round":2}}"#), &format!("{{{team}}}"));
    let lead = json!({ "#class": "Boss", "name": "Ana", "born": "1990-05-06", "balance": "12.50", "office": "3.14" });
    let members = json!([{ "name": "Rui", "born": null, "balance": "0.10" }]);
    let data = json!({ "team": { "lead": lead, "members": members, "scores": [7] }, "round": 2 });
    assert_eq!(peer.received_once()["data"], data);

    let ana = r#"{"name":"Ana","born":null,"balance":12.50}"#;
    let shared = format!(r#"{{"team":{{"lead":{ana},"members":[{ana},{ana}],"scores":[1,2]}}}}"#);
    gateway.gives("encoded", "shared", r#"{"name":"Ana"}"#, &shared);
    let envelope = r#"<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><r:shared xmlns:r="urn:castile:interop:encoded"><name>Ana</name></r:shared></e:Body></e:Envelope>"#;
    let raw = crate::cli::http(&gateway.address, "POST /encoded/1 HTTP/1.1\r\ncontent-type: text/xml\r\nsoapaction: \"\"\r\n", envelope);
    assert!(raw.contains("href=\"#") || raw.contains("SOAP-ENC:ref"), "PHP writes a reference: {raw}");

    let person = |n: u32| format!(r#"{{"name":"p{n}","born":"2001-02-0{n}","balance":{n}.00}}"#);
    gateway.gives("encoded", "people", r#"{"count":0}"#, r#"{"people":[]}"#);
    gateway.gives("encoded", "people", r#"{"count":1}"#, &format!(r#"{{"people":[{}]}}"#, person(1)));
    gateway.gives("encoded", "people", r#"{"count":2}"#, &format!(r#"{{"people":[{},{}]}}"#, person(1), person(2)));
}

/// An order with nothing that may be absent.
const LEAST: &str = r#"{"order":{"id":1,"total":1,"placed":"2026-03-01T10:00:00Z","note":null,"proof":"","urgent":false,"payment":{"$type":"Transfer","payer":"Ana","iban":"P"},"lines":[]}}"#;

#[test]
fn php_checks_the_username_token_of_calls() {
    let Some(peer) = started("php_checks_the_username_token_of_calls") else { return };
    for (api, port) in [("wss11", "ShopSoap"), ("wss12", "ShopSoap12"), ("wrong", "ShopSoap")] {
        let auth = "endpoint: { auth: { wss: { username_token: { user: svc, password_file: pw, type: digest }, timestamp: true } } }";
        peer.import("/shop", api, |text| format!("{}\n{auth}\n", at_port(port)(text)));
        let password = if api == "wrong" { "sesame" } else { "s\u{e9}same & <1>" };
        std::fs::write(peer.folder.path().join("apis").join(api).join("pw"), password).unwrap();
    }
    let gateway = peer.serve();
    for api in ["wss11", "wss12"] {
        let (status, _, text) = gateway.call(api, "Place", LEAST);
        assert_eq!(status, 200, "{text}");
        assert_eq!(peer.received_once()["data"]["user"], "svc");
    }
    let refused = gateway.fault("wrong", "Place", LEAST, 502);
    assert!(refused["code"].as_str().unwrap().starts_with("castile."), "{refused}");
    assert_eq!(peer.received(), [] as [serde_json::Value; 0]);
}

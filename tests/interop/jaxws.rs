//! A JAX-WS endpoint as the service behind REST calls, from the WSDL that it makes of its own classes.

use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{Gateway, Peer};
use crate::support;

const APIS: [(&str, &str); 3] = [("soap11", "text/xml"), ("soap12", "application/soap+xml"), ("mtom", "multipart/related")];

fn started(test: &str) -> Option<(Peer, Gateway)> {
    support::jaxws_or_skip(test)?;
    let peer = Peer::start(true, |folder| {
        let classes = folder.join("classes");
        std::fs::create_dir(&classes).unwrap();
        let mut command = Command::new("sh");
        command.arg(support::path("tests/interop/jaxws/server.sh")).arg(classes);
        command
    });
    for (api, media) in APIS {
        let mtom = if media.starts_with("multipart") { "\nmtom: true\nmtom_over: 1B\n" } else { "" };
        peer.import(&format!("/{api}"), api, |text| text + mtom);
    }
    let gateway = peer.serve();
    Some((peer, gateway))
}

/// One test: the endpoint takes seconds to start.
#[test]
fn a_jax_ws_endpoint_is_called_by_rest() {
    let Some((peer, gateway)) = started("a_jax_ws_endpoint_is_called_by_rest") else { return };
    let detail: serde_json::Value = serde_json::from_str(r#"{"Refused":{"reason":"too much","limit":100.10}}"#).unwrap();
    for (api, media) in APIS {
        let receipt = r#""$headers":{"receipt":9007199254740993}"#;
        let order = r#""order":{"id":9007199254740993,"total":12345678901234567.50,"placed":"2026-03-01T10:00:00.123456789+02:00","due":"2026-03-01+02:00","note":null,"proof":"AAH/","payment":{"$type":"card","payer":"Ana & <co>","number":"0044"},"price":[{"@currency":"EUR","$value":12.50},null],"codes":[7,null]}"#;
        let body = format!(r#"{{"$headers":{{"token":"t-1"}},{order}}}"#);
        gateway.gives(api, "place", &body, &format!("{{{receipt},{order}}}"));
        let received = peer.received_once();
        assert!(received["soap"].as_str().unwrap().starts_with(media), "{received}");
        let data = "t-1|9007199254740993|12345678901234567.50|2026-03-01T10:00:00.123456789+02:00|2026-03-01+02:00|null|0001ff|Card:Ana & <co>|12.50EUR nil|[7, null]";
        assert_eq!(received["data"], data);

        // Nothing that is optional: JAXB writes nil for a nillable field that is null.
        let least = r#"{"$headers":{"token":"t"},"order":{"id":1,"total":0.10}}"#;
        gateway.gives(api, "place", least, &format!(r#"{{{receipt},"order":{{"id":1,"total":0.10,"note":null,"price":[],"codes":[]}}}}"#));
        assert_eq!(peer.received_once()["data"], "t|1|0.10|null|null|null|none|none||[]");

        gateway.gives(api, "bytes", r#"{"size":3}"#, r#"{"return":"AAEC"}"#);
        gateway.gives(api, "bytes", r#"{"size":0}"#, r#"{"return":""}"#);
        let many = STANDARD.encode((0..100_000_u32).map(|i| i.to_le_bytes()[0]).collect::<Vec<u8>>());
        gateway.gives(api, "bytes", r#"{"size":100000}"#, &format!(r#"{{"return":"{many}"}}"#));

        let soap12 = api == "soap12";
        let refused = gateway.fault(api, "fail", r#"{"how":"declared"}"#, 422);
        assert_eq!((&refused["title"], &refused["detail"]), (&json!("Refused"), &json!("Refused by the bank")));
        assert_eq!(refused["fault"], json!({ "code": if soap12 { "Receiver" } else { "Server" }, "subcodes": [], "detail": detail }));
        gateway.fault(api, "fail", r#"{"how":"client"}"#, 400);
        let server = gateway.fault(api, "fail", r#"{"how":"server"}"#, 502);
        assert!(!server.to_string().contains("db7"), "{server}");
        peer.received();
    }
}

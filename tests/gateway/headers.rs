//! SOAP header parts and HTTP header fields: what the API gives, what callers give, what comes back, what never travels.

use std::net::SocketAddr;
use std::path::Path;

use castile::catalog::{build, read_api};
use castile::config::Config;

use super::bench_of::{Server, Upstream, countries, country, soap};
use crate::support;

const ANSWER: &str = "<t:Answer xmlns:t=\"urn:t\">7</t:Answer>";

/// An API of `tests/constructs/headers-assigned` with these assignments and resources.
fn assigned(upstream: SocketAddr, name: &str, yaml: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join(name);
    std::fs::create_dir_all(own.join("wsdl")).unwrap();
    std::fs::copy(support::path("tests/constructs/headers-assigned/service.wsdl"), own.join("wsdl/service.wsdl")).unwrap();
    let definition = format!(
        "version: 1\napi: {{ name: {name} }}\nsource: {{ wsdl: wsdl/service.wsdl }}\nendpoint: {{ url: \"http://{upstream}/up\" }}\n\
         resources:\n  - get: /ask\n    operation: Op\n  - post: /Op\n    operation: Op\n{yaml}\n"
    );
    std::fs::write(own.join("api.yaml"), definition).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn simple_header_parts_of_callers_are_header_fields_of_a_get() {
    castile::telemetry::metrics();
    let reply = soap(ANSWER).replace("<s:Body>", "<s:Header><x:A xmlns:x='urn:x'/><x:B xmlns:x='urn:x'/></s:Header><s:Body>");
    let upstream = Upstream::answering("200 OK", "text/xml", reply.as_bytes()).await;
    let yaml = "headers: { version: { constant: 12.50 }, caller: omit, old: omit, apikey: secret }";
    let server = Server::of(assigned(upstream.address, "by-fields", yaml), Config::default()).await;
    let answer = server.ask("GET /by-fields/1/ask?a=x\nTRACE: t & u\nversion: 3\nold: o\napikey: s3cret", "").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "{\"$value\":7}"));
    let sent = String::from_utf8(upstream.got()[0].body.clone()).unwrap();
    assert!(sent.contains(">12.50</") && sent.contains(">t &amp; u</"), "{sent}");
    assert!(!sent.contains(">3</") && !sent.contains(">o<") && !sent.contains("s3cret") && !sent.contains("Caller"), "{sent}");
    let metrics = castile::telemetry::metrics().render();
    assert!(metrics.contains("castile_reply_headers_dropped_total{api=\"by-fields\"} 2"), "{metrics}");

    let document = server.ask("GET /by-fields/1/openapi.json", "").await.json();
    let parameters: Vec<_> = document["paths"]["/ask"]["get"]["parameters"].as_array().unwrap().iter().collect();
    let named: Vec<_> = parameters.iter().map(|p| (p["in"].as_str().unwrap(), p["name"].as_str().unwrap())).collect();
    assert_eq!(named, [("query", "a"), ("header", "trace")]);
    let schema = document["paths"]["/Op"]["post"]["requestBody"]["content"]["application/json"]["schema"].clone();
    let reference = schema["$ref"].as_str().map(|r| document.pointer(&r[1..]).unwrap().clone());
    let headers = reference.unwrap_or(schema)["properties"]["$headers"]["properties"].clone();
    let keys: Vec<_> = headers.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["trace", "apikey"]);
    assert_eq!((&headers["apikey"]["writeOnly"], headers["trace"].get("writeOnly")), (&serde_json::json!(true), None));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_not_repeated_and_belongs_into_no_address() {
    let upstream = Upstream::answering("200 OK", "text/xml", soap(ANSWER).as_bytes()).await;
    let folder = assigned(upstream.address, "kept", "headers: { caller: { secret_file: /nothing/here } }");
    let built = build("kept", &read_api(&folder.path().join("kept")).unwrap());
    let found: Vec<_> = built
        .diagnostics
        .iter()
        .map(|d| (d.code.id, d.message.as_str()))
        .filter(|(id, _)| !matches!(*id, "api.no-lock" | "api.open-secret"))
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "api.no-secret");
    assert!(found[0].1.starts_with("the file `/nothing/here` cannot be read"), "{found:?}");

    let token = folder.path().join("token");
    std::fs::write(&token, "{\"id\": 9007199254740993, \"tag\": [\"hunter2\"]}\n").unwrap();
    let folder = assigned(upstream.address, "kept", &format!("headers: {{ caller: {{ secret_file: {} }} }}", token.display()));
    let server = Server::of(folder, Config::default()).await;
    assert_eq!(server.post("/kept/1/Op", "{\"a\":\"x\"}").await.status, 200);
    let sent = String::from_utf8(upstream.got()[0].body.clone()).unwrap();
    assert!(sent.contains("hunter2") && sent.contains(">9007199254740993<"), "{sent}");
    let answer = server.post("/kept/1/Op", "{\"$headers\":{\"caller\":{\"id\":\"s3cret\"},\"apikey\":{\"k\":\"s3cret\"}},\"a\":1}").await;
    let errors = answer.json()["errors"].clone();
    let told: Vec<_> = errors.as_array().unwrap().iter().map(|e| (e["pointer"].as_str().unwrap(), e["found"].as_str().unwrap())).collect();
    assert_eq!(told, [("/$headers/caller", "[redacted]"), ("/$headers/apikey", "[redacted]"), ("/a", "1")]);
    assert!(!answer.text().contains("s3cret") && !answer.text().contains("hunter2"), "{}", answer.text());

    let wrong = "  - get: /asked\n    operation: Op\n    query: { key: /$headers/apikey }\nheaders: { apikey: secret }";
    let folder = assigned(upstream.address, "kept", wrong);
    let built = build("kept", &read_api(&folder.path().join("kept")).unwrap());
    assert!(built.diagnostics.iter().any(|d| d.message.contains("does not belong into an address")), "{:?}", built.diagnostics);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_is_said_when_the_api_is_loaded() {
    let upstream = Upstream::answering("200 OK", "text/xml", b"").await;
    let token = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(token.path(), "{\"id\": \"hunter2\", \"tag\": []}").unwrap();
    let yaml = format!(
        "headers:\n  version: {{ constant: twelve }}\n  caller: {{ secret_file: {} }}\n  trase: omit\n  Op/old: {{ constant: {{ a: 1 }} }}\n  \
         Other/old: omit\n  trace: {{ secret_env: CASTILE_TEST_IS_NOT_SET }}",
        token.path().display()
    );
    let folder = assigned(upstream.address, "wrong", &yaml);
    let built = build("wrong", &read_api(&folder.path().join("wrong")).unwrap());
    let say = |d: &castile::diagnostic::Diagnostic| {
        let line = d.span.and_then(|s| built.sources.position(s)).map_or(0, |p| p.0);
        format!("{line} {} {}{}", d.code.id, d.message, d.hint.as_ref().map(|h| format!(" ({h})")).unwrap_or_default())
    };
    let mut found: Vec<_> = built.diagnostics.iter().filter(|d| !matches!(d.code.id, "api.no-lock" | "api.open-secret")).map(say).collect();
    found.sort();
    let caller = found.iter().filter(|f| f.contains("`caller`")).count();
    assert!(caller == 2 && found.iter().all(|f| !f.contains("hunter2")), "{found:#?}");
    found.retain(|f| !f.contains("`caller`"));
    assert_eq!(
        found,
        [
            "11 api.wrong-header header part `version` cannot be its constant: expected xs:decimal, found \"twelve\"",
            "13 api.unknown-header no operation's request declares a header part `trase` (did you mean `trace`?)",
            "14 api.wrong-header header part `Op/old` cannot be its constant: expected xs:string, found {\"a\": 1}",
            "15 api.unknown-header the request of operation `Other` declares no header part `old`",
            "16 api.no-secret the environment variable `CASTILE_TEST_IS_NOT_SET` is not set",
        ]
    );
    assert!(built.api.is_none());
}

/// Lets the countries' endpoint have more settings.
fn with_endpoint(folder: &Path, settings: &str) {
    let path = folder.join("countries/api.yaml");
    let text = std::fs::read_to_string(&path).unwrap().replace("/up\" }", &format!("/up\", {settings} }}"));
    std::fs::write(&path, text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn listed_fields_of_a_reply_come_back_with_every_answer() {
    let fault = soap("<s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring></s:Fault>");
    let head =
        "text/xml\r\nx-rate: 5\r\nx-rate: 6\r\nx-hop: h\r\nconnection: x-hop\r\nset-cookie: a=b\r\ncache-control: max-age=9\r\nserver: s";
    for (status, body) in [("200 OK", country()), ("500 Oops", fault)] {
        let upstream = Upstream::answering(status, head, body.as_bytes()).await;
        let folder = countries(upstream.address, "");
        with_endpoint(folder.path(), "return_headers: [X-Rate, X-Hop, Cache-Control, x-none]");
        let server = Server::of(folder, Config::default()).await;
        let rest = server.post("/countries/1/GetCountry", "{\"code\":\"LK\"}").await;
        let raw = server
            .ask(
                "POST /countries/1\nContent-Type: text/xml\nSOAPAction: \"urn:castile:samples:countries/GetCountry\"",
                super::bench_of::get_country(),
            )
            .await;
        for answer in [&rest, &raw] {
            assert_eq!(answer.field("x-rate"), Some("5"), "{status}");
            assert_eq!(answer.head.matches("x-rate:").count(), 2, "{}", answer.head);
            for never in ["x-hop", "set-cookie", "server", "x-none"] {
                assert_eq!(answer.field(never), None, "{status} {never}");
            }
        }
        // A problem is nobody's to keep, whatever the service says.
        let kept = if status.starts_with('2') { "max-age=9" } else { "no-store" };
        assert_eq!((rest.field("cache-control"), raw.field("cache-control")), (Some(kept), Some("max-age=9")), "{status}");
    }
}

#[test]
fn fields_that_never_travel_are_refused_where_they_are_listed() {
    let upstream = SocketAddr::from(([127, 0, 0, 1], 9));
    for (list, name) in [
        ("forward_headers", "Cookie"),
        ("forward_headers", "expect"),
        ("forward_headers", "apikey"),
        ("forward_headers", "X-Authorization"),
        ("forward_headers", "x-request-id"),
        ("forward_headers", "accept-encoding"),
        ("forward_headers", "a b"),
        ("return_headers", "Set-Cookie"),
        ("return_headers", "transfer-encoding"),
        ("return_headers", "Content-Type"),
        ("return_headers", "WWW-Authenticate"),
        ("return_headers", "Access-Control-Allow-Origin"),
        ("return_headers", "x-request-id"),
    ] {
        let folder = countries(upstream, "");
        with_endpoint(folder.path(), &format!("{list}: [x-fine, {name}]"));
        let refused = read_api(&folder.path().join("countries")).unwrap_err();
        let found: Vec<_> = refused.diagnostics.iter().map(|d| (d.code.id, d.message.as_str())).collect();
        assert!(found.len() == 1 && found[0].0 == "api.wrong-value" && found[0].1.contains(name), "{list} {name}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_in_a_form_is_named_and_not_repeated() {
    let upstream = Upstream::answering("200 OK", "text/xml", soap(ANSWER).as_bytes()).await;
    let folder = assigned(upstream.address, "formed", "headers: { caller: secret, apikey: secret, version: { constant: 1 } }");
    let wsdl = folder.path().join("formed/wsdl/service.wsdl");
    let text = std::fs::read_to_string(&wsdl).unwrap().replace("name=\"a\" type=\"xs:string\"", "name=\"a\" type=\"xs:base64Binary\"");
    std::fs::write(&wsdl, text).unwrap();
    let server = Server::of(folder, Config::default()).await;
    let ask = |fields: &[(&str, &str, &str)]| {
        let mut body = "--f\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\n\r\nx\r\n".to_owned();
        for (name, type_, text) in fields {
            body.push_str(&format!("--f\r\nContent-Disposition: form-data; name=\"{name}\"\r\nContent-Type: {type_}\r\n\r\n{text}\r\n"));
        }
        body.push_str("--f--\r\n");
        let server = &server;
        async move { server.ask("POST /formed/1/Op\nContent-Type: multipart/form-data; boundary=f", body).await }
    };
    let (json, plain) = ("application/json", "text/plain");
    let caller = "{\"id\":1,\"tag\":[\"t\"]}";
    let answer = ask(&[("/$headers/apikey", plain, "s3cret"), ("/$headers/caller", json, caller)]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let sent = String::from_utf8(upstream.got()[0].body.clone()).unwrap();
    assert!(sent.contains(">s3cret</") && sent.contains(">1</"), "{sent}");
    for (fields, name) in [
        (vec![("/$headers/caller", json, "{\"id\":\"s3cret\",\"tag\":[]}")], "/$headers/caller"),
        (vec![("/$headers/caller", json, "{\"id\":s3cret}")], "/$headers/caller"),
        (vec![("/$headers/caller", json, "\"s3cret\"")], "/$headers/caller"),
        (vec![("/$headers/caller", plain, "s3cret")], "/$headers/caller"),
        (vec![("/$headers/caller/id", plain, "s3cret")], "/$headers/caller/id"),
        (vec![("/$headers/apikey", plain, "s3cret"), ("/$headers/apikey", plain, "s3cret too")], "/$headers/apikey"),
        (vec![("/$headers/apikey/s3", plain, "s3cret")], "/$headers/apikey/s3"),
    ] {
        let answer = ask(&fields).await;
        assert_eq!(answer.status, 400, "{fields:?}: {}", answer.text());
        let errors = answer.json()["errors"].clone();
        assert!(errors.as_array().unwrap().iter().any(|e| e["in"] == "form" && e["name"] == name), "{fields:?}: {errors}");
        assert!(!answer.text().contains("s3cret"), "{fields:?}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_stays_in_its_header_field() {
    let upstream = Upstream::answering("200 OK", "text/xml", country().as_bytes()).await;
    let yaml = "resources:\n  - post: /get12\n    operation: GetCountry\n    port: CountriesSoap12\n  - post: /mtom\n    operation: GetCountry\n    \
                port: CountriesSoap12\n    mtom: true\n";
    let actions =
        [("urn:x&#13;&#10;x-evil: 1", None), ("urn:gr\u{f6}\u{df}e?a=\u{201c}b\u{201d}", Some("urn:gr\u{f6}\u{df}e?a=\u{201c}b\u{201d}"))];
    for (written, sent) in actions {
        let folder = countries(upstream.address, yaml);
        let wsdl = folder.path().join("countries/wsdl/service.wsdl");
        let text = std::fs::read_to_string(&wsdl).unwrap();
        let with = text.replace("soapAction=\"urn:castile:samples:countries/GetCountry\"", &format!("soapAction=\"{written}\""));
        assert_ne!(with, text);
        std::fs::write(&wsdl, with).unwrap();
        let server = Server::of(folder, Config::default()).await;
        for path in ["/countries/1/get12", "/countries/1/mtom"] {
            server.post(path, "{\"code\":\"LK\"}").await;
            let got = upstream.got().pop().unwrap();
            let type_ = got.head.lines().find_map(|l| l.strip_prefix("content-type: ")).unwrap();
            let action = type_.split("action=\"").nth(1).map(|a| a.trim_end_matches('"'));
            assert_eq!(action, sent, "{path}: {}", got.head);
            let all = format!("{}{}", got.head, String::from_utf8_lossy(&got.body));
            assert!(!all.contains("x-evil"), "{all}");
            assert_eq!(path.ends_with("mtom"), type_.starts_with("multipart/related"), "{type_}");
        }
    }
}

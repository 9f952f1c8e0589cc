//! Attachments through the gateway: replies with parts, requests with parts, forms with files, and how little memory that needs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use castile::config::Config;

use super::bench_of::{Answer, Server, Upstream, find};
use crate::support;

/// Fields of a form: (name, further header, bytes).
type Fields<'a> = Vec<(&'a str, &'a str, &'a [u8])>;

const XOP_TYPE: &str = "multipart/related; type=\"application/xop+xml\"; start=\"<root>\"; start-info=\"text/xml\"; boundary=b";

/// A folder of APIs with that construct's service before an upstream.
pub fn api(construct: &str, upstream: std::net::SocketAddr, yaml: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let wsdl = folder.path().join("docs/wsdl");
    std::fs::create_dir_all(&wsdl).unwrap();
    std::fs::copy(support::path("tests/constructs").join(construct).join("service.wsdl"), wsdl.join("service.wsdl")).unwrap();
    let definition = format!(
        "version: 1\napi: {{ name: docs }}\nsource: {{ wsdl: wsdl/service.wsdl }}\nendpoint: {{ url: \"http://{upstream}/up\" }}\n{yaml}\n"
    );
    std::fs::write(folder.path().join("docs/api.yaml"), definition).unwrap();
    folder
}

/// A reply of `Put` with that content; the parts are (Content-ID, type, bytes).
pub fn package(content: &str, parts: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut out = format!(
        "--b\r\nContent-Type: application/xop+xml; charset=utf-8; type=\"text/xml\"\r\nContent-ID: <root>\r\n\r\n\
         <e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><PutResponse xmlns=\"urn:xop\" \
         xmlns:x=\"http://www.w3.org/2004/08/xop/include\">{content}</PutResponse></e:Body></e:Envelope>"
    )
    .into_bytes();
    for (id, type_, bytes) in parts {
        out.extend_from_slice(format!("\r\n--b\r\nContent-Type: {type_}\r\nContent-ID: <{id}>\r\n\r\n").as_bytes());
        out.extend_from_slice(bytes);
    }
    out.extend_from_slice(b"\r\n--b--\r\n");
    out
}

async fn both(construct: &str, reply_type: &str, reply: &[u8], yaml: &str) -> (Upstream, Server) {
    let upstream = Upstream::answering("200 OK", reply_type, reply).await;
    let server = Server::of(api(construct, upstream.address, yaml), Config::default()).await;
    (upstream, server)
}

/// The parts of a message that an upstream got: header and bytes of each.
fn parts(content_type: &str, body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let boundary = content_type.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
    let delimiter = format!("\r\n--{boundary}");
    let whole = [b"\r\n", body].concat();
    let mut rest = &whole[..];
    let mut all = Vec::new();
    while let Some(at) = find(rest, delimiter.as_bytes()) {
        if !all.is_empty() || at > 0 {
            let (head, bytes) = rest[..at].split_at(find(rest, b"\r\n\r\n").unwrap());
            all.push((String::from_utf8(head.to_vec()).unwrap(), bytes[4..].to_vec()));
        }
        rest = &rest[at + delimiter.len()..];
        if rest.starts_with(b"--") {
            break;
        }
    }
    all
}

fn content_type(head: &str) -> &str {
    head.lines().find_map(|l| l.strip_prefix("content-type: ")).unwrap()
}

/// A form of fields: (name, further header, bytes).
fn form(fields: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, header, bytes) in fields {
        out.extend_from_slice(format!("--f\r\nContent-Disposition: form-data; name=\"{name}\"{header}\r\n\r\n").as_bytes());
        out.extend_from_slice(bytes);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"--f--\r\n");
    out
}

async fn send(server: &Server, fields: &[(&str, &str, &[u8])]) -> Answer {
    server.ask("POST /docs/1/Put\nContent-Type: multipart/form-data; boundary=f", form(fields)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_a_reply_are_base64_in_their_places() {
    let large: Vec<u8> = (0..300_000_u32).map(|n| (n % 253) as u8).collect();
    let reply = package(
        "<name>n</name><data><x:Include href=\"cid:a\"/></data><page>AQI=</page><page><x:Include href=\"cid:b\"/></page>",
        &[("b", "text/plain", b"small"), ("a", "image/png", &large), ("unused", "x/y", b"dropped")],
    );
    let (_upstream, server) = both("attachments-xop", XOP_TYPE, &reply, "").await;
    let answer = server.post("/docs/1/Put", "{}").await;
    assert_eq!((answer.status, answer.complete), (200, true), "{:.500}", answer.text());
    let json = answer.json();
    assert_eq!(answer.field("content-length"), Some(answer.body.len().to_string().as_str()));
    assert_eq!(json["data"], STANDARD.encode(&large));
    assert_eq!(json["page"], serde_json::json!(["AQI=", STANDARD.encode("small")]));
    assert!(!json.to_string().contains("dropped"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_cannot_be_read_is_a_502() {
    let include = "<data><x:Include href=\"cid:a\"/></data>";
    let whole = package(include, &[("a", "x/y", b"1")]);
    let many: Vec<(&str, &str, &[u8])> = vec![("p", "x/y", b""); 1_001];
    let fields = format!("x/y\r\n{}X: y", "X: y\r\n".repeat(64));
    let long = format!("x/{}", "y".repeat(17_000));
    let table: Vec<(Vec<u8>, &str)> = vec![
        (package(include, &[]), "a reference to an attachment that did not come"),
        (whole[..whole.len() - 8].to_vec(), "cut off"),
        (package("", &many), "more than 1 000 parts"),
        (package("", &[("a", &fields, b"")]), "more than 64 fields"),
        (package("", &[("a", &long, b"")]), "larger than 16 KiB"),
        (package(&include.replace("cid:a", "cid:root"), &[("a", "x/y", b"")]), "did not come"),
        (package("<data>x<x:Include href=\"cid:a\"/></data>", &[("a", "x/y", b"")]), "beside"),
    ];
    for (reply, says) in table {
        let (_upstream, server) = both("attachments-xop", XOP_TYPE, &reply, "").await;
        let answer = server.post("/docs/1/Put", "{}").await;
        assert_eq!((answer.status, answer.problem().as_str()), (502, "castile.upstream_reply"), "{says}: {:.500}", answer.text());
        assert!(answer.text().contains(says), "{says}: {}", answer.text());
    }
    // Each reference to a shared part counts: 400 of 64 KiB are more than a reply may be.
    let pages = "<page><x:Include href=\"cid:a\"/></page>".repeat(400);
    let (_upstream, server) = both("attachments-xop", XOP_TYPE, &package(&pages, &[("a", "x/y", &[0; 65_536])]), "").await;
    let answer = server.post("/docs/1/Put", "{}").await;
    assert_eq!(answer.status, 502, "{:.500}", answer.text());
    assert!(answer.text().contains("multiply"), "{:.500}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_faults_detail_holds_its_attachments() {
    let fault = "<e:Fault><faultcode>e:Server</faultcode><faultstring>no</faultstring><detail><Trouble xmlns=\"urn:xop\"><dump><x:Include \
                 xmlns:x=\"http://www.w3.org/2004/08/xop/include\" href=\"cid:a\"/></dump></Trouble></detail></e:Fault>";
    let whole = String::from_utf8(package("", &[("a", "x/y", b"core")])).unwrap();
    let (start, end) = (whole.find("<PutResponse").unwrap(), whole.find("</e:Body>").unwrap());
    let reply = [&whole[..start], fault, &whole[end..]].concat();
    let upstream = Upstream::answering("500 Oh", XOP_TYPE, reply.as_bytes()).await;
    let server = Server::of(api("attachments-xop", upstream.address, ""), Config::default()).await;
    let answer = server.post("/docs/1/Put", "{}").await;
    assert_eq!(answer.status, 422, "{}", answer.text());
    assert_eq!(answer.json()["fault"]["detail"]["Trouble"]["dump"], STANDARD.encode("core"));
}

#[tokio::test(flavor = "multi_thread")]
async fn mtom_sends_values_as_parts() {
    let reply = package("<name>ok</name>", &[]);
    let yaml = "mtom: true\nresources:\n  - post: /Put\n    operation: Put\n  - post: /plain\n    operation: Put\n    mtom: false\n";
    let (upstream, server) = both("attachments-xop", XOP_TYPE, &reply, yaml).await;
    let bytes: Vec<u8> = (0..5_000_u32).map(|n| (n % 253) as u8).collect();
    let json = serde_json::json!({ "data": STANDARD.encode(&bytes), "page": ["AQI="] }).to_string();
    // PHP's JSON has its solidi escaped.
    let escaped = json.replace('/', "\\/");
    for json in [&json, &escaped] {
        let answer = server.post("/docs/1/Put", json).await;
        assert_eq!(answer.json()["name"], "ok", "{}", answer.text());
        let got = upstream.got().pop().unwrap();
        let type_ = content_type(&got.head);
        assert!(type_.starts_with("multipart/related; boundary=") && type_.contains("type=\"application/xop+xml\""), "{type_}");
        assert!(type_.contains("start-info=\"text/xml\""), "{type_}");
        assert!(got.head.contains("\r\nsoapaction: \"urn:put\"") && got.head.contains("content-length: "), "{}", got.head);
        let parts = parts(type_, &got.body);
        let [(root_head, root), (part_head, part)] = parts.as_slice() else { panic!("{} parts", parts.len()) };
        let id = part_head.split("Content-ID: <").nth(1).unwrap().trim_end_matches('>');
        assert!(root_head.contains("application/xop+xml; charset=utf-8; type=\"text/xml\""), "{root_head}");
        assert!(String::from_utf8_lossy(root).contains(&format!("Include href=\"cid:{id}\"/>")), "{}", String::from_utf8_lossy(root));
        assert!(String::from_utf8_lossy(root).contains(">AQI=</"), "small values stay");
        assert!(*part == bytes);
    }
    let answer = server.post("/docs/1/plain", &json).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let got = upstream.got().pop().unwrap();
    assert_eq!(content_type(&got.head), "text/xml; charset=utf-8");
    assert!(find(&got.body, STANDARD.encode(&bytes).as_bytes()).is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn large_values_are_written_into_plain_envelopes_too() {
    let (upstream, server) = both("attachments-xop", XOP_TYPE, &package("<name>ok</name>", &[]), "").await;
    let bytes: Vec<u8> = (0..500_000_u32).map(|n| (n % 251) as u8).collect();
    let text = STANDARD.encode(&bytes);
    for given in [text.clone(), text.as_bytes().chunks(76).flat_map(|l| [l, b" "].concat()).map(char::from).collect()] {
        let json = serde_json::json!({ "name": "n", "data": given, "page": [text, "AQI="] }).to_string();
        let answer = server.post("/docs/1/Put", &json).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let got = upstream.got().pop().unwrap();
        let xml = String::from_utf8(got.body).unwrap();
        assert!(xml.contains(&format!("data>{text}</")) && xml.contains(&format!("page>{text}</")) && xml.contains("page>AQI=</"));
        assert!(castile::xml::document::tree(&xml).is_ok());
    }
    let answer = server.post("/docs/1/Put", &serde_json::json!({ "data": format!("{text}!") }).to_string()).await;
    assert_eq!((answer.status, answer.json()["errors"][0]["pointer"].as_str()), (400, Some("/data")), "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_send_files() {
    let bytes: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
    let file = "; filename=\"a.bin\"\r\nContent-Type: image/png";
    let fields: Fields<'_> = vec![
        ("name", "", b"caf\xc3\xa9"),
        ("data", file, &bytes),
        ("page", "; filename=p1", b"one"),
        ("/page", "; filename=p2", b"two"),
        ("photo", file, b"png"),
        ("count", "", b"7"),
    ];
    for mtom in [true, false] {
        let yaml = if mtom { "mtom: true" } else { "" };
        let (upstream, server) = both("attachments-xop", XOP_TYPE, &package("<name>ok</name>", &[]), yaml).await;
        let answer = send(&server, &fields).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let got = upstream.got().pop().unwrap();
        if mtom {
            let parts = parts(content_type(&got.head), &got.body);
            let sent: Vec<_> = parts[1..].iter().map(|(_, bytes)| bytes.as_slice()).collect();
            assert!(sent == [&bytes[..], b"one", b"two", b"png"]);
            assert!(parts[1].0.contains("Content-Type: image/png") && parts[2].0.contains("application/octet-stream"), "{}", parts[1].0);
            let root = String::from_utf8(parts[0].1.clone()).unwrap();
            assert!(root.contains(">caf\u{e9}</") && root.contains(">7</") && root.contains("contentType=\"image/png\""), "{root}");
        } else {
            let xml = String::from_utf8(got.body).unwrap();
            assert!(xml.contains(&format!("data>{}</", STANDARD.encode(&bytes))), "{xml:.300}");
            assert!(xml.contains(">b25l</") && xml.contains(">dHdv</") && xml.contains(">cG5n</"), "{xml:.300}");
        }
        let base = br#"{"name":"n","count":3}"#;
        let answer = send(&server, &[("$body", "\r\nContent-Type: application/json", base), ("data", file, b"x")]).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_that_do_not_fit_name_their_fields() {
    let (upstream, server) = both("attachments-xop", XOP_TYPE, &package("", &[]), "limits: { json_request: 1KiB }").await;
    let (file, json) = ("; filename=x", "\r\nContent-Type: application/json");
    let table: Vec<(Fields<'_>, &str, &str)> = vec![
        (vec![("name", file, b"x")], "name", "a file"),
        (vec![("small", file, b"12345")], "small", "a file"),
        (vec![("count", "", b"seven")], "count", "\"seven\""),
        (vec![("nmae", "", b"x")], "nmae", "\"x\""),
        (vec![("data", "\r\nContent-Type: application/json", b"{")], "data", "expected"),
        (vec![("data", file, b"1"), ("data", file, b"2")], "data", "["),
        (vec![("data", "\r\nContent-Type: application/json", b"[]"), ("/data/x", file, b"2")], "/data/x", "a field"),
        (vec![("$body", json, b"{}"), ("$body", json, b"{\"name\":\"x\"}")], "$body", "several"),
        (vec![("$body", json, b"{}"), ("$body", "", b"{")], "$body", "several"),
    ];
    for (fields, name, found) in table {
        let answer = send(&server, &fields).await;
        assert_eq!(answer.status, 400, "{name}: {}", answer.text());
        let errors = answer.json()["errors"].clone();
        let named = errors.as_array().unwrap().iter().find(|e| e["name"] == name);
        let error = named.unwrap_or_else(|| panic!("{name}: {errors}"));
        assert_eq!(error["in"], "form", "{error}");
        assert!(error["found"].as_str().unwrap().contains(found), "{error}");
    }
    // Who names a place that is deeper than JSON may be gets an answer, not a gateway out of stack.
    for (deep, expected) in
        [("/other".to_owned() + &"/a".repeat(320), "320 levels"), ("/other".to_owned() + &"/0".repeat(8_000), "320 levels")]
    {
        for (header, bytes) in [(file, &b"x"[..]), (json, b"1")] {
            let answer = send(&server, &[(&deep, header, bytes)]).await;
            assert_eq!(answer.status, 400, "{}", answer.text());
            let error = answer.json()["errors"][0].clone();
            assert!(deep.starts_with(error["name"].as_str().unwrap()) && error["in"] == "form", "{error}");
            assert!(error["expected"].as_str().unwrap().contains(expected), "{error}");
        }
        assert_eq!(send(&server, &[(&deep, "", b"x")]).await.status, 400);
    }
    let long = vec![b'x'; 2_000];
    assert_eq!(send(&server, &[("name", "", &long)]).await.status, 413);
    let answer = server.ask("POST /docs/1/Put\nContent-Type: multipart/form-data; boundary=f", "--f\r\n\r\nx\r\n--f--").await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    let answer = server.ask("POST /docs/1/Put\nContent-Type: multipart/form-data; boundary=f", "--f\r\nContent-Disp").await;
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(upstream.got().is_empty());
    // Where nothing is binary a form is no request.
    let other = Server::start(upstream.address).await;
    let answer =
        other.ask("POST /countries/1/GetCountry\nContent-Type: multipart/form-data; boundary=f", form(&[("code", "", b"LK")])).await;
    assert_eq!(answer.status, 415, "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn declared_attachments_travel_beside_the_envelope() {
    let reply = "--b\r\nContent-Type: text/xml\r\n\r\n<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><PutResponse \
                 xmlns=\"urn:swa\">done</PutResponse></e:Body></e:Envelope>\r\n--b\r\nContent-Type: image/png\r\nContent-ID: \
                 <photo=1@x>\r\n\r\npng\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--";
    let (upstream, server) = both("attachments-mime", "multipart/related; type=\"text/xml\"; boundary=b", reply.as_bytes(), "").await;
    let file = "; filename=x.jpg\r\nContent-Type: image/jpeg";
    let answer = send(&server, &[("title", "", b"t"), ("photo", file, b"jpeg"), ("sheet", file, b"sheet")]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let expected = serde_json::json!({
        "$value": "done",
        "$attachments": { "photo": { "@contentType": "image/png", "$value": STANDARD.encode("png") }, "notes": STANDARD.encode("hello") }
    });
    assert_eq!(answer.json(), expected);
    let got = upstream.got().pop().unwrap();
    let type_ = content_type(&got.head);
    assert!(type_.contains("type=\"text/xml\"") && !type_.contains("xop"), "{type_}");
    let parts = parts(type_, &got.body);
    assert!(parts[1].0.contains("image/jpeg") && parts[1].0.contains("<photo=1."), "{}", parts[1].0);
    assert_eq!((parts[1].1.as_slice(), parts[2].1.as_slice()), (&b"jpeg"[..], &b"sheet"[..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn large_parts_can_be_fetched_instead() {
    let large: Vec<u8> = (0..300_000_u32).map(|n| (n % 253) as u8).collect();
    let reply = package(
        "<data><x:Include href=\"cid:a\"/></data><page><x:Include href=\"cid:b\"/></page>",
        &[("a", "text/html", &large), ("b", "text/plain", b"small")],
    );
    let (_upstream, server) = both("attachments-xop", XOP_TYPE, &reply, "attachments: url").await;
    let answer = server.post("/docs/1/Put", "{}").await;
    let json = answer.json();
    assert_eq!(json["page"][0], STANDARD.encode("small"));
    assert_eq!((&json["data"]["$contentType"], &json["data"]["$size"]), (&"text/html".into(), &300_000.into()), "{json}");
    let url = json["data"]["$url"].as_str().unwrap();
    let path = url.strip_prefix(&format!("http://{}", server.address)).unwrap();
    assert!(path.starts_with("/docs/1/$attachments/"), "{path}");
    for _ in 0..2 {
        let got = server.ask(&format!("GET {path}"), "").await;
        assert_eq!((got.status, got.complete), (200, true), "{:.300}", got.text());
        assert!(got.body == large);
        let fields = ["content-type", "content-disposition", "x-content-type-options", "cache-control"];
        let told = fields.map(|f| got.field(f).unwrap_or_default().to_owned());
        assert_eq!(told, ["text/html", "attachment", "nosniff", "no-store"]);
        assert!(got.field("content-security-policy").unwrap().contains("sandbox"));
    }
    assert_eq!(server.ask(&format!("HEAD {path}"), "").await.field("content-length"), Some("300000"));
    assert_eq!(server.ask(&format!("DELETE {path}"), "").await.status, 405);
    assert_eq!(server.ask("GET /docs/1/$attachments/guess", "").await.problem(), "900906");
    // The same API of another tenant knows nothing of it.
    super::tenants::twice(&server);
    let theirs = server.post("/t/acme/docs/1/Put", "{}").await.json();
    let theirs = theirs["data"]["$url"].as_str().unwrap().strip_prefix(&format!("http://{}", server.address)).unwrap().to_owned();
    assert!(theirs.starts_with("/t/acme/docs/1/$attachments/"), "{theirs}");
    assert_eq!(server.ask(&format!("GET {theirs}"), "").await.status, 200);
    assert_eq!(server.ask(&format!("GET /t/acme{path}"), "").await.status, 404, "an attachment of default");
    assert_eq!(server.ask(&format!("GET {}", theirs.replace("/t/acme", "")), "").await.status, 404, "and one of acme");
    // Every call has names of its own; without the setting there is no such address.
    let other = server.post("/docs/1/Put", "{}").await.json();
    assert_ne!(other["data"]["$url"], json["data"]["$url"]);
    let (_upstream, plain) = both("attachments-xop", XOP_TYPE, &reply, "").await;
    assert_eq!(plain.ask(&format!("GET {path}"), "").await.status, 404);
    let document = server.ask("GET /docs/1/openapi.json", "").await.json();
    assert!(document["components"]["schemas"]["Attachment"]["properties"]["$url"].is_object(), "{document:.2000}");
    let form = &document["paths"]["/Put"]["post"]["requestBody"]["content"]["multipart/form-data"];
    assert_eq!(form["schema"]["properties"]["data"]["contentMediaType"], "application/octet-stream", "{form}");
}

/// One thread for all calls: a conversion that held it would stop the clock of the others.
#[tokio::test(flavor = "current_thread")]
async fn long_conversions_do_not_hold_up_other_calls() {
    let (_upstream, server) = both("attachments-xop", XOP_TYPE, &package("", &[]), "limits: { json_request: 32MiB }").await;
    let text = format!("{{\"page\":[{}\"AQI=\"]}}", "\"AQI=\",".repeat(300_000));
    let body = form(&[("$body", "\r\nContent-Type: application/json", text.as_bytes())]);
    for (media_type, body) in [("application/json", text.as_bytes()), ("multipart/form-data; boundary=f", &body)] {
        let head = format!("POST /docs/1/Put\nContent-Type: {media_type}");
        // The machine may hold up a clock as well, but not in every attempt.
        let mut pauses = Vec::new();
        let is_free = loop {
            let began = std::time::Instant::now();
            let mut call = std::pin::pin!(server.ask(&head, body));
            let (mut longest, mut last) = (std::time::Duration::ZERO, began);
            let answer = loop {
                tokio::select! {
                    answer = &mut call => break answer,
                    () = tokio::time::sleep(std::time::Duration::from_millis(1)) => {}
                }
                longest = longest.max(last.elapsed());
                last = std::time::Instant::now();
            };
            assert_eq!(answer.status, 200, "{media_type}: {}", answer.text());
            pauses.push((longest, began.elapsed()));
            if longest < began.elapsed() / 3 || pauses.len() == 5 {
                break longest < began.elapsed() / 3;
            }
        };
        assert!(is_free, "{media_type}: the longest pauses of whole calls: {pauses:?}");
    }
}

/// Services that name a declared attachment in the Body too (`href="cid:…"`) send it once.
#[tokio::test(flavor = "multi_thread")]
async fn an_accessor_of_an_attachment_counts_its_part_once() {
    let part = vec![b'x'; 700 << 10];
    let reply = |accessors: &str| {
        let head = format!(
            "--b\r\nContent-Type: text/xml\r\n\r\n<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body><r:RpcResponse \
             xmlns:r=\"urn:swa\">{accessors}</r:RpcResponse></e:Body></e:Envelope>\r\n--b\r\nContent-Type: x/y\r\nContent-ID: <f>\r\n\r\n"
        );
        [head.as_bytes(), &part, b"\r\n--b--\r\n"].concat()
    };
    for accessors in ["<ok>true</ok><file href=\"cid:f\"/>", "<ok>true</ok>"] {
        let type_ = "multipart/related; type=\"text/xml\"; boundary=b";
        let (_upstream, server) = both("attachments-mime", type_, &reply(accessors), "limits: { reply: 1MiB }").await;
        let answer = server.post("/docs/1/Rpc", "{\"n\":1}").await;
        assert_eq!(answer.status, 200, "{accessors}: {:.300}", answer.text());
        let json = answer.json();
        assert_eq!(json["ok"], true);
        let file = &json["$attachments"]["file"];
        assert_eq!(file.get("$value").unwrap_or(file), &STANDARD.encode(&part), "{accessors}");
    }
}

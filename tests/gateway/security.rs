//! What the upstream gets beside the message: HTTP credentials, WS-Security, WS-Addressing; and what a missing secret does.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use castile::catalog::{self, Secrets};
use castile::config::Config;
use castile::mediate::security::{Moment, Security, Signature, Signer, password_digest, secure};
use castile::net::secret::Secret;
use castile::plan::asks::SignedParts;

use super::attachments;
use super::bench_of::{Server, Upstream, countries, country, get_country, soap};
use super::outsiders::{ec, write_key};

const GET_COUNTRY: &str = "/countries/1/GetCountry";
const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

/// The countries sample with `auth` and what else api.yaml says, and the secret `pw` in a file beside it.
async fn both(auth: &str, yaml: &str) -> (Upstream, Server) {
    let upstream = Upstream::answering("200 OK", "text/xml; charset=utf-8", country().as_bytes()).await;
    let folder = folder(&upstream, auth, yaml);
    (upstream, Server::of(folder, Config::default()).await)
}

fn folder(upstream: &Upstream, auth: &str, yaml: &str) -> tempfile::TempDir {
    let folder = countries(upstream.address, yaml);
    let path = folder.path().join("countries/api.yaml");
    let text = std::fs::read_to_string(&path).unwrap().replace("/up\" }", &format!("/up\", auth: {{ {auth} }} }}"));
    std::fs::write(&path, text).unwrap();
    std::fs::write(folder.path().join("countries/pw"), "s\u{e9}cret <1>\n").unwrap();
    folder
}

async fn rest(upstream: &Upstream, server: &Server) -> (String, String) {
    let answer = server.post(GET_COUNTRY, "{\"code\":\"LK\"}").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let got = upstream.got().pop().unwrap();
    (got.head, String::from_utf8(got.body).unwrap())
}

/// What stands between two texts.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    text.split_once(before).and_then(|(_, rest)| rest.split_once(after)).unwrap_or_else(|| panic!("{before} in {text}")).0
}

#[tokio::test(flavor = "multi_thread")]
async fn http_credentials_travel_with_both_kinds_of_call() {
    let auth = "basic: { user: svc, password_file: pw }, header: { name: X-Api-Key, value_file: key }";
    let upstream = Upstream::answering("200 OK", "text/xml; charset=utf-8", country().as_bytes()).await;
    let folder = folder(&upstream, auth, "");
    std::fs::write(folder.path().join("countries/key"), "k-1").unwrap();
    let server = Server::of(folder, Config::default()).await;
    let expected = format!("\r\nauthorization: basic {}", STANDARD.encode("svc:s\u{e9}cret <1>").to_lowercase());
    let (head, body) = rest(&upstream, &server).await;
    assert!(head.contains(&expected) && head.contains("\r\nx-api-key: k-1"), "{head}");
    assert!(!body.contains("Security"), "{body}");
    let raw = server.ask("POST /countries/1\nContent-Type: text/xml\nAuthorization: Basic callers", get_country()).await;
    assert_eq!(raw.status, 200);
    let got = upstream.got().pop().unwrap();
    assert!(got.head.contains(&expected) && !got.head.contains("callers"), "{}", got.head);
    assert_eq!(got.body, get_country().as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_username_token_is_new_in_every_call() {
    let (upstream, server) =
        both("wss: { username_token: { user: svc, password_file: pw, type: digest }, timestamp: true, ttl: 1m }", "").await;
    let mut nonces = std::collections::HashSet::new();
    for _ in 0..3 {
        let (_, body) = rest(&upstream, &server).await;
        let created = between(&body, "</wsse:Nonce><wsu:Created>", "</wsu:Created>");
        let nonce = STANDARD.decode(between(&body, "#Base64Binary\">", "<")).unwrap();
        assert_eq!(between(&body, "#PasswordDigest\">", "<"), password_digest(&nonce, created, "s\u{e9}cret <1>"));
        let stamps = (between(&body, "<wsu:Timestamp", "</wsu:Created>"), between(&body, "<wsu:Expires>", "</wsu:Expires>"));
        assert!(stamps.0.ends_with(created) && stamps.1 > created, "{stamps:?}");
        assert!(body.contains(" env:mustUnderstand=\"1\">") && body.contains("<soap:Body>"), "{body}");
        assert!(!body.contains("cret"), "{body}");
        nonces.insert(nonce);
    }
    assert_eq!(nonces.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_soap_gets_the_block_and_keeps_every_other_byte() {
    let (upstream, server) = both("wss: { username_token: { user: svc, password_file: pw }, must_understand: false }", "").await;
    let plain = get_country();
    let with_header = plain.replacen("<s:Body", "<s:Header ><h xmlns='urn:h'/></s:Header><s:Body", 1);
    let empty_header = plain.replacen("<s:Body", "<s:Header\n/><s:Body", 1);
    assert!(with_header != plain && empty_header != plain);
    let marked = [b"\xEF\xBB\xBF", plain.as_bytes()].concat();
    let multipart = format!("--b\r\nContent-Type: text/xml\r\n\r\n{plain}\r\n--b\r\nContent-Id: <x>\r\n\r\n{plain}\r\n--b--");
    for (type_, body) in [
        ("text/xml", plain.clone().into_bytes()),
        ("text/xml; charset=utf-8", format!("<!-- \u{fc} -->{plain}").into_bytes()),
        ("text/xml", with_header.into_bytes()),
        ("text/xml", empty_header.into_bytes()),
        ("text/xml", marked),
        ("multipart/related; boundary=b; type=\"text/xml\"", multipart.into_bytes()),
    ] {
        let answer = server.ask(&format!("POST /countries/1\nContent-Type: {type_}"), &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let got = upstream.got().pop().unwrap();
        let text = String::from_utf8(got.body).unwrap();
        assert_eq!(text.matches("<wsse:Security ").count(), 1, "{text}");
        assert!(got.head.contains(&format!("\r\ncontent-length: {}", text.len())), "{}", got.head);
        let block = format!("<wsse:Security {}</wsse:Security>", between(&text, "<wsse:Security ", "</wsse:Security>"));
        assert!(block.contains("#PasswordText\">s&#233;cret &lt;1&gt;</wsse:Password>"), "{block}");
        let without = text
            .replace(&format!("<s:Header>{block}</s:Header>"), "")
            .replace(&block, "")
            .replace("<s:Header\n></s:Header>", "<s:Header\n/>");
        assert_eq!(without.as_bytes(), body, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_soap_in_other_encodings() {
    let (upstream, server) = both("wss: { username_token: { user: svc, password_file: pw } }", "").await;
    let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(get_country().encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let answer = server.ask("POST /countries/1\nContent-Type: text/xml", &utf16).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let units: Vec<u16> = upstream.got().pop().unwrap().body[2..].chunks(2).map(|c| u16::from_le_bytes([c[0], c[1]])).collect();
    let text = String::from_utf16(&units).unwrap();
    assert!(text.contains("<s:Header><wsse:Security ") && text.ends_with("</s:Envelope>"), "{text}");
    let latin = [b"<?xml version='1.0' encoding='iso-8859-1'?>\n".as_slice(), get_country().as_bytes()].concat();
    assert_eq!(server.ask("POST /countries/1\nContent-Type: text/xml", &latin).await.status, 200);
    let odd = [b"<?xml version='1.0' encoding='iso-8859-1'?><!-- \xFC -->\n".as_slice(), get_country().as_bytes()].concat();
    let answer = server.ask("POST /countries/1\nContent-Type: text/xml", &odd).await;
    assert_eq!(answer.status, 415, "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_own_security_header_is_left_alone() {
    let (upstream, server) = both("wss: { username_token: { user: svc, password_file: pw } }", "").await;
    let own = format!("<s:Header><o:Security xmlns:o=\"{WSSE}\">mine</o:Security></s:Header><s:Body");
    let body = get_country().replacen("<s:Body", &own, 1);
    assert_eq!(server.ask("POST /countries/1\nContent-Type: text/xml", &body).await.status, 200);
    assert_eq!(upstream.got().pop().unwrap().body, body.as_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn addressing_is_written_where_it_is_asked_for() {
    let (upstream, server) = both("", "addressing: on").await;
    let (_, body) = rest(&upstream, &server).await;
    assert!(body.contains(">urn:castile:samples:countries/GetCountry</wsa:Action>"), "{body}");
    assert!(body.contains(&format!(">http://{}/up</wsa:To>", upstream.address)), "{body}");
    let id = between(&body, ">urn:uuid:", "<").to_owned();
    assert!(rest(&upstream, &server).await.1.contains("urn:uuid:") && !rest(&upstream, &server).await.1.contains(&id));
    for (yaml, uri) in [
        ("addressing: 2004", "http://schemas.xmlsoap.org/ws/2004/08/addressing"),
        ("addressing: on", "http://www.w3.org/2005/08/addressing"),
    ] {
        let (upstream, server) = both("", yaml).await;
        assert!(rest(&upstream, &server).await.1.contains(&format!("<wsa:Action xmlns:wsa=\"{uri}\">")), "{yaml}");
    }
    for (yaml, to) in [
        ("addressing: { mode: on, to: \"urn:orders:a&b\" }", "urn:orders:a&amp;b"),
        ("addressing: { mode: 2004, to: https://x/y }", "https://x/y"),
    ] {
        let (upstream, server) = both("", yaml).await;
        let (head, body) = rest(&upstream, &server).await;
        assert!(body.contains(&format!(">{to}</wsa:To>")), "{yaml}: {body}");
        assert!(head.starts_with("post /up "), "and it is still called at its address: {head}");
    }
    for yaml in ["addressing: off", "", "addressing: { to: urn:orders }"] {
        let (upstream, server) = both("", yaml).await;
        assert!(!rest(&upstream, &server).await.1.contains("wsa:"), "{yaml}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_security_is_the_gateways() {
    let fault =
        soap(&format!("<s:Fault xmlns:w=\"{WSSE}\"><faultcode>w:FailedAuthentication</faultcode><faultstring>no</faultstring></s:Fault>"));
    let upstream = Upstream::answering("500 Oh", "text/xml", fault.as_bytes()).await;
    let server = Server::of(folder(&upstream, "wss: { username_token: { user: svc, password_file: pw } }", ""), Config::default()).await;
    let answer = server.post(GET_COUNTRY, "{\"code\":\"LK\"}").await;
    assert_eq!((answer.status, answer.problem().as_str()), (502, "castile.fault"));
}

/// A reply with a `wsse:Security` of its own that must be understood: time, token, and a signature over them and the Body.
fn signed(reply: String) -> String {
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["service.example".to_owned()]).unwrap().self_signed(&key).unwrap();
    let signer = Signer::new(&certificate.pem(), &Secret::new(key.serialize_pem())).unwrap();
    let parts = SignedParts { body: true, timestamp: true, addressing: false, username_token: false, certificate: true };
    let security = Security {
        timestamp: Some(std::time::Duration::from_secs(300)),
        must_understand: true,
        signature: Some(Signature { signer: signer.into(), parts }),
        ..Security::default()
    };
    let moment = Moment::new(1_795_562_400_123, [7; 48]);
    String::from_utf8(secure(reply.into_bytes(), Some(&security), None, &moment).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_reply_is_read_and_what_it_says_of_itself_is_counted() {
    castile::telemetry::metrics();
    let plain = Upstream::answering("200 OK", "text/xml", country().as_bytes()).await;
    let plain = Server::start(plain.address).await.post(GET_COUNTRY, "{\"code\":\"LK\"}").await;
    let reply = signed(country());
    assert!(reply.contains("<ds:SignatureValue>") && reply.contains("<s:Body xmlns:wsu="), "{reply}");
    let upstream = Upstream::answering("200 OK", "text/xml", reply.as_bytes()).await;
    let folder = countries(upstream.address, "");
    std::fs::rename(folder.path().join("countries"), folder.path().join("signed")).unwrap();
    let path = folder.path().join("signed/api.yaml");
    let text = std::fs::read_to_string(&path).unwrap().replace("name: countries", "name: signed");
    std::fs::write(&path, text).unwrap();
    let server = Server::of(folder, Config::default()).await;
    let answer = server.post("/signed/1/GetCountry", "{\"code\":\"LK\"}").await;
    assert_eq!((answer.status, answer.text()), (200, plain.text()));
    let metrics = castile::telemetry::metrics().render();
    assert!(metrics.contains("castile_reply_headers_dropped_total{api=\"signed\"} 1"), "{metrics}");
    let raw = server.ask("POST /signed/1\nContent-Type: text/xml", get_country()).await;
    assert_eq!((raw.status, raw.text()), (200, reply));
}

#[tokio::test(flavor = "multi_thread")]
async fn signed_faults_are_read_and_encrypted_replies_are_not() {
    let fault = signed(soap("<s:Fault><faultcode>s:Client</faultcode><faultstring>no</faultstring></s:Fault>"));
    let upstream = Upstream::answering("500 Oh", "text/xml", fault.as_bytes()).await;
    let answer = Server::start(upstream.address).await.post(GET_COUNTRY, "{\"code\":\"LK\"}").await;
    assert_eq!((answer.status, answer.problem().as_str()), (400, "castile.fault"));
    let encrypted = "<x:EncryptedData xmlns:x=\"http://www.w3.org/2001/04/xmlenc#\"><x:CipherData><x:CipherValue>AAAA</x:CipherValue></x:CipherData></x:EncryptedData>";
    let upstream = Upstream::answering("200 OK", "text/xml", signed(soap(encrypted)).as_bytes()).await;
    let answer = Server::start(upstream.address).await.post(GET_COUNTRY, "{\"code\":\"LK\"}").await;
    assert_eq!((answer.status, answer.problem().as_str()), (502, "castile.upstream_reply"));
    assert!(answer.text().contains("EncryptedData") && !answer.text().contains("AAAA"), "{}", answer.text());
}

#[test]
fn a_missing_secret_is_named_where_it_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    let wsdl = dir.path().join("countries/wsdl");
    std::fs::create_dir_all(&wsdl).unwrap();
    for name in ["service.wsdl", "types.xsd"] {
        std::fs::copy(crate::support::path("wsdl/countries").join(name), wsdl.join(name)).unwrap();
    }
    let auth = "wss: { username_token: { user: svc, password_env: CASTILE_TEST_NOWHERE }, signature: { certificate_file: c.pem, key_file: k.pem } }";
    let text =
        format!("version: 1\napi: {{ name: countries }}\nsource: {{ wsdl: wsdl/service.wsdl }}\nendpoint: {{ auth: {{ {auth} }} }}\n");
    std::fs::write(dir.path().join("countries/api.yaml"), text).unwrap();
    let content = catalog::read_api(&dir.path().join("countries")).unwrap();
    let built = catalog::build_with("countries", &content, Secrets::Needed);
    assert!(built.api.is_none());
    let said: Vec<_> = built.diagnostics.iter().filter(|d| d.code.id == "api.no-secret").map(|d| d.message.clone()).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert_eq!(said[0], "the environment variable `CASTILE_TEST_NOWHERE` is not set");
    assert!(said[1].starts_with("the file `c.pem` cannot be read: ") && said[2].starts_with("the file `k.pem`"), "{said:?}");
    let placed = built.diagnostics.iter().find(|d| d.code.id == "api.no-secret").and_then(|d| d.span);
    assert!(placed.is_some_and(|s| built.sources.position(s).is_some_and(|(line, _)| line == 4)));
    assert!(catalog::build_with("countries", &content, Secrets::NotNeeded).api.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_the_callers_own_credentials_is_the_callers() {
    use castile::mediate::Direction;
    use castile::sample::{Style, request};

    let fault = format!("<s:Fault xmlns:w=\"{WSSE}\"><faultcode>w:FailedAuthentication</faultcode><faultstring>no</faultstring></s:Fault>");
    let upstream = Upstream::answering("500 Oh", "text/xml", soap(&fault).as_bytes()).await;
    let folder = tempfile::tempdir().unwrap();
    let wsdl = folder.path().join("orders/wsdl");
    std::fs::create_dir_all(&wsdl).unwrap();
    for path in crate::support::files(&crate::support::path("wsdl/orders"), "wsdl")
        .iter()
        .chain(&crate::support::files(&crate::support::path("wsdl/orders"), "xsd"))
    {
        std::fs::copy(path, wsdl.join(path.file_name().unwrap())).unwrap();
    }
    let yaml = format!(
        "version: 1\napi: {{ name: orders }}\nsource: {{ wsdl: wsdl/service.wsdl }}\nendpoint: {{ url: \"http://{}/up\" }}\nheaders: {{ shop: secret }}\n",
        upstream.address
    );
    std::fs::write(folder.path().join("orders/api.yaml"), yaml).unwrap();
    let api = crate::support::api::published("orders", &crate::support::path("wsdl/orders"));
    let plan = api.program.operations.iter().find(|o| o.input.headers.iter().any(|h| &*h.key == "shop")).unwrap();
    let json = request(&api.program, plan, Direction::Request, None, Style::Typical).unwrap();
    let without: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let mut with = without.clone();
    with["$headers"] = serde_json::json!({ "shop": { "name": "lisbon", "@trace": true } });
    let server = Server::of(folder, Config::default()).await;
    let path = format!("/orders/1/{}", plan.name);
    let answer = server.post(&path, &with.to_string()).await;
    assert_eq!((answer.status, answer.field("www-authenticate")), (401, Some("wsse profile=\"usernametoken\"")), "{}", answer.text());
    assert_eq!(server.post(&path, &without.to_string()).await.status, 502);
}

const SIGNATURE: &str = "auth: { wss: { signature: { certificate_file: cert.pem, key_file: key.pem } } }";

/// Lets an API's endpoint have these settings, and a key.
fn with_key(api: &std::path::Path, settings: &str) {
    write_key(api, &ec());
    let path = api.join("api.yaml");
    let text = std::fs::read_to_string(&path).unwrap().replace("/up\" }", &format!("/up\", {settings} }}"));
    std::fs::write(&path, text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn where_messages_are_signed_attachments_are_refused() {
    let upstream = Upstream::answering("200 OK", "text/xml", soap("<PutResponse xmlns=\"urn:swa\">done</PutResponse>").as_bytes()).await;
    let folder = attachments::api("attachments-mime", upstream.address, "");
    with_key(&folder.path().join("docs"), SIGNATURE);
    let server = Server::of(folder, Config::default()).await;
    let answer = server.post("/docs/1/Put", "{\"title\":\"t\"}").await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let sent = String::from_utf8(upstream.got().pop().unwrap().body).unwrap();
    assert!(sent.contains("SignatureValue>") && sent.contains(">t</"), "{sent}");
    let form = "--f\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"x\"\r\n\r\nx\r\n--f--\r\n";
    for (answer, place) in [
        (
            server.post("/docs/1/Put", "{\"title\":\"t\",\"$attachments\":{\"notes\":\"aGVsbG8=\"}}").await,
            serde_json::json!({ "pointer": "/$attachments/notes" }),
        ),
        (server.post("/docs/1/Put", "{\"title\":\"t\",\"sheet\":\"aGVsbG8=\"}").await, serde_json::json!({ "pointer": "/sheet" })),
        (
            server.ask("POST /docs/1/Only\nContent-Type: multipart/form-data; boundary=f", form.replace("photo", "file")).await,
            serde_json::json!({ "in": "form", "name": "file" }),
        ),
    ] {
        assert_eq!((answer.status, answer.problem().as_str()), (400, "castile.invalid_request"), "{}", answer.text());
        let errors = answer.json()["errors"].clone();
        assert!(errors[0]["expected"].as_str().unwrap().contains("signs its messages"), "{errors}");
        for (key, value) in place.as_object().unwrap() {
            assert_eq!(&errors[0][key], value, "{errors}");
        }
    }
    assert_eq!(upstream.got().len(), 1, "nothing of them was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn listed_fields_come_back_with_signed_raw_calls() {
    let upstream = Upstream::answering("200 OK", "text/xml\r\nx-rate: 5\r\nx-other: 6", country().as_bytes()).await;
    let folder = countries(upstream.address, "");
    with_key(&folder.path().join("countries"), &format!("{SIGNATURE}, return_headers: [X-Rate]"));
    let server = Server::of(folder, Config::default()).await;
    let raw = server.ask("POST /countries/1\nContent-Type: text/xml", get_country()).await;
    assert_eq!((raw.status, raw.field("x-rate"), raw.field("x-other")), (200, Some("5"), None), "{}", raw.head);
    assert!(String::from_utf8(upstream.got()[0].body.clone()).unwrap().contains("SignatureValue>"));
}

//! Upstreams that behave badly: every reply that is no good envelope is told as what it is.

use std::io::Write;
use std::time::Duration;

use castile::config::{Config, ExposeFaults};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::bench_of::{Answer, Do, Server, Upstream, country, reply, soap};

const GET_COUNTRY: &str = "/countries/1/GetCountry";

async fn ask(acts: Vec<Do>, yaml: &str) -> Answer {
    let upstream = Upstream::start(acts).await;
    let server = Server::with(upstream.address, yaml, Config::default()).await;
    server.post(GET_COUNTRY, "{\"code\":\"LK\"}").await
}

async fn ask_for(status: &str, type_: &str, body: &[u8]) -> Answer {
    ask(vec![Do::Send(reply(status, type_, body))], "").await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn coded(body: &[u8], coding: &str) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-encoding: {coding}\r\ncontent-length: {}\r\n\r\n", body.len())
            .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

fn fault(code: &str, detail: &str) -> String {
    soap(&format!("<s:Fault><faultcode>{code}</faultcode><faultstring>inner text</faultstring>{detail}</s:Fault>"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_soap_is_a_502_that_says_what_came() {
    let good = country();
    let table: Vec<(&str, &str, Vec<u8>, &[&str])> = vec![
        ("200 OK", "text/html", b"<html><body>Error at 10.1.2.3</body></html>".to_vec(), &["status 200", "text/html"]),
        ("503 Unavailable", "text/html; charset=utf-8", b"<html/>".to_vec(), &["status 503", "text/html"]),
        ("200 OK", "application/json", b"{}".to_vec(), &["application/json"]),
        ("200 OK", "text/xml", b"<html/>".to_vec(), &["status 200"]),
        ("200 OK", "text/xml", Vec::new(), &["empty"]),
        ("404 Not Found", "text/xml", good.clone().into_bytes(), &["status 404"]),
        ("302 Found", "text/html", Vec::new(), &["status 302"]),
        ("200 OK", "text/xml", good.as_bytes()[..good.len() - 20].to_vec(), &["cannot be read"]),
        ("200 OK", "text/xml", good.replace("</s:Body>", "").into_bytes(), &["cannot be read"]),
        ("200 OK", "text/xml; charset=utf-16", good.clone().into_bytes(), &["cannot be read"]),
        ("200 OK", "text/xml; charset=klingon", good.clone().into_bytes(), &["cannot be read"]),
        ("200 OK", "text/xml", good.replace("Sri Lanka", "\u{1}").into_bytes(), &["cannot be read"]),
        ("200 OK", "text/xml", format!("<!DOCTYPE x>{good}").into_bytes(), &["cannot be read"]),
        ("200 OK", "multipart/related", good.clone().into_bytes(), &["boundary"]),
        ("200 OK", "multipart/related; boundary=b", format!("--b\r\n\r\n{good}\r\n").into_bytes(), &["cut off"]),
    ];
    for (status, type_, body, says) in table {
        let answer = ask_for(status, type_, &body).await;
        assert_eq!((answer.status, answer.problem().as_str()), (502, "castile.upstream_reply"), "{status} {type_}: {}", answer.text());
        for what in says {
            assert!(answer.text().contains(what), "{what}: {}", answer.text());
        }
        assert!(!answer.text().contains("10.1.2.3") && !answer.text().contains("127.0.0.1"), "{}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn good_replies_in_other_clothes() {
    let text = country();
    let utf16: Vec<u8> = [0xFE, 0xFF].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    let latin = text.replace("Sri Lanka", "\u{e9}").chars().map(|c| c as u8).collect::<Vec<u8>>();
    let mime = format!(
        "--b\r\nContent-Type: application/xop+xml; charset=utf-8\r\nContent-ID: <r>\r\n\r\n{text}\r\n--b\r\nContent-ID: <a>\r\n\r\n\0\u{1}\r\n--b--\r\n"
    );
    for (type_, body, name) in [
        ("text/xml; charset=\"UTF-8\"", text.clone().into_bytes(), "Sri Lanka"),
        ("", text.clone().into_bytes(), "Sri Lanka"),
        ("application/soap+xml", text.clone().into_bytes(), "Sri Lanka"),
        ("text/xml", utf16, "Sri Lanka"),
        ("text/xml; charset=iso-8859-1", latin, "\u{e9}"),
        ("multipart/related; boundary=b; type=\"application/xop+xml\"; start=\"<r>\"", mime.into_bytes(), "Sri Lanka"),
    ] {
        let answer = ask_for("200 OK", type_, &body).await;
        assert_eq!(answer.status, 200, "{type_}: {}", answer.text());
        assert_eq!(answer.json()["GetCountryResult"]["name"], name, "{type_}");
    }
    let early = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n".to_vec();
    let answer = ask(vec![Do::Send(early), Do::Wait(50), Do::Send(reply("200 OK", "text/xml", text.as_bytes()))], "").await;
    assert_eq!(answer.status, 200, "1xx before the reply: {}", answer.text());
    let drops = text.as_bytes().iter().flat_map(|b| [Do::Send(format!("1\r\n{}\r\n", *b as char).into_bytes()), Do::Wait(1)]);
    let head = Do::Send(b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ntransfer-encoding: chunked\r\n\r\n".to_vec());
    let answer = ask([head].into_iter().chain(drops).chain([Do::Send(b"0\r\n\r\n".to_vec())]).collect(), "").await;
    assert_eq!(answer.json()["GetCountryResult"]["name"], "Sri Lanka", "byte by byte");
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_replies_are_inflated_within_limits() {
    let good = gzip(country().as_bytes());
    assert_eq!(ask(vec![Do::Send(coded(&good, "gzip"))], "").await.status, 200);
    let cut = &good[..good.len() - 9];
    let mut damaged = good.clone();
    damaged[20] ^= 0xFF;
    let bomb = gzip(&vec![b' '; 9 << 20]);
    assert!(bomb.len() < 20_000);
    let long: String = (0..2_000_000u64).map(|i| format!("{:07}", i.wrapping_mul(7_919_777) % 9_999_991)).collect();
    let large = gzip(country().replace("Sri Lanka", &long).as_bytes());
    for (name, body, coding, says) in [
        ("cut off", cut, "gzip", "cut off"),
        ("damaged", &damaged[..], "gzip", ""),
        ("a bomb", &bomb[..], "gzip", "100 times"),
        ("too large", &large[..], "gzip", "bytes"),
        ("another coding", &good[..], "br", "compression"),
        ("no gzip at all", &b"<a/>"[..], "gzip", "gzip"),
    ] {
        let answer = ask(vec![Do::Send(coded(body, coding))], "limits: { reply: 10MiB }\nstream: never").await;
        assert_eq!((answer.status, answer.problem().as_str()), (502, "castile.upstream_reply"), "{name}: {}", answer.text());
        assert!(answer.text().contains(says), "{name}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_under_any_status() {
    for status in ["200 OK", "500 Internal Server Error", "400 Bad Request"] {
        let answer = ask_for(status, "text/xml", fault("s:Server", "").as_bytes()).await;
        assert_eq!((answer.status, answer.problem().as_str()), (502, "castile.fault"), "{status}: {}", answer.text());
        assert!(!answer.text().contains("inner text"), "{}", answer.text());
        let answer = ask_for(status, "text/xml", fault("s:Client", "").as_bytes()).await;
        assert_eq!(answer.status, 400, "{status}");
    }
    let upstream = Upstream::answering("500 Error", "text/xml", fault("s:Server", "").as_bytes()).await;
    let mut config = Config::default();
    config.gateway.faults = ExposeFaults::All;
    let server = Server::with(upstream.address, "", config.clone()).await;
    let answer = server.post(GET_COUNTRY, "{\"code\":\"LK\"}").await;
    assert_eq!((answer.json()["detail"].clone(), answer.json()["fault"]["code"].clone()), ("inner text".into(), "Server".into()));
    let server = Server::with(upstream.address, "faults: { expose: declared }", config).await;
    assert!(!server.post(GET_COUNTRY, "{\"code\":\"LK\"}").await.text().contains("inner text"), "what the API says counts more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declared_fault_is_typed_and_keeps_its_status() {
    let detail =
        "<detail><CountryExists xmlns=\"urn:castile:samples:countries\"><code>LK</code><name>Ceylon</name></CountryExists></detail>";
    let upstream = Upstream::answering("500 Error", "text/xml", fault("s:Server", detail).as_bytes()).await;
    let add = "{\"country\":{\"code\":\"LK\",\"name\":\"a\",\"continent\":\"Asia\",\"capital\":\"b\",\"population\":1,\"area\":1,\"founded\":null}}";
    let server = Server::start(upstream.address).await;
    let answer = server.post("/countries/1/AddCountry", add).await;
    assert_eq!((answer.status, answer.problem().as_str()), (422, "castile.fault"), "{}", answer.text());
    let json = answer.json();
    assert_eq!((json["title"].clone(), json["detail"].clone()), ("CountryExists".into(), "inner text".into()));
    assert_eq!(json["fault"]["detail"]["CountryExists"]["name"], "Ceylon", "{json}");
    let yaml = "resources:\n  - post: /AddCountry\n    operation: AddCountry\n    faults: { CountryExists: 409 }\n";
    let server = Server::with(upstream.address, yaml, Config::default()).await;
    assert_eq!(server.post("/countries/1/AddCountry", add).await.status, 409);
}

#[tokio::test(flavor = "multi_thread")]
async fn upstreams_that_do_not_answer() {
    let nobody = { std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap() };
    let server = Server::start(nobody).await;
    let answer = server.post(GET_COUNTRY, "{\"code\":\"LK\"}").await;
    assert_eq!((answer.status, answer.problem().as_str()), (502, "castile.upstream_unreachable"));

    let answer = ask(vec![Do::Close], "").await;
    assert_eq!((answer.status, answer.problem().as_str()), (502, "castile.upstream_reply"));
    let answer = ask(vec![Do::Send(b"SSH-2.0-OpenSSH\r\n".to_vec()), Do::Close], "").await;
    assert_eq!((answer.status, answer.problem().as_str()), (502, "castile.upstream_reply"));

    let timeouts = |first: &str, whole: &str| format!(", first_byte_timeout: {first}, timeout: {whole} }}");
    let half = [&b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ncontent-length: 5000\r\n\r\n"[..], country().as_bytes()].concat();
    for (acts, tail) in [
        (vec![Do::Wait(5000)], timeouts("300ms", "5s")),
        (vec![Do::Wait(5000)], timeouts("5s", "300ms")),
        (vec![Do::Send(half), Do::Wait(5000)], timeouts("5s", "300ms")),
    ] {
        let upstream = Upstream::start(acts).await;
        let folder = super::bench_of::countries(upstream.address, "");
        let path = folder.path().join("countries/api.yaml");
        let text = std::fs::read_to_string(&path).unwrap().replace("/up\" }", &format!("/up\"{tail}"));
        std::fs::write(&path, text).unwrap();
        let server = Server::of(folder, Config::default()).await;
        let began = std::time::Instant::now();
        let answer = server.post(GET_COUNTRY, "{\"code\":\"LK\"}").await;
        assert_eq!((answer.status, answer.problem().as_str()), (504, "castile.upstream_timeout"), "{}", answer.text());
        assert!(began.elapsed() < Duration::from_secs(2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_leaves_ends_the_call() {
    let upstream = Upstream::start(vec![Do::Wait(3000), Do::Send(reply("200 OK", "text/xml", country().as_bytes()))]).await;
    let server = Server::with(upstream.address, "limits: { in_flight: 1 }", Config::default()).await;
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let request = format!(
        "POST {GET_COUNTRY} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{{\"code\":\"LK\"}}"
    );
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(stream);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(server.post(GET_COUNTRY, "{\"code\":\"LK\"}").await.status, 200, "the only place is free again");
}

//! Raw SOAP: bytes in, bytes out, and nothing forwarded that is not an operation of the API.

use std::time::Duration;

use castile::config::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::bench_of::{Answer, Do, Server, Upstream, country, find, get_country, reply, soap, to_end};

const SOAP12: &str = "http://www.w3.org/2003/05/soap-envelope";
const ACTION: &str = "urn:castile:samples:countries/GetCountry";

async fn both() -> (Upstream, Server) {
    let upstream = Upstream::answering("200 OK", "text/xml; charset=\"utf-8\"; x=y", country().as_bytes()).await;
    let server = Server::start(upstream.address).await;
    (upstream, server)
}

fn soap12(text: &str) -> String {
    text.replace("http://schemas.xmlsoap.org/soap/envelope/", SOAP12)
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_pass_unchanged_both_ways() {
    let (upstream, server) = both().await;
    let odd = format!("<?xml version='1.0'?><!-- c --> {}\n<?pi ?>", get_country().replace("<code>", "<code  >"));
    let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(get_country().encode_utf16().flat_map(u16::to_le_bytes)).collect();
    for (type_, body) in [
        ("text/xml; charset=utf-8; odd=\"1\"", odd.clone().into_bytes()),
        ("text/xml", utf16),
        ("application/soap+xml", soap12(&odd).into_bytes()),
    ] {
        let head = format!("POST /countries/1\nContent-Type: {type_}\nSOAPAction: \"{ACTION}\"\nAuthorization: x\nCookie: y");
        let answer = server.ask(&head, &body).await;
        assert_eq!((answer.status, answer.field("content-type")), (200, Some("text/xml; charset=\"utf-8\"; x=y")), "{}", answer.text());
        assert_eq!(answer.text(), country());
        let got = upstream.got().pop().unwrap();
        assert_eq!(got.body, body, "{type_}");
        assert!(got.head.contains(&format!("\r\ncontent-type: {type_}")), "{}", got.head);
        assert!(got.head.contains(&format!("\r\nsoapaction: \"{}\"", ACTION.to_lowercase())), "{}", got.head);
        assert!(got.head.contains(&format!("\r\ncontent-length: {}", body.len())), "{}", got.head);
        assert!(!got.head.contains("authorization") && !got.head.contains("cookie"), "{}", got.head);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_back_is_forwarded_whatever_it_is() {
    for (status, type_, body) in
        [("500 Oh", "text/xml", soap("<s:Fault/>")), ("404 No", "text/html", String::from("<html>")), ("202 Accepted", "", String::new())]
    {
        let upstream = Upstream::answering(status, type_, body.as_bytes()).await;
        let server = Server::start(upstream.address).await;
        let answer = server.ask("POST /countries/1\nContent-Type: text/xml", get_country()).await;
        assert_eq!(answer.status.to_string(), status[..3]);
        assert_eq!((answer.field("content-type").unwrap_or_default(), answer.text()), (type_, body));
    }
    let upstream =
        Upstream::start(vec![Do::Send(b"HTTP/1.1 307 x\r\nlocation: http://10.0.0.1/\r\ncontent-length: 0\r\n\r\n".to_vec())]).await;
    let server = Server::start(upstream.address).await;
    let answer = server.ask("POST /countries/1\nContent-Type: text/xml", get_country()).await;
    assert_eq!((answer.status, answer.field("location")), (502, None), "{}", answer.text());
    assert!(answer.text().contains("faultcode"), "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_faults_of_the_callers_version() {
    let (upstream, server) = both().await;
    let other = "urn:castile:samples:countries/AddCountry";
    let wsa = |a: &str| {
        get_country().replace(
            "<s:Body>",
            &format!("<s:Header><w:Action xmlns:w='http://www.w3.org/2005/08/addressing'>{a}</w:Action></s:Header><s:Body>"),
        )
    };
    let unknown = soap("<Nothing xmlns=\"urn:castile:samples:countries\"/>");
    let encrypted = soap("<x:EncryptedData xmlns:x=\"http://www.w3.org/2001/04/xmlenc#\"/>");
    let long = get_country().replace("<s:Body>", &format!("<s:Header>{}</s:Header><s:Body>", "<h/>".repeat(80_000)));
    let table: Vec<(String, String, u16)> = vec![
        (format!("text/xml\nSOAPAction: \"{other}\""), get_country(), 400),
        (format!("text/xml\nSOAPAction: {other}"), get_country(), 400),
        (format!("application/soap+xml; action=\"{other}\""), soap12(&get_country()), 400),
        (String::from("text/xml"), wsa(other), 400),
        (format!("text/xml\nSOAPAction: \"{ACTION}\""), wsa(other), 400),
        (String::from("text/xml"), unknown, 400),
        (String::from("text/xml"), soap(""), 400),
        (String::from("text/xml"), encrypted.clone(), 400),
        (String::from("text/xml"), String::from("<html/>"), 400),
        (String::from("text/xml"), String::from("no XML"), 400),
        (String::from("text/xml"), format!("<!DOCTYPE a>{}", get_country()), 400),
        (String::from("text/xml"), get_country().replace("<code>", "<code><b>"), 400),
        (String::from("text/xml"), String::new(), 400),
        (String::from("text/xml"), long, 413),
        (String::from("multipart/related"), get_country(), 400),
        (String::from("multipart/related; boundary=b"), format!("--b\r\n\r\n{}\r\n--c--", get_country()), 400),
    ];
    for (type_, body, status) in table {
        let answer = server.ask(&format!("POST /countries/1\nContent-Type: {type_}"), &body).await;
        assert_eq!(answer.status, status, "{type_} {body:.300}: {}", answer.text());
        let is_12 = type_.starts_with("application/soap+xml");
        let (own, part) = if is_12 { (SOAP12, "Sender") } else { ("http://schemas.xmlsoap.org/soap/envelope/", "faultstring") };
        assert!(answer.text().contains(own) && answer.text().contains(part), "{}", answer.text());
        assert!(answer.text().to_lowercase().contains(answer.field("x-request-id").unwrap()));
    }
    assert!(upstream.got().iter().all(|g| !g.complete), "{:?}", upstream.got());
    let answer = server.ask("POST /countries/1\nContent-Type: text/xml", encrypted.clone()).await;
    assert!(["GetCountry", "ListCountries", "AddCountry"].iter().all(|n| answer.text().contains(n)), "{}", answer.text());
    for (type_, body) in
        [(format!("text/xml\nSOAPAction: \"{ACTION}\""), encrypted), (String::from("text/xml\nSOAPAction: \"\""), wsa(ACTION))]
    {
        assert_eq!(server.ask(&format!("POST /countries/1\nContent-Type: {type_}"), body).await.status, 200, "{type_}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_of_faults_can_be_what_old_callers_know() {
    let upstream = Upstream::answering("200 OK", "text/xml", country().as_bytes()).await;
    let server = Server::with(upstream.address, "soap_fault_status: 500", Config::default()).await;
    assert_eq!(server.ask("POST /countries/1\nContent-Type: text/xml", "<html/>").await.status, 500);
}

#[tokio::test(flavor = "multi_thread")]
async fn attachments_pass_untouched() {
    let (upstream, server) = both().await;
    let type_ = "multipart/related; boundary=\"b\"; type=\"application/xop+xml\"; start=\"<root>\"; start-info=\"application/soap+xml\"";
    let mut body = b"--b\r\nContent-ID: <file>\r\n\r\n".to_vec();
    // Attachments are bytes: no XML, no text.
    body.extend((0..100_000u32).map(|i| (i * 7) as u8).filter(|b| *b != b'-'));
    body.extend(
        format!(
            "\r\n--b\r\nContent-Type: application/xop+xml; charset=utf-8\r\nContent-ID: <root>\r\n\r\n{}\r\n--b--\r\n",
            soap12(&get_country())
        )
        .into_bytes(),
    );
    let answer = server.ask(&format!("POST /countries/1\nContent-Type: {type_}"), &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(upstream.got()[0].body, body);
    let bad = String::from_utf8_lossy(&body).replace("GetCountry", "Nothing");
    let answer = server.ask(&format!("POST /countries/1\nContent-Type: {type_}"), bad).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains(SOAP12), "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_violation_after_forwarding_began_cuts_both_sides() {
    // The upstream answers before the request has ended.
    let upstream = Upstream::start(vec![Do::Send(reply("200 OK", "text/xml", country().as_bytes()))]).await;
    let server = Server::start(upstream.address).await;
    let start = get_country().replace("</code></GetCountry></s:Body></s:Envelope>", "");
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head =
        format!("POST /countries/1 HTTP/1.1\r\nHost: {}\r\nContent-Type: text/xml\r\nTransfer-Encoding: chunked\r\n\r\n", server.address);
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    stream.write_all(format!("{head}{}", chunk(&start)).as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    stream.write_all(chunk("</wrong>").as_bytes()).await.unwrap();
    let answer = Answer::parse(&to_end(&mut stream).await);
    assert_eq!(answer.status, 400, "{}", answer.text());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let got = upstream.got();
    assert_eq!(got.len(), 1);
    assert!(!got[0].complete, "the upstream sees that the request has no end: {:?}", got[0]);
    assert!(find(&got[0].body, b"</wrong>").is_none(), "what is refused is not forwarded");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_breaks_is_cut_for_the_caller_too() {
    let half = [&b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ntransfer-encoding: chunked\r\n\r\n5\r\n<a/>\n\r\n"[..]].concat();
    let upstream = Upstream::start(vec![Do::Send(half), Do::Wait(200), Do::Close]).await;
    let server = Server::start(upstream.address).await;
    let answer = server.ask("POST /countries/1\nContent-Type: text/xml", get_country()).await;
    assert_eq!((answer.status, answer.complete), (200, false));
    let large = "x".repeat(2 << 20);
    let upstream = Upstream::answering("200 OK", "text/xml", large.as_bytes()).await;
    let server = Server::with(upstream.address, "limits: { reply: 1MiB, soap_request: 1MiB }", Config::default()).await;
    assert_eq!(server.ask("POST /countries/1\nContent-Type: text/xml", get_country()).await.status, 502);
    let answer = server.ask("POST /countries/1\nContent-Type: text/xml", large.as_bytes()).await;
    assert_eq!(answer.status, 413, "{:.300}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_passthrough_is_no_method_of_the_address() {
    let upstream = Upstream::answering("200 OK", "text/xml", country().as_bytes()).await;
    let server = Server::with(upstream.address, "passthrough: false", Config::default()).await;
    let answer = server.ask("POST /countries/1\nContent-Type: text/xml", get_country()).await;
    assert_eq!((answer.status, answer.field("allow")), (405, Some("get, head, options")));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answer_begins_before_the_reply_has_ended() {
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\ntransfer-encoding: chunked\r\n\r\n5\r\n<a/>\n\r\n".to_vec();
    let upstream = Upstream::start(vec![Do::Send(head), Do::Wait(1500), Do::Send(b"0\r\n\r\n".to_vec())]).await;
    let server = Server::start(upstream.address).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let body = get_country();
    let request =
        format!("POST /countries/1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let began = std::time::Instant::now();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut seen = Vec::new();
    while find(&seen, b"<a/>").is_none() {
        let mut buffer = [0; 4096];
        let n = stream.read(&mut buffer).await.unwrap();
        seen.extend_from_slice(&buffer[..n]);
    }
    assert!(began.elapsed() < Duration::from_millis(1000), "{:?}", began.elapsed());
}

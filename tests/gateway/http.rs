//! HTTP/1 as it must be: framing, hosts, paths, methods. Each row is bytes on a socket.

use super::bench_of::{Answer, Server, Upstream, country, find, to_end};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

async fn server() -> Server {
    let upstream = Upstream::answering("200 OK", "text/xml", country().as_bytes()).await;
    Server::start(upstream.address).await
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_two_readers_could_read_differently_are_refused() {
    let server = server().await;
    let host = "Host: localhost";
    let table: &[(&str, u16)] = &[
        ("GET /countries/1 HTTP/1.1\r\n\r\n", 400),
        (&format!("GET /countries/1 HTTP/1.1\r\n{host}\r\n{host}\r\n\r\n"), 400),
        (&format!("GET http://other/countries/1 HTTP/1.1\r\n{host}\r\n\r\n"), 400),
        (&format!("GET /countries/1 HTTP/1.1\n{host}\r\n\r\n"), 400),
        (&format!("GET /countries/1 HTTP/1.1\r\n{host}\n\r\n"), 400),
        (&format!("GET /countries/1 HTTP/1.1\r\n{host}\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n"), 400),
        (&format!("POST /countries/1 HTTP/1.1\r\n{host}\r\nContent-Length: 1, 1\r\n\r\nx"), 400),
        (&format!("POST /countries/1 HTTP/1.1\r\n{host}\r\nContent-Length: +1\r\n\r\nx"), 400),
        (&format!("POST /countries/1 HTTP/1.1\r\n{host}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400),
        (&format!("POST /countries/1 HTTP/1.1\r\n{host}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), 501),
        (&format!("POST /countries/1 HTTP/1.1\r\n{host}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), 501),
        (&format!("POST /countries/1 HTTP/1.1\r\n{host}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"), 400),
        (&format!("POST /countries/1 HTTP/1.0\r\n{host}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400),
        (&format!("GET /countries/1 HTTP/1.1\r\n{host}\r\n folded: yes\r\n\r\n"), 400),
        (&format!("GET /countries/1 HTTP/1.1\r\n{host}\r\nX: a\0b\r\n\r\n"), 400),
        (&format!("GET /countries/1\r\n{host}\r\n\r\n"), 400),
        (&format!("GET  /countries/1 HTTP/1.1\r\n{host}\r\n\r\n"), 400),
        (&format!("GET /countries/1 HTTP/3.0\r\n{host}\r\n\r\n"), 505),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
        ("\x16\x03\x01\x02\0\x01\0\x01\u{7f}", 400),
        (&format!("TRACE /countries/1 HTTP/1.1\r\n{host}\r\n\r\n"), 405),
        (&format!("CONNECT localhost:1 HTTP/1.1\r\n{host}\r\n\r\n"), 405),
        (&format!("GET /{} HTTP/1.1\r\n{host}\r\n\r\n", "a".repeat(9000)), 414),
        (&format!("GET / HTTP/1.1\r\n{host}\r\nX: {}\r\n\r\n", "a".repeat(33_000)), 431),
        (&format!("GET / HTTP/1.1\r\n{host}\r\n{}\r\n", "x: y\r\n".repeat(101)), 431),
        (&format!("POST /countries/1/GetCountry HTTP/1.1\r\n{host}\r\nExpect: tea\r\n\r\n"), 417),
        ("GET /countries/1 HTTP/1.1\r\nHost: countries.example.org\r\nConnection: close\r\n\r\n", 421),
    ];
    for (request, status) in table {
        let answer = Answer::parse(&server.raw(request).await);
        assert_eq!(answer.status, *status, "{request:?}: {}", answer.text());
        answer.problem();
        if *status == 405 {
            assert!(answer.field("allow").is_some());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_that_mean_two_things_are_refused() {
    let server = server().await;
    for path in [
        "/countries/1/%00",
        "/countries/1/a%0d%0ab",
        "/countries/../countries/1",
        "/countries/%2e%2e/1",
        "/countries%2f1",
        "/a%5cb",
        "/%zz",
    ] {
        let answer = server.ask(&format!("GET {path}"), "").await;
        assert_eq!(answer.status, 400, "{path}");
        assert_eq!(answer.problem(), "castile.bad_request");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_smuggled_request_is_never_answered() {
    let server = server().await;
    let inner = "GET /countries/1 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let both = format!(
        "POST /countries/1/GetCountry HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{inner}",
        inner.len() + 5
    );
    let broken = format!(
        "POST /countries/1/GetCountry HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\n{{}}\r\n0\r\n\r\n{inner}"
    );
    for request in [both, broken] {
        let bytes = server.raw(request).await;
        let answers = bytes.windows(9).filter(|w| w == b"HTTP/1.1 ").count();
        assert_eq!(answers, 1, "{}", String::from_utf8_lossy(&bytes));
        assert_eq!(Answer::parse(&bytes).status, 400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_sent_ahead_are_answered_in_order() {
    let server = server().await;
    let body = "{\"code\":\"LK\"}";
    let post = format!(
        "POST /countries/1/GetCountry HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let chunked = "POST /countries/1/GetCountry HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\n{\"co\r\n9\r\nde\":\"LK\"}\r\n0\r\n\r\n";
    let last = "GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let bytes = server.raw(format!("{post}{chunked}\r\n{post}{last}")).await;
    let text = String::from_utf8_lossy(&bytes);
    let statuses: Vec<&str> = text.split("HTTP/1.1 ").skip(1).filter_map(|a| a.get(..3)).collect();
    assert_eq!(statuses, ["200", "200", "200", "404"], "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_at_any_cut_of_the_bytes() {
    let server = server().await;
    let request = format!(
        "POST /countries/1/GetCountry HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nd\r\n{{\"code\":\"LK\"}}\r\n0\r\n\r\n",
        server.address
    );
    for step in [1, 7, 64] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        for piece in request.as_bytes().chunks(step) {
            stream.write_all(piece).await.unwrap();
            tokio::task::yield_now().await;
        }
        let answer = Answer::parse(&to_end(&mut stream).await);
        assert_eq!((answer.status, answer.json()["GetCountryResult"]["code"].clone()), (200, "LK".into()), "{step}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn continue_is_said_only_when_the_body_is_wanted() {
    let server = server().await;
    let expecting = |type_: &str| {
        format!(
            "POST /countries/1/GetCountry HTTP/1.1\r\nHost: {}\r\nContent-Type: {type_}\r\nContent-Length: 13\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n",
            server.address
        )
    };
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(expecting("application/json").as_bytes()).await.unwrap();
    let mut first = [0; 25];
    tokio::io::AsyncReadExt::read_exact(&mut stream, &mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"{\"code\":\"LK\"}").await.unwrap();
    assert_eq!(Answer::parse(&to_end(&mut stream).await).status, 200);

    let bytes = server.raw(expecting("text/plain")).await;
    assert!(find(&bytes, b" 100 ").is_none(), "{}", String::from_utf8_lossy(&bytes));
    assert_eq!(Answer::parse(&bytes).status, 415);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_its_own_request_id() {
    let server = server().await;
    let mut ids = std::collections::HashSet::new();
    for head in [
        "GET /nowhere",
        "GET /countries/1",
        "OPTIONS /countries/1",
        "OPTIONS *",
        "HEAD /countries/1",
        "GET /countries/1?wsdl",
        "DELETE /countries/1",
    ] {
        let answer = server.ask(&format!("{head}\nX-Request-Id: mine"), "").await;
        let id = answer.field("x-request-id").unwrap_or_else(|| panic!("{head}")).to_owned();
        assert_eq!(id.len(), 26, "{head}");
        assert!(ids.insert(id), "{head}");
    }
}

//! A service that lies: whatever it sends, the caller's answer is right or a 502, never somebody else's.

use std::time::Duration;

use super::{impatient, prompt};
use crate::gateway::bench_of::{Answer, Do, Server, Upstream, country, reply};

/// The rest of a reply that began well.
fn after(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\n{head}\r\n").as_bytes(), body].concat()
}

/// An answer that is right, or says that the service's is not.
fn right_or_502(name: &str, answer: &Answer) {
    match answer.status {
        200 => assert!(answer.text().contains("Sri Lanka"), "{name}: {}", answer.text()),
        502 | 504 => assert!(!answer.problem().is_empty() && !answer.text().contains("127.0.0.1"), "{name}: {}", answer.text()),
        _ => panic!("{name}: {answer:?}"),
    }
}

fn lies() -> Vec<(&'static str, Vec<Do>)> {
    let body = country().into_bytes();
    let length = format!("content-length: {}\r\n", body.len());
    let send = |head: &str| Do::Send(after(head, &body));
    let chunk =
        |size: &str| Do::Send(after("transfer-encoding: chunked\r\n", &[size.as_bytes(), b"\r\n", &body, b"\r\n0\r\n\r\n"].concat()));
    let size = format!("{:x}", body.len());
    vec![
        ("a length too long, then the end", vec![send(&format!("content-length: {}\r\n", body.len() + 100)), Do::Close]),
        ("a length too long, then silence", vec![send(&format!("content-length: {}\r\n", body.len() + 100)), Do::Wait(5_000)]),
        ("a length too short", vec![send("content-length: 40\r\n")]),
        ("two lengths", vec![send(&format!("{length}content-length: 3\r\n"))]),
        ("length and chunks", vec![send(&format!("{length}transfer-encoding: chunked\r\n"))]),
        ("no number as length", vec![send("content-length: many\r\n")]),
        ("a negative length", vec![send("content-length: -1\r\n")]),
        ("a length beyond 64 bits", vec![send("content-length: 99999999999999999999999\r\n")]),
        ("no chunk size", vec![chunk("zz"), Do::Close]),
        ("a chunk size too large", vec![chunk("fffffffffffffffff"), Do::Close]),
        ("a chunk that is cut off", vec![chunk(&format!("1{size}")), Do::Close]),
        ("a coding that nobody asked for", vec![send(&format!("{length}content-encoding: br\r\n"))]),
        ("gzip that is none", vec![send(&format!("{length}content-encoding: gzip\r\n"))]),
        ("gzip over chunked", vec![send("transfer-encoding: gzip, chunked\r\n"), Do::Close]),
        ("a wrong charset", vec![Do::Send(reply("200 OK", "text/xml; charset=utf-16", &body))]),
        ("a charset that is none", vec![Do::Send(reply("200 OK", "text/xml; charset=klingon", &body))]),
        ("a charset of other bytes", vec![Do::Send(reply("200 OK", "text/xml; charset=utf-8", &[&body[..], b"\xff"].concat()))]),
        ("a NUL in a field", vec![send(&format!("{length}x-a: b\0c\r\n"))]),
        ("a field without a name", vec![send(&format!("{length}: b\r\n"))]),
        ("a field of 1 MB", vec![send(&format!("{length}x-a: {}\r\n", "a".repeat(1 << 20)))]),
        ("ten thousand fields", vec![send(&format!("{length}{}", "x-a: b\r\n".repeat(10_000)))]),
        ("a head that never ends", vec![Do::Send(b"HTTP/1.1 200 OK\r\nx-a: ".to_vec()), Do::Send(vec![b'a'; 8 << 20]), Do::Wait(5_000)]),
        (
            "a hundred interim answers",
            vec![Do::Send([b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n".repeat(100), after(&length, &body)].concat())],
        ),
        ("interim answers and nothing else", vec![Do::Send(b"HTTP/1.1 102 Processing\r\n\r\n".repeat(1_000)), Do::Wait(5_000)]),
        (
            "another protocol",
            vec![Do::Send(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n".to_vec()), Do::Wait(2_000)],
        ),
        ("no content", vec![Do::Send(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec())]),
        ("not modified", vec![Do::Send(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec())]),
        ("a redirect", vec![Do::Send(reply("302 Found", "text/xml", &body).to_vec())]),
        ("a status that is none", vec![Do::Send(b"HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n".to_vec())]),
        ("another version of HTTP", vec![Do::Send(b"HTTP/9.9 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()), Do::Close]),
        ("bare line feeds", vec![Do::Send([b"HTTP/1.1 200 OK\ncontent-type: text/xml\n\n".to_vec(), body.clone()].concat()), Do::Close]),
        ("an answer by its end", vec![send(""), Do::Close]),
        ("an answer by its end that is cut off", vec![Do::Send(after("", &body[..body.len() - 20])), Do::Close]),
        ("a body without an end", vec![Do::Send(after("", &body[..100])), Do::Send(b"<x/>".repeat(4 << 20)), Do::Close]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn no_lie_becomes_an_answer() {
    // Each has a gateway of its own, and they wait at the same time.
    let all = lies().into_iter().map(async |(name, acts)| {
        let upstream = Upstream::start(acts).await;
        let server = Server::with(upstream.address, "", impatient()).await;
        for _ in 0..2 {
            right_or_502(name, &prompt(&server).await);
        }
    });
    futures_util::future::join_all(all).await;
}

/// What comes after a reply on the same line is nobody's. (What comes after the next request was sent is its reply to all who speak HTTP/1.1.)
#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_nobody_asked_for_is_given_to_nobody() {
    let evil = country().replace("Sri Lanka", "Elsewhere");
    let (good, evil) = (reply("200 OK", "text/xml", country().as_bytes()), reply("200 OK", "text/xml", evil.as_bytes()));
    let at_once = vec![Do::Send([good.clone(), evil.clone()].concat())];
    let soon = vec![Do::Send(good.clone()), Do::Wait(5), Do::Send(evil)];
    for (acts, pause) in [(at_once, 0), (soon, 100)] {
        let upstream = Upstream::start(acts).await;
        let server = Server::with(upstream.address, "", impatient()).await;
        for _ in 0..8 {
            let answer = prompt(&server).await;
            assert!(!answer.text().contains("Elsewhere"), "{}", answer.text());
            right_or_502("two replies", &answer);
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }
}

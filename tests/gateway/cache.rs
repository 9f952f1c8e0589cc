//! Answers that are given again, and those that never are.

use std::sync::Arc;
use std::time::Duration;

use castile::catalog::Folder;
use castile::config::Config;
use castile::store::Memory;

use super::bench_of::{Answer, Do, Server, Upstream, countries, country, reply};

const GET: &str = "resources:\n  - get: /countries/{code}\n    operation: GetCountry\n";

async fn gateway(yaml: &str, fields: &str) -> (Server, Upstream) {
    let answer = reply("200 OK", &format!("text/xml; charset=utf-8{fields}"), country().as_bytes());
    let upstream = Upstream::start(vec![Do::Send(answer)]).await;
    let mut config = Config::default();
    config.network.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    (Server::with(upstream.address, yaml, config).await, upstream)
}

async fn get(server: &Server, head: &str) -> Answer {
    server.ask(&format!("GET /countries/1/countries/{head}"), "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_question_is_asked_once() {
    let (server, upstream) = gateway(&format!("cache: 60s\nlimits: {{ per_address: 4/min }}\n{GET}"), "").await;
    let first = get(&server, "LK").await;
    assert_eq!((first.status, first.field("age")), (200, None));
    let second = get(&server, "LK\nTraceparent: 00-1").await;
    assert_eq!((second.status, second.field("age").is_some()), (200, true));
    assert_eq!((second.json(), second.field("content-type")), (first.json(), first.field("content-type")));
    assert_ne!(second.field("x-request-id"), first.field("x-request-id"));
    assert_eq!(upstream.got().len(), 1);
    assert_eq!(get(&server, "FR").await.field("age"), None);
    let head = server.ask("HEAD /countries/1/countries/LK", "").await;
    assert_eq!((head.status, head.text().is_empty()), (200, true));
    assert_eq!(get(&server, "LK").await.status, 429, "what is kept counts like every call");
    assert_eq!(get(&server, "LK\nX-Forwarded-For: 192.0.2.1").await.status, 200);
    assert_eq!(upstream.got().len(), 2, "open resources answer everybody alike");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_must_not_be_kept_is_not() {
    let cached = format!("cache: 60s\n{GET}");
    for (yaml, fields) in [
        (GET.to_owned(), ""),
        (format!("{GET}    cache: none\ncache: 60s\n"), ""),
        (format!("cache: {{ ttl: 60s, max_bytes: 10 }}\n{GET}"), ""),
        (cached.clone(), "\r\nSet-Cookie: a=b"),
        (cached.clone(), "\r\nCache-Control: max-age=9, No-Store"),
        (cached.clone(), "\r\nCache-Control: private=\"x\""),
        (format!("cache: 1ms\n{GET}"), ""),
    ] {
        let (server, upstream) = gateway(&yaml, fields).await;
        for _ in 0..2 {
            assert_eq!(get(&server, "LK").await.field("age"), None, "{yaml} {fields}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(upstream.got().len(), 2, "{yaml} {fields}");
    }
    let (server, upstream) = gateway(&format!("backend_authorization: X-Authorization\n{cached}"), "").await;
    for _ in 0..2 {
        assert_eq!(get(&server, "LK\nX-Authorization: Basic YTpi").await.status, 200);
    }
    assert_eq!(upstream.got().len(), 2, "an answer to somebody's own credentials");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_or_blocked_api_has_nothing_kept() {
    let yaml = format!("cache: 60s\n{GET}");
    let (server, upstream) = gateway(&yaml, "").await;
    for kept in [false, true] {
        assert_eq!(get(&server, "LK").await.field("age").is_some(), kept);
    }
    let changed = countries(upstream.address, &yaml.replace("60s", "61s"));
    let folder = Folder::new(changed.path(), Arc::new(Memory::new()), server.catalog.clone());
    folder.reload().await.unwrap();
    for kept in [false, true] {
        assert_eq!(get(&server, "LK").await.field("age").is_some(), kept, "asked anew, then kept");
    }
    assert_eq!(upstream.got().len(), 2);
    let file = changed.path().join("countries/api.yaml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("{ name: countries }", "{ name: countries, state: blocked }")).unwrap();
    folder.reload().await.unwrap();
    assert_eq!(get(&server, "LK").await.status, 503);
}

/// A gateway before an upstream that answers each request after a while.
async fn slow(yaml: &str, status: &str, content_type: &str, body: &[u8]) -> (Server, Upstream) {
    let upstream = Upstream::start(vec![Do::Wait(300), Do::Send(reply(status, content_type, body))]).await;
    (Server::with(upstream.address, yaml, Config::default()).await, upstream)
}

async fn many(server: &Server, head: &str) -> Vec<Answer> {
    futures_util::future::join_all((0..20).map(|_| get(server, head))).await
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_who_ask_at_once_one_asks_the_service() {
    let yaml = format!("cache: 60s\n{GET}");
    let (server, upstream) = slow(&yaml, "200 OK", "text/xml; charset=utf-8", country().as_bytes()).await;
    let answers = many(&server, "LK").await;
    assert!(answers.iter().all(|a| a.status == 200 && a.json()["GetCountryResult"]["name"] == "Sri Lanka"), "{}", answers[0].text());
    assert_eq!(upstream.got().len(), 1);
    // Where each answer is at its end as soon as it is there they share it all the same.
    let (server, upstream) = slow(&format!("cache: 1ms\n{GET}"), "200 OK", "text/xml; charset=utf-8", country().as_bytes()).await;
    assert!(many(&server, "LK").await.iter().all(|a| a.status == 200));
    assert!(upstream.got().len() < 10, "{}", upstream.got().len());
    // One whose caller goes away is followed by another.
    let (server, upstream) = slow(&yaml, "200 OK", "text/xml; charset=utf-8", country().as_bytes()).await;
    let mut gone = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let head = format!("GET /countries/1/countries/LK HTTP/1.1\r\nhost: {}\r\n\r\n", server.address);
    tokio::io::AsyncWriteExt::write_all(&mut gone, head.as_bytes()).await.unwrap();
    while upstream.got().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (answers, ()) = tokio::join!(many(&server, "LK"), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(gone);
    });
    assert!(answers.iter().all(|a| a.status == 200), "{}", answers[0].text());
    assert!(upstream.got().len() <= 2, "{}", upstream.got().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_is_shared_with_those_who_wait_and_with_nobody_else() {
    let yaml = format!("cache: 60s\n{GET}");
    let (server, upstream) = slow(&yaml, "500 Oops", "text/html", b"<html/>").await;
    for round in 1..=2 {
        let answers = many(&server, "LK").await;
        assert!(answers.iter().all(|a| (a.status, a.problem().as_str()) == (502, "castile.upstream_reply")), "{}", answers[0].text());
        let mut ids: Vec<_> = answers.iter().filter_map(|a| a.field("x-request-id")).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 20, "each has its own request id");
        assert_eq!(upstream.got().len(), round, "asked again each time");
    }
    // What is not to be kept is for its caller alone, and nobody waits for it a second time.
    let private = "text/xml; charset=utf-8\r\ncache-control: private";
    let (server, upstream) = slow(&yaml, "200 OK", private, country().as_bytes()).await;
    assert!(many(&server, "LK").await.iter().all(|a| a.status == 200 && a.field("age").is_none()));
    assert_eq!(upstream.got().len(), 20);
    let began = std::time::Instant::now();
    assert!(many(&server, "LK").await.iter().all(|a| a.status == 200));
    assert_eq!(upstream.got().len(), 40);
    assert!(began.elapsed() < Duration::from_secs(10), "not one after the other: {:?}", began.elapsed());
}

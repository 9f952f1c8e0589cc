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

//! More bodies than there is memory for.

use std::time::{Duration, Instant};

use castile::config::{Bytes, Config};

use super::{GET_COUNTRY, LK};
use crate::gateway::bench_of::{Do, Server, Upstream, countries_list, country, get_country, reply};

fn room(bytes: u64) -> Config {
    let mut config = Config::default();
    config.limits.bodies = Some(Bytes(bytes));
    config
}

/// A request of a megabyte, which is as large as an envelope.
fn large() -> String {
    let name = "x".repeat(1 << 20);
    format!(
        "{{\"country\":{{\"code\":\"LK\",\"name\":\"{name}\",\"continent\":\"Asia\",\"capital\":\"b\",\"population\":1,\"area\":1,\"founded\":null}}}}"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_beyond_the_room_are_refused_at_once_and_others_go_on() {
    let upstream = Upstream::start(vec![Do::Wait(1_500), Do::Send(reply("200 OK", "text/xml", country().as_bytes()))]).await;
    // Three quarters of it are for requests: one of these, as JSON and as an envelope.
    let server = Server::with(upstream.address, "", room(4 << 20)).await;
    let (large, path) = (large(), "/countries/1/AddCountry");
    let began = Instant::now();
    let (first, (second, small, document)) = tokio::join!(server.post(path, &large), async {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let before = Instant::now();
        let second = server.post(path, &large).await;
        assert!(began.elapsed() > Duration::from_millis(1_400) || before.elapsed() < Duration::from_millis(700), "it waited");
        let (small, document) = (server.post(GET_COUNTRY, LK).await, server.ask("GET /countries/1/openapi.json", "").await);
        (second, small, document)
    });
    // The mock answers with another message: whatever it is, the call went to the service.
    assert_eq!(first.status, 502, "{}", first.text());
    assert_eq!((second.status, second.problem().as_str()), (503, "900801"), "{}", second.text());
    assert_eq!((second.field("retry-after"), second.json()["scope"].clone()), (Some("1"), "gateway".into()));
    assert_eq!((small.status, document.status), (200, 200));
    // All was given back.
    assert_eq!(server.post(path, &large).await.status, 502);
    assert_eq!(upstream.got().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_have_room_of_their_own_and_streams_need_little() {
    let list = countries_list(60_000);
    let upstream = Upstream::answering("200 OK", "text/xml", list.as_bytes()).await;
    let server = Server::with(upstream.address, "", room(1 << 20)).await;
    let streamed = server.post("/countries/1/ListCountries", "{}").await;
    assert!(streamed.status == 200 && streamed.complete && streamed.body.len() > 2 << 20, "{} {}", streamed.status, streamed.body.len());
    // One that is sent whole has none.
    let whole = Server::with(upstream.address, "stream: never", room(1 << 20)).await;
    let answer = whole.post("/countries/1/ListCountries", "{}").await;
    assert_eq!((answer.status, answer.problem().as_str()), (503, "900801"), "{:.300}", answer.text());
    let enough = Server::with(upstream.address, "stream: never", room(32 << 20)).await;
    assert_eq!(enough.post("/countries/1/ListCountries", "{}").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_soap_holds_no_more_than_its_beginning() {
    let upstream = Upstream::answering("200 OK", "text/xml", country().as_bytes()).await;
    let server = Server::with(upstream.address, "passthrough: true", room(1 << 20)).await;
    let envelope = get_country().replace("</code>", &format!("</code><!--{}-->", "x".repeat(3 << 20)));
    let answer = server.ask("POST /countries/1\nContent-Type: text/xml\nSOAPAction: \"\"", envelope).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

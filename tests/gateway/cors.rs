//! Pages of other origins: what a browser asks first, and what it must read on answers.

use castile::config::Config;

use super::bench_of::{Answer, Server, Upstream, country};

const PAGE: &str = "https://app.example.org";

async fn gateway(yaml: &str) -> (Server, Upstream) {
    let upstream = Upstream::answering("200 OK", "text/xml; charset=utf-8", country().as_bytes()).await;
    (Server::with(upstream.address, yaml, Config::default()).await, upstream)
}

async fn preflight(server: &Server, origin: &str) -> Answer {
    let fields = "Access-Control-Request-Method: POST\nAccess-Control-Request-Headers: content-type, apikey";
    server.ask(&format!("OPTIONS /countries/1/GetCountry\nOrigin: {origin}\n{fields}"), "").await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preflight_is_answered_before_credentials_are_asked_for() {
    let yaml =
        format!("security: [api_key]\ncors: {{ origins: [{PAGE}], headers: [Content-Type, apikey], credentials: true, max_age: 1h }}");
    let (server, upstream) = gateway(&yaml).await;
    let answer = preflight(&server, PAGE).await;
    assert_eq!((answer.status, answer.field("access-control-allow-origin")), (204, Some(PAGE)));
    assert_eq!(answer.field("access-control-allow-headers"), Some("content-type,apikey"));
    assert_eq!(answer.field("access-control-allow-methods"), Some("get,head,post,put,patch,delete"));
    assert_eq!(answer.field("access-control-allow-credentials"), Some("true"));
    assert_eq!(answer.field("access-control-max-age"), Some("3600"));
    assert!(answer.field("vary").unwrap().contains("origin") && answer.field("x-request-id").is_some());
    for stranger in ["https://app.example.org.evil.example", "http://app.example.org", "null", "https://APP.example.org", "*"] {
        let answer = preflight(&server, stranger).await;
        assert_eq!(answer.field("access-control-allow-origin"), None, "{stranger}");
        assert!(answer.field("vary").unwrap().contains("origin"));
    }
    let plain = server.ask("OPTIONS /countries/1/GetCountry", "").await;
    assert_eq!((plain.status, plain.field("allow").is_some()), (204, true), "what no browser asks is answered as before");
    assert!(upstream.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_and_errors_can_be_read_by_the_page() {
    let (server, _upstream) = gateway(&format!("cors: {{ origins: [{PAGE}] }}")).await;
    let call = |origin: &str, body: &'static str| {
        let head = format!("POST /countries/1/GetCountry\nContent-Type: application/json\nOrigin: {origin}");
        let server = &server;
        async move { server.ask(&head, body).await }
    };
    for (body, status) in [(r#"{"code":"LK"}"#, 200), ("{", 400)] {
        let answer = call(PAGE, body).await;
        assert_eq!((answer.status, answer.field("access-control-allow-origin")), (status, Some(PAGE)));
        assert!(answer.field("access-control-expose-headers").unwrap().contains("retry-after"));
        assert_eq!(answer.field("access-control-allow-credentials"), None);
        assert!(answer.field("vary").unwrap().contains("origin"));
        assert_eq!(call("https://evil.example", body).await.field("access-control-allow-origin"), None);
    }
    let method = server.ask(&format!("DELETE /countries/1/GetCountry\nOrigin: {PAGE}"), "").await;
    assert_eq!((method.status, method.field("access-control-allow-origin")), (405, Some(PAGE)));
    let (server, _upstream) = gateway("cors: { origins: [\"*\"] }").await;
    assert_eq!(preflight(&server, "https://any.example").await.field("access-control-allow-origin"), Some("*"));
    let (server, _upstream) = gateway("").await;
    let answer = preflight(&server, PAGE).await;
    assert_eq!((answer.field("access-control-allow-origin"), answer.field("vary")), (None, None), "off unless it is set");
}

//! Where calls come from: lists of addresses, and what proxies in front may say.

use castile::config::{Config, ForwardedField};

use super::bench_of::{Answer, Server, Upstream, country};

const TYPE: &str = "text/xml; charset=utf-8";
const CALL: &str = r#"{"code":"LK"}"#;

async fn gateway(yaml: &str, change: impl FnOnce(&mut Config)) -> (Server, Upstream) {
    let upstream = Upstream::answering("200 OK", TYPE, country().as_bytes()).await;
    let mut config = Config::default();
    change(&mut config);
    (Server::with(upstream.address, yaml, config).await, upstream)
}

async fn call(server: &Server, fields: &str) -> Answer {
    server.ask(&format!("POST /countries/1/GetCountry\nContent-Type: application/json\n{fields}"), CALL).await
}

fn behind_loopback(config: &mut Config) {
    config.network.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_may_not_call_learns_nothing_else() {
    let (server, upstream) = gateway("security: [api_key]", |c| c.network.callers.deny = vec!["127.0.0.1".parse().unwrap()]).await;
    for head in ["GET /", "GET /countries/1?wsdl", "GET /nowhere", "TRACE /", "GET /oauth2/jwks", "OPTIONS /countries/1/GetCountry"] {
        let answer = server.ask(head, "").await;
        assert_eq!((answer.status, answer.json()["code"].as_str()), (403, Some("castile.address_refused")), "{head}");
    }
    let answer = call(&server, "").await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (403, Some("castile.address_refused")), "before credentials are asked for");
    assert!(upstream.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_has_lists_of_its_own() {
    let (server, _upstream) =
        gateway("security: [api_key]\ncallers: { allow: [192.0.2.0/24, \"2001:db8::/32\"], deny: [192.0.2.66] }", behind_loopback).await;
    let from = |address: &str| format!("X-Forwarded-For: {address}");
    for (address, status) in
        [("192.0.2.7", 401), ("192.0.2.66", 403), ("198.51.100.1", 403), ("2001:db8::1", 401), ("::ffff:192.0.2.66", 403)]
    {
        assert_eq!(call(&server, &from(address)).await.status, status, "{address}");
    }
    let raw = server.ask("POST /countries/1\nContent-Type: text/xml\nX-Forwarded-For: 198.51.100.1", "<x/>").await;
    assert!(raw.status == 403 && raw.text().contains("Fault") && raw.text().contains("castile.address_refused"), "{}", raw.text());
    let method = server.ask("DELETE /countries/1/GetCountry\nX-Forwarded-For: 198.51.100.1", "").await;
    assert_eq!(method.status, 403, "before it is asked what the call means");
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_of_strangers_do_not_count() {
    let deny = |c: &mut Config| c.network.callers.deny = vec!["192.0.2.66".parse().unwrap()];
    let spoofed = "X-Forwarded-For: 192.0.2.66\nForwarded: for=192.0.2.66;host=evil.example;proto=https\nX-Forwarded-Host: evil.example";
    let (server, _upstream) = gateway("", deny).await;
    assert_eq!(call(&server, spoofed).await.status, 200, "nobody is trusted");
    let wsdl = server.ask(&format!("GET /countries/1?wsdl\n{spoofed}"), "").await;
    assert!(wsdl.status == 200 && !wsdl.text().contains("evil.example"));
    let (server, _upstream) = gateway("", |c| {
        deny(c);
        behind_loopback(c);
    })
    .await;
    for (fields, status) in [
        ("X-Forwarded-For: 192.0.2.66", 403),
        ("X-Forwarded-For: 192.0.2.66, 198.51.100.1", 200),
        ("X-Forwarded-For: 198.51.100.1\nX-Forwarded-For: 192.0.2.66", 403),
        ("X-Forwarded-For: 192.0.2.66, 127.0.0.9", 403),
        ("X-Forwarded-For: 192.0.2.66, unknown", 200),
        ("X-Forwarded-For: 192.0.2.66:4711", 403),
        ("Forwarded: for=192.0.2.66", 200),
    ] {
        assert_eq!(call(&server, fields).await.status, status, "{fields}");
    }
    let (server, _upstream) = gateway("", |c| {
        deny(c);
        behind_loopback(c);
        c.network.forwarded = ForwardedField::Forwarded;
    })
    .await;
    for (fields, status) in [
        ("Forwarded: for=198.51.100.1, for=\"192.0.2.66:1\";proto=https", 403),
        ("Forwarded: for=192.0.2.66, for=198.51.100.1", 200),
        ("X-Forwarded-For: 192.0.2.66", 200),
    ] {
        assert_eq!(call(&server, fields).await.status, status, "{fields}");
    }
    let wsdl = server.ask("GET /countries/1?wsdl\nForwarded: for=198.51.100.1;proto=https;host=api.example.org", "").await;
    assert!(wsdl.text().contains("location=\"https://api.example.org/countries/1\""), "{}", wsdl.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_by_address_count_the_caller_and_not_the_proxy() {
    let (server, _upstream) = gateway("limits: { per_address: 2/min }", behind_loopback).await;
    for (address, status) in [("192.0.2.1", 200), ("192.0.2.1", 200), ("192.0.2.1", 429), ("192.0.2.2", 200), ("192.0.2.9, 192.0.2.1", 429)]
    {
        assert_eq!(call(&server, &format!("X-Forwarded-For: {address}")).await.status, status, "{address}");
    }
}

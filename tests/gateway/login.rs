//! Log-ins at the SOAP service: tokens by client credentials, and mutual TLS.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use castile::config::Config;

use super::bench_of::{Answer, Got, Server, Upstream, countries, country, get_country, reply};
use crate::net::Authority;

const GET_COUNTRY: &str = "/countries/1/GetCountry";

/// A token endpoint that gives `tok-1`, `tok-2`, …, good for so many seconds.
async fn tokens(seconds: u64) -> Upstream {
    let count = AtomicUsize::new(0);
    Upstream::by(None, move |_| {
        let n = count.fetch_add(1, Ordering::SeqCst) + 1;
        let text = format!("{{\"access_token\":\"tok-{n}\",\"token_type\":\"bearer\",\"expires_in\":{seconds}}}");
        reply("200 OK", "application/json", text.as_bytes())
    })
    .await
}

/// A service that takes only the token whose text is here; with none it takes every one.
async fn service(good: Arc<Mutex<Option<String>>>) -> Upstream {
    Upstream::by(None, move |got: &Got| match &*good.lock().unwrap() {
        Some(good) if !got.head.contains(&format!("\r\nauthorization: bearer {good}\r\n")) => {
            reply("401 Unauthorized", "text/plain", b"no")
        }
        _ => reply("200 OK", "text/xml; charset=utf-8", country().as_bytes()),
    })
    .await
}

async fn server(upstream: &Upstream, auth: &str) -> Server {
    let folder = countries(upstream.address, "");
    let path = folder.path().join("countries/api.yaml");
    let text = std::fs::read_to_string(&path).unwrap().replace("/up\" }", &format!("/up\", auth: {{ {auth} }} }}"));
    std::fs::write(&path, text).unwrap();
    std::fs::write(folder.path().join("countries/cs"), "s:cret\n").unwrap();
    Server::of(folder, Config::default()).await
}

fn oauth2(url: &str) -> String {
    format!("oauth2: {{ token_url: \"{url}\", client_id: gw, client_secret_file: cs, scope: \"a b\" }}")
}

async fn rest(server: &Server) -> Answer {
    server.post(GET_COUNTRY, "{\"code\":\"LK\"}").await
}

async fn raw(server: &Server) -> Answer {
    server.ask("POST /countries/1\nContent-Type: text/xml\nAuthorization: Bearer callers", get_country()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn many_calls_share_one_token() {
    let (tokens, upstream) = (tokens(3600).await, service(Arc::default()).await);
    let server = server(&upstream, &oauth2(&format!("http://{}/token", tokens.address))).await;
    let calls = (0..20).map(|i| {
        let server = &server;
        async move { if i % 2 == 0 { rest(server).await } else { raw(server).await } }
    });
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let asked = tokens.got();
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].head.starts_with("post /token http/1.1\r\n"), "{}", asked[0].head);
    // As a form each part is encoded before they are joined: the colon of the secret is no separator.
    let pair = format!("\r\nauthorization: Basic {}\r\n", STANDARD.encode("gw:s%3Acret"));
    assert!(asked[0].raw_head.contains(&pair), "{}", asked[0].raw_head);
    assert_eq!(String::from_utf8_lossy(&asked[0].body), "grant_type=client_credentials&scope=a+b");
    let got = upstream.got();
    assert_eq!(got.len(), 20);
    for got in got {
        assert!(got.head.contains("\r\nauthorization: bearer tok-1\r\n") && !got.head.contains("callers"), "{}", got.head);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_is_replaced_once() {
    let good: Arc<Mutex<Option<String>>> = Arc::default();
    let (tokens, upstream) = (tokens(3600).await, service(good.clone()).await);
    let server = server(&upstream, &oauth2(&format!("http://{}/token", tokens.address))).await;
    assert_eq!(rest(&server).await.status, 200);
    // Revoked there: the caller does not notice.
    *good.lock().unwrap() = Some("tok-2".into());
    assert_eq!(rest(&server).await.status, 200);
    assert_eq!((tokens.got().len(), upstream.got().len()), (2, 3));
    // Raw messages are streams: the one that meets it is refused, the next has a new token.
    *good.lock().unwrap() = Some("tok-3".into());
    assert_eq!((raw(&server).await.status, raw(&server).await.status), (401, 200));
    assert_eq!(tokens.got().len(), 3);
    // No token helps: each call is sent twice at most, and the token endpoint is left in peace.
    *good.lock().unwrap() = Some("none".into());
    for _ in 0..5 {
        let answer = rest(&server).await;
        assert_eq!((answer.status, answer.problem().as_str()), (502, "castile.upstream_reply"));
    }
    assert_eq!(tokens.got().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_renewed_before_its_end() {
    let (tokens, upstream) = (tokens(1).await, service(Arc::default()).await);
    let server = server(&upstream, &oauth2(&format!("http://{}/token", tokens.address))).await;
    let began = Instant::now();
    while tokens.got().len() < 2 {
        assert_eq!(rest(&server).await.status, 200);
        assert!(began.elapsed() < Duration::from_secs(20), "the first token is used for ever");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(began.elapsed() >= Duration::from_millis(850), "a token that is good was not used");
    assert_eq!(rest(&server).await.status, 200);
    assert!(upstream.got().last().unwrap().head.contains("bearer tok-"));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_token_nothing_is_sent() {
    let upstream = service(Arc::default()).await;
    for (status, type_, body) in [
        ("400 Bad Request", "application/json", "{\"error\":\"invalid_client\"}"),
        ("200 OK", "application/json", "{\"access_token\":\"a\",\"token_type\":\"mac\"}"),
        ("200 OK", "application/json", "{\"access_token\":\"a\\nb\",\"token_type\":\"Bearer\"}"),
        ("200 OK", "application/json", "{\"access_token\":\"\",\"token_type\":\"Bearer\"}"),
        ("200 OK", "text/html", "<p>log in</p>"),
        ("302 Found\r\nlocation: /elsewhere", "", ""),
    ] {
        let tokens = Upstream::answering(status, type_, body.as_bytes()).await;
        let server = server(&upstream, &oauth2(&format!("http://{}/token", tokens.address))).await;
        for answer in [rest(&server).await, rest(&server).await] {
            assert_eq!((answer.status, answer.problem().as_str()), (502, "castile.upstream_unreachable"), "{status} {body}");
            assert_eq!(answer.json()["detail"], "The gateway could not log in at the SOAP service behind this API.");
        }
        assert_eq!(tokens.got().len(), 1, "a server that refuses is asked again at once: {status} {body}");
    }
    // The token endpoint obeys the rules of addresses: what is never called is not called for a token.
    let server = server(&upstream, &oauth2("http://169.254.169.254/token")).await;
    let began = Instant::now();
    assert_eq!(rest(&server).await.problem(), "castile.upstream_unreachable");
    assert!(began.elapsed() < Duration::from_secs(2), "it was tried to connect");
    assert!(upstream.got().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_shows_its_certificate() {
    let authority = Authority::new();
    let upstream = Upstream::by(Some(authority.acceptor(true)), |_| reply("200 OK", "text/xml; charset=utf-8", country().as_bytes())).await;
    let token = br#"{"access_token":"tls-token","token_type":"Bearer"}"#;
    let tokens = Upstream::by(Some(authority.acceptor(true)), |_| reply("200 OK", "application/json", token)).await;
    let start = async |auth: &str| {
        let folder = countries(upstream.address, "");
        let api = folder.path().join("countries");
        let url = format!("\"https://localhost:{}/up\", auth: {{ {auth} }} }}", upstream.address.port());
        let text = std::fs::read_to_string(api.join("api.yaml")).unwrap();
        let text = text.replace(&format!("\"http://{}/up\" }}", upstream.address), &url);
        assert!(text.contains("https://"), "{text}");
        std::fs::write(api.join("api.yaml"), text).unwrap();
        for (name, text) in [("c.pem", &authority.client_cert_pem), ("k.pem", &authority.client_key_pem), ("ca.pem", &authority.ca_pem)] {
            std::fs::write(api.join(name), text).unwrap();
        }
        std::fs::write(api.join("cs"), "secret").unwrap();
        Server::of(folder, Config::default()).await
    };
    for incomplete in ["tls: { ca_file: ca.pem }", "tls: { certificate_file: c.pem, key_file: k.pem }"] {
        let server = start(incomplete).await;
        // In TLS 1.3 the missing certificate is noticed once the request is sent, so that the codes differ.
        assert_eq!(rest(&server).await.status, 502, "{incomplete}");
    }
    assert!(upstream.got().is_empty());
    let whole = "tls: { certificate_file: c.pem, key_file: k.pem, ca_file: ca.pem }";
    let plain = start(whole).await;
    assert_eq!((rest(&plain).await.status, raw(&plain).await.status), (200, 200));
    // The token endpoint is met with the same certificate.
    let both = start(&format!("{whole}, {}", oauth2(&format!("https://localhost:{}/token", tokens.address.port())))).await;
    assert_eq!(rest(&both).await.status, 200);
    assert!(upstream.got().last().unwrap().head.contains("\r\nauthorization: bearer tls-token\r\n"));
    assert_eq!(upstream.got().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_whose_certificate_is_not_good_there_stops_no_other_api() {
    let authority = Authority::new();
    let upstream = Upstream::by(Some(authority.acceptor(true)), |_| reply("200 OK", "text/xml; charset=utf-8", country().as_bytes())).await;
    let folder = countries(upstream.address, "");
    let api = |name: &str| folder.path().join(name);
    let text = std::fs::read_to_string(api("countries").join("api.yaml")).unwrap();
    for (name, tls) in [("countries", "certificate_file: c.pem, key_file: k.pem, ca_file: ca.pem"), ("bad", "ca_file: ca.pem")] {
        std::fs::create_dir_all(api(name).join("wsdl")).unwrap();
        for file in ["service.wsdl", "types.xsd"] {
            let from = crate::support::path("wsdl/countries").join(file);
            std::fs::copy(from, api(name).join("wsdl").join(file)).unwrap();
        }
        let url = format!("\"https://localhost:{}/up\", auth: {{ tls: {{ {tls} }} }} }}", upstream.address.port());
        let text =
            text.replace(&format!("\"http://{}/up\" }}", upstream.address), &url).replace("name: countries", &format!("name: {name}"));
        std::fs::write(api(name).join("api.yaml"), text).unwrap();
        for (file, text) in [("c.pem", &authority.client_cert_pem), ("k.pem", &authority.client_key_pem), ("ca.pem", &authority.ca_pem)] {
            std::fs::write(api(name).join(file), text).unwrap();
        }
    }
    let server = Server::of(folder, Config::default()).await;
    let bad = async || server.post("/bad/1/GetCountry", "{\"code\":\"LK\"}").await;
    for _ in 0..5 {
        assert_eq!(bad().await.status, 502);
    }
    assert_eq!(bad().await.status, 503, "it is left alone");
    assert_eq!(rest(&server).await.status, 200, "the other is not");
}

//! TLS with ALPN, and HTTP/2 behind it.

use std::sync::Arc;

use castile::config::{Config, TlsFiles};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::bench_of::{Server, Upstream, country};

struct Secure {
    server: Server,
    roots: rustls::RootCertStore,
    _files: tempfile::TempDir,
}

impl Secure {
    async fn start() -> Self {
        Self::with(country(), Config::default()).await
    }

    async fn with(reply: String, mut config: Config) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![String::from("localhost")]).unwrap();
        let files = tempfile::tempdir().unwrap();
        let (certificate, key) = (files.path().join("c.pem"), files.path().join("k.pem"));
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let mut roots = rustls::RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let upstream = Upstream::answering("200 OK", "text/xml", reply.as_bytes()).await;
        config.listen.gateway.tls = Some(TlsFiles { certificate, key, client_ca: None, client_crl: None });
        Self { server: Server::with(upstream.address, "", config).await, roots, _files: files }
    }

    async fn connect(&self, protocols: &[&[u8]]) -> TlsStream<TcpStream> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let mut config = builder.with_root_certificates(self.roots.clone()).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|p| p.to_vec()).collect();
        let stream = TcpStream::connect(self.server.address).await.unwrap();
        TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap()
    }
}

async fn http2(secure: &Secure) -> hyper::client::conn::http2::SendRequest<Full<Bytes>> {
    let stream = secure.connect(&[b"h2", b"http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (sender, connection) = hyper::client::conn::http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(65_535)
        .handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_comes_by_alpn() {
    let secure = Secure::start().await;
    let mut sender = http2(&secure).await;
    let calls = (0..20).map(|_| {
        let request = http::Request::post("https://localhost/countries/1/GetCountry").header("content-type", "application/json");
        sender.send_request(request.body(Full::from("{\"code\":\"LK\"}")).unwrap())
    });
    for answer in futures_util::future::join_all(calls).await {
        let answer = answer.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (200, http::Version::HTTP_2));
        assert!(answer.headers().contains_key("x-request-id"));
    }
    let wsdl = http::Request::get("https://localhost/countries/1?wsdl").body(Full::default()).unwrap();
    let body = sender.send_request(wsdl).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    assert!(String::from_utf8_lossy(&body).contains("location=\"https://localhost/countries/1\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_requests_are_checked_like_others() {
    let secure = Secure::start().await;
    let mut sender = http2(&secure).await;
    let many = |mut b: http::request::Builder| {
        for i in 0..101 {
            b = b.header(format!("x-{i}"), "y");
        }
        b
    };
    let get = |uri: &str| http::Request::get(uri);
    for (request, status) in [
        (get("https://localhost/countries/1").header("host", "other"), 400),
        (get("https://countries.example.org/countries/1"), 421),
        (get("https://localhost/countries/%00"), 400),
        (get("https://localhost/countries/../x"), 400),
        (get(&format!("https://localhost/{}", "a".repeat(9000))), 414),
        (many(get("https://localhost/countries/1")), 431),
        (get("https://localhost/countries/1").method("TRACE"), 405),
        (get("https://localhost/nowhere"), 404),
    ] {
        let answer = sender.send_request(request.body(Full::default()).unwrap()).await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http1_over_tls_is_inspected_too() {
    let secure = Secure::start().await;
    let mut stream = secure.connect(&[b"http/1.1"]).await;
    stream.write_all(b"GET /countries/1 HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut bytes = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut bytes).await;
    assert_eq!(super::bench_of::Answer::parse(&bytes).status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http2_stream_that_is_not_taken_ends_its_connection() {
    let mut config = Config::default();
    config.limits.http.write_idle = std::time::Duration::from_millis(400);
    let secure = Secure::with(super::bench_of::countries_list(20_000), config).await;
    let mut sender = http2(&secure).await;
    let request = || http::Request::post("https://localhost/countries/1/ListCountries").header("content-type", "application/json");
    let whole = sender.send_request(request().body(Full::from("{}")).unwrap()).await.unwrap();
    let body = whole.into_body().collect().await.unwrap().to_bytes();
    assert!(body.len() > 600_000, "{}", body.len());
    let left = sender.send_request(request().body(Full::from("{}")).unwrap()).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
    assert!(left.into_body().collect().await.is_err(), "a stream that was not read for long is cut, not completed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_reply_resets_its_stream() {
    let broken = super::bench_of::countries_list(20_000).replace("</ListCountriesResult>", "</ListCountriesResulr>");
    let secure = Secure::with(broken, Config::default()).await;
    let mut sender = http2(&secure).await;
    let request = http::Request::post("https://localhost/countries/1/ListCountries").header("content-type", "application/json");
    let answer = sender.send_request(request.body(Full::from("{}")).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let error = answer.into_body().collect().await.unwrap_err();
    assert!(format!("{error:?}").contains("Reset"), "{error:?}");
    let next = http::Request::get("https://localhost/countries/1").body(Full::default()).unwrap();
    assert_eq!(sender.send_request(next).await.unwrap().status(), 200, "the connection lives on");
}

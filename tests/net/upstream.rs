//! The upstream client: pool, streams, deadlines, errors told apart.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use castile::net::address::AddressPolicy;
use castile::net::resolver::Resolver;
use castile::net::secret::Secret;
use castile::net::tls::{Identity, TlsOptions};
use castile::net::upstream::{Deadlines, UpstreamClient, UpstreamError, UpstreamOptions};
use http::{Request, Response};
use http_body_util::{BodyExt, Channel, Full};
use hyper::body::Incoming;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::{Authority, Names, Server, ok, only_here, read_head, redirect};

fn client() -> UpstreamClient {
    UpstreamClient::new(UpstreamOptions::new(AddressPolicy::local())).unwrap()
}

fn request(url: &str) -> Request<Full<Bytes>> {
    Request::post(url).header("content-type", "text/xml").body(Full::from("<soap/>")).unwrap()
}

fn soon(first_byte_ms: u64, whole_ms: u64) -> Deadlines {
    Deadlines { first_byte: Duration::from_millis(first_byte_ms), whole: Instant::now() + Duration::from_millis(whole_ms) }
}

async fn text(response: Response<Incoming>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

/// A listener whose connections a function handles, with the number of connections.
async fn listen<F, R>(handle: F) -> (SocketAddr, Arc<AtomicUsize>)
where
    F: Fn(TcpStream) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let seen = count.clone();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            seen.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(handle(socket));
        }
    });
    (address, count)
}

const KEPT: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<ok>";

#[tokio::test]
async fn connections_are_reused() {
    let (address, connections) = listen(async |mut socket: TcpStream| {
        while let Some(head) = read_head(&mut socket).await {
            assert!(head.contains("content-length: 7\r\n") && head.contains("host: 127.0.0.1:"), "{head}");
            if !head.ends_with("<soap/>") {
                let mut body = [0u8; 7];
                let _ = socket.read(&mut body).await;
            }
            socket.write_all(KEPT).await.unwrap();
        }
    })
    .await;
    let client = client();
    for _ in 0..5 {
        let response = client.send(request(&format!("http://{address}/s")), Deadlines::from_now()).await.unwrap();
        assert_eq!(text(response).await, "<ok>");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_connection_that_was_closed_while_idle_is_replaced() {
    let (address, connections) = listen(async |mut socket: TcpStream| {
        read_head(&mut socket).await;
        socket.write_all(KEPT).await.unwrap();
        // Closed without `Connection: close`, as servers with a short keep-alive do.
    })
    .await;
    let client = client();
    for n in 1..=3 {
        let response = client.send(request(&format!("http://{address}/s")), Deadlines::from_now()).await.unwrap();
        assert_eq!(text(response).await, "<ok>");
        assert_eq!(connections.load(Ordering::SeqCst), n);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn bodies_are_streams_both_ways() {
    let (address, _) = listen(async |mut socket: TcpStream| {
        read_head(&mut socket).await.unwrap();
        socket.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n").await.unwrap();
        let mut rest = Vec::new();
        let mut chunk = [0u8; 1024];
        while !rest.ends_with(b"0\r\n\r\n") {
            let n = socket.read(&mut chunk).await.unwrap();
            rest.extend_from_slice(&chunk[..n]);
        }
        assert!(String::from_utf8_lossy(&rest).contains("late"));
        socket.write_all(b"4\r\nlast\r\n0\r\n\r\n").await.unwrap();
    })
    .await;
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(4);
    sender.send_data(Bytes::from_static(b"early")).await.unwrap();
    let request = Request::post(format!("http://{address}/")).body(body).unwrap();
    let mut reply = client().send(request, soon(2_000, 5_000)).await.unwrap().into_body();
    // The reply has begun before the request ends.
    assert_eq!(reply.frame().await.unwrap().unwrap().into_data().unwrap(), "first");
    sender.send_data(Bytes::from_static(b"late")).await.unwrap();
    drop(sender);
    assert_eq!(reply.frame().await.unwrap().unwrap().into_data().unwrap(), "last");
    assert!(reply.frame().await.is_none());
}

#[tokio::test]
async fn redirects_are_not_followed_and_proxies_not_used() {
    let other = Server::start(|_| ok("<secret/>")).await;
    let to = other.url("/");
    let server = Server::start(move |_| redirect(&to)).await;
    let response = client().send(request(&server.url("/")), Deadlines::from_now()).await.unwrap();
    assert_eq!(response.status(), 302);
    assert!(other.heads().is_empty());
    assert!(server.heads()[0].starts_with("POST / HTTP/1.1\r\n"));
}

#[tokio::test]
async fn addresses_are_checked_in_every_spelling() {
    let server = Server::start(|_| ok("<secret/>")).await;
    let port = server.address.port();
    let client = UpstreamClient::new(UpstreamOptions::new(AddressPolicy::operator())).unwrap();
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"] {
        let result = client.send(request(&format!("http://{host}:{port}/")), Deadlines::from_now()).await;
        let error = result.expect_err(host);
        assert!(matches!(error, UpstreamError::AddressRefused(_)), "{host}: {error:?}");
        assert!(error.nothing_sent() && !error.is_worth_a_retry());
    }
    let result = self::client().send(request("http://169.254.169.254/"), Deadlines::from_now()).await;
    assert!(matches!(result, Err(UpstreamError::AddressRefused(_))), "{result:?}");
    assert!(server.heads().is_empty());
    for host in ["127.0.0.1", "2130706433", "localhost"] {
        assert!(self::client().send(request(&format!("http://{host}:{port}/")), Deadlines::from_now()).await.is_ok(), "{host}");
    }
}

#[tokio::test]
async fn a_name_is_pinned_for_its_connection_and_old_answers_outlive_the_name_server() {
    let server = Server::start(|_| ok("<ok/>")).await;
    let names = Names::new(&[&["127.0.0.2", "127.0.0.1"], &["127.0.0.2"]]);
    let mut options = UpstreamOptions::new(only_here());
    options.resolver = Resolver::new(names.clone());
    let client = UpstreamClient::new(options).unwrap();
    let url = format!("http://rebind.test:{}/", server.address.port());
    assert!(client.send(request(&url), Deadlines::from_now()).await.is_ok());
    assert_eq!(names.asked(), 1);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(11)).await;
    tokio::time::resume();
    let result = client.send(request(&url), Deadlines::from_now()).await;
    assert!(matches!(result, Err(UpstreamError::AddressRefused(_))), "{result:?}");
    assert_eq!((names.asked(), server.heads().len()), (2, 1));

    let names = Names::new(&[&["127.0.0.1"], &[]]);
    let mut options = UpstreamOptions::new(only_here());
    options.resolver = Resolver::new(names.clone());
    let client = UpstreamClient::new(options).unwrap();
    let url = format!("http://flaky.test:{}/", server.address.port());
    for (wait, works) in [(0, true), (11, true), (11, true), (3_600, false)] {
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(wait)).await;
        tokio::time::resume();
        let result = client.send(request(&url), Deadlines::from_now()).await;
        assert_eq!(result.is_ok(), works, "{wait}: {result:?}");
        assert!(works || matches!(result, Err(UpstreamError::Dns { .. })));
    }
    assert_eq!(names.asked(), 4);
}

#[tokio::test]
async fn failures_are_told_apart() {
    // Nobody listens.
    let (closed, _) = { (TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap(), ()) };
    let error = client().send(request(&format!("http://{closed}/")), Deadlines::from_now()).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Connect { .. }) && error.nothing_sent() && error.is_worth_a_retry(), "{error:?}");
    // The name is unknown.
    let mut options = UpstreamOptions::new(AddressPolicy::local());
    options.resolver = Resolver::new(Names::new(&[&[]]));
    let unknown = UpstreamClient::new(options).unwrap();
    let error = unknown.send(request("http://unknown.test/"), Deadlines::from_now()).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Dns { .. }) && error.nothing_sent(), "{error:?}");
    // The request was read and nothing answered.
    let (address, _) = listen(async |mut socket: TcpStream| {
        read_head(&mut socket).await;
    })
    .await;
    let error = client().send(request(&format!("http://{address}/")), Deadlines::from_now()).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Reset { .. }) && !error.nothing_sent(), "{error:?}");
    // Something else than HTTP answered.
    let (address, _) = listen(async |mut socket: TcpStream| {
        read_head(&mut socket).await;
        socket.write_all(b"220 smtp ready\r\n\r\n").await.unwrap();
    })
    .await;
    let error = client().send(request(&format!("http://{address}/")), Deadlines::from_now()).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Malformed { .. }), "{error:?}");
    // A head without end.
    let (address, _) = listen(async |mut socket: TcpStream| {
        read_head(&mut socket).await;
        let _ = socket.write_all(format!("HTTP/1.1 200 OK\r\nX: {}", "a".repeat(200_000)).as_bytes()).await;
    })
    .await;
    let error = client().send(request(&format!("http://{address}/")), Deadlines::from_now()).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Malformed { .. }), "{error:?}");
    // Addresses that are none.
    for url in ["/relative", "ftp://127.0.0.1/"] {
        let error = client().send(request(url), Deadlines::from_now()).await.unwrap_err();
        assert!(matches!(error, UpstreamError::Request { .. }), "{url}: {error:?}");
    }
}

#[tokio::test]
async fn a_request_that_fails_is_its_sources_fault() {
    let (address, _) = listen(async |mut socket: TcpStream| {
        let mut all = Vec::new();
        let _ = socket.read_to_end(&mut all).await;
    })
    .await;
    let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(4);
    sender.send_data(Bytes::from_static(b"<soap")).await.unwrap();
    sender.abort(std::io::Error::other("the caller went away"));
    let request = Request::post(format!("http://{address}/")).body(body).unwrap();
    let error = client().send(request, Deadlines::from_now()).await.unwrap_err();
    assert!(matches!(&error, UpstreamError::RequestBody { reason } if reason.contains("went away")), "{error:?}");
    assert!(!error.nothing_sent());
}

#[tokio::test]
async fn deadlines_are_told_apart() {
    let (address, _) = listen(async |mut socket: TcpStream| {
        read_head(&mut socket).await;
        tokio::time::sleep(Duration::from_secs(30)).await;
    })
    .await;
    let url = format!("http://{address}/");
    let begun = Instant::now();
    let error = client().send(request(&url), soon(200, 5_000)).await.unwrap_err();
    assert!(matches!(error, UpstreamError::FirstByteTimeout) && error.is_timeout() && !error.nothing_sent(), "{error:?}");
    let error = client().send(request(&url), soon(5_000, 200)).await.unwrap_err();
    assert!(matches!(error, UpstreamError::WholeTimeout), "{error:?}");
    // TLS that is never answered: the connection does not come about.
    let (silent, _) = listen(async |socket: TcpStream| {
        tokio::time::sleep(Duration::from_secs(30)).await;
        drop(socket);
    })
    .await;
    let mut options = UpstreamOptions::new(AddressPolicy::local());
    options.connect = Duration::from_millis(200);
    let client = UpstreamClient::new(options).unwrap();
    let error = client.send(request(&format!("https://{silent}/")), Deadlines::from_now()).await.unwrap_err();
    assert!(matches!(error, UpstreamError::ConnectTimeout { .. }) && error.is_timeout() && error.nothing_sent(), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_long_upload_is_no_silent_upstream() {
    let server = Server::start(|_| ok("")).await;
    drop(server);
    let (address, _) = listen(async |mut socket: TcpStream| {
        let mut all = Vec::new();
        let mut chunk = [0u8; 1024];
        while !all.ends_with(b"0\r\n\r\n") {
            let n = socket.read(&mut chunk).await.unwrap();
            all.extend_from_slice(&chunk[..n]);
        }
        socket.write_all(KEPT).await.unwrap();
    })
    .await;
    let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
    tokio::spawn(async move {
        for _ in 0..8 {
            sender.send_data(Bytes::from_static(b"piece")).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    let request = Request::post(format!("http://{address}/")).body(body).unwrap();
    let response = client().send(request, soon(400, 5_000)).await.unwrap();
    assert_eq!(text(response).await, "<ok>");
}

#[tokio::test]
async fn tls_with_an_authority_of_ones_own_and_a_client_certificate() {
    let authority = Authority::new();
    let server = Server::start_tls(authority.acceptor(false), |_| ok("<ok/>")).await;
    let mutual = Server::start_tls(authority.acceptor(true), |_| ok("<mutual/>")).await;
    let url = |s: &Server| format!("https://localhost:{}/", s.address.port());
    let client = |tls: TlsOptions| {
        let mut options = UpstreamOptions::new(AddressPolicy::local());
        options.tls = tls;
        UpstreamClient::new(options).unwrap()
    };
    let error = client(TlsOptions::default()).send(request(&url(&server)), Deadlines::from_now()).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Tls { .. }) && error.nothing_sent(), "{error:?}");
    let trusting = TlsOptions { extra_ca_pem: Some(authority.ca_pem.clone()), identity: None };
    let response = client(trusting.clone()).send(request(&url(&server)), Deadlines::from_now()).await.unwrap();
    assert_eq!(text(response).await, "<ok/>");
    assert!(client(trusting.clone()).send(request(&url(&mutual)), Deadlines::from_now()).await.is_err());
    assert!(mutual.heads().is_empty());
    let identity = Identity { certificates_pem: authority.client_cert_pem.clone(), key_pem: Secret::new(authority.client_key_pem.clone()) };
    let known = TlsOptions { identity: Some(identity), ..trusting };
    let response = client(known).send(request(&url(&mutual)), Deadlines::from_now()).await.unwrap();
    assert_eq!(text(response).await, "<mutual/>");
}

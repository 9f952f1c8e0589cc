//! Management fetches: addresses, redirects, sizes, times, credentials, TLS.

use std::io::Write;
use std::time::Duration;

use castile::net::address::{AddressClass, AddressPolicy};
use castile::net::fetch::{Credentials, FetchError, FetchOptions, Fetched, Fetcher};
use castile::net::resolver::Resolver;
use castile::net::secret::Secret;
use castile::net::tls::TlsOptions;
use tokio::time::Instant;
use url::Url;

use super::{Authority, Names, Server, ok, only_here, redirect, reply};

const MAX: u64 = 1 << 20;

async fn fetch_with(options: FetchOptions, url: &str) -> Result<Fetched, FetchError> {
    let fetcher = Fetcher::new(options).unwrap();
    fetcher.fetch(&Url::parse(url).unwrap(), MAX, Instant::now() + Duration::from_secs(5)).await
}

async fn fetch(url: &str) -> Result<Fetched, FetchError> {
    fetch_with(FetchOptions::new(AddressPolicy::local()), url).await
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    e.write_all(bytes).unwrap();
    e.finish().unwrap()
}

#[tokio::test]
async fn a_document_is_fetched_with_its_charset() {
    let server = Server::start(|_| reply("200 OK", "Content-Type: text/xml; Charset=\"iso-8859-1\"\r\n", "<a/>")).await;
    let fetched = fetch(&server.url("/x?wsdl#frag")).await.unwrap();
    assert_eq!(fetched.bytes, b"<a/>");
    assert_eq!(fetched.charset.as_deref(), Some("iso-8859-1"));
    let head = server.heads()[0].clone();
    assert!(head.starts_with("GET /x?wsdl HTTP/1.1\r\n"), "{head}");
    assert!(!head.to_lowercase().contains("authorization") && !head.to_lowercase().contains("cookie"), "{head}");
}

#[tokio::test]
async fn addresses_are_refused_in_every_spelling() {
    let server = Server::start(|_| ok("<secret/>")).await;
    let port = server.address.port();
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "017700000001",
        "127.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "localhost",
        "LOCALHOST.",
        "0.0.0.0",
        "0",
        "[::]",
        "1.0.0.127.in-addr.invalid",
    ] {
        for policy in [AddressPolicy::public(), AddressPolicy::operator()] {
            let result = fetch_with(FetchOptions::new(policy), &format!("http://{host}:{port}/")).await;
            match result {
                Err(FetchError::Refused(_)) => {}
                // A machine may not know the odd names at all.
                Err(FetchError::Dns { .. }) if host.ends_with('.') || host.ends_with("invalid") => {}
                other => panic!("{host}: {other:?}"),
            }
        }
    }
    assert!(server.heads().is_empty());
    // The same spellings do lead there where it is allowed, so that the refusal is not a failure of another kind.
    for host in ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1"] {
        assert!(fetch(&format!("http://{host}:{port}/")).await.is_ok(), "{host}");
    }
    for never in ["169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "168.63.129.16", "[fd00:ec2::254]"] {
        let result = fetch(&format!("http://{never}/latest/meta-data/")).await;
        assert!(matches!(result, Err(FetchError::Refused(_))), "{never}: {result:?}");
    }
}

#[tokio::test]
async fn ipv6_literals_are_fetched_where_allowed() {
    let server = Server::listen("[::1]:0", None, |_| ok("<a/>")).await;
    let url = format!("http://[::1]:{}/", server.address.port());
    assert_eq!(fetch(&url).await.unwrap().bytes, b"<a/>");
    assert!(server.heads()[0].contains("host: [::1]:"), "{:?}", server.heads());
}

#[tokio::test]
async fn redirects_are_followed_three_times_and_checked_each_time() {
    let server = Server::start(|head| {
        let n: u32 = head[5..6].parse().unwrap();
        if n == 0 { ok("<end/>") } else { redirect(&format!("/{}", n - 1)) }
    })
    .await;
    let fetched = fetch(&server.url("/3")).await.unwrap();
    assert_eq!((fetched.bytes.as_slice(), fetched.address.path()), (b"<end/>".as_slice(), "/0"));
    assert!(matches!(fetch(&server.url("/4")).await, Err(FetchError::TooManyRedirects { .. })));

    let inner = Server::start(|_| ok("<secret/>")).await;
    for (target, class) in [
        (format!("http://127.0.0.2:{}/", inner.address.port()), AddressClass::Loopback),
        (format!("http://2130706434:{}/", inner.address.port()), AddressClass::Loopback),
        ("http://10.0.0.1/".to_owned(), AddressClass::Private),
        ("http://169.254.169.254/latest/".to_owned(), AddressClass::LinkLocal),
        ("http://[::ffff:10.0.0.1]/".to_owned(), AddressClass::Private),
    ] {
        let to = target.clone();
        let outer = Server::start(move |_| redirect(&to)).await;
        match fetch_with(FetchOptions::new(only_here()), &outer.url("/")).await {
            Err(FetchError::Refused(refused)) => assert_eq!(refused.class, class, "{target}"),
            other => panic!("{target}: {other:?}"),
        }
    }
    assert!(inner.heads().is_empty());
    let outer = Server::start(|_| redirect("file:///etc/passwd")).await;
    assert!(matches!(fetch(&outer.url("/")).await, Err(FetchError::Scheme { .. })));
    let outer = Server::start(|_| reply("302 Found", "", "")).await;
    assert!(matches!(fetch(&outer.url("/")).await, Err(FetchError::Redirect { location: None })));
}

#[tokio::test]
async fn a_redirect_to_a_refused_name_is_refused() {
    let names = Names::new(&[&["10.1.2.3"]]);
    let outer = Server::start(|_| redirect("http://intranet.test/")).await;
    let mut options = FetchOptions::new(only_here());
    options.resolver = Resolver::new(names);
    let result = fetch_with(options, &outer.url("/")).await;
    assert!(matches!(result, Err(FetchError::Refused(r)) if r.class == AddressClass::Private), "{result:?}");
}

#[tokio::test]
async fn a_name_is_resolved_once_and_pinned() {
    let server = Server::start(|_| ok("<a/>")).await;
    // The first answer is checked and used; a second, which a rebinding name server would give, is never asked for.
    let names = Names::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let mut options = FetchOptions::new(only_here());
    options.resolver = Resolver::new(names.clone());
    let url = format!("http://rebind.test:{}/", server.address.port());
    assert!(fetch_with(options, &url).await.is_ok());
    assert_eq!((names.asked(), server.heads().len()), (1, 1));
    // Of several addresses only the allowed ones are tried: nothing but 127.0.0.1 listens, and 127.0.0.2 is refused.
    let other = Server::listen("127.0.0.2:0", None, |_| ok("<secret/>")).await;
    for (answers, fetched) in [(&["127.0.0.2", "127.0.0.1"][..], true), (&["127.0.0.2"][..], false)] {
        let mut options = FetchOptions::new(only_here());
        options.resolver = Resolver::new(Names::new(&[answers]));
        let port = if fetched { server.address.port() } else { other.address.port() };
        let result = fetch_with(options, &format!("http://two.test:{port}/")).await;
        assert_eq!(result.is_ok(), fetched, "{result:?}");
    }
    assert!(other.heads().is_empty());
}

#[tokio::test]
async fn sizes_are_limited_while_streaming() {
    let too_large = |r: &Result<Fetched, FetchError>| matches!(r, Err(FetchError::TooLarge { limit_bytes: MAX }));
    let announced = Server::start(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n".to_vec()).await;
    assert!(too_large(&fetch(&announced.url("/")).await));
    let chunked = Server::start(|_| {
        let mut out = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        for _ in 0..2_000 {
            out.extend_from_slice(b"400\r\n");
            out.extend_from_slice(&[b'a'; 0x400]);
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"0\r\n\r\n");
        out
    })
    .await;
    assert!(too_large(&fetch(&chunked.url("/")).await));
    let exact = Server::start(|_| ok(vec![b'a'; 1 << 20])).await;
    assert_eq!(fetch(&exact.url("/")).await.unwrap().bytes.len(), 1 << 20);

    let gz = "Content-Encoding: gzip\r\n";
    let bomb = Server::start(move |_| reply("200 OK", gz, gzip(&vec![0u8; 64 << 20]))).await;
    assert!(too_large(&fetch(&bomb.url("/")).await));
    let good = Server::start(move |_| reply("200 OK", gz, gzip(b"<a/>"))).await;
    assert_eq!(fetch(&good.url("/")).await.unwrap().bytes, b"<a/>");
    let cut = Server::start(move |_| reply("200 OK", gz, &gzip(b"<aaaaaaaaaaaaaaaa/>")[..20])).await;
    assert!(matches!(fetch(&cut.url("/")).await, Err(FetchError::Encoding(_))));
    let brotli = Server::start(move |_| reply("200 OK", "Content-Encoding: br\r\n", "x")).await;
    assert!(matches!(fetch(&brotli.url("/")).await, Err(FetchError::Encoding(_))));
}

#[tokio::test]
async fn slow_servers_meet_the_deadline() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let slow = tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        let mut open = Vec::new();
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let head = super::read_head(&mut socket).await.unwrap();
            if head.starts_with("GET /body") {
                socket.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<a").await.unwrap();
            }
            open.push(socket);
        }
    });
    let fetcher = Fetcher::new(FetchOptions::new(AddressPolicy::local())).unwrap();
    for path in ["/head", "/body"] {
        let begun = Instant::now();
        let url = Url::parse(&format!("http://{address}{path}")).unwrap();
        let result = fetcher.fetch(&url, MAX, begun + Duration::from_millis(300)).await;
        assert!(matches!(result, Err(FetchError::Timeout { .. })), "{path}: {result:?}");
        assert!(begun.elapsed() < Duration::from_secs(2));
    }
    slow.abort();
}

#[tokio::test]
async fn failures_are_told_apart() {
    let missing = Server::start(|_| reply("404 Not Found", "", "nothing")).await;
    let error = fetch(&missing.url("/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Status { status: 404, .. }));
    assert_eq!(error.to_string(), "the server answered 404 Not Found");
    let closed = missing.address;
    drop(missing);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(matches!(fetch(&format!("http://{closed}/")).await, Err(FetchError::Connect { .. })));
    let rude = Server::start(|_| Vec::new()).await;
    assert!(matches!(fetch(&rude.url("/")).await, Err(FetchError::Broken { .. })));
    let short = Server::start(|_| b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<a/>".to_vec()).await;
    assert!(matches!(fetch(&short.url("/")).await, Err(FetchError::Broken { .. })));
    let mut options = FetchOptions::new(AddressPolicy::local());
    options.resolver = Resolver::new(Names::new(&[&[]]));
    assert!(matches!(fetch_with(options, "http://unknown.test/").await, Err(FetchError::Dns { .. })));
}

#[tokio::test]
async fn credentials_stay_at_their_origin() {
    let other = Server::start(|_| ok("<end/>")).await;
    let to = other.url("/end");
    let server = Server::start(move |head| if head.starts_with("GET /away") { redirect(&to) } else { redirect("/away") }).await;
    let url = Url::parse(&server.url("/start")).unwrap();
    let mut options = FetchOptions::new(AddressPolicy::local());
    options.credentials = Some(Credentials::new(&url, "ann", Secret::new("s3cret")));
    assert!(!format!("{options:?}").contains("s3cret"));
    assert!(fetch_with(options, url.as_str()).await.is_ok());
    let sent = "authorization: Basic YW5uOnMzY3JldA==";
    assert!(server.heads().len() == 2 && server.heads().iter().all(|h| h.contains(sent)), "{:?}", server.heads());
    assert!(other.heads().len() == 1 && !other.heads()[0].to_lowercase().contains("authorization"), "{:?}", other.heads());

    // Those in the address count too, and are not shown.
    let with = format!("http://ann:s3cret@{}/end", other.address);
    let fetched = fetch(&with).await.unwrap();
    assert!(other.heads()[1].contains(sent));
    assert!(!fetched.address.as_str().contains("s3cret"));
    // A redirect may not bring its own to another origin's address either: they are used there only.
    assert!(!other.heads()[1].contains("ann:s3cret@"));
}

#[tokio::test]
async fn tls_trusts_the_extra_authority_only_where_it_is_named() {
    let authority = Authority::new();
    let server = Server::start_tls(authority.acceptor(false), |_| ok("<a/>")).await;
    let port = server.address.port();
    let options = |ca: Option<&str>| {
        let mut options = FetchOptions::new(AddressPolicy::local());
        options.tls = TlsOptions { extra_ca_pem: ca.map(str::to_owned), identity: None };
        options
    };
    let url = format!("https://127.0.0.1:{port}/");
    let refused = fetch_with(options(None), &url).await;
    assert!(matches!(refused, Err(FetchError::Tls { .. })), "{refused:?}");
    assert_eq!(fetch_with(options(Some(&authority.ca_pem)), &url).await.unwrap().bytes, b"<a/>");
    let another = Authority::new().ca_pem;
    assert!(matches!(fetch_with(options(Some(&another)), &url).await, Err(FetchError::Tls { .. })));
    // The name must be the certificate's.
    let mut wrong = options(Some(&authority.ca_pem));
    wrong.resolver = Resolver::new(Names::new(&[&["127.0.0.1"]]));
    let result = fetch_with(wrong, &format!("https://other.test:{port}/")).await;
    assert!(matches!(result, Err(FetchError::Tls { .. })), "{result:?}");
    assert_eq!(server.heads().len(), 1);
}

#[test]
fn proxies_of_the_environment_are_not_used() {
    // In a process of its own, because the environment belongs to the process.
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "net::fetch::a_document_is_fetched_with_its_charset"]);
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy"] {
        command.env(name, "http://127.0.0.1:1");
    }
    let output = command.env_remove("no_proxy").env_remove("NO_PROXY").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

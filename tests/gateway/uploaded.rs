//! APIs that came through the admin API: which addresses their calls may reach, however these are written or resolved.

use std::net::SocketAddr;
use std::sync::Arc;

use castile::catalog::{self, Provenance, Vault};
use castile::config::Config;

use super::bench_of::{Answer, Server, Upstream, countries, country, get_country, reply};

const TYPE: &str = "text/xml; charset=utf-8";

/// A gateway whose one API was uploaded and calls `url`; `auth` is its log-in.
async fn uploaded(url: &str, auth: &str, config: Config) -> Server {
    let server = Server::of(countries(SocketAddr::from(([127, 0, 0, 1], 9)), ""), config).await;
    publish(&server, url, auth, Provenance::Uploaded);
    server
}

/// Publishes the API anew, as it would be read from a store.
fn publish(server: &Server, url: &str, auth: &str, of: Provenance) {
    let folder = countries(SocketAddr::from(([127, 0, 0, 1], 9)), "");
    let path = folder.path().join("countries/api.yaml");
    let text = std::fs::read_to_string(&path).unwrap().replace("http://127.0.0.1:9/up\"", &format!("{url}\"{auth}"));
    std::fs::write(&path, text).unwrap();
    std::fs::create_dir_all(folder.path().join("data/secrets")).unwrap();
    for file in ["data/secrets/cs", "countries/cs"] {
        std::fs::write(folder.path().join(file), "s3cret").unwrap();
    }
    let mut content = catalog::read_api(&folder.path().join("countries")).unwrap();
    content.managed_by_files = of == Provenance::Files;
    let vault = Vault::beside(folder.path(), Default::default());
    let built = catalog::build_of("default", "countries", &content, &vault);
    server.catalog.publish(vec![built.api.unwrap_or_else(|| panic!("{:?}", built.diagnostics))]);
}

async fn rest(server: &Server) -> Answer {
    server.post("/countries/1/GetCountry", "{\"code\":\"LK\"}").await
}

/// Refused by the address rule: the caller learns neither address nor rule.
fn assert_refused(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 502, "{what}: {}", answer.text());
    for word in ["127.0.0.1", "loopback", "network.allow", "localhost"] {
        assert!(!answer.text().contains(word), "{what}: {}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn this_machine_is_not_reached_however_it_is_written() {
    let upstream = Upstream::answering("200 OK", TYPE, country().as_bytes()).await;
    let port = upstream.address.port();
    let server = uploaded("http://127.0.0.1:9/", "", Config::default()).await;
    for host in [
        "127.0.0.1",
        "localhost",
        "localhost.",
        "LocalHost",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::1]",
        "0.0.0.0",
        "[64:ff9b::7f00:1]",
    ] {
        publish(&server, &format!("http://{host}:{port}/up"), "", Provenance::Uploaded);
        assert_refused(&rest(&server).await, host);
        let raw = server.ask("POST /countries/1\nContent-Type: text/xml", get_country()).await;
        assert_refused(&raw, host);
    }
    assert!(upstream.got().is_empty(), "{:?}", upstream.got());
    // The same addresses in an operator's files are called.
    publish(&server, &format!("http://localhost:{port}/up"), "", Provenance::Files);
    assert_eq!(rest(&server).await.status, 200);
    // What was opened for them is not used by the upload that comes in their place.
    publish(&server, &format!("http://localhost:{port}/up"), "", Provenance::Uploaded);
    assert_refused(&rest(&server).await, "after an operator's call");
    assert_eq!(upstream.got().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operator_allows_networks_and_redirects_lead_nowhere() {
    let upstream = Upstream::answering("200 OK", TYPE, country().as_bytes()).await;
    let mut config = Config::default();
    config.network.allow = vec!["127.0.0.1".parse().unwrap()];
    let server = uploaded(&format!("http://{}/up", upstream.address), "", config).await;
    assert_eq!(rest(&server).await.status, 200);
    // That one address, and no other of this machine.
    let port = upstream.address.port();
    publish(&server, &format!("http://127.0.0.2:{port}/up"), "", Provenance::Uploaded);
    assert_refused(&rest(&server).await, "127.0.0.2");
    assert_eq!(upstream.got().len(), 1);
    let to = format!("http://{}/inside", upstream.address);
    let redirecting =
        Upstream::by(None, move |_| format!("HTTP/1.1 307 Gone there\r\nlocation: {to}\r\ncontent-length: 0\r\n\r\n").into()).await;
    publish(&server, &format!("http://{}/up", redirecting.address), "", Provenance::Uploaded);
    assert_eq!(rest(&server).await.status, 502);
    assert_eq!((redirecting.got().len(), upstream.got().len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn token_endpoints_keep_to_the_same_rule() {
    let tokens = Upstream::by(None, |_| reply("200 OK", "application/json", br#"{"access_token":"t","token_type":"bearer"}"#)).await;
    let upstream = Upstream::answering("200 OK", TYPE, country().as_bytes()).await;
    let mut config = Config::default();
    config.network.allow = vec!["127.0.0.1".parse().unwrap()];
    let port = tokens.address.port();
    let auth = |host: &str| {
        format!(", auth: {{ oauth2: {{ token_url: \"http://{host}:{port}/token\", client_id: gw, client_secret_file: cs }} }}")
    };
    let url = format!("http://{}/up", upstream.address);
    let server = uploaded(&url, &auth("127.0.0.2"), config).await;
    assert_refused(&rest(&server).await, "a token endpoint");
    assert!(tokens.got().is_empty() && upstream.got().is_empty());
    publish(&server, &url, &auth("127.0.0.1"), Provenance::Uploaded);
    assert_eq!(rest(&server).await.status, 200);
    // A session that an operator's files opened, and the token in it, is not handed on to an upload with the same settings.
    let server = uploaded(&url, &auth("127.0.0.1"), Config::default()).await;
    publish(&server, &url, &auth("127.0.0.1"), Provenance::Files);
    assert_eq!(rest(&server).await.status, 200);
    let before = (tokens.got().len(), upstream.got().len());
    publish(&server, &url, &auth("127.0.0.1"), Provenance::Uploaded);
    assert_refused(&rest(&server).await, "a session of files");
    assert_eq!((tokens.got().len(), upstream.got().len()), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_seen_is_said_when_it_is_published() {
    let server = uploaded(
        "http://10.1.2.3/",
        ", auth: { oauth2: { token_url: \"http://[::ffff:169.254.169.254]/t\", client_id: gw, client_secret_file: cs } }",
        Config::default(),
    )
    .await;
    let api: Arc<_> = server.catalog.snapshot().apis[0].clone();
    let said: Vec<_> = Vault::default()
        .unreachable(catalog::targets(&api))
        .into_iter()
        .map(|d| format!("{} {} {}", d.code.id, d.message, d.hint.unwrap()))
        .collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].contains("api.address-refused `http://10.1.2.3/` is a private address") && said[0].contains("`network.allow`"),
        "{said:?}"
    );
    assert!(said[1].contains("link-local address") && said[1].contains("never called"), "{said:?}");
}

//! HTTP header fields: what comes back, what never travels.

use std::net::SocketAddr;
use std::path::Path;

use castile::catalog::read_api;
use castile::config::Config;

use super::bench_of::{Server, Upstream, countries, country, soap};

/// Lets the countries' endpoint have more settings.
fn with_endpoint(folder: &Path, settings: &str) {
    let path = folder.join("countries/api.yaml");
    let text = std::fs::read_to_string(&path).unwrap().replace("/up\" }", &format!("/up\", {settings} }}"));
    std::fs::write(&path, text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn listed_fields_of_a_reply_come_back_with_every_answer() {
    let fault = soap("<s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring></s:Fault>");
    let head = "text/xml\r\nx-rate: 5\r\nx-rate: 6\r\nx-hop: h\r\nconnection: x-hop\r\nset-cookie: a=b\r\ncache-control: max-age=9\r\nserver: s";
    for (status, body) in [("200 OK", country()), ("500 Oops", fault)] {
        let upstream = Upstream::answering(status, head, body.as_bytes()).await;
        let folder = countries(upstream.address, "");
        with_endpoint(folder.path(), "return_headers: [X-Rate, X-Hop, Cache-Control, x-none]");
        let server = Server::of(folder, Config::default()).await;
        let rest = server.post("/countries/1/GetCountry", "{\"code\":\"LK\"}").await;
        let raw = server
            .ask("POST /countries/1\nContent-Type: text/xml\nSOAPAction: \"urn:castile:samples:countries/GetCountry\"", super::bench_of::get_country())
            .await;
        for answer in [&rest, &raw] {
            assert_eq!(answer.field("x-rate"), Some("5"), "{status}");
            assert_eq!(answer.head.matches("x-rate:").count(), 2, "{}", answer.head);
            for never in ["x-hop", "set-cookie", "server", "x-none"] {
                assert_eq!(answer.field(never), None, "{status} {never}");
            }
        }
        // A problem is nobody's to keep, whatever the service says.
        let kept = if status.starts_with('2') { "max-age=9" } else { "no-store" };
        assert_eq!((rest.field("cache-control"), raw.field("cache-control")), (Some(kept), Some("max-age=9")), "{status}");
    }
}

#[test]
fn fields_that_never_travel_are_refused_where_they_are_listed() {
    let upstream = SocketAddr::from(([127, 0, 0, 1], 9));
    for (list, name) in [
        ("forward_headers", "Cookie"),
        ("forward_headers", "expect"),
        ("forward_headers", "apikey"),
        ("forward_headers", "X-Authorization"),
        ("forward_headers", "x-request-id"),
        ("forward_headers", "accept-encoding"),
        ("forward_headers", "a b"),
        ("return_headers", "Set-Cookie"),
        ("return_headers", "transfer-encoding"),
        ("return_headers", "Content-Type"),
        ("return_headers", "WWW-Authenticate"),
        ("return_headers", "Access-Control-Allow-Origin"),
        ("return_headers", "x-request-id"),
    ] {
        let folder = countries(upstream, "");
        with_endpoint(folder.path(), &format!("{list}: [x-fine, {name}]"));
        let refused = read_api(&folder.path().join("countries")).unwrap_err();
        let found: Vec<_> = refused.diagnostics.iter().map(|d| (d.code.id, d.message.as_str())).collect();
        assert!(found.len() == 1 && found[0].0 == "api.wrong-value" && found[0].1.contains(name), "{list} {name}: {found:?}");
    }
}

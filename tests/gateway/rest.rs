//! REST calls that go well, and those that callers get wrong.

use castile::config::Config;

use super::bench_of::{Do, Server, Upstream, countries_list, country, large_country, reply, soap};

async fn both(yaml: &str) -> (Upstream, Server) {
    let upstream = Upstream::answering("200 OK", "text/xml; charset=utf-8", country().as_bytes()).await;
    let server = Server::with(upstream.address, yaml, Config::default()).await;
    (upstream, server)
}

const GET_COUNTRY: &str = "/countries/1/GetCountry";

#[tokio::test(flavor = "multi_thread")]
async fn json_goes_out_as_an_envelope_and_comes_back_as_json() {
    let (upstream, server) = both("").await;
    let answer = server
        .ask(
            &format!("POST {GET_COUNTRY}\nContent-Type: application/json; charset=UTF-8\nAccept: application/json\nAuthorization: Bearer x\nCookie: a=b\nX-Authorization: y\nX-Other: z\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
            "{\"code\":\"LK\"}",
        )
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.field("content-type"), Some("application/json"));
    assert_eq!(answer.text(), "{\"GetCountryResult\":{\"code\":\"LK\",\"name\":\"Sri Lanka\",\"currency\":[]}}");
    let got = upstream.got();
    let head = &got[0].head;
    assert!(head.starts_with("post /up http/1.1"), "{head}");
    assert!(head.contains("\r\nsoapaction: \"urn:castile:samples:countries/getcountry\""), "{head}");
    assert!(head.contains("\r\ncontent-type: text/xml; charset=utf-8"), "{head}");
    assert!(head.contains("\r\naccept-encoding: gzip"), "{head}");
    assert!(head.contains("\r\ntraceparent: 00-0af7"), "{head}");
    assert!(head.contains(&format!("\r\nx-request-id: {}", answer.field("x-request-id").unwrap())), "{head}");
    for never in ["authorization", "cookie", "x-other", "connection: close"] {
        assert!(!head.contains(never), "{never} in {head}");
    }
    assert!(String::from_utf8_lossy(&got[0].body).contains(">LK</"), "{:?}", got[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn listed_fields_travel_and_credentials_never() {
    let upstream = Upstream::answering("200 OK", "text/xml", country().as_bytes()).await;
    let folder = super::bench_of::countries(upstream.address, "");
    let path = folder.path().join("countries/api.yaml");
    let text = std::fs::read_to_string(&path).unwrap().replace("/up\" }", "/up\", forward_headers: [X-Other, X-Own, traceparent] }");
    std::fs::write(&path, text).unwrap();
    let server = Server::of(folder, Config::default()).await;
    server
        .ask(
            &format!(
                "POST {GET_COUNTRY}\nContent-Type: application/json\nX-Other: z\nX-Own: o\nConnection: x-own\nCookie: c\nAuthorization: a\ntraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
            ),
            "{\"code\":\"LK\"}",
        )
        .await;
    let head = upstream.got()[0].head.clone();
    assert!(head.contains("\r\nx-other: z"), "{head}");
    assert_eq!(head.matches("\r\ntraceparent:").count(), 1, "{head}");
    assert!(!head.contains("x-own") && !head.contains("cookie") && !head.contains("authorization"), "{head}");
    assert_eq!(head.matches("\r\nhost:").count(), 1, "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_place_that_does_not_fit_is_named() {
    let (upstream, server) = both("").await;
    let answer = server.post(GET_COUNTRY, "{\"cod\":\"LK\"}").await;
    assert_eq!((answer.status, answer.problem().as_str()), (400, "castile.invalid_request"));
    let errors = answer.json()["errors"].clone();
    assert_eq!(errors[0]["pointer"], "/cod");
    assert_eq!(errors[0]["hint"], "code");
    assert_eq!(errors[1]["pointer"], "/code");
    for broken in ["{", "{\"code\":\"LK\",\"code\":\"LK\"}", "[]", "\u{feff}{}"] {
        assert_eq!(server.post(GET_COUNTRY, broken).await.problem(), "castile.invalid_request", "{broken}");
    }
    assert!(upstream.got().is_empty(), "the upstream is not called");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_asked_rightly() {
    let (upstream, server) = both("limits: { json_request: 100 }").await;
    let json = "{\"code\":\"LK\"}";
    let big = format!("{{\"code\":\"{}\"}}", "x".repeat(100));
    let table: &[(&str, &str, u16)] = &[
        (&format!("POST {GET_COUNTRY}"), json, 415),
        (&format!("POST {GET_COUNTRY}\nContent-Type: text/xml"), json, 415),
        (&format!("POST {GET_COUNTRY}\nContent-Type: application/json; charset=latin1"), json, 415),
        (&format!("POST {GET_COUNTRY}\nContent-Type: application/json\nContent-Type: application/json"), json, 415),
        (&format!("POST {GET_COUNTRY}\nContent-Type: application/json\nContent-Encoding: gzip"), json, 415),
        (&format!("POST {GET_COUNTRY}\nContent-Type: application/json\nAccept: text/xml"), json, 406),
        (&format!("POST {GET_COUNTRY}\nContent-Type: application/json"), &big, 413),
        (&format!("POST {GET_COUNTRY}?x=1\nContent-Type: application/json"), json, 400),
        (&format!("GET {GET_COUNTRY}"), "", 405),
        (&format!("DELETE {GET_COUNTRY}"), "", 405),
        ("POST /countries/1/Nothing\nContent-Type: application/json", json, 404),
        ("POST /nothing/1/GetCountry\nContent-Type: application/json", json, 404),
        ("POST /countries/2/GetCountry\nContent-Type: application/json", json, 404),
        ("GET /", "", 404),
        ("PUT /countries/1", "", 405),
        ("POST /countries/1\nContent-Type: application/json", json, 415),
        ("POST /countries/1/openapi.json", "", 405),
    ];
    for (head, body, status) in table {
        let answer = server.ask(head, body).await;
        assert_eq!(answer.status, *status, "{head}: {}", answer.text());
        let code = answer.problem();
        if matches!(status, 404 | 405) {
            assert_eq!(code, "900906");
        }
        assert_eq!(answer.field("allow").is_some(), *status == 405, "{head}");
    }
    let chunked = format!(
        "POST {GET_COUNTRY} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{big}\r\n0\r\n\r\n",
        server.address,
        big.len()
    );
    assert_eq!(super::bench_of::Answer::parse(&server.raw(chunked).await).status, 413);
    assert!(upstream.got().is_empty(), "the upstream is not called");
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_and_the_page() {
    let (_upstream, server) = both("").await;
    let page = server.ask("GET /countries/1\nAccept: text/html", "").await;
    assert_eq!((page.status, page.field("content-type")), (200, Some("text/html; charset=utf-8")));
    assert!(page.field("content-security-policy").is_some_and(|p| p.starts_with("default-src 'none'")));
    assert!(page.text().contains("/GetCountry") && !page.text().contains("<script"));
    let head = server.ask("HEAD /countries/1\nAccept: text/html", "").await;
    assert_eq!((head.status, head.field("content-length"), head.body.len()), (200, page.field("content-length"), 0));
    let base = format!("http://{}/countries/1", server.address);
    for query in ["?wsdl", "?WSDL", "?wsdl=", "?xsd=0"] {
        let wsdl = server.ask(&format!("GET /countries/1{query}"), "").await;
        assert_eq!((wsdl.status, wsdl.field("content-type")), (200, Some("text/xml; charset=utf-8")), "{query}");
        assert!(wsdl.text().contains(&format!("location=\"{base}\"")), "{query}: {}", wsdl.text());
        assert!(wsdl.text().contains(&format!("schemaLocation=\"{base}?xsd=1\"")), "{query}");
    }
    assert!(server.ask("GET /countries/1?xsd=1", "").await.text().contains("urn:castile:samples:countries:types"));
    for (query, status) in [("?xsd=9", 404), ("?xsd=-1", 404), ("?xsd=x", 404), ("?wsd", 400), ("?wsdl&x=1", 400), ("?singleWsdl", 400)] {
        assert_eq!(server.ask(&format!("GET /countries/1{query}"), "").await.status, status, "{query}");
    }
    let openapi = server.ask("GET /countries/1/openapi.json", "").await;
    assert_eq!(openapi.json()["servers"][0]["url"], base.as_str());
    assert!(openapi.json()["openapi"].as_str().unwrap().starts_with("3.1"));
    assert!(server.ask("GET /countries/1/openapi.json?version=3.0", "").await.json()["openapi"].as_str().unwrap().starts_with("3.0"));
    assert_eq!(server.ask("GET /countries/1/openapi.json?version=2", "").await.status, 400);
    let options = server.ask(&format!("OPTIONS {GET_COUNTRY}"), "").await;
    assert_eq!((options.status, options.field("allow")), (204, Some("post, options")));
}

#[tokio::test(flavor = "multi_thread")]
async fn urls_can_carry_parameters() {
    let yaml = "resources:\n  - get: /by-code/{code}\n    operation: GetCountry\n    unwrap: GetCountryResult\n";
    let (upstream, server) = both(yaml).await;
    let answer = server.ask("GET /countries/1/by-code/LK", "").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "{\"code\":\"LK\",\"name\":\"Sri Lanka\",\"currency\":[]}"));
    assert!(String::from_utf8_lossy(&upstream.got()[0].body).contains(">LK</"));
    let wrong = server.ask("GET /countries/1/by-code/LK?lang=en", "").await;
    assert_eq!((wrong.status, wrong.json()["errors"][0]["in"].clone()), (400, "query".into()), "{}", wrong.text());
    let wrong = server.ask("GET /countries/1/by-code/not-a-code", "").await;
    assert_eq!((wrong.status, wrong.json()["errors"][0]["name"].clone()), (400, "code".into()), "{}", wrong.text());
    assert_eq!(upstream.got().len(), 1);
    let unread = server.ask("GET /countries/1/by-code/LK\nContent-Type: application/json", "{}").await;
    assert_eq!(unread.status, 400, "{}", unread.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_reply_is_streamed_and_arrives_whole() {
    let body = large_country(3 << 20);
    let upstream = Upstream::answering("200 OK", "text/xml", body.as_bytes()).await;
    let server = Server::start(upstream.address).await;
    let answer = server.post(GET_COUNTRY, "{\"code\":\"LK\"}").await;
    assert_eq!((answer.status, answer.field("transfer-encoding")), (200, Some("chunked")));
    assert!(answer.complete);
    assert_eq!(answer.json()["GetCountryResult"]["name"].as_str().unwrap().len(), 3 << 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_reply_that_breaks_never_looks_complete() {
    let body = countries_list(20_000);
    let cut_tag = body.replace("</ListCountriesResult>", "</ListCountriesResulr>");
    let mut truncated = reply("200 OK", "text/xml", body.as_bytes());
    truncated.truncate(truncated.len() - 40);
    for acts in [vec![Do::Send(truncated), Do::Close], vec![Do::Send(reply("200 OK", "text/xml", cut_tag.as_bytes()))]] {
        let upstream = Upstream::start(acts).await;
        let server = Server::start(upstream.address).await;
        let answer = server.post("/countries/1/ListCountries", "{}").await;
        assert_eq!(answer.status, 200);
        assert!(!answer.complete, "the answer ends as if it were whole");
        let request = String::from(
            "POST /countries/1/ListCountries HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        );
        let old = super::bench_of::Answer::parse(&server.raw(request).await);
        assert_eq!(old.status, 502, "HTTP/1.0 has no end to miss, so nothing is streamed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stream_never_reads_everything_first() {
    let body = large_country(1 << 20).replace("</t:name>", "</t:nome>");
    let upstream = Upstream::answering("200 OK", "text/xml", body.as_bytes()).await;
    let server = Server::with(upstream.address, "stream: never", Config::default()).await;
    assert_eq!(server.post(GET_COUNTRY, "{\"code\":\"LK\"}").await.status, 502);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_without_needs_takes_an_empty_body() {
    let list = soap(
        "<ListCountriesResponse xmlns=\"urn:castile:samples:countries\"><ListCountriesResult/><total>0</total></ListCountriesResponse>",
    );
    let upstream = Upstream::answering("200 OK", "text/xml", list.as_bytes()).await;
    let server = Server::start(upstream.address).await;
    let answer = server.ask("POST /countries/1/ListCountries", "").await;
    assert_eq!((answer.status, answer.text().as_str()), (200, "{\"ListCountriesResult\":[],\"total\":0}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_the_upstream_closed_is_no_failure() {
    let upstream = Upstream::start(vec![Do::Send(reply("200 OK", "text/xml", country().as_bytes())), Do::Close]).await;
    let server = Server::start(upstream.address).await;
    for n in 0..20 {
        assert_eq!(server.post(GET_COUNTRY, "{\"code\":\"LK\"}").await.status, 200, "{n}");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_operators_limits_are_in_force_and_an_apis_own_go_before_them() {
    let upstream = Upstream::answering("200 OK", "text/xml", country().as_bytes()).await;
    let mut config = Config::default();
    config.limits.json_request = castile::config::Bytes(12);
    let server = Server::with(upstream.address, "", config.clone()).await;
    assert_eq!(server.post(GET_COUNTRY, "{\"code\":\"LK\"}").await.status, 413);
    let server = Server::with(upstream.address, "limits: { json_request: 13 }", config).await;
    assert_eq!(server.post(GET_COUNTRY, "{\"code\":\"LK\"}").await.status, 200);
}

//! A SOAP service that fails call after call: callers read so at once, it is asked again after a pause, and faults are no failures.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use castile::config::Config;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use super::bench_of::{Server, Upstream, country, get_country, soap};

const GET_COUNTRY: &str = "/countries/1/GetCountry";
const LK: &str = "{\"code\":\"LK\"}";

fn pausing(pause: Duration) -> Config {
    let mut config = Config::default();
    config.limits.upstream.breaker.pause = pause;
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_fails_is_left_alone_and_asked_again() {
    // Its proxy says that it is down, until it is told otherwise: the count of calls, or 1000 for well.
    let state = Arc::new(AtomicUsize::new(0));
    let asked = state.clone();
    let answer = move || {
        let well = asked.fetch_add(1, Ordering::SeqCst) >= 1000;
        async move {
            match well {
                true => (StatusCode::OK, [(header::CONTENT_TYPE, "text/xml")], country()),
                false => (StatusCode::SERVICE_UNAVAILABLE, [(header::CONTENT_TYPE, "text/html")], "<html/>".to_owned()),
            }
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    let server = Server::with(address, "", pausing(Duration::from_secs(2))).await;
    for _ in 0..5 {
        assert_eq!(server.post(GET_COUNTRY, LK).await.status, 502);
    }
    let refused = server.post(GET_COUNTRY, LK).await;
    assert_eq!((refused.status, refused.problem().as_str()), (503, "castile.upstream_unreachable"));
    assert!(matches!(refused.field("retry-after"), Some("1" | "2")), "{:?}", refused.field("retry-after"));
    assert!(!refused.text().contains(&address.to_string()));
    // Raw callers of the same service read it as a fault.
    let raw = server.ask("POST /countries/1\nContent-Type: text/xml", get_country()).await;
    assert!(raw.status == 503 && raw.text().contains("Fault"), "{} {}", raw.status, raw.text());
    assert_eq!(state.load(Ordering::SeqCst), 5, "nothing reached the service meanwhile");

    state.store(1000, Ordering::SeqCst);
    let began = Instant::now();
    while server.post(GET_COUNTRY, LK).await.status != 200 {
        assert!(began.elapsed() < Duration::from_secs(20), "it is asked again");
        sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(server.post(GET_COUNTRY, LK).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_and_replies_that_do_not_fit_are_no_failures() {
    let fault = soap("<s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring></s:Fault>");
    let other = soap("<Other xmlns=\"urn:other\"/>");
    for (status, body, expected) in [("500 Internal Server Error", fault.as_str(), 502), ("200 OK", other.as_str(), 502)] {
        let upstream = Upstream::answering(status, "text/xml", body.as_bytes()).await;
        let server = Server::with(upstream.address, "", pausing(Duration::from_secs(60))).await;
        for _ in 0..12 {
            assert_eq!(server.post(GET_COUNTRY, LK).await.status, expected, "{body}");
        }
        assert_eq!(upstream.got().len(), 12);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_path_stops_no_other_api_of_its_host() {
    let answer = |uri: axum::http::Uri| async move {
        match uri.path() {
            "/up" => (StatusCode::OK, [(header::CONTENT_TYPE, "text/xml")], country()),
            _ => (StatusCode::NOT_FOUND, [(header::CONTENT_TYPE, "text/html")], "<html/>".to_owned()),
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    let folder = super::bench_of::countries(address, "");
    let (from, to) = (folder.path().join("countries"), folder.path().join("wrong"));
    std::fs::create_dir_all(to.join("wsdl")).unwrap();
    for name in ["wsdl/service.wsdl", "wsdl/types.xsd"] {
        std::fs::copy(from.join(name), to.join(name)).unwrap();
    }
    let text = std::fs::read_to_string(from.join("api.yaml")).unwrap();
    std::fs::write(to.join("api.yaml"), text.replace("name: countries", "name: wrong").replace("/up", "/wrong")).unwrap();
    let server = Server::of(folder, pausing(Duration::from_secs(60))).await;
    for _ in 0..5 {
        assert_eq!(server.post("/wrong/1/GetCountry", LK).await.status, 502);
        assert_eq!(server.post(GET_COUNTRY, LK).await.status, 200);
    }
    for _ in 0..20 {
        assert_eq!(server.post("/wrong/1/GetCountry", LK).await.status, 503, "it is left alone");
    }
    assert_eq!(server.post(GET_COUNTRY, LK).await.status, 200, "the rest of the host is not");
}

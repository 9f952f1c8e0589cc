//! The examples of `sequences/`: each is served before the mock of its WSDL, and does what its first line says.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use castile::config::Config;
use castile::mock::{Mock, Options};

use super::bench_of::{Answer, Got, Server, Upstream, reply, soap};
use crate::support;

/// The folder of an example with its WSDL, before that service.
fn folder(example: &str, upstream: std::net::SocketAddr) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let from = support::path("sequences").join(example);
    let definition = std::fs::read_to_string(from.join("api.yaml")).unwrap();
    let sample = definition.lines().find_map(|l| l.split_once("# wsdl/")).unwrap().1.to_owned();
    let to = folder.path().join(example);
    copy(&from, &to);
    copy(&support::path("wsdl").join(sample), &to.join("wsdl"));
    std::fs::write(to.join("api.yaml"), definition.replace("127.0.0.1:9000/", &format!("{upstream}/"))).unwrap();
    folder
}

pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_name() != "README.md" {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The example before the mock of its WSDL, which refuses what does not fit it; with that share of faults.
async fn mocked(example: &str, fault: f64) -> Server {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let folder = folder(example, address);
    let content = castile::catalog::read_api(&folder.path().join(example)).unwrap();
    let api = castile::catalog::build(example, &content).api.unwrap();
    let mock = Mock::new(api, Options { validate: true, seed: Some(1), fault, delay: Duration::ZERO, ..Options::default() });
    tokio::spawn(castile::mock::serve(Arc::new(mock), listener, std::future::pending()));
    Server::of(folder, Config::default()).await
}

async fn call(server: &Server, line: &str, json: &str) -> Answer {
    let type_ = if json.is_empty() { "" } else { "\nContent-Type: application/json" };
    server.ask(&format!("{line}{type_}"), json).await
}

fn text(got: &Got) -> String {
    String::from_utf8_lossy(&got.body).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn header_swap() {
    let server = mocked("header-swap", 0.0).await;
    let answer = call(&server, "POST /header-swap/1/countries/LK\nX-Authorization: Basic YTpi", "").await;
    assert_eq!((answer.status, answer.field("cache-control")), (200, Some("private")), "{}", answer.text());
    assert_eq!(call(&server, "POST /header-swap/1/countries/LK", "").await.status, 400);
    let upstream = Upstream::answering("200 OK", "text/xml", super::bench_of::country().as_bytes()).await;
    let server = Server::of(folder("header-swap", upstream.address), Config::default()).await;
    call(&server, "POST /header-swap/1/countries/LK\nX-Authorization: Basic YTpi", "").await;
    let head = upstream.got()[0].head.clone();
    assert!(head.contains("authorization: basic ytpi") && head.contains("x-channel: web") && !head.contains("x-authorization"), "{head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_names() {
    let server = mocked("other-names", 0.0).await;
    let answer = call(&server, "POST /other-names/1/lookup", r#"{"id":7}"#).await;
    let json = answer.json();
    assert_eq!(answer.status, 200, "{json}");
    assert!(json["name"].is_string() && json["custName"].is_null(), "{json}");
    assert!(json["status"].is_null() || ["active", "closed"].contains(&json["status"].as_str().unwrap()), "{json}");
    assert_eq!(call(&server, "POST /other-names/1/lookup", r#"{"id":"seven"}"#).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_calls() {
    let server = mocked("two-calls", 0.0).await;
    let answer = call(&server, "GET /two-calls/1/customers/7", "").await;
    let json = answer.json();
    assert!(answer.status == 200 && json["custName"].is_string() && json["balance"].is_number(), "{json}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_statuses() {
    let server = mocked("fault-statuses", 0.0).await;
    assert_eq!(call(&server, "POST /fault-statuses/1/customers/find", r#"{"custNo":1}"#).await.status, 200);
    for (text, detail, status, field) in [
        (
            "unknown",
            "<detail><UnknownCustomer xmlns=\"urn:castile:samples:customers\"><custNo>1</custNo></UnknownCustomer></detail>",
            404,
            None,
        ),
        ("session", "<detail><SessionExpired xmlns=\"urn:castile:samples:customers\"/></detail>", 503, Some("5")),
        ("the customer is locked", "", 409, None),
    ] {
        let fault = soap(&format!("<s:Fault><faultcode>s:Server</faultcode><faultstring>{text}</faultstring>{detail}</s:Fault>"));
        let upstream = Upstream::answering("500 Oops", "text/xml", fault.as_bytes()).await;
        let server = Server::of(folder("fault-statuses", upstream.address), Config::default()).await;
        let answer = call(&server, "POST /fault-statuses/1/customers/find", r#"{"custNo":1}"#).await;
        assert_eq!((answer.status, answer.field("retry-after")), (status, field), "{}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn restful() {
    let server = mocked("restful", 0.0).await;
    let customer = r#"{"custName":"Ada","custStatus":"A"}"#;
    let got = call(&server, "GET /restful/1/customers/7", "").await;
    assert!(got.status == 200 && got.json()["custName"].is_string(), "{}", got.text());
    let made = call(&server, "POST /restful/1/customers", customer).await;
    assert!(made.status == 201 && made.field("location").unwrap().starts_with("customers/"), "{}", made.text());
    assert_eq!(call(&server, "PUT /restful/1/customers/7", customer).await.status, 200);
    assert_eq!(call(&server, "DELETE /restful/1/customers/7", "").await.status, 204);
    assert_eq!(call(&server, "PUT /restful/1/customers/7", r#"{"custName":"Ada","custStatus":"X"}"#).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn by_template() {
    let server = mocked("by-template", 0.0).await;
    let made = call(&server, "POST /by-template/1/customers", r#"{"name":"A & B","email":"a@b.example"}"#).await;
    assert!(made.status == 201 && made.json()["custNo"].is_number(), "{}", made.text());
    let missing = call(&server, "POST /by-template/1/customers", r#"{"email":"a@b.example"}"#).await;
    assert_eq!((missing.status, missing.json()["errors"][0]["pointer"].as_str()), (400, Some("/name")), "{}", missing.text());
    let control = call(&server, "POST /by-template/1/customers", r#"{"name":"a\u0001"}"#).await;
    assert_eq!(control.status, 400, "{}", control.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn session() {
    let server = mocked("session", 0.0).await;
    assert_eq!(call(&server, "GET /session/1/customers/7", "").await.status, 200);
    let (logins, valid) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(1)));
    let (count, least) = (logins.clone(), valid.clone());
    let upstream = Upstream::by(None, move |got| {
        let body = text(got);
        let xmlns = "xmlns=\"urn:castile:samples:customers\"";
        let answer = if body.contains("Login") {
            let n = count.fetch_add(1, Ordering::SeqCst) + 1;
            format!("<LoginResponse {xmlns}><sessionId>s{n}</sessionId></LoginResponse>")
        } else if (1..least.load(Ordering::SeqCst)).any(|n| body.contains(&format!(">s{n}<"))) {
            let fault = format!("<s:Fault><faultcode>s:Client</faultcode><faultstring>gone</faultstring><detail><SessionExpired {xmlns}/></detail></s:Fault>");
            return reply("500 Oops", "text/xml", soap(&fault).as_bytes());
        } else {
            format!("<GetCustomerResponse {xmlns}><customer><custName>Ada</custName></customer></GetCustomerResponse>")
        };
        reply("200 OK", "text/xml", soap(&answer).as_bytes())
    })
    .await;
    let server = Server::of(folder("session", upstream.address), Config::default()).await;
    let get = || call(&server, "GET /session/1/customers/7", "");
    assert_eq!((get().await.status, get().await.status, logins.load(Ordering::SeqCst)), (200, 200, 1));
    let block = "<h:Session xmlns=\"\" xmlns:h=\"urn:castile:samples:customers\" xmlns:env=\"http://schemas.xmlsoap.org/soap/envelope/\" env:mustUnderstand=\"1\"><h:id>s1</h:id></h:Session>";
    assert!(text(&upstream.got()[1]).contains(block), "{}", text(&upstream.got()[1]));
    valid.store(2, Ordering::SeqCst);
    assert_eq!((get().await.status, logins.load(Ordering::SeqCst)), (200, 2), "the session ended, and a new one was made");
}

#[test]
fn every_example_is_in_the_list() {
    let list = std::fs::read_to_string(support::path("sequences/README.md")).unwrap();
    let mut count = 0;
    for entry in std::fs::read_dir(support::path("sequences")).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            count += 1;
            let name = entry.file_name().into_string().unwrap();
            assert!(list.contains(&format!("[{name}]({name})")), "{name}");
        }
    }
    assert!(count >= 7);
}

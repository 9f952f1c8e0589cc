//! Steps that call other operations, and keep what they learn from call to call.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use castile::config::Config;

use super::bench_of::{Answer, Got, Server, Upstream, countries, countries_list, country, reply, soap};

/// A gateway with `POST /c` as GetCountry with these request steps, and these before `to_problem`; and a second API of the same service.
async fn gateway(upstream: &Upstream, request: &str, fault: &str) -> Server {
    let resource = "resources:\n  - post: /c\n    operation: GetCountry\n    sequence: sequences/s.yaml\n";
    let folder = countries(upstream.address, resource);
    let steps = |list: &str| list.lines().map(|l| format!("  {l}\n")).collect::<String>();
    let text = format!(
        "version: 1\nrequest:\n{}  - to_soap: {{}}\nresponse:\n  - to_json: {{ unwrap: GetCountryResult }}\n  - if: {{ when: \"exists(properties.shown)\", then: [ {{ set: {{ to: /shown, value: \"{{{{ properties.shown }}}}\" }} }} ] }}\nfault:\n{}  - to_problem: {{}}\n",
        steps(request),
        steps(fault)
    );
    std::fs::create_dir(folder.path().join("countries/sequences")).unwrap();
    std::fs::write(folder.path().join("countries/sequences/s.yaml"), text).unwrap();
    let other = countries(upstream.address, "").keep();
    std::fs::rename(other.join("countries"), folder.path().join("other")).unwrap();
    let definition = std::fs::read_to_string(folder.path().join("other/api.yaml")).unwrap().replace("name: countries", "name: other");
    std::fs::write(folder.path().join("other/api.yaml"), definition).unwrap();
    Server::of(folder, Config::default()).await
}

fn body(got: &Got) -> String {
    String::from_utf8_lossy(&got.body).into_owned()
}

/// A service that lists 7 countries, knows Sri Lanka, and answers AddCountry with a declared fault.
async fn service() -> Upstream {
    Upstream::by(None, |got| {
        let (status, text) = match body(got) {
            b if b.contains("ListCountries") => ("200 OK", countries_list(7)),
            b if b.contains("AddCountry") => (
                "500 Oops",
                soap("<s:Fault><faultcode>s:Server</faultcode><faultstring>is there</faultstring><detail><CountryExists xmlns=\"urn:castile:samples:countries\"><code>LK</code></CountryExists></detail></s:Fault>"),
            ),
            _ => ("200 OK", country()),
        };
        reply(status, "text/xml", text.as_bytes())
    })
    .await
}

async fn post(server: &Server) -> Answer {
    server.post("/countries/1/c", r#"{"code":"LK"}"#).await
}

const SHOW: &str = "- set_property: { name: shown, value: \"{{ calls.all.total }}\" }";

#[tokio::test(flavor = "multi_thread")]
async fn another_operation_is_called_and_its_reply_read() {
    let upstream = service().await;
    let request = format!("- call: {{ operation: ListCountries, json: {{ limit: 5 }}, as: all }}\n{SHOW}");
    let server = gateway(&upstream, &request, "").await;
    let answer = post(&server).await;
    assert_eq!((answer.status, answer.json()["shown"].as_u64()), (200, Some(7)), "{}", answer.text());
    let got = upstream.got();
    assert!(body(&got[0]).contains(">5<") && got[0].head.contains("listcountries"), "{}", got[0].head);
    assert!(body(&got[1]).contains(">LK<"));
    let request = format!("- call: {{ api: other, operation: ListCountries, as: all, timeout: 5s }}\n{SHOW}");
    let server = gateway(&upstream, &request, "").await;
    assert_eq!(post(&server).await.json()["shown"].as_u64(), Some(7));
}

#[tokio::test(flavor = "multi_thread")]
async fn several_operations_are_called_at_the_same_time() {
    let arrived = Arc::new(AtomicUsize::new(0));
    let seen = arrived.clone();
    // Each answers only once both have come.
    let upstream = Upstream::by(None, move |got| {
        if body(got).contains("ListCountries") {
            seen.fetch_add(1, Ordering::SeqCst);
            while seen.load(Ordering::SeqCst) < 2 {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            return reply("200 OK", "text/xml", countries_list(3).as_bytes());
        }
        reply("200 OK", "text/xml", country().as_bytes())
    })
    .await;
    let request = format!(
        "- call:\n    parallel:\n      - {{ operation: ListCountries, as: all }}\n      - {{ api: other, operation: ListCountries, as: more }}\n    timeout: 20s\n{SHOW}"
    );
    let server = gateway(&upstream, &request, "").await;
    assert_eq!(post(&server).await.json()["shown"].as_u64(), Some(3));
    assert_eq!(arrived.load(Ordering::SeqCst), 2);
}

const ADD: &str = "operation: AddCountry, json: { country: { code: LK, name: Sri Lanka, continent: Asia, population: 22, area: 65610, founded: null } }, as: added";

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_fails_the_callers_unless_steps_say_otherwise() {
    let upstream = service().await;
    let server = gateway(&upstream, &format!("- call: {{ {ADD} }}"), "").await;
    let answer = post(&server).await;
    assert_eq!((answer.status, answer.json()["title"].as_str()), (422, Some("CountryExists")), "{}", answer.text());
    assert_eq!(upstream.got().len(), 1, "the operation itself was not called");
    let on_fault =
        "on_fault: [ { set_property: { name: shown, value: \"{{ fault.name }} {{ fault.status }} {{ exists(calls.added) }}\" } } ]";
    let server = gateway(&upstream, &format!("- call: {{ {ADD}, {on_fault} }}"), "").await;
    let answer = post(&server).await;
    assert_eq!((answer.status, answer.json()["shown"].as_str()), (200, Some("CountryExists 422 false")), "{}", answer.text());
    let unfit = "- call: { operation: AddCountry, json: { country: { code: \"{{ body.code }}{{ body.code }}\" } }, as: added }";
    let server = gateway(&upstream, unfit, "").await;
    let answer = post(&server).await;
    assert_eq!((answer.status, answer.json()["code"].as_str()), (400, Some("castile.invalid_request")), "{}", answer.text());
    assert!(!answer.text().contains("/country"), "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_slow_or_away_does_not_hold_the_call() {
    let upstream = Upstream::by(None, |got| {
        if body(got).contains("ListCountries") {
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
        reply("200 OK", "text/xml", country().as_bytes())
    })
    .await;
    let slow = "- call: { operation: ListCountries, as: all, timeout: 50ms }";
    assert_eq!(post(&gateway(&upstream, slow, "").await).await.status, 504);
    let away = "- call: { api: nowhere, operation: ListCountries, as: all }";
    assert_eq!(post(&gateway(&upstream, away, "").await).await.status, 500);
    let told = "- call: { api: nowhere, operation: X, as: all, on_fault: [ { fail: { status: 424, detail: \"{{ fault.status }}\" } } ] }";
    let answer = post(&gateway(&upstream, told, "").await).await;
    assert_eq!((answer.status, answer.json()["detail"].as_str()), (424, Some("500")));
}

/// The impatience of one resource is not the service's failure: other resources still reach it.
#[tokio::test(flavor = "multi_thread")]
async fn a_short_wait_of_a_step_does_not_keep_others_from_the_service() {
    let upstream = Upstream::by(None, |got| {
        if body(got).contains("ListCountries") {
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
        reply("200 OK", "text/xml", country().as_bytes())
    })
    .await;
    let slow = "- if: { when: \"headers.x-slow == 'yes'\", then: [ { call: { operation: ListCountries, as: all, timeout: 20ms } } ] }";
    let server = gateway(&upstream, slow, "").await;
    // Five failures in a row would keep everybody away.
    for _ in 0..8 {
        let head = "POST /countries/1/c\nContent-Type: application/json\nX-Slow: yes";
        assert_eq!(server.ask(head, r#"{"code":"LK"}"#).await.status, 504);
    }
    assert_eq!(post(&server).await.status, 200);
}

const SESSION: &str = "- cache:\n    name: shown\n    key: \"{{ headers.x-user }}\"\n    lifetime: 10m\n    fill: [ { call: { operation: ListCountries, as: all } } ]\n    value: \"{{ calls.all.total }}\"";

/// A service whose sessions have rising numbers, and end when it is told.
async fn sessions(valid: Arc<AtomicUsize>) -> Upstream {
    let logins = AtomicUsize::new(0);
    Upstream::by(None, move |got| {
        if body(got).contains("ListCountries") {
            let n = logins.fetch_add(1, Ordering::SeqCst) + 1;
            return reply("200 OK", "text/xml", countries_list(n).as_bytes());
        }
        let wanted = valid.load(Ordering::SeqCst);
        let given = got.head.lines().find_map(|l| l.strip_prefix("x-session: ")).and_then(|v| v.trim().parse().ok()).unwrap_or(0);
        if given < wanted {
            let fault = soap("<s:Fault><faultcode>s:Client</faultcode><faultstring>session expired</faultstring></s:Fault>");
            return reply("500 Oops", "text/xml", fault.as_bytes());
        }
        reply("200 OK", "text/xml", country().as_bytes())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_kept_made_once_and_renewed_when_the_service_says_so() {
    let valid = Arc::new(AtomicUsize::new(0));
    let upstream = sessions(valid.clone()).await;
    let request = format!("{SESSION}\n- set_header: {{ name: X-Session, value: \"{{{{ properties.shown }}}}\" }}");
    let fault = "- if: { when: \"fault.reason matches 'expired'\", then: [ { retry: { drop: shown } } ] }";
    let server = gateway(&upstream, &request, fault).await;
    let by = |user: &'static str| server.ask_as(user);
    let many = futures_util::future::join_all((0..20).map(|_| by("a"))).await;
    assert!(many.iter().all(|a| a.status == 200 && a.json()["shown"].as_u64() == Some(1)), "one log-in for all: {}", many[0].text());
    assert_eq!(by("b").await.json()["shown"].as_u64(), Some(2), "another key, another session");
    valid.store(3, Ordering::SeqCst);
    assert_eq!(by("a").await.json()["shown"].as_u64(), Some(3), "the old one was dropped and the call made again");
    assert_eq!(by("a").await.json()["shown"].as_u64(), Some(3));
    valid.store(100, Ordering::SeqCst);
    let before = upstream.got().len();
    assert_eq!(by("a").await.status, 400, "the second time it stands");
    assert_eq!(upstream.got().len() - before, 3, "call, log-in, call");
    let answer = server.post("/countries/1/c", r#"{"code":"LK"}"#).await;
    assert_eq!(answer.status, 400, "without a key nobody knows whose it is");
}

impl Server {
    async fn ask_as(&self, user: &str) -> Answer {
        self.ask(&format!("POST /countries/1/c\nContent-Type: application/json\nX-User: {user}"), r#"{"code":"LK"}"#).await
    }
}

//! Sequences of one's own: what the service gets, what the caller gets.

use castile::config::Config;

use super::bench_of::{Answer, Got, Server, Upstream, countries, country, large_country, soap};

/// A gateway whose `POST /c` is GetCountry with these steps before `to_soap`, behind `to_json`, and before `to_problem`.
async fn gateway(upstream: &Upstream, [request, response, fault]: [&str; 3]) -> Server {
    let resource = "resources:\n  - post: /c\n    operation: GetCountry\n    sequence: sequences/s.yaml\n";
    let folder = countries(upstream.address, resource);
    let steps = |list: &str| list.lines().map(|l| format!("  {l}\n")).collect::<String>();
    let text = format!(
        "version: 1\nrequest:\n{}  - to_soap: {{}}\nresponse:\n  - to_json: {{ unwrap: GetCountryResult }}\n{}fault:\n{}  - to_problem: {{}}\n",
        steps(request),
        steps(response),
        steps(fault)
    );
    std::fs::create_dir(folder.path().join("countries/sequences")).unwrap();
    std::fs::write(folder.path().join("countries/sequences/s.yaml"), text).unwrap();
    Server::of(folder, Config::default()).await
}

async fn upstream() -> Upstream {
    Upstream::answering("200 OK", "text/xml; charset=utf-8", country().as_bytes()).await
}

async fn post(server: &Server, fields: &str, json: &str) -> Answer {
    server.ask(&format!("POST /countries/1/c\nContent-Type: application/json{fields}"), json).await
}

fn body(got: &Got) -> String {
    String::from_utf8(got.body.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_message_is_changed_both_ways() {
    let upstream = upstream().await;
    let request = "- rename: { from: /iso, to: /code }\n- set: { to: /code, value: \"{{ upper(body.code) }}\" }\n- remove: /internal";
    let response = "- rename: { from: /name, to: /title }\n- set: { to: /asked, value: \"{{ properties.asked }}\" }\n- set_status: 201";
    let request = format!("- set_property: {{ name: asked, value: \"{{{{ body.iso }}}}\" }}\n{request}");
    let server = gateway(&upstream, [&request, response, ""]).await;
    let answer = post(&server, "", r#"{"iso":"lk","internal":1.50}"#).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.text(), r#"{"code":"LK","title":"Sri Lanka","currency":[],"asked":"lk"}"#);
    assert!(body(&upstream.got()[0]).contains(">LK</"), "{}", body(&upstream.got()[0]));
}

#[tokio::test(flavor = "multi_thread")]
async fn header_fields_are_set_moved_and_removed() {
    let upstream = upstream().await;
    let request = "- set_header: { name: Authorization, value: \"{{ headers.x-authorization }}\" }\n- set_header: { name: X-Tenant, value: \"t-{{ headers.x-t }}\" }\n\
                   - rename_header: { from: X-Old, to: X-New }\n- remove_header: X-Gone";
    let response = "- set_header: { name: X-Answer, value: \"for {{ headers.x-t }}\" }";
    let server = gateway(&upstream, [request, response, ""]).await;
    let definition = "\nX-Authorization: Basic YTpi\nX-T: 7\nAuthorization: Bearer gateways-own";
    let answer = post(&server, definition, r#"{"code":"LK"}"#).await;
    assert_eq!((answer.status, answer.field("x-answer")), (200, Some("for 7")));
    let head = upstream.got()[0].raw_head.clone();
    assert!(head.contains("Basic YTpi") && head.contains("t-7") && !head.contains("gateways-own"), "{head}");
    assert!(!head.to_lowercase().contains("x-authorization"), "{head}");
    post(&server, "", r#"{"code":"LK"}"#).await;
    let head = upstream.got()[1].head.clone();
    assert!(!head.contains("x-tenant") && !head.contains("authorization"), "an absent value removes the field: {head}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_answered_early_or_refused() {
    let upstream = upstream().await;
    let request = "- if:\n    when: \"headers['x-dry-run'] == 'true'\"\n    then: [ { respond: { status: 202, json: { accepted: true, code: \"{{ body.code }}\" } } } ]\n\
                   - require: { header: X-Tenant }\n- require: { when: \"body.code != 'XX'\", status: 422, detail: \"{{ body.code }} is no country\" }\n\
                   - if: { when: \"body.code == 'YY'\", then: [ { fail: { status: 409, code: geo.taken, title: Taken } } ] }";
    let server = gateway(&upstream, [request, "", ""]).await;
    let early = post(&server, "\nX-Dry-Run: true", r#"{"code":"LK"}"#).await;
    assert_eq!((early.status, &*early.text()), (202, r#"{"accepted":true,"code":"LK"}"#));
    let missing = post(&server, "", r#"{"code":"LK"}"#).await;
    assert_eq!((missing.status, missing.json()["errors"][0]["name"].as_str()), (400, Some("x-tenant")), "{}", missing.text());
    let refused = post(&server, "\nX-Tenant: a", r#"{"code":"XX"}"#).await;
    assert_eq!((refused.status, refused.json()["detail"].as_str()), (422, Some("XX is no country")));
    let taken = post(&server, "\nX-Tenant: a", r#"{"code":"YY"}"#).await;
    assert_eq!((taken.status, taken.json()["code"].as_str(), taken.json()["title"].as_str()), (409, Some("geo.taken"), Some("Taken")));
    assert_eq!(upstream.got().len(), 0);
    assert_eq!(post(&server, "\nX-Tenant: a", r#"{"code":"LK"}"#).await.status, 200);
    assert_eq!(post(&server, "\nX-Tenant: a", "{not json").await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_gets_a_status_and_fields() {
    let fault = soap("<s:Fault><faultcode>s:Client</faultcode><faultstring>no such</faultstring></s:Fault>");
    let upstream = Upstream::answering("500 Oops", "text/xml", fault.as_bytes()).await;
    let steps = "- if: { when: \"fault.code == 'Client' and fault.reason matches 'no such'\", then: [ { set_status: 404 }, { set_header: { name: X-Fault, value: \"{{ fault.status }}\" } } ] }";
    let server = gateway(&upstream, ["", "- set_status: 202", steps]).await;
    let answer = post(&server, "", r#"{"code":"LK"}"#).await;
    assert_eq!((answer.status, answer.field("x-fault"), answer.json()["status"].as_u64()), (404, Some("400"), Some(404)));
    let steps = "- respond: { status: 200, json: { found: false } }";
    let server = gateway(&upstream, ["", "", steps]).await;
    let answer = post(&server, "", r#"{"code":"LK"}"#).await;
    assert_eq!((answer.status, &*answer.text()), (200, r#"{"found":false}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_without_json_leave_large_replies_streaming_and_others_do_not() {
    let upstream = Upstream::answering("200 OK", "text/xml", large_country(3 << 20).as_bytes()).await;
    let server = gateway(&upstream, ["", "- set_header: { name: X-A, value: b }\n- set_status: 203", ""]).await;
    let answer = post(&server, "", r#"{"code":"LK"}"#).await;
    assert_eq!((answer.status, answer.field("x-a")), (203, Some("b")));
    let server = gateway(&upstream, ["", "- keep: /code", ""]).await;
    let answer = post(&server, "", r#"{"code":"LK"}"#).await;
    assert_eq!((answer.status, &*answer.text()), (200, r#"{"code":"LK"}"#));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_sequence_is_stopped_and_the_process_serves() {
    let upstream = upstream().await;
    let doubling = "- set_property: { name: p, value: [\"{{ properties.p }}\", \"{{ properties.p }}\", \"{{ body }}\"] }\n".repeat(60);
    let server = gateway(&upstream, [&doubling, "", ""]).await;
    assert_eq!(post(&server, "", r#"{"code":"LK"}"#).await.status, 413);
    let doubling = "- copy: { from: \"\", to: /l/- }\n".repeat(60);
    let server = gateway(&upstream, ["", &doubling, ""]).await;
    assert_eq!(post(&server, "", r#"{"code":"LK"}"#).await.status, 502);
    let smuggled = "- set_header: { name: X-A, value: \"{{ body.code }}\" }";
    let server = gateway(&upstream, [smuggled, "", ""]).await;
    assert_eq!(post(&server, "", r#"{"code":"a\r\nX-B: c"}"#).await.status, 400);
}

/// The examples of docs/sequences/convert.md: a file, and what goes each way.
#[tokio::test(flavor = "multi_thread")]
async fn every_example_of_the_conversions_runs() {
    let page = std::fs::read_to_string(crate::support::path("docs/sequences/convert.md")).unwrap();
    let blocks: Vec<_> = page.split("\n```").skip(1).step_by(2).filter_map(|b| b.split_once('\n')).collect();
    for pair in blocks.chunks(2) {
        let [("yaml conversion", file), ("text", lines)] = pair else { panic!("{pair:?}") };
        let line = |word: &str| lines.lines().find_map(|l| l.strip_prefix(word)?.strip_prefix(' '));
        let service = line("service").map(soap).unwrap_or_else(country);
        let status = if service.contains("s:Fault") { "500 Oops" } else { "200 OK" };
        let upstream = Upstream::answering(status, "text/xml", service.as_bytes()).await;
        let folder = countries(upstream.address, "resources:\n  - post: /c\n    operation: GetCountry\n    sequence: sequences/s.yaml\n");
        std::fs::create_dir(folder.path().join("countries/sequences")).unwrap();
        std::fs::write(folder.path().join("countries/sequences/s.yaml"), file).unwrap();
        let server = Server::of(folder, Config::default()).await;
        let answer = post(&server, "", line("caller").unwrap()).await;
        let mut told = 0;
        if let Some(envelope) = line("envelope") {
            let sent = body(&upstream.got()[0]);
            assert!(sent.contains(envelope), "{sent}");
            told += 1;
        }
        if let Some(said) = line("answer") {
            assert_eq!(format!("{} {}", answer.status, answer.text()), said);
            told += 1;
        }
        if let Some(status) = line("problem") {
            answer.problem();
            assert_eq!(answer.status.to_string(), status, "{}", answer.text());
            told += 1;
        }
        assert!(told == 1, "{lines}");
    }
    assert_eq!(blocks.len(), 6, "each conversion has one");
}

//! Samples of calls through the admin API: drafts of sequences, faults, early answers, without any service.

use serde_json::{Value, json};

use super::Server;
use super::apis::{body, texts};

const SEQUENCE: &str = "\
version: 1
request:
  - rename: { from: /land, to: /code }
  - to_soap: {}
response:
  - to_json: {}
fault:
  - to_problem: {}
";

async fn server() -> Server {
    let server = Server::start().await;
    let more = "resources:\n  - post: /land\n    operation: GetCountry\n    sequence: sequences/land.yaml\n";
    let mut texts = texts("countries", more);
    texts.insert("sequences/land.yaml".into(), SEQUENCE.into());
    server.fine("pia", "POST apis/lands/revisions", body(&texts));
    server
}

fn changes(report: &Value) -> Vec<(String, String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or("nothing").to_owned();
    let steps = report["steps"].as_array().unwrap().iter();
    steps.flat_map(|s| s["changes"].as_array().unwrap()).map(|c| (text(&c["what"]), text(&c["before"]), text(&c["after"]))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_goes_through_the_sequence_and_comes_back() {
    let server = server().await;
    let sample = json!({ "resource": "POST /land", "body": { "land": "LK" }, "headers": { "authorization": "pl4nted", "x-a": "1" } });
    let report = server.fine("pia", "POST apis/lands/trial", sample);
    let messages = report["messages"].as_array().unwrap();
    assert_eq!(messages.iter().map(|m| m["message"].as_str().unwrap()).collect::<Vec<_>>(), ["request", "envelope", "reply", "answer"]);
    assert!(messages[1]["body"].as_str().unwrap().contains(">LK</"), "{messages:#?}");
    assert_eq!(messages[3]["status"], 200);
    assert!(messages[3]["body"].as_str().unwrap().contains("GetCountryResult"));
    let gone = ("body /land".to_owned(), "\"LK\"".to_owned(), "nothing".to_owned());
    let made = ("body /code".to_owned(), "nothing".to_owned(), "\"LK\"".to_owned());
    assert_eq!(changes(&report), [gone, made]);
    assert!(!report.to_string().contains("pl4nted"), "{report:#}");
    // Without a gateway in this process no service is called.
    let upstream = json!({ "resource": "POST /land", "body": { "land": "LK" }, "upstream": true });
    assert_eq!(server.refused("pia", "POST apis/lands/trial", upstream).0, 409);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_is_checked_and_tried() {
    let server = server().await;
    let ask = |sequence: &str, more: Value| {
        let mut asked = json!({ "resource": "POST /land", "body": { "land": "LK" }, "sequence": sequence });
        asked.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        asked
    };
    let early = SEQUENCE.replace("  - to_soap", "  - if:\n      when: \"headers['x-dry'] == 'yes'\"\n      then: [ { respond: { status: 202, json: { token: pl4nted, ok: true } } } ]\n  - to_soap");
    let report = server.fine("pia", "POST apis/lands/trial", ask(&early, json!({ "headers": { "x-dry": "yes" } })));
    let messages = report["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &messages[1]["status"]), (2, &json!(202)));
    assert_eq!(messages[1]["body"], "{\"token\":\"[hidden]\",\"ok\":true}");
    let last = report["steps"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["step"], &last["depth"], &last["ended"]), (&json!("respond"), &json!(1), &json!("answers with 202")));
    let faulty = server.fine("pia", "POST apis/lands/trial", ask(SEQUENCE, json!({ "reply": "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body><e:Fault><faultcode>e:Server</faultcode><faultstring>no</faultstring></e:Fault></e:Body></e:Envelope>" })));
    assert_eq!(faulty["messages"][3]["status"], 502);
    // What is wrong has its place.
    for wrong in [SEQUENCE.replace("rename", "renmae"), SEQUENCE.replace("to: /code", "to: /cdoe")] {
        let answer = server.ask("pia", "POST apis/lands/trial", ask(&wrong, json!({})));
        assert_eq!((answer.status, answer.body["errors"][0]["line"].as_u64()), (400, Some(3)), "{answer:?}");
    }
    let nowhere = json!({ "resource": "POST /lnad", "body": {} });
    assert!(server.ask("pia", "POST apis/lands/trial", nowhere).body.to_string().contains("POST /land"));
    server.stop().await;
}

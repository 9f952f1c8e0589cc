//! Client certificates of applications, and keys that sign tokens.

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use serde_json::{Value, json};

use super::Server;

fn certificate(ends: i32) -> (String, String) {
    let mut params = CertificateParams::new(vec![String::from("client.example.org")]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(ends, 1, 1);
    let key = KeyPair::generate().unwrap();
    let made = params.self_signed(&key).unwrap();
    (made.pem(), key.serialize_pem())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_one_applications_and_only_its_hash_is_kept() {
    let server = Server::start().await;
    server.fine("sue", "POST applications", json!({ "name": "demo" }));
    server.fine("sid", "POST applications", json!({ "name": "other" }));
    const ALL: &str = "applications/demo/certificates";
    let (good, key) = certificate(2100);
    let made = server.fine("sue", &format!("POST {ALL}"), json!({ "certificate": good }));
    assert_eq!(made["ends"], "2100-01-01T00:00:00Z");
    let sha256 = made["sha256"].as_str().unwrap();
    assert_eq!(
        server.fine("sue", &format!("GET {ALL}"), Value::Null)["items"],
        json!([{ "sha256": sha256, "ends": "2100-01-01T00:00:00Z" }])
    );
    // One certificate is one application's.
    let taken = server.refused("sid", "POST applications/other/certificates", json!({ "certificate": good }));
    assert_eq!((taken.0, &*taken.1), (409, "castile.exists"), "{taken:?}");
    let refused = |text: String| server.refused("sue", &format!("POST {ALL}"), json!({ "certificate": text }));
    for text in [certificate(2021).0, format!("{good}{}", certificate(2100).0), format!("{good}{key}"), key, "planted".to_owned()] {
        let answer = refused(text);
        assert_eq!((answer.0, &*answer.1), (400, "castile.invalid_request"), "{answer:?}");
        assert!(!answer.2.contains("planted") && !answer.2.contains("BEGIN"), "{answer:?}");
    }
    // Of others there is nothing to see and nothing to do.
    for request in [format!("GET {ALL}"), format!("DELETE {ALL}/{sha256}")] {
        assert_eq!(server.refused("sid", &request, Value::Null).0, 404, "{request}");
    }
    let near = server.refused("sue", &format!("DELETE {ALL}/{}", "0".repeat(64)), Value::Null);
    assert_eq!(near.0, 404);
    let colons: Vec<&str> = (0..32).map(|n| &sha256[2 * n..2 * n + 2]).collect();
    server.fine("sue", &format!("DELETE {ALL}/{}", colons.join(":").to_uppercase()), Value::Null);
    assert_eq!(server.fine("sue", &format!("GET {ALL}"), Value::Null)["items"], json!([]));
    server.fine("sid", "POST applications/other/certificates", json!({ "certificate": good }));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_keys_are_for_administrators_and_stay_sealed() {
    let server = Server::start().await;
    let first = server.fine("ada", "GET signing-keys", Value::Null)["items"][0].clone();
    assert_eq!((&first["state"], &first["ends"]), (&json!("signs"), &Value::Null));
    let next = server.fine("ada", "POST signing-keys", json!({}));
    assert_eq!(next["state"], "next");
    let now = server.fine("ada", "POST signing-keys", json!({ "at_once": true }));
    let listed = server.fine("ada", "GET signing-keys", Value::Null)["items"].as_array().unwrap().clone();
    let ids: Vec<&Value> = listed.iter().map(|k| &k["id"]).collect();
    assert_eq!(ids, [&first["id"], &now["id"]], "what waited would sign over it");
    assert!(listed[0]["ends"].is_string());
    server.fine("ada", &format!("DELETE signing-keys/{}", first["id"].as_str().unwrap()), Value::Null);
    let left = server.fine("ada", "GET signing-keys", Value::Null)["items"].as_array().unwrap().clone();
    assert!(left.iter().any(|k| k["state"] == "signs") && left.iter().all(|k| k["id"] != first["id"]), "{left:?}");
    assert_eq!(server.refused("ada", "DELETE signing-keys/nowhere", Value::Null).0, 404);
    let log = server.log().await;
    assert!(log.iter().any(|(who, action, _)| who == "ada" && action == "signing_key.remove"), "{log:?}");
    server.stop().await;
}

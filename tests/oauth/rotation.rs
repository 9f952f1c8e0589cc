//! Keys that sign tokens come and go, and no token is refused for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use castile::auth::SealedKey;
use castile::config::OAuthSettings;
use castile::manage::{Signers, first_start};
use castile::store::{Keep, Memory, Seal};
use serde_json::Value;

use crate::cli::{Running, castile, http, run, run_with, sample};

/// The names of the keys of a store and when they sign, in that order.
async fn keys(store: &Memory) -> Vec<(String, i64)> {
    let (found, _) = store.page::<SealedKey>(None, None, 100).await.unwrap();
    let mut keys: Vec<_> = found.into_iter().map(|k| (k.value.id.to_string(), k.value.signs_from)).collect();
    keys.sort_by_key(|k| k.1);
    keys
}

#[tokio::test]
async fn a_key_is_published_before_it_signs_and_until_its_last_token_has_ended() {
    let (store, seal) = (Memory::new(), Arc::new(Seal::parse(&Seal::new_key("k").unwrap()).unwrap()));
    first_start(&store, &seal).await.unwrap();
    let settings = OAuthSettings { signing_days: 10, signing_lead: Duration::from_secs(900), ..OAuthSettings::default() };
    let signers = Signers::new(seal.clone(), &settings);
    let began = keys(&store).await[0].1;
    let due = began + 10 * 86_400 - 900;
    signers.tend(&store, due - 1).await.unwrap();
    assert_eq!(keys(&store).await.len(), 1, "it is not time");
    signers.tend(&store, due).await.unwrap();
    signers.tend(&store, due).await.unwrap();
    let both = keys(&store).await;
    assert_eq!(both.len(), 2, "one new key, however often it is looked at");
    assert_eq!(both[1].1, due + 900, "published for the lead before it signs");
    // Its predecessor's last token was made just before; it lives an hour, and clocks may differ.
    signers.tend(&store, both[1].1 + 3_600 + 30).await.unwrap();
    assert_eq!(keys(&store).await.len(), 2);
    signers.tend(&store, both[1].1 + 3_600 + 30 + 300).await.unwrap();
    assert_eq!(keys(&store).await, both[1..]);
    let never = Signers::new(seal, &OAuthSettings { signing_days: 0, ..settings });
    never.tend(&store, both[1].1 + 1_000 * 86_400).await.unwrap();
    assert_eq!(keys(&store).await, both[1..], "0: not by itself");
}

/// The `kid` of a token.
fn kid(token: &str) -> String {
    let head: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap();
    head["kid"].as_str().unwrap().to_owned()
}

fn status(reply: &str) -> u16 {
    reply.split(' ').nth(1).unwrap_or_default().parse().unwrap_or(0)
}

fn call(gateway: &str, token: &str) -> String {
    let head = format!("POST /countries/1/GetCountry HTTP/1.1\r\ncontent-type: application/json\r\nauthorization: Bearer {token}\r\n");
    http(gateway, &head, "{\"code\":\"LK\"}")
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "not within 30 s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn no_token_is_refused_while_keys_rotate_under_load() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let free = || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let (gateway, admin) = (free(), free());
    let listen =
        format!("listen: {{ gateway: {{ address: \"{gateway}\" }}, admin: {{ address: \"{admin}\" }} }}\noauth: {{ signing_lead: 3s }}\n");
    std::fs::write(dir.join("castile.yaml"), listen).unwrap();
    let (_mock, said) = Running::start(castile(dir, &["mock", &sample("countries"), "--port", "0"]), "answers at", false);
    let at = said.find("http://").unwrap() + "http://".len();
    let endpoint = format!("http://{}/", said[at..].split('/').next().unwrap());
    run(dir, &["import", &sample("countries"), "--name", "countries", "--endpoint", &endpoint]).fine();
    let (_server, _) = Running::start(castile(dir, &["serve"]), "\"serving\"", false);
    let made = |words: &[&str]| -> Value { serde_json::from_str(&run(dir, &[words, &["--output", "json"]].concat()).fine().out).unwrap() };
    made(&["app", "create", "demo"]);
    made(&["subscription", "create", "--app", "demo", "--api", "countries", "--plan", "unlimited"]);
    let client = made(&["client", "create", "--app", "demo"]);
    let (id, secret) = (client["client_id"].as_str().unwrap().to_owned(), client["client_secret"].as_str().unwrap().to_owned());
    let issue = || run_with(dir, &["token", "issue", "--client", &id, "--secret-file", "-"], secret.as_bytes());
    until("the client is known", || issue().code == 0);
    let first = issue().fine().out.trim().to_owned();
    assert_eq!(status(&call(&gateway, &first)), 200);

    // Tokens old and new are used all the time.
    let (stop, calls) = (AtomicBool::new(false), AtomicUsize::new(0));
    let basic = STANDARD.encode(format!("{id}:{secret}"));
    let fresh = || {
        let head =
            format!("POST /oauth2/token HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded\r\nauthorization: Basic {basic}\r\n");
        let reply = http(&gateway, &head, "grant_type=client_credentials");
        let document: Value = serde_json::from_str(reply.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        document["access_token"].as_str().unwrap_or_else(|| panic!("{reply}")).to_owned()
    };
    let jwks = || http(&gateway, "GET /oauth2/jwks HTTP/1.1\r\n", "");
    std::thread::scope(|scope| {
        let load = |_| {
            let mut failed = Vec::new();
            let mut seen = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let token = fresh();
                if !seen.contains(&kid(&token)) {
                    seen.push(kid(&token));
                }
                for token in [&token, &first] {
                    let reply = call(&gateway, token);
                    calls.fetch_add(1, Ordering::Relaxed);
                    if status(&reply) != 200 {
                        failed.push(reply);
                    }
                }
            }
            (failed, seen)
        };
        let threads = [0, 1].map(|n| scope.spawn(move || load(n)));
        let second = made(&["signing", "rotate"]);
        let second = second["id"].as_str().unwrap();
        until("it is published", || jwks().contains(second));
        assert!(jwks().contains("max-age=3\r\n"), "nobody keeps the keys for longer than the lead: {}", jwks());
        assert_eq!(kid(&fresh()), kid(&first), "published before it signs");
        until("it signs", || kid(&fresh()) == second);
        let third = made(&["signing", "rotate", "--at-once"]);
        until("the third signs", || kid(&fresh()) == third["id"].as_str().unwrap());
        let then = calls.load(Ordering::Relaxed);
        until("its tokens are used", || calls.load(Ordering::Relaxed) >= then + 8);
        stop.store(true, Ordering::Relaxed);
        let mut used = std::collections::BTreeSet::new();
        for thread in threads {
            let (failed, seen) = thread.join().unwrap();
            assert!(failed.is_empty(), "of {} calls: {failed:?}", calls.load(Ordering::Relaxed));
            used.extend(seen);
        }
        assert_eq!(used.len(), 3, "tokens of each key were used");
    });
    println!("{} calls while keys rotated twice, 0 refused", calls.load(Ordering::Relaxed));
    let states: Vec<Value> = made(&["signing", "list"]).as_array().unwrap().iter().map(|k| k["state"].clone()).collect();
    assert_eq!(states, ["past", "past", "signs"]);

    // Tokens that are looked at, and ended before their time.
    let last = fresh();
    let seen = run_with(dir, &["token", "inspect", "--output", "json"], last.as_bytes()).fine();
    let seen: Value = serde_json::from_str(&seen.out).unwrap();
    assert_eq!((seen["active"].as_bool(), seen["application"].as_str()), (Some(true), Some("demo")), "{seen}");
    run_with(dir, &["token", "revoke"], last.as_bytes()).fine();
    until("it is refused", || status(&call(&gateway, &last)) == 401);
    run_with(dir, &["token", "inspect"], last.as_bytes()).code(1);
    run_with(dir, &["token", "inspect"], b"nonsense").code(1);
    // A key that is in wrong hands.
    run(dir, &["signing", "remove", &kid(&first)]).fine();
    until("what it signed is refused", || status(&call(&gateway, &first)) == 401);
    assert_eq!(status(&call(&gateway, &fresh())), 200);
    assert_eq!(made(&["instance", "list"]).as_array().unwrap().len(), 1);
}

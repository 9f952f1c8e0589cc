//! Nothing that is secret lies anywhere in clear: recognizable secrets of every kind go through a running node, with errors and with a log that says all it can;
//! then everything that it left behind is searched for them, as they are and as Base64, hexadecimal and form encoding write them.
//!
//! Files that exist to hold a secret, and nothing else, are passed over, and must be their owner's alone: see [`HOLDERS`].

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use castile::auth::SealedKey;
use castile::catalog::field;
use castile::store::{AnyStore, Keep, Seal, Sql};
use serde_json::Value;

use super::{Bed, Node, exchange};
use crate::cli::{run, sample};
use crate::gateway::bench_of::{Upstream, country};

/// The files that hold secrets because somebody must: the token of this machine's command line, the sealing keys, what the operator laid out for APIs.
const HOLDERS: [&str; 3] = ["data/admin.token", "data/castile.key", "data/secrets/upstream"];

/// The pair of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const REDIRECT: &str = "https://app.example.org/back";

/// What was planted: what it is, and its text or bytes.
type Planted = BTreeMap<&'static str, Vec<u8>>;

/// Status, head and body of an exchange at the gateway.
fn at(node: &Node, head: &str, body: &str) -> (u16, String) {
    let fields = head.replace('\n', "\r\n");
    let request = format!("{fields}\r\nhost: {}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", node.gateway, body.len());
    exchange_whole(node.gateway, &request)
}

fn exchange_whole(address: std::net::SocketAddr, request: &str) -> (u16, String) {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    (reply.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0), reply)
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// The text between two others.
fn between(text: &str, before: &str, after: &str) -> String {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("no {before:?}: {text}")).1;
    rest.split(after).next().unwrap().to_owned()
}

/// Puts a secret of every kind through the node.
fn plant(node: &Node, upstream: &Upstream) -> Planted {
    let folder = node.folder.path();
    let mut planted = Planted::new();
    let mut keep = |what: &'static str, secret: &str| {
        assert!(secret.len() >= 12, "{what} is too short to be found: {secret}");
        planted.insert(what, secret.as_bytes().to_vec());
        secret.to_owned()
    };
    let password = keep("password of a user", "pl4nted-User-Passw0rd!");
    std::fs::write(folder.join("typed"), &password).unwrap();
    run(folder, &["user", "create", "ann", "--role", "subscriber", "--password-file", "typed"]).fine();
    std::fs::write(folder.join("typed"), keep("sealed secret", "pl4nted-sealed-0ne")).unwrap();
    run(folder, &["secret", "create", "wss", "--value-file", "typed"]).fine();
    std::fs::remove_file(folder.join("typed")).unwrap();
    node.until("the API is there", |n| n.call("none") == 401);
    let key = keep("API key", &node.caller("demo", "unlimited"));
    let text = |value: &Value, member: &str| value[member].as_str().unwrap_or_else(|| panic!("{member}: {value}")).to_owned();
    let client = node.made(&[
        "client",
        "create",
        "--app",
        "demo",
        "--redirect-uri",
        REDIRECT,
        "--grant",
        "authorization_code",
        "--grant",
        "refresh_token",
    ]);
    let (id, secret) = (text(&client, "client_id"), keep("client secret", &text(&client, "client_secret")));
    let link = between(&node.log(), "token=", "\n");
    keep("set-up link", link.trim());
    node.until("the key is in force", |n| n.call(&key) == 200);

    // A caller with everything that callers have, to good and to bad ends.
    let mine = [
        ("authorization", keep("Authorization of a caller", "Bearer pl4nted-caller-bearer")),
        ("cookie", keep("cookie of a caller", "session=pl4nted-caller-cookie")),
        ("x-authorization", keep("X-Authorization of a caller", "Bearer pl4nted-for-the-backend")),
    ];
    let mine: String = mine.iter().map(|(name, value)| format!("\n{name}: {value}")).collect();
    let call = "POST /countries/1/GetCountry HTTP/1.1\ncontent-type: application/json";
    let statuses = [
        at(node, &format!("{call}\napikey: {key}{mine}"), r#"{"code":"LK"}"#).0,
        at(node, &format!("{call}{mine}"), r#"{"code":"LK"}"#).0,
        at(node, &format!("{call}\napikey: {key}{mine}"), "{\"code\":").0,
        at(node, &format!("{call}\napikey: {key}{mine}"), r#"{"code":"pl4nted-no-secret"}"#).0,
        at(node, &format!("POST /countries/1/Nothing HTTP/1.1\ncontent-type: application/json\napikey: {key}{mine}"), "{}").0,
        at(node, &format!("GET /countries/1/GetCountry?apikey={key} HTTP/1.1{mine}"), "").0,
        at(node, &format!("POST /countries/1 HTTP/1.1\ncontent-type: text/xml\napikey: {key}{mine}"), "<nothing/>").0,
    ];
    assert!(statuses.contains(&200) && statuses.iter().any(|s| *s >= 400), "{statuses:?}");
    let wss = keep("password of WS-Security from a caller", "pl4nted-raw-wss-pw");
    let envelope = format!(
        "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header><w:Security xmlns:w=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">\
         <w:UsernameToken><w:Username>u</w:Username><w:Password>{wss}</w:Password></w:UsernameToken></w:Security></s:Header><s:Body>\
         <GetCountry xmlns=\"urn:castile:samples:countries\"><code>LK</code></GetCountry></s:Body></s:Envelope>"
    );
    for body in [envelope.clone(), envelope.replace("</s:Body>", "</s:Bodi>")] {
        at(node, &format!("POST /countries/1 HTTP/1.1\ncontent-type: text/xml\napikey: {key}"), &body);
    }
    assert!(upstream.got().iter().any(|g| String::from_utf8_lossy(&g.body).contains("pl4nted-sealed-0ne")), "the sealed secret is used");
    assert!(
        upstream.got().iter().any(|g| g.head.contains(&STANDARD.encode("svc:pl4nted-upstream-pw").to_lowercase())),
        "the password of the service is used"
    );
    keep("password of the service", "pl4nted-upstream-pw");

    // A code, its tokens, and what comes of using them twice.
    let asked = form(&[
        ("response_type", "code"),
        ("client_id", &id),
        ("redirect_uri", REDIRECT),
        ("state", "s"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]);
    let ask = |node: &Node| at(node, &format!("GET /oauth2/authorize?{asked} HTTP/1.1"), "");
    node.until("the client is in force", |n| ask(n).0 == 200);
    let page = ask(node).1;
    let ticket = between(&page, "name=\"request\" value=\"", "\"");
    let cookie = between(&page.to_lowercase(), "set-cookie: ", ";");
    let at_cookie = page.to_lowercase().find(&cookie).unwrap();
    let cookie = page[at_cookie..at_cookie + cookie.len()].to_owned();
    let typed = form(&[("request", &ticket), ("username", "ann"), ("password", &password), ("decision", "allow")]);
    let sent =
        at(node, &format!("POST /oauth2/authorize HTTP/1.1\ncontent-type: application/x-www-form-urlencoded\ncookie: {cookie}"), &typed).1;
    let code = keep("authorization code", &between(&sent, "code=", "&"));
    let token = |fields: &[(&str, &str)]| {
        let body = form(&[fields, &[("client_id", &id), ("client_secret", &secret)]].concat());
        let (status, reply) = at(node, "POST /oauth2/token HTTP/1.1\ncontent-type: application/x-www-form-urlencoded", &body);
        (status, reply.split_once("\r\n\r\n").and_then(|(_, b)| serde_json::from_str::<Value>(b).ok()).unwrap_or_default())
    };
    let redeem = [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", REDIRECT), ("code_verifier", VERIFIER)];
    let (status, tokens) = token(&redeem);
    assert_eq!(status, 200, "{tokens}");
    keep("access token", &text(&tokens, "access_token"));
    let refresh = keep("refresh token", &text(&tokens, "refresh_token"));
    let (status, next) = token(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]);
    assert_eq!(status, 200, "{next}");
    keep("second refresh token", &text(&next, "refresh_token"));
    assert_ne!((token(&redeem).0, token(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).0), (200, 200));
    // Wrong ones are somebody's, perhaps with one letter too many.
    let wrong = keep("wrong key of a caller", "pl4nted-almost-a-key");
    at(node, &format!("{call}\napikey: {wrong}"), "{}");
    let basic = STANDARD.encode("ann:pl4nted-almost-a-password");
    keep("wrong password of a user", "pl4nted-almost-a-password");
    let (status, _) = exchange(
        node.admin,
        &format!("GET /admin/v1/me HTTP/1.1\r\nhost: {}\r\nauthorization: Basic {basic}\r\nconnection: close\r\n\r\n", node.admin),
    )
    .unwrap();
    assert_eq!(status, 401);
    planted
}

/// How a secret may be written.
fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![secret.to_vec()];
    all.push(secret.iter().map(|b| format!("{b:02x}")).collect::<String>().into_bytes());
    all.push(url::form_urlencoded::byte_serialize(secret).collect::<String>().into_bytes());
    // Base64 of a text that holds it, whatever stands before it: the ends, which depend on what is beside, are cut off.
    for before in 0..3 {
        let padded = [vec![b' '; before], secret.to_vec()].concat();
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            let inner = encoded.get(4 * before.min(1)..encoded.len().saturating_sub(3)).unwrap_or_default();
            all.extend((inner.len() >= 12).then(|| inner.as_bytes().to_vec()));
        }
    }
    all.sort();
    all.dedup();
    all
}

/// Every place in which a planted secret stands.
fn found(planted: &Planted, places: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut all = Vec::new();
    for (what, secret) in planted {
        let spellings = spellings(secret);
        for (place, bytes) in places {
            if spellings.iter().any(|s| memchr::memmem::find(bytes, s).is_some()) {
                all.push(format!("{what}: {place}"));
            }
        }
    }
    all
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut todo = vec![folder.to_path_buf()];
    while let Some(next) = todo.pop() {
        for entry in std::fs::read_dir(next).unwrap().flatten() {
            if entry.path().is_dir() { todo.push(entry.path()) } else { all.push(entry.path()) }
        }
    }
    all
}

/// Everything that a node left behind.
fn places(node: &Node) -> Vec<(String, Vec<u8>)> {
    let folder = node.folder.path();
    let mut places = Vec::new();
    for path in files(folder) {
        let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        if HOLDERS.contains(&name.as_str()) {
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "{name} is its owner's alone");
            continue;
        }
        // What the test itself wrote there: the settings of this node.
        if name != "castile.yaml" {
            places.push((name, std::fs::read(path).unwrap()));
        }
    }
    // The link stands on standard error for people, once, and in no line of the log.
    let log: String = node.log().lines().filter(|l| l.starts_with('{')).map(|l| format!("{l}\n")).collect();
    assert!(log.contains("\"DEBUG\"") && log.lines().count() > 20, "the log says all it can: {:.600}", log);
    places.push(("log".to_owned(), log.into_bytes()));
    places.push(("metrics".to_owned(), node.ask("/metrics").1.into_bytes()));
    for path in ["audit?limit=1000", "apis", "secrets", "users", "applications", "instances", "apis/countries/revisions/latest"] {
        places.push((path.to_owned(), node.admin(path).to_string().into_bytes()));
    }
    run(folder, &["db", "backup", "copy.jsonl"]).fine();
    places.push(("backup".to_owned(), std::fs::read(folder.join("copy.jsonl")).unwrap()));
    run(folder, &["export", "--dir", "out"]).fine();
    for path in files(&folder.join("out")) {
        places.push((format!("export {}", path.display()), std::fs::read(path).unwrap()));
    }
    places
}

/// The private keys that sign tokens, as only the sealing key opens them.
async fn signing_keys(store: &AnyStore, seal: &Seal) -> Vec<Vec<u8>> {
    let (keys, _) = store.page::<SealedKey>(None, None, 10).await.unwrap();
    assert!(!keys.is_empty());
    keys.iter().map(|k| seal.open(&field(&k.value.id), &k.value.sealed).unwrap()).collect()
}

/// A node with an API that logs in at its service by a file and by a sealed secret.
fn prepare(node: &Node, upstream: &Upstream) {
    let folder = node.folder.path();
    std::fs::create_dir_all(folder.join("data/secrets")).unwrap();
    let secret = folder.join("data/secrets/upstream");
    std::fs::write(&secret, "pl4nted-upstream-pw").unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let definition = folder.join("apis/countries/api.yaml");
    let text: String =
        std::fs::read_to_string(&definition).unwrap().lines().filter(|l| !l.starts_with("endpoint:")).map(|l| format!("{l}\n")).collect();
    let auth = "basic: { user: svc, password_file: ../../data/secrets/upstream }, wss: { username_token: { user: svc, secret: wss } }";
    let endpoint = format!("endpoint: {{ url: \"http://{}/up\", auth: {{ {auth} }} }}\n", upstream.address);
    std::fs::write(definition, format!("{text}{endpoint}")).unwrap();
    let settings = folder.join("castile.yaml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(settings, format!("{text}log: {{ level: \"debug\" }}\n")).unwrap();
}

async fn upstream() -> Upstream {
    Upstream::answering("200 OK", "text/xml; charset=utf-8", country().as_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_left_in_clear_with_sqlite() {
    let upstream = upstream().await;
    let folder = tempfile::tempdir().unwrap();
    let (gateway, admin) = (super::free(), super::free());
    let text = format!("listen: {{ gateway: {{ address: \"{gateway}\" }}, admin: {{ address: \"{admin}\" }} }}\n");
    std::fs::write(folder.path().join("castile.yaml"), text).unwrap();
    run(folder.path(), &["import", &sample("countries"), "--name", "countries"]).fine();
    let mut node = Node { folder, gateway, admin, child: None, log: Arc::default() };
    prepare(&node, &upstream);
    node.serve(&[]);
    let mut planted = plant(&node, &upstream);
    let data = node.folder.path().join("data");
    let seal = Seal::parse(&std::fs::read_to_string(data.join("castile.key")).unwrap()).unwrap();
    let store: AnyStore = Sql::sqlite(&data.join("castile.db")).await.unwrap().into();
    planted.insert("signing key", signing_keys(&store, &seal).await.remove(0));
    let places = places(&node);
    assert!(places.iter().any(|(p, _)| p == "data/castile.db"));
    let found = found(&planted, &places);
    assert!(found.is_empty(), "{found:#?}");
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_left_in_clear_with_postgres() {
    let Some(bed) = Bed::start_or_skip("nodes::planted::no_secret_is_left_in_clear_with_postgres").await else { return };
    let upstream = upstream().await;
    let mut node = bed.node();
    prepare(&node, &upstream);
    node.serve(&["--dir", "apis"]);
    let mut planted = plant(&node, &upstream);
    let store: AnyStore = Sql::postgres(&bed.options).await.unwrap().into();
    planted.insert("signing key", signing_keys(&store, &Seal::parse(&bed.seal).unwrap()).await.remove(0));
    planted.insert("sealing key", bed.seal.trim().split(' ').nth(1).unwrap().as_bytes().to_vec());
    planted.insert("database password", bed.options.password.clone().unwrap().into_bytes());
    node.until("the snapshot is on disk", |n| n.snapshot().exists());
    let mut places = places(&node);
    assert!(places.iter().any(|(p, _)| p == "data/snapshot/snapshot.jsonl"));
    let dump = bed.postgres.dump(&bed.options);
    assert!(dump.len() > 10_000 && memchr::memmem::find(&dump, b"castile_records").is_some());
    places.push(("dump of the database".to_owned(), dump));
    let found = found(&planted, &places);
    assert!(found.is_empty(), "{found:#?}");
    store.close().await;
}

#[test]
fn what_is_written_otherwise_is_found_too() {
    let planted = Planted::from([("p", b"pl4nted/secret+x".to_vec())]);
    let basic = STANDARD.encode("user:pl4nted/secret+x");
    for text in [
        "a pl4nted/secret+x b",
        &basic,
        &URL_SAFE_NO_PAD.encode("xpl4nted/secret+x!"),
        "pl4nted%2Fsecret%2Bx",
        "706c346e7465642f7365637265742b78",
    ] {
        assert_eq!(found(&planted, &[("there".into(), text.as_bytes().to_vec())]), ["p: there"], "{text}");
    }
    assert!(found(&planted, &[("there".into(), b"pl4nted/secret+".to_vec())]).is_empty());
}

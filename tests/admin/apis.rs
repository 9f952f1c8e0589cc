//! APIs: their states, their revisions, who may.

use std::sync::Arc;

use castile::auth::Role;
use castile::catalog::{Catalog, Roster, Texts, read_api};
use castile::manage::{Act, Actor, Manage, ManageError, NewRevision, WhichRevision};
use castile::store::{Content, Store};
use serde_json::{Value, json};

use super::Server;
use crate::catalog::add;

/// The texts of a sample service as an API.
pub fn texts(sample: &str, more: &str) -> Texts {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), sample, sample, None);
    let mut texts = read_api(&dir.path().join(sample)).unwrap().texts();
    let definition = texts["api.yaml"].lines().filter(|l| !l.starts_with("endpoint:")).map(|l| format!("{l}\n")).collect::<String>();
    let definition = format!("{definition}endpoint: {{ url: \"https://soap.example.org/\" }}\n{more}");
    texts.insert("api.yaml".into(), definition.into());
    texts
}

pub fn body(texts: &Texts) -> Value {
    json!({ "files": texts.iter().map(|(path, text)| (path.clone(), json!(&**text))).collect::<serde_json::Map<_, _>>() })
}

fn facts(api: &Value) -> (String, u64, u64, bool) {
    let number = |name: &str| api[name].as_u64().unwrap();
    (api["state"].as_str().unwrap().to_owned(), number("revision"), number("latest"), api["held"].as_bool().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_an_api() {
    let server = Server::start().await;
    server.publish("countries", "published", "numbers: string").await;
    let shown = |request: &str, body: Value| facts(&server.fine("pia", request, body));
    assert_eq!(shown("GET apis/countries", Value::Null), ("published".into(), 2, 2, false));
    assert_eq!(shown("POST apis/countries/rollback", json!({})), ("published".into(), 1, 2, true));
    assert_eq!(
        server.refused("pia", "POST apis/countries/rollback", json!({})).2,
        "No revision of the API `countries` is kept that is older than 1, which is in force."
    );
    assert_eq!(shown("POST apis/countries/block", json!({})), ("blocked".into(), 1, 2, true));
    // What is held is what a new revision does not change.
    server.publish("countries", "published", "numbers: exact").await;
    assert_eq!(shown("GET apis/countries", Value::Null), ("blocked".into(), 1, 3, true));
    assert_eq!(shown("POST apis/countries/unblock", json!({})), ("published".into(), 1, 3, true));
    assert_eq!(shown("POST apis/countries/publish", json!({ "revision": 2 })), ("published".into(), 2, 3, true));
    assert_eq!(server.refused("pia", "POST apis/countries/publish", json!({ "revision": 9 })).2, "There is no revision `9`.");
    let newer = server.refused("pia", "POST apis/countries/rollback", json!({ "revision": 3 }));
    assert_eq!((newer.0, newer.2.as_str()), (400, "`revision` is not a revision older than 2, which is in force."));
    assert_eq!(shown("POST apis/countries/publish", json!({})), ("published".into(), 3, 3, false));
    // Nothing is left to say: the record is gone.
    assert_eq!(server.store.record("release", "default", "countries").await.unwrap(), None);
    for (act, state) in [("deprecate", "deprecated"), ("prototype", "prototype"), ("withdraw", "created"), ("retire", "retired")] {
        assert_eq!(shown(&format!("POST apis/countries/{act}"), json!({})), (state.into(), 3, 3, false));
    }
    let listed = server.fine("ada", "GET apis", Value::Null);
    assert_eq!((listed["items"][0]["state"].as_str(), listed["items"][0]["defined_state"].as_str()), (Some("retired"), Some("published")));
    let log = server.log().await;
    let said: Vec<_> = log.iter().filter(|(who, action, _)| who == "pia" && action.starts_with("api.")).map(|(_, a, s)| (a, s)).collect();
    assert_eq!(said.len(), 9);
    assert_eq!(*said[0].0, "api.rollback");
    assert_eq!(*said[1].1, "blocked the API countries: blocked, revision 1, which is held");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_force_decides_who_may_subscribe() {
    let server = Server::start().await;
    server.fine("sue", "POST applications", json!({ "name": "demo" }));
    let wanted = json!({ "application": "demo", "api": "countries", "plan": "bronze" });
    let mut subscription = None;
    for (act, why) in [
        ("deprecate", "it is deprecated, and serves those who have one"),
        ("block", "it is blocked"),
        ("retire", "it is retired"),
        ("withdraw", "it is not published yet"),
    ] {
        server.fine("pia", &format!("POST apis/countries/{act}"), json!({}));
        let refused = server.refused("sue", "POST subscriptions", wanted.clone());
        assert_eq!(
            (refused.1.as_str(), refused.2),
            ("castile.api_not_open", format!("The API `countries` takes no new subscriptions: {why}."))
        );
        server.fine("pia", "POST apis/countries/publish", json!({}));
        if subscription.is_none() {
            subscription = Some(server.fine("sue", "POST subscriptions", wanted.clone()));
            let id = subscription.as_ref().unwrap()["id"].as_str().unwrap().to_owned();
            server.fine("pia", "POST apis/countries/deprecate", json!({}));
            // Who has one may change its plan.
            server.fine("sue", &format!("PATCH subscriptions/{id}"), json!({ "plan": "gold" }));
            server.fine("sue", &format!("DELETE subscriptions/{id}"), Value::Null);
            server.fine("pia", "POST apis/countries/publish", json!({}));
        }
    }
    // An API that its callers depend on stays, unless that is said.
    server.fine("sue", "POST subscriptions", wanted);
    let refused = server.refused("pia", "DELETE apis/countries", Value::Null);
    assert_eq!((refused.0, refused.2.as_str()), (409, "The API `countries` is in use: it has subscriptions."));
    server.fine("pia", "POST apis/countries/block", json!({}));
    server.fine("pia", "DELETE apis/countries?subscriptions=remove", Value::Null);
    assert_eq!(server.fine("sue", "GET subscriptions?application=demo", Value::Null)["items"], json!([]));
    assert_eq!(server.refused("pia", "GET apis/countries", Value::Null).0, 404);
    assert_eq!(server.store.record("release", "default", "countries").await.unwrap(), None);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revision_is_compiled_before_it_is_kept() {
    let server = Server::start().await;
    let good = texts("orders", "");
    let mut with = body(&good);
    with["dry_run"] = json!(true);
    let made = server.fine("pia", "POST apis/orders/revisions", with.clone());
    assert_eq!((made["revision"].as_u64(), made["changed"].as_bool()), (Some(0), Some(true)));
    assert_eq!(server.refused("pia", "GET apis/orders", Value::Null).0, 404);
    with["dry_run"] = json!(false);
    with["expected"] = json!(0);
    assert_eq!(server.fine("pia", "POST apis/orders/revisions", with.clone())["revision"], 1);
    assert_eq!(server.refused("pia", "POST apis/orders/revisions", with).1, "castile.conflict");
    let again = server.fine("pia", "POST apis/orders/revisions", body(&good));
    assert_eq!((again["revision"].as_u64(), again["changed"].as_bool()), (Some(1), Some(false)));
    // Out comes what went in, and it is what the gateway serves.
    let shown = server.fine("pia", "GET apis/orders/revisions/in-force", Value::Null);
    assert_eq!((&shown["files"], &shown["managed_by_files"]), (&body(&good)["files"], &json!(false)));
    let catalog = Arc::new(Catalog::default());
    let update = Roster::new(server.store.clone(), catalog.clone()).refresh().await.unwrap();
    assert!(update.failed.iter().all(|f| &*f.name != "orders"), "{:?}", update.failed);
    assert!(catalog.snapshot().apis.iter().any(|a| &*a.name == "orders" && !a.resources.is_empty()));
    // All that is wrong, each with its place.
    let answer = server.ask("pia", "POST apis/orders/revisions", body(&texts("orders", "nubmers: string\nunknwon: lax\n")));
    assert_eq!((answer.status, answer.body["code"].as_str()), (400, Some("castile.invalid_api")));
    let errors = answer.body["errors"].as_array().unwrap();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(
        errors
            .iter()
            .all(|e| e["document"] == "apis/orders/api.yaml" && e["line"].is_u64() && e["column"] == 1 && e["severity"] == "error")
    );
    assert!(errors[0]["message"].as_str().unwrap().contains("unknown key `nubmers`"), "{errors:?}");
    assert!(answer.body["detail"].as_str().unwrap().contains(", and 1 more."), "{answer:?}");
    for (files, code) in [
        (json!({ "../api.yaml": "version: 1" }), "castile.invalid_api"),
        (json!({ "wsdl/service.wsdl": "<a/>" }), "castile.invalid_api"),
        (json!({ "api.yaml": "a", "wsdl/x": 1 }), "castile.invalid_request"),
    ] {
        assert_eq!(server.refused("pia", "POST apis/orders/revisions", json!({ "files": files })).1, code);
    }
    let wsdl_missing: Texts = good.iter().filter(|(p, _)| !p.ends_with(".wsdl")).map(|(p, t)| (p.clone(), t.clone())).collect();
    assert_eq!(server.refused("pia", "POST apis/orders/revisions", body(&wsdl_missing)).1, "castile.invalid_api");
    assert_eq!(server.refused("pia", "POST apis/.hidden/revisions", body(&good)).1, "castile.invalid_request");
    assert_eq!(server.refused("pia", "GET apis/orders/revisions/newest", Value::Null).0, 400);
    assert_eq!(server.fine("pia", "GET apis/orders/revisions", Value::Null)["items"].as_array().unwrap().len(), 1);
    // More than other requests may have.
    let large = texts("orders", &format!("# {}\n", "x".repeat(200 << 10)));
    assert_eq!(server.fine("pia", "POST apis/orders/revisions", body(&large))["revision"], 2);
    assert_eq!(server.ask("ada", "POST plans", json!({ "name": "x".repeat(70 << 10) })).status, 413);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_files_and_addresses_have_their_owners() {
    let server = Server::start().await;
    let mut naming = texts("orders", "");
    let definition = naming["api.yaml"].lines().filter(|l| !l.starts_with("endpoint:")).map(|l| format!("{l}\n")).collect::<String>();
    let auth = "endpoint: { url: \"https://soap.example.org/\", auth: { basic: { user: u, password_file: /etc/hostname } } }\n";
    naming.insert("api.yaml".into(), format!("{definition}{auth}").into());
    let refused = server.refused("pia", "POST apis/orders/revisions", body(&naming));
    assert_eq!(refused.1, "castile.forbidden");
    assert!(refused.2.starts_with("The API orders names secrets of the machine that serves"), "{}", refused.2);
    let naming = |auth: &str| {
        let mut naming = naming.clone();
        naming.insert(
            "api.yaml".into(),
            format!("{definition}endpoint: {{ url: \"https://soap.example.org/\", auth: {{ {auth} }} }}\n").into(),
        );
        body(&naming)
    };
    // What an administrator uploads is not the operator's file: it finds what the operator laid out, and nothing else of the machine.
    let said = |auth: &str| {
        let answer = server.ask("ada", "POST apis/orders/revisions", naming(auth));
        assert_eq!((answer.status, answer.body["errors"][0]["code"].as_str()), (400, Some("api.no-secret")), "{auth}: {answer:?}");
        answer.body["errors"][0]["message"].as_str().unwrap().to_owned()
    };
    let file = |path: &str| format!("basic: {{ user: u, password_file: \"{path}\" }}");
    std::fs::create_dir_all(server.folder.path().join("data/secrets/orders")).unwrap();
    std::fs::write(server.folder.path().join("data/secrets/orders/pw"), "hunter2").unwrap();
    let token = server.folder.path().join("data/admin.token");
    for bad in ["/etc/hostname", "/etc/passwd", "../admin.token", "orders/../../admin.token", token.to_str().unwrap()] {
        assert!(said(&file(bad)).contains("no file that an uploaded API may name"), "{bad}");
    }
    assert!(said(&file("orders/none")).contains("cannot be read"));
    for bad in ["PATH", "CASTILE_STORE__PASSWORD", "CASTILE_TOKEN", "CASTILE_SECRET_"] {
        assert!(said(&format!("basic: {{ user: u, password_env: {bad} }}")).contains("begin with `CASTILE_SECRET_`"), "{bad}");
    }
    assert!(said("basic: { user: u, password_env: CASTILE_SECRET_NONE }").contains("is not set"));
    server.fine("ada", "POST apis/orders/revisions", naming(&file("orders/pw")));
    server.fine("ada", "POST apis/orders/revisions", body(&texts("orders", "")));
    // Nor does it call addresses of the operator's network.
    for (url, kind) in [("http://10.0.0.1/", "private"), ("http://localhost/", "loopback"), ("http://2852039166/", "link-local")] {
        let mut calling = texts("orders", "");
        calling.insert("api.yaml".into(), format!("{definition}endpoint: {{ url: \"{url}\" }}\n").into());
        let answer = server.ask("ada", "POST apis/orders/revisions", body(&calling));
        assert_eq!((answer.status, answer.body["errors"][0]["code"].as_str()), (400, Some("api.address-refused")), "{answer:?}");
        assert!(answer.body["errors"][0]["message"].as_str().unwrap().contains(kind), "{answer:?}");
    }
    // What the folder of a server says is changed there; states are not in files alone.
    let catalog = Arc::new(Catalog::default());
    Roster::new(server.store.clone(), catalog.clone()).refresh().await.unwrap();
    let manage = Manage::new(server.store.clone()).knowing(catalog).reading_files(true);
    let pia = Actor::new("default", "pia", vec![Role::Publisher]);
    let new = |texts: &Texts| NewRevision { texts: texts.clone(), ..NewRevision::default() };
    let by_files = Err(ManageError::ManagedByFiles { api: "countries".into() });
    assert_eq!(manage.put_revision(&pia, "countries", new(&texts("countries", ""))).await, by_files);
    assert_eq!(manage.remove_api(&pia, "countries", true).await.map(|()| unreachable!()), by_files);
    assert!(manage.act(&pia, "countries", Act::Block).await.is_ok());
    let taken = manage.put_revision(&pia, "others", new(&texts("orders", ""))).await;
    assert_eq!(taken, Err(ManageError::AddressTaken { address: "/orders/1".into(), by: "orders".into() }));
    // A tenant's API of the same name is another one, and nobody else's.
    server.fine("ada", "POST tenants", json!({ "name": "acme" }));
    let amy = Actor::new("acme", "amy", vec![Role::Publisher]);
    assert_eq!(manage.put_revision(&amy, "orders", new(&texts("orders", ""))).await.unwrap().revision, 1);
    let theirs: Arc<_> = manage.revision(&amy, "orders", WhichRevision::Latest).await.unwrap();
    assert_ne!(theirs.content, manage.revision(&pia, "orders", WhichRevision::Latest).await.unwrap().content);
    assert!(matches!(manage.act(&amy, "countries", Act::Retire).await, Err(ManageError::NotFound { .. })));
    assert_eq!(server.fine("ada", "GET apis?tenant=acme", Value::Null)["items"].as_array().unwrap().len(), 1);
    let page = server.fine("pia", "GET apis?limit=1", Value::Null);
    let next = server.fine("pia", &format!("GET apis?limit=1&cursor={}", page["next"].as_str().unwrap()), Value::Null);
    assert_eq!(
        (&page["items"][0]["name"], &next["items"][0]["name"], &next["next"]),
        (&json!("countries"), &json!("orders"), &Value::Null)
    );
    server.stop().await;
}

#[test]
fn texts_are_the_same_from_a_folder_and_back() {
    let dir = tempfile::tempdir().unwrap();
    for sample in ["countries", "orders"] {
        add(dir.path(), sample, sample, None);
        let read = read_api(&dir.path().join(sample)).unwrap();
        let back = Content::of_texts("default", sample, &read.texts()).unwrap();
        assert_eq!((back.texts(), &back.links, back.root), (read.texts(), &read.links, read.root));
        assert_eq!(back.documents.len(), read.documents.len());
    }
    // A document in another encoding says UTF-8 when it travels as text.
    let wsdl = dir.path().join("countries/wsdl/service.wsdl");
    let text = std::fs::read_to_string(&wsdl).unwrap();
    let latin = text.replacen("UTF-8", "ISO-8859-1", 1).replace("A small register", "A sm\u{e5}ll register");
    assert_ne!(latin, text);
    std::fs::write(&wsdl, latin.chars().map(|c| c as u8).collect::<Vec<u8>>()).unwrap();
    let texts = read_api(&dir.path().join("countries")).unwrap().texts();
    assert!(texts["wsdl/service.wsdl"].contains("A sm\u{e5}ll register") && texts["wsdl/service.wsdl"].contains("UTF-8"));
    assert_eq!(Content::of_texts("default", "countries", &texts).unwrap().texts(), texts);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_that_an_end_in_the_middle_left_over_is_no_other_apis() {
    let server = Server::start().await;
    server.fine("pia", "POST apis/orders/revisions", body(&texts("orders", "")));
    server.fine("pia", "POST apis/orders/retire", Value::Null);
    // As a process that is killed leaves it, between the API and its state.
    assert!(server.store.remove_api("default", "orders", None).await.unwrap());
    server.fine("pia", "POST apis/orders/revisions", body(&texts("orders", "")));
    assert_eq!(server.fine("pia", "GET apis/orders", Value::Null)["state"], "published");
}

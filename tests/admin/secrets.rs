//! Secrets for SOAP services that the store keeps sealed.

use std::sync::Arc;

use castile::api::SealedSecret;
use castile::auth::SealedKey;
use castile::catalog::{Vault, build_of, field, secret_field};
use castile::config::OAuthSettings;
use castile::manage::{Actor, Manage, Resealed, Signers};
use castile::net::address::AddressPolicy;
use castile::store::{Item, Keep, Seal, Store};
use serde_json::{Value, json};

use super::Server;
use super::apis::{body, texts};

const PLANTED: &str = "pl4nted-sealed-value";

/// The API orders with that log-in.
fn orders(auth: &str) -> Value {
    let mut naming = texts("orders", "");
    let text = naming["api.yaml"].replace("soap.example.org/\"", &format!("soap.example.org/\", auth: {{ {auth} }}"));
    naming.insert("api.yaml".into(), text.into());
    body(&naming)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_is_given_named_replaced_and_never_shown() {
    let server = Server::start().await;
    let new = |value: &str| json!({ "name": "orders-pw", "description": "of the orders service", "value": value });
    let made = server.fine("pia", "POST secrets", new(PLANTED));
    assert_eq!((&made["name"], made.as_object().unwrap().len()), (&json!("orders-pw"), 3), "{made}");
    for request in ["GET secrets", "GET secrets/orders-pw"] {
        assert!(!server.fine("ada", request, Value::Null).to_string().contains("pl4nted"), "{request}");
    }
    assert_eq!(server.refused("pia", "POST secrets", new("x")).1, "castile.exists");
    assert_eq!(server.refused("pia", "PUT secrets/other", new("x")).0, 400);
    assert_eq!(server.refused("sue", "GET secrets", Value::Null).0, 403);
    for bad in
        [json!({ "name": "a b", "value": "x" }), json!({ "name": "a", "value": "" }), json!({ "name": "a", "value": "\u{1}pl4nted" })]
    {
        let answer = server.ask("pia", "POST secrets", bad);
        assert!(answer.status == 400 && !answer.body.to_string().contains("pl4nted"), "{answer:?}");
    }
    // An API of the tenant names it, a publisher's too; one that is not there is told with the nearest.
    server.fine("pia", "POST apis/orders/revisions", orders("basic: { user: u, secret: orders-pw }"));
    let answer = server.ask("pia", "POST apis/orders/revisions", orders("basic: { user: u, secret: order-pw }"));
    assert_eq!(answer.body["errors"][0]["message"], "there is no sealed secret `order-pw`; did you mean `orders-pw`?", "{answer:?}");
    let kept = server.store.latest("default", "orders").await.unwrap().unwrap();
    let secrets = castile::store::Keep::page::<castile::api::SealedSecret>(&*server.store, None, None, 10).await.unwrap().0;
    let vault = Vault::beside(server.folder.path(), AddressPolicy::public())
        .with_seal(server.seal.clone())
        .with(secrets.into_iter().map(|s| s.value));
    let built = build_of("default", "orders", &kept.content, &vault).api.unwrap();
    assert!(built.fields[0].1.reveal().starts_with("Basic ") && !format!("{built:?}{vault:?}").contains("pl4nted"));
    // Another tenant has no such secret, and with the sealed text of this one it would not open.
    server.fine("ada", "POST tenants", json!({ "name": "acme" }));
    let answer = server.ask("ada", "POST apis/orders/revisions?tenant=acme", orders("basic: { user: u, secret: orders-pw }"));
    assert_eq!(answer.body["errors"][0]["message"], "there is no sealed secret `orders-pw`", "{answer:?}");
    assert_eq!(server.refused("ada", "GET secrets/orders-pw?tenant=acme", Value::Null).0, 404);
    // It stays as long as it is named, and an export has its name alone.
    assert_eq!(server.refused("pia", "DELETE secrets/orders-pw", Value::Null).1, "castile.in_use");
    let shown = server.fine("pia", "GET apis/orders/revisions/latest", Value::Null).to_string();
    assert!(shown.contains("secret: orders-pw") && !shown.contains("pl4nted"));
    let changed = server.fine("pia", "PUT secrets/orders-pw", json!({ "name": "orders-pw", "value": "pl4nted-too" }));
    assert_eq!(changed["description"], "of the orders service");
    server.fine("pia", "POST apis/orders/revisions", orders(""));
    server.fine("pia", "DELETE secrets/orders-pw", Value::Null);
    let log = server.log().await;
    let about: Vec<_> =
        log.iter().filter(|(_, action, _)| action.starts_with("secret.")).map(|(who, action, _)| format!("{who} {action}")).collect();
    assert_eq!(about, ["pia secret.create", "pia secret.update", "pia secret.remove"]);
    assert!(!format!("{log:?}").contains("pl4nted"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_is_sealed_for_its_place() {
    let server = Server::start().await;
    server.fine("pia", "POST secrets", json!({ "name": "a", "value": PLANTED }));
    let record = server.store.record("secret", "default", "a").await.unwrap().unwrap();
    assert!(record.body.contains("sealed1.k1.") && !record.body.contains("pl4nted"), "{record:?}");
    let (into, mut items) = tokio::sync::mpsc::channel(64);
    let store = server.store.clone();
    let dumped = tokio::spawn(async move { store.dump(into).await });
    while let Some(item) = items.recv().await {
        assert!(!matches!(item, Item::End) || items.recv().await.is_none());
    }
    dumped.await.unwrap().unwrap();
    let all: Vec<u8> = std::fs::read_dir(server.folder.path())
        .unwrap()
        .flatten()
        .filter(|e| e.path().is_file())
        .flat_map(|e| std::fs::read(e.path()).unwrap())
        .collect();
    assert!(!all.windows(7).any(|w| w == b"pl4nted"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_old_key_sealed_is_sealed_again() {
    let server = Server::start().await;
    server.fine("ada", "POST tenants", json!({ "name": "acme" }));
    server.fine("pia", "POST secrets", json!({ "name": "one", "value": PLANTED }));
    server.fine("ada", "POST secrets?tenant=acme", json!({ "name": "two", "value": PLANTED }));
    assert_eq!(server.refused("pia", "POST reseal", Value::Null).0, 403);
    assert_eq!(server.fine("ada", "POST reseal", Value::Null), json!({ "resealed": 0, "current": 3, "failed": [] }));
    // Nodes with a newer key that know the old one.
    let (newer, lost) = (Seal::new_key("k2").unwrap(), Seal::new_key("k3").unwrap());
    let both = Arc::new(Seal::parse(&format!("{newer}{}", server.keys)).unwrap());
    let manage = |seal: &Arc<Seal>| {
        let vault = Arc::new(Vault::default().with_seal(seal.clone()));
        Manage::new(server.store.clone()).with_vault(vault).signing(Signers::new(seal.clone(), &OAuthSettings::default()))
    };
    let without = manage(&Arc::new(Seal::parse(&lost).unwrap())).reseal(&Actor::local()).await.unwrap();
    assert_eq!((without.resealed, without.current, without.failed.len()), (0, 0, 3));
    assert!(without.failed[0].contains("the secret two of the tenant acme: ") && without.failed[0].contains("`k1`"), "{without:?}");
    let done = manage(&both).reseal(&Actor::local()).await.unwrap();
    assert_eq!(done, Resealed { resealed: 3, current: 0, failed: vec![] });
    assert_eq!(manage(&both).reseal(&Actor::local()).await.unwrap().current, 3);
    // The old key can go: all opens with the new one alone.
    let alone = Arc::new(Seal::parse(&newer).unwrap());
    assert_eq!(manage(&alone).reseal(&Actor::local()).await.unwrap().current, 3);
    for secret in server.store.page::<SealedSecret>(None, None, 10).await.unwrap().0 {
        let opened = alone.open(&secret_field(&secret.value.tenant, &secret.value.name), &secret.value.sealed).unwrap();
        assert_eq!(opened, PLANTED.as_bytes());
    }
    let key = &server.store.page::<SealedKey>(None, None, 10).await.unwrap().0[0].value;
    assert!(alone.open(&field(&key.id), &key.sealed).is_ok());
    assert!(server.fine("ada", "GET audit", Value::Null).to_string().contains("sealed 2 values with the newest key"));
    server.stop().await;
}

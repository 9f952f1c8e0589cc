//! The first start: what must be there before anybody acts.

use castile::auth::{SealedKey, Tenant};
use castile::catalog::{Catalog, Census, field};
use castile::manage::first_start;
use castile::store::{Keep, Memory, Sql, Store};
use castile::throttle::Plan;

use serde_json::{Value, json};

use super::{Server, seal};

async fn look<S: Store>(store: &S) -> (usize, usize, usize) {
    let tenants = store.page::<Tenant>(None, None, 100).await.unwrap().0.len();
    let plans = store.page::<Plan>(None, None, 100).await.unwrap().0.len();
    (tenants, plans, store.page::<SealedKey>(None, None, 100).await.unwrap().0.len())
}

#[tokio::test]
async fn it_makes_what_is_missing_once() {
    let (store, seal) = (Memory::new(), seal());
    first_start(&store, &seal).await.unwrap();
    assert_eq!(look(&store).await, (1, 5, 1));
    let generation = store.generation().await.unwrap();
    first_start(&store, &seal).await.unwrap();
    assert_eq!(store.generation().await.unwrap(), generation, "nothing is written where nothing is missing");
    // A plan that was removed does not come back; a key that is gone does.
    store.forget::<Plan>("default", "gold", None).await.unwrap();
    let key = store.page::<SealedKey>(None, None, 1).await.unwrap().0.remove(0).value;
    assert!(seal.open(&field(&key.id), &key.sealed).is_ok());
    store.forget::<SealedKey>("default", &key.id, None).await.unwrap();
    first_start(&store, &seal).await.unwrap();
    assert_eq!(look(&store).await, (1, 4, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_start_together_make_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("castile.db");
    let seal = std::sync::Arc::new(seal());
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (file, seal) = (file.clone(), seal.clone());
        nodes.spawn(async move {
            let store = Sql::sqlite(&file).await.unwrap();
            first_start(&store, &seal).await.unwrap();
            let there = look(&store).await;
            store.close().await;
            there
        });
    }
    while let Some(there) = nodes.join_next().await {
        assert_eq!(there.unwrap(), (1, 5, 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_reads_what_was_made() {
    let server = Server::start().await;
    let catalog = std::sync::Arc::new(Catalog::default());
    let census = Census::new(server.store.clone(), catalog.clone(), server.seal.clone());
    census.refresh().await.unwrap();
    assert!(catalog.snapshot().callers.signing.is_some(), "the key that signs tokens opens");
    server.fine("sue", "POST applications", json!({ "name": "demo" }));
    server.fine("sue", "POST subscriptions", json!({ "application": "demo", "api": "countries", "plan": "tryout" }));
    let made = server.fine("sue", "POST applications/demo/keys", json!({}));
    census.refresh().await.unwrap();
    let key = castile::auth::digest(made["key"].as_str().unwrap());
    let found = |catalog: &Catalog| {
        let callers = catalog.snapshot().callers.clone();
        let members = callers.directory.tenant("default")?;
        let application = members.key(&key)?.application.clone();
        let plan = members.subscription(&application, "countries")?.plan.clone();
        callers.plans.get("default", &plan).cloned()
    };
    assert_eq!(found(&catalog).unwrap().quota.unwrap().to_string(), "20 calls a minute");
    server.fine("sue", &format!("DELETE keys/{}", made["id"].as_str().unwrap()), Value::Null);
    census.refresh().await.unwrap();
    assert!(found(&catalog).is_none());
    server.stop().await;
}

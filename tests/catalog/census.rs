//! What is known of callers follows the store.

use std::sync::Arc;

use castile::auth::jwt::SigningKey;
use castile::auth::{Application, SealedKey, Standing, Subscription, Tenant};
use castile::catalog::{Catalog, Census, field};
use castile::store::{Change, Expected, Keep, Memory, Seal, Store, StoreError};
use castile::throttle::Plan;

fn tenant(calls_per_second: Option<u32>) -> Tenant {
    Tenant {
        name: "default".into(),
        display_name: String::new(),
        calls_per_second,
        public_url: None,
        standing: Standing::Active,
        created: 0,
    }
}

fn application(id: &str) -> Application {
    Application {
        tenant: "default".into(),
        id: id.into(),
        name: id.into(),
        owner: "ann".into(),
        plan: None,
        description: String::new(),
        certificates: Vec::new(),
        certificate_ends: std::collections::BTreeMap::new(),
        standing: Standing::Active,
        created: 0,
    }
}

fn subscription(application: &str) -> Subscription {
    Subscription {
        tenant: "default".into(),
        id: format!("s-{application}").into(),
        application: application.into(),
        api: "geo".into(),
        plan: "tryout".into(),
        standing: Standing::Active,
        created: 0,
    }
}

fn sealed(seal: &Seal, key: &SigningKey, created: i64) -> SealedKey {
    SealedKey { id: key.key_id().into(), sealed: seal.seal(&field(key.key_id()), key.to_pkcs8()).unwrap(), created, signs_from: 0 }
}

fn seal() -> Arc<Seal> {
    Arc::new(Seal::parse(&Seal::new_key("k1").unwrap()).unwrap())
}

#[tokio::test]
async fn callers_are_those_of_the_store() {
    let (store, catalog, seal) = (Arc::new(Memory::new()), Arc::new(Catalog::default()), seal());
    let census = Census::new(store.clone(), catalog.clone(), seal.clone());
    let first = SigningKey::generate().unwrap();
    let mut changes = vec![
        Change::put(&tenant(Some(7)), Expected::Absent).unwrap(),
        Change::put(&application("a"), Expected::Absent).unwrap(),
        Change::put(&subscription("a"), Expected::Absent).unwrap(),
        Change::put(&sealed(&seal, &first, 1), Expected::Absent).unwrap(),
    ];
    changes.extend(Plan::shipped("default").iter().map(|p| Change::put(p, Expected::Absent).unwrap()));
    let written = store.write(changes, None).await.unwrap();
    assert_eq!(census.refresh().await, Ok(written));
    let callers = catalog.snapshot().callers.clone();
    let members = callers.directory.tenant("default").unwrap();
    assert_eq!(members.itself().unwrap().calls_per_second, Some(7));
    assert_eq!(&*members.subscription("a", "geo").unwrap().plan, "tryout");
    assert_eq!(callers.plans.get("default", "tryout").unwrap().quota.unwrap().to_string(), "20 calls a minute");
    assert_eq!(&*callers.signing.as_ref().unwrap().now().unwrap().key_id, first.key_id());

    // Nothing new: the snapshot stays the same one.
    let number = catalog.snapshot().number;
    census.refresh().await.unwrap();
    assert_eq!(catalog.snapshot().number, number);

    // A newer key signs, what the older one signed stays good.
    let second = SigningKey::generate().unwrap();
    store.put(&sealed(&seal, &second, 2), Expected::Absent, None).await.unwrap();
    store.forget::<Application>("default", "a", None).await.unwrap();
    store.forget::<Plan>("default", "gold", None).await.unwrap();
    census.refresh().await.unwrap();
    let callers = catalog.snapshot().callers.clone();
    assert_eq!(&*callers.signing.as_ref().unwrap().now().unwrap().key_id, second.key_id());
    let document = String::from_utf8(callers.signing.as_ref().unwrap().document.to_vec()).unwrap();
    assert!(document.contains(first.key_id()) && document.contains(second.key_id()), "{document}");
    assert!(callers.directory.tenant("default").unwrap().application("a").is_none());
    assert!(callers.plans.get("default", "gold").is_none());
}

#[tokio::test]
async fn a_key_that_cannot_be_opened_changes_nothing() {
    let (store, catalog) = (Arc::new(Memory::new()), Arc::new(Catalog::default()));
    let census = Census::new(store.clone(), catalog.clone(), seal());
    store.put(&tenant(None), Expected::Absent, None).await.unwrap();
    census.refresh().await.unwrap();
    let number = catalog.snapshot().number;
    store.put(&sealed(&seal(), &SigningKey::generate().unwrap(), 1), Expected::Absent, None).await.unwrap();
    let error = census.refresh().await.unwrap_err();
    assert!(matches!(&error, StoreError::Damaged { what } if what.contains("signing key")), "{error}");
    assert_eq!(catalog.snapshot().number, number);
}

#[tokio::test]
async fn what_changes_is_followed() {
    let (store, catalog) = (Arc::new(Memory::new()), Arc::new(Catalog::default()));
    let census = Arc::new(Census::new(store.clone(), catalog.clone(), seal()));
    census.refresh().await.unwrap();
    let following = tokio::spawn({
        let census = census.clone();
        async move { census.follow().await }
    });
    store.put(&application("late"), Expected::Absent, None).await.unwrap();
    let known = || catalog.snapshot().callers.directory.tenant("default").is_some_and(|m| m.application("late").is_some());
    tokio::time::timeout(std::time::Duration::from_secs(5), async {
        while !known() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("a change is not followed");
    following.abort();
}

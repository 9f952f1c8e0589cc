//! Revisions of APIs.

use std::future::Future;
use std::sync::Arc;

use castile::store::{Content, MAX_REVISIONS, Store, StoreError, StoredDocument, StoredLink, StoredTarget};

const T: &str = "default";

pub(super) async fn run<S: Store + 'static, F: Future<Output = S>>(make: &impl Fn() -> F) {
    what_was_put_comes_back(&make().await).await;
    equal_content_makes_no_revision(&make().await).await;
    a_late_writer_is_refused(&make().await).await;
    old_revisions_are_dropped(&make().await).await;
    numbers_never_mean_two_things(&make().await).await;
    every_change_is_seen(&make().await).await;
    names_are_listed_in_order(&make().await).await;
    tenants_do_not_meet(&make().await).await;
    writers_side_by_side_lose_nothing(Arc::new(make().await)).await;
}

pub(super) fn content(text: &str) -> Content {
    let document = |name: &str, text: &str| StoredDocument { name: name.into(), text: text.into() };
    Content {
        definition: document("apis/x/api.yaml", text),
        lock: Some(document("apis/x/api.lock", "{}")),
        documents: vec![document("wsdl/x.wsdl", "<a/>"), document("wsdl/\u{e4} \u{1f600}.xsd", "<\u{e4}>\r\n\"'\\\u{1f600}</\u{e4}>")],
        root: 0,
        sequences: Vec::new(),
        links: vec![
            StoredLink { from: 0, location: Some("\u{e4}.xsd".into()), namespace: Some("urn:x".into()), target: StoredTarget::Document(1) },
            StoredLink { from: 1, location: None, namespace: None, target: StoredTarget::Standard },
            StoredLink { from: 1, location: Some("gone.xsd".into()), namespace: None, target: StoredTarget::Missing("404".into()) },
        ],
        importer: "0.1.0".to_owned(),
        managed_by_files: true,
    }
}

async fn put(store: &impl Store, name: &str, expected: Option<u64>, text: &str) -> Result<u64, StoreError> {
    store.put_revision(T, name, expected, content(text), None).await
}

async fn what_was_put_comes_back(store: &impl Store) {
    assert_eq!(store.latest(T, "x").await.unwrap(), None);
    assert_eq!(put(store, "x", Some(0), "one").await, Ok(1));
    assert_eq!(put(store, "x", Some(1), "two").await, Ok(2));
    let latest = store.latest(T, "x").await.unwrap().unwrap();
    assert_eq!((&*latest.tenant, &*latest.name, latest.number), (T, "x", 2));
    assert_eq!(latest.content, content("two"));
    assert_eq!(store.revision(T, "x", 1).await.unwrap().unwrap().content, content("one"));
    assert_eq!(store.revision(T, "x", 3).await.unwrap(), None);
    assert_eq!(store.revision(T, "y", 1).await.unwrap(), None);
    let history = store.history(T, "x").await.unwrap();
    assert!(history[0].at <= history[1].at && history[0].digest != history[1].digest, "{history:?}");
}

async fn equal_content_makes_no_revision(store: &impl Store) {
    assert_eq!(put(store, "x", None, "one").await, Ok(1));
    let before = store.generation().await.unwrap();
    assert_eq!(store.put_revision(T, "x", None, content("one"), Some(super::audit(T, "api.put"))).await, Ok(1));
    assert_eq!(store.history(T, "x").await.unwrap().len(), 1);
    assert_eq!(store.generation().await.unwrap(), before);
    assert!(store.audit(None, None, 10).await.unwrap().is_empty());
}

async fn a_late_writer_is_refused(store: &impl Store) {
    put(store, "x", None, "one").await.unwrap();
    assert_eq!(put(store, "x", Some(0), "late").await, Err(StoreError::Conflict { expected: 0, latest: 1 }));
    assert_eq!(put(store, "x", Some(2), "early").await, Err(StoreError::Conflict { expected: 2, latest: 1 }));
    assert_eq!(store.latest(T, "x").await.unwrap().unwrap().content, content("one"));
}

async fn old_revisions_are_dropped(store: &impl Store) {
    let all = MAX_REVISIONS as u64 + 3;
    for i in 1..=all {
        assert_eq!(put(store, "x", None, &i.to_string()).await, Ok(i));
    }
    let kept: Vec<_> = store.history(T, "x").await.unwrap().iter().map(|r| r.number).collect();
    assert_eq!(kept, (4..=all).collect::<Vec<_>>());
    assert_eq!(store.revision(T, "x", 3).await.unwrap(), None);
}

async fn numbers_never_mean_two_things(store: &impl Store) {
    put(store, "x", None, "one").await.unwrap();
    put(store, "x", None, "two").await.unwrap();
    assert_eq!(store.remove_api(T, "x", None).await, Ok(true));
    assert_eq!(store.remove_api(T, "x", None).await, Ok(false));
    assert_eq!(store.latest(T, "x").await.unwrap(), None);
    assert_eq!(store.revision(T, "x", 1).await.unwrap(), None);
    assert!(store.history(T, "x").await.unwrap().is_empty());
    assert!(store.apis(None).await.unwrap().is_empty());
    // Also content that is equal to what was there last is a new beginning.
    assert_eq!(put(store, "x", Some(0), "two").await, Ok(3));
    assert_eq!(store.history(T, "x").await.unwrap().len(), 1);
}

async fn every_change_is_seen(store: &impl Store) {
    let mut seen = vec![store.generation().await.unwrap()];
    put(store, "x", None, "one").await.unwrap();
    seen.push(store.generation().await.unwrap());
    put(store, "x", None, "two").await.unwrap();
    seen.push(store.generation().await.unwrap());
    store.remove_api(T, "x", None).await.unwrap();
    seen.push(store.generation().await.unwrap());
    assert!(seen.windows(2).all(|w| w[0] < w[1]), "{seen:?}");
}

async fn names_are_listed_in_order(store: &impl Store) {
    for name in ["b", "a", "C", "\u{e4}"] {
        put(store, name, None, name).await.unwrap();
    }
    put(store, "b", None, "again").await.unwrap();
    let all: Vec<_> = store.apis(Some(T)).await.unwrap().iter().map(|s| format!("{} {}", s.name, s.latest)).collect();
    assert_eq!(all, ["C 1", "a 1", "b 2", "\u{e4} 1"]);
}

async fn tenants_do_not_meet(store: &impl Store) {
    put(store, "x", None, "ours").await.unwrap();
    assert_eq!(store.put_revision("other", "x", Some(0), content("theirs"), None).await, Ok(1));
    assert_eq!(store.latest(T, "x").await.unwrap().unwrap().content, content("ours"));
    assert_eq!(store.latest("other", "x").await.unwrap().unwrap().content, content("theirs"));
    assert_eq!(store.remove_api(T, "x", None).await, Ok(true));
    let left: Vec<_> = store.apis(None).await.unwrap().iter().map(|s| format!("{}/{}", s.tenant, s.name)).collect();
    assert_eq!(left, ["other/x"]);
    assert!(store.apis(Some(T)).await.unwrap().is_empty());
}

async fn writers_side_by_side_lose_nothing<S: Store + 'static>(store: Arc<S>) {
    let mut writers = tokio::task::JoinSet::new();
    for w in 0..4 {
        let store = store.clone();
        writers.spawn(async move {
            for i in 0..10 {
                put(&*store, "x", None, &format!("{w} {i}")).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }
    let numbers: Vec<_> = store.history(T, "x").await.unwrap().iter().map(|r| r.number).collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
}

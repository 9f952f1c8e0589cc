//! What every store must do. A store's own tests call [`run`] with a way to make an empty one.

use std::future::Future;
use std::sync::Arc;

use super::{Content, MAX_REVISIONS, Store, StoreError, StoredDocument, StoredLink, StoredTarget};

/// Runs the whole contract; `make` gives a store that is empty.
pub(crate) async fn run<S: Store + 'static, F: Future<Output = S>>(make: impl Fn() -> F) {
    what_was_put_comes_back(&make().await).await;
    equal_content_makes_no_revision(&make().await).await;
    a_late_writer_is_refused(&make().await).await;
    old_revisions_are_dropped(&make().await).await;
    numbers_never_mean_two_things(&make().await).await;
    every_change_is_seen(&make().await).await;
    names_are_listed_in_order(&make().await).await;
    writers_side_by_side_lose_nothing(Arc::new(make().await)).await;
}

fn content(text: &str) -> Content {
    let document = |name: &str, text: &str| StoredDocument { name: name.into(), text: text.into() };
    Content {
        definition: document("apis/x/api.yaml", text),
        lock: Some(document("apis/x/api.lock", "{}")),
        documents: vec![document("wsdl/x.wsdl", "<a/>"), document("wsdl/\u{e4} \u{1f600}.xsd", "<\u{e4}>\r\n\"'\\\u{1f600}</\u{e4}>")],
        root: 0,
        links: vec![
            StoredLink { from: 0, location: Some("\u{e4}.xsd".into()), namespace: Some("urn:x".into()), target: StoredTarget::Document(1) },
            StoredLink { from: 1, location: None, namespace: None, target: StoredTarget::Standard },
            StoredLink { from: 1, location: Some("gone.xsd".into()), namespace: None, target: StoredTarget::Missing("404".into()) },
        ],
        importer: "0.1.0".to_owned(),
        managed_by_files: true,
    }
}

async fn what_was_put_comes_back(store: &impl Store) {
    assert_eq!(store.latest("x").await.unwrap(), None);
    assert_eq!(store.put("x", Some(0), content("one")).await, Ok(1));
    assert_eq!(store.put("x", Some(1), content("two")).await, Ok(2));
    let latest = store.latest("x").await.unwrap().unwrap();
    assert_eq!((&*latest.name, latest.number), ("x", 2));
    assert_eq!(latest.content, content("two"));
    assert_eq!(store.revision("x", 1).await.unwrap().unwrap().content, content("one"));
    assert_eq!(store.revision("x", 3).await.unwrap(), None);
    assert_eq!(store.revision("y", 1).await.unwrap(), None);
}

async fn equal_content_makes_no_revision(store: &impl Store) {
    assert_eq!(store.put("x", None, content("one")).await, Ok(1));
    let before = store.generation().await.unwrap();
    assert_eq!(store.put("x", None, content("one")).await, Ok(1));
    assert_eq!(store.history("x").await.unwrap().len(), 1);
    assert_eq!(store.generation().await.unwrap(), before);
}

async fn a_late_writer_is_refused(store: &impl Store) {
    store.put("x", None, content("one")).await.unwrap();
    let late = store.put("x", Some(0), content("late")).await;
    assert_eq!(late, Err(StoreError::Conflict { expected: 0, latest: 1 }));
    let early = store.put("x", Some(2), content("early")).await;
    assert_eq!(early, Err(StoreError::Conflict { expected: 2, latest: 1 }));
    assert_eq!(store.latest("x").await.unwrap().unwrap().content, content("one"));
}

async fn old_revisions_are_dropped(store: &impl Store) {
    let all = MAX_REVISIONS as u64 + 3;
    for i in 1..=all {
        assert_eq!(store.put("x", None, content(&i.to_string())).await, Ok(i));
    }
    let kept: Vec<_> = store.history("x").await.unwrap().iter().map(|r| r.number).collect();
    assert_eq!(kept, (4..=all).collect::<Vec<_>>());
    assert_eq!(store.revision("x", 3).await.unwrap(), None);
}

async fn numbers_never_mean_two_things(store: &impl Store) {
    store.put("x", None, content("one")).await.unwrap();
    store.put("x", None, content("two")).await.unwrap();
    assert_eq!(store.remove("x").await, Ok(true));
    assert_eq!(store.remove("x").await, Ok(false));
    assert_eq!(store.latest("x").await.unwrap(), None);
    assert!(store.history("x").await.unwrap().is_empty());
    assert_eq!(store.put("x", Some(0), content("three")).await, Ok(3));
}

async fn every_change_is_seen(store: &impl Store) {
    let mut seen = vec![store.generation().await.unwrap()];
    store.put("x", None, content("one")).await.unwrap();
    seen.push(store.generation().await.unwrap());
    store.put("x", None, content("two")).await.unwrap();
    seen.push(store.generation().await.unwrap());
    store.remove("x").await.unwrap();
    seen.push(store.generation().await.unwrap());
    assert!(seen.windows(2).all(|w| w[0] < w[1]), "{seen:?}");
}

async fn names_are_listed_in_order(store: &impl Store) {
    for name in ["b", "a", "C"] {
        store.put(name, None, content(name)).await.unwrap();
    }
    store.put("b", None, content("again")).await.unwrap();
    let all: Vec<_> = store.list().await.unwrap().iter().map(|s| format!("{} {}", s.name, s.latest)).collect();
    assert_eq!(all, ["C 1", "a 1", "b 2"]);
}

async fn writers_side_by_side_lose_nothing<S: Store + 'static>(store: Arc<S>) {
    let mut writers = tokio::task::JoinSet::new();
    for w in 0..4 {
        let store = store.clone();
        writers.spawn(async move {
            for i in 0..10 {
                store.put("x", None, content(&format!("{w} {i}"))).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }
    let numbers: Vec<_> = store.history("x").await.unwrap().iter().map(|r| r.number).collect();
    assert_eq!(numbers, (1..=40).collect::<Vec<_>>());
}

//! What changed, for readers that hold the rest.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use castile::store::{Changes, Expected, MAX_CHANGES, MAX_SINCE, Since, Store};
use tokio::time::timeout;

use super::revisions::content;
use super::{ending_in, keep, put, record, remove};

pub(super) async fn run<S: Store + 'static, F: Future<Output = S>>(make: &impl Fn() -> F) {
    changes_are_told(&make().await).await;
    all_is_of_one_generation(&make().await).await;
    too_much_is_read_anew(&make().await).await;
    who_waits_is_woken(Arc::new(make().await)).await;
}

async fn since(store: &impl Store, generation: u64) -> Changes {
    match store.since(generation).await.unwrap() {
        Since::Changes(changes) => changes,
        Since::TooOld => panic!("too old"),
    }
}

async fn changes_are_told(store: &impl Store) {
    let (a, b) = (record("app", "a"), record("app", "b"));
    let first = keep(store, &a).await;
    assert_eq!(since(store, first).await, Changes { generation: first, ..Changes::default() });
    let second = store.write(vec![remove(&a, Expected::Any), put(&b, Expected::Any)], None).await.unwrap();
    store.put_revision("default", "x", None, content("one"), None).await.unwrap();
    keep(store, &ending_in(record("session", "ended"), -1)).await;
    let all = since(store, 0).await;
    assert_eq!(all.generation, store.generation().await.unwrap());
    assert_eq!(all.records.iter().map(|r| (&*r.id, r.version)).collect::<Vec<_>>(), [("b", second)]);
    assert_eq!(all.removed.iter().map(|p| &*p.id).collect::<Vec<_>>(), ["a"]);
    assert_eq!(all.apis.iter().map(|a| (&*a.tenant, &*a.name, a.latest)).collect::<Vec<_>>(), [("default", "x", Some(1))]);
    assert_eq!(since(store, first).await, all);
    // Made again: not gone any more. Gone: not there any more.
    keep(store, &a).await;
    store.remove_api("default", "x", None).await.unwrap();
    let rest = since(store, all.generation).await;
    assert_eq!(rest.records.iter().map(|r| &*r.id).collect::<Vec<_>>(), ["a"]);
    assert!(rest.removed.is_empty());
    assert_eq!(rest.apis.iter().map(|a| a.latest).collect::<Vec<_>>(), [None]);
    // Nobody can have seen what is not there yet: that was another store.
    assert_eq!(store.since(rest.generation + 1).await, Ok(Since::TooOld));
}

async fn all_is_of_one_generation(store: &impl Store) {
    for i in 0..3 {
        store
            .write((0..MAX_CHANGES).map(|n| put(&record("api_key", &format!("{i} {n:04}")), Expected::Any)).collect(), None)
            .await
            .unwrap();
    }
    keep(store, &record("app", "a")).await;
    keep(store, &record("session", "s")).await;
    store.put_revision("default", "x", None, content("one"), None).await.unwrap();
    let all = store.read_all(&["app", "api_key", "plan", "app"]).await.unwrap();
    assert_eq!(all.generation, store.generation().await.unwrap());
    assert_eq!(all.records.len(), 3 * MAX_CHANGES + 1);
    assert!(all.records.windows(2).all(|w| (&w[0].kind, &w[0].tenant, &w[0].id) < (&w[1].kind, &w[1].tenant, &w[1].id)));
    assert_eq!(all.apis.iter().map(|a| (&*a.name, a.latest)).collect::<Vec<_>>(), [("x", 1)]);
}

async fn too_much_is_read_anew(store: &impl Store) {
    for i in 0..=MAX_SINCE / MAX_CHANGES {
        store.write((0..MAX_CHANGES).map(|n| put(&record("api_key", &format!("{i} {n}")), Expected::Any)).collect(), None).await.unwrap();
    }
    let last = store.generation().await.unwrap();
    assert_eq!(store.since(0).await, Ok(Since::TooOld));
    assert_eq!(since(store, last - 1).await.records.len(), MAX_CHANGES);
}

async fn who_waits_is_woken<S: Store + 'static>(store: Arc<S>) {
    let seen = store.generation().await.unwrap();
    assert!(timeout(Duration::from_millis(50), store.changed(seen)).await.is_err(), "nothing changed");
    let waiting = store.clone();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { waiting.changed(seen).await });
    let now = keep(&*store, &record("app", "a")).await;
    assert_eq!(timeout(Duration::from_secs(2), tasks.join_next()).await.unwrap().unwrap().unwrap(), now);
    // Whoever comes late does not wait.
    assert_eq!(timeout(Duration::from_millis(50), store.changed(seen)).await, Ok(now));
    let state = store.state();
    assert!(state.available && state.generation == now, "{state:?}");
}

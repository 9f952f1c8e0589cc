//! Writers side by side.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use castile::store::{Expected, Key, Record, Since, Store, StoreError};
use tokio::task::JoinSet;

use super::{audit, keep, put, record, with_keys};

pub(super) async fn run<S: Store + 'static, F: Future<Output = S>>(make: &impl Fn() -> F) {
    one_of_many_gets_a_code(Arc::new(make().await)).await;
    one_of_many_rotates(Arc::new(make().await)).await;
    one_of_many_has_a_name(Arc::new(make().await)).await;
    counted_by_version_nothing_is_lost(Arc::new(make().await)).await;
    readers_miss_nothing(Arc::new(make().await)).await;
}

/// What each of some tasks gave.
async fn together<T: Send + 'static, F: Future<Output = T> + Send + 'static>(tasks: impl IntoIterator<Item = F>) -> Vec<T> {
    let mut set: JoinSet<T> = tasks.into_iter().collect();
    let mut all = Vec::new();
    while let Some(one) = set.join_next().await {
        all.push(one.unwrap());
    }
    all
}

async fn one_of_many_gets_a_code<S: Store + 'static>(store: Arc<S>) {
    for round in 0..10 {
        let key = Key::unique("hash", round.to_string());
        keep(&*store, &with_keys(record("authorization_code", &round.to_string()), std::slice::from_ref(&key))).await;
        let takers = (0..8).map(|_| {
            let (store, key) = (store.clone(), key.clone());
            async move { store.take("authorization_code", &key, None).await.unwrap().is_some() }
        });
        assert_eq!(together(takers).await.into_iter().filter(|got| *got).count(), 1);
    }
}

async fn one_of_many_rotates<S: Store + 'static>(store: Arc<S>) {
    let one = record("refresh_token", "r");
    let mut version = keep(&*store, &one).await;
    for _ in 0..10 {
        let writers = (0..8).map(|_| {
            let (store, change) = (store.clone(), put(&one, Expected::Version(version)));
            async move { store.write(vec![change], None).await }
        });
        let done = together(writers).await;
        let won: Vec<_> = done.iter().filter_map(|r| r.as_ref().ok()).collect();
        assert_eq!(won.len(), 1, "{done:?}");
        assert!(done.iter().all(|r| matches!(r, Ok(_) | Err(StoreError::Stale { .. }))), "{done:?}");
        version = *won[0];
    }
}

async fn one_of_many_has_a_name<S: Store + 'static>(store: Arc<S>) {
    for round in 0..10 {
        let writers = (0..8).map(|w| {
            let one = with_keys(record("user", &format!("{round} {w}")), &[Key::unique("name", round.to_string())]);
            let (store, change) = (store.clone(), put(&one, Expected::Absent));
            async move { store.write(vec![change], None).await }
        });
        let done = together(writers).await;
        assert_eq!(done.iter().filter(|r| r.is_ok()).count(), 1, "{done:?}");
        assert!(done.iter().all(|r| matches!(r, Ok(_) | Err(StoreError::Taken { .. }))), "{done:?}");
    }
}

async fn counted_by_version_nothing_is_lost<S: Store + 'static>(store: Arc<S>) {
    keep(&*store, &Record { body: "0".into(), ..record("setting", "count") }).await;
    let writers = (0..4).map(|_| {
        let store = store.clone();
        async move {
            let mut done = 0;
            while done < 10 {
                let found = store.record("setting", "default", "count").await.unwrap().unwrap();
                let next = Record { body: (found.body.parse::<u64>().unwrap() + 1).to_string(), ..found.clone() };
                match store.write(vec![put(&next, Expected::Version(found.version))], Some(audit("t", "count"))).await {
                    Ok(_) => done += 1,
                    Err(StoreError::Stale { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    });
    together(writers).await;
    assert_eq!(store.record("setting", "default", "count").await.unwrap().unwrap().body, "40");
    assert_eq!(store.audit_head().await.unwrap().seq, 40);
    assert_eq!(store.check().await, Ok(Vec::new()));
}

/// A reader that follows by generation sees every record, whoever writes meanwhile.
async fn readers_miss_nothing<S: Store + 'static>(store: Arc<S>) {
    let writers: JoinSet<()> = (0..4)
        .map(|w| {
            let store = store.clone();
            async move {
                for i in 0..25 {
                    keep(&*store, &record("app", &format!("{w} {i}"))).await;
                }
            }
        })
        .collect();
    let (mut seen, mut at) = (BTreeSet::new(), 0);
    while seen.len() < 100 {
        let now = tokio::time::timeout(std::time::Duration::from_secs(20), store.changed(at)).await.unwrap();
        let Since::Changes(changes) = store.since(at).await.unwrap() else { panic!("too old") };
        assert!(changes.generation >= now);
        at = changes.generation;
        seen.extend(changes.records.into_iter().map(|r| r.id));
    }
    writers.join_all().await;
}

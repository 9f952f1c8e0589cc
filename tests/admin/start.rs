//! The first start: what must be there before anybody acts.

use castile::auth::{SealedKey, Tenant};
use castile::catalog::field;
use castile::manage::first_start;
use castile::store::{Keep, Memory, Sql, Store};
use castile::throttle::Plan;

use super::seal;

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

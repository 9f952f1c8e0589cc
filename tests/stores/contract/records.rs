//! Records: written whole or not at all, found by place and key, in order, until their time has come.

use std::future::Future;
use std::time::Duration;

use castile::store::{Change, Cursor, Expected, Keep, Kept, Key, MAX_BODY_BYTES, MAX_CHANGES, Record, Store, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ending_in, ids, in_tenant, keep, put, record, remove, with_keys};

pub(super) async fn run<S: Store + 'static, F: Future<Output = S>>(make: &impl Fn() -> F) {
    what_was_put_comes_back(&make().await).await;
    a_version_is_never_used_twice(&make().await).await;
    expectations_hold(&make().await).await;
    a_write_is_whole(&make().await).await;
    unique_keys_are_unique(&make().await).await;
    keys_of_a_tenant_are_its_own(&make().await).await;
    keys_follow_their_record(&make().await).await;
    pages_come_in_order(&make().await).await;
    shared_keys_give_all(&make().await).await;
    what_has_ended_is_gone(&make().await).await;
    what_is_taken_is_gone(&make().await).await;
    what_no_store_keeps_is_refused(&make().await).await;
    values_have_types(&make().await).await;
}

async fn what_was_put_comes_back(store: &impl Store) {
    let keys = [Key::unique("hash", "\u{e4}'; DROP TABLE x; --"), Key::unique_in("default", "name", "Ann"), Key::shared("app", "")];
    let kept = Record {
        body: r#"{"a": "\u0000 \" ä 😀", "b": 12.50}"#.into(),
        ..ending_in(with_keys(record("user", "u 1/ä"), &keys), 60_000)
    };
    let version = keep(store, &kept).await;
    assert_eq!(store.generation().await, Ok(version));
    let wanted = Record { version, ..kept.clone() };
    assert_eq!(store.record("user", "default", "u 1/ä").await.unwrap().as_ref(), Some(&wanted));
    for key in &keys {
        assert_eq!(store.find("user", key).await.unwrap().as_ref(), Some(&wanted), "{key:?}");
    }
    assert_eq!(store.record("user", "other", "u 1/ä").await, Ok(None));
    assert_eq!(store.record("plan", "default", "u 1/ä").await, Ok(None));
    assert_eq!(store.find("plan", &keys[0]).await, Ok(None));
    assert_eq!(store.find("user", &Key::unique("name", "Ann")).await, Ok(None));
}

async fn a_version_is_never_used_twice(store: &impl Store) {
    let one = record("plan", "gold");
    let first = keep(store, &one).await;
    let second = keep(store, &one).await;
    store.write(vec![remove(&one, Expected::Version(second))], None).await.unwrap();
    let third = keep(store, &one).await;
    assert!(first < second && second < third);
    assert_eq!(
        store.write(vec![put(&one, Expected::Version(first))], None).await,
        Err(StoreError::Stale { kind: "plan".into(), found: Some(third) })
    );
}

async fn expectations_hold(store: &impl Store) {
    let one = record("plan", "gold");
    let stale = |found| Err(StoreError::Stale { kind: "plan".into(), found });
    assert_eq!(store.write(vec![put(&one, Expected::Version(1))], None).await, stale(None));
    assert_eq!(store.write(vec![remove(&one, Expected::Version(1))], None).await, stale(None));
    assert!(store.write(vec![remove(&one, Expected::Any)], None).await.is_ok());
    let version = store.write(vec![put(&one, Expected::Absent)], None).await.unwrap();
    assert_eq!(store.write(vec![put(&one, Expected::Absent)], None).await, stale(Some(version)));
    assert_eq!(store.write(vec![remove(&one, Expected::Absent)], None).await, stale(Some(version)));
    let next = store.write(vec![put(&one, Expected::Version(version))], None).await.unwrap();
    assert_eq!(store.write(vec![remove(&one, Expected::Version(version))], None).await, stale(Some(next)));
    assert!(store.write(vec![remove(&one, Expected::Version(next))], None).await.is_ok());
    assert_eq!(store.record("plan", "default", "gold").await, Ok(None));
}

async fn a_write_is_whole(store: &impl Store) {
    let key = Key::unique("name", "n");
    let (a, b, c) = (with_keys(record("app", "a"), std::slice::from_ref(&key)), record("app", "b"), record("sub", "c"));
    let version = store.write(vec![put(&a, Expected::Absent), put(&c, Expected::Absent)], None).await.unwrap();
    let changed = Record { body: r#""changed""#.into(), ..a.clone() };
    let moved = Record { keys: Vec::new(), ..changed.clone() };
    let wrong = [
        vec![put(&changed, Expected::Any), remove(&c, Expected::Any), put(&b, Expected::Version(9))],
        vec![remove(&a, Expected::Any), put(&with_keys(b.clone(), std::slice::from_ref(&key)), Expected::Any), put(&c, Expected::Absent)],
        vec![put(&moved, Expected::Any), put(&b, Expected::Any), put(&Record { body: "{".into(), ..c.clone() }, Expected::Any)],
    ];
    for changes in wrong {
        assert!(store.write(changes, Some(super::audit("default", "x"))).await.is_err());
        assert_eq!(store.generation().await, Ok(version));
        assert_eq!(store.record("app", "default", "a").await.unwrap(), Some(Record { version, ..a.clone() }));
        assert_eq!(store.find("app", &key).await.unwrap().unwrap().id, "a");
        assert_eq!(store.record("app", "default", "b").await, Ok(None));
        assert_eq!(store.record("sub", "default", "c").await.unwrap().unwrap().version, version);
        assert!(store.audit(None, None, 10).await.unwrap().is_empty());
    }
    let all = vec![remove(&a, Expected::Any), put(&with_keys(b, std::slice::from_ref(&key)), Expected::Absent)];
    let version = store.write(all, Some(super::audit("default", "x"))).await.unwrap();
    assert_eq!(store.find("app", &key).await.unwrap().map(|r| (r.id, r.version)), Some(("b".into(), version)));
    assert_eq!(store.audit(None, None, 10).await.unwrap().len(), 1);
}

async fn unique_keys_are_unique(store: &impl Store) {
    let key = Key::unique("hash", "h");
    let one = with_keys(record("api_key", "1"), std::slice::from_ref(&key));
    keep(store, &one).await;
    let taken = StoreError::Taken { kind: "api_key".into(), key: "hash".into() };
    for other in [
        with_keys(record("api_key", "2"), std::slice::from_ref(&key)),
        in_tenant("other", with_keys(record("api_key", "1"), std::slice::from_ref(&key))),
    ] {
        assert_eq!(store.write(vec![put(&other, Expected::Any)], None).await, Err(taken.clone()));
    }
    assert_eq!(taken.to_string(), "another api_key has this hash");
    // Of another kind, of another name, or only shared: no matter.
    keep(store, &with_keys(record("oauth_client", "2"), std::slice::from_ref(&key))).await;
    keep(store, &with_keys(record("api_key", "3"), &[Key::unique("name", "h")])).await;
    keep(store, &with_keys(record("api_key", "4"), &[Key::shared("hash", "h")])).await;
    // Its own record keeps it.
    keep(store, &one).await;
    // Two in one write that want the same.
    let same = |id: &str| put(&with_keys(record("api_key", id), &[Key::unique("hash", "new")]), Expected::Any);
    assert!(matches!(store.write(vec![same("5"), same("6")], None).await, Err(StoreError::Taken { .. })));
    assert_eq!(store.record("api_key", "default", "5").await, Ok(None));
    // What has ended makes room.
    keep(store, &ending_in(with_keys(record("api_key", "7"), &[Key::unique("hash", "old")]), -1)).await;
    keep(store, &with_keys(record("api_key", "8"), &[Key::unique("hash", "old")])).await;
    assert_eq!(store.find("api_key", &Key::unique("hash", "old")).await.unwrap().unwrap().id, "8");
}

async fn keys_of_a_tenant_are_its_own(store: &impl Store) {
    for tenant in ["default", "other"] {
        let key = Key::unique_in(tenant, "name", "ann");
        keep(store, &in_tenant(tenant, with_keys(record("user", "u"), &[key]))).await;
    }
    let found = store.find("user", &Key::unique_in("other", "name", "ann")).await.unwrap().unwrap();
    assert_eq!(found.tenant, "other");
}

async fn keys_follow_their_record(store: &impl Store) {
    let (old, new) = (Key::unique("name", "old"), Key::unique("name", "new"));
    keep(store, &with_keys(record("user", "u"), std::slice::from_ref(&old))).await;
    keep(store, &with_keys(record("user", "u"), std::slice::from_ref(&new))).await;
    assert_eq!(store.find("user", &old).await, Ok(None));
    assert_eq!(store.find("user", &new).await.unwrap().unwrap().keys, std::slice::from_ref(&new));
    keep(store, &with_keys(record("user", "v"), std::slice::from_ref(&old))).await;
    store.write(vec![remove(&record("user", "u"), Expected::Any)], None).await.unwrap();
    assert_eq!(store.find("user", &new).await, Ok(None));
}

async fn pages_come_in_order(store: &impl Store) {
    for (tenant, id) in [("b", "1"), ("a", "2"), ("a", "10"), ("a", "B"), ("a", "a"), ("a", "\u{e4}"), ("", "x"), ("c", "1")] {
        keep(store, &in_tenant(tenant, record("app", id))).await;
    }
    keep(store, &in_tenant("a", record("plan", "2"))).await;
    let wanted = ["/x", "a/10", "a/2", "a/B", "a/a", "a/\u{e4}", "b/1", "c/1"];
    assert_eq!(ids(store, "app").await, wanted);
    for limit in [1, 3, 8, 9] {
        let (mut after, mut all) = (None, Vec::new());
        loop {
            let page = store.records("app", None, after.as_ref(), limit).await.unwrap();
            assert!(page.records.len() <= limit);
            all.extend(page.records.iter().map(|r| format!("{}/{}", r.tenant, r.id)));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(all, wanted, "{limit}");
    }
    let of = async |tenant: &str, after: Option<Cursor>| -> Vec<String> {
        store.records("app", Some(tenant), after.as_ref(), 3).await.unwrap().records.into_iter().map(|r| r.id).collect()
    };
    assert_eq!(of("a", None).await, ["10", "2", "B"]);
    assert_eq!(of("a", Some(Cursor { tenant: "a".into(), id: "B".into() })).await, ["a", "\u{e4}"]);
    assert_eq!(of("a", Some(Cursor { tenant: "".into(), id: "z".into() })).await, ["10", "2", "B"]);
    assert!(of("a", Some(Cursor { tenant: "b".into(), id: "".into() })).await.is_empty());
    assert!(of("nobody", None).await.is_empty());
}

async fn shared_keys_give_all(store: &impl Store) {
    let family = Key::shared("family", "f");
    for (tenant, id) in [("b", "1"), ("a", "2"), ("a", "1")] {
        keep(store, &in_tenant(tenant, with_keys(record("refresh_token", id), std::slice::from_ref(&family)))).await;
    }
    keep(store, &ending_in(with_keys(record("refresh_token", "ended"), std::slice::from_ref(&family)), -5)).await;
    keep(store, &with_keys(record("refresh_token", "other"), &[Key::shared("family", "g")])).await;
    let first = store.records_by("refresh_token", &family, None, 2).await.unwrap();
    let names = |records: &[Record]| records.iter().map(|r| format!("{}/{}", r.tenant, r.id)).collect::<Vec<_>>();
    assert_eq!(names(&first.records), ["a/1", "a/2"]);
    let second = store.records_by("refresh_token", &family, first.next.as_ref(), 2).await.unwrap();
    assert_eq!((names(&second.records), second.next), (vec!["b/1".to_owned()], None));
}

async fn what_has_ended_is_gone(store: &impl Store) {
    let key = Key::unique("hash", "h");
    keep(store, &ending_in(with_keys(record("session", "s"), std::slice::from_ref(&key)), 1_000)).await;
    keep(store, &ending_in(record("session", "later"), 60_000)).await;
    let ended = ending_in(record("session", "was"), -1);
    keep(store, &ended).await;
    assert!(store.record("session", "default", "s").await.unwrap().is_some());
    tokio::time::sleep(Duration::from_millis(1_050)).await;
    assert_eq!(store.record("session", "default", "s").await, Ok(None));
    assert_eq!(store.find("session", &key).await, Ok(None));
    assert_eq!(store.take("session", &key, None).await, Ok(None));
    assert_eq!(ids(store, "session").await, ["default/later"]);
    assert_eq!(store.read_all(&["session"]).await.unwrap().records.len(), 1);
    // It is as absent as one that never was.
    assert!(store.write(vec![put(&ended, Expected::Version(3))], None).await.is_err());
    let generation = store.generation().await.unwrap();
    let mut pruned = store.prune(1).await.unwrap();
    assert!(pruned <= 1);
    pruned += store.prune(100).await.unwrap();
    assert!(pruned <= 2);
    assert_eq!(store.prune(100).await, Ok(0));
    assert_eq!(store.generation().await, Ok(generation));
    assert_eq!(ids(store, "session").await, ["default/later"]);
    store.write(vec![put(&ended, Expected::Absent)], None).await.unwrap();
}

async fn what_is_taken_is_gone(store: &impl Store) {
    let key = Key::unique("hash", "code");
    let code = with_keys(record("authorization_code", "c"), std::slice::from_ref(&key));
    keep(store, &code).await;
    let before = store.generation().await.unwrap();
    assert_eq!(store.take("authorization_code", &Key::unique("hash", "other"), None).await, Ok(None));
    assert_eq!(store.take("refresh_token", &key, None).await, Ok(None));
    assert_eq!(store.generation().await, Ok(before));
    let taken = store.take("authorization_code", &key, Some(super::audit("default", "code.take"))).await.unwrap().unwrap();
    assert_eq!(taken.body, code.body);
    assert_eq!(store.take("authorization_code", &key, None).await, Ok(None));
    assert_eq!(store.record("authorization_code", "default", "c").await, Ok(None));
    assert!(store.generation().await.unwrap() > before);
    assert_eq!(store.audit(None, None, 10).await.unwrap().len(), 1);
}

async fn what_no_store_keeps_is_refused(store: &impl Store) {
    let good = record("app", "a");
    let long = "x".repeat(600);
    let wrong = [
        Record { kind: "".into(), ..good.clone() },
        Record { kind: "App".into(), ..good.clone() },
        Record { id: "".into(), ..good.clone() },
        Record { id: "a\0b".into(), ..good.clone() },
        Record { tenant: "a\nb".into(), ..good.clone() },
        Record { id: long.clone(), ..good.clone() },
        Record { body: "not json".into(), ..good.clone() },
        Record { body: format!("\"{}\"", "x".repeat(MAX_BODY_BYTES)), ..good.clone() },
        with_keys(good.clone(), &[Key::unique("hash", long)]),
        with_keys(good.clone(), &[Key::unique("hash", "a\0")]),
        with_keys(good.clone(), &[Key::unique("hash", "same"), Key::shared("hash", "same")]),
        with_keys(good.clone(), &std::array::from_fn::<_, 17, _>(|i| Key::unique("hash", i.to_string()))),
    ];
    for record in wrong {
        let refused = store.write(vec![put(&record, Expected::Any)], None).await;
        assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{refused:?}");
    }
    let twice = store.write(vec![put(&good, Expected::Any), remove(&good, Expected::Any)], None).await;
    assert!(matches!(twice, Err(StoreError::Invalid { .. })), "{twice:?}");
    let many = (0..=MAX_CHANGES).map(|i| put(&record("app", &i.to_string()), Expected::Any)).collect();
    assert!(matches!(store.write(many, None).await, Err(StoreError::Full { .. })));
    assert_eq!(store.generation().await, Ok(0));
    let largest = Record { body: format!("\"{}\"", "x".repeat(MAX_BODY_BYTES - 2)), ..good };
    keep(store, &largest).await;
    assert_eq!(store.record("app", "default", "a").await.unwrap().unwrap().body, largest.body);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct User {
    tenant: String,
    name: String,
    roles: Vec<String>,
    until_ms: Option<i64>,
}

impl Kept for User {
    const KIND: &'static str = "user";

    fn tenant(&self) -> &str {
        &self.tenant
    }

    fn id(&self) -> &str {
        &self.name
    }

    fn keys(&self) -> Vec<Key> {
        let mut keys = vec![Key::unique_in(&self.tenant, "name", self.name.to_lowercase())];
        keys.extend(self.roles.iter().map(|r| Key::shared("role", r)));
        keys
    }

    fn expires(&self) -> Option<Timestamp> {
        self.until_ms.and_then(|ms| Timestamp::from_millisecond(ms).ok())
    }
}

async fn values_have_types(store: &impl Store) {
    let user = |name: &str| User { tenant: "t".into(), name: name.into(), roles: vec!["publisher".into()], until_ms: None };
    let version = store.put(&user("Ann"), Expected::Absent, None).await.unwrap();
    let found = store.get_by::<User>(&Key::unique_in("t", "name", "ann")).await.unwrap().unwrap();
    assert_eq!((found.version, &found.value), (version, &user("Ann")));
    assert_eq!(store.get::<User>("t", "Ann").await.unwrap(), Some(found));
    assert_eq!(store.get::<User>("t", "Bob").await.unwrap(), None);
    assert!(matches!(store.put(&user("ANN"), Expected::Absent, None).await, Err(StoreError::Taken { .. })));
    store.put(&user("Bob"), Expected::Absent, None).await.unwrap();
    let (first, next) = store.page::<User>(Some("t"), None, 1).await.unwrap();
    assert_eq!(first[0].value, user("Ann"));
    let (second, next) = store.page::<User>(Some("t"), next.as_ref(), 1).await.unwrap();
    assert_eq!((&second[0].value, next), (&user("Bob"), None));
    assert_eq!(store.page_by::<User>(&Key::shared("role", "publisher"), None, 10).await.unwrap().0.len(), 2);
    assert_eq!(store.take_by::<User>(&Key::unique_in("t", "name", "bob"), None).await.unwrap(), Some(user("Bob")));
    assert_eq!(store.forget::<User>("t", "Ann", None).await, Ok(true));
    assert_eq!(store.forget::<User>("t", "Ann", None).await, Ok(false));
    // A body that is of another type says so, and repeats nothing of it.
    let other = Record { body: r#"{"password": "planted"}"#.into(), ..in_tenant("t", record("user", "odd")) };
    store.write(vec![Change::Put { record: other, expected: Expected::Any }], None).await.unwrap();
    let error = store.get::<User>("t", "odd").await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }) && !error.to_string().contains("planted"), "{error}");
}

//! The log of who did what.

use std::future::Future;

use castile::store::{Audit, AuditHead, Expected, Store};
use jiff::Timestamp;

use super::revisions::content;
use super::{audit, put, record};

pub(super) async fn run<S: Store + 'static, F: Future<Output = S>>(make: &impl Fn() -> F) {
    entries_come_back(&make().await).await;
    texts_are_tidied(&make().await).await;
}

async fn entries_come_back(store: &impl Store) {
    assert_eq!(store.audit_head().await, Ok(AuditHead::default()));
    assert_eq!(store.check().await, Ok(Vec::new()));
    let from = Timestamp::from_millisecond(Timestamp::now().as_millisecond()).unwrap();
    store.write(vec![put(&record("app", "a"), Expected::Any)], Some(audit("one", "app.create"))).await.unwrap();
    let generation = store.generation().await.unwrap();
    // An entry alone changes nothing else.
    assert_eq!(store.write(Vec::new(), Some(audit("two", "log_in"))).await, Ok(generation));
    store.put_revision("one", "x", None, content("1"), Some(audit("one", "api.put"))).await.unwrap();
    store.remove_api("one", "x", Some(audit("one", "api.remove"))).await.unwrap();
    assert_eq!(store.remove_api("one", "x", Some(audit("one", "api.remove"))).await, Ok(false));
    let all = store.audit(None, None, 10).await.unwrap();
    assert_eq!(all.iter().map(|e| e.seq).collect::<Vec<_>>(), [4, 3, 2, 1]);
    assert_eq!(all[3].audit, audit("one", "app.create"));
    assert!(all.iter().all(|e| e.at >= from && e.at <= Timestamp::now()));
    let actions = |entries: &[castile::store::AuditEntry]| entries.iter().map(|e| e.audit.action.clone()).collect::<Vec<_>>();
    assert_eq!(actions(&store.audit(Some("one"), None, 2).await.unwrap()), ["api.remove", "api.put"]);
    assert_eq!(actions(&store.audit(Some("one"), Some(3), 2).await.unwrap()), ["app.create"]);
    assert!(store.audit(Some("three"), None, 2).await.unwrap().is_empty());
    let head = store.audit_head().await.unwrap();
    assert_eq!((head.seq, head.hash), (4, all[0].hash));
    assert_eq!(store.check().await, Ok(Vec::new()));
}

async fn texts_are_tidied(store: &impl Store) {
    let entry = Audit { summary: format!("a\0b\r\nc{}", "\u{e4}".repeat(2000)), ..audit("one", "x") };
    store.write(Vec::new(), Some(entry)).await.unwrap();
    let kept = store.audit(None, None, 1).await.unwrap().remove(0).audit.summary;
    assert!(kept.starts_with("abc\u{e4}") && kept.len() <= 1024, "{} bytes", kept.len());
    assert_eq!(store.check().await, Ok(Vec::new()));
}

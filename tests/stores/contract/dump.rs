//! Everything out and in again.

use std::future::Future;

use castile::store::{BackupError, Expected, Item, Key, Load, Memory, Since, Store, StoreError, backup, restore};
use tokio::sync::mpsc;

use super::revisions::content;
use super::{audit, ending_in, keep, put, record, remove, with_keys};

pub(super) async fn run<S: Store + 'static, F: Future<Output = S>>(make: &impl Fn() -> F) {
    a_backup_comes_back(&make().await, &make().await).await;
    a_backup_goes_through_memory(&make().await, &make().await).await;
    a_broken_backup_changes_nothing(&make().await, &make().await).await;
    a_full_store_is_not_overwritten_by_chance(&make().await, &make().await).await;
}

/// Something of everything.
async fn fill(store: &impl Store) {
    for i in 0..3 {
        let keys = [Key::unique("name", format!("n{i}")), Key::shared("all", "x")];
        let one = with_keys(ending_in(record("app", &i.to_string()), 600_000), &keys);
        store.write(vec![put(&one, Expected::Any)], Some(audit("default", "app.create"))).await.unwrap();
    }
    let lines = castile::store::Record { body: "{\n  \"a\": 1\r\n}".into(), ..record("setting", "lines") };
    keep(store, &lines).await;
    store.write(vec![remove(&record("app", "1"), Expected::Any)], None).await.unwrap();
    for (name, text) in [("x", "1"), ("x", "2"), ("gone", "1"), ("gone", "2")] {
        store.put_revision("default", name, None, content(text), None).await.unwrap();
    }
    store.remove_api("default", "gone", Some(audit("default", "api.remove"))).await.unwrap();
}

async fn written(store: &impl Store) -> Vec<u8> {
    let mut bytes = Vec::new();
    backup(store, &mut bytes).await.unwrap();
    bytes
}

/// The items of a backup without its first and last lines, which tell times.
fn items(bytes: &[u8]) -> Vec<String> {
    let lines: Vec<_> = String::from_utf8(bytes.to_vec()).unwrap().lines().map(str::to_owned).collect();
    lines[2..lines.len() - 1].to_vec()
}

async fn a_backup_comes_back(from: &impl Store, to: &impl Store) {
    fill(from).await;
    let bytes = written(from).await;
    let summary = restore(to, || Ok(&*bytes), Load::IntoEmpty).await.unwrap();
    assert_eq!((summary.records["app"], summary.records["setting"], summary.revisions, summary.audit), (2, 1, 2, 4));
    assert_eq!(items(&written(to).await), items(&bytes));
    assert_eq!(to.find("app", &Key::unique("name", "n2")).await.unwrap(), from.find("app", &Key::unique("name", "n2")).await.unwrap());
    assert_eq!(to.records_by("app", &Key::shared("all", "x"), None, 10).await.unwrap().records.len(), 2);
    assert_eq!(to.latest("default", "x").await.unwrap(), from.latest("default", "x").await.unwrap());
    assert_eq!(to.history("default", "x").await.unwrap(), from.history("default", "x").await.unwrap());
    assert_eq!(to.audit_head().await.unwrap(), from.audit_head().await.unwrap());
    assert_eq!(to.check().await, Ok(Vec::new()));
    // Whoever read something before reads all again; numbers and versions go on.
    assert!(to.generation().await.unwrap() > summary.generation);
    assert_eq!(to.since(0).await, Ok(Since::TooOld));
    assert_eq!(to.put_revision("default", "gone", Some(0), content("3"), None).await, Ok(3));
    to.write(Vec::new(), Some(audit("default", "x"))).await.unwrap();
    assert_eq!(to.check().await, Ok(Vec::new()));
}

async fn a_backup_goes_through_memory(from: &impl Store, to: &impl Store) {
    fill(from).await;
    let between = Memory::new();
    let first = written(from).await;
    restore(&between, || Ok(&*first), Load::IntoEmpty).await.unwrap();
    let second = written(&between).await;
    restore(to, || Ok(&*second), Load::IntoEmpty).await.unwrap();
    assert_eq!(items(&written(to).await), items(&first));
    assert_eq!(to.check().await, Ok(Vec::new()));
}

async fn a_broken_backup_changes_nothing(from: &impl Store, to: &impl Store) {
    fill(from).await;
    let good = written(from).await;
    let text = String::from_utf8(good.clone()).unwrap();
    let without_one = text.lines().enumerate().filter(|(i, _)| *i != 3).map(|(_, l)| format!("{l}\n")).collect::<String>();
    let end = text.trim_end().rfind('\n').unwrap() + 1;
    let cases = [
        (String::new(), "line 1 of the backup: the backup ends in the middle"),
        ("{}\n".to_owned(), "line 1 of the backup: this is no backup of Castile"),
        (text[..text.len() - 1].to_owned(), "ends in the middle"),
        (text[..end].to_owned(), "ends in the middle"),
        (text.replacen("\"n0\"", "\"n9\"", 1), "their checksum differs"),
        (without_one, "their checksum differs"),
        (text.replacen("{\"record\":", "{\"recurd\":", 1), "it cannot be read"),
        (text.replacen("\"castile_backup\":1", "\"castile_backup\":2", 1), "its format is 2, this Castile reads 1"),
    ];
    for (broken, sentence) in cases {
        let error = restore(to, || Ok(broken.as_bytes()), Load::Replace).await.unwrap_err();
        assert!(error.to_string().contains(sentence), "{error}");
        assert_eq!(to.generation().await, Ok(0));
    }
    // Also one that breaks while it goes in.
    let (sender, items) = mpsc::channel(8);
    sender.send(Item::Head { generation: 5, audit: 0, hash: Vec::new() }).await.unwrap();
    drop(sender);
    assert!(matches!(to.load(items, Load::IntoEmpty).await, Err(StoreError::Damaged { .. })));
    assert_eq!(to.generation().await, Ok(0));
    restore(to, || Ok(&*good), Load::IntoEmpty).await.unwrap();
}

async fn a_full_store_is_not_overwritten_by_chance(from: &impl Store, to: &impl Store) {
    fill(from).await;
    keep(to, &record("plan", "mine")).await;
    for _ in 0..40 {
        keep(to, &record("app", "0")).await;
    }
    let (before, bytes) = (to.generation().await.unwrap(), written(from).await);
    let refused = restore(to, || Ok(&*bytes), Load::IntoEmpty).await;
    assert!(matches!(refused, Err(BackupError::Store(StoreError::NotEmpty))), "{refused:?}");
    assert!(to.record("plan", "default", "mine").await.unwrap().is_some());
    restore(to, || Ok(&*bytes), Load::Replace).await.unwrap();
    assert_eq!(to.record("plan", "default", "mine").await, Ok(None));
    assert_eq!(items(&written(to).await), items(&bytes));
    assert!(to.generation().await.unwrap() > before);
    assert_eq!(to.since(before).await, Ok(Since::TooOld));
}

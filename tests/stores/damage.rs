//! What is changed behind the store's back is found, and where.

use std::path::{Path, PathBuf};

use castile::store::{Audit, Change, Content, Expected, Key, Record, Sql, Store, StoreError, StoredDocument};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

/// A store with ten entries of the log, three records, two revisions; closed again.
async fn filled(folder: &Path) -> PathBuf {
    let file = folder.join("castile.db");
    let store = Sql::sqlite(&file).await.unwrap();
    for i in 0..10 {
        let audit = Audit { tenant: format!("t{}", i % 2), actor: "ann".into(), action: "act".into(), ..Audit::default() };
        store.write(Vec::new(), Some(Audit { summary: format!("number {i}"), ..audit })).await.unwrap();
    }
    for i in 0..3 {
        let keys = vec![Key::unique("name", format!("n{i}"))];
        let (kind, tenant, id) = ("app".into(), String::new(), i.to_string());
        let record = Record { kind, tenant, id, version: 0, expires: None, keys, body: "{}".into() };
        store.write(vec![Change::Put { record, expected: Expected::Any }], None).await.unwrap();
    }
    for text in ["one", "two"] {
        let definition = StoredDocument { name: "api.yaml".into(), text: text.into() };
        let content = Content {
            definition,
            lock: None,
            documents: Vec::new(),
            root: 0,
            sequences: Vec::new(),
            links: Vec::new(),
            importer: String::new(),
            managed_by_files: false,
        };
        store.put_revision("default", "x", None, content, None).await.unwrap();
    }
    assert_eq!(store.check().await, Ok(Vec::new()));
    store.close().await;
    file
}

async fn after(sql: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = filled(folder.path()).await;
    let mut raw = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("PRAGMA foreign_keys = off; {sql}"))).execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    let store = Sql::sqlite(&file).await.unwrap();
    let found = store.check().await.unwrap();
    store.close().await;
    found.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_changed_log_is_found() {
    for change in ["summary = 'nothing'", "actor = 'bob'", "tenant = ''", "at = at + 1", "request_id = 'r'", "hash = zeroblob(32)"] {
        let found = after(&format!("UPDATE castile_audit SET {change} WHERE seq = 4")).await;
        assert_eq!(found[0], "audit entry 4 was changed, or the one before it", "{change}");
    }
    // What moves a text from one field to the next is a change.
    let found = after("UPDATE castile_audit SET actor = 'an', action = 'nact' WHERE seq = 7").await;
    assert_eq!(found, ["audit entry 7 was changed, or the one before it"]);
}

#[tokio::test]
async fn a_log_with_a_gap_is_found() {
    assert_eq!(after("DELETE FROM castile_audit WHERE seq IN (4, 5)").await, ["audit entries 4 to 5 are missing"]);
    assert_eq!(after("DELETE FROM castile_audit WHERE seq = 1").await, ["audit entries 1 to 1 are missing"]);
    // Numbered anew, the chain still tells.
    let found = after("DELETE FROM castile_audit WHERE seq = 4; UPDATE castile_audit SET seq = seq - 1 WHERE seq > 4").await;
    assert!(found.contains(&"audit entry 4 was changed, or the one before it".to_owned()), "{found:?}");
}

#[tokio::test]
async fn a_log_that_was_cut_off_is_found() {
    assert_eq!(after("DELETE FROM castile_audit WHERE seq > 8").await, ["the audit log ends with entry 8, its head says 10"]);
    assert_eq!(after("DELETE FROM castile_audit").await, ["the audit log ends with entry 0, its head says 10"]);
    let found = after("UPDATE castile_state SET audit_hash = zeroblob(32)").await;
    assert_eq!(found, ["the head of the audit log does not fit its last entry 10"]);
}

#[tokio::test]
async fn damaged_records_and_revisions_are_found() {
    assert_eq!(after("UPDATE castile_records SET body = '{' WHERE id = '1'").await, ["a app has a body that is no JSON"]);
    assert_eq!(after("DELETE FROM castile_record_keys WHERE id = '1'").await, ["a app is not found by its keys"]);
    assert_eq!(after("UPDATE castile_record_keys SET value = 'other' WHERE id = '1'").await, ["a app is not found by its keys"]);
    let changed = "UPDATE castile_revisions SET content = zeroblob(100) WHERE number = 1";
    assert_eq!(after(changed).await, ["x revision 1: the texts of a revision cannot be unpacked"]);
    let changed = "UPDATE castile_revisions SET content = (SELECT content FROM castile_revisions WHERE number = 1) WHERE number = 2";
    assert_eq!(after(changed).await, ["x revision 2: the texts of a revision do not have their hash"]);
    assert_eq!(after("DELETE FROM castile_revisions WHERE number = 2").await, ["x has revision 1 where 2 should be"]);
    assert_eq!(after("DELETE FROM castile_revisions").await, ["x has revision 0 where 2 should be"]);
}

#[tokio::test]
async fn a_damaged_revision_is_not_given() {
    let folder = tempfile::tempdir().unwrap();
    let file = filled(folder.path()).await;
    let mut raw = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::query("UPDATE castile_revisions SET content = zeroblob(9)").execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    let store = Sql::sqlite(&file).await.unwrap();
    assert!(matches!(store.latest("default", "x").await, Err(StoreError::Damaged { .. })));
}

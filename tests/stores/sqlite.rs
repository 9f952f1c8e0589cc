//! SQLite.

use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use castile::store::{Expected, Keep, Kept, Sql, Store, StoreError};
use serde::{Deserialize, Serialize};
use sqlx::{Connection, SqliteConnection};

use super::contract;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_keeps_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let count = AtomicU32::new(0);
    let next = || folder.path().join(count.fetch_add(1, Ordering::Relaxed).to_string()).join("castile.db");
    contract::run(|| async { Sql::sqlite(&next()).await.unwrap() }).await;
}

#[derive(Serialize, Deserialize)]
pub(super) struct Note(pub(super) String);

impl Kept for Note {
    const KIND: &'static str = "note";

    fn id(&self) -> &str {
        &self.0
    }
}

fn mode(path: &std::path::Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn file_and_folder_are_their_owners() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep/data/castile.db");
    let store = Sql::sqlite(&file).await.unwrap();
    store.put(&Note("a".into()), Expected::Any, None).await.unwrap();
    assert_eq!(mode(file.parent().unwrap()), 0o700);
    for name in ["castile.db", "castile.db-wal", "castile.db-shm"] {
        assert_eq!(mode(&file.with_file_name(name)), 0o600, "{name}");
    }
    store.close().await;
    // Closed, all of it stands in the one file.
    assert!(!file.with_file_name("castile.db-wal").exists());
    let copy = folder.path().join("copy.db");
    std::fs::copy(&file, &copy).unwrap();
    let again = Sql::sqlite(&copy).await.unwrap();
    assert!(again.get::<Note>("default", "a").await.unwrap().is_some());
    assert!(matches!(store.generation().await, Err(StoreError::Unavailable { .. })));
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("castile.db");
    let store = Sql::sqlite(&file).await.unwrap();
    assert_eq!(store.migrate().await, Ok(Vec::new()));
    store.close().await;
    let mut raw = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::query("INSERT INTO castile_migrations (number, at) VALUES (99, 0)").execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    let error = Sql::sqlite(&file).await.unwrap_err();
    assert_eq!(error.to_string(), "the database has schema 99, made by a newer Castile; this one knows schemas up to 1");
}

#[tokio::test]
async fn what_is_no_database_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("castile.db");
    std::fs::write(&file, "hello, I am a text file of some length, and surely no database at all".repeat(50)).unwrap();
    let error = Sql::sqlite(&file).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
    let error = Sql::sqlite(std::path::Path::new("/proc/nowhere/castile.db")).await.unwrap_err();
    assert!(error.to_string().starts_with("the store failed: /proc/nowhere/castile.db: "), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_on_one_file_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("castile.db");
    let (one, two) = tokio::join!(Sql::sqlite(&file), Sql::sqlite(&file));
    let (one, two) = (one.unwrap(), two.unwrap());
    let seen = two.generation().await.unwrap();
    let made = one.put(&Note("a".into()), Expected::Absent, None).await.unwrap();
    let heard = tokio::time::timeout(Duration::from_secs(2), two.changed(seen)).await.unwrap();
    assert_eq!(heard, made);
    assert!(two.get::<Note>("default", "a").await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_ended_is_forgotten_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("castile.db");
    let store = Sql::sqlite(&file).await.unwrap();
    let ended = castile::store::Record {
        kind: "session".into(),
        tenant: String::new(),
        id: "s".into(),
        version: 0,
        expires: Some(jiff::Timestamp::UNIX_EPOCH),
        keys: vec![castile::store::Key::unique("hash", "h")],
        body: "1".into(),
    };
    store.write(vec![castile::store::Change::Put { record: ended, expected: Expected::Any }], None).await.unwrap();
    let mut raw = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    let left = "SELECT (SELECT COUNT(*) FROM castile_records) + (SELECT COUNT(*) FROM castile_record_keys)";
    let until = tokio::time::Instant::now() + Duration::from_secs(20);
    while sqlx::query_scalar::<_, i64>(left).fetch_one(&mut raw).await.unwrap() > 0 {
        assert!(tokio::time::Instant::now() < until, "still there");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

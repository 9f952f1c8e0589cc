//! `castile db`: the store's care, on SQLite and PostgreSQL.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use castile::store::{Audit, Change, Expected, Record, Sql, Store};
use sqlx::{Connection, SqliteConnection};

use super::{Said, castile, run};
use crate::stores::server::{PASSWORD, Server};

/// A folder with settings and a store of three records and as many entries of the log.
async fn filled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("castile.yaml"), "store: { sqlite: data/castile.db }\n").unwrap();
    run(folder.path(), &["db", "migrate"]).fine();
    let store = Sql::sqlite(&folder.path().join("data/castile.db")).await.unwrap();
    for i in 0..3 {
        let (kind, tenant, id) = ("plan".into(), "default".into(), i.to_string());
        let record = Record { kind, tenant, id, version: 0, expires: None, keys: Vec::new(), body: "{}".into() };
        let audit = Audit { actor: "ann".into(), action: "plan.create".into(), ..Audit::default() };
        store.write(vec![Change::Put { record, expected: Expected::Any }], Some(audit)).await.unwrap();
    }
    store.close().await;
    folder
}

async fn records(file: &Path) -> usize {
    let store = Sql::sqlite(file).await.unwrap();
    let count = store.records("plan", None, None, 100).await.unwrap().records.len();
    store.close().await;
    count
}

#[tokio::test]
async fn a_backup_is_restored() {
    let folder = filled().await;
    let here = folder.path();
    let said = run(here, &["db", "backup", "all.jsonl"]).fine();
    assert_eq!(said.err, "kept 3 records, 0 revisions of APIs and 3 audit entries: all.jsonl\n");
    let names: Vec<_> =
        std::fs::read_dir(here).unwrap().map(|e| e.unwrap().file_name()).filter(|n| n.to_string_lossy().contains("all")).collect();
    assert_eq!(names, ["all.jsonl"]);
    assert_eq!(here.join("all.jsonl").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(run(here, &["db", "backup", "all.jsonl"]).code(2).err.contains("is there already"));
    let said = run(here, &["db", "restore", "all.jsonl"]).code(1);
    assert_eq!(said.err, "error: the store is not empty; `--replace` removes what is in it\n");
    run(here, &["db", "restore", "all.jsonl", "--replace"]).fine();
    std::fs::write(here.join("castile.yaml"), "store: { sqlite: other/new.db }\n").unwrap();
    let said = run(here, &["--output", "json", "db", "restore", "all.jsonl"]).fine();
    let told: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(told["holds"]["records"], serde_json::json!({ "plan": 3 }));
    assert_eq!(records(&here.join("other/new.db")).await, 3);
    run(here, &["db", "check"]).fine();
    let text = std::fs::read_to_string(here.join("all.jsonl")).unwrap();
    std::fs::write(here.join("all.jsonl"), text.replacen("ann", "bob", 1)).unwrap();
    let said = run(here, &["db", "restore", "all.jsonl", "--replace"]).code(1);
    assert!(said.err.starts_with("error: all.jsonl: line 10 of the backup: the lines above were changed"), "{}", said.err);
    assert_eq!(records(&here.join("other/new.db")).await, 3);
}

#[tokio::test]
async fn damage_is_found() {
    let folder = filled().await;
    let good = run(folder.path(), &["db", "check"]).fine();
    assert!(good.err.starts_with("everything is as it was written\naudit log up to 3:"), "{}", good.err);
    let file = folder.path().join("data/castile.db");
    let mut raw = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    sqlx::query("UPDATE castile_audit SET actor = 'bob' WHERE seq = 2").execute(&mut raw).await.unwrap();
    raw.close().await.unwrap();
    let said = run(folder.path(), &["db", "check"]).code(1);
    assert!(said.err.contains("error: audit entry 2 was changed"), "{}", said.err);
    let said = run(folder.path(), &["--output", "json", "db", "check"]).code(1);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&said.out).unwrap()["good"], false);
}

#[test]
fn what_only_reads_makes_no_database() {
    let folder = tempfile::tempdir().unwrap();
    for command in [&["db", "check"][..], &["db", "backup", "all.jsonl"]] {
        let said = run(folder.path(), command).code(1);
        assert_eq!(said.err, "error: there is no database data/castile.db\n");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    run(folder.path(), &["db", "migrate"]).fine();
    assert!(folder.path().join("data/castile.db").is_file());
}

#[tokio::test]
async fn postgres_is_named_without_its_password() {
    let Some(mut server) = Server::start("postgres_is_named_without_its_password") else { return };
    let folder = filled().await;
    let here = folder.path();
    run(here, &["db", "backup", "all.jsonl"]).fine();
    let options = server.database().await;
    std::fs::write(here.join("castile.yaml"), "store: { postgres_file: url }\n").unwrap();
    std::fs::write(here.join("url"), format!("{}\n", options.url)).unwrap();
    let with = |arguments: &[&str]| Said::of(&castile(here, arguments).env("CASTILE_STORE__PASSWORD", PASSWORD).output().unwrap());
    with(&["db", "restore", "all.jsonl"]).fine();
    assert!(with(&["db", "check"]).fine().err.contains("everything is as it was written"));
    let refused = run(here, &["db", "check"]);
    assert!(refused.code == 3 && refused.err.contains("error: the store failed: "), "{}", refused.err);
    server.stop();
    let said = with(&["db", "check"]).code(3);
    assert!(!said.err.contains("planted") && !said.err.contains("127.0.0.1"), "{}", said.err);
}

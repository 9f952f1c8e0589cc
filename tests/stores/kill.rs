//! Processes that write to one SQLite file, and are ended in the middle of it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use castile::store::{Audit, Change, Expected, Key, Record, Sql, Store, StoreError};
use sqlx::{Connection, SqliteConnection};

/// Kills of a usual run; `CASTILE_KILLS` says another number, tests/run.sh 200.
const KILLS: u32 = 25;

/// One of the two halves of a write.
fn half(kind: &str, writer: &str, number: u64) -> Change {
    let id = format!("{writer} {number}");
    let keys = vec![Key::unique("number", id.clone())];
    let record = Record { kind: kind.into(), tenant: writer.into(), id, version: 0, expires: None, keys, body: number.to_string() };
    Change::Put { record, expected: Expected::Absent }
}

/// Writes until it is ended; says each number once it is acknowledged. Also counts up a record that all writers share.
#[tokio::test]
#[ignore = "a process of the tests below, not a test"]
async fn child() {
    let Ok(file) = std::env::var("CASTILE_CHILD_FILE") else { return };
    let writer = std::env::var("CASTILE_CHILD_NAME").unwrap();
    let last: u64 = std::env::var("CASTILE_CHILD_LAST").unwrap().parse().unwrap();
    let store = Sql::sqlite(Path::new(&file)).await.unwrap();
    let audit = |n: u64| Audit { actor: writer.clone(), action: "write".into(), object: n.to_string(), ..Audit::default() };
    for number in 0..last {
        loop {
            let count = store.record("count", "", "all").await.unwrap();
            let (value, expected) = match &count {
                Some(r) => (r.body.parse::<u64>().unwrap() + 1, Expected::Version(r.version)),
                None => (1, Expected::Absent),
            };
            let record = Record {
                kind: "count".into(),
                tenant: String::new(),
                id: "all".into(),
                version: 0,
                expires: None,
                keys: Vec::new(),
                body: value.to_string(),
            };
            let changes = vec![half("left", &writer, number), half("right", &writer, number), Change::Put { record, expected }];
            match store.write(changes, Some(audit(number))).await {
                Ok(_) => break,
                // The other process was faster.
                Err(StoreError::Stale { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        println!("kept {number}");
    }
}

fn start(file: &Path, name: &str, last: u64) -> Child {
    let this = format!("{}::child", module_path!().split_once("::").unwrap().1);
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", &this, "--ignored", "--nocapture", "--test-threads=1"])
        .env("CASTILE_CHILD_FILE", file)
        .env("CASTILE_CHILD_NAME", name)
        .env("CASTILE_CHILD_LAST", last.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Ends a writer after some of its writes and gives the numbers that were acknowledged.
fn kill_after(mut child: Child, writes: u64, pause: Duration) -> Vec<u64> {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let number = |line: String| line.split("kept ").nth(1).map(|n| n.trim().parse::<u64>().unwrap());
    let mut acknowledged = Vec::new();
    while acknowledged.len() as u64 <= writes {
        acknowledged.extend(number(lines.next().expect("the writer ended by itself").unwrap()));
    }
    std::thread::sleep(pause);
    child.kill().unwrap();
    child.wait().unwrap();
    // A line that was cut was not acknowledged to anybody.
    acknowledged.extend(lines.map_while(Result::ok).filter(|l| l.starts_with("kept ")).filter_map(|l| l[5..].parse::<u64>().ok()));
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_is_killed_loses_nothing_and_leaves_nothing_half_done() {
    let kills = std::env::var("CASTILE_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(KILLS);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("castile.db");
    let mut all = 0;
    for round in 0..kills {
        let writer = format!("w{round}");
        let child = start(&file, &writer, u64::MAX);
        let pause = Duration::from_micros(u64::from(round) * 2711 % 15_000);
        let (rounds, name) = (u64::from(round) % 7, writer.clone());
        let acknowledged = tokio::task::spawn_blocking(move || kill_after(child, rounds, pause)).await.unwrap();
        let store = Sql::sqlite(&file).await.unwrap();
        let (left, right) = (numbers(&store, "left", &name).await, numbers(&store, "right", &name).await);
        assert_eq!(left, right, "half done");
        assert!(acknowledged.iter().all(|n| left.contains(n)), "lost: {acknowledged:?} are not in {left:?}");
        // At most the one that was being written is more than was said.
        assert!(left.len() <= acknowledged.len() + 1, "{} of {}", acknowledged.len(), left.len());
        all += left.len() as u64;
        assert_eq!(store.record("count", "", "all").await.unwrap().unwrap().body, all.to_string());
        assert_eq!(store.generation().await, Ok(all));
        assert_eq!(store.audit_head().await.unwrap().seq, all);
        if round % 10 == 9 || round + 1 == kills {
            assert_eq!(store.check().await, Ok(Vec::new()));
        }
        store.close().await;
    }
    println!("{kills} kills, {all} writes");
}

async fn numbers(store: &Sql, kind: &str, writer: &str) -> BTreeSet<u64> {
    let page = store.records(kind, Some(writer), None, 1000).await.unwrap();
    assert_eq!(page.next, None);
    page.records.iter().map(|r| r.body.parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_share_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("castile.db");
    let mut children: Vec<_> = (0..3).map(|i| start(&file, &format!("p{i}"), 40)).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    let store = Sql::sqlite(&file).await.unwrap();
    for i in 0..3 {
        assert_eq!(numbers(&store, "left", &format!("p{i}")).await, (0..40).collect());
    }
    assert_eq!(store.record("count", "", "all").await.unwrap().unwrap().body, "120");
    assert_eq!(store.check().await, Ok(Vec::new()));
    let mut raw = SqliteConnection::connect(&format!("sqlite://{}", file.display())).await.unwrap();
    let migrations = sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM castile_migrations").fetch_one(&mut raw).await.unwrap();
    assert_eq!(migrations, 1);
}

//! The database away: what runs goes on, what starts begins with its snapshot on disk.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::{Bed, Load, judged};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_serves_while_its_database_is_away() {
    let Some(mut bed) = Bed::start_or_skip("nodes::away::a_node_serves_while_its_database_is_away").await else { return };
    let mut node = bed.node();
    node.serve(&["--dir", "apis"]);
    let key = node.caller("demo", "unlimited");
    node.until("the key is in force", |n| n.call(&key) == 200);
    assert_eq!(node.ask("/readyz"), (200, "ok\n".into()));
    let load = Load::on(&[node.gateway, node.gateway], &key);
    load.more(20);
    bed.postgres.stop();
    node.until("it says so", |n| n.ask("/readyz").1.starts_with("ok, stale: "));
    assert!(node.metric("castile_snapshot_stale_seconds").unwrap() >= 1.0);
    assert!(node.ask("/alarms").1.contains("\"alarm\":\"store_away\",\"subject\":\"postgres\""), "{}", node.ask("/alarms").1);
    std::thread::sleep(judged(Duration::from_millis(500), Duration::from_secs(60)));
    load.more(20);
    bed.postgres.run();
    node.until("it is back", |n| n.ask("/readyz").1 == "ok\n");
    assert_eq!(node.metric("castile_snapshot_stale_seconds"), Some(0.0));
    let later = node.caller("later", "unlimited");
    node.until("what is made then is in force", |n| n.call(&later) == 200);
    let (calls, failed) = load.end();
    println!("database away under load: {calls} calls, {} failed", failed.len());
    assert!(failed.is_empty(), "of {calls} calls: {failed:?}\n{}", node.log());
    assert_eq!(node.log().matches("\"alarm\":\"store_away\"").count(), 2, "once when it begins and once when it is over: {}", node.log());
    node.until("nothing stands", |n| n.ask("/alarms").1 == "{\"alarms\":[]}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_starts_from_its_snapshot_on_disk() {
    let Some(mut bed) = Bed::start_or_skip("nodes::away::a_node_starts_from_its_snapshot_on_disk").await else { return };
    let mut node = bed.node();
    node.serve(&["--dir", "apis"]);
    let key = node.caller("demo", "unlimited");
    let gone = node.caller("gone", "unlimited");
    crate::cli::run(node.folder.path(), &["app", "remove", "gone"]).fine();
    node.made(&["app", "create", "last"]);
    node.until("it is on disk", |n| {
        let text = std::fs::read_to_string(n.snapshot()).unwrap_or_default();
        text.contains("\"last\"") && text.contains("\"demo\"") && text.contains("\"countries\"") && !text.contains("\"gone\"")
    });
    let text = std::fs::read_to_string(node.snapshot()).unwrap();
    assert!(!text.contains(&key) && !text.contains(key.rsplit('_').next().unwrap()), "no key stands in clear");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&node.snapshot()), mode(node.snapshot().parent().unwrap())), (0o600, 0o700));
    node.kill();
    bed.postgres.stop();

    node.serve(&["--dir", "apis"]);
    assert_eq!(node.call(&key), 200, "{}", node.log());
    assert_eq!(node.call(&gone), 401);
    assert!(node.log().contains("\"alarm\":\"snapshot_stale\""), "{}", node.log());
    node.until("it says that it is stale", |n| n.ask("/readyz").1.starts_with("ok, stale: "));
    assert!(node.metric("castile_snapshot_stale_seconds").unwrap() >= 1.0);

    let load = Load::on(&[node.gateway], &key);
    bed.postgres.run();
    node.until("the store is served", |n| n.ask("/readyz").1 == "ok\n");
    let later = node.caller("later", "unlimited");
    node.until("what is made then is in force", |n| n.call(&later) == 200);
    let (calls, failed) = load.end();
    assert!(failed.is_empty(), "of {calls} calls: {failed:?}");

    // One of another database is none either: whoever may call there may not call here.
    node.kill();
    bed.postgres.stop();
    let settings = node.folder.path().join("castile.yaml");
    let own = std::fs::read_to_string(&settings).unwrap();
    let name = bed.options.url.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    assert!(own.contains(&format!("/{name}")), "{own}");
    std::fs::write(&settings, own.replace(&format!("/{name}"), "/another")).unwrap();
    let said = crate::cli::run(node.folder.path(), &["serve", "--dir", "apis"]).code(1);
    assert!(said.err.contains("it is of another database"), "{}", said.err);
    std::fs::write(&settings, own).unwrap();

    // A damaged snapshot is none: better no node than one that lets in anybody.
    node.kill();
    bed.postgres.stop();
    std::fs::write(node.snapshot(), text.replace("\"demo\"", "\"memo\"")).unwrap();
    let said = crate::cli::run(node.folder.path(), &["serve"]).code(1);
    assert!(said.err.contains("the snapshot on disk cannot be read"), "{}", said.err);
}

//! Parts in processes of their own: each has what it needs and no more, and what becomes of management or of an import is nothing to callers.

use std::net::TcpStream;

use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::{Bed, Load, Node, exchange_with, judged};
use crate::admin::apart::heavy;

#[tokio::test(flavor = "multi_thread")]
async fn published_apis_do_not_need_management() {
    let Some(bed) = Bed::start_or_skip("nodes::roles::published_apis_do_not_need_management").await else { return };
    let (mut manage, mut gateway) = (bed.node(), bed.node());
    manage.serve(&["--role", "manage", "--dir", "apis"]);
    gateway.serve(&["--role", "gateway"]);
    assert!(TcpStream::connect(manage.gateway).is_err(), "management takes no calls");
    assert_eq!(gateway.ask("/readyz"), (200, "ok\n".into()), "an instance is judged by itself");
    for path in ["/admin/v1/me", "/admin/openapi.json"] {
        assert_eq!(gateway.ask(path).0, 404, "a gateway has no admin API: {path}");
    }
    assert!(!castile::admin::token_file(gateway.folder.path()).exists(), "nor a token for one");
    let key = manage.caller("demo", "unlimited");
    gateway.until("the key is in force", |n| n.call(&key) == 200);
    let load = Load::on(&[gateway.gateway, gateway.gateway], &key);
    for _ in 0..judged(2, 20) {
        load.more(30);
        manage.kill();
        load.more(30);
        manage.serve(&["--role", "manage", "--dir", "apis"]);
    }
    let (calls, failed) = load.end();
    println!("management killed under load: {calls} calls, {} failed", failed.len());
    assert!(failed.is_empty(), "of {calls} calls: {failed:?}\n{}", gateway.log());
}

fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn management_that_stands_still_fails_no_call() {
    let Some(bed) = Bed::start_or_skip("nodes::roles::management_that_stands_still_fails_no_call").await else { return };
    let (mut manage, mut gateway) = (bed.node(), bed.node());
    manage.serve(&["--role", "manage", "--dir", "apis"]);
    gateway.serve(&["--role", "gateway"]);
    let key = manage.caller("demo", "unlimited");
    gateway.until("the key is in force", |n| n.call(&key) == 200);
    let load = Load::on(&[gateway.gateway, gateway.gateway], &key);
    let pid = manage.child.as_ref().unwrap().id();
    for _ in 0..judged(2, 20) {
        load.more(30);
        signal("STOP", pid);
        load.more(judged(60, 600));
        signal("CONT", pid);
    }
    let (calls, failed) = load.end();
    println!("management stopped under load: {calls} calls, {} failed", failed.len());
    assert!(failed.is_empty(), "of {calls} calls: {failed:?}\n{}", gateway.log());
    let other = manage.caller("other", "unlimited");
    gateway.until("what management does is in force again", |n| n.call(&other) == 200);
}

/// Texts as a revision to be, by the token of the node's machine: the status and the code.
fn upload(node: &Node, name: &str, texts: &castile::catalog::Texts) -> (u16, String) {
    let files: serde_json::Map<_, _> = texts.iter().map(|(path, text)| (path.clone(), json!(&**text))).collect();
    let (status, body) = exchange_with(node, "POST", &format!("apis/{name}/revisions"), &json!({ "files": files }).to_string());
    let code = serde_json::from_str::<serde_json::Value>(&body).unwrap()["code"].as_str().unwrap_or_default().to_owned();
    (status, code)
}

/// How much a process lets others go before: field 19 of its `stat`.
fn niceness(pid: u32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(16)?.parse().ok())
}

/// The process that compiles texts for that one, if there is one.
fn compiling(parent: u32) -> Option<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    let is_it = |pid: &u32| {
        let read = |name: &str| std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join(name)).unwrap_or_default();
        let parent_of = read("stat").rsplit_once(") ").and_then(|(_, rest)| rest.split(' ').nth(1)?.parse().ok());
        // In its second life, within its bounds.
        parent_of == Some(parent) && read("cmdline").split('\0').nth(1) == Some("compile-apart") && !read("cmdline").contains("--memory")
    };
    processes.into_iter().find(is_it)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_uses_up_its_memory_or_is_killed_fails_no_call() {
    let Some(bed) = Bed::start_or_skip("nodes::roles::an_import_that_uses_up_its_memory_or_is_killed_fails_no_call").await else { return };
    let mut node = bed.node();
    let settings = node.folder.path().join("castile.yaml");
    let text = std::fs::read_to_string(&settings).unwrap();
    std::fs::write(&settings, format!("{text}limits: {{ import: {{ memory: 96MiB }} }}\n")).unwrap();
    node.serve(&["--dir", "apis"]);
    let key = node.caller("demo", "unlimited");
    node.until("the key is in force", |n| n.call(&key) == 200);
    let load = Load::on(&[node.gateway, node.gateway], &key);
    let pid = node.child.as_ref().unwrap().id();
    for _ in 0..judged(1, 10) {
        assert_eq!(upload(&node, "orders", &heavy(60_000)), (413, "castile.import_too_large".into()), "{}", node.log());
        load.more(10);
        // One that is within its memory, ended from outside.
        let ended = std::thread::scope(|s| {
            let uploaded = s.spawn(|| upload(&node, "orders", &heavy(12_000)));
            let began = std::time::Instant::now();
            let child = loop {
                if let Some(child) = compiling(pid) {
                    break child;
                }
                assert!(began.elapsed().as_secs() < 30 && !uploaded.is_finished(), "no process compiles");
            };
            let nice = niceness(child);
            signal("KILL", child);
            (uploaded.join().unwrap(), nice)
        });
        assert_eq!(ended.0, (503, "castile.import_ended".into()));
        let own = niceness(pid).unwrap();
        assert!(ended.1.is_none_or(|n| n >= (own + 10).min(19)), "it goes behind the others: {:?}, they {own}", ended.1);
    }
    let (calls, failed) = load.end();
    println!("imports ended under load: {calls} calls, {} failed", failed.len());
    assert!(failed.is_empty(), "of {calls} calls: {failed:?}\n{}", node.log());
    let metrics = node.ask("/metrics").1;
    for result in ["memory", "ended"] {
        assert!(metrics.contains(&format!("castile_imports_total{{result=\"{result}\"}}")), "{metrics}");
    }
    // One after another, as before.
    assert_eq!(upload(&node, "orders", &crate::admin::apis::texts("orders", "")).0, 201);
}

//! Texts that come over the admin API are compiled in a process of their own: what it needs too much of, and how it ends, is its own affair.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use castile::admin::Merge;
use castile::catalog::{Catalog, Roster, Texts};
use castile::manage::{Actor, Apart, Manage, ManageError, NewRevision, Scale, first_start};
use castile::store::{AnyStore, Sql, Store};

use super::apis::texts;
use crate::support;

const MEMORY: u64 = 96 << 20;

struct Desk {
    folder: tempfile::TempDir,
    store: Arc<AnyStore>,
}

impl Desk {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<AnyStore> = Arc::new(Sql::sqlite(&folder.path().join("castile.db")).await.unwrap().into());
        first_start(&*store, &super::seal()).await.unwrap();
        Self { folder, store }
    }

    /// Acts that compile with this program.
    fn manage(&self, program: PathBuf, deadline: Duration) -> Manage {
        Manage::new(self.store.clone()).compiling_apart(scale(program, deadline, None))
    }

    /// A program that writes its number and its environment, and then does what is said.
    fn script(&self, then: &str) -> PathBuf {
        let path = self.folder.path().join("program");
        let (pid, env) = (self.folder.path().join("pid"), self.folder.path().join("env"));
        let text = format!("#!/bin/sh\n/usr/bin/env > {}\necho $$ > {}\n{then}\n", env.display(), pid.display());
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    async fn pid(&self) -> u32 {
        let began = Instant::now();
        loop {
            if let Some(pid) = std::fs::read_to_string(self.folder.path().join("pid")).ok().and_then(|t| t.trim().parse().ok()) {
                return pid;
            }
            assert!(began.elapsed() < Duration::from_secs(20));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Weighs with that program in a process that may have so much memory.
fn scale(program: PathBuf, deadline: Duration, memory: Option<u64>) -> Arc<Scale> {
    Arc::new(Scale::new(Arc::new(Apart::new(program, MEMORY, deadline)), memory))
}

async fn put(manage: &Manage, texts: Texts) -> Result<(u64, usize), ManageError> {
    let made = manage.put_revision(&Actor::local(), "orders", NewRevision { texts, ..NewRevision::default() }).await?;
    Ok((made.revision, made.findings.len()))
}

/// The texts of orders with a schema of so many types beside it.
pub fn heavy(types: usize) -> Texts {
    let mut texts = texts("orders", "");
    let wsdl = texts["wsdl/service.wsdl"].to_string();
    let many: String = (0..types)
        .map(|i| format!("<x:complexType name=\"T{i}\"><x:sequence><x:element name=\"a\" type=\"x:string\"/><x:element name=\"b\" type=\"x:int\"/></x:sequence></x:complexType>"))
        .collect();
    let schema = format!("<x:schema xmlns:x=\"http://www.w3.org/2001/XMLSchema\" targetNamespace=\"urn:many\">{many}</x:schema>");
    let at = wsdl.find("types>").unwrap() + "types>".len();
    texts.insert("wsdl/service.wsdl".into(), format!("{}{schema}{}", &wsdl[..at], &wsdl[at..]).into());
    texts
}

fn alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_process_gives_what_this_one_would() {
    let desk = Desk::start().await;
    let apart = desk.manage(support::castile(), Duration::from_secs(60));
    let here = Manage::new(desk.store.clone());
    let bad = |name: &str| {
        let mut texts = texts("orders", "");
        texts.insert("api.yaml".into(), format!("{}{name}: 1\n", texts["api.yaml"]).into());
        texts
    };
    let both = (put(&apart, bad("nubmers")).await.unwrap_err(), put(&here, bad("nubmers")).await.unwrap_err());
    assert_eq!(both.0, both.1);
    assert!(matches!(both.0, ManageError::NotGood { .. }));
    let made = put(&apart, texts("orders", "")).await.unwrap();
    assert_eq!(put(&here, texts("orders", "")).await.unwrap(), made, "the same texts, and so no new revision");
    // As many at one time as come: they stand in a line.
    let many = tokio::join!(put(&apart, texts("orders", "numbers: string\n")), put(&apart, texts("orders", "")));
    assert!(many.0.is_ok() && many.1.is_ok(), "{many:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_that_need_more_memory_than_there_is_are_refused() {
    let desk = Desk::start().await;
    let manage = desk.manage(support::castile(), Duration::from_secs(60));
    let refused = put(&manage, heavy(60_000)).await.unwrap_err();
    let limit = "96 MiB of memory".to_owned();
    assert_eq!(refused, ManageError::TooLarge { api: "orders".into(), limit, setting: "limits.import.memory" });
    assert!(refused.to_string().contains("take more than 96 MiB of memory to be read"), "{refused}");
    assert_eq!(desk.store.apis(None).await.unwrap(), []);
    assert_eq!(put(&manage, texts("orders", "")).await.unwrap().0, 1, "others are not hindered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_or_stuck_keeps_nothing() {
    let desk = Desk::start().await;
    let manage = desk.manage(desk.script("exec sleep 60"), Duration::from_secs(60));
    let (ended, pid) = tokio::join!(put(&manage, texts("orders", "")), async {
        let pid = desk.pid().await;
        assert!(std::process::Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
        pid
    });
    assert_eq!(ended, Err(ManageError::Ended { api: "orders".into() }));
    assert!(!alive(pid));
    // It has nothing of this process's environment.
    let env = std::fs::read_to_string(desk.folder.path().join("env")).unwrap();
    assert!(!env.contains("CARGO") && !env.contains("HOME="), "{env}");
    std::fs::remove_file(desk.folder.path().join("pid")).unwrap();
    let manage = desk.manage(desk.script("exec sleep 60"), Duration::from_millis(500));
    let (late, pid) = tokio::join!(put(&manage, texts("orders", "")), desk.pid());
    assert!(matches!(late, Err(ManageError::TooLarge { setting: "limits.import.deadline", .. })), "{late:?}");
    let began = Instant::now();
    while alive(pid) {
        assert!(began.elapsed() < Duration::from_secs(20), "it outlives its deadline");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for answer in ["exit 0", "echo '{}'", "echo no JSON", "exit 3", "kill -SEGV $$"] {
        let manage = desk.manage(desk.script(answer), Duration::from_secs(20));
        assert_eq!(put(&manage, texts("orders", "")).await, Err(ManageError::Ended { api: "orders".into() }), "{answer}");
    }
    let missing = desk.manage("/nowhere/castile".into(), Duration::from_secs(20));
    assert!(matches!(put(&missing, texts("orders", "")).await, Err(ManageError::System(_))));
    assert_eq!(desk.store.apis(None).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_no_room_for_is_refused_and_not_compiled_here() {
    let desk = Desk::start().await;
    let here = Manage::new(desk.store.clone());
    assert_eq!(put(&here, texts("orders", "")).await.unwrap().0, 1);
    // This process uses more than that already.
    let full = scale(support::castile(), Duration::from_secs(60), Some(1 << 20));
    let refused =
        put(&Manage::new(desk.store.clone()).compiling_apart(full.clone()), texts("orders", "numbers: string\n")).await.unwrap_err();
    let ManageError::NoRoom { api, needed, free: 0 } = &refused else { panic!("{refused:?}") };
    assert!(api == "orders" && (1..96).contains(needed), "{refused}");
    let shed = Manage::new(desk.store.clone()).compiling_apart(full.clone()).has_room("orders", 1 << 20).unwrap_err();
    assert_eq!(shed, ManageError::NoRoom { api: "orders".into(), needed: 4, free: 0 }, "before it is read");
    assert_eq!(Manage::new(desk.store.clone()).has_room("orders", 1 << 40), Ok(()), "where nothing weighs");
    // A node with less memory than the one that took them: what it serves of the API stays.
    let catalog = Arc::new(Catalog::default());
    let roster = Roster::new(desk.store.clone(), catalog.clone()).weighing(full);
    assert_eq!(roster.refresh().await.unwrap().changed.len(), 1, "small texts are not weighed");
    let large = heavy(8_000);
    assert!(large.values().map(|t| t.len()).sum::<usize>() > 1 << 20);
    assert_eq!(put(&here, large).await.unwrap().0, 2);
    let update = roster.refresh().await.unwrap();
    assert!(update.failed[0].kept && update.changed.is_empty(), "{update:?}");
    assert_eq!(update.failed[0].diagnostics[0].code.id, "api.no-room");
    assert!(!catalog.snapshot().apis[0].program.operations.is_empty());
    // Where there is room it is compiled.
    let roomy = scale(support::castile(), Duration::from_secs(60), None);
    let roster = Roster::new(desk.store.clone(), Arc::new(Catalog::default())).weighing(roomy);
    let update = roster.refresh().await.unwrap();
    assert!(update.failed.is_empty() && update.changed.len() == 1, "{update:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_wsdl_is_merged_within_the_same_bounds() {
    let desk = Desk::start().await;
    let manage = desk.manage(support::castile(), Duration::from_secs(60));
    assert_eq!(put(&manage, texts("orders", "")).await.unwrap().0, 1);
    let content = desk.store.revision("default", "orders", 1).await.unwrap().unwrap().content.clone();
    let merge = |wsdl: &str| {
        let documents = [("service.wsdl".to_owned(), wsdl.to_owned())].into();
        Merge { name: "orders".into(), content: content.clone(), documents, root: None }
    };
    let heavy = heavy(60_000);
    let refused = manage.work(merge(&heavy["wsdl/service.wsdl"])).await.unwrap_err();
    assert!(matches!(refused, ManageError::TooLarge { setting: "limits.import.memory", .. }), "{refused:?}");
    assert!(matches!(manage.work(merge("<a/>")).await, Ok(Err(findings)) if !findings.is_empty()));
    let merged = manage.work(merge(&texts("orders", "")["wsdl/service.wsdl"])).await.unwrap();
    let here = Manage::new(desk.store.clone()).work(merge(&texts("orders", "")["wsdl/service.wsdl"])).await.unwrap();
    assert_eq!(serde_json::to_value(merged).unwrap(), serde_json::to_value(here).unwrap());
}

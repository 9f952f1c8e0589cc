use std::sync::Arc;
use std::time::Duration;

use castile::catalog::{Catalog, Watch};
use castile::store::{DEFAULT_TENANT, Store};

use super::{add, edit, folder};

fn names(catalog: &Catalog) -> Vec<String> {
    catalog.snapshot().apis.iter().map(|a| a.name.to_string()).collect()
}

fn texts(list: &[Arc<str>]) -> Vec<&str> {
    list.iter().map(|n| &**n).collect()
}

#[tokio::test]
async fn what_stands_in_the_folder_is_published_from_the_store() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), "countries", "countries", None);
    add(dir.path(), "orders", "orders", None);
    let (folder, store, catalog) = folder(dir.path());
    let reload = folder.reload().await.unwrap();
    assert_eq!((texts(&reload.changed), reload.failed.len(), reload.snapshot.number), (vec!["countries", "orders"], 0, 1));
    assert_eq!(names(&catalog), ["countries", "orders"]);
    let kept = store.latest(DEFAULT_TENANT, "orders").await.unwrap().unwrap();
    assert!(kept.content.managed_by_files && kept.content.documents.len() == 3 && kept.content.importer == env!("CARGO_PKG_VERSION"));
    // Nothing changed: the same snapshot, the same API.
    let before = catalog.snapshot();
    assert!(folder.reload().await.unwrap().changed.is_empty());
    assert!(Arc::ptr_eq(&before, &catalog.snapshot()));
}

#[tokio::test]
async fn a_change_swaps_one_api_and_leaves_the_others() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), "countries", "countries", None);
    add(dir.path(), "orders", "orders", None);
    let (folder, store, catalog) = folder(dir.path());
    folder.reload().await.unwrap();
    let before = catalog.snapshot();
    edit(dir.path(), "orders", "numbers: string\n");
    let reload = folder.reload().await.unwrap();
    assert_eq!(texts(&reload.changed), ["orders"]);
    let after = catalog.snapshot();
    assert_eq!(after.number, before.number + 1);
    assert!(Arc::ptr_eq(&before.apis[0], &after.apis[0]) && !Arc::ptr_eq(&before.apis[1], &after.apis[1]));
    assert!(after.apis[1].program.options.numbers_as_strings && !before.apis[1].program.options.numbers_as_strings);
    assert_eq!(store.latest(DEFAULT_TENANT, "orders").await.unwrap().unwrap().number, 2);
}

#[tokio::test]
async fn a_bad_file_keeps_the_last_good_version_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), "countries", "countries", None);
    let (folder, store, catalog) = folder(dir.path());
    folder.reload().await.unwrap();
    let good = catalog.snapshot();
    let path = dir.path().join("countries/api.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    edit(dir.path(), "countries", "nubmers: string\n");
    let reload = folder.reload().await.unwrap();
    assert!(reload.changed.is_empty() && reload.failed.len() == 1 && reload.failed[0].kept);
    let said = reload.failed[0].diagnostics[0].line(&reload.failed[0].sources);
    assert!(said.contains("countries/api.yaml:") && said.contains("unknown key `nubmers`"), "{said}");
    assert!(Arc::ptr_eq(&good, &catalog.snapshot()));
    assert_eq!(store.history(DEFAULT_TENANT, "countries").await.unwrap().len(), 1);
    // The same bad file is not said again; a broken WSDL is another problem.
    assert!(folder.reload().await.unwrap().failed.is_empty());
    std::fs::write(&path, &text).unwrap();
    let wsdl = dir.path().join("countries/wsdl/service.wsdl");
    let document = std::fs::read_to_string(&wsdl).unwrap();
    std::fs::write(&wsdl, &document[..document.len() / 2]).unwrap();
    assert!(folder.reload().await.unwrap().failed[0].kept);
    assert!(Arc::ptr_eq(&good, &catalog.snapshot()));
    std::fs::write(&wsdl, document.replace("A small register", "A register")).unwrap();
    assert_eq!(texts(&folder.reload().await.unwrap().changed), ["countries"]);
}

#[tokio::test]
async fn apis_come_and_go() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, store, catalog) = folder(dir.path());
    assert_eq!(folder.reload().await.unwrap().snapshot.number, 1);
    add(dir.path(), "countries", "countries", None);
    std::fs::create_dir(dir.path().join(".countries.half")).unwrap();
    std::fs::write(dir.path().join(".countries.half/api.yaml"), "not yet").unwrap();
    folder.reload().await.unwrap();
    assert_eq!(names(&catalog), ["countries"]);
    std::fs::remove_dir_all(dir.path().join("countries")).unwrap();
    assert_eq!(texts(&folder.reload().await.unwrap().removed), ["countries"]);
    assert!(names(&catalog).is_empty());
    assert_eq!(store.latest(DEFAULT_TENANT, "countries").await.unwrap(), None);
    drop(dir);
    assert!(folder.reload().await.is_err());
}

#[tokio::test]
async fn of_two_apis_at_one_address_one_answers() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), "countries", "b", Some("/same"));
    add(dir.path(), "countries", "a", Some("/same"));
    let (folder, _, catalog) = folder(dir.path());
    let reload = folder.reload().await.unwrap();
    assert_eq!(names(&catalog), ["a"]);
    assert_eq!(reload.failed[0].diagnostics[0].code.id, "api.duplicate-address");
}

#[tokio::test]
async fn changes_are_heard() {
    let dir = tempfile::tempdir().unwrap();
    let mut watch = Watch::folder(dir.path()).unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(600), watch.changed()).await.is_err());
    add(dir.path(), "countries", "countries", None);
    tokio::time::timeout(Duration::from_secs(20), watch.changed()).await.unwrap();
    assert!(Watch::folder(&dir.path().join("nowhere")).is_err());
}

#[tokio::test]
async fn a_secret_that_changes_changes_the_api() {
    let dir = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let secret = elsewhere.path().join("pw");
    add(dir.path(), "countries", "countries", None);
    let path = dir.path().join("countries/api.yaml");
    let auth = format!("endpoint: {{ auth: {{ header: {{ name: X-Key, value_file: \"{}\" }} }} }}", secret.display());
    let text = std::fs::read_to_string(&path).unwrap();
    let kept: String = text.lines().filter(|l| !l.starts_with("endpoint:")).map(|l| format!("{l}\n")).collect();
    std::fs::write(&path, format!("{kept}{auth}\n")).unwrap();
    let (folder, _, catalog) = folder(dir.path());
    let reload = folder.reload().await.unwrap();
    assert_eq!(reload.failed[0].diagnostics[0].code.id, "api.no-secret");
    let value = || catalog.snapshot().apis[0].fields[0].1.reveal().to_owned();
    std::fs::write(&secret, "k-81-one\n").unwrap();
    assert_eq!(texts(&folder.reload().await.unwrap().changed), ["countries"]);
    assert_eq!(value(), "k-81-one");
    std::fs::write(&secret, "k-81-three\n").unwrap();
    assert_eq!(texts(&folder.reload().await.unwrap().changed), ["countries"]);
    assert_eq!(value(), "k-81-three");
    assert!(folder.reload().await.unwrap().changed.is_empty());
    std::fs::remove_file(&secret).unwrap();
    let reload = folder.reload().await.unwrap();
    assert!(reload.failed[0].kept && value() == "k-81-three");
    assert!(!format!("{:?} {:?}", reload.failed, catalog.snapshot()).contains("k-81"));
}

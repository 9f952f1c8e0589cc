use std::sync::Arc;
use std::time::Duration;

use castile::api::{Release, State};
use castile::catalog::{ApiName, Catalog, Folder, PublishedApi, Roster, Vault, read_api};
use castile::net::address::AddressPolicy;
use castile::store::{Change, Content, DEFAULT_TENANT, Expected, Keep, MAX_REVISIONS, Memory, Store};

use super::{add, edit, folder};

/// The texts of a sample service as an API, with more lines in its definition.
fn content(sample: &str, more: &str) -> Content {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), sample, sample, None);
    edit(dir.path(), sample, more);
    let read = read_api(&dir.path().join(sample)).unwrap();
    Content { managed_by_files: false, ..read }
}

fn roster() -> (Arc<Roster<Memory>>, Arc<Memory>, Arc<Catalog>) {
    let (store, catalog) = (Arc::new(Memory::new()), Arc::new(Catalog::default()));
    (Arc::new(Roster::new(store.clone(), catalog.clone())), store, catalog)
}

async fn put(store: &Memory, tenant: &str, name: &str, content: Content) -> u64 {
    store.put_revision(tenant, name, None, content, None).await.unwrap()
}

async fn release(store: &Memory, name: &str, state: Option<State>, revision: Option<u64>) {
    let release = Release { state, revision, ..Release::of(DEFAULT_TENANT, name) };
    store.put(&release, Expected::Any, None).await.unwrap();
}

fn only(catalog: &Catalog) -> Arc<PublishedApi> {
    let snapshot = catalog.snapshot();
    assert_eq!(snapshot.apis.len(), 1);
    snapshot.apis[0].clone()
}

fn says_strings(api: &PublishedApi) -> bool {
    api.program.options.numbers_as_strings
}

#[tokio::test]
async fn a_state_and_a_revision_that_are_held_override_the_newest() {
    let (roster, store, catalog) = roster();
    put(&store, DEFAULT_TENANT, "countries", content("countries", "")).await;
    assert_eq!(roster.refresh().await.unwrap().changed, [ApiName::new(DEFAULT_TENANT, "countries")]);
    put(&store, DEFAULT_TENANT, "countries", content("countries", "numbers: string\n")).await;
    roster.refresh().await.unwrap();
    let newest = only(&catalog);
    assert!(says_strings(&newest) && newest.definition.api.state == State::Published);
    // Blocked: the same program, another state.
    release(&store, "countries", Some(State::Blocked), None).await;
    roster.refresh().await.unwrap();
    let blocked = only(&catalog);
    assert!(Arc::ptr_eq(&blocked.program, &newest.program) && blocked.definition.api.state == State::Blocked);
    // What is the same already is not published anew.
    let before = catalog.snapshot();
    release(&store, "countries", Some(State::Blocked), None).await;
    assert!(roster.refresh().await.unwrap().changed.is_empty() && Arc::ptr_eq(&before, &catalog.snapshot()));
    // Rolled back, still blocked; then neither.
    release(&store, "countries", Some(State::Blocked), Some(1)).await;
    roster.refresh().await.unwrap();
    assert!(!says_strings(&only(&catalog)) && only(&catalog).definition.api.state == State::Blocked);
    store.forget::<Release>(DEFAULT_TENANT, "countries", None).await.unwrap();
    roster.refresh().await.unwrap();
    assert!(says_strings(&only(&catalog)) && only(&catalog).definition.api.state == State::Published);
    // A revision that is not kept any more holds nothing.
    release(&store, "countries", None, Some(77)).await;
    roster.refresh().await.unwrap();
    assert!(says_strings(&only(&catalog)));
    assert_eq!(catalog.snapshot().apis.len(), 1);
}

#[tokio::test]
async fn what_others_put_is_followed_and_what_cannot_be_compiled_keeps_what_was_there() {
    let (roster, store, catalog) = roster();
    roster.refresh().await.unwrap();
    let following = tokio::spawn({
        let roster = roster.clone();
        async move { roster.follow().await }
    });
    put(&store, DEFAULT_TENANT, "countries", content("countries", "")).await;
    let until = async |good: &dyn Fn() -> bool| {
        while !good() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), until(&|| catalog.snapshot().apis.len() == 1)).await.unwrap();
    following.abort();
    let good = only(&catalog);
    let mut bad = content("countries", "");
    bad.documents[0].text = "<no/>".into();
    put(&store, DEFAULT_TENANT, "countries", bad.clone()).await;
    let update = roster.refresh().await.unwrap();
    assert!(update.failed.len() == 1 && update.failed[0].kept && Arc::ptr_eq(&good, &only(&catalog)));
    // Its state is still its operator's, and it is not compiled again for that.
    release(&store, "countries", Some(State::Retired), None).await;
    assert!(roster.refresh().await.unwrap().failed.is_empty());
    assert_eq!(only(&catalog).definition.api.state, State::Retired);
    store.remove_api(DEFAULT_TENANT, "countries", None).await.unwrap();
    assert_eq!(roster.refresh().await.unwrap().removed, [ApiName::new(DEFAULT_TENANT, "countries")]);
    assert!(catalog.snapshot().apis.is_empty());
    // Put again: what was bad before is not asked.
    put(&store, DEFAULT_TENANT, "countries", content("countries", "")).await;
    roster.refresh().await.unwrap();
    assert_eq!(only(&catalog).definition.api.state, State::Retired);
}

#[tokio::test]
async fn apis_of_tenants_stand_at_addresses_of_their_own() {
    let (roster, store, catalog) = roster();
    let default = "api: { name: Countries, version: \"1\", context: /geo, default_version: true }\n";
    let mut geo = content("countries", "");
    let kept: String = geo.definition.text.lines().filter(|l| !l.starts_with("api:")).map(|l| format!("{l}\n")).collect();
    geo.definition.text = format!("{default}{kept}").into();
    for tenant in [DEFAULT_TENANT, "acme", "zeta"] {
        put(&store, tenant, "countries", geo.clone()).await;
    }
    let update = roster.refresh().await.unwrap();
    assert!(update.failed.is_empty(), "{:?}", update.failed);
    let shown: Vec<_> =
        catalog.snapshot().apis.iter().map(|a| (a.tenant.to_string(), a.base_path.to_string(), a.default_path.clone())).collect();
    let expected = [("acme", "/t/acme/geo/1", "/t/acme/geo"), ("default", "/geo/1", "/geo"), ("zeta", "/t/zeta/geo/1", "/t/zeta/geo")];
    assert_eq!(shown, expected.map(|(t, b, d)| (t.to_owned(), b.to_owned(), Some(d.into()))));
}

#[tokio::test]
async fn what_an_earlier_run_left_goes_and_what_is_not_the_folders_stays() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), "countries", "countries", None);
    add(dir.path(), "orders", "orders", None);
    let (first, store, _) = folder(dir.path());
    first.reload().await.unwrap();
    put(&store, DEFAULT_TENANT, "mine", content("countries", "")).await;
    put(&store, "acme", "theirs", Content { managed_by_files: true, ..content("countries", "") }).await;
    std::fs::remove_dir_all(dir.path().join("orders")).unwrap();
    let catalog = Arc::new(Catalog::default());
    let second = Folder::new(dir.path(), store.clone(), catalog.clone());
    let reload = second.reload().await.unwrap();
    assert_eq!(store.latest(DEFAULT_TENANT, "orders").await.unwrap(), None);
    // Both answer at `/countries/1`: the first by name does.
    assert_eq!(reload.failed[0].diagnostics[0].code.id, "api.duplicate-address");
    let names = |catalog: &Catalog| catalog.snapshot().apis.iter().map(|a| format!("{}/{}", a.tenant, a.name)).collect::<Vec<_>>();
    assert_eq!(names(&catalog), ["acme/theirs", "default/countries"]);
    // A folder that bears its name manages it, and takes it away again.
    add(dir.path(), "orders", "mine", None);
    second.reload().await.unwrap();
    assert!(store.latest(DEFAULT_TENANT, "mine").await.unwrap().unwrap().content.managed_by_files);
    std::fs::remove_dir_all(dir.path().join("mine")).unwrap();
    second.reload().await.unwrap();
    assert_eq!(names(&catalog), ["acme/theirs", "default/countries"]);
}

#[tokio::test]
async fn files_are_kept_but_not_served_while_a_revision_is_held() {
    let dir = tempfile::tempdir().unwrap();
    add(dir.path(), "countries", "countries", None);
    let (folder, store, catalog) = folder(dir.path());
    folder.reload().await.unwrap();
    let first = only(&catalog);
    release(&store, "countries", None, Some(1)).await;
    edit(dir.path(), "countries", "numbers: string\n");
    let reload = folder.reload().await.unwrap();
    assert!(reload.changed.is_empty() && Arc::ptr_eq(&first, &only(&catalog)));
    assert_eq!(reload.pinned.iter().map(|p| (&*p.api.name, p.revision, p.latest)).collect::<Vec<_>>(), [("countries", 1, 2)]);
    // The one that is held is never dropped for new ones.
    let base = std::fs::read_to_string(dir.path().join("countries/api.yaml")).unwrap();
    for n in 2..MAX_REVISIONS as u64 {
        let text: Content = content("countries", &format!("# {n}\n"));
        put(&store, DEFAULT_TENANT, "countries", text).await;
    }
    std::fs::write(dir.path().join("countries/api.yaml"), format!("{base}# one too many\n")).unwrap();
    let reload = folder.reload().await.unwrap();
    assert_eq!((reload.failed.len(), reload.failed[0].diagnostics[0].code.id), (1, "api.revision-held"));
    assert!(Arc::ptr_eq(&first, &only(&catalog)));
    assert_eq!(store.history(DEFAULT_TENANT, "countries").await.unwrap()[0].number, 1);
    let changes = vec![Change::remove::<Release>(DEFAULT_TENANT, "countries", Expected::Any)];
    store.write(changes, None).await.unwrap();
    std::fs::write(dir.path().join("countries/api.yaml"), format!("{base}# one more\n")).unwrap();
    assert!(folder.reload().await.unwrap().failed.is_empty());
    assert!(says_strings(&only(&catalog)));
}

#[tokio::test]
async fn secrets_of_apis_that_have_no_folder_are_read_anew_when_told() {
    let (store, catalog) = (Arc::new(Memory::new()), Arc::new(Catalog::default()));
    let dir = tempfile::tempdir().unwrap();
    let vault = Arc::new(Vault::beside(dir.path(), AddressPolicy::public()));
    let roster = Roster::new(store.clone(), catalog.clone()).with_vault(vault);
    let secret = dir.path().join("data/secrets/pw");
    std::fs::create_dir_all(dir.path().join("data/secrets")).unwrap();
    std::fs::write(&secret, "k-91-one").unwrap();
    let mut with = content("countries", "");
    let kept: String = with.definition.text.lines().filter(|l| !l.starts_with("endpoint:")).map(|l| format!("{l}\n")).collect();
    let auth = "endpoint: { auth: { header: { name: X-Key, value_file: pw } } }\n";
    with.definition.text = format!("{kept}{auth}").into();
    put(&store, DEFAULT_TENANT, "countries", with).await;
    roster.refresh().await.unwrap();
    let before = only(&catalog);
    assert!(roster.renew().await.unwrap().changed.is_empty() && Arc::ptr_eq(&before, &only(&catalog)));
    std::fs::write(&secret, "k-91-two").unwrap();
    roster.renew().await.unwrap();
    assert_eq!(only(&catalog).fields[0].1.reveal(), "k-91-two");
}

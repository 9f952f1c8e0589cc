//! Which store and which keys the settings name.

use std::os::unix::fs::PermissionsExt;

use castile::config::{Secret, StoreSettings};
use castile::store::{AnyStore, Field, Seal, Store, StoreError};

const HERE: Field<'static> = Field { kind: "upstream", tenant: "default", id: "x", field: "password" };

#[tokio::test]
async fn without_settings_it_is_a_file_beside_them() {
    let folder = tempfile::tempdir().unwrap();
    let settings = StoreSettings::default();
    let store = AnyStore::open(&settings, folder.path()).await.unwrap();
    assert_eq!(store.state().backend, "sqlite");
    assert!(folder.path().join("data/castile.db").is_file());
    let named = StoreSettings { sqlite: Some("/tmp/x.db".into()), ..settings };
    assert_eq!(AnyStore::sqlite_file(&named, folder.path()), Some("/tmp/x.db".into()));
}

#[tokio::test]
async fn a_postgres_that_is_not_there_is_no_panic() {
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = Secret::new(format!("postgres://u:planted@127.0.0.1:{port}/d"));
    let settings = StoreSettings { postgres: Some(url), ..StoreSettings::default() };
    assert!(matches!(AnyStore::open(&settings, folder.path()).await, Err(StoreError::Unavailable { .. })));
    let store = AnyStore::open_later(&settings, folder.path()).await.unwrap();
    assert!(matches!(store.generation().await, Err(StoreError::Unavailable { .. })));
    assert!(!store.state().available);
    let missing = StoreSettings { postgres_file: Some("missing".into()), ..StoreSettings::default() };
    let error = AnyStore::open(&missing, folder.path()).await.unwrap_err();
    assert!(error.to_string().contains("missing: No such file"), "{error}");
    assert!(!folder.path().join("data").exists());
}

#[test]
fn sealing_keys_are_made_once_and_must_be_private() {
    let folder = tempfile::tempdir().unwrap();
    let settings = StoreSettings::default();
    let sealed = Seal::open_keys(&settings, folder.path()).unwrap().seal(&HERE, b"planted").unwrap();
    let file = folder.path().join("data/castile.key");
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read_dir(folder.path().join("data")).unwrap().count(), 1);
    assert_eq!(Seal::open_keys(&settings, folder.path()).unwrap().open(&HERE, &sealed).unwrap(), b"planted");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    let error = Seal::open_keys(&settings, folder.path()).unwrap_err().to_string();
    assert!(error.contains("others may read the sealing keys"), "{error}");
    // Those of the environment come first; a file that is named must be there.
    let named = StoreSettings { key_file: Some("missing".into()), ..StoreSettings::default() };
    assert!(Seal::open_keys(&named, folder.path()).is_err());
    let key = Some(Secret::new(std::fs::read_to_string(&file).unwrap()));
    assert_eq!(Seal::open_keys(&StoreSettings { key, ..named }, folder.path()).unwrap().open(&HERE, &sealed).unwrap(), b"planted");
    let key = Some(Secret::new("planted"));
    let error = Seal::open_keys(&StoreSettings { key, ..settings }, folder.path()).unwrap_err().to_string();
    assert!(!error.contains("planted"), "{error}");
}

//! Which store the settings name, and which keys seal.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::sql::make_folder;
use super::{AnyStore, PostgresOptions, Seal, Shadow, Sql, StoreError};
use crate::config::{Secret, StoreSettings};

/// The SQLite file, where no store is named.
const DATABASE: &str = "data/castile.db";
/// The file of the sealing keys, where none is named.
const KEYS: &str = "data/castile.key";
/// Bytes of a file with an address, a password or keys.
const MAX_FILE_BYTES: u64 = 64 << 10;

impl AnyStore {
    /// The SQLite file that the settings name; `None` where they name PostgreSQL. `beside` is the folder of the settings file.
    pub fn sqlite_file(settings: &StoreSettings, beside: &Path) -> Option<PathBuf> {
        let is_postgres = settings.postgres.is_some() || settings.postgres_file.is_some();
        (!is_postgres).then(|| beside.join(settings.sqlite.as_deref().unwrap_or(Path::new(DATABASE))))
    }

    /// The store that the settings name, with the newest schema.
    ///
    /// # Errors
    /// It cannot be reached or made; a newer Castile was here.
    pub async fn open(settings: &StoreSettings, beside: &Path) -> Result<Self, StoreError> {
        match Self::sqlite_file(settings, beside) {
            Some(file) => Ok(Sql::sqlite(&file).await?.into()),
            None => Ok(Sql::postgres(&postgres(settings, beside)?).await?.into()),
        }
    }

    /// The same to be read, as it is: nothing is made, and the schema stays.
    ///
    /// # Errors
    /// It cannot be reached; it has another schema than the newest.
    pub async fn open_as_it_is(settings: &StoreSettings, beside: &Path) -> Result<Self, StoreError> {
        match Self::sqlite_file(settings, beside) {
            Some(file) => Ok(Sql::sqlite_as_it_is(&file).await?.into()),
            None => Ok(Sql::postgres_as_it_is(&postgres(settings, beside)?).await?.into()),
        }
    }

    /// The same, but PostgreSQL is reached when it can be: see [`Sql::postgres_later`].
    ///
    /// # Errors
    /// SQLite's file cannot be made or opened; the address of PostgreSQL is none.
    pub async fn open_later(settings: &StoreSettings, beside: &Path) -> Result<Self, StoreError> {
        match Self::sqlite_file(settings, beside) {
            Some(file) => Ok(Sql::sqlite(&file).await?.into()),
            None => Ok(Sql::postgres_later(&postgres(settings, beside)?)?.into()),
        }
    }
}

impl Shadow {
    /// The snapshot on disk of the store that the settings name; `None`: its database is a file of this machine.
    ///
    /// # Errors
    /// The address of PostgreSQL is none.
    pub fn of(settings: &StoreSettings, beside: &Path) -> Result<Option<Self>, StoreError> {
        match AnyStore::sqlite_file(settings, beside) {
            Some(_) => Ok(None),
            None => Ok(Some(Self::beside(beside, postgres(settings, beside)?.database()?))),
        }
    }
}

fn postgres(settings: &StoreSettings, beside: &Path) -> Result<PostgresOptions, StoreError> {
    let read = |direct: &Option<Secret>, file: &Option<PathBuf>| match (direct, file) {
        (Some(secret), _) => Ok(Some(secret.reveal().to_owned())),
        (None, Some(file)) => read_private(&beside.join(file)).map(Some),
        (None, None) => Ok(None),
    };
    let url = read(&settings.postgres, &settings.postgres_file)?.ok_or_else(|| StoreError::unavailable("no database is named"))?;
    Ok(PostgresOptions { url, password: read(&settings.password, &settings.password_file)? })
}

/// The text of a small file, without the line end.
fn read_private(file: &Path) -> Result<String, StoreError> {
    let failed = |e: io::Error| StoreError::unavailable(format!("{}: {e}", file.display()));
    if file.metadata().map_err(failed)?.len() > MAX_FILE_BYTES {
        return Err(StoreError::unavailable(format!("{}: it has more than {MAX_FILE_BYTES} bytes", file.display())));
    }
    Ok(fs::read_to_string(file).map_err(failed)?.trim_end_matches(['\r', '\n']).to_owned())
}

impl Seal {
    /// The sealing keys that the settings name: those of the environment, else those of a file, which is made with a new key (mode 0600)
    /// where it is missing and none was named. Several nodes need the same keys.
    ///
    /// # Errors
    /// The file cannot be read, others may read it, or a line of it is no key.
    pub fn open_keys(settings: &StoreSettings, beside: &Path) -> Result<Self, StoreError> {
        let parsed = |text: &str| Self::parse(text).map_err(StoreError::unavailable);
        if let Some(keys) = &settings.key {
            return parsed(keys.reveal());
        }
        let file = beside.join(settings.key_file.as_deref().unwrap_or(Path::new(KEYS)));
        let failed = |e: io::Error| StoreError::unavailable(format!("{}: {e}", file.display()));
        if settings.key_file.is_none() {
            make_keys(&file).map_err(failed)?;
        }
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(StoreError::unavailable(format!("{}: others may read the sealing keys: chmod 600", file.display())));
        }
        parsed(&read_private(&file)?)
    }
}

/// Makes the file with a new key, if it is not there. It appears whole: of two processes that start together one wins.
fn make_keys(file: &Path) -> io::Result<()> {
    if file.exists() {
        return Ok(());
    }
    make_folder(file)?;
    let key = Seal::new_key("k1").map_err(io::Error::other)?;
    let new = file.with_extension(format!("new{}", std::process::id()));
    let mut out = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    out.write_all(
        format!("# Castile's sealing keys: without them what was sealed is lost. Keep a copy apart from the database's.\n{key}").as_bytes(),
    )?;
    out.sync_all()?;
    let linked = fs::hard_link(&new, file);
    fs::remove_file(&new)?;
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

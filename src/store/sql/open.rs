//! How the databases are opened.

use std::fmt;
use std::fs::{DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use sha2::{Digest, Sha256};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use tokio::sync::watch as channel;
use tokio::task::JoinSet;

use super::driver::Engine;
use super::{Inner, Sql, watch};
use crate::store::StoreError;
use crate::store::audit::hex;

/// Connections of SQLite that read.
const READERS: u32 = 4;
/// Connections of PostgreSQL, besides the one that listens.
const CONNECTIONS: u32 = 10;
/// How long a statement waits for another process that writes to the same SQLite file.
const BUSY: Duration = Duration::from_secs(5);
/// How long an operation waits for SQLite's one connection that writes.
const WRITER: Duration = Duration::from_secs(5);
/// How long an operation waits for a connection to PostgreSQL, being made or given back.
const ACQUIRE: Duration = Duration::from_secs(2);
/// Limits that PostgreSQL keeps by itself: a statement; waiting for other writers; a transaction whose node went away in its middle.
const SERVER_LIMITS: [(&str, &str); 3] =
    [("statement_timeout", "30s"), ("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "10s")];

/// Which PostgreSQL.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresOptions {
    /// `postgres://USER[:PASSWORD]@HOST[:PORT]/DATABASE[?sslmode=…]`; never printed.
    pub url: String,
    /// The password, where the address has none.
    pub password: Option<String>,
}

impl PostgresOptions {
    /// Which database that is, without its name: a digest of server, port and database. Users and passwords may change.
    ///
    /// # Errors
    /// The address is none.
    pub fn database(&self) -> Result<String, StoreError> {
        let options = self.connect()?;
        let server = options.get_socket().map_or_else(|| options.get_host().to_lowercase(), |socket| socket.display().to_string());
        let database = options.get_database().unwrap_or_else(|| options.get_username());
        let whole = Sha256::digest(format!("{server}\0{}\0{database}", options.get_port()));
        Ok(hex(&whole))
    }

    fn connect(&self) -> Result<PgConnectOptions, StoreError> {
        // The driver's text could repeat the address, with its password.
        PgConnectOptions::from_str(&self.url)
            .map_err(|_| StoreError::unavailable("the address of the database is not postgres://USER@HOST/DATABASE"))
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresOptions([redacted])")
    }
}

impl Sql {
    /// The SQLite database in that file; file and folder are made where they are missing, for their owner only.
    ///
    /// # Errors
    /// The file cannot be made or opened; a newer Castile was here.
    pub async fn sqlite(file: &Path) -> Result<Self, StoreError> {
        make_private(file).map_err(|e| StoreError::unavailable(format!("{}: {e}", file.display())))?;
        let mut store = Self::new(Self::file(file, false));
        store.migrate().await?;
        store.tasks.spawn(watch::look(store.inner.clone(), watch::SQLITE_EVERY));
        Ok(store)
    }

    /// The SQLite database in that file as it is, to be read: nothing is made, and the schema stays.
    ///
    /// # Errors
    /// The file cannot be opened; it has another schema.
    pub async fn sqlite_as_it_is(file: &Path) -> Result<Self, StoreError> {
        file.metadata().map_err(|e| StoreError::unavailable(format!("{}: {e}", file.display())))?;
        let store = Self::new(Self::file(file, true));
        store.look().await?;
        Ok(store)
    }

    fn file(file: &Path, is_read: bool) -> Engine {
        let options = SqliteConnectOptions::new().filename(file).busy_timeout(BUSY).foreign_keys(true).disable_statement_logging();
        let options = match is_read {
            true => options.read_only(true),
            // Each commit reaches the disk: what was acknowledged outlives a power cut, not only the process.
            false => options.journal_mode(SqliteJournalMode::Wal).synchronous(SqliteSynchronous::Full),
        };
        let writer = SqlitePoolOptions::new().max_connections(1).acquire_timeout(WRITER).idle_timeout(None).max_lifetime(None);
        let readers = SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(WRITER);
        Engine::Sqlite {
            writer: writer.connect_lazy_with(options.clone()),
            readers: readers.connect_lazy_with(options.pragma("query_only", "on")),
        }
    }

    /// The PostgreSQL database, reached now.
    ///
    /// # Errors
    /// It cannot be reached; a newer Castile was here; the address is none.
    pub async fn postgres(options: &PostgresOptions) -> Result<Self, StoreError> {
        let (mut store, connect) = Self::unreached(options)?;
        store.migrate().await?;
        store.listen(connect);
        Ok(store)
    }

    /// The PostgreSQL database as it is, to be read: the schema stays.
    ///
    /// # Errors
    /// It cannot be reached; it has another schema; the address is none.
    pub async fn postgres_as_it_is(options: &PostgresOptions) -> Result<Self, StoreError> {
        let (store, _) = Self::unreached(options)?;
        store.look().await?;
        Ok(store)
    }

    /// The PostgreSQL database, reached when it can be: until then every operation ends with [`StoreError::Unavailable`].
    ///
    /// # Errors
    /// The address is none.
    pub fn postgres_later(options: &PostgresOptions) -> Result<Self, StoreError> {
        let (mut store, connect) = Self::unreached(options)?;
        store.listen(connect);
        Ok(store)
    }

    fn unreached(options: &PostgresOptions) -> Result<(Self, PgConnectOptions), StoreError> {
        let mut connect = options.connect()?.application_name("castile").options(SERVER_LIMITS).disable_statement_logging();
        if let Some(password) = &options.password {
            connect = connect.password(password);
        }
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(ACQUIRE).connect_lazy_with(connect.clone());
        Ok((Self::new(Engine::Postgres(pool)), connect))
    }

    fn new(engine: Engine) -> Self {
        let (migrated, available) = (AtomicBool::new(false), AtomicBool::new(false));
        let inner = Inner { engine, migrated, available, generation: channel::channel(0).0 };
        Self { inner: Arc::new(inner), tasks: JoinSet::new() }
    }

    fn listen(&mut self, connect: PgConnectOptions) {
        // A connection of its own: it must not be lent to anybody else.
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE).idle_timeout(None).max_lifetime(None);
        self.tasks.spawn(watch::listen(self.inner.clone(), pool.connect_lazy_with(connect)));
        self.tasks.spawn(watch::look(self.inner.clone(), watch::POSTGRES_EVERY));
    }
}

/// Makes the folder of a file, for its owner only, where it is missing.
pub(in crate::store) fn make_folder(file: &Path) -> io::Result<()> {
    match file.parent().filter(|f| !f.as_os_str().is_empty()) {
        Some(folder) => DirBuilder::new().recursive(true).mode(0o700).create(folder),
        None => Ok(()),
    }
}

/// Makes folder (0700) and file (0600) where they are missing. What is there keeps its rights; too wide ones are said.
fn make_private(file: &Path) -> io::Result<()> {
    make_folder(file)?;
    // SQLite gives its other files the rights of this one.
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Ok(_made) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let mode = file.metadata()?.permissions().mode();
            if mode & 0o077 != 0 {
                tracing::warn!(file = %file.display(), mode = format!("{:o}", mode & 0o777), "others may read the database: chmod 600");
            }
            Ok(())
        }
        Err(error) => Err(error),
    }
}

//! The two databases behind one small face: a statement, its values, rows of numbers, texts and bytes. Every statement is one text for
//! both.

use std::time::Duration;

use sqlx::{PgPool, Postgres, Row as _, Sqlite, SqlitePool, Transaction};

use crate::store::StoreError;

/// Longest time that an operation takes, waiting for a connection and for other writers included.
pub(super) const OPERATION: Duration = Duration::from_secs(6);

/// A value of a statement: `$1` is the first.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    Int(i64),
    /// A number that may be missing.
    Maybe(Option<i64>),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::Int(to_int(number))
    }
}

impl From<usize> for Value<'_> {
    fn from(number: usize) -> Self {
        Self::Int(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

pub(super) fn to_int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A row of an answer.
#[derive(Debug)]
pub(super) enum Row {
    Sqlite(sqlx::sqlite::SqliteRow),
    Postgres(sqlx::postgres::PgRow),
}

/// The value of a column, whichever the database.
macro_rules! column {
    ($row:expr, $at:expr) => {
        match $row {
            Row::Sqlite(row) => row.try_get($at),
            Row::Postgres(row) => row.try_get($at),
        }
        .map_err(|_| StoreError::damaged("a column of the database is not what it should be"))
    };
}

impl Row {
    pub(super) fn int(&self, at: usize) -> Result<i64, StoreError> {
        column!(self, at)
    }

    /// A number that is never negative.
    pub(super) fn number(&self, at: usize) -> Result<u64, StoreError> {
        u64::try_from(self.int(at)?).map_err(|_| StoreError::damaged("a number of the database is negative"))
    }

    pub(super) fn maybe(&self, at: usize) -> Result<Option<i64>, StoreError> {
        column!(self, at)
    }

    pub(super) fn text(&self, at: usize) -> Result<String, StoreError> {
        column!(self, at)
    }

    pub(super) fn bytes(&self, at: usize) -> Result<Vec<u8>, StoreError> {
        column!(self, at)
    }
}

/// The pools.
#[derive(Debug)]
pub(super) enum Engine {
    /// One connection writes, others read what was committed.
    Sqlite {
        writer: SqlitePool,
        readers: SqlitePool,
    },
    Postgres(PgPool),
}

/// A statement with its values.
macro_rules! bound {
    ($sql:expr, $values:expr) => {{
        let mut query = sqlx::query($sql);
        for value in $values {
            query = match *value {
                Value::Int(number) => query.bind(number),
                Value::Maybe(number) => query.bind(number),
                Value::Text(text) => query.bind(text.to_owned()),
                Value::Bytes(bytes) => query.bind(bytes.to_vec()),
            };
        }
        query
    }};
}

impl Engine {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// Open connections, and those that nobody uses.
    pub(super) fn connections(&self) -> (u32, u32) {
        let idle = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        match self {
            Self::Sqlite { writer, readers } => (writer.size() + readers.size(), idle(writer.num_idle() + readers.num_idle())),
            Self::Postgres(pool) => (pool.size(), idle(pool.num_idle())),
        }
    }

    /// A transaction that writes.
    pub(super) async fn writing(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            // At once: a transaction that reads first could find, when it writes, that another process was faster.
            Self::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await.map_err(failed)?),
        })
    }

    /// A transaction that sees one state of everything.
    pub(super) async fn reading(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await.map_err(failed)?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(failed)?),
        })
    }

    /// The rows of one statement that reads.
    pub(super) async fn rows(&self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite { readers, .. } => {
                Ok(bound!(sql, values).fetch_all(readers).await.map_err(failed)?.into_iter().map(Row::Sqlite).collect())
            }
            Self::Postgres(pool) => Ok(bound!(sql, values).fetch_all(pool).await.map_err(failed)?.into_iter().map(Row::Postgres).collect()),
        }
    }

    pub(super) async fn row(&self, sql: &'static str, values: &[Value<'_>]) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A transaction. Dropped without [`Tx::commit`], nothing of it happened.
#[derive(Debug)]
pub(super) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// Runs a statement and gives how many rows it changed.
    pub(super) async fn run(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite(tx) => Ok(bound!(sql, values).execute(&mut **tx).await.map_err(failed)?.rows_affected()),
            Self::Postgres(tx) => Ok(bound!(sql, values).execute(&mut **tx).await.map_err(failed)?.rows_affected()),
        }
    }

    /// Runs several statements that have no values.
    pub(super) async fn script(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(drop),
            Self::Postgres(tx) => sqlx::raw_sql(sql).execute(&mut **tx).await.map(drop),
        }
        .map_err(failed)
    }

    pub(super) async fn rows(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Vec<Row>, StoreError> {
        match self {
            Self::Sqlite(tx) => Ok(bound!(sql, values).fetch_all(&mut **tx).await.map_err(failed)?.into_iter().map(Row::Sqlite).collect()),
            Self::Postgres(tx) => {
                Ok(bound!(sql, values).fetch_all(&mut **tx).await.map_err(failed)?.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    pub(super) async fn row(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
        .map_err(failed)
    }
}

/// What an error of the driver means. Its text has no values: statements carry them apart.
#[allow(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
pub(super) fn failed(error: sqlx::Error) -> StoreError {
    let sqlx::Error::Database(database) = &error else { return StoreError::unavailable(plain(&error)) };
    let reason = database.message().to_owned();
    match database.code().as_deref() {
        // SQLite: the disk or the file is full. PostgreSQL: class 53, insufficient resources, but for its connections.
        Some("13" | "53000" | "53100" | "53200") => StoreError::Full { limit: reason },
        // SQLite: corrupt, not a database. PostgreSQL: data or index corrupted.
        Some("11" | "26" | "XX001" | "XX002") => StoreError::damaged(reason),
        _ => StoreError::unavailable(reason),
    }
}

/// The driver's words, without those that could hold an address or a setting.
fn plain(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Configuration(_) => String::from("the settings of the connection are not good"),
        sqlx::Error::PoolTimedOut => String::from("no connection in time"),
        sqlx::Error::PoolClosed => String::from("it is closed"),
        other => other.to_string(),
    }
}

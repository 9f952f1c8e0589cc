//! Migrations: forward only, all that are missing in one transaction, one process at a time.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::driver::{Engine, Tx, Value};
use crate::store::StoreError;

/// A step from one schema to the next.
struct Migration {
    number: u64,
    sqlite: &'static str,
    postgres: &'static str,
}

/// All of them, in order; those that were given out never change.
const MIGRATIONS: &[Migration] = &[Migration {
    number: 1,
    sqlite: include_str!("migrations/sqlite/0001_store.sql"),
    postgres: include_str!("migrations/postgres/0001_store.sql"),
}];

/// `castile` in bytes: what processes that migrate one PostgreSQL database wait for each other by.
const LOCK: i64 = 0x0063_6173_7469_6c65;

/// The schema of the database, which nothing is done to; 0: it has none yet.
async fn found(engine: &Engine) -> Result<u64, StoreError> {
    let there = match engine {
        Engine::Sqlite { .. } => "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'castile_migrations'",
        Engine::Postgres(_) => "SELECT COUNT(to_regclass('castile_migrations'))",
    };
    if engine.row(there, &[]).await?.map_or(Ok(0), |row| row.int(0))? == 0 {
        return Ok(0);
    }
    let row = engine.row("SELECT COALESCE(MAX(number), 0) FROM castile_migrations", &[]).await?;
    row.map_or(Ok(0), |row| row.number(0))
}

/// Looks whether the database has the newest schema.
///
/// # Errors
/// [`StoreError::Older`] or [`StoreError::Newer`] where it has not.
pub(super) async fn look(engine: &Engine) -> Result<(), StoreError> {
    let (found, known) = (found(engine).await?, MIGRATIONS.last().map_or(0, |m| m.number));
    match found.cmp(&known) {
        Ordering::Less => Err(StoreError::Older { found, known }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(StoreError::Newer { found, known }),
    }
}

/// Brings the database to the newest schema and gives the numbers of the steps that were taken.
///
/// # Errors
/// [`StoreError::Newer`] where a newer Castile was here.
pub(super) async fn migrate(engine: &Engine) -> Result<Vec<u64>, StoreError> {
    // On SQLite this transaction is the lock.
    let mut tx = engine.writing().await?;
    if let Tx::Postgres(_) = tx {
        // Two tables of one name made at one time collide, IF NOT EXISTS or not.
        tx.run("SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '60000', true)", &[]).await?;
        tx.run("SELECT pg_advisory_xact_lock($1)", &[Value::Int(LOCK)]).await?;
    }
    tx.script("CREATE TABLE IF NOT EXISTS castile_migrations (number BIGINT PRIMARY KEY, at BIGINT NOT NULL)").await?;
    let found = tx.row("SELECT COALESCE(MAX(number), 0) FROM castile_migrations", &[]).await?;
    let found = found.as_ref().map_or(Ok(0), |row| row.number(0))?;
    let known = MIGRATIONS.last().map_or(0, |m| m.number);
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    let mut taken = Vec::new();
    for migration in MIGRATIONS.iter().filter(|m| m.number > found) {
        tx.script(if let Engine::Sqlite { .. } = engine { migration.sqlite } else { migration.postgres }).await?;
        let now = Timestamp::now().as_millisecond();
        tx.run("INSERT INTO castile_migrations (number, at) VALUES ($1, $2)", &[migration.number.into(), Value::Int(now)]).await?;
        taken.push(migration.number);
    }
    tx.commit().await?;
    Ok(taken)
}

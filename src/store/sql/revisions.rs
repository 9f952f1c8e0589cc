//! APIs and their revisions.

use std::sync::Arc;

use jiff::Timestamp;

use super::audit::log;
use super::driver::{Row, Tx, Value};
use super::records::now_ms;
use super::{Inner, next_generation};
use crate::store::item::hash_of;
use crate::store::packed::Packed;
use crate::store::{Audit, Content, MAX_APIS, MAX_REVISIONS, Revision, RevisionEntry, StoreError, Summary};

fn entry(row: &Row) -> Result<RevisionEntry, StoreError> {
    let at = Timestamp::from_millisecond(row.int(1)?).map_err(|_| StoreError::damaged("a revision has no good time"))?;
    Ok(RevisionEntry { number: row.number(0)?, at, digest: hash_of(&row.bytes(2)?) })
}

pub(super) fn summary(row: &Row) -> Result<Summary, StoreError> {
    Ok(Summary { tenant: row.text(0)?.into(), name: row.text(1)?.into(), latest: row.number(2)? })
}

/// The number of an API's latest revision and its digest; 0: there is none, with the number that it last had.
struct Latest {
    number: u64,
    digest: Option<Vec<u8>>,
    last: u64,
}

async fn latest(tx: &mut Tx, tenant: &str, name: &str) -> Result<Latest, StoreError> {
    const API: &str = "SELECT latest, kept FROM castile_apis WHERE tenant = $1 AND name = $2";
    const DIGEST: &str = "SELECT digest FROM castile_revisions WHERE tenant = $1 AND name = $2 AND number = $3";
    let Some(row) = tx.row(API, &[tenant.into(), name.into()]).await? else { return Ok(Latest { number: 0, digest: None, last: 0 }) };
    let last = row.number(0)?;
    if row.int(1)? == 0 {
        return Ok(Latest { number: 0, digest: None, last });
    }
    let row = tx.row(DIGEST, &[tenant.into(), name.into(), last.into()]).await?;
    Ok(Latest { number: last, digest: row.as_ref().map(|r| r.bytes(0)).transpose()?, last })
}

impl Inner {
    pub(super) async fn put_revision(
        &self,
        (tenant, name): (&str, &str),
        expected: Option<u64>,
        packed: &Packed,
        audit: Option<Audit>,
    ) -> Result<u64, StoreError> {
        const API: &str = "INSERT INTO castile_apis (tenant, name, latest, kept, version) VALUES ($1, $2, $3, 1, $4)
            ON CONFLICT (tenant, name) DO UPDATE SET latest = excluded.latest, kept = 1, version = excluded.version";
        const OLD: &str = "DELETE FROM castile_revisions WHERE tenant = $1 AND name = $2 AND number <= $3";
        let mut tx = self.engine.writing().await?;
        let state = next_generation(&mut tx, true).await?;
        let found = latest(&mut tx, tenant, name).await?;
        if let Some(expected) = expected.filter(|e| *e != found.number) {
            return Err(StoreError::Conflict { expected, latest: found.number });
        }
        if found.digest.is_some_and(|d| d == packed.digest) {
            return Ok(found.number);
        }
        if found.number == 0 {
            let count = tx.row("SELECT COUNT(*) FROM castile_apis WHERE kept = 1", &[]).await?;
            if count.as_ref().map_or(Ok(0), |r| r.number(0))? >= MAX_APIS as u64 {
                return Err(StoreError::Full { limit: format!("{MAX_APIS} APIs") });
            }
        }
        let number = found.last + 1;
        tx.run(API, &[tenant.into(), name.into(), number.into(), state.generation.into()]).await?;
        insert(&mut tx, (tenant, name), number, now_ms(), packed).await?;
        // What is below the oldest that is kept, by number: a number is never left out.
        tx.run(OLD, &[tenant.into(), name.into(), number.saturating_sub(MAX_REVISIONS as u64).into()]).await?;
        log(&mut tx, &state, audit).await?;
        self.commit(tx, state.generation).await?;
        Ok(number)
    }

    pub(super) async fn latest(&self, tenant: &str, name: &str) -> Result<Option<Arc<Revision>>, StoreError> {
        const SQL: &str = "SELECT number, at, digest, content FROM castile_revisions WHERE tenant = $1 AND name = $2
            ORDER BY number DESC LIMIT 1";
        let row = self.engine.row(SQL, &[tenant.into(), name.into()]).await?;
        open(tenant, name, row).await
    }

    pub(super) async fn revision(&self, tenant: &str, name: &str, number: u64) -> Result<Option<Arc<Revision>>, StoreError> {
        const SQL: &str = "SELECT number, at, digest, content FROM castile_revisions WHERE tenant = $1 AND name = $2 AND number = $3";
        let row = self.engine.row(SQL, &[tenant.into(), name.into(), number.into()]).await?;
        open(tenant, name, row).await
    }

    pub(super) async fn apis(&self, tenant: Option<&str>) -> Result<Vec<Summary>, StoreError> {
        const ALL: &str = "SELECT tenant, name, latest FROM castile_apis WHERE kept = 1 ORDER BY tenant, name";
        const OF_TENANT: &str = "SELECT tenant, name, latest FROM castile_apis WHERE kept = 1 AND tenant = $1 ORDER BY name";
        let rows = match tenant {
            Some(tenant) => self.engine.rows(OF_TENANT, &[tenant.into()]).await?,
            None => self.engine.rows(ALL, &[]).await?,
        };
        rows.iter().map(summary).collect()
    }

    pub(super) async fn history(&self, tenant: &str, name: &str) -> Result<Vec<RevisionEntry>, StoreError> {
        const SQL: &str = "SELECT number, at, digest FROM castile_revisions WHERE tenant = $1 AND name = $2 ORDER BY number";
        self.engine.rows(SQL, &[tenant.into(), name.into()]).await?.iter().map(entry).collect()
    }

    pub(super) async fn remove_api(&self, tenant: &str, name: &str, audit: Option<Audit>) -> Result<bool, StoreError> {
        const GONE: &str = "UPDATE castile_apis SET kept = 0, version = $3 WHERE tenant = $1 AND name = $2 AND kept = 1";
        const TEXTS: &str = "DELETE FROM castile_revisions WHERE tenant = $1 AND name = $2";
        let mut tx = self.engine.writing().await?;
        let state = next_generation(&mut tx, true).await?;
        if tx.run(GONE, &[tenant.into(), name.into(), state.generation.into()]).await? == 0 {
            return Ok(false);
        }
        tx.run(TEXTS, &[tenant.into(), name.into()]).await?;
        forget_gone(&mut tx).await?;
        log(&mut tx, &state, audit).await?;
        self.commit(tx, state.generation).await?;
        Ok(true)
    }
}

/// Names that are gone are remembered only as many times as there may be APIs.
async fn forget_gone(tx: &mut Tx) -> Result<(), StoreError> {
    const OLDEST: &str = "SELECT tenant, name, version FROM castile_apis WHERE kept = 0 ORDER BY version DESC LIMIT 1 OFFSET $1";
    const FLOOR: &str = "UPDATE castile_state SET removals_from = $1 WHERE id = 1 AND removals_from < $1";
    const FORGET: &str = "DELETE FROM castile_apis WHERE tenant = $1 AND name = $2 AND kept = 0";
    let Some(row) = tx.row(OLDEST, &[MAX_APIS.into()]).await? else { return Ok(()) };
    tx.run(FLOOR, &[row.number(2)?.into()]).await?;
    tx.run(FORGET, &[Value::Text(&row.text(0)?), Value::Text(&row.text(1)?)]).await.map(drop)
}

pub(super) async fn insert(tx: &mut Tx, (tenant, name): (&str, &str), number: u64, at: i64, packed: &Packed) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO castile_revisions (tenant, name, number, at, digest, content) VALUES ($1, $2, $3, $4, $5, $6)";
    let values = [tenant.into(), name.into(), number.into(), Value::Int(at), Value::Bytes(&packed.digest), Value::Bytes(&packed.bytes)];
    tx.run(SQL, &values).await.map(drop)
}

async fn open(tenant: &str, name: &str, row: Option<Row>) -> Result<Option<Arc<Revision>>, StoreError> {
    let Some(row) = row else { return Ok(None) };
    let number = row.number(0)?;
    let packed = Packed { digest: hash_of(&row.bytes(2)?), bytes: row.bytes(3)? };
    drop(row);
    let content: Content = packed.unpack().await?;
    Ok(Some(Arc::new(Revision { tenant: tenant.into(), name: name.into(), number, content })))
}

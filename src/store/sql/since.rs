//! What changed, for readers that hold the rest; and everything, for those that do not.

use super::driver::{Row, Tx, Value};
use super::records::{all, now_ms, select};
use super::revisions::summary;
use super::{Inner, state};
use crate::store::{ApiChange, Changes, Everything, MAX_PAGE, MAX_SINCE, Place, REMOVED_KEPT, Since, StoreError};

impl Inner {
    pub(super) async fn since(&self, generation: u64) -> Result<Since, StoreError> {
        const RECORDS: &str = select!("WHERE r.version > $1 AND (r.expires IS NULL OR r.expires > $2) ORDER BY r.version LIMIT $3");
        const REMOVED: &str = "SELECT kind, tenant, id FROM castile_removed WHERE version > $1 ORDER BY version LIMIT $2";
        const APIS: &str = "SELECT tenant, name, latest, kept FROM castile_apis WHERE version > $1 ORDER BY tenant, name LIMIT $2";
        // Most often nothing changed: one statement then, not a transaction.
        if self.generation().await? == generation {
            return Ok(Since::Changes(Changes { generation, ..Changes::default() }));
        }
        let mut tx = self.engine.reading().await?;
        let state = state(&mut tx).await?;
        if generation < state.removals_from || generation > state.generation {
            return Ok(Since::TooOld);
        }
        let limit = Value::from(MAX_SINCE + 1);
        let records = all(&tx.rows(RECORDS, &[generation.into(), Value::Int(now_ms()), limit]).await?)?;
        let removed = tx.rows(REMOVED, &[generation.into(), limit]).await?;
        let apis = tx.rows(APIS, &[generation.into(), limit]).await?;
        tx.commit().await?;
        if records.len() + removed.len() + apis.len() > MAX_SINCE {
            return Ok(Since::TooOld);
        }
        let removed = removed.iter().map(place).collect::<Result<_, _>>()?;
        let apis = apis.iter().map(api_change).collect::<Result<_, _>>()?;
        Ok(Since::Changes(Changes { generation: state.generation, records, removed, apis }))
    }

    pub(super) async fn read_all(&self, kinds: &[&str]) -> Result<Everything, StoreError> {
        const APIS: &str = "SELECT tenant, name, latest FROM castile_apis WHERE kept = 1 ORDER BY tenant, name";
        let mut kinds = kinds.to_vec();
        kinds.sort_unstable();
        kinds.dedup();
        let mut tx = self.engine.reading().await?;
        let generation = state(&mut tx).await?.generation;
        let mut records = Vec::new();
        for kind in kinds {
            loop {
                let last = records.last().filter(|r: &&crate::store::Record| r.kind == kind);
                let (tenant, id) = last.map_or((String::new(), String::new()), |r| (r.tenant.clone(), r.id.clone()));
                let page = page(&mut tx, kind, &tenant, &id, now_ms()).await?;
                let is_last = page.len() < MAX_PAGE;
                records.extend(page);
                if is_last {
                    break;
                }
            }
        }
        let apis = tx.rows(APIS, &[]).await?.iter().map(summary).collect::<Result<_, _>>()?;
        tx.commit().await?;
        Ok(Everything { generation, records, apis })
    }

    /// Forgets up to `limit` removals that nobody asks for any more.
    pub(super) async fn prune_removed(&self, limit: usize) -> Result<(), StoreError> {
        const OLD: &str = "SELECT version FROM castile_removed WHERE at < $1 ORDER BY version LIMIT $2";
        const FLOOR: &str = "UPDATE castile_state SET removals_from = $1 WHERE id = 1 AND removals_from < $1";
        const FORGET: &str = "DELETE FROM castile_removed WHERE version <= $1 AND at < $2";
        let before = Value::Int(now_ms() - i64::try_from(REMOVED_KEPT.as_millis()).unwrap_or(0));
        let old = self.engine.rows(OLD, &[before, limit.into()]).await?;
        let Some(last) = old.last() else { return Ok(()) };
        let version = Value::from(last.number(0)?);
        let mut tx = self.engine.writing().await?;
        tx.run(FLOOR, &[version]).await?;
        tx.run(FORGET, &[version, before]).await?;
        tx.commit().await
    }
}

/// Up to a page of records of a kind after a place that had not ended at a time.
pub(super) async fn page(tx: &mut Tx, kind: &str, tenant: &str, id: &str, at_ms: i64) -> Result<Vec<crate::store::Record>, StoreError> {
    const SQL: &str = select!(
        "WHERE r.kind = $1 AND (r.tenant > $2 OR (r.tenant = $2 AND r.id > $3)) AND (r.expires IS NULL OR r.expires > $4)
         ORDER BY r.tenant, r.id LIMIT $5"
    );
    all(&tx.rows(SQL, &[kind.into(), tenant.into(), id.into(), Value::Int(at_ms), MAX_PAGE.into()]).await?)
}

fn place(row: &Row) -> Result<Place, StoreError> {
    Ok(Place { kind: row.text(0)?, tenant: row.text(1)?, id: row.text(2)? })
}

fn api_change(row: &Row) -> Result<ApiChange, StoreError> {
    let latest = Some(row.number(2)?).filter(|_| row.int(3).is_ok_and(|kept| kept == 1));
    Ok(ApiChange { tenant: row.text(0)?, name: row.text(1)?, latest })
}

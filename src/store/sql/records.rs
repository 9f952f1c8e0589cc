//! Records: written, found, listed.

use jiff::Timestamp;

use super::audit::log;
use super::driver::{Row, Tx, Value};
use super::{Inner, next_generation};
use crate::store::record::{agree, validate};
use crate::store::{Audit, Change, Cursor, Expected, Key, MAX_PAGE, Page, Place, Record, StoreError};

pub(super) fn now_ms() -> i64 {
    Timestamp::now().as_millisecond()
}

/// A statement that gives the columns of records in the order in which [`record`] reads them.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT r.kind, r.tenant, r.id, r.version, r.expires, r.keys, r.body FROM castile_records r ", $rest)
    };
}
pub(super) use select;

pub(super) fn record(row: &Row) -> Result<Record, StoreError> {
    let expires = row.maybe(4)?.map(Timestamp::from_millisecond).transpose();
    Ok(Record {
        kind: row.text(0)?,
        tenant: row.text(1)?,
        id: row.text(2)?,
        version: row.number(3)?,
        expires: expires.map_err(|_| StoreError::damaged("a record has no good time"))?,
        keys: serde_json::from_str(&row.text(5)?).map_err(|_| StoreError::damaged("the keys of a record cannot be read"))?,
        body: row.text(6)?,
    })
}

pub(super) fn all(rows: &[Row]) -> Result<Vec<Record>, StoreError> {
    rows.iter().map(record).collect()
}

const BY_PLACE: &str = select!("WHERE r.kind = $1 AND r.tenant = $2 AND r.id = $3 AND (r.expires IS NULL OR r.expires > $4)");
const BY_KEY: &str = select!(
    "JOIN castile_record_keys k ON k.kind = r.kind AND k.tenant = r.tenant AND k.id = r.id
     WHERE k.kind = $1 AND k.name = $2 AND k.scope = $3 AND k.value = $4 AND (r.expires IS NULL OR r.expires > $5)
     AND (k.tenant > $6 OR (k.tenant = $6 AND k.id > $7)) ORDER BY k.tenant, k.id LIMIT $8"
);
const OF_TENANT: &str =
    select!("WHERE r.kind = $1 AND r.tenant = $2 AND r.id > $3 AND (r.expires IS NULL OR r.expires > $4) ORDER BY r.id LIMIT $5");
const OF_ALL: &str = select!(
    "WHERE r.kind = $1 AND (r.tenant > $2 OR (r.tenant = $2 AND r.id > $3)) AND (r.expires IS NULL OR r.expires > $4)
     ORDER BY r.tenant, r.id LIMIT $5"
);

impl Inner {
    pub(super) async fn record(&self, kind: &str, tenant: &str, id: &str) -> Result<Option<Record>, StoreError> {
        let values = [kind.into(), tenant.into(), id.into(), Value::Int(now_ms())];
        self.engine.row(BY_PLACE, &values).await?.as_ref().map(record).transpose()
    }

    pub(super) async fn by_key(&self, kind: &str, key: &Key, after: Option<&Cursor>, limit: usize) -> Result<Vec<Record>, StoreError> {
        all(&self.engine.rows(BY_KEY, &key_values(kind, key, after, limit)).await?)
    }

    pub(super) async fn records_by(&self, kind: &str, key: &Key, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        Ok(Page::of(self.by_key(kind, key, after, limit + 1).await?, limit))
    }

    pub(super) async fn records(&self, kind: &str, tenant: Option<&str>, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let (after_tenant, after_id) = after.map_or(("", ""), |c| (&*c.tenant, &*c.id));
        let rows = match tenant {
            // The place where a page of all began stands before or behind the whole tenant.
            Some(tenant) if after_tenant > tenant => Vec::new(),
            Some(tenant) => {
                let id = if after_tenant == tenant { after_id } else { "" };
                self.engine.rows(OF_TENANT, &[kind.into(), tenant.into(), id.into(), Value::Int(now_ms()), (limit + 1).into()]).await?
            }
            None => {
                let values = [kind.into(), after_tenant.into(), after_id.into(), Value::Int(now_ms()), (limit + 1).into()];
                self.engine.rows(OF_ALL, &values).await?
            }
        };
        Ok(Page::of(all(&rows)?, limit))
    }

    pub(super) async fn write(&self, changes: &[Change], audit: Option<Audit>) -> Result<u64, StoreError> {
        validate(changes)?;
        let mut tx = self.engine.writing().await?;
        let generation = write(&mut tx, changes, audit).await?;
        self.commit(tx, generation).await?;
        Ok(generation)
    }

    pub(super) async fn take(&self, kind: &str, key: &Key, audit: Option<Audit>) -> Result<Option<Record>, StoreError> {
        // Most often somebody asks for what is not there: no transaction for that.
        if self.by_key(kind, key, None, 1).await?.is_empty() {
            return Ok(None);
        }
        let mut tx = self.engine.writing().await?;
        // Writers stand in a line from here on, so that what is read stays.
        super::lock(&mut tx).await?;
        let Some(row) = tx.row(BY_KEY, &key_values(kind, key, None, 1)).await? else { return Ok(None) };
        let record = record(&row)?;
        let change = Change::Remove { place: record.place(), expected: Expected::Version(record.version) };
        let generation = write(&mut tx, &[change], audit).await?;
        self.commit(tx, generation).await?;
        Ok(Some(record))
    }

    /// Forgets up to `limit` records whose time has come.
    pub(super) async fn prune_records(&self, limit: usize) -> Result<usize, StoreError> {
        const DUE: &str = "SELECT 1 FROM castile_records WHERE expires <= $1 LIMIT 1";
        // The time is asked again outside: a record that was renewed meanwhile stays.
        const FORGET: &str = "DELETE FROM castile_records WHERE expires <= $1 AND (kind, tenant, id) IN
            (SELECT kind, tenant, id FROM castile_records WHERE expires <= $1 ORDER BY expires LIMIT $2)";
        let now = Value::Int(now_ms());
        if self.engine.row(DUE, &[now]).await?.is_none() {
            return Ok(0);
        }
        let mut tx = self.engine.writing().await?;
        super::lock(&mut tx).await?;
        let forgotten = tx.run(FORGET, &[now, limit.into()]).await?;
        tx.commit().await?;
        Ok(usize::try_from(forgotten).unwrap_or(usize::MAX))
    }
}

fn key_values<'a>(kind: &'a str, key: &'a Key, after: Option<&'a Cursor>, limit: usize) -> [Value<'a>; 8] {
    let (tenant, id) = after.map_or(("", ""), |c| (&*c.tenant, &*c.id));
    [
        kind.into(),
        Value::Text(&key.name),
        Value::Text(&key.tenant),
        Value::Text(&key.value),
        Value::Int(now_ms()),
        tenant.into(),
        id.into(),
        limit.into(),
    ]
}

/// Makes the changes in a transaction and gives its generation.
async fn write(tx: &mut Tx, changes: &[Change], audit: Option<Audit>) -> Result<u64, StoreError> {
    let state = next_generation(tx, !changes.is_empty()).await?;
    for change in changes {
        match change {
            Change::Put { record, expected } => put(tx, record, *expected, state.generation).await?,
            Change::Remove { place, expected } => remove(tx, place, *expected, state.generation).await?,
        }
    }
    log(tx, &state, audit).await?;
    Ok(state.generation)
}

/// What is known of a record, read after the line of writers was entered.
#[derive(Clone, Copy)]
struct Found {
    version: u64,
    is_ended: bool,
}

async fn found(tx: &mut Tx, place: &Place) -> Result<Option<Found>, StoreError> {
    const SQL: &str = "SELECT version, expires FROM castile_records WHERE kind = $1 AND tenant = $2 AND id = $3";
    let values = [Value::Text(&place.kind), Value::Text(&place.tenant), Value::Text(&place.id)];
    let Some(row) = tx.row(SQL, &values).await? else { return Ok(None) };
    Ok(Some(Found { version: row.number(0)?, is_ended: row.maybe(1)?.is_some_and(|expires| expires <= now_ms()) }))
}

/// The version that a writer may know: none of a record whose time has come.
fn version(found: Option<Found>) -> Option<u64> {
    found.filter(|f| !f.is_ended).map(|f| f.version)
}

async fn put(tx: &mut Tx, record: &Record, expected: Expected, generation: u64) -> Result<(), StoreError> {
    const PUT: &str = "INSERT INTO castile_records (kind, tenant, id, version, expires, keys, body) VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (kind, tenant, id) DO UPDATE
        SET version = excluded.version, expires = excluded.expires, keys = excluded.keys, body = excluded.body";
    const KEYS: &str = "DELETE FROM castile_record_keys WHERE kind = $1 AND tenant = $2 AND id = $3";
    const REMOVED: &str = "DELETE FROM castile_removed WHERE kind = $1 AND tenant = $2 AND id = $3";
    let place = record.place();
    let found = found(tx, &place).await?;
    agree(&record.kind, expected, version(found))?;
    for key in record.keys.iter().filter(|k| k.unique) {
        free(tx, &place, key).await?;
    }
    insert(tx, PUT, record, generation).await?;
    // A record that was there has keys; one that was not may have been removed before.
    let before = if found.is_some() { KEYS } else { REMOVED };
    tx.run(before, &[Value::Text(&record.kind), Value::Text(&record.tenant), Value::Text(&record.id)]).await?;
    insert_keys(tx, record).await
}

/// Runs a statement that keeps a record as of a generation.
async fn insert(tx: &mut Tx, sql: &'static str, record: &Record, generation: u64) -> Result<(), StoreError> {
    let keys = serde_json::to_string(&record.keys).map_err(|_| StoreError::damaged("keys that cannot be written"))?;
    let values = [
        Value::Text(&record.kind),
        Value::Text(&record.tenant),
        Value::Text(&record.id),
        generation.into(),
        Value::Maybe(record.expires.map(Timestamp::as_millisecond)),
        Value::Text(&keys),
        Value::Text(&record.body),
    ];
    tx.run(sql, &values).await.map(drop)
}

async fn insert_keys(tx: &mut Tx, record: &Record) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO castile_record_keys (kind, name, scope, value, tenant, id, is_unique) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    for key in &record.keys {
        let values = [
            Value::Text(&record.kind),
            Value::Text(&key.name),
            Value::Text(&key.tenant),
            Value::Text(&key.value),
            Value::Text(&record.tenant),
            Value::Text(&record.id),
            Value::Int(i64::from(key.unique)),
        ];
        tx.run(SQL, &values).await?;
    }
    Ok(())
}

/// Keeps a record with its own version, where nothing is: for restoring.
pub(super) async fn restore(tx: &mut Tx, record: &Record) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO castile_records (kind, tenant, id, version, expires, keys, body) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    insert(tx, SQL, record, record.version).await?;
    insert_keys(tx, record).await
}

/// Refuses a key that another record has; one whose time has come makes room.
async fn free(tx: &mut Tx, place: &Place, key: &Key) -> Result<(), StoreError> {
    const HOLDER: &str = "SELECT r.tenant, r.id, r.expires FROM castile_record_keys k
        JOIN castile_records r ON r.kind = k.kind AND r.tenant = k.tenant AND r.id = k.id
        WHERE k.kind = $1 AND k.name = $2 AND k.scope = $3 AND k.value = $4 AND k.is_unique = 1";
    let values = [Value::Text(&place.kind), Value::Text(&key.name), Value::Text(&key.tenant), Value::Text(&key.value)];
    let Some(row) = tx.row(HOLDER, &values).await? else { return Ok(()) };
    let (tenant, id) = (row.text(0)?, row.text(1)?);
    if (&tenant, &id) == (&place.tenant, &place.id) {
        return Ok(());
    }
    if row.maybe(2)?.is_none_or(|expires| expires > now_ms()) {
        return Err(StoreError::Taken { kind: place.kind.clone(), key: key.name.clone().into_owned() });
    }
    delete(tx, &place.kind, &tenant, &id).await.map(drop)
}

/// Removes a record; its keys go with it.
async fn delete(tx: &mut Tx, kind: &str, tenant: &str, id: &str) -> Result<bool, StoreError> {
    const SQL: &str = "DELETE FROM castile_records WHERE kind = $1 AND tenant = $2 AND id = $3";
    Ok(tx.run(SQL, &[kind.into(), tenant.into(), id.into()]).await? > 0)
}

async fn remove(tx: &mut Tx, place: &Place, expected: Expected, generation: u64) -> Result<(), StoreError> {
    const REMEMBER: &str = "INSERT INTO castile_removed (kind, tenant, id, version, at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (kind, tenant, id) DO UPDATE SET version = excluded.version, at = excluded.at";
    agree(&place.kind, expected, version(found(tx, place).await?))?;
    if delete(tx, &place.kind, &place.tenant, &place.id).await? {
        let (kind, tenant, id) = (Value::Text(&place.kind), Value::Text(&place.tenant), Value::Text(&place.id));
        tx.run(REMEMBER, &[kind, tenant, id, generation.into(), Value::Int(now_ms())]).await?;
    }
    Ok(())
}

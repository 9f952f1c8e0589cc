//! All that is kept, out and in again; and whether it is as it was written.

use std::collections::BTreeSet;

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::driver::{Engine, Tx, Value};
use super::since::page;
use super::{Inner, audit, records, revisions, state};
use crate::store::audit::Chain;
use crate::store::item::hash_of;
use crate::store::packed::Packed;
use crate::store::{AuditEntry, AuditHead, Damage, Item, Load, Record, StoreError};

/// Everything takes as long as it takes.
async fn unhurried(tx: &mut Tx) -> Result<(), StoreError> {
    if let Tx::Postgres(_) = tx {
        tx.run("SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true)", &[])
            .await?;
    }
    Ok(())
}

async fn kinds(tx: &mut Tx) -> Result<Vec<String>, StoreError> {
    tx.rows("SELECT DISTINCT kind FROM castile_records ORDER BY kind", &[]).await?.iter().map(|r| r.text(0)).collect()
}

/// A walk over all records in order, those whose time has come too.
struct Walk {
    /// The kinds that are left, the next one last.
    kinds: Vec<String>,
    tenant: String,
    id: String,
}

impl Walk {
    async fn begin(tx: &mut Tx) -> Result<Self, StoreError> {
        let mut kinds = kinds(tx).await?;
        kinds.reverse();
        Ok(Self { kinds, tenant: String::new(), id: String::new() })
    }

    /// The next records; none at the end.
    async fn next(&mut self, tx: &mut Tx) -> Result<Vec<Record>, StoreError> {
        while let Some(kind) = self.kinds.last() {
            let found = page(tx, kind, &self.tenant, &self.id, i64::MIN).await?;
            if let Some(last) = found.last() {
                (self.tenant, self.id) = (last.tenant.clone(), last.id.clone());
                return Ok(found);
            }
            self.kinds.pop();
            (self.tenant, self.id) = (String::new(), String::new());
        }
        Ok(Vec::new())
    }
}

/// A revision as it lies in the database.
struct Row {
    number: u64,
    at: i64,
    packed: Packed,
}

/// One revision of an API after a number: their contents are large.
async fn next_revision(tx: &mut Tx, tenant: &str, name: &str, after: u64) -> Result<Option<Row>, StoreError> {
    const SQL: &str = "SELECT number, at, digest, content FROM castile_revisions
        WHERE tenant = $1 AND name = $2 AND number > $3 ORDER BY number LIMIT 1";
    let Some(row) = tx.row(SQL, &[tenant.into(), name.into(), after.into()]).await? else { return Ok(None) };
    let packed = Packed { digest: hash_of(&row.bytes(2)?), bytes: row.bytes(3)? };
    Ok(Some(Row { number: row.number(0)?, at: row.int(1)?, packed }))
}

/// An API as it lies in the database.
struct Api {
    tenant: String,
    name: String,
    latest: u64,
    kept: bool,
    version: u64,
}

async fn apis(tx: &mut Tx) -> Result<Vec<Api>, StoreError> {
    const SQL: &str = "SELECT tenant, name, latest, kept, version FROM castile_apis ORDER BY tenant, name";
    let rows = tx.rows(SQL, &[]).await?;
    let api = |r: &super::driver::Row| {
        Ok(Api { tenant: r.text(0)?, name: r.text(1)?, latest: r.number(2)?, kept: r.int(3)? == 1, version: r.number(4)? })
    };
    rows.iter().map(api).collect()
}

impl Inner {
    pub(super) async fn dump(&self, into: mpsc::Sender<Item>) -> Result<(), StoreError> {
        let send = async |item: Item| into.send(item).await.map_err(|_| StoreError::unavailable("nobody takes the dump"));
        let mut tx = self.engine.reading().await?;
        unhurried(&mut tx).await?;
        let state = state(&mut tx).await?;
        send(Item::head(state.generation, &state.audit)).await?;
        let mut walk = Walk::begin(&mut tx).await?;
        loop {
            let records = walk.next(&mut tx).await?;
            if records.is_empty() {
                break;
            }
            for record in records {
                send(Item::record(record).ok_or_else(|| StoreError::damaged("the body of a record is no JSON"))?).await?;
            }
        }
        for api in apis(&mut tx).await? {
            let (tenant, name) = (api.tenant.clone(), api.name.clone());
            send(Item::Api { tenant, name, latest: api.latest, kept: api.kept, version: api.version }).await?;
            let mut last = 0;
            while let Some(row) = next_revision(&mut tx, &api.tenant, &api.name, last).await? {
                last = row.number;
                send(Item::revision(&api.tenant, &api.name, row.number, row.at, row.packed)).await?;
            }
        }
        let mut last = 0;
        loop {
            let page = audit::after(&mut tx, last).await?;
            let Some(end) = page.last() else { break };
            last = end.seq;
            for entry in page {
                send(Item::audit(entry)).await?;
            }
        }
        send(Item::End).await?;
        tx.commit().await
    }

    pub(super) async fn load(&self, mut items: mpsc::Receiver<Item>, how: Load) -> Result<(), StoreError> {
        let mut tx = self.engine.writing().await?;
        unhurried(&mut tx).await?;
        super::lock(&mut tx).await?;
        let before = state(&mut tx).await?;
        if how == Load::IntoEmpty && !is_empty(&mut tx).await? {
            return Err(StoreError::NotEmpty);
        }
        clear(&mut tx).await?;
        let (mut head, mut ended) = (None, false);
        while let Some(item) = items.recv().await {
            ended = item == Item::End;
            match item {
                Item::Head { generation, audit, hash } => head = Some((generation, AuditHead { seq: audit, hash: hash_of(&hash) })),
                item => add(&mut tx, item).await?,
            }
        }
        let Some((generation, audit)) = head.filter(|_| ended) else { return Err(StoreError::damaged("the dump has no end")) };
        // Whoever read the old contents must read all again.
        let generation = generation.max(before.generation) + 1;
        let values = [generation.into(), audit.seq.into(), Value::Bytes(&audit.hash)];
        tx.run("UPDATE castile_state SET generation = $1, removals_from = $1, audit_seq = $2, audit_hash = $3 WHERE id = 1", &values)
            .await?;
        self.commit(tx, generation).await
    }

    pub(super) async fn check(&self) -> Result<Vec<Damage>, StoreError> {
        let mut tx = self.engine.reading().await?;
        unhurried(&mut tx).await?;
        let state = state(&mut tx).await?;
        let mut found = audit::check(&mut tx, &state.audit).await?;
        if let Engine::Sqlite { .. } = self.engine {
            for row in tx.rows("PRAGMA integrity_check", &[]).await? {
                let what = row.text(0)?;
                if what != "ok" {
                    found.report(Damage::Other { what });
                }
            }
        }
        check_records(&mut tx, &mut found).await?;
        check_revisions(&mut tx, &mut found).await?;
        tx.commit().await?;
        Ok(found.found)
    }
}

async fn check_records(tx: &mut Tx, found: &mut Chain) -> Result<(), StoreError> {
    const KEYS: &str = "SELECT name, scope, value, is_unique FROM castile_record_keys WHERE kind = $1 AND tenant = $2 AND id = $3";
    let mut walk = Walk::begin(tx).await?;
    loop {
        let records = walk.next(tx).await?;
        if records.is_empty() {
            return Ok(());
        }
        for record in records {
            if serde_json::from_str::<&serde_json::value::RawValue>(&record.body).is_err() {
                found.report(Damage::Other { what: format!("a {} has a body that is no JSON", record.kind) });
            }
            let mut indexed = BTreeSet::new();
            for row in tx.rows(KEYS, &[Value::Text(&record.kind), Value::Text(&record.tenant), Value::Text(&record.id)]).await? {
                indexed.insert((row.text(0)?, row.text(1)?, row.text(2)?, row.int(3)? == 1));
            }
            let own = record.keys.into_iter().map(|k| (k.name.into_owned(), k.tenant, k.value, k.unique)).collect::<BTreeSet<_>>();
            if own != indexed {
                found.report(Damage::Other { what: format!("a {} is not found by its keys", record.kind) });
            }
        }
    }
}

async fn check_revisions(tx: &mut Tx, found: &mut Chain) -> Result<(), StoreError> {
    for api in apis(tx).await? {
        let mut last = 0;
        while let Some(row) = next_revision(tx, &api.tenant, &api.name, last).await? {
            last = row.number;
            if let Err(StoreError::Damaged { what }) = row.packed.unpack().await {
                found.report(Damage::Other { what: format!("{} revision {last}: {what}", api.name) });
            }
        }
        if api.kept && last != api.latest {
            found.report(Damage::Other { what: format!("{} has revision {last} where {} should be", api.name, api.latest) });
        }
    }
    Ok(())
}

async fn is_empty(tx: &mut Tx) -> Result<bool, StoreError> {
    const SQL: &str =
        "SELECT (SELECT COUNT(*) FROM castile_records) + (SELECT COUNT(*) FROM castile_apis) + (SELECT COUNT(*) FROM castile_audit)";
    let row = tx.row(SQL, &[]).await?;
    Ok(row.as_ref().map_or(Ok(0), |r| r.int(0))? == 0)
}

async fn clear(tx: &mut Tx) -> Result<(), StoreError> {
    tx.script(
        "DELETE FROM castile_record_keys; DELETE FROM castile_records; DELETE FROM castile_removed;
         DELETE FROM castile_revisions; DELETE FROM castile_apis; DELETE FROM castile_audit",
    )
    .await
}

async fn add(tx: &mut Tx, item: Item) -> Result<(), StoreError> {
    const API: &str = "INSERT INTO castile_apis (tenant, name, latest, kept, version) VALUES ($1, $2, $3, $4, $5)";
    match item {
        Item::Head { .. } | Item::End => Ok(()),
        Item::Record(stored) => records::restore(tx, &Record::from(stored)).await,
        Item::Api { tenant, name, latest, kept, version } => {
            let values = [Value::Text(&tenant), Value::Text(&name), latest.into(), Value::Int(i64::from(kept)), version.into()];
            tx.run(API, &values).await.map(drop)
        }
        Item::Revision { tenant, name, number, at, digest, content } => {
            let packed = Packed { digest: hash_of(&digest), bytes: content };
            revisions::insert(tx, (&tenant, &name), number, at, &packed).await
        }
        Item::Audit { seq, at, entry, hash } => {
            let at = Timestamp::from_millisecond(at).map_err(|_| StoreError::damaged("the time of an audit entry"))?;
            audit::insert(tx, &AuditEntry { seq, at, audit: entry, hash: hash_of(&hash) }).await
        }
    }
}

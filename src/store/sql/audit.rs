//! The log of who did what.

use jiff::Timestamp;

use super::driver::{Row, Tx, Value};
use super::{Inner, State};
use crate::store::audit::Chain;
use crate::store::item::hash_of;
use crate::store::{Audit, AuditEntry, AuditHead, MAX_PAGE, StoreError};

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT seq, at, tenant, actor, action, kind, object, summary, request_id, hash FROM castile_audit ", $rest)
    };
}

/// Adds an entry, in a transaction that has entered the line of writers.
pub(super) async fn log(tx: &mut Tx, state: &State, audit: Option<Audit>) -> Result<(), StoreError> {
    const HEAD: &str = "UPDATE castile_state SET audit_seq = $1, audit_hash = $2 WHERE id = 1";
    let Some(audit) = audit else { return Ok(()) };
    let entry = state.audit.next(Timestamp::now(), audit);
    insert(tx, &entry).await?;
    tx.run(HEAD, &[entry.seq.into(), Value::Bytes(&entry.hash)]).await.map(drop)
}

pub(super) async fn insert(tx: &mut Tx, entry: &AuditEntry) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO castile_audit (seq, at, tenant, actor, action, kind, object, summary, request_id, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let audit = &entry.audit;
    let values = [
        entry.seq.into(),
        Value::Int(entry.at.as_millisecond()),
        Value::Text(&audit.tenant),
        Value::Text(&audit.actor),
        Value::Text(&audit.action),
        Value::Text(&audit.kind),
        Value::Text(&audit.object),
        Value::Text(&audit.summary),
        Value::Text(&audit.request_id),
        Value::Bytes(&entry.hash),
    ];
    tx.run(SQL, &values).await.map(drop)
}

fn entry(row: &Row) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        seq: row.number(0)?,
        at: Timestamp::from_millisecond(row.int(1)?).map_err(|_| StoreError::damaged("an audit entry has no good time"))?,
        audit: Audit {
            tenant: row.text(2)?,
            actor: row.text(3)?,
            action: row.text(4)?,
            kind: row.text(5)?,
            object: row.text(6)?,
            summary: row.text(7)?,
            request_id: row.text(8)?,
        },
        hash: hash_of(&row.bytes(9)?),
    })
}

/// Up to a page of entries after a number, the oldest first.
pub(super) async fn after(tx: &mut Tx, seq: u64) -> Result<Vec<AuditEntry>, StoreError> {
    const SQL: &str = select!("WHERE seq > $1 ORDER BY seq LIMIT $2");
    tx.rows(SQL, &[seq.into(), MAX_PAGE.into()]).await?.iter().map(entry).collect()
}

/// Follows the log to its end.
pub(super) async fn check(tx: &mut Tx, head: &AuditHead) -> Result<Chain, StoreError> {
    let (mut chain, mut last) = (Chain::default(), 0);
    loop {
        let page = after(tx, last).await?;
        let Some(end) = page.last() else { break };
        last = end.seq;
        page.iter().for_each(|e| chain.add(e));
    }
    chain.end(head);
    Ok(chain)
}

impl Inner {
    pub(super) async fn audit(&self, tenant: Option<&str>, before: Option<u64>, limit: usize) -> Result<Vec<AuditEntry>, StoreError> {
        const ALL: &str = select!("WHERE seq < $1 ORDER BY seq DESC LIMIT $2");
        const OF_TENANT: &str = select!("WHERE tenant = $3 AND seq < $1 ORDER BY seq DESC LIMIT $2");
        let (before, limit) = (Value::from(before.unwrap_or(u64::MAX)), limit.clamp(1, MAX_PAGE).into());
        let rows = match tenant {
            Some(tenant) => self.engine.rows(OF_TENANT, &[before, limit, tenant.into()]).await?,
            None => self.engine.rows(ALL, &[before, limit]).await?,
        };
        rows.iter().map(entry).collect()
    }
}

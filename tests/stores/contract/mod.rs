//! What every store must do. A store's own tests call [`run`] with a way to make an empty one.

mod audit;
mod concurrent;
mod dump;
mod records;
mod revisions;
mod since;

use std::future::Future;

use castile::store::{Audit, Change, Expected, Key, Record, Store};
use jiff::{SignedDuration, Timestamp};

/// Runs the whole contract; `make` gives a store that is empty.
pub(super) async fn run<S: Store + 'static, F: Future<Output = S>>(make: impl Fn() -> F) {
    revisions::run(&make).await;
    records::run(&make).await;
    since::run(&make).await;
    audit::run(&make).await;
    dump::run(&make).await;
    concurrent::run(&make).await;
}

/// A record of that kind and id.
fn record(kind: &str, id: &str) -> Record {
    Record {
        kind: kind.into(),
        tenant: "default".into(),
        id: id.into(),
        version: 0,
        expires: None,
        keys: Vec::new(),
        body: format!(r#"{{"id":"{id}"}}"#),
    }
}

fn in_tenant(tenant: &str, record: Record) -> Record {
    Record { tenant: tenant.into(), ..record }
}

fn with_keys(record: Record, keys: &[Key]) -> Record {
    Record { keys: keys.to_vec(), ..record }
}

/// A record that ends so many milliseconds from now, or ended before.
fn ending_in(record: Record, ms: i64) -> Record {
    let at = Timestamp::now().checked_add(SignedDuration::from_millis(ms)).unwrap();
    Record { expires: Some(Timestamp::from_millisecond(at.as_millisecond()).unwrap()), ..record }
}

fn put(record: &Record, expected: Expected) -> Change {
    Change::Put { record: record.clone(), expected }
}

fn remove(record: &Record, expected: Expected) -> Change {
    let any = Change::Put { record: record.clone(), expected };
    Change::Remove { place: any.place(), expected }
}

fn audit(tenant: &str, action: &str) -> Audit {
    Audit {
        tenant: tenant.into(),
        actor: "ann".into(),
        action: action.into(),
        kind: "user".into(),
        object: "u1".into(),
        summary: "Ann did it: \u{e4} \u{1f600}".into(),
        request_id: "01JD".into(),
    }
}

async fn keep(store: &impl Store, record: &Record) -> u64 {
    store.write(vec![put(record, Expected::Any)], None).await.unwrap()
}

async fn ids(store: &impl Store, kind: &str) -> Vec<String> {
    store.records(kind, None, None, 1000).await.unwrap().records.into_iter().map(|r| format!("{}/{}", r.tenant, r.id)).collect()
}

//! Where things are kept and counted: the store, its audit chain, the clocks of nodes, Redis.

use super::super::control;
use super::{Findings, Level, Patient};
use crate::auth::Issuer;
use crate::manage::Instance;
use crate::store::{AnyStore, Keep, MAX_PAGE, Seal, Store, StoreError, Versioned};
use crate::throttle::CountState;

/// Clocks that are further apart are a problem, in seconds.
const CLOCKS_SECONDS: i64 = 2;

/// Gives the outside issuers that the store knows.
pub(super) async fn look(patient: &Patient, findings: &mut Findings) -> Vec<Issuer> {
    redis(patient, findings).await;
    let settings = &patient.config.store;
    if let Some(file) = AnyStore::sqlite_file(settings, &patient.beside)
        && !file.is_file()
    {
        findings.add("store", Level::Note, format!("{} is not there yet", file.display()), "`castile serve` makes it");
        return Vec::new();
    }
    // Makes no keys where there are none: they would be other ones than the server's.
    if settings.key_file.is_some() || settings.key.is_some() || patient.beside.join("data/castile.key").is_file() {
        match Seal::open_keys(settings, &patient.beside) {
            Ok(_) => findings.fine("sealing keys", "they can be read"),
            Err(error) => findings.add("sealing keys", Level::Problem, error.to_string(), "see docs/store.md"),
        }
    }
    let store = match AnyStore::open_as_it_is(settings, &patient.beside).await {
        Ok(store) => store,
        Err(error @ StoreError::Unavailable { .. }) => {
            findings.add("store", Level::Unreachable, error.to_string(), "see `store` of the settings, and the database");
            return Vec::new();
        }
        Err(error @ StoreError::Older { .. }) => {
            findings.add(
                "store",
                Level::Note,
                error.to_string(),
                "`castile db migrate` brings it there, and so does `castile serve` as it starts",
            );
            return Vec::new();
        }
        Err(error) => {
            findings.add("store", Level::Problem, error.to_string(), "see docs/store.md");
            return Vec::new();
        }
    };
    let issuers = opened(&store, findings).await;
    store.close().await;
    issuers.unwrap_or_else(|error| {
        findings.add("store", Level::Unreachable, error.to_string(), "see docs/store.md");
        Vec::new()
    })
}

async fn opened(store: &AnyStore, findings: &mut Findings) -> Result<Vec<Issuer>, StoreError> {
    let damage = store.check().await?;
    let backend = store.state().backend;
    if damage.is_empty() {
        findings.fine(
            "store",
            format!("{backend} is reached, its schema is the newest, the audit log is whole up to {}", store.audit_head().await?),
        );
    } else {
        let text = format!("{} things are not as they were written", damage.len());
        findings.add("store", Level::Problem, text, "`castile db check` names them; `castile db restore` reads a backup");
    }
    let (instances, _) = store.page::<Instance>(None, None, MAX_PAGE).await?;
    let now = jiff::Timestamp::now().as_second();
    let ahead = instances.iter().map(|i| i.value.seen - now).max().unwrap_or_default();
    match ahead {
        ahead if ahead > CLOCKS_SECONDS => {
            let text = format!("the clock of another node is {ahead} s ahead of this one's");
            findings.add("clock", Level::Problem, text, "keep clocks together (NTP)");
        }
        _ if instances.is_empty() => {}
        _ => findings.fine("clock", format!("no heartbeat of the {} instances is ahead of this machine's time", instances.len())),
    }
    let (issuers, _): (Vec<Versioned<Issuer>>, _) = store.page(None, None, MAX_PAGE).await?;
    Ok(issuers.into_iter().map(|i| i.value).collect())
}

async fn redis(patient: &Patient, findings: &mut Findings) {
    if patient.config.redis.url.is_none() {
        return;
    }
    match control::limiter(&patient.config).await.map(|limiter| limiter.state()) {
        Ok(CountState::Shared) => findings.fine("redis", "it is reached, and takes the script"),
        Ok(CountState::Alone | CountState::Away) => {
            findings.add(
                "redis",
                Level::Unreachable,
                "it is not reached, or takes no script",
                "see `redis` of the settings, and docs/limits.md",
            );
        }
        Err(error) => findings.add("redis", Level::Problem, error.to_string(), "see `redis` of the settings"),
    }
}

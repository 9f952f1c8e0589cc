//! Who looks for changes of other processes, and tidies away what nobody asks for any more.

use std::sync::Arc;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use super::Inner;
use super::driver::{OPERATION, failed};
use crate::store::StoreError;

/// How often a SQLite file is asked for its generation.
pub(super) const SQLITE_EVERY: Duration = Duration::from_millis(500);
/// How often PostgreSQL is asked, behind its notifications.
pub(super) const POSTGRES_EVERY: Duration = Duration::from_secs(1);
/// How often records whose time has come are looked for.
const PRUNE_EVERY: Duration = Duration::from_secs(10);
/// Records and removals that are forgotten in one transaction: others must not wait for long.
const PRUNE_BATCH: usize = 500;
/// Shortest and longest wait before a connection that was lost is made again.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// Asks for the generation every so often; ends with its owner.
pub(super) async fn look(inner: Arc<Inner>, every: Duration) {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut away, mut prune_at) = (false, Instant::now() + PRUNE_EVERY);
    loop {
        ticks.tick().await;
        let looked = ask(&inner).await;
        match &looked {
            Ok(()) if away => tracing::warn!(store = inner.engine.name(), "the store is there again"),
            Err(error) if !away => tracing::error!(store = inner.engine.name(), %error, "the store is away"),
            Ok(()) | Err(_) => {}
        }
        away = looked.is_err();
        if !away && Instant::now() >= prune_at {
            let full = matches!(inner.within(OPERATION, inner.prune(PRUNE_BATCH)).await, Ok(PRUNE_BATCH));
            prune_at = Instant::now() + if full { every } else { PRUNE_EVERY };
        }
    }
}

async fn ask(inner: &Inner) -> Result<(), StoreError> {
    if !inner.migrated.load(std::sync::atomic::Ordering::Acquire) {
        inner.migrate().await?;
    }
    inner.within(OPERATION, inner.generation()).await.map(drop)
}

/// Hears of changes as they happen; ends with its owner.
pub(super) async fn listen(inner: Arc<Inner>, pool: PgPool) {
    let mut wait = BACKOFF.0;
    loop {
        if let Ok(Ok(mut listener)) = timeout(OPERATION, connect(&pool)).await {
            wait = BACKOFF.0;
            // What happened while nobody listened is asked for by whoever looks.
            while let Ok(Some(heard)) = listener.try_recv().await {
                if let Ok(generation) = heard.payload().parse() {
                    inner.saw(generation);
                }
            }
        }
        sleep(wait).await;
        wait = (wait * 2).min(BACKOFF.1);
    }
}

async fn connect(pool: &PgPool) -> Result<PgListener, StoreError> {
    let mut listener = PgListener::connect_with(pool).await.map_err(failed)?;
    listener.listen("castile_changed").await.map_err(failed)?;
    Ok(listener)
}

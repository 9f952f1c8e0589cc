//! Tells when files of a folder change, in bursts.

use std::path::Path;
use std::time::Duration;

use notify_debouncer_full::notify::{EventKind, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};
use tokio::sync::mpsc;

/// How long a folder must be quiet before a change counts: an editor saves in several steps.
const QUIET: Duration = Duration::from_millis(250);

/// Watches a folder until it is dropped.
#[derive(Debug)]
pub struct Watch {
    _debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
    changes: mpsc::Receiver<()>,
}

impl Watch {
    /// Begins to watch a folder and all below it.
    ///
    /// # Errors
    /// The folder is not there, or the system gives no more watches.
    pub fn folder(path: &Path) -> std::io::Result<Self> {
        // One waiting word is enough: whoever hears it looks at everything.
        let (tell, changes) = mpsc::channel(1);
        let heard = move |result: DebounceEventResult| {
            let counts = match result {
                Ok(events) => events.iter().any(|e| !matches!(e.kind, EventKind::Access(_))),
                // What was missed may have been a change.
                Err(_) => true,
            };
            if counts {
                let _full_already = tell.try_send(());
            }
        };
        let mut debouncer = new_debouncer(QUIET, None, heard).map_err(std::io::Error::other)?;
        debouncer.watch(path, RecursiveMode::Recursive).map_err(std::io::Error::other)?;
        Ok(Self { _debouncer: debouncer, changes })
    }

    /// Waits for the next change. Never returns where the watcher ended.
    pub async fn changed(&mut self) {
        if self.changes.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

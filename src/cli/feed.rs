//! Where the APIs of a server come from: the folder, read into the store and watched, or the store alone.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::Signal;

use crate::catalog::{self, Folder, Pinned, Reload, Roster, Watch};
use crate::diagnostic;
use crate::store::AnyStore;

/// Between two attempts to read APIs.
const RETRY: Duration = Duration::from_secs(1);

/// What feeds the catalog of a server.
pub(super) struct Feed {
    roster: Arc<Roster<AnyStore>>,
    folder: Option<Folder<AnyStore>>,
    watch: Option<Watch>,
    /// Was it read once?
    begun: bool,
}

impl Feed {
    /// The folder, where one is to be read: else the store alone.
    pub(super) fn new(roster: Arc<Roster<AnyStore>>, directory: Option<&Path>) -> Self {
        let folder = directory.map(|path| Folder::of(path, roster.clone()));
        Self { roster, folder, watch: None, begun: false }
    }

    /// Publishes what is there.
    ///
    /// # Errors
    /// The folder or the store cannot be read.
    pub(super) async fn begin(&mut self) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            self.roster.refresh().await.map_err(io::Error::other)?.log();
            self.begun = true;
            return Ok(());
        };
        // Watched from before the first look: a change in between must not be missed.
        match Watch::folder(folder.path()) {
            Ok(watch) => self.watch = Some(watch),
            Err(error) => tracing::error!(%error, "the folder is not watched: SIGHUP reloads it"),
        }
        say(&folder.reload().await.map_err(|e| io::Error::new(e.kind(), unread(folder.path(), &e)))?);
        self.begun = true;
        Ok(())
    }

    /// [`Feed::follow`] from when the store is reached on, which may be at once. Where it was away until then, the folder is read now.
    pub(super) async fn follow_from(&mut self, reached: impl Future<Output = ()>, hangup: &mut Signal) {
        reached.await;
        while !self.begun {
            if let Err(error) = self.begin().await {
                tracing::error!(%error, "the APIs cannot be read: what was published stays");
                tokio::time::sleep(RETRY).await;
            }
        }
        self.follow(hangup).await;
    }

    /// Reads the folder whenever a file or a sealed secret changes, and it and all secrets whenever SIGHUP comes; never returns.
    async fn follow(&mut self, hangup: &mut Signal) {
        let vault = self.roster.vault().clone();
        loop {
            let sealed = vault.version();
            let changed = async {
                match &mut self.watch {
                    Some(watch) => watch.changed().await,
                    None => std::future::pending().await,
                }
            };
            let told = tokio::select! {
                () = changed => false,
                () = vault.changed(sealed) => false,
                _ = hangup.recv() => true,
            };
            if let Some(folder) = &self.folder {
                match folder.reload().await {
                    Ok(reload) => say(&reload),
                    Err(error) => tracing::error!(%error, "the folder cannot be read: what was published stays"),
                }
            }
            if told {
                match self.roster.renew().await {
                    Ok(update) => update.log(),
                    Err(error) => tracing::error!(%error, "the store cannot be read: what was published stays"),
                }
            }
        }
    }
}

/// The folder that a server reads: the one that is named; else the usual one, but not where several nodes may share the database. Says once where APIs in
/// the usual one are not read.
pub(super) fn folder_of(named: Option<&Path>, usual: PathBuf, shared: bool) -> Option<PathBuf> {
    if let Some(named) = named {
        return Some(named.to_owned());
    }
    if !shared {
        return Some(usual);
    }
    if catalog::list(&usual).is_ok_and(|apis| !apis.is_empty()) {
        let path = usual.display();
        tracing::warn!(folder = %path, "the store is PostgreSQL: the folder is not read; `castile apply` brings it to the server, and `--dir` has it read all the same");
    }
    None
}

/// Why a folder of APIs cannot be read, and what to do.
pub(super) fn unread(folder: &Path, error: &io::Error) -> String {
    let shown = folder.display();
    match error.kind() {
        io::ErrorKind::NotFound => format!(
            "there is no folder {shown} with APIs: `castile import WSDL` makes one of a WSDL in apis, `castile init` an empty one, and `--dir` names another"
        ),
        io::ErrorKind::NotADirectory => {
            format!("{shown} is no folder: `--dir` names the folder with the APIs, each in a folder of its own")
        }
        _ => format!("{shown}: {error}"),
    }
}

/// Says what a reload did: code frames for people, a line for the log.
pub(super) fn say(reload: &Reload) {
    for failure in reload.failed.iter().chain(&reload.notes) {
        eprint!("{}", diagnostic::text(&failure.diagnostics, 0, &failure.sources, false));
    }
    for failure in &reload.failed {
        tracing::error!(api = %failure.name, last_good_version_kept = failure.kept, "the files of an API are not good");
    }
    for Pinned { api, revision, latest } in &reload.pinned {
        tracing::warn!(%api, revision, latest, "a pinned revision is in force: the files are kept as the newest revision, and not served");
    }
    let names = |list: &[Arc<str>]| list.join(", ");
    if !reload.changed.is_empty() || !reload.removed.is_empty() {
        let (changed, removed) = (names(&reload.changed), names(&reload.removed));
        tracing::info!(snapshot = reload.snapshot.number, %changed, %removed, apis = reload.snapshot.apis.len(), "published");
    }
}

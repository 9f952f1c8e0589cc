//! `castile diff|apply|export`: APIs between a folder and a running server, both ways, as the texts that they are made of.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use http::Method;
use serde_json::{Value, json};

use super::remote::Remote;
use crate::catalog::{self, Texts};
use crate::cli::args::Global;
use crate::cli::{Exit, Outcome, Screen, runtime, target};
use crate::diagnostic::nearest;

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Only these APIs [default: all]
    #[arg(value_name = "API")]
    apis: Vec<String>,
    /// The folder of API definitions [default: `apis` of the settings, else ./apis]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Another tenant than one's own, for administrators of the tenant default
    #[arg(long, value_name = "T")]
    tenant: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    which: Which,
    /// Say what would happen and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Remove from the server what is not in the folder; APIs with subscriptions stay, and those of which a revision is held
    #[arg(long, conflicts_with = "apis")]
    prune: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    which: Which,
    /// Write over files that are there and differ
    #[arg(long)]
    force: bool,
}

/// An API of the server.
struct Served {
    /// The revision that is in force.
    revision: u64,
    latest: u64,
    by_files: bool,
    /// Is a revision held, so that newer ones are not in force?
    held: bool,
    /// The state that is in force, and the one that its definition says.
    state: String,
    defined_state: String,
}

/// How an API of the folder and the one that is served differ.
struct Difference {
    /// `same`, `new`, `gone`, `changed`, `held`: the server has the folder's texts, not in force, or `state`: only the state is another.
    word: &'static str,
    files: Vec<String>,
}

/// A folder, a server, and which APIs of them.
struct Delivery<'a> {
    screen: &'a Screen,
    remote: Remote<'a>,
    folder: PathBuf,
    wanted: Vec<String>,
}

/// Says how folder and server differ; a problem where they do.
pub(crate) fn diff(screen: &Screen, global: &Global, command: Diff) -> Outcome {
    let delivery = Delivery::new(screen, global, command.which)?;
    runtime(screen)?.block_on(delivery.diff())
}

/// Makes the server's APIs those of the folder.
pub(crate) fn apply(screen: &Screen, global: &Global, command: Apply) -> Outcome {
    let delivery = Delivery::new(screen, global, command.which)?;
    runtime(screen)?.block_on(delivery.apply(command.dry_run, command.prune))
}

/// Writes the server's APIs into the folder.
pub(crate) fn export(screen: &Screen, global: &Global, command: Export) -> Outcome {
    let delivery = Delivery::new(screen, global, command.which)?;
    runtime(screen)?.block_on(delivery.export(command.force))
}

impl<'a> Delivery<'a> {
    fn new(screen: &'a Screen, global: &Global, which: Which) -> Outcome<Self> {
        let folder = match which.dir {
            Some(dir) => dir,
            None => target::apis_folder(&target::config(screen, global)?, target::config_file(global).as_deref()),
        };
        let remote = Remote::new(screen, global, which.tenant)?;
        Ok(Self { screen, remote, folder, wanted: which.apis })
    }

    async fn diff(&self) -> Outcome {
        let (here, there) = (self.here()?, self.there().await?);
        self.must_be_known(here.keys().chain(there.keys()))?;
        let names: BTreeSet<&String> = here.keys().chain(there.keys()).filter(|n| self.is_wanted(n)).collect();
        let (mut rows, mut differ) = (Vec::new(), false);
        for name in names {
            let served = there.get(name);
            let found = self.difference(name, here.get(name).map(PathBuf::as_path), served).await?;
            differ |= found.word != "same";
            let mut row = json!({ "api": name, "difference": found.word, "files": found.files });
            if let (Some(served), Some(row)) = (served, row.as_object_mut()) {
                row.insert("revision".into(), served.revision.into());
                row.insert("latest".into(), served.latest.into());
                row.insert("held".into(), served.held.into());
                row.insert("state".into(), served.state.clone().into());
            }
            rows.push(row);
        }
        super::list(self.screen, &rows, &["difference", "api", "files"]);
        Ok(if differ { Exit::Problem } else { Exit::Fine })
    }

    /// How an API differs from what callers get of it: by the revision in force, and by its state.
    async fn difference(&self, name: &str, here: Option<&Path>, there: Option<&Served>) -> Outcome<Difference> {
        let word = |word| Difference { word, files: Vec::new() };
        let (directory, served) = match (here, there) {
            (Some(directory), Some(served)) => (directory, served),
            (Some(_), None) => return Ok(word("new")),
            (None, _) => return Ok(word("gone")),
        };
        let texts = self.texts_here(directory)?;
        let files = differing(&texts, &self.texts_there(name, "in-force").await?);
        let is_behind = served.held && served.revision != served.latest;
        if is_behind {
            let Served { revision, latest, .. } = served;
            self.screen.say(&format!(
                "{name}: revision {revision} is held; the newest, {latest}, is not in force until `castile api publish {name}`"
            ));
        }
        if served.state != served.defined_state {
            self.screen.say(&format!("{name}: is {}; its api.yaml says {}", served.state, served.defined_state));
        }
        let found = if files.is_empty() {
            if served.state == served.defined_state { "same" } else { "state" }
        } else if is_behind && differing(&texts, &self.texts_there(name, "latest").await?).is_empty() {
            "held"
        } else {
            "changed"
        };
        Ok(Difference { word: found, files })
    }

    async fn apply(&self, dry_run: bool, prune: bool) -> Outcome {
        let here = self.here()?;
        self.must_be_known(here.keys())?;
        let (mut rows, mut ended) = (Vec::new(), Exit::Fine);
        for (name, directory) in here.iter().filter(|(n, _)| self.is_wanted(n)) {
            let Ok(texts) = self.texts_here(directory) else {
                ended = Exit::Problem;
                rows.push(json!({ "api": name, "done": "refused", "revision": null }));
                continue;
            };
            let body = json!({ "files": texts, "dry_run": dry_run });
            match self.remote.send(Method::POST, &path(&["apis", name, "revisions"]), &[], Some(&body)).await {
                Ok(made) => {
                    let done = match (made.get("changed").and_then(Value::as_bool), dry_run) {
                        (Some(false), _) => "unchanged",
                        (_, true) => "would change",
                        (_, false) => "changed",
                    };
                    rows.push(json!({ "api": name, "done": done, "revision": made.get("revision") }));
                }
                Err(Exit::Unreachable) => return Err(Exit::Unreachable),
                Err(_) => {
                    ended = Exit::Problem;
                    rows.push(json!({ "api": name, "done": "refused", "revision": null }));
                }
            }
        }
        if prune {
            ended = self.prune(&here, dry_run, &mut rows).await?.unwrap_or(ended);
        }
        super::list(self.screen, &rows, &["done", "api", "revision"]);
        Ok(ended)
    }

    /// Removes what is not here. Gives how that ended, where not all went well.
    async fn prune(&self, here: &BTreeMap<String, PathBuf>, dry_run: bool, rows: &mut Vec<Value>) -> Outcome<Option<Exit>> {
        let mut ended = None;
        for (name, served) in self.there().await? {
            // What a server reads from a folder of its own comes and goes there.
            if served.by_files || here.contains_key(&name) {
                continue;
            }
            // Somebody put it there by hand, and waits for something.
            let done = if served.held {
                let Served { revision, .. } = served;
                self.screen.error(&format!("{name}: revision {revision} is held; `castile api publish {name}` lets go of it"));
                "held"
            } else if !dry_run {
                match self.remote.send(Method::DELETE, &path(&["apis", &name]), &[], None).await {
                    Ok(_) => "removed",
                    Err(Exit::Unreachable) => return Err(Exit::Unreachable),
                    Err(_) => "refused",
                }
            } else if self.is_subscribed(&name).await? {
                self.screen.error(&format!("{name}: it has subscriptions, and would stay"));
                "would be refused"
            } else {
                "would remove"
            };
            if !matches!(done, "removed" | "would remove") {
                ended = Some(Exit::Problem);
            }
            rows.push(json!({ "api": name, "done": done, "revision": served.latest }));
        }
        Ok(ended)
    }

    async fn is_subscribed(&self, api: &str) -> Outcome<bool> {
        let query = [("api", api.to_owned()), ("limit", "1".to_owned())];
        let some = self.remote.send(Method::GET, &path(&["subscriptions"]), &query, None).await?;
        Ok(some.get("items").and_then(Value::as_array).is_some_and(|items| !items.is_empty()))
    }

    async fn export(&self, force: bool) -> Outcome {
        let there = self.there().await?;
        self.must_be_known(there.keys())?;
        let mut rows = Vec::new();
        for name in there.keys().filter(|n| self.is_wanted(n)) {
            if crate::api::folder_name(name) != *name {
                self.screen.error(&format!("`{}` is no name of a folder", name.escape_debug()));
                return Err(Exit::Problem);
            }
            let texts = self.texts_there(name, "in-force").await?;
            let directory = self.folder.join(name);
            let written = self.write(&directory, &texts, force)?;
            let done = if written == 0 { "unchanged" } else { "written" };
            rows.push(json!({ "api": name, "done": done, "files": written, "folder": directory.to_string_lossy() }));
        }
        super::list(self.screen, &rows, &["done", "api", "files", "folder"]);
        Ok(Exit::Fine)
    }

    /// Writes the texts that are not there as they are; gives how many. All are looked at before one is written.
    fn write(&self, directory: &Path, texts: &Texts, force: bool) -> Outcome<usize> {
        let failed = |path: &Path, why: &str| {
            self.screen.error(&format!("{}: {why}", path.display()));
            Exit::Problem
        };
        let mut todo = Vec::new();
        for (name, text) in texts {
            let path = directory.join(name);
            if !catalog::is_inside(name) {
                return Err(failed(&path, "the server names a file outside of the API's folder"));
            }
            match fs::read(&path) {
                Ok(there) if there == text.as_bytes() => {}
                Ok(_) if !force => return Err(failed(&path, "is there already and differs; `--force` writes over it")),
                Ok(_) => todo.push((path, text)),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => todo.push((path, text)),
                Err(e) => return Err(failed(&path, &e.to_string())),
            }
        }
        for (path, text) in &todo {
            let parent = path.parent().unwrap_or(directory);
            fs::create_dir_all(parent).and_then(|()| fs::write(path, text.as_bytes())).map_err(|e| failed(path, &e.to_string()))?;
        }
        Ok(todo.len())
    }

    /// The APIs of the folder.
    fn here(&self) -> Outcome<BTreeMap<String, PathBuf>> {
        match catalog::list(&self.folder) {
            Ok(found) => Ok(found.into_iter().map(|(name, directory)| (name.to_string(), directory)).collect()),
            Err(e) => {
                self.screen.error(&format!("{}: {e}", self.folder.display()));
                Err(Exit::Problem)
            }
        }
    }

    /// The APIs of the server.
    async fn there(&self) -> Outcome<BTreeMap<String, Served>> {
        let listed = self.remote.list(&path(&["apis"]), &[]).await?;
        let served = |api: &Value| {
            let text = |name: &str| api[name].as_str().unwrap_or_default().to_owned();
            let is = Served {
                revision: api["revision"].as_u64().unwrap_or(0),
                latest: api["latest"].as_u64().unwrap_or(0),
                by_files: api["managed_by_files"] == true,
                held: api["held"] == true,
                state: text("state"),
                defined_state: text("defined_state"),
            };
            Some((api["name"].as_str()?.to_owned(), is))
        };
        Ok(listed.iter().filter_map(served).collect())
    }

    fn texts_here(&self, directory: &Path) -> Outcome<Texts> {
        match catalog::read_api(directory) {
            Ok(content) => Ok(content.texts()),
            Err(built) => {
                self.screen.diagnostics(&built.diagnostics, &built.sources);
                Err(Exit::Problem)
            }
        }
    }

    async fn texts_there(&self, api: &str, revision: &str) -> Outcome<Texts> {
        let answer = self.remote.send(Method::GET, &path(&["apis", api, "revisions", revision]), &[], None).await?;
        let files = answer.get("files").and_then(Value::as_object).into_iter().flatten();
        Ok(files.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.into()))).collect())
    }

    fn is_wanted(&self, name: &str) -> bool {
        self.wanted.is_empty() || self.wanted.iter().any(|w| w == name)
    }

    /// Refuses names that nobody has.
    fn must_be_known<'n>(&self, names: impl Iterator<Item = &'n String>) -> Outcome<()> {
        let names: Vec<&str> = names.map(String::as_str).collect();
        let Some(unknown) = self.wanted.iter().find(|w| !names.contains(&w.as_str())) else { return Ok(()) };
        let hint = nearest(unknown, names.iter().copied()).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
        Err(self.screen.usage(&format!("there is no API `{unknown}`{hint}")))
    }
}

/// The files that are not the same on both sides.
fn differing(one: &Texts, other: &Texts) -> Vec<String> {
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    names.into_iter().filter(|n| one.get(*n) != other.get(*n)).cloned().collect()
}

fn path(segments: &[&str]) -> Vec<String> {
    segments.iter().map(|s| (*s).to_owned()).collect()
}

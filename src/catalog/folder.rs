//! The folder of API definitions: read into the store, from where the roster publishes it, again at every change.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::Mutex;

use super::content::{Built, build_of};
use super::credentials;
use super::{ApiName, Catalog, Compiled, Pinned, PublishedApi, Roster, Snapshot, Vault, missing_callees};
use crate::api::{ApiDefinition, Lock};
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::sequence::Sequence;
use crate::store::{Content, DEFAULT_TENANT, MAX_APIS, Store, StoreError, StoredDocument};
use crate::wsdl::source::{Options, Origin, Policy, codes as source_codes, load_local};

/// Bytes of one api.yaml.
const DEFINITION_BYTES: u64 = 8 << 20;
/// Bytes of one api.lock.
const LOCK_BYTES: u64 = 64 << 20;
/// Files of one API that are looked at for changes.
const MAX_FILES: usize = 10_000;

/// An API whose files are not good.
#[derive(Debug)]
pub struct Failure {
    /// The name of its folder.
    pub name: Arc<str>,
    /// Does its last good version stay published?
    pub kept: bool,
    /// What is wrong.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the diagnostics point into.
    pub sources: Sources,
}

/// What a reload did.
#[derive(Debug)]
pub struct Reload {
    /// The snapshot after it.
    pub snapshot: Arc<Snapshot>,
    /// Names of the APIs that are published anew.
    pub changed: Vec<Arc<str>>,
    /// Names of those that are not there any more.
    pub removed: Vec<Arc<str>>,
    /// Those whose files are not good.
    pub failed: Vec<Failure>,
    /// Warnings and notes of those that were read anew.
    pub notes: Vec<Failure>,
    /// Those of which an older revision is held, and not what was read anew.
    pub pinned: Vec<Pinned>,
}

/// The folder `apis/`, and the roster of the store that it fills.
#[derive(Debug)]
pub struct Folder<S> {
    path: PathBuf,
    roster: Arc<Roster<S>>,
    known: Mutex<Known>,
}

/// What is known of the folder.
#[derive(Debug, Default)]
struct Known {
    apis: HashMap<Arc<str>, Looked>,
    /// APIs of the store that are not managed by files, and have no folder.
    others: HashSet<Arc<str>>,
}

/// What is known of an API's folder.
#[derive(Debug)]
struct Looked {
    /// Paths, times and lengths of its files when it was read, those with its secrets among them.
    fingerprint: Fingerprint,
    /// The files with its secrets, wherever they are.
    secrets: Vec<PathBuf>,
    /// Where it was not good: the version of the sealed secrets then, of which one may have been missing.
    failed: Option<u64>,
}

type Fingerprint = Vec<(PathBuf, Option<SystemTime>, u64)>;

impl<S: Store + 'static> Folder<S> {
    /// A folder that was not read yet, with a roster of its own.
    pub fn new(path: impl Into<PathBuf>, store: Arc<S>, catalog: Arc<Catalog>) -> Self {
        Self::of(path, Arc::new(Roster::new(store, catalog)))
    }

    /// The same with a roster that others use too.
    pub fn of(path: impl Into<PathBuf>, roster: Arc<Roster<S>>) -> Self {
        Self { path: path.into(), roster, known: Mutex::default() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads what changed into the store, removes from there what is not in the folder any more, and publishes what is in force. A bad
    /// file keeps the last good version of its API. Calls at one time run one after the other; APIs are compiled one at a time, away from
    /// the callers' threads.
    ///
    /// # Errors
    /// The folder cannot be read, or the store: nothing changes then.
    pub async fn reload(&self) -> std::io::Result<Reload> {
        let mut known = self.known.lock().await;
        self.roster.look().await.map_err(std::io::Error::other)?;
        let path = self.path.clone();
        let listed = blocking(move || list(&path)).await??;
        let gone = self.gone(&mut known, &listed).await.map_err(std::io::Error::other)?;
        let mut read = Read::default();
        for (name, directory) in listed {
            read.look(name, directory, &known, self.roster.vault()).await?;
        }
        let update = self.roster.accept(read.compiled, &gone).await.map_err(std::io::Error::other)?;
        known.apis.retain(|name, _| !gone.iter().any(|g| g.name == *name));
        known.apis.extend(read.looked);
        let snapshot = update.snapshot;
        // What one API calls of another shows once both are known.
        for note in &mut read.notes {
            let api = snapshot.apis.iter().find(|a| *a.tenant == *DEFAULT_TENANT && a.name == note.name);
            note.diagnostics.extend(api.map(|api| missing_callees(api, &snapshot.apis)).unwrap_or_default());
        }
        read.notes.retain(|note| !note.diagnostics.is_empty());
        let is_published = |name: &str| snapshot.apis.iter().any(|a| *a.tenant == *DEFAULT_TENANT && *a.name == *name);
        let mut failed = read.failed;
        for failure in &mut failed {
            failure.kept = is_published(&failure.name);
        }
        failed.extend(update.failed);
        let names = |list: Vec<ApiName>| list.into_iter().map(|n| n.to_string().into()).collect();
        let (changed, removed) = (names(update.changed), names(update.removed));
        Ok(Reload { snapshot, changed, removed, failed, notes: read.notes, pinned: update.pinned })
    }

    /// The APIs of the store that are managed by files and have none here: also those that were left by an earlier run.
    async fn gone(&self, known: &mut Known, listed: &[(Arc<str>, PathBuf)]) -> Result<Vec<ApiName>, StoreError> {
        let here: HashSet<&str> = listed.iter().map(|(name, _)| &**name).collect();
        known.others.retain(|name| !here.contains(&**name));
        known.apis.retain(|name, _| here.contains(&**name));
        let mut gone = Vec::new();
        let store = self.roster.store();
        for api in store.apis(Some(DEFAULT_TENANT)).await? {
            if here.contains(&*api.name) || known.others.contains(&api.name) {
                continue;
            }
            match store.latest(DEFAULT_TENANT, &api.name).await? {
                Some(revision) if revision.content.managed_by_files => gone.push(ApiName::new(DEFAULT_TENANT, api.name)),
                Some(_) => _ = known.others.insert(api.name),
                None => {}
            }
        }
        Ok(gone)
    }
}

/// What was read of a folder at one time.
#[derive(Debug, Default)]
struct Read {
    looked: Vec<(Arc<str>, Looked)>,
    compiled: Vec<Compiled>,
    failed: Vec<Failure>,
    notes: Vec<Failure>,
}

impl Read {
    /// Reads and compiles one API's folder if it changed.
    async fn look(&mut self, name: Arc<str>, directory: PathBuf, known: &Known, vault: &Arc<Vault>) -> std::io::Result<()> {
        let before = known.apis.get(&name);
        let (looked, secrets) = (directory.clone(), before.map(|k| k.secrets.clone()).unwrap_or_default());
        let now = blocking(move || fingerprint(&looked, &secrets)).await?;
        let sealed = vault.version();
        if before.is_some_and(|k| k.fingerprint == now && k.failed.is_none_or(|version| version == sealed)) {
            return Ok(());
        }
        let looked = directory.clone();
        let read = blocking(move || read_api(&directory)).await?;
        let secrets = read.as_ref().map(|content| credentials::files(content, vault)).unwrap_or_default();
        let named = secrets.clone();
        let fingerprint = blocking(move || fingerprint(&looked, &named)).await?;
        let (content, built) = match read {
            Ok(content) => {
                let (tried, tried_name) = (content.clone(), name.clone());
                let vault = vault.clone();
                (Some(content), blocking(move || build_of(DEFAULT_TENANT, &tried_name, &tried, &vault)).await?)
            }
            Err(failed) => (None, failed),
        };
        let Built { api, diagnostics, sources } = built;
        self.looked.push((name.clone(), Looked { fingerprint, secrets, failed: api.is_none().then_some(sealed) }));
        let found = Failure { name: name.clone(), kept: true, diagnostics, sources };
        match (content, api) {
            (Some(content), Some(made)) => {
                self.notes.push(found);
                self.compiled.push(Compiled { api: ApiName::new(DEFAULT_TENANT, name), content, made });
            }
            (_, None) | (None, _) => self.failed.push(found),
        }
        Ok(())
    }
}

/// Runs what blocks or computes away from the tasks.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other)
}

/// Do two APIs answer at one address?
pub fn share_address(one: &PublishedApi, other: &PublishedApi) -> bool {
    std::iter::once(&one.base_path).chain(&one.default_path).any(|a| answers_at(other, std::slice::from_ref(a)))
}

/// Does an API answer at one of these addresses?
pub fn answers_at(api: &PublishedApi, addresses: &[Arc<str>]) -> bool {
    std::iter::once(&api.base_path).chain(&api.default_path).any(|a| addresses.contains(a))
}

/// The folders that hold an `api.yaml`, by name.
pub fn list(path: &Path) -> std::io::Result<Vec<(Arc<str>, PathBuf)>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !name.starts_with('.') && entry.path().join("api.yaml").is_file() {
            found.insert(Arc::<str>::from(name), entry.path());
            if found.len() > MAX_APIS {
                return Err(std::io::Error::other(format!("more than {MAX_APIS} APIs")));
            }
        }
    }
    Ok(found.into_iter().collect())
}

fn fingerprint(directory: &Path, more: &[PathBuf]) -> Fingerprint {
    let seen = |path: &PathBuf| std::fs::metadata(path).ok().map_or((None, 0), |m| (m.modified().ok(), m.len()));
    let mut files: Fingerprint = more.iter().map(|path| (path.clone(), seen(path).0, seen(path).1)).collect();
    let mut todo = vec![directory.to_path_buf()];
    while let Some(next) = todo.pop() {
        for entry in std::fs::read_dir(&next).into_iter().flatten().flatten() {
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                todo.push(entry.path());
            } else {
                files.push((entry.path(), meta.modified().ok(), meta.len()));
            }
            if files.len() + todo.len() > MAX_FILES {
                return files;
            }
        }
    }
    files.sort();
    files
}

/// Reads an API's folder.
///
/// # Errors
/// The diagnostics that say why it cannot be read.
pub fn read_api(directory: &Path) -> Result<Content, Built> {
    let refused = |diagnostics: Vec<Diagnostic>, sources: Sources| Built { api: None, diagnostics, sources };
    let one = |diagnostic: Diagnostic| refused(vec![diagnostic], Sources::default());
    let definition = read_text(&directory.join("api.yaml"), DEFINITION_BYTES).map_err(one)?;
    let lock_path = directory.join("api.lock");
    let lock = if lock_path.exists() { Some(read_text(&lock_path, LOCK_BYTES).map_err(one)?) } else { None };
    let mut sources = Sources::default();
    let at = sources.add(definition.name.clone(), definition.text.clone());
    let (parsed, diagnostics) = ApiDefinition::parse(at, &definition.text);
    let Some(parsed) = parsed else { return Err(broken(directory, &definition, lock.as_ref())) };
    drop(diagnostics);
    let (folder, root) = match parsed.source.wsdl.split_once('/') {
        Some((first, rest)) => (first.to_owned(), rest.to_owned()),
        None => (String::new(), parsed.source.wsdl.clone()),
    };
    let origin = Origin::Folder { path: directory.join(&folder), root: Some(root) };
    let prefix = if folder.is_empty() { display(directory) } else { format!("{}/{folder}", display(directory)) };
    let loaded = load_local(&origin, &Options::local(Policy::Upload)).map_err(|r| refused(r.diagnostics, below(&prefix, &r.sources)))?;
    let mut content = Content::of(definition, lock, &loaded.documents, true);
    for document in &mut content.documents {
        document.name = format!("{prefix}/{}", document.name).into();
    }
    // One that is not there is told at the resource that names it.
    let paths = super::sequences::named(&parsed).map(|path| directory.join(path)).filter(|p| p.is_file());
    content.sequences = paths.map(|p| read_text(&p, Sequence::MAX_BYTES as u64).map_err(one)).collect::<Result<_, _>>()?;
    let templates = super::sequences::templates_of(content.sequences.iter().map(|s| &*s.text));
    let paths = templates.iter().map(|path| directory.join(path)).filter(|p| p.is_file());
    content.sequences.extend(paths.map(|p| read_text(&p, Sequence::MAX_BYTES as u64).map_err(one)).collect::<Result<Vec<_>, _>>()?);
    Ok(content)
}

/// Everything that is wrong where the definition cannot be read: its errors must not hide those of the lock and of the WSDL beside it.
fn broken(directory: &Path, definition: &StoredDocument, lock: Option<&StoredDocument>) -> Built {
    let folder = directory.join("wsdl");
    let origin = Origin::Folder {
        path: folder.clone(),
        root: ApiDefinition::wsdl_of(&definition.text).and_then(|w| Some(w.strip_prefix("wsdl/")?.to_owned())),
    };
    let prefix = format!("{}/wsdl", display(directory));
    let (mut sources, found) = match folder.is_dir().then(|| load_local(&origin, &Options::local(Policy::Upload))) {
        Some(Ok(loaded)) => {
            let mut found = loaded.diagnostics;
            found.extend(crate::wsdl::resolve::resolve(&loaded.documents).diagnostics);
            (below(&prefix, &loaded.documents.sources), found)
        }
        // Which of several documents is the root only the definition could say.
        Some(Err(refused)) if refused.candidates.is_empty() => (below(&prefix, &refused.sources), refused.diagnostics),
        Some(Err(_)) | None => (Sources::default(), Vec::new()),
    };
    let at = sources.add(definition.name.clone(), definition.text.clone());
    let (_, mut diagnostics) = ApiDefinition::parse(at, &definition.text);
    if let Some(lock) = lock {
        let at = sources.add(lock.name.clone(), lock.text.clone());
        diagnostics.extend(Lock::parse(at, &lock.text).err().map(|d| *d));
    }
    diagnostics.extend(found.into_iter().filter(|d| d.severity == Severity::Error));
    Built { api: None, diagnostics, sources }
}

/// The same texts, named from where the command runs.
fn below(prefix: &str, sources: &Sources) -> Sources {
    let mut named = Sources::default();
    for (_, source) in sources.iter() {
        named.add(format!("{prefix}/{}", source.name), source.text.clone());
    }
    named
}

fn display(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").map(str::to_owned).unwrap_or(text)
}

fn read_text(path: &Path, max_bytes: u64) -> Result<StoredDocument, Diagnostic> {
    use std::io::Read;
    let name = display(path);
    let failed = |why: String| Diagnostic::error(&source_codes::NOT_READABLE, format!("`{name}` cannot be read: {why}"));
    let file = std::fs::File::open(path).map_err(|e| failed(e.to_string()))?;
    let mut bytes = Vec::new();
    file.take(max_bytes + 1).read_to_end(&mut bytes).map_err(|e| failed(e.to_string()))?;
    if bytes.len() as u64 > max_bytes {
        return Err(failed(format!("it has more than {max_bytes} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8".to_owned()))?;
    let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
    Ok(StoredDocument { name: name.clone().into(), text: text.into() })
}

//! The folder of API definitions: read into the store, published from there, again at every change.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::Mutex;

use super::content::{Built, build};
use super::credentials;
use super::{Catalog, PublishedApi, Snapshot};
use crate::api::{ApiDefinition, Lock, codes};
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::store::{Content, DEFAULT_TENANT, MAX_APIS, Store, StoredDocument};
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
    /// Warnings and notes of those that are published anew.
    pub notes: Vec<Failure>,
}

/// The folder `apis/`, the store that it fills and the catalog that is published from that.
#[derive(Debug)]
pub struct Folder<S> {
    path: PathBuf,
    store: Arc<S>,
    catalog: Arc<Catalog>,
    known: Mutex<HashMap<Arc<str>, Known>>,
}

/// What is known of an API's folder.
#[derive(Debug)]
struct Known {
    /// Paths, times and lengths of its files when it was read, those with its secrets among them.
    fingerprint: Fingerprint,
    /// The files with its secrets, wherever they are.
    secrets: Vec<PathBuf>,
    /// The revision that is published.
    revision: u64,
    api: Option<Arc<PublishedApi>>,
}

type Fingerprint = Vec<(PathBuf, Option<SystemTime>, u64)>;

impl<S: Store + 'static> Folder<S> {
    /// A folder that was not read yet.
    pub fn new(path: impl Into<PathBuf>, store: Arc<S>, catalog: Arc<Catalog>) -> Self {
        Self { path: path.into(), store, catalog, known: Mutex::new(HashMap::new()) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads what changed and publishes it in one swap. A bad file keeps the last good version of its API. Calls at one time run one
    /// after the other; APIs are compiled one at a time, away from the callers' threads.
    ///
    /// # Errors
    /// The folder cannot be read: nothing changes then.
    pub async fn reload(&self) -> std::io::Result<Reload> {
        let mut known = self.known.lock().await;
        let path = self.path.clone();
        let listed = blocking(move || list(&path)).await??;
        let mut reload =
            Reload { snapshot: self.catalog.snapshot(), changed: Vec::new(), removed: Vec::new(), failed: Vec::new(), notes: Vec::new() };
        let gone: Vec<Arc<str>> = known.keys().filter(|n| !listed.iter().any(|(l, _)| l == *n)).cloned().collect();
        for name in gone {
            known.remove(&name);
            let _was_there = self.store.remove_api(DEFAULT_TENANT, &name, None).await;
            reload.removed.push(name);
        }
        for (name, directory) in listed {
            self.refresh(name, directory, &mut known, &mut reload).await?;
        }
        if !reload.changed.is_empty() || !reload.removed.is_empty() || reload.snapshot.number == 0 {
            let apis = distinct(&known, &mut reload);
            reload.snapshot = self.catalog.publish(apis);
        }
        Ok(reload)
    }

    /// Reads one API's folder if it changed.
    async fn refresh(
        &self,
        name: Arc<str>,
        directory: PathBuf,
        known: &mut HashMap<Arc<str>, Known>,
        reload: &mut Reload,
    ) -> std::io::Result<()> {
        let (looked, secrets) = (directory.clone(), known.get(&name).map(|k| k.secrets.clone()).unwrap_or_default());
        let now = blocking(move || fingerprint(&looked, &secrets)).await?;
        if known.get(&name).is_some_and(|k| k.fingerprint == now) {
            return Ok(());
        }
        let looked = directory.clone();
        let read = blocking(move || read_api(&directory)).await?;
        let secrets = read.as_ref().map(credentials::files).unwrap_or_default();
        let named = secrets.clone();
        let fingerprint = blocking(move || fingerprint(&looked, &named)).await?;
        let outcome = match read {
            Ok(content) => self.build_stored(&name, content).await?,
            Err(failed) => (0, failed),
        };
        let before = known.remove(&name);
        let (revision, built) = outcome;
        let Some(api) = built.api else {
            let kept = before.as_ref().is_some_and(|k| k.api.is_some());
            reload.failed.push(Failure { name: name.clone(), kept, diagnostics: built.diagnostics, sources: built.sources });
            let (revision, api) = before.map_or((0, None), |k| (k.revision, k.api));
            known.insert(name, Known { fingerprint, secrets, revision, api });
            return Ok(());
        };
        if !built.diagnostics.is_empty() {
            reload.notes.push(Failure { name: name.clone(), kept: true, diagnostics: built.diagnostics, sources: built.sources });
        }
        let same_secrets = |k: &Known| k.api.as_ref().is_some_and(|a| a.credentials == api.credentials);
        if before.as_ref().is_none_or(|k| k.revision != revision || !same_secrets(k)) {
            reload.changed.push(name.clone());
        }
        known.insert(name, Known { fingerprint, secrets, revision, api: Some(api) });
        Ok(())
    }

    /// Compiles content; good content becomes a revision, and what is published is what the store gives back.
    async fn build_stored(&self, name: &Arc<str>, content: Content) -> std::io::Result<(u64, Built)> {
        let (tried, tried_name) = (content.clone(), name.clone());
        let built = blocking(move || build(&tried_name, &tried)).await?;
        if built.api.is_none() {
            return Ok((0, built));
        }
        let revision = self.store.put_revision(DEFAULT_TENANT, name, None, content, None).await.map_err(std::io::Error::other)?;
        Ok((revision, built))
    }
}

/// Runs what blocks or computes away from the tasks.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> std::io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other)
}

/// The APIs that can be published together: of two at one address the first by name.
fn distinct(known: &HashMap<Arc<str>, Known>, reload: &mut Reload) -> Vec<Arc<PublishedApi>> {
    let in_order: BTreeMap<&Arc<str>, &Known> = known.iter().collect();
    let mut apis: Vec<Arc<PublishedApi>> = Vec::new();
    for (name, one) in in_order {
        let Some(api) = &one.api else { continue };
        match apis.iter().find(|other| share_address(other, api)) {
            None => apis.push(api.clone()),
            Some(other) => {
                let text = format!("{name} and {} both answer at {}", other.name, api.base_path);
                let diagnostics = vec![Diagnostic::error(&codes::DUPLICATE_CONTEXT, text)];
                reload.failed.push(Failure { name: name.clone(), kept: false, diagnostics, sources: Sources::default() });
            }
        }
    }
    apis
}

/// Do two APIs answer at one address?
pub fn share_address(one: &PublishedApi, other: &PublishedApi) -> bool {
    let addresses = |api: &PublishedApi| [Some(api.base_path.clone()), api.default_path.clone()];
    let of_other = addresses(other);
    addresses(one).into_iter().flatten().any(|a| of_other.iter().flatten().any(|o| *o == a))
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

//! The use case "a newer WSDL": what is there of an API + loaded documents → its new texts and an [`Update`] that says what changed.
//!
//! Three ways: the base is what was imported (the stored WSDL and `api.lock`), mine are people's edits (`api.yaml`, sequences), theirs is an
//! import of the new documents. Names that callers rely on stay, edits stay; an edit that no longer fits is an error at its place.
//! Nothing is written here but by [`place()`], for the folder.

mod lock;
mod place;
mod resources;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use self::place::{Kept, PREVIOUS, place};
use super::{codes, headers, layout, proof};
use crate::api::{self, ApiDefinition, Edits, HeaderPart, Lock, Resource};
use crate::catalog::{self, Assembled, DEFINITION, LOCK, PublishedApi, Secrets, Texts, assemble};
use crate::diagnostic::{Diagnostic, SourceId, Sources};
use crate::plan::Program;
pub use crate::plan::compare::{Change, Effect};
use crate::plan::compare::{Faces, compare};
use crate::plan::compile;
use crate::prove::Compiled;
use crate::store::Content;
use crate::wsdl::Definitions;
use crate::wsdl::documents::Documents;
use crate::wsdl::source::Loaded;

/// What became of an update. Whether it is carried out is for who asked: [`Update::fits`], [`Update::breaks`].
#[derive(Debug)]
pub struct Update {
    /// The API's name.
    pub name: String,
    /// Are the documents the same, byte by byte? Then there is nothing to do.
    pub same: bool,
    /// What differs for callers, the worst first.
    pub changes: Vec<Change>,
    /// Resources that came and went, and parameters that changed.
    pub resources: Vec<resources::ResourceChange>,
    /// The resources of each operation: those that the old WSDL gives by itself, those that are there, those that will be.
    pub columns: BTreeMap<Arc<str>, Columns>,
    /// Names, prefixes and paths that an import of the new WSDL alone would choose otherwise, and that stay.
    pub kept: Vec<String>,
    /// Errors: edits that no longer fit, at their places. Warnings and notes of the new documents.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the diagnostics point into.
    pub sources: Sources,
    /// The texts of the API as they will be.
    pub texts: Texts,
    /// Paths of the documents that were there.
    pub documents_before: Vec<String>,
    /// The text of `evidence.json`; `None` where edits do not fit.
    pub evidence: Option<String>,
}

pub use self::resources::ResourceChange;

/// The resources of an operation, each as method and path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// What the old WSDL gives by itself.
    pub old: Vec<String>,
    /// What is there, with what people made of it.
    pub ours: Vec<String>,
    /// What will be there.
    pub new: Vec<String>,
}

/// Why there is nothing to be said of an update.
#[derive(Debug)]
pub struct Failed {
    /// Why: at least one error.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the diagnostics point into.
    pub sources: Sources,
}

impl Update {
    /// Do people's edits fit the new documents?
    pub fn fits(&self) -> bool {
        !super::has_error(&self.diagnostics)
    }

    /// May something that worked fail?
    pub fn breaks(&self) -> bool {
        let of = |effect: Effect| effect == Effect::Breaking;
        self.changes.iter().any(|c| of(c.effect())) || self.resources.iter().any(|r| of(r.effect()))
    }

    /// Is there nothing that a caller could notice?
    pub fn is_quiet(&self) -> bool {
        self.changes.is_empty() && self.resources.is_empty()
    }
}

/// An API as it can be compared.
struct Side {
    program: Arc<Program>,
    /// `None` where edits do not fit.
    api: Option<PublishedApi>,
    definitions: Definitions,
}

/// Looks at what newer documents mean for an API. `content` is what is there of it.
///
/// # Errors
/// What is there cannot be read, the new documents cannot be imported, or `api.yaml` cannot be changed in place.
pub fn update(name: &str, content: &Content, loaded: Loaded) -> Result<Update, Failed> {
    let mut stored = content.linked();
    let at = stored.sources.add(content.definition.name.clone(), content.definition.text.clone());
    let (definition, found) = ApiDefinition::parse(at, &content.definition.text);
    let Some(definition) = definition else { return Err(Failed { diagnostics: found, sources: stored.sources }) };
    let before_lock = match read_lock(content, &mut stored.sources) {
        Ok(lock) => lock,
        Err(diagnostic) => return Err(Failed { diagnostics: vec![diagnostic], sources: stored.sources }),
    };
    let old_documents = content.linked();
    let neutral = neutral(&definition);
    let base = assemble("", &neutral, before_lock.as_ref(), &old_documents);
    let (Some(base_definitions), Some(base_api)) = (base.definitions, base.api) else {
        return Err(Failed { diagnostics: base.diagnostics, sources: stored.sources });
    };
    let old = side(name, &definition, before_lock.as_ref(), &old_documents, base_definitions, &base_api);

    let Loaded { documents, diagnostics: mut found } = loaded;
    let fresh = assemble("", &neutral, None, &documents);
    let (Some(fresh_definitions), Some(fresh_api)) = (&fresh.definitions, &fresh.api) else {
        found.extend(fresh.diagnostics);
        return Err(Failed { diagnostics: found, sources: documents.sources });
    };
    let settings = |lock: Option<&Lock>| compile::Settings { lock: lock.cloned(), ..catalog::settings(&neutral) };
    let names = compile::all_names(&old.definitions, &settings(before_lock.as_ref()));
    let base_lock = Lock { paths: base.derivation.paths.clone(), ..names };
    let fresh_names = compile::all_names(fresh_definitions, &settings(None));
    let fresh_lock = Lock { paths: fresh.derivation.paths.clone(), ..fresh_names };
    let renamed = crate::plan::compare::renamed_namespaces(&base_api.program, &fresh_api.program);
    let merged = lock::merged(&base_lock, &fresh_lock, &renamed);
    let theirs = assemble("", &neutral, Some(&merged), &documents);
    let kept = lock::kept(&fresh.lock, &theirs.lock);

    let layout = layout::Layout::new(&documents);
    let mut texts = content.texts();
    let documents_before = document_paths(content);
    let same = is_same(&texts, &documents_before, &layout);
    documents_before.iter().for_each(|path| _ = texts.remove(path));
    let edits = edits(&definition, &layout, (&base_api, &base.derivation.resources), theirs.api.as_ref(), &theirs.derivation.resources);
    let Some(edited) = api::edit(&content.definition.text, &edits) else {
        let text = "api.yaml cannot be changed in place: its keys `source` and `headers` are written in a way that is not understood here";
        let hint = "write `source: { wsdl: …, digest: … }` and each of `headers` on a line of its own";
        return Err(Failed { diagnostics: vec![Diagnostic::error(&codes::NOT_MERGED, text).hint(hint)], sources: stored.sources });
    };
    texts.insert(DEFINITION.to_owned(), edited.into());
    texts.insert(LOCK.to_owned(), theirs.lock.to_text().into());
    texts.extend(layout.files().iter().map(|(path, text)| (format!("wsdl/{path}"), Arc::from(text.as_str()))));

    let mut update = Update {
        name: name.to_owned(),
        same,
        changes: Vec::new(),
        resources: Vec::new(),
        columns: columns(&base.derivation.resources, old.api.as_ref()),
        kept,
        diagnostics: Vec::new(),
        sources: Sources::default(),
        texts,
        documents_before,
        evidence: None,
    };
    finish(&mut update, content, &definition, &old)?;
    Ok(update)
}

/// What the old WSDL gives, and what is there.
fn columns(derived: &[Resource], ours: Option<&PublishedApi>) -> BTreeMap<Arc<str>, Columns> {
    let mut columns: BTreeMap<Arc<str>, Columns> = BTreeMap::new();
    for resource in derived {
        columns.entry(resource.operation.as_str().into()).or_default().old.push(format!("{} {}", resource.method.as_str(), resource.path));
    }
    for (api, resource) in ours.iter().flat_map(|api| api.resources.iter().map(move |r| (api, r))) {
        let operation = api.plan(resource).map(|o| o.name.clone()).unwrap_or_default();
        columns.entry(operation).or_default().ours.push(format!("{} {}", resource.method.as_str(), resource.path));
    }
    columns
}

/// Compiles what will be there, the way the server will, and compares it with what is.
fn finish(update: &mut Update, content: &Content, definition: &ApiDefinition, old: &Side) -> Result<(), Failed> {
    let name = update.name.clone();
    let made = Content::of_texts(crate::auth::DEFAULT_TENANT, &name, &update.texts);
    let mut made = made.map_err(|built| Failed { diagnostics: built.diagnostics, sources: built.sources })?;
    renamed_as(&mut made, content, &name);
    let built = catalog::build_with(&name, &made, Secrets::NotNeeded);
    (update.diagnostics, update.sources) = (built.diagnostics, built.sources);
    let documents = made.linked();
    let (parsed, lock) = read_back(&made);
    let parsed = parsed.unwrap_or_else(|| definition.clone());
    let neutral = assemble("", &self::neutral(&parsed), lock.as_ref(), &documents);
    let (Some(definitions), Some(api)) = (neutral.definitions, neutral.api) else {
        return Err(Failed { diagnostics: neutral.diagnostics, sources: documents.sources });
    };
    let new = side(&name, &parsed, lock.as_ref(), &documents, definitions, &api);
    let faces = Faces { rest: definition.rest, soap: definition.passthrough };
    update.changes = compare(&old.program, &new.program, faces);
    resources::narrow(&mut update.changes, definition, old.api.as_ref());
    if let (Some(before), Some(now)) = (&old.api, &new.api) {
        update.resources = resources::changes(before, now);
    }
    for resource in new.api.iter().flat_map(|api| &api.resources) {
        let operation = new.program.operations.get(resource.operation).map(|o| o.name.clone()).unwrap_or_default();
        update.columns.entry(operation).or_default().new.push(format!("{} {}", resource.method.as_str(), resource.path));
    }
    update.diagnostics.sort_by_key(|d| std::cmp::Reverse(d.severity));
    if let Some(api) = new.api.as_ref().filter(|_| !super::has_error(&update.diagnostics)) {
        let report = proof::short(&new.definitions, api, &Compiled(&api.program));
        update.diagnostics.extend(proof::findings(&report, &name));
        update.evidence = Some(proof::evidence(&report, api));
    }
    Ok(())
}

/// The program as the definition makes it, or where it does not fit as the WSDL alone makes it.
fn side(
    name: &str,
    definition: &ApiDefinition,
    lock: Option<&Lock>,
    documents: &Documents,
    definitions: Definitions,
    neutral: &PublishedApi,
) -> Side {
    let Assembled { api, .. } = assemble(name, definition, lock, documents);
    let program = api.as_ref().map_or_else(|| neutral.program.clone(), |a| a.program.clone());
    Side { program, api, definitions }
}

/// A definition with the choices about the mapping and nothing that could not fit.
fn neutral(definition: &ApiDefinition) -> ApiDefinition {
    let mut neutral = ApiDefinition::named("draft");
    neutral.mapping = definition.mapping;
    neutral.endpoint.url.clone_from(&definition.endpoint.url);
    neutral
}

fn read_lock(content: &Content, sources: &mut Sources) -> Result<Option<Lock>, Diagnostic> {
    let Some(stored) = &content.lock else { return Ok(None) };
    let at = sources.add(stored.name.clone(), stored.text.clone());
    Lock::parse(at, &stored.text).map(Some).map_err(|d| *d)
}

fn read_back(made: &Content) -> (Option<ApiDefinition>, Option<Lock>) {
    let lock = made.lock.as_ref().and_then(|l| Lock::parse(SourceId(0), &l.text).ok());
    (ApiDefinition::parse(SourceId(0), &made.definition.text).0, lock)
}

/// The paths of an API's documents in its folder.
fn document_paths(content: &Content) -> Vec<String> {
    let folder = content.definition.name.strip_suffix(DEFINITION).unwrap_or("");
    content.documents.iter().map(|d| d.name.strip_prefix(folder).unwrap_or(&d.name).to_owned()).collect()
}

/// Are the documents that are there the new ones, under the same paths?
fn is_same(texts: &Texts, documents: &[String], layout: &layout::Layout) -> bool {
    let is_there = |(path, text): &(String, String)| texts.get(&format!("wsdl/{path}")).is_some_and(|t| **t == **text);
    layout.files().len() == documents.len() && layout.files().iter().all(is_there)
}

/// Names the texts as they were named before, for the places of diagnostics.
fn renamed_as(made: &mut Content, content: &Content, name: &str) {
    let from = format!("apis/{name}/");
    let Some(to) = content.definition.name.strip_suffix(DEFINITION) else { return };
    let of = |text: &Arc<str>| text.strip_prefix(from.as_str()).map_or_else(|| text.clone(), |rest| Arc::from(format!("{to}{rest}")));
    let all = std::iter::once(&mut made.definition).chain(&mut made.lock).chain(&mut made.documents).chain(&mut made.sequences);
    all.for_each(|document| document.name = of(&document.name));
}

/// What must change in the text of `api.yaml`.
fn edits(
    definition: &ApiDefinition,
    layout: &layout::Layout,
    (base, base_derived): (&PublishedApi, &[Resource]),
    theirs: Option<&PublishedApi>,
    derived: &[Resource],
) -> Edits {
    let mut edits = Edits { wsdl: format!("wsdl/{}", layout.root()), digest: layout.digest(), ..Edits::default() };
    let Some(theirs) = theirs else { return edits };
    let rules = |api: &PublishedApi| headers::rules(&headers::assigned(&api.program));
    let (before, now) = (rules(base), rules(theirs));
    for (key, rule) in &definition.headers {
        let as_imported = before.get(key).is_some_and(|b| b.part == rule.part);
        if as_imported && !now.contains_key(key) {
            edits.headers_gone.push(key.clone());
        }
    }
    let word = |part: &HeaderPart| if *part == HeaderPart::Secret { "secret" } else { "caller" };
    let is_new = |key: &&String| !before.contains_key(*key) && !definition.headers.contains_key(*key);
    edits.headers_new =
        now.iter().filter(|(key, _)| is_new(key)).map(|(key, rule)| (key.clone(), word(&rule.part))).collect::<BTreeMap<_, _>>();
    let published = |api: &PublishedApi, all: &[Resource]| -> Vec<Resource> {
        all.iter().filter(|r| api.resources.iter().any(|p| *p.path == *r.path)).cloned().collect()
    };
    let (olds, news) = (published(base, base_derived), published(theirs, derived));
    for alone in [true, false] {
        let said = |all: &[Resource]| api::derived_notes(alone, &all.iter().collect::<Vec<_>>());
        edits.notes.push((said(&olds), said(&news)));
    }
    edits
}

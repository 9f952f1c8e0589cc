//! The local files of an import with what each of them is, each read and scanned once.

use std::collections::HashMap;
use std::sync::Arc;

use super::Limits;
use super::location::file_name;
use super::scan::{Kind, NotWellFormed, Scanned, scan};
use super::shelf::{ReadError, Shelf, TooManyFiles};
use crate::wsdl::documents::{Reference, ReferenceKind};

/// Why a file is no document.
#[derive(Debug, Clone)]
pub(super) enum Unusable {
    Read(Arc<ReadError>),
    NotWellFormed(Arc<NotWellFormed>),
}

/// What was found for a reference among the files.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    One(String),
    Several(Vec<String>),
    None,
}

/// The files of an import.
#[derive(Debug)]
pub(super) struct Library {
    pub(super) shelf: Shelf,
    /// Is every file one of the import's (folder, archive), or does only the root belong to it, and what it names (file)?
    pub(super) whole: bool,
    limits: Limits,
    listed: Option<Result<Vec<String>, ()>>,
    scanned: HashMap<String, Result<Arc<Scanned>, Unusable>>,
    /// Bytes read while looking for documents, so that looking is bounded like loading.
    looked_bytes: u64,
}

impl Library {
    pub(super) fn new(shelf: Shelf, whole: bool, limits: Limits) -> Self {
        Self { shelf, whole, limits, listed: None, scanned: HashMap::new(), looked_bytes: 0 }
    }

    /// One document, read and scanned at the first call.
    pub(super) fn scan(&mut self, path: &str) -> Result<Arc<Scanned>, Unusable> {
        if let Some(known) = self.scanned.get(path) {
            return known.clone();
        }
        let result = match self.shelf.read(path, self.limits.document_bytes) {
            Ok(bytes) => {
                self.looked_bytes += bytes.len() as u64;
                scan(&bytes, None, self.limits.document_bytes).map(Arc::new).map_err(|e| Unusable::NotWellFormed(Arc::new(e)))
            }
            Err(e) => Err(Unusable::Read(Arc::new(e))),
        };
        self.scanned.insert(path.to_owned(), result.clone());
        result
    }

    /// All files that may be documents.
    pub(super) fn files(&mut self) -> Result<Vec<String>, TooManyFiles> {
        let max = self.limits.files;
        let listed = self.listed.get_or_insert_with(|| self.shelf.list(max).map_err(|TooManyFiles| ()));
        listed.clone().map_err(|()| TooManyFiles)
    }

    /// Like [`Self::scan`], for files that nobody named: nothing more is read when the limit of the whole import is reached.
    fn look(&mut self, path: &str) -> Option<Arc<Scanned>> {
        if self.looked_bytes >= self.limits.total_bytes && !self.scanned.contains_key(path) {
            return None;
        }
        self.scan(path).ok()
    }

    /// The file among all that answers a reference whose location is an address or leads nowhere: by its file name and the
    /// namespace, else (whole imports, and imports only: an include has no namespace of its own) by the namespace alone.
    pub(super) fn find(&mut self, reference: &Reference, location: &str, names: &[String], from: Option<&str>) -> Found {
        // Of a folder too large to look through, only what lies beside the document is asked.
        let files = self.files().unwrap_or_else(|TooManyFiles| {
            let beside = names.iter().map(|n| super::location::join(from.unwrap_or(""), n));
            beside.filter(|p| self.shelf.has(p)).collect()
        });
        let others: Vec<&String> = files.iter().filter(|f| Some(f.as_str()) != from).collect();
        for name in names {
            let named: Vec<String> = others
                .iter()
                .filter(|f| file_name(f).eq_ignore_ascii_case(name))
                .filter(|f| self.look(f).is_some_and(|s| answers(&s, reference)))
                .map(|f| (*f).clone())
                .collect();
            match self.narrowed(nearest_path(named, location)) {
                Found::None => {}
                found => return found,
            }
        }
        let import = matches!(reference.kind, ReferenceKind::SchemaImport | ReferenceKind::WsdlImport);
        if !self.whole || !import || reference.namespace.is_none() {
            return Found::None;
        }
        let of_namespace: Vec<String> = others
            .iter()
            .filter(|f| self.look(f).is_some_and(|s| s.kind != Kind::Other && answers(&s, reference)))
            .map(|f| (*f).clone())
            .collect();
        let roots = self.not_included_by_others(of_namespace);
        self.narrowed(roots)
    }

    /// Several files with one text are one.
    fn narrowed(&mut self, mut paths: Vec<String>) -> Found {
        let texts: Vec<Option<Arc<str>>> = paths.iter().map(|p| self.look(p).map(|s| s.text.clone())).collect();
        if texts.windows(2).all(|w| matches!(w, [a, b] if a == b)) {
            paths.truncate(1);
        }
        match <[String; 1]>::try_from(paths) {
            Ok([path]) => Found::One(path),
            Err(paths) if paths.is_empty() => Found::None,
            Err(paths) => Found::Several(paths),
        }
    }

    /// Of schemas that share a namespace: those that no other of them includes.
    fn not_included_by_others(&mut self, paths: Vec<String>) -> Vec<String> {
        let mut included: Vec<String> = Vec::new();
        for path in &paths {
            let Some(scanned) = self.look(path) else { continue };
            for r in scanned.references_in(crate::diagnostic::SourceId(0)) {
                if let (ReferenceKind::Include | ReferenceKind::Redefine, Some(location)) = (r.kind, &r.location) {
                    included.extend(super::location::file_names(location).into_iter().map(|n| n.to_lowercase()));
                }
            }
        }
        let free: Vec<String> = paths.iter().filter(|p| !included.contains(&file_name(p).to_lowercase())).cloned().collect();
        if free.is_empty() { paths } else { free }
    }
}

/// Can that document stand behind that reference?
fn answers(document: &Scanned, reference: &Reference) -> bool {
    let namespace = reference.namespace.as_deref().filter(|n| !n.is_empty());
    match reference.kind {
        ReferenceKind::SchemaImport => document.declares(namespace),
        ReferenceKind::Include | ReferenceKind::Redefine => {
            document.kind == Kind::Schema && (document.target_namespace.is_none() || document.target_namespace.as_deref() == namespace)
        }
        ReferenceKind::WsdlImport => {
            matches!(document.kind, Kind::Wsdl | Kind::Schema) && (namespace.is_none() || document.target_namespace.as_deref() == namespace)
        }
    }
}

/// Those of `paths` that share most trailing segments with the address.
fn nearest_path(paths: Vec<String>, location: &str) -> Vec<String> {
    let location = location.replace('\\', "/");
    let location = location.split(['?', '#']).next().unwrap_or("").to_owned();
    let shared = |p: &String| p.rsplit('/').zip(location.rsplit('/')).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    let best = paths.iter().map(shared).max().unwrap_or(0);
    paths.into_iter().filter(|p| shared(p) == best).collect()
}

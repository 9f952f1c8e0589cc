//! From the root along the references, breadth first: each document once, however many refer to it.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use tokio::time::Instant;
use url::Url;

use super::fill::{address_key, fetch_diagnostic};
use super::library::Library;
use super::scan::{Kind, Scanned, WITHOUT_DTD};
use super::shelf::Shelf;
use super::way::{is_located, is_standard_reference};
use super::{Loaded, Options, Origin, Policy, Refused, archive, codes, origin, root};
use crate::diagnostic::{Code, Diagnostic, Severity, SourceId, Sources, Span};
use crate::net::fetch;
use crate::wsdl::documents::{Documents, Reference, Target};

/// Where a document is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    File(String),
    Address(Url),
}

/// What a reference leads to.
pub(super) enum Way {
    Place(Place),
    Standard,
    Missing(String),
    /// Nothing to load: an import without a location of what another document declares.
    Declared,
}

/// A document that was loaded.
pub(super) struct Document {
    pub(super) id: SourceId,
    pub(super) place: Place,
    pub(super) scanned: Arc<Scanned>,
    pub(super) depth: usize,
}

/// One import in progress.
pub(super) struct Walk<'a> {
    pub(super) options: &'a Options<'a>,
    pub(super) library: Option<Library>,
    pub(super) sources: Sources,
    pub(super) loaded: Vec<Document>,
    /// By the key of the place: the document, or why there is none.
    pub(super) known: HashMap<String, Result<SourceId, String>>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) bytes: u64,
    pub(super) deadline: Instant,
    /// The address of the root as given, with the credentials that it may hold.
    pub(super) origin: Option<Url>,
}

impl<'a> Walk<'a> {
    pub(super) async fn run(origin: &Origin, options: &'a Options<'a>) -> Result<Loaded, Refused> {
        let mut walk = Walk {
            options,
            library: None,
            sources: Sources::default(),
            loaded: Vec::new(),
            known: HashMap::new(),
            diagnostics: Vec::new(),
            bytes: 0,
            deadline: Instant::now() + options.fetcher.map_or(fetch::WHOLE, |f| f.whole()),
            origin: None,
        };
        let root = match walk.root(origin).await {
            Ok(root) => root,
            Err(refused) => return Err(walk.refused(refused)),
        };
        let mut documents = Documents::new(Sources::default(), root);
        walk.follow(&mut documents).await;
        documents.sources = walk.sources;
        Ok(Loaded { documents, diagnostics: walk.diagnostics })
    }

    /// The reasons that were noted on the way, with the texts that they point into.
    fn refused(self, mut refused: Refused) -> Refused {
        refused.diagnostics.splice(0..0, self.diagnostics);
        refused.sources = self.sources;
        refused
    }

    // The root.

    async fn root(&mut self, origin: &Origin) -> Result<SourceId, Refused> {
        let place = match origin {
            Origin::File(path) => self.open_file(path)?,
            Origin::Folder { path, root } => {
                std::fs::read_dir(path).map_err(|e| origin::unreadable(path, &e))?;
                let confined = self.options.policy == Policy::Upload;
                let shelf = Shelf::Disk { root: path.clone(), confined };
                self.open_all(shelf, root.as_deref(), &format!("the folder `{}`", path.display()))?
            }
            Origin::Archive { name, bytes, root } => self.open_archive(name, bytes, root.as_deref())?,
            Origin::Texts { name, entries, root } => {
                self.open_all(Shelf::Memory(BTreeMap::clone(entries)), root.as_deref(), &format!("`{name}`"))?
            }
            Origin::Address(url) => return self.root_at(url).await,
        };
        self.load_root(&place)
    }

    fn open_file(&mut self, path: &Path) -> Result<Place, Refused> {
        std::fs::metadata(path).map_err(|e| origin::unreadable(path, &e))?;
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .ok_or_else(|| Refused::because(Diagnostic::error(&codes::NOT_READABLE, "the file's name is not UTF-8".to_owned())))?;
        let confined = self.options.policy == Policy::Upload;
        let shelf = Shelf::Disk { root: folder.to_owned(), confined };
        // Looking through the folder of a single file is a courtesy: fewer files than for a folder that was named itself.
        let limits = super::Limits { files: self.options.limits.files.min(256), ..self.options.limits };
        self.library = Some(Library::new(shelf, false, limits));
        Ok(Place::File(name.to_owned()))
    }

    fn open_all(&mut self, shelf: Shelf, chosen: Option<&str>, place: &str) -> Result<Place, Refused> {
        let library = self.library.insert(Library::new(shelf, true, self.options.limits));
        root::find(library, chosen, place).map(Place::File)
    }

    fn open_archive(&mut self, name: &str, bytes: &[u8], chosen: Option<&str>) -> Result<Place, Refused> {
        if bytes.len() as u64 > self.options.limits.total_bytes {
            let message = format!("`{name}` has {} bytes, more than {}", bytes.len(), self.options.limits.total_bytes);
            return Err(Refused::because(Diagnostic::error(&codes::TOO_LARGE, message)));
        }
        let entries = archive::read(bytes, &self.options.limits)
            .map_err(|e| Refused::because(Diagnostic::error(&codes::ARCHIVE, format!("`{name}`: {e}"))))?;
        self.open_all(Shelf::Memory(entries), chosen, &format!("the zip `{name}`"))
    }

    async fn root_at(&mut self, url: &Url) -> Result<SourceId, Refused> {
        self.origin = Some(url.clone());
        let fetched = self.fetch(url).await.map_err(|e| Refused::because(fetch_diagnostic(url, &e)))?;
        if fetched.bytes.starts_with(b"PK\x03\x04") {
            let place = self.open_archive(&fetch::shown(&fetched.address), &fetched.bytes, None)?;
            return self.load_root(&place);
        }
        match self.add_redirected(fetched, 0) {
            Ok(id) => {
                self.known.insert(address_key(url), Ok(id));
                self.check_root(id)
            }
            Err(why) => Err(self.no_root(&why)),
        }
    }

    fn load_root(&mut self, place: &Place) -> Result<SourceId, Refused> {
        let Place::File(path) = place else { return Err(self.no_root("it is no file")) };
        match self.add_file(path, 0) {
            Ok(id) => {
                let key = self.file_key(path);
                self.known.insert(key, Ok(id));
                self.check_root(id)
            }
            Err(why) => Err(self.no_root(&why)),
        }
    }

    /// What [`Self::add_file`] noted already is not said twice.
    fn no_root(&self, why: &str) -> Refused {
        let mut refused = Refused::because(Diagnostic::error(&codes::NOT_READABLE, format!("the WSDL cannot be read: {why}")));
        if self.diagnostics.iter().any(|d| d.severity == Severity::Error) {
            refused.diagnostics.clear();
        }
        refused
    }

    fn check_root(&self, id: SourceId) -> Result<SourceId, Refused> {
        let Some(root) = self.loaded.first() else { return Ok(id) };
        let what = match root.scanned.kind {
            Kind::Wsdl | Kind::Wsdl20 => return Ok(id),
            Kind::Schema => "a schema, not a WSDL".to_owned(),
            Kind::Other => format!("no WSDL: its root element is `{}`", root.scanned.root_name),
        };
        let span = Span { source: id, ..root.scanned.root_span };
        let diagnostic = Diagnostic::error(&codes::UNEXPECTED_ROOT, format!("this is {what}"))
            .at(span)
            .expected("`definitions` in namespace http://schemas.xmlsoap.org/wsdl/");
        Err(Refused::because(if root.scanned.kind == Kind::Schema {
            diagnostic.hint("import the WSDL that uses this schema")
        } else {
            diagnostic
        }))
    }

    // Along the references.

    async fn follow(&mut self, documents: &mut Documents) {
        let mut next = 0;
        loop {
            while next < self.loaded.len() {
                self.follow_document(next, documents).await;
                next += 1;
            }
            // Imports without a location may be answered by what was loaded since, so they come when nothing else is left.
            if !self.follow_unlocated(documents).await {
                return;
            }
        }
    }

    async fn follow_document(&mut self, index: usize, documents: &mut Documents) {
        let Some(document) = self.loaded.get(index) else { return };
        let (id, depth) = (document.id, document.depth);
        let references: Vec<Reference> = document.scanned.references_in(id).collect();
        for reference in references.iter().filter(|r| is_located(r)) {
            if documents.links.contains_key(&reference.key(id)) {
                continue;
            }
            let way = self.way(index, reference);
            self.link(id, depth, reference, way, documents).await;
        }
    }

    /// Answers the first import without a location that needs a document. `false`: there is none.
    async fn follow_unlocated(&mut self, documents: &mut Documents) -> bool {
        for index in 0..self.loaded.len() {
            let Some(document) = self.loaded.get(index) else { return false };
            let (id, depth) = (document.id, document.depth);
            let references: Vec<Reference> = document.scanned.references_in(id).collect();
            for reference in references.iter().filter(|r| !is_located(r)) {
                if documents.links.contains_key(&reference.key(id)) {
                    continue;
                }
                let way = self.way_without_location(index, reference);
                if matches!(way, Way::Declared) {
                    continue;
                }
                let before = self.loaded.len();
                self.link(id, depth, reference, way, documents).await;
                if self.loaded.len() > before {
                    return true;
                }
            }
        }
        false
    }

    async fn link(&mut self, from: SourceId, depth: usize, reference: &Reference, way: Way, documents: &mut Documents) {
        let target = match way {
            Way::Declared => return,
            Way::Standard => Target::Standard,
            Way::Missing(reason) => Target::Missing { reason: reason.into() },
            Way::Place(place) => {
                let said = self.diagnostics.len();
                match self.load(&place, depth + 1, reference).await {
                    Ok(id) => Target::Document(id),
                    // A server that is gone, a copy with a document type declaration, of a schema that everybody has.
                    Err(_) if is_standard_reference(reference) && !self.is_limited(said) => {
                        self.make_light_of(said);
                        Target::Standard
                    }
                    Err(reason) => Target::Missing { reason: reason.into() },
                }
            }
        };
        documents.link(from, reference, target);
    }

    /// Is a limit or a folder's border among what was said since? These hold whatever ships.
    fn is_limited(&self, said: usize) -> bool {
        const LIMITS: [&Code; 4] = [&codes::TOO_DEEP, &codes::TOO_MANY, &codes::TOO_LARGE, &codes::OUTSIDE_ROOT];
        self.diagnostics.iter().skip(said).any(|d| LIMITS.iter().any(|code| code.id == d.code.id))
    }

    /// What was said of a copy that cannot be read, where the schema that ships stands in for it. A document type declaration is what the
    /// published copies have; whatever else is wrong with one was not meant.
    fn make_light_of(&mut self, said: usize) {
        for diagnostic in self.diagnostics.iter_mut().skip(said) {
            let is_published = diagnostic.hint.as_deref() == Some(WITHOUT_DTD);
            diagnostic.severity = if is_published { Severity::Note } else { Severity::Warning };
            if is_published || diagnostic.hint.is_none() {
                diagnostic.hint = Some("the schema of this namespace that ships is read in its place".into());
            }
        }
    }
}

//! From the root along the references, breadth first: each document once, however many refer to it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use tokio::time::Instant;
use url::Url;

use super::library::{Found, Library, Unusable};
use super::location::{self, Location};
use super::scan::{Kind, NotWellFormed, Scanned, scan};
use super::shelf::{ReadError, Shelf};
use super::{Loaded, Options, Origin, Policy, Refused, archive, codes, origin, root};
use crate::diagnostic::{Code, Diagnostic, Severity, SourceId, Sources, Span, nearest};
use crate::net::fetch::{self, FetchError, Fetched};
use crate::schema::standard::is_standard;
use crate::wsdl::documents::{Documents, Reference, ReferenceKind, Target};

/// Where a document is.
#[derive(Clone, Debug)]
enum Place {
    File(String),
    Address(Url),
}

/// What a reference leads to.
enum Way {
    Place(Place),
    Standard,
    Missing(String),
    /// Nothing to load: an import without a location of what another document declares.
    Declared,
}

struct Document {
    id: SourceId,
    place: Place,
    scanned: Arc<Scanned>,
    depth: usize,
}

/// One import in progress.
pub(super) struct Walk<'a> {
    options: &'a Options<'a>,
    library: Option<Library>,
    sources: Sources,
    loaded: Vec<Document>,
    /// By the key of the place: the document, or why there is none.
    known: HashMap<String, Result<SourceId, String>>,
    diagnostics: Vec<Diagnostic>,
    bytes: u64,
    deadline: Instant,
    origin: Option<Url>,
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
            Err(why) => Err(self.no_root(why)),
        }
    }

    fn load_root(&mut self, place: &Place) -> Result<SourceId, Refused> {
        let Place::File(path) = place else { return Err(self.no_root("it is no file".into())) };
        match self.add_file(path, 0) {
            Ok(id) => {
                let key = self.file_key(path);
                self.known.insert(key, Ok(id));
                self.check_root(id)
            }
            Err(why) => Err(self.no_root(why)),
        }
    }

    /// What [`Self::add_file`] noted already is not said twice.
    fn no_root(&self, why: String) -> Refused {
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
            Way::Place(place) => match self.load(&place, depth + 1, reference).await {
                Ok(id) => Target::Document(id),
                // A server that is gone, of a schema that everybody has.
                Err(_) if matches!(place, Place::Address(_)) && is_standard_reference(reference) => Target::Standard,
                Err(reason) => Target::Missing { reason: reason.into() },
            },
        };
        documents.link(from, reference, target);
    }

    // What a reference leads to.

    fn way(&mut self, index: usize, reference: &Reference) -> Way {
        let Some(text) = reference.location.clone() else { return Way::Declared };
        let Some(place) = self.loaded.get(index).map(|d| d.place.clone()) else { return Way::Declared };
        match (location::read(&text), &place) {
            (Location::Empty, _) => Way::Declared,
            (Location::Address(url), Place::File(from)) => self.way_to_address(reference, &text, url, from),
            (Location::Address(url), Place::Address(_)) => self.way_between_addresses(reference, url),
            (Location::Path(readings), Place::File(from)) => self.way_to_path(reference, &text, &readings, from),
            (Location::Path(_) | Location::NameOnly(_), Place::Address(base)) => match base.join(text.trim()) {
                Ok(url) if matches!(url.scheme(), "http" | "https") => self.way_between_addresses(reference, url),
                _ => elsewhere(reference, format!("`{}` is no address", text.trim())),
            },
            (Location::NameOnly(_), Place::File(from)) => self.among_files(reference, &text, Some(from)).unwrap_or_else(|| {
                elsewhere(
                    reference,
                    format!("`{}` is an absolute path: it is not followed, and no such file is beside the WSDL", text.trim()),
                )
            }),
            (Location::Scheme(scheme), place) => {
                let from = if let Place::File(f) = place { Some(f.as_str()) } else { None };
                self.among_files(reference, &text, from)
                    .unwrap_or_else(|| elsewhere(reference, format!("locations of scheme `{scheme}` are not read")))
            }
        }
    }

    fn way_to_path(&mut self, reference: &Reference, text: &str, readings: &[String], from: &str) -> Way {
        let Some(library) = &mut self.library else { return elsewhere(reference, "there are no files".into()) };
        let paths: Vec<String> = readings.iter().map(|r| location::join(from, r)).collect();
        if let Some(path) = paths.iter().find(|p| library.shelf.has(p)) {
            return Way::Place(Place::File(path.clone()));
        }
        if let Some(path) = paths.iter().find_map(|p| library.shelf.find_ignoring_case(p)) {
            self.note(&codes::CASE_DIFFERS, reference, format!("the file is called `{path}`, which differs in case"));
            return Way::Place(Place::File(path));
        }
        let confined = self.options.policy == Policy::Upload || matches!(library.shelf, Shelf::Memory(_));
        let first = paths.first().cloned().unwrap_or_default();
        let names = library.shelf.siblings(&first);
        if let Some(way) = self.among_files(reference, text, Some(from)) {
            return way;
        }
        if confined && location::leads_out(&first) {
            return elsewhere(reference, format!("`{}` leads out of what is being imported, and no such file is in it", text.trim()));
        }
        let near = nearest(location::file_name(&first), names.iter().map(String::as_str));
        elsewhere(
            reference,
            match near {
                Some(n) => format!("there is no file `{first}`; did you mean `{n}`?"),
                None => format!("there is no file `{first}`"),
            },
        )
    }

    /// From a file to an address: the files first, then what ships, then the network.
    fn way_to_address(&mut self, reference: &Reference, text: &str, url: Url, from: &str) -> Way {
        if let Some(way) = self.among_files(reference, text, Some(from)) {
            return way;
        }
        if is_standard_reference(reference) {
            return Way::Standard;
        }
        if self.options.fetcher.is_some() {
            return Way::Place(Place::Address(url));
        }
        Way::Missing("it is an address, which is not fetched here, and no file has its name and namespace".to_owned())
    }

    /// From an address to another. Of a standard schema only the service's own copy is fetched: the public servers of these
    /// schemas are slow on purpose.
    fn way_between_addresses(&mut self, reference: &Reference, url: Url) -> Way {
        let own = self.origin.as_ref().is_some_and(|o| o.host() == url.host());
        if !own && is_standard_reference(reference) {
            return Way::Standard;
        }
        if self.options.fetcher.is_none() {
            return Way::Missing("it is an address, which is not fetched here".to_owned());
        }
        Way::Place(Place::Address(url))
    }

    fn way_without_location(&mut self, index: usize, reference: &Reference) -> Way {
        let namespace = reference.namespace.as_deref().filter(|n| !n.is_empty());
        if namespace.is_none() || self.loaded.iter().any(|d| d.scanned.declares(namespace)) {
            return Way::Declared;
        }
        let from = match self.loaded.get(index).map(|d| &d.place) {
            Some(Place::File(path)) => Some(path.clone()),
            _ => None,
        };
        // Several of one namespace are not guessed between, and nothing may be needed of it: the resolver knows.
        match self.library.as_mut().map(|l| l.find(reference, "", &[], from.as_deref())) {
            Some(Found::One(path)) => Way::Place(Place::File(path)),
            _ if is_standard_reference(reference) => Way::Standard,
            _ => Way::Declared,
        }
    }

    /// The file that has the name and namespace of a reference that cannot be followed as it is written.
    fn among_files(&mut self, reference: &Reference, text: &str, from: Option<&str>) -> Option<Way> {
        let names = location::file_names(text);
        match self.library.as_mut()?.find(reference, text, &names, from) {
            Found::None => None,
            Found::One(path) => {
                self.note(&codes::TAKEN_FROM_FILES, reference, format!("taken from the file `{path}`"));
                Some(Way::Place(Place::File(path)))
            }
            // Several copies of a standard schema: the one that ships is as good as any.
            Found::Several(_) if is_standard_reference(reference) => Some(Way::Standard),
            Found::Several(paths) => {
                let list: Vec<String> = paths.iter().take(5).map(|p| format!("`{p}`")).collect();
                Some(Way::Missing(format!("several files could be meant: {}", list.join(", "))))
            }
        }
    }

    fn note(&mut self, code: &'static Code, reference: &Reference, message: String) {
        self.diagnostics.push(Diagnostic::new(Severity::Note, code, message).at(reference.span));
    }

    // Documents.

    /// Loads what is at `place`, or gives what was loaded from there before. The error is why not: a sentence fragment.
    async fn load(&mut self, place: &Place, depth: usize, reference: &Reference) -> Result<SourceId, String> {
        let key = match place {
            Place::File(path) => self.file_key(path),
            Place::Address(url) => address_key(url),
        };
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let result = match self.check_limits(depth, reference) {
            Err(why) => Err(why),
            Ok(()) => match place {
                Place::File(path) => self.add_file(path, depth),
                Place::Address(url) => match self.fetch(url).await {
                    Ok(fetched) => self.add_redirected(fetched, depth),
                    Err(e) => Err(e.to_string()),
                },
            },
        };
        let result = result.and_then(|id| self.usable(id));
        self.known.insert(key, result.clone());
        result
    }

    fn check_limits(&mut self, depth: usize, reference: &Reference) -> Result<(), String> {
        let limits = &self.options.limits;
        let (code, why) = if depth > limits.depth {
            (&codes::TOO_DEEP, format!("it is more than {} references away from the root", limits.depth))
        } else if self.loaded.len() >= limits.documents {
            (&codes::TOO_MANY, format!("the import has more than {} documents", limits.documents))
        } else {
            return Ok(());
        };
        if !self.diagnostics.iter().any(|d| std::ptr::eq(d.code, code)) {
            self.diagnostics.push(Diagnostic::error(code, why.clone()).at(reference.span));
        }
        Err(why)
    }

    /// A document behind a reference must be a WSDL or a schema.
    fn usable(&self, id: SourceId) -> Result<SourceId, String> {
        match self.loaded.iter().find(|d| d.id == id) {
            Some(d) if d.scanned.kind == Kind::Other => {
                Err(format!("its root element is `{}`: it is neither a WSDL nor a schema", d.scanned.root_name))
            }
            _ => Ok(id),
        }
    }

    fn add_file(&mut self, path: &str, depth: usize) -> Result<SourceId, String> {
        let Some(library) = &mut self.library else { return Err("there are no files".into()) };
        match library.scan(path) {
            Ok(scanned) => self.add(path.to_owned(), Place::File(path.to_owned()), scanned, depth),
            Err(Unusable::NotWellFormed(e)) => Err(self.add_broken(path, &e)),
            Err(Unusable::Read(e)) => {
                let (code, why) = match &*e {
                    ReadError::Missing => (&codes::MISSING_DOCUMENT, format!("there is no file `{path}`")),
                    ReadError::Outside => (&codes::OUTSIDE_ROOT, format!("`{path}` leads out of what is being imported")),
                    ReadError::TooLarge => {
                        (&codes::TOO_LARGE, format!("`{path}` has more than {} bytes", self.options.limits.document_bytes))
                    }
                    ReadError::Refused(why) => (&codes::NOT_READABLE, format!("`{path}` cannot be read: {why}")),
                };
                self.diagnostics.push(Diagnostic::error(code, why.clone()));
                Err(why)
            }
        }
    }

    /// Two addresses may redirect to one document.
    fn add_redirected(&mut self, fetched: Fetched, depth: usize) -> Result<SourceId, String> {
        let key = address_key(&fetched.address);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let result = self.add_fetched(fetched, depth);
        self.known.insert(key, result.clone());
        result
    }

    fn add_fetched(&mut self, fetched: Fetched, depth: usize) -> Result<SourceId, String> {
        let name = fetch::shown(&fetched.address);
        match scan(&fetched.bytes, fetched.charset.as_deref(), self.options.limits.document_bytes) {
            Ok(scanned) => {
                if scanned.kind == Kind::Other && super::scan::looks_like_html(&scanned.text) {
                    return Err(self.web_page(&name));
                }
                self.add(name, Place::Address(fetched.address), Arc::new(scanned), depth)
            }
            Err(e) => Err(self.add_broken(&name, &e)),
        }
    }

    fn add(&mut self, name: String, place: Place, scanned: Arc<Scanned>, depth: usize) -> Result<SourceId, String> {
        self.bytes = self.bytes.saturating_add(scanned.text.len() as u64);
        if self.bytes > self.options.limits.total_bytes {
            let why = format!("the documents of the import have more than {} bytes", self.options.limits.total_bytes);
            if !self.diagnostics.iter().any(|d| std::ptr::eq(d.code, &raw const codes::TOO_LARGE)) {
                self.diagnostics.push(Diagnostic::error(&codes::TOO_LARGE, why.clone()));
            }
            return Err(why);
        }
        let id = self.sources.add(name, scanned.text.clone());
        self.loaded.push(Document { id, place, scanned, depth });
        Ok(id)
    }

    /// Keeps a document that the gate refused for its code frame, and says where it breaks.
    fn add_broken(&mut self, name: &str, e: &NotWellFormed) -> String {
        if e.looks_like_html {
            return self.web_page(name);
        }
        if !e.looks_like_xml {
            let message = format!("`{name}` is not XML: {}", e.message);
            self.diagnostics.push(Diagnostic::error(&codes::NOT_XML, message));
            return "it is not XML".to_owned();
        }
        let source = self.sources.add(name, e.text.as_str());
        let end = e.text.get(e.offset as usize..).and_then(|t| t.chars().next()).map_or(0, |c| c.len_utf8() as u32);
        let span = Span { source, start: e.offset, end: e.offset + end };
        let message = format!("{} ({name}, line {}, column {})", e.message, e.line, e.column);
        self.diagnostics.push(Diagnostic::error(&codes::NOT_WELL_FORMED, message).at(span));
        format!("it is not well-formed XML: {} at line {}, column {}", e.message, e.line, e.column)
    }

    fn web_page(&mut self, name: &str) -> String {
        let message = format!("`{name}` is a web page, not a WSDL or a schema");
        let hint = "an address that needs a log-in, or lacks `?wsdl` at its end, answers with one";
        self.diagnostics.push(Diagnostic::error(&codes::NOT_XML, message).hint(hint));
        "it is a web page".to_owned()
    }

    async fn fetch(&mut self, url: &Url) -> Result<Fetched, FetchError> {
        let Some(fetcher) = self.options.fetcher else { return Err(FetchError::NotAllowed) };
        let left = self.options.limits.total_bytes.saturating_sub(self.bytes);
        fetcher.fetch(url, left.min(self.options.limits.document_bytes), self.deadline).await
    }

    fn file_key(&self, path: &str) -> String {
        format!("file:{}", self.library.as_ref().map_or_else(|| path.to_owned(), |l| l.shelf.key(path)))
    }
}

/// Missing, unless what is referred to ships.
fn elsewhere(reference: &Reference, reason: String) -> Way {
    if is_standard_reference(reference) { Way::Standard } else { Way::Missing(reason) }
}

fn is_standard_reference(reference: &Reference) -> bool {
    reference.kind == ReferenceKind::SchemaImport && reference.namespace.as_deref().is_some_and(is_standard)
}

fn is_located(reference: &Reference) -> bool {
    reference.location.as_deref().is_some_and(|l| location::read(l) != Location::Empty)
}

fn address_key(url: &Url) -> String {
    let mut bare = url.clone();
    bare.set_fragment(None);
    format!("address:{}", fetch::shown(&bare))
}

fn fetch_diagnostic(url: &Url, error: &FetchError) -> Diagnostic {
    let code = match error {
        FetchError::NotAllowed => &codes::NOT_FETCHED,
        FetchError::Refused(_) => &codes::ADDRESS_REFUSED,
        FetchError::Status { .. } | FetchError::TooManyRedirects { .. } => &codes::HTTP_STATUS,
        FetchError::TooLarge { .. } => &codes::TOO_LARGE,
        FetchError::Scheme { .. } => &codes::SCHEME,
        FetchError::Setup(_)
        | FetchError::Dns { .. }
        | FetchError::Connect { .. }
        | FetchError::Tls { .. }
        | FetchError::Timeout { .. }
        | FetchError::Redirect { .. }
        | FetchError::Encoding(_)
        | FetchError::Broken { .. } => &codes::FETCH,
    };
    let diagnostic = Diagnostic::error(code, format!("`{}` was not fetched: {error}", fetch::shown(url)));
    match error {
        FetchError::Status { status: 401 | 403, .. } => diagnostic.hint("name a user and a password that may read it"),
        FetchError::Status { status: 404, .. } => diagnostic.hint("is the address right, and does it end in `?wsdl`?"),
        FetchError::Tls { .. } => diagnostic.hint("name the certificate of a private authority as an extra CA"),
        FetchError::Refused(_) => diagnostic.hint("the operator can allow the network in `network.allow`"),
        _ => diagnostic,
    }
}

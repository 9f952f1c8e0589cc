//! Documents into the set: read, checked against the limits and the gate, each once.

use std::sync::Arc;

use url::Url;

use super::codes;
use super::library::Unusable;
use super::scan::{Kind, NotWellFormed, Scanned, looks_like_html, scan};
use super::shelf::ReadError;
use super::walk::{Document, Place, Walk};
use crate::diagnostic::{Diagnostic, SourceId, Span};
use crate::net::fetch::{self, FetchError, Fetched};
use crate::wsdl::documents::Reference;

impl Walk<'_> {
    /// Loads what is at `place`, or gives what was loaded from there before. The error is why not: a sentence fragment.
    pub(super) async fn load(&mut self, place: &Place, depth: usize, reference: &Reference) -> Result<SourceId, String> {
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

    pub(super) fn add_file(&mut self, path: &str, depth: usize) -> Result<SourceId, String> {
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
    pub(super) fn add_redirected(&mut self, fetched: Fetched, depth: usize) -> Result<SourceId, String> {
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
                if scanned.kind == Kind::Other && looks_like_html(&scanned.text) {
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
        let diagnostic = Diagnostic::error(&codes::NOT_WELL_FORMED, e.message.clone()).at(span);
        self.diagnostics.push(match e.hint {
            Some(hint) => diagnostic.hint(hint),
            None => diagnostic,
        });
        format!("it is not well-formed XML: {} at line {}, column {}", e.message, e.line, e.column)
    }

    fn web_page(&mut self, name: &str) -> String {
        let message = format!("`{name}` is a web page, not a WSDL or a schema");
        let hint = "an address that needs a log-in, or lacks `?wsdl` at its end, answers with one";
        self.diagnostics.push(Diagnostic::error(&codes::NOT_XML, message).hint(hint));
        "it is a web page".to_owned()
    }

    pub(super) async fn fetch(&mut self, url: &Url) -> Result<Fetched, FetchError> {
        let Some(fetcher) = self.options.fetcher else { return Err(FetchError::NotAllowed) };
        let left = self.options.limits.total_bytes.saturating_sub(self.bytes);
        // Credentials in the root's address are for what it imports from there, too.
        let with_credentials = self.origin.as_ref().filter(|o| o.origin() == url.origin() && url.username().is_empty()).map(|o| {
            let mut url = url.clone();
            url.set_username(o.username()).ok();
            url.set_password(o.password()).ok();
            url
        });
        let url = with_credentials.as_ref().unwrap_or(url);
        fetcher.fetch(url, left.min(self.options.limits.document_bytes), self.deadline).await
    }

    pub(super) fn file_key(&self, path: &str) -> String {
        format!("file:{}", self.library.as_ref().map_or_else(|| path.to_owned(), |l| l.shelf.key(path)))
    }
}

pub(super) fn address_key(url: &Url) -> String {
    let mut bare = url.clone();
    bare.set_fragment(None);
    format!("address:{}", fetch::shown(&bare))
}

pub(super) fn fetch_diagnostic(url: &Url, error: &FetchError) -> Diagnostic {
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

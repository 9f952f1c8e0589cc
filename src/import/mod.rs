//! The use case "import a WSDL": loaded documents → `apis/NAME/` and a [`Report`].
//!
//! Comes in: documents with their links, and what the person asked for. Goes out: the files of an API, written in one step, and what
//! became of every operation and construct. A failed import leaves nothing behind. Must not know: the command line, HTTP.

/// The codes of this room, with their long help.
pub mod codes;
mod headers;
mod layout;
mod notes;
mod proof;
mod report;
pub mod update;
mod write;

pub use proof::short as short_proof;
pub use report::{LeftOut, Mapping, Report, ReportedHeader, ReportedResource};

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use crate::api::{self, ApiDefinition, Identity, Lock, Resource, State};
use crate::catalog::{self, Assembled, DEFINITION, LOCK, Texts};
use crate::diagnostic::{Diagnostic, Severity, Sources, shell_word};
use crate::prove::Compiled;
use crate::store::Content;
use crate::wsdl::documents::Documents;
use crate::wsdl::source::Loaded;

/// Which of the two faces an API shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// REST resources only.
    Rest,
    /// The raw SOAP endpoint only.
    Passthrough,
    /// Both.
    #[default]
    Both,
}

/// What the person asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// The folder of API definitions; made where it is missing. Empty: there is none, for an import that is only looked at.
    pub apis: PathBuf,
    /// The API's name; else what the WSDL suggests.
    pub name: Option<String>,
    /// Its version; else `1`.
    pub version: Option<String>,
    /// Its context; else `/` and the name in lower case.
    pub context: Option<String>,
    /// Where the SOAP service is; else what the WSDL says.
    pub endpoint: Option<String>,
    /// Which faces it shows.
    pub mode: Mode,
    /// May everybody call it? Else it asks for a key or a token.
    pub open: bool,
    /// The state that its definition says: published, or one in which it takes no calls yet.
    pub state: State,
    /// Write nothing?
    pub dry_run: bool,
    /// The words by which a command line names the documents, for hints where nothing of the API stays; `None`: they name its folder.
    pub said: Option<String>,
}

impl Request {
    /// An import into that folder, with nothing said beside.
    pub fn of(apis: PathBuf, said: Option<String>) -> Self {
        let state = State::Published;
        Self { apis, name: None, version: None, context: None, endpoint: None, mode: Mode::Both, open: false, state, dry_run: false, said }
    }
}

/// What an imported API asks of its callers: one of these.
const SECURITY: [&str; 2] = ["api_key", "oauth2"];

/// Why an import did not happen. Nothing was written.
#[derive(Debug)]
pub struct Failed {
    /// Why: at least one error.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that the diagnostics point into.
    pub sources: Sources,
}

/// What an import makes, before anything is written.
#[derive(Debug)]
pub struct Composed {
    /// What became of every operation and construct.
    pub report: Report,
    /// The texts of the API by their paths in its folder.
    pub texts: Texts,
    /// The text of `evidence.json`.
    pub evidence: String,
}

/// Imports loaded documents.
///
/// # Errors
/// The documents cannot be imported, the request does not fit, the API is there already, or its files cannot be written.
pub fn import(loaded: Loaded, request: &Request) -> Result<Report, Failed> {
    let Composed { mut report, texts, evidence } = compose(loaded, request)?;
    if request.dry_run {
        return Ok(report);
    }
    let directory = request.apis.join(&report.name);
    if let Err(e) = write::write(&request.apis, &report.name, &texts, &evidence) {
        let text = format!("{} cannot be written: {e}", directory.display());
        return Err(Failed { diagnostics: vec![Diagnostic::error(&codes::NOT_WRITTEN, text)], sources: report.sources });
    }
    report.directory = Some(directory);
    Ok(report)
}

/// The same, writing nothing.
///
/// # Errors
/// The documents cannot be imported, the request does not fit, or the API is there already.
pub fn compose(loaded: Loaded, request: &Request) -> Result<Composed, Failed> {
    let Loaded { documents, mut diagnostics } = loaded;
    let Assembled { api, derivation, lock, suggested_name, diagnostics: found, definitions, .. } =
        catalog::assemble("", &draft(request), None, &documents);
    diagnostics.extend(found);
    let (Some(mut api), Some(definitions)) = (api, definitions) else {
        return Err(Failed { diagnostics, sources: documents.sources });
    };
    let failed =
        |diagnostic: Diagnostic, documents: &Documents| Failed { diagnostics: vec![diagnostic], sources: documents.sources.clone() };
    let mut definition = define(request, &suggested_name).map_err(|d| failed(d, &documents))?;
    let name = definition.api.name.clone();
    let directory = request.apis.join(&name);
    // Without a folder of APIs a folder of that name here is something else: perhaps the WSDL's own.
    if !request.apis.as_os_str().is_empty() && directory.exists() {
        let text = format!("the API `{name}` is there already, in {}", directory.display());
        let hint = format!("`--name` imports beside it; to import it anew, move {} away first", directory.display());
        return Err(failed(Diagnostic::error(&codes::EXISTS, text).hint(hint), &documents));
    }
    if definition.endpoint.url.is_some() && definition.endpoint.url.as_deref() == first_address(&api) {
        definition.endpoint.url = None;
    }
    let layout = layout::Layout::new(&documents);
    definition.source.wsdl = format!("wsdl/{}", layout.root());
    definition.source.digest = Some(layout.digest());
    let headers = headers::assigned(&api.program);
    definition.headers = headers::rules(&headers);
    api.base_path = definition.base_path().into();
    api.definition = definition;
    // Sorted first: notes are found by their index.
    diagnostics.sort_by_key(|d| std::cmp::Reverse(d.severity));
    let notes = notes::by_operation(&definitions, &diagnostics);
    let report = short_proof(&definitions, &api, &Compiled(&api.program));
    let target = request.said.clone().unwrap_or_else(|| shell_word(&directory.to_string_lossy()));
    diagnostics.extend(proof::findings(&report, &target));
    let published = |r: &&Resource| api.resources.iter().any(|p| *p.path == *r.path);
    let derived: Vec<&Resource> = derivation.resources.iter().filter(published).collect();
    let own = [(DEFINITION, api.definition.to_yaml(&derived)), (LOCK, lock.to_text())];
    let documents_there = layout.files().iter().map(|(path, text)| (format!("wsdl/{path}"), Arc::from(text.as_str())));
    let texts = own.into_iter().map(|(path, text)| (path.to_owned(), text.into())).chain(documents_there).collect();
    let evidence = proof::evidence(&report, &api);
    diagnostics.extend(catalog::undocumented(&api));
    diagnostics.extend(catalog::suggestions(&api));
    let report = Report::new(api, &notes, report, diagnostics, documents.sources, headers);
    Ok(Composed { report, texts, evidence })
}

/// What an import would say today of an API that is there, with what people made of it.
///
/// # Errors
/// What is there cannot be read or compiled.
pub fn review(name: &str, content: &Content) -> Result<Report, Failed> {
    let mut documents = content.linked();
    let at = documents.sources.add(content.definition.name.clone(), content.definition.text.clone());
    let (definition, mut diagnostics) = ApiDefinition::parse(at, &content.definition.text);
    let Some(definition) = definition else { return Err(Failed { diagnostics, sources: documents.sources }) };
    let lock = match &content.lock {
        None => None,
        Some(stored) => {
            let at = documents.sources.add(stored.name.clone(), stored.text.clone());
            match Lock::parse(at, &stored.text) {
                Ok(lock) => Some(lock),
                Err(diagnostic) => return Err(Failed { diagnostics: vec![*diagnostic], sources: documents.sources }),
            }
        }
    };
    let made = catalog::assemble(name, &definition, lock.as_ref(), &documents);
    diagnostics.extend(made.diagnostics);
    let (Some(api), Some(definitions)) = (made.api, made.definitions) else {
        return Err(Failed { diagnostics, sources: documents.sources });
    };
    diagnostics.sort_by_key(|d| std::cmp::Reverse(d.severity));
    let notes = notes::by_operation(&definitions, &diagnostics);
    let proof = short_proof(&definitions, &api, &Compiled(&api.program));
    diagnostics.extend(proof::findings(&proof, name));
    diagnostics.extend(catalog::undocumented(&api));
    diagnostics.extend(catalog::suggestions(&api));
    let headers = headers::assigned(&api.program);
    Ok(Report::new(api, &notes, proof, diagnostics, documents.sources, headers))
}

/// The documents of a WSDL as files that refer to each other by their paths; gives the path of the root too.
pub fn as_files(documents: &Documents) -> (String, BTreeMap<String, String>) {
    let layout = layout::Layout::new(documents);
    (layout.root().to_owned(), layout.files().iter().cloned().collect())
}

/// A definition that is good enough to compile with: names are not known yet.
fn draft(request: &Request) -> ApiDefinition {
    let mut definition = ApiDefinition::named("draft");
    definition.endpoint.url.clone_from(&request.endpoint);
    if !request.open {
        definition.access.security = SECURITY.map(str::to_owned).to_vec();
    }
    definition.rest = request.mode != Mode::Passthrough;
    definition.passthrough = request.mode != Mode::Rest;
    definition.api.state = request.state;
    definition
}

/// The definition as it will be written, but for its source.
fn define(request: &Request, suggested: &str) -> Result<ApiDefinition, Diagnostic> {
    let name = request.name.as_deref().unwrap_or(suggested);
    let wrong = |what: &str, value: &str, expected: &str| {
        Err(Diagnostic::error(&codes::BAD_REQUEST, format!("`{value}` cannot be {what}: {expected}")))
    };
    if name.is_empty() || api::folder_name(name) != name {
        return wrong("an API's name", name, "ASCII letters, digits, `-`, `_` and `.`, at most 64");
    }
    let mut definition = draft(request);
    definition.api = Identity { state: request.state, ..ApiDefinition::named(name).api };
    if let Some(version) = &request.version {
        if !api::is_segment(version) || version.contains(['{', '}']) {
            return wrong("an API's version", version, "one path segment, such as 1 or v2.1");
        }
        definition.api.version.clone_from(version);
    }
    if let Some(context) = &request.context {
        let context = if context.starts_with('/') { context.clone() } else { format!("/{context}") };
        if !api::is_context(&context) {
            return wrong("a context", &context, "a path such as /geo, without a slash at the end");
        }
        definition.api.context = context;
    }
    if api::is_reserved(&definition.api.context) {
        let text = format!("the context `{}` is reserved for the gateway", definition.api.context);
        return Err(Diagnostic::error(&api::codes::RESERVED_CONTEXT, text).hint("choose another one with `--context`"));
    }
    if let Some(url) = &request.endpoint
        && !api::is_http(url)
    {
        return wrong("an endpoint", url, "an address that begins with http:// or https://, without user and password");
    }
    Ok(definition)
}

fn first_address(api: &catalog::PublishedApi) -> Option<&str> {
    api.program.operations.iter().find_map(|o| o.address.as_deref())
}

/// Does a list hold an error?
pub fn has_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|d| d.severity == Severity::Error)
}

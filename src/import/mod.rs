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

use std::path::PathBuf;

use crate::api::{self, ApiDefinition, Resource};
use crate::catalog::{self, Assembled};
use crate::diagnostic::{Diagnostic, Severity, Sources, shell_word};
use crate::prove::Compiled;
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
    /// Write nothing?
    pub dry_run: bool,
    /// The words by which a command line names the documents, for hints where nothing of the API stays; `None`: they name its folder.
    pub said: Option<String>,
}

impl Request {
    /// An import into that folder, with nothing said beside.
    pub fn of(apis: PathBuf, said: Option<String>) -> Self {
        Self { apis, name: None, version: None, context: None, endpoint: None, mode: Mode::Both, open: false, dry_run: false, said }
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

/// Imports loaded documents.
///
/// # Errors
/// The documents cannot be imported, the request does not fit, the API is there already, or its files cannot be written.
pub fn import(loaded: Loaded, request: &Request) -> Result<Report, Failed> {
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
    if !request.dry_run {
        let published = |r: &&Resource| api.resources.iter().any(|p| *p.path == *r.path);
        let derived: Vec<&Resource> = derivation.resources.iter().filter(published).collect();
        let yaml = api.definition.to_yaml(&derived);
        write::write(&request.apis, &name, &yaml, &lock.to_text(), &proof::evidence(&report, &api), layout.files()).map_err(|e| {
            let text = format!("{} cannot be written: {e}", directory.display());
            failed(Diagnostic::error(&codes::NOT_WRITTEN, text), &documents)
        })?;
    }
    diagnostics.extend(catalog::undocumented(&api));
    diagnostics.extend(catalog::suggestions(&api));
    Ok(Report::new(api, &notes, report, diagnostics, documents.sources, (!request.dry_run).then_some(directory), headers))
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
    definition.api = ApiDefinition::named(name).api;
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

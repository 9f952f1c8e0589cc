//! What a command is about: a WSDL, or an API of the folder, loaded as far as the command needs it.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::args::{Direction, Global};
use super::{Exit, Outcome, Screen, runtime};
use crate::catalog::{self, PublishedApi, Secrets};
use crate::config::{self, Config};
use crate::diagnostic::{Diagnostic, Severity, Sources, nearest, shell_word};
use crate::import::{self, Request};
use crate::mediate;
use crate::net::address::AddressPolicy;
use crate::net::fetch::{Credentials, FetchOptions, Fetcher};
use crate::plan::Program;
use crate::plan::compile::{Settings, compile};
use crate::plan::node::OperationPlan;
use crate::prove;
use crate::wsdl::Definitions;
use crate::wsdl::documents::Documents;
use crate::wsdl::source::{Limits, Loaded, Options, Origin, Policy, Refused, load, load_local};

/// Bytes that are read from standard input.
const INPUT_BYTES: u64 = 256 << 20;

/// The settings file: the one that is named, else `castile.yaml` here, where it is there.
pub(super) fn config_file(global: &Global) -> Option<PathBuf> {
    global.config.clone().or_else(|| Some(PathBuf::from("castile.yaml")).filter(|p| p.is_file()))
}

/// The settings.
pub(super) fn config(screen: &Screen, global: &Global) -> Outcome<Config> {
    config::load(config_file(global).as_deref()).map_err(|errors| {
        for error in errors {
            screen.error(&error.to_string());
        }
        Exit::Problem
    })
}

/// The folder of API definitions: `apis` of the settings, relative to their file, else `./apis`.
pub(super) fn apis_folder(config: &Config, file: Option<&Path>) -> PathBuf {
    let beside = file.and_then(Path::parent).unwrap_or(Path::new(""));
    beside.join(config.apis.as_deref().unwrap_or(Path::new("apis")))
}

/// The folder of an API of that name, if there is one.
pub(super) fn api_folder(screen: &Screen, global: &Global, name: &str) -> Outcome<Option<PathBuf>> {
    if crate::api::folder_name(name) != name || name.is_empty() {
        // A folder of an API may also be named by its path.
        let path = PathBuf::from(name);
        return Ok(path.join("api.yaml").is_file().then_some(path));
    }
    // Without a settings file there is nothing to be wrong with the folder's place, and the environment need not be read.
    let folder = match config_file(global) {
        Some(file) => apis_folder(&config(screen, global)?, Some(&file)),
        None => PathBuf::from("apis"),
    };
    let candidates = [folder.join(name), PathBuf::from(name)];
    Ok(candidates.into_iter().find(|p| p.join("api.yaml").is_file()))
}

/// The same, where it may be had: an API has the WSDL that it was imported from, and there is nothing to choose.
fn wanted_api(screen: &Screen, global: &Global, wanted: &Wanted<'_>) -> Outcome<Option<PathBuf>> {
    let folder = api_folder(screen, global, wanted.wsdl)?;
    if folder.is_some() && wanted.root.is_some() {
        return Err(screen.usage(&format!("--root chooses the WSDL of a folder or zip, and {} is an API, which has one", wanted.wsdl)));
    }
    Ok(folder)
}

/// Where a WSDL is, and how it may be had.
pub(super) struct Wanted<'a> {
    /// A file, a folder, a zip, an address.
    pub(super) wsdl: &'a str,
    /// Which WSDL of a folder or zip.
    pub(super) root: Option<&'a str>,
    /// Certificates of further authorities.
    pub(super) ca: Option<&'a Path>,
    /// May it be on this machine, without being listed? So for `try` and `mock`.
    pub(super) loopback: bool,
    /// Is the service itself played, with all its operations?
    pub(super) service: bool,
    /// Will the service be called, so that its secrets are needed?
    pub(super) secrets: Secrets,
    /// With `--output json`, does a refusal stand on standard output as an import's answer?
    pub(super) answers: bool,
}

impl<'a> Wanted<'a> {
    /// With nothing said beside.
    pub(super) fn new(wsdl: &'a str) -> Self {
        Self { wsdl, root: None, ca: None, loopback: false, service: false, secrets: Secrets::NotNeeded, answers: false }
    }

    /// The words of a command line that say the same.
    pub(super) fn said(&self) -> String {
        let root = self.root.map(|root| format!(" --root {}", shell_word(root))).unwrap_or_default();
        format!("{}{root}", shell_word(self.wsdl))
    }
}

/// Loads a WSDL and what it refers to. Files need no runtime.
pub(super) fn load_wsdl(screen: &Screen, global: &Global, wanted: &Wanted<'_>) -> Outcome<Loaded> {
    let Wanted { wsdl, root, .. } = *wanted;
    let refused = |refused: &Refused| {
        if wanted.answers && screen.json {
            screen.answer(not_imported(&refused.diagnostics, &refused.sources).as_bytes());
        }
        self::refused(screen, refused)
    };
    let limits = Limits::default();
    let origin = Origin::of(wsdl, &limits).map_err(|r| refused(&r))?;
    let origin = root.map_or(origin.clone(), |root| origin.with_root(root));
    let is_address = matches!(origin, Origin::Address(_));
    let local = Options { policy: Policy::Operator, limits, fetcher: None };
    if !is_address {
        // What a file names by address is fetched only where it is missing here; most need nothing.
        let loaded = load_local(&origin, &local).map_err(|r| refused(&r))?;
        if !wants_fetching(&loaded) {
            return Ok(loaded);
        }
    }
    let fetcher = fetcher(screen, global, &origin, wanted)?;
    let options = Options { fetcher: Some(&fetcher), ..local };
    screen.progress(&format!("reading {wsdl}"), || runtime(screen)?.block_on(load(&origin, &options)).map_err(|r| refused(&r)))
}

/// Is something missing that an address would give?
fn wants_fetching(loaded: &Loaded) -> bool {
    use crate::wsdl::documents::Target;
    loaded.documents.links.iter().any(|(key, target)| {
        let address = key.location.as_ref().is_some_and(|l| l.starts_with("http://") || l.starts_with("https://"));
        address && matches!(target, Target::Missing { .. })
    })
}

fn fetcher(screen: &Screen, global: &Global, origin: &Origin, wanted: &Wanted<'_>) -> Outcome<Fetcher> {
    let mut policy = AddressPolicy { allow_loopback: wanted.loopback, ..AddressPolicy::operator() };
    policy.allow = config(screen, global)?.network.allow;
    let mut options = FetchOptions::new(policy);
    if let Origin::Address(url) = origin {
        options.credentials = Credentials::from_url(url);
    }
    if let Some(file) = wanted.ca {
        let pem = std::fs::read_to_string(file).map_err(|e| screen.usage(&format!("{} cannot be read: {e}", file.display())))?;
        options.tls.extra_ca_pem = Some(pem);
    }
    Fetcher::new(options).map_err(|e| {
        screen.error(&e.to_string());
        Exit::Problem
    })
}

fn refused(screen: &Screen, refused: &Refused) -> Exit {
    screen.diagnostics(&refused.diagnostics, &refused.sources);
    if !refused.candidates.is_empty() {
        screen.say(&format!("choose one with --root: {}", refused.candidates.join(", ")));
    }
    let unreachable = refused.diagnostics.iter().any(|d| matches!(d.code.id, "source.fetch" | "source.http-status"));
    if unreachable { Exit::Unreachable } else { Exit::Problem }
}

/// What `import --output json` answers where there is nothing to import.
pub(super) fn not_imported(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    let findings: Vec<_> = diagnostics.iter().map(|d| json!(d.finding(sources))).collect();
    serde_json::to_string_pretty(&json!({ "imported": false, "diagnostics": findings })).unwrap_or_default()
}

/// Prints what is wrong, where something is.
pub(super) fn stop_at_errors(screen: &Screen, diagnostics: &[Diagnostic], sources: &Sources) -> Outcome<()> {
    let errors: Vec<Diagnostic> = diagnostics.iter().filter(|d| d.severity == Severity::Error).cloned().collect();
    if errors.is_empty() {
        return Ok(());
    }
    screen.diagnostics(&errors, sources);
    Err(Exit::Problem)
}

/// The compiled operations of a WSDL or an API, and nothing beside them.
pub(super) fn program(screen: &Screen, global: &Global, target: &str) -> Outcome<Program> {
    Ok(compiled(screen, global, &Wanted::new(target))?.1)
}

/// The definitions of a WSDL or an API, and what is compiled from them.
pub(super) fn compiled(screen: &Screen, global: &Global, wanted: &Wanted<'_>) -> Outcome<(Definitions, Program)> {
    let (documents, settings) = match wanted_api(screen, global, wanted)? {
        Some(folder) => {
            let content = catalog::read_api(&folder).map_err(|b| say_built(screen, &b))?;
            let settings = catalog::stored_settings(&content).map_err(|b| say_built(screen, &b))?;
            (content.linked(), settings)
        }
        None => (load_wsdl(screen, global, wanted)?.documents, Settings::default()),
    };
    let definitions = resolved(screen, &documents)?;
    let mut program = compile(&definitions, &settings).program;
    let diagnostics = catalog::fill_headers(&mut program, &settings.headers, &catalog::Credentials::default());
    // The definition's text is not among the sources of the WSDL.
    let diagnostics: Vec<Diagnostic> = diagnostics.into_iter().map(|d| Diagnostic { span: None, ..d }).collect();
    stop_at_errors(screen, &diagnostics, &documents.sources)?;
    Ok((definitions, program))
}

fn resolved(screen: &Screen, documents: &Documents) -> Outcome<Definitions> {
    let outcome = crate::wsdl::resolve::resolve(documents);
    match outcome.definitions {
        Some(definitions) => Ok(definitions),
        None => {
            stop_at_errors(screen, &outcome.diagnostics, &documents.sources)?;
            Err(Exit::Problem)
        }
    }
}

/// The proof that the import of a WSDL makes, or made of an API, and the operations that it is of.
pub(super) fn short_proof(screen: &Screen, global: &Global, wanted: &Wanted<'_>) -> Outcome<(Arc<Program>, prove::Report)> {
    match wanted_api(screen, global, wanted)? {
        Some(folder) => {
            let (api, documents) = stored(screen, &folder, wanted)?;
            let definitions = resolved(screen, &documents)?;
            Ok((api.program.clone(), import::short_proof(&definitions, &api, &prove::Compiled(&api.program))))
        }
        None => {
            let report = looked_at(screen, global, wanted)?;
            Ok((report.api.program.clone(), report.proof))
        }
    }
}

/// An API of the folder, and its WSDL.
fn stored(screen: &Screen, folder: &Path, wanted: &Wanted<'_>) -> Outcome<(Arc<PublishedApi>, Documents)> {
    let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let content = catalog::read_api(folder).map_err(|b| say_built(screen, &b))?;
    let built = match wanted.service {
        true => catalog::build_service(&name, &content),
        false => catalog::build_with(&name, &content, wanted.secrets),
    };
    built.api.clone().map(|api| (api, content.linked())).ok_or_else(|| say_built(screen, &built))
}

/// What an import of a WSDL would report.
fn looked_at(screen: &Screen, global: &Global, wanted: &Wanted<'_>) -> Outcome<import::Report> {
    let loaded = load_wsdl(screen, global, wanted)?;
    let request = Request::of(PathBuf::new(), Some(wanted.said()));
    import::import(loaded, &Request { open: true, dry_run: true, ..request }).map_err(|failed| {
        screen.diagnostics(&failed.diagnostics, &failed.sources);
        Exit::Problem
    })
}

pub(super) fn say_built(screen: &Screen, built: &catalog::Built) -> Exit {
    screen.diagnostics(&built.diagnostics, &built.sources);
    Exit::Problem
}

/// A whole API: of the folder, or as an import of a WSDL would make it.
pub(super) fn api(screen: &Screen, global: &Global, target: &str) -> Outcome<Arc<PublishedApi>> {
    api_wanted(screen, global, &Wanted::new(target))
}

/// The same, where the WSDL may be on this machine.
pub(super) fn api_wanted(screen: &Screen, global: &Global, wanted: &Wanted<'_>) -> Outcome<Arc<PublishedApi>> {
    match wanted_api(screen, global, wanted)? {
        Some(folder) => Ok(stored(screen, &folder, wanted)?.0),
        None => Ok(looked_at(screen, global, wanted)?.api),
    }
}

/// The operation of that name at that port.
pub(super) fn operation<'p>(screen: &Screen, program: &'p Program, name: &str, port: Option<&str>) -> Outcome<&'p OperationPlan> {
    if let Some(found) = program.operation(name, port) {
        return Ok(found);
    }
    let names = program.operations.iter().map(|o| &*o.name);
    let text = match port {
        Some(port) if program.operation(name, None).is_some() => {
            let at: Vec<String> =
                program.operations.iter().filter(|o| &*o.name == name).filter_map(|o| o.port.as_deref().map(str::to_owned)).collect();
            format!("operation `{name}` is not at port `{port}`, but at {}", at.join(", "))
        }
        _ => match nearest(name, names) {
            Some(near) => format!("there is no operation `{name}`; did you mean `{near}`?"),
            None => format!("there is no operation `{name}` that can be mapped"),
        },
    };
    Err(screen.usage(&text))
}

impl Direction {
    pub(super) fn mediate(self) -> mediate::Direction {
        match self {
            Self::Request => mediate::Direction::Request,
            Self::Response => mediate::Direction::Response,
        }
    }
}

/// All of standard input.
pub(super) fn input(screen: &Screen) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(INPUT_BYTES + 1).read_to_end(&mut bytes);
    match read {
        Ok(_) if bytes.len() as u64 <= INPUT_BYTES => Ok(bytes),
        Ok(_) => Err(screen.usage(&format!("standard input has more than {INPUT_BYTES} bytes"))),
        Err(e) => Err(screen.usage(&format!("standard input cannot be read: {e}"))),
    }
}

//! The API in a folder beside the others, checked there as the server would, and renamed when it is whole.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::findings::Findings;
use super::report::{self, Migrated};
use super::wso2::{Made, MadeResource};
use super::{Failed, Request, codes};
use crate::api::ApiDefinition;
use crate::catalog::{self, Built, Secrets};
use crate::diagnostic::{Diagnostic, Severity, SourceId, Sources};
use crate::import::{self, Mode};
use crate::plan::Program;
use crate::wsdl::source::Loaded;

/// How often the result is looked at anew without the resources that are not good.
const TRIES: usize = 4;

/// An imported WSDL whose API is not in its place yet.
pub(super) struct Staged {
    /// Removed when it is dropped: names that begin with a dot are not APIs.
    beside: tempfile::TempDir,
    name: String,
    target: PathBuf,
    archive: String,
    dry_run: bool,
    /// Was the folder of APIs made for this?
    made_apis: Option<PathBuf>,
    report: import::Report,
}

impl Staged {
    /// Imports the WSDL under that name.
    ///
    /// # Errors
    /// It cannot be imported, or an API of that name is there.
    pub(super) fn import(wsdl: Loaded, request: &Request, name: &str) -> Result<Self, Failed> {
        let target = request.apis.join(name);
        if target.exists() {
            let text = format!("the API `{name}` is there already, in {}", target.display());
            let hint = format!("`--name` migrates beside it; to migrate it anew, move {} away first", target.display());
            let diagnostics = vec![Diagnostic::error(&import::codes::EXISTS, text).hint(hint)];
            return Err(Failed { diagnostics, sources: Sources::default() });
        }
        let made_apis = (!request.dry_run && !request.apis.exists()).then(|| request.apis.clone());
        let beside = match request.dry_run {
            true => tempfile::tempdir(),
            false => fs::create_dir_all(&request.apis)
                .and_then(|()| tempfile::Builder::new().prefix(&format!(".{name}.")).tempdir_in(&request.apis)),
        };
        let beside = beside.map_err(|e| not_written(&target, &e))?;
        let wanted = import::Request {
            name: Some(name.to_owned()),
            mode: Mode::Both,
            ..import::Request::of(beside.path().to_path_buf(), Some(target.display().to_string()))
        };
        let imported = import::import(wsdl, &wanted);
        let archive = request.archive.display().to_string();
        let dry_run = request.dry_run;
        match imported {
            Ok(report) => Ok(Self { beside, name: name.to_owned(), target, archive, dry_run, made_apis, report }),
            Err(failed) => {
                drop(beside);
                remove_empty(made_apis.as_deref());
                Err(Failed { diagnostics: failed.diagnostics, sources: failed.sources })
            }
        }
    }

    /// The definition that the import made.
    pub(super) fn definition(&self) -> ApiDefinition {
        self.report.api.definition.clone()
    }

    /// The WSDL's operations.
    pub(super) fn program(&self) -> &Program {
        &self.report.api.program
    }

    fn folder(&self) -> PathBuf {
        self.beside.path().join(&self.name)
    }

    /// Writes the API, looks at it as the server does, puts it into its place.
    ///
    /// # Errors
    /// Its files cannot be written.
    pub(super) fn finish(self, mut definition: ApiDefinition, mut made: Made, mut findings: Findings) -> Result<Migrated, Failed> {
        let folder = self.folder();
        let mut built = None;
        for _ in 0..TRIES {
            write(&folder, &definition, &made).map_err(|e| not_written(&self.target, &e))?;
            let looked = self.look(&folder);
            let bad = bad_resources(&looked, &definition);
            built = Some(looked);
            if bad.is_empty() {
                break;
            }
            leave_out(&bad, &mut definition, &mut made, &mut findings);
        }
        let built = built.unwrap_or_else(|| self.look(&folder));
        let good = built.api.is_some();
        let sources = renamed(&built.sources, &folder, &self.target);
        let mut checked: Vec<Diagnostic> = built.diagnostics.into_iter().filter(|d| d.severity > Severity::Note).collect();
        if !good {
            let text = format!("{} is not good yet: it is written, and `castile check` says the same", self.target.display());
            checked.insert(0, Diagnostic::error(&codes::NOT_GOOD, text));
        }
        let (diagnostics, texts) = findings.end();
        let migrated = Migrated {
            name: self.name.clone(),
            directory: (!self.dry_run).then(|| self.target.clone()),
            archive: self.archive.clone(),
            base_path: definition.base_path(),
            resources: made.resources,
            sequences: made.sequences.len(),
            passthrough: definition.passthrough,
            good,
            diagnostics,
            sources: texts,
            checked,
            checked_sources: sources,
        };
        fs::write(folder.join(report::FILE), migrated.to_markdown()).map_err(|e| not_written(&self.target, &e))?;
        if !self.dry_run {
            self.put(&folder).map_err(|e| not_written(&self.target, &e))?;
        }
        Ok(migrated)
    }

    fn look(&self, folder: &Path) -> Built {
        match catalog::read_api(folder) {
            // Secrets are set where the gateway runs.
            Ok(content) => catalog::build_with(&self.name, &content, Secrets::NotNeeded),
            Err(built) => built,
        }
    }

    fn put(&self, folder: &Path) -> io::Result<()> {
        if self.target.exists() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it is there already"));
        }
        fs::rename(folder, &self.target)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Only an empty folder goes; what is inside of it is removed by its own guard, behind this.
        if let Some(apis) = &self.made_apis
            && !self.target.exists()
        {
            let _gone = fs::remove_dir_all(self.beside.path());
            remove_empty(Some(apis));
        }
    }
}

fn remove_empty(apis: Option<&Path>) {
    if let Some(apis) = apis {
        let _not_empty = fs::remove_dir(apis);
    }
}

fn not_written(target: &Path, error: &io::Error) -> Failed {
    let text = format!("{} cannot be written: {error}", target.display());
    Failed { diagnostics: vec![Diagnostic::error(&import::codes::NOT_WRITTEN, text)], sources: Sources::default() }
}

fn write(folder: &Path, definition: &ApiDefinition, made: &Made) -> io::Result<()> {
    fs::write(folder.join("api.yaml"), definition.to_yaml(&[]))?;
    let sequences = folder.join("sequences");
    if sequences.exists() {
        fs::remove_dir_all(&sequences)?;
    }
    for (path, text) in &made.sequences {
        let file = folder.join(path);
        fs::create_dir_all(&sequences)?;
        fs::write(file, text)?;
    }
    Ok(())
}

/// The resources that an error is about, by their index, each with the error's message.
fn bad_resources(built: &Built, definition: &ApiDefinition) -> Vec<(usize, String)> {
    if built.api.is_some() {
        return Vec::new();
    }
    let text = definition.to_yaml(&[]);
    let (Some(read), _) = ApiDefinition::parse(SourceId(0), &text) else { return Vec::new() };
    let mut bad: Vec<(usize, String)> = Vec::new();
    for diagnostic in built.diagnostics.iter().filter(|d| d.severity == Severity::Error) {
        let Some(span) = diagnostic.span else { continue };
        if built.sources.document(span.source).is_none_or(|d| !d.name.ends_with("api.yaml")) {
            continue;
        }
        let found = read.resources.iter().position(|r| r.span.is_some_and(|s| (s.start, s.end) == (span.start, span.end)));
        if let Some(index) = found
            && !bad.iter().any(|(i, _)| *i == index)
        {
            bad.push((index, diagnostic.message.clone()));
        }
    }
    bad
}

/// Takes out what is not good, and tells why.
fn leave_out(bad: &[(usize, String)], definition: &mut ApiDefinition, made: &mut Made, findings: &mut Findings) {
    let mut indexes: Vec<usize> = bad.iter().map(|(i, _)| *i).collect();
    for (index, why) in bad {
        if let Some(MadeResource { method, path, span, .. }) = made.resources.get(*index) {
            let text = format!("{} {path} is left out: {why}", method.as_str());
            findings.unbound(Some(*span), text, "write the resource into `resources` of api.yaml by hand");
        }
    }
    indexes.sort_unstable();
    for index in indexes.into_iter().rev() {
        if index >= definition.resources.len().min(made.resources.len()) {
            continue;
        }
        let resource = definition.resources.remove(index);
        made.resources.remove(index);
        made.sequences.retain(|(path, _)| resource.sequence.as_ref() != Some(path));
    }
}

/// The same texts, named from where they will be.
fn renamed(sources: &Sources, from: &Path, to: &Path) -> Sources {
    let shown = |path: &Path| path.to_string_lossy().replace('\\', "/");
    let (from, to) = (shown(from), shown(to));
    let mut renamed = Sources::default();
    for (_, source) in sources.iter() {
        renamed.add(source.name.replace(from.trim_start_matches("./"), to.trim_start_matches("./")), source.text.clone());
    }
    renamed
}

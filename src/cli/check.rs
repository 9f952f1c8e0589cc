//! `castile check`: settings and APIs, all errors at once. The loader is the server's own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use super::args::{Check, Global};
use super::{Exit, Outcome, Screen, target};
use crate::api::codes;
use crate::catalog::{self, Built, PublishedApi, share_address};
use crate::diagnostic::{Diagnostic, Severity, Sources};

/// What was looked at.
#[derive(Default)]
struct Findings {
    apis: Vec<(PathBuf, Built)>,
    settings: Vec<String>,
    shared: Vec<Diagnostic>,
}

/// Checks a folder with settings, a folder of APIs, or one API.
pub(super) fn run(screen: &Screen, global: &Global, args: &Check) -> Outcome {
    let mut findings = Findings::default();
    let folders = folders(screen, global, &args.path, &mut findings)?;
    for folder in folders {
        let name = folder.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let built = match catalog::read_api(&folder) {
            Ok(content) => catalog::build(&name, &content),
            Err(built) => built,
        };
        findings.apis.push((folder, built));
    }
    findings.addresses();
    if !is_one(&args.path) {
        findings.neighbours();
    }
    Ok(report(screen, &findings))
}

/// Is it the folder of one API? Of others then nothing is known.
fn is_one(path: &Path) -> bool {
    path.join("api.yaml").is_file()
}

/// The folders of the APIs below a path.
fn folders(screen: &Screen, global: &Global, path: &Path, findings: &mut Findings) -> Outcome<Vec<PathBuf>> {
    if is_one(path) {
        return Ok(vec![path.to_path_buf()]);
    }
    if !path.is_dir() {
        return Err(screen.usage(&format!("there is no folder {}", path.display())));
    }
    let settings = global.config.clone().or_else(|| Some(path.join("castile.yaml")).filter(|p| p.is_file()));
    let apis = match &settings {
        None if path.join("apis").is_dir() => path.join("apis"),
        None => path.to_path_buf(),
        Some(file) => match crate::config::load(Some(file)) {
            Ok(config) => target::apis_folder(&config, Some(file)),
            Err(errors) => {
                findings.settings.extend(errors.iter().map(ToString::to_string));
                path.join("apis")
            }
        },
    };
    if !apis.is_dir() {
        return match settings {
            Some(_) => Ok(Vec::new()),
            None => Err(screen.usage(&format!("{} has neither castile.yaml nor APIs", path.display()))),
        };
    }
    let listed = catalog::list(&apis).map_err(|e| screen.usage(&format!("{} cannot be read: {e}", apis.display())))?;
    Ok(listed.into_iter().map(|(_, folder)| folder).collect())
}

impl Findings {
    /// Two APIs at one address.
    fn addresses(&mut self) {
        let apis: Vec<&Arc<PublishedApi>> = self.apis.iter().filter_map(|(_, b)| b.api.as_ref()).collect();
        for (i, one) in apis.iter().enumerate() {
            for other in apis.iter().skip(i + 1).filter(|o| share_address(one, o)) {
                let text = format!("{} and {} both answer at {}", one.name, other.name, one.base_path);
                self.shared.push(Diagnostic::error(&codes::DUPLICATE_CONTEXT, text));
            }
        }
    }

    /// What the sequences of one API call of the others. Where one of them is not good, it may be that one.
    fn neighbours(&mut self) {
        let apis: Vec<Arc<PublishedApi>> = self.apis.iter().filter_map(|(_, built)| built.api.clone()).collect();
        let is_whole = apis.len() == self.apis.len();
        for (_, built) in &mut self.apis {
            let found = built.api.as_ref().map(|api| catalog::missing_callees(api, &apis)).unwrap_or_default();
            built.diagnostics.extend(found.into_iter().filter(|d| is_whole || d.severity == Severity::Error));
        }
    }

    fn all(&self) -> impl Iterator<Item = &Diagnostic> {
        self.apis.iter().flat_map(|(_, b)| &b.diagnostics).chain(&self.shared)
    }
}

fn report(screen: &Screen, findings: &Findings) -> Exit {
    let errors = findings.settings.len() + findings.all().filter(|d| d.severity == Severity::Error).count();
    if screen.json {
        let apis: Vec<_> = findings
            .apis
            .iter()
            .map(|(folder, built)| {
                let found: Vec<_> = built.diagnostics.iter().map(|d| json!(d.finding(&built.sources))).collect();
                json!({ "folder": folder.display().to_string(), "good": built.api.is_some(), "diagnostics": found })
            })
            .collect();
        let none = Sources::default();
        let shared: Vec<_> = findings.shared.iter().map(|d| json!(d.finding(&none))).collect();
        let document = json!({ "good": errors == 0, "settings": findings.settings, "apis": apis, "diagnostics": shared });
        screen.answer(serde_json::to_string_pretty(&document).unwrap_or_default().as_bytes());
    } else {
        findings.settings.iter().for_each(|e| screen.error(e));
        for (_, built) in &findings.apis {
            screen.diagnostics(&built.diagnostics, &built.sources);
        }
        screen.diagnostics(&findings.shared, &Sources::default());
        let good = findings.apis.iter().filter(|(_, b)| b.api.is_some()).count();
        let all: Vec<Diagnostic> = findings.all().cloned().collect();
        let found = Screen::count(&all);
        let found = if found.is_empty() { "nothing found".to_owned() } else { found };
        screen.say(&format!("{good} of {} APIs are good: {found}", findings.apis.len()));
    }
    if errors == 0 { Exit::Fine } else { Exit::Problem }
}

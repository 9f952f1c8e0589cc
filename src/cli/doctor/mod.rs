//! `castile doctor`: looks at everything that a server needs, and says in a line each how it is and what to do.
//!
//! Changes nothing. Secrets and their addresses are never shown.

mod machine;
mod outside;
mod server;
mod store;

use std::path::{Path, PathBuf};

use serde_json::json;

use super::args::Global;
use super::{Exit, Outcome, Screen, runtime, target};
use crate::config::{self, Config};

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    /// As it should be.
    Fine,
    /// It works, and should be looked at.
    Note,
    /// It does not work.
    Problem,
    /// It cannot be reached.
    Unreachable,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Note => "note",
            Self::Problem => "problem",
            Self::Unreachable => "unreachable",
        }
    }
}

/// What was looked at, how it is, and what to do.
struct Finding {
    what: String,
    level: Level,
    text: String,
    /// Empty where nothing need be done.
    advice: String,
}

/// All findings, in the order in which they were made.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, what: impl Into<String>, level: Level, text: impl Into<String>, advice: impl Into<String>) {
        self.0.push(Finding { what: what.into(), level, text: text.into(), advice: advice.into() });
    }

    fn fine(&mut self, what: impl Into<String>, text: impl Into<String>) {
        self.add(what, Level::Fine, text, "");
    }

    /// 1 where there is a problem; 3 where nothing that was asked for could be reached; else 0.
    fn exit(&self) -> Exit {
        let any = |level| self.0.iter().any(|f| f.level == level);
        let reached = self.0.iter().any(|f| f.level == Level::Fine && REMOTE.iter().any(|r| f.what.starts_with(r)));
        match () {
            () if any(Level::Problem) => Exit::Problem,
            () if any(Level::Unreachable) && !reached => Exit::Unreachable,
            () if any(Level::Unreachable) => Exit::Problem,
            () => Exit::Fine,
        }
    }
}

/// What is elsewhere than in this process and its files.
const REMOTE: &[&str] = &["server", "store", "redis", "service", "issuer"];

/// What is looked at.
struct Patient {
    config: Config,
    file: Option<PathBuf>,
    beside: PathBuf,
}

/// Runs the command.
pub(super) fn run(screen: &Screen, global: &Global) -> Outcome {
    let file = target::config_file(global);
    let mut findings = Findings::default();
    let config = match config::load(file.as_deref()) {
        Ok(config) => config,
        Err(errors) => {
            for error in errors {
                findings.add("settings", Level::Problem, error.to_string(), "correct it; `castile schema config` says what there is");
            }
            return Ok(report(screen, &findings));
        }
    };
    match &file {
        Some(file) => findings.fine("settings", format!("{} is good", file.display())),
        None => findings.add("settings", Level::Note, "there is no castile.yaml: defaults and environment", "`castile init` makes one"),
    }
    let beside = file.as_deref().and_then(Path::parent).unwrap_or(Path::new("")).to_path_buf();
    let patient = Patient { config, file, beside };
    runtime(screen)?.block_on(async {
        machine::look(&patient, &mut findings);
        server::look(&patient, &mut findings).await;
        let issuers = store::look(&patient, &mut findings).await;
        outside::look(&patient, &issuers, &mut findings).await;
    });
    Ok(report(screen, &findings))
}

fn report(screen: &Screen, findings: &Findings) -> Exit {
    let exit = findings.exit();
    let answered = if screen.json {
        let all: Vec<_> =
            findings.0.iter().map(|f| json!({ "what": f.what, "level": f.level.word(), "text": f.text, "advice": f.advice })).collect();
        screen.answer(json!({ "findings": all }).to_string().as_bytes())
    } else {
        let mut text = String::new();
        for finding in &findings.0 {
            let colour = match finding.level {
                Level::Fine => "32",
                Level::Note => "33",
                Level::Problem | Level::Unreachable => "31",
            };
            let word = screen.paint(colour, &format!("{:<11}", finding.level.word()));
            let advice = if finding.advice.is_empty() { String::new() } else { format!("; {}", finding.advice) };
            text.push_str(&format!("{word} {}: {}{advice}\n", finding.what, finding.text));
        }
        screen.answer(text.as_bytes())
    };
    if answered == Exit::Fine { exit } else { answered }
}

/// What to think of the end of a certificate.
fn certificate(what: String, ends: i64, near_seconds: i64, findings: &mut Findings) {
    let left = ends - jiff::Timestamp::now().as_second();
    let at = jiff::Timestamp::from_second(ends).unwrap_or_default();
    let days = left / 86_400;
    match left {
        i64::MIN..0 => findings.add(what, Level::Problem, format!("its certificate has ended at {at}"), "put a new one in its place"),
        left if left < near_seconds => {
            findings.add(what, Level::Note, format!("its certificate ends in {days} days, at {at}"), "put a new one in its place");
        }
        _ => findings.fine(what, format!("its certificate is good for {days} days")),
    }
}

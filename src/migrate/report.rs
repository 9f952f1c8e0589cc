//! What became of an archive, for people: on the screen, and as a file beside the API.

use std::fmt::Write;
use std::path::PathBuf;

use super::codes;
use super::wso2::MadeResource;
use crate::diagnostic::{Code, Diagnostic, Severity, Sources};

/// The file in the API's folder that says it.
pub(super) const FILE: &str = "migration.md";

/// What became of an archive.
#[derive(Debug)]
pub struct Migrated {
    /// The name of the API's folder.
    pub name: String,
    /// Its folder; `None` where nothing was written.
    pub directory: Option<PathBuf>,
    /// The archive.
    pub archive: String,
    /// Its base address under the gateway: `/geo/1`.
    pub base_path: String,
    /// Its resources.
    pub resources: Vec<MadeResource>,
    /// How many sequences were written.
    pub sequences: usize,
    /// Is the raw SOAP endpoint open?
    pub passthrough: bool,
    /// Does it pass `castile check`, once the secrets that it names are set?
    pub good: bool,
    /// What was found in the archive.
    pub diagnostics: Vec<Diagnostic>,
    /// The archive's texts, without secrets.
    pub sources: Sources,
    /// What `castile check` says of the result, notes left out.
    pub checked: Vec<Diagnostic>,
    /// The result's texts.
    pub checked_sources: Sources,
}

/// How many findings there are of which kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// What a person has to fill in.
    pub fill_in: usize,
    /// Resources that were left out.
    pub unbound: usize,
    /// What has no counterpart, and files that could not be read.
    pub not_carried: usize,
    /// What is done differently.
    pub different: usize,
}

/// The kinds of findings, in the order in which people need them.
const KINDS: [(&Code, &str); 5] = [
    (&codes::FILL_IN, "To fill in"),
    (&codes::NO_OPERATION, "Resources that were left out"),
    (&codes::NOT_CARRIED, "Not carried over"),
    (&codes::UNREADABLE, "Files that could not be read"),
    (&codes::DIFFERENT, "Done differently"),
];

impl Migrated {
    /// How much was found.
    pub fn summary(&self) -> Summary {
        let of = |code: &Code| self.diagnostics.iter().filter(|d| d.code.id == code.id).count();
        Summary {
            fill_in: of(&codes::FILL_IN),
            unbound: of(&codes::NO_OPERATION),
            not_carried: of(&codes::NOT_CARRIED) + of(&codes::UNREADABLE),
            different: of(&codes::DIFFERENT),
        }
    }

    /// The same as a file.
    pub(super) fn to_markdown(&self) -> String {
        let mut out = String::new();
        let _infallible = self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "# What became of the archive")?;
        writeln!(out, "Written by `castile migrate wso2`; nothing reads this file. Remove it when all of it is settled.\n")?;
        if !self.resources.is_empty() {
            writeln!(out, "| resource | operation |\n| --- | --- |")?;
            for r in &self.resources {
                writeln!(out, "| `{} {}{}` | {} |", r.method.as_str(), self.base_path, cell(&r.path), cell(&r.operation))?;
            }
            writeln!(out)?;
        }
        if self.passthrough {
            writeln!(out, "Raw SOAP: `POST {}`\n", self.base_path)?;
        }
        for (code, title) in KINDS {
            let found: Vec<&Diagnostic> = self.diagnostics.iter().filter(|d| d.code.id == code.id).collect();
            if found.is_empty() {
                continue;
            }
            writeln!(out, "## {title}")?;
            for diagnostic in found {
                self.write_finding(out, diagnostic)?;
            }
            writeln!(out)?;
        }
        let errors: Vec<&Diagnostic> = self.checked.iter().filter(|d| d.severity == Severity::Error).collect();
        if !errors.is_empty() {
            writeln!(out, "## `castile check` says")?;
            errors.into_iter().try_for_each(|d| writeln!(out, "- {}", one_line(&d.message)))?;
        }
        Ok(())
    }

    fn write_finding(&self, out: &mut String, diagnostic: &Diagnostic) -> std::fmt::Result {
        let place = diagnostic.span.and_then(|span| {
            let (line, _) = self.sources.position(span)?;
            Some((self.sources.document(span.source)?.name.clone(), line, span))
        });
        match &place {
            Some((name, line, _)) => write!(out, "- `{}`, line {line}: {}", one_line(name), one_line(&diagnostic.message))?,
            None => write!(out, "- {}", one_line(&diagnostic.message))?,
        }
        match &diagnostic.hint {
            Some(hint) => writeln!(out, "; {}", one_line(hint))?,
            None => writeln!(out)?,
        }
        let quote = place.and_then(|(_, _, span)| {
            let text = &self.sources.document(span.source)?.text;
            text.get(span.start as usize..span.end as usize).map(quoted)
        });
        if let Some(quote) = quote.filter(|q| q.len() > 1 && q.bytes().any(|b| b != b'*')) {
            writeln!(out, "  ```text\n  {quote}\n  ```")?;
        }
        Ok(())
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn cell(text: &str) -> String {
    one_line(text).replace('|', "\\|")
}

/// The original text in one line of at most 160 characters, which ends no code block.
fn quoted(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line: String = words.join(" ").chars().filter(|c| !c.is_control()).take(160).collect();
    line.replace("```", "'''")
}

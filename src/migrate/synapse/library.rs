//! The sequences of an archive: which there are, and which stand on the way of a resource.

use std::collections::{BTreeMap, BTreeSet};

use super::text::Text;
use crate::api::Method;
use crate::diagnostic::Span;
use crate::migrate::archive::Archive;
use crate::migrate::document::At;
use crate::migrate::findings::Findings;
use crate::sequence::expr::Path;

/// The folders of API-level sequences, by path.
const FOLDERS: [(Path, &str, &str); 3] = [
    (Path::Request, "Sequences/in-sequence", "inSequence"),
    (Path::Response, "Sequences/out-sequence", "outSequence"),
    (Path::Fault, "Sequences/fault-sequence", "faultSequence"),
];
/// Sequences of one archive.
const MOST: usize = 2_000;

/// All sequences of an archive.
pub(in crate::migrate) struct Library {
    texts: BTreeMap<String, Text>,
    /// API-level sequences that are named.
    named: BTreeMap<Path, Vec<String>>,
    used: BTreeSet<String>,
}

impl Library {
    /// Reads every sequence.
    pub(in crate::migrate) fn open(archive: &Archive, api: At<'_>, findings: &mut Findings) -> Self {
        let mut library = Self { texts: BTreeMap::new(), named: BTreeMap::new(), used: BTreeSet::new() };
        for folder in ["Sequences", "SoapToRest", "Policies"] {
            for (path, bytes) in archive.below(folder) {
                let lower = path.to_ascii_lowercase();
                if (lower.ends_with(".xml") || lower.ends_with(".j2")) && library.texts.len() < MOST {
                    let text = Text::read(path, bytes, findings);
                    library.texts.extend(text.map(|text| (path.to_owned(), text)));
                }
            }
        }
        for (path, folder, key) in FOLDERS {
            let mut names: Vec<(String, Option<Span>)> = Vec::new();
            if let Some(at) = api.get(key).filter(|at| !at.is_empty()) {
                names.extend(at.text().map(|name| (name, Some(at.span()))));
            }
            for policy in api.get("mediationPolicies").map(At::items).unwrap_or_default() {
                let kind = policy.text_of("type").unwrap_or_default().to_ascii_lowercase();
                if folder.ends_with(&format!("/{kind}-sequence")) || kind == format!("{}-sequence", word(path)) || kind == word(path) {
                    names.extend(policy.text_of("name").map(|name| (name, Some(policy.span()))));
                }
            }
            library.name(path, folder, &names, findings);
        }
        library
    }

    /// The files behind names; without names, what is in the folder.
    fn name(&mut self, path: Path, folder: &str, names: &[(String, Option<Span>)], findings: &mut Findings) {
        let mut found: Vec<String> = Vec::new();
        let all: Vec<String> = self.texts.keys().filter(|p| is_below(p, folder)).cloned().collect();
        for (name, at) in names {
            match self.find(name, Some(folder)) {
                Some(file) if found.contains(&file) => {}
                Some(file) => found.push(file),
                None => findings.lost_but(
                    *at,
                    format!("the sequence `{}` is not in the archive", name.escape_debug()),
                    "sequences that all APIs share are exported apart; put its XML into the archive's folder, and migrate again",
                ),
            }
        }
        if names.is_empty() {
            found = all;
        }
        self.named.insert(path, found);
    }

    /// The file of a sequence of that name: in the folder, else anywhere.
    pub(super) fn find(&self, name: &str, folder: Option<&str>) -> Option<String> {
        let wanted = name.rsplit(['/', ':']).next().unwrap_or(name).trim_end_matches(".xml");
        let is_it = |path: &&String| {
            let file = path.rsplit('/').next().unwrap_or(path);
            file.strip_suffix(".xml").unwrap_or(file).eq_ignore_ascii_case(wanted)
        };
        let called = |(_, text): &(&String, &Text)| text.name().as_deref() == Some(wanted);
        let inside = |path: &&String| folder.is_none_or(|f| is_below(path, f));
        self.texts
            .keys()
            .filter(inside)
            .find(is_it)
            .or_else(|| self.texts.iter().filter(|(p, _)| inside(p)).find(called).map(|(p, _)| p))
            .or_else(|| self.texts.keys().filter(|p| is_below(p, "Sequences")).find(is_it))
            .cloned()
    }

    /// A sequence's text; it counts as used.
    pub(super) fn take(&mut self, path: &str) -> Option<Text> {
        self.used.insert(path.to_owned());
        self.texts.get(path).cloned()
    }

    /// A policy's text.
    pub(super) fn policy(&mut self, name: &str, version: &str) -> Option<(String, Text)> {
        let wanted = [format!("{name}_{version}.j2"), format!("{name}.j2"), format!("{name}_{version}.xml"), format!("{name}.xml")];
        let path = self.texts.keys().find(|p| is_below(p, "Policies") && wanted.iter().any(|w| p.rsplit('/').next() == Some(w)))?.clone();
        self.take(&path).map(|text| (path, text))
    }

    /// What stands on one path of a resource: what was generated for it, and what stands there for all.
    pub(super) fn flow(&self, path: Path, method: Method, template: &str) -> Vec<String> {
        let folder = match path {
            Path::Request => "SoapToRest/in",
            Path::Response => "SoapToRest/out",
            Path::Fault => "",
        };
        let wanted = [generated(template), generated(template.split('{').next().unwrap_or_default())];
        let found = self.texts.keys().filter(|p| !folder.is_empty() && is_below(p, folder)).find(|p| {
            let inside = p.get(folder.len() + 1..).unwrap_or_default();
            let Some((name, verb)) = inside.trim_end_matches(".xml").rsplit_once('_') else { return false };
            verb.eq_ignore_ascii_case(method.as_str()) && wanted.contains(&generated(name))
        });
        let mut sequences: Vec<String> = self.named.get(&path).cloned().unwrap_or_default();
        // API Manager runs an API's own sequence before what it generated, and behind it on the way back.
        match path {
            Path::Request => sequences.extend(found.cloned()),
            Path::Response | Path::Fault => sequences.splice(0..0, found.cloned()).for_each(drop),
        }
        sequences
    }

    /// Tells of sequences that nothing names.
    pub(in crate::migrate) fn leftovers(&self, findings: &mut Findings) {
        for (path, text) in self.texts.iter().filter(|(path, _)| !self.used.contains(*path)) {
            findings.lost(Some(text.start()), format!("no resource that was carried over uses `{path}`"));
        }
    }
}

fn word(path: Path) -> &'static str {
    match path {
        Path::Request => "in",
        Path::Response => "out",
        Path::Fault => "fault",
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    path.get(..folder.len()).is_some_and(|p| p.eq_ignore_ascii_case(folder)) && path.as_bytes().get(folder.len()) == Some(&b'/')
}

/// The path of a resource as names of generated files have it.
fn generated(template: &str) -> String {
    template.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_ascii_lowercase()
}

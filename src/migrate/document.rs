//! A YAML or JSON file of an archive, with the places of its values.

use std::sync::Arc;

use super::codes;
use super::findings::Findings;
use crate::diagnostic::{Diagnostic, Severity, SourceId, Span};
use crate::yaml::{File, Kind, Node};

/// A file that was read.
#[derive(Debug)]
pub(super) struct Document {
    text: Arc<str>,
    source: SourceId,
    root: Node,
    /// Where it stands as a text in another file.
    outer: Option<Span>,
}

/// A value of a file.
#[derive(Clone, Copy)]
pub(super) struct At<'d> {
    document: &'d Document,
    node: &'d Node,
}

impl Document {
    /// Reads a file of the archive; JSON is YAML.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(findings: &mut Findings, name: &str, bytes: &[u8]) -> Result<Self, Vec<Diagnostic>> {
        let text = String::from_utf8_lossy(bytes);
        let text: Arc<str> = text.strip_prefix('\u{feff}').unwrap_or(&text).into();
        let source = findings.add(name, text.clone());
        Self::read(text, source, None)
    }

    fn read(text: Arc<str>, source: SourceId, outer: Option<Span>) -> Result<Self, Vec<Diagnostic>> {
        let (file, root) = File::parse(source, &text, &codes::OF_YAML);
        let mut diagnostics = file.diagnostics;
        if let Some(outer) = outer {
            diagnostics.iter_mut().for_each(|d| d.span = Some(outer));
        }
        match root {
            Some(root) => Ok(Self { text, source, root, outer }),
            None => Err(diagnostics),
        }
    }

    /// The whole.
    pub(super) fn root(&self) -> At<'_> {
        At { document: self, node: &self.root }
    }
}

impl<'d> At<'d> {
    fn file(self) -> File<'d> {
        File::again(self.document.source, &self.document.text, &codes::OF_YAML)
    }

    /// Where it stands; of maps and lists the first line.
    pub(super) fn span(self) -> Span {
        self.document.outer.unwrap_or_else(|| self.file().span(self.node))
    }

    /// The member of that name, unless it is null.
    pub(super) fn get(self, name: &str) -> Option<At<'d>> {
        self.entries().into_iter().find(|(key, _)| key == name).map(|(_, at)| at).filter(|at| !matches!(at.node.kind, Kind::Null))
    }

    /// The first of these members that is there.
    pub(super) fn any(self, names: &[&str]) -> Option<At<'d>> {
        names.iter().find_map(|name| self.get(name))
    }

    /// The members of a map, in order.
    pub(super) fn entries(self) -> Vec<(String, At<'d>)> {
        let Kind::Map(entries) = &self.node.kind else { return Vec::new() };
        let mut file = self.file();
        entries.iter().filter_map(|(k, v)| Some((file.text(k)?, At { document: self.document, node: v }))).collect()
    }

    /// The items of a list; a scalar is a list of one.
    pub(super) fn items(self) -> Vec<At<'d>> {
        match &self.node.kind {
            Kind::List(items) => items.iter().map(|node| At { document: self.document, node }).collect(),
            Kind::Null => Vec::new(),
            Kind::Bool(_) | Kind::Number | Kind::String(_) | Kind::Map(_) => vec![self],
        }
    }

    /// The text of a scalar.
    pub(super) fn text(self) -> Option<String> {
        match &self.node.kind {
            Kind::String(text) => Some(text.trim().to_owned()),
            Kind::Bool(_) | Kind::Number => self.file().text(self.node),
            Kind::Null | Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// The text of the member of that name, where it has one.
    pub(super) fn text_of(self, name: &str) -> Option<String> {
        self.get(name)?.text().filter(|t| !t.is_empty())
    }

    /// True or false, also as a text; `Enabled` is true.
    pub(super) fn flag(self) -> bool {
        match &self.node.kind {
            Kind::Bool(value) => *value,
            Kind::String(text) => matches!(text.to_ascii_lowercase().as_str(), "true" | "enabled" | "yes"),
            Kind::Null | Kind::Number | Kind::List(_) | Kind::Map(_) => false,
        }
    }

    /// A number of digits, also as a text.
    pub(super) fn number(self) -> Option<u64> {
        self.text()?.parse().ok()
    }

    /// The texts of a list; a text with commas is a list.
    pub(super) fn texts(self) -> Vec<(String, At<'d>)> {
        let mut found = Vec::new();
        for item in self.items() {
            let Some(text) = item.text() else { continue };
            found.extend(text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(|t| (t.to_owned(), item)));
        }
        found
    }

    /// Says it nothing?
    pub(super) fn is_empty(self) -> bool {
        match &self.node.kind {
            Kind::Null => true,
            Kind::Bool(value) => !value,
            Kind::Number => self.text().is_some_and(|t| t == "0"),
            Kind::String(text) => text.trim().is_empty() || matches!(text.trim(), "false" | "null"),
            Kind::List(items) => items.is_empty(),
            Kind::Map(entries) => entries.iter().all(|(_, node)| At { document: self.document, node }.is_empty()),
        }
    }

    /// Is it a map?
    pub(super) fn is_map(self) -> bool {
        matches!(self.node.kind, Kind::Map(_))
    }

    /// The document that a text holds: older archives write some settings as JSON in a text.
    pub(super) fn inner(self, findings: &mut Findings) -> Option<Document> {
        let Kind::String(text) = &self.node.kind else { return None };
        match Document::read(text.as_str().into(), self.document.source, Some(self.span())) {
            Ok(document) => Some(document),
            Err(diagnostics) => {
                for diagnostic in diagnostics {
                    findings.push(Diagnostic { severity: Severity::Warning, ..diagnostic });
                }
                None
            }
        }
    }
}

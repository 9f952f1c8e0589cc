//! Which documents of a set are read, in which order.

use std::collections::HashSet;
use std::sync::Arc;

use roxmltree::Node;

use crate::diagnostic::{Diagnostic, Severity, SourceId, Span};
use crate::schema::links::{ReferenceKind, Target, reference};
use crate::schema::resolve::MissingImport;
use crate::schema::{standard, start_tag};
use crate::wsdl::codes;
use crate::wsdl::documents::Documents;
use crate::wsdl::parse::{Document, qname};
use crate::xml::document::Unqualified as _;
use crate::xml::document::tree;
use crate::xml::{QName, ns};

/// The tree of every document; one that is not well-formed has none, and a finding.
pub(super) fn trees<'d>(documents: &'d Documents, diagnostics: &mut Vec<Diagnostic>) -> Vec<Option<roxmltree::Document<'d>>> {
    let linked: HashSet<&Target> = documents.links.values().collect();
    let parse = |(id, source): (SourceId, &'d crate::diagnostic::Source)| match tree(&source.text) {
        Ok(tree) => Some(tree),
        // A text that nothing leads to was kept by the loader for what it says of it.
        Err(_) if id != documents.root && !linked.contains(&Target::Document(id)) => None,
        Err(error) => {
            diagnostics.push(not_well_formed(documents, id, &source.text, &error));
            None
        }
    };
    documents.sources.iter().map(parse).collect()
}

fn not_well_formed(documents: &Documents, id: SourceId, text: &str, error: &roxmltree::Error) -> Diagnostic {
    let position = error.pos();
    let start = offset(text, position.row as usize, position.col as usize);
    let span = Span { source: id, start: start as u32, end: (start + 1).min(text.len()) as u32 };
    let is_root = id == documents.root;
    let severity = if is_root { Severity::Error } else { Severity::Warning };
    if is_root && let Some(what) = not_xml(text) {
        return Diagnostic::error(&codes::NOT_A_WSDL, format!("the document is {what}, not a WSDL")).at(Span {
            source: id,
            start: 0,
            end: 0,
        });
    }
    let message =
        if is_root { format!("the WSDL is not well-formed: {error}") } else { format!("the document is not well-formed: {error}") };
    Diagnostic::new(severity, &codes::NOT_WELL_FORMED, message).at(span)
}

/// What a text that does not parse is, where that is plain to see.
fn not_xml(text: &str) -> Option<&'static str> {
    let start = text.trim_start().get(..15).unwrap_or(text.trim_start()).to_ascii_lowercase();
    if start.is_empty() {
        Some("empty")
    } else if start.starts_with("<!doctype html") || start.starts_with("<html") {
        Some("an HTML page")
    } else if start.starts_with(['{', '[']) {
        Some("JSON")
    } else if !start.starts_with('<') {
        Some("not XML")
    } else {
        None
    }
}

/// The byte offset of a line and column (characters), both from 1.
fn offset(text: &str, row: usize, column: usize) -> usize {
    let line_start: usize = text.split_inclusive('\n').take(row.saturating_sub(1)).map(str::len).sum();
    let line = text.get(line_start..).unwrap_or("");
    line_start + line.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum::<usize>()
}

/// The WSDL documents and the schemas to begin with.
#[derive(Default)]
pub(super) struct Loaded<'d> {
    /// WSDL documents, the root first.
    pub(super) documents: Vec<Document<'d>>,
    /// Embedded schemas, and those which `wsdl:import` brings in: imported documents' before a document's own.
    pub(super) schemas: Vec<(Node<'d, 'd>, SourceId)>,
    pub(super) missing: Vec<MissingImport>,
    seen: HashSet<SourceId>,
}

impl<'d> Loaded<'d> {
    /// Loads the root document and what it imports.
    ///
    /// # Errors
    /// Where the root is no WSDL 1.1: the finding that says what it is, `None` where it is not well-formed, which is said already.
    pub(super) fn root(
        &mut self,
        documents: &'d Documents,
        trees: &'d [Option<roxmltree::Document<'d>>],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<(), Option<Diagnostic>> {
        let tree = trees.get(documents.root.0 as usize).and_then(Option::as_ref).ok_or(None)?;
        let root = tree.root_element();
        let span = start_tag(root, documents.root);
        let name = root.tag_name();
        let d = match (name.namespace(), name.name()) {
            (Some(ns::WSDL), "definitions") => {
                self.wsdl(documents.root, documents, trees, diagnostics);
                return Ok(());
            }
            (Some(ns::WSDL20), _) => Diagnostic::error(&codes::VERSION_2, "the document is WSDL 2.0, and only WSDL 1.1 is read")
                .hint("ask the service for its WSDL 1.1, often at its address with `?wsdl`"),
            (Some(ns::XSD), "schema") => Diagnostic::error(&codes::NOT_A_WSDL, "the document is an XML Schema, not a WSDL")
                .hint("give the WSDL that imports this schema"),
            (_, local) if local.eq_ignore_ascii_case("html") => {
                Diagnostic::error(&codes::NOT_A_WSDL, "the document is an HTML page, not a WSDL")
                    .hint("the address may need a sign-in, or `?wsdl` at its end")
            }
            (Some(ns::SOAP11 | ns::SOAP12), "Envelope") => {
                Diagnostic::error(&codes::NOT_A_WSDL, "the document is a SOAP message, not a WSDL").hint("try the address with `?wsdl`")
            }
            (_, "definitions") => {
                Diagnostic::error(&codes::NOT_A_WSDL, "the root element `definitions` is not in the namespace of WSDL 1.1")
                    .hint(format!("the namespace of WSDL 1.1 is `{}`", ns::WSDL))
            }
            (_, local) => Diagnostic::error(&codes::NOT_A_WSDL, format!("the root element is `{local}`, so this is not a WSDL")),
        };
        Err(Some(d.at(span).expected("wsdl:definitions")))
    }

    /// Adds a WSDL document, what it imports, and its schemas. Depth is bounded by the number of documents.
    fn wsdl(
        &mut self,
        id: SourceId,
        documents: &'d Documents,
        trees: &'d [Option<roxmltree::Document<'d>>],
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let Some(tree) = trees.get(id.0 as usize).and_then(Option::as_ref) else { return };
        if !self.seen.insert(id) {
            return;
        }
        let root = tree.root_element();
        let target = root.unqualified("targetNamespace").map(str::trim).filter(|t| !t.is_empty()).map(Arc::from);
        self.documents.push(Document { node: root, source: id, target });
        for import in root.children().filter(|c| c.has_tag_name((ns::WSDL, "import"))) {
            let reference = reference(import, id, ReferenceKind::WsdlImport, "location", import.unqualified("namespace"));
            match documents.links.get(&reference.key(id)) {
                Some(Target::Document(to)) => {
                    let Some(tree) = trees.get(to.0 as usize).and_then(Option::as_ref) else { continue };
                    let root = tree.root_element();
                    if root.has_tag_name((ns::WSDL, "definitions")) {
                        self.wsdl(*to, documents, trees, diagnostics);
                    } else if root.has_tag_name((ns::XSD, "schema")) {
                        let message = "this wsdl:import leads to an XML Schema; it is used";
                        diagnostics.push(Diagnostic::new(Severity::Note, &codes::WSDL_IMPORT_OF_SCHEMA, message).at(reference.span));
                        self.schemas.push((root, *to));
                    } else {
                        let message =
                            format!("the document behind this is `{}`, not wsdl:definitions; it is ignored", root.tag_name().name());
                        diagnostics.push(Diagnostic::new(Severity::Warning, &codes::NOT_A_WSDL, message).at(reference.span));
                    }
                }
                Some(Target::Standard) => {}
                None if reference.location.is_none() => {}
                _ if reference.namespace.as_deref().is_some_and(standard::is_standard) => {}
                link => {
                    let reason = match link {
                        Some(Target::Missing { reason }) => reason.clone(),
                        _ => Arc::from("it was not loaded"),
                    };
                    let (namespace, location) = (reference.namespace.clone(), reference.location.clone());
                    self.missing.push(MissingImport { namespace, location, reason, span: reference.span });
                }
            }
        }
        for types in root.children().filter(|c| c.has_tag_name((ns::WSDL, "types"))) {
            let schemas = types.children().filter(|s| s.has_tag_name((ns::XSD, "schema")));
            self.schemas.extend(schemas.map(|s| (s, id)));
        }
    }

    /// The elements and types that parts name.
    pub(super) fn wanted(&self) -> Vec<QName> {
        let mut names = Vec::new();
        for document in &self.documents {
            for message in document.node.children().filter(|c| c.has_tag_name((ns::WSDL, "message"))) {
                for part in message.children().filter(|c| c.has_tag_name((ns::WSDL, "part"))) {
                    for value in ["element", "type"].into_iter().filter_map(|a| part.unqualified(a)) {
                        names.extend(qname(part, value));
                    }
                }
            }
        }
        names
    }
}

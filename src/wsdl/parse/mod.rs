//! `wsdl:definitions` documents → the parts of [`Definitions`]: messages, port types, bindings, services, in that order, so that
//! each finds what it refers to.

mod binding;
mod message;
mod policy;
mod port_type;
mod service;
mod vocabulary;

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use roxmltree::{Attribute, Node};

use super::codes;
use super::model::{BindingId, Definitions, MessageId, PortTypeId};
use crate::diagnostic::{Code, Diagnostic, Severity, SourceId, Span, nearest};
use crate::schema::model::Documentation;
use crate::schema::{SchemaSet, join, prefix_scope, start_tag, text_of};
use crate::xml::document::Unqualified as _;
use crate::xml::{QName, ns};

/// Findings that are kept.
const MAX_DIAGNOSTICS: usize = 1_000;
/// Undeclared names that are given a hint: each is compared with all that are declared.
const MAX_HINTS: usize = 50;

/// A WSDL document.
#[derive(Clone)]
pub(super) struct Document<'d> {
    pub(super) node: Node<'d, 'd>,
    pub(super) source: SourceId,
    pub(super) target: Option<Arc<str>>,
}

impl<'d> Document<'d> {
    /// Its child elements `wsdl:local`.
    fn children(&self, local: &'static str) -> impl Iterator<Item = Node<'d, 'd>> + use<'d> {
        children(self.node, local)
    }

    fn span(&self, node: Node<'d, 'd>) -> Span {
        start_tag(node, self.source)
    }

    fn value_span(&self, attribute: Attribute<'d, 'd>) -> Span {
        let range = attribute.range_value();
        Span { source: self.source, start: range.start as u32, end: range.end as u32 }
    }

    /// The expanded name of a component of this document.
    fn name(&self, node: Node<'d, 'd>) -> QName {
        QName::with_optional(self.target.clone(), node.unqualified("name").unwrap_or("").trim())
    }
}

/// Child elements in WSDL's namespace.
fn children<'d>(node: Node<'d, 'd>, local: &'static str) -> impl Iterator<Item = Node<'d, 'd>> + use<'d> {
    node.children().filter(move |c| c.has_tag_name((ns::WSDL, local)))
}

/// The expanded name that a QName stands for; `None` where its prefix is not declared.
pub(super) fn qname(node: Node<'_, '_>, text: &str) -> Option<QName> {
    let text = text.trim();
    match text.split_once(':') {
        Some(("xml", local)) => Some(QName::new(ns::XML, local)),
        Some((prefix, local)) => node.lookup_namespace_uri(Some(prefix)).map(|n| QName::new(n, local)),
        None => Some(QName::new(node.lookup_namespace_uri(None).unwrap_or(""), text)),
    }
}

/// Components of one kind by name.
struct Table<T> {
    names: HashMap<QName, T>,
    by_local: HashMap<Arc<str>, Vec<T>>,
}

impl<T: Copy> Table<T> {
    fn new() -> Self {
        Self { names: HashMap::new(), by_local: HashMap::new() }
    }

    /// `false` where the name is taken.
    fn insert(&mut self, name: &QName, id: T) -> bool {
        if self.names.contains_key(name) {
            return false;
        }
        self.names.insert(name.clone(), id);
        self.by_local.entry(name.local_arc().clone()).or_default().push(id);
        true
    }
}

/// What reading the WSDL documents needs and gathers.
pub(super) struct Reader {
    definitions: Definitions,
    diagnostics: Vec<Diagnostic>,
    unresolved: HashSet<Option<Arc<str>>>,
    messages: Table<MessageId>,
    port_types: Table<PortTypeId>,
    bindings: Table<BindingId>,
    /// Operations of port types by name.
    operations: HashMap<PortTypeId, HashMap<Arc<str>, Vec<usize>>>,
    /// Hints given so far.
    hints: Cell<usize>,
}

impl Reader {
    pub(super) fn new(schemas: SchemaSet, unresolved: HashSet<Option<Arc<str>>>) -> Self {
        Self {
            definitions: Definitions { schemas, ..Definitions::default() },
            diagnostics: Vec::new(),
            unresolved,
            messages: Table::new(),
            port_types: Table::new(),
            bindings: Table::new(),
            operations: HashMap::new(),
            hints: Cell::new(0),
        }
    }

    /// Reads all documents, the root first.
    pub(super) fn read(&mut self, documents: &[Document<'_>]) {
        if let Some(root) = documents.first() {
            self.definitions.name = root.node.unqualified("name").map(str::trim).filter(|n| !n.is_empty()).map(Arc::from);
            self.definitions.target_namespace = root.target.clone();
            self.definitions.documentation = documentation(root.node);
        }
        for document in documents {
            self.definitions.scopes.push(prefix_scope(document.node, |t| Arc::from(t)));
            self.check_vocabulary(document);
            self.check_namespaces(document);
        }
        for document in documents {
            document.children("message").for_each(|node| self.message(document, node));
        }
        for document in documents {
            document.children("portType").for_each(|node| self.port_type(document, node));
        }
        for document in documents {
            document.children("binding").for_each(|node| self.binding(document, node));
        }
        for document in documents {
            document.children("service").for_each(|node| self.service(document, node));
        }
        self.policies(documents);
        if let Some(root) = documents.first().filter(|_| self.definitions.services.is_empty()) {
            let message = "the WSDL has no service, so no address is known; its bindings are imported".to_owned();
            self.report(Diagnostic::new(Severity::Note, &codes::NO_ADDRESS, message).at(root.span(root.node)));
        }
    }

    /// Namespace names are URIs; templates that nobody filled in are not.
    fn check_namespaces(&mut self, document: &Document<'_>) {
        let wrong = |c: char| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c);
        let names = document.node.namespaces().map(|n| n.uri()).chain(document.target.as_deref());
        if let Some(name) = names.into_iter().find(|n| n.contains(wrong)) {
            let message = format!("the namespace name `{name}` is not a URI; it is used as it is");
            self.report(Diagnostic::new(Severity::Note, &codes::BAD_VALUE, message).at(document.span(document.node)));
        }
    }

    /// The result.
    pub(super) fn finish(self) -> (Definitions, Vec<Diagnostic>) {
        (self.definitions, self.diagnostics)
    }

    /// Does something refer to an undeclared component of this namespace?
    pub(super) fn is_unresolved(&self, namespace: Option<&str>) -> bool {
        self.unresolved.iter().any(|n| n.as_deref() == namespace)
    }

    /// Is there an operation that could be called?
    pub(super) fn is_usable(&self) -> bool {
        self.definitions.bindings.iter().flat_map(|b| &b.operations).any(|o| o.operation.is_some())
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < MAX_DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        }
    }

    fn warn(&mut self, code: &'static Code, message: String, span: Span) {
        self.report(Diagnostic::new(Severity::Warning, code, message).at(span));
    }

    /// May one more hint be looked for?
    fn may_hint(&self) -> bool {
        self.hints.set(self.hints.get() + 1);
        self.hints.get() <= MAX_HINTS
    }

    /// "did you mean" the nearest of the names.
    fn near<'n, N: IntoIterator<Item = &'n str>>(&self, name: &str, names: impl FnOnce() -> N) -> Option<String> {
        self.may_hint().then(|| nearest(name, names())).flatten().map(|n| format!("did you mean `{n}`?"))
    }

    /// Looks a QName up: the expanded name, else (as all SOAP stacks) the local name alone, with a note.
    fn find<T: Copy>(
        &mut self,
        document: &Document<'_>,
        node: Node<'_, '_>,
        attribute: &str,
        kind: (&'static Code, &str),
        table: impl Fn(&Self) -> &Table<T>,
    ) -> Option<T> {
        let (code, kind) = kind;
        let Some(written) = node.unqualified_node(attribute).filter(|a| !a.value().trim().is_empty()) else {
            let message = format!("this {} has no `{attribute}`", node.tag_name().name());
            self.warn(code, message, start_tag(node, document.source));
            return None;
        };
        let range = written.range_value();
        let span = Span { source: document.source, start: range.start as u32, end: range.end as u32 };
        let text = written.value().trim();
        let name = qname(node, text);
        if let Some(found) = name.as_ref().and_then(|n| table(self).names.get(n).copied()) {
            return Some(found);
        }
        let local = text.rsplit(':').next().unwrap_or(text);
        if let Some(found) = table(self).by_local.get(local).and_then(|f| f.first().copied()) {
            let message = format!("the {kind} `{text}` is declared in another namespace than this prefix has; it is used");
            self.report(Diagnostic::new(Severity::Note, &codes::OTHER_NAMESPACE, message).at(span));
            return Some(found);
        }
        if let Some(name) = &name {
            self.unresolved.insert(name.namespace_arc().cloned());
        }
        let d = Diagnostic::new(Severity::Warning, code, format!("the {kind} `{text}` is not declared")).at(span);
        let near = self.near(local, || {
            let mut locals: Vec<&str> = table(self).by_local.keys().map(|l| &**l).collect();
            locals.sort_unstable();
            locals
        });
        let d = Diagnostic { hint: near, ..d };
        self.report(d);
        None
    }

    /// A name that is taken.
    fn duplicate(&mut self, document: &Document<'_>, node: Node<'_, '_>, name: &QName) {
        let message = format!("the {} `{name}` is declared before; the first one is used", node.tag_name().name());
        self.warn(&codes::DUPLICATE, message, start_tag(node, document.source));
    }
}

/// `wsdl:documentation` children, joined by blank lines.
fn documentation(node: Node<'_, '_>) -> Documentation {
    let texts: Vec<String> = children(node, "documentation").map(text_of).collect();
    join(&texts)
}

/// An attribute as written, trimmed; `None` where it is absent or blank.
fn text(node: Node<'_, '_>, name: &str) -> Option<Arc<str>> {
    node.unqualified(name).map(str::trim).filter(|t| !t.is_empty()).map(Arc::from)
}

/// Is this an element of one of the SOAP bindings?
fn is_soap(node: Node<'_, '_>, local: &str) -> bool {
    node.has_tag_name((ns::WSDL_SOAP11, local)) || node.has_tag_name((ns::WSDL_SOAP12, local))
}

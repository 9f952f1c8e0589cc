//! How documents refer to each other: the references that a document makes, and what a loader found behind each.

use std::collections::HashMap;
use std::sync::Arc;

use roxmltree::{Document, Node};

use crate::diagnostic::{SourceId, Span};
use crate::xml::document::Unqualified as _;
use crate::xml::ns;

/// Which element refers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReferenceKind {
    /// `wsdl:import`: of a WSDL, and (as many do) of an XML Schema.
    WsdlImport,
    /// `xs:import`: of a schema, or of the schemas embedded in a WSDL.
    SchemaImport,
    /// `xs:include`.
    Include,
    /// `xs:redefine`.
    Redefine,
}

/// A reference from one document to another.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reference {
    /// Which element makes it.
    pub kind: ReferenceKind,
    /// `location` or `schemaLocation` as written; `None` where it is absent. An empty or blank one counts as absent.
    pub location: Option<Arc<str>>,
    /// `namespace` as written; for an include or redefine the target namespace of the including schema.
    pub namespace: Option<Arc<str>>,
    /// Where the location's value stands; the element where there is none.
    pub span: Span,
}

/// What identifies a reference among the links: the document that makes it, the location and the namespace, as in
/// [`Reference`].
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LinkKey {
    /// The document that refers.
    pub from: SourceId,
    /// [`Reference::location`].
    pub location: Option<Arc<str>>,
    /// [`Reference::namespace`].
    pub namespace: Option<Arc<str>>,
}

/// What stands behind a reference.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// This document. Several references may lead to the same one.
    Document(SourceId),
    /// One of the schemas that are shipped: see [`standard`](crate::schema::standard). It has no source.
    Standard,
    /// Nothing: a sentence fragment that says why (`"no such file among the uploaded ones"`, `"the server answered 404"`).
    Missing {
        /// Why.
        reason: Arc<str>,
    },
}

/// Reference → what is behind it.
pub type Links = HashMap<LinkKey, Target>;

impl Reference {
    /// The key of this reference when it stands in `from`.
    pub fn key(&self, from: SourceId) -> LinkKey {
        LinkKey { from, location: self.location.clone(), namespace: self.namespace.clone() }
    }
}

/// Every reference that a WSDL or schema document makes, in document order. Pure; a document that is neither makes none.
pub fn references(document: &Document<'_>, source: SourceId) -> Vec<Reference> {
    let root = document.root_element();
    let mut found = Vec::new();
    if root.has_tag_name((ns::XSD, "schema")) {
        schema_references(root, source, &mut found);
    } else if root.has_tag_name((ns::WSDL, "definitions")) {
        for child in root.children().filter(Node::is_element) {
            if child.has_tag_name((ns::WSDL, "import")) {
                found.push(reference(child, source, ReferenceKind::WsdlImport, "location", child.unqualified("namespace")));
            } else if child.has_tag_name((ns::WSDL, "types")) {
                for schema in child.children().filter(|c| c.has_tag_name((ns::XSD, "schema"))) {
                    schema_references(schema, source, &mut found);
                }
            }
        }
    }
    found
}

/// The references of one `xs:schema`.
fn schema_references(schema: Node<'_, '_>, source: SourceId, found: &mut Vec<Reference>) {
    for child in schema.children().filter(Node::is_element) {
        if let Some(r) = schema_reference(child, source) {
            found.push(r);
        }
    }
}

/// `xs:import`, `xs:include` or `xs:redefine` as a reference; `None` for any other element.
pub(crate) fn schema_reference(node: Node<'_, '_>, source: SourceId) -> Option<Reference> {
    if node.tag_name().namespace() != Some(ns::XSD) {
        return None;
    }
    let own_target = || node.parent_element().and_then(|s| s.unqualified("targetNamespace"));
    let (kind, namespace) = match node.tag_name().name() {
        "import" => (ReferenceKind::SchemaImport, node.unqualified("namespace")),
        "include" => (ReferenceKind::Include, own_target()),
        "redefine" => (ReferenceKind::Redefine, own_target()),
        _ => return None,
    };
    Some(reference(node, source, kind, "schemaLocation", namespace))
}

/// A reference whose location stands in the attribute `attribute`.
pub(crate) fn reference(node: Node<'_, '_>, source: SourceId, kind: ReferenceKind, attribute: &str, namespace: Option<&str>) -> Reference {
    let location = node.unqualified_node(attribute).filter(|a| !a.value().trim().is_empty());
    let range = location.map_or_else(|| node.range(), |a| a.range_value());
    Reference {
        kind,
        location: location.map(|a| Arc::from(a.value())),
        namespace: namespace.map(Arc::from),
        span: Span { source, start: range.start as u32, end: range.end as u32 },
    }
}

//! Follows imports, includes and redefines; each document comes in once for each target namespace that it takes.

use std::sync::Arc;

use roxmltree::Node;

use crate::diagnostic::SourceId;
use crate::schema::codes;
use crate::schema::links::{Reference, ReferenceKind, Target, schema_reference};
use crate::schema::model::SchemaDocument;
use crate::schema::parse::{Builder, Document, MissingImport, Place, derivation_set, shipped_source, start_tag};
use crate::schema::standard;
use crate::xml::document::Unqualified as _;
use crate::xml::ns;

impl<'d> Builder<'d> {
    /// Adds an `xs:schema` and, depth first, what it refers to. `includer` is the target namespace of the schema that includes it.
    pub(super) fn add_schema(&mut self, node: Node<'d, 'd>, source: SourceId, includer: Option<&Arc<str>>) {
        let own = node.unqualified("targetNamespace").map(str::trim).filter(|t| !t.is_empty()).map(|t| self.intern(t));
        let chameleon = own.is_none() && includer.is_some();
        if let (Some(own), Some(includer)) = (&own, includer)
            && own != includer
        {
            let message = format!("the schema of `{own}` is included into one of `{includer}`");
            self.warn(&codes::NAMESPACE_MISMATCH, message, start_tag(node, source));
        }
        let target = own.or_else(|| includer.cloned());
        if !self.seen.insert((source, node.id().get(), target.clone())) {
            return;
        }
        // Copies of SOAP encoding's schema differ in accidents; the shipped one has the components that are known by name.
        if let Some(encoding @ (ns::SOAPENC11 | ns::SOAPENC12)) = target.as_deref() {
            if let Some(index) = standard::position(encoding) {
                self.want_standard(index);
            }
            return;
        }
        let index = self.push_document(node, source, target.clone(), chameleon, false);
        let references: Vec<Reference> = node.children().filter_map(|c| schema_reference(c, source)).collect();
        for reference in references {
            self.follow(&reference, source, index, target.as_ref());
        }
    }

    /// Adds a document to the set, without what it refers to.
    fn push_document(&mut self, node: Node<'d, 'd>, source: SourceId, target: Option<Arc<str>>, chameleon: bool, standard: bool) -> usize {
        let index = self.documents.len();
        let qualified = |name| node.unqualified(name).map(str::trim) == Some("qualified");
        self.documents.push(Document {
            node,
            source,
            target: target.clone(),
            chameleon,
            elements_qualified: qualified("elementFormDefault"),
            attributes_qualified: qualified("attributeFormDefault"),
            block_default: node.unqualified("blockDefault").map(derivation_set).unwrap_or_default(),
            standard,
            imports: Default::default(),
            repeats: false,
        });
        let place = Place { node, document: index };
        let scope = self.scope(place);
        let span = self.span(place);
        self.set.documents.push(SchemaDocument { target_namespace: target, scope, span, standard });
        index
    }

    fn follow(&mut self, reference: &Reference, source: SourceId, index: usize, target: Option<&Arc<str>>) {
        let import = reference.kind == ReferenceKind::SchemaImport;
        if import {
            let namespace = reference.namespace.as_deref().map(|n| self.intern(n));
            self.documents[index].imports.insert(namespace);
        }
        let shipped = reference.namespace.as_deref().filter(|_| import).and_then(standard::position);
        match self.links.get(&reference.key(source)) {
            Some(Target::Document(id)) => self.follow_to(*id, reference, if import { None } else { target }),
            _ if shipped.is_some() => {
                if let Some(index) = shipped {
                    self.want_standard(index);
                }
            }
            _ if import && reference.namespace.as_deref() == Some(ns::XSD) => {}
            Some(Target::Standard) => {}
            // An import without a location only says that the namespace is used.
            None if reference.location.is_none() => {}
            link => {
                let reason = match link {
                    Some(Target::Missing { reason }) => reason.clone(),
                    _ => Arc::from("it was not loaded"),
                };
                let namespace = if import { reference.namespace.clone() } else { target.cloned() };
                let location = reference.location.clone();
                self.missing.push(MissingImport { namespace, location, reason, span: reference.span });
            }
        }
    }

    /// Adds the schema, or the schemas in the WSDL, behind a reference.
    fn follow_to(&mut self, id: SourceId, reference: &Reference, includer: Option<&Arc<str>>) {
        // Not well-formed: said once, about that document.
        let Some(tree) = self.trees.get(id.0 as usize).and_then(Option::as_ref) else { return };
        let root = tree.root_element();
        if root.has_tag_name((ns::XSD, "schema")) {
            self.check_namespace(root, reference);
            self.add_schema(root, id, includer);
        } else if root.has_tag_name((ns::WSDL, "definitions")) {
            let types = root.children().filter(|c| c.has_tag_name((ns::WSDL, "types")));
            let schemas = types.flat_map(|t| t.children()).filter(|s| s.has_tag_name((ns::XSD, "schema")));
            for schema in schemas {
                if reference.namespace.is_none() || schema.unqualified("targetNamespace") == reference.namespace.as_deref() {
                    self.add_schema(schema, id, includer);
                }
            }
        } else {
            let message = format!("the document behind this is `{}`, not xs:schema; it is ignored", root.tag_name().name());
            self.warn(&codes::NOT_A_SCHEMA, message, reference.span);
        }
    }

    fn check_namespace(&mut self, root: Node<'d, 'd>, reference: &Reference) {
        let actual = root.unqualified("targetNamespace").map(str::trim);
        if reference.kind == ReferenceKind::SchemaImport && actual != reference.namespace.as_deref().map(str::trim) {
            let name = |n: Option<&str>| n.map_or_else(|| "no namespace".to_owned(), |n| format!("`{n}`"));
            let message =
                format!("the document has {} as its target, the import says {}", name(actual), name(reference.namespace.as_deref()));
            self.warn(&codes::NAMESPACE_MISMATCH, message, reference.span);
        }
    }

    /// Notes that a shipped schema is imported; it comes in after the author's documents, unless one of these has its namespace.
    fn want_standard(&mut self, index: usize) {
        if !self.wanted_standards.contains(&index) {
            self.wanted_standards.push(index);
        }
    }

    /// Adds the shipped schemas that are imported, and those which they import.
    pub(super) fn add_wanted_standards(&mut self) {
        let mut next = 0;
        while let Some(index) = self.wanted_standards.get(next).copied() {
            next += 1;
            self.push_standard(index);
        }
    }

    /// Adds a shipped schema that a reference asks for; `false` where it is in already, or the author has one of that namespace.
    pub(in crate::schema) fn add_standard(&mut self, index: usize) -> bool {
        let Some(document) = self.push_standard(index) else { return false };
        self.index_document(document);
        true
    }

    fn push_standard(&mut self, index: usize) -> Option<usize> {
        let shipped = standard::ALL.get(index)?;
        let source = shipped_source(index);
        if self.documents.iter().any(|d| d.target.as_deref() == Some(shipped.namespace)) {
            return None;
        }
        let node = standard::document(index)?.root_element();
        let target = self.intern(shipped.namespace);
        let imports = node.children().filter_map(|c| schema_reference(c, source)).filter_map(|r| r.namespace);
        for import in imports {
            if let Some(index) = standard::position(&import) {
                self.want_standard(index);
            }
        }
        Some(self.push_document(node, source, Some(target), false, true))
    }
}

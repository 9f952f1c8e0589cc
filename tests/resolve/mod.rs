//! Documents in memory → components: the rules that need several documents, and the bounds.

mod compile;
mod limits;
mod policy;
mod schemas;
mod wsdl;

use std::sync::Arc;

use castile::diagnostic::{Severity, Sources};
use castile::schema::SchemaSet;
use castile::schema::links::{Target, references};
use castile::schema::model::{
    AttributeUse, ComplexType, Content, ElementDeclaration, ElementId, ModelGroup, Particle, SimpleType, Term, TypeDefinition, TypeId,
};
use castile::wsdl::documents::Documents;
use castile::wsdl::resolve::{Outcome, resolve};
use castile::xml::QName;

/// Links documents by their names and resolves them; the first is the root.
pub fn outcome(documents: &[(&str, &str)]) -> Outcome {
    let mut sources = Sources::default();
    let ids: Vec<_> = documents.iter().map(|(name, text)| sources.add(*name, *text)).collect();
    let mut set = Documents::new(sources, ids[0]);
    for (id, (_, text)) in ids.iter().zip(documents) {
        let Ok(tree) = roxmltree::Document::parse(text) else { continue };
        for reference in references(&tree, *id) {
            let Some(location) = reference.location.as_deref() else { continue };
            let target = match documents.iter().position(|(name, _)| *name == location) {
                Some(index) => Target::Document(ids[index]),
                None => Target::Missing { reason: Arc::from("there is no such file") },
            };
            set.link(*id, &reference, target);
        }
    }
    resolve(&set)
}

/// A WSDL whose types are `types`; one operation with the empty message.
pub fn wsdl(types: &str) -> String {
    format!(
        r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" xmlns:w="urn:w" targetNamespace="urn:w">
  <types>{types}</types>
  <message name="M"/>
  <portType name="P"><operation name="O"><input message="w:M"/></operation></portType>
  <binding name="B" type="w:P"><soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="O"><soap:operation soapAction=""/><input><soap:body use="literal"/></input></operation></binding>
  <service name="S"><port name="P" binding="w:B"><soap:address location="http://example.org/"/></port></service>
</definitions>"#
    )
}

/// An embedded schema of `urn:t`.
pub fn schema(content: &str) -> String {
    format!(r#"<xs:schema targetNamespace="urn:t" elementFormDefault="qualified">{content}</xs:schema>"#)
}

/// A schema document of its own; `target` may be empty.
pub fn document(target: &str, content: &str) -> String {
    let target = if target.is_empty() { String::new() } else { format!(r#" targetNamespace="{target}" xmlns:t="{target}""#) };
    format!(r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified"{target}>{content}</xs:schema>"#)
}

/// A resolved set with the ids of its findings.
pub struct Resolved {
    pub set: SchemaSet,
    pub codes: Vec<&'static str>,
}

/// Resolves a WSDL with these types and documents beside it; `documents` are name and text.
pub fn resolved(types: &str, documents: &[(&str, &str)]) -> Resolved {
    let root = wsdl(types);
    let mut all = vec![("service.wsdl", root.as_str())];
    all.extend_from_slice(documents);
    let outcome = outcome(&all);
    let codes = outcome.diagnostics.iter().filter(|d| d.severity >= Severity::Note).map(|d| d.code.id).collect();
    let definitions = outcome.definitions.unwrap_or_else(|| panic!("not resolved: {:?}", outcome.diagnostics));
    Resolved { set: definitions.schemas, codes }
}

impl Resolved {
    pub fn type_id(&self, namespace: &str, local: &str) -> TypeId {
        *self.set.type_names.get(&QName::new(namespace, local)).unwrap_or_else(|| panic!("no type {local} in `{namespace}`"))
    }

    pub fn complex(&self, local: &str) -> &ComplexType {
        complex(&self.set, self.type_id("urn:t", local))
    }

    pub fn simple(&self, local: &str) -> &SimpleType {
        simple(&self.set, self.type_id("urn:t", local))
    }

    pub fn element(&self, local: &str) -> &ElementDeclaration {
        self.set.element(self.element_id(local))
    }

    pub fn element_id(&self, local: &str) -> ElementId {
        self.set.element_names[&QName::new("urn:t", local)]
    }

    /// The names of a complex type's own elements, groups expanded.
    pub fn names(&self, local: &str) -> Vec<String> {
        names(&self.set, self.complex(local))
    }

    /// The names of a complex type's own attributes.
    pub fn attributes(&self, local: &str) -> Vec<String> {
        self.complex(local).attribute_uses.iter().map(|u: &AttributeUse| self.set.attribute(u.attribute).name.to_string()).collect()
    }
}

pub fn complex(set: &SchemaSet, id: TypeId) -> &ComplexType {
    match set.type_definition(id) {
        TypeDefinition::Complex(t) => t,
        TypeDefinition::Simple(t) => panic!("{:?} is simple", t.name),
    }
}

pub fn simple(set: &SchemaSet, id: TypeId) -> &SimpleType {
    match set.type_definition(id) {
        TypeDefinition::Simple(t) => t,
        TypeDefinition::Complex(t) => panic!("{:?} is complex", t.name),
    }
}

pub fn names(set: &SchemaSet, t: &ComplexType) -> Vec<String> {
    let mut found = Vec::new();
    if let Content::Complex(Some(p)) = &t.content {
        collect(set, p, &mut found);
    }
    found
}

fn collect(set: &SchemaSet, p: &Particle, found: &mut Vec<String>) {
    let group = |g: &ModelGroup, found: &mut Vec<String>| g.particles.iter().for_each(|p| collect(set, p, found));
    match &p.term {
        Term::Element(id) => found.push(set.element(*id).name.to_string()),
        Term::ModelGroup(g) => group(g, found),
        Term::Group(id) => group(&set.group(*id).model_group, found),
        Term::Wildcard(_) => found.push("*".to_owned()),
        Term::Undeclared(name) => found.push(format!("?{name}")),
    }
}

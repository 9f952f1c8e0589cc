//! Simple types and SOAP arrays.

use std::sync::Arc;

use super::Compiler;
use crate::diagnostic::{Diagnostic, Severity};
use crate::plan::node::{SoapArray, TypeId};
use crate::plan::scalar::{FacetKind, FacetSpec, Primitive, Scalar};
use crate::schema::model::{self as xsd, SchemaSet, ScopeId, Term, TypeDefinition, Variety};
use crate::xml::{QName, ns};

impl Compiler<'_> {
    /// The scalar of a simple type, made once.
    pub(super) fn scalar(&mut self, id: xsd::TypeId) -> Arc<Scalar> {
        if let Some(known) = self.scalars.get(&id) {
            return known.clone();
        }
        let definitions = self.definitions;
        let made = match &definitions.schemas.types[id.index()] {
            TypeDefinition::Simple(t) => self.make_scalar(id, t),
            TypeDefinition::Complex(_) => self.any_simple(),
        };
        self.scalars.insert(id, made.clone());
        made
    }

    pub(super) fn any_simple(&self) -> Arc<Scalar> {
        Arc::new(Scalar::builtin(Primitive::AnySimple, self.program.options.numbers_as_strings))
    }

    fn make_scalar(&mut self, id: xsd::TypeId, t: &xsd::SimpleType) -> Arc<Scalar> {
        let definitions = self.definitions;
        let schemas = &definitions.schemas;
        // A restriction steps up to its base; a list, a union or a built-in begins anew.
        let restricts = t.base.filter(|b| {
            *b != id && matches!(&schemas.types[b.index()], TypeDefinition::Simple(base) if same_variety(&base.variety, &t.variety))
        });
        let base = match restricts {
            Some(base) if t.document.is_some() || is_list(&t.variety) => self.scalar(base),
            _ => Arc::new(match &t.variety {
                Variety::Ur => Scalar::builtin(Primitive::AnySimple, self.program.options.numbers_as_strings),
                Variety::Atomic(b) => Scalar::builtin(*b, self.program.options.numbers_as_strings),
                Variety::List(item) => Scalar::list(self.scalar(*item)),
                Variety::Union(members) => Scalar::union(members.iter().map(|m| self.scalar(*m)).collect()),
            }),
        };
        if t.facets.is_empty() || (t.document.is_none() && matches!(t.variety, Variety::Atomic(_))) {
            return base;
        }
        let facets: Vec<_> = t
            .facets
            .iter()
            .map(|f| FacetSpec {
                kind: f.kind,
                value: f.value.clone(),
                qname: qname_value(schemas, &t.variety, f),
                documentation: f.documentation.clone(),
            })
            .collect();
        let (made, problems) = Scalar::restrict(&base, &facets);
        for problem in problems {
            let mut d = Diagnostic::new(Severity::Note, &super::codes::FACET, problem).hint("the facet is not enforced");
            d.span = t.span;
            self.diagnostics.push(d);
        }
        Arc::new(made)
    }

    /// What a type says of itself as an array of SOAP encoding; `None` where it is none.
    pub(super) fn soap_array(&mut self, id: xsd::TypeId) -> Option<SoapArray> {
        let definitions = self.definitions;
        let TypeDefinition::Complex(t) = &definitions.schemas.types[id.index()] else {
            return None;
        };
        let name = t.name.as_ref();
        for (soap12, namespace) in [(false, ns::SOAPENC11), (true, ns::SOAPENC12)] {
            if name.is_some_and(|n| n.is(namespace, "Array")) {
                let any = QName::new(ns::XSD, "anyType");
                return Some(SoapArray {
                    item_type: TypeId(SchemaSet::ANY_TYPE.0),
                    item_name: self.name(&any),
                    item_tag: self.name(&QName::local_only("item")),
                    ranks: vec![1],
                    soap12,
                });
            }
        }
        let mut array = self.soap_array(t.base.filter(|b| *b != id && *b != SchemaSet::ANY_TYPE)?)?;
        let mut item = None;
        if let Some((text, scope)) = &t.array_type {
            let (type_name, ranks) = split_array_type(text);
            item = Some(resolve(&definitions.schemas, *scope, type_name));
            array.ranks = if ranks.is_empty() { array.ranks } else { ranks };
        }
        if let xsd::Content::Complex(Some(particle)) = &t.content
            && let Some(element) = first_element(&particle.term)
        {
            let declaration = definitions.schemas.element(element);
            array.item_tag = self.name(&declaration.name);
            let by_element = definitions.schemas.types[declaration.type_definition.index()].name();
            item = item.or_else(|| by_element.filter(|_| declaration.type_definition != SchemaSet::ANY_TYPE).cloned());
        }
        if let Some(item) = item {
            array.item_name = self.name(&item);
            array.item_type = TypeId(definitions.schemas.type_names.get(&item).copied().unwrap_or(SchemaSet::ANY_TYPE).0);
        }
        Some(array)
    }
}

/// The first element declared in a content model: the member of an array.
fn first_element(term: &Term) -> Option<xsd::ElementId> {
    match term {
        Term::Element(e) => Some(*e),
        Term::ModelGroup(g) => g.particles.iter().find_map(|p| first_element(&p.term)),
        Term::Group(_) | Term::Wildcard(_) | Term::Undeclared(_) => None,
    }
}

/// `p:string[][2,3]` → `p:string` and the ranks 1, 2.
fn split_array_type(text: &str) -> (&str, Vec<u32>) {
    let text = text.trim();
    let (name, dims) = text.find('[').map_or((text, ""), |i| text.split_at(i));
    let ranks =
        dims.split(']').filter(|d| d.trim_start().starts_with('[')).map(|d| d.bytes().filter(|b| *b == b',').count() as u32 + 1).collect();
    (name.trim(), ranks)
}

fn resolve(schemas: &SchemaSet, scope: ScopeId, text: &str) -> QName {
    let (prefix, local) = text.split_once(':').unwrap_or(("", text));
    QName::with_optional(schemas.scope(scope).namespace(prefix).cloned(), local)
}

/// The expanded name that an enumeration of a QName type means.
fn qname_value(schemas: &SchemaSet, variety: &Variety, facet: &xsd::Facet) -> Option<Arc<str>> {
    let is_name = matches!(variety, Variety::Atomic(Primitive::QName | Primitive::Notation)) && facet.kind == FacetKind::Enumeration;
    is_name.then(|| resolve(schemas, facet.scope, facet.value.trim()).to_string().into())
}

fn same_variety(a: &Variety, b: &Variety) -> bool {
    matches!(
        (a, b),
        (Variety::Atomic(_), Variety::Atomic(_))
            | (Variety::List(_), Variety::List(_))
            | (Variety::Union(_), Variety::Union(_))
            | (Variety::Ur, Variety::Ur)
    )
}

fn is_list(v: &Variety) -> bool {
    matches!(v, Variety::List(_))
}

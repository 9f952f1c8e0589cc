//! Which notes concern which operation: those that stand inside a component that its messages reach.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::schema::SchemaSet;
use crate::schema::model::{ComplexType, Content, ElementId, Particle, SimpleType, Term, TypeDefinition, TypeId, Variety};
use crate::wsdl::Definitions;
use crate::wsdl::model::{MessageId, Operation, PartKind};

/// (Port type, operation) → indexes of the diagnostics that concern its messages.
pub(super) type Notes = BTreeMap<(String, String), BTreeSet<usize>>;

/// Finds them. Operations that no note concerns are not in the map: their mapping is exact.
pub(super) fn by_operation(definitions: &Definitions, diagnostics: &[Diagnostic]) -> Notes {
    let places: Vec<(usize, Span)> = diagnostics
        .iter()
        .enumerate()
        .filter(|(_, d)| d.severity != Severity::Error && d.code.id.split('.').next() != Some("api"))
        .filter_map(|(i, d)| Some((i, d.span?)))
        .collect();
    let mut notes = Notes::new();
    if places.is_empty() {
        return notes;
    }
    for port_type in &definitions.port_types {
        for operation in &port_type.operations {
            let found = Reach::of(definitions, operation).notes(&definitions.schemas, operation.span, &places);
            if !found.is_empty() {
                let key = (port_type.name.local().to_owned(), operation.name.to_string());
                notes.entry(key).or_default().extend(found);
            }
        }
    }
    notes
}

fn holds(outer: Span, inner: Span) -> bool {
    outer.source == inner.source && outer.start <= inner.start && inner.end <= outer.end
}

/// The components that an operation's messages reach.
#[derive(Default)]
struct Reach {
    types: BTreeSet<TypeId>,
    elements: BTreeSet<ElementId>,
}

impl Reach {
    fn of(definitions: &Definitions, operation: &Operation) -> Self {
        let mut reach = Self::default();
        let messages = operation.input.iter().chain(&operation.output).chain(&operation.faults).filter_map(|m| m.message);
        let (mut types, mut elements) = (Vec::new(), Vec::new());
        for MessageId(id) in messages {
            for part in definitions.messages.get(id).iter().flat_map(|m| &m.parts) {
                match part.kind {
                    PartKind::Element(_, Some(element)) => elements.push(element),
                    PartKind::Type(_, Some(type_)) => types.push(type_),
                    PartKind::Element(_, None) | PartKind::Type(_, None) | PartKind::Neither => {}
                }
            }
        }
        reach.walk(&definitions.schemas, types, elements);
        reach
    }

    fn walk(&mut self, schemas: &SchemaSet, mut types: Vec<TypeId>, mut elements: Vec<ElementId>) {
        loop {
            if let Some(element) = elements.pop() {
                if self.elements.insert(element) {
                    types.push(schemas.element(element).type_definition);
                    elements.extend(schemas.substitution_groups.get(&element).into_iter().flatten());
                }
            } else if let Some(type_) = types.pop() {
                if self.types.insert(type_) && type_ != SchemaSet::ANY_TYPE {
                    match schemas.type_definition(type_) {
                        TypeDefinition::Simple(simple) => of_simple(simple, &mut types),
                        TypeDefinition::Complex(complex) => of_complex(schemas, complex, &mut types, &mut elements),
                    }
                    types.extend(schemas.derived.get(&type_).into_iter().flatten());
                }
            } else {
                return;
            }
        }
    }

    fn notes(&self, schemas: &SchemaSet, operation: Span, places: &[(usize, Span)]) -> BTreeSet<usize> {
        let types = self.types.iter().filter_map(|t| match schemas.type_definition(*t) {
            TypeDefinition::Simple(t) => t.span,
            TypeDefinition::Complex(t) => t.span,
        });
        let elements = self.elements.iter().map(|e| schemas.element(*e).span);
        let spans: Vec<Span> = types.chain(elements).chain(std::iter::once(operation)).collect();
        places.iter().filter(|(_, place)| spans.iter().any(|s| holds(*s, *place))).map(|(i, _)| *i).collect()
    }
}

fn of_simple(simple: &SimpleType, types: &mut Vec<TypeId>) {
    match &simple.variety {
        Variety::List(item) => types.push(*item),
        Variety::Union(members) => types.extend(members),
        Variety::Ur | Variety::Atomic(_) => {}
    }
    types.extend(simple.base);
}

fn of_complex(schemas: &SchemaSet, complex: &ComplexType, types: &mut Vec<TypeId>, elements: &mut Vec<ElementId>) {
    types.extend(complex.base);
    types.extend(complex.attribute_uses.iter().map(|u| schemas.attribute(u.attribute).type_definition));
    match &complex.content {
        Content::Simple(simple) => types.push(*simple),
        Content::Complex(Some(particle)) => of_particle(schemas, particle, elements, 0),
        Content::Complex(None) => {}
    }
}

/// Groups that refer to themselves are broken; 64 levels are more than any honest one has.
fn of_particle(schemas: &SchemaSet, particle: &Particle, elements: &mut Vec<ElementId>, depth: usize) {
    if depth > 64 {
        return;
    }
    match &particle.term {
        Term::Element(element) => elements.push(*element),
        Term::ModelGroup(group) => group.particles.iter().for_each(|p| of_particle(schemas, p, elements, depth + 1)),
        Term::Group(id) => schemas.group(*id).model_group.particles.iter().for_each(|p| of_particle(schemas, p, elements, depth + 1)),
        Term::Wildcard(_) | Term::Undeclared(_) => {}
    }
}

//! Which notes concern which operation: those that stand inside a component that its messages reach.

use std::collections::{BTreeMap, BTreeSet};

use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::schema::SchemaSet;
use crate::schema::model::{
    AttributeId, ComplexType, Content, ElementId, GroupId, Particle, SimpleType, Term, TypeDefinition, TypeId, Variety,
};
use crate::wsdl::Definitions;
use crate::wsdl::model::{MessageId, Operation, PartKind};

/// (Port type, operation) → indexes of the diagnostics that concern its messages.
pub(super) type Notes = BTreeMap<(String, String), BTreeSet<usize>>;

/// A source and an offset in it.
type At = (u32, u32);

fn at(span: Span) -> At {
    (span.source.0, span.start)
}

/// A diagnostic that may concern an operation.
struct Found {
    index: usize,
    span: Span,
    /// Where the component begins that it stands in; only asked of warnings, since what is told as a note changes no message.
    inside: Option<At>,
}

/// Finds them. Operations that no note concerns are not in the map.
pub(super) fn by_operation(definitions: &Definitions, diagnostics: &[Diagnostic]) -> Notes {
    let mut notes = Notes::new();
    let mut found: Vec<Found> = diagnostics
        .iter()
        .enumerate()
        .filter(|(_, d)| d.severity != Severity::Error && d.code.id.split('.').next() != Some("api"))
        .filter_map(|(index, d)| Some(Found { index, span: d.span?, inside: None }))
        .collect();
    if found.is_empty() {
        return notes;
    }
    let beginnings = beginnings(definitions);
    for one in &mut found {
        if diagnostics.get(one.index).is_some_and(|d| d.severity == Severity::Warning) {
            let place = at(one.span);
            one.inside = beginnings.range(..=place).next_back().filter(|b| b.0 == place.0).copied();
        }
    }
    for (index, port_type) in definitions.port_types.iter().enumerate() {
        for (number, operation) in port_type.operations.iter().enumerate() {
            let mut reach = Reach::of(definitions, operation);
            let bound = definitions.bindings.iter().filter(|b| b.port_type.is_some_and(|p| p.0 == index)).flat_map(|b| &b.operations);
            reach.wsdl.extend(bound.filter(|o| o.operation == Some(number)).map(|o| at(o.span)));
            let concern = reach.notes(&definitions.schemas, operation.span, &found);
            if !concern.is_empty() {
                let key = (port_type.name.local().to_owned(), operation.name.to_string());
                notes.entry(key).or_default().extend(concern);
            }
        }
    }
    notes
}

/// Where the components begin. A span is that of a start tag's name, so what a diagnostic stands in is the last one that begins before it.
fn beginnings(definitions: &Definitions) -> BTreeSet<At> {
    let schemas = &definitions.schemas;
    let types = schemas.types.iter().filter_map(type_span);
    let others = schemas.elements.iter().map(|e| e.span).chain(schemas.attributes.iter().map(|a| a.span));
    let groups = schemas.groups.iter().map(|g| g.span).chain(schemas.attribute_groups.iter().map(|g| g.span));
    let messages = definitions.messages.iter().flat_map(|m| std::iter::once(m.span).chain(m.parts.iter().map(|p| p.span)));
    let port_types = definitions.port_types.iter().flat_map(|p| std::iter::once(p.span).chain(p.operations.iter().map(|o| o.span)));
    let bindings = definitions.bindings.iter().flat_map(|b| std::iter::once(b.span).chain(b.operations.iter().map(|o| o.span)));
    let ports = definitions.services.iter().flat_map(|s| s.ports.iter().map(|p| p.span));
    let documents = schemas.documents.iter().map(|d| d.span);
    types.chain(others).chain(groups).chain(messages).chain(port_types).chain(bindings).chain(ports).chain(documents).map(at).collect()
}

fn type_span(type_: &TypeDefinition) -> Option<Span> {
    match type_ {
        TypeDefinition::Simple(t) => t.span,
        TypeDefinition::Complex(t) => t.span,
    }
}

fn holds(outer: Span, inner: Span) -> bool {
    outer.source == inner.source && outer.start <= inner.start && inner.end <= outer.end
}

/// The components that an operation's messages reach.
#[derive(Default)]
struct Reach {
    types: BTreeSet<TypeId>,
    elements: BTreeSet<ElementId>,
    attributes: BTreeSet<AttributeId>,
    groups: BTreeSet<GroupId>,
    /// Where what the WSDL says of it begins: its messages' parts, its bindings.
    wsdl: BTreeSet<At>,
}

impl Reach {
    fn of(definitions: &Definitions, operation: &Operation) -> Self {
        let mut reach = Self::default();
        reach.wsdl.insert(at(operation.span));
        let messages = operation.input.iter().chain(&operation.output).chain(&operation.faults).filter_map(|m| m.message);
        let (mut types, mut elements) = (Vec::new(), Vec::new());
        for MessageId(id) in messages {
            for part in definitions.messages.get(id).iter().flat_map(|m| &m.parts) {
                reach.wsdl.insert(at(part.span));
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
                        TypeDefinition::Complex(complex) => self.of_complex(schemas, complex, &mut types, &mut elements),
                    }
                    types.extend(schemas.derived.get(&type_).into_iter().flatten());
                }
            } else {
                return;
            }
        }
    }

    fn notes(&self, schemas: &SchemaSet, operation: Span, found: &[Found]) -> BTreeSet<usize> {
        let types = self.types.iter().filter_map(|t| type_span(schemas.type_definition(*t)));
        let elements = self.elements.iter().map(|e| schemas.element(*e).span);
        let spans: Vec<Span> = types.chain(elements).chain(std::iter::once(operation)).collect();
        let attributes = self.attributes.iter().map(|a| schemas.attribute(*a).span);
        let groups = self.groups.iter().map(|g| schemas.group(*g).span);
        let begin: BTreeSet<At> = spans.iter().copied().chain(attributes).chain(groups).map(at).chain(self.wsdl.iter().copied()).collect();
        let concerns = |f: &&Found| f.inside.is_some_and(|i| begin.contains(&i)) || spans.iter().any(|s| holds(*s, f.span));
        found.iter().filter(concerns).map(|f| f.index).collect()
    }

    fn of_complex(&mut self, schemas: &SchemaSet, complex: &ComplexType, types: &mut Vec<TypeId>, elements: &mut Vec<ElementId>) {
        types.extend(complex.base);
        self.attributes.extend(complex.attribute_uses.iter().map(|u| u.attribute));
        types.extend(complex.attribute_uses.iter().map(|u| schemas.attribute(u.attribute).type_definition));
        match &complex.content {
            Content::Simple(simple) => types.push(*simple),
            Content::Complex(Some(particle)) => self.of_particle(schemas, particle, elements, 0),
            Content::Complex(None) => {}
        }
    }

    /// Groups that refer to themselves are broken; 64 levels are more than any honest one has.
    fn of_particle(&mut self, schemas: &SchemaSet, particle: &Particle, elements: &mut Vec<ElementId>, depth: usize) {
        if depth > 64 {
            return;
        }
        match &particle.term {
            Term::Element(element) => elements.push(*element),
            Term::ModelGroup(group) => group.particles.iter().for_each(|p| self.of_particle(schemas, p, elements, depth + 1)),
            Term::Group(id) => {
                self.groups.insert(*id);
                schemas.group(*id).model_group.particles.iter().for_each(|p| self.of_particle(schemas, p, elements, depth + 1));
            }
            Term::Wildcard(_) | Term::Undeclared(_) => {}
        }
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

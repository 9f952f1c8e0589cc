//! The built-in types of part 2, in the arena before all others, and the names by which SOAP encoding means them.

use std::sync::Arc;

use super::model::{
    ComplexType, Compositor, Content, Derivation, DerivationSet, Facet, ModelGroup, NamespaceConstraint, Particle, ProcessContents,
    SchemaSet, ScopeId, SimpleType, Term, TypeDefinition, TypeId, Variety, Wildcard,
};
use crate::xml::datatypes::{FacetKind, Primitive};
use crate::xml::{QName, ns};

/// `xs:anySimpleType`: always the second type.
pub(crate) const ANY_SIMPLE_TYPE: TypeId = TypeId(1);

/// The three built-in lists and their items.
const LISTS: &[(&str, &str)] = &[("NMTOKENS", "NMTOKEN"), ("IDREFS", "IDREF"), ("ENTITIES", "ENTITY")];

/// The atomic types and what each restricts, bases before what restricts them.
fn atomic() -> impl Iterator<Item = (Primitive, Primitive)> {
    Primitive::ALL.into_iter().filter_map(|builtin| Some((builtin, builtin.parent()?)))
}

/// Puts the built-in types into an empty set, with their names and the SOAP encodings' aliases.
pub(crate) fn install(set: &mut SchemaSet) {
    let xsd: Arc<str> = Arc::from(ns::XSD);
    let name = |local: &str| QName::new(xsd.clone(), local);
    let no_scope = ScopeId(0);
    push(set, name("anyType"), TypeDefinition::Complex(any_type(name("anyType"))));
    push(set, name("anySimpleType"), simple(name("anySimpleType"), None, Variety::Ur, Vec::new()));
    for (builtin, base) in atomic() {
        let base = set.type_names.get(&name(base.name())).copied();
        push(set, name(builtin.name()), simple(name(builtin.name()), base, Variety::Atomic(builtin), Vec::new()));
    }
    for (local, item) in LISTS {
        let item = set.type_names.get(&name(item)).copied().unwrap_or(ANY_SIMPLE_TYPE);
        let one = Facet { kind: FacetKind::MinLength, value: Arc::from("1"), scope: no_scope, documentation: None };
        push(set, name(local), simple(name(local), Some(ANY_SIMPLE_TYPE), Variety::List(item), vec![one]));
    }
    // Deviation: the 2000 drafts' name of xs:anyType, which Axis still wrote.
    set.type_names.insert(name("ur-type"), SchemaSet::ANY_TYPE);
    for encoding in [ns::SOAPENC11, ns::SOAPENC12] {
        let encoding: Arc<str> = Arc::from(encoding);
        let locals = atomic().map(|(builtin, _)| builtin.name()).chain(LISTS.iter().map(|(local, _)| *local)).chain(["anySimpleType"]);
        for (alias, local) in locals.map(|l| (l, l)).chain([("base64", "base64Binary")]) {
            if let Some(id) = set.type_names.get(&name(local)).copied() {
                set.type_names.insert(QName::new(encoding.clone(), alias), id);
            }
        }
    }
}

fn push(set: &mut SchemaSet, name: QName, definition: TypeDefinition) {
    set.type_names.insert(name, TypeId(set.types.len() as u32));
    set.types.push(definition);
}

fn simple(name: QName, base: Option<TypeId>, variety: Variety, facets: Vec<Facet>) -> TypeDefinition {
    TypeDefinition::Simple(SimpleType {
        name: Some(name),
        base,
        variety,
        facets,
        scope: ScopeId(0),
        document: None,
        span: None,
        documentation: None,
    })
}

/// `xs:anyType`: mixed, any elements, any attributes, all lax.
fn any_type(name: QName) -> ComplexType {
    let any = || Wildcard { namespaces: NamespaceConstraint::Any, process_contents: ProcessContents::Lax };
    let elements = Particle { min: 0, max: None, term: Term::Wildcard(any()) };
    let sequence = ModelGroup { compositor: Compositor::Sequence, particles: vec![elements] };
    ComplexType {
        name: Some(name),
        base: None,
        derivation: Derivation::Restriction,
        is_abstract: false,
        mixed: true,
        content: Content::Complex(Some(Particle { min: 1, max: Some(1), term: Term::ModelGroup(sequence) })),
        attribute_uses: Vec::new(),
        prohibited: Vec::new(),
        attribute_wildcard: Some(any()),
        array_type: None,
        block: DerivationSet::default(),
        scope: ScopeId(0),
        document: None,
        span: None,
        documentation: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_types_of_part_2_are_there() {
        let mut set = SchemaSet::default();
        install(&mut set);
        assert_eq!(set.types.len(), 2 + 44);
        let id = |local: &str| set.type_names[&QName::new(ns::XSD, local)];
        assert_eq!(id("anyType"), SchemaSet::ANY_TYPE);
        assert_eq!(id("anySimpleType"), ANY_SIMPLE_TYPE);
        assert_eq!(set.type_definition(id("int")).base(), Some(id("long")));
        assert_eq!(set.type_names[&QName::new(ns::SOAPENC11, "string")], id("string"));
        assert_eq!(set.type_names[&QName::new(ns::SOAPENC12, "base64")], id("base64Binary"));
        let TypeDefinition::Simple(tokens) = set.type_definition(id("NMTOKENS")) else { panic!("NMTOKENS is simple") };
        assert_eq!(tokens.variety, Variety::List(id("NMTOKEN")));
    }
}

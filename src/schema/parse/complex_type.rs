//! `xs:complexType` (part 1, 3.4.2).

use super::annotation::documentation;
use super::attribute::Attributes;
use super::{Builder, PendingText, Place};
use crate::schema::builtin::ANY_SIMPLE_TYPE;
use crate::schema::codes;
use crate::schema::model::{ComplexType, Content, Derivation, DerivationSet, SchemaSet, SimpleType, TypeDefinition, TypeId, Variety};
use crate::xml::QName;

/// What stands between the tags of a complex type, and how it derives.
struct Derived {
    base: TypeId,
    derivation: Derivation,
    mixed: bool,
    content: Content,
    attributes: Attributes,
}

impl<'d> Builder<'d> {
    /// An anonymous `xs:complexType` or `xs:simpleType`.
    pub(super) fn anonymous_type(&mut self, place: Place<'d>) -> Option<TypeId> {
        if !self.room_for_component(place) {
            return None;
        }
        let id = self.reserve_type(None);
        let outer = self.redefining.take();
        self.nested(place, |b| b.type_definition(id, None, place))?;
        self.redefining = outer;
        Some(id)
    }

    /// A place in the arena for a type that is read later.
    pub(in crate::schema) fn reserve_type(&mut self, name: Option<QName>) -> TypeId {
        let id = TypeId(self.set.types.len() as u32);
        self.set.types.push(TypeDefinition::Simple(SimpleType {
            name,
            base: Some(ANY_SIMPLE_TYPE),
            variety: Variety::Ur,
            facets: Vec::new(),
            scope: Default::default(),
            document: None,
            span: None,
            documentation: None,
        }));
        id
    }

    /// Reads a type definition, global or anonymous, into a type of the set.
    pub(in crate::schema) fn type_definition(&mut self, id: TypeId, name: Option<QName>, place: Place<'d>) {
        let definition = if place.local() == "simpleType" {
            TypeDefinition::Simple(self.simple_type(id, name, place))
        } else {
            TypeDefinition::Complex(self.complex_type(id, name, place))
        };
        if let Some(slot) = self.set.types.get_mut(id.index()) {
            *slot = definition;
        }
    }

    fn complex_type(&mut self, id: TypeId, name: Option<QName>, place: Place<'d>) -> ComplexType {
        let content = place.children().find(|c| matches!(c.local(), "complexContent" | "simpleContent"));
        let derived = match content {
            Some(content) if content.local() == "simpleContent" => self.simple_content(id, content),
            Some(content) => self.complex_content(content),
            None => Derived {
                base: SchemaSet::ANY_TYPE,
                derivation: Derivation::Restriction,
                mixed: false,
                content: Content::Complex(self.content_model(place)),
                attributes: self.attributes(place),
            },
        };
        ComplexType {
            name,
            base: Some(derived.base),
            derivation: derived.derivation,
            is_abstract: self.boolean(place, "abstract").unwrap_or(false),
            mixed: self.boolean(place, "mixed").unwrap_or(false) || derived.mixed,
            content: derived.content,
            attribute_uses: derived.attributes.uses,
            prohibited: derived.attributes.prohibited,
            attribute_wildcard: derived.attributes.wildcard,
            array_type: derived.attributes.array_type,
            block: DerivationSet { substitution: false, ..self.block(place) },
            scope: self.scope(place),
            document: Some(Self::document_id(place)),
            span: Some(self.span(place)),
            documentation: documentation(place),
        }
    }

    fn complex_content(&mut self, place: Place<'d>) -> Derived {
        let mixed = self.boolean(place, "mixed").unwrap_or(false);
        let Some((step, derivation)) = self.derivation(place) else {
            return Derived {
                base: SchemaSet::ANY_TYPE,
                derivation: Derivation::Restriction,
                mixed,
                content: Content::Complex(None),
                attributes: Attributes::default(),
            };
        };
        let base = self.base(step).unwrap_or(SchemaSet::ANY_TYPE);
        let content = Content::Complex(self.content_model(step));
        Derived { base, derivation, mixed, content, attributes: self.attributes(step) }
    }

    fn simple_content(&mut self, id: TypeId, place: Place<'d>) -> Derived {
        let Some((step, derivation)) = self.derivation(place) else {
            return Derived {
                base: SchemaSet::ANY_TYPE,
                derivation: Derivation::Restriction,
                mixed: false,
                content: Content::Simple(ANY_SIMPLE_TYPE),
                attributes: Attributes::default(),
            };
        };
        let base = self.base(step).unwrap_or(ANY_SIMPLE_TYPE);
        let span = self.span(step);
        let own = (derivation == Derivation::Restriction).then(|| self.restricted_text(step)).flatten();
        let (own, own_has_base) = own.map_or((None, false), |(id, has_base)| (Some(id), has_base));
        self.pending_text.push(PendingText { complex: id, own, own_has_base, span });
        let content = Content::Simple(own.unwrap_or(ANY_SIMPLE_TYPE));
        Derived { base, derivation, mixed: false, content, attributes: self.attributes(step) }
    }

    /// The anonymous simple type of a simpleContent restriction that has an inline type or facets, and whether it has its base.
    fn restricted_text(&mut self, step: Place<'d>) -> Option<(TypeId, bool)> {
        let inline = step.child("simpleType").and_then(|t| self.anonymous_type(t));
        let facets = self.facets(step);
        if facets.is_empty() {
            return inline.map(|id| (id, true));
        }
        if !self.room_for_component(step) {
            return None;
        }
        let own = self.reserve_type(None);
        self.restrictions.push(own);
        let definition = SimpleType {
            name: None,
            base: Some(inline.unwrap_or(ANY_SIMPLE_TYPE)),
            variety: Variety::Ur,
            facets,
            scope: self.scope(step),
            document: Some(Self::document_id(step)),
            span: Some(self.span(step)),
            documentation: None,
        };
        if let Some(slot) = self.set.types.get_mut(own.index()) {
            *slot = TypeDefinition::Simple(definition);
        }
        Some((own, inline.is_some()))
    }

    /// The `xs:extension` or `xs:restriction` inside.
    fn derivation(&mut self, place: Place<'d>) -> Option<(Place<'d>, Derivation)> {
        if let Some(step) = place.child("extension") {
            return Some((step, Derivation::Extension));
        }
        if let Some(step) = place.child("restriction") {
            return Some((step, Derivation::Restriction));
        }
        let span = self.span(place);
        self.warn(
            &codes::WRONG_KIND,
            format!("this xs:{} has neither an extension nor a restriction inside; read as empty", place.local()),
            span,
        );
        None
    }

    /// What `base` of a derivation names.
    pub(super) fn base(&mut self, step: Place<'d>) -> Option<TypeId> {
        let Some(attribute) = step.attribute("base") else {
            let span = self.span(step);
            self.warn(&codes::WRONG_KIND, format!("this xs:{} names no base", step.local()), span);
            return None;
        };
        self.base_reference(step, attribute)
    }
}

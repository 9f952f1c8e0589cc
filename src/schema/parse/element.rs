//! `xs:element` (part 1, 3.3.2).

use std::sync::Arc;

use super::annotation::documentation;
use super::{Builder, Place};
use crate::schema::codes;
use crate::schema::model::{ElementDeclaration, ElementId, SchemaSet, TypeId};
use crate::xml::document::Unqualified as _;
use crate::xml::{QName, ns};

impl<'d> Builder<'d> {
    /// Reads a declaration, global or local, into an element of the set.
    pub(in crate::schema) fn element_declaration(&mut self, id: ElementId, name: QName, place: Place<'d>, is_global: bool) {
        let type_definition = match self.type_of(place) {
            Some(id) => id,
            None => {
                if place.attribute("substitutionGroup").is_some() {
                    self.without_type.push(id);
                }
                SchemaSet::ANY_TYPE
            }
        };
        let substitution_group = self.substitution_group(place, id, is_global);
        let declaration = ElementDeclaration {
            name,
            is_global,
            type_definition,
            nillable: self.boolean(place, "nillable").unwrap_or(false),
            is_abstract: is_global && self.boolean(place, "abstract").unwrap_or(false),
            default: self.text_attribute(place, "default"),
            fixed: self.text_attribute(place, "fixed"),
            substitution_group,
            block: self.block(place),
            identity_constraints: identity_constraints(place),
            expected_content_types: place.node.attribute((ns::XMIME, "expectedContentTypes")).map(Arc::from),
            scope: self.scope(place),
            span: self.span(place),
            documentation: documentation(place),
        };
        if let Some(slot) = self.set.elements.get_mut(id.index()) {
            *slot = declaration;
        }
    }

    /// A place in the arena for an element that is read next.
    pub(in crate::schema) fn reserve_element(&mut self, name: QName, place: Place<'d>) -> ElementId {
        let id = ElementId(self.set.elements.len() as u32);
        self.set.elements.push(ElementDeclaration {
            name,
            is_global: false,
            type_definition: SchemaSet::ANY_TYPE,
            nillable: false,
            is_abstract: false,
            default: None,
            fixed: None,
            substitution_group: None,
            block: Default::default(),
            identity_constraints: Vec::new(),
            expected_content_types: None,
            scope: Default::default(),
            span: self.span(place),
            documentation: None,
        });
        id
    }

    /// A local declaration.
    pub(super) fn local_element(&mut self, place: Place<'d>, local: Arc<str>) -> Option<ElementId> {
        let default = self.document(place).elements_qualified;
        let qualified = self.form(place, default);
        let name = self.local_name(place, local, qualified);
        if !self.room_for_component(place) {
            return None;
        }
        let id = self.reserve_element(name.clone(), place);
        self.nested(place, |b| b.element_declaration(id, name, place, false))?;
        Some(id)
    }

    /// `form`, or the document's default.
    pub(super) fn form(&mut self, place: Place<'d>, default: bool) -> bool {
        match place.node.unqualified("form").map(str::trim) {
            None => default,
            Some("qualified") => true,
            Some("unqualified") => false,
            Some(other) => {
                let span = self.span(place);
                self.warn(&codes::BAD_VALUE, format!("`form` is `{other}`, not qualified or unqualified"), span);
                default
            }
        }
    }

    /// The type that an element or attribute names or holds; `None` where it does neither.
    pub(super) fn type_of(&mut self, place: Place<'d>) -> Option<TypeId> {
        let inline = place.children().find(|c| matches!(c.local(), "complexType" | "simpleType"));
        if let Some(attribute) = place.attribute("type") {
            if let Some(inline) = inline {
                let span = self.span(inline);
                self.warn(&codes::SAID_TWICE, format!("a type stands inside beside `type=\"{}\"`", attribute.value()), span);
            }
            return Some(self.type_reference(place, attribute).unwrap_or(SchemaSet::ANY_TYPE));
        }
        inline.and_then(|inline| self.anonymous_type(inline))
    }

    fn substitution_group(&mut self, place: Place<'d>, id: ElementId, is_global: bool) -> Option<ElementId> {
        let attribute = place.attribute("substitutionGroup").filter(|_| is_global)?;
        let head = self.element_reference(place, attribute).ok()?;
        if head == id {
            let span = self.value_span(place, attribute);
            self.warn(&codes::CYCLIC_SUBSTITUTION, format!("`{}` stands in for itself", attribute.value().trim()), span);
            return None;
        }
        Some(head)
    }
}

/// The names of `xs:key`, `xs:unique` and `xs:keyref`.
fn identity_constraints(place: Place<'_>) -> Vec<Arc<str>> {
    place
        .children()
        .filter(|c| matches!(c.local(), "key" | "unique" | "keyref"))
        .map(|c| Arc::from(c.node.unqualified("name").unwrap_or("").trim()))
        .collect()
}

//! `xs:attribute`, `xs:attributeGroup` and `xs:anyAttribute` (part 1, 3.2.2, 3.6.2, 3.10.2).

use std::sync::Arc;

use super::annotation::documentation;
use super::{Builder, Place, Progress};
use crate::schema::builtin::ANY_SIMPLE_TYPE;
use crate::schema::codes;
use crate::schema::model::{
    AttributeDeclaration, AttributeGroupId, AttributeId, AttributeUse, NamespaceConstraint, SchemaSet, ScopeId, Wildcard,
};
use crate::xml::document::Unqualified as _;
use crate::xml::{QName, ns};

/// The attributes of a type or attribute group, groups expanded.
#[derive(Default)]
pub(super) struct Attributes {
    pub(super) uses: Vec<AttributeUse>,
    pub(super) prohibited: Vec<QName>,
    pub(super) wildcard: Option<Wildcard>,
    pub(super) array_type: Option<(Arc<str>, ScopeId)>,
}

impl<'d> Builder<'d> {
    /// Reads the attribute children of `holder`: a complex type, an extension or restriction, an attribute group.
    pub(super) fn attributes(&mut self, holder: Place<'d>) -> Attributes {
        let mut found = Attributes::default();
        for child in holder.children() {
            match child.local() {
                "attribute" => self.attribute_use(child, &mut found),
                "attributeGroup" => self.attribute_group_use(child, &mut found),
                "anyAttribute" => {
                    let own = self.wildcard(child);
                    found.wildcard = Some(match found.wildcard.take() {
                        Some(other) => intersection(&own, &other),
                        None => own,
                    });
                }
                _ => {}
            }
        }
        found
    }

    fn attribute_use(&mut self, place: Place<'d>, found: &mut Attributes) {
        if let Some(written) = place.node.attribute((ns::WSDL, "arrayType")) {
            found.array_type = Some((Arc::from(written), self.scope(place)));
        }
        let Some((id, name)) = self.attribute_of_use(place) else { return };
        let (required, prohibited) = match place.node.unqualified("use").map(str::trim) {
            None | Some("optional") => (false, false),
            Some("required") => (true, false),
            Some("prohibited") => (false, true),
            Some(other) => {
                let span = self.span(place);
                self.warn(&codes::BAD_VALUE, format!("`use` is `{other}`, not optional, required or prohibited"), span);
                (false, false)
            }
        };
        if prohibited {
            found.prohibited.push(name);
            return;
        }
        let declared = self.attribute_values.get(&id).cloned().unwrap_or_default();
        let default = self.text_attribute(place, "default");
        let fixed = self.text_attribute(place, "fixed");
        let of_use = default.is_some() || fixed.is_some();
        let new = AttributeUse {
            attribute: id,
            required,
            fixed: if of_use { fixed } else { declared.1 },
            default: if of_use { default } else { declared.0 },
        };
        self.add_use(found, new, place);
    }

    /// Adds a use; one of the same name is an author's slip, and the first stays.
    fn add_use(&mut self, found: &mut Attributes, new: AttributeUse, place: Place<'d>) {
        let name = self.set.attribute(new.attribute).name.clone();
        if found.uses.iter().any(|u| self.set.attribute(u.attribute).name == name) {
            let span = self.span(place);
            self.warn(&codes::SAID_TWICE, format!("the attribute `{name}` stands here twice; the first is used"), span);
            return;
        }
        found.uses.push(new);
    }

    /// The declaration behind a use: referred to, or local.
    fn attribute_of_use(&mut self, place: Place<'d>) -> Option<(AttributeId, QName)> {
        if let Some(attribute) = place.attribute("ref") {
            return match self.attribute_reference(place, attribute) {
                Ok(id) => Some((id, self.set.attribute(id).name.clone())),
                Err(Some(name)) => Some((self.local_attribute(place, name.clone())?, name)),
                Err(None) => None,
            };
        }
        let Some(local) = self.ncname(place) else {
            self.without_name(place);
            return None;
        };
        let default = self.document(place).attributes_qualified;
        let qualified = self.form(place, default);
        let name = self.local_name(place, local, qualified);
        Some((self.local_attribute(place, name.clone())?, name))
    }

    fn local_attribute(&mut self, place: Place<'d>, name: QName) -> Option<AttributeId> {
        if !self.room_for_component(place) {
            return None;
        }
        let id = self.reserve_attribute(name.clone(), place);
        self.nested(place, |b| b.attribute_declaration(id, name, place))?;
        Some(id)
    }

    /// A place in the arena for an attribute that is read next.
    pub(in crate::schema) fn reserve_attribute(&mut self, name: QName, place: Place<'d>) -> AttributeId {
        let id = AttributeId(self.set.attributes.len() as u32);
        self.set.attributes.push(AttributeDeclaration {
            name,
            type_definition: ANY_SIMPLE_TYPE,
            scope: ScopeId::default(),
            span: self.span(place),
            documentation: None,
        });
        id
    }

    /// Reads a declaration, global or local, into an attribute of the set.
    pub(in crate::schema) fn attribute_declaration(&mut self, id: AttributeId, name: QName, place: Place<'d>) {
        let named = place.attribute("ref").is_none().then(|| self.type_of(place)).flatten();
        let type_definition = match named {
            Some(SchemaSet::ANY_TYPE) | None => ANY_SIMPLE_TYPE,
            Some(id) => id,
        };
        let declaration = AttributeDeclaration {
            name,
            type_definition,
            scope: self.scope(place),
            span: self.span(place),
            documentation: documentation(place),
        };
        if let Some(slot) = self.set.attributes.get_mut(id.index()) {
            *slot = declaration;
        }
    }

    fn attribute_group_use(&mut self, place: Place<'d>, found: &mut Attributes) {
        let Some(attribute) = place.attribute("ref") else {
            self.without_name(place);
            return;
        };
        let Some(group) = self.attribute_group_reference(place, attribute) else { return };
        self.read_attribute_group(group);
        if self.attribute_group_places.get(group.index()).is_some_and(|(_, p)| *p == Progress::Reading) {
            let span = self.value_span(place, attribute);
            self.warn(&codes::CYCLIC_GROUP, format!("the attribute group `{}` contains itself", attribute.value().trim()), span);
            return;
        }
        let Some(definition) = self.set.attribute_groups.get(group.index()) else { return };
        let uses = definition.attribute_uses.clone();
        let wildcard = definition.attribute_wildcard.clone();
        for new in uses {
            self.add_use(found, new, place);
        }
        found.prohibited.extend(self.attribute_group_prohibited.get(group.index()).cloned().unwrap_or_default());
        found.wildcard = match (found.wildcard.take(), wildcard) {
            (Some(a), Some(b)) => Some(intersection(&a, &b)),
            (a, b) => a.or(b),
        };
    }

    /// Reads an attribute group definition unless that is done or under way.
    pub(in crate::schema) fn read_attribute_group(&mut self, id: AttributeGroupId) {
        let Some((place, Progress::Waiting)) = self.attribute_group_places.get(id.index()).copied() else { return };
        self.attribute_group_places[id.index()].1 = Progress::Reading;
        let outer = (self.redefining.take(), self.redefined_attribute_group.take());
        if let Some(original) = self.original_attribute_groups.get(&id).copied() {
            self.redefining = self.set.attribute_groups.get(id.index()).map(|g| g.name.clone());
            self.redefined_attribute_group = Some(original);
        }
        let attributes = self.nested(place, |b| b.attributes(place)).unwrap_or_default();
        (self.redefining, self.redefined_attribute_group) = outer;
        self.attribute_group_places[id.index()].1 = Progress::Done;
        if let Some(group) = self.set.attribute_groups.get_mut(id.index()) {
            group.attribute_uses = attributes.uses;
            group.attribute_wildcard = attributes.wildcard;
        }
        if let Some(prohibited) = self.attribute_group_prohibited.get_mut(id.index()) {
            *prohibited = attributes.prohibited;
        }
    }

    pub(super) fn without_name(&mut self, place: Place<'d>) {
        let span = self.span(place);
        self.warn(&codes::NAME_OR_REF, format!("this xs:{} has neither a name nor a ref; it is left out", place.local()), span);
    }
}

/// Attribute wildcard intersection (part 1, 3.10.6). The first one's `processContents` holds.
fn intersection(a: &Wildcard, b: &Wildcard) -> Wildcard {
    use NamespaceConstraint::{Any, List, Not};
    let namespaces = match (&a.namespaces, &b.namespaces) {
        (Any, other) | (other, Any) => other.clone(),
        (List(list), other) | (other, List(list)) => List(list.iter().filter(|n| other.admits(n.as_deref())).cloned().collect()),
        // Two different namespaces are excluded: not expressible; the specification leaves the result open.
        (Not(_), Not(_)) => a.namespaces.clone(),
    };
    Wildcard { namespaces, process_contents: a.process_contents }
}

//! Gives every global component its id and its name, before any is read.

use std::collections::HashMap;
use std::hash::Hash;

use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::schema::codes;
use crate::schema::model::{AttributeGroupDefinition, AttributeGroupId, AttributeId, ElementId, GroupId, TypeId};
use crate::schema::parse::{Builder, Job, Place, Progress};
use crate::xml::QName;
use crate::xml::document::Unqualified as _;

impl<'d> Builder<'d> {
    /// Indexes all documents: what redefines comes before what is redefined, so that the names mean the former.
    pub(super) fn index_documents(&mut self) {
        for index in 0..self.documents.len() {
            let place = Place { node: self.documents[index].node, document: index };
            for redefine in place.children().filter(|c| c.local() == "redefine") {
                for child in redefine.children() {
                    self.index_component(child, true);
                }
            }
        }
        for index in 0..self.documents.len() {
            self.index_document(index);
        }
        self.check_redefinitions();
    }

    /// Indexes the components directly below a schema.
    pub(super) fn index_document(&mut self, index: usize) {
        let place = Place { node: self.documents[index].node, document: index };
        if !self.documents[index].standard {
            self.check_vocabulary(place);
        }
        for child in place.children() {
            self.index_component(child, false);
        }
    }

    fn index_component(&mut self, place: Place<'d>, redefines: bool) {
        if !matches!(place.local(), "complexType" | "simpleType" | "element" | "attribute" | "group" | "attributeGroup") {
            return;
        }
        if !self.room_for_component(place) {
            return;
        }
        let Some(name) = self.global_name(place) else {
            let span = self.span(place);
            self.warn(&codes::NAME_OR_REF, format!("this global xs:{} has no name; it is left out", place.local()), span);
            return;
        };
        match place.local() {
            "complexType" | "simpleType" => self.index_type(name, place, redefines),
            "element" => {
                let id = ElementId(self.set.elements.len() as u32);
                if let Some(first) = claim(&mut self.set.element_names, &name, id) {
                    let span = self.set.element(first).span;
                    return self.duplicate(place, &name, span);
                }
                self.reserve_element(name.clone(), place);
                self.jobs.push_back(Job::Element(id, name, place));
            }
            "attribute" => {
                let id = AttributeId(self.set.attributes.len() as u32);
                if let Some(first) = claim(&mut self.set.attribute_names, &name, id) {
                    let span = self.set.attribute(first).span;
                    return self.duplicate(place, &name, span);
                }
                self.reserve_attribute(name.clone(), place);
                let values = (self.text_attribute(place, "default"), self.text_attribute(place, "fixed"));
                self.attribute_values.insert(id, values);
                self.jobs.push_back(Job::Attribute(id, name, place));
            }
            "group" => self.index_group(name, place, redefines),
            _ => self.index_attribute_group(name, place, redefines),
        }
    }

    fn index_group(&mut self, name: QName, place: Place<'d>, redefines: bool) {
        let id = GroupId(self.set.groups.len() as u32);
        if let Some(first) = claim(&mut self.set.group_names, &name, id) {
            let last = chain_end(&self.original_groups, first);
            if !self.redefining_groups.contains(&last) {
                let span = self.set.group(first).span;
                return self.duplicate(place, &name, span);
            }
            self.original_groups.insert(last, id);
        }
        self.reserve_group(name.clone(), place);
        if redefines {
            self.redefining_groups.insert(id);
        }
        self.jobs.push_back(Job::Group(id, name, place));
    }

    fn index_type(&mut self, name: QName, place: Place<'d>, redefines: bool) {
        let id = TypeId(self.set.types.len() as u32);
        if let Some(first) = claim(&mut self.set.type_names, &name, id) {
            let last = chain_end(&self.original_types, first);
            if !self.redefining_types.contains_key(&last) {
                // Without a place it is a built-in type under a name of SOAP encoding: nothing is lost.
                if let Some(span) = self.type_places.get(&first).map(|p| self.span(*p)) {
                    self.duplicate(place, &name, span);
                }
                return;
            }
            self.original_types.insert(last, id);
        }
        self.reserve_type(Some(name.clone()));
        self.type_places.insert(id, place);
        if redefines {
            self.redefining_types.insert(id, place);
        }
        self.jobs.push_back(Job::Type(id, name, place));
    }

    fn index_attribute_group(&mut self, name: QName, place: Place<'d>, redefines: bool) {
        let id = AttributeGroupId(self.set.attribute_groups.len() as u32);
        let span = self.span(place);
        if let Some(first) = claim(&mut self.set.attribute_group_names, &name, id) {
            let last = chain_end(&self.original_attribute_groups, first);
            if self.redefining_attribute_groups.contains(&last) {
                self.original_attribute_groups.insert(last, id);
            } else {
                let first = self.set.attribute_groups[first.index()].span;
                return self.duplicate(place, &name, first);
            }
        }
        if redefines {
            self.redefining_attribute_groups.insert(id);
        }
        self.set.attribute_groups.push(AttributeGroupDefinition { name, attribute_uses: Vec::new(), attribute_wildcard: None, span });
        self.attribute_group_places.push((place, Progress::Waiting));
        self.attribute_group_prohibited.push(Vec::new());
        self.jobs.push_back(Job::AttributeGroup(id));
    }

    /// A name that is taken: word for word the same, or something else.
    fn duplicate(&mut self, place: Place<'d>, name: &QName, first: Span) {
        let span = self.span(place);
        let text = |node: roxmltree::Node<'d, 'd>| node.document().input_text().get(node.range()).unwrap_or("");
        let original = self.trees.get(first.source.0 as usize).and_then(Option::as_ref);
        let same = original.and_then(|tree| tree.input_text().get(first.start as usize..)).is_some_and(|t| t.starts_with(text(place.node)));
        if same {
            let document = &mut self.documents[place.document];
            if !std::mem::replace(&mut document.repeats, true) {
                let message = format!("`{name}` and maybe more of this document is declared elsewhere, word for word");
                self.note(&codes::REPEATED_COMPONENT, message, span);
            }
            return;
        }
        let message = format!("`{name}` is declared before, differently; the first declaration is used");
        self.report(Diagnostic::new(Severity::Warning, &codes::DUPLICATE_COMPONENT, message).at(span));
    }

    fn check_redefinitions(&mut self) {
        let mut without: Vec<Place<'d>> =
            self.redefining_types.iter().filter(|(id, _)| !self.original_types.contains_key(id)).map(|(_, place)| *place).collect();
        without.sort_by_key(|p| (p.document, p.node.id().get()));
        for place in without {
            let span = self.span(place);
            let name = place.node.unqualified("name").unwrap_or("").trim();
            self.warn(&codes::REDEFINE_WITHOUT_ORIGINAL, format!("the redefined document declares no type `{name}`"), span);
        }
    }

    /// Brings in the shipped schema of a name that is asked for from outside.
    pub(super) fn want(&mut self, name: &QName) {
        if !self.set.type_names.contains_key(name)
            && !self.set.element_names.contains_key(name)
            && let Some(index) = name.namespace().and_then(crate::schema::standard::position)
        {
            self.add_standard(index);
        }
    }
}

/// Takes a name; gives who has it already.
fn claim<T: Copy>(names: &mut HashMap<QName, T>, name: &QName, id: T) -> Option<T> {
    match names.get(name) {
        Some(first) => Some(*first),
        None => {
            names.insert(name.clone(), id);
            None
        }
    }
}

/// The last of a chain of redefinitions: the one whose original is not found yet.
fn chain_end<T: Copy + Eq + Hash>(originals: &HashMap<T, T>, first: T) -> T {
    let mut last = first;
    while let Some(original) = originals.get(&last) {
        last = *original;
    }
    last
}

//! Element Declarations Consistent (XML Schema part 1, section 3.8.6): elements of one name in a content model have one type.

use std::collections::HashMap;

use super::Compiler;
use super::codes::ELEMENT_TYPES;
use super::content::Model;
use crate::diagnostic::{Diagnostic, Severity};
use crate::schema::model::{ElementId, TypeId};
use crate::xml::QName;

/// Pairs of elements that are told of.
const MAX_TOLD: usize = 100;

impl Compiler<'_> {
    /// Says where elements of one name have different types in the content model of a type. Each pair of declarations is told of once,
    /// however many types have both.
    pub(super) fn check_consistent(&mut self, of: TypeId, model: &Model) {
        let schemas = &self.definitions.schemas;
        let mut elements = Vec::new();
        model.elements(&mut elements);
        let mut first: HashMap<&QName, ElementId> = HashMap::new();
        for (id, _) in elements {
            let element = schemas.element(id);
            let before = *first.entry(&element.name).or_insert(id);
            let known = schemas.element(before);
            if known.type_definition == element.type_definition || self.told.len() >= MAX_TOLD || !self.told.insert((before, id)) {
                continue;
            }
            let owner = self.described(of);
            let (one, other) = (self.described(known.type_definition), self.described(element.type_definition));
            let name = element.name.local();
            let message = format!("`{name}` is {other} here and {one} where it stands before in {owner}; it may be read as {one}");
            self.diagnostics.push(Diagnostic::new(Severity::Warning, &ELEMENT_TYPES, message).at(element.span));
            let message = format!("`{name}` is {one} here, which is taken for the later place in {owner} too");
            self.diagnostics.push(Diagnostic::new(Severity::Note, &ELEMENT_TYPES, message).at(known.span));
        }
    }

    fn described(&self, id: TypeId) -> String {
        let name = self.definitions.schemas.type_definition(id).name();
        name.map_or_else(|| "a type without a name".to_owned(), |n| format!("`{}`", n.local()))
    }
}

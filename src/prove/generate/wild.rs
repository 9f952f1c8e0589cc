//! What nobody declares: elements at wildcards, the content of `xs:anyType`, text between elements.

use super::element::UNDECLARED;
use super::{Alternative, Generator, Made, put};
use crate::prove::coverage::GENERIC_KINDS;
use crate::prove::model::NodeId;
use crate::prove::tree::{Element, Piece};
use crate::schema::model::{NamespaceConstraint, ProcessContents, Wildcard};
use crate::xml::{QName, ns};

impl Generator<'_, '_> {
    /// An element at a wildcard; `None` where none fits and none must stand there.
    pub(super) fn wild(&mut self, id: NodeId, wildcard: &Wildcard) -> Made<Option<Element>> {
        let (declared, undeclared) = (Alternative::Declared(id), Alternative::Undeclared(id));
        let may_be_declared = wildcard.process_contents != ProcessContents::Skip;
        let is_wanted = wildcard.process_contents == ProcessContents::Strict
            || self.coverage.is_open(declared)
            || !self.coverage.is_open(undeclared) && self.choices.percent(40, false);
        if may_be_declared && is_wanted {
            let pool = self.model.globals_for(&wildcard.namespaces);
            let made = match pool.get(self.choices.below(pool.len())) {
                Some(element) => self.sparing(|g| g.element(*element)),
                None => self.stuck("no declared element fits its wildcard"),
            };
            self.note(declared, made.is_ok());
            if wildcard.process_contents == ProcessContents::Strict || made.is_ok() {
                return made.map(Some);
            }
        }
        let namespace = match &wildcard.namespaces {
            NamespaceConstraint::Any | NamespaceConstraint::Not(_) => Some(UNDECLARED.into()),
            NamespaceConstraint::List(list) => match list.get(self.choices.below(list.len())) {
                Some(namespace) => namespace.clone(),
                None => return Ok(None),
            },
        };
        self.coverage.show(undeclared);
        let local = ["anything", "other"].get(self.choices.below(2)).copied().unwrap_or("anything");
        Ok(Some(self.undeclared(QName::with_optional(namespace, local), 0)))
    }

    /// Makes something with no more than must be there.
    fn sparing<T>(&mut self, make: impl FnOnce(&mut Self) -> Made<T>) -> Made<T> {
        let left = self.left;
        self.left = left.min(4);
        let made = make(self);
        let used = left.min(4) - self.left;
        self.left = left - used;
        made
    }

    /// An element that nobody declares.
    pub(super) fn undeclared(&mut self, name: QName, depth: u32) -> Element {
        self.left -= 1;
        let mut made = Element::new(name);
        if self.choices.percent(30, false) {
            let value = self.word();
            made.set("", "note", value);
        }
        if depth > 2 || self.is_spare() || self.choices.percent(50, true) {
            let text = self.word();
            put(&mut made, text);
            return made;
        }
        self.children(&mut made, depth);
        made
    }

    /// Elements that nobody declares: names apart, repeated, in other namespaces.
    fn children(&mut self, made: &mut Element, depth: u32) {
        let around = made.name.namespace().map(str::to_owned);
        for _ in 0..=self.choices.below(4) {
            let local = ["one", "two", "one", "three"].get(self.choices.below(4)).copied().unwrap_or("one");
            let namespace = match self.choices.below(5) {
                0 => Some("urn:castile:elsewhere".into()),
                1 => None,
                _ => around.as_deref().map(Into::into),
            };
            let child = self.undeclared(QName::with_optional(namespace, local), depth + 1);
            made.content.push(Piece::Element(child));
        }
        made.is_row = true;
    }

    /// A value of `xs:anyType`: one of its kinds, what was shown least first.
    pub(super) fn generic(&mut self, made: &mut Element) -> Made<()> {
        if self.is_spare() {
            let text = self.word();
            put(made, text);
            return Ok(());
        }
        let turn = u8::try_from(self.choices.below(usize::from(GENERIC_KINDS))).unwrap_or(0);
        let mut order: Vec<u8> = (0..GENERIC_KINDS).collect();
        order.rotate_left(usize::from(turn));
        order.sort_by_key(|k| self.coverage.times(Alternative::Generic(*k)));
        let kind = order.first().copied().unwrap_or(0);
        self.coverage.show(Alternative::Generic(kind));
        match kind {
            0 => {
                let text = self.word();
                put(made, text);
            }
            1 | 2 => return self.told_builtin(made),
            3 => self.children(made, 0),
            4 => {
                let value = self.word();
                made.set("", "note", value);
                let text = self.word();
                put(made, text);
            }
            5 => {
                self.children(made, 0);
                self.mix(made);
            }
            6 => return self.told_complex(made),
            // Empty.
            _ => {}
        }
        Ok(())
    }

    /// `xsi:type` of a built-in.
    fn told_builtin(&mut self, made: &mut Element) -> Made<()> {
        let locals = ["int", "string", "decimal", "boolean", "dateTime", "base64Binary", "QName", "double", "long", "date"];
        let local = locals.get(self.choices.below(locals.len())).copied().unwrap_or("string");
        match self.model.schemas.type_names.get(&QName::new(ns::XSD, local)) {
            Some(id) => {
                let id = *id;
                self.tell(made, id)?;
                self.value_of(made, id)
            }
            None => Ok(()),
        }
    }

    /// `xsi:type` of a type of the schemas.
    fn told_complex(&mut self, made: &mut Element) -> Made<()> {
        let pool = &self.model.plain_types;
        match pool.get(self.choices.below(pool.len())) {
            Some(id) => {
                let id = *id;
                self.tell(made, id)?;
                self.sparing(|g| g.value_of(made, id))
            }
            None => Ok(()),
        }
    }

    /// Text between the elements.
    pub(super) fn mix(&mut self, made: &mut Element) {
        let mut mixed = Vec::new();
        for piece in std::mem::take(&mut made.content) {
            if self.choices.percent(50, true) {
                mixed.push(Piece::Text(format!("{} ", self.word())));
            }
            mixed.push(piece);
        }
        if mixed.is_empty() || self.choices.percent(50, true) {
            mixed.push(Piece::Text(format!(" {}", self.word())));
        }
        made.content = mixed;
        made.is_row = false;
    }
}

//! `$content`: mixed types, and objects whose order the properties alone would lose.

use super::given::Given;
use super::problem::{At, Found};
use super::writer::{Ns, Tag};
use super::{Encoder, generic, row, text};
use crate::json::Value;
use crate::plan::node::{Shape, ShapeId};

impl<'p> Encoder<'p> {
    /// The whole content of a type, checked against its content model.
    pub(super) fn content(&mut self, shape: ShapeId, mixed: bool, value: &Value<'_>, ns: Ns<'_>, at: At<'_>) {
        let errors_before = self.errors.count();
        let tags = self.loose(shape, mixed, value, ns, at);
        if self.errors.count() == errors_before && !row::fits(self.program, self.program.shape(shape), &tags) {
            let names: Vec<&str> = tags.iter().take(20).map(|t| t.local).collect();
            let found = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
            self.errors.add(at, "elements as the schema orders them", Found::Words(&found));
        }
    }

    /// Elements (and texts, if mixed) in the order given; gives the names of the elements.
    pub(super) fn loose<'v>(&mut self, shape: ShapeId, mixed: bool, value: &'v Value<'v>, ns: Ns<'v>, at: At<'_>) -> Vec<Tag<'v>>
    where
        'p: 'v,
    {
        let shape = self.program.shape(shape);
        let mut tags = Vec::new();
        let Some(items) = self.items(value, at) else { return tags };
        for (n, item) in items.iter().enumerate() {
            let path = at.item(n);
            match (item, Given::of(item).only_member()) {
                (Value::String(text), _) if mixed => {
                    if text::is_xml(text) {
                        self.out.text(text);
                    } else {
                        self.errors.add(path.at(), generic::NOT_XML, Found::Value(item));
                    }
                }
                (_, Some((key, value))) => tags.extend(self.loose_element(shape, key, value, ns, path.at().key(key).at())),
                (_, None) => {
                    let expected = if mixed { "a string or an object with one property" } else { "an object with one property" };
                    self.errors.add(path.at(), expected, Found::Value(item));
                }
            }
        }
        tags
    }

    fn loose_element<'v>(&mut self, shape: &'p Shape, key: &'v str, value: &'v Value<'v>, ns: Ns<'v>, at: At<'_>) -> Option<Tag<'v>>
    where
        'p: 'v,
    {
        if let Some(id) = shape.content_names.get(key) {
            let element = self.program.element(*id);
            let nillable = shape.by_name.get(&element.name).map_or(element.nillable, |f| f.nillable);
            self.element(element, nillable, true, Given::of(value), at);
            return Some(Tag::known(&self.program.names, element.name));
        }
        if key.starts_with('$') || key.starts_with('@') || shape.wildcards.is_empty() {
            if !self.ignores(key) {
                let known = shape.places.iter().map(|p| &*p.key).filter(|k| !k.is_empty());
                self.errors.unknown(at, "no such property", Found::Value(value), key, known);
            }
            return None;
        }
        let (tag, element) = self.admitted(shape, key, value, ns, at)?;
        self.wild_element(tag, element, value, at);
        Some(tag)
    }
}

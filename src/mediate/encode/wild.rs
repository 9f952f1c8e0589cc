//! Elements that only a wildcard admits: their names, and which wildcard of a shape takes them.

use super::Encoder;
use super::given::{Given, NS};
use super::object::Walk;
use super::problem::{At, Found};
use super::writer::{Ns, Tag};
use crate::json::Value;
use crate::plan::node::{Admits, ElementId, PlaceIx, PlaceKind, Process, Shape, Wildcard};

/// An element for a wildcard.
pub(super) struct WildItem<'w> {
    key: &'w str,
    /// Its index, where the property is an array.
    item: Option<usize>,
    value: &'w Value<'w>,
    tag: Tag<'w>,
    /// Its declaration, if it is to be typed.
    element: Option<ElementId>,
    place: Option<PlaceIx>,
}

impl<'p> Encoder<'p> {
    /// Does a wildcard admit the name?
    pub(super) fn admits(&self, wildcard: &Wildcard, tag: Tag<'_>) -> bool {
        match &wildcard.admits {
            Admits::Name(only) => tag.is(&self.program.names, *only),
            Admits::Any | Admits::Not(_) | Admits::Namespaces(_) => wildcard.admits.admits(tag.ns.id(), None),
        }
    }

    /// The global element of that name, if a wildcard of the shape has it typed.
    fn typed(&self, shape: &Shape, tag: Tag<'_>) -> Option<ElementId> {
        let program = self.program;
        let globals = program.globals_by_local.get(tag.local)?;
        let id = globals.iter().find(|id| tag.is(&program.names, program.element(**id).name))?;
        self.is_typed(shape, tag).then_some(*id)
    }

    fn is_typed(&self, shape: &Shape, tag: Tag<'_>) -> bool {
        shape.wildcards.iter().any(|w| w.process != Process::Skip && self.admits(w, tag))
    }

    /// What a property's key means under the shape's wildcards; `ns` is the namespace of the element around.
    fn wild_name<'w>(&self, shape: &Shape, key: &'w str, value: &'w Value<'w>, ns: Ns<'w>) -> (Tag<'w>, Option<ElementId>)
    where
        'p: 'w,
    {
        let program = self.program;
        if key.starts_with('{') {
            // A key that opens no name is refused as one: "{" is in no local part.
            let tag = self.braced(key).unwrap_or(Tag { ns: Ns::NONE, local: key });
            return (tag, self.typed(shape, tag));
        }
        let globals = program.globals_by_local.get(key).map(Vec::as_slice).unwrap_or_default();
        let tag_of = |id: &ElementId| Tag::known(&program.names, program.element(*id).name);
        let mut candidates = globals.iter().filter(|id| self.is_typed(shape, tag_of(id)));
        if let (Some(only), None) = (candidates.next(), candidates.next()) {
            return (tag_of(only), Some(*only));
        }
        let value = if let Value::Array(items) = value { items.first() } else { Some(value) };
        let said = match value.and_then(|v| v.member("$ns")) {
            Some(Value::String(uri)) => Some(Ns::of(&program.names, uri)),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) | None => None,
        };
        (Tag { ns: said.unwrap_or(ns), local: key }, None)
    }

    /// Takes a property that no declaration knows apart into elements for the wildcards.
    pub(super) fn collect_wild<'w>(&mut self, walk: &mut Walk<'w>, key: &'w str, value: &'w Value<'w>)
    where
        'p: 'w,
    {
        let is_typed = self.wild_name(walk.shape, key, value, walk.ns).1.is_some();
        let path = walk.at.key(key);
        let items = match value {
            Value::Array(items) if !is_typed || walk.shape.many_wild => items.as_slice(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                if is_typed && walk.shape.many_wild && !self.program.options.lenient {
                    return self.errors.add(path.at(), "an array", Found::Value(value));
                }
                return self.add_wild(walk, key, None, value, path.at());
            }
        };
        for (n, item) in items.iter().enumerate() {
            self.add_wild(walk, key, Some(n), item, path.at().item(n).at());
        }
    }

    fn add_wild<'w>(&mut self, walk: &mut Walk<'w>, key: &'w str, item: Option<usize>, value: &'w Value<'w>, at: At<'_>)
    where
        'p: 'w,
    {
        if let Some((tag, element)) = self.admitted(walk.shape, key, value, walk.ns, at) {
            walk.wild.push(WildItem { key, item, value, tag, element, place: None });
        }
    }

    /// The name of an element that the shape's wildcards admit, and its declaration; `None` after an error.
    pub(super) fn admitted<'w>(
        &mut self,
        shape: &Shape,
        key: &'w str,
        value: &'w Value<'w>,
        ns: Ns<'w>,
        at: At<'_>,
    ) -> Option<(Tag<'w>, Option<ElementId>)>
    where
        'p: 'w,
    {
        let (tag, element) = self.wild_name(shape, key, value, ns);
        let mut admitting = shape.wildcards.iter().filter(|w| self.admits(w, tag)).peekable();
        if !self.is_good(tag) || admitting.peek().is_none() {
            if !self.ignores(key) {
                let known = shape.places.iter().map(|p| &*p.key).filter(|k| !k.is_empty());
                self.errors.unknown(at, "no such property", Found::Value(value), key, known);
            }
            return None;
        }
        if element.is_none() && admitting.all(|w| w.process == Process::Strict) {
            self.errors.add(at, "an element that a schema declares", Found::Words(tag.local));
            return None;
        }
        Some((tag, element))
    }

    /// Gives each element to the first wildcard with room that admits it.
    pub(super) fn distribute(&mut self, walk: &mut Walk<'_>) {
        let places = walk.shape.places.iter().enumerate();
        let mut room: Vec<(PlaceIx, &Wildcard, Option<u32>)> = Vec::new();
        for (ix, place) in places {
            if let PlaceKind::Any(wildcard) = &place.kind {
                room.push((ix as PlaceIx, wildcard, place.max));
            }
        }
        let mut items = std::mem::take(&mut walk.wild);
        for item in &mut items {
            let taker = room.iter_mut().find(|(_, w, left)| *left != Some(0) && self.admits(w, item.tag));
            let Some((ix, _, left)) = taker else {
                let key = walk.at.key(item.key);
                let at = item.item.map(|n| key.at().item(n));
                self.errors.add(at.as_ref().map_or(key.at(), |p| p.at()), "no more elements of this kind", Found::Value(item.value));
                continue;
            };
            *left = left.map(|n| n - 1);
            item.place = Some(*ix);
            let ix = *ix;
            self.count_wild(walk, ix);
        }
        walk.wild = items;
    }

    /// Writes the elements that a wildcard got.
    #[inline(never)]
    pub(super) fn write_wild(&mut self, walk: &Walk<'_>, ix: PlaceIx) {
        for item in walk.wild.iter().filter(|i| i.place == Some(ix)) {
            let key = walk.at.key(item.key);
            match item.item {
                Some(n) => self.wild_element(item.tag, item.element, item.value, key.at().item(n).at()),
                None => self.wild_element(item.tag, item.element, item.value, key.at()),
            }
        }
    }

    /// An element that a wildcard admits.
    pub(super) fn wild_element(&mut self, tag: Tag<'_>, element: Option<ElementId>, value: &Value<'_>, at: At<'_>) {
        match element {
            Some(id) => {
                let element = self.program.element(id);
                self.element(element, element.nillable, true, Given::of(value), at);
            }
            None => self.any_element(tag, Given::of(value).without(NS), at),
        }
    }
}

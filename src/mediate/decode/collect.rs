//! Objects that collect their children: their values stand one after another in the output until the end, when the row is matched as a
//! whole and written (`assemble`).

use super::machine::{Child, ChildKind, Close, Collect, Frame, Kind, Object, Run, Step};
use super::object::Identified;
use super::tag::Tag;
use super::written::{items, skip_value};
use crate::json::string_into;
use crate::mediate::DecodeErrorKind;
use crate::plan::node::{NameId, PlaceIx, PlaceKind, Shape, ShapeId};
use crate::xml::gate::NamespaceId as DocumentNs;

impl Run<'_> {
    /// A row whose values begin here.
    pub(super) fn new_collect(&self, tail: bool) -> Collect {
        Collect { children: self.machine.children.len(), values: self.position(), tail, stray_text: false }
    }

    /// From now on the top object's children are kept apart; those that were written already are taken apart again.
    pub(super) fn begin_collecting(&mut self, shape: ShapeId) -> Step {
        let Some(Frame { kind: Kind::Object(object), start, .. }) = self.machine.frames.last() else { return Ok(()) };
        let (members, flat, open) = (object.members, object.flat, object.open);
        // Of a bare array the bracket itself must still be here: with other children it becomes an object.
        let from = if flat { *start } else { members };
        let tail = from < self.machine.base;
        if tail && flat {
            return Err(self.fail(DecodeErrorKind::Limit, "elements that the schema does not know in a list larger than the reply buffer"));
        }
        if open.is_some() && (tail || !flat) {
            self.emit(b"]");
        }
        let collect = if tail { self.new_collect(true) } else { self.take_apart(shape, from, members, flat)? };
        let members_now = if tail { self.position() } else { from };
        if let Some(Frame { kind: Kind::Object(object), .. }) = self.machine.frames.last_mut() {
            object.collect = Some(collect);
            object.open = None;
            object.members = members_now;
        }
        Ok(())
    }

    /// Finds the children in the text that was written from `members` on, and keeps their values alone, from `from` on.
    fn take_apart(&mut self, shape: ShapeId, from: usize, members: usize, flat: bool) -> Result<Collect, crate::mediate::DecodeError> {
        let shape = self.program.shape(shape);
        let text = self.written(members).to_vec();
        self.machine.out.truncate(from.saturating_sub(self.machine.base));
        let collect = self.new_collect(false);
        if flat {
            for item in items(&text) {
                self.apart(shape, 0, item, collect.values)?;
            }
            return Ok(collect);
        }
        let mut at = usize::from(text.first() == Some(&b','));
        while at < text.len() {
            let key_end = skip_value(&text, at);
            let key = text.get(at + 1..key_end.saturating_sub(1)).and_then(|k| std::str::from_utf8(k).ok()).unwrap_or("");
            let place = shape.by_key.get(key).copied().unwrap_or(0);
            let end = skip_value(&text, key_end + 1);
            let value = text.get(key_end + 1..end).unwrap_or(&[]);
            if shape.places.get(place as usize).is_some_and(|p| p.array) {
                for item in items(value.get(1..value.len().saturating_sub(1)).unwrap_or(&[])) {
                    self.apart(shape, place, item, collect.values)?;
                }
            } else {
                self.apart(shape, place, value, collect.values)?;
            }
            at = end + 1;
        }
        Ok(collect)
    }

    /// Notes one child that was written already.
    fn apart(&mut self, shape: &Shape, place: PlaceIx, value: &[u8], values: usize) -> Step {
        let program = self.program;
        let (element, value) = match shape.places.get(place as usize).map(|p| &p.kind) {
            Some(PlaceKind::Element(e)) => (*e, value),
            Some(PlaceKind::Items(inner)) => {
                // `{"key":value}`: the child is inside.
                let key_end = skip_value(value, 1);
                let key = value.get(2..key_end.saturating_sub(1)).and_then(|k| std::str::from_utf8(k).ok()).unwrap_or("");
                let inner = program.shape(*inner);
                let Some(PlaceKind::Element(e)) = inner.by_key.get(key).and_then(|p| inner.places.get(*p as usize)).map(|p| &p.kind) else {
                    return Ok(());
                };
                (*e, value.get(key_end + 1..value.len().saturating_sub(1)).unwrap_or(&[]))
            }
            Some(PlaceKind::Any(_)) | None => return Ok(()),
        };
        self.emit(value);
        self.machine.children.push(Child::new(ChildKind::Declared(program.element(element).name)));
        self.end_child(values)
    }

    /// A child of a collecting object: its value is kept apart.
    pub(super) fn collect_child<T: Tag>(&mut self, tag: &T, shape: ShapeId, child: Identified, values: usize) -> Step {
        let mut wanted = child.wanted(Close::Child(values));
        if child.is_generic() {
            let says = self.wild_key(shape, child.name, tag.local()).says_namespace;
            let around = self.machine.frames.last().map_or(DocumentNs::NONE, |f| f.namespace);
            wanted.say_namespace = !says && tag.namespace() != around;
        }
        let what = match child.declared() {
            Some(name) => ChildKind::Declared(name),
            None => {
                let number = self.number(tag.namespace(), tag.local(), child.name)?;
                if child.is_generic() { ChildKind::Generic(number) } else { ChildKind::Typed(number) }
            }
        };
        self.machine.children.push(Child::new(what));
        self.value(tag, &wanted)
    }

    /// Text in element-only content: kept in `$content`.
    pub(super) fn stray_text(&mut self, text: &str) -> Step {
        self.deviation("text in element-only content")?;
        let Some(Frame { kind: Kind::Object(object), .. }) = self.machine.frames.last() else { return Ok(()) };
        if object.collect.is_none() {
            let shape = object.shape;
            self.begin_collecting(shape)?;
        }
        if let Some(Frame { kind: Kind::Object(Object { collect: Some(Collect { tail: true, .. }), .. }), .. }) = self.machine.frames.last()
        {
            // The whole object would be `$content`.
            return Err(self.fail(DecodeErrorKind::Limit, "text between elements of which some were sent already"));
        }
        string_into(&mut self.machine.out, text);
        self.machine.children.push(Child::new(ChildKind::Text));
        let Some(Frame { kind: Kind::Object(Object { collect: Some(collect), .. }), .. }) = self.machine.frames.last_mut() else {
            return Ok(());
        };
        collect.stray_text = true;
        let values = collect.values;
        self.end_child(values)
    }

    /// The key of an element that a wildcard admits (mapping decisions 24–26).
    pub(super) fn wild_key(&self, shape: ShapeId, name: Option<NameId>, local: &str) -> WildKey {
        let shape = self.program.shape(shape);
        let mut candidates = self.candidates(shape, local).peekable();
        let is_taken = candidates.peek().is_some();
        let other = is_taken && (name.is_none() || candidates.next() != name || candidates.next().is_some());
        let qualified = other || shape.takes(local);
        WildKey { qualified, says_namespace: qualified || is_taken }
    }

    /// Global elements of that local name that a wildcard of the shape admits and that are to be typed.
    fn candidates<'s>(&'s self, shape: &'s Shape, local: &str) -> impl Iterator<Item = NameId> + 's {
        use crate::plan::node::Process;
        let globals = if shape.wildcards.is_empty() { None } else { self.program.globals_by_local.get(local) };
        let names = globals.map_or(&[][..], Vec::as_slice).iter().map(|e| self.program.element(*e).name);
        names.filter(|n| {
            let namespace = Some(self.program.names.namespace(*n));
            shape.wildcards.iter().any(|w| w.process != Process::Skip && w.admits.admits(namespace, Some(*n)))
        })
    }
}

/// How an element that a wildcard admits is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WildKey {
    /// `{ns}local`, or `local`?
    pub(super) qualified: bool,
    /// Does the key say its namespace?
    pub(super) says_namespace: bool,
}

impl WildKey {
    pub(super) fn text<'k>(self, uri: &str, local: &'k str) -> std::borrow::Cow<'k, str> {
        if self.qualified { format!("{{{uri}}}{local}").into() } else { local.into() }
    }
}

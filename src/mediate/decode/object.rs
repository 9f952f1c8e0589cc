//! Typed objects: each child finds its place and is written as it comes. What comes out of order, again, or through a wildcard makes
//! the object collect its children to its end.

use super::machine::{Close, Frame, Kind, Object, Run, Step};
use super::tag::{Scope, Tag};
use super::value::Wanted;
use crate::plan::node::{ElementId, Found, NameId, PlaceIx, PlaceKind, Process, ShapeId, TypeId};

/// What a child of an object is.
#[derive(Clone, Copy)]
pub(super) struct Identified {
    pub(super) name: Option<NameId>,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    /// A declared element of the shape.
    Declared { found: Found, type_: TypeId },
    /// A global element that a wildcard admits.
    Typed { element: ElementId, type_: TypeId },
    /// Anything else: the generic rules.
    Generic { any: TypeId },
}

impl Identified {
    pub(super) fn wanted(&self, close: Close) -> Wanted {
        match self.what {
            What::Declared { found, type_ } => Wanted::new(type_, Some(found.element), close),
            What::Typed { element, type_ } => Wanted::new(type_, Some(element), close),
            What::Generic { any } => Wanted::new(any, None, close),
        }
    }

    /// Its name in the shape, where the shape declares it.
    pub(super) fn declared(&self) -> Option<NameId> {
        match self.what {
            What::Declared { .. } => self.name,
            What::Typed { .. } | What::Generic { .. } => None,
        }
    }

    pub(super) fn is_generic(&self) -> bool {
        matches!(self.what, What::Generic { .. })
    }
}

impl Run<'_> {
    /// What a child is to a shape.
    pub(super) fn identify<T: Tag>(&mut self, shape: ShapeId, tag: &T) -> Identified {
        let program = self.program;
        let shape = program.shape(shape);
        let name = self.name(tag.namespace(), tag.local(), tag.scope());
        let declared = |found: Found| What::Declared { found, type_: program.element(found.element).type_ };
        if let Some(found) = name.and_then(|n| shape.by_name.get(&n)) {
            return Identified { name, what: declared(*found) };
        }
        let namespace = self.namespace(tag.namespace(), tag.scope());
        if let Some(element) = name.and_then(|n| program.globals.get(&n))
            && shape.wildcards.iter().any(|w| w.process != Process::Skip && w.admits.admits(namespace, name))
        {
            return Identified { name, what: What::Typed { element: *element, type_: program.element(*element).type_ } };
        }
        // A slip of the namespace: the declared element is meant, where no wildcard takes the child.
        if !shape.wildcards.iter().any(|w| w.admits.admits(namespace, name))
            && let Some(meant) = shape.by_local.get(tag.local())
            && let Some(found) = shape.by_name.get(meant)
            && !self.machine.strict
        {
            self.machine.deviations += 1;
            return Identified { name: Some(*meant), what: declared(*found) };
        }
        Identified { name, what: What::Generic { any: program.any_type.unwrap_or(TypeId(0)) } }
    }

    pub(super) fn object_child<T: Tag>(&mut self, tag: &T) -> Step {
        let Some(Frame { kind: Kind::Object(object), .. }) = self.machine.frames.last() else { return Ok(()) };
        let (shape, mut collecting) = (object.shape, object.collect);
        let child = self.identify(shape, tag);
        if collecting.is_none() {
            if let What::Declared { found, .. } = child.what
                && let Some(close) = self.regular(shape, found, child.name)
            {
                return self.value(tag, &child.wanted(close));
            }
            self.begin_collecting(shape)?;
            if let Some(Frame { kind: Kind::Object(object), .. }) = self.machine.frames.last() {
                collecting = object.collect;
            }
        }
        let values = collecting.map_or(0, |c| c.values);
        self.collect_child(tag, shape, child, values)
    }

    /// Writes what stands before the value of a child that comes in its place; `None` where it does not.
    fn regular(&mut self, shape_id: ShapeId, found: Found, name: Option<NameId>) -> Option<Close> {
        let program = self.program;
        let shape = program.shape(shape_id);
        let place = shape.places.get(found.place as usize)?;
        let first = place.first;
        let Some(Frame { kind: Kind::Object(object), .. }) = self.machine.frames.last() else { return None };
        let (comma, open, flat, seen) = (object.comma, object.open, object.flat, object.seen);
        if open == Some(first) {
            self.emit(b",");
        } else {
            let bit = 1u64 << (first % 64);
            let word = self.machine.seen.get_mut(seen + first as usize / 64)?;
            if *word & bit != 0 {
                return None;
            }
            *word |= bit;
            if open.is_some() {
                self.emit(b"]");
            }
            if !flat {
                self.key(comma, &place.key);
                if place.array {
                    self.emit(b"[");
                }
            }
            let array = place.array;
            if let Some(Frame { kind: Kind::Object(object), .. }) = self.machine.frames.last_mut() {
                object.comma = true;
                object.open = array.then_some(first);
            }
        }
        match &place.kind {
            PlaceKind::Element(_) | PlaceKind::Any(_) => Some(Close::Nothing),
            PlaceKind::Items(inner) => {
                let inner = program.shape(*inner);
                let key = name.and_then(|n| inner.by_name.get(&n)).and_then(|f| inner.places.get(f.place as usize)).map(|p| p.key.clone());
                self.emit(b"{");
                self.key(false, key.as_deref().unwrap_or(""));
                Some(Close::Brace)
            }
        }
    }

    pub(super) fn end_object(&mut self, frame: &Frame, object: &Object, scope: Scope<'_>) -> Step {
        if object.collect.is_some() {
            self.assemble(frame, object, scope)?;
        } else if object.flat {
            self.emit(b"]");
        } else {
            if object.open.is_some() {
                self.emit(b"]");
            }
            self.empty_arrays(object);
            self.emit(b"}");
        }
        self.machine.seen.truncate(object.seen);
        Ok(())
    }

    /// `[]` for each repeated element or group of which there is none (mapping decision 13).
    fn empty_arrays(&mut self, object: &Object) {
        let program = self.program;
        let mut comma = object.comma;
        for (ix, place) in program.shape(object.shape).places.iter().enumerate() {
            if ix as PlaceIx != place.first || !is_always_array(place) {
                continue;
            }
            let word = self.machine.seen.get(object.seen + ix / 64).copied().unwrap_or(0);
            if word & (1 << (ix % 64)) == 0 {
                self.key(comma, &place.key);
                self.emit(b"[]");
                self.machine.by_schema = self.machine.by_schema.saturating_add(place.key.len() + 6);
                comma = true;
            }
        }
    }
}

/// Is the property there also when there is none?
pub(super) fn is_always_array(place: &crate::plan::node::Place) -> bool {
    place.array && !place.in_choice && !matches!(place.kind, PlaceKind::Any(_))
}

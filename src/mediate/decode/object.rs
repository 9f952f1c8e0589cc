//! Typed objects: each child finds its place and is written as it comes. What comes out of order, again, or through a wildcard makes
//! the object collect its children to its end.

use super::machine::{Child, ChildKind, Close, Collect, Frame, Kind, Object, Run, Step};
use super::tag::Tag;
use super::value::Wanted;
use crate::plan::node::{ElementId, Found, NameId, PlaceIx, PlaceKind, Process, Shape, ShapeId, TypeId};
use crate::xml::gate::{NamespaceId as DocumentNs, Namespaces};

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

    fn kind(&self) -> ChildKind {
        match self.what {
            What::Declared { .. } => ChildKind::Declared,
            What::Typed { .. } => ChildKind::Typed,
            What::Generic { .. } => ChildKind::Generic,
        }
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
        let (shape, collecting) = (object.shape, object.collect.is_some());
        let child = self.identify(shape, tag);
        if !collecting {
            if let What::Declared { found, .. } = child.what
                && let Some(close) = self.regular(shape, found, child.name)
            {
                return self.value(tag, &child.wanted(close));
            }
            self.begin_collecting(shape)?;
        }
        self.collect_child(tag, shape, child)
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

    pub(super) fn new_collect(&self, tail: bool) -> Collect {
        Collect { children: self.machine.children.len(), names: self.machine.names.len(), tail, stray_text: false }
    }

    /// A child of a collecting object: its value is kept apart.
    fn collect_child<T: Tag>(&mut self, tag: &T, shape: ShapeId, child: Identified) -> Step {
        let at = self.machine.children.len();
        let mut wanted = child.wanted(Close::Child(at));
        if child.is_generic() {
            let (_, says) = self.wild_key(shape, child.name, tag.uri(), tag.local());
            let around = self.machine.frames.last().map_or(DocumentNs::NONE, |f| f.namespace);
            wanted.say_namespace = !says && tag.namespace() != around;
        }
        self.add_child(tag, child.kind(), child.name);
        self.value(tag, &wanted)
    }

    /// Notes a child whose value begins here.
    pub(super) fn add_child<T: Tag>(&mut self, tag: &T, kind: ChildKind, name: Option<NameId>) {
        let local = (self.machine.names.len(), self.machine.names.len() + tag.local().len());
        self.machine.names.push_str(tag.local());
        let start = self.position();
        self.machine.children.push(Child { kind, start, end: start, local, name, namespace: tag.namespace() });
    }

    /// The key of an element that a wildcard admits, and whether it says the namespace (mapping decisions 24–26).
    pub(super) fn wild_key(&self, shape: ShapeId, name: Option<NameId>, uri: &str, local: &str) -> (String, bool) {
        let program = self.program;
        let shape = program.shape(shape);
        let candidates = self.candidates(shape, local);
        let other = !candidates.is_empty() && name.is_none_or(|n| candidates != [n]);
        if shape.taken_keys.contains(local) || other {
            return (format!("{{{uri}}}{local}"), true);
        }
        (local.to_owned(), !candidates.is_empty())
    }

    /// Global elements of that local name that a wildcard of the shape admits and that are to be typed.
    fn candidates(&self, shape: &Shape, local: &str) -> Vec<NameId> {
        if shape.wildcards.is_empty() {
            return Vec::new();
        }
        let globals = self.program.globals_by_local.get(local).map_or(&[][..], Vec::as_slice);
        let names = globals.iter().map(|e| self.program.element(*e).name);
        names
            .filter(|n| {
                let namespace = Some(self.program.names.namespace(*n));
                shape.wildcards.iter().any(|w| w.process != Process::Skip && w.admits.admits(namespace, Some(*n)))
            })
            .collect()
    }

    /// Text in element-only content: kept in `$content`.
    pub(super) fn stray_text(&mut self, text: &str) -> Step {
        self.deviation("text in element-only content")?;
        let Some(Frame { kind: Kind::Object(object), .. }) = self.machine.frames.last() else { return Ok(()) };
        if object.collect.is_none() {
            let shape = object.shape;
            self.begin_collecting(shape)?;
        }
        self.text_child(text);
        if let Some(Frame { kind: Kind::Object(Object { collect: Some(collect), .. }), .. }) = self.machine.frames.last_mut() {
            collect.stray_text = true;
        }
        Ok(())
    }

    /// Notes a piece of text between children.
    pub(super) fn text_child(&mut self, text: &str) {
        let local = (self.machine.names.len(), self.machine.names.len() + text.len());
        self.machine.names.push_str(text);
        let at = self.position();
        self.machine.children.push(Child { kind: ChildKind::Text, start: at, end: at, local, name: None, namespace: DocumentNs::NONE });
    }

    pub(super) fn end_object(&mut self, frame: &Frame, object: &Object, scope: &Namespaces) -> Step {
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
                comma = true;
            }
        }
    }
}

/// Is the property there also when there is none?
pub(super) fn is_always_array(place: &crate::plan::node::Place) -> bool {
    place.array && !place.in_choice && !matches!(place.kind, PlaceKind::Any(_))
}

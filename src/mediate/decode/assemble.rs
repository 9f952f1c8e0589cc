//! The end of an object that collected its children: the row is matched against the content model and its members are written.

use super::collect::WildKey;
use super::machine::{Child, ChildKind, Collect, Frame, Object, Run, Step};
use super::matching::{Row, RowName, Step as Match, Steps, by_name, distribute, match_row};
use super::names::Names;
use super::object::is_always_array;
use super::properties::{Part, Properties, Property, number};
use super::slots::NONE;
use super::tag::Scope;
use crate::json::string_into;
use crate::mediate::DecodeErrorKind;
use crate::plan::node::{NamespaceId, PlaceIx, PlaceKind, Shape, ShapeId};

/// The scratch text that is kept from object to object, in bytes.
const KEPT_SCRATCH_BYTES: usize = 64 << 10;
/// A row of more children is counted before it is written.
const MANY_CHILDREN: usize = 1_000;

/// The children of one object at its end.
pub(super) struct Collected<'r, 'a> {
    pub(super) run: &'r Run<'a>,
    pub(super) children: &'r [Child],
    /// Their values, one after another.
    values: &'r [u8],
    scope: Scope<'r>,
    /// The object, and the bits of its properties that were sent already.
    object: &'r Object,
    tail: bool,
    stray_text: bool,
    /// How many bytes may be made.
    room: usize,
}

/// Why an object cannot be written.
enum Trouble {
    SentAlready,
    TooMuch,
}

/// What is made: written, or only counted.
struct Made {
    out: Vec<u8>,
    /// How many bytes there would be, where they are not written.
    counted: Option<usize>,
    comma: bool,
    /// Bytes that the schema alone put there.
    by_schema: usize,
    /// How many properties the whole object has, once that was counted.
    properties: usize,
}

impl Run<'_> {
    /// The end of a collecting object: its children are matched and written.
    pub(super) fn assemble(&mut self, frame: &Frame, object: &Object, scope: Scope<'_>) -> Step {
        let Some(collect) = object.collect else { return Ok(()) };
        let children = std::mem::take(&mut self.machine.children);
        let mut scratch = std::mem::take(&mut self.machine.scratch);
        scratch.clear();
        let comma = if collect.tail { object.comma } else { object.comma_before };
        let row = Collected {
            run: self,
            children: children.get(collect.children..).unwrap_or(&[]),
            values: self.written(collect.values),
            scope,
            object,
            stray_text: collect.stray_text,
            tail: collect.tail,
            room: self.room().saturating_add(self.written(collect.values).len()),
        };
        let program = self.program;
        let shape = program.shape(object.shape);
        let (steps, fits) = match collect {
            Collect { stray_text: true, .. } => (Steps::default(), true),
            Collect { tail: true, .. } => (by_name(program, shape, &row), false),
            Collect { .. } => match_row(program, shape, &row),
        };
        let mut made = Made { out: scratch, counted: None, comma, by_schema: 0, properties: 0 };
        if row.children.len() > MANY_CHILDREN {
            // So that the text does not grow by doubling, beside all that is held already.
            let mut counted = Made { out: Vec::new(), counted: Some(0), comma, by_schema: 0, properties: 0 };
            if row.whole(&steps, &mut counted).is_ok() {
                made.out.reserve_exact(counted.len());
                made.properties = counted.properties;
            }
        }
        let written = row.whole(&steps, &mut made);
        drop(steps);
        self.machine.children = children;
        self.machine.children.truncate(collect.children);
        if self.machine.children.is_empty() && self.machine.children.capacity() > KEPT_SCRATCH_BYTES / size_of::<Child>() {
            self.machine.children = Vec::new();
        }
        if !fits {
            self.deviation("elements that the schema does not order so")?;
        }
        let alone = match written {
            Ok(alone) => alone,
            Err(Trouble::TooMuch) => return Err(self.too_much()),
            Err(Trouble::SentAlready) => {
                return Err(self.fail(DecodeErrorKind::Limit, "elements out of schema order in a reply larger than the reply buffer"));
            }
        };
        self.machine.by_schema = self.machine.by_schema.saturating_add(made.by_schema);
        self.finish_collected(frame, object, &made.out, alone);
        if made.out.capacity() <= KEPT_SCRATCH_BYTES {
            self.machine.scratch = made.out;
        }
        Ok(())
    }

    /// Puts the members in their place. A flattened type stays an array where its one property is all there is.
    fn finish_collected(&mut self, frame: &Frame, object: &Object, members: &[u8], alone: bool) {
        let array = members.iter().position(|b| *b == b'[').filter(|_| alone && object.flat).and_then(|i| members.get(i..));
        match array {
            Some(array) => self.replace(frame.start, array),
            None if object.flat => {
                self.replace(frame.start, b"{");
                self.emit(members);
                self.emit(b"}");
            }
            None => {
                self.replace(object.members, members);
                self.emit(b"}");
            }
        }
    }
}

impl Row for Collected<'_, '_> {
    fn len(&self) -> usize {
        self.children.len()
    }

    fn get(&self, child: usize) -> Option<RowName> {
        let program = self.run.program;
        let message = match self.children.get(child)?.kind() {
            ChildKind::Declared(name) => return Some(RowName { name: Some(name), namespace: Some(program.names.namespace(name)) }),
            ChildKind::Typed(message) | ChildKind::Generic(message) => message,
            ChildKind::Text => return Some(RowName { name: None, namespace: None }),
        };
        let name = self.names().name(message);
        let namespace = match name {
            Some(name) => Some(program.names.namespace(name)),
            None => self.namespace(self.names().namespace(message).0),
        };
        Some(RowName { name, namespace })
    }
}

impl<'r> Collected<'r, '_> {
    /// Writes the members of the whole object; says whether its only property is an array.
    fn whole(&self, steps: &Steps, made: &mut Made) -> Result<bool, Trouble> {
        if self.tail && self.is_late(steps) {
            return Err(Trouble::SentAlready);
        }
        if self.stray_text {
            return self.content(self.object.shape, 0..self.children.len(), made).map(|()| false);
        }
        self.members(self.object.shape, steps, Part { from: 0, to: steps.len(), leaf: 0 }, true, made)
    }

    pub(super) fn names(&self) -> &'r Names {
        &self.run.machine.names
    }

    /// The program's number of a document's namespace, which was asked for when the child came.
    fn namespace(&self, document: u32) -> Option<NamespaceId> {
        self.run.machine.namespaces.get(document as usize).copied().flatten().flatten()
    }

    fn value(&self, child: usize) -> &'r [u8] {
        let start = child.checked_sub(1).and_then(|before| self.children.get(before)).map_or(0, |c| c.end as usize);
        let end = self.children.get(child).map_or(0, |c| c.end as usize);
        self.values.get(start..end).unwrap_or(b"null")
    }

    /// Namespace name and local name of a child.
    fn name(&self, child: usize) -> (&'r str, &'r str) {
        match self.children.get(child).map(|c| c.kind()) {
            Some(ChildKind::Declared(name)) => {
                let names = &self.run.program.names;
                (names.uri(names.namespace(name)), names.local(name))
            }
            Some(ChildKind::Typed(name) | ChildKind::Generic(name)) => {
                let names = self.names();
                (self.scope.uri(names.namespace(name)), names.local(name))
            }
            Some(ChildKind::Text) | None => ("", ""),
        }
    }

    fn wild_key(&self, shape: ShapeId, child: usize) -> WildKey {
        self.run.wild_key(shape, self.get(child).and_then(|n| n.name), self.name(child).1)
    }

    /// What is equal where the keys of two children are.
    pub(super) fn wild_name(&self, shape: ShapeId, child: usize) -> (Option<&'r str>, &'r str) {
        let (uri, local) = self.name(child);
        (self.wild_key(shape, child).qualified.then_some(uri), local)
    }

    /// Was that property sent already?
    fn is_sent(&self, top: bool, place: PlaceIx) -> bool {
        let word = || self.run.machine.seen.get(self.object.seen + place as usize / 64).copied().unwrap_or(0);
        top && self.tail && word() & (1 << (place % 64)) != 0
    }

    /// Did an element of a wildcard come after what was sent of later places, so that its property would be read back at an earlier one?
    fn is_late(&self, steps: &Steps) -> bool {
        let places = &self.run.program.shape(self.object.shape).places;
        let last = (0..number(places.len())).rev().find(|place| self.is_sent(true, *place)).unwrap_or(0);
        let is_any = |place: PlaceIx| matches!(places.get(place as usize).map(|p| &p.kind), Some(PlaceKind::Any(_)));
        let part = Part { from: 0, to: steps.len(), leaf: 0 };
        (0..last).filter(|place| is_any(*place)).any(|place| self.at_place(steps, part, place).next().is_some())
    }

    /// Writes the members of one object; says whether its only property is an array.
    fn members(&self, shape: ShapeId, steps: &Steps, part: Part, top: bool, made: &mut Made) -> Result<bool, Trouble> {
        let model = self.run.program.shape(shape);
        let mut properties = Properties::from_leaf(part.leaf);
        if top {
            properties.list.reserve_exact(made.properties);
        }
        let (mut at, mut leaf) = (part.from, part.leaf);
        let (mut has_wild, mut has_unknown) = (false, false);
        while let Some(step) = steps.get(at).filter(|_| at < part.to) {
            at += 1;
            match step {
                Match::Place(place) => {
                    match model.places.get(place as usize) {
                        Some(p) if matches!(p.kind, PlaceKind::Element(_)) => {
                            if self.is_sent(top, p.first) {
                                return Err(Trouble::SentAlready);
                            }
                            properties.declared(p.first, p.array, leaf, part, steps);
                        }
                        other => {
                            has_wild |= other.is_some_and(|p| matches!(p.kind, PlaceKind::Any(_)));
                            properties.wild(self, shape, leaf, part, steps);
                        }
                    }
                    leaf += 1;
                }
                Match::Unknown => {
                    (has_wild, has_unknown) = (true, true);
                    properties.wild(self, shape, leaf, part, steps);
                    leaf += 1;
                }
                Match::Group(place) => {
                    if self.is_sent(top, place) {
                        return Err(Trouble::SentAlready);
                    }
                    let (after, children) = steps.after_group(at - 1);
                    let property = Property { place, first: number(at - 1), last: number(leaf), array: true };
                    properties.places.insert(place, number(properties.list.len()));
                    properties.list.push(property);
                    (at, leaf) = (after, leaf + children);
                }
                Match::Item | Match::End => {}
            }
        }
        if top {
            made.properties = properties.list.len();
        }
        let has_wild = has_wild || model.places.iter().any(|p| matches!(p.kind, PlaceKind::Any(_)));
        if has_wild && !has_unknown && !self.keeps_order(model, steps, part, &properties) {
            // The whole object would be `$content`: half of it beside the other half is no form that encode reads.
            if model.places.iter().any(|p| self.is_sent(top, p.first)) {
                return Err(Trouble::SentAlready);
            }
            self.content(shape, self.leaves(steps, part), made)?;
            return Ok(false);
        }
        for property in &properties.list {
            self.property(shape, steps, property, &properties, made)?;
        }
        let mut count = properties.list.len();
        for (ix, place) in model.places.iter().enumerate() {
            let ix = number(ix);
            if place.first == ix && is_always_array(place) && !self.is_sent(top, ix) && !properties.places.contains_key(&ix) {
                let before = made.len();
                made.key(&place.key);
                made.put(b"[]");
                made.by_schema += made.len() - before;
                count += 1;
            }
        }
        let first_is_array = properties.list.first().is_none_or(|p| p.array);
        Ok(count == 1 && first_is_array)
    }

    fn property(&self, shape: ShapeId, steps: &Steps, property: &Property, all: &Properties, made: &mut Made) -> Result<(), Trouble> {
        let model = self.run.program.shape(shape);
        match model.places.get(property.place as usize) {
            Some(place) => {
                made.key(&place.key);
                if let PlaceKind::Items(inner) = place.kind {
                    return self.items(inner, steps, property.first as usize, property.last as usize, made);
                }
            }
            None => self.write_wild_key(shape, steps.child(property.first as usize), made),
        }
        let array = property.array || property.first != property.last;
        if array {
            made.put(b"[");
        }
        let mut leaf = property.first;
        loop {
            made.put(self.value(steps.child(leaf as usize)));
            if leaf == property.last {
                break;
            }
            made.put(b",");
            leaf = all.after(leaf);
        }
        if array {
            made.put(b"]");
        }
        self.is_held(made)
    }

    fn is_held(&self, made: &Made) -> Result<(), Trouble> {
        let machine = &self.run.machine;
        let by_schema = |bytes: usize| bytes.min(machine.max_input);
        let more = by_schema(machine.by_schema.saturating_add(made.by_schema)) - by_schema(machine.by_schema);
        if made.len() <= self.room.saturating_add(more) { Ok(()) } else { Err(Trouble::TooMuch) }
    }

    /// The times that a repeated group stands, each an object.
    fn items(&self, inner: ShapeId, steps: &Steps, group: usize, first_leaf: usize, made: &mut Made) -> Result<(), Trouble> {
        made.put(b"[");
        let (mut at, mut leaf) = (group + 1, first_leaf);
        while steps.get(at) == Some(Match::Item) {
            let from = at + 1;
            let (mut to, start) = (from, leaf);
            loop {
                match steps.get(to) {
                    Some(Match::Place(_) | Match::Unknown) => (to, leaf) = (to + 1, leaf + 1),
                    Some(Match::Group(_)) => {
                        let (after, children) = steps.after_group(to);
                        (to, leaf) = (after, leaf + children);
                    }
                    Some(Match::Item | Match::End) | None => break,
                }
            }
            made.put(if at > group + 1 { b",{" } else { b"{" });
            made.comma = false;
            self.members(inner, steps, Part { from, to, leaf: start }, false, made)?;
            made.put(b"}");
            at = to;
        }
        made.put(b"]");
        made.comma = true;
        Ok(())
    }

    fn write_wild_key(&self, shape: ShapeId, child: usize, made: &mut Made) {
        let (uri, local) = self.name(child);
        made.key(&self.wild_key(shape, child).text(uri, local));
    }

    /// The children of a part, in order.
    fn leaves<'s>(&'s self, steps: &'s Steps, part: Part) -> impl Iterator<Item = usize> + 's {
        let is_leaf = |at: &usize| matches!(steps.get(*at), Some(Match::Place(_) | Match::Unknown));
        (part.from..part.to).filter(is_leaf).enumerate().map(move |(i, _)| steps.child(part.leaf + i))
    }

    /// Would encode give the children in this order from the object form (mapping decision 27)?
    fn keeps_order(&self, model: &Shape, steps: &Steps, part: Part, properties: &Properties) -> bool {
        let is_any = |place: PlaceIx| model.places.get(place as usize).is_some_and(|p| matches!(p.kind, PlaceKind::Any(_)));
        // As encode meets them: by property.
        let by_property = || {
            let wild = properties.list.iter().filter(|p| p.place == NONE);
            wild.flat_map(|p| {
                let next = |leaf: &u32| (*leaf != p.last).then(|| properties.after(*leaf));
                std::iter::successors(Some(p.first), next).map(|leaf| steps.child(leaf as usize))
            })
        };
        let anys = (0..model.places.len()).map(number).filter(|place| is_any(*place));
        anys.into_iter().all(|any| {
            let names = by_property().map(|c| self.get(c).unwrap_or(RowName { name: None, namespace: None }));
            let given = by_property().zip(distribute(model, names)).filter(|(_, place)| *place == Some(any)).map(|(child, _)| child);
            given.eq(self.at_place(steps, part, any))
        })
    }

    /// The children that really stand at a place of this very object.
    fn at_place<'s>(&'s self, steps: &'s Steps, part: Part, place: PlaceIx) -> impl Iterator<Item = usize> + 's {
        let (mut at, mut leaf) = (part.from, part.leaf);
        std::iter::from_fn(move || {
            while at < part.to {
                let step = steps.get(at)?;
                match step {
                    Match::Place(_) | Match::Unknown => (at, leaf) = (at + 1, leaf + 1),
                    Match::Group(_) => {
                        let (after, children) = steps.after_group(at);
                        (at, leaf) = (after, leaf + children);
                    }
                    Match::Item | Match::End => at += 1,
                }
                if step == Match::Place(place) {
                    return Some(steps.child(leaf - 1));
                }
            }
            None
        })
    }

    /// `"$content": [{key: value}, …]`: children in their order, text between them where there is some.
    fn content(&self, shape: ShapeId, children: impl Iterator<Item = usize>, made: &mut Made) -> Result<(), Trouble> {
        made.key("$content");
        made.put(b"[");
        let model = self.run.program.shape(shape);
        for (i, child) in children.enumerate() {
            if i > 0 {
                made.put(b",");
            }
            let key = match self.children.get(child).map(|c| c.kind()) {
                Some(ChildKind::Text) => {
                    made.put(self.value(child));
                    continue;
                }
                Some(ChildKind::Declared(name)) => model.content_keys.get(&name),
                Some(ChildKind::Typed(_) | ChildKind::Generic(_)) | None => None,
            };
            made.put(b"{");
            made.comma = false;
            match key {
                Some(key) => made.key(key),
                None => self.write_wild_key(shape, child, made),
            }
            made.put(self.value(child));
            made.put(b"}");
            self.is_held(made)?;
        }
        made.put(b"]");
        made.comma = true;
        Ok(())
    }
}

impl Made {
    fn len(&self) -> usize {
        self.counted.unwrap_or(self.out.len())
    }

    fn put(&mut self, text: &[u8]) {
        match &mut self.counted {
            Some(count) => *count += text.len(),
            None => self.out.extend_from_slice(text),
        }
    }

    fn key(&mut self, key: &str) {
        if std::mem::replace(&mut self.comma, true) {
            self.put(b",");
        }
        match &mut self.counted {
            Some(count) => *count += key.len() + 3,
            None => {
                string_into(&mut self.out, key);
                self.out.push(b':');
            }
        }
    }
}

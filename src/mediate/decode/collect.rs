//! Objects that collected their children: matched as a whole row at their end, then written.

use std::collections::HashMap;

use super::machine::{Child, ChildKind, Frame, Kind, Object, Run, Step};
use super::matching::{RowName, Step as Match, by_name, distribute, match_row};
use super::object::is_always_array;
use crate::json::string_into;
use crate::mediate::{DecodeError, DecodeErrorKind};
use crate::plan::node::{PlaceIx, PlaceKind, Shape, ShapeId};
use crate::xml::gate::{NamespaceId as DocumentNs, Namespaces};

/// The children of one object at its end.
struct Row<'r> {
    children: &'r [Child],
    names: Vec<RowName>,
    text: &'r str,
    out: &'r [u8],
    base: usize,
    scope: &'r Namespaces,
}

/// The index of a property that was sent already.
const SENT: usize = usize::MAX;

/// A property on its way: its values in order.
struct Property {
    key: String,
    values: Vec<Piece>,
    array: bool,
}

enum Piece {
    /// The value of that child.
    Child(usize),
    /// JSON text made here.
    Made(Vec<u8>),
}

impl Run<'_> {
    /// From now on the top object's children are kept apart; those that were written already are taken apart again.
    pub(super) fn begin_collecting(&mut self, shape: ShapeId) -> Step {
        let Some(Frame { kind: Kind::Object(object), start, .. }) = self.machine.frames.last() else { return Ok(()) };
        let (members, flat, open) = (object.members, object.flat, object.open);
        // Of a bare array the bracket itself must still be here: with other children it becomes an object.
        let tail = if flat { *start } else { members } < self.machine.base;
        let collect = self.new_collect(tail);
        if tail && flat {
            return Err(self.fail(DecodeErrorKind::Limit, "elements that the schema does not know in a list larger than the reply buffer"));
        }
        if tail {
            if open.is_some() {
                self.emit(b"]");
            }
        } else {
            if open.is_some() && !flat {
                self.emit(b"]");
            }
            self.take_apart(shape, members, flat);
        }
        let members_now = if tail { self.position() } else { members };
        if let Some(Frame { kind: Kind::Object(object), .. }) = self.machine.frames.last_mut() {
            object.collect = Some(collect);
            object.open = None;
            object.members = members_now;
        }
        Ok(())
    }

    /// Finds the children in the text that was written from `members` on.
    fn take_apart(&mut self, shape: ShapeId, members: usize, flat: bool) {
        let program = self.program;
        let shape = program.shape(shape);
        let text = self.written(members).to_vec();
        let mut at = 0;
        if flat {
            while at < text.len() {
                let end = skip_value(&text, at);
                self.apart(shape, 0, (members + at, members + end), &text, at);
                at = end + 1;
            }
            return;
        }
        while at < text.len() {
            if text.get(at) == Some(&b',') {
                at += 1;
            }
            let key_end = skip_value(&text, at);
            let key = text.get(at + 1..key_end.saturating_sub(1)).and_then(|k| std::str::from_utf8(k).ok()).unwrap_or("");
            let place = shape.by_key.get(key).copied().unwrap_or(0);
            at = key_end + 1;
            let end = skip_value(&text, at);
            if shape.places.get(place as usize).is_some_and(|p| p.array) {
                let mut item = at + 1;
                while item < end.saturating_sub(1) {
                    let item_end = skip_value(&text, item);
                    self.apart(shape, place, (members + item, members + item_end), &text, item);
                    item = item_end + 1;
                }
            } else {
                self.apart(shape, place, (members + at, members + end), &text, at);
            }
            at = end;
        }
    }

    /// Notes one child that was written already.
    fn apart(&mut self, shape: &Shape, place: PlaceIx, range: (usize, usize), text: &[u8], at: usize) {
        let program = self.program;
        let (element, (start, end)) = match shape.places.get(place as usize).map(|p| &p.kind) {
            Some(PlaceKind::Element(e)) => (*e, range),
            Some(PlaceKind::Items(inner)) => {
                // `{"key":value}`: the child is inside.
                let key_end = skip_value(text, at + 1);
                let key = text.get(at + 2..key_end.saturating_sub(1)).and_then(|k| std::str::from_utf8(k).ok()).unwrap_or("");
                let inner = program.shape(*inner);
                let Some(PlaceKind::Element(e)) = inner.by_key.get(key).and_then(|p| inner.places.get(*p as usize)).map(|p| &p.kind) else {
                    return;
                };
                (*e, (range.0 + (key_end + 1 - at), range.1 - 1))
            }
            Some(PlaceKind::Any(_)) | None => return,
        };
        let name = program.element(element).name;
        let local = program.names.local(name);
        let names = (self.machine.names.len(), self.machine.names.len() + local.len());
        self.machine.names.push_str(local);
        self.machine.children.push(Child {
            kind: ChildKind::Declared,
            start,
            end,
            local: names,
            name: Some(name),
            namespace: DocumentNs::NONE,
        });
    }

    /// The end of a collecting object: its children are matched and written.
    pub(super) fn assemble(&mut self, frame: &Frame, object: &Object, scope: &Namespaces) -> Step {
        let Some(collect) = object.collect else { return Ok(()) };
        let program = self.program;
        let shape = program.shape(object.shape);
        let children = self.machine.children.split_off(collect.children.min(self.machine.children.len()));
        let elements: Vec<&Child> = children.iter().filter(|c| c.kind != ChildKind::Text).collect();
        let names: Vec<RowName> = elements.iter().map(|c| self.row_name(c, scope)).collect();
        let (steps, fits) = if collect.tail { (by_name(program, shape, &names), false) } else { match_row(program, shape, &names) };
        if !fits {
            self.deviation("elements that the schema does not order so")?;
        }
        let mut scratch = std::mem::take(&mut self.machine.scratch);
        scratch.clear();
        let owned: Vec<Child> = elements.into_iter().cloned().collect();
        let row = Row { children: &owned, names, text: &self.machine.names, out: &self.machine.out, base: self.machine.base, scope };
        let mut comma = if collect.tail { object.comma } else { object.comma_before };
        let sent = if collect.tail { self.sent_keys(object) } else { HashMap::new() };
        if collect.tail && self.is_late(object, &steps) {
            return Err(self.sent_already());
        }
        let alone = if collect.stray_text {
            self.content_with_text(object.shape, &children, &row, &mut scratch, &mut comma);
            false
        } else {
            self.members(object.shape, &steps, &row, &mut scratch, &mut comma, sent)?
        };
        self.finish_collected(frame, object, &scratch, alone);
        self.machine.names.truncate(collect.names);
        self.machine.scratch = scratch;
        Ok(())
    }

    /// Did an element of a wildcard come after what was sent of later places, so that its property would be read back at an earlier one?
    fn is_late(&self, object: &Object, steps: &[Match]) -> bool {
        let places = &self.program.shape(object.shape).places;
        let seen = |i: usize| self.machine.seen.get(object.seen + i / 64).is_some_and(|w| w & (1 << (i % 64)) != 0);
        let last = (0..places.len()).rev().find(|i| seen(*i)).unwrap_or(0) as PlaceIx;
        let is_any = |at: PlaceIx| matches!(places.get(at as usize).map(|p| &p.kind), Some(PlaceKind::Any(_)));
        steps.iter().any(|s| matches!(s, Match::Place { place, .. } if *place < last && is_any(*place)))
    }

    fn sent_already(&self) -> DecodeError {
        self.fail(DecodeErrorKind::Limit, "elements out of schema order in a reply larger than the reply buffer")
    }

    /// The keys of the properties that were sent already.
    fn sent_keys(&self, object: &Object) -> HashMap<String, usize> {
        let places = self.program.shape(object.shape).places.iter().enumerate();
        let seen = |i: usize| self.machine.seen.get(object.seen + i / 64).is_some_and(|w| w & (1 << (i % 64)) != 0);
        places.filter(|(i, p)| *i as PlaceIx == p.first && seen(*i)).map(|(_, p)| (p.key.to_string(), SENT)).collect()
    }

    /// Puts the members in their place. A flattened type stays an array where its one property is all there is.
    fn finish_collected(&mut self, frame: &Frame, object: &Object, members: &[u8], alone: bool) {
        if object.flat {
            let inner = members.iter().position(|b| *b == b'[').filter(|_| alone);
            let start = frame.start;
            if let Some(array) = inner.and_then(|i| members.get(i..)) {
                let array = array.to_vec();
                self.replace(start, &array);
            } else {
                let object = [b"{", members, b"}"].concat();
                self.replace(start, &object);
            }
            return;
        }
        self.replace(object.members, members);
        self.emit(b"}");
    }

    fn row_name(&mut self, child: &Child, scope: &Namespaces) -> RowName {
        match child.name {
            Some(name) => RowName { name: Some(name), namespace: Some(self.program.names.namespace(name)) },
            None => RowName { name: None, namespace: self.namespace(child.namespace, scope) },
        }
    }

    /// Writes the members of one object; says whether its only property is an array.
    fn members(
        &self,
        shape: ShapeId,
        steps: &[Match],
        row: &Row<'_>,
        out: &mut Vec<u8>,
        comma: &mut bool,
        sent: HashMap<String, usize>,
    ) -> Result<bool, DecodeError> {
        let model = self.program.shape(shape);
        let has_wild = steps.iter().any(|s| self.is_wild(model, s)) || model.places.iter().any(|p| matches!(p.kind, PlaceKind::Any(_)));
        if has_wild && !self.keeps_order(shape, steps, row) {
            // The whole object would be `$content`: half of it beside the other half is no form that encode reads.
            if !sent.is_empty() {
                return Err(self.sent_already());
            }
            self.content(shape, steps, row, out, comma);
            return Ok(false);
        }
        let mut properties: Vec<Property> = Vec::new();
        let mut at = sent;
        for step in steps {
            let (key, array, piece) = match step {
                Match::Place { place, child } => match model.places.get(*place as usize) {
                    Some(p) if matches!(p.kind, PlaceKind::Element(_)) => (p.key.to_string(), p.array, Piece::Child(*child)),
                    _ => self.wild_property(shape, *child, row),
                },
                Match::Unknown { child } => self.wild_property(shape, *child, row),
                Match::Items { place, items } => {
                    let Some(PlaceKind::Items(inner)) = model.places.get(*place as usize).map(|p| &p.kind) else { continue };
                    let key = model.places.get(*place as usize).map_or_else(String::new, |p| p.key.to_string());
                    if at.get(&key) == Some(&SENT) {
                        return Err(self.sent_already());
                    }
                    for item in items {
                        let mut made = vec![b'{'];
                        self.members(*inner, item, row, &mut made, &mut false, HashMap::new())?;
                        made.push(b'}');
                        add(&mut properties, &mut at, key.clone(), true, Piece::Made(made));
                    }
                    continue;
                }
            };
            if at.get(&key) == Some(&SENT) {
                return Err(self.sent_already());
            }
            add(&mut properties, &mut at, key, array, piece);
        }
        for place in model.places.iter().filter(|p| is_always_array(p)) {
            if !at.contains_key(&*place.key) {
                at.insert(place.key.to_string(), properties.len());
                properties.push(Property { key: place.key.to_string(), values: Vec::new(), array: true });
            }
        }
        let alone = matches!(properties.as_slice(), [Property { array: true, .. }]);
        properties.iter().for_each(|p| row.write(p, out, comma));
        Ok(alone)
    }

    fn wild_property(&self, shape: ShapeId, child: usize, row: &Row<'_>) -> (String, bool, Piece) {
        let typed = row.children.get(child).is_some_and(|c| c.kind != ChildKind::Generic);
        let key = row.children.get(child).map_or_else(String::new, |c| self.child_key(shape, c, row).0);
        (key, typed && self.program.shape(shape).many_wild, Piece::Child(child))
    }

    fn child_key(&self, shape: ShapeId, child: &Child, row: &Row<'_>) -> (String, bool) {
        let local = row.text.get(child.local.0..child.local.1).unwrap_or("");
        let uri = match child.name {
            Some(name) => self.program.names.uri(self.program.names.namespace(name)),
            None => row.scope.uri(child.namespace),
        };
        self.wild_key(shape, child.name, uri, local)
    }

    fn is_wild(&self, shape: &Shape, step: &Match) -> bool {
        match step {
            Match::Place { place, .. } => shape.places.get(*place as usize).is_some_and(|p| matches!(p.kind, PlaceKind::Any(_))),
            Match::Unknown { .. } => true,
            Match::Items { .. } => false,
        }
    }

    /// Would encode give the children in this order from the object form (mapping decision 27)?
    fn keeps_order(&self, shape: ShapeId, steps: &[Match], row: &Row<'_>) -> bool {
        let model = self.program.shape(shape);
        if steps.iter().any(|s| matches!(s, Match::Unknown { .. })) {
            return true;
        }
        let wild: Vec<(PlaceIx, usize)> = steps
            .iter()
            .filter(|s| self.is_wild(model, s))
            .filter_map(|s| match s {
                Match::Place { place, child } => Some((*place, *child)),
                Match::Unknown { .. } | Match::Items { .. } => None,
            })
            .collect();
        let mut order: Vec<String> = Vec::new();
        let mut groups: HashMap<String, Vec<usize>> = HashMap::new();
        for (_, child) in &wild {
            let key = row.children.get(*child).map_or_else(String::new, |c| self.child_key(shape, c, row).0);
            if !groups.contains_key(&key) {
                order.push(key.clone());
            }
            groups.entry(key).or_default().push(*child);
        }
        let flat: Vec<usize> = order.iter().filter_map(|k| groups.get(k)).flatten().copied().collect();
        let names: Vec<RowName> = flat.iter().filter_map(|c| row.names.get(*c).copied()).collect();
        let given = distribute(model, &names);
        let anys = model.places.iter().enumerate().filter(|(_, p)| matches!(p.kind, PlaceKind::Any(_))).map(|(i, _)| i as PlaceIx);
        anys.into_iter().all(|any| {
            let mine = flat.iter().zip(&given).filter(|(_, g)| **g == Some(any)).map(|(c, _)| *c);
            let real = wild.iter().filter(|(p, _)| *p == any).map(|(_, c)| *c);
            mine.eq(real)
        })
    }

    /// `"$content": [{key: value}, …]`: the row in its order.
    fn content(&self, shape: ShapeId, steps: &[Match], row: &Row<'_>, out: &mut Vec<u8>, comma: &mut bool) {
        let mut leaves = Vec::new();
        flatten(steps, &mut leaves);
        row.key("$content", out, comma);
        out.push(b'[');
        for (i, child) in leaves.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            self.single(shape, *child, row, out);
        }
        out.push(b']');
    }

    /// The same with the text between.
    fn content_with_text(&self, shape: ShapeId, children: &[Child], row: &Row<'_>, out: &mut Vec<u8>, comma: &mut bool) {
        row.key("$content", out, comma);
        out.push(b'[');
        let mut element = 0;
        for (i, child) in children.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            if child.kind == ChildKind::Text {
                string_into(out, row.text.get(child.local.0..child.local.1).unwrap_or(""));
            } else {
                self.single(shape, element, row, out);
                element += 1;
            }
        }
        out.push(b']');
    }

    fn single(&self, shape: ShapeId, child: usize, row: &Row<'_>, out: &mut Vec<u8>) {
        let Some(c) = row.children.get(child) else { return };
        let declared = c.name.and_then(|n| self.program.shape(shape).content_keys.get(&n)).filter(|_| c.kind == ChildKind::Declared);
        out.push(b'{');
        match declared {
            Some(key) => string_into(out, key),
            None => string_into(out, &self.child_key(shape, c, row).0),
        }
        out.push(b':');
        out.extend_from_slice(row.value(child));
        out.push(b'}');
    }
}

impl Row<'_> {
    fn value(&self, child: usize) -> &[u8] {
        let range = self.children.get(child).and_then(|c| Some((c.start.checked_sub(self.base)?, c.end.checked_sub(self.base)?)));
        range.and_then(|(start, end)| self.out.get(start..end)).unwrap_or(b"null")
    }

    fn key(&self, key: &str, out: &mut Vec<u8>, comma: &mut bool) {
        if *comma {
            out.push(b',');
        }
        *comma = true;
        string_into(out, key);
        out.push(b':');
    }

    fn write(&self, property: &Property, out: &mut Vec<u8>, comma: &mut bool) {
        self.key(&property.key, out, comma);
        let array = property.array || property.values.len() > 1;
        if array {
            out.push(b'[');
        }
        for (i, piece) in property.values.iter().enumerate() {
            if i > 0 {
                out.push(b',');
            }
            match piece {
                Piece::Child(child) => out.extend_from_slice(self.value(*child)),
                Piece::Made(made) => out.extend_from_slice(made),
            }
        }
        if array {
            out.push(b']');
        }
    }
}

fn add(properties: &mut Vec<Property>, at: &mut HashMap<String, usize>, key: String, array: bool, piece: Piece) {
    if let Some(property) = at.get(&key).and_then(|i| properties.get_mut(*i)) {
        property.values.push(piece);
        property.array |= array;
        return;
    }
    at.insert(key.clone(), properties.len());
    properties.push(Property { key, values: vec![piece], array });
}

/// The children of a match in document order.
fn flatten(steps: &[Match], out: &mut Vec<usize>) {
    for step in steps {
        match step {
            Match::Place { child, .. } | Match::Unknown { child } => out.push(*child),
            Match::Items { items, .. } => items.iter().for_each(|i| flatten(i, out)),
        }
    }
}

/// The end of the JSON value at `at`, in text that this decoder wrote.
fn skip_value(text: &[u8], at: usize) -> usize {
    let (mut i, mut depth, mut in_string) = (at, 0usize, false);
    while let Some(byte) = text.get(i) {
        match (in_string, byte) {
            (true, b'\\') => i += 1,
            (true, b'"') => {
                in_string = false;
                if depth == 0 {
                    return i + 1;
                }
            }
            (false, b'"') => in_string = true,
            (false, b'{' | b'[') => depth += 1,
            (false, b'}' | b']') => {
                let Some(outer) = depth.checked_sub(1) else { return i };
                depth = outer;
                if depth == 0 {
                    return i + 1;
                }
            }
            (false, b',' | b':') if depth == 0 => return i,
            (true | false, _) => {}
        }
        i += 1;
    }
    i
}

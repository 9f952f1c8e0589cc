//! A whole row of children against a content model: for shapes where a name alone does not tell the place. Greedy, with
//! backtracking inside a time budget; a row that does not fit is read by name.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::plan::Program;
use crate::plan::node::{Admits, Compositor, Group, NameId, NamespaceId, Particle, Place, PlaceIx, PlaceKind, Shape};

/// Names of a row's children: what the program calls them, if it speaks of them at all.
#[derive(Clone, Copy)]
pub(super) struct RowName {
    pub(super) name: Option<NameId>,
    pub(super) namespace: Option<NamespaceId>,
}

/// A row of children: what they are called.
pub(super) trait Row {
    fn len(&self) -> usize;
    fn get(&self, child: usize) -> Option<RowName>;
}

/// Which places the children of a row take: a word for each child in order, and words around the times that a repeated group stands.
/// Rows may be long and their children short.
#[derive(Debug, Default)]
pub(super) struct Steps {
    words: Vec<u32>,
    /// The children in the order of the steps, where that is not their own.
    order: Vec<u32>,
}

/// One word of [`Steps`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// A child at an element or wildcard place.
    Place(PlaceIx),
    /// A child that has no place: the row breaks its schema.
    Unknown,
    /// A repeated group at a place, up to its `End`: at least one `Item`.
    Group(PlaceIx),
    /// One time that it stands.
    Item,
    End,
}

const NUMBER_BITS: u32 = 30;
const MAX_NUMBER: u32 = (1 << NUMBER_BITS) - 1;
const UNKNOWN: u32 = MAX_NUMBER;
const ITEM: u32 = 2 << NUMBER_BITS;
const END: u32 = 3 << NUMBER_BITS;

fn place_word(place: PlaceIx) -> u32 {
    place & MAX_NUMBER
}

fn group_word(place: PlaceIx) -> u32 {
    1 << NUMBER_BITS | place & MAX_NUMBER
}

fn is_child(word: u32) -> bool {
    word >> NUMBER_BITS == 0
}

impl Steps {
    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    pub(super) fn get(&self, at: usize) -> Option<Step> {
        let word = *self.words.get(at)?;
        Some(match (word >> NUMBER_BITS, word & MAX_NUMBER) {
            (0, UNKNOWN) => Step::Unknown,
            (0, place) => Step::Place(place),
            (1, place) => Step::Group(place),
            (2, _) => Step::Item,
            _ => Step::End,
        })
    }

    /// The child of the `leaf`th word that stands for one.
    pub(super) fn child(&self, leaf: usize) -> usize {
        self.order.get(leaf).map_or(leaf, |c| *c as usize)
    }

    /// The step after the group that begins at `at`, and how many children it has.
    pub(super) fn after_group(&self, at: usize) -> (usize, usize) {
        let (mut i, mut depth, mut children) = (at, 0usize, 0);
        while let Some(step) = self.get(i) {
            i += 1;
            match step {
                Step::Group(_) => depth += 1,
                Step::End => depth = depth.saturating_sub(1),
                Step::Place(_) | Step::Unknown => children += 1,
                Step::Item => {}
            }
            if depth == 0 {
                break;
            }
        }
        (i, children)
    }
}

/// Steps that cover the whole row: by the content model, else by name.
pub(super) fn match_row(program: &Program, shape: &Shape, row: &dyn Row) -> (Steps, bool) {
    let Some(model) = &shape.model else {
        return (by_name(program, shape, row), row.len() == 0);
    };
    let end = row.len();
    let mut words = Vec::new();
    // Greedy first. Only a content model that is not deterministic (and so not legal) needs to look back into earlier repetitions.
    for deep in [false, true] {
        if deep && row.len() > MAX_DEEP_ROW {
            break;
        }
        let mut matcher = Matcher { program, row, left: 200_000 + 200 * row.len(), groups: 0, deep };
        if matcher.one(shape, model, 0, &mut words, &mut |_, at, _| at == end) {
            return (Steps { words, order: Vec::new() }, true);
        }
        words.clear();
    }
    drop(words);
    (by_name(program, shape, row), false)
}

struct Matcher<'a> {
    program: &'a Program,
    row: &'a dyn Row,
    /// Steps that may still be tried.
    left: usize,
    /// Levels of groups on the stack.
    groups: usize,
    /// Are earlier repetitions of a group tried anew when what follows does not fit?
    deep: bool,
}

/// Children of a row that is matched with looking back: each repetition takes stack.
const MAX_DEEP_ROW: usize = 200;

/// Particles on the stack at once: a model with more in a row is read by name.
const MAX_STACK: usize = 4_000;

/// A repeated group on its way.
struct Again<'s> {
    shape: &'s Shape,
    model: &'s Particle,
    min: usize,
    max: usize,
    items: usize,
    may_be_empty: bool,
}

type Next<'k, 'a> = &'k mut dyn FnMut(&mut Matcher<'a>, usize, &mut Vec<u32>) -> bool;

impl<'a> Matcher<'a> {
    /// Tries to match one particle from `at`, then what follows; leaves its steps in `out` where that succeeds.
    fn one(&mut self, shape: &Shape, particle: &Particle, at: usize, out: &mut Vec<u32>, next: Next<'_, 'a>) -> bool {
        if self.left == 0 || self.groups > MAX_STACK {
            return false;
        }
        self.left -= 1;
        match particle {
            Particle::Place(ix) => self.place(shape, *ix, at, out, next),
            Particle::Group(group) => {
                self.groups += 1;
                let done = match group.compositor {
                    Compositor::Sequence => self.sequence(shape, group, at, out, next),
                    Compositor::Choice => self.choice(shape, group, at, out, next),
                    Compositor::All => self.all(shape, group, at, out, next),
                };
                self.groups -= 1;
                done
            }
        }
    }

    fn sequence(&mut self, shape: &Shape, group: &Group, at: usize, out: &mut Vec<u32>, next: Next<'_, 'a>) -> bool {
        self.row(shape, &group.particles, at, out, next) || (group.optional && next(self, at, out))
    }

    fn row(&mut self, shape: &Shape, particles: &[Particle], at: usize, out: &mut Vec<u32>, next: Next<'_, 'a>) -> bool {
        let Some((first, rest)) = particles.split_first() else { return next(self, at, out) };
        self.groups += 1;
        let done = self.one(shape, first, at, out, &mut |m, to, out| m.row(shape, rest, to, out, &mut *next));
        self.groups -= 1;
        done
    }

    fn choice(&mut self, shape: &Shape, group: &Group, at: usize, out: &mut Vec<u32>, next: Next<'_, 'a>) -> bool {
        let mut empty = group.optional;
        for particle in &group.particles {
            let matched = self.one(shape, particle, at, out, &mut |m, to, out| {
                if to == at {
                    empty = true;
                    return false;
                }
                next(m, to, out)
            });
            if matched {
                return true;
            }
        }
        empty && next(self, at, out)
    }

    /// The particles of an `all` are elements in any order, each at most once (XML Schema 1.1: as often as it says).
    fn all(&mut self, shape: &Shape, group: &Group, at: usize, out: &mut Vec<u32>, next: Next<'_, 'a>) -> bool {
        let mut times = vec![0; group.particles.len()];
        let before = out.len();
        let mut to = at;
        while let Some(name) = self.row.get(to) {
            let found = group.particles.iter().zip(&mut times).find_map(|(particle, times)| {
                let place = self.place_of(shape, particle, name).filter(|_| shape.has_room(particle, *times))?;
                Some((place, times))
            });
            let Some((place, times)) = found else { break };
            *times += 1;
            out.push(place_word(place));
            to += 1;
        }
        let is_enough = group.particles.iter().zip(&times).all(|(particle, times)| shape.is_enough(particle, *times));
        if (is_enough || (group.optional && to == at)) && next(self, to, out) {
            return true;
        }
        out.truncate(before);
        false
    }

    /// The place of a particle of an `all` at which that name stands.
    fn place_of(&self, shape: &Shape, particle: &Particle, name: RowName) -> Option<PlaceIx> {
        match particle {
            Particle::Place(ix) => shape.places.get(*ix as usize).filter(|place| self.fits(&place.kind, name)).map(|_| *ix),
            // A head's members.
            Particle::Group(group) => group.particles.iter().find_map(|p| self.place_of(shape, p, name)),
        }
    }

    /// A leaf: as many as fit first, then fewer.
    fn place(&mut self, shape: &Shape, ix: PlaceIx, at: usize, out: &mut Vec<u32>, next: Next<'_, 'a>) -> bool {
        let Some(place) = shape.places.get(ix as usize) else { return false };
        let before = out.len();
        let (min, max) = (place.min as usize, place.max.map_or(usize::MAX, |m| m as usize));
        if let PlaceKind::Items(inner) = place.kind {
            return self.items(ix, self.program.shape(inner), (min, max), at, out, next);
        }
        let mut to = at;
        // Each counts: a model that is not deterministic would ask for the same run again and again.
        while to - at < max && self.left > 0 && self.row.get(to).is_some_and(|n| self.fits(&place.kind, n)) {
            self.left -= 1;
            out.push(place_word(ix));
            to += 1;
        }
        loop {
            if to - at < min {
                break;
            }
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            if next(self, to, out) {
                return true;
            }
            if to == at {
                break;
            }
            to -= 1;
            out.truncate(before + (to - at));
        }
        out.truncate(before);
        false
    }

    fn items(&mut self, ix: PlaceIx, shape: &Shape, (min, max): (usize, usize), at: usize, out: &mut Vec<u32>, next: Next<'_, 'a>) -> bool {
        let Some(model) = &shape.model else { return next(self, at, out) };
        let begin = out.len();
        out.push(group_word(ix));
        if self.deep {
            let mut again = Again { shape, model, min, max, items: 0, may_be_empty: false };
            let done = self.items_deep(&mut again, at, out, next);
            if !done {
                out.truncate(begin);
            }
            return done;
        }
        let (mut to, mut items, mut may_be_empty) = (at, 0, false);
        while items < max {
            let (from, mark) = (to, out.len());
            out.push(ITEM);
            let matched = self.one(shape, model, from, out, &mut |_, end, _| {
                to = end;
                may_be_empty |= end == from;
                end > from
            });
            if !matched {
                to = from;
                out.truncate(mark);
                break;
            }
            items += 1;
        }
        loop {
            if items < min && !may_be_empty {
                break;
            }
            if items == 0 {
                out.truncate(begin);
                return next(self, to, out);
            }
            let end = out.len();
            out.push(END);
            if next(self, to, out) {
                return true;
            }
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            out.truncate(end);
            to -= pop_item(out);
            items -= 1;
        }
        out.truncate(begin);
        false
    }

    /// One more repetition, then what follows; an earlier one is tried otherwise where that fails.
    fn items_deep(&mut self, again: &mut Again<'_>, at: usize, out: &mut Vec<u32>, next: Next<'_, 'a>) -> bool {
        let (shape, model, before) = (again.shape, again.model, out.len());
        if again.items < again.max {
            out.push(ITEM);
            let matched = self.one(shape, model, at, out, &mut |m, to, out| {
                if to == at {
                    again.may_be_empty = true;
                    return false;
                }
                again.items += 1;
                if m.items_deep(again, to, out, &mut *next) {
                    return true;
                }
                again.items -= 1;
                false
            });
            if matched {
                return true;
            }
            out.truncate(before);
        }
        if again.items < again.min && !again.may_be_empty {
            return false;
        }
        if again.items == 0 {
            // Without its beginning, too: nothing stands there.
            let group = out.pop();
            if next(self, at, out) {
                return true;
            }
            out.truncate(before.saturating_sub(1));
            out.extend(group);
            return false;
        }
        out.push(END);
        if next(self, at, out) {
            return true;
        }
        out.truncate(before);
        false
    }

    fn fits(&self, kind: &PlaceKind, name: RowName) -> bool {
        match kind {
            PlaceKind::Element(e) => name.name == Some(self.program.element(*e).name),
            PlaceKind::Any(w) => w.admits.admits(name.namespace, name.name),
            PlaceKind::Items(_) => false,
        }
    }
}

/// Takes the last item off an open group; gives how many children it had.
fn pop_item(out: &mut Vec<u32>) -> usize {
    let (mut depth, mut children) = (0usize, 0);
    while let Some(word) = out.pop() {
        match word {
            END => depth += 1,
            ITEM if depth == 0 => break,
            ITEM => {}
            word if is_child(word) => children += 1,
            _ => depth = depth.saturating_sub(1),
        }
    }
    children
}

/// Steps for a row that breaks its schema: order and counts forgiven. All items of a group stand where its first one does.
pub(super) fn by_name(program: &Program, shape: &Shape, row: &dyn Row) -> Steps {
    let group = |child: usize| {
        let found = row.get(child).and_then(|n| n.name).and_then(|n| shape.by_name.get(&n))?;
        matches!(shape.places.get(found.place as usize)?.kind, PlaceKind::Items(_)).then_some(found.place)
    };
    // Each child of a group knows the next one of it.
    let (mut next, mut ends): (Vec<u32>, HashMap<PlaceIx, (usize, usize)>) = (Vec::new(), HashMap::new());
    for child in 0..row.len() {
        let Some(place) = group(child) else { continue };
        if next.is_empty() {
            next = vec![u32::MAX; row.len()];
        }
        match ends.entry(place) {
            Entry::Vacant(new) => {
                new.insert((child, child));
            }
            Entry::Occupied(mut known) => {
                let last = std::mem::replace(&mut known.get_mut().1, child);
                if let Some(link) = next.get_mut(last) {
                    *link = u32::try_from(child).unwrap_or(u32::MAX);
                }
            }
        }
    }
    let mut steps = Steps { words: Vec::with_capacity(row.len()), order: Vec::with_capacity(next.len()) };
    for child in 0..row.len() {
        let Some(name) = row.get(child) else { continue };
        match group(child) {
            Some(place) if ends.get(&place).is_some_and(|(first, _)| *first == child) => {
                let chain = std::iter::successors(Some(child), |c| next.get(*c).filter(|n| **n != u32::MAX).map(|n| *n as usize));
                group_by_name(program, shape, place, row, chain, &mut steps);
            }
            Some(_) => {}
            None => {
                let place = match name.name.and_then(|n| shape.by_name.get(&n)) {
                    Some(found) => Some(found.place),
                    None => {
                        let admits = |p: &Place| matches!(&p.kind, PlaceKind::Any(w) if w.admits.admits(name.namespace, name.name));
                        shape.places.iter().position(admits).map(|p| p as PlaceIx)
                    }
                };
                steps.words.push(place.map_or(UNKNOWN, place_word));
                if !next.is_empty() {
                    steps.order.push(u32::try_from(child).unwrap_or(u32::MAX));
                }
            }
        }
    }
    steps
}

/// The items of one group: a new one begins where a single element comes again.
fn group_by_name(
    program: &Program,
    shape: &Shape,
    place: PlaceIx,
    row: &dyn Row,
    children: impl Iterator<Item = usize>,
    steps: &mut Steps,
) {
    let Some(PlaceKind::Items(inner)) = shape.places.get(place as usize).map(|p| &p.kind) else { return };
    let inner = program.shape(*inner);
    let is_choice = matches!(&inner.model, Some(Particle::Group(Group { compositor: Compositor::Choice, .. })));
    let mut taken: Option<HashSet<PlaceIx>> = None;
    steps.words.push(group_word(place));
    for child in children {
        let at = row.get(child).and_then(|n| n.name).and_then(|n| inner.by_name.get(&n)).map_or(0, |f| f.place);
        let fits = taken.as_ref().is_some_and(|t| !is_choice && !t.contains(&at));
        let taken = taken.get_or_insert_default();
        if !fits {
            taken.clear();
            steps.words.push(ITEM);
        }
        if !inner.places.get(at as usize).is_some_and(|p| p.array) {
            taken.insert(at);
        }
        steps.words.push(place_word(at));
        steps.order.push(u32::try_from(child).unwrap_or(u32::MAX));
    }
    steps.words.push(END);
}

/// Which wildcard place takes each name: the first with room that admits it.
pub(super) fn distribute(shape: &Shape, names: impl Iterator<Item = RowName>) -> impl Iterator<Item = Option<PlaceIx>> {
    let mut room: Vec<(PlaceIx, &Admits, Option<u32>)> = shape
        .places
        .iter()
        .enumerate()
        .filter_map(|(i, p)| match &p.kind {
            PlaceKind::Any(w) => Some((i as PlaceIx, &w.admits, p.max)),
            PlaceKind::Element(_) | PlaceKind::Items(_) => None,
        })
        .collect();
    names.map(move |n| {
        let (place, _, left) = room.iter_mut().find(|(_, admits, left)| admits.admits(n.namespace, n.name) && *left != Some(0))?;
        *left = left.map(|l| l - 1);
        Some(*place)
    })
}

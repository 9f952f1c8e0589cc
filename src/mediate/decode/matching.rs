//! A whole row of children against a content model: for shapes where a name alone does not tell the place. Greedy, with
//! backtracking inside a time budget; a row that does not fit is read by name.

use std::collections::{HashMap, HashSet};

use crate::plan::Program;
use crate::plan::node::{Admits, Compositor, Group, NameId, NamespaceId, Particle, PlaceIx, PlaceKind, Shape};

/// Names of a row's children: what the program calls them, if it speaks of them at all.
#[derive(Clone, Copy)]
pub(super) struct RowName {
    pub(super) name: Option<NameId>,
    pub(super) namespace: Option<NamespaceId>,
}

/// Which place a child of the row takes.
pub(super) enum Step {
    /// An element or wildcard place.
    Place { place: PlaceIx, child: usize },
    /// No place: the row breaks its schema.
    Unknown { child: usize },
    /// A repeated group, one list of steps for each time it stands.
    Items { place: PlaceIx, items: Vec<Vec<Step>> },
}

/// Steps that cover the whole row: by the content model, else by name.
pub(super) fn match_row(program: &Program, shape: &Shape, row: &[RowName]) -> (Vec<Step>, bool) {
    let mut steps = Vec::new();
    let Some(model) = &shape.model else {
        return (by_name(program, shape, row), row.is_empty());
    };
    let end = row.len();
    // Greedy first. Only a content model that is not deterministic (and so not legal) needs to look back into earlier repetitions.
    for deep in [false, true] {
        if deep && row.len() > MAX_DEEP_ROW {
            break;
        }
        let mut matcher = Matcher { program, row, left: 200_000 + 200 * row.len(), groups: 0, deep };
        if matcher.one(shape, model, 0, &mut steps, &mut |_, at, _| at == end) {
            return (steps, true);
        }
        steps.clear();
    }
    (by_name(program, shape, row), false)
}

struct Matcher<'a> {
    program: &'a Program,
    row: &'a [RowName],
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
    ix: PlaceIx,
    shape: &'s Shape,
    model: &'s Particle,
    min: usize,
    max: usize,
    items: Vec<Vec<Step>>,
    may_be_empty: bool,
}

type Next<'k, 'a> = &'k mut dyn FnMut(&mut Matcher<'a>, usize, &mut Vec<Step>) -> bool;

impl<'a> Matcher<'a> {
    /// Tries to match one particle from `at`, then what follows; leaves its steps in `out` where that succeeds.
    fn one(&mut self, shape: &Shape, particle: &Particle, at: usize, out: &mut Vec<Step>, next: Next<'_, 'a>) -> bool {
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

    fn sequence(&mut self, shape: &Shape, group: &Group, at: usize, out: &mut Vec<Step>, next: Next<'_, 'a>) -> bool {
        self.row(shape, &group.particles, at, out, next) || (group.optional && next(self, at, out))
    }

    fn row(&mut self, shape: &Shape, particles: &[Particle], at: usize, out: &mut Vec<Step>, next: Next<'_, 'a>) -> bool {
        let Some((first, rest)) = particles.split_first() else { return next(self, at, out) };
        self.groups += 1;
        let done = self.one(shape, first, at, out, &mut |m, to, out| m.row(shape, rest, to, out, &mut *next));
        self.groups -= 1;
        done
    }

    fn choice(&mut self, shape: &Shape, group: &Group, at: usize, out: &mut Vec<Step>, next: Next<'_, 'a>) -> bool {
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

    /// The particles of an `all` are single elements, each at most once, in any order.
    fn all(&mut self, shape: &Shape, group: &Group, at: usize, out: &mut Vec<Step>, next: Next<'_, 'a>) -> bool {
        let mut left: Vec<(PlaceIx, bool)> = Vec::new();
        collect_places(shape, &group.particles, &mut left, true);
        let before = out.len();
        let mut to = at;
        while let Some(name) = self.row.get(to) {
            let found = left.iter().position(|(p, _)| matches!(shape.places.get(*p as usize).map(|p| &p.kind), Some(PlaceKind::Element(e)) if Some(self.program.element(*e).name) == name.name));
            let Some(found) = found else { break };
            let (place, _) = left.remove(found);
            out.push(Step::Place { place, child: to });
            to += 1;
        }
        if (left.iter().all(|(_, required)| !required) || (group.optional && to == at)) && next(self, to, out) {
            return true;
        }
        out.truncate(before);
        false
    }

    /// A leaf: as many as fit first, then fewer.
    fn place(&mut self, shape: &Shape, ix: PlaceIx, at: usize, out: &mut Vec<Step>, next: Next<'_, 'a>) -> bool {
        let Some(place) = shape.places.get(ix as usize) else { return false };
        let before = out.len();
        let (min, max) = (place.min as usize, place.max.map_or(usize::MAX, |m| m as usize));
        if let PlaceKind::Items(inner) = place.kind {
            return self.items(ix, self.program.shape(inner), (min, max), at, out, next);
        }
        let mut to = at;
        // Each counts: a model that is not deterministic would ask for the same run again and again.
        while to - at < max && self.left > 0 && self.row.get(to).is_some_and(|n| self.fits(&place.kind, *n)) {
            self.left -= 1;
            out.push(Step::Place { place: ix, child: to });
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

    fn items(
        &mut self,
        ix: PlaceIx,
        shape: &Shape,
        (min, max): (usize, usize),
        at: usize,
        out: &mut Vec<Step>,
        next: Next<'_, 'a>,
    ) -> bool {
        let Some(model) = &shape.model else { return next(self, at, out) };
        if self.deep {
            let mut again = Again { ix, shape, model, min, max, items: Vec::new(), may_be_empty: false };
            return self.items_deep(&mut again, at, out, next);
        }
        let mut ends = vec![at];
        let mut items: Vec<Vec<Step>> = Vec::new();
        let mut may_be_empty = false;
        while items.len() < max {
            let from = ends.last().copied().unwrap_or(at);
            let mut steps = Vec::new();
            let mut end = from;
            let matched = self.one(shape, model, from, &mut steps, &mut |_, to, _| {
                end = to;
                may_be_empty |= to == from;
                to > from
            });
            if !matched {
                break;
            }
            items.push(steps);
            ends.push(end);
        }
        loop {
            if items.len() < min && !may_be_empty {
                return false;
            }
            let to = ends.last().copied().unwrap_or(at);
            let before = out.len();
            let count = items.len();
            if count > 0 {
                out.push(Step::Items { place: ix, items: std::mem::take(&mut items) });
            }
            if next(self, to, out) {
                return true;
            }
            if let Some(Step::Items { items: back, .. }) = out.get_mut(before) {
                items = std::mem::take(back);
            }
            out.truncate(before);
            if count == 0 || self.left == 0 {
                return false;
            }
            self.left -= 1;
            items.pop();
            ends.pop();
        }
    }

    /// One more repetition, then what follows; an earlier one is tried otherwise where that fails.
    fn items_deep(&mut self, again: &mut Again<'_>, at: usize, out: &mut Vec<Step>, next: Next<'_, 'a>) -> bool {
        let (shape, model) = (again.shape, again.model);
        if again.items.len() < again.max {
            let mut steps = Vec::new();
            let matched = self.one(shape, model, at, &mut steps, &mut |m, to, steps| {
                if to == at {
                    again.may_be_empty = true;
                    return false;
                }
                again.items.push(std::mem::take(steps));
                if m.items_deep(again, to, out, &mut *next) {
                    return true;
                }
                *steps = again.items.pop().unwrap_or_default();
                false
            });
            if matched {
                return true;
            }
        }
        if again.items.len() < again.min && !again.may_be_empty {
            return false;
        }
        let before = out.len();
        if !again.items.is_empty() {
            out.push(Step::Items { place: again.ix, items: std::mem::take(&mut again.items) });
        }
        if next(self, at, out) {
            return true;
        }
        if let Some(Step::Items { items, .. }) = out.get_mut(before) {
            again.items = std::mem::take(items);
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

/// The places of an `all`, and whether each must be there.
fn collect_places(shape: &Shape, particles: &[Particle], out: &mut Vec<(PlaceIx, bool)>, required: bool) {
    for p in particles {
        match p {
            Particle::Place(ix) => out.push((*ix, required && shape.places.get(*ix as usize).is_some_and(|p| p.min > 0))),
            // A head's members: one of them may stand.
            Particle::Group(g) => collect_places(shape, &g.particles, out, false),
        }
    }
}

/// Steps for a row that breaks its schema: order and counts forgiven.
pub(super) fn by_name(program: &Program, shape: &Shape, row: &[RowName]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    // Where the step of each repeated group stands, and which single places its last item has.
    let mut groups: HashMap<PlaceIx, (usize, HashSet<PlaceIx>)> = HashMap::new();
    for (child, name) in row.iter().enumerate() {
        let Some(found) = name.name.and_then(|n| shape.by_name.get(&n)) else {
            let any = shape.places.iter().position(|p| matches!(&p.kind, PlaceKind::Any(w) if w.admits.admits(name.namespace, name.name)));
            steps.push(match any {
                Some(place) => Step::Place { place: place as PlaceIx, child },
                None => Step::Unknown { child },
            });
            continue;
        };
        let Some(PlaceKind::Items(inner)) = shape.places.get(found.place as usize).map(|p| &p.kind) else {
            steps.push(Step::Place { place: found.place, child });
            continue;
        };
        let inner = program.shape(*inner);
        let at = name.name.and_then(|n| inner.by_name.get(&n)).map_or(0, |f| f.place);
        let new = Step::Place { place: at, child };
        let is_single = !inner.places.get(at as usize).is_some_and(|p| p.array);
        let (step, taken) = groups.entry(found.place).or_insert_with(|| {
            steps.push(Step::Items { place: found.place, items: Vec::new() });
            (steps.len() - 1, HashSet::new())
        });
        let Some(Step::Items { items, .. }) = steps.get_mut(*step) else { continue };
        let is_choice = matches!(&inner.model, Some(Particle::Group(Group { compositor: Compositor::Choice, .. })));
        match items.last_mut() {
            Some(last) if !is_choice && !taken.contains(&at) => last.push(new),
            _ => {
                taken.clear();
                items.push(vec![new]);
            }
        }
        if is_single {
            taken.insert(at);
        }
    }
    steps
}

/// Which wildcard place takes each name: the first with room that admits it.
pub(super) fn distribute(shape: &Shape, names: &[RowName]) -> Vec<Option<PlaceIx>> {
    let mut room: Vec<(PlaceIx, &Admits, Option<u32>)> = shape
        .places
        .iter()
        .enumerate()
        .filter_map(|(i, p)| match &p.kind {
            PlaceKind::Any(w) => Some((i as PlaceIx, &w.admits, p.max)),
            PlaceKind::Element(_) | PlaceKind::Items(_) => None,
        })
        .collect();
    names
        .iter()
        .map(|n| {
            let (place, _, left) = room.iter_mut().find(|(_, admits, left)| admits.admits(n.namespace, n.name) && *left != Some(0))?;
            *left = left.map(|l| l - 1);
            Some(*place)
        })
        .collect()
}

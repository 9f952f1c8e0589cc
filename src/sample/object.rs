//! What an object holds: which places of a content model are there, and how often.

use std::collections::HashMap;

use super::value::{Made, Run};
use super::{SampleError, Style};
use crate::plan::node::{Compositor, Group, NameId, Particle, Place, PlaceIx, PlaceKind, Shape, ShapeId};

/// Times that a place stands at most, however often it must.
const MAX_COUNT: u32 = 1_000;

/// A place that is there, and how often.
pub(super) type Chosen = (PlaceIx, u32);

impl Run<'_> {
    /// The members of an object. `some`: is there to be at least one, if there can be?
    pub(super) fn members(&mut self, shape: ShapeId, some: bool, first: &mut bool) -> Made {
        let shape = self.program.shape(shape);
        let chosen = self.chosen(shape, some)?;
        for (ix, count) in &chosen {
            let place = &shape.places[*ix as usize];
            match &place.kind {
                // All wildcards of an object share their keys.
                PlaceKind::Any(_) => {}
                PlaceKind::Element(_) | PlaceKind::Items(_) => {
                    let made = self.member(first, &place.key, |run| run.place(place, *count));
                    if place.min > 0 {
                        made?;
                    }
                }
            }
        }
        self.wild_members(shape, &chosen, first)
    }

    /// The places of a shape that are there, in schema order.
    pub(super) fn chosen(&mut self, shape: &Shape, some: bool) -> Result<Vec<Chosen>, SampleError> {
        let mut chosen = Vec::new();
        if let Some(model) = &shape.model {
            self.choose(shape, model, &mut chosen)?;
            if some && chosen.is_empty() {
                self.choose_some(shape, model, &mut chosen)?;
            }
        }
        Ok(chosen)
    }

    fn choose(&mut self, shape: &Shape, particle: &Particle, chosen: &mut Vec<Chosen>) -> Made {
        match particle {
            Particle::Place(ix) => {
                let place = &shape.places[*ix as usize];
                if place.min == 0 && (is_second_choice(shape, *ix) || !(self.wants() && self.may_be_added(place))) {
                    return Ok(());
                }
                self.choose_place(*ix, place, chosen)
            }
            Particle::Group(group) => {
                if group.optional && !(self.wants() && self.can_end(shape, group)) {
                    return Ok(());
                }
                self.choose_group(shape, group, chosen)
            }
        }
    }

    fn choose_group(&mut self, shape: &Shape, group: &Group, chosen: &mut Vec<Chosen>) -> Made {
        if group.compositor != Compositor::Choice {
            let begin = chosen.len();
            group.particles.iter().try_for_each(|p| self.choose(shape, p, chosen))?;
            self.settle(shape, group, begin, chosen);
            return Ok(());
        }
        let depth = |run: &Self, p: &Particle| run.ways.particle(run.program, shape, p);
        let ending: Vec<&Particle> = group.particles.iter().filter(|p| depth(self, p).is_some()).collect();
        // What would only repeat itself is taken where nothing else is left.
        let fresh: Vec<&Particle> = ending.iter().copied().filter(|p| !self.is_repeating_particle(shape, p)).collect();
        let branches = if fresh.is_empty() { ending } else { fresh };
        let branch = if self.is_thrifty() {
            branches.iter().copied().min_by_key(|p| depth(self, p))
        } else {
            let ix = self.choices().below(branches.len());
            branches.get(ix).copied()
        };
        let Some(branch) = branch else {
            return if group.particles.is_empty() { Ok(()) } else { self.stuck("no branch of a choice has an end") };
        };
        let before = chosen.len();
        self.choose(shape, branch, chosen)?;
        if chosen.len() == before && self.style != Style::Minimal {
            self.choose_some(shape, branch, chosen)?;
        }
        Ok(())
    }

    /// An element that may stand at several places of a sequence is read at the first of them that has room, where nothing that was
    /// chosen stands between: there it is put. Such models break a rule (Unique Particle Attribution), and services have them.
    fn settle(&self, shape: &Shape, group: &Group, begin: usize, chosen: &mut Vec<Chosen>) {
        let place = |ix: PlaceIx| &shape.places[ix as usize];
        let room = |ix: PlaceIx| place(ix).max.unwrap_or(u32::MAX);
        let name = |ix: PlaceIx| match place(ix).kind {
            PlaceKind::Element(id) => Some(self.program.element(id).name),
            PlaceKind::Items(_) | PlaceKind::Any(_) => None,
        };
        // The sequence's own places that may be empty, by their names.
        let mut free: HashMap<NameId, Vec<PlaceIx>> = HashMap::new();
        for particle in &group.particles {
            if let Particle::Place(ix) = particle
                && place(*ix).min == 0
                && let Some(name) = name(*ix)
            {
                free.entry(name).or_default().push(*ix);
            }
        }
        free.values_mut().for_each(|places| places.sort_unstable());
        let of = |ix: PlaceIx| name(ix).and_then(|n| free.get(&n)).filter(|places| places.binary_search(&ix).is_ok());
        let mut settled: Vec<Chosen> = Vec::with_capacity(chosen.len() - begin);
        for (ix, count) in chosen.drain(begin..) {
            let before = settled.last().copied();
            let Some(places) = of(ix) else {
                settled.push((ix, count));
                continue;
            };
            if before.is_some_and(|(b, n)| name(b) == name(ix) && n < room(b)) {
                continue;
            }
            let after = before.map_or(0, |(b, _)| places.partition_point(|p| *p <= b));
            let earlier = places.get(after).copied().filter(|p| *p < ix);
            settled.push(earlier.map_or((ix, count), |p| (p, count.min(room(p)))));
        }
        chosen.append(&mut settled);
    }

    /// Something of a particle that is optional: the first of it that can be there.
    fn choose_some(&mut self, shape: &Shape, particle: &Particle, chosen: &mut Vec<Chosen>) -> Made {
        match particle {
            Particle::Place(ix) => {
                let place = &shape.places[*ix as usize];
                if matches!(place.kind, PlaceKind::Any(_)) || self.ways.place(self.program, &place.kind, place.nillable).is_none() {
                    return Ok(());
                }
                self.choose_place(*ix, place, chosen)
            }
            Particle::Group(group) => {
                if !self.can_end(shape, group) {
                    return Ok(());
                }
                let before = chosen.len();
                self.choose_group(shape, group, chosen)?;
                for p in &group.particles {
                    if chosen.len() > before {
                        break;
                    }
                    self.choose_some(shape, p, chosen)?;
                }
                Ok(())
            }
        }
    }

    fn choose_place(&mut self, ix: PlaceIx, place: &Place, chosen: &mut Vec<Chosen>) -> Made {
        if place.min > MAX_COUNT {
            return self.stuck(format!("it must stand {} times", place.min));
        }
        let mut count = place.min.max(1);
        if place.array && !self.is_thrifty() && self.may_be_added(place) {
            let more = match self.style {
                Style::Minimal => 0,
                Style::Typical => self.choices().below(3) as u32,
                Style::Full => 1,
            };
            count = (count + more).min(place.max.unwrap_or(u32::MAX)).max(place.min);
        }
        chosen.push((ix, count));
        Ok(())
    }

    /// May one more of a place be there without need: has it an end, and does it say something new?
    fn may_be_added(&mut self, place: &Place) -> bool {
        if self.ways.place(self.program, &place.kind, place.nillable).is_none() {
            return false;
        }
        match &place.kind {
            PlaceKind::Element(id) => !self.is_repeating(self.program.element(*id).type_),
            PlaceKind::Items(_) => true,
            PlaceKind::Any(_) => self.style == Style::Full && self.choices().percent(50, false),
        }
    }

    fn is_repeating_particle(&self, shape: &Shape, particle: &Particle) -> bool {
        match particle {
            Particle::Place(ix) => match &shape.places[*ix as usize].kind {
                PlaceKind::Element(id) => self.is_repeating(self.program.element(*id).type_),
                PlaceKind::Items(_) | PlaceKind::Any(_) => false,
            },
            Particle::Group(group) => match group.compositor {
                Compositor::Choice => !group.particles.is_empty() && group.particles.iter().all(|p| self.is_repeating_particle(shape, p)),
                Compositor::Sequence | Compositor::All => {
                    group.particles.iter().any(|p| !self.ways.is_optional(shape, p) && self.is_repeating_particle(shape, p))
                }
            },
        }
    }

    fn can_end(&self, shape: &Shape, group: &Group) -> bool {
        self.ways.group(self.program, shape, group).is_some()
    }

    /// The value at a place that is there `count` times.
    fn place(&mut self, place: &Place, count: u32) -> Made {
        if !place.array {
            return self.occurrence(place);
        }
        self.out.push(b'[');
        for ix in 0..count {
            let made = self.item(ix as usize, |run| run.occurrence(place));
            if made.is_err() && ix >= place.min && ix > 0 {
                break;
            }
            made?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn occurrence(&mut self, place: &Place) -> Made {
        match &place.kind {
            PlaceKind::Element(id) => self.element(*id, place.nillable, true),
            PlaceKind::Items(shape) => {
                let mut first = true;
                self.out.push(b'{');
                self.members(*shape, true, &mut first)?;
                self.out.push(b'}');
                Ok(())
            }
            PlaceKind::Any(_) => Ok(()),
        }
    }

    /// A flattened type: the array of its only place.
    pub(super) fn flat(&mut self, shape: ShapeId) -> Made {
        let shape = self.program.shape(shape);
        let Some(place) = shape.places.first() else {
            self.out.extend_from_slice(b"[]");
            return Ok(());
        };
        let mut chosen = Vec::new();
        if place.min > 0 || self.wants() && self.may_be_added(place) {
            self.choose_place(0, place, &mut chosen)?;
        }
        self.place(place, chosen.first().map_or(0, |c| c.1))
    }

    /// Mixed content: a text, and each element by itself.
    pub(super) fn mixed(&mut self, shape: ShapeId, name: &str) -> Made {
        self.out.push(b'[');
        self.string(name);
        let mut count = 1;
        self.mixed_children(shape, false, &mut count)?;
        self.out.push(b']');
        Ok(())
    }

    fn mixed_children(&mut self, shape: ShapeId, some: bool, count: &mut usize) -> Made {
        let shape = self.program.shape(shape);
        for (ix, times) in self.chosen(shape, some)? {
            let place = &shape.places[ix as usize];
            for _ in 0..times {
                match &place.kind {
                    PlaceKind::Items(inner) => self.mixed_children(*inner, true, count)?,
                    PlaceKind::Element(id) => {
                        let name = self.program.element(*id).name;
                        let key = shape.content_keys.get(&name).unwrap_or(&place.key);
                        self.lone(count, key, |run| run.element(*id, place.nillable, true))?;
                    }
                    PlaceKind::Any(wildcard) => {
                        let wild = self.wild(shape, wildcard)?;
                        self.lone(count, &wild.key, |run| run.wild_value(&wild))?;
                    }
                }
            }
        }
        Ok(())
    }

    /// An item of `$content`: an object with one member.
    fn lone(&mut self, count: &mut usize, key: &str, write: impl FnOnce(&mut Self) -> Made) -> Made {
        self.item(*count, |run| {
            run.out.push(b'{');
            run.member(&mut true, key, write)?;
            run.out.push(b'}');
            Ok(())
        })?;
        *count += 1;
        Ok(())
    }
}

/// A wildcard of a later branch: what it admits would be taken for the first one's (decision 27), so it needs `$content`.
fn is_second_choice(shape: &Shape, ix: PlaceIx) -> bool {
    let is_wild = |p: &Place| matches!(p.kind, PlaceKind::Any(_));
    let (before, from) = shape.places.split_at(ix as usize);
    from.first().is_some_and(|p| is_wild(p) && p.in_choice) && before.iter().any(is_wild)
}

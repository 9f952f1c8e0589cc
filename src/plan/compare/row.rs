//! Is every row of elements that one content model admits also one of another? Errs to one side: what is not seen to be is said not to be.

use std::collections::HashSet;

use super::Side;
use super::graph::Graph;
use super::object::admits_all;
use crate::plan::node::{Compositor, Group, Particle, Place, PlaceKind, Shape};

/// Levels of repeated groups that are looked into.
const DEPTH: usize = 32;

/// Two content models, of which `sub` must be inside `sup`.
pub(super) struct Rows<'a, 'p> {
    pub(super) graph: &'a mut Graph<'p>,
    pub(super) side: Side,
}

impl<'p> Rows<'_, 'p> {
    /// `old` and `new`: in a request every old row must be a new one, in a reply the other way round; there elements that the old model does
    /// not have are no matter.
    pub(super) fn fit(&mut self, old: &'p Shape, new: &'p Shape) -> bool {
        self.shapes(old, new, 0)
    }

    fn shapes(&mut self, old: &'p Shape, new: &'p Shape, depth: usize) -> bool {
        if depth > DEPTH {
            return false;
        }
        let (sub, sup) = match self.side {
            Side::Request => (old, new),
            Side::Reply => (new, old),
        };
        let skipped: HashSet<&str> = match self.side {
            Side::Request => HashSet::new(),
            Side::Reply => new.by_key.keys().map(|k| &**k).filter(|k| !old.by_key.contains_key(*k)).collect(),
        };
        match (&sub.model, &sup.model) {
            (None, None) => true,
            (None, Some(sup_model)) => may_be_nothing(sup, sup_model),
            (Some(sub_model), None) => is_skipped(sub, sub_model, &skipped),
            (Some(sub_model), Some(sup_model)) => Pairing { rows: self, sub, sup, skipped, depth }.within(sub_model, sup_model),
        }
    }

    fn same_name(&mut self, sub: &Place, sup: &Place) -> bool {
        let (PlaceKind::Element(a), PlaceKind::Element(b)) = (&sub.kind, &sup.kind) else { return false };
        let (old, new) = match self.side {
            Side::Request => (a, b),
            Side::Reply => (b, a),
        };
        let names = (self.graph.old.elements.get(old.index()).map(|e| e.name), self.graph.new.elements.get(new.index()).map(|e| e.name));
        matches!(names, (Some(old), Some(new)) if self.graph.same_name(old, new))
    }
}

struct Pairing<'r, 'a, 'p> {
    rows: &'r mut Rows<'a, 'p>,
    sub: &'p Shape,
    sup: &'p Shape,
    /// Keys of `sub` that are no matter.
    skipped: HashSet<&'p str>,
    depth: usize,
}

impl Pairing<'_, '_, '_> {
    fn within(&mut self, a: &Particle, b: &Particle) -> bool {
        if is_skipped(self.sub, a, &self.skipped) {
            return may_be_nothing(self.sup, b);
        }
        if may_be_nothing(self.sub, a) && !may_be_nothing(self.sup, b) {
            return false;
        }
        match (a, b) {
            (Particle::Place(x), Particle::Place(y)) => self.places(*x, *y),
            (Particle::Group(a), Particle::Group(b)) if a.compositor == b.compositor => self.groups(a, b),
            (Particle::Group(a), Particle::Group(b)) if b.compositor == Compositor::All && a.compositor == Compositor::Sequence => {
                self.each_its_own(&a.particles, b)
            }
            (Particle::Group(a), _) if a.compositor == Compositor::Choice => {
                let branches: Vec<&Particle> = a.particles.iter().collect();
                branches.into_iter().all(|branch| self.within(branch, b))
            }
            (_, Particle::Group(group)) => self.in_group(a, group),
            (Particle::Group(group), Particle::Place(_)) => self.alone(group).is_some_and(|only| self.within(only, b)),
        }
    }

    /// The only particle of a group that matters.
    fn alone<'g>(&self, group: &'g Group) -> Option<&'g Particle> {
        let mut left = group.particles.iter().filter(|p| !is_skipped(self.sub, p, &self.skipped));
        let only = left.next()?;
        left.next().is_none().then_some(only)
    }

    fn places(&mut self, x: u32, y: u32) -> bool {
        let (Some(a), Some(b)) = (self.sub.places.get(x as usize), self.sup.places.get(y as usize)) else { return false };
        if a.min < b.min || b.max.is_some_and(|most| a.max.is_none_or(|m| m > most)) {
            return false;
        }
        match (&a.kind, &b.kind) {
            (PlaceKind::Element(_), PlaceKind::Element(_)) => self.rows.same_name(a, b),
            (PlaceKind::Any(v), PlaceKind::Any(w)) => {
                let (sub, sup) = match self.rows.side {
                    Side::Request => (self.rows.graph.old, self.rows.graph.new),
                    Side::Reply => (self.rows.graph.new, self.rows.graph.old),
                };
                admits_all(sub, v, sup, w)
            }
            (PlaceKind::Items(v), PlaceKind::Items(w)) => {
                let (old, new) = match self.rows.side {
                    Side::Request => (self.rows.graph.old.shapes.get(v.index()), self.rows.graph.new.shapes.get(w.index())),
                    Side::Reply => (self.rows.graph.old.shapes.get(w.index()), self.rows.graph.new.shapes.get(v.index())),
                };
                matches!((old, new), (Some(old), Some(new)) if self.rows.shapes(old, new, self.depth + 1))
            }
            (PlaceKind::Element(_) | PlaceKind::Any(_) | PlaceKind::Items(_), _) => false,
        }
    }

    fn groups(&mut self, a: &Group, b: &Group) -> bool {
        match a.compositor {
            Compositor::All => self.each_its_own(&a.particles, b),
            Compositor::Choice => a.particles.iter().all(|branch| b.particles.iter().any(|other| self.within(branch, other))),
            Compositor::Sequence => {
                let mut rest = b.particles.iter();
                for particle in &a.particles {
                    if is_skipped(self.sub, particle, &self.skipped) {
                        continue;
                    }
                    loop {
                        let Some(other) = rest.next() else { return false };
                        if self.within(particle, other) {
                            break;
                        }
                        if !may_be_nothing(self.sup, other) {
                            return false;
                        }
                    }
                }
                rest.all(|other| may_be_nothing(self.sup, other))
            }
        }
    }

    /// Every particle has one of the group to itself, in any order, and what is left may be nothing.
    fn each_its_own(&mut self, particles: &[Particle], group: &Group) -> bool {
        let mut left: Vec<&Particle> = group.particles.iter().collect();
        for particle in particles {
            if is_skipped(self.sub, particle, &self.skipped) {
                continue;
            }
            let Some(at) = left.iter().position(|other| self.within(particle, other)) else { return false };
            left.remove(at);
        }
        left.iter().all(|other| may_be_nothing(self.sup, other))
    }

    /// A particle inside a group: as one of its branches, or as one of its row while the others are nothing.
    fn in_group(&mut self, a: &Particle, group: &Group) -> bool {
        let others_may_go = |at: usize| {
            let others = group.particles.iter().enumerate().filter(|(i, _)| *i != at);
            group.compositor == Compositor::Choice || others.into_iter().all(|(_, p)| may_be_nothing(self.sup, p))
        };
        let fitting: Vec<usize> = (0..group.particles.len()).filter(|at| others_may_go(*at)).collect();
        fitting.into_iter().any(|at| group.particles.get(at).is_some_and(|b| self.within(a, b)))
    }
}

/// May a particle stand for no element?
fn may_be_nothing(shape: &Shape, particle: &Particle) -> bool {
    match particle {
        Particle::Place(ix) => shape.places.get(*ix as usize).is_none_or(|p| p.min == 0),
        Particle::Group(group) => {
            group.optional
                || match group.compositor {
                    Compositor::Choice => group.particles.iter().any(|p| may_be_nothing(shape, p)),
                    Compositor::Sequence | Compositor::All => group.particles.iter().all(|p| may_be_nothing(shape, p)),
                }
        }
    }
}

fn is_skipped(shape: &Shape, particle: &Particle, skipped: &HashSet<&str>) -> bool {
    match particle {
        Particle::Place(ix) => shape.places.get(*ix as usize).is_none_or(|p| skipped.contains(&*p.key)),
        Particle::Group(group) => group.particles.iter().all(|p| is_skipped(shape, p, skipped)),
    }
}

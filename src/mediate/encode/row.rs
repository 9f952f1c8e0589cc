//! Does a row of elements fit a content model?
//!
//! Sets of positions instead of backtracking: all places where a particle may end when it begins at any of some places. So a row is
//! never tried twice, and no schema makes it exponential.

use super::writer::Tag;
use crate::plan::node::{Admits, Compositor, Group, Particle, PlaceIx, PlaceKind, Program, Shape};

/// So much work for one row, and as much again for each of its elements.
const WORK: usize = 200_000;
const WORK_PER_ELEMENT: usize = 2_000;

/// Do these elements, in this order, fit the shape? What takes too long does not.
pub(super) fn fits(program: &Program, shape: &Shape, tags: &[Tag<'_>]) -> bool {
    let Some(model) = &shape.model else { return tags.is_empty() };
    let mut row = Row { program, tags, work: WORK + WORK_PER_ELEMENT * tags.len() };
    row.ends(shape, model, &[0]).is_some_and(|ends| ends.last() == Some(&tags.len()))
}

struct Row<'a> {
    program: &'a Program,
    tags: &'a [Tag<'a>],
    work: usize,
}

/// Positions in the row, ascending, none twice.
type Positions = Vec<usize>;

impl Row<'_> {
    /// Where `particle` may end; `None` when it took too long.
    fn ends(&mut self, shape: &Shape, particle: &Particle, starts: &[usize]) -> Option<Positions> {
        self.work = self.work.checked_sub(1 + starts.len())?;
        match particle {
            Particle::Place(ix) => self.place(shape, *ix, starts),
            Particle::Group(group) => {
                let mut ends = match group.compositor {
                    Compositor::Sequence => {
                        let mut at = starts.to_vec();
                        for p in &group.particles {
                            if at.is_empty() {
                                break;
                            }
                            at = self.ends(shape, p, &at)?;
                        }
                        at
                    }
                    Compositor::Choice => {
                        let mut ends = Vec::new();
                        for p in &group.particles {
                            ends.extend(self.ends(shape, p, starts)?);
                        }
                        ends
                    }
                    Compositor::All => self.all(shape, group, starts),
                };
                if group.optional {
                    ends.extend_from_slice(starts);
                }
                sort(&mut ends);
                Some(ends)
            }
        }
    }

    fn place(&mut self, shape: &Shape, ix: PlaceIx, starts: &[usize]) -> Option<Positions> {
        let place = &shape.places[ix as usize];
        // Where the minimum is 0 each position counts once, at its first time. Else every time consumes something, as the minimum of
        // a group that may be empty is 0.
        let each_once = place.min == 0;
        let mut ends = if each_once { starts.to_vec() } else { Vec::new() };
        let mut at = starts.to_vec();
        let mut times = 0;
        while place.max.is_none_or(|m| times < m) && !at.is_empty() {
            at = self.once(&place.kind, &at)?;
            times += 1;
            if each_once {
                at.retain(|p| ends.binary_search(p).is_err());
            }
            if times >= place.min {
                ends.extend_from_slice(&at);
                sort(&mut ends);
            }
        }
        Some(ends)
    }

    fn once(&mut self, kind: &PlaceKind, starts: &[usize]) -> Option<Positions> {
        self.work = self.work.checked_sub(starts.len())?;
        let program = self.program;
        let one = |is: &dyn Fn(&Tag<'_>) -> bool| starts.iter().filter(|s| self.tags.get(**s).is_some_and(is)).map(|s| s + 1).collect();
        match kind {
            PlaceKind::Element(id) => Some(one(&|t| t.is(&program.names, program.element(*id).name))),
            PlaceKind::Any(w) => Some(one(&|t| match &w.admits {
                Admits::Name(only) => t.is(&program.names, *only),
                Admits::Any | Admits::Not(_) | Admits::Namespaces(_) => w.admits.admits(t.ns.id(), None),
            })),
            PlaceKind::Items(id) => {
                let inner = program.shape(*id);
                match &inner.model {
                    Some(model) => self.ends(inner, model, starts),
                    None => Some(starts.to_vec()),
                }
            }
        }
    }

    /// `xs:all`: each particle (an element, or the choice of a substitution group) in any order, at most once (XML Schema 1.1: as
    /// often as it says).
    fn all(&self, shape: &Shape, group: &Group, starts: &[usize]) -> Positions {
        let mut ends = Vec::new();
        for start in starts {
            let mut times = vec![0; group.particles.len()];
            let mut at = *start;
            while let Some(tag) = self.tags.get(at) {
                let found = group.particles.iter().zip(&mut times).find(|(p, n)| self.stands_in(shape, p, tag) && shape.has_room(p, **n));
                let Some((_, n)) = found else { break };
                *n += 1;
                at += 1;
            }
            if group.particles.iter().zip(&times).all(|(p, n)| shape.is_enough(p, *n)) {
                ends.push(at);
            }
        }
        ends
    }

    fn stands_in(&self, shape: &Shape, particle: &Particle, tag: &Tag<'_>) -> bool {
        match particle {
            Particle::Place(ix) => match &shape.places[*ix as usize].kind {
                PlaceKind::Element(id) => tag.is(&self.program.names, self.program.element(*id).name),
                PlaceKind::Items(_) | PlaceKind::Any(_) => false,
            },
            Particle::Group(group) => group.particles.iter().any(|p| self.stands_in(shape, p, tag)),
        }
    }
}

fn sort(positions: &mut Positions) {
    positions.sort_unstable();
    positions.dedup();
}

//! How often the properties of an object may stand together, as a union of boxes: exact for content models of usual size, whatever their
//! choices, because the order of properties does not count in JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::plan::node::{Compositor, Particle, Shape};

/// At least and at most; `None`: any number.
pub(super) type Range = (u32, Option<u32>);

/// How often each property stands; one that is not here stands not at all.
type Box = BTreeMap<Arc<str>, Range>;

/// Boxes that one content model may need.
const MAX_BOXES: usize = 512;
/// Boxes that are looked at to tell whether one model is inside another.
const MAX_LOOKED_AT: usize = 20_000;

/// All combinations that a content model admits; `None` where they are too many to list. Only properties that `counts` names are told apart.
pub(super) fn boxes(shape: &Shape, counts: &dyn Fn(&str) -> bool) -> Option<Vec<Box>> {
    match &shape.model {
        None => Some(vec![Box::new()]),
        Some(model) => of_particle(shape, model, counts),
    }
}

fn of_particle(shape: &Shape, particle: &Particle, counts: &dyn Fn(&str) -> bool) -> Option<Vec<Box>> {
    match particle {
        Particle::Place(ix) => {
            let place = shape.places.get(*ix as usize)?;
            let counted = !place.key.is_empty() && counts(&place.key);
            Some(vec![if counted { Box::from([(place.key.clone(), (place.min, place.max))]) } else { Box::new() }])
        }
        Particle::Group(group) => {
            let mut all: Vec<Box> = match group.compositor {
                Compositor::Choice => {
                    let mut all = Vec::new();
                    for p in &group.particles {
                        all.extend(of_particle(shape, p, counts)?);
                        add_limit(&mut all)?;
                    }
                    all
                }
                Compositor::Sequence | Compositor::All => {
                    let mut all = vec![Box::new()];
                    for p in &group.particles {
                        let one = of_particle(shape, p, counts)?;
                        all = all.iter().flat_map(|a| one.iter().map(|b| sum(a, b))).collect();
                        add_limit(&mut all)?;
                    }
                    all
                }
            };
            if group.optional {
                all.push(Box::new());
            }
            all.dedup();
            Some(all)
        }
    }
}

fn add_limit(all: &mut Vec<Box>) -> Option<()> {
    all.sort();
    all.dedup();
    (all.len() <= MAX_BOXES).then_some(())
}

fn sum(a: &Box, b: &Box) -> Box {
    let mut sum = a.clone();
    for (key, (min, max)) in b {
        let at = sum.entry(key.clone()).or_insert((0, Some(0)));
        *at = (at.0.saturating_add(*min), at.1.and_then(|x| max.map(|y| x.saturating_add(y))));
    }
    sum
}

/// Is every combination of `inner` one of `outer`? `None` where that cannot be told within bounds.
pub(super) fn inside(inner: &[Box], outer: &[Box]) -> Option<bool> {
    let mut looked_at = 0;
    for one in inner {
        let mut rest = vec![one.clone()];
        for taken in outer {
            let mut left = Vec::new();
            for piece in &rest {
                looked_at += 1;
                if looked_at > MAX_LOOKED_AT {
                    return None;
                }
                subtract(piece, taken, &mut left);
            }
            rest = left;
            if rest.is_empty() {
                break;
            }
        }
        if !rest.is_empty() {
            return Some(false);
        }
    }
    Some(true)
}

/// What of `piece` is not in `taken`, in disjoint boxes.
fn subtract(piece: &Box, taken: &Box, left: &mut Vec<Box>) {
    let none = (0, Some(0));
    let keys: std::collections::BTreeSet<&Arc<str>> = piece.keys().chain(taken.keys()).collect();
    let mut within = piece.clone();
    let start = left.len();
    for key in keys {
        let (lo, hi) = within.get(key).copied().unwrap_or(none);
        let (low, high) = taken.get(key).copied().unwrap_or(none);
        let common = (lo.max(low), least(hi, high));
        if common.1.is_some_and(|h| h < common.0) {
            // They have nothing in common.
            left.truncate(start);
            left.push(piece.clone());
            return;
        }
        if lo < low {
            left.push(with(&within, key, (lo, Some(low - 1))));
        }
        if let Some(high) = high
            && hi.is_none_or(|h| h > high)
        {
            left.push(with(&within, key, (high.saturating_add(1), hi)));
        }
        within.insert(key.clone(), common);
    }
}

fn with(of: &Box, key: &Arc<str>, range: Range) -> Box {
    let mut changed = of.clone();
    changed.insert(key.clone(), range);
    changed
}

fn least(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}

/// How often a property stands in all that a content model admits.
pub(super) fn range(shape: &Shape, key: &str) -> Range {
    shape.model.as_ref().map_or((0, Some(0)), |model| range_in(shape, model, &|k| k == key))
}

/// The same for all elements that wildcards admit together.
pub(super) fn wild_range(shape: &Shape) -> Range {
    shape.model.as_ref().map_or((0, Some(0)), |model| range_in(shape, model, &str::is_empty))
}

fn range_in(shape: &Shape, particle: &Particle, is_it: &dyn Fn(&str) -> bool) -> Range {
    match particle {
        Particle::Place(ix) => match shape.places.get(*ix as usize) {
            Some(place) if is_it(&place.key) => (place.min, place.max),
            Some(_) | None => (0, Some(0)),
        },
        Particle::Group(group) => {
            let each = group.particles.iter().map(|p| range_in(shape, p, is_it));
            let all = match group.compositor {
                Compositor::Choice => each.reduce(|a, b| (a.0.min(b.0), a.1.and_then(|x| b.1.map(|y| x.max(y))))).unwrap_or((0, Some(0))),
                Compositor::Sequence | Compositor::All => each
                    .reduce(|a, b| (a.0.saturating_add(b.0), a.1.and_then(|x| b.1.map(|y| x.saturating_add(y)))))
                    .unwrap_or((0, Some(0))),
            };
            (if group.optional { 0 } else { all.0 }, all.1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(ranges: &[(&str, u32, Option<u32>)]) -> Box {
        ranges.iter().map(|(key, min, max)| (Arc::from(*key), (*min, *max))).collect()
    }

    #[test]
    fn a_union_of_boxes_is_compared_exactly() {
        let upto2 = [one(&[("a", 0, Some(2))])];
        assert_eq!(inside(&upto2, &[one(&[]), one(&[("a", 1, Some(2))])]), Some(true));
        assert_eq!(inside(&upto2, &[one(&[]), one(&[("a", 2, Some(2))])]), Some(false));
        let either = [one(&[("a", 1, Some(1))]), one(&[("b", 1, Some(1))])];
        let both = [one(&[("a", 0, Some(1)), ("b", 0, Some(1))])];
        assert_eq!(inside(&either, &both), Some(true));
        assert_eq!(inside(&both, &either), Some(false));
        assert_eq!(inside(&[one(&[("a", 1, None)])], &[one(&[("a", 0, None)])]), Some(true));
        assert_eq!(inside(&[one(&[("a", 1, None)])], &[one(&[("a", 0, Some(7))])]), Some(false));
    }
}

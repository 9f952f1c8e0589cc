//! Where in what the caller sent that stands which `to_soap` found wrong.

use crate::sequence::expr::CallerPlace;
use crate::sequence::step::pointer::parse;
use crate::sequence::step::set::Set;
use crate::sequence::step::{Segment, Step};

/// Places that one place may come from.
const MAX_ORIGINS: usize = 32;
/// Steps that are looked at for one place: branches in branches, each with many places, would have no end. Those beyond are left alone.
const MAX_LOOKS: usize = 20_000;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A place of the caller's message: a JSON pointer.
    Body(String),
    /// A parameter or header field of the call.
    Parameter {
        /// `header`, `query` or `path`.
        location: &'static str,
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Body(Vec<Segment>),
    Elsewhere(&'static str, Box<str>),
    /// A step made it of nothing that the caller sent.
    Own,
}

/// Where the value at a pointer behind the steps may come from, what is likely first.
pub(in crate::sequence) fn origins(steps: &[Step], pointer: &str) -> Vec<Origin> {
    let Some(segments) = parse(pointer) else { return Vec::new() };
    let mut places = vec![Place::Body(segments)];
    let mut looks = MAX_LOOKS;
    back(steps, &mut places, &mut looks);
    let said = places.into_iter().filter_map(|place| match place {
        Place::Body(segments) => Some(Origin::Body(crate::sequence::shape::pointer(&segments))),
        Place::Elsewhere(location, name) => Some(Origin::Parameter { location, name: name.into() }),
        Place::Own => None,
    });
    said.collect()
}

fn back(steps: &[Step], places: &mut Vec<Place>, looks: &mut usize) {
    for step in steps.iter().rev() {
        let mut before: Vec<Place> = Vec::new();
        for place in places.drain(..) {
            match place {
                Place::Body(segments) if *looks > 0 => {
                    *looks -= 1;
                    from(step, segments, &mut before, looks);
                }
                Place::Body(_) | Place::Elsewhere(..) | Place::Own => before.push(place),
            }
        }
        for place in before {
            if places.len() < MAX_ORIGINS && !places.contains(&place) {
                places.push(place);
            }
        }
    }
}

/// Where a place behind a step comes from: by the step, else from where it is.
fn from(step: &Step, at: Vec<Segment>, found: &mut Vec<Place>, looks: &mut usize) {
    match step {
        Step::Set(step) => was_set(step, at, found),
        Step::SetSoapHeader(step) => match step.declared() {
            Some(block) => was_set(block, at, found),
            None => found.push(Place::Body(at)),
        },
        Step::Default(step) => {
            // What stands there may be the caller's; what does not is the step's.
            found.push(Place::Body(at.clone()));
            if below(&at, step.to.segments()).is_some() {
                found.push(Place::Own);
            }
        }
        Step::Rename(step) => {
            let [from, to] = &step.pointers;
            moved(&at, from.segments(), to.segments(), found);
            found.push(Place::Body(at));
        }
        Step::Copy(step) => {
            moved(&at, step.source.segments(), step.target.segments(), found);
            found.push(Place::Body(at));
        }
        Step::If(step) => {
            for branch in [&step.then, &step.otherwise] {
                let mut places = vec![Place::Body(at.clone())];
                back(branch, &mut places, looks);
                found.extend(places);
            }
        }
        Step::Switch(step) => {
            for branch in step.cases.iter().map(|(_, steps)| steps).chain([&step.otherwise]) {
                let mut places = vec![Place::Body(at.clone())];
                back(branch, &mut places, looks);
                found.extend(places);
            }
        }
        Step::Template(_) => found.push(Place::Own),
        Step::Call(step) => {
            found.push(Place::Body(at.clone()));
            if let Some(steps) = &step.on_fault {
                let mut places = vec![Place::Body(at)];
                back(steps, &mut places, looks);
                found.extend(places);
            }
        }
        Step::Cache(step) => {
            found.push(Place::Body(at.clone()));
            let mut places = vec![Place::Body(at)];
            back(&step.fill, &mut places, looks);
            found.extend(places);
        }
        Step::SetHeader(_)
        | Step::RemoveHeader(_)
        | Step::RenameHeader(_)
        | Step::Remove(_)
        | Step::Keep(_)
        | Step::Map(_)
        | Step::Cast(_)
        | Step::Require(_)
        | Step::Respond(_)
        | Step::Fail(_)
        | Step::SetStatus(_)
        | Step::SetProperty(_)
        | Step::Log(_)
        | Step::Retry(_)
        | Step::Convert(_) => found.push(Place::Body(at)),
    }
}

/// What of a place stands below a pointer; the items that its `*` met do not matter.
fn below(at: &[Segment], pointer: &[Segment]) -> Option<Vec<Segment>> {
    let (head, rest) = at.split_at_checked(pointer.len())?;
    let fits = head.iter().zip(pointer).all(|(a, p)| *p == Segment::Each || a == p);
    fits.then(|| rest.to_vec())
}

/// The place from which a value was taken, if it was taken to this one or one above it.
fn moved(at: &[Segment], from: &[Segment], to: &[Segment], found: &mut Vec<Place>) {
    let Some(rest) = below(at, to) else { return };
    // Both are the same up to their last `*`, so its items are those of the place.
    let item = |(i, segment): (usize, &Segment)| match segment {
        Segment::Each => at.get(i).cloned().unwrap_or(Segment::Each),
        Segment::Name(_) => segment.clone(),
    };
    let mut segments: Vec<Segment> = from.iter().enumerate().map(item).collect();
    segments.extend(rest);
    found.push(Place::Body(segments));
}

fn was_set(step: &Set, at: Vec<Segment>, found: &mut Vec<Place>) {
    match below(&at, step.to.segments()) {
        Some(rest) => set(step, &rest, found),
        None => found.push(Place::Body(at)),
    }
}

fn set(step: &Set, rest: &[Segment], found: &mut Vec<Place>) {
    let mut expressions = Vec::new();
    step.value.expressions(&mut expressions);
    let whole = step.value.only().is_some_and(|e| e.is_body_place());
    let before = found.len();
    for expr in expressions {
        for place in &expr.reads {
            let mut segments = place.segments.clone();
            if whole {
                segments.extend_from_slice(rest);
            }
            found.push(Place::Body(segments));
        }
        for CallerPlace { location, name } in expr.caller_places() {
            found.push(Place::Elsewhere(location, name));
        }
    }
    if found.len() == before {
        found.push(Place::Own);
    }
}

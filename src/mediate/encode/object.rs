//! One JSON object of element content: its properties are written in schema order, and what is missing, unknown or too much is told.

use std::borrow::Cow;

use super::Encoder;
use super::given::Given;
use super::problem::{At, Found};
use super::wild::WildItem;
use super::writer::{Ns, Tag};
use crate::json::Value;
use crate::plan::node::{Compositor, Element, Group, Particle, Place, PlaceIx, PlaceKind, Shape, ShapeId};

/// No member stands at a place.
const NONE: u32 = u32::MAX;
/// So many names are listed in an error.
const MAX_NAMES: usize = 20;

/// One object on its way through its shape.
pub(super) struct Walk<'w> {
    pub(super) shape: &'w Shape,
    members: &'w [(Cow<'w, str>, Value<'w>)],
    /// Where its places begin in [`Encoder::slots`]: of an element or `Items` the index of its member, of a wildcard how many
    /// elements it got.
    base: usize,
    pub(super) wild: Vec<WildItem<'w>>,
    pub(super) ns: Ns<'w>,
    pub(super) at: At<'w>,
}

impl<'p> Encoder<'p> {
    /// The properties of one object. `ns` is the namespace of the element around them.
    pub(super) fn object(&mut self, shape: ShapeId, given: Given<'_>, ns: Ns<'_>, at: At<'_>) {
        let shape = self.program.shape(shape);
        let Value::Object(members) = given.value else { return };
        let base = self.slots.len();
        self.slots.resize(base + shape.places.len(), NONE);
        let mut walk = Walk { shape, members, base, wild: Vec::new(), ns, at };
        if self.sort_in(&mut walk, given) {
            self.distribute(&mut walk);
        }
        if let Some(model) = &shape.model {
            self.node(&walk, model);
        }
        self.slots.truncate(base);
    }

    /// Finds the place of each member; true where some are for wildcards.
    fn sort_in<'w>(&mut self, walk: &mut Walk<'w>, given: Given<'w>) -> bool
    where
        'p: 'w,
    {
        let shape = walk.shape;
        let mut next = 0;
        let mut is_wild = false;
        for (ix, (key, value)) in walk.members.iter().enumerate() {
            if key.starts_with('@') || given.hides(key) {
                continue;
            }
            // Most callers write the properties in schema order: no hashing then.
            let guess = shape.places.get(next).filter(|p| !key.is_empty() && *p.key == **key);
            let Some(first) = guess.map(|p| p.first).or_else(|| shape.by_key.get(&**key).copied()) else {
                is_wild |= self.unplaced(walk, key, value);
                continue;
            };
            next = first as usize + 1;
            if !self.is_absent(&shape.places[first as usize], value) {
                self.slots[walk.base + first as usize] = ix as u32;
            }
        }
        is_wild
    }

    /// Is it a null that the API takes for nothing?
    fn is_absent(&self, place: &Place, value: &Value<'_>) -> bool {
        if !self.program.options.nulls_are_absent || !matches!(value, Value::Null) {
            return false;
        }
        match &place.kind {
            PlaceKind::Element(id) if !place.array => !self.takes_nil(place.nillable, Some(self.program.element(*id).type_)),
            PlaceKind::Element(_) | PlaceKind::Items(_) | PlaceKind::Any(_) => true,
        }
    }

    /// A property that no declaration of the type knows: an error, or something for the wildcards.
    #[inline(never)]
    fn unplaced<'w>(&mut self, walk: &mut Walk<'w>, key: &'w str, value: &'w Value<'w>) -> bool
    where
        'p: 'w,
    {
        let has_wildcard = walk.shape.places.iter().any(|p| matches!(p.kind, PlaceKind::Any(_)));
        if key.starts_with('$') || !has_wildcard {
            if !self.ignores(key) {
                let known = walk.shape.places.iter().map(|p| &*p.key).filter(|k| !k.is_empty());
                self.errors.unknown(walk.at.key(key).at(), "no such property", Found::Value(value), key, known);
            }
            return false;
        }
        self.collect_wild(walk, key, value);
        true
    }

    /// The value at a place.
    fn given_at<'w>(&self, walk: &Walk<'w>, place: &Place) -> Option<&'w Value<'w>> {
        let ix = self.slots.get(walk.base + place.first as usize)?;
        walk.members.get(*ix as usize).map(|(_, value)| value)
    }

    /// How many elements a wildcard got.
    fn wild_count(&self, walk: &Walk<'_>, ix: PlaceIx) -> u32 {
        self.slots.get(walk.base + ix as usize).copied().filter(|n| *n != NONE).unwrap_or(0)
    }

    /// Notes one more element for a wildcard.
    pub(super) fn count_wild(&mut self, walk: &Walk<'_>, ix: PlaceIx) {
        let n = self.wild_count(walk, ix);
        if let Some(slot) = self.slots.get_mut(walk.base + ix as usize) {
            *slot = n + 1;
        }
    }

    /// Does the object say anything of it?
    fn is_present(&self, walk: &Walk<'_>, particle: &Particle) -> bool {
        match particle {
            Particle::Group(group) => group.particles.iter().any(|p| self.is_present(walk, p)),
            Particle::Place(ix) => self.is_place_present(walk, *ix),
        }
    }

    fn is_place_present(&self, walk: &Walk<'_>, ix: PlaceIx) -> bool {
        let place = &walk.shape.places[ix as usize];
        match &place.kind {
            PlaceKind::Any(_) => self.wild_count(walk, ix) > 0,
            // An array without items says nothing; but a flattened wrapper may be [].
            PlaceKind::Element(_) | PlaceKind::Items(_) => match self.given_at(walk, place) {
                Some(Value::Array(items)) => !items.is_empty() || !place.array,
                Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => true,
                None => false,
            },
        }
    }

    fn node(&mut self, walk: &Walk<'_>, particle: &Particle) {
        match particle {
            Particle::Place(ix) => self.place(walk, *ix),
            Particle::Group(group) => {
                if group.optional && !self.is_present(walk, particle) {
                    return;
                }
                match group.compositor {
                    Compositor::Choice => self.choice(walk, group),
                    Compositor::Sequence | Compositor::All => {
                        for particle in &group.particles {
                            self.node(walk, particle);
                        }
                    }
                }
            }
        }
    }

    fn place(&mut self, walk: &Walk<'_>, ix: PlaceIx) {
        let place = &walk.shape.places[ix as usize];
        let path = walk.at.key(&place.key);
        match &place.kind {
            PlaceKind::Any(_) => {
                let count = self.wild_count(walk, ix);
                if count < place.min {
                    self.too_few_wild(walk, place, count);
                }
                if count > 0 {
                    self.write_wild(walk, ix);
                }
            }
            PlaceKind::Items(shape) => match self.given_at(walk, place) {
                Some(value) => self.rows(place, *shape, value, walk.ns, path.at()),
                None if place.min > 0 => {
                    let expected = ["an array of at least ", &place.min.to_string()].concat();
                    self.errors.add(path.at(), &expected, Found::Nothing);
                }
                None => {}
            },
            PlaceKind::Element(id) => {
                let element = self.program.element(*id);
                match self.given_at(walk, place) {
                    Some(value) if place.array => self.repeat(place, element, value, path.at()),
                    Some(value) => self.element(element, place.nillable, true, Given::of(value), path.at()),
                    None if place.min > 0 => self.missing(place, element, path.at()),
                    None => {}
                }
            }
        }
    }

    #[inline(never)]
    fn too_few_wild(&mut self, walk: &Walk<'_>, place: &Place, count: u32) {
        let expected = ["at least ", &place.min.to_string(), " elements of other schemas"].concat();
        self.errors.add(walk.at, &expected, Found::Words(&count.to_string()));
    }

    /// A required element that is not given: its fixed value, else an error.
    #[inline(never)]
    fn missing(&mut self, place: &Place, element: &'p Element, at: At<'_>) {
        match &element.fixed {
            Some(fixed) if !place.array => {
                let tag = Tag::known(&self.program.names, element.name);
                self.out.start(tag);
                self.out.text(&fixed.text);
                self.out.end(tag);
            }
            Some(_) | None => {
                let expected = self.say(Some(element.type_));
                self.errors.add(at, &expected, Found::Nothing);
            }
        }
    }

    /// An element that is an array.
    pub(super) fn repeat(&mut self, place: &Place, element: &'p Element, value: &Value<'_>, at: At<'_>) {
        let Some(items) = self.items(value, at) else { return };
        let drops_null = self.program.options.nulls_are_absent && !self.takes_nil(place.nillable, Some(element.type_));
        let mut count = 0;
        for (n, item) in items.iter().enumerate() {
            if drops_null && matches!(item, Value::Null) {
                continue;
            }
            count += 1;
            self.element(element, place.nillable, true, Given::of(item), at.item(n).at());
        }
        self.check_count(place, count, at);
    }

    /// A repeated group: an array of objects.
    pub(super) fn rows(&mut self, place: &Place, shape: ShapeId, value: &Value<'_>, ns: Ns<'_>, at: At<'_>) {
        let Some(items) = self.items(value, at) else { return };
        self.check_count(place, items.len(), at);
        for (n, item) in items.iter().enumerate() {
            let path = at.item(n);
            if matches!(item, Value::Object(_)) {
                self.row(shape, item, ns, path.at());
            } else {
                self.errors.add(path.at(), "an object", Found::Value(item));
            }
        }
    }

    fn row(&mut self, id: ShapeId, item: &Value<'_>, ns: Ns<'_>, at: At<'_>) {
        let given = Given::of(item);
        for (key, value) in given.members().filter(|(k, _)| k.starts_with('@')) {
            if !self.ignores(key) {
                self.errors.add(at.key(key).at(), "no such property", Found::Value(value));
            }
        }
        match given.member("$content") {
            Some(content) if !self.program.shape(id).wildcards.is_empty() => {
                self.only(given, &["$content"], at);
                self.loose(id, false, content, ns, at.key("$content").at());
            }
            Some(_) | None => self.object(id, given, ns, at),
        }
    }

    /// The items of an array; of a lone value where the API is lenient.
    pub(super) fn items<'v>(&mut self, value: &'v Value<'v>, at: At<'_>) -> Option<&'v [Value<'v>]> {
        match value {
            Value::Array(items) => Some(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                if self.program.options.lenient {
                    return Some(std::slice::from_ref(value));
                }
                self.errors.add(at, "an array", Found::Value(value));
                None
            }
        }
    }

    fn check_count(&mut self, place: &Place, count: usize, at: At<'_>) {
        let (min, max) = (place.min as usize, place.max.map(|m| m as usize));
        if count >= min && max.is_none_or(|m| count <= m) {
            return;
        }
        let expected = match max {
            Some(max) if max == min => format!("{max} items"),
            Some(max) => format!("{min} to {max} items"),
            None => format!("at least {min} items"),
        };
        self.errors.add(at, &expected, Found::Words(&format!("{count} items")));
    }

    // -- choices

    fn choice(&mut self, walk: &Walk<'_>, group: &Group) {
        let mut told = group.particles.iter().filter(|p| self.is_present(walk, p));
        let Some(first) = told.next() else { return self.no_branch(walk, group) };
        if told.next().is_none() {
            return self.node(walk, first);
        }
        if let Some(branch) = self.pick(walk, group) {
            self.node(walk, branch);
        }
    }

    /// No branch is told.
    #[inline(never)]
    fn no_branch(&mut self, walk: &Walk<'_>, group: &Group) {
        // An empty array names its branch: nothing to write, if that will do.
        let named = group.particles.iter().find(|b| {
            let mut places = Vec::new();
            places_of(walk.shape, b, &mut places);
            places.iter().any(|ix| self.given_at(walk, &walk.shape.places[*ix as usize]).is_some())
        });
        if let Some(branch) = named {
            return self.node(walk, branch);
        }
        if !group.optional && !group.particles.iter().any(|p| may_be_empty(walk.shape, p)) {
            let expected = ["one of ", &names_of(walk.shape, &group.particles, ", ")].concat();
            self.errors.add(walk.at, &expected, Found::Nothing);
        }
    }

    /// Several branches are told: the one that covers all; of several the complete ones; of several the one in whose order the keys
    /// stand, else the first.
    #[inline(never)]
    fn pick<'g>(&mut self, walk: &Walk<'_>, group: &'g Group) -> Option<&'g Particle> {
        let slots_of = |branch: &Particle| {
            let mut places = Vec::new();
            places_of(walk.shape, branch, &mut places);
            places
        };
        let branches: Vec<(&Particle, Vec<PlaceIx>)> = group.particles.iter().map(|b| (b, slots_of(b))).collect();
        let mut here: Vec<PlaceIx> = branches.iter().flat_map(|(_, p)| p).copied().filter(|ix| self.is_slot_present(walk, *ix)).collect();
        here.sort_unstable();
        here.dedup();
        let told = branches.iter().filter(|(b, _)| self.is_present(walk, b));
        let fit: Vec<_> = told.filter(|(_, places)| here.iter().all(|ix| places.contains(ix))).collect();
        if fit.is_empty() {
            self.several_branches(walk, group, &here);
            return None;
        }
        let complete: Vec<_> = fit.iter().copied().filter(|(b, _)| self.is_complete(walk, b)).collect();
        let rest = if complete.is_empty() { fit } else { complete };
        let is_key = |ix: &PlaceIx| !walk.shape.places[*ix as usize].key.is_empty();
        let mut given: Vec<PlaceIx> = here.iter().copied().filter(is_key).collect();
        given.sort_by_key(|ix| self.slots[walk.base + *ix as usize]);
        let in_order = |places: &[PlaceIx]| places.iter().filter(|ix| is_key(ix) && here.contains(ix)).eq(given.iter());
        rest.iter().find(|(_, places)| in_order(places)).or(rest.first()).map(|(branch, _)| *branch)
    }

    fn is_slot_present(&self, walk: &Walk<'_>, ix: PlaceIx) -> bool {
        self.is_place_present(walk, ix)
    }

    #[cold]
    #[inline(never)]
    fn several_branches(&mut self, walk: &Walk<'_>, group: &Group, here: &[PlaceIx]) {
        let branches: Vec<String> =
            group.particles.iter().take(MAX_NAMES).map(|b| names_of(walk.shape, std::slice::from_ref(b), " + ")).collect();
        let expected = ["one branch of: ", &branches.join(" | ")].concat();
        let mut found: Vec<&str> = here.iter().map(|ix| key_or_other(&walk.shape.places[*ix as usize])).collect();
        found.sort_unstable();
        self.errors.add(walk.at, &expected, Found::Words(&found.join(" and ")));
    }

    /// Is all there that the particle requires?
    fn is_complete(&self, walk: &Walk<'_>, particle: &Particle) -> bool {
        match particle {
            Particle::Place(ix) => walk.shape.places[*ix as usize].min == 0 || self.is_place_present(walk, *ix),
            Particle::Group(group) => {
                let mut particles = group.particles.iter();
                (group.optional && !self.is_present(walk, particle))
                    || match group.compositor {
                        Compositor::Choice => particles.any(|p| self.is_complete(walk, p)),
                        Compositor::Sequence | Compositor::All => particles.all(|p| self.is_complete(walk, p)),
                    }
            }
        }
    }
}

/// The first places of the keys below a particle, in schema order, and its wildcards.
fn places_of(shape: &Shape, particle: &Particle, out: &mut Vec<PlaceIx>) {
    match particle {
        Particle::Place(ix) => out.push(shape.places[*ix as usize].first),
        Particle::Group(group) => group.particles.iter().for_each(|p| places_of(shape, p, out)),
    }
}

/// May the particle stand for no element at all?
fn may_be_empty(shape: &Shape, particle: &Particle) -> bool {
    match particle {
        Particle::Place(ix) => shape.places[*ix as usize].min == 0,
        Particle::Group(group) => {
            let mut particles = group.particles.iter();
            group.optional
                || match group.compositor {
                    Compositor::Choice => particles.any(|p| may_be_empty(shape, p)),
                    Compositor::Sequence | Compositor::All => particles.all(|p| may_be_empty(shape, p)),
                }
        }
    }
}

fn key_or_other(place: &Place) -> &str {
    if place.key.is_empty() { "other elements" } else { &place.key }
}

/// The keys below particles, for an error.
fn names_of(shape: &Shape, particles: &[Particle], separator: &str) -> String {
    let mut places = Vec::new();
    particles.iter().for_each(|p| places_of(shape, p, &mut places));
    let mut names: Vec<&str> = places.iter().take(MAX_NAMES).map(|ix| key_or_other(&shape.places[*ix as usize])).collect();
    if places.len() > MAX_NAMES {
        names.push("…");
    }
    names.join(separator)
}

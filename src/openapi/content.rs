//! Content models as rules about which properties are there: JSON Schema's `required`, `dependentRequired`, `oneOf`.
//!
//! A choice is a `oneOf` of its branches; a branch lists the properties it requires and, where it has more than that, refuses those of the
//! other branches. Two branches that may both be empty make it an `anyOf`. An optional group says that with one of its properties the
//! required ones come too. Where a choice is too large to be written so, a note says it in words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::plan::Program;
use crate::plan::node::{Compositor, Group, Particle, Place, PlaceIx, PlaceKind, Shape};

/// A choice of more branches, or whose branches name more properties in all, is told in words.
const MAX_BRANCHES: usize = 64;
const MAX_NAMES: usize = 512;

/// What a content model says about the presence of properties.
#[derive(Debug, Default)]
pub(super) struct Presence {
    /// Properties that must be there.
    pub(super) required: BTreeSet<Arc<str>>,
    /// Property → those that must be there too.
    dependent: BTreeMap<Arc<str>, BTreeSet<Arc<str>>>,
    /// Further rules; all must hold.
    rules: Vec<Value>,
    /// What the rules cannot say.
    pub(super) notes: Vec<String>,
}

/// The rules of a shape.
pub(super) fn presence(program: &Program, shape: &Shape) -> Presence {
    shape.model.as_ref().map_or_else(Presence::default, |model| Content { program, shape }.particle(model))
}

impl Presence {
    fn is_empty(&self) -> bool {
        self.required.is_empty() && self.dependent.is_empty() && self.rules.is_empty()
    }

    fn and(&mut self, other: Self) {
        self.required.extend(other.required);
        for (key, needs) in other.dependent {
            self.dependent.entry(key).or_default().extend(needs);
        }
        self.rules.extend(other.rules);
        self.notes.extend(other.notes);
    }

    /// Adds the rules to an object's schema.
    pub(super) fn write(&self, schema: &mut Map<String, Value>) {
        if !self.required.is_empty() {
            schema.insert("required".into(), json!(self.required));
        }
        let dependent: BTreeMap<_, Vec<_>> = self
            .dependent
            .iter()
            .map(|(key, needs)| (key, needs.iter().filter(|n| !self.required.contains(*n)).collect::<Vec<_>>()))
            .filter(|(key, needs)| !needs.is_empty() && !self.required.contains(*key))
            .collect();
        if !dependent.is_empty() {
            schema.insert("dependentRequired".into(), json!(dependent));
        }
        // Not beside the properties, also where there is only one: generators of clients take an object with `oneOf` for one without
        // properties of its own.
        if !self.rules.is_empty() {
            schema.insert("allOf".into(), json!(self.rules));
        }
    }

    fn to_schema(&self) -> Map<String, Value> {
        let mut schema = Map::new();
        self.write(&mut schema);
        schema
    }
}

/// None of these properties.
fn none_of(keys: &BTreeSet<Arc<str>>) -> Value {
    let one = |key: &Arc<str>| json!({ "required": [key] });
    match keys.iter().collect::<Vec<_>>().as_slice() {
        [only] => one(only),
        _ => json!({ "anyOf": keys.iter().map(one).collect::<Vec<_>>() }),
    }
}

struct Content<'a> {
    program: &'a Program,
    shape: &'a Shape,
}

impl Content<'_> {
    fn place(&self, ix: PlaceIx) -> Option<&Place> {
        self.shape.places.get(ix as usize)
    }

    fn particle(&self, particle: &Particle) -> Presence {
        match particle {
            Particle::Place(ix) => self.leaf(*ix),
            Particle::Group(group) => match group.compositor {
                Compositor::Sequence | Compositor::All => self.sequence(group),
                Compositor::Choice => self.choice(group),
            },
        }
    }

    fn leaf(&self, ix: PlaceIx) -> Presence {
        let mut presence = Presence::default();
        if let Some(place) = self.place(ix)
            && place.min > 0
            && !place.key.is_empty()
            && !self.is_filled_in(place)
        {
            presence.required.insert(place.key.clone());
        }
        presence
    }

    /// A required element with a fixed value is filled in where it is absent.
    fn is_filled_in(&self, place: &Place) -> bool {
        match place.kind {
            PlaceKind::Element(element) => self.program.element(element).fixed.is_some() && !place.array,
            PlaceKind::Items(_) | PlaceKind::Any(_) => false,
        }
    }

    fn sequence(&self, group: &Group) -> Presence {
        let mut inner = Presence::default();
        for particle in &group.particles {
            inner.and(self.particle(particle));
        }
        if !group.optional || inner.is_empty() {
            return inner;
        }
        // `[]` of an absent array does not make its group present.
        let mut signs = BTreeSet::new();
        self.keys_of_group(group, &mut |place| {
            if !place.array || place.in_choice {
                signs.insert(place.key.clone());
            }
        });
        let mut outer = Presence { notes: std::mem::take(&mut inner.notes), ..Presence::default() };
        if signs.is_empty() {
            return outer;
        }
        if inner.rules.is_empty() && inner.dependent.is_empty() {
            for sign in signs {
                let needs = inner.required.iter().filter(|k| **k != sign).cloned().collect();
                outer.dependent.insert(sign, needs);
            }
        } else {
            outer.rules.push(json!({ "anyOf": [{ "not": none_of(&signs) }, inner.to_schema()] }));
        }
        outer
    }

    fn choice(&self, group: &Group) -> Presence {
        let mut all = BTreeSet::new();
        let mut branches = Vec::new();
        let mut notes = Vec::new();
        for particle in &group.particles {
            let mut keys = BTreeSet::new();
            self.keys(particle, &mut |place| {
                keys.insert(place.key.clone());
            });
            let mut presence = self.particle(particle);
            notes.append(&mut presence.notes);
            all.extend(keys.iter().cloned());
            branches.push((keys, presence));
        }
        let shared = branches.iter().map(|(keys, _)| keys.len()).sum::<usize>() != all.len();
        let single = !shared && branches.iter().all(|(keys, p)| keys.len() == 1 && p.required.len() == 1 && p.rules.is_empty());
        let names: usize = if single { all.len() } else { branches.iter().map(|(keys, _)| all.len() - keys.len()).sum() };
        if branches.len() > MAX_BRANCHES || names > MAX_NAMES {
            notes.push(in_words(group.optional, &branches));
            return Presence { notes, ..Presence::default() };
        }
        let mut may_be_empty = branches.iter().filter(|(_, p)| p.is_empty()).count();
        let mut schemas: Vec<Value> = branches
            .iter()
            .map(|(keys, presence)| {
                let mut schema = presence.to_schema();
                let others: BTreeSet<_> = all.difference(keys).cloned().collect();
                if !single && !others.is_empty() {
                    schema.insert("not".into(), none_of(&others));
                }
                Value::Object(schema)
            })
            .collect();
        if group.optional && may_be_empty == 0 && !all.is_empty() {
            may_be_empty += 1;
            schemas.push(json!({ "not": none_of(&all) }));
        }
        let keyword = if may_be_empty > 1 || shared { "anyOf" } else { "oneOf" };
        let rules =
            if schemas.iter().all(|s| s.as_object().is_some_and(Map::is_empty)) { Vec::new() } else { vec![json!({ keyword: schemas })] };
        Presence { rules, notes, ..Presence::default() }
    }

    fn keys(&self, particle: &Particle, found: &mut impl FnMut(&Place)) {
        match particle {
            Particle::Place(ix) => {
                if let Some(place) = self.place(*ix).filter(|p| !p.key.is_empty()) {
                    found(place);
                }
            }
            Particle::Group(group) => self.keys_of_group(group, found),
        }
    }

    fn keys_of_group(&self, group: &Group, found: &mut dyn FnMut(&Place)) {
        for particle in &group.particles {
            self.keys(particle, &mut |p| found(p));
        }
    }
}

fn in_words(optional: bool, branches: &[(BTreeSet<Arc<str>>, Presence)]) -> String {
    const SHOWN: usize = 12;
    let list: Vec<_> =
        branches.iter().take(SHOWN).map(|(keys, _)| keys.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(" with ")).collect();
    let more = if branches.len() > SHOWN { format!(" and {} more", branches.len() - SHOWN) } else { String::new() };
    format!("{} of: {}{more}.", if optional { "At most one" } else { "Exactly one" }, list.join(", "))
}

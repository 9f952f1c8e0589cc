//! A content model in normal form → [`Shape`]: keys, places, and how a decoder matches.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Compiler;
use super::content::Model;
use crate::plan::node::{
    Admits, Compositor, ElementId, Found, Group, Matching, NameId, NamespaceId, Particle, Place, PlaceIx, PlaceKind, Shape, ShapeId,
    Wildcard,
};
use crate::schema::model as xsd;
use crate::xml::QName;

/// What the shapes of one type have in common.
pub(super) struct TypeKeys {
    /// Element → key, over the whole type.
    pub(super) keys: HashMap<QName, Arc<str>>,
    /// Those keys.
    pub(super) taken: Arc<HashSet<Arc<str>>>,
    /// Elements that may be nil at some place: then at all of them.
    pub(super) nillable: HashSet<QName>,
    /// Frozen keys; a later place of an element is `local#2`.
    pub(super) frozen: HashMap<QName, Arc<str>>,
}

/// The leaves of a model as they are found.
#[derive(Default)]
struct Walk {
    leaves: Vec<Leaf>,
    /// The groups around the place that is looked at.
    path: Vec<(usize, usize, Compositor)>,
    groups: usize,
    /// Repeated groups so far.
    items: usize,
}

/// A leaf on the way to being a place, with the choices around it: (group number, branch).
struct Leaf {
    place: Place,
    name: Option<QName>,
    path: Vec<(usize, usize, Compositor)>,
}

impl Compiler<'_> {
    /// Makes the shape of a normalised model; shapes of its repeated groups come with it.
    pub(super) fn shape(&mut self, model: Option<&Model>, common: &TypeKeys) -> ShapeId {
        let id = ShapeId(u32::try_from(self.program.shapes.len()).unwrap_or(u32::MAX));
        self.program.shapes.push(Shape::default());
        let mut walk = Walk::default();
        let particle = model.map(|m| self.particle(m, common, &mut walk, false));
        let mut leaves = walk.leaves;
        let by_place = number(&mut leaves, common);
        let mut shape = Shape { model: particle, taken_keys: common.taken.clone(), ..Shape::default() };
        self.index(&mut shape, &leaves, common, by_place);
        shape.places = leaves.into_iter().map(|l| l.place).collect();
        if let Some(slot) = self.program.shapes.get_mut(id.index()) {
            *slot = shape;
        }
        id
    }

    fn particle(&mut self, model: &Model, common: &TypeKeys, walk: &mut Walk, in_choice: bool) -> Particle {
        let place = |kind, min: u32, max: Option<u32>, nillable| Place {
            kind,
            key: "".into(),
            first: 0,
            array: max.is_none_or(|m| m > 1),
            in_choice,
            nillable,
            min,
            max,
        };
        let (place, name) = match model {
            Model::Group { compositor, particles, min, .. } => {
                let number = walk.groups;
                walk.groups += 1;
                let inner = in_choice || *compositor == Compositor::Choice;
                let mut made = Vec::with_capacity(particles.len());
                for (branch, p) in particles.iter().enumerate() {
                    walk.path.push((number, branch, *compositor));
                    made.push(self.particle(p, common, walk, inner));
                    walk.path.pop();
                }
                return Particle::Group(Group { compositor: *compositor, optional: *min == 0, particles: made });
            }
            Model::Element { element, min, max, .. } => {
                let name = &self.definitions.schemas.element(*element).name;
                (place(PlaceKind::Element(ElementId(element.0)), *min, *max, common.nillable.contains(name)), Some(name.clone()))
            }
            Model::Any { wildcard, min, max } => (place(PlaceKind::Any(self.wildcard(wildcard)), *min, *max, true), None),
            Model::Items { body, min, max } => {
                let inner = self.shape(Some(body), common);
                let mut p = place(PlaceKind::Items(inner), *min, *max, false);
                walk.items += 1;
                p.key = if walk.items == 1 { "$items".into() } else { format!("$items{}", walk.items).into() };
                p.array = true;
                (p, None)
            }
        };
        walk.leaves.push(Leaf { place, name, path: walk.path.clone() });
        Particle::Place(ix(walk.leaves.len() - 1))
    }

    /// Fills the look-up tables of a shape.
    fn index(&self, shape: &mut Shape, leaves: &[Leaf], common: &TypeKeys, several_places: bool) {
        let mut row = several_places;
        let mut wild_max = Some(0u32);
        for (i, leaf) in leaves.iter().enumerate() {
            let at = ix(i);
            match &leaf.place.kind {
                PlaceKind::Element(element) => {
                    shape.by_key.entry(leaf.place.key.clone()).or_insert(at);
                    let name = self.program.elements[element.index()].name;
                    shape.by_name.entry(name).or_insert(Found { element: *element, place: at, nillable: leaf.place.nillable });
                }
                PlaceKind::Any(w) => {
                    shape.wildcards.push(w.clone());
                    wild_max = wild_max.and_then(|a| leaf.place.max.map(|b| a.saturating_add(b)));
                }
                PlaceKind::Items(_) => {
                    shape.by_key.entry(leaf.place.key.clone()).or_insert(at);
                }
            }
        }
        shape.many_wild = wild_max.is_none_or(|m| m > 1);
        // Which of the branches' wildcards an element stands at is known from the whole row only. Leaves stand in schema order, so
        // that of two in different branches there are two neighbours.
        let wild: Vec<&Leaf> = leaves.iter().filter(|l| matches!(l.place.kind, PlaceKind::Any(_))).collect();
        row |= wild.windows(2).any(|pair| matches!(pair, [a, b] if exclusive(&a.path, &b.path)));
        for (i, leaf) in leaves.iter().enumerate() {
            if let PlaceKind::Items(inner) = &leaf.place.kind {
                let inner = self.program.shape(*inner);
                row |= !is_choice_of_elements(inner) || inner.by_name.keys().any(|n| shape.by_name.contains_key(n));
                for (name, found) in &inner.by_name {
                    shape.by_name.entry(*name).or_insert(Found { place: ix(i), ..*found });
                }
                shape.wildcards.extend(inner.wildcards.iter().cloned());
            }
        }
        let namespaces = shape.by_name.keys().map(|n| self.program.names.namespace(*n)).collect();
        row |= shape.wildcards.iter().any(|w| admits_one(w, shape, &namespaces));
        shape.matching = if row { Matching::ByRow } else { Matching::ByName };
        for (name, found) in &shape.by_name {
            let qname = self.qname(*name);
            if let Some(key) = common.keys.get(&qname) {
                shape.content_keys.insert(*name, key.clone());
                shape.content_names.insert(key.clone(), found.element);
            }
        }
        shape.by_local = unique_locals(&self.program.names, shape.by_name.keys().copied());
    }
}

/// Does a wildcard admit one of a shape's names, which are of these namespaces?
fn admits_one(wildcard: &Wildcard, shape: &Shape, namespaces: &HashSet<NamespaceId>) -> bool {
    match &wildcard.admits {
        // The stand-in for an undeclared name is never the name of a declared place.
        Admits::Name(only) => shape.by_name.contains_key(only),
        Admits::Namespaces(list) => list.iter().any(|n| namespaces.contains(n)),
        admits @ (Admits::Any | Admits::Not(_)) => namespaces.iter().any(|n| admits.admits(Some(*n), None)),
    }
}

/// Gives each element place its key. An element that may stand at several places of one object has a property for each (`a`, `a2`, …); places
/// in different branches of a choice share one, which is an array if any of them is. Says whether some element has several.
fn number(leaves: &mut [Leaf], common: &TypeKeys) -> bool {
    let mut of_name: HashMap<QName, Vec<usize>> = HashMap::new();
    for (at, leaf) in leaves.iter().enumerate() {
        if let Some(name) = &leaf.name {
            of_name.entry(name.clone()).or_default().push(at);
        }
    }
    let mut nths = vec![0; leaves.len()];
    of_name.values().for_each(|places| {
        spread(leaves, places, 0, 0, &mut nths);
    });
    let mut shared: Vec<((QName, usize), Vec<usize>)> = Vec::new();
    let mut shared_at: HashMap<(QName, usize), usize> = HashMap::new();
    for (at, (leaf, nth)) in leaves.iter().zip(&nths).enumerate() {
        let Some(name) = leaf.name.clone() else { continue };
        let key = (name, *nth);
        let slot = *shared_at.entry(key.clone()).or_insert_with(|| {
            shared.push((key, Vec::new()));
            shared.len() - 1
        });
        shared[slot].1.push(at);
    }
    let mut numbered: HashSet<Arc<str>> = HashSet::new();
    // Where the search for a free number ended; all before it are taken.
    let mut next: HashMap<QName, usize> = HashMap::new();
    for ((name, nth), members) in shared {
        let mut key = common.keys.get(&name).cloned().unwrap_or_else(|| name.local_arc().clone());
        if nth > 0 {
            let is_free = |k: &Arc<str>| !common.taken.contains(k) && !numbered.contains(k);
            let place = QName::with_optional(name.namespace_arc().cloned(), format!("{}#{}", name.local(), nth + 1));
            key = common.frozen.get(&place).filter(|k| is_free(k)).cloned().unwrap_or_else(|| {
                let number = next.entry(name).or_insert(0);
                *number = (*number).max(nth + 1);
                loop {
                    let candidate: Arc<str> = format!("{key}{number}").into();
                    *number += 1;
                    if is_free(&candidate) {
                        break candidate;
                    }
                }
            });
            numbered.insert(key.clone());
        }
        let array = members.iter().any(|m| leaves[*m].place.array);
        for m in members {
            leaves[m].place.key = key.clone();
            leaves[m].place.array = array;
        }
    }
    nths.iter().any(|n| *n > 0)
}

/// Numbers the places of one element, which have the first `depth` groups around them in common, from `start`: each gets the smallest number
/// that no place has which may stand beside it. Gives the number after the last one.
fn spread(leaves: &[Leaf], places: &[usize], depth: usize, start: usize, nths: &mut [usize]) -> usize {
    let branch = |at: &usize| leaves.get(*at)?.path.get(depth).map(|(_, branch, compositor)| (*branch, *compositor));
    let group = places.first().and_then(branch).filter(|_| places.len() > 1);
    let Some((_, compositor)) = group else {
        for (nth, at) in (start..).zip(places) {
            if let Some(place) = nths.get_mut(*at) {
                *place = nth;
            }
        }
        return start + places.len();
    };
    let mut end = start;
    for of_branch in places.chunk_by(|a, b| branch(a) == branch(b)) {
        // Branches of a choice begin anew; in a sequence the numbers go on.
        let from = if compositor == Compositor::Choice { start } else { end };
        end = end.max(spread(leaves, of_branch, depth + 1, from, nths));
    }
    end
}

/// Do two leaves stand in different branches of one choice?
fn exclusive(a: &[(usize, usize, Compositor)], b: &[(usize, usize, Compositor)]) -> bool {
    let apart = a.iter().zip(b).find(|(x, y)| x.1 != y.1);
    apart.is_some_and(|(x, _)| x.2 == Compositor::Choice)
}

/// Is each item of this repeated group a single element, told by its name?
fn is_choice_of_elements(shape: &Shape) -> bool {
    let Some(Particle::Group(Group { compositor: Compositor::Choice, particles, .. })) = &shape.model else {
        return false;
    };
    shape.matching == Matching::ByName
        && particles.iter().all(|p| match p {
            Particle::Place(at) => shape.places.get(*at as usize).is_some_and(|p| matches!(p.kind, PlaceKind::Element(_)) && !p.array),
            Particle::Group(_) => false,
        })
}

fn unique_locals(names: &crate::plan::node::NameTable, all: impl Iterator<Item = NameId>) -> HashMap<Arc<str>, NameId> {
    let mut out: HashMap<Arc<str>, Option<NameId>> = HashMap::new();
    for name in all {
        out.entry(names.local(name).clone()).and_modify(|n| *n = None).or_insert(Some(name));
    }
    out.into_iter().filter_map(|(l, n)| n.map(|n| (l, n))).collect()
}

fn ix(i: usize) -> PlaceIx {
    u32::try_from(i).unwrap_or(u32::MAX)
}

/// The element names of a model and which of them may be nil.
pub(super) fn element_names(schemas: &crate::schema::SchemaSet, model: Option<&Model>) -> (Vec<QName>, HashSet<QName>) {
    let mut elements: Vec<(xsd::ElementId, bool)> = Vec::new();
    if let Some(model) = model {
        model.elements(&mut elements);
    }
    let nillable = elements.iter().filter(|(_, n)| *n).map(|(e, _)| schemas.element(*e).name.clone()).collect();
    (elements.iter().map(|(e, _)| schemas.element(*e).name.clone()).collect(), nillable)
}

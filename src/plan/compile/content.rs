//! Content models: schema particles → the normal form that decides the shape of a JSON object.
//!
//! Normal form (mapping decisions 4, 15): groups of one particle collapse into it and occurrences multiply; a group inside a group of
//! its kind is spliced; a substitution group's head becomes a choice; a repeated group of several particles becomes [`Model::Items`];
//! in a repeated choice the occurrences of a branch count no more; places of one element side by side in a sequence are one.

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use crate::plan::node::Compositor;
use crate::schema::SchemaSet;
use crate::schema::model::{self as xsd, ElementId, GroupId, Term};
use crate::xml::QName;

/// A content model, raw or in normal form. `max: None` is unbounded.
#[derive(Debug, Clone)]
pub(super) enum Model {
    Element { element: ElementId, min: u32, max: Option<u32>, nillable: bool },
    Any { wildcard: Wild, min: u32, max: Option<u32> },
    Group { compositor: Compositor, particles: Vec<Model>, min: u32, max: Option<u32> },
    Items { body: Box<Model>, min: u32, max: Option<u32> },
}

/// A wildcard, or the stand-in for a reference to an element that nobody declares.
#[derive(Debug, Clone)]
pub(super) enum Wild {
    Declared(xsd::Wildcard),
    Name(QName),
}

/// Groups that refer to each other deeper than this are cut: no author writes so.
const MAX_DEPTH: usize = 256;

/// Builds content models of one schema set, counting what it makes.
pub(super) struct Builder<'a> {
    schemas: &'a SchemaSet,
    /// Leaves that may still be made: a bound on what nested group references multiply to.
    budget: usize,
    /// Head → [`Builder::substitutes`].
    members: HashMap<ElementId, Rc<[ElementId]>>,
    /// Was something cut for the bound's sake?
    pub(super) exhausted: bool,
}

impl<'a> Builder<'a> {
    pub(super) fn new(schemas: &'a SchemaSet) -> Self {
        Self { schemas, budget: 2_000_000, members: HashMap::new(), exhausted: false }
    }

    /// The raw model of a particle, group references followed; `None` for nothing.
    pub(super) fn build(&mut self, particle: &xsd::Particle, stack: &mut Vec<GroupId>, depth: usize) -> Option<Model> {
        if depth > MAX_DEPTH || self.budget == 0 {
            self.exhausted = true;
            return None;
        }
        let (min, max) = (particle.min, particle.max);
        match &particle.term {
            Term::Element(element) => {
                self.budget -= 1;
                Some(Model::Element { element: *element, min, max, nillable: self.schemas.element(*element).nillable })
            }
            Term::Undeclared(name) => Some(Model::Any { wildcard: Wild::Name(name.clone()), min, max }),
            Term::Wildcard(w) => Some(Model::Any { wildcard: Wild::Declared(w.clone()), min, max }),
            Term::Group(id) => {
                if stack.contains(id) {
                    return None;
                }
                stack.push(*id);
                let inner = self.group(&self.schemas.group(*id).model_group, 1, Some(1), stack, depth + 1);
                stack.pop();
                Some(Model::Group { compositor: Compositor::Sequence, particles: vec![inner], min, max })
            }
            Term::ModelGroup(group) => Some(self.group(group, min, max, stack, depth + 1)),
        }
    }

    fn group(&mut self, group: &xsd::ModelGroup, min: u32, max: Option<u32>, stack: &mut Vec<GroupId>, depth: usize) -> Model {
        let compositor = match group.compositor {
            xsd::Compositor::Sequence => Compositor::Sequence,
            xsd::Compositor::Choice => Compositor::Choice,
            xsd::Compositor::All => Compositor::All,
        };
        let particles: Vec<_> = group.particles.iter().map(|p| self.build(p, stack, depth)).collect();
        // A branch that is nothing may be chosen: the choice may be empty.
        let min = if compositor == Compositor::Choice && particles.iter().any(Option::is_none) { 0 } else { min };
        Model::Group { compositor, particles: particles.into_iter().flatten().collect(), min, max }
    }

    /// The non-abstract members of `head`'s substitution group, itself not among them.
    pub(super) fn substitutes(&mut self, head: ElementId) -> Rc<[ElementId]> {
        if let Some(known) = self.members.get(&head) {
            return known.clone();
        }
        let mut out = Vec::new();
        let mut todo: VecDeque<_> = self.direct_members(head).collect();
        let mut seen = HashSet::new();
        while let Some(member) = todo.pop_front() {
            if !seen.insert(member) {
                continue;
            }
            if !self.schemas.element(member).is_abstract {
                out.push(member);
            }
            todo.extend(self.direct_members(member));
        }
        let made: Rc<[ElementId]> = out.into();
        self.members.insert(head, made.clone());
        made
    }

    fn direct_members(&self, head: ElementId) -> impl Iterator<Item = ElementId> + use<'a> {
        let schemas = self.schemas;
        schemas.substitution_groups.get(&head).into_iter().flatten().copied()
    }

    /// A raw model in normal form; `None` where nothing is left.
    pub(super) fn normalise(&mut self, model: Model) -> Option<Model> {
        match model {
            Model::Element { element, min, max, .. } => {
                let declaration = self.schemas.element(element);
                let is_abstract = declaration.is_abstract;
                let members = if declaration.is_global { self.substitutes(element) } else { Rc::default() };
                if members.is_empty() {
                    return Some(model);
                }
                if members.len() > self.budget {
                    self.exhausted = true;
                    return Some(model);
                }
                self.budget -= members.len();
                let heads = (!is_abstract).then_some(element);
                let particles = heads
                    .into_iter()
                    .chain(members.iter().copied())
                    .map(|e| Model::Element { element: e, min: 1, max: Some(1), nillable: self.schemas.element(e).nillable })
                    .collect();
                self.normalise_group(Compositor::Choice, particles, min, max)
            }
            Model::Group { compositor, particles, min, max } => {
                let kids: Vec<_> = particles.into_iter().map(|p| self.normalise(p)).collect();
                let may_be_nothing = compositor == Compositor::Choice && (kids.is_empty() || kids.iter().any(Option::is_none));
                let min = if may_be_nothing { 0 } else { min };
                self.normalise_group(compositor, kids.into_iter().flatten().collect(), min, max)
            }
            Model::Any { .. } | Model::Items { .. } => Some(model),
        }
    }

    /// A group whose particles are in normal form, in normal form.
    fn normalise_group(&mut self, compositor: Compositor, mut particles: Vec<Model>, min: u32, max: Option<u32>) -> Option<Model> {
        if particles.len() < 2 {
            return particles.pop().and_then(|only| self.times(only, min, max));
        }
        if compositor == Compositor::Choice {
            Some(normalise_choice(particles, min, max))
        } else {
            self.normalise_row(compositor, particles, min, max)
        }
    }

    fn normalise_row(&mut self, compositor: Compositor, particles: Vec<Model>, min: u32, max: Option<u32>) -> Option<Model> {
        let mut kids: Vec<Model> = Vec::with_capacity(particles.len());
        for particle in particles {
            match particle {
                Model::Group { compositor: Compositor::Sequence, particles: inner, min: 1, .. } if compositor == Compositor::Sequence => {
                    for p in inner {
                        self.push_in_sequence(&mut kids, p);
                    }
                }
                p if compositor == Compositor::Sequence => self.push_in_sequence(&mut kids, p),
                p => kids.push(p),
            }
        }
        if kids.len() == 1 {
            return kids.pop().and_then(|only| self.times(only, min, max));
        }
        Some(if many(max) {
            items(Model::Group { compositor: Compositor::Sequence, particles: kids, min: 1, max: Some(1) }, min, max)
        } else {
            Model::Group { compositor, particles: kids, min, max }
        })
    }

    /// Places of one element side by side are one place, their occurrences added.
    fn push_in_sequence(&self, kids: &mut Vec<Model>, next: Model) {
        if let (Some(Model::Element { element, min, max, nillable }), Model::Element { element: e2, min: min2, max: max2, nillable: n2 }) =
            (kids.last_mut(), &next)
            && self.schemas.element(*element).name == self.schemas.element(*e2).name
        {
            *min = min.saturating_add(*min2);
            *max = max.and_then(|a| max2.map(|b| a.saturating_add(b)));
            *nillable |= *n2;
            return;
        }
        kids.push(next);
    }

    /// `model`, `min` to `max` times.
    fn times(&mut self, model: Model, lo: u32, hi: Option<u32>) -> Option<Model> {
        Some(match model {
            Model::Element { element, min, max, nillable } => {
                Model::Element { element, min: multiply_min(min, lo), max: multiply(max, hi), nillable }
            }
            Model::Any { wildcard, min, max } => Model::Any { wildcard, min: multiply_min(min, lo), max: multiply(max, hi) },
            Model::Items { body, min, max } => Model::Items { body, min: multiply_min(min, lo), max: multiply(max, hi) },
            Model::Group { compositor, particles, min, .. } if many(hi) => {
                return self.normalise_group(compositor, particles, multiply_min(min, lo), hi);
            }
            Model::Group { compositor, particles, min, .. } => {
                Model::Group { compositor, particles, min: multiply_min(min, lo), max: Some(1) }
            }
        })
    }
}

/// A choice of several particles in normal form: nested choices join it; in a repeated one a branch's occurrences do not count.
fn normalise_choice(particles: Vec<Model>, mut min: u32, mut max: Option<u32>) -> Model {
    let repeats = many(max);
    let mut kids = Vec::with_capacity(particles.len());
    for particle in particles {
        match particle {
            Model::Group { compositor: Compositor::Choice, particles: inner, min: m, .. } => {
                min = if m == 0 { 0 } else { min };
                kids.extend(inner);
            }
            Model::Items { body, min: m, max: inner_max } if repeats => match *body {
                Model::Group { compositor: Compositor::Choice, particles: inner, .. } => {
                    (min, max) = (if m == 0 { 0 } else { min }, None);
                    kids.extend(inner);
                }
                body => {
                    min = if m == 0 { 0 } else { min };
                    max = if many(inner_max) { None } else { max };
                    kids.push(body);
                }
            },
            p => {
                min = if p.min() == 0 { 0 } else { min };
                if repeats {
                    max = if many(p.max()) { None } else { max };
                    kids.push(p.once());
                } else {
                    kids.push(p);
                }
            }
        }
    }
    if repeats {
        items(Model::Group { compositor: Compositor::Choice, particles: kids, min: 1, max: Some(1) }, min, max)
    } else {
        Model::Group { compositor: Compositor::Choice, particles: kids, min, max: Some(1) }
    }
}

fn items(body: Model, min: u32, max: Option<u32>) -> Model {
    let min = if body.may_be_empty() { 0 } else { min };
    Model::Items { body: Box::new(body), min, max }
}

fn many(max: Option<u32>) -> bool {
    max.is_none_or(|m| m > 1)
}

fn multiply_min(a: u32, b: u32) -> u32 {
    a.saturating_mul(b)
}

fn multiply(a: Option<u32>, b: Option<u32>) -> Option<u32> {
    match (a, b) {
        (Some(0), _) | (_, Some(0)) => Some(0),
        (Some(a), Some(b)) => Some(a.saturating_mul(b)),
        _ => None,
    }
}

impl Model {
    pub(super) fn min(&self) -> u32 {
        match self {
            Self::Element { min, .. } | Self::Any { min, .. } | Self::Group { min, .. } | Self::Items { min, .. } => *min,
        }
    }

    pub(super) fn max(&self) -> Option<u32> {
        match self {
            Self::Element { max, .. } | Self::Any { max, .. } | Self::Group { max, .. } | Self::Items { max, .. } => *max,
        }
    }

    /// The same, exactly once.
    fn once(self) -> Self {
        match self {
            Self::Element { element, nillable, .. } => Self::Element { element, min: 1, max: Some(1), nillable },
            Self::Any { wildcard, .. } => Self::Any { wildcard, min: 1, max: Some(1) },
            Self::Group { compositor, particles, .. } => Self::Group { compositor, particles, min: 1, max: Some(1) },
            Self::Items { body, .. } => *body,
        }
    }

    /// May it stand for no element at all?
    pub(super) fn may_be_empty(&self) -> bool {
        if self.min() == 0 {
            return true;
        }
        match self {
            Self::Group { compositor: Compositor::Choice, particles, .. } => particles.iter().any(Self::may_be_empty),
            Self::Group { particles, .. } => particles.iter().all(Self::may_be_empty),
            Self::Items { body, .. } => body.may_be_empty(),
            Self::Element { .. } | Self::Any { .. } => false,
        }
    }

    /// Nothing but wildcards, and at least one?
    pub(super) fn is_only_wildcards(&self) -> bool {
        match self {
            Self::Any { .. } => true,
            Self::Group { particles, .. } => !particles.is_empty() && particles.iter().all(Self::is_only_wildcards),
            Self::Element { .. } | Self::Items { .. } => false,
        }
    }

    /// The element particles in schema order, those of repeated groups too.
    pub(super) fn elements(&self, out: &mut Vec<(ElementId, bool)>) {
        match self {
            Self::Element { element, nillable, .. } => out.push((*element, *nillable)),
            Self::Any { .. } => {}
            Self::Group { particles, .. } => particles.iter().for_each(|p| p.elements(out)),
            Self::Items { body, .. } => body.elements(out),
        }
    }
}

//! How deep the shallowest value of each type is: recursion takes the way that ends.

use crate::plan::Program;
use crate::plan::node::{
    Compositor, Content, Element, ElementId, Group, Particle, PlaceKind, Shape, ShapeId, SoapArray, Type, TypeBody, TypeId,
};

/// Levels of elements; `None` where there is no end.
type Depth = Option<u32>;

/// Rounds until nothing changes, at most: no value is deeper than messages may be.
const MAX_ROUNDS: u32 = 400;

/// The least depth of each type and shape.
#[derive(Debug)]
pub(super) struct Ways {
    types: Vec<Depth>,
    shapes: Vec<Depth>,
}

impl Ways {
    pub(super) fn new(program: &Program) -> Self {
        let mut ways = Self { types: vec![None; program.types.len()], shapes: vec![None; program.shapes.len()] };
        for _ in 0..MAX_ROUNDS {
            if !ways.round(program) {
                break;
            }
        }
        ways
    }

    fn round(&mut self, program: &Program) -> bool {
        let mut changed = false;
        for (ix, shape) in program.shapes.iter().enumerate() {
            let depth = shape.model.as_ref().map_or(Some(0), |m| self.particle(program, shape, m));
            changed |= lower(&mut self.shapes[ix], depth);
        }
        for (ix, type_) in program.types.iter().enumerate() {
            let depth = self.body(type_);
            changed |= lower(&mut self.types[ix], depth);
        }
        changed
    }

    fn body(&self, type_: &Type) -> Depth {
        if type_.is_abstract {
            return type_.derived.iter().filter_map(|t| self.type_(*t)).min();
        }
        match &type_.body {
            TypeBody::Simple(_) | TypeBody::Generic | TypeBody::SoapArray(SoapArray { .. }) => Some(0),
            TypeBody::Complex(complex) => match &complex.content {
                Content::Simple(_) => Some(0),
                Content::Elements(shape) | Content::Mixed(shape) => self.shape(*shape),
            },
        }
    }

    /// The least depth of a value of the type.
    pub(super) fn type_(&self, id: TypeId) -> Depth {
        self.types.get(id.index()).copied().flatten()
    }

    /// The least depth of what an object of the shape holds.
    pub(super) fn shape(&self, id: ShapeId) -> Depth {
        self.shapes.get(id.index()).copied().flatten()
    }

    /// The least depth of an element; `nillable` where it stands.
    pub(super) fn element(&self, element: &Element, nillable: bool) -> Depth {
        if nillable { Some(0) } else { self.type_(element.type_) }
    }

    /// The least depth of a particle that is there.
    pub(super) fn particle(&self, program: &Program, shape: &Shape, particle: &Particle) -> Depth {
        match particle {
            Particle::Place(ix) => {
                let place = shape.places.get(*ix as usize)?;
                if place.min == 0 { Some(0) } else { self.place(program, &place.kind, place.nillable) }
            }
            Particle::Group(group) if group.optional => Some(0),
            Particle::Group(group) => self.group(program, shape, group),
        }
    }

    /// The least depth of a group that is there.
    pub(super) fn group(&self, program: &Program, shape: &Shape, group: &Group) -> Depth {
        let mut depths = group.particles.iter().map(|p| self.particle(program, shape, p));
        match group.compositor {
            Compositor::Choice if group.particles.is_empty() => Some(0),
            Compositor::Choice => depths.flatten().min(),
            Compositor::Sequence | Compositor::All => depths.try_fold(0, |most, d| Some(most.max(d?))),
        }
    }

    /// May the particle be left out?
    pub(super) fn is_optional(&self, shape: &Shape, particle: &Particle) -> bool {
        match particle {
            Particle::Place(ix) => shape.places.get(*ix as usize).is_none_or(|p| p.min == 0),
            Particle::Group(group) => group.optional,
        }
    }

    /// The least depth of one of what stands at a place.
    pub(super) fn place(&self, program: &Program, kind: &PlaceKind, nillable: bool) -> Depth {
        match kind {
            PlaceKind::Element(id) => Some(self.element(program.element(*id), nillable)?.saturating_add(1)),
            PlaceKind::Items(inner) => self.shape(*inner),
            PlaceKind::Any(_) => Some(1),
        }
    }

    /// Of these elements the shallowest that ends, the first of several.
    pub(super) fn shallowest(&self, program: &Program, elements: &[ElementId]) -> Option<ElementId> {
        let ending = elements.iter().filter_map(|id| Some((self.element(program.element(*id), false)?, *id)));
        ending.min_by_key(|(depth, _)| *depth).map(|(_, id)| id)
    }
}

fn lower(known: &mut Depth, found: Depth) -> bool {
    let better = match (*known, found) {
        (None, Some(_)) => true,
        (Some(old), Some(new)) => new < old,
        (_, None) => false,
    };
    if better {
        *known = found;
    }
    better
}

//! How deep the shallowest value of each type is, so that recursion takes the way that ends.

use super::model::{Kind, Model, NodeId, NodeKind};
use crate::schema::model::{Compositor, ElementId, GroupId, TypeId};

/// Levels of elements; `None` where there is no end.
pub(super) type Depth = Option<u32>;

/// Rounds until nothing changes, at most: no message is deeper.
const MAX_ROUNDS: u32 = 100;

/// The least depth of each type, element and model group definition.
#[derive(Debug, Default)]
pub(super) struct Shallow {
    types: Vec<Depth>,
    elements: Vec<Depth>,
    groups: Vec<Depth>,
}

impl Shallow {
    pub(super) fn new(model: &Model<'_>) -> Self {
        let set = model.schemas;
        let mut known =
            Self { types: vec![None; set.types.len()], elements: vec![None; set.elements.len()], groups: vec![None; set.groups.len()] };
        for _ in 0..MAX_ROUNDS {
            if !known.round(model) {
                break;
            }
        }
        known
    }

    fn round(&mut self, model: &Model<'_>) -> bool {
        let set = model.schemas;
        let ids = |n: usize| (0..u32::try_from(n).unwrap_or(0)).collect::<Vec<_>>();
        let mut changed = false;
        for ix in ids(set.groups.len()) {
            let found = self.term(model, model.group(GroupId(ix)));
            changed |= lower(&mut self.groups, ix, found);
        }
        for ix in ids(set.types.len()) {
            let found = self.value(model, TypeId(ix));
            changed |= lower(&mut self.types, ix, found);
        }
        for ix in ids(set.elements.len()) {
            let declaration = model.element(ElementId(ix));
            let own = match declaration {
                d if d.is_abstract => None,
                d if d.nillable && d.fixed.is_none() => Some(0),
                d => self.type_(d.type_definition),
            };
            let members = model.members(ElementId(ix)).iter().filter_map(|m| self.element(*m)).min();
            changed |= lower(&mut self.elements, ix, own.into_iter().chain(members).min());
        }
        changed
    }

    fn value(&self, model: &Model<'_>, id: TypeId) -> Depth {
        let info = model.type_(id);
        if info.is_abstract {
            return info.derived.iter().filter_map(|t| self.type_(*t)).min();
        }
        match &info.kind {
            Kind::Any | Kind::Simple(_) | Kind::Array(_) => Some(0),
            Kind::Elements { parts, .. } => parts.iter().try_fold(0, |most, p| Some(most.max(self.node(model, *p)?))),
        }
    }

    /// The least depth of a value of the type.
    pub(super) fn type_(&self, id: TypeId) -> Depth {
        self.types.get(id.index()).copied().flatten()
    }

    /// The least depth of the element or of one that may stand for it.
    pub(super) fn element(&self, id: ElementId) -> Depth {
        self.elements.get(id.index()).copied().flatten()
    }

    /// The least depth of what must stand at a node.
    pub(super) fn node(&self, model: &Model<'_>, id: NodeId) -> Depth {
        if model.node(id).min == 0 { Some(0) } else { self.term(model, id) }
    }

    /// The least depth of one of what may stand at a node.
    pub(super) fn term(&self, model: &Model<'_>, id: NodeId) -> Depth {
        match &model.node(id).kind {
            NodeKind::Element(e) => Some(self.element(*e)?.saturating_add(1)),
            NodeKind::Named(group) => self.groups.get(group.index()).copied().flatten(),
            NodeKind::Any(_) | NodeKind::Undeclared(_) => Some(1),
            NodeKind::Group(Compositor::Choice, children) if !children.is_empty() => {
                children.iter().filter_map(|c| self.node(model, *c)).min()
            }
            NodeKind::Group(_, children) => children.iter().try_fold(0, |most, c| Some(most.max(self.node(model, *c)?))),
        }
    }
}

fn lower(known: &mut [Depth], ix: u32, found: Depth) -> bool {
    let Some(place) = known.get_mut(ix as usize) else { return false };
    let better = found.is_some_and(|new| place.is_none_or(|old| new < old));
    if better {
        *place = found;
    }
    better
}

//! Which alternatives of the schema messages have shown, and how far it is to those that they have not.

use std::collections::{HashMap, HashSet, VecDeque};

use super::model::{Kind, Model, NodeId, NodeKind};
use crate::plan::scalar::Primitive;
use crate::schema::model::{Compositor, DerivationSet, ElementId, ProcessContents, TypeDefinition, TypeId, Variety};
use crate::xml::datatypes::FacetKind;

/// Values of one enumeration that count as alternatives, at most.
const MAX_VALUES: usize = 100;
/// Types that derive from a built-in simple type and count as alternatives where it is declared, at most.
const MAX_SIMPLE: usize = 5;
/// Kinds of content of `xs:anyType`.
pub(super) const GENERIC_KINDS: u8 = 8;
/// Beyond this nothing is near.
pub(super) const FAR: u32 = u32::MAX;

/// One of the ways in which a schema lets messages differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Alternative {
    /// A particle that may be left out is there.
    Present(NodeId),
    /// It is not.
    Absent(NodeId),
    /// A particle that may be repeated is.
    Many(NodeId),
    /// A branch of a choice.
    Branch(NodeId, NodeId),
    /// An element in place of the head of its substitution group.
    Member(ElementId, ElementId),
    /// A type in place of the declared one.
    Derived(TypeId, TypeId),
    Nil(ElementId),
    /// An element with a default or fixed value stands empty.
    Empty(ElementId),
    Attribute(TypeId, usize),
    NoAttribute(TypeId, usize),
    AnyAttribute(TypeId),
    /// An element that nobody declares, at a wildcard.
    Undeclared(NodeId),
    /// A global element, at a wildcard.
    Declared(NodeId),
    /// A value of an enumeration, a member of a union.
    Value(TypeId, usize),
    /// Text between elements.
    Text(TypeId),
    /// A kind of content of `xs:anyType`.
    Generic(u8),
}

/// A group of alternatives as a report names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Construct {
    /// Particles that may be there or not, once or several times.
    Occurrences,
    /// Branches of choices.
    Branches,
    /// Members of substitution groups.
    Substitutions,
    /// Types in place of declared ones.
    DerivedTypes,
    /// Nil, default and fixed values.
    Nil,
    /// Attributes there or not.
    Attributes,
    /// What wildcards and `xs:anyType` hold, text in mixed content.
    Wildcards,
    /// Values of enumerations and members of unions.
    Values,
}

impl Construct {
    /// All, in the order of a report.
    pub const ALL: [Self; 8] = [
        Self::Occurrences,
        Self::Branches,
        Self::Substitutions,
        Self::DerivedTypes,
        Self::Nil,
        Self::Attributes,
        Self::Wildcards,
        Self::Values,
    ];

    /// In words, as the key of a report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Occurrences => "occurrences",
            Self::Branches => "choice branches",
            Self::Substitutions => "substitutions",
            Self::DerivedTypes => "derived types",
            Self::Nil => "nil and defaults",
            Self::Attributes => "attributes",
            Self::Wildcards => "wildcards and mixed",
            Self::Values => "enumerations and unions",
        }
    }
}

impl Alternative {
    fn construct(self) -> Construct {
        match self {
            Self::Present(_) | Self::Absent(_) | Self::Many(_) => Construct::Occurrences,
            Self::Branch(..) => Construct::Branches,
            Self::Member(..) => Construct::Substitutions,
            Self::Derived(..) => Construct::DerivedTypes,
            Self::Nil(_) | Self::Empty(_) => Construct::Nil,
            Self::Attribute(..) | Self::NoAttribute(..) | Self::AnyAttribute(_) => Construct::Attributes,
            Self::Undeclared(_) | Self::Declared(_) | Self::Text(_) | Self::Generic(_) => Construct::Wildcards,
            Self::Value(..) => Construct::Values,
        }
    }
}

/// How many alternatives there are, and how many were shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reached {
    /// Shown by a message at least.
    pub reached: usize,
    /// That there are.
    pub of: usize,
}

/// A component that alternatives belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Vertex {
    Type(TypeId),
    /// Types in place of a declared one, where so much is blocked: once for all places that declare it.
    Declared(TypeId, DerivationSet),
    Element(ElementId),
    Group(u32),
}

#[derive(Debug, Clone, Copy)]
struct State {
    vertex: usize,
    shown: u32,
    /// It was tried and cannot be made.
    impossible: bool,
}

/// The bookkeeping.
pub(super) struct Coverage {
    states: HashMap<Alternative, State>,
    vertices: HashMap<Vertex, usize>,
    /// Of each vertex: how many of its alternatives are open.
    open: Vec<u32>,
    /// Of each vertex, those that lead to it.
    from: Vec<Vec<usize>>,
    distance: Vec<u32>,
    /// Of each vertex: does it stand where its places do, and not a step further?
    is_place: Vec<bool>,
    /// Has a vertex lost its last open alternative since distances were found?
    is_outdated: bool,
    /// Alternatives shown.
    pub(super) shown: usize,
    /// Of each primitive, how many values were taken from its list of those at which mappings have failed before.
    turns: HashMap<Primitive, usize>,
}

impl Coverage {
    /// Everything that can be reached from these.
    pub(super) fn new(model: &Model<'_>, roots: &[Vertex]) -> Self {
        let mut made = Self {
            states: HashMap::new(),
            vertices: HashMap::new(),
            open: Vec::new(),
            from: Vec::new(),
            distance: Vec::new(),
            is_place: Vec::new(),
            is_outdated: true,
            shown: 0,
            turns: HashMap::new(),
        };
        let mut todo: VecDeque<Vertex> = VecDeque::new();
        for root in roots {
            made.vertex(*root, &mut todo);
        }
        while let Some(at) = todo.pop_front() {
            let from = made.vertex(at, &mut todo);
            let mut found = Found::default();
            found.of(model, at);
            for alternative in found.alternatives {
                if let std::collections::hash_map::Entry::Vacant(place) = made.states.entry(alternative) {
                    place.insert(State { vertex: from, shown: 0, impossible: false });
                    if let Some(open) = made.open.get_mut(from) {
                        *open += 1;
                    }
                }
            }
            for next in found.next {
                let to = made.vertex(next, &mut todo);
                if let Some(list) = made.from.get_mut(to) {
                    list.push(from);
                }
            }
        }
        made.measure();
        made
    }

    fn vertex(&mut self, vertex: Vertex, todo: &mut VecDeque<Vertex>) -> usize {
        if let Some(known) = self.vertices.get(&vertex) {
            return *known;
        }
        let ix = self.open.len();
        self.vertices.insert(vertex, ix);
        self.open.push(0);
        self.from.push(Vec::new());
        self.distance.push(FAR);
        self.is_place.push(matches!(vertex, Vertex::Declared(..)));
        todo.push_back(vertex);
        ix
    }

    /// Finds anew how far it is from each component to an open alternative.
    pub(super) fn measure(&mut self) {
        if !std::mem::take(&mut self.is_outdated) {
            return;
        }
        self.distance.iter_mut().for_each(|d| *d = FAR);
        let mut todo: VecDeque<usize> = VecDeque::new();
        for (ix, open) in self.open.iter().enumerate() {
            if *open > 0 {
                todo.push_back(ix);
                if let Some(d) = self.distance.get_mut(ix) {
                    *d = 0;
                }
            }
        }
        while let Some(at) = todo.pop_front() {
            let is_place = self.is_place.get(at).copied().unwrap_or(false);
            let next = self.distance.get(at).map_or(FAR, |d| d.saturating_add(u32::from(!is_place)));
            for from in self.from.get(at).into_iter().flatten() {
                if let Some(d) = self.distance.get_mut(*from).filter(|d| **d > next) {
                    *d = next;
                    // The near ones first, so that each is gone through once.
                    if is_place { todo.push_front(*from) } else { todo.push_back(*from) }
                }
            }
        }
    }

    /// Steps from a component to the nearest that has an open alternative; [`FAR`] where there is none.
    pub(super) fn distance(&self, vertex: Vertex) -> u32 {
        self.vertices.get(&vertex).and_then(|ix| self.distance.get(*ix)).copied().unwrap_or(FAR)
    }

    /// Has the component an alternative that was not shown yet?
    pub(super) fn has_open(&self, vertex: Vertex) -> bool {
        self.vertices.get(&vertex).and_then(|ix| self.open.get(*ix)).is_some_and(|open| *open > 0)
    }

    /// Was it not shown yet, though it may be?
    pub(super) fn is_open(&self, alternative: Alternative) -> bool {
        self.states.get(&alternative).is_some_and(|s| s.shown == 0 && !s.impossible)
    }

    /// How often it was shown; what cannot be made counts as often.
    pub(super) fn times(&self, alternative: Alternative) -> u32 {
        self.states.get(&alternative).map_or(0, |s| if s.impossible { u32::MAX } else { s.shown })
    }

    /// It is shown by a message.
    pub(super) fn show(&mut self, alternative: Alternative) {
        let Some(state) = self.states.get_mut(&alternative) else { return };
        if state.shown == 0 {
            self.shown += 1;
            let was_open = !state.impossible;
            if let Some(open) = self.open.get_mut(state.vertex).filter(|_| was_open) {
                *open = open.saturating_sub(1);
                self.is_outdated |= *open == 0;
            }
        }
        state.shown = state.shown.saturating_add(1);
        state.impossible = false;
    }

    /// It cannot be made: it is not tried again.
    pub(super) fn give_up(&mut self, alternative: Alternative) {
        let Some(state) = self.states.get_mut(&alternative) else { return };
        if state.shown == 0 && !state.impossible {
            state.impossible = true;
            if let Some(open) = self.open.get_mut(state.vertex) {
                *open = open.saturating_sub(1);
                self.is_outdated |= *open == 0;
            }
        }
    }

    /// Which value of a primitive's list is next: all have their turn.
    pub(super) fn turn(&mut self, primitive: Primitive) -> usize {
        let turn = self.turns.entry(primitive).or_default();
        *turn = turn.wrapping_add(1);
        *turn
    }

    /// For each construct that occurs, how much of it was shown.
    pub(super) fn reached(&self) -> Vec<(Construct, Reached)> {
        let mut all = HashMap::<Construct, Reached>::new();
        for (alternative, state) in &self.states {
            let entry = all.entry(alternative.construct()).or_default();
            entry.of += 1;
            entry.reached += usize::from(state.shown > 0);
        }
        Construct::ALL.into_iter().filter_map(|c| Some((c, all.get(&c).copied()?))).collect()
    }
}

/// What one component has, and where it leads.
#[derive(Default)]
struct Found {
    alternatives: Vec<Alternative>,
    next: Vec<Vertex>,
}

impl Found {
    fn of(&mut self, model: &Model<'_>, vertex: Vertex) {
        match vertex {
            Vertex::Type(id) => self.type_(model, id),
            Vertex::Declared(id, block) => {
                for derived in derived(model, id, block) {
                    self.alternatives.push(Alternative::Derived(id, derived));
                    self.next.push(Vertex::Type(derived));
                }
            }
            Vertex::Element(id) => self.element(model, id),
            Vertex::Group(ix) => self.nodes(model, &[model.group(crate::schema::model::GroupId(ix))]),
        }
    }

    fn element(&mut self, model: &Model<'_>, id: ElementId) {
        let declaration = model.element(id);
        for member in model.members(id) {
            self.alternatives.push(Alternative::Member(id, *member));
            self.next.push(Vertex::Element(*member));
        }
        if declaration.is_abstract {
            return;
        }
        if declaration.nillable && declaration.fixed.is_none() {
            self.alternatives.push(Alternative::Nil(id));
        }
        let is_text = matches!(model.type_(declaration.type_definition).kind, Kind::Simple(_));
        if is_text && (declaration.default.is_some() || declaration.fixed.is_some()) {
            self.alternatives.push(Alternative::Empty(id));
        }
        if declaration.fixed.is_some() {
            return;
        }
        self.declared(model, declaration.type_definition, declaration.block);
    }

    /// A place where that type is declared.
    fn declared(&mut self, model: &Model<'_>, id: TypeId, block: DerivationSet) {
        self.next.push(Vertex::Type(id));
        if !model.type_(id).derived.is_empty() {
            self.next.push(Vertex::Declared(id, block));
        }
    }

    fn type_(&mut self, model: &Model<'_>, id: TypeId) {
        let info = model.type_(id);
        if info.is_abstract {
            return;
        }
        for (ix, (_, attribute)) in info.attributes.iter().enumerate() {
            self.alternatives.push(Alternative::Attribute(id, ix));
            if !attribute.required {
                self.alternatives.push(Alternative::NoAttribute(id, ix));
            }
            if attribute.fixed.is_none() {
                self.next.push(Vertex::Type(model.schemas.attribute(attribute.attribute).type_definition));
            }
        }
        if info.any_attribute.is_some() {
            self.alternatives.push(Alternative::AnyAttribute(id));
        }
        match &info.kind {
            Kind::Any => self.alternatives.extend((0..GENERIC_KINDS).map(Alternative::Generic)),
            Kind::Simple(text) if *text == id => self.simple(model, id),
            Kind::Simple(text) => self.next.push(Vertex::Type(*text)),
            Kind::Array(array) => self.declared(model, array.item_type, Default::default()),
            Kind::Elements { parts, mixed } => {
                if *mixed {
                    self.alternatives.push(Alternative::Text(id));
                }
                self.nodes(model, parts);
            }
        }
    }

    fn simple(&mut self, model: &Model<'_>, id: TypeId) {
        let TypeDefinition::Simple(t) = model.schemas.type_definition(id) else { return };
        let values = t.facets.iter().filter(|f| f.kind == FacetKind::Enumeration).count().min(MAX_VALUES);
        if values > 0 {
            self.alternatives.extend((0..values).map(|ix| Alternative::Value(id, ix)));
            return;
        }
        match &t.variety {
            Variety::List(item) => self.next.push(Vertex::Type(*item)),
            Variety::Union(members) => {
                self.alternatives.extend((0..members.len()).map(|ix| Alternative::Value(id, ix)));
                self.next.extend(members.iter().map(|m| Vertex::Type(*m)));
            }
            Variety::Atomic(_) | Variety::Ur => {}
        }
        // Values of the base are values that this one is chosen from.
        self.next.extend(t.base.filter(|b| *b != id && t.document.is_some()).map(Vertex::Type));
    }

    /// Nodes of a content model; those of model group definitions are their own.
    fn nodes(&mut self, model: &Model<'_>, parts: &[NodeId]) {
        let mut seen = HashSet::new();
        let mut todo: Vec<NodeId> = parts.to_vec();
        while let Some(id) = todo.pop() {
            if !seen.insert(id) {
                continue;
            }
            let node = model.node(id);
            if node.min == 0 {
                self.alternatives.push(Alternative::Absent(id));
            }
            // What has no end cannot be there.
            if model.shallow.term(model, id).is_none() {
                continue;
            }
            if node.min == 0 {
                self.alternatives.push(Alternative::Present(id));
            }
            if node.max.is_none_or(|m| m > 1 && m > node.min) && node.min < 2 {
                self.alternatives.push(Alternative::Many(id));
            }
            match &node.kind {
                NodeKind::Element(e) => self.next.push(Vertex::Element(*e)),
                NodeKind::Named(group) => self.next.push(Vertex::Group(group.0)),
                NodeKind::Undeclared(_) => {}
                NodeKind::Any(wildcard) => {
                    if wildcard.process_contents != ProcessContents::Strict {
                        self.alternatives.push(Alternative::Undeclared(id));
                    }
                    if wildcard.process_contents != ProcessContents::Skip && !model.globals_for(&wildcard.namespaces).is_empty() {
                        self.alternatives.push(Alternative::Declared(id));
                    }
                }
                NodeKind::Group(compositor, children) => {
                    if *compositor == Compositor::Choice && children.len() > 1 {
                        let branches = children.iter().filter(|c| model.shallow.term(model, **c).is_some());
                        self.alternatives.extend(branches.map(|c| Alternative::Branch(id, *c)));
                    }
                    todo.extend(children);
                }
            }
        }
    }
}

/// Types that count as alternatives where `id` is declared.
pub(super) fn derived<'m>(model: &'m Model<'_>, id: TypeId, block: DerivationSet) -> impl Iterator<Item = TypeId> + 'm {
    let is_builtin = matches!(model.schemas.type_definition(id), TypeDefinition::Simple(t) if t.document.is_none());
    model.derived(id, block).take(if is_builtin { MAX_SIMPLE } else { usize::MAX })
}

//! What can only be said when every component is read: varieties, inherited text, heads, circles, tables.

use std::collections::{HashMap, HashSet};

use super::cycles::longest_paths;
use crate::diagnostic::Span;
use crate::schema::builtin::ANY_SIMPLE_TYPE;
use crate::schema::codes;
use crate::schema::model::{Content, ElementId, GroupId, ModelGroup, SchemaSet, Term, TypeDefinition, TypeId, Variety};
use crate::schema::parse::Builder;

/// Derivation steps of one type (LIMITS), the author's only; heads above one element of a substitution group.
const MAX_DERIVATION: usize = 64;
/// Members of a union, those of its members counted as often as they are reached: each may have to be tried for a value.
const MAX_MEMBERS: usize = 10_000;
/// Members that the restrictions of unions inherit, all together.
const MAX_INHERITED_MEMBERS: usize = 1_000_000;
/// Levels of groups inside groups, definitions included.
const MAX_GROUP_DEPTH: usize = 200;

impl Builder<'_> {
    /// Completes the set.
    pub(super) fn finish(&mut self) {
        if self.stopped {
            return;
        }
        self.cut_base_circles();
        self.inherit_text();
        self.simple_references();
        self.cut_base_circles();
        self.cut_member_circles();
        self.varieties();
        self.groups();
        self.substitution_groups();
        self.derived_types();
        self.count_undeclared();
    }

    fn span_of(&self, id: TypeId) -> Option<Span> {
        match self.set.types.get(id.index())? {
            TypeDefinition::Simple(t) => t.span,
            TypeDefinition::Complex(t) => t.span,
        }
    }

    fn describe(&self, id: TypeId) -> String {
        let name = self.set.types.get(id.index()).and_then(TypeDefinition::name);
        name.map_or_else(|| "an anonymous type".to_owned(), |n| format!("the type `{n}`"))
    }

    /// Circles of `base` are cut, and chains measured.
    fn cut_base_circles(&mut self) {
        let types = &self.set.types;
        let own = |id: TypeId| types.get(id.index()).is_some_and(|t| t.document().is_some());
        let paths = longest_paths(types.len(), |n| types[n].base().map(|b| (b.index(), usize::from(own(b)))).into_iter().collect());
        let deepest = (0..paths.lengths.len()).max_by_key(|i| paths.lengths[*i]);
        for (from, _) in paths.back_edges {
            let id = TypeId(from as u32);
            if let Some(span) = self.span_of(id) {
                let message = format!("{} is derived from itself; the circle is cut here", self.describe(id));
                self.warn(&codes::CYCLIC_TYPE, message, span);
            }
            match &mut self.set.types[from] {
                TypeDefinition::Simple(t) => t.base = Some(ANY_SIMPLE_TYPE),
                TypeDefinition::Complex(t) => t.base = Some(SchemaSet::ANY_TYPE),
            }
        }
        if let Some(deepest) = deepest.filter(|i| paths.lengths[*i] > MAX_DERIVATION) {
            let id = TypeId(deepest as u32);
            let message = format!("{} is derived in more than {MAX_DERIVATION} steps", self.describe(id));
            let span = self.span_of(id);
            self.stop(&message, span);
        }
    }

    /// The simple type of a type's text.
    fn text_of(&self, id: TypeId) -> Option<TypeId> {
        match self.set.types.get(id.index())? {
            TypeDefinition::Simple(_) => Some(id),
            TypeDefinition::Complex(t) => match t.content {
                Content::Simple(text) => Some(text),
                Content::Complex(_) => None,
            },
        }
    }

    /// The text of each simpleContent, bases first.
    fn inherit_text(&mut self) {
        let pending = std::mem::take(&mut self.pending_text);
        let by_type: HashMap<TypeId, usize> = pending.iter().enumerate().map(|(i, p)| (p.complex, i)).collect();
        let mut done = vec![false; pending.len()];
        for start in 0..pending.len() {
            let mut chain = Vec::new();
            let mut at = Some(start);
            while let Some(i) = at.filter(|i| !done[*i]) {
                done[i] = true;
                chain.push(i);
                let base = self.set.types[pending[i].complex.index()].base();
                at = base.and_then(|b| by_type.get(&b).copied());
            }
            for p in chain.into_iter().rev().map(|i| &pending[i]) {
                let base = self.set.types[p.complex.index()].base().unwrap_or(ANY_SIMPLE_TYPE);
                let text = self.text_of(base);
                if text.is_none() && base != SchemaSet::ANY_TYPE && !p.own_has_base {
                    let message = format!("simpleContent derives from {}, which has no simple content", self.describe(base));
                    self.warn(&codes::WRONG_KIND, message, p.span);
                }
                let text = text.unwrap_or(ANY_SIMPLE_TYPE);
                match p.own {
                    None => {
                        if let Some(TypeDefinition::Complex(t)) = self.set.types.get_mut(p.complex.index()) {
                            t.content = Content::Simple(text);
                        }
                    }
                    Some(own) if !p.own_has_base => {
                        if let Some(TypeDefinition::Simple(t)) = self.set.types.get_mut(own.index()) {
                            t.base = Some(text);
                        }
                    }
                    Some(_) => {}
                }
            }
        }
    }

    /// Bases, items and members of simple types, and types of attributes, are simple: where they are not, the text's type is taken.
    fn simple_references(&mut self) {
        for index in 0..self.set.types.len() {
            let TypeDefinition::Simple(t) = &self.set.types[index] else { continue };
            let Some(span) = t.span else { continue };
            let base = t.base;
            let variety = t.variety.clone();
            let base = base.map(|b| self.simple(b, span));
            let variety = match variety {
                Variety::List(item) => Variety::List(self.simple(item, span)),
                Variety::Union(members) => Variety::Union(members.into_iter().map(|m| self.simple(m, span)).collect()),
                other => other,
            };
            if let TypeDefinition::Simple(t) = &mut self.set.types[index] {
                t.base = base;
                t.variety = variety;
            }
        }
        for index in 0..self.set.attributes.len() {
            let (id, span) = (self.set.attributes[index].type_definition, self.set.attributes[index].span);
            self.set.attributes[index].type_definition = self.simple(id, span);
        }
    }

    fn simple(&mut self, id: TypeId, span: Span) -> TypeId {
        if matches!(self.set.types.get(id.index()), Some(TypeDefinition::Simple(_))) {
            return id;
        }
        if id != SchemaSet::ANY_TYPE {
            let message = format!("{} is complex, and a simple type is needed here", self.describe(id));
            self.warn(&codes::WRONG_KIND, message, span);
        }
        self.text_of(id).unwrap_or(ANY_SIMPLE_TYPE)
    }

    /// Lists of themselves and unions with themselves are cut, and nesting measured.
    fn cut_member_circles(&mut self) {
        let types = &self.set.types;
        let edges = |n: usize| -> Vec<(usize, usize)> {
            let TypeDefinition::Simple(t) = &types[n] else { return Vec::new() };
            let base = t.base.filter(|b| types[b.index()].document().is_some());
            let members: &[TypeId] = match &t.variety {
                Variety::List(item) => std::slice::from_ref(item),
                Variety::Union(members) => members,
                Variety::Ur | Variety::Atomic(_) => &[],
            };
            base.iter().chain(members).map(|id| (id.index(), 1)).collect()
        };
        let paths = longest_paths(types.len(), edges);
        let too_deep = paths.lengths.iter().position(|l| *l > MAX_DERIVATION);
        let too_many = members(&paths.lengths, edges).into_iter().position(|n| n > MAX_MEMBERS);
        for (from, to) in paths.back_edges {
            let id = TypeId(from as u32);
            if let Some(span) = self.span_of(id) {
                let message = format!("{} contains itself; the circle is cut here", self.describe(id));
                self.warn(&codes::CYCLIC_TYPE, message, span);
            }
            if let TypeDefinition::Simple(t) = &mut self.set.types[from] {
                match &mut t.variety {
                    Variety::List(item) => *item = ANY_SIMPLE_TYPE,
                    Variety::Union(members) => members.retain(|m| m.index() != to),
                    Variety::Ur | Variety::Atomic(_) => t.base = Some(ANY_SIMPLE_TYPE),
                }
            }
        }
        let deep = too_deep.map(|at| (at, format!("is nested more than {MAX_DERIVATION} levels deep")));
        let wide = too_many.map(|at| (at, format!("has more than {MAX_MEMBERS} members, those of its members counted")));
        if let Some((index, what)) = deep.or(wide) {
            let id = TypeId(index as u32);
            let span = self.span_of(id);
            self.stop(&format!("{} {what}", self.describe(id)), span);
        }
    }

    /// A restriction has its base's variety.
    fn varieties(&mut self) {
        let mut open: HashSet<TypeId> = self.restrictions.iter().copied().collect();
        let mut inherited = 0_usize;
        for start in std::mem::take(&mut self.restrictions) {
            let mut chain = Vec::new();
            let mut at = start;
            while open.remove(&at) {
                chain.push(at);
                at = self.set.types[at.index()].base().unwrap_or(ANY_SIMPLE_TYPE);
            }
            let TypeDefinition::Simple(known) = &self.set.types[at.index()] else { continue };
            let variety = known.variety.clone();
            if let Variety::Union(members) = &variety {
                inherited = inherited.saturating_add(members.len().saturating_mul(chain.len()));
                if inherited > MAX_INHERITED_MEMBERS {
                    let message = format!("restrictions of unions inherit more than {MAX_INHERITED_MEMBERS} members");
                    return self.stop(&message, self.span_of(start));
                }
            }
            for id in chain {
                if let Some(TypeDefinition::Simple(t)) = self.set.types.get_mut(id.index()) {
                    t.variety = variety.clone();
                }
            }
        }
    }

    /// Groups that contain themselves are told of, and nesting measured.
    fn groups(&mut self) {
        let groups = &self.set.groups;
        let paths = longest_paths(groups.len(), |n| {
            let mut edges = Vec::new();
            group_references(&groups[n].model_group, 1, &mut edges);
            edges
        });
        let too_deep = paths.lengths.iter().position(|l| *l > MAX_GROUP_DEPTH);
        for (from, to) in paths.back_edges {
            let (span, name) = (self.set.groups[from].span, self.set.groups[to].name.clone());
            let message = format!("the group `{name}` contains itself by this one; the inner reference is read as empty");
            self.warn(&codes::CYCLIC_GROUP, message, span);
        }
        if let Some(index) = too_deep {
            let span = self.set.groups[index].span;
            self.stop("groups are nested more than 200 levels deep", Some(span));
        }
    }

    /// Head → members; members without a type have their head's.
    fn substitution_groups(&mut self) {
        let elements = &self.set.elements;
        let paths = longest_paths(elements.len(), |n| elements[n].substitution_group.map(|h| (h.index(), 1)).into_iter().collect());
        if let Some(deepest) = paths.lengths.iter().position(|l| *l > MAX_DERIVATION).and_then(|i| elements.get(i)) {
            let message = format!("`{}` stands in for heads in more than {MAX_DERIVATION} steps", deepest.name);
            let span = deepest.span;
            self.stop(&message, Some(span));
            return;
        }
        for (from, _) in paths.back_edges {
            let element = &mut self.set.elements[from];
            element.substitution_group = None;
            let (span, message) = (element.span, format!("`{}` stands in for itself; that is ignored", element.name));
            self.warn(&codes::CYCLIC_SUBSTITUTION, message, span);
        }
        let mut without: HashSet<ElementId> = self.without_type.iter().copied().collect();
        for start in std::mem::take(&mut self.without_type) {
            let mut chain = Vec::new();
            let mut at = Some(start);
            while let Some(id) = at.filter(|id| without.remove(id)) {
                chain.push(id);
                at = self.set.element(id).substitution_group;
            }
            let Some(head) = at else { continue };
            let type_definition = self.set.element(head).type_definition;
            for id in chain {
                self.set.elements[id.index()].type_definition = type_definition;
            }
        }
        for (index, element) in self.set.elements.iter().enumerate() {
            if let Some(head) = element.substitution_group {
                self.set.substitution_groups.entry(head).or_default().push(ElementId(index as u32));
            }
        }
    }

    /// Type → named types that derive from it. An original that is redefined cannot be named: what derives from it derives from
    /// its base.
    fn derived_types(&mut self) {
        let shadowed: HashSet<TypeId> = self.original_types.values().copied().collect();
        for (index, definition) in self.set.types.iter().enumerate() {
            let id = TypeId(index as u32);
            if definition.name().is_none() || definition.document().is_none() || shadowed.contains(&id) {
                continue;
            }
            let mut base = definition.base();
            while let Some(original) = base.filter(|b| shadowed.contains(b)) {
                base = self.set.types[original.index()].base();
            }
            if let Some(base) = base.filter(|b| self.set.types[b.index()].document().is_some()) {
                self.set.derived.entry(base).or_default().push(id);
            }
        }
    }
}

/// How many nodes without edges are reached from each, every way counted, and at least one. `lengths` are those of the longest paths.
fn members(lengths: &[usize], edges: impl Fn(usize) -> Vec<(usize, usize)>) -> Vec<usize> {
    let mut order: Vec<usize> = (0..lengths.len()).collect();
    order.sort_by_key(|n| lengths.get(*n).copied().unwrap_or_default());
    let mut counts = vec![1_usize; lengths.len()];
    for node in order {
        let of = |target: usize| counts.get(target).copied().unwrap_or(1);
        let sum = edges(node).into_iter().fold(0_usize, |sum, (target, _)| sum.saturating_add(of(target)));
        if let Some(count) = counts.get_mut(node) {
            *count = sum.max(1);
        }
    }
    counts
}

/// The group references inside a group with the levels above each.
fn group_references(group: &ModelGroup, depth: usize, found: &mut Vec<(usize, usize)>) {
    for particle in &group.particles {
        match &particle.term {
            Term::Group(GroupId(id)) => found.push((*id as usize, depth)),
            Term::ModelGroup(inner) => group_references(inner, depth + 1, found),
            Term::Element(_) | Term::Wildcard(_) | Term::Undeclared(_) => {}
        }
    }
}

//! The schema components as a proof needs them: content models with numbered nodes, inherited attributes, who may stand for whom.
//!
//! Made from the [`SchemaSet`] alone and never from a plan: what the compiler misunderstands must not be misunderstood here as well.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;

use super::shallow::Shallow;
use super::simple;
use crate::plan::scalar::Scalar;
use crate::schema::SchemaSet;
use crate::schema::model::{
    AttributeUse, ComplexType, Compositor, Content, Derivation, DerivationSet, ElementDeclaration, ElementId, GroupId, NamespaceConstraint,
    Particle, ScopeId, Term, TypeDefinition, TypeId, Wildcard,
};
use crate::xml::{QName, ns};

/// Types in types, at most: more is a circle that nobody reported.
const MAX_BASES: usize = 100;

/// Components that a choice behind a wildcard or at `xs:anyType` is made among, at most.
const MAX_CHOICE: usize = 40;
/// A global element that is deeper stands at no wildcard.
const MAX_GLOBAL_DEPTH: u32 = 20;

/// A node of a content model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct NodeId(u32);

/// A particle in its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) min: u32,
    pub(super) max: Option<u32>,
    pub(super) kind: NodeKind,
}

/// What stands at a node.
#[derive(Debug)]
pub(super) enum NodeKind {
    Element(ElementId),
    Group(Compositor, Vec<NodeId>),
    /// A model group definition.
    Named(GroupId),
    Any(Wildcard),
    Undeclared(QName),
}

/// What a type's value is.
#[derive(Debug)]
pub(super) enum Kind {
    /// `xs:anyType`.
    Any,
    /// Text of that simple type.
    Simple(TypeId),
    /// Elements, the inherited ones first.
    Elements { parts: Vec<NodeId>, mixed: bool },
    /// An array of SOAP encoding.
    Array(ArrayType),
}

/// What a schema says of an array of SOAP encoding.
#[derive(Debug, Clone)]
pub(super) struct ArrayType {
    pub(super) item: QName,
    pub(super) item_type: TypeId,
    pub(super) tag: QName,
    /// Its dimensions, innermost first, by their ranks.
    pub(super) ranks: Vec<usize>,
    /// Is it one of SOAP 1.2's encoding?
    pub(super) soap12: bool,
}

/// A type with what it inherits.
#[derive(Debug)]
pub(super) struct TypeInfo {
    pub(super) kind: Kind,
    pub(super) attributes: Vec<(QName, AttributeUse)>,
    pub(super) any_attribute: Option<Wildcard>,
    /// Concrete named types that derive from it, directly or not.
    pub(super) derived: Vec<TypeId>,
    pub(super) is_abstract: bool,
}

/// All of it.
pub(super) struct Model<'d> {
    pub(super) schemas: &'d SchemaSet,
    nodes: Vec<Node>,
    types: Vec<TypeInfo>,
    groups: Vec<NodeId>,
    members: Vec<Vec<ElementId>>,
    scalars: Vec<Arc<Scalar>>,
    pub(super) shallow: Shallow,
    /// Of each namespace the global elements that wildcards hold: the shallowest, in document order among equals.
    globals: BTreeMap<Option<String>, Vec<ElementId>>,
    /// Types that a value of `xs:anyType` may say to be of.
    pub(super) plain_types: Vec<TypeId>,
}

impl<'d> Model<'d> {
    /// Looks at every component once.
    pub(super) fn new(schemas: &'d SchemaSet) -> Self {
        let mut builder = Builder { schemas, nodes: Vec::new(), own: Vec::new() };
        builder.own = schemas.types.iter().map(|t| own_particle(t).map(|p| builder.node(p))).collect();
        let groups: Vec<NodeId> = schemas
            .groups
            .iter()
            .map(|g| {
                let children = g.model_group.particles.iter().map(|p| builder.node(p)).collect();
                builder.push(1, Some(1), NodeKind::Group(g.model_group.compositor, children))
            })
            .collect();
        let types = (0..schemas.types.len()).map(|ix| builder.type_(TypeId(u32::try_from(ix).unwrap_or(0)))).collect();
        let members = (0..schemas.elements.len()).map(|ix| members(schemas, ElementId(u32::try_from(ix).unwrap_or(0)))).collect();
        let nodes = builder.nodes;
        let scalars = simple::scalars(schemas);
        let mut made = Self {
            schemas,
            nodes,
            types,
            groups,
            members,
            scalars,
            shallow: Shallow::default(),
            globals: BTreeMap::new(),
            plain_types: Vec::new(),
        };
        made.shallow = Shallow::new(&made);
        made.globals = made.globals();
        made.plain_types = made.plain_types();
        made
    }

    fn globals(&self) -> BTreeMap<Option<String>, Vec<ElementId>> {
        let set = self.schemas;
        let mut globals: BTreeMap<Option<String>, Vec<ElementId>> = BTreeMap::new();
        for id in (0..u32::try_from(set.elements.len()).unwrap_or(0)).map(ElementId) {
            let declaration = set.element(id);
            let is_shallow = || self.shallow.element(id).is_some_and(|d| d < MAX_GLOBAL_DEPTH);
            let is_known = || set.element_names.get(&declaration.name) == Some(&id);
            if declaration.is_global && !declaration.is_abstract && is_known() && is_shallow() {
                globals.entry(declaration.name.namespace().map(str::to_owned)).or_default().push(id);
            }
        }
        for of_one in globals.values_mut() {
            of_one.sort_by_key(|e| self.shallow.element(*e));
            of_one.truncate(MAX_CHOICE);
        }
        globals
    }

    fn plain_types(&self) -> Vec<TypeId> {
        let set = self.schemas;
        let ids = (0..u32::try_from(set.types.len()).unwrap_or(0)).map(TypeId);
        let plain = ids.filter(|id| {
            let info = self.type_(*id);
            let fits = matches!(info.kind, Kind::Elements { .. } | Kind::Simple(_)) && !info.is_abstract;
            let own = set.type_definition(*id).document().is_some_and(|d| set.documents.get(d.index()).is_some_and(|d| !d.standard));
            fits && own && set.type_definition(*id).name().is_some() && self.shallow.type_(*id).is_some_and(|d| d < 3)
        });
        plain.take(MAX_CHOICE).collect()
    }

    /// Global elements that a wildcard of that constraint admits: some of the shallowest, the abstract and endless ones left out.
    pub(super) fn globals_for(&self, namespaces: &NamespaceConstraint) -> Vec<ElementId> {
        let admitted = self.globals.iter().filter(|(namespace, _)| namespaces.admits(namespace.as_deref()));
        let mut found: Vec<ElementId> = admitted.flat_map(|(_, of_one)| of_one.iter().copied()).collect();
        found.sort_by_key(|e| (self.shallow.element(*e), e.index()));
        found.truncate(MAX_CHOICE);
        found
    }

    #[allow(clippy::indexing_slicing, reason = "ids are made here, for this model")]
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    #[allow(clippy::indexing_slicing, reason = "one for each type of the set")]
    pub(super) fn type_(&self, id: TypeId) -> &TypeInfo {
        &self.types[id.index()]
    }

    pub(super) fn element(&self, id: ElementId) -> &'d ElementDeclaration {
        self.schemas.element(id)
    }

    pub(super) fn group(&self, id: GroupId) -> NodeId {
        self.groups.get(id.index()).copied().unwrap_or(NodeId(0))
    }

    /// Elements that may stand for that one, the abstract ones left out.
    pub(super) fn members(&self, id: ElementId) -> &[ElementId] {
        self.members.get(id.index()).map_or(&[], Vec::as_slice)
    }

    /// The simple type of that id; of a complex type with simple content, that of its text.
    #[allow(clippy::indexing_slicing, reason = "one for each type of the set")]
    pub(super) fn scalar(&self, id: TypeId) -> &Arc<Scalar> {
        match self.type_(id).kind {
            Kind::Simple(text) => &self.scalars[text.index()],
            Kind::Any | Kind::Elements { .. } | Kind::Array(_) => &self.scalars[id.index()],
        }
    }

    /// Concrete types that may stand where `declared` is declared for an element that blocks so much.
    pub(super) fn derived(&self, declared: TypeId, block: DerivationSet) -> impl Iterator<Item = TypeId> + '_ {
        let own = match self.schemas.type_definition(declared) {
            TypeDefinition::Complex(t) => t.block,
            TypeDefinition::Simple(_) => DerivationSet::default(),
        };
        let (extension, restriction) = (block.extension || own.extension, block.restriction || own.restriction);
        self.type_(declared).derived.iter().copied().filter(move |t| {
            (!extension && !restriction)
                || !self.steps(*t, declared).any(|d| if d == Derivation::Extension { extension } else { restriction })
        })
    }

    /// How `from` derives from `to`, step by step.
    fn steps(&self, from: TypeId, to: TypeId) -> impl Iterator<Item = Derivation> + '_ {
        let mut at = from;
        std::iter::from_fn(move || {
            if at == to {
                return None;
            }
            let (base, how) = match self.schemas.type_definition(at) {
                TypeDefinition::Complex(t) => (t.base, t.derivation),
                TypeDefinition::Simple(t) => (t.base, Derivation::Restriction),
            };
            at = base.filter(|b| *b != at)?;
            Some(how)
        })
        .take(MAX_BASES)
    }

    /// Is `ancestor` the type or one that it derives from?
    pub(super) fn derives(&self, type_: TypeId, ancestor: TypeId) -> bool {
        let up = std::iter::successors(Some(type_), |t| self.schemas.type_definition(*t).base().filter(|b| b != t));
        up.take(MAX_BASES).any(|t| t == ancestor)
    }

    /// The nodes of a content model, those in groups too, each once.
    pub(super) fn all_nodes(&self, parts: &[NodeId]) -> Vec<NodeId> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut todo: Vec<NodeId> = parts.iter().rev().copied().collect();
        while let Some(id) = todo.pop() {
            if !seen.insert(id) {
                continue;
            }
            found.push(id);
            match &self.node(id).kind {
                NodeKind::Group(_, children) => todo.extend(children.iter().rev()),
                NodeKind::Named(group) => todo.push(self.group(*group)),
                NodeKind::Element(_) | NodeKind::Any(_) | NodeKind::Undeclared(_) => {}
            }
        }
        found
    }

    /// The expanded name that a lexical QName of a schema document means.
    pub(super) fn resolve(&self, scope: ScopeId, text: &str) -> QName {
        simple::resolve(self.schemas, scope, text)
    }
}

/// The particle that a type itself declares.
fn own_particle(t: &TypeDefinition) -> Option<&Particle> {
    match t {
        TypeDefinition::Complex(ComplexType { content: Content::Complex(particle), .. }) => particle.as_ref(),
        TypeDefinition::Complex(_) | TypeDefinition::Simple(_) => None,
    }
}

struct Builder<'d> {
    schemas: &'d SchemaSet,
    nodes: Vec<Node>,
    /// Of each type, what it declares itself.
    own: Vec<Option<NodeId>>,
}

impl Builder<'_> {
    fn push(&mut self, min: u32, max: Option<u32>, kind: NodeKind) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(Node { min, max, kind });
        id
    }

    fn node(&mut self, particle: &Particle) -> NodeId {
        let kind = match &particle.term {
            Term::Element(id) => NodeKind::Element(*id),
            Term::ModelGroup(group) => {
                let children = group.particles.iter().map(|p| self.node(p)).collect();
                NodeKind::Group(group.compositor, children)
            }
            Term::Group(id) => NodeKind::Named(*id),
            Term::Wildcard(wildcard) => NodeKind::Any(wildcard.clone()),
            Term::Undeclared(name) => NodeKind::Undeclared(name.clone()),
        };
        self.push(particle.min, particle.max, kind)
    }

    fn complex(&self, id: TypeId) -> Option<&ComplexType> {
        match self.schemas.type_definition(id) {
            TypeDefinition::Complex(t) => Some(t),
            TypeDefinition::Simple(_) => None,
        }
    }

    /// The type and those it derives from, itself first, `xs:anyType` and simple types not among them.
    fn line(&self, id: TypeId) -> Vec<TypeId> {
        let up = std::iter::successors(Some(id), |t| {
            self.complex(*t)?.base.filter(|b| b != t && *b != SchemaSet::ANY_TYPE && self.complex(*b).is_some())
        });
        up.take(MAX_BASES).collect()
    }

    fn type_(&self, id: TypeId) -> TypeInfo {
        let derived = self.derived(id);
        let Some(t) = self.complex(id) else {
            return TypeInfo { kind: Kind::Simple(id), attributes: Vec::new(), any_attribute: None, derived, is_abstract: false };
        };
        if id == SchemaSet::ANY_TYPE {
            return TypeInfo { kind: Kind::Any, attributes: Vec::new(), any_attribute: None, derived: Vec::new(), is_abstract: false };
        }
        let (attributes, any_attribute) = self.attributes(id);
        let kind = match (self.array(id), &t.content) {
            (Some(array), _) => Kind::Array(array),
            (None, Content::Simple(simple)) => Kind::Simple(*simple),
            (None, Content::Complex(_)) => Kind::Elements { parts: self.parts(id), mixed: self.is_mixed(id) },
        };
        TypeInfo { kind, attributes, any_attribute, derived, is_abstract: t.is_abstract }
    }

    /// The content model of a type: what it extends, then its own.
    fn parts(&self, id: TypeId) -> Vec<NodeId> {
        let mut parts = Vec::new();
        for t in self.line(id) {
            parts.extend(self.own.get(t.index()).copied().flatten());
            if self.complex(t).is_none_or(|c| c.derivation == Derivation::Restriction) {
                break;
            }
        }
        parts.reverse();
        parts
    }

    fn is_mixed(&self, id: TypeId) -> bool {
        for t in self.line(id) {
            match self.complex(t) {
                Some(c) if c.mixed => return true,
                Some(c) if c.derivation == Derivation::Extension && matches!(c.content, Content::Complex(None)) => {}
                Some(_) | None => return false,
            }
        }
        false
    }

    /// The oldest first; a type's own replace those, or take them away.
    fn attributes(&self, id: TypeId) -> (Vec<(QName, AttributeUse)>, Option<Wildcard>) {
        let mut list: Vec<(QName, AttributeUse)> = Vec::new();
        let mut wildcard = None;
        for t in self.line(id).into_iter().rev() {
            let Some(c) = self.complex(t) else { continue };
            // The attributes of SOAP encoding's own types are the encoding's, not data.
            if c.name.as_ref().is_some_and(is_encoding) {
                continue;
            }
            for attribute in &c.attribute_uses {
                let name = self.schemas.attribute(attribute.attribute).name.clone();
                if is_encoding(&name) || name.namespace() == Some(ns::WSDL) {
                    continue;
                }
                list.retain(|(n, _)| *n != name);
                list.push((name, attribute.clone()));
            }
            list.retain(|(n, _)| !c.prohibited.contains(n));
            wildcard = match c.derivation {
                Derivation::Extension => c.attribute_wildcard.clone().or(wildcard),
                Derivation::Restriction => c.attribute_wildcard.clone(),
            };
        }
        (list, wildcard)
    }

    /// What a type says of itself as an array of SOAP encoding (SOAP 1.1, section 5.4.2).
    fn array(&self, id: TypeId) -> Option<ArrayType> {
        let mut line = self.line(id);
        line.reverse();
        let root = self.complex(*line.first()?)?;
        let root = root.name.as_ref().filter(|n| is_encoding(n) && n.local() == "Array")?;
        let soap12 = root.namespace() == Some(ns::SOAPENC12);
        let any = QName::new(ns::XSD, "anyType");
        let mut array =
            ArrayType { item: any.clone(), item_type: SchemaSet::ANY_TYPE, tag: QName::local_only("item"), ranks: vec![1], soap12 };
        for t in line.iter().skip(1).filter_map(|t| self.complex(*t)) {
            let element = match &t.content {
                Content::Complex(Some(particle)) => self.first_element(particle, 0),
                Content::Complex(None) | Content::Simple(_) => None,
            };
            let mut item = None;
            if let Some((text, scope)) = &t.array_type {
                let (name, dimensions) = text.trim().split_once('[').unwrap_or((text.trim(), ""));
                item = Some(simple::resolve(self.schemas, *scope, name.trim()));
                let ranks: Vec<usize> = dimensions.split_terminator(']').map(|d| d.bytes().filter(|b| *b == b',').count() + 1).collect();
                if !ranks.is_empty() {
                    array.ranks = ranks;
                }
            }
            if let Some(element) = element.map(|e| self.schemas.element(e)) {
                array.tag = element.name.clone();
                let by_element = self.schemas.type_definition(element.type_definition).name();
                item = item.or_else(|| by_element.filter(|n| **n != any).cloned());
            }
            if let Some(item) = item {
                array.item_type = self.schemas.type_names.get(&item).copied().unwrap_or(SchemaSet::ANY_TYPE);
                array.item = item;
            }
        }
        Some(array)
    }

    fn first_element(&self, particle: &Particle, depth: usize) -> Option<ElementId> {
        match &particle.term {
            Term::Element(id) => Some(*id),
            Term::ModelGroup(group) if depth < MAX_BASES => group.particles.iter().find_map(|p| self.first_element(p, depth + 1)),
            Term::ModelGroup(_) | Term::Group(_) | Term::Wildcard(_) | Term::Undeclared(_) => None,
        }
    }

    fn derived(&self, id: TypeId) -> Vec<TypeId> {
        let mut found = Vec::new();
        if id == SchemaSet::ANY_TYPE {
            return found;
        }
        let mut seen = HashSet::from([id]);
        let mut todo: VecDeque<TypeId> = self.schemas.derived.get(&id).into_iter().flatten().copied().collect();
        while let Some(t) = todo.pop_front() {
            if !seen.insert(t) {
                continue;
            }
            let is_abstract = self.complex(t).is_some_and(|c| c.is_abstract);
            if !is_abstract && self.schemas.type_definition(t).name().is_some() {
                found.push(t);
            }
            todo.extend(self.schemas.derived.get(&t).into_iter().flatten());
        }
        found
    }
}

/// Elements that may stand for a head (part 1, 3.3.6), through other heads too.
fn members(schemas: &SchemaSet, head: ElementId) -> Vec<ElementId> {
    let mut found = Vec::new();
    if schemas.element(head).block.substitution {
        return found;
    }
    let mut seen = HashSet::from([head]);
    let mut todo: VecDeque<ElementId> = schemas.substitution_groups.get(&head).into_iter().flatten().copied().collect();
    while let Some(e) = todo.pop_front() {
        if seen.insert(e) {
            if !schemas.element(e).is_abstract {
                found.push(e);
            }
            todo.extend(schemas.substitution_groups.get(&e).into_iter().flatten());
        }
    }
    found
}

/// Is it a name of SOAP encoding?
pub(super) fn is_encoding(name: &QName) -> bool {
    matches!(name.namespace(), Some(ns::SOAPENC11 | ns::SOAPENC12))
}

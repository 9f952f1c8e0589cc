//! What the messages of an API are made of: which types are met, which of them need a component, and under which name.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::names::Names;
use crate::plan::Program;
use crate::plan::node::{Body, Content, ElementId, MessagePlan, PlaceKind, ShapeId, Slot, TypeBody, TypeId};
use crate::plan::scalar::Scalar;
use crate::xml::ns;

/// The types that a document speaks of.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// Keys of the types that are components: named ones, and anonymous ones that stand at several places or are a global element's.
    pub(super) keys: HashMap<TypeId, String>,
    /// Types that some declaration names; others are met in place of their ancestors only.
    pub(super) declared: HashSet<TypeId>,
    /// Types that may stand in place of an ancestor that is met.
    pub(super) substitutes: HashSet<TypeId>,
    /// Simple types of attributes and of texts that are components, by where the plan has them.
    pub(super) scalars: HashMap<*const Scalar, Shared>,
}

/// A simple type that is a component wherever it stands, so that a long enumeration is written once.
#[derive(Debug)]
pub(super) enum Shared {
    /// The named type of a schema.
    Type(TypeId),
    /// An anonymous enumeration that stands at several places: its key.
    Anonymous(String),
}

/// Is it a built-in type? Those stand inline.
pub(super) fn is_builtin(program: &Program, id: TypeId) -> bool {
    // A WSDL may bring a copy of the schema for schemas along: its complex types, which refer to each other, are types like any other.
    let type_ = program.type_(id);
    !matches!(type_.body, TypeBody::Complex(_)) && type_.name.is_some_and(|n| &**program.names.uri(program.names.namespace(n)) == ns::XSD)
}

/// The types that may stand in place of `id`, as far as a document says so: of a simple type only those with attributes, of a built-in
/// type none, else every string would be a choice of everything.
pub(super) fn substitutes(program: &Program, id: TypeId) -> Vec<TypeId> {
    let type_ = program.type_(id);
    if is_builtin(program, id) || Some(id) == program.any_type {
        return Vec::new();
    }
    match &type_.body {
        TypeBody::Simple(_) => type_.derived.iter().copied().filter(|d| matches!(program.type_(*d).body, TypeBody::Complex(_))).collect(),
        TypeBody::Complex(_) => type_.derived.clone(),
        TypeBody::Generic | TypeBody::SoapArray(_) => Vec::new(),
    }
}

impl Reach {
    /// Everything that the bodies of these messages, and these parts, are made of.
    pub(super) fn of(program: &Program, messages: &[&MessagePlan], details: &[&Slot], names: &mut Names) -> Self {
        let mut walk = Walk {
            program,
            reach: Self::default(),
            seen: HashSet::new(),
            order: Vec::new(),
            places: HashMap::new(),
            todo: Vec::new(),
            shapes: HashSet::new(),
            named: named_scalars(program),
            texts: Vec::new(),
            text_places: HashMap::new(),
        };
        for message in messages {
            match &message.body {
                Body::Empty | Body::Undefined { .. } => {}
                Body::Element(slot) => walk.slot(slot),
                Body::Parts(parts) | Body::Rpc { parts, .. } => parts.iter().for_each(|p| walk.slot(p)),
            }
            walk.drain();
        }
        for detail in details {
            walk.slot(detail);
            walk.drain();
        }
        walk.name(names)
    }
}

/// The named simple types of the schemas.
fn named_scalars(program: &Program) -> HashMap<*const Scalar, TypeId> {
    let ids = (0..u32::try_from(program.types.len()).unwrap_or(0)).map(TypeId);
    let named = ids.filter(|id| program.type_(*id).name.is_some() && !is_builtin(program, *id));
    named
        .filter_map(|id| match &program.type_(id).body {
            TypeBody::Simple(scalar) => Some((Arc::as_ptr(scalar), id)),
            TypeBody::Complex(_) | TypeBody::Generic | TypeBody::SoapArray(_) => None,
        })
        .collect()
}

/// Where an anonymous type stands.
struct Standing {
    count: u32,
    element: Option<ElementId>,
    global: bool,
}

struct Walk<'a> {
    program: &'a Program,
    reach: Reach,
    seen: HashSet<TypeId>,
    order: Vec<TypeId>,
    places: HashMap<TypeId, Standing>,
    todo: Vec<TypeId>,
    shapes: HashSet<ShapeId>,
    named: HashMap<*const Scalar, TypeId>,
    /// Simple types of attributes and of texts, each once, and what names the first place.
    texts: Vec<(&'a Arc<Scalar>, &'a str)>,
    /// At how many places each stands.
    text_places: HashMap<*const Scalar, u32>,
}

impl<'a> Walk<'a> {
    fn slot(&mut self, slot: &Slot) {
        if slot.members.is_empty() {
            self.declare(slot.type_, slot.element);
        }
        for member in &slot.members {
            self.element(*member);
        }
    }

    fn element(&mut self, id: ElementId) {
        self.declare(self.program.element(id).type_, Some(id));
    }

    fn declare(&mut self, id: TypeId, element: Option<ElementId>) {
        self.reach.declared.insert(id);
        let global = element.is_some_and(|e| self.program.globals.get(&self.program.element(e).name) == Some(&e));
        let standing = self.places.entry(id).or_insert(Standing { count: 0, element, global: false });
        standing.count += 1;
        if global && !standing.global {
            standing.global = true;
            standing.element = element;
        }
        self.todo.push(id);
    }

    fn drain(&mut self) {
        let program = self.program;
        while let Some(id) = self.todo.pop() {
            if !self.seen.insert(id) {
                continue;
            }
            self.order.push(id);
            for substitute in substitutes(program, id) {
                self.reach.substitutes.insert(substitute);
                self.todo.push(substitute);
            }
            match &program.type_(id).body {
                TypeBody::Simple(_) | TypeBody::Generic => {}
                TypeBody::SoapArray(array) => self.declare(array.item_type, None),
                TypeBody::Complex(complex) => {
                    for attribute in &complex.attributes {
                        self.text(&attribute.scalar, attribute.key.trim_start_matches('@'));
                    }
                    match &complex.content {
                        Content::Simple(scalar) => self.text(scalar, &program.type_(id).label),
                        Content::Elements(shape) | Content::Mixed(shape) => self.shape(*shape),
                    }
                }
            }
        }
    }

    /// An attribute or a text of that type.
    fn text(&mut self, scalar: &'a Arc<Scalar>, name: &'a str) {
        let places = self.text_places.entry(Arc::as_ptr(scalar)).or_default();
        *places = places.saturating_add(1);
        if *places == 1 {
            self.texts.push((scalar, name));
        }
    }

    /// The shape and those of its `Items`: nested as deep as the schema's groups are.
    fn shape(&mut self, id: ShapeId) {
        let mut todo = vec![id];
        while let Some(id) = todo.pop() {
            if !self.shapes.insert(id) {
                continue;
            }
            for place in &self.program.shape(id).places {
                match &place.kind {
                    PlaceKind::Element(element) => self.element(*element),
                    PlaceKind::Items(inner) => todo.push(*inner),
                    PlaceKind::Any(_) => {}
                }
            }
        }
    }

    /// Named types take their names first, so that an anonymous one never changes them.
    fn name(mut self, names: &mut Names) -> Reach {
        let program = self.program;
        for id in &self.order {
            let type_ = program.type_(*id);
            if type_.name.is_some() && !is_builtin(program, *id) && !matches!(type_.body, TypeBody::Generic) {
                self.reach.keys.insert(*id, names.unique(&type_.label.replace(':', ".")));
            }
        }
        for id in &self.order {
            let type_ = program.type_(*id);
            let Some(standing) = self.places.get(id) else { continue };
            let is_component = matches!(type_.body, TypeBody::Complex(_)) && (standing.count > 1 || standing.global);
            if type_.name.is_none() && is_component {
                let wish: Arc<str> =
                    standing.element.map_or_else(|| "Anonymous".into(), |e| program.names.local(program.element(e).name).clone());
                self.reach.keys.insert(*id, names.unique(&wish));
            }
        }
        self.name_texts(names);
        self.reach
    }

    /// Last, so that what attributes have changes no name of a type.
    fn name_texts(&mut self, names: &mut Names) {
        for (scalar, name) in std::mem::take(&mut self.texts) {
            let at = Arc::as_ptr(scalar);
            let shared = match self.named.get(&at) {
                Some(id) => {
                    let label = &self.program.type_(*id).label;
                    self.reach.keys.entry(*id).or_insert_with(|| names.unique(&label.replace(':', ".")));
                    Shared::Type(*id)
                }
                None if scalar.enumeration().is_some() && self.text_places.get(&at).is_some_and(|n| *n > 1) => {
                    Shared::Anonymous(names.unique(&name.replace(':', ".")))
                }
                None => continue,
            };
            self.reach.scalars.insert(at, shared);
        }
    }
}

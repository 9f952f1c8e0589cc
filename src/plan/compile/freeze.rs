//! Frozen names: what a lock file says is used, what was chosen is given back to be written there.
//!
//! Only choices are frozen: keys that differ from the plain rule (and their rivals), `$type` labels with a prefix, flattened
//! wrappers. A name that has no rival needs no memory.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::Compiler;
use crate::api::Lock;
use crate::plan::node::{ComplexType, Content, NameId, PlaceKind, Program, Shape, ShapeId, TypeBody};
use crate::schema::SchemaSet;
use crate::schema::model::{self as xsd, Term, TypeDefinition};
use crate::xml::QName;

/// The key of every type in a lock: `{ns}Name`, or for an anonymous one the way to it, from `/` and a global element or from a named type.
pub(super) fn type_keys(schemas: &SchemaSet) -> HashMap<xsd::TypeId, String> {
    let mut keys = HashMap::new();
    let mut todo: Vec<(xsd::TypeId, String)> = Vec::new();
    for (i, t) in schemas.types.iter().enumerate() {
        let id = xsd::TypeId(i as u32);
        if let Some(name) = t.name() {
            let original = if schemas.type_names.get(name) == Some(&id) { "" } else { "#original" };
            todo.push((id, format!("{name}{original}")));
        }
    }
    let mut globals: Vec<_> = schemas.element_names.iter().collect();
    globals.sort();
    todo.extend(globals.into_iter().map(|(name, id)| (schemas.element(*id).type_definition, format!("/{name}"))));
    // Anonymous types stand below these; each has one declaration, so the first way found is the only one.
    let mut at = 0;
    while let Some((id, key)) = todo.get(at).cloned() {
        at += 1;
        let anonymous = schemas.type_definition(id).name().is_none();
        if keys.contains_key(&id) || (!anonymous && key.starts_with('/')) {
            continue;
        }
        if let TypeDefinition::Complex(xsd::ComplexType { content: xsd::Content::Complex(Some(particle)), .. }) =
            schemas.type_definition(id)
        {
            children(schemas, &particle.term, &key, &mut todo);
        }
        keys.insert(id, key);
    }
    keys
}

fn children(schemas: &SchemaSet, term: &Term, key: &str, todo: &mut Vec<(xsd::TypeId, String)>) {
    match term {
        Term::Element(e) => {
            let element = schemas.element(*e);
            if !element.is_global && schemas.type_definition(element.type_definition).name().is_none() {
                todo.push((element.type_definition, format!("{key}/{}", element.name)));
            }
        }
        Term::ModelGroup(g) => g.particles.iter().for_each(|p| children(schemas, &p.term, key, todo)),
        // Types inside a group definition belong to no single type: their names follow the plain rule.
        Term::Group(_) | Term::Wildcard(_) | Term::Undeclared(_) => {}
    }
}

impl Compiler<'_> {
    /// The frozen keys of a type's elements: expanded name (with `#2` for a later place) → key.
    pub(super) fn frozen_elements(&self, id: xsd::TypeId) -> HashMap<QName, Arc<str>> {
        self.frozen(id, |lock| &lock.element_keys)
    }

    /// The frozen keys of a type's attributes.
    pub(super) fn frozen_attributes(&self, id: xsd::TypeId) -> HashMap<QName, Arc<str>> {
        self.frozen(id, |lock| &lock.attribute_keys)
    }

    fn frozen(&self, id: xsd::TypeId, table: impl Fn(&Lock) -> &BTreeMap<String, BTreeMap<String, String>>) -> HashMap<QName, Arc<str>> {
        let keys = self.settings.lock.as_ref().and_then(|lock| table(lock).get(self.type_keys.get(&id)?));
        keys.into_iter().flatten().map(|(name, key)| (parse_clark(name), key.as_str().into())).collect()
    }

    /// Does the lock flatten this type? `None` without a lock.
    pub(super) fn frozen_flat(&self, id: xsd::TypeId) -> Option<bool> {
        let lock = self.settings.lock.as_ref()?;
        Some(self.type_keys.get(&id).is_some_and(|k| lock.flattened.contains(k)))
    }

    /// Everything that was chosen; with `all`, also every name that needs no memory as long as it has no rival.
    pub(super) fn freeze(&self, all: bool) -> Lock {
        let mut lock = Lock { version: Lock::VERSION, ..Lock::default() };
        let program = &self.program;
        for (i, t) in program.types.iter().enumerate() {
            let Some(key) = self.type_keys.get(&xsd::TypeId(i as u32)) else { continue };
            let is_choice = |n: &NameId| all || t.label.contains(':') || self.names.has_rivals(self.program.names.local(*n));
            if let Some(name) = t.name.filter(|n| is_choice(n) && !super::names::is_told_by_prefix(&self.qname(*n))) {
                lock.type_labels.insert(program.names.clark(name), t.label.to_string());
            }
            let TypeBody::Complex(complex) = &t.body else { continue };
            if complex.is_flat {
                lock.flattened.insert(key.clone());
            }
            let elements = chosen(program, &element_keys(program, complex), all);
            if !elements.is_empty() {
                lock.element_keys.insert(key.clone(), elements);
            }
            let attributes: Vec<_> = complex.attributes.iter().map(|a| (a.name, 0, a.key.clone())).collect();
            let attributes = chosen(program, &attributes, all);
            if !attributes.is_empty() {
                lock.attribute_keys.insert(key.clone(), attributes);
            }
        }
        for operation in &program.operations {
            for fault in &operation.faults {
                let key = Lock::operation_key(&operation.port_type, &operation.name, operation.overload);
                lock.fault_names.entry(key).or_default().insert(fault.name.to_string(), fault.name.to_string());
            }
        }
        lock
    }
}

/// (name, which place, key) of a type's elements, those of repeated groups too.
fn element_keys(program: &Program, complex: &ComplexType) -> Vec<(NameId, usize, Arc<str>)> {
    fn walk(program: &Program, shape: &Shape, seen: &mut Seen, out: &mut Vec<(NameId, usize, Arc<str>)>) {
        let mut inner: Vec<ShapeId> = Vec::new();
        for place in &shape.places {
            match &place.kind {
                PlaceKind::Element(e) => {
                    let name = program.element(*e).name;
                    if seen.keys.insert((name, place.key.clone())) {
                        let count = seen.counts.entry(name).or_default();
                        out.push((name, *count, place.key.clone()));
                        *count += 1;
                    }
                }
                PlaceKind::Items(shape) => inner.push(*shape),
                PlaceKind::Any(_) => {}
            }
        }
        inner.into_iter().for_each(|s| walk(program, program.shape(s), seen, out));
    }
    #[derive(Default)]
    struct Seen {
        keys: HashSet<(NameId, Arc<str>)>,
        counts: HashMap<NameId, usize>,
    }
    let mut out = Vec::new();
    match complex.content {
        Content::Elements(shape) | Content::Mixed(shape) => walk(program, program.shape(shape), &mut Seen::default(), &mut out),
        Content::Simple(_) => {}
    }
    out
}

/// Of the names that share a local part or were numbered, or of all: name → key.
fn chosen(program: &Program, keys: &[(NameId, usize, Arc<str>)], all: bool) -> BTreeMap<String, String> {
    let mut by_local: HashMap<&Arc<str>, usize> = HashMap::new();
    for (name, ..) in keys {
        *by_local.entry(program.names.local(*name)).or_default() += 1;
    }
    let rivals = |name: NameId| all || by_local.get(program.names.local(name)).is_some_and(|n| *n > 1);
    let place = |name: NameId, nth: usize| match nth {
        0 => program.names.clark(name),
        n => format!("{}#{}", program.names.clark(name), n + 1),
    };
    keys.iter().filter(|(name, ..)| rivals(*name)).map(|(name, nth, key)| (place(*name, *nth), key.to_string())).collect()
}

/// `{ns}local` as a name.
pub(super) fn parse_clark(text: &str) -> QName {
    match text.strip_prefix('{').and_then(|t| t.split_once('}')) {
        Some((namespace, local)) => QName::new(namespace, local),
        None => QName::local_only(text),
    }
}

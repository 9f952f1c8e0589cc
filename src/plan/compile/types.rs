//! Types and elements: schema components → nodes. Ids are the same on both sides, so that recursion needs no look-up.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use super::Compiler;
use super::content::{Model, Wild};
use super::shape::{TypeKeys, element_names};
use crate::plan::node::{
    Admits, Attribute, ComplexType, Compositor, Content, Element, ElementId, Fixed, NameId, NamespaceId, PlaceKind, Process, Type,
    TypeBody, TypeId, Wildcard,
};
use crate::plan::scalar::Scalar;
use crate::schema::model::{self as xsd, Derivation, NamespaceConstraint, ProcessContents, SchemaSet, TypeDefinition};
use crate::xml::{QName, ns};

/// An attribute that a type has, its own or inherited.
#[derive(Clone)]
pub(super) struct EffectiveAttribute {
    name: QName,
    attribute_use: xsd::AttributeUse,
}

/// All attributes of a type, and what it admits beyond them.
pub(super) type Attributes = Rc<(Vec<EffectiveAttribute>, Option<xsd::Wildcard>)>;

impl Compiler<'_> {
    /// Elements first (shapes speak of their names), then types, then what elements say about values.
    pub(super) fn components(&mut self) {
        let definitions = self.definitions;
        let schemas = &definitions.schemas;
        for declaration in &schemas.elements {
            let name = self.name(&declaration.name);
            let id = ElementId(self.program.elements.len() as u32);
            self.program.elements.push(Element {
                name,
                type_: TypeId(declaration.type_definition.0),
                nillable: declaration.nillable,
                is_abstract: declaration.is_abstract,
                value_if_empty: declaration.fixed.clone().or_else(|| declaration.default.clone()),
                fixed: None,
                default: declaration.default.clone(),
                members: Vec::new(),
                documentation: declaration.documentation.clone(),
            });
            if declaration.is_global {
                self.program.elements[id.index()].members =
                    self.builder.substitutes(xsd::ElementId(id.0)).iter().map(|m| ElementId(m.0)).collect();
            }
        }
        for (name, id) in &schemas.element_names {
            let name = self.name(name);
            self.program.globals.insert(name, ElementId(id.0));
        }
        for i in 0..schemas.types.len() {
            let made = self.type_(xsd::TypeId(i as u32));
            self.program.types.push(made);
        }
        self.name_types();
        self.fix_elements();
    }

    fn type_(&mut self, id: xsd::TypeId) -> Type {
        let definitions = self.definitions;
        let definition = definitions.schemas.type_definition(id);
        let name = definition.name().map(|n| self.name(n));
        let label = definition.name().map_or_else(|| "".into(), |n| self.names.type_label(n));
        let base = definition.base().filter(|b| *b != id).map(|b| TypeId(b.0));
        let (body, is_abstract, documentation, union_members) = match definition {
            TypeDefinition::Simple(t) => {
                let members = match &t.variety {
                    xsd::Variety::Union(members) => members.iter().map(|m| TypeId(m.0)).collect(),
                    xsd::Variety::Ur | xsd::Variety::Atomic(_) | xsd::Variety::List(_) => Vec::new(),
                };
                (TypeBody::Simple(self.scalar(id)), false, t.documentation.clone(), members)
            }
            TypeDefinition::Complex(t) => (self.complex_body(id, t), t.is_abstract, t.documentation.clone(), Vec::new()),
        };
        Type { name, label, base, is_abstract, derived: self.concrete_descendants(id), union_members, body, documentation }
    }

    /// Named types that derive from `id`, directly or not, and are not abstract.
    fn concrete_descendants(&self, id: xsd::TypeId) -> Vec<TypeId> {
        if id == SchemaSet::ANY_TYPE {
            return Vec::new();
        }
        let schemas = &self.definitions.schemas;
        let mut out = Vec::new();
        let mut todo: std::collections::VecDeque<_> = schemas.derived.get(&id).into_iter().flatten().copied().collect();
        let mut seen = std::collections::HashSet::new();
        while let Some(t) = todo.pop_front() {
            if !seen.insert(t) {
                continue;
            }
            let is_abstract = matches!(schemas.type_definition(t), TypeDefinition::Complex(c) if c.is_abstract);
            if !is_abstract && schemas.type_definition(t).name().is_some() {
                out.push(TypeId(t.0));
            }
            todo.extend(schemas.derived.get(&t).into_iter().flatten());
        }
        out
    }

    fn complex_body(&mut self, id: xsd::TypeId, t: &xsd::ComplexType) -> TypeBody {
        if id == SchemaSet::ANY_TYPE {
            return TypeBody::Generic;
        }
        if let Some(array) = self.soap_array(id) {
            return TypeBody::SoapArray(array);
        }
        let effective = self.attributes(id);
        if let xsd::Content::Simple(simple) = t.content {
            let scalar = self.scalar(simple);
            let (attributes, any_attribute) = self.lower_attributes(id, &effective, t.scope);
            return TypeBody::Complex(ComplexType { attributes, any_attribute, content: Content::Simple(scalar), is_flat: false });
        }
        let mixed = self.is_mixed(t);
        let raw = self.raw_content(id);
        if mixed && effective.0.is_empty() && raw.as_ref().is_some_and(Model::is_only_wildcards) {
            return TypeBody::Generic;
        }
        let common = self.type_keys(id);
        let model = raw.and_then(|m| self.builder.normalise(m));
        let shape = self.shape(model.as_ref(), &common);
        let bare = effective.0.is_empty() && effective.1.is_none() && !mixed;
        let (attributes, any_attribute) = self.lower_attributes(id, &effective, t.scope);
        let frozen = self.frozen_flat(id);
        // A type that was derived since must not change what callers were given: its values say `$type`, the others stay arrays.
        let has_none_derived = self.definitions.schemas.derived.get(&id).is_none_or(Vec::is_empty) || frozen == Some(true);
        let alone = !t.is_abstract && self.complex_base(t).is_none() && has_none_derived;
        let made = self.program.shape(shape);
        let one_array = matches!(&made.model, Some(crate::plan::node::Particle::Place(0)))
            && made.places.first().is_some_and(|p| p.array && !matches!(p.kind, PlaceKind::Any(_)));
        let is_flat = bare && alone && one_array && !self.program.options.keep_wrappers && frozen.unwrap_or(true);
        let content = if mixed { Content::Mixed(shape) } else { Content::Elements(shape) };
        TypeBody::Complex(ComplexType { attributes, any_attribute, content, is_flat })
    }

    fn is_mixed(&self, t: &xsd::ComplexType) -> bool {
        if t.mixed {
            return true;
        }
        let inherits = t.derivation == Derivation::Extension && matches!(t.content, xsd::Content::Complex(None));
        inherits && self.complex_base(t).is_some_and(|(_, base)| self.is_mixed(base))
    }

    /// The complex type that `t` derives from; `xs:anyType` does not count.
    fn complex_base(&self, t: &xsd::ComplexType) -> Option<(xsd::TypeId, &xsd::ComplexType)> {
        let base = t.base.filter(|b| *b != SchemaSet::ANY_TYPE)?;
        match &self.definitions.schemas.types[base.index()] {
            TypeDefinition::Complex(c) => Some((base, c)),
            TypeDefinition::Simple(_) => None,
        }
    }

    fn complex(&self, id: xsd::TypeId) -> Option<&xsd::ComplexType> {
        match &self.definitions.schemas.types[id.index()] {
            TypeDefinition::Complex(c) => Some(c),
            TypeDefinition::Simple(_) => None,
        }
    }

    /// The content model before normalisation, the base's first for extensions.
    fn raw_content(&mut self, id: xsd::TypeId) -> Option<Model> {
        let definitions = self.definitions;
        let TypeDefinition::Complex(t) = &definitions.schemas.types[id.index()] else {
            return None;
        };
        let mut parts = Vec::new();
        if t.derivation == Derivation::Extension
            && let Some((base, _)) = self.complex_base(t)
            && base != id
        {
            parts.extend(self.raw_content(base));
        }
        if let xsd::Content::Complex(Some(particle)) = &t.content {
            parts.extend(self.builder.build(particle, &mut Vec::new(), 0));
        }
        if parts.len() > 1 {
            return Some(Model::Group { compositor: Compositor::Sequence, particles: parts, min: 1, max: Some(1) });
        }
        parts.pop()
    }

    /// The keys of a type's elements; those that it inherits by extension keep the base's.
    fn type_keys(&mut self, id: xsd::TypeId) -> Rc<TypeKeys> {
        if let Some(known) = self.keys.get(&id) {
            return known.clone();
        }
        let definitions = self.definitions;
        let raw = self.raw_content(id);
        // As written, and with the members of substitution groups: places side by side are one in the normal form.
        raw.iter().for_each(|m| self.check_consistent(id, m));
        let model = raw.and_then(|m| self.builder.normalise(m));
        model.iter().for_each(|m| self.check_consistent(id, m));
        let (names, nillable) = element_names(&definitions.schemas, model.as_ref());
        let mut inherited = HashMap::new();
        let mut scope = xsd::ScopeId(0);
        if let Some(t) = self.complex(id) {
            scope = t.scope;
            if t.derivation == Derivation::Extension
                && let Some((base, _)) = self.complex_base(t)
                && base != id
            {
                inherited = self.type_keys(base).keys.clone();
            }
        }
        let own = definitions.schemas.types[id.index()]
            .document()
            .and_then(|d| definitions.schemas.documents[d.index()].target_namespace.clone());
        let frozen = self.frozen_elements(id);
        inherited.extend(frozen.iter().map(|(n, k)| (n.clone(), k.clone())));
        let keys = self.names.element_keys(&names, own.as_deref(), scope, &inherited);
        let taken = Arc::new(keys.values().cloned().collect());
        let made = Rc::new(TypeKeys { keys, taken, nillable, frozen });
        self.keys.insert(id, made.clone());
        made
    }

    /// All attributes of a type: the base's in their places, replaced or taken away by its own.
    fn attributes(&mut self, id: xsd::TypeId) -> Attributes {
        if let Some(known) = self.attributes.get(&id) {
            return known.clone();
        }
        let mut list: Vec<EffectiveAttribute> = Vec::new();
        let mut wildcard = None;
        let definitions = self.definitions;
        if let TypeDefinition::Complex(t) = &definitions.schemas.types[id.index()] {
            if let Some((base, b)) = self.complex_base(t)
                && base != id
                && !b.name.as_ref().is_some_and(|n| matches!(n.namespace(), Some(ns::SOAPENC11 | ns::SOAPENC12)))
            {
                let inherited = self.attributes(base);
                list.clone_from(&inherited.0);
                if t.derivation == Derivation::Extension {
                    wildcard.clone_from(&inherited.1);
                }
            }
            let mut places: HashMap<QName, usize> = list.iter().enumerate().map(|(i, a)| (a.name.clone(), i)).collect();
            for own in &t.attribute_uses {
                let name = definitions.schemas.attribute(own.attribute).name.clone();
                if matches!(name.namespace(), Some(ns::SOAPENC11 | ns::SOAPENC12 | ns::WSDL)) {
                    continue;
                }
                let made = EffectiveAttribute { name: name.clone(), attribute_use: own.clone() };
                match places.get(&name).and_then(|i| list.get_mut(*i)) {
                    Some(place) => *place = made,
                    None => {
                        places.insert(name, list.len());
                        list.push(made);
                    }
                }
            }
            let prohibited: HashSet<&QName> = t.prohibited.iter().collect();
            list.retain(|a| !prohibited.contains(&a.name));
            wildcard = t.attribute_wildcard.clone().or(wildcard);
        }
        let made: Attributes = Rc::new((list, wildcard));
        self.attributes.insert(id, made.clone());
        made
    }

    fn lower_attributes(&mut self, id: xsd::TypeId, effective: &Attributes, scope: xsd::ScopeId) -> (Vec<Attribute>, Option<Wildcard>) {
        let names: Vec<_> = effective.0.iter().map(|a| a.name.clone()).collect();
        let keys = self.names.attribute_keys(&names, scope, &self.frozen_attributes(id));
        let definitions = self.definitions;
        let mut out = Vec::with_capacity(effective.0.len());
        for a in &effective.0 {
            let declaration = definitions.schemas.attribute(a.attribute_use.attribute);
            let scalar = self.scalar_of(declaration.type_definition);
            out.push(Attribute {
                name: self.name(&a.name),
                key: keys.get(&a.name).cloned().unwrap_or_else(|| format!("@{}", a.name.local()).into()),
                required: a.attribute_use.required,
                fixed: a.attribute_use.fixed.as_ref().map(|text| fixed(&scalar, text)),
                default: a.attribute_use.default.clone(),
                documentation: declaration.documentation.clone(),
                scalar,
            });
        }
        let any = effective.1.as_ref().map(|w| self.wildcard(&Wild::Declared(w.clone())));
        (out, any)
    }

    /// The scalar of a simple type, or of a complex type's simple content; `anySimpleType` else.
    fn scalar_of(&mut self, id: xsd::TypeId) -> Arc<Scalar> {
        match &self.definitions.schemas.types[id.index()] {
            TypeDefinition::Simple(_) => self.scalar(id),
            TypeDefinition::Complex(xsd::ComplexType { content: xsd::Content::Simple(simple), .. }) => self.scalar(*simple),
            TypeDefinition::Complex(_) => self.any_simple(),
        }
    }

    pub(super) fn wildcard(&mut self, wild: &Wild) -> Wildcard {
        let declared = match wild {
            Wild::Name(name) => {
                return Wildcard { admits: Admits::Name(self.name(name)), process: Process::Skip };
            }
            Wild::Declared(w) => w,
        };
        let mut namespace = |n: &Option<Arc<str>>| n.as_ref().map_or(NamespaceId::NONE, |n| self.program.names.intern_namespace(n));
        let admits = match &declared.namespaces {
            NamespaceConstraint::Any => Admits::Any,
            NamespaceConstraint::Not(target) => Admits::Not(namespace(target)),
            NamespaceConstraint::List(list) => Admits::Namespaces(list.iter().map(namespace).collect()),
        };
        let process = match declared.process_contents {
            ProcessContents::Strict => Process::Strict,
            ProcessContents::Lax => Process::Lax,
            ProcessContents::Skip => Process::Skip,
        };
        Wildcard { admits, process }
    }

    /// Fills the tables by which messages name types.
    fn name_types(&mut self) {
        let definitions = self.definitions;
        self.program.any_type = Some(TypeId(SchemaSet::ANY_TYPE.0));
        for (name, id) in &definitions.schemas.type_names {
            let label = self.names.type_label(name);
            let name = self.name(name);
            self.program.types_by_name.insert(name, TypeId(id.0));
            self.program.types_by_label.insert(label.clone(), TypeId(id.0));
            self.program.type_labels.insert(name, label);
        }
    }

    fn fix_elements(&mut self) {
        let definitions = self.definitions;
        for (i, declaration) in definitions.schemas.elements.iter().enumerate() {
            if let Some(text) = &declaration.fixed {
                let scalar = self.scalar_of(declaration.type_definition);
                self.program.elements[i].fixed = Some(fixed(&scalar, text));
            }
        }
    }

    /// The id of an expanded name.
    pub(super) fn name(&mut self, name: &QName) -> NameId {
        self.program.names.intern(name.namespace().unwrap_or(""), name.local())
    }

    /// The expanded name of an id.
    pub(super) fn qname(&self, id: NameId) -> QName {
        let names = &self.program.names;
        QName::new(names.uri(names.namespace(id)).clone(), names.local(id).clone())
    }
}

fn fixed(scalar: &Scalar, text: &Arc<str>) -> Fixed {
    Fixed { text: text.clone(), canonical: scalar.canonical(text).into() }
}

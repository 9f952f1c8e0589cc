//! Elements and types: who stands for whom, nil, defaults, attributes.

use super::{Alternative, Generator, Made, Vertex, put};
use crate::prove::coverage::derived;
use crate::prove::model::{Kind, is_encoding};
use crate::prove::tree::Element;
use crate::schema::model::{DerivationSet, ElementId, NamespaceConstraint, ProcessContents, TypeDefinition, TypeId};
use crate::xml::{QName, ns};

/// The namespace of names that no schema declares.
pub(super) const UNDECLARED: &str = "urn:castile:undeclared";

impl Generator<'_, '_> {
    /// An element, or one that stands for it.
    pub(super) fn element(&mut self, head: ElementId) -> Made<Element> {
        let model = self.model;
        let members = model.members(head);
        let declaration = model.element(head);
        if members.is_empty() && declaration.is_abstract {
            return self.stuck(format!("{} is abstract and nothing may stand for it", declaration.name.local()));
        }
        let open = members.iter().copied().find(|m| self.coverage.is_open(Alternative::Member(head, *m)));
        let chosen = if self.is_spare() {
            // The way that ends first; the head itself where it is as near.
            let own = (!declaration.is_abstract).then_some(head);
            own.into_iter().chain(members.iter().copied()).min_by_key(|e| model.shallow.element(*e).unwrap_or(u32::MAX))
        } else if let Some(member) = open {
            Some(member)
        } else if declaration.is_abstract || self.choices.percent(40, false) {
            let on: Vec<ElementId> = members.iter().copied().filter(|m| self.leads_on(Some(Vertex::Element(*m)))).collect();
            let pool = if on.is_empty() { members } else { &on };
            pool.get(self.choices.below(pool.len())).copied()
        } else {
            None
        };
        let chosen = chosen.unwrap_or(head);
        if chosen == head {
            return self.own(head);
        }
        let made = self.own(chosen);
        self.note(Alternative::Member(head, chosen), made.is_ok());
        made
    }

    /// Marks what was tried.
    pub(super) fn note(&mut self, alternative: Alternative, made: bool) {
        if made {
            self.coverage.show(alternative);
        } else {
            self.coverage.give_up(alternative);
        }
    }

    /// The declared element itself.
    fn own(&mut self, id: ElementId) -> Made<Element> {
        let declaration = self.model.element(id);
        self.left -= 1;
        self.step()?;
        if self.depth > 2 * super::MAX_DEPTH {
            return self.stuck("the recursion has no end");
        }
        self.path.push(declaration.name.clone());
        self.depth += 1;
        let mut made = Element::new(declaration.name.clone());
        let filled = self.fill(&mut made, id);
        self.depth -= 1;
        self.path.pop();
        filled.map(|()| made)
    }

    fn fill(&mut self, made: &mut Element, id: ElementId) -> Made<()> {
        let model = self.model;
        let declaration = model.element(id);
        let type_ = declaration.type_definition;
        let is_text = matches!(model.type_(type_).kind, Kind::Simple(_));
        let given = declaration.fixed.as_ref().or(declaration.default.as_ref());
        if is_text && given.is_some() && (self.coverage.is_open(Alternative::Empty(id)) || self.choices.percent(15, false)) {
            self.coverage.show(Alternative::Empty(id));
            self.say_type(made, type_);
            return self.attributes(made, type_);
        }
        if let Some(fixed) = &declaration.fixed {
            self.say_type(made, type_);
            let text = self.written(type_, fixed, declaration.scope);
            put(made, text);
            return self.attributes(made, type_);
        }
        if declaration.nillable {
            let endless = self.model.shallow.type_(type_).is_none_or(|d| d > 0) && self.is_spare();
            if endless
                || self.coverage.is_open(Alternative::Nil(id)) && !self.leads_on(Some(Vertex::Type(type_)))
                || self.choices.percent(10, false)
            {
                self.coverage.show(Alternative::Nil(id));
                return self.nil(made, type_);
            }
        }
        self.typed(made, type_, declaration.block)
    }

    fn nil(&mut self, made: &mut Element, type_: TypeId) -> Made<()> {
        let is_abstract = self.model.type_(type_).is_abstract;
        made.set(ns::XSI, "nil", if self.choices.percent(80, true) { "true" } else { "1" });
        if is_abstract {
            let real = self.concrete(type_, DerivationSet::default());
            return match real {
                Some(real) => {
                    self.tell(made, real)?;
                    self.attributes(made, real)
                }
                None => self.stuck("its type is abstract and none derives from it"),
            };
        }
        if self.encoded { Ok(()) } else { self.attributes(made, type_) }
    }

    /// A value of the declared type, or of one that derives from it.
    pub(super) fn typed(&mut self, made: &mut Element, declared: TypeId, block: DerivationSet) -> Made<()> {
        let Some(real) = self.concrete(declared, block) else {
            return self.stuck("its type is abstract and no type that derives from it can be made");
        };
        if real == declared {
            self.say_type(made, declared);
            return self.value_of(made, real);
        }
        let filled = self.tell(made, real).and_then(|()| self.value_of(made, real));
        self.note(Alternative::Derived(declared, real), filled.is_ok());
        filled
    }

    fn concrete(&mut self, declared: TypeId, block: DerivationSet) -> Option<TypeId> {
        let model = self.model;
        let is_abstract = model.type_(declared).is_abstract;
        // What is blocked here may be open elsewhere.
        let may_be_open = block != DerivationSet::default() || self.coverage.has_open(Vertex::Declared(declared, block));
        if !is_abstract && (self.is_spare() || !may_be_open && !self.choices.percent(25, false)) {
            return Some(declared);
        }
        let mut pool: Vec<TypeId> = derived(model, declared, block).collect();
        pool.retain(|t| model.shallow.type_(*t).is_some() && self.coverage.times(Alternative::Derived(declared, *t)) != u32::MAX);
        if self.is_spare() {
            return pool.into_iter().min_by_key(|t| model.shallow.type_(*t));
        }
        // Below an array's items a declared type may come first, so that both are shown.
        if let Some(open) = pool.iter().find(|t| self.coverage.is_open(Alternative::Derived(declared, **t))) {
            return Some(*open);
        }
        if !is_abstract && may_be_open && !self.choices.percent(25, false) {
            return Some(declared);
        }
        let on: Vec<TypeId> = pool.iter().copied().filter(|t| self.leads_on(Some(Vertex::Type(*t)))).collect();
        let pool = if on.is_empty() { pool } else { on };
        let chosen = pool.get(self.choices.below(pool.len())).copied();
        if is_abstract { chosen } else { chosen.or(Some(declared)) }
    }

    /// With SOAP encoding every element says its type.
    fn say_type(&mut self, made: &mut Element, type_: TypeId) {
        let is_array = matches!(self.model.type_(type_).kind, Kind::Array(_));
        if self.encoded
            && !is_array
            && self.model.schemas.type_definition(type_).name().is_some()
            && type_ != crate::schema::SchemaSet::ANY_TYPE
        {
            // Without a prefix left the declaration speaks for itself.
            let _told = self.tell(made, type_);
        }
    }

    /// Writes `xsi:type`.
    pub(super) fn tell(&mut self, made: &mut Element, type_: TypeId) -> Made<()> {
        let Some(name) = self.model.schemas.type_definition(type_).name() else { return self.stuck("its type has no name") };
        match self.prefixes.lexical(name) {
            Some(text) => {
                self.plain_names |= name.namespace().is_none();
                made.set(ns::XSI, "type", text);
                Ok(())
            }
            None => self.stuck("it needs more namespaces than an envelope may declare"),
        }
    }

    /// Attributes and content of a type that is not abstract.
    pub(super) fn value_of(&mut self, made: &mut Element, type_: TypeId) -> Made<()> {
        let model = self.model;
        match &model.type_(type_).kind {
            Kind::Any => self.generic(made),
            Kind::Array(array) => self.array(made, array),
            Kind::Simple(text) => {
                self.attributes(made, type_)?;
                let text = self.text(*text)?;
                put(made, text);
                Ok(())
            }
            Kind::Elements { parts, mixed } => {
                self.attributes(made, type_)?;
                self.content(made, parts)?;
                made.is_row = !mixed;
                if *mixed && (self.coverage.is_open(Alternative::Text(type_)) || self.choices.percent(60, true)) {
                    self.coverage.show(Alternative::Text(type_));
                    self.mix(made);
                }
                Ok(())
            }
        }
    }

    pub(super) fn attributes(&mut self, made: &mut Element, type_: TypeId) -> Made<()> {
        let model = self.model;
        let info = model.type_(type_);
        for (ix, (name, attribute)) in info.attributes.iter().enumerate() {
            if self.encoded && name.namespace().is_none() && matches!(name.local(), "id" | "href") {
                continue;
            }
            let (shown, absent) = (Alternative::Attribute(type_, ix), Alternative::NoAttribute(type_, ix));
            let declaration = model.schemas.attribute(attribute.attribute);
            if !attribute.required && !self.wants(shown, Some(absent), Some(Vertex::Type(declaration.type_definition))) {
                self.coverage.show(absent);
                continue;
            }
            let value = match &attribute.fixed {
                Some(fixed) => Ok(self.written(declaration.type_definition, fixed, declaration.scope)),
                None => self.text(declaration.type_definition),
            };
            // A namespaced attribute needs a prefix.
            let value = value.and_then(|v| match self.prefixes.lexical(name) {
                Some(_) => Ok(v),
                None => self.stuck("it needs more namespaces than an envelope may declare"),
            });
            self.note(shown, value.is_ok());
            match value {
                Ok(value) => made.attributes.push((name.clone(), value)),
                Err(stuck) if attribute.required => return Err(stuck),
                Err(_) => {}
            }
        }
        if let Some(wildcard) = &info.any_attribute
            && self.wants(Alternative::AnyAttribute(type_), None, None)
        {
            let attribute = self.any_attribute(&wildcard.namespaces, wildcard.process_contents);
            let attribute = attribute.filter(|(name, _)| made.attributes.iter().all(|(n, _)| n != name));
            self.note(Alternative::AnyAttribute(type_), attribute.is_some());
            made.attributes.extend(attribute);
        }
        Ok(())
    }

    fn any_attribute(&mut self, namespaces: &NamespaceConstraint, process: ProcessContents) -> Option<(QName, String)> {
        let model = self.model;
        if process != ProcessContents::Strict {
            let candidates = match namespaces {
                NamespaceConstraint::Any | NamespaceConstraint::Not(_) => vec![Some(UNDECLARED.into())],
                NamespaceConstraint::List(list) => list.clone(),
            };
            let namespace = candidates.into_iter().find(|n| n.as_deref() != Some(ns::XML))?;
            let name = QName::with_optional(namespace, "extra");
            self.prefixes.lexical(&name)?;
            return Some((name, self.word()));
        }
        let set = model.schemas;
        let mut all: Vec<&QName> = set.attribute_names.keys().collect();
        // What is no data (decision 34) is no attribute to show.
        all.retain(|n| namespaces.admits(n.namespace()) && !is_encoding(n));
        all.retain(|n| !matches!(n.namespace(), Some(ns::WSDL | ns::XSI | ns::SOAP11 | ns::SOAP12)));
        all.sort();
        let name = (*all.get(self.choices.below(all.len()))?).clone();
        let declaration = set.attribute(*set.attribute_names.get(&name)?);
        self.prefixes.lexical(&name)?;
        let value = self.text(declaration.type_definition).ok()?;
        Some((name, value))
    }

    /// A value as a schema document writes it: QNames there have the document's prefixes.
    fn written(&mut self, type_: TypeId, text: &str, scope: crate::schema::model::ScopeId) -> String {
        let is_name = match self.model.schemas.type_definition(type_) {
            TypeDefinition::Simple(_) => self.model.scalar(type_).primitive().is_some_and(|p| p.is_qname()),
            TypeDefinition::Complex(_) => false,
        };
        if !is_name {
            return text.to_owned();
        }
        let name = self.model.resolve(scope, text);
        self.plain_names |= name.namespace().is_none();
        self.prefixes.lexical(&name).unwrap_or_else(|| text.to_owned())
    }
}

//! QNames in attribute values: from prefix to namespace to component.

use std::sync::Arc;

use roxmltree::Attribute;

use super::{Builder, Place};
use crate::diagnostic::{Code, Diagnostic, Severity, Span, nearest};
use crate::schema::codes;
use crate::schema::model::{AttributeGroupId, AttributeId, ElementId, GroupId, TypeId};
use crate::schema::standard;
use crate::xml::{QName, ns};

/// Nearest names are looked for at most this often: each search reads all names.
const MAX_HINTS: usize = 50;

impl<'d> Builder<'d> {
    /// A QName in the scope of a place. Without a prefix it is in the default namespace; with none, and in a chameleon document,
    /// in the including document's target namespace. `None`, with a finding, where the prefix is not declared.
    pub(in crate::schema) fn qname(&mut self, place: Place<'d>, text: &str, span: Span) -> Option<QName> {
        let text = text.trim();
        let (prefix, local) = match text.split_once(':') {
            Some((prefix, local)) => (Some(prefix), local),
            None => (None, text),
        };
        let namespace = match prefix {
            Some("xml") => Some(ns::XML),
            _ => place.node.lookup_namespace_uri(prefix).filter(|n| !n.is_empty()),
        };
        let local = self.intern(local);
        match namespace {
            Some(namespace) => Some(QName::new(self.intern(namespace), local)),
            None if prefix.is_none() => {
                let document = self.document(place);
                let target = if document.chameleon { document.target.clone() } else { None };
                Some(QName::with_optional(target, local))
            }
            None => {
                let prefix = prefix.unwrap_or("");
                let message = format!("the prefix `{prefix}` of `{text}` is not declared here");
                let declared: Vec<&str> = place.node.namespaces().filter_map(|n| n.name()).filter(|p| *p != "xml").collect();
                let mut d = Diagnostic::new(Severity::Warning, &codes::UNDECLARED_PREFIX, message).at(span);
                if let Some(near) = nearest(prefix, declared) {
                    d = d.hint(format!("`{near}` is declared"));
                }
                self.report(d);
                None
            }
        }
    }

    /// The type that an attribute's QName names; `None`, with a finding, where nothing declares it.
    pub(super) fn type_reference(&mut self, place: Place<'d>, attribute: Attribute<'d, 'd>) -> Option<TypeId> {
        let span = self.value_span(place, attribute);
        self.type_named(place, attribute.value(), span)
    }

    /// The same for one of several QNames in a value.
    pub(super) fn type_named(&mut self, place: Place<'d>, text: &str, span: Span) -> Option<TypeId> {
        let name = self.qname(place, text, span)?;
        let found = self.find_type(&name);
        self.check_found(place, found.is_some(), &codes::UNDECLARED_TYPE, "type", &name, span);
        found
    }

    /// The type that `base` names. In a redefining type its own name means the original.
    pub(super) fn base_reference(&mut self, place: Place<'d>, attribute: Attribute<'d, 'd>) -> Option<TypeId> {
        if let Some(own) = self.redefining.take() {
            let span = self.value_span(place, attribute);
            if self.qname(place, attribute.value(), span).as_ref() == Some(&own) {
                return self.redefined_type;
            }
        }
        self.type_reference(place, attribute)
    }

    pub(super) fn element_reference(&mut self, place: Place<'d>, attribute: Attribute<'d, 'd>) -> Result<ElementId, Option<QName>> {
        let span = self.value_span(place, attribute);
        let name = self.qname(place, attribute.value(), span).ok_or(None)?;
        let found = self.find(&name, |b, n| b.set.element_names.get(n).copied());
        if found.is_none() && name.namespace() == Some(ns::XSD) {
            let message = format!("`{}` of XML Schema itself is read as any element of that name", name.local());
            self.undeclared_once(
                &codes::UNDECLARED_ELEMENT,
                &name,
                Diagnostic::new(Severity::Note, &codes::UNDECLARED_ELEMENT, message).at(span),
            );
            return Err(Some(name));
        }
        self.check_found(place, found.is_some(), &codes::UNDECLARED_ELEMENT, "element", &name, span);
        found.ok_or(Some(name))
    }

    pub(super) fn attribute_reference(&mut self, place: Place<'d>, attribute: Attribute<'d, 'd>) -> Result<AttributeId, Option<QName>> {
        let span = self.value_span(place, attribute);
        let name = self.qname(place, attribute.value(), span).ok_or(None)?;
        let found = self.find(&name, |b, n| b.set.attribute_names.get(n).copied());
        self.check_found(place, found.is_some(), &codes::UNDECLARED_ATTRIBUTE, "attribute", &name, span);
        found.ok_or(Some(name))
    }

    pub(super) fn group_reference(&mut self, place: Place<'d>, attribute: Attribute<'d, 'd>) -> Option<GroupId> {
        let span = self.value_span(place, attribute);
        let name = self.qname(place, attribute.value(), span)?;
        if self.redefining.as_ref() == Some(&name) {
            return self.redefined_group;
        }
        let found = self.find(&name, |b, n| b.set.group_names.get(n).copied());
        self.check_found(place, found.is_some(), &codes::UNDECLARED_GROUP, "group", &name, span);
        found
    }

    pub(super) fn attribute_group_reference(&mut self, place: Place<'d>, attribute: Attribute<'d, 'd>) -> Option<AttributeGroupId> {
        let span = self.value_span(place, attribute);
        let name = self.qname(place, attribute.value(), span)?;
        if self.redefining.as_ref() == Some(&name) {
            return self.redefined_attribute_group;
        }
        let found = self.find(&name, |b, n| b.set.attribute_group_names.get(n).copied());
        self.check_found(place, found.is_some(), &codes::UNDECLARED_ATTRIBUTE_GROUP, "attribute group", &name, span);
        found
    }

    /// A type by name; a shipped schema comes in where its namespace is asked for.
    pub(in crate::schema) fn find_type(&mut self, name: &QName) -> Option<TypeId> {
        self.find(name, |b, n| b.set.type_names.get(n).copied())
    }

    fn find<T>(&mut self, name: &QName, look: impl Fn(&Self, &QName) -> Option<T>) -> Option<T> {
        look(self, name).or_else(|| {
            let index = name.namespace().and_then(standard::position)?;
            self.add_standard(index).then(|| look(self, name)).flatten()
        })
    }

    /// Notes what is undeclared, or is used without an import.
    fn check_found(&mut self, place: Place<'d>, found: bool, code: &'static Code, kind: &str, name: &QName, span: Span) {
        if found {
            self.check_imported(place, name, span);
        } else {
            self.undeclared(code, kind, name, span);
        }
    }

    fn check_imported(&mut self, place: Place<'d>, name: &QName, span: Span) {
        let document = &mut self.documents[place.document];
        let namespace = name.namespace_arc();
        let known = document.standard
            || namespace == document.target.as_ref()
            || matches!(name.namespace(), Some(ns::XSD | ns::XML))
            || document.imports.contains(&namespace.cloned());
        if !known {
            document.imports.insert(namespace.cloned());
            let message = match namespace {
                Some(namespace) => format!("the namespace `{namespace}` is used without an xs:import"),
                None => "a name without a namespace is used without an xs:import".to_owned(),
            };
            self.note(&codes::NOT_IMPORTED, message, span);
        }
    }

    /// Notes a reference to something that nothing declares; the first place of each name speaks for all.
    pub(in crate::schema) fn undeclared(&mut self, code: &'static Code, kind: &str, name: &QName, span: Span) {
        self.unresolved.insert(name.namespace_arc().cloned());
        let consequence = match kind {
            "type" => "; read as anyType",
            "element" => "; read as a wildcard for just that name",
            "attribute" => "; read as text",
            _ => "; read as empty",
        };
        let d = Diagnostic::new(Severity::Warning, code, format!("the {kind} `{name}` is not declared{consequence}")).at(span);
        if self.undeclared.contains_key(&(code.id, name.clone())) {
            return self.undeclared_once(code, name, d);
        }
        let d = match self.hint(kind, name) {
            Some(hint) => d.hint(hint),
            None => d,
        };
        self.undeclared_once(code, name, d);
    }

    fn undeclared_once(&mut self, code: &'static Code, name: &QName, diagnostic: Diagnostic) {
        let index = self.diagnostics.len();
        match self.undeclared.get_mut(&(code.id, name.clone())) {
            Some((_, more)) => *more += 1,
            None => {
                self.report(diagnostic);
                self.undeclared.insert((code.id, name.clone()), (index, 0));
            }
        }
    }

    /// Says of each undeclared name how many more places use it.
    pub(in crate::schema) fn count_undeclared(&mut self) {
        for (index, more) in self.undeclared.values() {
            if let (Some(d), 1..) = (self.diagnostics.get_mut(*index), *more) {
                let places = if *more == 1 { "place" } else { "places" };
                d.message.push_str(&format!(" (and at {more} more {places})"));
            }
        }
    }

    /// The nearest name of the same kind: in the namespace, else the same name in another.
    fn hint(&mut self, kind: &str, name: &QName) -> Option<String> {
        self.hints += 1;
        if self.hints > MAX_HINTS {
            return None;
        }
        let set = &self.set;
        let names: Vec<&QName> = match kind {
            "type" => set.type_names.keys().collect(),
            "element" => set.element_names.keys().collect(),
            "attribute" => set.attribute_names.keys().collect(),
            "group" => set.group_names.keys().collect(),
            _ => set.attribute_group_names.keys().collect(),
        };
        let mut own: Vec<&str> = names.iter().filter(|n| n.namespace() == name.namespace()).map(|n| n.local()).collect();
        own.sort_unstable();
        if let Some(near) = nearest(name.local(), own) {
            return Some(format!("`{near}` is declared in that namespace"));
        }
        let mut others: Vec<&str> = names.iter().filter(|n| n.local() == name.local()).map(|n| n.namespace().unwrap_or("")).collect();
        others.sort_unstable();
        others.first().map(|n| match *n {
            "" => format!("`{}` is declared without a namespace", name.local()),
            n => format!("`{}` is declared in `{n}`", name.local()),
        })
    }

    /// An expanded name for a local declaration.
    pub(super) fn local_name(&mut self, place: Place<'d>, local: Arc<str>, qualified: bool) -> QName {
        let target = if qualified { self.document(place).target.clone() } else { None };
        QName::with_optional(target, local)
    }
}

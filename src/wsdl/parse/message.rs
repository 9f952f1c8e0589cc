//! `wsdl:message` and `wsdl:part` (WSDL 1.1, 2.3).

use std::sync::Arc;

use roxmltree::{Attribute, Node};

use super::{Document, Reader, documentation, qname};
use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::wsdl::codes;
use crate::wsdl::model::{Message, MessageId, Part, PartKind};
use crate::xml::QName;
use crate::xml::document::Unqualified as _;

impl Reader {
    pub(super) fn message<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>) {
        let name = document.name(node);
        let id = MessageId(self.definitions.messages.len());
        if !self.messages.insert(&name, id) {
            return self.duplicate(document, node, &name);
        }
        let parts = super::children(node, "part").map(|part| self.part(document, part)).collect();
        self.definitions.messages.push(Message { name, parts, documentation: documentation(node), span: document.span(node) });
    }

    fn part<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>) -> Part {
        let attribute = |name| node.unqualified_node(name).filter(|a| !a.value().trim().is_empty());
        let kind = match (attribute("element"), attribute("type")) {
            (Some(element), other) => {
                if other.is_some() {
                    let message = "this part has an `element` and a `type`; the element is used".to_owned();
                    self.warn(&codes::BAD_VALUE, message, document.span(node));
                }
                self.element_part(document, node, element)
            }
            (None, Some(written)) => self.type_part(document, node, written),
            (None, None) => {
                let message = "this part has neither an `element` nor a `type`; read as anyType".to_owned();
                self.warn(&codes::BAD_VALUE, message, document.span(node));
                PartKind::Neither
            }
        };
        Part {
            name: Arc::from(node.unqualified("name").unwrap_or("").trim()),
            kind,
            documentation: documentation(node),
            span: document.span(node),
        }
    }

    fn element_part<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>, written: Attribute<'d, 'd>) -> PartKind {
        let name = match self.part_name(document, node, written) {
            Ok(name) => name,
            Err(unknown) => return PartKind::Element(unknown, None),
        };
        let mut found = self.definitions.schemas.element_names.get(&name).copied();
        if found.is_none()
            && let Some(bare) = of_no_namespace(&name)
        {
            found = self.definitions.schemas.element_names.get(&bare).copied();
            if found.is_some() {
                self.taken_without_namespace(document, written, "element");
                return PartKind::Element(bare, found);
            }
        }
        if found.is_none() {
            let set = &self.definitions.schemas;
            let is_type = set.type_names.contains_key(&name);
            let hint = self.may_hint().then(|| hint(&name, set.element_names.keys(), is_type, "type")).flatten();
            self.undeclared(document, written, "element", &name, hint);
        }
        PartKind::Element(name, found)
    }

    fn type_part<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>, written: Attribute<'d, 'd>) -> PartKind {
        let name = match self.part_name(document, node, written) {
            Ok(name) => name,
            Err(unknown) => return PartKind::Type(unknown, None),
        };
        let mut found = self.definitions.schemas.type_names.get(&name).copied();
        if found.is_none()
            && let Some(bare) = of_no_namespace(&name)
        {
            found = self.definitions.schemas.type_names.get(&bare).copied();
            if found.is_some() {
                self.taken_without_namespace(document, written, "type");
                return PartKind::Type(bare, found);
            }
        }
        if found.is_none() {
            let set = &self.definitions.schemas;
            let is_element = set.element_names.contains_key(&name);
            let hint = self.may_hint().then(|| hint(&name, set.type_names.keys(), is_element, "element")).flatten();
            self.undeclared(document, written, "type", &name, hint);
        }
        PartKind::Type(name, found)
    }

    /// The expanded name; where the prefix is not declared, one in the namespace `?prefix`, which no schema can have.
    fn part_name<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>, written: Attribute<'d, 'd>) -> Result<QName, QName> {
        let text = written.value().trim();
        qname(node, text).ok_or_else(|| {
            let message = format!("the prefix of `{text}` is not declared here; the part is read as anyType");
            self.warn(&codes::UNDECLARED_PART, message, document.value_span(written));
            let (prefix, local) = text.split_once(':').unwrap_or(("", text));
            QName::new(format!("?{prefix}"), local)
        })
    }

    fn taken_without_namespace<'d>(&mut self, document: &Document<'d>, written: Attribute<'d, 'd>, kind: &str) {
        let text = written.value().trim();
        let message = format!("the {kind} `{text}` is declared without a namespace, and WSDL's own has none of that name; it is used");
        self.report(Diagnostic::new(Severity::Note, &codes::OTHER_NAMESPACE, message).at(document.value_span(written)));
    }

    fn undeclared<'d>(&mut self, document: &Document<'d>, written: Attribute<'d, 'd>, kind: &str, name: &QName, hint: Option<String>) {
        self.unresolved.insert(name.namespace_arc().cloned());
        let message = format!("the {kind} `{name}` is not declared; the part is read as anyType");
        let d = Diagnostic::new(Severity::Warning, &codes::UNDECLARED_PART, message).at(document.value_span(written));
        self.report(match hint {
            Some(hint) => d.hint(hint),
            None => d,
        });
    }
}

/// The name that is meant where WSDL's namespace is the default one and the schemas have none: no prefix can be written then.
fn of_no_namespace(name: &QName) -> Option<QName> {
    (name.namespace() == Some(crate::xml::ns::WSDL)).then(|| QName::local_only(name.local()))
}

/// The nearest name in the namespace, the same name elsewhere, or the other kind of component.
fn hint<'a>(name: &QName, names: impl Iterator<Item = &'a QName>, is_other: bool, other: &str) -> Option<String> {
    if matches!(name.namespace(), Some("http://www.w3.org/1999/XMLSchema" | "http://www.w3.org/2000/10/XMLSchema")) {
        return Some(format!("that is a draft; the namespace of XML Schema is `{}`", crate::xml::ns::XSD));
    }
    if is_other {
        return Some(format!("`{}` is declared as {other}: use `{other}=`", name.local()));
    }
    let mut own = Vec::new();
    let mut elsewhere = Vec::new();
    for candidate in names {
        if candidate.namespace() == name.namespace() {
            own.push(candidate.local());
        } else if candidate.local() == name.local() {
            elsewhere.push(candidate.namespace().unwrap_or(""));
        }
    }
    own.sort_unstable();
    elsewhere.sort_unstable();
    match (nearest(name.local(), own), elsewhere.first()) {
        (Some(near), _) => Some(format!("`{near}` is declared in that namespace")),
        (None, Some(&"")) => Some(format!("`{}` is declared without a namespace", name.local())),
        (None, Some(namespace)) => Some(format!("`{}` is declared in `{namespace}`", name.local())),
        (None, None) => None,
    }
}

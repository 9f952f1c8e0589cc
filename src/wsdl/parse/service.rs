//! `wsdl:service` and `wsdl:port` (WSDL 1.1, 2.6 and 2.7).

use std::sync::Arc;

use roxmltree::Node;

use super::{Document, Reader, children, documentation};
use crate::diagnostic::{Diagnostic, Severity};
use crate::wsdl::codes;
use crate::wsdl::model::{Port, Service};
use crate::xml::document::Unqualified as _;
use crate::xml::ns;

impl Reader {
    pub(super) fn service<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>) {
        let name = document.name(node);
        if self.definitions.services.iter().any(|s| s.name == name) {
            return self.duplicate(document, node, &name);
        }
        let ports = children(node, "port").filter_map(|p| self.port(document, p)).collect();
        self.definitions.services.push(Service { name, ports, documentation: documentation(node), span: document.span(node) });
    }

    fn port<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>) -> Option<Port> {
        let binding = self.find(document, node, "binding", (&codes::UNDECLARED_BINDING, "binding"), |r| &r.bindings)?;
        let is_address =
            |c: &Node<'_, '_>| c.is_element() && c.tag_name().name() == "address" && c.tag_name().namespace() != Some(ns::WSDL);
        let location = node.children().find(is_address).and_then(|a| a.unqualified_node("location"));
        let address = location.map(|l| l.value().trim()).filter(|l| !l.is_empty());
        let name = node.unqualified("name").unwrap_or("").trim();
        if address.is_none() {
            let message = format!("the port `{name}` has no address");
            self.report(Diagnostic::new(Severity::Note, &codes::NO_ADDRESS, message).at(document.span(node)));
        }
        Some(Port {
            name: Arc::from(name),
            binding,
            address: address.map(Arc::from),
            documentation: documentation(node),
            span: document.span(node),
            address_span: location.map(|l| document.value_span(l)),
        })
    }
}

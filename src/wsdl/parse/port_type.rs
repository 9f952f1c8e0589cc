//! `wsdl:portType` and `wsdl:operation` (WSDL 1.1, 2.4).

use std::sync::Arc;

use roxmltree::Node;

use super::{Document, Reader, children, documentation, text};
use crate::wsdl::codes;
use crate::wsdl::model::{Operation, OperationMessage, PortType, PortTypeId};
use crate::xml::document::Unqualified as _;
use crate::xml::ns;

/// Namespaces whose `Action` attribute says the WS-Addressing action of a message.
const ACTION: [&str; 4] = [ns::WSAM, ns::WSAW, ns::WSA10, "http://schemas.xmlsoap.org/ws/2004/08/addressing"];
/// WSDL 2.0's extensions, usable in 1.1: `wsdlx:safe`.
const WSDL_EXTENSIONS: &str = "http://www.w3.org/ns/wsdl-extensions";

impl Reader {
    pub(super) fn port_type<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>) {
        let name = document.name(node);
        let id = PortTypeId(self.definitions.port_types.len());
        if !self.port_types.insert(&name, id) {
            return self.duplicate(document, node, &name);
        }
        let operations = children(node, "operation").map(|o| self.operation(document, o)).collect();
        self.definitions.port_types.push(PortType { name, operations, documentation: documentation(node), span: document.span(node) });
    }

    fn operation<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>) -> Operation {
        let first = node.children().find(|c| c.has_tag_name((ns::WSDL, "input")) || c.has_tag_name((ns::WSDL, "output")));
        let mut message = |local| children(node, local).next().map(|m| self.operation_message(document, m));
        let (input, output) = (message("input"), message("output"));
        Operation {
            name: Arc::from(node.unqualified("name").unwrap_or("").trim()),
            input,
            output,
            output_first: first.is_some_and(|f| f.has_tag_name((ns::WSDL, "output"))),
            faults: children(node, "fault").map(|f| self.operation_message(document, f)).collect(),
            parameter_order: node.unqualified("parameterOrder").unwrap_or("").split_ascii_whitespace().map(Arc::from).collect(),
            documentation: documentation(node),
            safe: node.attribute((WSDL_EXTENSIONS, "safe")).is_some_and(|v| matches!(v.trim(), "true" | "1")),
            span: document.span(node),
        }
    }

    fn operation_message<'d>(&mut self, document: &Document<'d>, node: Node<'d, 'd>) -> OperationMessage {
        let message = self.find(document, node, "message", (&codes::UNDECLARED_MESSAGE, "message"), |r| &r.messages);
        OperationMessage {
            name: text(node, "name"),
            message,
            action: ACTION.iter().find_map(|n| node.attribute((*n, "Action"))).map(|a| Arc::from(a.trim())),
            documentation: documentation(node),
            span: document.span(node),
        }
    }
}

//! Policy assertions attached to a WSDL: found and listed, not read.

use std::collections::HashSet;

use roxmltree::Node;

use super::{Document, Reader};
use crate::diagnostic::{Diagnostic, Severity};
use crate::schema::start_tag;
use crate::wsdl::codes;
use crate::xml::{QName, ns};

impl Reader {
    /// Every assertion of every policy outside the types, and `wsaw:UsingAddressing`, each once.
    pub(super) fn policies(&mut self, documents: &[Document<'_>]) {
        let mut seen = HashSet::new();
        for document in documents {
            let mut open = vec![document.node];
            while let Some(node) = open.pop() {
                let children: Vec<Node<'_, '_>> = node.children().filter(Node::is_element).collect();
                let operator = is_policy(node);
                for child in children.into_iter().rev() {
                    let name = child.tag_name();
                    if child.has_tag_name((ns::WSDL, "types")) || child.has_tag_name((ns::WSDL, "documentation")) {
                        continue;
                    }
                    let assertion = operator && !is_policy(child) || child.has_tag_name((ns::WSAW, "UsingAddressing"));
                    if !assertion {
                        open.push(child);
                        continue;
                    }
                    let name = QName::new(name.namespace().unwrap_or(""), name.name());
                    if seen.insert(name.clone()) {
                        self.definitions.policies.push((name, start_tag(child, document.source)));
                    }
                }
            }
        }
        self.definitions.policies.sort_by_key(|(_, span)| (span.source, span.start));
        if let Some((_, span)) = self.definitions.policies.first() {
            let names: Vec<&str> = self.definitions.policies.iter().map(|(n, _)| n.local()).collect();
            let message = format!("the WSDL has policy assertions, which are listed and not obeyed: {}", names.join(", "));
            let span = *span;
            self.report(Diagnostic::new(Severity::Note, &codes::POLICY, message).at(span));
        }
    }
}

/// Is this an operator of WS-Policy?
fn is_policy(node: Node<'_, '_>) -> bool {
    let name = node.tag_name();
    matches!(name.namespace(), Some(ns::WSP12 | ns::WSP15)) && matches!(name.name(), "Policy" | "All" | "ExactlyOne")
}

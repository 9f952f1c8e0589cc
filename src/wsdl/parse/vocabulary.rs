//! Which attributes and children each element of WSDL 1.1 may have, so that slips are seen. Other namespaces are extensions.

use roxmltree::Node;

use super::{Document, Reader};
use crate::diagnostic::{Diagnostic, Severity, Span, nearest};
use crate::schema::start_tag;
use crate::wsdl::codes;
use crate::xml::ns;

/// Attributes, then children besides `documentation`.
type Rule = (&'static [&'static str], &'static [&'static str]);

const ALL: &[&str] = &[
    "definitions",
    "import",
    "types",
    "message",
    "part",
    "portType",
    "operation",
    "input",
    "output",
    "fault",
    "binding",
    "service",
    "port",
];

fn rule(local: &str, parent: &str, in_binding: bool) -> Option<Rule> {
    Some(match local {
        "definitions" => (&["name", "targetNamespace"], &["import", "types", "message", "portType", "binding", "service"]),
        "import" => (&["namespace", "location"], &[]),
        "types" => (&[], &[]),
        "message" => (&["name"], &["part"]),
        "part" => (&["name", "element", "type"], &[]),
        "portType" => (&["name"], &["operation"]),
        "binding" => (&["name", "type"], &["operation"]),
        "service" => (&["name"], &["port"]),
        "port" => (&["name", "binding"], &[]),
        "operation" if parent == "binding" => (&["name"], &["input", "output", "fault"]),
        "operation" => (&["name", "parameterOrder"], &["input", "output", "fault"]),
        "input" | "output" | "fault" if in_binding => (&["name"], &[]),
        "input" | "output" | "fault" => (&["name", "message"], &[]),
        _ => return None,
    })
}

impl Reader {
    /// Checks every element of WSDL's namespace in a document.
    pub(super) fn check_vocabulary(&mut self, document: &Document<'_>) {
        let mut open = vec![(document.node, "", false)];
        while let Some((node, parent, in_binding)) = open.pop() {
            let local = node.tag_name().name();
            let Some((attributes, children)) = rule(local, parent, in_binding) else { continue };
            self.check_attributes(document, node, attributes);
            let before = open.len();
            for child in node.children().filter(|c| c.is_element() && c.tag_name().namespace() == Some(ns::WSDL)) {
                let name = child.tag_name().name();
                if children.contains(&name) {
                    open.push((child, local, in_binding || local == "binding"));
                } else if name != "documentation" {
                    self.unexpected(document, node, child, children);
                }
            }
            open[before..].reverse();
        }
        for types in super::children(document.node, "types") {
            for child in types.children().filter(|c| c.has_tag_name((ns::XSD, "import")) || c.has_tag_name((ns::XSD, "include"))) {
                let message = format!("this xs:{} stands outside any xs:schema; it is ignored", child.tag_name().name());
                let d = Diagnostic::new(Severity::Warning, &codes::IMPORT_OUTSIDE_SCHEMA, message).at(start_tag(child, document.source));
                self.report(d.expected("xs:schema").hint("put an xs:schema around it"));
            }
        }
    }

    fn check_attributes(&mut self, document: &Document<'_>, node: Node<'_, '_>, known: &[&str]) {
        for attribute in node.attributes().filter(|a| a.namespace().is_none() && !known.contains(&a.name())) {
            let range = attribute.range_qname();
            let span = Span { source: document.source, start: range.start as u32, end: range.end as u32 };
            let message = format!("wsdl:{} has no attribute `{}`; it is ignored", node.tag_name().name(), attribute.name());
            let mut d = Diagnostic::new(Severity::Note, &codes::UNKNOWN_ATTRIBUTE, message).at(span);
            d.hint = nearest(attribute.name(), known.iter().copied()).map(|n| format!("did you mean `{n}`?"));
            self.report(d);
        }
    }

    fn unexpected(&mut self, document: &Document<'_>, node: Node<'_, '_>, child: Node<'_, '_>, known: &[&str]) {
        let name = child.tag_name().name();
        let near = nearest(name, known.iter().copied()).filter(|_| !ALL.contains(&name));
        let message = format!("`wsdl:{name}` cannot stand inside wsdl:{}; it is ignored", node.tag_name().name());
        let expected =
            if known.is_empty() { "an extension, or wsdl:documentation".to_owned() } else { format!("one of {}", known.join(", ")) };
        let mut d =
            Diagnostic::new(Severity::Warning, &codes::UNEXPECTED_CHILD, message).at(start_tag(child, document.source)).expected(expected);
        d.hint = near.map(|n| format!("did you mean `wsdl:{n}`?"));
        self.report(d);
    }
}

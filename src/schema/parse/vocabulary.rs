//! Which attributes and children each element of XML Schema may have (the schema for schemas), so that slips are seen.

use roxmltree::Node;

use super::{Builder, Place, start_tag};
use crate::diagnostic::{Diagnostic, Severity, Span, nearest};
use crate::schema::codes;
use crate::xml::ns;

/// Attributes, then children (besides `annotation`, and `id`, which all have).
type Rule = (&'static [&'static str], &'static [&'static str]);

const TYPES: &[&str] = &["simpleType", "complexType", "key", "unique", "keyref"];
const PARTICLES: &[&str] = &["element", "any", "group", "sequence", "choice", "all"];
const ATTRIBUTES: &[&str] = &["sequence", "choice", "all", "group", "attribute", "attributeGroup", "anyAttribute"];
const FACETS: &[&str] = &[
    "length",
    "minLength",
    "maxLength",
    "pattern",
    "enumeration",
    "whiteSpace",
    "minInclusive",
    "maxInclusive",
    "minExclusive",
    "maxExclusive",
    "totalDigits",
    "fractionDigits",
];
const RESTRICTION: &[&str] = &[
    "simpleType",
    "length",
    "minLength",
    "maxLength",
    "pattern",
    "enumeration",
    "whiteSpace",
    "minInclusive",
    "maxInclusive",
    "minExclusive",
    "maxExclusive",
    "totalDigits",
    "fractionDigits",
    "sequence",
    "choice",
    "all",
    "group",
    "attribute",
    "attributeGroup",
    "anyAttribute",
];
const GLOBALS: &[&str] =
    &["import", "include", "redefine", "element", "attribute", "complexType", "simpleType", "group", "attributeGroup", "notation"];
const XSD_1_1: &[&str] = &["assert", "assertion", "alternative", "openContent", "defaultOpenContent", "override", "explicitTimezone"];

fn rule(local: &str, is_global: bool) -> Option<Rule> {
    Some(match (local, is_global) {
        ("schema", _) => {
            (&["targetNamespace", "version", "elementFormDefault", "attributeFormDefault", "blockDefault", "finalDefault"], GLOBALS)
        }
        ("import", _) => (&["namespace", "schemaLocation"], &[]),
        ("include", _) => (&["schemaLocation"], &[]),
        ("redefine", _) => (&["schemaLocation"], &["complexType", "simpleType", "group", "attributeGroup"]),
        ("element", true) => (&["name", "type", "abstract", "block", "default", "final", "fixed", "nillable", "substitutionGroup"], TYPES),
        ("element", false) => (&["name", "ref", "type", "block", "default", "fixed", "form", "maxOccurs", "minOccurs", "nillable"], TYPES),
        ("attribute", true) => (&["name", "type", "default", "fixed"], &["simpleType"]),
        ("attribute", false) => (&["name", "ref", "type", "use", "form", "default", "fixed"], &["simpleType"]),
        ("complexType", true) => (
            &["name", "abstract", "block", "final", "mixed"],
            &["simpleContent", "complexContent", "sequence", "choice", "all", "group", "attribute", "attributeGroup", "anyAttribute"],
        ),
        ("complexType", false) => (
            &["mixed"],
            &["simpleContent", "complexContent", "sequence", "choice", "all", "group", "attribute", "attributeGroup", "anyAttribute"],
        ),
        ("simpleType", true) => (&["name", "final"], &["restriction", "list", "union"]),
        ("simpleType", false) => (&[], &["restriction", "list", "union"]),
        ("complexContent", _) => (&["mixed"], &["extension", "restriction"]),
        ("simpleContent", _) => (&[], &["extension", "restriction"]),
        ("extension", _) => (&["base"], ATTRIBUTES),
        ("restriction", _) => (&["base"], RESTRICTION),
        ("list", _) => (&["itemType"], &["simpleType"]),
        ("union", _) => (&["memberTypes"], &["simpleType"]),
        ("group", true) => (&["name"], &["sequence", "choice", "all"]),
        ("group", false) => (&["ref", "minOccurs", "maxOccurs"], &[]),
        ("attributeGroup", true) => (&["name"], &["attribute", "attributeGroup", "anyAttribute"]),
        ("attributeGroup", false) => (&["ref"], &[]),
        ("sequence" | "choice", _) => (&["minOccurs", "maxOccurs"], PARTICLES),
        ("all", _) => (&["minOccurs", "maxOccurs"], &["element"]),
        ("any", _) => (&["namespace", "processContents", "minOccurs", "maxOccurs"], &[]),
        ("anyAttribute", _) => (&["namespace", "processContents"], &[]),
        ("unique" | "key", _) => (&["name"], &["selector", "field"]),
        ("keyref", _) => (&["name", "refer"], &["selector", "field"]),
        ("selector" | "field", _) => (&["xpath"], &[]),
        ("notation", _) => (&["name", "public", "system"], &[]),
        (facet, _) if FACETS.contains(&facet) => (&["value", "fixed"], &[]),
        _ => return None,
    })
}

impl<'d> Builder<'d> {
    /// Checks every element of a schema document but what stands in annotations.
    pub(in crate::schema) fn check_vocabulary(&mut self, schema: Place<'d>) {
        let mut open = vec![(schema, false)];
        while let Some((place, is_global)) = open.pop() {
            let Some((attributes, children)) = rule(place.local(), is_global) else { continue };
            self.check_attributes(place, attributes);
            let children_are_global = matches!(place.local(), "schema" | "redefine");
            let before = open.len();
            for child in place.node.children() {
                if child.is_element() {
                    if self.check_child(place, child, children) {
                        open.push((place.at(child), children_are_global));
                    }
                } else if child.is_text() && child.text().is_some_and(|t| !t.trim().is_empty()) {
                    let range = child.range();
                    let source = self.document(place).source;
                    let span = Span { source, start: range.start as u32, end: range.end as u32 };
                    self.warn(&codes::UNEXPECTED_CHILD, format!("text stands inside xs:{}; it is ignored", place.local()), span);
                }
            }
            // The stack gives the last first; findings shall be in document order.
            open[before..].reverse();
        }
    }

    fn check_attributes(&mut self, place: Place<'d>, known: &[&str]) {
        for attribute in place.node.attributes() {
            let name = attribute.name();
            let own = attribute.namespace().is_none() || attribute.namespace() == Some(ns::XSD);
            if !own || known.contains(&name) || name == "id" {
                continue;
            }
            let range = attribute.range_qname();
            let span = Span { source: self.document(place).source, start: range.start as u32, end: range.end as u32 };
            let message = format!("xs:{} has no attribute `{name}` here; it is ignored", place.local());
            let d = Diagnostic::new(Severity::Note, &codes::UNKNOWN_ATTRIBUTE, message).at(span);
            self.report(match nearest(name, known.iter().copied()) {
                Some(near) => d.hint(format!("did you mean `{near}`?")),
                None => d,
            });
        }
    }

    /// Is the child a known one, to be checked itself?
    fn check_child(&mut self, place: Place<'d>, child: Node<'d, 'd>, known: &[&str]) -> bool {
        let local = child.tag_name().name();
        let is_schema = child.tag_name().namespace() == Some(ns::XSD);
        if is_schema && local == "annotation" {
            return false;
        }
        if is_schema && known.contains(&local) {
            return true;
        }
        let span = start_tag(child, self.document(place).source);
        if is_schema && XSD_1_1.contains(&local) {
            self.warn(&codes::XSD_1_1, format!("xs:{local} belongs to XML Schema 1.1; it is ignored"), span);
            return false;
        }
        let prefix = if is_schema { "xs:" } else { "" };
        let message = format!("`{prefix}{local}` cannot stand inside xs:{}; it is ignored", place.local());
        let expected = if known.is_empty() { "nothing but xs:annotation".to_owned() } else { format!("one of {}", known.join(", ")) };
        let typo = is_schema.then(|| nearest(local, known.iter().copied())).flatten();
        let d = Diagnostic::new(Severity::Warning, &codes::UNEXPECTED_CHILD, message).at(span).expected(expected);
        self.report(match typo {
            Some(near) => d.hint(format!("did you mean `xs:{near}`?")),
            None => d,
        });
        false
    }
}

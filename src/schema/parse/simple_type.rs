//! `xs:simpleType` (part 1, 3.14.2) and facets (part 2, 4.3).

use super::annotation::documentation;
use super::{Builder, Place};
use crate::diagnostic::{Diagnostic, Severity};
use crate::schema::builtin::ANY_SIMPLE_TYPE;
use crate::schema::codes;
use crate::schema::model::{Facet, SimpleType, TypeId, Variety};
use crate::xml::QName;
use crate::xml::datatypes::FacetKind;
use crate::xml::document::Unqualified as _;

impl<'d> Builder<'d> {
    pub(super) fn simple_type(&mut self, id: TypeId, name: Option<QName>, place: Place<'d>) -> SimpleType {
        let step = place.children().find(|c| matches!(c.local(), "restriction" | "list" | "union"));
        let (base, variety, facets) = match step {
            Some(step) if step.local() == "list" => (ANY_SIMPLE_TYPE, Variety::List(self.list_item(step)), Vec::new()),
            Some(step) if step.local() == "union" => (ANY_SIMPLE_TYPE, Variety::Union(self.union_members(step)), Vec::new()),
            Some(step) => {
                self.restrictions.push(id);
                let base = self.restriction_base(step);
                // The variety is the base's, which may not be read yet.
                (base, Variety::Ur, self.facets(step))
            }
            None => {
                let span = self.span(place);
                self.warn(&codes::WRONG_KIND, "this xs:simpleType has no restriction, list or union inside".to_owned(), span);
                (ANY_SIMPLE_TYPE, Variety::Ur, Vec::new())
            }
        };
        SimpleType {
            name,
            base: Some(base),
            variety,
            facets,
            scope: self.scope(place),
            document: Some(Self::document_id(place)),
            span: Some(self.span(place)),
            documentation: documentation(place),
        }
    }

    fn restriction_base(&mut self, step: Place<'d>) -> TypeId {
        let inline = step.child("simpleType");
        if step.attribute("base").is_some() {
            if let Some(inline) = inline {
                let span = self.span(inline);
                self.warn(&codes::SAID_TWICE, "a type stands inside beside `base`".to_owned(), span);
            }
            return self.base(step).unwrap_or(ANY_SIMPLE_TYPE);
        }
        match inline {
            Some(inline) => self.anonymous_type(inline).unwrap_or(ANY_SIMPLE_TYPE),
            None => self.base(step).unwrap_or(ANY_SIMPLE_TYPE),
        }
    }

    fn list_item(&mut self, step: Place<'d>) -> TypeId {
        if let Some(attribute) = step.attribute("itemType") {
            return self.type_reference(step, attribute).unwrap_or(ANY_SIMPLE_TYPE);
        }
        match step.child("simpleType") {
            Some(inline) => self.anonymous_type(inline).unwrap_or(ANY_SIMPLE_TYPE),
            None => {
                let span = self.span(step);
                self.warn(&codes::WRONG_KIND, "this xs:list has no item type".to_owned(), span);
                ANY_SIMPLE_TYPE
            }
        }
    }

    fn union_members(&mut self, step: Place<'d>) -> Vec<TypeId> {
        let mut members = Vec::new();
        if let Some(attribute) = step.attribute("memberTypes") {
            let span = self.value_span(step, attribute);
            for name in attribute.value().split_ascii_whitespace() {
                members.extend(self.type_named(step, name, span));
            }
        }
        for inline in step.children().filter(|c| c.local() == "simpleType") {
            members.extend(self.anonymous_type(inline));
        }
        if members.is_empty() {
            let span = self.span(step);
            self.warn(&codes::WRONG_KIND, "this xs:union has no members that are declared".to_owned(), span);
        }
        members
    }

    /// The facets among the children of a restriction, each checked by itself.
    pub(super) fn facets(&mut self, step: Place<'d>) -> Vec<Facet> {
        let mut facets: Vec<Facet> = Vec::new();
        for child in step.children() {
            let Some(kind) = facet_kind(child.local()) else { continue };
            if self.stopped {
                break;
            }
            if kind == FacetKind::Enumeration {
                self.count_enumeration(child);
            }
            let Some(attribute) = child.node.unqualified_node("value") else {
                let span = self.span(child);
                self.warn(&codes::BAD_FACET, format!("this xs:{} has no value; it is ignored", child.local()), span);
                continue;
            };
            let value = self.intern(attribute.value());
            if let Some(expected) = wrong_value(kind, &value) {
                let span = self.value_span(child, attribute);
                let message = format!("`{}` is no value of xs:{}; it is ignored", value.trim(), child.local());
                self.report(Diagnostic::new(Severity::Warning, &codes::BAD_FACET, message).at(span).expected(expected));
                continue;
            }
            facets.push(Facet { kind, value, scope: self.scope(child), documentation: documentation(child) });
        }
        self.contradictions(step, &facets);
        facets
    }

    /// Lengths and digits of one step that exclude each other.
    fn contradictions(&mut self, step: Place<'d>, facets: &[Facet]) {
        let number = |kind| facets.iter().find(|f| f.kind == kind).and_then(|f| f.value.trim().parse::<u64>().ok());
        let pairs = [
            (FacetKind::MinLength, FacetKind::MaxLength, "minLength", "maxLength"),
            (FacetKind::FractionDigits, FacetKind::TotalDigits, "fractionDigits", "totalDigits"),
        ];
        for (low, high, low_name, high_name) in pairs {
            if let (Some(a), Some(b)) = (number(low), number(high))
                && a > b
            {
                let span = self.span(step);
                self.warn(&codes::BAD_FACET, format!("{low_name} {a} is above {high_name} {b}: no value fits"), span);
            }
        }
    }
}

fn facet_kind(local: &str) -> Option<FacetKind> {
    Some(match local {
        "length" => FacetKind::Length,
        "minLength" => FacetKind::MinLength,
        "maxLength" => FacetKind::MaxLength,
        "pattern" => FacetKind::Pattern,
        "enumeration" => FacetKind::Enumeration,
        "whiteSpace" => FacetKind::WhiteSpace,
        "minInclusive" => FacetKind::MinInclusive,
        "maxInclusive" => FacetKind::MaxInclusive,
        "minExclusive" => FacetKind::MinExclusive,
        "maxExclusive" => FacetKind::MaxExclusive,
        "totalDigits" => FacetKind::TotalDigits,
        "fractionDigits" => FacetKind::FractionDigits,
        _ => return None,
    })
}

/// What was expected, where the value is none of the facet's.
fn wrong_value(kind: FacetKind, value: &str) -> Option<&'static str> {
    let value = value.trim();
    let whole = |text: &str| {
        let digits = text.strip_prefix('+').unwrap_or(text);
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    };
    match kind {
        FacetKind::Length | FacetKind::MinLength | FacetKind::MaxLength | FacetKind::FractionDigits => {
            (!whole(value)).then_some("a whole number from 0")
        }
        FacetKind::TotalDigits => (!whole(value) || value.bytes().all(|b| matches!(b, b'0' | b'+'))).then_some("a whole number from 1"),
        FacetKind::WhiteSpace => (!matches!(value, "preserve" | "replace" | "collapse")).then_some("preserve, replace or collapse"),
        FacetKind::MinInclusive | FacetKind::MaxInclusive | FacetKind::MinExclusive | FacetKind::MaxExclusive => {
            value.is_empty().then_some("a value of the restricted type")
        }
        FacetKind::Pattern | FacetKind::Enumeration => None,
    }
}

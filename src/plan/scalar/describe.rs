//! A simple type in words, and what documents of it say.

use std::sync::Arc;

use super::facets::Enumerated;
use super::lexical::number::plain_decimal;
use super::{FacetKind, JsonKind, NoNamespaces, Pattern, Scalar, Variety};
use crate::json::string_into;

/// A value of an enumeration, for documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumerationValue {
    /// As JSON text.
    pub json: String,
    /// Its annotation.
    pub documentation: Option<Arc<str>>,
}

/// Values of an enumeration that a message names.
const SAID_VALUES: usize = 8;
/// Facets that a message names.
const SAID_FACETS: usize = 6;

impl Scalar {
    /// The type in words, for error messages: `xs:int between 1 and 99`.
    pub fn say(&self) -> String {
        let primitive = match &self.variety {
            Variety::List(item) => return format!("list of {}", item.say()),
            Variety::Union(members) => return format!("one of: {}", members.iter().map(|m| m.say()).collect::<Vec<_>>().join(" | ")),
            Variety::Atomic(primitive) => primitive,
        };
        let name = format!("xs:{}", primitive.name());
        let values: Vec<&str> = self.steps.iter().flat_map(|s| s.enumeration()).map(|e| &*e.value).take(SAID_VALUES + 1).collect();
        if let Some(first) = values.get(..SAID_VALUES.min(values.len())).filter(|v| !v.is_empty()) {
            return format!("{name} of {}{}", first.join(", "), if values.len() > SAID_VALUES { ", …" } else { "" });
        }
        match (self.bound(FacetKind::MinInclusive), self.bound(FacetKind::MaxInclusive)) {
            (Some(least), Some(most)) => format!("{name} between {least} and {most}"),
            (Some(least), None) => format!("{name} from {least}"),
            (None, Some(most)) => format!("{name} to {most}"),
            (None, None) => name,
        }
    }

    /// The same with the facets that it does not tell.
    pub fn say_with_facets(&self) -> String {
        let said = self.say();
        // Bounds are told already, but beside an enumeration.
        let is_told = |kind| {
            matches!(kind, FacetKind::MinInclusive | FacetKind::MaxInclusive) && self.steps.iter().all(|s| s.enumeration().is_empty())
        };
        let facets: Vec<String> = self
            .steps
            .iter()
            .flat_map(|s| s.written())
            .filter(|(kind, _)| !is_told(*kind))
            .take(SAID_FACETS)
            .map(|(kind, value)| format!("{} {value}", kind.name()))
            .collect();
        if facets.is_empty() { said } else { format!("{said} ({})", facets.join(", ")) }
    }

    /// A bound as written, the nearest.
    pub fn bound(&self, kind: FacetKind) -> Option<&Arc<str>> {
        self.steps.iter().flat_map(|s| s.bounds()).find(|(k, _)| *k == kind).map(|(_, bound)| bound)
    }

    /// The nearest value of length, minLength, maxLength, totalDigits or fractionDigits.
    pub fn count(&self, kind: FacetKind) -> Option<u64> {
        self.steps.iter().find_map(|s| s.count(kind))
    }

    /// Characters (bytes for the binary kinds, items for lists) at least and at most.
    pub fn length_range(&self) -> (u64, Option<u64>) {
        let mut least = 0;
        let mut most: Option<u64> = None;
        for step in &self.steps {
            let exact = step.count(FacetKind::Length);
            if let Some(n) = exact.or(step.count(FacetKind::MinLength)) {
                least = least.max(n);
            }
            if let Some(n) = exact.or(step.count(FacetKind::MaxLength)) {
                most = Some(most.map_or(n, |m| m.min(n)));
            }
        }
        (least, most)
    }

    /// The values that the nearest enumeration allows and no other facet refuses, as JSON; `None` where there is no enumeration.
    pub fn enumeration(&self) -> Option<Vec<EnumerationValue>> {
        let nearest = self.steps.iter().map(|s| s.enumeration()).find(|e| !e.is_empty())?;
        let mut values: Vec<EnumerationValue> = Vec::with_capacity(nearest.len());
        for e in nearest {
            let Some(json) = self.enumerated_json(e) else { continue };
            values.push(EnumerationValue { json, documentation: e.documentation.clone() });
        }
        Some(values)
    }

    fn enumerated_json(&self, e: &Enumerated) -> Option<String> {
        let mut out = Vec::new();
        match &e.qname {
            Some(name) => string_into(&mut out, name),
            None if self.reads(&e.value) => self.decode(&e.value, &NoNamespaces, &mut out).ok()?,
            None => return None,
        }
        String::from_utf8(out).ok()
    }

    /// For each step that has patterns, the ECMA-262 expression that JSON Schema can check, one for all of them; `None` in the
    /// place of a step whose patterns it cannot say. Empty where there are none.
    pub fn json_schema_patterns(&self) -> Vec<Option<String>> {
        let steps = self.steps.iter().filter(|s| !s.patterns().is_empty() || !s.unchecked_patterns().is_empty());
        steps.map(|s| one_of(s.patterns())).collect()
    }

    /// May a reply give a string although the type is numeric, and may a request? A pattern may ask for forms that numbers cannot
    /// have (`007`), floats have `INF`, `-INF` and `NaN`.
    pub fn may_be_string(&self) -> bool {
        match &self.variety {
            Variety::Atomic(p) => {
                self.kind == JsonKind::String
                    || self.kind == JsonKind::Number
                        && (self.has_patterns() && self.has_odd_forms() || matches!(p.name(), "float" | "double"))
            }
            Variety::List(_) => false,
            Variety::Union(members) => self.kind == JsonKind::String || members.iter().any(|m| m.may_be_string()),
        }
    }

    /// Do the patterns take a form that is no JSON number where they refuse the number's own? Tried with zeros before and after.
    fn has_odd_forms(&self) -> bool {
        let is_odd = |text: &str| self.patterns_fit(text) && !self.patterns_fit(&plain_decimal(text));
        let zeros = |n: usize| "0".repeat(n);
        (0..20).any(|n| is_odd(&format!("{}7", zeros(n))) || is_odd(&format!("+{}7", zeros(n))) || is_odd(&zeros(n)))
            || (0..10)
                .any(|n| (0..6).any(|d| is_odd(&format!("{}7.{}", zeros(n), zeros(d))) || is_odd(&format!("{}.7{}", zeros(n), zeros(d)))))
    }

    /// The kinds of JSON value that requests may give, in the order of the members; one unless it is a union.
    pub fn json_kinds(&self) -> Vec<JsonKind> {
        let mut kinds = vec![self.kind];
        if matches!(self.variety, Variety::Union(_)) {
            for member in self.flat_members() {
                for kind in member.json_kinds() {
                    if !kinds.contains(&kind) {
                        kinds.push(kind);
                    }
                }
            }
        }
        kinds
    }
}

/// One expression for several, of which one must match.
fn one_of(patterns: &[Pattern]) -> Option<String> {
    let all: Option<Vec<String>> = patterns.iter().map(Pattern::ecma).collect();
    let mut all = all?;
    match all.len() {
        0 => None,
        1 => all.pop(),
        _ => Some(all.iter().map(|p| format!("(?:{p})")).collect::<Vec<_>>().join("|")),
    }
}

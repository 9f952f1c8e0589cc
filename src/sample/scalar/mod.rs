//! Values of simple types: readable candidates first, then texts made from patterns; each is tried on the type itself.

mod number;
mod text;
mod time;

use super::pattern::Maker;
use super::random::Choices;
use crate::json::{Limits, Value, parse, string_into};
use crate::plan::scalar::{FacetKind, NoNamespaces, Prefixes, Primitive, Scalar, Variety};

/// Items of a list, at most.
const MAX_ITEMS: u64 = 1_000;
/// Texts that are made from patterns before giving up.
const MAX_TRIES: u64 = 60;
/// Values of an enumeration that are tried.
const MAX_VALUES: usize = 100;

/// Makes values of simple types.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) choices: Choices,
    /// IDs that were given.
    ids: u32,
    /// Is it for a list, whose items have no white space?
    in_list: bool,
}

/// Any prefix will do to see whether a value fits.
struct AnyPrefix;

impl Prefixes for AnyPrefix {
    fn prefix(&mut self, _namespace: &str) -> String {
        "p".to_owned()
    }
}

impl Source {
    pub(super) fn new(seed: Option<u64>) -> Self {
        Self { choices: Choices::new(seed), ids: 0, in_list: false }
    }

    /// A value as JSON text; `None` where none is found. `name` is what a readable string says.
    pub(super) fn value(&mut self, scalar: &Scalar, name: &str) -> Option<String> {
        if let Some(values) = scalar.enumeration() {
            let start = self.choices.below(values.len());
            let order = values.iter().cycle().skip(start).take(values.len().min(MAX_VALUES));
            return order.map(|v| &v.json).find(|json| fits(scalar, json)).cloned();
        }
        let found = match scalar.variety() {
            Variety::List(item) => {
                let around = std::mem::replace(&mut self.in_list, true);
                let found = self.list(scalar, item, name);
                self.in_list = around;
                found
            }
            Variety::Union(members) => {
                let start = self.choices.below(members.len());
                let mut order = members.iter().cycle().skip(start).take(members.len());
                let found = order.find_map(|m| self.value(m, name).filter(|json| fits(scalar, json)));
                // A number or a list of a union that is a string otherwise: as replies give it.
                found.map(|json| if json.starts_with('"') { json } else { as_replied(scalar, &json).unwrap_or(json) })
            }
            Variety::Atomic(primitive) => self.atomic(scalar, *primitive, name),
        };
        found.or_else(|| self.by_patterns(scalar))
    }

    fn list(&mut self, scalar: &Scalar, item: &Scalar, name: &str) -> Option<String> {
        let (least, most) = scalar.length_range();
        let wanted = i128::from(least.max(1));
        let count = self.choices.between(wanted, wanted + 2) as u64;
        let count = most.map_or(count, |m| count.min(m));
        if count > MAX_ITEMS {
            return None;
        }
        for _ in 0..4 {
            let items: Option<Vec<String>> = (0..count).map(|_| self.value(item, name)).collect();
            let json = format!("[{}]", items?.join(","));
            if fits(scalar, &json) {
                return Some(json);
            }
        }
        None
    }

    fn atomic(&mut self, scalar: &Scalar, primitive: Primitive, name: &str) -> Option<String> {
        if primitive.is_qname() {
            let mut json = Vec::new();
            string_into(&mut json, &format!("{{urn:example}}{name}"));
            return String::from_utf8(json).ok().filter(|json| fits(scalar, json));
        }
        self.candidates(scalar, primitive, name).iter().find_map(|text| read(scalar, text))
    }

    /// Texts that may be of the type, the best first.
    fn candidates(&mut self, scalar: &Scalar, primitive: Primitive, name: &str) -> Vec<String> {
        use Primitive as P;
        match primitive {
            P::AnySimple | P::String | P::NormalizedString | P::Token => self.strings(scalar, name),
            P::AnyUri => self.uris(scalar, name),
            P::Language => self.languages(),
            P::Id => {
                self.ids += 1;
                let id = if self.ids == 1 { name.to_owned() } else { format!("{name}{}", self.ids) };
                self.names(scalar, &id)
            }
            P::NmToken | P::Name | P::NcName | P::IdRef | P::Entity => self.names(scalar, name),
            P::Boolean => {
                let first = self.choices.percent(50, true);
                vec![first.to_string(), (!first).to_string()]
            }
            P::Decimal
            | P::Integer
            | P::NonPositiveInteger
            | P::NegativeInteger
            | P::Long
            | P::Int
            | P::Short
            | P::Byte
            | P::NonNegativeInteger
            | P::UnsignedLong
            | P::UnsignedInt
            | P::UnsignedShort
            | P::UnsignedByte
            | P::PositiveInteger
            | P::Float
            | P::Double => self.numbers(scalar, primitive),
            P::Duration | P::DateTime | P::Time | P::Date | P::GYearMonth | P::GYear | P::GMonthDay | P::GDay | P::GMonth => {
                self.times(scalar, primitive)
            }
            P::HexBinary | P::Base64Binary => self.binaries(scalar, primitive),
            P::QName | P::Notation => Vec::new(),
        }
    }

    /// A value whose text is made from the patterns of a step.
    fn by_patterns(&mut self, scalar: &Scalar) -> Option<String> {
        self.text_of_patterns(scalar, read)
    }

    /// What is made of the first text from the patterns of a step that is accepted.
    fn text_of_patterns(&mut self, scalar: &Scalar, accept: impl Fn(&Scalar, &str) -> Option<String>) -> Option<String> {
        let (least, most) = scalar.length_range();
        let wanted = most.unwrap_or(least).min(least + 8).min(4_000) as u32;
        for step in scalar.steps().iter().filter(|s| !s.patterns().is_empty()) {
            for attempt in 0..MAX_TRIES {
                // Without a seed the first ones are made in order; then chance, but always the same, must help.
                let mut chance = Choices::new(Some(attempt));
                let choices = if self.choices.is_fixed() && attempt >= 5 { &mut chance } else { &mut self.choices };
                let stretch = [1, 0, 2, 4, wanted, 3, 1, 8][attempt as usize % 8];
                let which = if choices.is_fixed() { attempt as usize / 5 } else { choices.below(step.patterns().len()) };
                let Some(pattern) = step.patterns().get(which).or(step.patterns().first()) else { continue };
                let made = Maker::new(choices, stretch).make(pattern.ast());
                if let Some(found) = made.and_then(|text| accept(scalar, &text)) {
                    return Some(found);
                }
            }
        }
        None
    }
}

/// The same source, for the texts themselves: as an XML message has them, in no form that the mapping gave them.
#[derive(Debug)]
pub(crate) struct Texts(Source);

impl Texts {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Self(Source::new(seed))
    }

    /// A text of an atomic type that is no QName; `None` where none is found. `name` is what a readable string says.
    pub(crate) fn text(&mut self, scalar: &Scalar, name: &str) -> Option<String> {
        let accept = |scalar: &Scalar, text: &str| is_valid(scalar, text).then(|| text.to_owned());
        let primitive = scalar.primitive().filter(|p| !p.is_qname())?;
        let found = self.0.candidates(scalar, primitive, name).iter().find_map(|text| accept(scalar, text));
        found.or_else(|| self.0.text_of_patterns(scalar, accept))
    }
}

/// The JSON of a text, if it is of the type, facets included.
pub(super) fn read(scalar: &Scalar, text: &str) -> Option<String> {
    let mut json = Vec::new();
    scalar.decode(text, &NoNamespaces, &mut json).ok()?;
    String::from_utf8(json).ok().filter(|json| fits(scalar, json))
}

/// The JSON that a reply gives for the text that a JSON value becomes.
fn as_replied(scalar: &Scalar, json: &str) -> Option<String> {
    let value = parse(json.as_bytes(), &Limits::default()).ok()?;
    let mut text = String::new();
    scalar.encode(&value, &mut AnyPrefix, &mut text).ok()?;
    read(scalar, &text)
}

/// Is the XML text a value of the type: its lexical form, the range of its built-in type, its facets?
pub(crate) fn is_valid(scalar: &Scalar, text: &str) -> bool {
    scalar.reads(text) && read(scalar, text).is_some()
}

/// Does the JSON text fit the type?
pub(super) fn fits(scalar: &Scalar, json: &str) -> bool {
    let value: Result<Value<'_>, _> = parse(json.as_bytes(), &Limits::default());
    value.is_ok_and(|value| scalar.encode(&value, &mut AnyPrefix, &mut String::new()).is_ok())
}

/// A bound as written, and whether it is included.
pub(super) type Bound<'s> = Option<(&'s str, bool)>;

/// The least and the greatest value of a type.
pub(super) fn bounds(scalar: &Scalar) -> (Bound<'_>, Bound<'_>) {
    let bound = |inclusive, exclusive| {
        let included = scalar.bound(inclusive).map(|b| (&**b, true));
        included.or_else(|| scalar.bound(exclusive).map(|b| (&**b, false)))
    };
    (bound(FacetKind::MinInclusive, FacetKind::MinExclusive), bound(FacetKind::MaxInclusive, FacetKind::MaxExclusive))
}

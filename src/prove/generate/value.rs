//! Texts of simple types: values of enumerations, members of unions, bounds, and forms that say the same in other words.

use super::{Alternative, Generator, Made};
use crate::plan::scalar::{Primitive, Scalar, Variety as Made_, WhiteSpace};
use crate::prove::model::Model;
use crate::sample::is_valid;
use crate::schema::model::{Facet, SimpleType, TypeDefinition, TypeId, Variety};
use crate::xml::QName;
use crate::xml::datatypes::FacetKind;

/// Simple types that restrict one another, at most.
const MAX_STEPS: usize = 64;
/// Values that are tried before a type is given up.
const MAX_TRIES: usize = 12;
/// Items of a list that must be there and are made, at most.
const MAX_ITEMS: u64 = 1_000;

impl Generator<'_, '_> {
    /// A text of a simple type, or of a complex type with simple content.
    pub(super) fn text(&mut self, id: TypeId) -> Made<String> {
        let simple = match &self.model.type_(id).kind {
            crate::prove::model::Kind::Simple(text) => *text,
            _ => id,
        };
        let scalar = self.model.scalar(simple).clone();
        match self.simple(simple, 0) {
            Some(text) if self.is_name(&scalar) || is_valid(&scalar, &text) => Ok(text),
            _ => self.stuck(format!("no value of {} was found", self.label(simple))),
        }
    }

    fn label(&self, id: TypeId) -> String {
        self.model.schemas.type_definition(id).name().map_or_else(|| "its type".to_owned(), ToString::to_string)
    }

    fn is_name(&self, scalar: &Scalar) -> bool {
        scalar.flat_members().iter().any(|m| m.primitive().is_some_and(Primitive::is_qname))
    }

    fn simple(&mut self, id: TypeId, depth: usize) -> Option<String> {
        let model = self.model;
        let scalar = model.scalar(id).clone();
        let TypeDefinition::Simple(t) = model.schemas.type_definition(id) else { return self.atomic(&scalar) };
        if depth > MAX_STEPS {
            return None;
        }
        if let Some((owner, values)) = enumeration(model, id) {
            return self.one_of(owner, &values, &scalar);
        }
        match &t.variety {
            Variety::List(item) => self.list(*item, &scalar, depth),
            Variety::Union(members) => {
                let owner = self.union_owner(id, t);
                let mut order: Vec<usize> = (0..members.len()).collect();
                order.sort_by_key(|ix| self.coverage.times(Alternative::Value(owner, *ix)));
                for ix in order {
                    let made = members.get(ix).and_then(|m| self.simple(*m, depth + 1)).filter(|t| is_valid(&scalar, t));
                    self.note(Alternative::Value(owner, ix), made.is_some());
                    if made.is_some() {
                        return made;
                    }
                }
                None
            }
            Variety::Atomic(_) | Variety::Ur => self.atomic(&scalar),
        }
    }

    /// The union that a restriction of one goes back to: its members are counted there.
    fn union_owner(&self, id: TypeId, t: &SimpleType) -> TypeId {
        let mut at = (id, t);
        for _ in 0..MAX_STEPS {
            match at.1.base.map(|b| (b, self.model.schemas.type_definition(b))) {
                Some((b, TypeDefinition::Simple(base))) if matches!(base.variety, Variety::Union(_)) => at = (b, base),
                _ => break,
            }
        }
        at.0
    }

    /// The value that was shown least.
    fn one_of(&mut self, owner: TypeId, values: &[&Facet], scalar: &Scalar) -> Option<String> {
        let turn = self.choices.below(values.len());
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.rotate_left(turn);
        order.sort_by_key(|ix| self.coverage.times(Alternative::Value(owner, *ix)));
        for ix in order.into_iter().take(MAX_TRIES) {
            let Some(facet) = values.get(ix) else { continue };
            let text = if scalar.primitive().is_some_and(Primitive::is_qname) {
                let name = self.model.resolve(facet.scope, &facet.value);
                self.plain_names |= name.namespace().is_none();
                self.prefixes.lexical(&name)
            } else {
                Some((*facet.value).to_owned()).filter(|t| is_valid(scalar, t))
            };
            self.note(Alternative::Value(owner, ix), text.is_some());
            if text.is_some() {
                return text;
            }
        }
        None
    }

    fn list(&mut self, item: TypeId, scalar: &Scalar, depth: usize) -> Option<String> {
        let (least, most) = scalar.length_range();
        if least > MAX_ITEMS {
            return None;
        }
        for _ in 0..MAX_TRIES {
            let wanted = least + self.choices.below(4) as u64;
            let wanted = most.map_or(wanted, |m| wanted.min(m));
            let items: Vec<String> = (0..wanted)
                .filter_map(|_| self.simple(item, depth + 1))
                .map(|text| text.split_whitespace().next().unwrap_or("x").to_owned())
                .collect();
            let between = if self.choices.percent(15, false) { "  " } else { " " };
            let text = items.join(between);
            if is_valid(scalar, &text) {
                return Some(text);
            }
        }
        None
    }

    fn atomic(&mut self, scalar: &Scalar) -> Option<String> {
        let primitive = scalar.primitive()?;
        if primitive.is_qname() {
            let local = ["name", "x", "q-1"].get(self.choices.below(3)).copied().unwrap_or("name");
            let namespace = if self.choices.percent(70, true) { "urn:castile:names" } else { crate::xml::ns::XSD };
            return self.prefixes.lexical(&QName::new(namespace, local));
        }
        if self.choices.percent(35, false)
            && let Some(text) = self.special(scalar, primitive)
        {
            return Some(text);
        }
        if primitive == Primitive::Id {
            self.ids += 1;
            let text = format!("id-{}", self.ids);
            if is_valid(scalar, &text) {
                return Some(text);
            }
        }
        let name = self.path.last().map_or("value", |n| n.local()).to_owned();
        let text = self.texts.text(scalar, &name)?;
        Some(self.reworded(scalar, primitive, text))
    }

    /// Values at which mappings have failed before.
    fn special(&mut self, scalar: &Scalar, primitive: Primitive) -> Option<String> {
        use Primitive as P;
        let pool: &[&str] = match primitive {
            P::String | P::AnySimple => &[
                "  both ends  ",
                "a\tb",
                "two\nlines",
                "\r\n",
                " ",
                "]]>",
                "&amp;",
                "<a href=\"x\"/>",
                "{}",
                "null",
                "12.50",
                "\u{1F600}",
                "\u{85}\u{2028}",
            ],
            P::NormalizedString => &["  kept  ", "&lt;", "true"],
            P::Token | P::AnyUri => &["a b", "&lt;", "1.0"],
            P::Decimal => &["12.50", "0.1000", "9007199254740993", "-0.000000000000000000001", "123456789012345678901234567890.5"],
            P::Float | P::Double => &["INF", "-INF", "NaN", "1.50E10", "-0", "1e-7", "4.9E-324", "9007199254740993"],
            P::DateTime => &["2024-02-29T24:00:00", "12024-01-01T00:00:00Z", "-0044-03-15T12:00:00", "2024-01-01T00:00:00.000000001+14:00"],
            P::Date => &["2024-02-29-14:00", "-0001-01-01"],
            P::Time => &["24:00:00", "23:59:59.999999999Z"],
            P::GYear => &["-0001", "12024"],
            P::Duration => &["-P1Y2M3DT4H5M6.789S", "PT0S", "P0Y", "PT36H"],
            P::Base64Binary => &["", "AA==", "////", "AAAA\nAAAA"],
            P::HexBinary => &["", "0aFF", "DEADbeef"],
            P::Language => &["en-Latn-US"],
            P::Boolean => &["1", "0"],
            p if p.is_integer() => {
                &["9007199254740993", "-9223372036854775808", "18446744073709551615", "2147483647", "-128", "255", "0", "1", "-1"]
            }
            _ => &[],
        };
        let start = self.coverage.turn(primitive) % pool.len().max(1);
        pool.iter().cycle().skip(start).take(pool.len()).find(|t| is_valid(scalar, t)).map(|t| (*t).to_owned())
    }

    /// The same value in other words, where the type takes them.
    fn reworded(&mut self, scalar: &Scalar, primitive: Primitive, text: String) -> String {
        if !self.choices.percent(15, false) || text.is_empty() || matches!(scalar.variety(), Made_::Union(_)) {
            return text;
        }
        let is_number = primitive.is_integer() || matches!(primitive, Primitive::Decimal | Primitive::Float | Primitive::Double);
        let other = match self.choices.below(3) {
            0 if is_number && text.starts_with(|c: char| c.is_ascii_digit()) => format!("+{text}"),
            1 if is_number && text.starts_with(|c: char| c.is_ascii_digit()) => format!("00{text}"),
            _ if scalar.white_space() == WhiteSpace::Collapse => format!("\n  {text} "),
            _ => return text,
        };
        if is_valid(scalar, &other) { other } else { text }
    }

    /// A few words.
    pub(super) fn word(&mut self) -> String {
        let text = Scalar::builtin(Primitive::String, false);
        self.texts.text(&text, "text").filter(|t| !t.trim().is_empty()).unwrap_or_else(|| "text".to_owned())
    }
}

/// The values of the nearest step that lists them.
fn enumeration<'d>(model: &Model<'d>, id: TypeId) -> Option<(TypeId, Vec<&'d Facet>)> {
    let set = model.schemas;
    let mut at = id;
    for _ in 0..MAX_STEPS {
        let TypeDefinition::Simple(t) = set.type_definition(at) else { return None };
        let values: Vec<&Facet> = t.facets.iter().filter(|f| f.kind == FacetKind::Enumeration).collect();
        if !values.is_empty() {
            return Some((at, values));
        }
        at = t.base.filter(|b| *b != at)?;
    }
    None
}

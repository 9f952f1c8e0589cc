//! Does one simple type take every value that another takes? For telling what a newer schema breaks.
//!
//! The answer errs to one side: what cannot be shown is said to be narrower. XML Schema part 2, 4.1.3 and 4.3.

use std::cmp::Ordering;

use super::canonical::Names;
use super::facets::Step;
use super::primitive::Family;
use super::{FacetKind, JsonKind, Primitive, Scalar, Variety};

/// Values of an enumeration that a reason names.
const NAMED: usize = 5;

impl Scalar {
    /// Why `other` may refuse a value of this type, in words; empty where it takes all of them, each as the same JSON.
    pub fn beyond(&self, other: &Self) -> Vec<String> {
        if let Some(why) = self.kind_beyond(other) {
            return vec![why];
        }
        if let Some(values) = self.own_values() {
            return self.values_beyond(&values, other);
        }
        let mut why: Vec<String> = self.variety_beyond(other).into_iter().collect();
        if why.is_empty() {
            why.extend(other.steps.iter().flat_map(|step| self.step_beyond(other, step)));
        }
        why
    }

    /// The kinds of JSON value differ.
    fn kind_beyond(&self, other: &Self) -> Option<String> {
        let (own, others) = (self.json_kinds(), other.json_kinds());
        let differs = own.iter().any(|k| !others.contains(k));
        let strings = self.may_be_string() && !other.may_be_string() && self.kind != JsonKind::String;
        if differs || strings {
            return Some(format!("its value is {} and no more {}", other.say(), self.say()));
        }
        None
    }

    /// The texts of the nearest enumeration, where every value of the type is one of them.
    fn own_values(&self) -> Option<Vec<(&str, Option<&str>)>> {
        let nearest = self.steps.iter().map(|s| s.enumeration()).find(|e| !e.is_empty())?;
        Some(nearest.iter().filter(|e| self.reads(&e.value)).map(|e| (&*e.value, e.qname.as_deref())).collect())
    }

    fn values_beyond(&self, values: &[(&str, Option<&str>)], other: &Self) -> Vec<String> {
        let refused: Vec<&str> = values.iter().filter(|(text, qname)| !other.takes_text(text, *qname)).map(|(text, _)| *text).collect();
        if refused.is_empty() {
            return Vec::new();
        }
        let enumerated = other.steps.iter().any(|s| !s.enumeration().is_empty());
        if refused.len() == values.len() && !enumerated {
            return vec![format!("its value is {} and no more {}", other.say_with_facets(), self.say())];
        }
        let more = if refused.len() > NAMED { format!(" and {} more", refused.len() - NAMED) } else { String::new() };
        let named = refused.iter().take(NAMED).map(|v| format!("`{}`", v.escape_debug())).collect::<Vec<_>>().join(", ");
        let (values, are) = if refused.len() == 1 { ("value", "is") } else { ("values", "are") };
        vec![format!("the {values} {named}{more} {are} not there any more")]
    }

    /// Is a text, as an enumeration writes it, a value of the type?
    fn takes_text(&self, text: &str, qname: Option<&str>) -> bool {
        match (&self.variety, qname) {
            (Variety::Atomic(p), Some(name)) if p.is_qname() => {
                let text = super::lexical::white::normalize(text, self.white_space);
                self.facets_fit(&text, &Names::Json(name))
            }
            _ => self.reads(text),
        }
    }

    fn variety_beyond(&self, other: &Self) -> Option<String> {
        let told = || Some(format!("its type was narrowed from {} to {}", self.say(), other.say()));
        match (&self.variety, &other.variety) {
            (Variety::Atomic(own), Variety::Atomic(others)) => {
                let same_space = self.white_space == other.white_space || !is_text(*own);
                if (derives(*own, *others) || self.range_fits(*others)) && same_space { None } else { told() }
            }
            (Variety::List(own), Variety::List(others)) => {
                let why = own.beyond(others);
                (!why.is_empty()).then(|| format!("of its items, {}", why.join(", ")))
            }
            (Variety::Union(_), Variety::Union(_)) => {
                // Whichever member takes a value first decides how it is written: the order must be the same too.
                let (own, others) = (self.flat_members(), other.flat_members());
                let mut rest = others.iter();
                let in_order = own.iter().all(|o| rest.any(|n| o.beyond(n).is_empty()));
                let only_more_after = others.iter().zip(&own).all(|(n, o)| o.beyond(n).is_empty());
                if in_order && only_more_after { None } else { told() }
            }
            (Variety::Atomic(_), Variety::Union(_)) => {
                let first = other.flat_members().first().is_some_and(|m| self.beyond(m).is_empty());
                if first { None } else { told() }
            }
            (Variety::Atomic(_) | Variety::List(_) | Variety::Union(_), _) => told(),
        }
    }

    /// Are all values of this integer type, with its bounds, inside the range of another integer type?
    fn range_fits(&self, other: Primitive) -> bool {
        let Some(own) = self.primitive() else { return false };
        if !own.is_integer() || !other.is_integer() || own.is_wide() && !other.is_wide() {
            return false;
        }
        let (least, most) = other.range();
        let fits = |bound: Option<i128>, kind| bound.is_none_or(|b| self.implies_bound(kind, &b.to_string()));
        fits(least, FacetKind::MinInclusive) && fits(most, FacetKind::MaxInclusive)
    }

    /// What a step of `other` refuses of this type.
    fn step_beyond(&self, other: &Self, step: &Step) -> Vec<String> {
        let mut why = Vec::new();
        if !step.enumeration().is_empty() {
            why.push(format!("only some values are left: {}", other.say()));
        }
        let refusing = step.unchecked_patterns().is_empty() && !step.patterns().is_empty();
        if refusing && !self.implies_patterns(step) {
            let sources: Vec<String> = step.patterns().iter().map(|p| format!("`{}`", p.source())).collect();
            why.push(format!("it must match {}", sources.join(" or ")));
        }
        for (kind, value) in step.written() {
            if !self.implies(*kind, value, step) {
                why.push(format!("{} is {value} now", kind.name()));
            }
        }
        why
    }

    fn implies_patterns(&self, asked: &Step) -> bool {
        let among = |source: &str| asked.patterns().iter().any(|p| &**p.source() == source);
        self.steps.iter().any(|own| !own.patterns().is_empty() && own.patterns().iter().all(|p| among(p.source())))
    }

    fn implies(&self, kind: FacetKind, value: &str, asked: &Step) -> bool {
        let (least, most) = self.length_range();
        let count = asked.count(kind).unwrap_or(0);
        match kind {
            // Patterns and enumerations are compared as wholes.
            FacetKind::Pattern | FacetKind::Enumeration | FacetKind::WhiteSpace => true,
            FacetKind::Length => (least, most) == (count, Some(count)),
            FacetKind::MinLength => least >= count,
            FacetKind::MaxLength => most.is_some_and(|m| m <= count),
            FacetKind::MinInclusive | FacetKind::MaxInclusive | FacetKind::MinExclusive | FacetKind::MaxExclusive => {
                self.implies_bound(kind, value)
            }
            FacetKind::TotalDigits => self.digits(kind).is_some_and(|n| n <= count),
            FacetKind::FractionDigits => {
                self.primitive().is_some_and(Primitive::is_integer) || self.digits(kind).is_some_and(|n| n <= count)
            }
        }
    }

    fn digits(&self, kind: FacetKind) -> Option<u64> {
        self.steps.iter().filter_map(|s| s.count(kind)).min()
    }

    fn implies_bound(&self, kind: FacetKind, value: &str) -> bool {
        let own = self.steps.iter().flat_map(|s| s.bounds()).map(|(k, v)| (*k, v.to_string()));
        let (least, most) = self.primitive().map_or((None, None), Primitive::range);
        let built_in = least.map(|l| (FacetKind::MinInclusive, l.to_string())).into_iter();
        let built_in = built_in.chain(most.map(|m| (FacetKind::MaxInclusive, m.to_string())));
        own.chain(built_in).any(|(own, bound)| {
            let order = self.compare(&bound, value);
            match (kind, own) {
                (FacetKind::MinInclusive, FacetKind::MinInclusive | FacetKind::MinExclusive)
                | (FacetKind::MinExclusive, FacetKind::MinExclusive) => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                (FacetKind::MinExclusive, FacetKind::MinInclusive) => order == Some(Ordering::Greater),
                (FacetKind::MaxInclusive, FacetKind::MaxInclusive | FacetKind::MaxExclusive)
                | (FacetKind::MaxExclusive, FacetKind::MaxExclusive) => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                (FacetKind::MaxExclusive, FacetKind::MaxInclusive) => order == Some(Ordering::Less),
                _ => false,
            }
        })
    }
}

fn is_text(p: Primitive) -> bool {
    matches!(p.family(), Family::Text | Family::Name(_))
}

/// Is `own` the built-in type `other`, or derived from it (part 2, section 3)?
fn derives(own: Primitive, other: Primitive) -> bool {
    use Primitive as P;
    let base = |p| {
        Some(match p {
            P::AnySimple => return None,
            P::NormalizedString => P::String,
            P::Token => P::NormalizedString,
            P::Language | P::NmToken | P::Name => P::Token,
            P::NcName => P::Name,
            P::Id | P::IdRef | P::Entity => P::NcName,
            P::Integer => P::Decimal,
            P::NonPositiveInteger | P::Long | P::NonNegativeInteger => P::Integer,
            P::NegativeInteger => P::NonPositiveInteger,
            P::Int => P::Long,
            P::Short => P::Int,
            P::Byte => P::Short,
            P::UnsignedLong | P::PositiveInteger => P::NonNegativeInteger,
            P::UnsignedInt => P::UnsignedLong,
            P::UnsignedShort => P::UnsignedInt,
            P::UnsignedByte => P::UnsignedShort,
            P::Float => P::Double,
            _ => P::AnySimple,
        })
    };
    std::iter::successors(Some(own), |p| base(*p)).any(|p| p == other) && (other != P::AnySimple || own == P::AnySimple || is_text(own))
}

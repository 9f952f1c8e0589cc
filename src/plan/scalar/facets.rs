//! Constraining facets: part 2, 4.3.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use super::canonical::Names;
use super::lexical::binary::without_space;
use super::lexical::number::{Magnitude, digit_counts};
use super::lexical::time::{Moment, Span};
use super::lexical::white::{normalize, trim, words};
use super::lexical::{binary, number};
use super::primitive::Family;
use super::{FacetKind, FacetSpec, Pattern, Scalar, Variety, WhiteSpace};

/// The facets of one restriction.
#[derive(Debug, Default)]
pub struct Step {
    /// All but enumerations and whiteSpace, as written.
    written: Vec<(FacetKind, Arc<str>)>,
    /// One of them must match; empty where any text does.
    patterns: Vec<Pattern>,
    /// Patterns that cannot be checked: then nothing is refused by the others of the step either.
    unchecked_patterns: Vec<Arc<str>>,
    enumeration: Vec<Enumerated>,
    /// Canonical values of the enumeration.
    allowed: HashSet<Box<str>>,
    length: Option<u64>,
    min_length: Option<u64>,
    max_length: Option<u64>,
    total_digits: Option<u64>,
    fraction_digits: Option<u64>,
    bounds: Vec<(FacetKind, Arc<str>)>,
}

/// A value of an enumeration.
#[derive(Debug)]
pub(super) struct Enumerated {
    pub(super) value: Arc<str>,
    pub(super) qname: Option<Arc<str>>,
    pub(super) documentation: Option<Arc<str>>,
}

impl Step {
    /// Reads the facets of a step on top of what `scalar` is already, and sets its whiteSpace. Facets without sense are named in
    /// `problems` and left out.
    pub(super) fn new(scalar: &mut Scalar, facets: &[FacetSpec], problems: &mut Vec<String>) -> Self {
        let mut step = Self::default();
        // Enumerations are compared after it, wherever it stands.
        for facet in facets.iter().filter(|f| f.kind == FacetKind::WhiteSpace) {
            match trim(&facet.value) {
                "preserve" => scalar.white_space = WhiteSpace::Preserve,
                "replace" => scalar.white_space = WhiteSpace::Replace,
                "collapse" => scalar.white_space = WhiteSpace::Collapse,
                other => problems.push(format!("whiteSpace is not \"{other}\"")),
            }
        }
        for facet in facets {
            if let Err(problem) = step.add(scalar, facet) {
                problems.push(problem);
            }
        }
        if !step.unchecked_patterns.is_empty() {
            step.unchecked_patterns.extend(step.patterns.drain(..).map(|p| p.source().clone()));
        }
        step
    }

    fn add(&mut self, scalar: &Scalar, facet: &FacetSpec) -> Result<(), String> {
        use FacetKind as K;
        let kind = facet.kind;
        let value = &facet.value;
        let applies = match kind {
            K::Pattern | K::Enumeration | K::WhiteSpace => true,
            K::Length | K::MinLength | K::MaxLength => has_length(scalar),
            K::MinInclusive | K::MaxInclusive | K::MinExclusive | K::MaxExclusive => has_order(scalar),
            K::TotalDigits | K::FractionDigits => has_digits(scalar),
        };
        if !applies {
            return Err(format!("{} does not apply to {}", kind.name(), scalar.say()));
        }
        match kind {
            K::WhiteSpace => return Ok(()),
            K::Pattern => match Pattern::new(value) {
                Ok(pattern) => self.patterns.push(pattern),
                Err(why) => {
                    self.unchecked_patterns.push(value.clone());
                    return Err(format!("pattern \"{value}\" is not checked: {why}"));
                }
            },
            K::Enumeration => return self.add_enumerated(scalar, facet),
            K::Length => self.length = Some(count(kind, value)?),
            K::MinLength => self.min_length = Some(count(kind, value)?),
            K::MaxLength => self.max_length = Some(count(kind, value)?),
            K::TotalDigits => self.total_digits = Some(count(kind, value)?),
            K::FractionDigits => self.fraction_digits = Some(count(kind, value)?),
            K::MinInclusive | K::MaxInclusive | K::MinExclusive | K::MaxExclusive => {
                let bound: Arc<str> = trim(value).into();
                if !is_bound(scalar, &bound) {
                    return Err(format!("{} \"{value}\" is no value of {}", kind.name(), scalar.say()));
                }
                self.bounds.push((kind, bound));
            }
        }
        self.written.push((kind, value.clone()));
        Ok(())
    }

    /// A value that is none of the type stays one of the enumeration, so that nothing else becomes valid by leaving it out.
    fn add_enumerated(&mut self, scalar: &Scalar, facet: &FacetSpec) -> Result<(), String> {
        let names = facet.qname.as_deref().map_or(Names::Unknown, Names::Json);
        let text = normalize(&facet.value, scalar.white_space);
        self.allowed.insert(scalar.canonical_of(&text, &names).into_owned().into_boxed_str());
        let (value, qname, documentation) = (facet.value.clone(), facet.qname.clone(), facet.documentation.clone());
        self.enumeration.push(Enumerated { value, qname, documentation });
        if scalar.reads(&facet.value) {
            Ok(())
        } else {
            Err(format!("enumeration value \"{}\" is no value of {}", facet.value, scalar.say()))
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.written.is_empty() && self.enumeration.is_empty() && self.unchecked_patterns.is_empty()
    }

    /// Patterns, of which one must match.
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Patterns that are not checked because one of them cannot be, as written.
    pub fn unchecked_patterns(&self) -> &[Arc<str>] {
        &self.unchecked_patterns
    }

    /// The facets of this step as written, but for enumerations and whiteSpace.
    pub fn written(&self) -> &[(FacetKind, Arc<str>)] {
        &self.written
    }

    pub(super) fn enumeration(&self) -> &[Enumerated] {
        &self.enumeration
    }

    /// The bounds of this step.
    pub fn bounds(&self) -> &[(FacetKind, Arc<str>)] {
        &self.bounds
    }

    /// The value of length, minLength, maxLength, totalDigits or fractionDigits.
    pub fn count(&self, kind: FacetKind) -> Option<u64> {
        match kind {
            FacetKind::Length => self.length,
            FacetKind::MinLength => self.min_length,
            FacetKind::MaxLength => self.max_length,
            FacetKind::TotalDigits => self.total_digits,
            FacetKind::FractionDigits => self.fraction_digits,
            FacetKind::Pattern
            | FacetKind::Enumeration
            | FacetKind::WhiteSpace
            | FacetKind::MinInclusive
            | FacetKind::MaxInclusive
            | FacetKind::MinExclusive
            | FacetKind::MaxExclusive => None,
        }
    }

    fn matches(&self, text: &str) -> bool {
        self.patterns.is_empty() || self.patterns.iter().any(|p| p.matches(text))
    }

    pub(super) fn length_fits(&self, n: u64) -> bool {
        self.length.is_none_or(|l| n == l) && self.min_length.is_none_or(|l| n >= l) && self.max_length.is_none_or(|l| n <= l)
    }
}

impl Scalar {
    pub(super) fn has_patterns(&self) -> bool {
        self.steps.iter().any(|s| !s.patterns.is_empty())
    }

    pub(super) fn patterns_fit(&self, text: &str) -> bool {
        self.steps.iter().all(|s| s.matches(text))
    }

    /// Does a text of the type, white space normalised, meet all facets?
    pub(super) fn facets_fit(&self, text: &str, names: &Names<'_>) -> bool {
        if self.steps.is_empty() {
            return true;
        }
        self.patterns_fit(text)
            && self.enumerations_fit(text, names)
            && self.lengths_fit(text)
            && self.bounds_fit(text)
            && self.digits_fit(text)
    }

    fn enumerations_fit(&self, text: &str, names: &Names<'_>) -> bool {
        if self.steps.iter().all(|s| s.enumeration.is_empty()) {
            return true;
        }
        let value = self.canonical_of(text, names);
        self.steps.iter().all(|s| s.enumeration.is_empty() || s.allowed.contains(&*value))
    }

    fn lengths_fit(&self, text: &str) -> bool {
        let mut steps = self.steps.iter().filter(|s| (s.length, s.min_length, s.max_length) != (None, None, None)).peekable();
        steps.peek().is_none() || self.length_of(text).is_none_or(|n| steps.all(|s| s.length_fits(n)))
    }

    /// What length counts: characters, bytes or items (part 2, 4.3.1).
    fn length_of(&self, text: &str) -> Option<u64> {
        let n = match &self.variety {
            Variety::List(_) => words(text).count(),
            Variety::Union(_) => return None,
            Variety::Atomic(p) => match p.family() {
                Family::Text | Family::Name(_) => text.chars().count(),
                Family::Hex => text.len() / 2,
                Family::Base64 => {
                    let mut data = Vec::with_capacity(text.len());
                    without_space(text, &mut data);
                    binary::base64_bytes(std::str::from_utf8(&data).ok()?)?
                }
                Family::Boolean
                | Family::Integer
                | Family::Decimal
                | Family::Float
                | Family::Duration
                | Family::Time(_)
                | Family::QName => return None,
            },
        };
        Some(n as u64)
    }

    fn bounds_fit(&self, text: &str) -> bool {
        self.steps.iter().flat_map(|s| &s.bounds).all(|(kind, bound)| {
            let order = self.compare(text, bound);
            match kind {
                FacetKind::MinInclusive => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                FacetKind::MaxInclusive => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                FacetKind::MinExclusive => order == Some(Ordering::Greater),
                FacetKind::MaxExclusive => order == Some(Ordering::Less),
                FacetKind::Length
                | FacetKind::MinLength
                | FacetKind::MaxLength
                | FacetKind::Pattern
                | FacetKind::Enumeration
                | FacetKind::WhiteSpace
                | FacetKind::TotalDigits
                | FacetKind::FractionDigits => true,
            }
        })
    }

    /// The order of two texts of the type, where it has one and they are comparable.
    pub(crate) fn compare(&self, a: &str, b: &str) -> Option<Ordering> {
        match self.primitive()?.family() {
            Family::Integer | Family::Decimal | Family::Float => compare_numbers(a, b),
            Family::Time(kind) => Moment::new(kind, a)?.compare(&Moment::new(kind, b)?),
            Family::Duration => Span::new(a)?.compare(&Span::new(b)?),
            Family::Text | Family::Name(_) | Family::Boolean | Family::Hex | Family::Base64 | Family::QName => None,
        }
    }

    fn digits_fit(&self, text: &str) -> bool {
        self.steps.iter().all(|s| {
            if s.total_digits.is_none() && s.fraction_digits.is_none() {
                return true;
            }
            digit_counts(text).is_none_or(|(whole, fraction)| {
                s.total_digits.is_none_or(|most| (whole + fraction) as u64 <= most)
                    && s.fraction_digits.is_none_or(|most| fraction as u64 <= most)
            })
        })
    }
}

/// By value; `NaN` is comparable to nothing but itself (part 2, 3.2.4).
fn compare_numbers(a: &str, b: &str) -> Option<Ordering> {
    let side = |t: &str| match t {
        "INF" => Some(1),
        "-INF" => Some(-1),
        _ => number::is_float(t).then_some(0),
    };
    if a == "NaN" && b == "NaN" {
        return Some(Ordering::Equal);
    }
    match (side(a)?, side(b)?) {
        (0, 0) => Some(Magnitude::new(a)?.compare(&Magnitude::new(b)?)),
        (a, b) => Some(a.cmp(&b)),
    }
}

fn count(kind: FacetKind, value: &str) -> Result<u64, String> {
    let digits = trim(value);
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("{} \"{value}\" is no count", kind.name()));
    }
    // A count beyond 2⁶⁴ is as good as none that is reached.
    Ok(digits.parse().unwrap_or(u64::MAX))
}

fn has_length(scalar: &Scalar) -> bool {
    match &scalar.variety {
        Variety::List(_) => true,
        Variety::Union(_) => false,
        // Part 2 allows it for QName and NOTATION, where it says nothing.
        Variety::Atomic(p) => matches!(p.family(), Family::Text | Family::Name(_) | Family::Hex | Family::Base64 | Family::QName),
    }
}

fn has_order(scalar: &Scalar) -> bool {
    scalar
        .primitive()
        .is_some_and(|p| matches!(p.family(), Family::Integer | Family::Decimal | Family::Float | Family::Time(_) | Family::Duration))
}

fn has_digits(scalar: &Scalar) -> bool {
    scalar.primitive().is_some_and(|p| matches!(p.family(), Family::Integer | Family::Decimal))
}

fn is_bound(scalar: &Scalar, bound: &str) -> bool {
    scalar.primitive().is_some_and(|p| match p.family() {
        // Bounds of integer types are often written with a fraction, or as floats.
        Family::Integer | Family::Decimal => number::is_float(bound),
        Family::Float => number::is_float(bound) || matches!(bound, "INF" | "-INF" | "NaN"),
        Family::Time(kind) => Moment::new(kind, bound).is_some(),
        Family::Duration => Span::new(bound).is_some(),
        Family::Text | Family::Name(_) | Family::Boolean | Family::Hex | Family::Base64 | Family::QName => false,
    })
}

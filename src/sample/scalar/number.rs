//! Numbers within their bounds, counted in units of their last decimal place.

use super::{Source, bounds};
use crate::plan::scalar::{FacetKind, Primitive, Scalar};

/// Decimal places at most.
const MAX_PLACES: u32 = 6;
/// Beyond that a bound is as good as none.
const FAR: i128 = 10i128.pow(30);

impl Source {
    pub(super) fn numbers(&mut self, scalar: &Scalar, primitive: Primitive) -> Vec<String> {
        let total = scalar.count(FacetKind::TotalDigits);
        let places = places_of(scalar, primitive, total);
        let unit = 10i128.pow(places);
        let (mut least, mut most) = (-FAR, FAR);
        let (type_least, type_most) = primitive.range();
        least = type_least.map_or(least, |n| least.max(n * unit));
        most = type_most.map_or(most, |n| most.min(n * unit));
        let (low, high) = bounds(scalar);
        if let Some((units, exact)) = low.and_then(|(text, _)| units(text, places)) {
            // Cut towards zero: the next one is inside.
            let inside =
                exact && low.is_some_and(|(_, included)| included) || !exact && units <= 0 && low.is_some_and(|(t, _)| t.starts_with('-'));
            least = least.max(if inside { units } else { units + 1 });
        }
        if let Some((units, exact)) = high.and_then(|(text, _)| units(text, places)) {
            let inside = exact && high.is_some_and(|(_, included)| included) || !exact && !high.is_some_and(|(t, _)| t.starts_with('-'));
            most = most.min(if inside { units } else { units - 1 });
        }
        if let Some(total) = total.filter(|t| *t < 30) {
            let widest = 10i128.pow(total as u32) - 1;
            (least, most) = (least.max(-widest), most.min(widest));
        }
        let write = |n: i128| write_units(n, places);
        let inside = |n: i128| n.max(least).min(most);
        let mut out = Vec::new();
        if self.choices.is_fixed() {
            let usual = match primitive {
                Primitive::Float | Primitive::Double => "1.5",
                Primitive::Decimal if places > 0 => "12.50",
                _ => "1",
            };
            let is_inside = units(usual, places).is_some_and(|(n, _)| inside(n) == n);
            out.extend(is_inside.then(|| usual.to_owned()));
            out.push(write(inside(unit)));
        } else {
            if !primitive.is_integer() && primitive != Primitive::Decimal && self.choices.percent(6, false) {
                out.push(["INF", "-INF", "NaN", "1.0E10", "-0"][self.choices.below(5)].to_owned());
            }
            // Small ones are commoner.
            if self.choices.percent(70, true) {
                out.push(write(self.choices.between(inside(-100 * unit), inside(1_000 * unit))));
            }
            out.push(write(self.choices.between(least, most)));
        }
        out.extend([inside(0), least, most, inside(unit), inside(-unit)].map(write));
        // Bounds that are written with more places, or as floats.
        out.extend([low, high].into_iter().flatten().map(|(text, _)| text.to_owned()));
        out
    }
}

/// Decimal places that values are made with.
fn places_of(scalar: &Scalar, primitive: Primitive, total: Option<u64>) -> u32 {
    let usual = if primitive.is_integer() { 0 } else { 2 };
    let declared = scalar.count(FacetKind::FractionDigits).map_or(usual, |f| f.min(u64::from(MAX_PLACES)) as u32);
    let places = if primitive.is_integer() { 0 } else { declared };
    let (low, high) = bounds(scalar);
    // Bounds between 0 and 1 with many places need as many.
    let written = [low, high].into_iter().flatten().map(|(t, _)| t.split_once('.').map_or(0, |(_, f)| f.len() as u32)).max().unwrap_or(0);
    let places = if primitive.is_integer() || scalar.count(FacetKind::FractionDigits).is_some() {
        places
    } else {
        places.max(written.min(MAX_PLACES))
    };
    total.map_or(places, |t| places.min(t.min(u64::from(MAX_PLACES)) as u32))
}

/// A decimal text in units of its last place, cut towards zero, and whether nothing was cut; `None` where it is too large.
fn units(text: &str, places: u32) -> Option<(i128, bool)> {
    if text.contains(['e', 'E']) {
        let n: f64 = text.parse().ok()?;
        let scaled = n * 10f64.powi(places as i32);
        return (scaled.abs() < 1e30).then(|| (scaled.trunc() as i128, scaled.fract() == 0.0));
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let kept: String = fraction.chars().chain(std::iter::repeat('0')).take(places as usize).collect();
    let exact = fraction.chars().skip(places as usize).all(|c| c == '0');
    let all = [whole, &kept].concat();
    let n: i128 = if all.is_empty() { 0 } else { all.parse().ok()? };
    (n < FAR).then_some((sign * n, exact))
}

fn write_units(n: i128, places: u32) -> String {
    if places == 0 {
        return n.to_string();
    }
    let digits = format!("{:0width$}", n.unsigned_abs(), width = places as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places as usize);
    format!("{}{whole}.{fraction}", if n < 0 { "-" } else { "" })
}

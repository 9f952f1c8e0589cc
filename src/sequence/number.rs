//! Numbers of JSON by their digits: exact comparison, whatever the exponent, and arithmetic within bounds.

use std::cmp::Ordering;
use std::str::FromStr;

use bigdecimal::{BigDecimal, RoundingMode};

/// A number of JSON in a text, as a pattern of JSON Schema.
pub(super) const JSON_NUMBER: &str = r"^\s*-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?\s*$";

/// Digits of a number that is calculated with.
const DIGITS: usize = 100;

/// Is it a number as JSON writes it (RFC 8259, section 6)?
pub(super) fn is_number(text: &str) -> bool {
    let rest = text.strip_prefix('-').unwrap_or(text);
    let digits = |t: &str| t.bytes().take_while(u8::is_ascii_digit).count();
    let whole = digits(rest);
    if whole == 0 || (whole > 1 && rest.starts_with('0')) {
        return false;
    }
    let mut rest = rest.get(whole..).unwrap_or_default();
    if let Some(fraction) = rest.strip_prefix('.') {
        let count = digits(fraction);
        if count == 0 {
            return false;
        }
        rest = fraction.get(count..).unwrap_or_default();
    }
    match rest.strip_prefix(['e', 'E']) {
        Some(exponent) => {
            let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            !exponent.is_empty() && exponent.bytes().all(|b| b.is_ascii_digit())
        }
        None => rest.is_empty(),
    }
}

/// Sign, digits without zeros at either end, and the power of ten of the first digit.
struct Parts {
    negative: bool,
    digits: Vec<u8>,
    power: i128,
}

fn parts(text: &str) -> Parts {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |r| (true, r));
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    // An exponent beyond what is counted is as large as any.
    let far = if exponent.starts_with('-') { i128::from(i64::MIN) } else { i128::from(i64::MAX) };
    let exponent = exponent.parse::<i64>().map_or(far, i128::from);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut digits: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
    let zeros = digits.iter().take_while(|d| **d == b'0').count();
    digits.drain(..zeros);
    let power = whole.len() as i128 - zeros as i128 + exponent;
    while digits.last() == Some(&b'0') {
        digits.pop();
    }
    Parts { negative: negative && !digits.is_empty(), digits, power }
}

/// Which of two numbers of JSON is larger, by value: `1.0` equals `1`.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (parts(a), parts(b));
    let sign = |p: &Parts| {
        if p.digits.is_empty() {
            0
        } else if p.negative {
            -1
        } else {
            1
        }
    };
    let by_sign = sign(&a).cmp(&sign(&b));
    if by_sign != Ordering::Equal || a.digits.is_empty() {
        return by_sign;
    }
    let by_size = a.power.cmp(&b.power).then_with(|| a.digits.cmp(&b.digits));
    if a.negative { by_size.reverse() } else { by_size }
}

/// A number that can be calculated with: at most 100 digits before and after its point.
pub(super) fn decimal(text: &str) -> Option<BigDecimal> {
    let parts = parts(text);
    if parts.digits.len() > DIGITS || parts.power.unsigned_abs() > DIGITS as u128 {
        return None;
    }
    BigDecimal::from_str(text).ok()
}

/// The text of a result, without zeros at the end and without an exponent.
pub(super) fn written(number: &BigDecimal) -> String {
    number.normalized().to_plain_string()
}

/// Rounded to so many digits after the point, halves away from zero.
pub(super) fn round(number: &BigDecimal, digits: i64) -> BigDecimal {
    number.with_scale_round(digits, RoundingMode::HalfUp)
}

/// The whole number below.
pub(super) fn floor(number: &BigDecimal) -> BigDecimal {
    number.with_scale_round(0, RoundingMode::Floor)
}

/// The whole number above.
pub(super) fn ceil(number: &BigDecimal) -> BigDecimal {
    number.with_scale_round(0, RoundingMode::Ceiling)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_value() {
        for (a, b) in [("1", "1.0"), ("10e-1", "1"), ("0", "-0.00"), ("1e400", "10e399"), ("0.10", "1E-1")] {
            assert_eq!(compare(a, b), Ordering::Equal, "{a} {b}");
        }
        let rising = ["-1e99999999999999999999", "-2", "-1.5", "-1e-400", "0", "1e-999999999", "0.09", "9", "10", "10.01", "1e999999999"];
        for pair in rising.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Less, "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Ordering::Greater, "{pair:?}");
        }
    }

    #[test]
    fn only_numbers_of_json_are_numbers() {
        assert!(["0", "-1", "1.50", "1e3", "1E-3", "0.1"].into_iter().all(is_number));
        assert!(!["", "-", "01", "1.", ".5", "+1", "1e", "NaN", "0x1", "1 "].into_iter().any(is_number));
    }

    #[test]
    fn what_would_be_huge_is_not_calculated() {
        assert!(decimal("1e999999999").is_none() && decimal("1e-500").is_none() && decimal(&"9".repeat(101)).is_none());
        assert_eq!(written(&round(&decimal("2.345").unwrap(), 2)), "2.35");
        assert_eq!((written(&floor(&decimal("-1.5").unwrap())), written(&ceil(&decimal("100").unwrap()))), ("-2".into(), "100".into()));
    }
}

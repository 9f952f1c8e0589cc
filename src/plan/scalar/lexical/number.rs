//! Numbers by their digits: nothing here is ever rounded.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::super::MAX_DIGITS;

/// The parts of `[+-]? (digits [. digits?] | . digits) ([eE] [+-]? digits)?`.
#[derive(Debug, Clone, Copy)]
struct Parts<'a> {
    sign: &'a str,
    integer: &'a str,
    /// With its point.
    fraction: &'a str,
    /// With its `e`.
    exponent: &'a str,
}

fn parts(text: &str) -> Option<Parts<'_>> {
    let (sign, rest) = text.split_at(usize::from(text.starts_with(['+', '-'])));
    let (mantissa, exponent) = rest.split_at(rest.find(['e', 'E']).unwrap_or(rest.len()));
    let (integer, fraction) = mantissa.split_at(mantissa.find('.').unwrap_or(mantissa.len()));
    let all_digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let decimals = fraction.get(1..).unwrap_or_default();
    let power = exponent.get(1..).unwrap_or_default();
    let power = power.strip_prefix(['+', '-']).unwrap_or(power);
    let right = all_digits(integer)
        && all_digits(decimals)
        && !(integer.is_empty() && decimals.is_empty())
        && (exponent.is_empty() || !power.is_empty() && all_digits(power));
    right.then_some(Parts { sign, integer, fraction, exponent })
}

/// Lexical form of `decimal`?
pub(in super::super) fn is_decimal(text: &str) -> bool {
    parts(text).is_some_and(|p| p.exponent.is_empty())
}

/// Lexical form of `integer`?
pub(in super::super) fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Lexical form of `float` and `double` but for the three words?
pub(in super::super) fn is_float(text: &str) -> bool {
    parts(text).is_some()
}

/// A decimal with its digits kept as JSON writes it: no `+`, no superfluous leading zeros, a digit before the point and after it,
/// zero without a sign. Anything else comes back as it is.
pub(in super::super) fn plain_decimal(text: &str) -> Cow<'_, str> {
    plain(text, false)
}

/// The same for a float, which may have an exponent, and whose zero may have a sign.
pub(in super::super) fn plain_float(text: &str) -> Cow<'_, str> {
    plain(text, true)
}

fn plain(text: &str, keep_zero_sign: bool) -> Cow<'_, str> {
    let Some(p) = parts(text) else { return Cow::Borrowed(text) };
    let digits = p.integer.trim_start_matches('0');
    let integer = if digits.is_empty() { "0" } else { digits };
    let fraction = if p.fraction == "." { "" } else { p.fraction };
    let is_zero = integer == "0" && fraction.bytes().all(|b| matches!(b, b'.' | b'0'));
    let is_negative = p.sign == "-" && (keep_zero_sign || !is_zero);
    let sign = if is_negative { "-" } else { "" };
    // By length and not by content: comparing with the empty string is slow (see `Reader::emit`).
    let keeps_sign = is_negative || p.sign.is_empty();
    if sign.len() + integer.len() + fraction.len() + p.exponent.len() == text.len() && keeps_sign && !p.integer.is_empty() {
        return Cow::Borrowed(text);
    }
    Cow::Owned([sign, integer, fraction, p.exponent].concat())
}

/// A JSON number without exponent, and for an integer without fraction; `None` where it is no integer though one is wanted, or
/// has more than [`MAX_DIGITS`] digits or powers of ten.
pub(in super::super) fn expand(number: &str, integer_wanted: bool) -> Option<Cow<'_, str>> {
    let p = parts(number)?;
    if p.integer.len() + p.fraction.len() > MAX_DIGITS + 1 {
        return None;
    }
    if p.fraction.is_empty() && p.exponent.is_empty() {
        return Some(plain_decimal(number));
    }
    let decimals = p.fraction.get(1..).unwrap_or_default();
    let shift = match p.exponent.get(1..) {
        None => 0,
        Some(power) if power.len() <= 6 => power.parse::<i64>().ok().filter(|n| n.unsigned_abs() <= MAX_DIGITS as u64)?,
        Some(_) => return None,
    };
    let mut digits = [p.integer, decimals].concat();
    let mut point = p.integer.len() as i64 + shift;
    if point <= 0 {
        digits.insert_str(0, &"0".repeat((1 - point) as usize));
        point = 1;
    }
    let point = point as usize;
    if point > digits.len() {
        digits.push_str(&"0".repeat(point - digits.len()));
    }
    let (whole, rest) = digits.split_at(point);
    let text = if integer_wanted {
        if rest.bytes().any(|b| b != b'0') {
            return None;
        }
        [p.sign, whole].concat()
    } else if rest.is_empty() {
        [p.sign, whole].concat()
    } else {
        [p.sign, whole, ".", rest].concat()
    };
    Some(Cow::Owned(plain_decimal(&text).into_owned()))
}

/// Significant digits before and after the point of a decimal: what totalDigits and fractionDigits count.
pub(in super::super) fn digit_counts(text: &str) -> Option<(usize, usize)> {
    let p = parts(text)?;
    let fraction = p.fraction.trim_start_matches('.').trim_end_matches('0');
    Some((p.integer.trim_start_matches('0').len(), fraction.len()))
}

/// A number to compare: `±0.DIGITS × 10^point`, the digits in two pieces without zeros at either end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Magnitude<'a> {
    negative: bool,
    head: &'a str,
    tail: &'a str,
    point: i64,
}

impl<'a> Magnitude<'a> {
    /// The value of a decimal or float text.
    pub(in super::super) fn new(text: &'a str) -> Option<Self> {
        let p = parts(text)?;
        let power = match p.exponent.get(1..) {
            None => 0,
            // Beyond that no digits could make up for it: exponents of texts that long are as good as infinite.
            Some(power) => power
                .parse::<i64>()
                .map_or(if power.starts_with('-') { i64::MIN / 4 } else { i64::MAX / 4 }, |n| n.clamp(i64::MIN / 4, i64::MAX / 4)),
        };
        let head = p.integer.trim_start_matches('0');
        let decimals = p.fraction.trim_start_matches('.').trim_end_matches('0');
        let mut point = head.len() as i64;
        let tail = if head.is_empty() { decimals.trim_start_matches('0') } else { decimals };
        if head.is_empty() {
            point -= (decimals.len() - tail.len()) as i64;
        }
        let head = if tail.is_empty() { head.trim_end_matches('0') } else { head };
        if head.is_empty() && tail.is_empty() {
            return Some(Self { negative: false, head, tail, point: 0 });
        }
        Some(Self { negative: p.sign == "-", head, tail, point: point + power })
    }

    fn is_zero(&self) -> bool {
        self.head.is_empty() && self.tail.is_empty()
    }

    fn digits(&self) -> impl Iterator<Item = u8> {
        self.head.bytes().chain(self.tail.bytes())
    }

    fn compare_size(&self, other: &Self) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => self.point.cmp(&other.point).then_with(|| self.digits().cmp(other.digits())),
        }
    }

    /// By value.
    pub(in super::super) fn compare(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.compare_size(other),
            (true, true) => other.compare_size(self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }

    /// The value as a text that is equal for equal values.
    pub(in super::super) fn canonical(&self) -> String {
        format!("{}{}{}e{}", if self.negative { "-" } else { "" }, self.head, self.tail, self.point)
    }
}

//! Dates, times and durations: part 2, 3.2.6 to 3.2.14, with the partial order of 3.2.6.2 and 3.2.7.4.

use std::cmp::Ordering;

/// The types that say when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum TimeKind {
    DateTime,
    Time,
    Date,
    YearMonth,
    Year,
    MonthDay,
    Day,
    Month,
}

/// An instant, or where its day, month or year begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Moment {
    /// 10⁻¹⁸ seconds since 0001-01-01T00:00:00, in UTC where there is a zone.
    ticks: i128,
    /// Has it a zone?
    zoned: bool,
    /// Are `ticks` the whole truth? Years of more than ten and fractions of more than 18 digits are cut.
    exact: bool,
}

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Span {
    months: i128,
    /// 10⁻¹⁸ seconds.
    ticks: i128,
    exact: bool,
}

const TICKS: i128 = 1_000_000_000_000_000_000;
const DAY: i128 = 86_400;
/// Units that one part of a duration counts at most; more is taken for so many.
const MAX_COUNT: i128 = 1_000_000_000_000;

struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text.as_bytes() }
    }

    fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let is = self.peek() == Some(byte);
        if is {
            self.rest = self.rest.split_first().map_or(&[], |(_, rest)| rest);
        }
        is
    }

    fn must(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }

    fn digits(&mut self) -> &'a [u8] {
        let n = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at_checked(n).unwrap_or((self.rest, &[]));
        self.rest = rest;
        digits
    }

    /// Exactly two digits, of a number from `from` to `to`.
    fn two(&mut self, from: i64, to: i64) -> Option<i64> {
        let ([a, b], rest) = self.rest.split_first_chunk::<2>()?;
        if !(a.is_ascii_digit() && b.is_ascii_digit()) {
            return None;
        }
        self.rest = rest;
        let n = i64::from(a - b'0') * 10 + i64::from(b - b'0');
        (from..=to).contains(&n).then_some(n)
    }

    fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }
}

/// The number that digits stand for, `most` where it is more, and whether it is that number.
fn number(digits: &[u8], most: i128) -> (i128, bool) {
    let mut n = 0i128;
    for d in digits {
        n = n * 10 + i128::from(d - b'0');
        if n > most {
            return (most, false);
        }
    }
    (n, true)
}

/// The digits of a fraction of a second as ticks, and whether there are not more.
fn fraction(digits: &[u8]) -> (i128, bool) {
    let mut ticks = 0i128;
    for i in 0..18 {
        ticks = ticks * 10 + digits.get(i).map_or(0, |d| i128::from(d - b'0'));
    }
    (ticks, digits.iter().skip(18).all(|d| *d == b'0'))
}

/// `'-'? yyyy`: four digits, or more without a zero before them; not 0000. Also the year of the cycle of 400, for leap years.
fn year(c: &mut Cursor<'_>) -> Option<(i128, i64, bool)> {
    let negative = c.take(b'-');
    let digits = c.digits();
    if digits.len() < 4 || digits.len() > 4 && digits.first() == Some(&b'0') || digits.iter().all(|d| *d == b'0') {
        return None;
    }
    let (n, exact) = number(digits, 9_999_999_999);
    let last_four = digits.iter().skip(digits.len() - 4).fold(0, |n, d| n * 10 + i64::from(d - b'0'));
    // There is no year 0: -0001 is the year before 0001.
    Some((if negative { 1 - n } else { n }, last_four % 400, exact))
}

fn is_leap(year_of_cycle: i64) -> bool {
    year_of_cycle % 4 == 0 && year_of_cycle % 100 != 0 || year_of_cycle % 400 == 0
}

fn days_in(month: i64, leap: bool) -> i64 {
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 0001-01-01 of the proleptic Gregorian calendar, year 0 before year 1.
fn days(year: i128, month: i64, day: i64) -> i128 {
    // Years that begin in March end with the leap day.
    let month = i128::from(month);
    let y = if month <= 2 { year - 1 } else { year };
    let cycle = y.div_euclid(400);
    let year_of_cycle = y.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i128::from(day) - 1;
    cycle * 146_097 + year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year - 306
}

/// `Z`, `±hh:mm` up to 14:00, or nothing: minutes east.
fn zone(c: &mut Cursor<'_>) -> Option<Option<i64>> {
    if c.take(b'Z') {
        return Some(Some(0));
    }
    let sign = match c.peek() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) | None => return Some(None),
    };
    c.take(b'+');
    c.take(b'-');
    let hours = c.two(0, 14)?;
    c.must(b':')?;
    let minutes = c.two(0, if hours == 14 { 0 } else { 59 })?;
    Some(Some(sign * (hours * 60 + minutes)))
}

/// `hh:mm:ss(.s+)?`, also 24:00:00: seconds of the day and ticks.
fn clock(c: &mut Cursor<'_>) -> Option<(i64, i128, bool)> {
    let hours = c.two(0, 24)?;
    c.must(b':')?;
    let minutes = c.two(0, 59)?;
    c.must(b':')?;
    let seconds = c.two(0, 59)?;
    let mut ticks = (0, true);
    if c.take(b'.') {
        let digits = c.digits();
        if digits.is_empty() || hours == 24 && digits.iter().any(|d| *d != b'0') {
            return None;
        }
        ticks = fraction(digits);
    }
    if hours == 24 && (minutes, seconds) != (0, 0) {
        return None;
    }
    Some(((hours * 60 + minutes) * 60 + seconds, ticks.0, ticks.1))
}

impl Moment {
    /// Reads a lexical form of `kind`, without white space around it.
    pub(in super::super) fn new(kind: TimeKind, text: &str) -> Option<Self> {
        use TimeKind as K;
        let c = &mut Cursor::new(text);
        // What a type does not say is taken from the beginning of a leap year.
        let (mut y, mut cycle, mut month, mut day, mut exact) = (1972, 1972 % 400, 1, 1, true);
        let (mut seconds, mut ticks) = (0, 0);
        if matches!(kind, K::DateTime | K::Date | K::YearMonth | K::Year) {
            (y, cycle, exact) = year(c)?;
        } else if kind != K::Time {
            c.must(b'-')?;
            c.must(b'-')?;
        }
        if matches!(kind, K::DateTime | K::Date | K::YearMonth) {
            c.must(b'-')?;
        }
        if matches!(kind, K::DateTime | K::Date | K::YearMonth | K::MonthDay | K::Month) {
            month = c.two(1, 12)?;
        }
        if matches!(kind, K::DateTime | K::Date | K::MonthDay | K::Day) {
            c.must(b'-')?;
            day = c.two(1, days_in(month, is_leap(cycle)))?;
        }
        if kind == K::DateTime {
            c.must(b'T')?;
        }
        if matches!(kind, K::DateTime | K::Time) {
            let fine;
            (seconds, ticks, fine) = clock(c)?;
            exact &= fine;
        }
        let zone = zone(c)?;
        c.end()?;
        let whole = days(y, month, day) * DAY + i128::from(if kind == K::Time { seconds % 86_400 } else { seconds });
        let utc = whole - i128::from(zone.unwrap_or(0)) * 60;
        Some(Self { ticks: utc * TICKS + ticks, zoned: zone.is_some(), exact })
    }

    /// By part 2's order: with a zone on one side only, `None` within 14 hours.
    pub(in super::super) fn compare(&self, other: &Self) -> Option<Ordering> {
        const WIDEST: i128 = 14 * 3600 * TICKS;
        if self.zoned == other.zoned {
            return Some(self.ticks.cmp(&other.ticks));
        }
        match self.ticks - other.ticks {
            apart if apart > WIDEST => Some(Ordering::Greater),
            apart if apart < -WIDEST => Some(Ordering::Less),
            _ => None,
        }
    }

    /// A text that is equal for equal values; `None` where it cannot be told.
    pub(in super::super) fn canonical(&self) -> Option<String> {
        self.exact.then(|| format!("{}{}", self.ticks, if self.zoned { "Z" } else { "" }))
    }
}

impl Span {
    /// Reads `-?P(nY)?(nM)?(nD)?(T(nH)?(nM)?(n(.n)?S)?)?`, at least one part, and one after a `T`.
    pub(in super::super) fn new(text: &str) -> Option<Self> {
        let c = &mut Cursor::new(text);
        let sign = if c.take(b'-') { -1 } else { 1 };
        c.must(b'P')?;
        let mut span = Self { months: 0, ticks: 0, exact: true };
        let mut any = span.parts(c, &[(b'Y', 12, 0), (b'M', 1, 0), (b'D', 0, DAY)])?;
        if c.take(b'T') {
            if !span.parts(c, &[(b'H', 0, 3600), (b'M', 0, 60), (b'S', 0, 1)])? {
                return None;
            }
            any = true;
        }
        c.end()?;
        (span.months, span.ticks) = (span.months * sign, span.ticks * sign);
        any.then_some(span)
    }

    /// Some of the parts, in their order; was there any? Each: its letter, its months, its seconds.
    fn parts(&mut self, c: &mut Cursor<'_>, units: &[(u8, i128, i128)]) -> Option<bool> {
        let mut any = false;
        let mut units = units.iter();
        while c.peek().is_some_and(|b| b.is_ascii_digit()) {
            let (n, fine) = number(c.digits(), MAX_COUNT);
            let mut ticks = (0, true);
            let mut has_fraction = false;
            if c.take(b'.') {
                let digits = c.digits();
                has_fraction = !digits.is_empty();
                if !has_fraction {
                    return None;
                }
                ticks = fraction(digits);
            }
            let letter = c.peek()?;
            let (_, months, seconds) = units.find(|(l, _, _)| *l == letter)?;
            if has_fraction && letter != b'S' {
                return None;
            }
            c.take(letter);
            self.months += n * months;
            self.ticks += n * seconds * TICKS + ticks.0;
            self.exact &= fine && ticks.1;
            any = true;
        }
        Some(any)
    }

    /// By part 2's order: `None` where it depends on the month, as for P1M and P30D.
    pub(in super::super) fn compare(&self, other: &Self) -> Option<Ordering> {
        let mut orders = [(1696, 9), (1697, 2), (1903, 3), (1903, 7)].map(|(y, m)| self.after(y, m).cmp(&other.after(y, m))).into_iter();
        let first = orders.next()?;
        orders.all(|o| o == first).then_some(first)
    }

    /// The instant that lies so far from the first day of a month.
    fn after(&self, year: i128, month: i128) -> i128 {
        let months = year * 12 + month - 1 + self.months;
        days(months.div_euclid(12), months.rem_euclid(12) as i64 + 1, 1) * DAY * TICKS + self.ticks
    }

    /// A text that is equal for equal values; `None` where it cannot be told.
    pub(in super::super) fn canonical(&self) -> Option<String> {
        self.exact.then(|| format!("{}M{}", self.months, self.ticks))
    }
}

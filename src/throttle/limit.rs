//! How many calls in which time, as people write and read it.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Most calls of a limit.
pub const MAX_CALLS: u32 = 1_000_000_000;
/// Longest window of a quota, in seconds: 31 days.
pub const MAX_WINDOW_S: u32 = 31 * 86_400;

/// A promise: in no window of this length do more calls pass.
///
/// Read from `20 per minute`, `20/min`, `1000/hour`, `5/s`, `100 per 10 seconds`, `20 calls a minute`; shown as `20 calls a minute`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Quota {
    calls: NonZeroU32,
    /// Seconds, 1 to [`MAX_WINDOW_S`].
    window_s: NonZeroU32,
}

/// A smoothing limit, by the generic cell rate algorithm (ITU-T I.371): as many calls at once as `calls`, and then one more every
/// `window ÷ calls`. Up to twice `calls` may pass in one window.
///
/// Read and shown as a [`Quota`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate(Quota);

/// One or the other. Text gives a [`Rate`] where it counts calls of one second, else a [`Quota`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Limit {
    /// Counted exactly.
    Quota(Quota),
    /// Smoothed.
    Rate(Rate),
}

/// Text or numbers that are no limit: the fault of who wrote them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LimitError {
    /// Not in any of the forms.
    #[error("`{text}` is no limit: write `20 per minute`, `5/s` or `100 per 10 seconds`")]
    Form {
        /// What was written.
        text: String,
    },
    /// A word where a unit of time should stand.
    #[error("`{unit}` is no unit of time: second, minute, hour or day")]
    Unit {
        /// What was written.
        unit: String,
    },
    /// No calls at all, or more than [`MAX_CALLS`].
    #[error("a limit is 1 to 1000000000 calls")]
    Calls,
    /// A window of no length, or of more than [`MAX_WINDOW_S`].
    #[error("a window is a whole number of seconds, from 1 second to 31 days")]
    Window,
}

impl Quota {
    /// So many calls in a window of whole seconds.
    ///
    /// # Errors
    /// [`LimitError::Calls`], [`LimitError::Window`].
    pub fn new(calls: u32, window: Duration) -> Result<Self, LimitError> {
        let calls = NonZeroU32::new(calls).filter(|c| c.get() <= MAX_CALLS).ok_or(LimitError::Calls)?;
        let seconds = u32::try_from(window.as_secs()).ok().filter(|s| *s <= MAX_WINDOW_S && window.subsec_nanos() == 0);
        Ok(Self { calls, window_s: seconds.and_then(NonZeroU32::new).ok_or(LimitError::Window)? })
    }

    /// Calls that a window may hold, from 1.
    pub fn calls(self) -> u32 {
        self.calls.get()
    }

    /// The window's length, whole seconds from 1.
    pub fn window(self) -> Duration {
        Duration::from_secs(self.window_s.get().into())
    }

    /// The window's length in milliseconds: below 2³².
    pub(super) fn window_ms(self) -> u32 {
        self.window_s.get() * 1_000
    }

    fn share(self, nodes: u32) -> Self {
        let calls = NonZeroU32::new(self.calls.get() / nodes.max(1)).unwrap_or(NonZeroU32::MIN);
        Self { calls, ..self }
    }
}

impl Rate {
    /// So many calls in a time of whole seconds.
    ///
    /// # Errors
    /// [`LimitError::Calls`], [`LimitError::Window`].
    pub fn new(calls: u32, window: Duration) -> Result<Self, LimitError> {
        Quota::new(calls, window).map(Self)
    }

    /// So many calls a second.
    ///
    /// # Errors
    /// [`LimitError::Calls`].
    pub fn per_second(calls: u32) -> Result<Self, LimitError> {
        Self::new(calls, Duration::from_secs(1))
    }

    /// Calls at once at most, and calls in each `window`; from 1.
    pub fn calls(self) -> u32 {
        self.0.calls()
    }

    /// The time in which `calls` come back.
    pub fn window(self) -> Duration {
        self.0.window()
    }

    /// The time in which one call comes back, in nanoseconds, rounded up: never faster than was said. At least 1.
    pub(super) fn interval_ns(self) -> u64 {
        (u64::from(self.0.window_s.get()) * 1_000_000_000).div_ceil(u64::from(self.0.calls.get()))
    }
}

impl Limit {
    /// Calls, from 1.
    pub fn calls(self) -> u32 {
        self.numbers().calls()
    }

    /// Their time.
    pub fn window(self) -> Duration {
        self.numbers().window()
    }

    /// What one of `nodes` nodes may let through by itself: the n-th part, at least one call.
    #[must_use]
    pub fn share(self, nodes: u32) -> Self {
        match self {
            Self::Quota(quota) => Self::Quota(quota.share(nodes)),
            Self::Rate(Rate(quota)) => Self::Rate(Rate(quota.share(nodes))),
        }
    }

    fn numbers(self) -> Quota {
        match self {
            Self::Quota(quota) | Self::Rate(Rate(quota)) => quota,
        }
    }
}

/// The units, longest first: seconds, and the words for them.
const UNITS: [(u32, &str, &[&str]); 4] = [
    (86_400, "day", &["d", "day", "days"]),
    (3_600, "hour", &["h", "hour", "hours"]),
    (60, "minute", &["m", "min", "minute", "minutes"]),
    (1, "second", &["s", "sec", "second", "seconds"]),
];

impl FromStr for Quota {
    type Err = LimitError;

    /// `calls ["call" | "calls"] ("/" | "per" | "a" | "an" | "in" | "every") [number] unit`, in any case of letters.
    fn from_str(text: &str) -> Result<Self, LimitError> {
        let form = || LimitError::Form { text: text.trim().to_owned() };
        let lower = text.to_ascii_lowercase();
        let (calls, rest) = digits(lower.trim());
        let calls: u32 = if calls.is_empty() { return Err(form()) } else { calls.parse().map_err(|_| LimitError::Calls)? };
        let rest = ["calls", "call"].iter().find_map(|w| rest.strip_prefix(w)).unwrap_or(rest).trim_start();
        let rest = match rest.strip_prefix('/') {
            Some(rest) => rest.trim_start(),
            None => rest.split_once(' ').filter(|(w, _)| ["per", "a", "an", "in", "every"].contains(w)).ok_or_else(form)?.1.trim_start(),
        };
        let (number, unit) = digits(rest);
        let number: u32 = if number.is_empty() { 1 } else { number.parse().map_err(|_| LimitError::Window)? };
        if unit.is_empty() {
            return Err(form());
        }
        let unit_s = UNITS.iter().find(|(_, _, words)| words.contains(&unit)).ok_or_else(|| LimitError::Unit { unit: unit.to_owned() })?.0;
        let seconds = number.checked_mul(unit_s).ok_or(LimitError::Window)?;
        Self::new(calls, Duration::from_secs(seconds.into()))
    }
}

/// The digits that `text` begins with, and what follows them.
fn digits(text: &str) -> (&str, &str) {
    let (number, rest) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    (number, rest.trim())
}

impl FromStr for Rate {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        text.parse().map(Self)
    }
}

impl FromStr for Limit {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let quota: Quota = text.parse()?;
        Ok(if quota.window_s.get() == 1 { Self::Rate(Rate(quota)) } else { Self::Quota(quota) })
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (calls, window) = (self.calls.get(), self.window_s.get());
        let plural = if calls == 1 { "" } else { "s" };
        let (unit_s, unit) = UNITS.iter().find(|(s, ..)| window % s == 0).map_or((1, "second"), |(s, unit, _)| (*s, *unit));
        match window / unit_s {
            1 => write!(f, "{calls} call{plural} {} {unit}", if unit == "hour" { "an" } else { "a" }),
            number => write!(f, "{calls} call{plural} per {number} {unit}s"),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.numbers().fmt(f)
    }
}

impl TryFrom<String> for Quota {
    type Error = LimitError;

    fn try_from(text: String) -> Result<Self, LimitError> {
        text.parse()
    }
}

impl TryFrom<String> for Rate {
    type Error = LimitError;

    fn try_from(text: String) -> Result<Self, LimitError> {
        text.parse()
    }
}

impl From<Quota> for String {
    fn from(quota: Quota) -> Self {
        quota.to_string()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

impl TryFrom<String> for Limit {
    type Error = LimitError;

    fn try_from(text: String) -> Result<Self, LimitError> {
        text.parse()
    }
}

impl From<Limit> for String {
    fn from(limit: Limit) -> Self {
        limit.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_read() {
        for (text, calls, seconds) in [
            ("20 per minute", 20, 60),
            ("20/min", 20, 60),
            ("1000/hour", 1000, 3_600),
            ("5/s", 5, 1),
            ("100 per 10 seconds", 100, 10),
            ("100/10s", 100, 10),
            ("  7 / 2 h ", 7, 7_200),
            ("20 calls a minute", 20, 60),
            ("1 call an hour", 1, 3_600),
            ("3 CALLS every 31 Days", 3, MAX_WINDOW_S),
            ("12 in 90 sec", 12, 90),
            ("1000000000/d", MAX_CALLS, 86_400),
        ] {
            let quota: Quota = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((quota.calls(), quota.window()), (calls, Duration::from_secs(seconds.into())), "{text}");
            assert_eq!(quota.to_string().parse(), Ok(quota), "{quota} is read as it is shown");
        }
    }

    #[test]
    fn what_is_no_limit_is_told() {
        let error = |text: &str| text.parse::<Quota>().unwrap_err().to_string();
        for text in ["", "minute", "20", "20/", "20 minute", "-1/s", "1.5/s", "1,000/h", "20 per", "20 peas/min", "per 20 minute"] {
            assert_eq!(error(text), format!("`{text}` is no limit: write `20 per minute`, `5/s` or `100 per 10 seconds`"));
        }
        assert_eq!(error("20 per fortnight"), "`fortnight` is no unit of time: second, minute, hour or day");
        assert_eq!(error("20/5"), "`20/5` is no limit: write `20 per minute`, `5/s` or `100 per 10 seconds`");
        for text in ["0/s", "1000000001/s", "99999999999999999999/s"] {
            assert_eq!(error(text), "a limit is 1 to 1000000000 calls", "{text}");
        }
        for text in ["1/0s", "1/32d", "1/4294967295 days", "1/99999999999s"] {
            assert_eq!(error(text), "a window is a whole number of seconds, from 1 second to 31 days", "{text}");
        }
        assert_eq!(Quota::new(1, Duration::from_millis(1_500)), Err(LimitError::Window));
    }

    #[test]
    fn limits_are_shown_in_the_words_of_the_product() {
        for (text, shown) in [
            ("20/min", "20 calls a minute"),
            ("1/h", "1 call an hour"),
            ("5/s", "5 calls a second"),
            ("9/24h", "9 calls a day"),
            ("100/10s", "100 calls per 10 seconds"),
            ("1/90m", "1 call per 90 minutes"),
            ("2/120m", "2 calls per 2 hours"),
        ] {
            assert_eq!(text.parse::<Limit>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn calls_of_a_second_are_a_rate_and_all_others_a_quota() {
        assert_eq!("200/s".parse(), Ok(Limit::Rate(Rate::per_second(200).unwrap())));
        assert!(matches!("200/2s".parse(), Ok(Limit::Quota(_))));
        assert_eq!(serde_json::to_string(&"50/min".parse::<Limit>().unwrap()).unwrap(), r#""50 calls a minute""#);
        assert_eq!(serde_json::from_str::<Limit>(r#""5/s""#).unwrap(), "5 per second".parse().unwrap());
        assert!(serde_json::from_str::<Limit>(r#""5 per soon""#).unwrap_err().to_string().contains("no unit of time"));
    }

    #[test]
    fn a_share_is_at_least_one_call() {
        let limit: Limit = "1000/min".parse().unwrap();
        assert_eq!(limit.share(3).calls(), 333);
        assert_eq!(limit.share(5_000).calls(), 1);
        assert_eq!(limit.share(0), limit);
    }
}

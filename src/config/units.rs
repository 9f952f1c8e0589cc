//! Sizes and durations as people write them.

use std::time::Duration;

/// A number of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl Bytes {
    /// As an index; sizes beyond the address space are the largest.
    pub fn get(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// `10s`, `100ms`, `2m`, `1h`; a bare number is seconds.
///
/// # Errors
/// What would be right, in words.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split_unit(text);
    let number: u64 = number.parse().map_err(|_| format!("expected a duration such as `10s` or `100ms`, found `{text}`"))?;
    let ms = match unit {
        "ms" => Some(number),
        "" | "s" => number.checked_mul(1000),
        "m" | "min" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => return Err(format!("`{unit}` is no unit of time: ms, s, m or h")),
    };
    ms.filter(|ms| *ms <= 7 * 24 * 3_600_000).map(Duration::from_millis).ok_or_else(|| String::from("a duration is at most 168h"))
}

/// `2MiB`, `256 KiB`, `10MB`, `1 GiB`; a bare number is bytes.
///
/// # Errors
/// What would be right, in words.
pub fn parse_bytes(text: &str) -> Result<Bytes, String> {
    let (number, unit) = split_unit(text);
    let number: u64 = number.parse().map_err(|_| format!("expected a size such as `2MiB` or `256KiB`, found `{text}`"))?;
    let factor: u64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => 1 << 20,
        "g" | "gib" => 1 << 30,
        "kb" => 1_000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return Err(format!("`{unit}` is no unit of size: KiB, MiB, GiB")),
    };
    number.checked_mul(factor).map(Bytes).ok_or_else(|| format!("`{text}` is too large"))
}

fn split_unit(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    (number, unit.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(parse_duration("100ms"), Ok(Duration::from_millis(100)));
        assert_eq!(parse_duration("10"), Ok(Duration::from_secs(10)));
        assert_eq!(parse_duration("2 m"), Ok(Duration::from_secs(120)));
        assert!(parse_duration("10x").is_err());
        assert!(parse_duration("-1s").is_err());
        assert!(parse_duration("99999999999999999999s").is_err());
        assert!(parse_duration("18446744073709551615h").is_err());
    }

    #[test]
    fn sizes() {
        assert_eq!(parse_bytes("2MiB"), Ok(Bytes(2 << 20)));
        assert_eq!(parse_bytes("10 mb"), Ok(Bytes(10_000_000)));
        assert_eq!(parse_bytes("77"), Ok(Bytes(77)));
        assert!(parse_bytes("").is_err());
        assert!(parse_bytes("18446744073709551615GiB").is_err());
    }
}

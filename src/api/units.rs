//! Lengths of time, sizes and rates as people write them.

use std::time::Duration;

/// `500ms`, `10s`, `2m`, `1h`: more than nothing, at most a day.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text.get(..digits)?.parse().ok()?;
    let milliseconds = match text.get(digits..)?.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let duration = Duration::from_millis(number.checked_mul(milliseconds)?);
    (!duration.is_zero() && duration <= Duration::from_secs(86_400)).then_some(duration)
}

/// The shortest text that [`duration`] reads as this.
pub(crate) fn say_duration(duration: Duration) -> String {
    let ms = duration.as_millis();
    match ms {
        _ if ms.is_multiple_of(3_600_000) => format!("{}h", ms / 3_600_000),
        _ if ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
        _ if ms.is_multiple_of(1_000) => format!("{}s", ms / 1_000),
        _ => format!("{ms}ms"),
    }
}

/// `4096`, `256KiB`, `10MiB`, `1GiB`: bytes.
pub(crate) fn size(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text.get(..digits)?.parse().ok()?;
    let factor = match text.get(digits..)?.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor).filter(|n| *n > 0)
}

/// The shortest text that [`size`] reads as this.
pub(crate) fn say_size(bytes: u64) -> String {
    match bytes {
        _ if bytes.is_multiple_of(1 << 30) => format!("{}GiB", bytes >> 30),
        _ if bytes.is_multiple_of(1 << 20) => format!("{}MiB", bytes >> 20),
        _ if bytes.is_multiple_of(1 << 10) => format!("{}KiB", bytes >> 10),
        _ => bytes.to_string(),
    }
}

/// Is it a rate: `200/s`, `50/min`, `20 per minute`?
pub(crate) fn is_rate(text: &str) -> bool {
    let Some((number, unit)) = text.split_once('/').or_else(|| text.split_once(" per ")) else { return false };
    let number = number.trim();
    (1..=9).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit())
        && matches!(unit.trim(), "s" | "sec" | "second" | "min" | "m" | "minute" | "h" | "hour" | "d" | "day")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_they_are_written() {
        for (text, ms) in [("500ms", 500), ("10s", 10_000), ("2m", 120_000), ("1h", 3_600_000)] {
            let duration = duration(text).unwrap();
            assert_eq!(duration.as_millis(), ms);
            assert_eq!(say_duration(duration), text);
        }
        for text in ["", "10", "s", "0s", "-1s", "1.5s", "25h", "10 parsecs", "99999999999999999999s"] {
            assert_eq!(duration(text), None, "{text}");
        }
    }

    #[test]
    fn sizes_read_as_they_are_written() {
        for (text, bytes) in [("1000", 1000), ("256KiB", 256 << 10), ("10MiB", 10 << 20), ("1GiB", 1 << 30)] {
            assert_eq!(size(text), Some(bytes));
            assert_eq!(say_size(bytes), text);
        }
        for text in ["", "0", "MiB", "10MB", "-1", "99999999999999999999"] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn rates() {
        assert!(is_rate("200/s") && is_rate("50/min") && is_rate("20 per minute"));
        assert!(!is_rate("200") && !is_rate("fast/s") && !is_rate("20 per fortnight"));
    }
}

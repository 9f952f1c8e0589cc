//! What names and texts may look like.

use super::{LOCAL, ManageError, Managed};

/// Characters of the name of an application.
const APPLICATION_CHARS: usize = 100;
/// Characters of the name of a user.
const USER_CHARS: usize = 100;
/// Characters of a text for people.
const TEXT_CHARS: usize = 500;
/// Names of actors that are no users.
const RESERVED: [&str; 3] = [LOCAL, "system", "cli"];

fn fits(field: &'static str, good: bool, expected: impl FnOnce() -> String, found: &str) -> Managed<()> {
    if good { Ok(()) } else { Err(ManageError::invalid(field, expected(), found)) }
}

/// The name of a plan or an issuer: a part of an address.
pub(super) fn word(field: &'static str, text: &str) -> Managed<()> {
    let good = (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
        && text.starts_with(|c: char| c.is_ascii_alphanumeric());
    fits(field, good, || "1 to 64 letters, digits, `-`, `_` and `.`, a letter or digit first".to_owned(), text)
}

/// The name of a tenant: it stands in the addresses of its APIs.
pub(super) fn tenant(text: &str) -> Managed<()> {
    let good = (1..=63).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-');
    fits("name", good, || "1 to 63 lower-case letters, digits and `-`, none of these at an end".to_owned(), text)
}

/// The name of a user: it is typed, and stands before a colon (RFC 7617) and behind a slash.
pub(super) fn user(text: &str) -> Managed<()> {
    let good =
        (1..=USER_CHARS).contains(&text.chars().count()) && !text.chars().any(|c| c.is_control() || c.is_whitespace() || ":/".contains(c));
    fits("name", good, || format!("1 to {USER_CHARS} characters without spaces, `:` and `/`"), text)?;
    fits("name", !RESERVED.contains(&text), || format!("a name beside {}", RESERVED.join(", ")), text)
}

/// The name of an application.
pub(super) fn application(text: &str) -> Managed<()> {
    let good = (1..=APPLICATION_CHARS).contains(&text.chars().count())
        && !text.chars().any(|c| c.is_control() || c == '/')
        && text.trim() == text
        && !matches!(text, "." | "..");
    fits("name", good, || format!("1 to {APPLICATION_CHARS} characters without control characters and `/`, no space at an end"), text)
}

/// A text for people.
pub(super) fn prose(field: &'static str, text: &str) -> Managed<()> {
    let good = text.chars().count() <= TEXT_CHARS && !text.chars().any(|c| c.is_control() && c != '\n');
    fits(field, good, || format!("at most {TEXT_CHARS} characters without control characters"), text)
}

/// The address of a web service: https, or http on this machine. Without credentials and fragment.
pub(super) fn address(field: &'static str, text: &str) -> Managed<url::Url> {
    let expected = "an https address without user and fragment (http on this machine only)";
    let wrong = || ManageError::invalid(field, expected, text);
    let url = url::Url::parse(text).map_err(|_| wrong())?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none() && text.len() <= 2048;
    let safe = match url.scheme() {
        "https" => url.has_host(),
        "http" => url.host_str().is_some_and(crate::net::address::is_loopback_host),
        _ => false,
    };
    if plain && safe { Ok(url) } else { Err(wrong()) }
}

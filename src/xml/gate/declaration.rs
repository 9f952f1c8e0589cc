//! Production 23, `XMLDecl`.

use super::GateErrorKind;
use super::scan::{Fault, byte, skip_space};

/// Checks a whole XML declaration, from `<?xml` to `?>`, and gives the encoding it declares.
pub(super) fn parse(text: &str) -> Result<Option<&str>, Fault> {
    let malformed = |at| Fault::new(GateErrorKind::MalformedXmlDeclaration, at);
    let end = text.len().saturating_sub(2);
    let (version, at) = pseudo_attribute(text, 5, "version")?.ok_or(malformed(5))?;
    if version != "1.0" {
        let is_version = version.strip_prefix("1.").is_some_and(|v| !v.is_empty() && v.bytes().all(|b| b.is_ascii_digit()));
        let kind = if is_version { GateErrorKind::UnsupportedVersion } else { GateErrorKind::MalformedXmlDeclaration };
        return Err(Fault::new(kind, at));
    }
    let (encoding, at) = match pseudo_attribute(text, at, "encoding")? {
        Some((label, after)) if is_encoding_name(label) => (Some(label), after),
        Some(_) => return Err(malformed(at)),
        None => (None, at),
    };
    let at = match pseudo_attribute(text, at, "standalone")? {
        Some(("yes" | "no", after)) => after,
        Some(_) => return Err(malformed(at)),
        None => at,
    };
    let after = skip_space(text.as_bytes(), at);
    if after == end { Ok(encoding) } else { Err(malformed(after)) }
}

/// `S name Eq quoted`: the value and where it ends; `None` if another thing comes.
fn pseudo_attribute<'a>(text: &'a str, at: usize, name: &str) -> Result<Option<(&'a str, usize)>, Fault> {
    let bytes = text.as_bytes();
    let start = skip_space(bytes, at);
    if start == at || !text.get(start..).is_some_and(|t| t.starts_with(name)) {
        return Ok(None);
    }
    let malformed = |at| Fault::new(GateErrorKind::MalformedXmlDeclaration, at);
    let equals = skip_space(bytes, start + name.len());
    if byte(bytes, equals) != b'=' {
        return Err(malformed(equals));
    }
    let open = skip_space(bytes, equals + 1);
    let quote = byte(bytes, open);
    if quote != b'"' && quote != b'\'' {
        return Err(malformed(open));
    }
    let rest = text.get(open + 1..).ok_or(malformed(open))?;
    let length = rest.bytes().position(|b| b == quote).ok_or(malformed(open))?;
    Ok(rest.get(..length).map(|value| (value, open + length + 2)))
}

/// Production 81, `EncName`.
fn is_encoding_name(label: &str) -> bool {
    label.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

//! Bytes at which a scan stops, names, references.

use crate::xml::writer::{is_name_char, is_name_start_char, is_xml_char};

use super::GateErrorKind;

/// A rule broken at a byte of the text at hand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) kind: GateErrorKind,
    pub(super) at: usize,
}

impl Fault {
    #[cold]
    pub(super) fn new(kind: GateErrorKind, at: usize) -> Self {
        Self { kind, at }
    }
}

/// Stop at what means something in character data.
pub(super) const TEXT: u8 = 1;
/// Stop at what means something in a CDATA section.
pub(super) const CDATA: u8 = 2;
/// Stop at what means something in an attribute value.
pub(super) const VALUE: u8 = 4;
/// Stop at what means something in a comment.
pub(super) const COMMENT: u8 = 8;
/// Stop at what means something in a processing instruction.
pub(super) const INSTRUCTION: u8 = 16;
const EVERYWHERE: u8 = TEXT | CDATA | VALUE | COMMENT | INSTRUCTION;

static STOPS: [u8; 256] = stops();

const fn stops() -> [u8; 256] {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            b'\t' | b'\n' | b'"' | b'\'' => VALUE,
            b'\r' => TEXT | CDATA | VALUE,
            b'<' | b'&' => TEXT | VALUE,
            b']' => TEXT | CDATA,
            b'-' => COMMENT,
            b'?' => INSTRUCTION,
            // U+FFFE and U+FFFF begin with EF; the other bytes are no characters of XML 1.0.
            0..=0x1F | 0xEF => EVERYWHERE,
            _ => 0,
        };
        b += 1;
    }
    table
}

/// The byte at `at`; NUL, which no document may hold, beyond the end.
#[inline]
pub(super) fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// The first byte from `from` on that stops a scan for `mask`, or the end.
#[inline]
pub(super) fn next_stop(bytes: &[u8], from: usize, mask: u8) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    let mut blocks = rest.chunks_exact(16);
    let mut skipped = 0;
    for block in &mut blocks {
        // Branch-free inside a block, so that the compiler can use vector instructions.
        if block.iter().fold(false, |any, b| any | may_stop(*b)) {
            match block.iter().position(|b| STOPS[*b as usize] & mask != 0) {
                Some(found) => return from + skipped + found,
                None => {
                    skipped += 16;
                    continue;
                }
            }
        }
        skipped += 16;
    }
    let tail = blocks.remainder().iter().position(|b| STOPS[*b as usize] & mask != 0);
    from + skipped + tail.unwrap_or(blocks.remainder().len())
}

/// A superset of every mask that is cheap to compute for many bytes at once; plain letters, digits and spaces are not in it.
#[inline]
fn may_stop(b: u8) -> bool {
    (b < b' ') | (b == b'<') | (b == b'&') | (b == b']') | (b == b'-') | (b == b'?') | (b == b'"') | (b == b'\'') | (b == 0xEF)
}

/// The length of the character at a stop that is no mark-up: what begins with EF and is allowed.
#[inline]
pub(super) fn check_char(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    if byte(bytes, at) == 0xEF && !(byte(bytes, at + 1) == 0xBF && byte(bytes, at + 2) >= 0xBE) {
        Ok(3)
    } else {
        Err(Fault::new(GateErrorKind::ForbiddenCharacter, at))
    }
}

#[inline]
pub(super) fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\n' | b'\t' | b'\r')
}

#[inline]
pub(super) fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while is_space(byte(bytes, at)) {
        at += 1;
    }
    at
}

const NAME_START: u8 = 1;
const NAME_PART: u8 = 2;
const NAME_COLON: u8 = 4;
const NAME_WIDE: u8 = 8;

static NAME_BYTES: [u8; 256] = name_bytes();

const fn name_bytes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => NAME_START,
            b'0'..=b'9' | b'-' | b'.' => NAME_PART,
            b':' => NAME_COLON,
            0x80.. => NAME_WIDE,
            _ => 0,
        };
        b += 1;
    }
    table
}

/// A qualified name that was scanned: where it ends and where its colon is.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScannedName {
    pub(super) end: usize,
    pub(super) colon: Option<usize>,
}

/// Production `QName` of Namespaces in XML 1.0 at `from`, of at most `limit` bytes.
#[inline]
pub(super) fn qname(text: &str, from: usize, limit: u32) -> Result<ScannedName, Fault> {
    let bytes = text.as_bytes();
    let mut colon = None;
    let mut part = from;
    let mut at = from;
    // Before any other fault behind the limit: where a document is cut into pieces must not decide which one is found.
    let fault = |kind, at: usize| match at - from > limit as usize {
        true => Err(Fault::new(GateErrorKind::NameLength { limit }, from)),
        false => Err(Fault::new(kind, at)),
    };
    loop {
        let class = NAME_BYTES[byte(bytes, at) as usize];
        if class & NAME_START != 0 || (class & NAME_PART != 0 && at > part) {
            at += 1;
        } else if class & NAME_COLON != 0 {
            if colon.is_some() || at == part {
                return fault(GateErrorKind::MalformedQName, at);
            }
            colon = Some(at);
            at += 1;
            part = at;
        } else if class & NAME_WIDE != 0 {
            match wide_name_char(text, at, at == part) {
                Some(length) => at += length,
                None => break,
            }
        } else {
            break;
        }
    }
    if at == part {
        let kind = if colon.is_some() { GateErrorKind::MalformedQName } else { GateErrorKind::MalformedName };
        return fault(kind, at);
    }
    if at - from > limit as usize {
        return Err(Fault::new(GateErrorKind::NameLength { limit }, from));
    }
    Ok(ScannedName { end: at, colon })
}

/// The length of the character at `at`, if it may stand in a name, or begin one.
fn wide_name_char(text: &str, at: usize, first: bool) -> Option<usize> {
    let c = text.get(at..)?.chars().next()?;
    let allowed = if first { is_name_start_char(c) } else { is_name_char(c) };
    allowed.then(|| c.len_utf8())
}

/// How long a reference may be, from `&` to `;`, bytes. The longest that means something has ten, but zeros may lead.
const REFERENCE_BYTES: usize = 64;

/// The character that the reference at `at` stands for, and where it ends; `None`: more bytes are needed.
pub(super) fn reference(bytes: &[u8], at: usize, last: bool) -> Result<Option<(char, usize)>, Fault> {
    let fault = |kind| Err(Fault::new(kind, at));
    let rest = bytes.get(at + 1..).unwrap_or_default();
    let window = rest.get(..REFERENCE_BYTES.min(rest.len())).unwrap_or_default();
    let Some(length) = memchr::memchr(b';', window) else {
        if last || window.len() == REFERENCE_BYTES {
            return fault(GateErrorKind::MalformedReference);
        }
        return Ok(None);
    };
    let name = window.get(..length).unwrap_or_default();
    let character = match name {
        b"lt" => '<',
        b"gt" => '>',
        b"amp" => '&',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x', digits @ ..] => match number(digits, 16) {
            Some(c) => return allowed(c, at, length),
            None => return fault(GateErrorKind::MalformedReference),
        },
        [b'#', digits @ ..] => match number(digits, 10) {
            Some(c) => return allowed(c, at, length),
            None => return fault(GateErrorKind::MalformedReference),
        },
        name => {
            let is_name = std::str::from_utf8(name).is_ok_and(|n| qname(n, 0, u32::MAX).is_ok_and(|q| q.end == n.len()));
            return fault(if is_name { GateErrorKind::UndeclaredEntity } else { GateErrorKind::MalformedReference });
        }
    };
    Ok(Some((character, at + length + 2)))
}

fn allowed(code: u32, at: usize, length: usize) -> Result<Option<(char, usize)>, Fault> {
    match char::from_u32(code).filter(|c| is_xml_char(*c)) {
        Some(c) => Ok(Some((c, at + length + 2))),
        None => Err(Fault::new(GateErrorKind::ForbiddenCharacterReference, at)),
    }
}

/// The number that the digits write, at most `u32::MAX`; `None` if they are none.
fn number(digits: &[u8], radix: u32) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u32, |n, d| {
        let digit = char::from(*d).to_digit(radix)?;
        Some(n.saturating_mul(radix).saturating_add(digit))
    })
}

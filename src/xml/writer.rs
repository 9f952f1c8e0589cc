//! Appending XML text to a buffer: escapes, and what XML 1.0 cannot carry.

/// A character that XML 1.0 cannot carry, not even as a reference.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("character U+{:04X} is not allowed in XML", *character as u32)]
pub struct Unwritable {
    /// The first such character.
    pub character: char,
    /// Its byte offset in the text.
    pub offset: usize,
}

/// Appends character data: `<`, `>` and `&` as entities, CR as `&#13;` so that it survives the reader.
///
/// # Errors
/// A character outside the production `Char`; the buffer then holds the text before it.
pub fn text(out: &mut Vec<u8>, text: &str) -> Result<(), Unwritable> {
    escape(out, text, TEXT)
}

/// Appends an attribute value for either kind of quotes, without them: as [`text`], and quotes, TAB, LF as references.
///
/// # Errors
/// As [`text`].
pub fn attribute(out: &mut Vec<u8>, value: &str) -> Result<(), Unwritable> {
    escape(out, value, ATTRIBUTE)
}

/// Is this one of XML 1.0's characters (production 2, `Char`)?
#[inline]
pub fn is_xml_char(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' | ' '..='\u{D7FF}' => true,
        c => ('\u{E000}'..='\u{FFFD}').contains(&c) || c >= '\u{10000}',
    }
}

/// The first character of `text` that XML 1.0 cannot carry.
///
/// # Errors
/// That character.
pub fn check(text: &str) -> Result<(), Unwritable> {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(found) = bytes.iter().skip(from).position(|b| class(*b) & FORBIDDEN != 0) {
        let at = from + found;
        from = at + forbidden(text, at)?;
    }
    Ok(())
}

/// Is this an `NCName` of Namespaces in XML 1.0: a name without a colon?
pub fn is_ncname(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|c| c != ':' && is_name_start_char(c)) && chars.all(|c| c != ':' && is_name_char(c))
}

/// Production 4, `NameStartChar`; the colon is one.
#[inline]
pub fn is_name_start_char(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' | '_' | ':' => true,
        c if c.is_ascii() => false,
        c => matches!(c,
            '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}' | '\u{37F}'..='\u{1FFF}'
            | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
            | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}'),
    }
}

/// Production 4a, `NameChar`.
#[inline]
pub fn is_name_char(c: char) -> bool {
    is_name_start_char(c) || matches!(c, '0'..='9' | '-' | '.' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// Bits of [`class`]: the byte needs a reference in text, in an attribute, or may begin a forbidden character.
const TEXT: u8 = 1;
const ATTRIBUTE: u8 = 2;
const FORBIDDEN: u8 = 4;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = match b as u8 {
            b'\t' | b'\n' | b'"' | b'\'' => ATTRIBUTE,
            b'\r' | b'<' | b'>' | b'&' => TEXT | ATTRIBUTE,
            // U+FFFE and U+FFFF begin with EF.
            0..=0x1F | 0xEF => TEXT | ATTRIBUTE | FORBIDDEN,
            _ => 0,
        };
        b += 1;
    }
    table
}

#[inline]
fn class(byte: u8) -> u8 {
    CLASSES.get(byte as usize).copied().unwrap_or(0)
}

/// The length of the character at `at`, if XML can carry it.
fn forbidden(text: &str, at: usize) -> Result<usize, Unwritable> {
    match text.get(at..).and_then(|t| t.chars().next()) {
        Some(character) if !is_xml_char(character) => Err(Unwritable { character, offset: at }),
        Some(character) => Ok(character.len_utf8()),
        None => Ok(1),
    }
}

fn escape(out: &mut Vec<u8>, text: &str, context: u8) -> Result<(), Unwritable> {
    let bytes = text.as_bytes();
    let (mut done, mut at) = (0, 0);
    while let Some(found) = bytes.get(at..).and_then(|rest| rest.iter().position(|b| class(*b) & context != 0)) {
        at += found;
        let reference: &[u8] = match bytes.get(at) {
            Some(b'<') => b"&lt;",
            Some(b'>') => b"&gt;",
            Some(b'&') => b"&amp;",
            Some(b'"') => b"&quot;",
            Some(b'\'') => b"&#39;",
            Some(b'\t') => b"&#9;",
            Some(b'\n') => b"&#10;",
            Some(b'\r') => b"&#13;",
            _ => {
                match forbidden(text, at) {
                    Ok(length) => at += length,
                    Err(e) => {
                        out.extend_from_slice(bytes.get(done..at).unwrap_or_default());
                        return Err(e);
                    }
                }
                continue;
            }
        };
        out.extend_from_slice(bytes.get(done..at).unwrap_or_default());
        out.extend_from_slice(reference);
        at += 1;
        done = at;
    }
    out.extend_from_slice(bytes.get(done..).unwrap_or_default());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(f: impl Fn(&mut Vec<u8>) -> Result<(), Unwritable>) -> String {
        let mut out = Vec::new();
        f(&mut out).expect("writable");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn text_and_attributes_are_escaped() {
        assert_eq!(written(|o| text(o, "a<b>&\"'\t\n\r\u{FEFF}ü")), "a&lt;b&gt;&amp;\"'\t\n&#13;\u{FEFF}ü");
        assert_eq!(written(|o| attribute(o, "a<b>&\"'\t\n\r")), "a&lt;b&gt;&amp;&quot;&#39;&#9;&#10;&#13;");
    }

    #[test]
    fn forbidden_characters_are_refused_with_their_place() {
        for c in ['\0', '\u{1}', '\u{B}', '\u{1F}', '\u{FFFE}', '\u{FFFF}'] {
            let s = format!("a\u{FEFF}{c}b");
            let expected = Err(Unwritable { character: c, offset: 4 });
            assert_eq!(text(&mut Vec::new(), &s), expected);
            assert_eq!(attribute(&mut Vec::new(), &s), expected);
            assert_eq!(check(&s), expected);
        }
        assert_eq!(check("a\t\r\n\u{7F}\u{85}\u{FFFD}\u{10FFFF}"), Ok(()));
    }

    #[test]
    fn ncnames() {
        for name in ["a", "_1", "é.b-c", "名前", "\u{10000}"] {
            assert!(is_ncname(name), "{name}");
        }
        for name in ["", "1a", "-a", "a:b", ":a", "a b", "a\u{d7}", "\u{37e}", "·a"] {
            assert!(!is_ncname(name), "{name}");
        }
    }
}

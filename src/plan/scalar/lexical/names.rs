//! Names of XML 1.0 (fifth edition) and Namespaces in XML 1.0, and language tags.

/// Production 4, without the colon.
const fn is_initial(c: char) -> bool {
    matches!(c, 'A'..='Z' | '_' | 'a'..='z' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}' | '\u{3001}'..='\u{D7FF}'
        | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}' | '\u{10000}'..='\u{EFFFF}')
}

/// Production 4a, without the colon.
const fn is_name_char(c: char) -> bool {
    is_initial(c) || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// `NCName`: a name without colons.
pub(in super::super) fn is_ncname(text: &str) -> bool {
    text.starts_with(is_initial) && text.chars().all(is_name_char)
}

/// `Name`
pub(in super::super) fn is_name(text: &str) -> bool {
    text.starts_with(|c| is_initial(c) || c == ':') && text.chars().all(|c| is_name_char(c) || c == ':')
}

/// `Nmtoken`
pub(in super::super) fn is_nmtoken(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| is_name_char(c) || c == ':')
}

/// `QName`: prefix, empty where there is none, and local part.
pub(in super::super) fn split_qname(text: &str) -> Option<(&str, &str)> {
    match text.split_once(':') {
        Some((prefix, local)) => (is_ncname(prefix) && is_ncname(local)).then_some((prefix, local)),
        None => is_ncname(text).then_some(("", text)),
    }
}

/// `[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*` (part 2, 3.3.3)
pub(in super::super) fn is_language(text: &str) -> bool {
    text.split('-').enumerate().all(|(i, tag)| {
        (1..=8).contains(&tag.len()) && tag.bytes().all(|b| if i == 0 { b.is_ascii_alphabetic() } else { b.is_ascii_alphanumeric() })
    })
}

/// Can XML 1.0 carry every character (production 2)?
pub(in super::super) fn is_xml_text(text: &str) -> bool {
    // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
    let bytes = text.as_bytes();
    !bytes.iter().any(|b| *b < b' ' && !matches!(b, b'\t' | b'\n' | b'\r')) && (text.is_ascii() || !text.contains(['\u{FFFE}', '\u{FFFF}']))
}

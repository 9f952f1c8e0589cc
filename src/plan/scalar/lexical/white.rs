use std::borrow::Cow;

use super::super::WhiteSpace;

/// White space of XML.
pub(in super::super) const fn is_space(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r')
}

/// Text after the whiteSpace facet (part 2, 4.3.6). Costs nothing where nothing changes.
pub(in super::super) fn normalize(text: &str, facet: WhiteSpace) -> Cow<'_, str> {
    match facet {
        WhiteSpace::Preserve => Cow::Borrowed(text),
        WhiteSpace::Replace => {
            if text.bytes().any(|b| b < b' ' && is_space(b)) {
                Cow::Owned(text.replace(['\t', '\n', '\r'], " "))
            } else {
                Cow::Borrowed(text)
            }
        }
        WhiteSpace::Collapse => collapse(text),
    }
}

fn collapse(text: &str) -> Cow<'_, str> {
    let text = trim(text);
    let bytes = text.as_bytes();
    let is_collapsed = !bytes.iter().zip(bytes.iter().skip(1)).any(|(a, b)| is_space(*a) && (*a != b' ' || is_space(*b)));
    if is_collapsed {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for word in words(text) {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    Cow::Owned(out)
}

/// Text without white space around it.
pub(in super::super) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\n', '\r'])
}

/// What stands between white space.
pub(in super::super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([' ', '\t', '\n', '\r']).filter(|w| !w.is_empty())
}

use super::white::is_space;

/// `hexBinary`: an even number of hexadecimal digits.
pub(in super::super) fn is_hex(text: &str) -> bool {
    text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// How many bytes a `base64Binary` text without white space stands for; `None` where it is none.
///
/// Bits beyond the last byte may be anything: writers exist that leave them set.
pub(in super::super) fn base64_bytes(text: &str) -> Option<usize> {
    let (data, padding) = match text.as_bytes() {
        [data @ .., b'=', b'='] => (data, 2),
        [data @ .., b'='] => (data, 1),
        data => (data, 0),
    };
    let right = (data.len() + padding).is_multiple_of(4) && data.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'));
    (right && !(data.is_empty() && padding > 0)).then_some(data.len() * 3 / 4)
}

/// How many bytes a `base64Binary` text stands for, white space in it or not; `None` where it is none.
pub(in super::super) fn base64_shape(text: &[u8]) -> Option<u64> {
    let (mut data, mut padding) = (0_u64, 0_u64);
    for byte in text {
        match byte {
            b if is_space(*b) => {}
            b'=' => padding += 1,
            b if padding == 0 && (b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')) => data += 1,
            _ => return None,
        }
    }
    let right = padding <= 2 && (data + padding).is_multiple_of(4) && !(data == 0 && padding > 0);
    right.then_some(data * 3 / 4)
}

/// Appends a text without its white space.
pub(in super::super) fn without_space(text: &str, out: &mut Vec<u8>) {
    // Line ends are rare: whole lines are copied.
    for line in text.as_bytes().split(|b| is_space(*b)) {
        out.extend_from_slice(line);
    }
}

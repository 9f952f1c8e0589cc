/// How many bytes from the start need no escape in a JSON string: neither `"` nor `\` nor a control character.
///
/// Eight bytes at a time: most strings are short, and longer ones are not worth a call into vector code.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    let (chunks, tail) = bytes.as_chunks::<8>();
    for (i, chunk) in chunks.iter().enumerate() {
        let special = special_bytes(u64::from_le_bytes(*chunk));
        if special != 0 {
            return i * 8 + (special.trailing_zeros() / 8) as usize;
        }
    }
    let done = bytes.len() - tail.len();
    done + tail.iter().position(|b| *b < 0x20 || *b == b'"' || *b == b'\\').unwrap_or(tail.len())
}

/// The high bit of the first byte that is `"`, `\` or below 0x20 (bits above it may be set wrongly, by borrowing), else 0.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let below_space = word.wrapping_sub(ONES * 0x20) & !word;
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let is_zero = |x: u64| x.wrapping_sub(ONES) & !x;
    (below_space | is_zero(quote) | is_zero(backslash)) & HIGH
}

/// `text[start..end]`, empty where that is no slice: it always is, as both ends stand beside ASCII characters.
pub(super) fn utf8_slice(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end).unwrap_or_default()
}

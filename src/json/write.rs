/// Appends `text` as the inside of a JSON string.
pub fn escape_into(_out: &mut Vec<u8>, _text: &str) {
    todo!("json writer")
}

/// Appends `text` as a JSON string with its quotes.
pub fn string_into(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    escape_into(out, text);
    out.push(b'"');
}

/// Appends `/token` to a JSON pointer, escaped (RFC 6901).
pub fn push_pointer(pointer: &mut String, token: &str) {
    pointer.push('/');
    for c in token.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

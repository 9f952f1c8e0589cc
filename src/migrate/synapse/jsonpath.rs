//! JSONPath, as far as it names one place: `$.a.b[0]['c']`.

/// The names and indexes of a path; empty for `$`.
///
/// # Errors
/// Why it is not read.
pub(super) fn keys(text: &str) -> Result<Vec<String>, String> {
    let text = text.trim();
    let Some(mut rest) = text.strip_prefix('$') else { return Err("a JSON path begins with `$`".to_owned()) };
    let mut keys = Vec::new();
    while !rest.is_empty() {
        if keys.len() >= 30 {
            return Err("the path has more than 30 steps".to_owned());
        }
        if rest.starts_with("..") || rest.starts_with(".*") || rest.starts_with("[*") || rest.starts_with("[?") {
            return Err("a path to several places has no counterpart".to_owned());
        }
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let (key, next) = after.split_at(end);
            if key.is_empty() || key.contains([' ', '(', ')', '@', '*']) {
                return Err("this step of the path is not a name".to_owned());
            }
            keys.push(key.to_owned());
            rest = next;
        } else if let Some(after) = rest.strip_prefix('[') {
            let Some((inside, next)) = after.split_once(']') else { return Err("a bracket is not closed".to_owned()) };
            let inside = inside.trim();
            let quoted = ['\'', '"'].into_iter().find_map(|q| inside.strip_prefix(q)?.strip_suffix(q));
            match quoted {
                Some(name) => keys.push(name.to_owned()),
                None if !inside.is_empty() && inside.bytes().all(|b| b.is_ascii_digit()) => keys.push(inside.to_owned()),
                None => return Err("what stands in brackets is neither a name nor a number".to_owned()),
            }
            rest = next;
        } else {
            return Err("this is no JSON path".to_owned());
        }
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_is_read_and_several_are_not() {
        for (text, expected) in [("$", &[][..]), ("$.a.b", &["a", "b"]), ("$.a[0]['b c'].d", &["a", "0", "b c", "d"]), ("$[\"x\"]", &["x"])]
        {
            assert_eq!(keys(text).unwrap(), expected, "{text}");
        }
        for text in ["", "a.b", "$..a", "$.a[*]", "$.a[?(@.b)]", "$.a[", "$.", "$a", "$.a.length()"] {
            assert!(keys(text).is_err(), "{text}");
        }
    }
}

//! Reading back JSON text that this decoder wrote itself: no white space, always right.

/// The end of the JSON value at `at`.
pub(super) fn skip_value(text: &[u8], at: usize) -> usize {
    let (mut i, mut depth) = (at, 0usize);
    while let Some(byte) = text.get(i) {
        match byte {
            b'"' => {
                i = skip_string(text, i);
                if depth == 0 {
                    return i;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                let Some(outer) = depth.checked_sub(1) else { return i };
                depth = outer;
                if depth == 0 {
                    return i + 1;
                }
            }
            b',' | b':' if depth == 0 => return i,
            _ => {}
        }
        i += 1;
    }
    i
}

/// The end of the string whose opening quote is at `at`.
fn skip_string(text: &[u8], at: usize) -> usize {
    let mut i = at + 1;
    loop {
        let rest = text.get(i..).unwrap_or(&[]);
        match memchr::memchr2(b'"', b'\\', rest) {
            None => return text.len(),
            Some(n) if rest.get(n) == Some(&b'"') => return i + n + 1,
            Some(n) => i += n + 2,
        }
    }
}

/// The members `"key":value` of an object, or the items `{"key":value}` of an array of such, in order: key with its quotes, value.
/// A value that is an array, which is never empty, stands for one member for each of its items; the last may still be open.
pub(super) struct Pairs<'t> {
    text: &'t [u8],
    at: usize,
    /// The key whose array is open.
    array: Option<&'t [u8]>,
    /// Are they items, each in braces?
    braces: bool,
}

impl<'t> Pairs<'t> {
    pub(super) fn members(text: &'t [u8]) -> Self {
        Self { text, at: 0, array: None, braces: false }
    }

    pub(super) fn items(text: &'t [u8]) -> Self {
        Self { text, at: 0, array: None, braces: true }
    }

    fn slice(&self, from: usize, to: usize) -> &'t [u8] {
        self.text.get(from..to).unwrap_or(&[])
    }

    fn skip(&mut self, byte: u8) -> bool {
        let is = self.text.get(self.at) == Some(&byte);
        self.at += usize::from(is);
        is
    }
}

impl<'t> Iterator for Pairs<'t> {
    type Item = (&'t [u8], &'t [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        self.skip(b',');
        if self.array.is_some() && self.skip(b']') {
            self.array = None;
            self.skip(b',');
        }
        if self.at >= self.text.len() {
            return None;
        }
        let key = match self.array {
            Some(key) => key,
            None => {
                if self.braces {
                    self.skip(b'{');
                }
                let from = self.at;
                self.at = skip_value(self.text, from);
                let key = self.slice(from, self.at);
                self.skip(b':');
                if !self.braces && self.skip(b'[') {
                    self.array = Some(key);
                }
                key
            }
        };
        let from = self.at;
        self.at = skip_value(self.text, from);
        let value = self.slice(from, self.at);
        if self.braces {
            self.skip(b'}');
        }
        Some((key, value))
    }
}

/// Items of an array's inside, in order.
pub(super) fn items(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = 0;
    std::iter::from_fn(move || {
        if at >= text.len() {
            return None;
        }
        let end = skip_value(text, at);
        let item = text.get(at..end);
        at = end + 1;
        item
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs<'t>(pairs: Pairs<'t>) -> Vec<(&'t str, &'t str)> {
        pairs.map(|(k, v)| (std::str::from_utf8(k).unwrap(), std::str::from_utf8(v).unwrap())).collect()
    }

    #[test]
    fn members_and_items_are_pairs() {
        let text = br#""a":"x]\"","b":["y",{"c":[1,2]}],"d":["z","#;
        let expected = [("\"a\"", "\"x]\\\"\""), ("\"b\"", "\"y\""), ("\"b\"", "{\"c\":[1,2]}"), ("\"d\"", "\"z\"")];
        assert_eq!(pairs(Pairs::members(text)), expected);
        assert_eq!(pairs(Pairs::items(br#"{"a":[1]},{"b":{"c":"}"}}"#)), [("\"a\"", "[1]"), ("\"b\"", "{\"c\":\"}\"}")]);
        assert_eq!(items(br#"1,"a,b",[2,3]"#).count(), 3);
    }
}

//! Strings, names, addresses and bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Source;
use crate::plan::scalar::{Primitive, Scalar};

/// Characters or bytes that are made to meet a length, at most.
const MAX_LENGTH: u64 = 10_000;
/// What strings are made of: markup, other scripts and spaces among it.
const WORDS: [&str; 16] = [
    "alpha",
    "beta",
    "Gamma",
    "Österreich",
    "naïve",
    "日本",
    "<tag>",
    "a&b",
    "\"quoted\"",
    "it's",
    "x",
    "42",
    "0",
    "true",
    "𝔘nicode",
    "]]>",
];

impl Source {
    pub(super) fn strings(&mut self, scalar: &Scalar, name: &str) -> Vec<String> {
        let mut first = name.to_owned();
        if !self.choices.is_fixed() {
            let count = if self.in_list { 1 } else { 1 + self.choices.below(3) };
            let words: Vec<&str> = (0..count).filter_map(|_| WORDS.get(self.choices.below(WORDS.len())).copied()).collect();
            first = words.join(" ");
        }
        let mut out: Vec<String> = [&first, name, "a", "A", "1"].into_iter().filter_map(|t| fit_length(scalar, t)).collect();
        out.push(String::new());
        out
    }

    pub(super) fn names(&mut self, scalar: &Scalar, name: &str) -> Vec<String> {
        let mut first = name.to_owned();
        if !self.choices.is_fixed() {
            first.push_str(["", "-1", ".a", "_b"][self.choices.below(4)]);
        }
        [&first, "a", "A"].into_iter().filter_map(|t| fit_length(scalar, t)).collect()
    }

    pub(super) fn languages(&mut self) -> Vec<String> {
        let mut all = ["en", "de", "de-AT", "fr", "pt-BR", "a"];
        let start = self.choices.below(5);
        all.rotate_left(start);
        all.map(str::to_owned).to_vec()
    }

    pub(super) fn uris(&mut self, scalar: &Scalar, name: &str) -> Vec<String> {
        let first = match self.choices.below(4) {
            0 => format!("https://example.org/{name}"),
            1 => "urn:example:a:b".to_owned(),
            2 => "https://example.org/x?y=1&z=%C3%A4".to_owned(),
            _ => format!("#{name}"),
        };
        [&first, name, "a"].into_iter().filter_map(|t| fit_length(scalar, t)).collect()
    }

    pub(super) fn binaries(&mut self, scalar: &Scalar, primitive: Primitive) -> Vec<String> {
        let (least, most) = scalar.length_range();
        let usual = if self.choices.is_fixed() { 7 } else { self.choices.below(40) as u64 };
        let length = usual.max(least).min(most.unwrap_or(u64::MAX));
        if length > MAX_LENGTH {
            return Vec::new();
        }
        let bytes: Vec<u8> =
            (0..length as usize).map(|i| if self.choices.is_fixed() { b"example"[i % 7] } else { self.choices.below(256) as u8 }).collect();
        vec![match primitive {
            Primitive::HexBinary => bytes.iter().map(|b| format!("{b:02X}")).collect(),
            _ => STANDARD.encode(&bytes),
        }]
    }
}

/// The text cut, or repeated, to the length that the type asks for; `None` where that is too long to be made.
fn fit_length(scalar: &Scalar, text: &str) -> Option<String> {
    let (least, most) = scalar.length_range();
    if least > MAX_LENGTH {
        return None;
    }
    let mut out: String = match most {
        Some(most) if (text.chars().count() as u64) > most => {
            // Space at the end would not count where white space collapses.
            let cut: String = text.chars().take(most as usize).collect();
            cut.trim_end().to_owned()
        }
        Some(_) | None => text.to_owned(),
    };
    let missing = (least as usize).saturating_sub(out.chars().count());
    let filling: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
    out.extend(filling.iter().cycle().take(missing));
    Some(out)
}

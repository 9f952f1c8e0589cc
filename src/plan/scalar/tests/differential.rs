//! Patterns against another engine for appendix F of XML Schema part 2: each generated, with texts made beside it. Where the two differ,
//! the specification decides, and the class of cases stands in [`known`] with its reason.

use std::sync::Arc;

use uppsala::XsdRegex;

use crate::plan::scalar::Pattern;

const PATTERNS: u32 = 4_000;

/// A small generator (SplitMix64), so that a case can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % (n as u64)).expect("less than n")
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn class(&mut self, depth: u32) -> String {
        let mut out = String::from(if self.below(4) == 0 { "[^" } else { "[" });
        for _ in 0..1 + self.below(3) {
            out.push_str(self.pick(&[
                "a-z",
                "A-Z",
                "0-9",
                "b",
                "x",
                "_",
                "é",
                "а-я",
                "\\-",
                "\\^",
                "\\]",
                "\\[",
                "\\\\",
                ".",
                "$",
                "+",
                "*",
                "(",
                ")",
                "|",
                "\\d",
                "\\D",
                "\\w",
                "\\W",
                "\\s",
                "\\S",
                "\\i",
                "\\I",
                "\\c",
                "\\C",
                "\\p{L}",
                "\\P{L}",
                "\\p{Lu}",
                "\\p{Nd}",
                "\\p{IsBasicLatin}",
                "\\p{IsCyrillic}",
            ]));
        }
        if depth < 2 && self.below(4) == 0 {
            let minus = self.class(depth + 1);
            out.extend(["-", &minus]);
        }
        out.push(']');
        out
    }

    fn atom(&mut self, depth: u32) -> String {
        match self.below(if depth < 3 { 7 } else { 5 }) {
            0 | 1 => self
                .pick(&["a", "b", "Z", "7", "_", "-", "^", "$", "é", "я", " ", ":", "\\.", "\\\\", "\\?", "\\*", "\\n", "\\t", "\\{"])
                .to_owned(),
            2 => self
                .pick(&[".", "\\d", "\\w", "\\s", "\\i", "\\c", "\\D", "\\W", "\\S", "\\I", "\\C", "\\p{L}", "\\P{Lu}", "\\p{IsGreek}"])
                .to_owned(),
            3 | 4 => self.class(0),
            _ => format!("({})", self.alternatives(depth + 1)),
        }
    }

    fn branch(&mut self, depth: u32) -> String {
        let mut out = String::new();
        for _ in 0..self.below(4) {
            out.push_str(&self.atom(depth));
            out.push_str(self.pick(&["", "", "", "?", "*", "+", "{2}", "{0,2}", "{1,}", "{0}"]));
        }
        out
    }

    fn alternatives(&mut self, depth: u32) -> String {
        let mut out = self.branch(depth);
        for _ in 0..self.below(3) / 2 {
            let more = self.branch(depth);
            out.extend(["|", &more]);
        }
        out
    }

    /// A text of at most five characters, of which some are at the borders of classes.
    fn text(&mut self) -> String {
        let characters = [
            "a",
            "b",
            "x",
            "z",
            "A",
            "Z",
            "0",
            "7",
            "9",
            "_",
            "-",
            "^",
            "$",
            ".",
            ":",
            " ",
            "\t",
            "\n",
            "\r",
            "\\",
            "]",
            "[",
            "(",
            "|",
            "+",
            "{",
            "é",
            "я",
            "Ω",
            "٣",
            "\u{300}",
            "·",
            "\u{1F600}",
            "中",
        ];
        (0..self.below(6)).map(|_| self.pick(&characters)).collect()
    }
}

/// Why the other engine may be contradicted, by what the pattern and the text hold.
fn known(pattern: &str, text: &str) -> Option<&'static str> {
    let speaks_of = |escapes: &[&str]| escapes.iter().any(|e| pattern.contains(e));
    let holds = |characters: &str| text.chars().any(|c| characters.contains(c));
    // The union of what differs: a pattern may speak of several.
    if speaks_of(&["\\w", "\\W"]) && holds("_^$|+\u{300}\u{1F600}") {
        Some("\\w is everything but punctuation, separators and others (table of F.1.1): symbols and marks are, `_` is not")
    } else if speaks_of(&["\\d", "\\D"]) && holds("٣") {
        Some("\\d is \\p{Nd}, the digits of all scripts")
    } else if speaks_of(&["\\i", "\\I", "\\c", "\\C"]) && holds("٣\u{1F600}") {
        Some("names are those of XML 1.0's fifth edition, which takes most characters beyond Latin")
    } else {
        None
    }
}

#[test]
fn generated_patterns_match_what_another_engine_matches() {
    let mut random = Random(4);
    let (mut compared, mut refused, mut explained) = (0u32, 0u32, 0u32);
    let mut wrong = Vec::new();
    for _ in 0..PATTERNS {
        let source = random.alternatives(0);
        let ours = Pattern::new(&Arc::from(source.as_str()));
        let theirs = XsdRegex::compile(&source);
        let (Ok(ours), Ok(theirs)) = (&ours, &theirs) else {
            if ours.is_ok() != theirs.is_ok() {
                wrong.push(format!("{source:?}: ours {:?}, theirs {:?}", ours.as_ref().err(), theirs.as_ref().err()));
            }
            refused += 1;
            continue;
        };
        for _ in 0..25 {
            let text = random.text();
            let (we, they) = (ours.matches(&text), theirs.is_match(&text));
            compared += 1;
            if we == they {
                continue;
            }
            match known(&source, &text) {
                Some(_) => explained += 1,
                None => {
                    wrong.push(format!("{source:?} with {text:?}: ours {we}, theirs {they}"));
                }
            }
        }
    }
    println!("{compared} compared, {refused} patterns refused, {explained} explained");
    assert!(compared > PATTERNS * 20, "{compared} compared, {refused} refused");
    assert!(wrong.is_empty(), "{} differ\n{}", wrong.len(), wrong.iter().take(60).cloned().collect::<Vec<_>>().join("\n"));
}

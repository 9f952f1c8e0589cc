//! Patterns in the words of the `regex` crate.

use std::fmt::Write as _;

use super::ast::{Ast, Class, Escape, Item};

/// NameStartChar of XML 1.0 (fifth edition), as the inside of a class.
const INITIAL: &str = r":A-Z_a-z\xC0-\xD6\xD8-\xF6\u{F8}-\u{2FF}\u{370}-\u{37D}\u{37F}-\u{1FFF}\u{200C}-\u{200D}\u{2070}-\u{218F}\u{2C00}-\u{2FEF}\u{3001}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFFD}\u{10000}-\u{EFFFF}";
/// What NameChar has beside these.
const NAME_CHAR: &str = r"\-.0-9\xB7\u{300}-\u{36F}\u{203F}-\u{2040}";

/// Appends the regular expression for `ast`.
pub(super) fn regex(ast: &Ast, out: &mut String) {
    match ast {
        Ast::Class(c) => class(c, out),
        Ast::Concat(parts) => {
            out.push_str("(?:");
            parts.iter().for_each(|p| regex(p, out));
            out.push(')');
        }
        Ast::Alternation(parts) => {
            out.push_str("(?:");
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    out.push('|');
                }
                regex(part, out);
            }
            out.push(')');
        }
        Ast::Repeat { inner, min, max } => {
            // A repeated repetition would read as a lazy one.
            out.push_str("(?:");
            regex(inner, out);
            out.push(')');
            out.push_str(&quantifier(*min, *max));
        }
    }
}

/// `?`, `*`, `+` or `{n,m}`.
pub(super) fn quantifier(min: u32, max: Option<u32>) -> String {
    match (min, max) {
        (0, Some(1)) => "?".to_owned(),
        (0, None) => "*".to_owned(),
        (1, None) => "+".to_owned(),
        (min, None) => format!("{{{min},}}"),
        (min, Some(max)) if min == max => format!("{{{min}}}"),
        (min, Some(max)) => format!("{{{min},{max}}}"),
    }
}

fn class(class: &Class, out: &mut String) {
    if class.minus.is_some() {
        out.push('[');
    }
    out.push_str(if class.negated { "[^" } else { "[" });
    class.items.iter().for_each(|i| item(i, out));
    out.push(']');
    if let Some(minus) = &class.minus {
        out.push_str("--");
        self::class(minus, out);
        out.push(']');
    }
}

fn item(item: &Item, out: &mut String) {
    match item {
        Item::Range(a, b) => range(*a, *b, out),
        Item::Escape(escape, negated) => {
            let inside = match escape {
                Escape::Space => r" \t\n\r".to_owned(),
                Escape::Digit => r"\p{Nd}".to_owned(),
                Escape::Word => r"^\p{P}\p{Z}\p{C}".to_owned(),
                Escape::Initial => INITIAL.to_owned(),
                Escape::NameChar => format!("{INITIAL}{NAME_CHAR}"),
                Escape::Category(name) => format!("\\p{{{name}}}"),
                Escape::Block(ranges) => block(ranges),
                Escape::Dot => r"^\n\r".to_owned(),
            };
            let inside = match (negated, inside.strip_prefix('^')) {
                (true, Some(positive)) => positive.to_owned(),
                (true, None) => format!("^{inside}"),
                (false, _) => inside,
            };
            out.push_str(&format!("[{inside}]"));
        }
    }
}

fn block(ranges: &[(char, char)]) -> String {
    let mut inside = String::new();
    ranges.iter().for_each(|(a, b)| range(*a, *b, &mut inside));
    if inside.is_empty() {
        // A block of surrogates holds no character.
        inside.push_str(r"^\x00-\u{10FFFF}");
    }
    inside
}

fn range(a: char, b: char, out: &mut String) {
    character(a, out);
    if a != b {
        out.push('-');
        character(b, out);
    }
}

fn character(c: char, out: &mut String) {
    if c.is_ascii_alphanumeric() {
        out.push(c);
    } else {
        // Writing into a string cannot fail.
        _ = write!(out, "\\u{{{:X}}}", u32::from(c));
    }
}

/// The characters of a class as sorted ranges.
pub(super) fn class_ranges(c: &Class) -> Option<Vec<(char, char)>> {
    use regex_syntax::hir::{Class as Set, HirKind};
    let mut text = String::new();
    class(c, &mut text);
    let hir = regex_syntax::Parser::new().parse(&text).ok()?;
    match hir.kind() {
        HirKind::Class(Set::Unicode(set)) => Some(set.iter().map(|r| (r.start(), r.end())).collect()),
        HirKind::Class(Set::Bytes(set)) => Some(set.iter().map(|r| (char::from(r.start()), char::from(r.end()))).collect()),
        HirKind::Literal(literal) => {
            let c = std::str::from_utf8(&literal.0).ok()?.chars().next()?;
            Some(vec![(c, c)])
        }
        HirKind::Empty | HirKind::Look(_) | HirKind::Repetition(_) | HirKind::Capture(_) | HirKind::Concat(_) | HirKind::Alternation(_) => {
            None
        }
    }
}

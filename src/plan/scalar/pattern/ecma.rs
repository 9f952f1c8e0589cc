//! Patterns in the words of ECMA-262, for JSON Schema.

use super::ast::{Ast, Class, Escape, Item};
use super::render::{class_ranges, quantifier};

/// Ranges that a class may be spelled out in; more would be no help to a reader.
const MAX_RANGES: usize = 64;

/// `^(?:…)$` with the Unicode flag understood, or without it where only ASCII is named.
///
/// `\d` stays `\d`: it means ASCII digits there, all decimal digits here. Nobody sends others, and every reader understands it.
pub(super) fn render(ast: &Ast) -> Option<String> {
    let mut out = String::from("^");
    match ast {
        Ast::Alternation(_) => group(ast, &mut out)?,
        Ast::Class(_) | Ast::Concat(_) | Ast::Repeat { .. } => part(ast, &mut out)?,
    }
    out.push('$');
    Some(out)
}

fn part(ast: &Ast, out: &mut String) -> Option<()> {
    match ast {
        Ast::Class(c) => class(c, out),
        Ast::Concat(parts) => parts.iter().try_for_each(|p| match p {
            Ast::Alternation(_) => group(p, out),
            Ast::Class(_) | Ast::Concat(_) | Ast::Repeat { .. } => part(p, out),
        }),
        Ast::Alternation(parts) => {
            for (i, p) in parts.iter().enumerate() {
                if i > 0 {
                    out.push('|');
                }
                part(p, out)?;
            }
            Some(())
        }
        Ast::Repeat { inner, min, max } => {
            match &**inner {
                Ast::Class(c) => class(c, out)?,
                inner @ (Ast::Concat(_) | Ast::Alternation(_) | Ast::Repeat { .. }) => group(inner, out)?,
            }
            out.push_str(&quantifier(*min, *max));
            Some(())
        }
    }
}

fn group(ast: &Ast, out: &mut String) -> Option<()> {
    out.push_str("(?:");
    part(ast, out)?;
    out.push(')');
    Some(())
}

fn class(class: &Class, out: &mut String) -> Option<()> {
    if let Some(c) = class.single() {
        character(c, r"^$\.*+?()[]{}|/", out);
        return Some(());
    }
    if let ([Item::Escape(escape, negated)], false, None) = (class.items.as_slice(), class.negated, &class.minus)
        && let Some(text) = alone(escape, *negated)
    {
        out.push_str(&text);
        return Some(());
    }
    let mut inside = String::new();
    if class.minus.is_none() && class.items.iter().try_for_each(|i| item(i, &mut inside)).is_some() {
        out.push_str(if class.negated { "[^" } else { "[" });
        out.push_str(&inside);
    } else {
        let ranges = class_ranges(class)?;
        if ranges.is_empty() || ranges.len() > MAX_RANGES {
            return None;
        }
        out.push('[');
        ranges.iter().for_each(|(a, b)| range(*a, *b, out));
    }
    out.push(']');
    Some(())
}

/// An escape that is a class by itself.
fn alone(escape: &Escape, negated: bool) -> Option<String> {
    Some(match (escape, negated) {
        (Escape::Dot, false) => r"[^\n\r]".to_owned(),
        (Escape::Dot, true) => r"[\n\r]".to_owned(),
        (Escape::Digit, false) => r"\d".to_owned(),
        (Escape::Digit, true) => r"\D".to_owned(),
        (Escape::Space, false) => r"[ \t\n\r]".to_owned(),
        (Escape::Space, true) => r"[^ \t\n\r]".to_owned(),
        // JSON Schema advises against `\p{…}` (core, 6.4): many validators are not built on ECMA-262 and refuse the whole document.
        (Escape::Word | Escape::Category(_) | Escape::Initial | Escape::NameChar | Escape::Block(_), _) => return None,
    })
}

/// A member of a class that can be said inside one; `None` for those that cannot.
fn item(item: &Item, out: &mut String) -> Option<()> {
    match item {
        Item::Range(a, b) => range(*a, *b, out),
        Item::Escape(Escape::Digit, false) => out.push_str(r"\d"),
        Item::Escape(Escape::Digit, true) => out.push_str(r"\D"),
        Item::Escape(Escape::Space, false) => out.push_str(r" \t\n\r"),
        Item::Escape(Escape::Block(ranges), false) if !ranges.is_empty() => ranges.iter().for_each(|(a, b)| range(*a, *b, out)),
        Item::Escape(..) => return None,
    }
    Some(())
}

fn range(a: char, b: char, out: &mut String) {
    character(a, r"\]^-[", out);
    if a != b {
        out.push('-');
        character(b, r"\]^-[", out);
    }
}

/// A character, escaped where it is one of `special` or cannot be seen.
fn character(c: char, special: &str, out: &mut String) {
    match c {
        '\n' => out.push_str(r"\n"),
        '\r' => out.push_str(r"\r"),
        '\t' => out.push_str(r"\t"),
        c if special.contains(c) => {
            out.push('\\');
            out.push(c);
        }
        c if u32::from(c) < 0x20 || (0x7F..0xA0).contains(&u32::from(c)) || (0x200B..0x2070).contains(&u32::from(c)) => {
            out.push_str(&format!("\\u{:04X}", u32::from(c)));
        }
        c => out.push(c),
    }
}

//! Texts that match a pattern.

use super::random::Choices;
use crate::plan::scalar::pattern::ast::{Ast, Class, Escape, Item};
use crate::plan::scalar::pattern::{class_ranges, holds};

/// Characters of a text that is made, at most.
const MAX_CHARS: usize = 5_000;
/// What is liked best, in this order; the others of ASCII follow.
const LIKED: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz1234567890";

/// Makes one text. `stretch`: how much more than needed repetitions may take, to meet a length.
pub(super) struct Maker<'a> {
    pub(super) choices: &'a mut Choices,
    pub(super) stretch: u32,
    out: String,
    chars: usize,
}

impl<'a> Maker<'a> {
    pub(super) fn new(choices: &'a mut Choices, stretch: u32) -> Self {
        Self { choices, stretch, out: String::new(), chars: 0 }
    }

    /// A text that matches; `None` where a class is empty or it grows too long.
    pub(super) fn make(mut self, ast: &Ast) -> Option<String> {
        self.part(ast)?;
        Some(self.out)
    }

    fn part(&mut self, ast: &Ast) -> Option<()> {
        match ast {
            Ast::Class(class) => {
                if self.chars >= MAX_CHARS {
                    return None;
                }
                let c = self.character(class)?;
                self.out.push(c);
                self.chars += 1;
                Some(())
            }
            Ast::Concat(parts) => parts.iter().try_for_each(|p| self.part(p)),
            Ast::Alternation(parts) => {
                let ix = self.choices.below(parts.len());
                self.part(parts.get(ix)?)
            }
            Ast::Repeat { inner, min, max } => {
                let most = max.unwrap_or(u32::MAX).min(min.saturating_add(self.stretch));
                let times = if self.choices.is_fixed() { most } else { self.choices.between(i128::from(*min), i128::from(most)) as u32 };
                (0..times).try_for_each(|_| self.part(inner))
            }
        }
    }

    fn character(&mut self, class: &Class) -> Option<char> {
        if let Some(c) = class.single() {
            return Some(c);
        }
        let ranges = match class.items.as_slice() {
            // The common ones need no tables.
            [Item::Escape(Escape::Digit, false)] if !class.negated && class.minus.is_none() => vec![('0', '9')],
            _ => class_ranges(class)?,
        };
        let liked: Vec<char> = LIKED.chars().filter(|c| holds(&ranges, *c)).collect();
        if let Some(c) = self.one_of(&liked) {
            return Some(c);
        }
        let visible: Vec<char> = (' '..='~').filter(|c| holds(&ranges, *c)).collect();
        self.one_of(&visible).or_else(|| ranges.iter().map(|(first, _)| *first).find(|c| !c.is_control()).or(ranges.first().map(|r| r.0)))
    }

    /// One of the characters; without a seed in turn, so that `[A-Z]{3}` is ABC.
    fn one_of(&mut self, chars: &[char]) -> Option<char> {
        let ix = if self.choices.is_fixed() { self.chars % chars.len().max(1) } else { self.choices.below(chars.len()) };
        chars.get(ix).copied()
    }
}

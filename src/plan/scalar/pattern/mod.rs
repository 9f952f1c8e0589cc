//! Patterns of XML Schema part 2, appendix F, by a linear-time engine.

pub(crate) mod ast;
mod blocks;
mod ecma;
mod render;

use std::sync::{Arc, OnceLock};

use ast::Ast;

/// Bytes that the compiled form of one pattern may take.
const COMPILED_BYTES: usize = 1 << 20;
/// Above this [`weight`] a pattern is compiled at once, to tell whether it fits into its limit.
const HEAVY: u64 = 2_000;

/// One `pattern` facet. Compiled when it is first asked: most patterns of a large service never are.
#[derive(Debug)]
pub struct Pattern {
    source: Arc<str>,
    ast: Ast,
    matcher: OnceLock<Matcher>,
}

#[derive(Debug)]
enum Matcher {
    /// One class, so often: `.{1,4000}` is common, and too large for an automaton.
    Run { ranges: Vec<(char, char)>, min: u32, max: Option<u32> },
    /// Anything else.
    Regex(regex::Regex),
    /// Too large.
    Unknown,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// Why it cannot be checked, in words.
    pub fn new(source: &Arc<str>) -> Result<Self, String> {
        let ast = ast::parse(source)?;
        let pattern = Self { source: source.clone(), ast, matcher: OnceLock::new() };
        if weight(&pattern.ast) > HEAVY && matches!(pattern.matcher(), Matcher::Unknown) {
            return Err("it is too large".to_owned());
        }
        Ok(pattern)
    }

    /// As the schema writes it.
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }

    /// Does the whole text match?
    pub fn matches(&self, text: &str) -> bool {
        match self.matcher() {
            Matcher::Run { ranges, min, max } => runs(ranges, *min, *max, text),
            Matcher::Regex(regex) => regex.is_match(text),
            Matcher::Unknown => true,
        }
    }

    /// The same as an ECMA-262 regular expression, as JSON Schema's `pattern` wants it; `None` where it cannot be said.
    pub fn ecma(&self) -> Option<String> {
        ecma::render(&self.ast)
    }

    /// Its parts.
    pub(crate) fn ast(&self) -> &Ast {
        &self.ast
    }

    fn matcher(&self) -> &Matcher {
        self.matcher.get_or_init(|| {
            if let Some(run) = as_run(&self.ast) {
                return run;
            }
            let mut text = String::from(r"\A(?:");
            render::regex(&self.ast, &mut text);
            text.push_str(r")\z");
            regex::RegexBuilder::new(&text)
                .size_limit(COMPILED_BYTES)
                .dfa_size_limit(COMPILED_BYTES)
                .nest_limit(400)
                .build()
                .map_or(Matcher::Unknown, Matcher::Regex)
        })
    }
}

fn as_run(ast: &Ast) -> Option<Matcher> {
    let Ast::Repeat { inner, min, max } = ast else { return None };
    let Ast::Class(class) = &**inner else { return None };
    Some(Matcher::Run { ranges: render::class_ranges(class)?, min: *min, max: *max })
}

fn runs(ranges: &[(char, char)], min: u32, max: Option<u32>, text: &str) -> bool {
    let mut count = 0u64;
    for c in text.chars() {
        if !holds(ranges, c) {
            return false;
        }
        count += 1;
    }
    count >= u64::from(min) && max.is_none_or(|max| count <= u64::from(max))
}

/// Is `c` in one of the ranges, which are sorted?
pub(crate) fn holds(ranges: &[(char, char)], c: char) -> bool {
    let at = ranges.partition_point(|(_, last)| *last < c);
    ranges.get(at).is_some_and(|(first, _)| *first <= c)
}

/// The characters of a class as sorted ranges; `None` where that cannot be told.
pub(crate) fn class_ranges(class: &ast::Class) -> Option<Vec<(char, char)>> {
    render::class_ranges(class)
}

/// Roughly the states of an automaton: what decides whether it must be compiled to know that it can be.
fn weight(ast: &Ast) -> u64 {
    match ast {
        Ast::Class(class) => {
            let simple = !class.negated && class.minus.is_none() && class.items.iter().all(|i| matches!(i, ast::Item::Range(..)));
            if simple { 1 } else { 100 }
        }
        Ast::Concat(parts) | Ast::Alternation(parts) => parts.iter().map(weight).fold(1, u64::saturating_add),
        Ast::Repeat { inner, min, max } => weight(inner).saturating_mul(u64::from(max.unwrap_or(*min).max(1))),
    }
}

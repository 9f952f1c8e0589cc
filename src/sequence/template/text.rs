//! A template's text before and at its parser: what must not reach the parser, and where its pieces stand.

use handlebars::template::Template as Parsed;

use super::{Flaw, limits};

/// The parser recurses with every block and bracket: what is nested too deep, or has no end, must not reach it.
pub(super) fn look_over(part: usize, text: &str) -> Result<(), Flaw> {
    if text.len() > limits::TEXT_BYTES {
        return Err(Flaw::limit(part, 0..0, format!("the template has more than {} bytes", limits::TEXT_BYTES)));
    }
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut from = 0;
    while let Some(found) = text.get(from..).and_then(|r| r.find("{{")) {
        let start = from + found;
        let rest = text.get(start + 2..).unwrap_or_default();
        let (end_sign, skip) = if rest.starts_with("!--") { ("--}}", 4) } else { ("}}", 2) };
        let Some(length) = rest.find(end_sign) else {
            return Err(Flaw::new(part, start..start + 2, "`{{` has no end").expected("`}}` behind it"));
        };
        let inner = rest.get(..length).unwrap_or_default();
        let tag = inner.trim_start_matches(['~', '{']);
        let at = start..start + 2 + length + skip;
        from = at.end;
        if tag.starts_with('!') || text.get(..start).is_some_and(|t| t.ends_with('\\')) {
            continue;
        }
        if inner.starts_with("{{") {
            return Err(Flaw::new(part, at, "raw blocks are not part of the language"));
        }
        let mut depth = 0usize;
        for c in tag.chars() {
            match c {
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > limits::BRACKETS {
                return Err(Flaw::limit(part, at, format!("brackets are nested more than {} levels deep", limits::BRACKETS)));
            }
        }
        let word = |t: &'_ str| t.trim_start().split(|c: char| c.is_whitespace() || c == '~').next().unwrap_or_default().len();
        if let Some(name) = tag.strip_prefix('#') {
            let name = name.trim_start();
            open.push((start, name.get(..word(name)).unwrap_or_default()));
            if open.len() > limits::DEPTH {
                let message = format!("blocks and parts are nested more than {} levels deep", limits::DEPTH);
                return Err(Flaw::limit(part, at, message));
            }
        } else if let Some(name) = tag.strip_prefix('/') {
            let name = name.trim().trim_end_matches('~').trim();
            match open.pop() {
                Some((_, opened)) if opened == name => {}
                Some((_, opened)) => {
                    let flaw = Flaw::new(part, at, format!("`{}` ends where `{}` began", name.escape_debug(), opened.escape_debug()));
                    return Err(flaw.expected(format!("{{{{/{opened}}}}}")));
                }
                None => return Err(Flaw::new(part, at, format!("no block `{}` began", name.escape_debug()))),
            }
        }
    }
    match open.last() {
        Some((start, name)) => {
            Err(Flaw::new(part, *start..start + 2, format!("`#{}` has no end", name.escape_debug())).expected(format!("{{{{/{name}}}}}")))
        }
        None => Ok(()),
    }
}

pub(super) fn parse(part: usize, text: &str) -> Result<Parsed, Flaw> {
    // Deviation: the parser has places where it gives up with a panic; for a text of somebody else's that is an error as any other.
    let parsed = std::panic::catch_unwind(|| Parsed::compile(text));
    let wrong = |message: String, at: usize| Flaw::new(part, at..text.len().min(at + 2), message);
    match parsed {
        Ok(Ok(parsed)) => Ok(parsed),
        Ok(Err(error)) => {
            let at = error.pos().map_or(0, |(line, column)| Lines::new(text).offset(line, column));
            let why = error.reason().to_string();
            let why = why.lines().rev().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default().trim_start_matches("= ").to_owned();
            Err(wrong(format!("the template cannot be read: {why}"), at))
        }
        Err(_) => Err(wrong(String::from("the template cannot be read"), 0)),
    }
}

/// Lines and columns, from 1, → bytes. Asked for rising places it goes over the text once.
pub(super) struct Lines<'t> {
    text: &'t str,
    line: usize,
    at: usize,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, line: 1, at: 0 }
    }

    pub(super) fn offset(&mut self, line: usize, column: usize) -> usize {
        if line < self.line {
            (self.line, self.at) = (1, 0);
        }
        while self.line < line {
            let Some(next) = self.text.get(self.at..).and_then(|r| r.find('\n')) else { break };
            self.at += next + 1;
            self.line += 1;
        }
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at + rest.char_indices().nth(column.saturating_sub(1)).map_or(rest.len(), |(i, _)| i)
    }
}

/// Line and column of a byte, from 1.
pub(super) fn position(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    (before.matches('\n').count() + 1, before.get(line_start..).unwrap_or_default().chars().count() + 1)
}

//! Text → words and signs, each with its place.

use super::{Fault, limits};

/// A word or sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// `body`, `and`, `x-authorization`.
    Word(String),
    /// A number of JSON, as written.
    Number(String),
    /// What stood between quotes.
    Text(String),
    /// `==`, `(`, `.`
    Sign(&'static str),
    /// The end.
    End,
}

impl Token {
    /// What an author calls it.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Word(text) | Self::Number(text) => format!("`{text}`"),
            Self::Text(_) => String::from("a text"),
            Self::Sign(sign) => format!("`{sign}`"),
            Self::End => String::from("the end"),
        }
    }
}

/// A token with its place in bytes.
#[derive(Debug, Clone)]
pub(super) struct Placed {
    pub(super) token: Token,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// Longer signs stand before those that they begin with.
const SIGNS: [&str; 13] = ["==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ",", ".", "-"];

/// The tokens of a text, the last of them [`Token::End`].
///
/// # Errors
/// A sign that the language does not have, a text without its end, or a limit.
pub(super) fn tokens(text: &str) -> Result<Vec<Placed>, Fault> {
    if text.len() > limits::TEXT_BYTES {
        return Err(Fault::new(0..0, format!("the expression is longer than {} bytes", limits::TEXT_BYTES)));
    }
    let mut found: Vec<Placed> = Vec::new();
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|r| r.chars().next()) {
        if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        }
        if found.len() >= limits::TOKENS {
            return Err(Fault::new(at..at, format!("the expression has more than {} words and signs", limits::TOKENS)));
        }
        let after_dot = matches!(found.last(), Some(Placed { token: Token::Sign("."), .. }));
        let (token, end) = token(text, at, c, after_dot)?;
        found.push(Placed { token, start: at, end });
        at = end;
    }
    found.push(Placed { token: Token::End, start: text.len(), end: text.len() });
    Ok(found)
}

fn token(text: &str, at: usize, c: char, after_dot: bool) -> Result<(Token, usize), Fault> {
    let rest = text.get(at..).unwrap_or_default();
    if c == '\'' || c == '"' {
        return quoted(text, at, c);
    }
    if c.is_ascii_digit() || (c == '-' && rest.get(1..).is_some_and(|r| r.starts_with(|d: char| d.is_ascii_digit()))) {
        return number(rest, at);
    }
    if c.is_alphabetic() || c == '_' || c == '$' || (after_dot && c == '@') {
        // A name after a dot may have hyphens, as those of header fields do; there is no subtraction that it could be taken for.
        let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '-' | '@');
        let end = at + rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        return Ok((Token::Word(text.get(at..end).unwrap_or_default().to_owned()), end));
    }
    match SIGNS.iter().find(|s| rest.starts_with(**s)) {
        Some(sign) if *sign != "-" => Ok((Token::Sign(sign), at + sign.len())),
        _ => Err(unknown_sign(rest, at, c)),
    }
}

fn unknown_sign(rest: &str, at: usize, c: char) -> Fault {
    let instead =
        [("&&", "and"), ("||", "or"), ("!", "not"), ("=~", "matches"), ("=", "==")].into_iter().find(|(s, _)| rest.starts_with(s));
    let fault = Fault::new(
        at..at + instead.map_or(c.len_utf8(), |(s, _)| s.len()),
        match instead {
            Some((sign, _)) => format!("the language has no `{sign}`"),
            None => format!("the language has no `{}`", c.escape_debug()),
        },
    );
    match (instead, c) {
        (Some((_, word)), _) => fault.hint(format!("write `{word}`")),
        (None, '+' | '-' | '*') => fault.hint("write add(a, b), subtract(a, b) or multiply(a, b)"),
        (None, _) => fault,
    }
}

fn number(rest: &str, at: usize) -> Result<(Token, usize), Fault> {
    let mut before = ' ';
    let end = rest
        .find(|c: char| {
            let part = c.is_ascii_alphanumeric()
                || c == '.'
                || (c == '-' && before == ' ')
                || (matches!(c, '+' | '-') && matches!(before, 'e' | 'E'));
            before = c;
            !part
        })
        .unwrap_or(rest.len());
    let text = rest.get(..end).unwrap_or_default();
    if end > limits::NUMBER_BYTES || !crate::sequence::number::is_number(text) {
        return Err(Fault::new(at..at + end, "this is not a number").expected("a number of JSON, such as 12 or -0.5"));
    }
    Ok((Token::Number(text.to_owned()), at + end))
}

fn quoted(text: &str, at: usize, quote: char) -> Result<(Token, usize), Fault> {
    let mut value = String::new();
    let mut rest = text.get(at + 1..).unwrap_or_default().char_indices();
    while let Some((i, c)) = rest.next() {
        if c == quote {
            return Ok((Token::Text(value), at + 1 + i + 1));
        }
        if c != '\\' {
            value.push(c);
            continue;
        }
        let here = at + 1 + i;
        match rest.next() {
            Some((_, c @ ('\\' | '\'' | '"'))) => value.push(c),
            Some((_, 't')) => value.push('\t'),
            Some((_, 'n')) => value.push('\n'),
            // A pattern has many of them: it is kept, so that '\d' is what it looks like.
            Some((_, c)) => value.extend(['\\', c]),
            None => return Err(Fault::new(here..here + 1, "nothing follows the backslash")),
        }
    }
    Err(Fault::new(at..text.len(), "the text has no end").expected(format!("a closing {quote}")))
}

//! Values of steps: texts with expressions in them, `Bearer {{ headers.x-token }}`.

use std::borrow::Cow;

use super::eval::text_of;
use super::{Budget, Exhausted, Expr, Facts, Fault, Path, Value};

/// A text with expressions in it.
#[derive(Debug, Clone)]
pub struct Mixed {
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(Box<str>),
    Expr(Expr),
}

impl Mixed {
    /// Reads a text; what stands between `{{` and `}}` is an expression. There is no escape: whoever needs braces writes `{{ '{{' }}`.
    ///
    /// # Errors
    /// What is wrong with an expression in it, or a `{{` without its end.
    pub fn parse(text: &str, path: Path) -> Result<Self, Fault> {
        /// Expressions in one text.
        const MOST: usize = 64;
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(open) = text.get(at..).and_then(|r| r.find("{{")) {
            let start = at + open + 2;
            let Some(length) = text.get(start..).and_then(end_of) else {
                return Err(Fault::new(start - 2..start, "`{{` has no end").expected("`}}` behind the expression"));
            };
            if parts.len() / 2 >= MOST {
                return Err(Fault::new(start..start, format!("the text has more than {MOST} expressions")));
            }
            parts.push(Part::Text(text.get(at..start - 2).unwrap_or_default().into()));
            let inner = text.get(start..start + length).unwrap_or_default();
            let expr = Expr::parse(inner, path).map_err(|f| Fault { at: f.at.start + start..f.at.end + start, ..f })?;
            parts.push(Part::Expr(expr));
            at = start + length + 2;
        }
        parts.push(Part::Text(text.get(at..).unwrap_or_default().into()));
        parts.retain(|p| !matches!(p, Part::Text(t) if t.is_empty()));
        Ok(Self { parts })
    }

    /// Its expressions.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        self.parts.iter().filter_map(|p| match p {
            Part::Expr(expr) => Some(expr),
            Part::Text(_) => None,
        })
    }

    /// Its expressions, for whoever notes what they read.
    pub(in crate::sequence) fn expressions_mut(&mut self) -> impl Iterator<Item = &mut Expr> {
        self.parts.iter_mut().filter_map(|p| match p {
            Part::Expr(expr) => Some(expr),
            Part::Text(_) => None,
        })
    }

    /// The expression, where it is one and nothing else.
    pub(in crate::sequence) fn only(&self) -> Option<&Expr> {
        match self.parts.as_slice() {
            [Part::Expr(expr)] => Some(expr),
            _ => None,
        }
    }

    /// The text, where no expression is in it.
    pub fn plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Its value for a message: where it is one expression and nothing else, what that gives; else a text, absent where a part of it is.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn value<'a>(&'a self, facts: &'a dyn Facts, budget: &Budget) -> Result<Value<'a>, Exhausted> {
        if let [Part::Expr(expr)] = self.parts.as_slice() {
            return expr.value(facts, budget);
        }
        if let Some(text) = self.plain() {
            return Ok(Value::Text(Cow::Borrowed(text)));
        }
        let mut whole = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => whole.push_str(text),
                Part::Expr(expr) => match text_of(&expr.value(facts, budget)?) {
                    Some(text) => {
                        budget.text(whole.len() + text.len())?;
                        whole.push_str(&text);
                    }
                    None => return Ok(Value::Absent),
                },
            }
        }
        Ok(Value::Text(Cow::Owned(whole)))
    }

    /// Its value as a text; `None` where it is absent, or no scalar.
    ///
    /// # Errors
    /// The budget is spent.
    pub fn text(&self, facts: &dyn Facts, budget: &Budget) -> Result<Option<String>, Exhausted> {
        Ok(text_of(&self.value(facts, budget)?).map(Cow::into_owned))
    }
}

/// Where the `}}` of an expression stands: braces between its quotes are text.
fn end_of(rest: &str) -> Option<usize> {
    let mut quote = None;
    let mut chars = rest.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(q), c) if q == c => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '}') if chars.peek().is_some_and(|(_, c)| *c == '}') => return Some(i),
            (Some(_) | None, _) => {}
        }
    }
    None
}

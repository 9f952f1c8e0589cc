//! What a tag's value is taken from: a fact of the call, or the item of a block around it.

use super::compile::{At, Compiler};
use super::{Flaw, ItemPlace, Key, Operand};
use crate::diagnostic::nearest;
use crate::sequence::expr::Expr;
use crate::sequence::step::Segment;

/// Names of the call's facts, at the outermost level.
const ROOTS: [&str; 8] = ["body", "headers", "path", "query", "properties", "principal", "fault", "calls"];

impl Compiler<'_> {
    /// `../name`, `this.x`, `@index`, `body.lines`
    pub(super) fn place(&mut self, raw: &str, at: &At) -> Result<Operand, Flaw> {
        let mut rest = raw;
        let is_root = match rest.strip_prefix("@root") {
            Some(more) => {
                rest = more.trim_start_matches(['.', '/']);
                true
            }
            None => false,
        };
        let is_here = rest == "this" || ["./", "this/", "this."].iter().any(|p| rest.starts_with(p));
        if is_here {
            rest = rest.strip_prefix("./").or_else(|| rest.strip_prefix("this")).unwrap_or(rest).trim_start_matches(['.', '/']);
        }
        // `@../index` and `../@index` are the same.
        let local = rest.starts_with('@') || rest.trim_start_matches("../").starts_with('@');
        if local {
            rest = rest.strip_prefix('@').unwrap_or(rest);
        }
        let mut up = 0;
        while let Some(more) = rest.strip_prefix("../") {
            rest = more;
            up += 1;
        }
        let rest = rest.strip_prefix('@').unwrap_or(rest);
        let inner = if is_root { None } else { self.scopes.len().checked_sub(up + 1) };
        if up > self.scopes.len() {
            let message = format!("`{}` leads out of the template", raw.escape_debug());
            return Err(Flaw::new(at.0, at.1.clone(), message).hint("each `#each` and `#with` is a level, `#if` is none"));
        }
        if local {
            return self.local(rest, inner, at);
        }
        let names = segments(rest);
        if let Some((scope, is_key)) = names.first().filter(|_| !is_here && !is_root && up == 0).and_then(|n| self.named(n)) {
            return Ok(if is_key { Operand::Key { scope } } else { self.item(scope, names.get(1..).unwrap_or_default(), at) });
        }
        match inner {
            Some(scope) => {
                if up == 0 && !is_here && names.first().is_some_and(|n| ROOTS.contains(&n.as_str())) && names.len() > 1 {
                    let flaw =
                        Flaw::new(at.0, at.1.clone(), format!("inside a block `{}` would be a member of its item", raw.escape_debug()));
                    return Err(flaw.hint(format!("write `@root.{raw}` for the call's, `this.{raw}` for the item's")));
                }
                Ok(self.item(scope, &names, at))
            }
            None => self.fact(&names, raw, at),
        }
    }

    /// A member of a block's item, and where in the message that is.
    fn item(&mut self, scope: usize, names: &[String], at: &At) -> Operand {
        let above = self.scopes.get(scope).and_then(|s| s.stands.clone());
        if let Some(mut segments) = above.filter(|_| !names.is_empty()) {
            segments.extend(names.iter().map(|name| Segment::Name(name.as_str().into())));
            self.items.push(ItemPlace { part: at.0, at: at.1.clone(), segments });
        }
        Operand::Item { scope, keys: keys(names) }
    }

    /// Where in the message the value of an operand stands; `None` where it is made of something else.
    pub(super) fn stands(&self, operand: &Operand) -> Option<Vec<Segment>> {
        match operand {
            Operand::Fact(expr) if expr.is_body_place() => {
                let (names, _) = expr.body_places().into_iter().next()?;
                Some(names.into_iter().map(Segment::Name).collect())
            }
            Operand::Item { scope, keys } => {
                let mut segments = self.scopes.get(*scope)?.stands.clone()?;
                segments.extend(keys.iter().map(|key| match key {
                    Key::Name(name) => Segment::Name(name.clone()),
                    Key::Index(index) => Segment::Name(index.to_string().into()),
                }));
                Some(segments)
            }
            Operand::Fact(_)
            | Operand::Key { .. }
            | Operand::First { .. }
            | Operand::Last { .. }
            | Operand::Literal(_)
            | Operand::Call(..) => None,
        }
    }

    /// `@index`, `@key`, `@first`, `@last` of a block.
    fn local(&self, name: &str, scope: Option<usize>, at: &At) -> Result<Operand, Flaw> {
        let Some(scope) = scope.filter(|s| self.scopes.get(*s).is_some_and(|s| s.is_list)) else {
            return Err(Flaw::new(at.0, at.1.clone(), format!("`@{}` is known inside `#each`", name.escape_debug())));
        };
        match name {
            "index" | "key" => Ok(Operand::Key { scope }),
            "first" => Ok(Operand::First { scope }),
            "last" => Ok(Operand::Last { scope }),
            _ => {
                let flaw = Flaw::new(at.0, at.1.clone(), format!("there is no `@{}`", name.escape_debug()));
                Err(flaw.expected("one of @index, @key, @first, @last, @root"))
            }
        }
    }

    /// The block that gives its item or key that name: the innermost.
    fn named(&self, name: &str) -> Option<(usize, bool)> {
        self.scopes.iter().enumerate().rev().find_map(|(i, scope)| match name {
            n if scope.item.as_deref() == Some(n) => Some((i, false)),
            n if scope.key.as_deref() == Some(n) => Some((i, true)),
            _ => None,
        })
    }

    /// A fact of the call: the same places as in expressions, with the same checks.
    fn fact(&mut self, names: &[String], raw: &str, at: &At) -> Result<Operand, Flaw> {
        let Some((root, rest)) = names.split_first() else {
            return Err(Flaw::new(at.0, at.1.clone(), "which value is not said").expected(format!("one of {}", ROOTS.join(", "))));
        };
        if !ROOTS.contains(&root.as_str()) {
            let flaw = Flaw::new(at.0, at.1.clone(), format!("there is no `{}`", root.escape_debug()));
            let flaw = flaw.expected(format!("one of {}, or a name that a block gives", ROOTS.join(", ")));
            let near = nearest(root, ROOTS).map(|n| format!("did you mean `{n}`?"));
            return Err(flaw.hint(near.unwrap_or_else(|| format!("a member of the message is body.{raw}"))));
        }
        let mut text = root.clone();
        for name in rest {
            match name.parse::<usize>() {
                Ok(index) => text.push_str(&format!("[{index}]")),
                Err(_) => text.push_str(&format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))),
            }
        }
        let mut expr = Expr::parse(&text, self.path).map_err(|fault| Flaw {
            part: at.0,
            at: at.1.clone(),
            message: fault.message,
            expected: fault.expected,
            hint: fault.hint,
            is_limit: false,
        })?;
        (self.seen)(at.0, at.1.clone(), &mut expr);
        Ok(Operand::Fact(Box::new(expr)))
    }
}

/// `lines.[0].[odd name]` → its names.
fn segments(path: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        let (name, more) = match rest.strip_prefix('[') {
            Some(raw) => raw.split_once(']').unwrap_or((raw, "")),
            None => rest.split_at(rest.find(['.', '/']).unwrap_or(rest.len())),
        };
        names.push(name.to_owned());
        rest = more.strip_prefix(['.', '/']).unwrap_or(more);
    }
    names
}

fn keys(names: &[String]) -> Vec<Key> {
    names.iter().map(|n| n.parse().map_or_else(|_| Key::Name(n.as_str().into()), Key::Index)).collect()
}

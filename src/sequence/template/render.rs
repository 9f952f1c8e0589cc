//! Nodes + the facts of a call → text, under the call's budget. Total: what does not fit is refused at its place, and a limit ends the rest.

use std::borrow::Cow;

use super::{Helper, Key, Node, Operand, Place, Refused, Spot, Template, limits};
use crate::sequence::expr::{Budget, Exhausted, Facts, Value};
use crate::sequence::number;
use crate::sequence::tree::Tree;
use crate::xml::writer;

/// Why nothing is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sequence) enum Halt {
    Refused(Refused),
    Exhausted,
}

impl From<Exhausted> for Halt {
    fn from(_: Exhausted) -> Self {
        Self::Exhausted
    }
}

/// A block's item.
struct Scope<'a> {
    item: Value<'a>,
    key: Value<'a>,
    first: bool,
    last: bool,
}

struct Writer<'a> {
    facts: &'a dyn Facts,
    budget: &'a Budget,
    scopes: Vec<Scope<'a>>,
    out: Vec<u8>,
}

impl Template {
    /// What it writes for a call.
    ///
    /// # Errors
    /// A value is missing or cannot stand in its place; or a limit.
    pub(in crate::sequence) fn render(&self, facts: &dyn Facts, budget: &Budget) -> Result<String, Halt> {
        let mut writer = Writer { facts, budget, scopes: Vec::new(), out: Vec::new() };
        writer.all(&self.nodes)?;
        // Nothing but whole texts was put into it.
        String::from_utf8(writer.out).map_err(|_| Halt::Exhausted)
    }
}

impl<'a> Writer<'a> {
    fn all(&mut self, nodes: &'a [Node]) -> Result<(), Halt> {
        for node in nodes {
            self.budget.spend(1)?;
            match node {
                Node::Text(text) => self.put(text.as_bytes())?,
                Node::Value { operand, spot, at } => self.write(operand, *spot, at)?,
                Node::If { when, then, otherwise } => {
                    let holds = is_true(&self.value(when)?);
                    self.all(if holds { then } else { otherwise })?;
                }
                Node::With { over, body, otherwise } => {
                    let item = self.value(over)?;
                    if !is_true(&item) {
                        self.all(otherwise)?;
                        continue;
                    }
                    self.scopes.push(Scope { item, key: Value::Absent, first: true, last: true });
                    let result = self.all(body);
                    self.scopes.pop();
                    result?;
                }
                Node::Each { over, body, otherwise } => self.each(over, body, otherwise)?,
            }
        }
        Ok(())
    }

    fn each(&mut self, over: &'a Operand, body: &'a [Node], otherwise: &'a [Node]) -> Result<(), Halt> {
        let value = self.value(over)?;
        let count = value.length().filter(|_| !matches!(value, Value::Text(_))).unwrap_or(0);
        if count == 0 {
            return self.all(otherwise);
        }
        for at in 0..count {
            self.budget.spend(1)?;
            let index = || Value::Number(Cow::Owned(at.to_string()));
            let (item, key) = match &value {
                Value::Tree(Tree::List(items)) => (items.get(at).map_or(Value::Absent, Value::from), index()),
                Value::Tree(Tree::Object(members)) => {
                    members.get(at).map_or((Value::Absent, Value::Absent), |(k, v)| (Value::from(v), Value::Text(Cow::Borrowed(&**k))))
                }
                Value::List(items) => (items.get(at).cloned().unwrap_or(Value::Absent), index()),
                Value::Absent | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Tree(_) => return Ok(()),
            };
            self.scopes.push(Scope { item, key, first: at == 0, last: at + 1 == count });
            let result = self.all(body);
            self.scopes.pop();
            result?;
        }
        Ok(())
    }

    fn value(&self, operand: &'a Operand) -> Result<Value<'a>, Exhausted> {
        self.budget.spend(1)?;
        Ok(match operand {
            Operand::Fact(expr) => expr.value(self.facts, self.budget)?,
            Operand::Item { scope, keys } => self.scopes.get(*scope).map_or(Value::Absent, |s| further(&s.item, keys)),
            Operand::Key { scope } => self.scopes.get(*scope).map_or(Value::Absent, |s| s.key.clone()),
            Operand::First { scope } => Value::Bool(self.scopes.get(*scope).is_some_and(|s| s.first)),
            Operand::Last { scope } => Value::Bool(self.scopes.get(*scope).is_some_and(|s| s.last)),
            Operand::Literal(tree) => Value::from(tree),
            Operand::Call(helper, operands) => self.call(*helper, operands)?,
        })
    }

    fn call(&self, helper: Helper, operands: &'a [Operand]) -> Result<Value<'a>, Exhausted> {
        let values = operands.iter().map(|o| self.value(o)).collect::<Result<Vec<_>, _>>()?;
        let ordered = |holds: fn(std::cmp::Ordering) -> bool| match values.as_slice() {
            [Value::Number(a), Value::Number(b)] => holds(number::compare(a, b)),
            [Value::Text(a), Value::Text(b)] => holds(a.cmp(b)),
            _ => false,
        };
        let equal = || match values.as_slice() {
            [a, b] => crate::sequence::expr::equal(a, b, self.budget),
            _ => Ok(false),
        };
        Ok(Value::Bool(match helper {
            Helper::Eq => equal()?,
            Helper::Ne => !equal()?,
            Helper::Gt => ordered(std::cmp::Ordering::is_gt),
            Helper::Gte => ordered(std::cmp::Ordering::is_ge),
            Helper::Lt => ordered(std::cmp::Ordering::is_lt),
            Helper::Lte => ordered(std::cmp::Ordering::is_le),
            Helper::And => values.iter().all(is_true),
            Helper::Or => values.iter().any(is_true),
            Helper::Not => !values.iter().any(is_true),
            Helper::Len => {
                let length = values.first().and_then(Value::length).unwrap_or(0);
                return Ok(Value::Number(Cow::Owned(length.to_string())));
            }
        }))
    }

    fn write(&mut self, operand: &'a Operand, spot: Spot, at: &Place) -> Result<(), Halt> {
        let value = self.value(operand)?;
        let refused = |expected| {
            let (place, pointer) = (at.shown.to_string(), at.pointer.as_deref().map(str::to_owned));
            Err(Halt::Refused(Refused { place, pointer, expected }))
        };
        let mut text = Vec::new();
        match (spot, &value) {
            (_, Value::Absent) => return refused("a value"),
            (Spot::JsonValue, Value::Null) => text.extend_from_slice(b"null"),
            (_, Value::Null) => return refused("a value that is not null"),
            (Spot::JsonValue, Value::Tree(_) | Value::List(_)) => {
                let tree = value.to_tree().unwrap_or(Tree::Null);
                self.budget.spend(tree.weight())?;
                text = tree.to_json();
            }
            (_, Value::Tree(_) | Value::List(_)) => return refused("a text, a number, true or false"),
            (Spot::JsonValue, Value::Text(inner)) => {
                self.budget.spend(inner.len())?;
                crate::json::string_into(&mut text, inner);
            }
            (Spot::JsonString, Value::Text(inner)) => {
                self.budget.spend(inner.len())?;
                crate::json::string_into(&mut text, inner);
                text.pop();
                text.remove(0);
            }
            (Spot::XmlText | Spot::XmlAttribute, Value::Text(inner)) => {
                self.budget.spend(inner.len())?;
                let written = if spot == Spot::XmlText { writer::text(&mut text, inner) } else { writer::attribute(&mut text, inner) };
                if written.is_err() {
                    return refused("a text without control characters");
                }
            }
            (_, Value::Number(number)) => text.extend_from_slice(number.as_bytes()),
            (_, Value::Bool(b)) => text.extend_from_slice(if *b { b"true" } else { b"false" }),
        }
        self.put(&text)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Halt> {
        if self.out.len() + bytes.len() > limits::OUTPUT_BYTES {
            return Err(Halt::Exhausted);
        }
        self.budget.spend(bytes.len())?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }
}

fn further<'a>(value: &Value<'a>, keys: &[Key]) -> Value<'a> {
    let Some((first, rest)) = keys.split_first() else { return value.clone() };
    let below = match (value, first) {
        (Value::Tree(tree), Key::Name(name)) => tree.member(name).map(Value::from),
        (Value::Tree(tree), Key::Index(index)) => tree.item(*index).map(Value::from),
        (Value::List(items), Key::Index(index)) => items.get(*index).cloned(),
        _ => None,
    };
    below.map_or(Value::Absent, |below| further(&below, rest))
}

/// As Handlebars sees it: nothing, `null`, `false`, 0, and what is empty are not.
fn is_true(value: &Value<'_>) -> bool {
    match value {
        Value::Absent | Value::Null => false,
        Value::Bool(b) => *b,
        Value::Number(text) => number::compare(text, "0").is_ne(),
        Value::Text(text) => !text.is_empty(),
        Value::Tree(_) | Value::List(_) => value.length() != Some(0),
    }
}

//! Node + facts → value. Total: what does not fit is absent or false, and only a spent budget ends it.

use std::borrow::Cow;
use std::cell::Cell;
use std::cmp::Ordering;

use super::parse::{Comparison, Key, Kind, Node, Root};
use super::value::Value;
use crate::sequence::number;
use crate::sequence::tree::Tree;

/// Bytes of a text that an expression makes.
pub(crate) const MAX_TEXT_BYTES: usize = 1 << 20;

/// What an expression reads: one call's message and who sent it.
pub trait Facts {
    /// A header field of the caller, by its name in lower case.
    fn header(&self, name: &str) -> Option<&str>;
    /// The first query parameter of that name.
    fn query(&self, name: &str) -> Option<&str>;
    /// A path parameter.
    fn path(&self, name: &str) -> Option<&str>;
    /// The message's JSON.
    fn body(&self) -> Option<&Tree>;
    /// What a step kept under that name.
    fn property(&self, name: &str) -> Option<&Tree>;
    /// The reply to the call of that name.
    fn call(&self, name: &str) -> Option<&Tree>;
    /// A fact of who calls: one of `PRINCIPAL`.
    fn principal(&self, name: &str) -> Value<'_>;
    /// A fact of the fault: one of `FAULT`.
    fn fault(&self, name: &str) -> Value<'_>;
}

/// The facts of who calls, with what they are.
pub(super) const PRINCIPAL: [(&str, super::Type); 5] = [
    ("application", super::Type::Text),
    ("kind", super::Type::Text),
    ("scheme", super::Type::Text),
    ("scopes", super::Type::List),
    ("user", super::Type::Text),
];

/// The facts of a fault, with what they are.
pub(super) const FAULT: [(&str, super::Type); 4] =
    [("code", super::Type::Text), ("name", super::Type::Text), ("reason", super::Type::Text), ("status", super::Type::Number)];

/// More was asked than one message may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sequence costs more than one message may")]
pub struct Exhausted;

/// What a message may still cost: one unit is about a byte that is looked at, or a node.
#[derive(Debug)]
pub struct Budget(Cell<usize>);

impl Budget {
    /// Units of one run: some tens of milliseconds.
    pub const UNITS: usize = 64 << 20;

    /// That many units.
    pub fn new(units: usize) -> Self {
        Self(Cell::new(units))
    }

    /// Takes units, at least one.
    ///
    /// # Errors
    /// So many are not left.
    pub fn spend(&self, units: usize) -> Result<(), Exhausted> {
        self.0.set(self.0.get().checked_sub(units.max(1)).ok_or(Exhausted)?);
        Ok(())
    }

    /// May a text of that length be made?
    ///
    /// # Errors
    /// It is too long, or the budget is spent.
    pub(super) fn text(&self, bytes: usize) -> Result<(), Exhausted> {
        if bytes > MAX_TEXT_BYTES { Err(Exhausted) } else { self.spend(bytes) }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(Self::UNITS)
    }
}

/// A scalar as text; nothing of what is absent, and of what has members or items.
pub(super) fn text_of<'v>(value: &'v Value<'_>) -> Option<Cow<'v, str>> {
    match value {
        Value::Text(text) | Value::Number(text) => Some(Cow::Borrowed(text)),
        Value::Bool(b) => Some(Cow::Borrowed(if *b { "true" } else { "false" })),
        Value::Absent | Value::Null | Value::Tree(_) | Value::List(_) => None,
    }
}

/// The value of a node. Its depth is that of the expression, which has a bound.
pub(super) fn value<'a>(node: &'a Node, facts: &'a dyn Facts, budget: &Budget) -> Result<Value<'a>, Exhausted> {
    budget.spend(1)?;
    let all = |nodes: &'a [Node]| nodes.iter().map(|n| value(n, facts, budget)).collect::<Result<Vec<_>, _>>();
    Ok(match &node.kind {
        Kind::Null => Value::Null,
        Kind::Bool(b) => Value::Bool(*b),
        Kind::Number(text) => Value::Number(Cow::Borrowed(text)),
        Kind::Text(text) => Value::Text(Cow::Borrowed(text)),
        Kind::List(nodes) => Value::List(all(nodes)?),
        Kind::Place(root, keys) => place(*root, keys, facts),
        Kind::Not(inner) => Value::Bool(!is_true(&value(inner, facts, budget)?)),
        Kind::And(nodes) => {
            for node in nodes {
                if !is_true(&value(node, facts, budget)?) {
                    return Ok(Value::Bool(false));
                }
            }
            Value::Bool(true)
        }
        Kind::Or(nodes) => {
            for node in nodes {
                if is_true(&value(node, facts, budget)?) {
                    return Ok(Value::Bool(true));
                }
            }
            Value::Bool(false)
        }
        Kind::Compare(comparison, two) => {
            let [left, right] = &**two;
            Value::Bool(compare(*comparison, &value(left, facts, budget)?, &value(right, facts, budget)?, budget)?)
        }
        Kind::In(two) => {
            let [left, right] = &**two;
            Value::Bool(is_in(&value(left, facts, budget)?, &value(right, facts, budget)?, budget)?)
        }
        Kind::Matches(inner, regex) => match value(inner, facts, budget)? {
            Value::Text(text) => {
                // Linear in the text, by a factor that grows with the pattern: some units for a byte.
                budget.spend(text.len().saturating_mul(4))?;
                Value::Bool(regex.is_match(&text))
            }
            Value::Absent | Value::Null | Value::Bool(_) | Value::Number(_) | Value::Tree(_) | Value::List(_) => Value::Bool(false),
        },
        Kind::Call(function, nodes) => (function.run)(&all(nodes)?, budget)?,
    })
}

fn is_true(value: &Value<'_>) -> bool {
    matches!(value, Value::Bool(true))
}

fn place<'a>(root: Root, keys: &'a [Key], facts: &'a dyn Facts) -> Value<'a> {
    let name = match keys.first() {
        Some(Key::Name(name)) => &**name,
        Some(Key::Index(_)) | None => "",
    };
    match root {
        Root::Headers => Value::text(facts.header(name)),
        Root::Query => Value::text(facts.query(name)),
        Root::Path => Value::text(facts.path(name)),
        Root::Body => facts.body().and_then(|b| further(b, keys)).map_or(Value::Absent, Value::from),
        Root::Properties => {
            let rest = keys.get(1..).unwrap_or_default();
            facts.property(name).and_then(|p| further(p, rest)).map_or(Value::Absent, Value::from)
        }
        Root::Calls => {
            let rest = keys.get(1..).unwrap_or_default();
            facts.call(name).and_then(|p| further(p, rest)).map_or(Value::Absent, Value::from)
        }
        Root::Principal => facts.principal(name),
        Root::Fault => facts.fault(name),
    }
}

fn further<'a>(tree: &'a Tree, keys: &[Key]) -> Option<&'a Tree> {
    keys.iter().try_fold(tree, |tree, key| match key {
        Key::Name(name) => tree.member(name),
        Key::Index(index) => tree.item(*index),
    })
}

fn compare(comparison: Comparison, a: &Value<'_>, b: &Value<'_>, budget: &Budget) -> Result<bool, Exhausted> {
    let order = |holds: fn(Ordering) -> bool| -> Result<bool, Exhausted> {
        Ok(match (a, b) {
            (Value::Number(a), Value::Number(b)) => holds(number::compare(a, b)),
            (Value::Text(a), Value::Text(b)) => {
                budget.spend(a.len().min(b.len()))?;
                holds(a.cmp(b))
            }
            _ => false,
        })
    };
    match comparison {
        Comparison::Equal => equal(a, b, budget),
        Comparison::NotEqual => Ok(!equal(a, b, budget)?),
        Comparison::Less => order(Ordering::is_lt),
        Comparison::LessOrEqual => order(Ordering::is_le),
        Comparison::Greater => order(Ordering::is_gt),
        Comparison::GreaterOrEqual => order(Ordering::is_ge),
    }
}

/// Equal by value: numbers by size, objects whatever the order of their members. What is absent equals nothing but what is absent.
pub(in crate::sequence) fn equal(a: &Value<'_>, b: &Value<'_>, budget: &Budget) -> Result<bool, Exhausted> {
    budget.spend(1)?;
    if let (Some(a), Some(b)) = (a.items(), b.items()) {
        if a.len() != b.len() {
            return Ok(false);
        }
        for (a, b) in a.iter().zip(&b) {
            if !equal(a, b, budget)? {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    Ok(match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            budget.spend(a.len() + b.len())?;
            number::compare(a, b).is_eq()
        }
        (Value::Text(a), Value::Text(b)) => {
            budget.spend(a.len().min(b.len()))?;
            a == b
        }
        (Value::Tree(a @ Tree::Object(members)), Value::Tree(b @ Tree::Object(others))) => {
            budget.spend(members.len().saturating_mul(others.len()))?;
            members.len() == others.len() && all_members_equal(a, b, members, budget)?
        }
        (Value::Absent, Value::Absent) | (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        _ => false,
    })
}

fn all_members_equal(a: &Tree, b: &Tree, members: &[(Box<str>, Tree)], budget: &Budget) -> Result<bool, Exhausted> {
    for (name, _) in members {
        let (Some(one), Some(other)) = (a.member(name), b.member(name)) else { return Ok(false) };
        if !equal(&Value::from(one), &Value::from(other), budget)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Is it one of a list's items, or a part of a text?
fn is_in(item: &Value<'_>, of: &Value<'_>, budget: &Budget) -> Result<bool, Exhausted> {
    if let (Some(part), Some(whole)) = (item.as_text(), of.as_text()) {
        budget.spend(whole.len())?;
        return Ok(whole.contains(part));
    }
    for other in of.items().unwrap_or_default() {
        if !matches!(item, Value::Absent) && equal(item, &other, budget)? {
            return Ok(true);
        }
    }
    Ok(false)
}

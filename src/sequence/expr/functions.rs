//! The functions of the language, as a table. An argument that does not fit at call time makes the result absent, never an error.

use std::borrow::Cow;

use bigdecimal::BigDecimal;

use super::Type::{self, Any, Bool, List, Number, Text};
use super::eval::{Budget, Exhausted, MAX_TEXT_BYTES, text_of};
use super::value::Value;
use crate::sequence::number;

/// What arguments a function takes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Arguments {
    /// Exactly these.
    These(&'static [Type]),
    /// These, of which the last may be left out.
    Optional(&'static [Type]),
    /// One or more of this.
    Many(Type),
}

type Run = for<'a> fn(&[Value<'a>], &Budget) -> Result<Value<'a>, Exhausted>;

/// A function.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) arguments: Arguments,
    pub(super) gives: Type,
    pub(super) run: Run,
}

const fn function(name: &'static str, arguments: Arguments, gives: Type, run: Run) -> Function {
    Function { name, arguments, gives, run }
}

use Arguments::{Many, Optional, These};

static ALL: &[Function] = &[
    function("abs", These(&[Number]), Number, |a, _| Ok(calculate(a, |x, _| x.abs()))),
    function("add", These(&[Number, Number]), Number, |a, _| Ok(calculate(a, |x, y| x + y))),
    function("after", These(&[Text, Text]), Text, |a, b| texts(a, b, |x, y, _| x.split_once(y).map(|(_, r)| r.to_owned().into()))),
    function("before", These(&[Text, Text]), Text, |a, b| texts(a, b, |x, y, _| x.split_once(y).map(|(l, _)| l.to_owned().into()))),
    function("ceil", These(&[Number]), Number, |a, _| Ok(calculate(a, |x, _| number::ceil(x)))),
    function("concat", Many(Any), Text, concat),
    function("contains", These(&[Text, Text]), Bool, |a, b| test(a, b, |x, y| x.contains(y))),
    function("default", Many(Any), Any, |a, _| Ok(a.iter().find(|v| v.is_something()).cloned().unwrap_or(Value::Absent))),
    function("ends_with", These(&[Text, Text]), Bool, |a, b| test(a, b, |x, y| x.ends_with(y))),
    function("exists", These(&[Any]), Bool, |a, _| Ok(Value::Bool(!matches!(a, [Value::Absent])))),
    function("floor", These(&[Number]), Number, |a, _| Ok(calculate(a, |x, _| number::floor(x)))),
    function("join", These(&[List, Text]), Text, join),
    function("length", These(&[Any]), Number, length),
    function("lower", These(&[Text]), Text, |a, b| texts(a, b, |x, _, _| Some(x.to_lowercase().into()))),
    function("max", These(&[Number, Number]), Number, |a, _| Ok(larger(a, true))),
    function("min", These(&[Number, Number]), Number, |a, _| Ok(larger(a, false))),
    function("multiply", These(&[Number, Number]), Number, |a, _| Ok(calculate(a, |x, y| x * y))),
    function("number", These(&[Any]), Number, to_number),
    function("replace", These(&[Text, Text, Text]), Text, replace),
    function("round", Optional(&[Number, Number]), Number, round),
    function("starts_with", These(&[Text, Text]), Bool, |a, b| test(a, b, |x, y| x.starts_with(y))),
    function("substring", Optional(&[Text, Number, Number]), Text, substring),
    function("subtract", These(&[Number, Number]), Number, |a, _| Ok(calculate(a, |x, y| x - y))),
    function("text", These(&[Any]), Text, concat),
    function("trim", These(&[Text]), Text, |a, b| texts(a, b, |x, _, _| Some(x.trim().to_owned().into()))),
    function("upper", These(&[Text]), Text, |a, b| texts(a, b, |x, _, _| Some(x.to_uppercase().into()))),
];

/// The function of that name.
pub(super) fn find(name: &str) -> Option<&'static Function> {
    ALL.iter().find(|f| f.name == name)
}

/// All names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|f| f.name)
}

/// The argument at that place as a text.
fn text<'v>(arguments: &'v [Value<'_>], at: usize) -> Option<&'v str> {
    arguments.get(at)?.as_text()
}

fn texts<'a>(arguments: &[Value<'a>], budget: &Budget, run: impl Fn(&str, &str, &str) -> Option<Box<str>>) -> Result<Value<'a>, Exhausted> {
    let Some(first) = text(arguments, 0) else { return Ok(Value::Absent) };
    let other = |at| match arguments.get(at) {
        None => Some(""),
        Some(_) => text(arguments, at),
    };
    let (Some(second), Some(third)) = (other(1), other(2)) else { return Ok(Value::Absent) };
    budget.spend(first.len())?;
    Ok(run(first, second, third).map_or(Value::Absent, |t| Value::Text(Cow::Owned(t.into()))))
}

fn test<'a>(arguments: &[Value<'a>], budget: &Budget, run: impl Fn(&str, &str) -> bool) -> Result<Value<'a>, Exhausted> {
    let (Some(first), Some(second)) = (text(arguments, 0), text(arguments, 1)) else { return Ok(Value::Bool(false)) };
    budget.spend(first.len())?;
    Ok(Value::Bool(run(first, second)))
}

/// One text of all; absent where one of them is absent, or has members or items.
fn concat<'a>(arguments: &[Value<'a>], budget: &Budget) -> Result<Value<'a>, Exhausted> {
    let mut whole = String::new();
    for argument in arguments {
        let Some(text) = text_of(argument) else { return Ok(Value::Absent) };
        budget.text(whole.len() + text.len())?;
        whole.push_str(&text);
    }
    Ok(Value::Text(Cow::Owned(whole)))
}

fn join<'a>(arguments: &[Value<'a>], budget: &Budget) -> Result<Value<'a>, Exhausted> {
    let (Some(items), Some(between)) = (arguments.first().and_then(Value::items), text(arguments, 1)) else { return Ok(Value::Absent) };
    let mut whole = String::new();
    for (i, item) in items.iter().enumerate() {
        let Some(text) = text_of(item) else { return Ok(Value::Absent) };
        budget.spend(text.len())?;
        if whole.len() + between.len() + text.len() > MAX_TEXT_BYTES {
            return Err(Exhausted);
        }
        if i > 0 {
            whole.push_str(between);
        }
        whole.push_str(&text);
    }
    Ok(Value::Text(Cow::Owned(whole)))
}

/// Characters of a text, items of a list, members of an object.
fn length<'a>(arguments: &[Value<'a>], budget: &Budget) -> Result<Value<'a>, Exhausted> {
    let length = match arguments {
        [Value::Text(text)] => {
            budget.spend(text.len())?;
            Some(text.chars().count())
        }
        [other] => other.length(),
        _ => None,
    };
    Ok(length.map_or(Value::Absent, |n| Value::Number(n.to_string().into())))
}

fn to_number<'a>(arguments: &[Value<'a>], _: &Budget) -> Result<Value<'a>, Exhausted> {
    Ok(match arguments {
        [number @ Value::Number(_)] => number.clone(),
        [Value::Text(text)] if number::is_number(text.trim()) => Value::Number(Cow::Owned(text.trim().to_owned())),
        _ => Value::Absent,
    })
}

fn replace<'a>(arguments: &[Value<'a>], budget: &Budget) -> Result<Value<'a>, Exhausted> {
    let (Some(whole), Some(old), Some(new)) = (text(arguments, 0), text(arguments, 1), text(arguments, 2)) else {
        return Ok(Value::Absent);
    };
    if old.is_empty() {
        return Ok(arguments.first().cloned().unwrap_or(Value::Absent));
    }
    budget.spend(whole.len())?;
    // The result's length is known before it is made.
    let count = whole.matches(old).count();
    budget.text((whole.len() - count * old.len()).saturating_add(count.saturating_mul(new.len())))?;
    Ok(Value::Text(Cow::Owned(whole.replace(old, new))))
}

fn substring<'a>(arguments: &[Value<'a>], budget: &Budget) -> Result<Value<'a>, Exhausted> {
    let Some(whole) = text(arguments, 0) else { return Ok(Value::Absent) };
    budget.spend(whole.len())?;
    let Some(from) = whole_number(arguments, 1) else { return Ok(Value::Absent) };
    let count = match arguments.get(2) {
        None => usize::MAX,
        Some(_) => match whole_number(arguments, 2) {
            Some(count) => count,
            None => return Ok(Value::Absent),
        },
    };
    Ok(Value::Text(Cow::Owned(whole.chars().skip(from).take(count).collect())))
}

fn whole_number(arguments: &[Value<'_>], at: usize) -> Option<usize> {
    decimal(arguments, at).and_then(|n| number::written(&n).parse().ok())
}

fn decimal(arguments: &[Value<'_>], at: usize) -> Option<BigDecimal> {
    match arguments.get(at)? {
        Value::Number(text) => number::decimal(text),
        Value::Absent | Value::Null | Value::Bool(_) | Value::Text(_) | Value::Tree(_) | Value::List(_) => None,
    }
}

/// A number of one or two; of one, the second is 0.
fn calculate<'a>(arguments: &[Value<'a>], run: impl Fn(&BigDecimal, &BigDecimal) -> BigDecimal) -> Value<'a> {
    let second = if arguments.len() > 1 { decimal(arguments, 1) } else { Some(BigDecimal::default()) };
    match (decimal(arguments, 0), second) {
        (Some(first), Some(second)) => Value::Number(Cow::Owned(number::written(&run(&first, &second)))),
        _ => Value::Absent,
    }
}

fn round<'a>(arguments: &[Value<'a>], _: &Budget) -> Result<Value<'a>, Exhausted> {
    /// Digits after the point.
    const MOST: usize = 100;
    let digits = if arguments.len() > 1 { whole_number(arguments, 1).filter(|d| *d <= MOST) } else { Some(0) };
    let Some(digits) = digits else { return Ok(Value::Absent) };
    Ok(calculate(arguments.get(..1).unwrap_or_default(), |x, _| number::round(x, digits as i64)))
}

fn larger<'a>(arguments: &[Value<'a>], largest: bool) -> Value<'a> {
    let [Value::Number(a), Value::Number(b)] = arguments else { return Value::Absent };
    Value::Number(if number::compare(a, b).is_ge() == largest { a.clone() } else { b.clone() })
}

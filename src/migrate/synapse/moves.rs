//! Payloads that only take the caller's values to other places.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::expr::pointer;
use super::steps::Step;

/// A payload whose every value is a place of the caller's JSON, as moves from there: those can be read backwards for the OpenAPI document.
/// `None` where it is anything else.
pub(super) fn moves(value: &Value) -> Option<Vec<Step>> {
    let mut pairs: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    leaves(value, &mut Vec::new(), &mut pairs)?;
    if pairs.is_empty() {
        return None;
    }
    let sources: Vec<Value> = pairs.iter().map(|(from, _)| Value::from(pointer(from))).collect();
    let mut steps = vec![Step::Plain("keep", Value::Array(sources))];
    if pairs.iter().all(|(from, to)| from == to) {
        return Some(steps);
    }
    let first = |keys: &[String]| keys.first().cloned().unwrap_or_default();
    let sources: BTreeSet<String> = pairs.iter().map(|(from, _)| first(from)).collect();
    let nested = |a: &[String], b: &[String]| a != b && b.starts_with(a);
    let is_simple = pairs.iter().all(|(from, to)| {
        !sources.contains(&first(to))
            && !from.iter().any(|k| k.bytes().all(|b| b.is_ascii_digit()))
            && !pairs.iter().any(|(other, _)| nested(from, other))
    });
    let unique: BTreeSet<&Vec<String>> = pairs.iter().map(|(from, _)| from).collect();
    if !is_simple || unique.len() != pairs.len() {
        return None;
    }
    let moved = together(&pairs);
    steps.extend(moved.iter().map(|(from, to)| Step::Plain("move", json!({ "from": pointer(from), "to": pointer(to) }))));
    let whole: BTreeSet<String> = moved.iter().filter(|(from, _)| from.len() == 1).map(|(from, _)| first(from)).collect();
    let empty: Vec<Value> = sources.difference(&whole).map(|name| Value::from(pointer(std::slice::from_ref(name)))).collect();
    if !empty.is_empty() {
        steps.push(Step::Plain("remove", Value::Array(empty)));
    }
    Some(steps)
}

/// What moves as one object is moved once: nothing else is left in it.
fn together(pairs: &[(Vec<String>, Vec<String>)]) -> Vec<(Vec<String>, Vec<String>)> {
    let outer = |(from, to): &(Vec<String>, Vec<String>)| {
        let same = from.iter().rev().zip(to.iter().rev()).take_while(|(a, b)| a == b).count();
        let same = same.min(from.len() - 1).min(to.len() - 1);
        (from.iter().take(from.len() - same).cloned().collect::<Vec<_>>(), to.iter().take(to.len() - same).cloned().collect::<Vec<_>>())
    };
    let mut moved: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for pair in pairs {
        let (from, to) = outer(pair);
        // Not where something in it goes elsewhere.
        let is_one = pairs.iter().filter(|(f, _)| f.starts_with(&from)).all(|other| outer(other) == (from.clone(), to.clone()));
        let next = if is_one { (from, to) } else { pair.clone() };
        if !moved.contains(&next) {
            moved.push(next);
        }
    }
    moved
}

/// The places of the caller's JSON that a payload is made of, each with where it goes.
fn leaves(value: &Value, at: &mut Vec<String>, pairs: &mut Vec<(Vec<String>, Vec<String>)>) -> Option<()> {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                at.push(key.clone());
                leaves(value, at, pairs)?;
                at.pop();
            }
            Some(())
        }
        Value::String(text) => {
            let inside = text.strip_prefix("{{ body")?.strip_suffix(" }}")?;
            let plain = inside.starts_with('.') && inside.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
            let keys: Vec<String> = inside.split('.').skip(1).map(str::to_owned).collect();
            (plain && !keys.is_empty()).then(|| pairs.push((keys, at.clone())))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &Value) -> Option<Vec<String>> {
        moves(value).map(|steps| {
            steps.iter().map(|s| if let Step::Plain(verb, value) = s { format!("{verb} {value}") } else { String::new() }).collect()
        })
    }

    #[test]
    fn places_that_only_move_are_moved() {
        let wrapped = shown(&json!({ "code": "{{ body.GetCountry.code }}", "lang": "{{ body.GetCountry.lang }}" })).unwrap();
        assert_eq!(
            wrapped,
            [
                r#"keep ["/GetCountry/code","/GetCountry/lang"]"#,
                r#"move {"from":"/GetCountry/code","to":"/code"}"#,
                r#"move {"from":"/GetCountry/lang","to":"/lang"}"#,
                r#"remove ["/GetCountry"]"#,
            ]
        );
        let nested =
            json!({ "c": { "name": "{{ body.op.c.name }}", "at": { "city": "{{ body.op.c.at.city }}" } }, "n": "{{ body.op.n }}" });
        assert_eq!(
            shown(&nested).unwrap().split_off(1),
            [r#"move {"from":"/op/c","to":"/c"}"#, r#"move {"from":"/op/n","to":"/n"}"#, r#"remove ["/op"]"#]
        );
        let parted = json!({ "c": { "name": "{{ body.op.c.name }}", "town": "{{ body.op.c.city }}" } });
        assert_eq!(
            shown(&parted).unwrap().split_off(1),
            [r#"move {"from":"/op/c/name","to":"/c/name"}"#, r#"move {"from":"/op/c/city","to":"/c/town"}"#, r#"remove ["/op"]"#]
        );
        assert_eq!(shown(&json!({ "a": "{{ body.a }}" })).unwrap(), [r#"keep ["/a"]"#]);
        assert_eq!(shown(&json!({ "b": "{{ body.a }}" })).unwrap(), [r#"keep ["/a"]"#, r#"move {"from":"/a","to":"/b"}"#]);
        // A swap, a constant, a value that is used twice: these are not moves.
        for other in [
            json!({ "a": "{{ body.b }}", "b": "{{ body.a }}" }),
            json!({ "a": "x" }),
            json!({ "c": "{{ body.a }}", "d": "{{ body.a }}" }),
            json!({ "c": "{{ body.a }}", "d": "{{ body.a.b }}" }),
            json!({ "c": ["{{ body.a }}"] }),
            json!({}),
        ] {
            assert_eq!(shown(&other), None, "{other}");
        }
    }
}

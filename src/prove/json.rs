//! Do two JSON values say the same to the mapping?

use std::borrow::Cow;

use crate::json::Value;

/// The first difference between what was sent and what came back, as its pointer and words: numbers by their digits, members in any order. Two
/// things only are said in two ways: an array without items may be absent (mapping contract, "maxOccurs > 1"), and `"{ns}name"` of an
/// element that nobody declares comes back as `"name"` where that is free, with `$ns` where it is not that of the element around
/// (decisions 26 and 30).
pub fn json_difference(sent: &Value<'_>, back: &Value<'_>) -> Option<String> {
    match (sent, back) {
        (Value::Object(sent), Value::Object(back)) => {
            let mut read = Vec::new();
            for (key, value) in sent {
                let (name, found) = match back.iter().find(|(k, _)| k == key) {
                    Some((name, other)) => (Some(name), json_difference(value, other)),
                    None => plainly(key, value, back),
                };
                if let Some(found) = found {
                    return Some(format!("/{key}{found}"));
                }
                read.extend(name);
            }
            let mut new = back.iter().filter(|(key, value)| !read.contains(&key) && *value != Value::Array(Vec::new()));
            new.next().map(|(key, value)| format!("/{key} was not sent: {value:?}"))
        }
        (Value::Array(sent), Value::Array(back)) if sent.len() == back.len() => {
            sent.iter().zip(back).enumerate().find_map(|(at, (s, b))| json_difference(s, b).map(|d| format!("/{at}{d}")))
        }
        (sent, back) => (sent != back).then(|| format!(" {sent:?} came back as {back:?}")),
    }
}

type Members<'a> = [(Cow<'a, str>, Value<'a>)];

/// Looks for `{ns}name` under its plain name.
fn plainly<'b, 'a>(key: &str, value: &Value<'_>, back: &'b Members<'a>) -> (Option<&'b Cow<'a, str>>, Option<String>) {
    let lost = (None, Some(" is lost".to_owned()));
    let Some((ns, local)) = key.strip_prefix('{').and_then(|k| k.split_once('}')) else { return lost };
    let Some((name, other)) = back.iter().find(|(k, _)| k == local) else { return lost };
    let as_around = json_difference(value, other);
    (Some(name), as_around.and_then(|_| json_difference(&with_namespace(ns, value), other)))
}

fn with_namespace<'v>(ns: &'v str, value: &Value<'v>) -> Value<'v> {
    let ns_member = || (Cow::from("$ns"), Value::String(ns.into()));
    match value {
        Value::Array(items) => Value::Array(items.iter().map(|i| with_namespace(ns, i)).collect()),
        Value::Object(members) => Value::Object(std::iter::once(ns_member()).chain(members.iter().cloned()).collect()),
        other => Value::Object(vec![ns_member(), ("$value".into(), other.clone())]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Limits, parse};

    #[test]
    fn differences_are_seen() {
        let json = |text: &'static str| parse(text.as_bytes(), &Limits::default()).unwrap();
        let said = |a, b| json_difference(&json(a), &json(b));
        assert_eq!(said(r#"{"a": 1, "b": ["x"]}"#, r#"{"b": ["x"], "a": 1, "c": []}"#), None);
        assert_eq!(said(r#"{"{u}a": ["x"]}"#, r#"{"a": [{"$ns": "u", "$value": "x"}]}"#), None);
        for (sent, back) in [
            (r#"{"a": 12.50}"#, r#"{"a": 12.5}"#),
            (r#"{"a": []}"#, "{}"),
            ("{}", r#"{"a": [1]}"#),
            (r#"{"a": 1}"#, r#"{"a": "1"}"#),
            ("[1, 2]", "[2, 1]"),
            ("[1]", "[1, 1]"),
            (r#"{"{u}a": "x"}"#, r#"{"a": {"$ns": "v", "$value": "x"}}"#),
            (r#"{"{u}a": "x"}"#, r#"{"a": "y"}"#),
        ] {
            assert!(said(sent, back).is_some(), "{sent} {back}");
        }
    }
}

//! What holds for any value: JSON → SOAP → JSON is identity, any string comes through or is refused, `decode` takes any bytes.
//!
//! Each runs a few seconds' worth of cases; `CASTILE_PROPERTY_CASES` asks for more. Cases follow from their numbers: a failure names the one.

mod identity;
mod mutations;
mod strings;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use castile::json::{Limits, Value, parse};
use castile::plan::Program;

use crate::support::{self, api::published};

/// How many cases: `CASTILE_PROPERTY_CASES`, else `few`.
fn cases(few: u64) -> u64 {
    std::env::var("CASTILE_PROPERTY_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(few)
}

/// A small generator (SplitMix64), so that a case can be repeated by its number.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Less than `n`; 0 of none.
    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % (n.max(1) as u64)).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len()))
    }
}

/// A service by the name that a failure shows.
struct Service {
    name: String,
    program: Arc<Program>,
}

/// The services that ship, those of the constructs, and those written for these tests.
fn own_services() -> Vec<Service> {
    let shipped = support::folders(&support::path("wsdl"));
    let constructs = support::folders(&support::path("tests/constructs"));
    let roots = shipped.into_iter().chain(constructs).map(|f| f.join("service.wsdl"));
    let written = support::files(&support::path("tests/properties/services"), "wsdl");
    roots.chain(written).map(service).collect()
}

fn service(root: impl AsRef<Path>) -> Service {
    let root = root.as_ref();
    let name = root.strip_prefix(support::root()).unwrap_or(root).display().to_string();
    Service { program: published("property", root).program, name }
}

/// One that is written for these tests.
fn written(name: &str) -> Service {
    service(support::path("tests/properties/services").join(name).with_extension("wsdl"))
}

fn json(text: &[u8]) -> Value<'_> {
    parse(text, &Limits::default()).unwrap_or_else(|e| panic!("{e} at {}: {}", e.pointer, clip(text)))
}

/// The first difference between what was sent and what came back: numbers by their digits, members in any order. Two things only are
/// said in two ways: an array without items may be absent (MAPPING "maxOccurs > 1"), and `"{ns}name"` of an element that nobody
/// declares comes back as `"name"` where that is free, with `$ns` where it is not that of the element around (MAPPING decisions 26 and 30).
fn difference(sent: &Value<'_>, back: &Value<'_>) -> Option<String> {
    match (sent, back) {
        (Value::Object(sent), Value::Object(back)) => {
            let mut read = Vec::new();
            for (key, value) in sent {
                let (name, found) = match back.iter().find(|(k, _)| k == key) {
                    Some((name, other)) => (Some(name), difference(value, other)),
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
            sent.iter().zip(back).enumerate().find_map(|(at, (s, b))| difference(s, b).map(|d| format!("/{at}{d}")))
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
    let as_around = difference(value, other);
    (Some(name), as_around.and_then(|_| difference(&with_namespace(ns, value), other)))
}

fn with_namespace<'v>(ns: &'v str, value: &Value<'v>) -> Value<'v> {
    let ns_member = || (Cow::from("$ns"), Value::String(ns.into()));
    match value {
        Value::Array(items) => Value::Array(items.iter().map(|i| with_namespace(ns, i)).collect()),
        Value::Object(members) => Value::Object(std::iter::once(ns_member()).chain(members.iter().cloned()).collect()),
        other => Value::Object(vec![ns_member(), ("$value".into(), other.clone())]),
    }
}

fn clip(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().take(1500).collect()
}

#[test]
fn differences_are_seen() {
    let said = |a: &str, b: &str| difference(&json(a.as_bytes()), &json(b.as_bytes()));
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

mod differential;
mod oracle;
mod rules;

use std::sync::Arc;

use super::*;
use crate::json::{Limits, parse};

/// What [`Declared`] declares, and `urn:d` as the default namespace.
struct Scope;

impl Namespaces for Scope {
    fn resolve(&self, prefix: &str) -> Option<&str> {
        match prefix {
            "p" => Some("urn:p"),
            "q" => Some("urn:q"),
            "" | "n" => Some("urn:d"),
            _ => None,
        }
    }
}

struct Declared;

impl Prefixes for Declared {
    fn prefix(&mut self, namespace: &str) -> String {
        match namespace {
            "urn:p" => "p".into(),
            "urn:q" => "q".into(),
            _ => "n".into(),
        }
    }
}

fn decoded(scalar: &Scalar, text: &str) -> Result<String, String> {
    let mut out = b"before".to_vec();
    let result = scalar.decode(text, &Scope, &mut out);
    let out = String::from_utf8(out).expect("UTF-8");
    let rest = out.strip_prefix("before").expect("only appended to").to_owned();
    match result {
        Ok(()) => Ok(rest),
        Err(e) => {
            assert_eq!(rest, "", "something was appended for {text}");
            Err(e.expected)
        }
    }
}

fn encoded(scalar: &Scalar, json: &str) -> Result<String, String> {
    let limits = Limits { number_bytes: 5000, ..Limits::default() };
    let value = parse(json.as_bytes(), &limits).unwrap_or_else(|e| panic!("{json}: {e}"));
    let mut out = String::from("before");
    let result = scalar.encode(&value, &mut Declared, &mut out);
    let rest = out.strip_prefix("before").expect("only appended to").to_owned();
    match result {
        Ok(()) => Ok(rest),
        Err(e) => {
            assert_eq!(rest, "", "something was appended for {json}");
            Err(e.expected)
        }
    }
}

fn builtin(name: &str) -> Arc<Scalar> {
    Arc::new(Scalar::builtin(Primitive::from_name(name).unwrap_or_else(|| panic!("{name}")), false))
}

fn facet(name: &str, value: &str) -> FacetSpec {
    let kinds = [
        FacetKind::Length,
        FacetKind::MinLength,
        FacetKind::MaxLength,
        FacetKind::Pattern,
        FacetKind::Enumeration,
        FacetKind::WhiteSpace,
        FacetKind::MinInclusive,
        FacetKind::MaxInclusive,
        FacetKind::MinExclusive,
        FacetKind::MaxExclusive,
        FacetKind::TotalDigits,
        FacetKind::FractionDigits,
    ];
    let kind = kinds.into_iter().find(|k| k.name() == name).expect("a facet");
    FacetSpec { kind, value: value.into(), qname: None, documentation: None }
}

fn restricted(base: &Arc<Scalar>, facets: &[(&str, &str)]) -> Arc<Scalar> {
    let facets: Vec<_> = facets.iter().map(|(n, v)| facet(n, v)).collect();
    let (scalar, problems) = Scalar::restrict(base, &facets);
    assert!(problems.is_empty(), "{problems:?}");
    Arc::new(scalar)
}

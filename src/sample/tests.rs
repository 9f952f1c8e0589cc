//! Values of simple types; messages are tested on whole services, from outside.

use std::sync::Arc;

use super::*;
use crate::json::{Limits, Value, parse};
use crate::plan::scalar::{FacetKind, FacetSpec, Prefixes, Primitive};

struct Any;

impl Prefixes for Any {
    fn prefix(&mut self, _namespace: &str) -> String {
        "p".into()
    }
}

fn restricted(base: &str, facets: &[(FacetKind, &str)]) -> Scalar {
    let base = Arc::new(Scalar::builtin(Primitive::from_name(base).expect("a type"), false));
    let facets: Vec<_> =
        facets.iter().map(|(kind, value)| FacetSpec { kind: *kind, value: (*value).into(), qname: None, documentation: None }).collect();
    let (scalar, problems) = Scalar::restrict(&base, &facets);
    assert!(problems.is_empty(), "{problems:?}");
    scalar
}

fn is_valid(scalar: &Scalar, json: &str) -> bool {
    let value: Value<'_> = parse(json.as_bytes(), &Limits::default()).expect("JSON");
    scalar.encode(&value, &mut Any, &mut String::new()).is_ok()
}

fn shown(base: &str, facets: &[(FacetKind, &str)]) -> Option<String> {
    scalar(&restricted(base, facets), "countryName", None)
}

#[test]
fn documents_show_readable_values() {
    use FacetKind as F;
    type Row = (&'static str, &'static [(FacetKind, &'static str)], &'static str);
    let table: [Row; 27] = [
        ("string", &[], "\"countryName\""),
        ("string", &[(F::MaxLength, "7")], "\"country\""),
        ("string", &[(F::MinLength, "14")], "\"countryNamecou\""),
        ("string", &[(F::Enumeration, "red"), (F::Enumeration, "blue")], "\"red\""),
        ("string", &[(F::Pattern, "[A-Z]{3}")], "\"ABC\""),
        ("string", &[(F::Pattern, r"\d{3}-\d{4}")], "\"123-5678\""),
        ("token", &[(F::Pattern, "[a-zA-Z]*")], "\"countryName\""),
        ("NCName", &[(F::MaxLength, "1")], "\"c\""),
        ("anyURI", &[], "\"https://example.org/countryName\""),
        ("language", &[], "\"en\""),
        ("boolean", &[], "true"),
        ("boolean", &[(F::Pattern, "false")], "false"),
        ("int", &[], "1"),
        ("int", &[(F::MinInclusive, "10")], "10"),
        ("int", &[(F::MaxExclusive, "-10")], "-11"),
        ("negativeInteger", &[], "-1"),
        ("decimal", &[], "12.50"),
        ("decimal", &[(F::FractionDigits, "0")], "1"),
        ("decimal", &[(F::MaxExclusive, "1.000")], "0.999"),
        ("double", &[], "1.5"),
        ("dateTime", &[], "\"2024-05-17T09:30:00Z\""),
        ("date", &[(F::MinInclusive, "2030-01-01")], "\"2030-01-01\""),
        ("gMonthDay", &[], "\"--05-17\""),
        ("duration", &[], "\"P1D\""),
        ("base64Binary", &[], "\"ZXhhbXBsZQ==\""),
        ("hexBinary", &[(F::Length, "2")], "\"6578\""),
        ("QName", &[], "\"{urn:example}countryName\""),
    ];
    for (base, facets, expected) in table {
        assert_eq!(shown(base, facets).as_deref(), Some(expected), "{base} {facets:?}");
    }
}

#[test]
fn every_seed_gives_a_valid_value() {
    use FacetKind as F;
    let types = [
        restricted("string", &[(F::Pattern, r"[a-z-[aeiou]]{2,5}\.\p{Lu}+"), (F::MinLength, "6")]),
        restricted("string", &[(F::Pattern, r"\i\c*"), (F::Length, "8")]),
        restricted("string", &[(F::Pattern, r"[ -~]{8,63}")]),
        restricted("string", &[(F::Pattern, r"\S*[0-9a-zA-Z]+\S*@\S*[0-9a-zA-Z]+\S*\.\S*[0-9a-zA-Z]+\S*"), (F::MaxLength, "30")]),
        restricted("int", &[(F::MinExclusive, "-3"), (F::MaxExclusive, "-1")]),
        restricted("long", &[(F::MinInclusive, "9223372036854775800")]),
        restricted("unsignedLong", &[(F::TotalDigits, "2")]),
        restricted("decimal", &[(F::MinExclusive, "0.1"), (F::MaxExclusive, "0.11"), (F::FractionDigits, "3")]),
        restricted("decimal", &[(F::TotalDigits, "3"), (F::FractionDigits, "3")]),
        restricted("decimal", &[(F::MinInclusive, "-0.05"), (F::MaxInclusive, "-0.04")]),
        restricted("double", &[(F::MinInclusive, "1e3"), (F::MaxExclusive, "1.001E3")]),
        restricted("dateTime", &[(F::MinExclusive, "2020-01-01T00:00:00Z"), (F::MaxExclusive, "2020-12-31T00:00:00Z")]),
        restricted("date", &[(F::Pattern, r"(((([0-9]{4}(\-))[0-9]{2})(\-))[0-9]{2})")]),
        restricted("duration", &[(F::MinExclusive, "P10D")]),
        restricted("base64Binary", &[(F::MinLength, "100")]),
        restricted("integer", &[(F::Pattern, r"0\d{4}")]),
        Scalar::list(Arc::new(restricted("string", &[]))),
        Scalar::union(vec![Arc::new(restricted("int", &[])), Arc::new(restricted("date", &[]))]),
    ];
    for type_ in types.iter().chain(&Primitive::ALL.map(|p| Scalar::builtin(p, false))) {
        for seed in std::iter::once(None).chain((0..60).map(Some)) {
            let json = scalar(type_, "name", seed).unwrap_or_else(|| panic!("nothing for {} with {seed:?}", type_.say()));
            assert!(is_valid(type_, &json), "{} {json}", type_.say());
        }
    }
}

#[test]
fn seeds_vary_and_repeat() {
    let type_ = Scalar::builtin(Primitive::Int, false);
    let values: Vec<_> = (0..20).map(|seed| scalar(&type_, "n", Some(seed))).collect();
    let again: Vec<_> = (0..20).map(|seed| scalar(&type_, "n", Some(seed))).collect();
    assert_eq!(values, again);
    assert!(values.iter().collect::<std::collections::HashSet<_>>().len() > 10);
}

#[test]
fn there_is_no_value_where_facets_exclude_each_other() {
    use FacetKind as F;
    assert_eq!(shown("string", &[(F::Pattern, "a{3}"), (F::Length, "2")]), None);
    assert_eq!(shown("int", &[(F::MinInclusive, "5"), (F::MaxInclusive, "4")]), None);
    assert_eq!(shown("string", &[(F::MinLength, "1000000000")]), None);
}

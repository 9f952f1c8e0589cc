//! Rules of MAPPING and DECISIONS, and what the reference does not say.

use proptest::prelude::*;

use super::*;

fn strings(name: &str) -> Scalar {
    Scalar::builtin(Primitive::from_name(name).expect("a type"), true)
}

#[test]
fn digits_are_kept() {
    assert_eq!(decoded(&builtin("decimal"), "12.50").as_deref(), Ok("12.50"));
    assert_eq!(decoded(&builtin("decimal"), " +.5 ").as_deref(), Ok("0.5"));
    assert_eq!(decoded(&builtin("double"), "+1.50").as_deref(), Ok("1.50"));
    assert_eq!(decoded(&builtin("float"), ".5E3").as_deref(), Ok("0.5E3"));
    assert_eq!(decoded(&builtin("float"), "-0").as_deref(), Ok("-0"));
    assert_eq!(decoded(&builtin("int"), "-0").as_deref(), Ok("0"));
}

#[test]
fn wide_numbers_are_strings_where_the_definition_says_so() {
    for name in ["long", "unsignedLong", "integer", "negativeInteger", "nonNegativeInteger", "decimal"] {
        let scalar = strings(name);
        assert_eq!(scalar.kind(), JsonKind::String, "{name}");
        assert_eq!(
            decoded(&scalar, if name == "negativeInteger" { "-7" } else { "07" }).map(|t| t.len()),
            Ok(if name == "negativeInteger" { 4 } else { 3 })
        );
    }
    assert_eq!(decoded(&strings("long"), "+9007199254740993").as_deref(), Ok("\"9007199254740993\""));
    assert_eq!(decoded(&strings("int"), "5").as_deref(), Ok("5"));
    assert_eq!(strings("double").kind(), JsonKind::Number);
    assert_eq!(encoded(&strings("long"), "5").as_deref(), Ok("5"));
    assert_eq!(encoded(&strings("long"), "\"5\"").as_deref(), Ok("5"));
}

#[test]
fn a_pattern_that_refuses_plain_digits_makes_strings() {
    let code = restricted(&builtin("int"), &[("pattern", r"\d{3}")]);
    assert_eq!(decoded(&code, "007").as_deref(), Ok("\"007\""));
    assert_eq!(decoded(&code, "123").as_deref(), Ok("123"));
    assert_eq!(encoded(&code, "\"007\"").as_deref(), Ok("007"));
    assert!(encoded(&code, "7").is_err());
    assert!(code.may_be_string());
    assert!(!restricted(&builtin("int"), &[("pattern", "[0-9]{1,3}")]).may_be_string());
    assert!(!restricted(&builtin("int"), &[("pattern", "[1-9][0-9]{4}")]).may_be_string());
    assert!(!builtin("int").may_be_string());
    assert!(builtin("double").may_be_string());
}

#[test]
fn expansion_is_capped() {
    assert_eq!(encoded(&builtin("decimal"), "1e1000").map(|t| t.len()), Ok(1001));
    for huge in ["1e1001", "1e-1001", "1e99999999999999999999"] {
        assert!(encoded(&builtin("decimal"), huge).is_err(), "{huge}");
        assert!(encoded(&builtin("int"), huge).is_err(), "{huge}");
    }
}

#[test]
fn messages_say_the_type() {
    let quantity = restricted(&builtin("int"), &[("minInclusive", "1"), ("maxInclusive", "99")]);
    assert_eq!(encoded(&quantity, "\"seven\""), Err("xs:int between 1 and 99".into()));
    assert_eq!(encoded(&quantity, "100"), Err("xs:int between 1 and 99".into()));
    assert_eq!(encoded(&builtin("byte"), "128"), Err("xs:byte between -128 and 127".into()));
    assert_eq!(encoded(&builtin("positiveInteger"), "0"), Err("xs:positiveInteger between 1 and ∞".into()));
    let code = restricted(&builtin("string"), &[("pattern", "[A-Z]{2}"), ("length", "2")]);
    assert_eq!(encoded(&code, "\"x\""), Err("xs:string (pattern [A-Z]{2}, length 2)".into()));
    let color = restricted(&builtin("token"), &[("enumeration", "red"), ("enumeration", "blue")]);
    assert_eq!(encoded(&color, "\"green\""), Err("xs:token of red, blue".into()));
    let many: Vec<(&str, &str)> = ["a", "b", "c", "d", "e", "f", "g", "h", "i"].iter().map(|v| ("enumeration", *v)).collect();
    assert_eq!(restricted(&builtin("string"), &many).say(), "xs:string of a, b, c, d, e, f, g, h, …");
    assert_eq!(Scalar::list(builtin("int")).say(), "list of xs:int");
    assert_eq!(Scalar::union(vec![builtin("int"), color]).say(), "one of: xs:int | xs:token of red, blue");
    assert_eq!(encoded(&builtin("string"), "\"\\u0000\""), Err("characters that XML 1.0 can carry".into()));
    assert_eq!(encoded(&builtin("QName"), "\"p:a\""), Err("\"{namespace}local\"".into()));
}

#[test]
fn facets_without_sense_are_told_and_left_out() {
    let (scalar, problems) = Scalar::restrict(
        &builtin("int"),
        &[
            facet("pattern", "[a"),
            facet("length", "3"),
            facet("minInclusive", "x"),
            facet("maxInclusive", "9"),
            facet("totalDigits", "-1"),
            facet("enumeration", "abc"),
        ],
    );
    assert_eq!(
        problems,
        [
            "pattern \"[a\" is not checked: a class is not closed at character 3",
            "length does not apply to xs:int to 9".replace(" to 9", "").as_str(),
            "minInclusive \"x\" is no value of xs:int",
            "totalDigits \"-1\" is no count",
            "enumeration value \"abc\" is no value of xs:int",
        ]
    );
    assert!(encoded(&scalar, "10").is_err());
}

#[test]
fn one_pattern_that_cannot_be_checked_frees_the_others_of_its_step() {
    let (scalar, problems) = Scalar::restrict(&builtin("string"), &[facet("pattern", "a"), facet("pattern", r"\bb")]);
    assert_eq!(problems.len(), 1);
    assert_eq!(encoded(&scalar, "\"zzz\"").as_deref(), Ok("zzz"));
    assert_eq!(scalar.steps()[0].unchecked_patterns().len(), 2);
}

#[test]
fn large_patterns() {
    let note = restricted(&builtin("string"), &[("pattern", r"[\w\s.,]{0,4000}")]);
    assert!(note.reads(&"é ".repeat(2000)));
    assert!(!note.reads(&"é ".repeat(2001)));
    let (_, problems) = Scalar::restrict(&builtin("string"), &[facet("pattern", r"(\p{L}\d){5000}x{9000}")]);
    assert_eq!(problems, [r#"pattern "(\p{L}\d){5000}x{9000}" is not checked: it is too large"#]);
    let (_, problems) = Scalar::restrict(&builtin("string"), &[facet("pattern", &"(".repeat(5000))]);
    assert_eq!(problems.len(), 1);
    let (_, problems) = Scalar::restrict(&builtin("string"), &[facet("pattern", &"[a-".repeat(5000))]);
    assert_eq!(problems.len(), 1);
}

#[test]
fn names_in_values_are_expanded_both_ways() {
    let name = builtin("QName");
    assert_eq!(decoded(&name, " p:a ").as_deref(), Ok("\"{urn:p}a\""));
    assert_eq!(decoded(&name, "a").as_deref(), Ok("\"{urn:d}a\""));
    assert_eq!(decoded(&name, "u:a").as_deref(), Ok("\"u:a\""));
    assert_eq!(encoded(&name, "\"{urn:q}a\"").as_deref(), Ok("q:a"));
    assert_eq!(encoded(&name, "\"a\"").as_deref(), Ok("a"));
    let spec = FacetSpec { qname: Some("{urn:q}a".into()), ..facet("enumeration", "x:a") };
    let (one, _) = Scalar::restrict(&name, &[spec]);
    assert_eq!(encoded(&one, "\"{urn:q}a\"").as_deref(), Ok("q:a"));
    assert!(encoded(&one, "\"{urn:p}a\"").is_err());
    assert_eq!(one.enumeration().expect("values")[0].json, "\"{urn:q}a\"");
    let union = Scalar::union(vec![builtin("int"), Arc::new(one)]);
    assert_eq!(encoded(&union, "\"{urn:q}a\"").as_deref(), Ok("q:a"));
}

#[test]
fn base64_loses_its_white_space() {
    assert_eq!(decoded(&builtin("base64Binary"), " QUJD\n RA== ").as_deref(), Ok("\"QUJDRA==\""));
    assert!(decoded(&builtin("base64Binary"), "QUJ").is_err());
}

#[test]
fn plain_strings_are_any_text() {
    assert!(builtin("string").is_any_text());
    assert!(!builtin("token").is_any_text());
    assert!(restricted(&builtin("string"), &[("maxLength", "3")]).is_any_text());
    assert!(!restricted(&builtin("string"), &[("whiteSpace", "collapse")]).is_any_text());
}

#[test]
fn durations_are_compared_by_the_four_instants_of_part_2() {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let duration = builtin("duration");
    for (a, b, order) in [
        ("P1M", "P30D", None),
        ("P1M", "P27D", Some(Greater)),
        ("P1Y", "P12M", Some(Equal)),
        ("P5M", "P153D", None),
        ("P5M", "P154D", Some(Less)),
        ("-P1D", "PT0S", Some(Less)),
        ("PT36H", "P1DT12H", Some(Equal)),
        ("PT0.50S", "PT0.5S", Some(Equal)),
    ] {
        assert_eq!(duration.compare(a, b), order, "{a} {b}");
        assert_eq!(duration.compare(b, a), order.map(std::cmp::Ordering::reverse), "{b} {a}");
    }
    assert_eq!(duration.canonical("P1Y"), duration.canonical("P12M"));
}

#[test]
fn instants_are_compared_across_zones() {
    use std::cmp::Ordering::{Equal, Greater, Less};
    let at = builtin("dateTime");
    for (a, b, order) in [
        ("2000-01-15T00:00:00", "2000-02-15T00:00:00", Some(Less)),
        ("2000-01-15T12:00:00", "2000-01-16T12:00:00Z", Some(Less)),
        ("2000-01-01T12:00:00", "1999-12-31T23:00:00Z", None),
        ("2000-01-16T12:00:00", "2000-01-16T12:00:00Z", None),
        ("2002-10-10T12:00:00-05:00", "2002-10-10T17:00:00Z", Some(Equal)),
        ("1999-12-31T24:00:00", "2000-01-01T00:00:00.0", Some(Equal)),
        ("-0001-12-31T24:00:00Z", "0001-01-01T00:00:00Z", Some(Equal)),
        ("12024-01-01T00:00:00", "9999-01-01T00:00:00", Some(Greater)),
        ("2000-03-01T00:00:00Z", "2000-02-29T23:59:59.999Z", Some(Greater)),
    ] {
        assert_eq!(at.compare(a, b), order, "{a} {b}");
        assert_eq!(at.canonical(a) == at.canonical(b), order == Some(Equal), "{a} {b}");
    }
}

#[test]
fn json_schema_patterns_say_the_same() {
    let says = |patterns: &[&str]| {
        let facets: Vec<(&str, &str)> = patterns.iter().map(|p| ("pattern", *p)).collect();
        restricted(&builtin("string"), &facets).json_schema_patterns()
    };
    assert_eq!(says(&["[A-Z]{2}"]), [Some("^[A-Z]{2}$".into())]);
    assert_eq!(says(&["a|b"]), [Some("^(?:a|b)$".into())]);
    assert_eq!(says(&["a", "b"]), [Some("(?:^a$)|(?:^b$)".into())]);
    assert_eq!(says(&["^a$.b/"]), [Some(r"^\^a\$[^\n\r]b\/$".into())]);
    assert_eq!(says(&["[a-z-[aeiou]]"]), [Some("^[b-df-hj-np-tv-z]$".into())]);
    assert_eq!(says(&[r"\d+(\.\d{2})?"]), [Some(r"^\d+(?:\.\d{2})?$".into())]);
    assert_eq!(says(&[r"[\w-[\d]]"]), [None]);
    assert_eq!(says(&[r"a\p{IsGreek}"]), [Some("^a[Ͱ-Ͽ]$".into())]);
    assert_eq!(says(&[r"\p{Zl}"]), [Some("^[\\u2028]$".into())]);
    // Not every validator knows `\p{…}`, and one that does not refuses the document.
    assert_eq!(says(&[r"\p{Lu}"]), [None]);
    assert_eq!(says(&[r"\w+"]), [None]);
    assert_eq!(says(&[r"[\P{L}x]"]), [None]);
    assert_eq!(says(&[]), Vec::<Option<String>>::new());
}

proptest! {
    #[test]
    fn what_is_decoded_is_encoded_to_the_same(i in 0usize..42, text in "[ ]?[-+]?[0-9]{1,25}(\\.[0-9]{0,9})?([eE][-+]?[0-9]{1,2})?|[0-9]{4}-0[1-9]-[0-2][1-8](T12:0[0-9]:00(\\.[0-9]+)?)?(Z|[-+]0[0-9]:30)?|[a-zA-Z_:.0-9é -]{0,9}|true|0|INF|P[0-9]{1,3}[YMD]") {
        for numbers_as_strings in [false, true] {
            let scalar = Scalar::builtin(Primitive::ALL[i], numbers_as_strings);
            if let Ok(json) = decoded(&scalar, &text) && scalar.reads(&text) {
                let Ok(again) = encoded(&scalar, &json) else {
                    // Decode does not ask whether an integer is in range, and leaves names with unknown prefixes as they are.
                    prop_assert!(Primitive::ALL[i].is_integer() || Primitive::ALL[i].is_qname(), "{:?} {text} {json}", Primitive::ALL[i]);
                    continue;
                };
                prop_assert_eq!(decoded(&scalar, &again).ok(), Some(json), "{:?} {}", Primitive::ALL[i], text);
                prop_assert!(Primitive::ALL[i].is_qname() || scalar.canonical(&text) == scalar.canonical(&again));
            }
        }
    }

    #[test]
    fn number_order_is_that_of_their_values(a in -1_000_000i64..1_000_000, b in -1_000_000i64..1_000_000, s in 0u32..8, e in -8i32..8) {
        let write = |n: i64| {
            let sign = if n < 0 { "-" } else { "" };
            let digits = format!("{:0width$}", n.abs(), width = s as usize + 1);
            let (whole, fraction) = digits.split_at(digits.len() - s as usize);
            format!("{sign}{whole}.{fraction}e{e}")
        };
        prop_assert_eq!(builtin("double").compare(&write(a), &write(b)), Some(a.cmp(&b)));
        prop_assert_eq!(builtin("double").canonical(&write(a)) == builtin("double").canonical(&write(b)), a == b);
    }

    #[test]
    fn nothing_panics(pattern in ".{0,12}|[\\[\\]\\\\()a-z^$.*+?{},0-9pPi-]{0,16}", text: String, i in 0usize..42) {
        let base = Arc::new(Scalar::builtin(Primitive::ALL[i], false));
        let (scalar, _) = Scalar::restrict(&base, &[facet("pattern", &pattern)]);
        _ = scalar.reads(&text);
        _ = scalar.canonical(&text);
        _ = scalar.json_schema_patterns();
        _ = base.reads(&text);
    }
}

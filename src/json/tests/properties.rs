//! The reader and the writer against serde_json.

use proptest::prelude::*;

use super::super::{Limits, Value, parse, string_into};
use super::written;

fn any_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(|f| serde_json::Number::from_f64(f).map_or(serde_json::Value::Null, Into::into)),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 200, 30, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..30).prop_map(Into::into),
            prop::collection::vec((any::<String>(), inner), 0..30).prop_map(|m| serde_json::Value::Object(m.into_iter().collect())),
        ]
    })
}

/// The same value? Numbers by their text.
fn same(ours: &Value<'_>, theirs: &serde_json::Value) -> bool {
    use serde_json::Value as J;
    match (ours, theirs) {
        (Value::Null, J::Null) => true,
        (Value::Bool(a), J::Bool(b)) => a == b,
        (Value::Number(a), J::Number(b)) => *a == b.as_str(),
        (Value::String(a), J::String(b)) => a == b,
        (Value::Array(a), J::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), J::Object(b)) => a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && same(a, b)),
        _ => false,
    }
}

proptest! {
    #[test]
    fn what_serde_writes_is_read_alike(value in any_value(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.expect("text");
        let ours = parse(text.as_bytes(), &Limits::default()).expect("JSON");
        prop_assert!(same(&ours, &value));
        let again = written(&ours);
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&again).expect("JSON"), value);
        prop_assert!(same(&parse(again.as_bytes(), &Limits::default()).expect("JSON"), &serde_json::from_str(&text).expect("JSON")));
    }

    #[test]
    fn near_json_is_judged_alike(text in r#"([\[\]{},:"\\ \n]|"a"|"b":|-?[0-9.eE+-]{1,3}|true|null|\\u[dD][89cC]00|x|ä){0,12}"#) {
        let ours = parse(text.as_bytes(), &Limits::default());
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        match (&ours, &theirs) {
            (Ok(a), Ok(b)) => prop_assert!(same(a, b) || text.contains(['e', 'E']), "{text}"),
            (Err(e), Ok(_)) => prop_assert_eq!(&e.kind, &super::super::ParseErrorKind::DuplicateName, "{}", text),
            (Err(_), Err(_)) => {}
            (Ok(_), Err(e)) => prop_assert!(false, "{text}: {e}"),
        }
    }

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let ours = parse(&bytes, &Limits::default());
        let theirs = serde_json::from_slice::<serde_json::Value>(&bytes);
        prop_assert!(ours.is_err() || theirs.is_ok());
    }

    #[test]
    fn escaping_is_undone_by_reading(text: String) {
        let mut out = Vec::new();
        string_into(&mut out, &text);
        prop_assert_eq!(parse(&out, &Limits::default()), Ok(Value::String(text.into())));
    }
}

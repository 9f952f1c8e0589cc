//! Simple types → JSON Schema.

use serde_json::{Value, json};

use crate::plan::scalar::Scalar;

pub(super) fn schema(_scalar: &Scalar, _numbers_as_strings: bool) -> Value {
    json!({})
}

/// The JSON value of a text as written in a schema, if it is one of the type.
pub(super) fn value(scalar: &Scalar, text: &str) -> Option<Value> {
    struct NoNamespaces;
    impl crate::plan::scalar::Namespaces for NoNamespaces {
        fn resolve(&self, _prefix: &str) -> Option<&str> {
            None
        }
    }
    let mut json = Vec::new();
    scalar.decode(text, &NoNamespaces, &mut json).ok()?;
    serde_json::from_slice(&json).ok()
}

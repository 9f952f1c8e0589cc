//! How large a document becomes, counted while it is made: one that is too large is given up on the way and not when it fills the memory.

use std::cell::Cell;

use serde_json::Value;

/// Bytes of what was made for the document, each thing as its text has them at least where it is put in: but for a little that is not used
/// in the end, fewer than the document will have, and enough to bound what is held of it.
#[derive(Debug)]
pub(super) struct Size {
    bytes: Cell<usize>,
    limit_bytes: usize,
}

impl Size {
    /// Gives up beyond `limit_bytes`, and an eighth of them: a little that is counted is not used, or shorter in OpenAPI 3.0.
    pub(super) fn new(limit_bytes: usize) -> Self {
        Self { bytes: Cell::new(0), limit_bytes: limit_bytes.saturating_add(limit_bytes / 8) }
    }

    pub(super) fn add(&self, bytes: usize) {
        self.bytes.set(self.bytes.get().saturating_add(bytes));
    }

    /// Is the document too large, whatever may still come?
    pub(super) fn is_full(&self) -> bool {
        self.bytes.get() > self.limit_bytes
    }

    /// What was counted.
    pub(super) fn bytes(&self) -> usize {
        self.bytes.get()
    }
}

/// Bytes that a value's text has at least.
pub(super) fn least_bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 4,
        Value::Number(_) => 1,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|i| least_bytes(i) + 1).sum::<usize>() + 1,
        Value::Object(members) => members.iter().map(|(key, v)| key.len() + least_bytes(v) + 4).sum::<usize>() + 1,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_text_is_shorter_than_was_counted() {
        for value in
            [json!({}), json!([]), json!(null), json!(0), json!({ "a": [1, "x\ny", true], "b": {} }), json!("ä"), json!([[], [{}]])]
        {
            let text = value.to_string();
            assert!(least_bytes(&value) <= text.len() && least_bytes(&value) * 2 >= text.len(), "{text}: {}", least_bytes(&value));
        }
    }
}

//! `<soap:Header>`: the blocks that callers give, and those that the API gives.

use super::given::Given;
use super::parameters::{slot_target, typed};
use super::problem::{Found, Path, REDACTED};
use super::writer::{Tag, Writer};
use super::{At, EncodeError, Encoder, FieldError};
use crate::json::{Limits, Value, parse};
use crate::plan::Program;
use crate::plan::node::{MessagePlan, OperationPlan, Slot};
use crate::plan::scalar::JsonKind;

/// What is said of a header that is not the caller's to give.
const NOT_THE_CALLERS: &str = "nothing: the API itself gives this header";

/// One header block of a request as it will be sent, with the namespace declarations that it needs: encoded once, copied into every call.
///
/// # Errors
/// Everything that does not fit, each with its pointer into `value`.
pub fn encode_block(program: &Program, operation: &OperationPlan, slot: &Slot, value: &Value<'_>) -> Result<Vec<u8>, EncodeError> {
    let mut encoder = Encoder::new(program, operation.version, operation.input.encoded, 256);
    encoder.slot(slot, false, Given::of(value), At::ROOT);
    encoder.finish_with(Writer::into_block).map_err(EncodeError::Invalid)
}

/// The same for a text: of a simple type the value itself, else JSON.
///
/// # Errors
/// Everything that does not fit. Nothing of the text is repeated.
pub fn encode_block_text(program: &Program, operation: &OperationPlan, slot: &Slot, text: &str) -> Result<Vec<u8>, EncodeError> {
    let simple = slot_target(program, slot, &[], false).filter(|t| !t.array && t.scalar.kind() != JsonKind::Array);
    let made = match simple {
        Some(target) => match typed(target.scalar, text) {
            Ok(value) => encode_block(program, operation, slot, &value),
            Err(expected) => Err(EncodeError::Invalid(vec![FieldError {
                pointer: String::new(),
                expected,
                found: REDACTED.to_owned(),
                hint: None,
                parameter: None,
            }])),
        },
        None => parse(text.as_bytes(), &Limits::default())
            .map_err(EncodeError::NotJson)
            .and_then(|value| encode_block(program, operation, slot, &value)),
    };
    made.map_err(|error| match error {
        EncodeError::NotJson(_) => error,
        EncodeError::Invalid(mut errors) => {
            errors.iter_mut().for_each(|e| e.found = REDACTED.to_owned());
            EncodeError::Invalid(errors)
        }
    })
}

/// A block that says that a credential stands there.
pub fn hidden_block(program: &Program, operation: &OperationPlan, slot: &Slot) -> Vec<u8> {
    let mut encoder = Encoder::new(program, operation.version, false, 64);
    let tag = Tag::known(&program.names, slot.tag);
    encoder.out.start(tag);
    encoder.out.text(REDACTED);
    encoder.out.end(tag);
    encoder.finish_with(Writer::into_block).unwrap_or_default()
}

/// An envelope of that operation's request as people may see it: the API's secrets hidden.
pub fn without_secrets(program: &Program, operation: &OperationPlan, envelope: Vec<u8>) -> Vec<u8> {
    let mut shown = envelope;
    for fixed in &operation.input.fixed_headers {
        let Some(block) = fixed.block.as_ref().filter(|b| b.secret && !b.markup.is_empty()) else { continue };
        if let Some(at) = memchr::memmem::find(&shown, &block.markup) {
            shown.splice(at..at + block.markup.len(), hidden_block(program, operation, &fixed.slot));
        }
    }
    shown
}

impl<'p> Encoder<'p> {
    /// All header blocks of a message in the order of their declaration; `given` is `$headers`.
    pub(super) fn headers(&mut self, message: &'p MessagePlan, given: Option<&Value<'_>>) {
        if given.is_none() && message.fixed_headers.is_empty() {
            return;
        }
        let path = Path::member("$headers");
        let nothing = Value::Object(Vec::new());
        let value = given.unwrap_or(&nothing);
        if !matches!(value, Value::Object(_)) {
            return self.errors.add(path.at(), "an object", Found::Value(value));
        }
        let given = Given::of(value);
        self.unknown_headers(message, given, path.at());
        let header = self.out.soap("Header");
        let mut is_open = false;
        let mut open = |encoder: &mut Self| {
            if !std::mem::replace(&mut is_open, true) {
                encoder.out.start(header);
            }
        };
        let mut fixed = message.fixed_headers.iter().peekable();
        for at in 0..=message.headers.len() {
            while let Some(next) = fixed.next_if(|f| f.after <= at) {
                if let Some(block) = &next.block {
                    open(self);
                    self.out.raw(&block.markup);
                }
            }
            let Some(slot) = message.headers.get(at) else { break };
            let Some(value) = given.member(&slot.key).filter(|v| !self.is_absent_part(slot, v)) else { continue };
            open(self);
            let before = self.errors.count();
            self.slot(slot, false, Given::of(value), path.at().key(&slot.key).at());
            if slot.secret {
                self.errors.redact(before);
            }
        }
        if is_open {
            self.out.end(header);
        }
    }

    /// Refuses headers that the message does not declare, and those that are not the caller's.
    fn unknown_headers(&mut self, message: &MessagePlan, given: Given<'_>, at: At<'_>) {
        for (key, value) in given.members() {
            if message.headers.iter().any(|s| &*s.key == key) {
                continue;
            }
            let fixed = message.fixed_headers.iter().find(|f| &*f.slot.key == key);
            match fixed.and_then(|f| f.block.as_ref()) {
                Some(block) => {
                    let found = if block.secret { Found::Words(REDACTED) } else { Found::Value(value) };
                    self.errors.add(at.key(key).at(), NOT_THE_CALLERS, found);
                }
                None if self.ignores(key) => {}
                None => {
                    let known = message.headers.iter().map(|s| &*s.key);
                    self.errors.unknown(at.key(key).at(), "no such property", Found::Value(value), key, known);
                }
            }
        }
    }
}

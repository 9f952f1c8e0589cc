//! The header blocks that the API gives: checked against the plan and encoded once, when the API is loaded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Credentials;
use crate::api::{HeaderPart, HeaderRule, codes, header_rule};
use crate::diagnostic::{Diagnostic, nearest};
use crate::mediate::{self, EncodeError};
use crate::plan::Program;
use crate::plan::node::{OperationPlan, Slot};

/// Fills in every header block that the API gives; where the secret of one is not at hand, `[redacted]` stands for it. Gives back what is
/// wrong with `headers`, each error once.
pub fn fill_headers(program: &mut Program, headers: &BTreeMap<String, HeaderRule>, credentials: &Credentials) -> Vec<Diagnostic> {
    let mut fill = Fill { headers, credentials, said: BTreeSet::new(), diagnostics: Vec::new() };
    fill.unknown(program);
    let mut made = Vec::new();
    for (o, operation) in program.operations.iter().enumerate() {
        for (h, fixed) in operation.input.fixed_headers.iter().enumerate().filter(|(_, f)| f.block.is_some()) {
            made.extend(fill.block(program, operation, &fixed.slot).map(|markup| (o, h, markup)));
        }
    }
    for (o, h, markup) in made {
        let fixed = program.operations.get_mut(o).and_then(|operation| operation.input.fixed_headers.get_mut(h));
        if let Some(block) = fixed.and_then(|f| f.block.as_mut()) {
            block.markup = Arc::from(markup);
        }
    }
    fill.diagnostics
}

struct Fill<'a> {
    headers: &'a BTreeMap<String, HeaderRule>,
    credentials: &'a Credentials,
    /// What was said already: an API has the same header in many operations.
    said: BTreeSet<String>,
    diagnostics: Vec<Diagnostic>,
}

impl Fill<'_> {
    /// Rules for parts that no operation declares.
    fn unknown(&mut self, program: &Program) {
        let mut known = BTreeSet::new();
        for operation in &program.operations {
            for slot in operation.input.headers.iter().chain(operation.input.fixed_headers.iter().map(|f| &f.slot)) {
                known.insert(slot.key.to_string());
                known.insert(format!("{}/{}", operation.name, slot.key));
            }
        }
        for (key, rule) in self.headers.iter().filter(|(key, _)| !known.contains(*key)) {
            let text = match key.split_once('/') {
                Some((operation, part)) => format!("the request of operation `{operation}` declares no header part `{part}`"),
                None => format!("no operation's request declares a header part `{key}`"),
            };
            let hint = nearest(key, known.iter().map(String::as_str)).map(|n| format!("did you mean `{n}`?"));
            self.diagnostics.push(Diagnostic { span: rule.span, hint, ..Diagnostic::error(&codes::UNKNOWN_HEADER, text) });
        }
    }

    fn say(&mut self, rule: &HeaderRule, code: &'static crate::diagnostic::Code, text: String) {
        if self.said.insert(text.clone()) {
            self.diagnostics.push(Diagnostic { span: rule.span, ..Diagnostic::error(code, text) });
        }
    }

    /// The block of a part; `None` after an error.
    fn block(&mut self, program: &Program, operation: &OperationPlan, slot: &Slot) -> Option<Vec<u8>> {
        let (key, rule) = header_rule(self.headers, &operation.name, &slot.key)?;
        let made = match &rule.part {
            HeaderPart::Caller | HeaderPart::Secret | HeaderPart::Omit => return None,
            HeaderPart::Constant(constant) => {
                let text = constant.to_string();
                let value = crate::json::parse(text.as_bytes(), &crate::json::Limits::default()).map_err(EncodeError::NotJson);
                value.and_then(|v| mediate::encode_block(program, operation, slot, &v))
            }
            HeaderPart::ApiSecret(_) => match self.credentials.headers.get(key) {
                Some(secret) => mediate::encode_block_text(program, operation, slot, secret.reveal()),
                None => Ok(mediate::hidden_block(program, operation, slot)),
            },
        };
        made.map_err(|error| self.refuse(key, rule, error)).ok()
    }

    fn refuse(&mut self, key: &str, rule: &HeaderRule, error: EncodeError) {
        let what = match &rule.part {
            HeaderPart::Constant(_) => "its constant",
            HeaderPart::Caller | HeaderPart::Secret | HeaderPart::Omit | HeaderPart::ApiSecret(_) => "its secret",
        };
        match error {
            EncodeError::NotJson(_) => {
                self.say(
                    rule,
                    &codes::WRONG_HEADER,
                    format!("header part `{key}` cannot be {what}: it is not JSON, which this part needs"),
                );
            }
            EncodeError::Invalid(errors) => {
                for e in errors.into_iter().take(20) {
                    let place = if e.pointer.is_empty() { String::new() } else { format!(" at {}", e.pointer) };
                    let text = format!("header part `{key}` cannot be {what}:{place} expected {}, found {}", e.expected, e.found);
                    self.say(rule, &codes::WRONG_HEADER, text);
                }
            }
        }
    }
}

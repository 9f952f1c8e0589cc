//! The short proof of an import: a few messages of every published operation, and the evidence file of it.

use serde_json::{Value, json};

use super::codes;
use crate::catalog::PublishedApi;
use crate::diagnostic::{Diagnostic, Severity};
use crate::prove::{self, Compiled, Options, ProvedMessage, ProvedOperation, Report, Verdict};
use crate::wsdl::Definitions;

/// The version of the evidence file's form.
const FORM: u32 = 1;

/// Proves the operations that have a resource.
pub(super) fn short(definitions: &Definitions, api: &PublishedApi) -> Report {
    let mut operations: Vec<usize> = api.resources.iter().map(|r| r.operation).collect();
    operations.sort_unstable();
    operations.dedup();
    let options = Options { operations: Some(operations.clone()), ..Options::short(operations.len()) };
    prove::prove(definitions, &api.program, &Compiled(&api.program), &options, &mut |_| {})
}

/// What of it authors must know: an operation whose messages did not all come back, or of which no message could be made.
pub(super) fn findings(report: &Report) -> Vec<Diagnostic> {
    report.operations.iter().filter_map(finding).collect()
}

fn finding(operation: &ProvedOperation) -> Option<Diagnostic> {
    let of = |verdict| operation.messages.iter().find(|m| m.verdict() == verdict);
    if let Some(message) = of(Verdict::Differs) {
        let what = message.first.as_ref().map(|f| format!("{} at {}: {}", f.stage.word(), f.path, f.text)).unwrap_or_default();
        let text = format!("the mapping of operation {} is not exact: {}, {what}", operation.name, message.message);
        let hint = format!("`castile prove … --operation {} -v` shows the message", operation.name);
        return Some(Diagnostic::new(Severity::Warning, &codes::NOT_EXACT, text).hint(hint));
    }
    let message = of(Verdict::Unproved).filter(|m| m.not_made.is_some())?;
    let text = format!(
        "nothing is proved of operation {}: no valid {} could be made at {}",
        operation.name,
        message.message,
        message.not_made.as_deref().unwrap_or_default()
    );
    Some(Diagnostic::new(Severity::Note, &codes::NOT_PROVED, text))
}

/// The text of `evidence.json`: what was proved of which documents, by which importer, with which seed.
pub(super) fn evidence(report: &Report, api: &PublishedApi) -> String {
    let reached: serde_json::Map<String, Value> =
        report.reached.iter().map(|(c, r)| (c.word().to_owned(), json!({ "shown": r.reached, "of": r.of }))).collect();
    let evidence = json!({
        "version": FORM,
        "importer": format!("castile {}", env!("CARGO_PKG_VERSION")),
        "wsdl": api.definition.source.wsdl,
        "digest": api.definition.source.digest,
        "seed": report.seed,
        "messages": report.cases(),
        "exact": report.exact(),
        "operations": report.operations.iter().map(operation).collect::<Vec<_>>(),
        "shown": reached,
    });
    let mut text = serde_json::to_string_pretty(&evidence).unwrap_or_default();
    text.push('\n');
    text
}

fn operation(operation: &ProvedOperation) -> Value {
    json!({
        "operation": &*operation.name,
        "port": operation.port.as_deref(),
        "messages": operation.messages.iter().map(message).collect::<Vec<_>>(),
    })
}

fn message(message: &ProvedMessage) -> Value {
    let mut made = json!({
        "message": message.message.to_string(),
        "verdict": message.verdict().word(),
        "exact": message.exact,
        "of": message.cases,
    });
    if let (Some(first), Some(members)) = (&message.first, made.as_object_mut()) {
        members.insert("path".to_owned(), json!(first.path));
        members.insert("difference".to_owned(), json!(first.text));
    }
    made
}

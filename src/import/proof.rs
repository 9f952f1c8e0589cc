//! The short proof of an import: a few messages of every published operation, and the evidence file of it.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::codes;
use crate::catalog::PublishedApi;
use crate::diagnostic::{Diagnostic, Severity, shell_word};
use crate::prove::{self, Mapping, Options, ProvedMessage, ProvedOperation, Report, Verdict};
use crate::wsdl::Definitions;

/// The version of the evidence file's form.
const FORM: u32 = 1;

/// The proof that an import makes: of the operations that have a resource, a few messages of each. The same documents, resources and mapping
/// give the same messages.
pub fn short(definitions: &Definitions, api: &PublishedApi, mapping: &dyn Mapping) -> Report {
    let mut operations: Vec<usize> = api.resources.iter().map(|r| r.operation).collect();
    operations.sort_unstable();
    operations.dedup();
    let options = Options { operations: Some(operations.clone()), ..Options::short(operations.len()) };
    prove::prove(definitions, &api.program, mapping, &options, &mut |_| {})
}

/// What of it authors must know: operations whose messages did not all come back, or of which there was none. `target`: the API or the WSDL as
/// a command line names it.
pub(super) fn findings(report: &Report, target: &str) -> Vec<Diagnostic> {
    let mut findings: Vec<Diagnostic> = report.operations.iter().filter_map(|o| finding(o, target)).collect();
    findings.extend(used_up(report, target));
    findings
}

/// The operations that had no turn.
fn used_up(report: &Report, target: &str) -> Option<Diagnostic> {
    const NAMED: usize = 5;
    let without = |o: &&ProvedOperation| o.messages.iter().any(|m| m.used_up && m.verdict() == Verdict::Unproved && m.not_made.is_none());
    let mut operations = report.operations.iter().filter(without).peekable();
    let first = operations.peek().copied()?;
    // Of one name at several ports they are one to a reader.
    let mut seen = HashSet::new();
    let names: Vec<&str> = operations.map(|o| &*o.name).filter(|name| seen.insert(*name)).collect();
    let list = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    let more = if names.len() > NAMED { format!(" and {} more", names.len() - NAMED) } else { String::new() };
    let mebibytes = prove::SHORT_BYTES >> 20;
    let text = format!(
        "nothing is proved of {list}{more}: the {mebibytes} MiB of messages that an import may make were used up by the operations before"
    );
    let hint = format!("`castile prove {target} {}` proves it at length", named(first));
    Some(Diagnostic::new(Severity::Note, &codes::NOT_PROVED, text).hint(hint))
}

/// The options that name an operation where its service has it. Names are the WSDL's, and whoever pastes them into a shell trusts them.
fn named(operation: &ProvedOperation) -> String {
    let service = operation.service.as_ref().map(|s| format!("{s}/")).unwrap_or_default();
    let port = operation.port.as_ref().map(|p| format!(" --port {}", shell_word(&format!("{service}{p}")))).unwrap_or_default();
    format!("--operation {}{port}", shell_word(&operation.name))
}

fn finding(operation: &ProvedOperation, target: &str) -> Option<Diagnostic> {
    let of = |verdict| operation.messages.iter().find(|m| m.verdict() == verdict);
    if let Some(message) = of(Verdict::Differs) {
        let what = message.first.as_ref().map(|f| format!("{} at {}: {}", f.stage.word(), f.path, f.text)).unwrap_or_default();
        let text = format!("the mapping of operation {} is not exact: {}, {what}", operation.name, message.message);
        let hint = format!("`castile prove {target} --short {} -v` makes the same messages and shows this one", named(operation));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prove::{Failure, Message, Stage, Way};

    fn report(first: Option<Failure>, not_made: Option<&str>) -> Report {
        let cases = u32::from(first.is_some());
        let message = ProvedMessage {
            message: Message::Response,
            cases,
            envelopes: cases,
            exact: 0,
            first,
            not_made: not_made.map(str::to_owned),
            undeclared: None,
            used_up: false,
        };
        let operation =
            ProvedOperation { index: 3, name: "Op".into(), service: Some("S".into()), port: Some("P".into()), messages: vec![message] };
        Report { seed: 1, operations: vec![operation], reached: Vec::new() }
    }

    #[test]
    fn a_difference_comes_with_the_command_that_shows_it() {
        let failure = Failure {
            seed: 7,
            way: Way::Xml,
            stage: Stage::Compare,
            path: "Body/Answer/a".to_owned(),
            line: Some(4),
            text: "element {urn:t}a is lost".to_owned(),
            sent: Vec::new(),
            became: Vec::new(),
            back: Vec::new(),
        };
        let found = findings(&report(Some(failure), None), "'my apis/orders'");
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(found.code.id, "import.not-exact");
        assert_eq!(found.message, "the mapping of operation Op is not exact: response, compare at Body/Answer/a: element {urn:t}a is lost");
        let hint = "`castile prove 'my apis/orders' --short --operation Op --port S/P -v` makes the same messages and shows this one";
        assert_eq!(found.hint.as_deref(), Some(hint));
    }

    /// A WSDL with such names is refused or not: what is told to be pasted runs nothing of them.
    #[test]
    fn names_are_words_of_the_shell() {
        let failure = Failure {
            seed: 7,
            way: Way::Xml,
            stage: Stage::Compare,
            path: String::new(),
            line: None,
            text: String::new(),
            sent: Vec::new(),
            became: Vec::new(),
            back: Vec::new(),
        };
        let mut report = report(Some(failure), None);
        for operation in &mut report.operations {
            (operation.name, operation.service, operation.port) = ("Op7$(id)".into(), Some("S;id".into()), Some("it's".into()));
        }
        let hint = findings(&report, "orders").pop().and_then(|f| f.hint).unwrap();
        assert!(hint.contains("--operation 'Op7$(id)' --port 'S;id/it'\\''s' -v`"), "{hint}");
    }

    #[test]
    fn what_had_no_turn_is_named_once_and_where_it_is() {
        let [mut all, mut other] = [report(None, None), report(None, None)];
        other.operations.iter_mut().for_each(|o| o.port = Some("P2".into()));
        all.operations.append(&mut other.operations);
        all.operations.iter_mut().flat_map(|o| &mut o.messages).for_each(|m| m.used_up = true);
        let found = findings(&all, "orders");
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert!(found.message.starts_with("nothing is proved of Op: "), "{}", found.message);
        let limit = format!("{} MiB", prove::SHORT_BYTES >> 20);
        assert!(found.message.contains(&limit) && found.code.help.contains(&limit), "the explanation says it too");
        assert_eq!(found.hint.as_deref(), Some("`castile prove orders --operation Op --port S/P` proves it at length"));
    }

    #[test]
    fn what_cannot_be_made_is_said_where() {
        let found = findings(&report(None, Some("Answer: its type is abstract")), "orders");
        let [found] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(found.code.id, "import.not-proved");
        assert_eq!(found.message, "nothing is proved of operation Op: no valid response could be made at Answer: its type is abstract");
    }
}

//! `castile prove`: evidence that the mapping of a WSDL loses nothing, or the first place where it does.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::args::{Global, Prove};
use super::target::Wanted;
use super::{Exit, Outcome, Screen, target};
use crate::plan::node::OperationPlan;
use crate::prove::{Compiled, Failure, Options, Progress, ProvedOperation, Report, Stage, Way, prove};

/// Bytes of a message that is shown.
const SHOWN: usize = 64 << 10;
/// Between two lines of progress.
const PAUSE: Duration = Duration::from_secs(1);

/// Proves and reports: exit code 0 where every operation is exact.
pub(super) fn run(screen: &Screen, global: &Global, args: &Prove) -> Outcome {
    let report = if args.short { short(screen, global, args)? } else { whole(screen, global, args)? };
    let text = if screen.json {
        serde_json::to_string_pretty(&to_json(&report, &args.target)).unwrap_or_default()
    } else {
        to_text(screen, &report)
    };
    let answered = screen.answer(text.as_bytes());
    if report.operations.is_empty() {
        screen.error("there is no operation that can be mapped, so nothing is proved");
        return Err(Exit::Problem);
    }
    Ok(if report.is_exact() { answered } else { Exit::Problem })
}

/// The proof of an import, message for message: all of it is made, and told of the operation that is named.
fn short(screen: &Screen, global: &Global, args: &Prove) -> Outcome<Report> {
    let (program, mut report) = target::short_proof(screen, global, &wanted(args))?;
    if let Some(name) = &args.operation {
        target::operation(screen, &program, name, args.port.as_deref())?;
        report.operations.retain(|o| is_named(args, program.operations.get(o.index)));
    }
    Ok(report)
}

/// Where the WSDL is.
fn wanted(args: &Prove) -> Wanted<'_> {
    Wanted { root: args.root.as_deref(), ..Wanted::new(&args.target) }
}

/// Is it the operation that is asked for, at the port that is?
fn is_named(args: &Prove, plan: Option<&OperationPlan>) -> bool {
    let is_at = |o: &OperationPlan| args.port.as_deref().is_none_or(|p| o.is_at(p));
    plan.is_some_and(|o| args.operation.as_deref().is_none_or(|name| *o.name == *name) && is_at(o))
}

fn whole(screen: &Screen, global: &Global, args: &Prove) -> Outcome<Report> {
    let (definitions, program) = target::compiled(screen, global, &wanted(args))?;
    let program = Arc::new(program);
    let mut options = Options { cases: args.cases, seed: args.seed, ..Options::whole() };
    if let Some(name) = &args.operation {
        // Says what is wrong with the name.
        target::operation(screen, &program, name, args.port.as_deref())?;
        options.operations =
            Some(program.operations.iter().enumerate().filter(|(_, o)| is_named(args, Some(o))).map(|(ix, _)| ix).collect());
    }
    let mut teller = Teller { screen, last: Instant::now() };
    Ok(prove(&definitions, &program, &Compiled(&program), &options, &mut |p| teller.tell(p)))
}

/// Says on standard error how far it is, a line each second.
struct Teller<'s> {
    screen: &'s Screen,
    last: Instant,
}

impl Teller<'_> {
    fn tell(&mut self, progress: Progress<'_>) {
        if self.last.elapsed() >= PAUSE {
            self.last = Instant::now();
            self.screen.say(&format!("proving {} ({} of {})", progress.operation, progress.done + 1, progress.of));
        }
    }
}

fn to_text(screen: &Screen, report: &Report) -> String {
    let mut out = String::new();
    let _infallible = write_text(&mut out, screen, report);
    out
}

fn write_text(out: &mut String, screen: &Screen, report: &Report) -> std::fmt::Result {
    for operation in &report.operations {
        writeln!(out, "{}{}", operation.name, operation.port.as_ref().map(|p| format!("  (port {p})")).unwrap_or_default())?;
        for message in &operation.messages {
            let word = message.verdict().word();
            let painted = screen.paint(if word == "exact" { "32" } else { "31" }, word);
            writeln!(out, "  {:<9} {painted} {}/{}", message.message.to_string(), message.exact, message.cases)?;
            if let Some(failure) = &message.first {
                write_failure(out, screen, failure)?;
            }
            if let Some(name) = &message.undeclared {
                writeln!(out, "    {name} is declared nowhere, so nothing is said of it")?;
            }
            if let Some(reason) = &message.not_made {
                writeln!(out, "    no valid message could be made at {reason}")?;
            }
            // What cannot be made had its turn.
            if message.used_up && message.not_made.is_none() {
                writeln!(
                    out,
                    "    what a proof may spend on messages was used up before {}",
                    if message.cases == 0 { "its turn" } else { "all were made" }
                )?;
            }
        }
    }
    let (exact, all) = (report.exact(), report.operations.len());
    writeln!(out, "\n{exact} of {all} operations exact, {} messages, seed {}", report.cases(), report.seed)?;
    let reached: Vec<String> = report.reached.iter().map(|(c, r)| format!("{} {}/{}", c.word(), r.reached, r.of)).collect();
    if !reached.is_empty() {
        writeln!(out, "Shown of the schemas: {}", reached.join(", "))?;
    }
    Ok(())
}

fn write_failure(out: &mut String, screen: &Screen, failure: &Failure) -> std::fmt::Result {
    let line = failure.line.map(|l| format!(" (line {l})")).unwrap_or_default();
    writeln!(out, "    {} at {}{line}: {}", failure.stage.word(), failure.path, failure.text)?;
    if screen.verbose {
        for (title, bytes) in shown(failure) {
            writeln!(out, "    {title}\n{}", clip(bytes))?;
        }
    }
    Ok(())
}

/// The three texts of a case by what they are.
fn shown(failure: &Failure) -> [(&'static str, &[u8]); 3] {
    let titles = match failure.way {
        Way::Xml if failure.stage == Stage::Pieces => ["the envelope", "became the JSON", "became the JSON in pieces"],
        Way::Xml => ["the envelope", "became the JSON", "became the envelope"],
        Way::Json => ["the JSON", "became the envelope", "became the JSON"],
    };
    let [sent, became, back] = titles;
    [(sent, &failure.sent), (became, &failure.became), (back, &failure.back)]
}

fn clip(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let end = text.floor_char_boundary(SHOWN.min(text.len()));
    let rest = text.len() - end;
    let kept = text.get(..end).unwrap_or_default();
    if rest == 0 { kept.to_owned() } else { format!("{kept}… {rest} bytes more") }
}

fn to_json(report: &Report, target: &str) -> Value {
    let reached: serde_json::Map<String, Value> =
        report.reached.iter().map(|(c, r)| (c.word().to_owned(), json!({ "shown": r.reached, "of": r.of }))).collect();
    json!({
        "target": target,
        "exact": report.is_exact(),
        "seed": report.seed,
        "messages": report.cases(),
        "operations": report.operations.iter().map(operation_json).collect::<Vec<_>>(),
        "shown": reached,
    })
}

fn operation_json(operation: &ProvedOperation) -> Value {
    let messages: Vec<Value> = operation
        .messages
        .iter()
        .map(|m| {
            json!({
                "message": m.message.to_string(),
                "verdict": m.verdict().word(),
                "exact": m.exact,
                "of": m.cases,
                "undeclared": m.undeclared,
                "not_made": m.not_made,
                "used_up": m.used_up,
                "first_difference": m.first.as_ref().map(failure_json),
            })
        })
        .collect();
    json!({
        "operation": &*operation.name,
        "service": operation.service.as_deref(),
        "port": operation.port.as_deref(),
        "exact": operation.is_exact(),
        "messages": messages,
    })
}

fn failure_json(failure: &Failure) -> Value {
    let [sent, became, back] = shown(failure);
    json!({
        "stage": failure.stage.word(),
        "way": match failure.way { Way::Xml => "xml-json-xml", Way::Json => "json-xml-json" },
        "path": failure.path,
        "line": failure.line,
        "difference": failure.text,
        "seed": failure.seed,
        "sent": clip(sent.1),
        "became": clip(became.1),
        "came_back": clip(back.1),
    })
}

#[cfg(test)]
mod tests {
    use super::super::args::Output;
    use super::*;
    use crate::prove::{Message, ProvedMessage};

    /// Both is true of a message that cannot be made where so much was tried that nothing is left for the next.
    #[test]
    fn what_cannot_be_made_had_its_turn() {
        let said = |not_made: Option<&str>| {
            let message = ProvedMessage {
                message: Message::Request,
                cases: 0,
                envelopes: 0,
                exact: 0,
                first: None,
                not_made: not_made.map(str::to_owned),
                undeclared: None,
                used_up: true,
            };
            let operation = ProvedOperation { index: 0, name: "Op".into(), service: None, port: None, messages: vec![message] };
            let global = Global { config: None, server: None, output: Output::Table, quiet: false, verbose: false, no_color: true };
            to_text(&Screen::new(&global), &Report { seed: 1, operations: vec![operation], reached: Vec::new() })
        };
        assert!(said(None).contains("used up before its turn"));
        let endless = said(Some("Ask: too much"));
        assert!(endless.contains("could be made at Ask: too much") && !endless.contains("used up"), "{endless}");
    }
}

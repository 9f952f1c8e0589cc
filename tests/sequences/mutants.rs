//! Sequences and templates of the pages and examples with something changed at random, read and run: no panic, and the limits end all of them.
//!
//! `CASTILE_PROPERTY_CASES` asks for more; the fuzz target `sequence` does the same under libFuzzer.

use std::sync::Arc;
use std::time::{Duration, Instant};

use castile::diagnostic::SourceId;
use castile::json::{Limits, parse};
use castile::sequence::{Exchange, FaultFacts, Need, Sequence, Steps, Tree};

use super::random::Random;
use crate::support;

const MESSAGE: &[u8] = br#"{"code":"LK","n":10.50,"lines":[1,"b",{"x":"y","article":"a"}],"o":{"a":{"b":null}},"t":true,"count":11}"#;
/// What one input may take, on a slow machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn run(steps: &Steps) {
    let mut exchange = Exchange::default();
    exchange.body = Some(Tree::from(&parse(MESSAGE, &Limits::default()).unwrap()));
    exchange.fault = Some(FaultFacts { name: Some("A".into()), status: "500".into(), ..FaultFacts::default() });
    let mut run = steps.start();
    while let Ok(Some(need)) = run.go(&mut exchange) {
        let given = match need {
            Need::Calls(calls) => {
                let outcomes = calls.asks.into_iter().enumerate();
                let outcomes = outcomes.map(|(i, ask)| if i % 2 == 0 { Ok(ask.json) } else { Err(FaultFacts::default()) });
                run.called(&mut exchange, outcomes.collect())
            }
            Need::Kept(slot) => run.found(&mut exchange, slot.name.len().is_multiple_of(2).then_some(Tree::Null)),
            Need::Keep(_) => Ok(()),
        };
        if given.is_err() {
            return;
        }
    }
}

/// Texts of sequence files, and of templates.
fn seeds() -> (Vec<String>, Vec<String>) {
    let read = |path: &std::path::PathBuf| std::fs::read_to_string(path).unwrap();
    let (mut files, mut templates) = (Vec::new(), Vec::new());
    let examples = support::every_file(&support::path("sequences"));
    for path in &examples {
        match path.extension().and_then(|e| e.to_str()) {
            Some("yaml") if path.parent().unwrap().ends_with("sequences") => files.push(read(path)),
            Some("hbs") => templates.push(read(path)),
            _ => {}
        }
    }
    for page in support::every_file(&support::path("docs/sequences")) {
        let page = read(&page);
        for block in page.split("\n```").skip(1).step_by(2) {
            let Some((kind, steps)) = block.split_once('\n') else { continue };
            let steps: String = steps.lines().map(|line| format!("  {line}\n")).collect();
            let [request, response, fault] = match kind {
                "yaml request" => [&*steps, "", ""],
                "yaml response" => ["", &*steps, ""],
                "yaml fault" => ["", "", &*steps],
                _ => continue,
            };
            files.push(format!(
                "version: 1\nrequest:\n{request}  - to_soap: {{}}\nresponse:\n  - to_json: {{}}\n{response}fault:\n{fault}  - to_problem: {{}}\n"
            ));
        }
    }
    (files, templates)
}

/// A text with some of its pieces left out, doubled, swapped, or put from another text.
fn mutant(random: &mut Random, text: &str, other: &str) -> String {
    let pieces = |text: &str| -> Vec<String> { text.split_inclusive(|c: char| !c.is_alphanumeric()).map(str::to_owned).collect() };
    let (mut all, others) = (pieces(text), pieces(other));
    for _ in 0..1 + random.below(6) {
        let (at, to) = (random.below(all.len()), random.below(all.len()));
        match random.below(6) {
            _ if all.is_empty() => break,
            0 => drop(all.remove(at)),
            1 => {
                let twice = all[at].repeat(1 + random.below(40));
                all.insert(to, twice);
            }
            2 => all.swap(at, to),
            3 if !others.is_empty() => all[at].clone_from(&others[random.below(others.len())]),
            4 => {
                let odd = [
                    "{{",
                    "}}",
                    "*",
                    "/",
                    "''",
                    "\u{0}",
                    "é",
                    "{{#each body.lines}}",
                    "{{/each}}",
                    "(",
                    "-1",
                    "99999999999999999999",
                    "~",
                    "&a",
                    "*a",
                    "\n  - ",
                ];
                all.insert(at, odd[random.below(odd.len())].to_owned());
            }
            _ => {
                let (from, to) = (at.min(to), at.max(to));
                let part: Vec<String> = all[from..to].to_vec();
                let at = random.below(all.len());
                all.splice(at..at, part);
            }
        }
    }
    all.concat()
}

#[test]
fn no_change_of_a_sequence_stops_the_process_or_holds_it_up() {
    let cases: u64 = std::env::var("CASTILE_PROPERTY_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let (files, templates) = seeds();
    assert!(files.len() > 30 && templates.len() > 1, "{} {}", files.len(), templates.len());
    let mut read = 0;
    for number in 0..cases * 2_000 {
        let mut random = Random::of(number);
        let (file, other) = (&files[random.below(files.len())], &files[random.below(files.len())]);
        let template = &templates[random.below(templates.len())];
        let (file, template) = match random.below(4) {
            0 => (file.clone(), mutant(&mut random, template, template)),
            _ => (mutant(&mut random, file, other), template.clone()),
        };
        let began = Instant::now();
        let texts: Arc<str> = template.as_str().into();
        if let Ok(sequence) = Sequence::parse_with(SourceId(0), &file, &|_| Some((SourceId(1), texts.clone()))) {
            read += 1;
            sequence.paths().into_iter().for_each(run);
        }
        assert!(began.elapsed() < PATIENCE, "{number} takes {:?}:\n{file}\n{template}", began.elapsed());
    }
    assert!(read > 100, "{read} were sequences");
}

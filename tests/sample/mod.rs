//! Samples of the real services: each is taken by the encoder, and comes back from the decoder as it went.

mod rules;

use std::collections::BTreeMap;
use std::path::Path;

use castile::mediate::{Decoded, Direction, decode, encode, encode_fault};
use castile::plan::Program;
use castile::plan::compile::{Settings, compile};
use castile::plan::node::{OperationPlan, Pattern};
use castile::sample::{Sampler, Style};
use castile::wsdl::resolve::resolve;
use castile::wsdl::source::{Options, Origin, Policy, load_local};

use crate::support;

/// Service → its program.
fn program(folder: &Path, root: &str) -> Option<Program> {
    let loaded = load_local(&Origin::File(folder.join(root)), &Options::local(Policy::Operator)).ok()?;
    let definitions = resolve(&loaded.documents).definitions?;
    Some(compile(&definitions, &Settings::default()).program)
}

fn services(corpus: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(corpus.join("index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&text).unwrap();
    let all = index.as_object().unwrap().iter();
    all.filter(|(n, _)| !n.starts_with("malformed/")).map(|(n, e)| (n.clone(), e["root"].as_str().unwrap().to_owned())).collect()
}

/// Faults that nothing can be a sample of: a strict wildcard, and no element is declared anywhere.
const NO_SAMPLE: [(&str, &str); 1] = [("axis-faults", "throwExtensionFaultFault")];

/// Operations of a service that are tried, unless `CASTILE_SEEDS` asks for more.
const OPERATIONS: usize = 60;

const STYLES: [Style; 3] = [Style::Minimal, Style::Typical, Style::Full];

/// Seeds per operation and style; `CASTILE_SEEDS` for more.
fn seeds() -> Vec<Option<u64>> {
    let more = std::env::var("CASTILE_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    std::iter::once(None).chain((1..=more).map(Some)).collect()
}

fn operations() -> usize {
    if std::env::var_os("CASTILE_SEEDS").is_some() { usize::MAX } else { OPERATIONS }
}

#[derive(Default)]
struct Report {
    made: usize,
    bytes: usize,
    none: Vec<String>,
    refused: Vec<String>,
    changed: Vec<String>,
}

fn clip(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().take(1500).collect()
}

fn check(service: &str, program: &Program, operation: &OperationPlan, direction: Direction, json: &[u8], report: &mut Report) {
    let at = format!("{service} {} {direction:?}", operation.name);
    report.made += 1;
    report.bytes += json.len();
    let envelope = match encode(program, operation, direction, json) {
        Ok(envelope) => envelope,
        Err(e) => return report.refused.push(format!("{at}: {e:?}\n   {}", clip(json))),
    };
    let back = match decode(program, operation, direction, &envelope, &Default::default()) {
        Ok(Decoded::Value(json)) => json,
        Ok(Decoded::Empty) => b"{}".to_vec(),
        other => return report.changed.push(format!("{at}: decode {other:?}\n   {}\n   {}", clip(json), clip(&envelope))),
    };
    match encode(program, operation, direction, &back) {
        Ok(again) if again == envelope => {}
        Ok(again) => report.changed.push(format!("{at}: other envelope\n   {}\n   {}\n   {}", clip(&back), clip(&envelope), clip(&again))),
        Err(e) => report.changed.push(format!("{at}: encode {e:?}\n   {}\n   {}", clip(json), clip(&back))),
    }
}

#[test]
fn samples_of_the_corpus_are_valid_and_come_back() {
    let Some(corpus) = support::shared_or_skip("sample::corpus", "corpus") else { return };
    let only = std::env::var("CASTILE_SERVICE").ok();
    let mut report = Report::default();
    for (service, root) in services(&corpus) {
        if only.as_ref().is_some_and(|o| !service.contains(o.as_str())) {
            continue;
        }
        let Some(program) = program(&corpus.join(&service), &root) else { continue };
        let sampler = Sampler::new(&program);
        for operation in
            program.operations.iter().filter(|o| matches!(o.pattern, Pattern::RequestResponse | Pattern::OneWay)).take(operations())
        {
            for style in STYLES {
                for seed in seeds() {
                    for direction in [Direction::Request, Direction::Response] {
                        match sampler.message(operation, direction, seed, style) {
                            Ok(json) => check(&service, &program, operation, direction, &json, &mut report),
                            Err(e) => report.none.push(format!("{service} {} {direction:?} {style:?}: {e}", operation.name)),
                        }
                    }
                    for fault in &operation.faults {
                        match sampler.fault(fault, seed, style) {
                            Ok(json) => {
                                let value = castile::json::parse(&json, &Default::default()).unwrap();
                                if let Err(e) = encode_fault(&program, operation, fault, "reason", &value) {
                                    report.refused.push(format!("{service} {} {}: {e:?}\n   {}", operation.name, fault.name, clip(&json)));
                                }
                            }
                            Err(_) if NO_SAMPLE.contains(&(&service, &fault.name)) => {}
                            Err(e) => report.none.push(format!("{service} {} {}: {e}", operation.name, fault.name)),
                        }
                    }
                }
            }
        }
    }
    println!("{} samples, {} bytes", report.made, report.bytes);
    let lists = [("no sample", &report.none), ("refused by encode", &report.refused), ("not the same after a round", &report.changed)];
    let text: String = lists
        .iter()
        .map(|(what, list)| format!("{} {what}\n{}\n", list.len(), list.iter().take(20).cloned().collect::<Vec<_>>().join("\n")))
        .collect();
    assert!(lists.iter().all(|(_, list)| list.is_empty()), "{text}");
    assert!(only.is_some() || report.made > 1_000, "{}", report.made);
}

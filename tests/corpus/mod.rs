//! The real services: every reference resolved, every operation there, nothing that panics.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use castile::diagnostic::{Diagnostic, Severity, Sources};
use castile::wsdl::Definitions;
use castile::wsdl::resolve::{Outcome, resolve};
use castile::wsdl::source::{Options, Origin, Policy, load_local};

use crate::support;

mod dump;
mod pairs;

/// What the corpus' index says of a service.
struct Entry {
    root: String,
    /// Distinct names.
    operations: usize,
    /// Over all bindings.
    binding_operations: usize,
}

fn index(corpus: &Path) -> BTreeMap<String, Entry> {
    let text = std::fs::read_to_string(corpus.join("index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&text).unwrap();
    let number = |e: &serde_json::Value, key: &str| e[key].as_u64().unwrap() as usize;
    let entry = |e: &serde_json::Value| Entry {
        root: e["root"].as_str().unwrap().to_owned(),
        operations: number(e, "operations"),
        binding_operations: number(e, "binding_operations"),
    };
    index.as_object().unwrap().iter().map(|(name, e)| (name.clone(), entry(e))).collect()
}

/// A service, loaded and resolved.
struct Import {
    sources: Sources,
    outcome: Outcome,
    took: Duration,
}

fn import(path: PathBuf) -> Result<Import, Vec<Diagnostic>> {
    let loaded = load_local(&Origin::File(path), &Options::local(Policy::Operator)).map_err(|r| r.diagnostics)?;
    let start = Instant::now();
    let mut outcome = resolve(&loaded.documents);
    let took = start.elapsed();
    outcome.diagnostics.extend(loaded.diagnostics);
    Ok(Import { sources: loaded.documents.sources, outcome, took })
}

fn line(sources: &Sources, d: &Diagnostic) -> String {
    let place = d.span.and_then(|s| Some((sources.document(s.source)?.name.clone(), sources.position(s)?)));
    let place = place.map_or(String::new(), |(name, (line, column))| format!(" {name}:{line}:{column}"));
    let hint = d.hint.as_ref().map_or(String::new(), |h| format!(" ({h})"));
    format!("{:?} {}{place} {}{hint}", d.severity, d.code.id, d.message)
}

/// Distinct names and number of the operations that a port leads to, or that no port names.
fn count(definitions: &Definitions) -> (usize, usize) {
    let named: Vec<usize> = definitions.services.iter().flat_map(|s| &s.ports).map(|p| p.binding.0).collect();
    let free = (0..definitions.bindings.len()).filter(|b| !named.contains(b));
    let mut names = BTreeSet::new();
    let mut all = 0;
    for binding in named.iter().copied().chain(free) {
        // The index counts overloads once.
        let own: BTreeSet<_> = definitions.bindings[binding].operations.iter().map(|o| o.name.clone()).collect();
        all += own.len();
        names.extend(own);
    }
    (names.len(), all)
}

#[test]
fn every_service_resolves_with_all_its_operations() {
    let Some(corpus) = support::shared_or_skip("corpus::every_service", "corpus") else { return };
    let mut table = String::new();
    let mut wrong = Vec::new();
    for (name, entry) in index(&corpus).iter().filter(|(n, _)| !n.starts_with("malformed/")) {
        let import = match import(corpus.join(name).join(&entry.root)) {
            Ok(import) => import,
            // The index says of three that they are not well-formed.
            Err(_) if entry.operations == 0 => continue,
            Err(diagnostics) => {
                wrong.push(format!("{name}: {:?}", diagnostics.iter().map(|d| &d.message).collect::<Vec<_>>()));
                continue;
            }
        };
        let of = |severity| import.outcome.diagnostics.iter().filter(|d| d.severity == severity).count();
        for d in import.outcome.diagnostics.iter().filter(|d| std::env::var_os("CASTILE_SHOW").is_some() || d.severity == Severity::Error) {
            writeln!(table, "    {}", line(&import.sources, d)).unwrap();
        }
        let Some(definitions) = &import.outcome.definitions else {
            wrong.push(format!("{name}: not resolved"));
            continue;
        };
        let set = &definitions.schemas;
        writeln!(
            table,
            "{name:60} {:4} operations {:5} types {:5} elements {:4} warnings {:4} notes {:4} ms",
            count(definitions).1,
            set.types.len(),
            set.elements.len(),
            of(Severity::Warning),
            of(Severity::Note),
            import.took.as_millis()
        )
        .unwrap();
        let counted = count(definitions);
        if counted != (entry.operations, entry.binding_operations) {
            wrong.push(format!("{name}: {counted:?} operations, not ({}, {})", entry.operations, entry.binding_operations));
        }
        let unbound = definitions.bindings.iter().flat_map(|b| &b.operations).filter(|o| o.operation.is_none()).count();
        // One binding names an operation that its port type does not have.
        if unbound > usize::from(name == "nodesoap-no-tns-schemas") {
            wrong.push(format!("{name}: {unbound} operations are not in their port type"));
        }
    }
    println!("{table}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn malformed_services_are_told_of_or_imported_with_notes() {
    let Some(corpus) = support::shared_or_skip("corpus::malformed", "corpus") else { return };
    let mut count = 0;
    for (name, entry) in index(&corpus).iter().filter(|(n, _)| n.starts_with("malformed/")) {
        count += 1;
        match import(corpus.join(name).join(&entry.root)) {
            Ok(import) => {
                for d in &import.outcome.diagnostics {
                    println!("    {}", line(&import.sources, d));
                }
                let resolved = import.outcome.definitions.is_some();
                println!("{name}: {}", if resolved { "resolved" } else { "refused" });
                assert!(resolved || import.outcome.diagnostics.iter().any(|d| d.severity == Severity::Error), "{name} says nothing");
                assert!(!import.outcome.diagnostics.is_empty(), "{name} says nothing");
            }
            Err(diagnostics) => {
                assert!(!diagnostics.is_empty(), "{name} says nothing");
                diagnostics.iter().for_each(|d| println!("{name}: {}", d.message));
            }
        }
    }
    assert_eq!(count, 20);
}

/// Where this reading is the better one, and why.
const BETTER: [(&str, &str); 3] = [
    ("axis-soap12", "the shipped schemas of XLink and SOAP 1.2's encoding are known in full"),
    ("xroad-testservice", "a schema under an address is found among the files"),
    ("rubiii-overloading", "overloads are told apart by their outputs too"),
];

#[test]
fn services_are_read_as_the_oracle_reads_them() {
    let test = "corpus::services_are_read_as_the_oracle_reads_them";
    let (Some(corpus), Some(oracle)) = (support::shared_or_skip(test, "corpus"), support::shared_or_skip(test, "oracle")) else { return };
    let Some(python) = support::python_or_skip(test) else { return };
    let mut services = Vec::new();
    for (name, entry) in index(&corpus) {
        let path = corpus.join(&name).join(&entry.root);
        let known = name.starts_with("malformed/") || BETTER.iter().any(|(n, _)| *n == name);
        if let (Ok(Import { outcome: Outcome { definitions: Some(definitions), .. }, .. }), false) = (import(path.clone()), known) {
            let ours = format!("{}\n{}", dump::dump(&definitions.schemas), dump::operations(&definitions));
            services.push((name, path, ours));
        }
    }
    assert!(services.len() > 170, "only {} services resolved", services.len());
    let output = std::process::Command::new(python)
        .arg(support::path("tests/corpus/oracle_dump.py"))
        .arg(oracle)
        .args(services.iter().map(|(_, path, _)| path))
        .output()
        .unwrap();
    let theirs = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut differences = Vec::new();
    for ((name, _, ours), theirs) in services.iter().zip(theirs.split("== ").skip(1)) {
        let theirs: BTreeSet<&str> = theirs.lines().skip(1).filter(|l| !l.is_empty()).collect();
        let ours: BTreeSet<&str> = ours.lines().filter(|l| !l.is_empty()).collect();
        differences.extend(ours.difference(&theirs).map(|l| format!("{name}: ours:   {l}")));
        differences.extend(theirs.difference(&ours).map(|l| format!("{name}: theirs: {l}")));
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

//! What authors read: one folder for each slip, with `service.wsdl`, what it imports, and `findings.snap`.
//!
//! To add one: copy a folder, change the documents, run with `INSTA_UPDATE=always`, and read the snapshot before it is committed.

use std::collections::BTreeSet;
use std::fmt::Write;

use castile::diagnostic::{Diagnostic, Sources};
use castile::wsdl::resolve::resolve;
use castile::wsdl::source::{Options, Origin, Policy, load_local};

use crate::support;

/// Codes that the folders have not got, and where they are tested.
const ELSEWHERE: [&str; 5] = [
    "schema.limit",          // resolve::limits, where the documents are made
    "wsdl.not-well-formed",  // the gate refuses such documents before
    "wsdl.import-of-schema", // resolve::wsdl
    "schema.not-a-schema",   // resolve::wsdl; the loader refuses such documents before
    "wsdl.not-a-wsdl",       // the same
];

#[test]
fn every_slip_is_told_with_its_place() {
    let mut met = BTreeSet::new();
    for folder in support::folders(&support::path("tests/diagnostics")) {
        let loaded = load_local(&Origin::File(folder.join("service.wsdl")), &Options::local(Policy::Upload));
        let text = match loaded {
            Ok(loaded) => {
                let outcome = resolve(&loaded.documents);
                let mut text = format!("{}\n", if outcome.definitions.is_some() { "imported, with:" } else { "refused:" });
                for d in loaded.diagnostics.iter().chain(&outcome.diagnostics) {
                    met.insert(d.code.id);
                    text.push_str(&frame(&loaded.documents.sources, d));
                }
                text
            }
            Err(refused) => refused.diagnostics.iter().fold("not loaded:\n".to_owned(), |text, d| text + &frame(&refused.sources, d)),
        };
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        insta::with_settings!({ snapshot_path => &folder, prepend_module_to_snapshot => false, omit_expression => true, description => name }, {
            insta::assert_snapshot!("findings", text);
        });
    }
    let all = castile::schema::codes::ALL.iter().chain(castile::wsdl::codes::ALL).map(|c| c.id);
    let untold: Vec<&str> = all.filter(|id| !met.contains(id) && !ELSEWHERE.contains(id)).collect();
    assert!(untold.is_empty(), "no folder shows {untold:?}");
}

/// A finding with its line and a mark below its place.
fn frame(sources: &Sources, d: &Diagnostic) -> String {
    let mut out = format!("\n{:?} {}: {}\n", d.severity, d.code.id, d.message);
    let place = d.span.and_then(|s| Some((s, sources.document(s.source)?, sources.position(s)?)));
    if let Some((span, source, (line, column))) = place {
        writeln!(out, "  {}:{line}:{column}", source.name).unwrap();
        let written = source.text.lines().nth(line - 1).unwrap_or("");
        let length = source.text[span.start as usize..span.end as usize].chars().count().max(1);
        writeln!(
            out,
            "  | {written}\n  | {}{}",
            " ".repeat(column - 1),
            "^".repeat(length.min(written.len() + 1 - column.min(written.len())))
        )
        .unwrap();
    }
    if let Some(expected) = &d.expected {
        writeln!(out, "  expected: {expected}").unwrap();
    }
    if let Some(hint) = &d.hint {
        writeln!(out, "  hint: {hint}").unwrap();
    }
    out
}

//! Any text as a sequence file, and what of it can be read over a message: no panic, and the limits end it.
#![no_main]

use castile::diagnostic::SourceId;
use castile::sequence::{Exchange, Need, Sequence, Steps, Tree};
use libfuzzer_sys::fuzz_target;

const MESSAGE: &[u8] = br#"{"code":"LK","n":10.50,"list":[1,"b",{"x":"y"}],"o":{"a":{"b":null}},"t":true}"#;

fn run(steps: &Steps) {
    let Ok(value) = castile::json::parse(MESSAGE, &castile::json::Limits::default()) else { return };
    let mut exchange = Exchange::default();
    exchange.body = Some(Tree::from(&value));
    let mut run = steps.start();
    while let Ok(Some(need)) = run.go(&mut exchange) {
        let given = match need {
            Need::Calls(calls) => {
                let outcomes = calls.asks.into_iter().map(|ask| Ok(ask.json)).collect();
                run.called(&mut exchange, outcomes)
            }
            Need::Kept(_) => run.found(&mut exchange, None),
            Need::Keep(_) => Ok(()),
        };
        if given.is_err() {
            return;
        }
    }
}

// A text that is no sequence file stands for a template in one: then it is tried as JSON and as SOAP.
fuzz_target!(|text: &str| {
    if let Ok(sequence) = Sequence::parse(SourceId(0), text) {
        sequence.paths().into_iter().for_each(run);
    }
    for format in ["json", "soap"] {
        let file = format!(
            "version: 1\nrequest:\n  - template: {{ file: t.hbs, as: {format}, partials: {{ p: t.hbs }} }}\n  - to_soap: {{}}\nresponse:\n  - to_json: {{}}\nfault:\n  - to_problem: {{}}\n"
        );
        let files = |_: &str| Some((SourceId(1), text.into()));
        if let Ok(sequence) = Sequence::parse_with(SourceId(0), &file, &files) {
            run(&sequence.request);
        }
    }
});

//! The proof that a mapping loses nothing: it holds for every service here, and it fails where the mapping is broken on purpose.

mod broken;
mod encoded;
mod reproduced;
mod services;
mod unbounded;

use std::path::Path;
use std::sync::Arc;

use castile::plan::Program;
use castile::plan::compile::{Settings, compile};
use castile::prove::{Compiled, Mapping, Options, Report, prove};
use castile::wsdl::Definitions;
use castile::wsdl::source::{Limits, Options as Loading, Origin, Policy, load_local};

/// A WSDL, resolved and compiled.
fn compiled(wsdl: &Path) -> (Definitions, Arc<Program>) {
    let origin =
        Origin::of(&wsdl.to_string_lossy(), &Limits::default()).unwrap_or_else(|r| panic!("{}: {:?}", wsdl.display(), r.diagnostics));
    let loaded =
        load_local(&origin, &Loading::local(Policy::Operator)).unwrap_or_else(|r| panic!("{}: {:?}", wsdl.display(), r.diagnostics));
    let definitions = castile::wsdl::resolve::resolve(&loaded.documents).definitions.unwrap_or_else(|| panic!("{}", wsdl.display()));
    let program = compile(&definitions, &Settings::default()).program;
    (definitions, Arc::new(program))
}

/// A proof of a mapping of that WSDL.
fn proved_by(definitions: &Definitions, program: &Program, mapping: &dyn Mapping, options: &Options) -> Report {
    prove(definitions, program, mapping, options, &mut |_| {})
}

fn proved(definitions: &Definitions, program: &Arc<Program>, options: &Options) -> Report {
    proved_by(definitions, program, &Compiled(program), options)
}

/// The first failure of each message, a line each.
fn failures(report: &Report) -> Vec<String> {
    let mut found = Vec::new();
    for operation in &report.operations {
        for message in &operation.messages {
            let at = format!("{} {}", operation.name, message.message);
            if let Some(f) = &message.first {
                let line = f.line.map(|l| format!(" line {l}")).unwrap_or_default();
                found.push(format!("{at}: {:?} {:?} at {}{line}: {}", f.way, f.stage, f.path, f.text));
            }
            if let Some(reason) = &message.not_made {
                found.push(format!("{at}: not made: {reason}"));
            }
        }
    }
    found
}

//! The programs that the targets run, built once: the services that ship, some constructs, and rpc/encoded.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use castile::mediate::Direction;
use castile::plan::Program;
use castile::plan::compile::{Settings, compile};
use castile::wsdl::resolve::resolve;
use castile::wsdl::source::{Options, Origin, Policy, load_local};

/// Which WSDLs: their order is part of the seeds (`make_seeds.py` reads it here), so new ones come last.
const SERVICES: [&str; 9] = [
    "wsdl/countries/service.wsdl",
    "wsdl/orders/service.wsdl",
    "wsdl/inventory/service.wsdl",
    "tests/properties/services/encoded.wsdl",
    "tests/properties/services/text.wsdl",
    "tests/constructs/mixed/service.wsdl",
    "tests/constructs/any/service.wsdl",
    "tests/constructs/repeated-group/service.wsdl",
    "tests/constructs/headers/service.wsdl",
];

/// A message that an input can be of.
pub struct Case {
    /// Its program.
    pub program: Arc<Program>,
    /// Which operation of it.
    pub operation: usize,
    /// Which of its messages.
    pub direction: Direction,
}

static PROGRAMS: LazyLock<Vec<Arc<Program>>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let program = |service: &&str| {
        let loaded = load_local(&Origin::File(root.join(service)), &Options::local(Policy::Operator)).expect("a service of this repository");
        let definitions = resolve(&loaded.documents).definitions.expect("a service that resolves");
        Arc::new(compile(&definitions, &Settings::default()).program)
    };
    SERVICES.iter().map(program).collect()
});

/// What an input's first byte names: its low half the service, three bits the operation, the highest the direction. Then the rest.
pub fn pick(input: &[u8]) -> Option<(Case, &[u8])> {
    let (first, rest) = input.split_first()?;
    let first = usize::from(*first);
    let program = PROGRAMS.get((first & 0x0f) % SERVICES.len())?.clone();
    let operation = (first >> 4 & 0x07) % program.operations.len();
    let direction = if first & 0x80 == 0 { Direction::Request } else { Direction::Response };
    Some((Case { program, operation, direction }, rest))
}

/// JSON by Castile's own reader, which refuses names that stand twice.
pub fn is_json(text: &[u8]) -> bool {
    castile::json::parse(text, &Default::default()).is_ok()
}

//! The programs that the targets run, built once: the services that ship, some constructs, and rpc/encoded.

use std::path::Path;
use std::sync::{Arc, LazyLock};

use castile::mediate::{DecodeError, DecodeErrorKind, DecodeOptions, Decoded, Decoder, Direction};
use castile::plan::Program;
use castile::plan::compile::{Settings, compile};
use castile::wsdl::resolve::resolve;
use castile::wsdl::source::{Options, Origin, Policy, load_local};

/// Which WSDLs: their order is part of the seeds (`make_seeds.py` reads it here), so new ones come last.
const SERVICES: [&str; 16] = [
    "wsdl/countries/service.wsdl",
    "wsdl/orders/service.wsdl",
    "wsdl/inventory/service.wsdl",
    "tests/properties/services/encoded.wsdl",
    "tests/properties/services/text.wsdl",
    "tests/constructs/mixed/service.wsdl",
    "tests/constructs/any/service.wsdl",
    "tests/constructs/repeated-group/service.wsdl",
    "tests/constructs/headers/service.wsdl",
    "tests/memory/service.wsdl",
    "tests/constructs/substitution/service.wsdl",
    "tests/constructs/derived-types/service.wsdl",
    "tests/constructs/one-name-twice/service.wsdl",
    "tests/constructs/any-attribute/service.wsdl",
    "tests/constructs/union/service.wsdl",
    "tests/constructs/flattened/service.wsdl",
];

/// The service of SOAP encoding: what [`encoded`] runs.
const ENCODED: usize = 3;

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

/// The message of SOAP encoding that an input's first byte names, then the rest.
pub fn encoded(input: &[u8]) -> Option<(Case, &[u8])> {
    let (first, rest) = input.split_first()?;
    let program = PROGRAMS.get(ENCODED)?.clone();
    let direction = if first & 1 == 0 { Direction::Request } else { Direction::Response };
    Some((Case { program, operation: 0, direction }, rest))
}

/// Reads an envelope in pieces of that size; with `take` what may be sent is taken after each.
///
/// # Errors
/// As the decoder's.
pub fn read(case: &Case, envelope: &[u8], strict: bool, piece: usize, take: bool) -> Result<Decoded, DecodeError> {
    let options = DecodeOptions { strict, ..DecodeOptions::default() };
    let mut decoder = Decoder::new(case.program.clone(), case.operation, case.direction, &options);
    let mut out = Vec::new();
    for chunk in envelope.chunks(piece) {
        decoder.feed(chunk)?;
        if take {
            out.extend(decoder.take_ready());
        }
    }
    Ok(match decoder.finish()? {
        Decoded::Value(rest) => Decoded::Value([out, rest].concat()),
        other => other,
    })
}

/// What must hold of any envelope: pieces do not matter, what is given is JSON and not much longer than the envelope, and what encodes is
/// read back as it was.
pub fn check(case: &Case, envelope: &[u8], strict: bool, piece: usize) {
    let whole = read(case, envelope, strict, usize::MAX, false);
    let kept = read(case, envelope, strict, piece, false);
    let taken = read(case, envelope, strict, piece, true);
    for read in [&whole, &taken] {
        let json = match read {
            Ok(Decoded::Value(json)) => json,
            Ok(Decoded::Fault(fault)) => &fault.fault_json,
            Ok(Decoded::Empty) | Err(_) => continue,
        };
        assert!(is_json(json), "no JSON: {}", String::from_utf8_lossy(json));
    }
    assert_eq!(format!("{whole:?}"), format!("{kept:?}"));
    match (&whole, &taken) {
        (Ok(Decoded::Value(_)), Ok(Decoded::Value(_))) | (Ok(Decoded::Fault(_)), Ok(Decoded::Fault(_))) => {}
        (Ok(Decoded::Empty), Ok(Decoded::Empty)) => {}
        // What was sent cannot be taken back.
        (_, Err(e)) if e.kind == DecodeErrorKind::Limit => {}
        (Err(one), Err(two)) if one.kind == two.kind => {}
        _ => panic!("{whole:?}\n{taken:?}"),
    }
    if let Ok(Decoded::Value(json)) = &whole {
        fixpoint(case, json);
    }
}

/// What encodes is read back as it was: its JSON, encoded, gives an envelope that gives an envelope that is the same.
fn fixpoint(case: &Case, json: &[u8]) {
    let Some(operation) = case.program.operations.get(case.operation) else { return };
    let encode = |json: &[u8]| castile::mediate::encode(&case.program, operation, case.direction, json).ok();
    let Some(first) = encode(json) else { return };
    let back = match read(case, &first, false, usize::MAX, false) {
        Ok(Decoded::Value(back)) => back,
        Ok(Decoded::Empty | Decoded::Fault(_)) => return,
        Err(e) if e.kind == DecodeErrorKind::Limit => return,
        Err(e) => panic!("{e:?}: {}", String::from_utf8_lossy(&first)),
    };
    let second = encode(&back).unwrap_or_else(|| panic!("is not taken again: {}", String::from_utf8_lossy(&back)));
    assert!(first == second, "{}\n{}", String::from_utf8_lossy(&first), String::from_utf8_lossy(&second));
}

/// JSON by Castile's own reader, which refuses names that stand twice.
pub fn is_json(text: &[u8]) -> bool {
    castile::json::parse(text, &Default::default()).is_ok()
}

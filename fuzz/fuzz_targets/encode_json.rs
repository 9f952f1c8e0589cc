//! Any JSON: `encode` does not panic, what it writes passes the gate, and `decode` reads it as JSON.
#![no_main]

use castile::mediate::{Decoded, decode, encode};
use castile_fuzz::{is_json, pick};
use libfuzzer_sys::fuzz_target;

// The first byte names the message.
fuzz_target!(|input: &[u8]| {
    let Some((case, json)) = pick(input) else { return };
    let Some(operation) = case.program.operations.get(case.operation) else { return };
    let Ok(envelope) = encode(&case.program, operation, case.direction, json) else { return };
    match decode(&case.program, operation, case.direction, &envelope, &Default::default()) {
        Ok(Decoded::Value(back)) => assert!(is_json(&back), "no JSON: {}", String::from_utf8_lossy(&back)),
        Ok(Decoded::Empty | Decoded::Fault(_)) => {}
        // The gate's depth, counts and sizes are lower than the encoder's.
        Err(e) if e.kind == castile::mediate::DecodeErrorKind::Limit => {}
        Err(e) => panic!("{e:?}: {}", String::from_utf8_lossy(&envelope)),
    }
});

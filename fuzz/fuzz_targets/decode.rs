//! Any envelope: `decode` does not panic, pieces do not matter, and what it gives is JSON.
#![no_main]

use castile::mediate::{DecodeError, DecodeErrorKind, DecodeOptions, Decoded, Decoder};
use castile_fuzz::{Case, is_json, pick};
use libfuzzer_sys::fuzz_target;

fn read(case: &Case, envelope: &[u8], strict: bool, piece: usize, take: bool) -> Result<Decoded, DecodeError> {
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

fn check(read: &Result<Decoded, DecodeError>) {
    let json = match read {
        Ok(Decoded::Value(json)) => json,
        Ok(Decoded::Fault(fault)) => &fault.fault_json,
        Ok(Decoded::Empty) | Err(_) => return,
    };
    assert!(is_json(json), "no JSON: {}", String::from_utf8_lossy(json));
}

// The first byte names the message; the rest is the envelope, and its length says how it is read.
fuzz_target!(|input: &[u8]| {
    let Some((case, envelope)) = pick(input) else { return };
    let (piece, strict) = (envelope.len() % 23 + 1, envelope.len() % 4 == 3);
    let whole = read(&case, envelope, strict, usize::MAX, false);
    let kept = read(&case, envelope, strict, piece, false);
    let taken = read(&case, envelope, strict, piece, true);
    check(&whole);
    check(&taken);
    assert_eq!(format!("{whole:?}"), format!("{kept:?}"));
    match (&whole, &taken) {
        (Ok(Decoded::Value(_)), Ok(Decoded::Value(_))) | (Ok(Decoded::Fault(_)), Ok(Decoded::Fault(_))) => {}
        (Ok(Decoded::Empty), Ok(Decoded::Empty)) => {}
        // What was sent cannot be taken back.
        (_, Err(e)) if e.kind == DecodeErrorKind::Limit => {}
        (Err(one), Err(two)) if one.kind == two.kind => {}
        _ => panic!("{whole:?}\n{taken:?}"),
    }
});

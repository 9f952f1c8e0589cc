//! Any envelope: `decode` does not panic, pieces do not matter, what it gives is JSON, and what encodes is read back.
#![no_main]

use castile_fuzz::{check, pick};
use libfuzzer_sys::fuzz_target;

// The first byte names the message; the rest is the envelope, and its length says how it is read.
fuzz_target!(|input: &[u8]| {
    let Some((case, envelope)) = pick(input) else { return };
    check(&case, envelope, envelope.len() % 4 == 3, envelope.len() % 23 + 1);
});

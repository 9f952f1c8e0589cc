//! What holds for any value: JSON → SOAP → JSON is identity, any string comes through or is refused, `decode` takes any bytes.
//!
//! Each runs a few seconds' worth of cases; `CASTILE_PROPERTY_CASES` asks for more. Cases follow from their numbers: a failure names the one.

mod identity;
mod mutations;
mod strings;

use std::path::Path;
use std::sync::Arc;

use castile::json::{Limits, Value, parse};
use castile::plan::Program;

use crate::support::{self, api::published};

/// How many cases: `CASTILE_PROPERTY_CASES`, else `few`.
fn cases(few: u64) -> u64 {
    std::env::var("CASTILE_PROPERTY_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(few)
}

/// A small generator (SplitMix64), so that a case can be repeated by its number.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Less than `n`; 0 of none.
    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % (n.max(1) as u64)).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len()))
    }
}

/// A service by the name that a failure shows.
struct Service {
    name: String,
    program: Arc<Program>,
}

/// The services that ship, those of the constructs, and those written for these tests.
fn own_services() -> Vec<Service> {
    let shipped = support::folders(&support::path("wsdl"));
    let constructs = support::folders(&support::path("tests/constructs"));
    let roots = shipped.into_iter().chain(constructs).map(|f| f.join("service.wsdl"));
    let written = support::files(&support::path("tests/properties/services"), "wsdl");
    roots.chain(written).map(service).collect()
}

fn service(root: impl AsRef<Path>) -> Service {
    let root = root.as_ref();
    let name = root.strip_prefix(support::root()).unwrap_or(root).display().to_string();
    Service { program: published("property", root).program, name }
}

/// One that is written for these tests.
fn written(name: &str) -> Service {
    service(support::path("tests/properties/services").join(name).with_extension("wsdl"))
}

fn json(text: &[u8]) -> Value<'_> {
    parse(text, &Limits::default()).unwrap_or_else(|e| panic!("{e} at {}: {}", e.pointer, clip(text)))
}

fn clip(text: &[u8]) -> String {
    String::from_utf8_lossy(text).chars().take(1500).collect()
}

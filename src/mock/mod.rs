//! A SOAP service made from a WSDL: it answers every operation with examples, for trying an API and for tests.
//!
//! Comes in: envelopes over HTTP. Goes out: schema-valid answers, declared faults, the WSDL. Must not know: REST resources. What it
//! answers is decided in [`Mock::answer`], without I/O; [`serve`] is the listener around it.

mod answer;
mod examples;
mod find;
mod security;
mod server;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

pub use answer::{Reply, Request};
pub use server::serve;

use crate::catalog::PublishedApi;

/// How the mock behaves.
#[derive(Debug, Clone)]
pub struct Options {
    /// Every answer waits so long.
    pub delay: Duration,
    /// How likely a declared fault is in the place of an answer, 0 to 1.
    pub fault: f64,
    /// Varied answers: equal seeds, equal answers. Without one an operation always gives the same readable answer.
    pub seed: Option<u64>,
    /// Are requests checked against their schema?
    pub validate: bool,
    /// Must requests carry the parts of WS-Security that the API's `wss` setting or the WSDL's policy asks for? Whether they are true is not looked at.
    pub security: bool,
    /// Largest request, in bytes.
    pub body_limit_bytes: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { delay: Duration::ZERO, fault: 0.0, seed: None, validate: false, security: false, body_limit_bytes: 10 << 20 }
    }
}

/// A SOAP service made from an API's WSDL.
pub struct Mock {
    api: Arc<PublishedApi>,
    examples: examples::Examples,
    options: Options,
    /// Requests so far: which of them is a fault depends on the seed and on this.
    calls: AtomicU64,
}

impl Mock {
    /// The service of that API.
    pub fn new(api: Arc<PublishedApi>, options: Options) -> Self {
        Self { api, examples: examples::Examples::default(), options, calls: AtomicU64::new(0) }
    }

    /// How it behaves.
    pub fn options(&self) -> &Options {
        &self.options
    }
}

/// The next number of a sequence that looks random (SplitMix64).
fn scatter(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

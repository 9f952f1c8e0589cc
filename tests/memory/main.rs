//! How much memory a reply costs: the peak of the heap while it is decoded, over its bytes. Counted, not timed, in a process of its own.
//!
//! `cargo test --test memory -- --nocapture` prints the table; `CASTILE_MEMORY=all` adds replies of 1 and 10 MB.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "the table is what the test is for")]
#![allow(unreachable_pub, reason = "a test binary has no outside")]

mod callers;
mod replies;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use castile::mediate::package::Attachment;
use castile::mediate::{DecodeError, DecodeErrorKind, DecodeOptions, Decoded, Decoder, Direction};
use castile::plan::Program;
use castile::plan::compile::{Settings, compile};
use castile::wsdl::resolve::resolve;
use castile::wsdl::source::{Options, Origin, Policy, load_local};
use peak_alloc::PeakAlloc;
use replies::{Reply, Service};

/// Counts a block that grows twice while it is copied, as allocators may.
#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Held by the test that measures: the heap is the process's.
static ALONE: Mutex<()> = Mutex::new(());

/// Bytes of heap for each byte of a reply at most.
const MAX_RATIO: usize = 20;
/// What a decoder costs besides: its tables, a piece of text being decoded.
const CONSTANT_BYTES: usize = 64 << 10;
/// What a reply that a limit ends may cost besides: the JSON that any reply may have, and its growth.
const FREE_BYTES: usize = 1 << 20;

fn program(service: &str) -> Arc<Program> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(service);
    let loaded = load_local(&Origin::File(file), &Options::local(Policy::Operator)).unwrap();
    Arc::new(compile(&resolve(&loaded.documents).definitions.unwrap(), &Settings::default()).program)
}

/// Decodes as the gateway does where it may not stream; the peak of the heap beyond what was there before, in bytes.
fn measure(program: &Arc<Program>, service: Service, envelope: &[u8]) -> (usize, Result<Decoded, DecodeError>) {
    let package = matches!(service, Service::Package);
    let direction = if matches!(service, Service::Encoded) { Direction::Request } else { Direction::Response };
    let attached = [Attachment { content_id: Some("a".to_owned()), ..Attachment::default() }];
    HEAP.reset_peak_usage();
    let before = HEAP.current_usage();
    let mut decoder = Decoder::new(program.clone(), 0, direction, &DecodeOptions { package, ..DecodeOptions::default() });
    let fed = envelope.chunks(16 << 10).try_for_each(|chunk| decoder.feed(chunk));
    let read = fed.and_then(|()| match package {
        true => decoder.finish_package(&attached).map(|p| p.decoded),
        false => decoder.finish(),
    });
    (HEAP.peak_usage() - before, read)
}

#[test]
fn a_reply_takes_at_most_twenty_times_its_size() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let (plain, encoded) = (program("tests/memory/service.wsdl"), program("tests/properties/services/encoded.wsdl"));
    let (rpc, many_parts) = (program("tests/memory/rpc.wsdl"), program("tests/memory/many-parts.wsdl"));
    let mut sizes = vec![10_000, 100_000];
    if std::env::var_os("CASTILE_MEMORY").is_some() {
        sizes.extend([1_000_000, 10_000_000]);
    }
    let mut over = Vec::new();
    println!("{:<44} {:>10} {:>12} {:>7}  outcome", "reply", "bytes", "peak", "ratio");
    for Reply { name, service, make, limit } in replies::ALL {
        for size in &sizes {
            let envelope = replies::envelope(*service, &make(*size));
            let program = match service {
                Service::Plain | Service::Fault | Service::Package => &plain,
                Service::Encoded => &encoded,
                Service::Rpc => &rpc,
                Service::ManyParts => &many_parts,
            };
            let (peak, read) = measure(program, *service, envelope.as_bytes());
            let ratio = peak as f64 / envelope.len() as f64;
            let outcome = match &read {
                Ok(Decoded::Value(json)) => format!("{} bytes of JSON", json.len()),
                Ok(Decoded::Fault(fault)) => format!("a fault, {} bytes of JSON", fault.fault_json.len()),
                Ok(Decoded::Empty) => "empty".to_owned(),
                Err(e) => e.message.chars().take(80).collect(),
            };
            println!("{name:<44} {:>10} {peak:>12} {ratio:>7.1}  {outcome}", envelope.len());
            let constant = if limit.is_some() { FREE_BYTES } else { CONSTANT_BYTES };
            if peak > MAX_RATIO * envelope.len() + constant {
                over.push(format!("{name}, {} bytes: {ratio:.1}", envelope.len()));
            }
            match read {
                Ok(_) => {}
                Err(e) if e.kind == DecodeErrorKind::Limit && limit.is_some_and(|l| e.message.contains(l)) => {}
                // The gate's counts end what is made of nothing else.
                Err(e)
                    if e.kind == DecodeErrorKind::Limit && ["500000 nodes", "1000000 references"].iter().any(|l| e.message.contains(l)) => {
                }
                Err(e) => panic!("{name}, {size} bytes: {e:?}"),
            }
        }
    }
    assert!(over.is_empty(), "\n{}", over.join("\n"));
}

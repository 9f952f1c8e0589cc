//! How often the gateway asks for memory during a small call: counted, in a process of its own, on the thread that the gateway has to itself.
//!
//! `cargo test --test allocations -- --nocapture` prints the counts. They may fall, not rise; where they fell, the number here follows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "its threads end with it, and the counts are what the test is for")]
#![allow(unreachable_pub, reason = "a test binary has no outside")]

#[path = "../../benches/house/mod.rs"]
mod house;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::channel;

use allocation_counter::measure;
use house::{FULL, House, OPEN};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

const CALLS: usize = 200;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// The service of the calls, on a thread of its own for as long as the test lives.
fn service() -> SocketAddr {
    let (tell, address) = channel();
    std::thread::spawn(move || {
        runtime().block_on(async {
            tell.send(house::upstream().await).unwrap();
            std::future::pending::<()>().await;
        });
    });
    address.recv().unwrap()
}

/// Allocations of the gateway for one call of an API with these settings, rounded up.
fn allocations(settings: &str) -> usize {
    let upstream = service();
    let gateway = runtime();
    let house = Arc::new(gateway.block_on(House::start(upstream, settings, 0)));
    let calls = |count: usize| {
        let (house, (done, finished)) = (house.clone(), oneshot::channel());
        let caller = std::thread::spawn(move || {
            runtime().block_on(house.call(count));
            done.send(()).unwrap();
        });
        gateway.block_on(finished).unwrap();
        caller.join().unwrap();
    };
    // Connections, caches and buffers that stay are made once.
    calls(CALLS);
    let counted = measure(|| calls(CALLS)).count_total;
    usize::try_from(counted).unwrap().div_ceil(CALLS)
}

#[test]
fn a_small_call_asks_for_memory_no_more_often_than_it_did() {
    for (name, settings, most) in [("open", OPEN, 165), ("key, subscription, three limits, token", FULL, 178)] {
        let found = allocations(settings);
        println!("{name}: {found} allocations a call");
        assert!(found <= most, "{name}: {found} allocations a call, {most} were enough");
    }
}

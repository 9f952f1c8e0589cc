//! What it costs to know a caller: calls with a key, a subscription, three limits and a token for the SOAP service, against calls of an open API that has
//! none of it. CPU time of the process, callers and SOAP service included, which do the same for both: their difference is what the gateway adds. Rounds
//! take turns, so that what else the machine does falls on both.
//!
//! `cargo bench --bench callers`; `CASTILE_BENCH_CALLS=2000` for a shorter run.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a bench fails by panicking and says what it found")]
#![allow(clippy::disallowed_methods, reason = "its tasks end with it, and it has one setting")]
#![allow(missing_docs, unreachable_pub, reason = "a program, not a library")]

mod house;

use house::{FULL, House, OPEN, upstream};

const ROUNDS: usize = 9;
/// Keys that there are besides.
const MANY: usize = 100_000;
/// CPU time of this process, µs: user and system, in ticks of 10 ms.
fn cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    [11, 12].iter().map(|i| fields[*i].parse::<f64>().unwrap()).sum::<f64>() * 10_000.0
}

/// CPU per call, µs, of so many calls on one connection.
async fn round(house: &House, calls: usize) -> f64 {
    let before = cpu();
    house.call(calls).await;
    (cpu() - before) / calls as f64
}

fn middle(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let calls = std::env::var("CASTILE_BENCH_CALLS").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let upstream = upstream().await;
    let houses = [
        ("open: no key, no token for the SOAP service", House::start(upstream, OPEN, 0).await),
        ("key, subscription, three limits, token", House::start(upstream, FULL, 0).await),
        ("the same with 100 000 other keys", House::start(upstream, FULL, MANY).await),
    ];
    let mut found = vec![Vec::new(); houses.len()];
    for (_, house) in &houses {
        round(house, calls / 10).await;
    }
    for _ in 0..ROUNDS {
        for ((_, house), found) in houses.iter().zip(&mut found) {
            found.push(round(house, calls).await);
        }
    }
    let open = middle(found[0].clone());
    for ((name, _), found) in houses.iter().zip(found) {
        let spread = (found.iter().copied().fold(f64::MAX, f64::min), found.iter().copied().fold(0.0, f64::max));
        let middle = middle(found);
        println!("{name}: {middle:.1} µs of CPU a call ({:.1} to {:.1}), {:+.1} µs", spread.0, spread.1, middle - open);
    }
}

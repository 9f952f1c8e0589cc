//! `castile compile-apart`, which a server starts and people do not: reads the texts of an API from standard input, compiles them, and answers on standard output.
//!
//! Twice the same program: the first time it takes bounds upon itself and becomes the second, so that the allocator begins within them.

use std::io::{self, BufWriter, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use super::{Exit, Outcome, Screen};
use crate::admin::Merge;
use crate::manage::{Answered, COMMAND, Job, Work};
use crate::publish;

/// How much others go before.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;
/// Beside the memory that is written, what is only mapped: the program itself, and what the allocator sets aside.
#[cfg(target_os = "linux")]
const MAPPED: u64 = 4 << 30;

/// Bounds on itself; without them it compiles.
#[derive(Debug, clap::Args)]
pub(super) struct Apart {
    /// What it does
    kind: String,
    /// Bytes of memory
    #[arg(long)]
    memory: Option<u64>,
    /// Seconds of processor time
    #[arg(long)]
    seconds: Option<u64>,
}

/// Takes the bounds, or compiles.
pub(super) fn run(screen: &Screen, args: &Apart) -> Outcome {
    let done = match args.memory {
        Some(memory) => bounded(&args.kind, memory, args.seconds),
        None => work(&args.kind),
    };
    done.map(|()| Exit::Fine).map_err(|e| {
        screen.error(&e.to_string());
        Exit::Problem
    })
}

/// Becomes the same program within bounds.
fn bounded(kind: &str, memory: u64, seconds: Option<u64>) -> io::Result<()> {
    bind(memory, seconds)?;
    Err(Command::new(program()?).args([COMMAND, kind]).exec())
}

/// Takes the bounds.
#[cfg(target_os = "linux")]
fn bind(memory: u64, seconds: Option<u64>) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, Signal, nice, set_parent_process_death_signal, setrlimit};
    // The server is gone: nobody waits for the answer.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let limit = |resource, most: u64| setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) });
    limit(Resource::Data, memory)?;
    limit(Resource::As, memory.saturating_add(MAPPED))?;
    limit(Resource::Core, 0)?;
    if let Some(seconds) = seconds {
        limit(Resource::Cpu, seconds)?;
    }
    let _as_it_was = nice(NICE);
    Ok(())
}

/// Elsewhere the server's deadline is the only bound.
#[cfg(not(target_os = "linux"))]
fn bind(_: u64, _: Option<u64>) -> io::Result<()> {
    Ok(())
}

fn work(kind: &str) -> io::Result<()> {
    match kind {
        Job::KIND => answer::<Job>(),
        Merge::KIND => answer::<Merge>(),
        publish::Job::KIND => answer::<publish::Job>(),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "this is started by a server")),
    }
}

fn answer<W: Work>() -> io::Result<()> {
    let before = memory("VmRSS:");
    let work: W = serde_json::from_reader(io::stdin().lock())?;
    let answer = work.run();
    let peak = memory("VmHWM:").zip(before).map(|(most, before)| most.saturating_sub(before));
    let mut out = BufWriter::new(io::stdout().lock());
    serde_json::to_writer(&mut out, &Answered { peak, answer })?;
    out.flush()
}

/// Bytes of this process's memory by a line of its status.
fn memory(line: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let text = status.lines().find_map(|l| l.strip_prefix(line))?;
    let kib: u64 = text.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kib.saturating_mul(1 << 10))
}

/// This program, also where its file was replaced since it was started.
pub(super) fn program() -> io::Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if running.exists() { Ok(running) } else { std::env::current_exe() }
}

<<<<<<< HEAD
//! The commands: arguments in, exit code out. One file each.
#![allow(clippy::print_stdout, reason = "commands speak to people")]

pub mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Imports a WSDL and publishes it as an API.
#[derive(Debug, Parser)]
#[command(name = "castile", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Gateway and admin listener of a folder of APIs
    Serve(serve::Serve),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the runtime cannot start: {error}");
            return ExitCode::from(1);
        }
    };
    runtime.block_on(async {
        match arguments.command {
            Command::Serve(serve) => serve::run(serve).await,
        }
=======
//! The command line: one file for each command. Exit codes: 0 fine, 1 a problem was found, 2 wrong usage, 3 cannot reach.
//!
//! Answers go to standard output, everything else to standard error; colour only on a terminal. Product page, section 3.
#![allow(clippy::print_stdout, reason = "a command line prints")]

mod args;
mod call;
mod check;
mod documents;
mod explain;
mod import;
mod init;
mod mock;
mod samples;
mod screen;
mod target;
mod translate;

use std::process::ExitCode;

use clap::Parser;

use self::args::{Args, Command};
use self::screen::Screen;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exit {
    /// All is well.
    Fine = 0,
    /// A problem was found.
    Problem = 1,
    /// Wrong usage.
    Usage = 2,
    /// Somebody cannot be reached.
    Unreachable = 3,
}

/// A command that ended early, everything said already.
type Outcome<T = Exit> = Result<T, Exit>;

/// Reads the arguments, runs the command.
pub fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version come this way too, and are no errors.
            let _closed = error.print();
            return ExitCode::from(u8::from(error.use_stderr()) * Exit::Usage as u8);
        }
    };
    let screen = Screen::new(&args.global);
    let ended = match args.command {
        Command::Init(command) => init::run(&screen, &command),
        Command::Import(command) => import::run(&screen, &args.global, &command),
        Command::Check(command) => check::run(&screen, &args.global, &command),
        Command::Mock(command) => mock::run(&screen, &args.global, &command),
        Command::Encode(command) => translate::encode(&screen, &args.global, &command),
        Command::Decode(command) => translate::decode(&screen, &args.global, &command),
        Command::Call(command) => call::run(&screen, &args.global, &command),
        Command::Openapi(command) => documents::openapi(&screen, &args.global, &command),
        Command::Wsdl(command) => documents::wsdl(&screen, &args.global, &command),
        Command::Explain(command) => explain::run(&screen, &args.global, &command),
    };
    ExitCode::from(ended.unwrap_or_else(|early| early) as u8)
}

/// A runtime for a command that waits for the network; also makes the TLS provider the process's.
fn runtime(screen: &Screen) -> Outcome<tokio::runtime::Runtime> {
    // Somebody else's choice, made earlier in this process, stays.
    let _chosen = rustls::crypto::aws_lc_rs::default_provider().install_default();
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|e| {
        screen.error(&format!("no runtime: {e}"));
        Exit::Problem
>>>>>>> 4a0acf6 (The command line: init, import, check, mock, encode, decode, call, openapi, wsdl, explain)
    })
}

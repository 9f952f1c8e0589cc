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
    })
}

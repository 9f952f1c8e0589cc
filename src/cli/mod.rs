//! The command line: one file for each command. Exit codes: 0 fine, 1 a problem was found, 2 wrong usage, 3 cannot reach.
//!
//! Answers go to standard output, everything else to standard error; colour only on a terminal. Product page, section 3.
#![allow(clippy::print_stdout, reason = "a command line prints")]

mod apart;
mod args;
mod call;
mod check;
mod control;
mod db;
mod doctor;
mod documents;
mod explain;
mod feed;
mod heart;
mod import;
mod init;
mod migrate;
mod mock;
mod objects;
mod packaging;
mod plans;
mod prove;
mod samples;
mod schema;
mod screen;
pub mod serve;
mod target;
mod translate;
mod try_it;
mod update;
mod usage;

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
        Command::Try(command) => try_it::run(&screen, &args.global, &command),
        Command::Init(command) => init::run(&screen, &command),
        Command::Import(command) => import::run(&screen, &args.global, &command),
        Command::Update(command) => update::run(&screen, &args.global, &command),
        Command::Migrate(command) => migrate::run(&screen, &args.global, &command),
        Command::Check(command) => check::run(&screen, &args.global, &command),
        Command::Serve(command) => {
            let config = target::config_file(&args.global);
            match runtime(&screen) {
                Ok(runtime) => return runtime.block_on(serve::run(config, command)),
                Err(early) => Err(early),
            }
        }
        Command::Mock(command) => mock::run(&screen, &args.global, &command),
        Command::Encode(command) => translate::encode(&screen, &args.global, &command),
        Command::Decode(command) => translate::decode(&screen, &args.global, &command),
        Command::Prove(command) => prove::run(&screen, &args.global, &command),
        Command::Call(command) => call::run(&screen, &args.global, &command),
        Command::Openapi(command) => documents::openapi(&screen, &args.global, &command),
        Command::Wsdl(command) => documents::wsdl(&screen, &args.global, &command),
        Command::Db(command) => db::run(&screen, &args.global, &command),
        Command::Doctor => doctor::run(&screen, &args.global),
        Command::Diff(command) => objects::delivery::diff(&screen, &args.global, command),
        Command::Apply(command) => objects::delivery::apply(&screen, &args.global, command),
        Command::Export(command) => objects::delivery::export(&screen, &args.global, command),
        Command::Api(noun) => objects::run(&screen, &args.global, noun),
        Command::App(noun) => objects::run(&screen, &args.global, noun),
        Command::Subscription(noun) => objects::run(&screen, &args.global, noun),
        Command::Key(noun) => objects::key(&screen, &args.global, noun),
        Command::Plan(noun) => objects::run(&screen, &args.global, noun),
        Command::User(noun) => objects::user(&screen, &args.global, noun),
        Command::Tenant(noun) => objects::run(&screen, &args.global, noun),
        Command::Client(noun) => objects::run(&screen, &args.global, noun),
        Command::Issuer(noun) => objects::run(&screen, &args.global, noun),
        Command::Secret(noun) => objects::run(&screen, &args.global, noun),
        Command::Token(noun) => objects::token::token(&screen, &args.global, noun),
        Command::Signing(noun) => objects::run(&screen, &args.global, noun),
        Command::Instance(noun) => objects::run(&screen, &args.global, noun),
        Command::Audit(command) => objects::audit(&screen, &args.global, command),
        Command::Postman(command) => plans::postman(&screen, &args.global, &command),
        Command::Jmeter(command) => plans::jmeter(&screen, &args.global, &command),
        Command::Schema(command) => schema::run(&screen, &command),
        Command::Completions(command) => packaging::completions(&screen, &command),
        Command::Man(command) => packaging::man(&screen, &command),
        Command::CompileApart(command) => apart::run(&screen, &command),
        Command::Explain(command) => explain::run(&screen, &args.global, &command),
    };
    ExitCode::from(ended.unwrap_or_else(|early| early) as u8)
}

/// A runtime for a command that waits for the network.
fn runtime(screen: &Screen) -> Outcome<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|e| {
        screen.error(&format!("no runtime: {e}"));
        Exit::Problem
    })
}

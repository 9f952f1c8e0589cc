//! The `castile` command, as people and scripts run it.

mod apis;
mod commands;
mod corpus;
mod db;
mod doctor;
mod documents;
mod import;
mod lifecycle;
mod prove;
pub(crate) mod run;
mod setup;
mod story;
mod tools;
mod translate;
mod trial;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use crate::support;

/// A command in a folder of its own, without what the tester's environment says.
pub(crate) fn castile(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(support::castile());
    command.args(arguments).current_dir(folder).env_remove("NO_COLOR");
    // Many servers of tests run at one time; none of them has the usual port.
    command.env("CASTILE_LISTEN__PORTAL__ADDRESS", "127.0.0.1:0");
    command
}

/// What a command said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Ends well.
    pub(crate) fn fine(self) -> Self {
        assert_eq!(self.code, 0, "{}\n{}", self.out, self.err);
        self
    }

    /// Ends with that code.
    pub(crate) fn code(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
        self
    }
}

/// Runs a command to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Said {
    Said::of(&castile(folder, arguments).stdin(Stdio::null()).output().unwrap())
}

/// Runs a command with something on its standard input.
pub(crate) fn run_with(folder: &Path, arguments: &[&str], input: &[u8]) -> Said {
    let mut child = castile(folder, arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // A command that refuses its arguments does not read.
    let _ = stdin.write_all(input);
    drop(stdin);
    Said::of(&child.wait_with_output().unwrap())
}

/// A sample service that ships with it.
pub(crate) fn sample(name: &str) -> String {
    support::path("wsdl").join(name).to_string_lossy().into_owned()
}

/// A command that runs until it is told to stop; it is ended with the test.
pub(crate) struct Running(pub(crate) Child);

impl Running {
    /// Starts it and gives its first lines of standard output or error up to one that holds `sign`.
    pub(crate) fn start(mut command: Command, sign: &str, on_stdout: bool) -> (Self, String) {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut text = String::new();
        let stream: Box<dyn std::io::Read + Send> =
            if on_stdout { Box::new(child.stdout.take().unwrap()) } else { Box::new(child.stderr.take().unwrap()) };
        let mut lines = BufReader::new(stream);
        loop {
            let before = text.len();
            if lines.read_line(&mut text).unwrap() == 0 {
                panic!("ended early: {text}");
            }
            if text[before..].contains(sign) {
                break;
            }
        }
        // What is said later must not block it.
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        (Self(child), text)
    }

    /// Sends it Ctrl-C and gives its exit code.
    pub(crate) fn interrupt(mut self) -> i32 {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        self.0.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// One HTTP/1.1 exchange, as text.
pub(crate) fn http(address: &str, request: &str, body: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    write!(stream, "{request}host: {address}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).unwrap();
    let mut reply = String::new();
    std::io::Read::read_to_string(&mut stream, &mut reply).unwrap();
    reply
}

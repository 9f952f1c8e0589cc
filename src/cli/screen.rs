//! What people see: answers on standard output, the rest on standard error.

use std::io::{self, IsTerminal, Write};

use super::Exit;
use super::args::{Global, Output};
use crate::diagnostic::{self, Diagnostic, Severity, Sources};

/// Most diagnostics that are drawn with a frame; the others are counted, or with `-v` given a line each.
const MOST_FRAMES: usize = 50;

/// How to speak.
pub(super) struct Screen {
    quiet: bool,
    pub(super) verbose: bool,
    pub(super) json: bool,
    colour: bool,
}

impl Screen {
    pub(super) fn new(global: &Global) -> Self {
        let allowed = !global.no_color && crate::config::variable("NO_COLOR").is_none_or(|v| v.reveal().is_empty());
        Self {
            quiet: global.quiet,
            verbose: global.verbose,
            json: global.output == Output::Json,
            colour: allowed && io::stderr().is_terminal(),
        }
    }

    /// Colour on standard output.
    pub(super) fn paint(&self, code: &str, text: &str) -> String {
        if self.colour && io::stdout().is_terminal() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// An answer. Whoever closes the pipe has seen enough.
    pub(super) fn answer(&self, bytes: &[u8]) -> Exit {
        let mut out = io::stdout().lock();
        let newline: &[u8] = if bytes.ends_with(b"\n") { b"" } else { b"\n" };
        match out.write_all(bytes).and_then(|()| out.write_all(newline)).and_then(|()| out.flush()) {
            Ok(()) => Exit::Fine,
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Exit::Fine,
            Err(e) => {
                self.error(&format!("the answer cannot be written: {e}"));
                Exit::Problem
            }
        }
    }

    /// A sentence beside the answer; not with `-q`.
    pub(super) fn say(&self, text: &str) {
        if !self.quiet {
            self.to_stderr(text.as_bytes());
        }
    }

    /// An error.
    pub(super) fn error(&self, text: &str) {
        self.to_stderr(format!("error: {text}").as_bytes());
    }

    /// Wrong usage.
    pub(super) fn usage(&self, text: &str) -> Exit {
        self.error(text);
        Exit::Usage
    }

    /// Bytes to standard error, with a newline at the end.
    pub(super) fn to_stderr(&self, bytes: &[u8]) {
        let mut out = io::stderr().lock();
        let newline: &[u8] = if bytes.ends_with(b"\n") { b"" } else { b"\n" };
        // There is nobody left to tell where this fails.
        let _closed = out.write_all(bytes).and_then(|()| out.write_all(newline));
    }

    /// Diagnostics with code frames; with `-q` errors only.
    pub(super) fn diagnostics(&self, diagnostics: &[Diagnostic], sources: &Sources) {
        let shown: Vec<Diagnostic> = diagnostics.iter().filter(|d| !self.quiet || d.severity == Severity::Error).cloned().collect();
        let (framed, rest) = shown.split_at(shown.len().min(MOST_FRAMES));
        if shown.is_empty() {
            return;
        }
        let left_out = if self.verbose { 0 } else { rest.len() };
        self.to_stderr(diagnostic::text(framed, left_out, sources, self.colour).as_bytes());
        if self.verbose {
            for diagnostic in rest {
                self.to_stderr(diagnostic.line(sources).as_bytes());
            }
        }
    }

    /// `2 errors, 1 warning`; empty where there is nothing.
    pub(super) fn count(diagnostics: &[Diagnostic]) -> String {
        let of = |severity| diagnostics.iter().filter(|d| d.severity == severity).count();
        let words = [(of(Severity::Error), "error"), (of(Severity::Warning), "warning"), (of(Severity::Note), "note")];
        let parts: Vec<String> =
            words.iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}{}", if *n == 1 { "" } else { "s" })).collect();
        parts.join(", ")
    }
}

impl Screen {
    /// Runs what may take long and says so on a terminal after a second.
    pub(super) fn progress<T>(&self, doing: &str, work: impl FnOnce() -> T) -> T {
        if self.quiet || !io::stderr().is_terminal() {
            return work();
        }
        let (done, waiting) = std::sync::mpsc::channel::<()>();
        let text = format!("{doing} …\r");
        let clear = format!("{}\r", " ".repeat(text.chars().count()));
        let teller = std::thread::spawn(move || {
            if waiting.recv_timeout(std::time::Duration::from_secs(1)).is_err_and(|e| e == std::sync::mpsc::RecvTimeoutError::Timeout) {
                let _closed = io::stderr().write_all(text.as_bytes());
                let _ended = waiting.recv();
                let _closed = io::stderr().write_all(clear.as_bytes());
            }
        });
        let result = work();
        drop(done);
        let _ended = teller.join();
        result
    }
}

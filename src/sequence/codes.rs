//! The diagnostics of sequences.

use crate::diagnostic::Code;

/// A file that is no sequence.
pub static BAD_SEQUENCE: Code = Code {
    id: "sequence.bad-file",
    title: "a sequence file cannot be read",
    help: "A sequence file has the keys `version`, `request`, `response` and `fault`; each path is a list of steps, and a step is one key, its verb, \
           with its settings below it. Unknown verbs and settings are refused, so that a slip of the pen is not ignored.",
};

/// A path without its conversion.
pub static BAD_PATH: Code = Code {
    id: "sequence.bad-path",
    title: "a path does not convert its message once",
    help: "The request path ends with `to_soap`, the response path begins with `to_json`, the fault path ends with `to_problem`, each exactly once: \
           without it there is nothing to send on, and a second one would find nothing to convert.",
};

/// All codes of this room.
pub static ALL: &[&Code] = &[&BAD_SEQUENCE, &BAD_PATH];

//! The one integration binary: every test that looks at Castile from outside.
//!
//! `cargo test` alone passes. What needs a program or a folder that is not there is skipped by name, see [`support::skip`];
//! `tests/run.sh` installs what is missing, runs everything and lists what was skipped.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "tests read the environment, wait and parse by themselves")]
#![allow(clippy::print_stdout, reason = "what a test measured is shown where its output is")]
#![allow(unreachable_pub, reason = "a test binary has no outside")]
#![allow(clippy::let_underscore_must_use, reason = "what a test tidies away may be gone already")]

mod support;

mod admin;
mod alarms;
mod architecture;
mod catalog;
mod cli;
mod clients;
mod constructs;
mod corpus;
mod decode;
mod diagnostics;
mod fidelity;
mod gateway;
mod interop;
mod json;
mod load;
mod migrate;
mod mock;
mod net;
mod nodes;
mod oauth;
mod openapi;
mod portal;
mod properties;
mod prove;
mod resolve;
mod sample;
mod sequences;
mod source;
mod stores;
mod throttle;
mod update;
mod xml;

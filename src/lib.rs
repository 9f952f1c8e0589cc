//! Castile imports a WSDL and publishes it as an API: REST/JSON generated from the schemas, the raw SOAP
//! endpoint beside it.
//!
//! Data goes one way. *Import is a compiler, the gateway is its machine*: documents are parsed into the
//! specifications' own models ([`schema`], [`wsdl`]), described as an artefact that people edit ([`api`]),
//! compiled to a program of instructions ([`plan`]), and only programs are executed ([`mediate`]).
//! The modules below stand in that order; `tests/architecture.rs` holds who may use whom.

// Floor 0: open to all.
pub mod diagnostic;
pub mod json;
pub mod net;
pub mod xml;
mod yaml;

// Import time: cold, tolerant, rich in diagnostics.
pub mod schema;
pub mod wsdl;

// The artefact that people edit.
pub mod api;

// The border between the two times.
pub mod plan;

// Call time: hot, total, bounded.
pub mod mediate;

// What people make of messages on their way.
pub mod sequence;

// What people and machines read about an API.
pub mod openapi;
pub mod sample;

// Who may call, and how often.
pub mod auth;
pub mod throttle;

// The evidence that a mapping loses nothing.
pub mod prove;

// What is kept, and what the gateway knows of it.
pub mod catalog;
pub mod handout;
pub mod import;
pub mod manage;
pub mod mock;
pub mod store;

// The edges' own: settings, what callers read, what operators read.
pub mod alarm;
pub mod config;
pub mod problem;
pub mod telemetry;

// Serving.
pub mod gateway;
pub mod oauth;
pub mod publish;

// What operators and people use.
pub mod admin;
pub mod migrate;
pub mod portal;
// The command line, above all.
pub mod cli;

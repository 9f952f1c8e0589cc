//! The compiled mediation of an API: a [`Program`] of instructions that `mediate` executes.
//!
//! Comes in (in `plan::compile`, the only part that knows them): `Definitions`, `SchemaSet`, `ApiDefinition`. Goes out: a
//! `Program`, immutable. Everything that the mapping contract decides at import is decided here; nothing is guessed from a message.

pub mod asks;
pub mod compare;
pub mod compile;
mod explain;
pub mod files;
mod names;
pub mod node;
mod operation;
pub mod scalar;

pub use explain::explain;
pub use node::Program;

//! WSDL 1.1: documents → [`Definitions`], every reference resolved.
//!
//! Comes in: a WSDL document and what it imports. Goes out: services, ports, bindings, port types, messages, with the
//! [`SchemaSet`](crate::schema::SchemaSet) of their types, and diagnostics. Must not know: JSON, resources.
//! Specification: WSDL 1.1 (W3C note of 15 March 2001), WS-I Basic Profile 1.1.

pub mod codes;
pub mod documents;
pub mod model;
mod parse;
pub mod policy;
pub mod resolve;
pub mod source;

pub use documents::Documents;
pub use model::Definitions;

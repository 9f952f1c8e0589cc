//! XML Schema 1.0: documents → [`SchemaSet`], the component model of part 1, with every reference resolved.
//!
//! Comes in: checked schema documents. Goes out: components in an arena with typed ids, and diagnostics.
//! Must not know: WSDL, JSON. Specifications: XML Schema part 1 (structures) and part 2 (datatypes), second edition.

mod builtin;
pub mod codes;
pub mod links;
pub mod model;
mod parse;
pub mod resolve;
pub mod standard;

pub use model::SchemaSet;
pub(crate) use parse::{join, prefix_scope, start_tag, text_of};

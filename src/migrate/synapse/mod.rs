//! Sequences of Synapse, mediator by mediator, → steps of Castile; what has no counterpart is told at its place, and a comment stands there.

mod answers;
mod branches;
mod convert;
mod enrich;
mod envelope;
mod expr;
mod headers;
mod json;
mod jsonpath;
mod library;
mod moves;
mod payload;
mod policies;
mod reply;
mod scope;
mod steps;
mod text;
mod xpath;

pub(super) use convert::{Asked, Converted, convert};
pub(super) use library::Library;
pub(super) use reply::properties;

use crate::plan::Program;

/// The operation with that SOAPAction.
pub(super) fn by_action(program: &Program, action: &str) -> Option<usize> {
    let action = action.trim_matches('"');
    program.operations.iter().position(|o| !action.is_empty() && o.soap_action.as_deref() == Some(action))
}

/// The pointer to a property of a message.
pub(super) fn pointer_to(name: &str) -> String {
    expr::pointer(&[name.to_owned()])
}

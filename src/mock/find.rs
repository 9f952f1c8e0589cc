//! Which operation a request is for.

use crate::catalog::{BodyChild, PublishedApi, RawOperation};
use crate::mediate::Peeked;

/// Why no operation was found, in words for the caller.
pub(super) enum NotFound {
    /// None has this body.
    Body,
    /// One has the body, but not this action.
    Action(String),
    /// Several have body and action.
    Several(Vec<String>),
}

/// The operation of a request: by the first child of its Body; an action that is given must belong to it, and decides between
/// several.
pub(super) fn find<'a>(api: &'a PublishedApi, peeked: &Peeked, soap_action: Option<&str>) -> Result<&'a RawOperation, NotFound> {
    let of_version = api.raw_operations.iter().filter(|o| o.version == peeked.version);
    let by_body: Vec<&RawOperation> = of_version.filter(|o| has_body(o, peeked)).collect();
    if by_body.is_empty() {
        return Err(NotFound::Body);
    }
    let action = soap_action.filter(|a| !a.is_empty()).or(peeked.wsa_action.as_deref().filter(|a| !a.is_empty()));
    let Some(action) = action else { return only(&by_body) };
    let is_known = api.raw_operations.iter().any(|o| o.has_action(action));
    let by_action: Vec<&RawOperation> = by_body.into_iter().filter(|o| has_action(o, action, is_known)).collect();
    if by_action.is_empty() { Err(NotFound::Action(action.to_owned())) } else { only(&by_action) }
}

fn has_body(operation: &RawOperation, peeked: &Peeked) -> bool {
    match (&operation.body, &peeked.body) {
        (BodyChild::Unknown, _) | (BodyChild::Empty, None) => true,
        (BodyChild::Elements(names), Some(name)) => names.contains(name),
        (BodyChild::Empty, Some(_)) | (BodyChild::Elements(_), None) => false,
    }
}

/// An operation that states no action takes one that is no other's.
fn has_action(operation: &RawOperation, action: &str, is_known: bool) -> bool {
    operation.has_action(action) || (!is_known && operation.stated_actions().next().is_none())
}

/// One operation at several ports is one.
fn only<'a>(found: &[&'a RawOperation]) -> Result<&'a RawOperation, NotFound> {
    let mut names: Vec<&str> = Vec::new();
    for operation in found {
        if !names.contains(&&*operation.name) {
            names.push(&operation.name);
        }
    }
    match found.first() {
        Some(first) if names.len() == 1 => Ok(first),
        _ => Err(NotFound::Several(names.into_iter().map(str::to_owned).collect())),
    }
}

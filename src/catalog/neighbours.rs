//! Operations of other APIs that the sequences of one call. Each API is compiled by itself; once all are known, what is called is looked for.

use std::collections::HashSet;
use std::sync::Arc;

use super::PublishedApi;
use crate::diagnostic::{Diagnostic, Severity, Span, nearest};
use crate::sequence::{CalledOperation, codes};

/// What the sequences of an API call of other APIs: the API's name, the operation's, and where, each place once.
pub fn calls_of_others(api: &PublishedApi) -> Vec<(&str, &str, Span)> {
    let mut seen = HashSet::new();
    let paths = api.resources.iter().flat_map(|resource| resource.sequence.paths());
    let other = |called: &CalledOperation| called.api.as_deref().is_some_and(|name| *name != *api.name);
    // A file that stands for several resources is looked at once.
    let calls = paths.flat_map(|path| path.calls()).filter(|called| other(called) && seen.insert(called.span));
    calls.filter_map(|called| Some((called.api.as_deref()?, &*called.operation, called.span))).collect()
}

/// Which of them are not there, as [`missing_callee`] says it, at the places of the texts that `api` was compiled from.
pub fn missing_callees(api: &PublishedApi, all: &[Arc<PublishedApi>]) -> Vec<Diagnostic> {
    let calls = calls_of_others(api).into_iter();
    calls.filter_map(|(name, operation, span)| Some(missing_callee(&api.tenant, name, operation, all)?.at(span))).collect()
}

/// What is wrong with the call of an operation of an API of that tenant. An operation that the API does not have is an error. An API that is not there is a
/// warning: it may be published later.
pub fn missing_callee(tenant: &str, name: &str, operation: &str, all: &[Arc<PublishedApi>]) -> Option<Diagnostic> {
    let near = |said: Option<&str>| said.map(|near| format!("did you mean `{near}`?"));
    let of_tenant = || all.iter().filter(|other| *other.tenant == *tenant);
    let Some(other) = of_tenant().find(|other| *other.name == *name) else {
        let text = format!("there is no API `{}` to call", name.escape_debug());
        let hint = near(nearest(name, of_tenant().map(|other| &*other.name)));
        return Some(Diagnostic { hint, ..Diagnostic::new(Severity::Warning, &codes::UNFIT, text) });
    };
    if other.callee(operation).is_some() {
        return None;
    }
    let text = format!("the API `{name}` has no operation `{}` that can be called", operation.escape_debug());
    let hint = near(nearest(operation, other.program.operations.iter().map(|plan| &*plan.name)));
    Some(Diagnostic { hint, ..Diagnostic::error(&codes::UNFIT, text) })
}

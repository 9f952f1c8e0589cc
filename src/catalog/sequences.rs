//! The sequences that resources name, each bound to its resource.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::parameters::properties;
use super::{ParameterLocation, PublishedApi, PublishedResource};
use crate::api::{ApiDefinition, Resource};
use crate::diagnostic::{Diagnostic, SourceId, Sources, Span, nearest};
use crate::openapi::Messages;
use crate::plan::node::OperationPlan;
use crate::sequence::{CalledOperation, Sequence, codes};
use crate::store::Content;

/// The paths of the sequences that a definition names, each once.
pub(super) fn named(definition: &ApiDefinition) -> impl Iterator<Item = &str> {
    let paths: BTreeSet<&str> = definition.resources.iter().filter_map(|r| r.sequence.as_deref()).collect();
    paths.into_iter()
}

/// Reads every sequence that the definition names and gives it to its resources. Their texts join the sources.
pub(super) fn bind(
    mut api: Option<&mut PublishedApi>,
    definition: &ApiDefinition,
    content: &Content,
    sources: &mut Sources,
) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let folder = content.definition.name.rsplit_once('/').map_or("", |(folder, _)| folder);
    for path in named(definition) {
        let users: Vec<&Resource> = definition.resources.iter().filter(|r| r.sequence.as_deref() == Some(path)).collect();
        let is_it = |name: &str| name.strip_prefix(folder).is_some_and(|rest| rest.trim_start_matches('/') == path);
        let Some(stored) = content.sequences.iter().find(|s| is_it(&s.name)) else {
            let message = format!("the sequence `{path}` is not there");
            diagnostics.extend(users.iter().map(|r| at(r, Diagnostic::error(&codes::MISSING_FILE, message.clone()))));
            continue;
        };
        let source = sources.add(stored.name.clone(), stored.text.clone());
        let files = templates(content, folder, &stored.text, sources);
        let file = |path: &str| files.get(path).cloned();
        match Sequence::parse_with(source, &stored.text, &file) {
            Ok(sequence) => {
                let sequence = Arc::new(sequence);
                diagnostics.extend(users.iter().flat_map(|resource| path_parameters(resource, &sequence)));
                if let Some(api) = api.as_deref_mut() {
                    diagnostics.extend(users.iter().flat_map(|resource| give(api, resource, &sequence)));
                    diagnostics.extend(calls(api, &sequence));
                    diagnostics.extend(fit(api, &users, &sequence));
                }
            }
            Err(found) => diagnostics.extend(found),
        }
    }
    diagnostics
}

/// The templates that a sequence names, among the sources.
fn templates(content: &Content, folder: &str, text: &str, sources: &mut Sources) -> BTreeMap<String, (SourceId, Arc<str>)> {
    let mut found = BTreeMap::new();
    for path in Sequence::files(text) {
        let is_it = |name: &str| name.strip_prefix(folder).is_some_and(|rest| rest.trim_start_matches('/') == path);
        if let Some(stored) = content.sequences.iter().find(|s| is_it(&s.name)) {
            let id = sources.add(stored.name.clone(), stored.text.clone());
            found.insert(path, (id, stored.text.clone()));
        }
    }
    found
}

/// The paths of the templates that sequences name, each once. Those that lead out of the folder are none.
pub(super) fn templates_of<'t>(texts: impl IntoIterator<Item = &'t str>) -> BTreeSet<String> {
    texts.into_iter().flat_map(Sequence::files).filter(|path| super::is_inside(path)).collect()
}

fn at(resource: &Resource, diagnostic: Diagnostic) -> Diagnostic {
    Diagnostic { span: resource.span, ..diagnostic }
}

/// The path parameters that a sequence reads are the resource's.
fn path_parameters(resource: &Resource, sequence: &Sequence) -> Vec<Diagnostic> {
    let known: Vec<&str> = resource.path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}')).collect();
    let read = sequence.paths().into_iter().flat_map(|p| p.path_parameters());
    let unknown = read.filter(|(name, _)| !known.contains(name));
    unknown
        .map(|(name, span)| {
            let text = format!("the path {} has no parameter `{}`", resource.path, name.escape_debug());
            Diagnostic { hint: near(name, &known), ..Diagnostic::error(&codes::NO_NAME, text).at(span) }
        })
        .collect()
}

fn near(name: &str, known: &[&str]) -> Option<String> {
    nearest(name, known.iter().copied()).map(|n| format!("did you mean `{n}`?"))
}

/// The operations of this API that a sequence calls are there, and their replies have what is read of them. Those of other APIs are looked for once all
/// are known.
fn calls(api: &PublishedApi, sequence: &Sequence) -> Vec<Diagnostic> {
    let all: Vec<_> = sequence.paths().into_iter().flat_map(|p| p.calls()).collect();
    let is_own = |called: &CalledOperation| called.api.as_deref().is_none_or(|a| *a == *api.name);
    let mut found = Vec::new();
    for called in all.iter().filter(|called| is_own(called)) {
        let Some(callee) = api.callee(&called.operation) else {
            let text = format!("the API has no operation `{}` that can be called", called.operation.escape_debug());
            let names = api.program.operations.iter().map(|p| &*p.name);
            let hint = nearest(&called.operation, names).map(|n| format!("did you mean `{n}`?"));
            found.push(Diagnostic { hint, ..Diagnostic::error(&codes::UNFIT, text).at(called.span) });
            continue;
        };
        // Of calls with one name it is not known which was made.
        let is_only = all.iter().filter(|other| other.name == called.name).count() == 1;
        if let Some(plan) = api.program.operations.get(callee.operation).filter(|_| is_only) {
            let mut messages = Messages::of(&api.program, plan);
            if let Some(schema) = messages.response(None) {
                let what = format!("the reply of operation {}", plan.name);
                found.extend(sequence.reads_of_reply(&called.name, &schema, messages.definitions(), &what));
            }
        }
    }
    found
}

fn give(api: &mut PublishedApi, resource: &Resource, sequence: &Arc<Sequence>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let program = api.program.clone();
    for made in api.resources.iter_mut().filter(|r| is_made_of(r, resource)) {
        if let Some(name) = &sequence.unwrap {
            let output = program.operations.get(made.operation).and_then(|p| p.output.as_ref());
            let known = output.map(|m| properties(&program, m)).unwrap_or_default();
            if !known.iter().any(|k| **k == **name) {
                let text = format!("the reply of operation `{}` has no property `{name}` to unwrap", resource.operation);
                let hint = nearest(name, known.iter().map(|k| &**k)).map(|n| format!("did you mean `{n}`?"));
                diagnostics.push(at(resource, Diagnostic { hint, ..Diagnostic::error(&codes::UNFIT, text) }));
            }
            made.unwrap = Some(Arc::from(&**name));
        }
        if made.cache.is_some() && !sequence.is_plain() {
            let text = "answers that a sequence makes are not kept";
            diagnostics.push(at(resource, Diagnostic::error(&codes::UNFIT, text).hint("write `cache: none` below the resource")));
        }
        made.sequence = sequence.clone();
    }
    diagnostics
}

fn is_made_of(made: &PublishedResource, resource: &Resource) -> bool {
    made.method == resource.method && *made.path == *resource.path
}

/// Compares a sequence with the messages of the operations that it stands for, and with what their resources take.
fn fit(api: &PublishedApi, users: &[&Resource], sequence: &Sequence) -> Vec<Diagnostic> {
    let bound: Vec<(&PublishedResource, &OperationPlan)> = users
        .iter()
        .filter_map(|user| {
            let made = api.resources.iter().find(|made| is_made_of(made, user))?;
            Some((made, api.plan(made)?))
        })
        .collect();
    let mut diagnostics = names(&bound, sequence);
    let mut requests: Vec<Diagnostic> = Vec::new();
    let mut replies: Vec<(Diagnostic, usize)> = Vec::new();
    let mut seen: Vec<usize> = Vec::new();
    for (made, plan) in &bound {
        if seen.contains(&made.operation) {
            continue;
        }
        seen.push(made.operation);
        let mut messages = Messages::of(&api.program, plan);
        if sequence.request.use_body() {
            let (schema, what) = (messages.request(), format!("the request of operation {}", plan.name));
            let (_, found) = sequence.request.before(schema, messages.definitions(), &what);
            for one in found {
                if !requests.iter().any(|known| same(known, &one)) {
                    requests.push(one);
                }
            }
        }
        let mut all = Vec::new();
        if sequence.response.use_body()
            && let Some(schema) = messages.response(made.unwrap.as_deref())
        {
            let what = format!("the reply of operation {}", plan.name);
            all.extend(sequence.response.behind(schema, messages.definitions(), &what).1);
        }
        if sequence.fault.use_body() {
            let (schema, what) = (messages.fault(), format!("a fault of operation {}", plan.name));
            all.extend(sequence.fault.behind(schema, messages.definitions(), &what).1);
        }
        for one in all {
            match replies.iter_mut().find(|(known, _)| same(known, &one)) {
                Some((_, count)) => *count += 1,
                None => replies.push((one, 1)),
            }
        }
    }
    diagnostics.extend(requests);
    // A step leaves alone what a reply does not have, so it is wrong only where no reply has it.
    diagnostics.extend(replies.into_iter().filter(|(_, count)| *count >= seen.len()).map(|(one, _)| one));
    diagnostics
}

fn same(a: &Diagnostic, b: &Diagnostic) -> bool {
    (a.span, a.code.id) == (b.span, b.code.id)
}

/// The query parameters and faults that a sequence asks for: those of any of its resources.
fn names(bound: &[(&PublishedResource, &OperationPlan)], sequence: &Sequence) -> Vec<Diagnostic> {
    let parameters = bound.iter().flat_map(|(made, _)| made.parameters.iter());
    let query: BTreeSet<&str> = parameters.filter(|p| p.location == ParameterLocation::Query).map(|p| &*p.name).collect();
    let faults: BTreeSet<&str> = bound.iter().flat_map(|(_, plan)| plan.faults.iter().map(|f| &*f.name)).collect();
    let (query, faults): (Vec<_>, Vec<_>) = (query.into_iter().collect(), faults.into_iter().collect());
    if bound.is_empty() {
        return Vec::new();
    }
    let unknown = |what: &str, name: &str, known: &[&str], span: Span| {
        let diagnostic = Diagnostic::error(&codes::NO_NAME, format!("{what} `{}`", name.escape_debug())).at(span);
        let expected = if known.is_empty() { String::from("none: none is declared") } else { format!("one of {}", known.join(", ")) };
        Diagnostic { hint: near(name, known), ..diagnostic.expected(expected) }
    };
    let mut found = Vec::new();
    for (name, span) in sequence.paths().into_iter().flat_map(|p| p.query_parameters()) {
        if !query.contains(&name) {
            found.push(unknown("the resource has no query parameter", name, &query, span));
        }
    }
    for (name, span) in sequence.paths().into_iter().flat_map(|p| p.fault_names()) {
        if !faults.contains(&name) {
            found.push(unknown("no operation of this sequence declares a fault", name, &faults, span));
        }
    }
    found
}

//! The sequences that resources name, each bound to its resource.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::PublishedApi;
use super::parameters::properties;
use crate::api::{ApiDefinition, Resource};
use crate::diagnostic::{Diagnostic, Sources, nearest};
use crate::sequence::{Sequence, codes};
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
        let users = || definition.resources.iter().filter(|r| r.sequence.as_deref() == Some(path));
        let is_it = |name: &str| name.strip_prefix(folder).is_some_and(|rest| rest.trim_start_matches('/') == path);
        let Some(stored) = content.sequences.iter().find(|s| is_it(&s.name)) else {
            let message = format!("the sequence `{path}` is not there");
            diagnostics.extend(users().map(|r| at(r, Diagnostic::error(&codes::MISSING_FILE, message.clone()))));
            continue;
        };
        let source = sources.add(stored.name.clone(), stored.text.clone());
        match Sequence::parse(source, &stored.text) {
            Ok(sequence) => {
                let sequence = Arc::new(sequence);
                for resource in users() {
                    diagnostics.extend(parameters(resource, &sequence));
                    if let Some(api) = api.as_deref_mut() {
                        diagnostics.extend(give(api, resource, &sequence));
                    }
                }
            }
            Err(found) => diagnostics.extend(found),
        }
    }
    diagnostics
}

fn at(resource: &Resource, diagnostic: Diagnostic) -> Diagnostic {
    Diagnostic { span: resource.span, ..diagnostic }
}

/// The path parameters that a sequence reads are the resource's.
fn parameters(resource: &Resource, sequence: &Sequence) -> Vec<Diagnostic> {
    let known: Vec<&str> = resource.path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}')).collect();
    let read = sequence.paths().into_iter().flat_map(|p| p.path_parameters());
    let unknown = read.filter(|(name, _)| !known.contains(name));
    unknown
        .map(|(name, span)| {
            let text = format!("the path {} has no parameter `{}`", resource.path, name.escape_debug());
            let hint = nearest(name, known.iter().copied()).map(|n| format!("did you mean `{n}`?"));
            Diagnostic { hint, ..Diagnostic::error(&codes::UNFIT, text).at(span) }
        })
        .collect()
}

fn give(api: &mut PublishedApi, resource: &Resource, sequence: &Arc<Sequence>) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let program = api.program.clone();
    for made in api.resources.iter_mut().filter(|r| r.method == resource.method && *r.path == *resource.path) {
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

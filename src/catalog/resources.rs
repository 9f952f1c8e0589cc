//! Resources of the definition and derived ones → [`PublishedResource`]s, each bound to one compiled operation.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::parameters::{at_pointer, header_fields, inputs, properties};
use super::{Parameter, ParameterLocation, PublishedResource, Rules, Wire};
use crate::api::{ApiDefinition, Derivation, Method, Resource, codes, effective_resources};
use crate::diagnostic::{Diagnostic, Severity, nearest};
use crate::plan::Program;
use crate::plan::asks::Mtom;
use crate::plan::node::{Body, OperationPlan, Pattern, SoapVersion};

/// What resources are bound to.
pub(super) struct Targets<'a> {
    pub(super) definition: &'a ApiDefinition,
    pub(super) rules: &'a Rules,
    pub(super) program: &'a Program,
}

/// Publishes what can be, and says why the rest cannot.
pub(super) fn publish(targets: &Targets<'_>, derivation: &Derivation, diagnostics: &mut Vec<Diagnostic>) -> Vec<PublishedResource> {
    let mut published = Vec::new();
    let mut bound: Vec<(Resource, usize)> = Vec::new();
    let mut taken: BTreeSet<(Method, String)> = BTreeSet::new();
    for resource in effective_resources(targets.definition, derivation) {
        let explicit = targets.definition.resources.iter().any(|r| r.span == resource.span && r.path == resource.path);
        let shape: Vec<&str> = resource.path.split('/').map(|s| if s.starts_with('{') { "{}" } else { s }).collect();
        if !taken.insert((resource.method, shape.join("/"))) {
            let text = format!("{} {} stands twice", resource.method.as_str(), resource.path);
            diagnostics.push(at(&resource, Diagnostic::error(&codes::DUPLICATE_RESOURCE, text)));
            continue;
        }
        match targets.find(&resource) {
            Some(index) => {
                if let Some(made) = targets.bind(&resource, index, explicit, diagnostics) {
                    published.push(made);
                    bound.push((resource, index));
                }
            }
            None if explicit => diagnostics.push(targets.unknown(&resource)),
            // The compiler said why it left the operation out.
            None => {}
        }
    }
    targets.signed_attachments(&bound, diagnostics);
    published
}

fn at(resource: &Resource, diagnostic: Diagnostic) -> Diagnostic {
    Diagnostic { span: resource.span, ..diagnostic }
}

/// The first of these resources, and how many more there are.
fn named(resources: &[(&Resource, &OperationPlan)]) -> Option<String> {
    const NAMED: usize = 5;
    let names = resources.iter().take(NAMED).map(|(r, _)| format!("{} {}", r.method.as_str(), r.path));
    let names = names.collect::<Vec<_>>().join(", ");
    match resources.len() {
        0 => None,
        n if n > NAMED => Some(format!("{names} and {} more", n - NAMED)),
        _ => Some(names),
    }
}

/// MTOM of an operation's requests: as its resource says, else as the API says, else where the WSDL's policy requires it.
pub fn mtom(definition: &ApiDefinition, resource: Option<bool>, plan: &OperationPlan) -> Option<u64> {
    let settings = &definition.attachments;
    let chosen = resource.or(settings.mtom).unwrap_or(plan.asks.mtom == Mtom::Required);
    chosen.then_some(settings.mtom_over_bytes)
}

impl Targets<'_> {
    fn fits(resource: &Resource, plan: &OperationPlan) -> bool {
        *plan.name == *resource.operation
            && plan.overload == resource.overload
            && resource.port_type.as_deref().is_none_or(|p| p == &*plan.port_type)
            && resource.port.as_deref().is_none_or(|p| plan.is_at(p))
            && matches!(plan.pattern, Pattern::RequestResponse | Pattern::OneWay)
    }

    /// The operation behind a resource: at the port that is asked for, else at the preferred one, else SOAP 1.1 before 1.2, in document order.
    fn find(&self, resource: &Resource) -> Option<usize> {
        let source = &self.definition.source;
        let preferred = |p: &OperationPlan| {
            (source.service.is_some() || source.port.is_some())
                && source.service.as_deref().is_none_or(|s| p.service.as_deref() == Some(s))
                && source.port.as_deref().is_none_or(|s| p.port.as_deref() == Some(s))
        };
        let candidates = self.program.operations.iter().enumerate().filter(|(_, p)| Self::fits(resource, p));
        candidates.min_by_key(|(i, p)| (!preferred(p), p.port.is_none(), p.version != SoapVersion::Soap11, *i)).map(|(i, _)| i)
    }

    fn unknown(&self, resource: &Resource) -> Diagnostic {
        let names = || self.program.operations.iter().map(|p| &*p.name);
        let diagnostic = if names().any(|n| n == resource.operation) {
            let text = format!("operation `{}` has no such port type, port or overload", resource.operation);
            Diagnostic::error(&codes::UNKNOWN_OPERATION, text)
        } else {
            let text = format!("the WSDL has no operation `{}` that can be mapped", resource.operation);
            let hint = nearest(&resource.operation, names()).map(|n| format!("did you mean `{n}`?"));
            Diagnostic { hint, ..Diagnostic::error(&codes::UNKNOWN_OPERATION, text) }
        };
        at(resource, diagnostic)
    }

    fn bind(&self, resource: &Resource, index: usize, explicit: bool, diagnostics: &mut Vec<Diagnostic>) -> Option<PublishedResource> {
        let plan = self.program.operations.get(index)?;
        let before = diagnostics.len();
        let mut parameters = self.path_parameters(resource, plan, diagnostics);
        self.query_parameters(resource, plan, explicit, &mut parameters, diagnostics)?;
        if let Some(name) = &resource.unwrap {
            let known = plan.output.as_ref().map(|m| properties(self.program, m)).unwrap_or_default();
            if !known.iter().any(|k| **k == **name) {
                let text = format!("the reply of operation `{}` has no property `{name}` to unwrap", plan.name);
                let hint = nearest(name, known.iter().map(|k| &**k)).map(|n| format!("did you mean `{n}`?"));
                diagnostics.push(at(resource, Diagnostic { hint, ..Diagnostic::error(&codes::UNKNOWN_PROPERTY, text) }));
            }
        }
        for fault in resource.faults.keys() {
            if !plan.faults.iter().any(|f| *f.name == **fault) {
                let text = format!("operation `{}` declares no fault `{fault}`", plan.name);
                let hint = nearest(fault, plan.faults.iter().map(|f| &*f.name)).map(|n| format!("did you mean `{n}`?"));
                diagnostics.push(at(resource, Diagnostic { hint, ..Diagnostic::error(&codes::UNKNOWN_FAULT, text) }));
            }
        }
        if diagnostics.len() > before && diagnostics.iter().skip(before).any(|d| d.severity == Severity::Error) {
            return None;
        }
        let url = self.definition.endpoint.url.as_deref().or(plan.address.as_deref()).unwrap_or_default();
        let rules = self.rules.of_resource(resource, diagnostics);
        Some(PublishedResource {
            sequence: crate::sequence::Sequence::shipped(),
            method: resource.method,
            path: resource.path.as_str().into(),
            operation: index,
            url: url.into(),
            parameters,
            body: resource.method != Method::Get,
            files: resource.method != Method::Get && !self.program.file_places(&plan.input).is_empty(),
            mtom: mtom(self.definition, resource.mtom, plan),
            unwrap: resource.unwrap.as_deref().map(Arc::from),
            wire: Wire::default(),
            cache: resource.cache.or(self.definition.cache).filter(|c| resource.method == Method::Get && resource.safe && !c.ttl.is_zero()),
            rules,
        })
    }

    /// A signature covers an envelope, not what travels beside it: says which resources always send more than that, and which may.
    fn signed_attachments(&self, bound: &[(Resource, usize)], diagnostics: &mut Vec<Diagnostic>) {
        let wss = self.definition.endpoint.auth.as_ref().and_then(|a| a.wss.as_ref());
        if wss.is_none_or(|w| w.signature.is_none()) {
            return;
        }
        let plans = bound.iter().filter_map(|(resource, index)| Some((resource, self.program.operations.get(*index)?)));
        let (packages, others): (Vec<_>, Vec<_>) = plans.partition(|(r, plan)| mtom(self.definition, r.mtom, plan).is_some());
        let others: Vec<_> = others.into_iter().filter(|(_, plan)| self.program.takes_attachments(&plan.input)).collect();
        if let Some(((first, _), named)) = packages.first().zip(named(&packages)) {
            let text = format!("messages with attachments are not signed, and MTOM makes every request one: {named}");
            let hint =
                "`mtom: false`, for the API or below the resource, sends binary values in the envelope, where the signature covers them";
            diagnostics.push(at(first, Diagnostic::error(&codes::SIGNED_ATTACHMENTS, text).hint(hint)));
        }
        if let Some(((first, _), named)) = others.first().zip(named(&others)) {
            let text = format!("messages with attachments are not signed: calls that give one are refused: {named}");
            diagnostics.push(at(first, Diagnostic::new(Severity::Warning, &codes::SIGNED_ATTACHMENTS, text)));
        }
    }

    fn path_parameters(&self, resource: &Resource, plan: &OperationPlan, diagnostics: &mut Vec<Diagnostic>) -> Vec<Parameter> {
        let names = resource.path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}'));
        let mut parameters = Vec::new();
        for name in names {
            let pointer = resource.path_parameters.get(name).cloned().unwrap_or_else(|| format!("/{name}"));
            parameters.extend(self.parameter(resource, plan, ParameterLocation::Path, name, &pointer, diagnostics));
        }
        for name in resource.path_parameters.keys() {
            if !resource.path.split('/').any(|s| s.strip_prefix('{').and_then(|s| s.strip_suffix('}')) == Some(name)) {
                let text = format!("`{name}` is no parameter of the path {}", resource.path);
                diagnostics.push(at(resource, Diagnostic::error(&codes::UNKNOWN_PROPERTY, text)));
            }
        }
        parameters
    }

    fn parameter(
        &self,
        resource: &Resource,
        plan: &OperationPlan,
        location: ParameterLocation,
        name: &str,
        pointer: &str,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Parameter> {
        match at_pointer(self.program, &plan.input, pointer) {
            Ok((kind, required)) => {
                let required = required || location == ParameterLocation::Path;
                Some(Parameter { location, name: name.into(), pointer: pointer.into(), kind, required })
            }
            Err((why, known)) => {
                let text = format!("parameter `{name}` cannot be the value at {pointer}: {why}");
                let last = pointer.rsplit('/').next().unwrap_or_default();
                let hint = nearest(last, known.iter().map(|k| &**k)).map(|n| format!("did you mean `{n}`?"));
                diagnostics.push(at(resource, Diagnostic { hint, ..Diagnostic::error(&codes::UNKNOWN_PROPERTY, text) }));
                None
            }
        }
    }

    /// Adds the query parameters: those that the resource names, and for `GET` every other simple value at the top and in header blocks. `None`
    /// where a `GET` could not carry what the operation needs.
    fn query_parameters(
        &self,
        resource: &Resource,
        plan: &OperationPlan,
        explicit: bool,
        parameters: &mut Vec<Parameter>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<()> {
        for (name, pointer) in &resource.query {
            parameters.extend(self.parameter(resource, plan, ParameterLocation::Query, name, pointer, diagnostics));
        }
        if resource.method != Method::Get {
            return Some(());
        }
        let inputs = inputs(self.program, &plan.input);
        let covered = |key: &str, list: &[Parameter]| list.iter().any(|p| p.pointer.split('/').nth(1) == Some(key));
        if let Some(name) = inputs.beyond.iter().find(|n| !covered(n, parameters)) {
            if explicit {
                let text = format!("a GET cannot carry `{name}`, which operation `{}` needs", plan.name);
                diagnostics.push(at(resource, Diagnostic::error(&codes::UNKNOWN_PROPERTY, text)));
            }
            return None;
        }
        let more: Vec<Parameter> = inputs
            .scalars
            .into_iter()
            .filter(|s| !parameters.iter().any(|p| p.pointer == s.pointer || (p.location == ParameterLocation::Query && p.name == s.name)))
            .collect();
        parameters.extend(more);
        let taken: Vec<Arc<str>> = parameters.iter().map(|p| p.pointer.clone()).collect();
        parameters.extend(header_fields(self.program, &plan.input).into_iter().filter(|f| !taken.contains(&f.pointer)));
        Some(())
    }
}

/// Operations that look safe and could be `GET`: suggestions, each with its reason.
pub(super) fn suggestions(program: &Program, published: &[PublishedResource]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for resource in published.iter().filter(|r| r.method == Method::Post) {
        let Some(plan) = program.operations.get(resource.operation) else { continue };
        let has_get = published.iter().any(|r| r.method == Method::Get && r.operation == resource.operation);
        let Some(word) = crate::api::reading_word(&plan.name) else { continue };
        let inputs = inputs(program, &plan.input);
        let is_undefined = matches!(plan.input.body, Body::Undefined { .. });
        if has_get || plan.output.is_none() || is_undefined || !inputs.beyond.is_empty() {
            continue;
        }
        let names: Vec<_> = inputs.scalars.iter().map(|p| &*p.name).collect();
        let with = if names.is_empty() { "it needs no input".to_owned() } else { format!("its inputs are simple ({})", names.join(", ")) };
        let text = format!("{} looks safe: its name begins with `{word}` and {with}", plan.name);
        let hint = format!("if it changes nothing, write `- get: {}` with `operation: {}` in api.yaml", resource.path, plan.name);
        found.push(Diagnostic::new(Severity::Note, &codes::SUGGEST_GET, text).hint(hint));
    }
    found
}

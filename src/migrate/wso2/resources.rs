//! Resources: each bound to the operation that is behind it, with its sequence.

use std::collections::BTreeSet;
use std::time::Duration;

use super::operations::Asked;
use super::{Kind, Made, MadeResource, tiers};
use crate::api::{ApiDefinition, Cache, Method, Resource, check_path};
use crate::migrate::document::At;
use crate::migrate::findings::Findings;
use crate::migrate::synapse::{self, Converted, Library};
use crate::plan::Program;
use crate::plan::node::{OperationPlan, SoapVersion};

/// Carries them. What is left out is told.
pub(super) fn carry(
    asked: &[Asked<'_>],
    kind: Kind,
    definition: &mut ApiDefinition,
    program: &Program,
    library: &mut Library,
    findings: &mut Findings,
) -> Made {
    let mut made = Made::default();
    if kind == Kind::Soap {
        passthrough(asked, definition, findings);
        return made;
    }
    let mut taken: BTreeSet<(Method, String)> = BTreeSet::new();
    for one in asked {
        let Some(path) = path(one, findings) else { continue };
        let shape: Vec<&str> = path.split('/').map(|s| if s.starts_with('{') { "{}" } else { s }).collect();
        if !taken.insert((one.method, shape.join("/"))) {
            findings.lost(Some(one.span), format!("{} {path} stands twice", one.method.as_str()));
            continue;
        }
        let binding = Binding { asked: one, path: &path, kind, program };
        if let Some((mut resource, converted)) = binding.resource(library, findings) {
            binding.access(&mut resource, findings);
            binding.sequence(&mut resource, &converted, definition, &mut made);
            made.resources.push(MadeResource {
                method: resource.method,
                path: resource.path.clone(),
                operation: resource.operation.clone(),
                span: one.span,
            });
            definition.resources.push(resource);
        }
    }
    made
}

/// SOAP as it is: what its resource asks is what the API asks.
fn passthrough(asked: &[Asked<'_>], definition: &mut ApiDefinition, findings: &mut Findings) {
    for one in asked {
        if let Some(at) = one.auth
            && at.text().is_some_and(|t| t.eq_ignore_ascii_case("none"))
        {
            definition.access.security = vec!["none".to_owned()];
        }
        definition.access.token = one.auth.and_then(token);
        if let Some(tier) = one.tier
            && let Some(rate) = tiers::limit(tier, "`limits: { api: … }`", findings)
        {
            definition.limits.api.get_or_insert(rate);
        }
        if !one.scopes.is_empty() {
            findings.lost_but(
                Some(one.span),
                format!("the scope {} is not asked for raw SOAP", one.scopes.join(", ").escape_debug()),
                "raw SOAP keeps to what the resources of the same operation ask: write them into `resources`, with `scope`",
            );
        }
    }
}

/// The kind of token that an `authType` asks for.
fn token(at: At<'_>) -> Option<String> {
    match at.text().unwrap_or_default().to_ascii_lowercase().replace('_', " ").as_str() {
        "application" => Some("application".to_owned()),
        "application user" => Some("application_user".to_owned()),
        _ => None,
    }
}

/// The path of a resource as Castile has paths.
fn path(asked: &Asked<'_>, findings: &mut Findings) -> Option<String> {
    let mut path = asked.path.split('?').next().unwrap_or_default().trim().trim_end_matches('/').to_owned();
    if !path.starts_with('/') {
        path.insert(0, '/');
    }
    if path.contains('*') {
        let text = format!("{} {path} stands for every path below it; each path is a resource of its own", asked.method.as_str());
        findings.unbound(Some(asked.span), text, "write the paths that are called into `resources`; raw SOAP is `passthrough: true`");
        return None;
    }
    if let Err(why) = check_path(&path) {
        let text = format!("{} {} {why}", asked.method.as_str(), path.escape_debug());
        findings.unbound(Some(asked.span), text, "give the resource another path");
        return None;
    }
    Some(path)
}

/// A resource and where it is looked for.
struct Binding<'b, 'd> {
    asked: &'b Asked<'d>,
    path: &'b str,
    kind: Kind,
    program: &'b Program,
}

impl Binding<'_, '_> {
    fn resource(&self, library: &mut Library, findings: &mut Findings) -> Option<(Resource, Converted)> {
        let by_name = |name: &str| self.program.operations.iter().position(|o| *o.name == *name);
        let operation = self.asked.operation.as_deref().and_then(by_name).or_else(|| self.by_action(self.asked.action.as_deref()));
        let to_convert = synapse::Asked {
            method: self.asked.method,
            template: self.path,
            program: self.program,
            operation,
            fallback: self.by_path(),
            generated: self.kind == Kind::SoapToRest,
            policies: self.asked.policies,
            span: self.asked.span,
        };
        let mut converted = synapse::convert(&to_convert, library, findings);
        let verb = self.asked.method.as_str();
        let Some(index) = converted.operation else {
            let text = match converted.answers {
                true => format!("{verb} {}: a sequence answers it, and no operation is called", self.path),
                false => format!("{verb} {}: which operation is called is not said", self.path),
            };
            findings.unbound(Some(self.asked.span), text, "write the resource into `resources` of api.yaml, with its `operation`");
            return None;
        };
        let plan = self.program.operations.get(index)?;
        let mut resource = Resource::new(self.asked.method, self.path, &*plan.name);
        resource.safe = self.asked.method == Method::Get;
        self.which(&mut resource, plan);
        let known = synapse::properties(self.program, &plan.input);
        for name in self.path.split('/').filter_map(|s| s.strip_prefix('{')?.strip_suffix('}')) {
            match converted.path_parameters.get(name) {
                Some(pointer) if *pointer == format!("/{name}") => {}
                Some(pointer) => _ = resource.path_parameters.insert(name.to_owned(), pointer.clone()),
                None if known.iter().any(|k| k == name) => {}
                None => {
                    let text = format!("{verb} {}: `{name}` goes into no element of operation `{}`", self.path, plan.name);
                    let hint = "write the resource by hand: `path_parameters` says where each parameter of a path goes";
                    findings.unbound(Some(self.asked.span), text, hint);
                    return None;
                }
            }
        }
        resource.query = std::mem::take(&mut converted.query);
        self.query(&mut resource, &converted, &known, findings);
        Some((resource, converted))
    }

    /// Query parameters that are in no payload: of a generated resource each is the element of its name.
    fn query(&self, resource: &mut Resource, converted: &Converted, known: &[String], findings: &mut Findings) {
        let by_itself = |name: &String| resource.method == Method::Get && known.contains(name);
        let mut more = Vec::new();
        for name in &self.asked.query {
            if !resource.query.contains_key(name) && !by_itself(name) && known.contains(name) {
                more.push(name.clone());
            }
        }
        for name in &converted.reads {
            if !resource.query.contains_key(name) && !by_itself(name) && !more.contains(name) {
                let text = format!("the query parameter {} goes into no element: a call with it is refused", name.escape_debug());
                findings.lost_but(Some(self.asked.span), text, "`query` of the resource says where each parameter goes");
            }
        }
        for name in more {
            let pointer = synapse::pointer_to(&name);
            resource.query.insert(name, pointer);
        }
        resource.query.retain(|name, pointer| resource.method != Method::Get || *pointer != synapse::pointer_to(name));
    }

    /// Says which of several operations of that name it is.
    fn which(&self, resource: &mut Resource, plan: &OperationPlan) {
        let others = || self.program.operations.iter().filter(|o| o.name == plan.name);
        if plan.version == SoapVersion::Soap12 && others().any(|o| o.version == SoapVersion::Soap11) {
            resource.port = plan.port.as_deref().map(str::to_owned);
        }
        if others().any(|o| o.port_type != plan.port_type) {
            resource.port_type = Some(plan.port_type.to_string());
        }
        resource.overload = plan.overload;
    }

    fn by_action(&self, action: Option<&str>) -> Option<usize> {
        synapse::by_action(self.program, action?)
    }

    /// The operation whose name is the last word of the path.
    fn by_path(&self) -> Option<usize> {
        let last = self.path.split('/').rfind(|s| !s.is_empty() && !s.starts_with('{'))?;
        self.program.operations.iter().position(|o| o.name.eq_ignore_ascii_case(last))
    }

    fn access(&self, resource: &mut Resource, findings: &mut Findings) {
        if let Some(at) = self.asked.auth {
            match at.text().unwrap_or_default().to_ascii_lowercase().as_str() {
                "none" => resource.access.security = Some(vec!["none".to_owned()]),
                _ => resource.access.token = token(at),
            }
        }
        if let Some(tier) = self.asked.tier {
            resource.limit = tiers::limit(tier, "`limit: …` below the resource", findings);
        }
        let is_scope = |s: &String| !s.is_empty() && s.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\\'));
        for scope in &self.asked.scopes {
            match is_scope(scope) {
                true => resource.scopes.push(scope.clone()),
                false => findings.lost(Some(self.asked.span), "this is no scope as RFC 6749 has them"),
            }
        }
    }

    /// The file of its steps.
    fn sequence(&self, resource: &mut Resource, converted: &Converted, definition: &ApiDefinition, made: &mut Made) {
        if converted.paths.is_plain() {
            return;
        }
        let words: String = self.path.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let words: Vec<&str> = words.split('-').filter(|w| !w.is_empty()).collect();
        let mut stem = format!("{}-{}", self.asked.method.key(), words.join("-"));
        stem.truncate(80);
        let mut about = vec![format!("{} {}: what was {}", self.asked.method.as_str(), self.path, from(converted))];
        about.push("docs/sequences.md explains every step.".to_owned());
        let text = converted.paths.to_yaml(&about);
        let taken = |path: &str| made.sequences.iter().any(|(p, _)| p == path);
        let candidates = (1..).map(|n| if n == 1 { format!("sequences/{stem}.yaml") } else { format!("sequences/{stem}-{n}.yaml") });
        let Some(path) = candidates.into_iter().find(|p| !taken(p)) else { return };
        made.sequences.push((path.clone(), text));
        resource.sequence = Some(path);
        if definition.cache.is_some() && resource.method == Method::Get && converted.paths.has_steps() {
            resource.cache = Some(Cache { ttl: Duration::ZERO, max_bytes: 256 << 10 });
        }
    }
}

/// What a sequence was made of.
fn from(converted: &Converted) -> String {
    match converted.files.as_slice() {
        [] => "said in the archive's definition".to_owned(),
        files => files.join(", "),
    }
}

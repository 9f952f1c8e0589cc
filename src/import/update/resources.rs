//! Resources side by side: method, path and parameters, which no message says.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::api::{ApiDefinition, Method};
use crate::catalog::{Parameter, ParameterLocation, PublishedApi, PublishedResource};
use crate::plan::compare::{Change, Effect, Kind};

/// A resource that came, went or takes other parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceChange {
    /// Its method.
    pub method: Method,
    /// Its path below the API's address.
    pub path: Arc<str>,
    /// Its operation.
    pub operation: Arc<str>,
    /// What happened.
    pub what: What,
}

/// What happened to a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// A parameter of that name is not taken any more.
    ParameterRemoved(Arc<str>),
    /// A parameter of that name must be given now.
    ParameterRequired(Arc<str>),
    /// A parameter of that name is new.
    ParameterAdded(Arc<str>),
}

impl ResourceChange {
    /// What it does to callers.
    pub fn effect(&self) -> Effect {
        match self.what {
            What::Added | What::ParameterAdded(_) => Effect::Harmless,
            What::Removed | What::ParameterRemoved(_) | What::ParameterRequired(_) => Effect::Breaking,
        }
    }

    /// In words, without method and path.
    pub fn text(&self) -> String {
        match &self.what {
            What::Added => "is a new resource".to_owned(),
            What::Removed => "the resource is gone".to_owned(),
            What::ParameterRemoved(name) => format!("the parameter {name} is not taken any more"),
            What::ParameterRequired(name) => format!("the parameter {name} must be given now"),
            What::ParameterAdded(name) => format!("the parameter {name} is new"),
        }
    }
}

/// What differs between the resources of two versions of an API.
pub(super) fn changes(before: &PublishedApi, now: &PublishedApi) -> Vec<ResourceChange> {
    let find = |api: &'_ PublishedApi, r: &PublishedResource| api.resources.iter().position(|o| o.method == r.method && o.path == r.path);
    let of = |api: &PublishedApi, r: &PublishedResource, what| {
        let operation = api.plan(r).map(|p| p.name.clone()).unwrap_or_default();
        ResourceChange { method: r.method, path: r.path.clone(), operation, what }
    };
    let mut changes = Vec::new();
    for old in &before.resources {
        match find(now, old).and_then(|at| now.resources.get(at)) {
            None => changes.push(of(before, old, What::Removed)),
            Some(new) => changes.extend(parameters(&old.parameters, &new.parameters).into_iter().map(|what| of(now, new, what))),
        }
    }
    changes.extend(now.resources.iter().filter(|r| find(before, r).is_none()).map(|r| of(now, r, What::Added)));
    changes.sort_by_key(|c| (std::cmp::Reverse(c.effect()), c.path.clone(), c.method));
    changes
}

fn parameters(before: &[Parameter], now: &[Parameter]) -> Vec<What> {
    let find = |all: &'_ [Parameter], p: &Parameter| all.iter().position(|o| o.location == p.location && o.name == p.name);
    let mut what = Vec::new();
    for old in before.iter().filter(|p| p.location != ParameterLocation::Path) {
        match find(now, old).and_then(|at| now.get(at)) {
            None => what.push(What::ParameterRemoved(old.name.clone())),
            Some(new) if new.required && !old.required => what.push(What::ParameterRequired(new.name.clone())),
            Some(_) => {}
        }
    }
    for new in now.iter().filter(|p| find(before, p).is_none()) {
        what.push(if new.required { What::ParameterRequired(new.name.clone()) } else { What::ParameterAdded(new.name.clone()) });
    }
    what
}

/// Leaves out of the changes what this API does not show: REST changes of operations without a resource, addresses that the API gives itself.
pub(super) fn narrow(changes: &mut Vec<Change>, definition: &ApiDefinition, before: Option<&PublishedApi>) {
    let published: Option<BTreeSet<&str>> = before.map(|api| api.resources.iter().filter_map(|r| api.plan(r)).map(|p| &*p.name).collect());
    for change in changes.iter_mut() {
        let is_shown = |p: &BTreeSet<&str>| change.operations.is_empty() || change.operations.iter().any(|o| p.contains(&**o));
        if change.kind != Kind::OperationAdded && published.as_ref().is_some_and(|p| !is_shown(p)) {
            change.rest = Effect::None;
        }
        if change.kind == Kind::Address && definition.endpoint.url.is_some() {
            (change.rest, change.soap) = (Effect::None, Effect::None);
        }
    }
    changes.retain(|c| c.effect() != Effect::None);
}

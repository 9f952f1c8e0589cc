//! Which API and which of its addresses a request means: the route table of one snapshot.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use http::Method;
use matchit::Router;
use percent_encoding::percent_decode_str;
use tokio::sync::Semaphore;

use super::cors;
use super::limits::CallLimits;
use super::meters::Meters;
use crate::catalog::{ATTACHMENTS_PATH, Callers, Deliver, PublishedApi, PublishedResource, Rules, Snapshot, State};
use crate::config::Limits;
use crate::problem::{Problem, Reason};

/// First path segments that no API may have.
const RESERVED: [&str; 5] = ["t", "oauth2", "token", "revoke", ".well-known"];

/// Everything that can be called at one instant. Immutable; a call takes one `Arc` of it at the door.
pub(super) struct RouteTable {
    /// What it was made of.
    pub(super) snapshot: Arc<Snapshot>,
    routes: Arc<Routes>,
}

/// The part of a table that follows from the APIs alone.
struct Routes {
    router: Router<Spot>,
    slots: Vec<Arc<Slots>>,
    cors: Vec<Option<cors::Rules>>,
}

/// The places of one API for calls in flight: they outlive the snapshot.
pub(super) struct Slots {
    pub(super) api: Arc<str>,
    pub(super) meters: Arc<Meters>,
    pub(super) capacity: usize,
    pub(super) free: Arc<Semaphore>,
    pub(super) waiting: AtomicUsize,
}

/// What stands at one path.
#[derive(Debug, Clone)]
struct Spot {
    api: usize,
    kind: SpotKind,
}

#[derive(Debug, Clone)]
enum SpotKind {
    Base,
    OpenApi,
    Attachment,
    /// Indices of the resources at this path.
    Resources(Vec<usize>),
}

/// What a request was found to mean. A witness: only [`RouteTable::find`] makes it.
pub(super) struct RouteMatch {
    pub(super) table: Arc<RouteTable>,
    api: usize,
    pub(super) target: Target,
}

/// The address of an API that is meant.
#[derive(Debug)]
pub(super) enum Target {
    /// A REST resource, with its path parameters in the order of its template, decoded.
    Resource {
        /// Index into the API's resources.
        index: usize,
        /// Name and text.
        parameters: Vec<(String, String)>,
    },
    /// Raw SOAP at the base address.
    Soap,
    /// `GET` of the base address: `?wsdl`, `?xsd=N`, else the landing page.
    Base,
    /// `openapi.json`.
    OpenApi,
    /// An attachment that was given by reference, by its name.
    Attachment(String),
    /// `OPTIONS`: what could be done here.
    Options(String),
}

impl RouteMatch {
    pub(super) fn api(&self) -> &Arc<PublishedApi> {
        &self.table.snapshot.apis[self.api]
    }

    pub(super) fn slots(&self) -> &Arc<Slots> {
        &self.table.routes.slots[self.api]
    }

    /// The API of that name, of the same tenant, and its places for calls in flight.
    pub(super) fn neighbour(&self, name: &str) -> Option<(&Arc<PublishedApi>, &Arc<Slots>)> {
        let apis = self.table.snapshot.apis.iter().zip(&self.table.routes.slots);
        apis.into_iter().find(|(api, _)| *api.name == *name && api.tenant == self.api().tenant)
    }

    /// Who may call this API and how often, in the snapshot of this call.
    pub(super) fn callers(&self) -> &Callers {
        &self.table.snapshot.callers
    }

    /// What is asked of the caller: the resource's rules, or the API's.
    pub(super) fn rules(&self) -> &Rules {
        self.resource().map_or(&self.api().rules, |r| &r.rules)
    }

    /// The resource, where the target is one.
    pub(super) fn resource(&self) -> Option<&PublishedResource> {
        match &self.target {
            Target::Resource { index, .. } => self.api().resources.get(*index),
            Target::Soap | Target::Base | Target::OpenApi | Target::Attachment(_) | Target::Options(_) => None,
        }
    }
}

impl RouteTable {
    /// The table of a snapshot; of `before` it takes over what did not change: all routes where the APIs are the same, and places for calls
    /// in flight where an API still has as many.
    pub(super) fn new(snapshot: Arc<Snapshot>, operator: &Limits, before: Option<&RouteTable>) -> Self {
        if let Some(same) = before.filter(|t| Arc::ptr_eq(&t.snapshot.apis, &snapshot.apis)) {
            return Self { snapshot, routes: same.routes.clone() };
        }
        let known: HashMap<&str, &Arc<Slots>> = before.iter().flat_map(|t| &t.routes.slots).map(|s| (&*s.api, s)).collect();
        let slots = snapshot.apis.iter().map(|api| {
            let capacity = CallLimits::of(api, operator).in_flight;
            match known.get(api.label().as_str()) {
                Some(slots) if slots.capacity == capacity => Arc::clone(slots),
                _ => Arc::new(Slots {
                    api: api.label().into(),
                    meters: Arc::new(Meters::new(api.label())),
                    capacity,
                    free: Arc::new(Semaphore::new(capacity.min(Semaphore::MAX_PERMITS))),
                    waiting: AtomicUsize::new(0),
                }),
            }
        });
        let slots = slots.collect();
        let cors = snapshot.apis.iter().map(|api| api.definition.cors.as_ref().map(cors::rules)).collect();
        let mut router = Router::new();
        for (index, api) in snapshot.apis.iter().enumerate() {
            for base in std::iter::once(&api.base_path).chain(&api.default_path) {
                insert_api(&mut router, base, index, api);
            }
        }
        Self { snapshot, routes: Arc::new(Routes { router, slots, cors }) }
    }

    /// What a request of that method and (still encoded) path means.
    ///
    /// # Errors
    /// 404, 405 with `Allow`, or the API's state; before that what `enter` says of the API.
    pub(super) fn find(
        self: &Arc<Self>,
        method: &Method,
        path: &str,
        enter: impl FnOnce(&PublishedApi, Option<&cors::Rules>) -> Result<(), Problem>,
    ) -> Result<RouteMatch, Problem> {
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        let found = self.routes.router.at(&decoded).map_err(|_| no_such_resource())?;
        let spot = found.value;
        let api = &self.snapshot.apis[spot.api];
        if api.definition.api.state != State::Created {
            enter(api, self.routes.cors.get(spot.api).and_then(Option::as_ref))?;
        }
        check_state(api)?;
        let values: Vec<String> = found.params.iter().map(|(_, value)| value.to_owned()).collect();
        let target = target(api, &spot.kind, method, &values)?;
        Ok(RouteMatch { table: self.clone(), api: spot.api, target })
    }
}

fn no_such_resource() -> Problem {
    Problem::new(Reason::NoSuchResource, 404, "There is no API with a resource at this path.")
}

/// May an API of that state be called?
pub(super) fn check_state(api: &PublishedApi) -> Result<(), Problem> {
    match api.definition.api.state {
        State::Published | State::Prototype | State::Deprecated => Ok(()),
        State::Created => Err(no_such_resource()),
        State::Blocked => {
            let mut problem = Problem::new(Reason::ApiState, 503, "The API is blocked for the time being.");
            problem.retry_after = Some(60);
            Err(problem)
        }
        State::Retired => Err(Problem::new(Reason::ApiState, 410, "The API is retired.").with_code("castile.retired")),
    }
}

fn insert_api(router: &mut Router<Spot>, base: &str, index: usize, api: &PublishedApi) {
    // Below its tenant's address: there `/t` has no meaning, and the others are the tenant's own.
    let own = base.strip_prefix(&*api.below()).unwrap_or(base);
    let reserved = own.split('/').nth(1).is_none_or(|s| s.is_empty() || RESERVED.contains(&s));
    if reserved {
        tracing::error!(api = %api.name, base, "the context is reserved: the API is not served there");
        return;
    }
    let mut spots: Vec<(String, SpotKind)> = vec![
        (escape(base), SpotKind::Base),
        (format!("{}/", escape(base)), SpotKind::Base),
        (format!("{}/openapi.json", escape(base)), SpotKind::OpenApi),
    ];
    if api.definition.attachments.deliver == Deliver::Url {
        spots.push((format!("{}{ATTACHMENTS_PATH}/{{name}}", escape(base)), SpotKind::Attachment));
    }
    let mut at: HashMap<String, usize> = HashMap::new();
    for (i, resource) in api.resources.iter().enumerate() {
        let path = format!("{}{}", escape(base), positional(&resource.path));
        let place = *at.entry(path.clone()).or_insert_with(|| {
            spots.push((path, SpotKind::Resources(Vec::new())));
            spots.len() - 1
        });
        if let Some((_, SpotKind::Resources(list))) = spots.get_mut(place) {
            list.push(i);
        }
    }
    for (path, kind) in spots {
        if let Err(error) = router.insert(path.clone(), Spot { api: index, kind }) {
            tracing::error!(api = %api.name, %path, %error, "the path is taken: not served");
        }
    }
}

/// Braces doubled, as the router reads plain text.
fn escape(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// A template with its parameters named by position, so that two methods may name one place differently.
fn positional(template: &str) -> String {
    let mut out = String::with_capacity(template.len());
    for (i, part) in template.split('{').enumerate() {
        match part.split_once('}') {
            Some((_, rest)) if i > 0 => {
                out.push_str(&format!("{{p{i}}}"));
                out.push_str(rest);
            }
            _ => out.push_str(part),
        }
    }
    out
}

fn parameter_names(template: &str) -> impl Iterator<Item = &str> {
    template.split('{').skip(1).filter_map(|part| part.split_once('}').map(|(name, _)| name))
}

fn target(api: &PublishedApi, kind: &SpotKind, method: &Method, values: &[String]) -> Result<Target, Problem> {
    let reads = *method == Method::GET || *method == Method::HEAD;
    match kind {
        SpotKind::Base if reads => Ok(Target::Base),
        SpotKind::Base if *method == Method::POST && api.definition.passthrough => Ok(Target::Soap),
        SpotKind::Base => other(method, if api.definition.passthrough { "GET, HEAD, POST, OPTIONS" } else { "GET, HEAD, OPTIONS" }),
        SpotKind::OpenApi if reads => Ok(Target::OpenApi),
        SpotKind::Attachment if reads => Ok(Target::Attachment(values.first().cloned().unwrap_or_default())),
        SpotKind::OpenApi | SpotKind::Attachment => other(method, "GET, HEAD, OPTIONS"),
        SpotKind::Resources(list) => {
            let of = |index: usize| api.resources.get(index);
            let found = list.iter().copied().find(|i| {
                of(*i).is_some_and(|r| r.method.as_str() == method.as_str() || (*method == Method::HEAD && r.method.as_str() == "GET"))
            });
            if let Some(index) = found {
                let names = of(index).into_iter().flat_map(|r| parameter_names(&r.path));
                let parameters = names.zip(values).map(|(name, value)| (name.to_owned(), value.clone())).collect();
                return Ok(Target::Resource { index, parameters });
            }
            let mut allow: Vec<&str> = list.iter().filter_map(|i| of(*i)).map(|r| r.method.as_str()).collect();
            if allow.contains(&"GET") {
                allow.push("HEAD");
            }
            allow.push("OPTIONS");
            other(method, &allow.join(", "))
        }
    }
}

fn other(method: &Method, allow: &str) -> Result<Target, Problem> {
    if *method == Method::OPTIONS {
        return Ok(Target::Options(allow.to_owned()));
    }
    let mut problem = Problem::new(Reason::MethodNotAllowed, 405, format!("{method} is not possible here; {allow} are."));
    problem.allow = Some(allow.to_owned());
    Err(problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_positional() {
        assert_eq!(positional("/a/{x}/b/{y}"), "/a/{p1}/b/{p2}");
        assert_eq!(positional("/a"), "/a");
        assert_eq!(parameter_names("/a/{x}/b/{y}.json").collect::<Vec<_>>(), ["x", "y"]);
    }
}

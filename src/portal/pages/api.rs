//! `/apis/{api}`: what an API is, how it is called, its documents.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::catalogue::badge;
use super::{beginning, counted};
use crate::catalog::{OpenApiVersion, PublishedApi, State};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, Who, get};
use crate::portal::visit::Visit;

/// Resources on one page.
const MAX_RESOURCES: usize = 300;
/// Characters of the documentation of an operation.
const ABOUT_CHARS: usize = 300;
/// Characters of the documentation of an API.
const DOCUMENTATION_CHARS: usize = 20_000;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(get("/apis/{api}", Who::Anyone), show)
        .with(get("/apis/{api}/openapi.json", Who::Anyone), openapi)
        .with(get("/apis/{api}/openapi-3.0.json", Who::Anyone), openapi_30)
        .with(get("/apis/{api}/service.wsdl", Who::Anyone), wsdl)
}

#[derive(Serialize)]
struct Api {
    name: String,
    title: String,
    version: String,
    badge: Option<&'static str>,
    badge_text: &'static str,
    documentation: String,
    address: String,
    raw: bool,
    security: String,
    plans: Vec<OnPlan>,
    no_plans: &'static str,
    may_subscribe: bool,
    downloads: Vec<Download>,
    resources: Vec<Resource>,
    /// What is left out.
    more: Option<String>,
}

#[derive(Serialize)]
pub(super) struct OnPlan {
    pub(super) name: String,
    pub(super) says: String,
}

#[derive(Serialize)]
struct Download {
    file: &'static str,
    title: &'static str,
    about: &'static str,
}

#[derive(Serialize)]
struct Resource {
    index: usize,
    method: &'static str,
    path: String,
    operation: String,
    about: String,
}

async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let api = portal.manage.catalogued(visit.viewer().as_ref(), visit.path("api"))?;
    let identity = &api.definition.api;
    let plans = if asks_for_a_plan(&api) { portal.manage.plans_of(&api).await? } else { Vec::new() };
    let shown = Api {
        name: api.name.to_string(),
        title: identity.name.clone(),
        version: identity.version.clone(),
        badge: badge(identity.state),
        badge_text: state_text(identity.state),
        documentation: api.documentation.as_deref().unwrap_or_default().trim().chars().take(DOCUMENTATION_CHARS).collect(),
        address: address(&portal, &api),
        raw: !api.raw_operations.is_empty(),
        security: security(&api),
        plans: plans.into_iter().map(|plan| OnPlan { says: plan_text(&plan), name: plan.name.to_string() }).collect(),
        no_plans: if asks_for_a_plan(&api) { "None is offered." } else { "It is called without a subscription." },
        may_subscribe: asks_for_a_plan(&api) && identity.state == State::Published,
        downloads: downloads(&api),
        resources: api.resources.iter().enumerate().take(MAX_RESOURCES).map(|(index, _)| resource(&api, index)).collect(),
        more: (api.resources.len() > MAX_RESOURCES)
            .then(|| format!("And {}, which the OpenAPI document has.", counted(api.resources.len() - MAX_RESOURCES, "more", "more"))),
    };
    Answer::page(&portal, &visit, StatusCode::OK, "api", &format!("{} {}", identity.name, identity.version), &shown)
}

fn resource(api: &PublishedApi, index: usize) -> Resource {
    let resource = api.resources.get(index);
    let plan = resource.and_then(|r| api.plan(r));
    Resource {
        index,
        method: resource.map_or("", |r| r.method.as_str()),
        path: resource.map(|r| r.path.to_string()).unwrap_or_default(),
        operation: plan.map(|p| p.name.to_string()).unwrap_or_default(),
        about: beginning(plan.and_then(|p| p.documentation.as_deref()).unwrap_or_default(), ABOUT_CHARS),
    }
}

/// Where callers reach it.
pub(super) fn address(portal: &Portal, api: &PublishedApi) -> String {
    format!("{}{}", portal.gateway, api.base_path)
}

/// Is it called on a subscription, and with it on a plan?
pub(super) fn asks_for_a_plan(api: &PublishedApi) -> bool {
    let is_open = api.definition.access.security.iter().all(|s| s == "none");
    !is_open && api.definition.api.state != State::Prototype
}

fn state_text(state: State) -> &'static str {
    match state {
        State::Published | State::Created => "",
        State::Prototype => "Everybody may try it, without a subscription. It may still change.",
        State::Blocked => "It takes no calls for the time being.",
        State::Deprecated => "It takes no new subscriptions and will end one day.",
        State::Retired => "It is gone.",
    }
}

fn security(api: &PublishedApi) -> String {
    let words: Vec<&str> = api.definition.access.security.iter().map(|s| scheme(s)).collect();
    match words.split_last() {
        None => String::from("everybody"),
        Some((last, [])) => format!("Who has {last}."),
        Some((last, others)) => format!("Who has {} or {last}.", others.join(", ")),
    }
    .replace("Who has nothing.", "Everybody.")
}

fn scheme(word: &str) -> &'static str {
    match word {
        "api_key" => "an API key (header field apikey)",
        "oauth2" => "an access token of this gateway (OAuth 2.0)",
        "jwt" => "a token of an issuer that is known here",
        "basic" => "name and password (HTTP Basic)",
        "mtls" => "a client certificate",
        _ => "nothing",
    }
}

/// What a plan allows, in words.
pub(super) fn plan_text(plan: &crate::throttle::Plan) -> String {
    let quota = plan.quota.as_ref().map_or_else(|| "as many calls as you like".to_owned(), ToString::to_string);
    match &plan.burst {
        Some(burst) => format!("{quota}, at most {burst}"),
        None => quota,
    }
}

fn downloads(api: &PublishedApi) -> Vec<Download> {
    let mut all = Vec::new();
    if !api.resources.is_empty() {
        all.push(Download { file: "openapi.json", title: "OpenAPI 3.1", about: "for REST clients and generators" });
        all.push(Download { file: "openapi-3.0.json", title: "OpenAPI 3.0", about: "for older tools" });
        all.push(Download { file: "postman.json", title: "Postman collection", about: "with address and key as variables" });
        all.push(Download {
            file: "jmeter.jmx",
            title: "JMeter plan",
            about: "21 calls of the first resource; with ?operation=NAME of another",
        });
    }
    if !api.documents.is_empty() {
        all.push(Download { file: "service.wsdl", title: "WSDL", about: "for SOAP clients; what it imports comes from the gateway" });
        all.push(Download { file: "wsdl.zip", title: "WSDL bundle", about: "the same as an archive, with all that it imports" });
    }
    all
}

#[allow(clippy::unused_async, reason = "every page is asynchronous")]
async fn openapi(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    described(&portal, &visit, OpenApiVersion::V31)
}

#[allow(clippy::unused_async, reason = "every page is asynchronous")]
async fn openapi_30(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    described(&portal, &visit, OpenApiVersion::V30)
}

fn described(portal: &Portal, visit: &Visit, version: OpenApiVersion) -> Result<Answer, Fail> {
    let api = portal.manage.catalogued(visit.viewer().as_ref(), visit.path("api"))?;
    let below = format!("{}{}", portal.gateway, api.below());
    let text = api.openapi_with(version, &below, portal.has_log_in_page).map_err(|e| Fail::Broken(e.to_string()))?;
    Ok(Answer::download("application/json", &format!("{}-{}.openapi.json", api.name, api.definition.api.version), text))
}

#[allow(clippy::unused_async, reason = "every page is asynchronous")]
async fn wsdl(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let api = portal.manage.catalogued(visit.viewer().as_ref(), visit.path("api"))?;
    let text = api.documents.wsdl(&address(&portal, &api)).ok_or(Fail::Nowhere)?;
    Ok(Answer::download("application/wsdl+xml", &format!("{}-{}.wsdl", api.name, api.definition.api.version), text))
}

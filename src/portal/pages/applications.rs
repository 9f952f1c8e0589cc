//! `/applications`: what one has registered, with its keys, subscriptions and OAuth clients.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::{APPLICATIONS, day, offered};
use crate::auth::{ApiKey, Application, OAuthClient, Role, Subscription};
use crate::catalog::State;
use crate::manage::{Actor, ApplicationChange, MAX_CLIENTS, MAX_KEYS, MAX_SUBSCRIPTIONS, NewApplication, Part, Which};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::{Fail, mendable};
use crate::portal::route::{Routes, get, post};
use crate::portal::visit::Visit;
use crate::throttle::Plan;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(get("/applications", APPLICATIONS), list)
        .with(post("/applications", APPLICATIONS), create)
        .with(get("/applications/{application}", APPLICATIONS), show)
        .with(post("/applications/{application}", APPLICATIONS), update)
        .with(post("/applications/{application}/remove", APPLICATIONS), remove)
}

#[derive(Serialize)]
struct List {
    applications: Vec<Row>,
    others: bool,
    after: Option<String>,
    name: String,
    description: String,
    wrong: Option<String>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    name: String,
    owner: String,
    description: String,
    created: String,
}

async fn list(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    listed(&portal, &visit, StatusCode::OK, String::new(), String::new(), None).await
}

async fn listed(
    portal: &Portal,
    visit: &Visit,
    status: StatusCode,
    name: String,
    description: String,
    wrong: Option<String>,
) -> Result<Answer, Fail> {
    let actor = visit.actor()?;
    let part = visit.part(&actor);
    let (found, next) = portal.manage.applications(&actor, &part).await?;
    let list = List {
        applications: found.iter().map(row).collect(),
        others: actor.is(Role::Administrator),
        after: next.map(|n| n.id),
        name,
        description,
        wrong,
    };
    Answer::page(portal, visit, status, "applications", "Applications", &list)
}

fn row(application: &Application) -> Row {
    Row {
        id: application.id.to_string(),
        name: application.name.to_string(),
        owner: application.owner.to_string(),
        description: application.description.clone(),
        created: day(application.created),
    }
}

async fn create(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let actor = visit.actor()?;
    let (name, description) = (visit.form.trimmed("name").unwrap_or_default(), visit.form.trimmed("description").unwrap_or_default());
    let new = NewApplication { name: name.clone(), description: description.clone(), ..NewApplication::default() };
    match portal.manage.create_application(&actor, new).await {
        Ok(made) => Ok(Answer::see(format!("/applications/{}", made.id))),
        Err(error) => listed(&portal, &visit, StatusCode::BAD_REQUEST, name, description, Some(mendable(error)?)).await,
    }
}

/// A secret that is shown now and never again.
#[derive(Serialize)]
pub(super) struct Once {
    /// What it is: `Key`.
    pub(super) what: &'static str,
    pub(super) value: String,
    /// What else there is to know.
    pub(super) note: String,
}

#[derive(Serialize)]
struct Detail {
    id: String,
    name: String,
    owner: String,
    description: String,
    plan: Option<String>,
    is_blocked: bool,
    once: Option<Once>,
    wrong: Option<String>,
    keys: Vec<Key>,
    subscriptions: Vec<Subscribed>,
    clients: Vec<Client>,
    /// APIs that it may subscribe to.
    apis: Vec<Choice>,
    plans: Vec<Choice>,
    token_address: String,
}

#[derive(Serialize)]
struct Key {
    id: String,
    shown: String,
    created: String,
    expires: Option<String>,
}

#[derive(Serialize)]
struct Subscribed {
    id: String,
    api: String,
    title: String,
    plan: String,
    says: String,
    is_blocked: bool,
    plans: Vec<Choice>,
}

#[derive(Serialize)]
struct Client {
    id: String,
    grants: String,
    redirects: Vec<String>,
    scopes: String,
    is_public: bool,
    created: String,
}

/// Something to choose.
#[derive(Serialize)]
pub(super) struct Choice {
    pub(super) value: String,
    pub(super) text: String,
    pub(super) chosen: bool,
}

async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    detail(&portal, &visit, visit.path("application"), StatusCode::OK, None, None).await
}

/// The page of an application, after something was done to it or could not be.
pub(super) async fn detail(
    portal: &Portal,
    visit: &Visit,
    application: &str,
    status: StatusCode,
    once: Option<Once>,
    wrong: Option<String>,
) -> Result<Answer, Fail> {
    let actor = visit.actor()?;
    let found = portal.manage.application(&actor, application).await?;
    let part = |limit| Part { after: None, limit };
    let (keys, _) = portal.manage.keys(&actor, &found.id, &part(MAX_KEYS)).await?;
    let (clients, _) = portal.manage.clients(&actor, &found.id, &part(MAX_CLIENTS)).await?;
    let (subscriptions, _) = portal.manage.subscriptions(&actor, Which::Of(&found.id), &part(MAX_SUBSCRIPTIONS)).await?;
    let (plans, _) = portal.manage.plans(&actor, &part(MAX_SUBSCRIPTIONS)).await?;
    let detail = Detail {
        id: found.id.to_string(),
        name: found.name.to_string(),
        owner: found.owner.to_string(),
        description: found.description.clone(),
        plan: found.plan.as_ref().map(ToString::to_string),
        is_blocked: !found.standing.is_active(),
        once,
        wrong,
        keys: keys.iter().map(key).collect(),
        apis: open_to(portal, &actor, &subscriptions),
        subscriptions: subscriptions.iter().map(|s| subscribed(portal, &actor, s, &plans)).collect(),
        clients: clients.iter().map(client).collect(),
        plans: plans.iter().map(|p| choice(p, "")).collect(),
        token_address: format!("{}/oauth2/token", portal.gateway),
    };
    let title = format!("Application {}", found.name);
    Answer::page(portal, visit, status, "application", &title, &detail)
}

fn key(key: &ApiKey) -> Key {
    Key { id: key.id.to_string(), shown: key.shown.clone(), created: day(key.created), expires: key.expires.map(super::minute) }
}

fn client(client: &OAuthClient) -> Client {
    Client {
        id: client.id.to_string(),
        grants: client.grants.join(", "),
        redirects: client.redirect_uris.clone(),
        scopes: client.scopes.join(" "),
        is_public: client.secret.is_none(),
        created: day(client.created),
    }
}

fn choice(plan: &Plan, chosen: &str) -> Choice {
    let value = plan.name.to_string();
    Choice { text: format!("{value}: {}", super::api::plan_text(plan)), chosen: value == chosen, value }
}

fn subscribed(portal: &Portal, actor: &Actor, subscription: &Subscription, plans: &[Plan]) -> Subscribed {
    let api = portal.manage.catalogued(Some(actor), &subscription.api).ok();
    let plan = plans.iter().find(|p| p.name == subscription.plan);
    let title = |api: &crate::catalog::PublishedApi| format!("{} {}", api.definition.api.name, api.definition.api.version);
    Subscribed {
        id: subscription.id.to_string(),
        title: api.as_deref().map_or_else(|| subscription.api.to_string(), title),
        plan: subscription.plan.to_string(),
        says: plan.map(super::api::plan_text).unwrap_or_default(),
        is_blocked: !subscription.standing.is_active(),
        plans: api.as_deref().map(|api| offered(api, plans).map(|p| choice(p, &subscription.plan)).collect()).unwrap_or_default(),
        api: subscription.api.to_string(),
    }
}

/// The APIs that one may subscribe to, without those that the application is subscribed to.
fn open_to(portal: &Portal, actor: &Actor, there: &[Subscription]) -> Vec<Choice> {
    let apis = portal.manage.catalogue(Some(actor)).into_iter();
    let open = apis.filter(|api| api.definition.api.state == State::Published && super::api::asks_for_a_plan(api));
    let new = open.filter(|api| !there.iter().any(|s| s.api == api.name));
    new.map(|api| Choice {
        value: api.name.to_string(),
        text: format!("{} {}", api.definition.api.name, api.definition.api.version),
        chosen: false,
    })
    .collect()
}

async fn update(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let actor = visit.actor()?;
    let change = ApplicationChange {
        name: visit.form.trimmed("name"),
        description: Some(visit.form.trimmed("description").unwrap_or_default()),
        ..ApplicationChange::default()
    };
    let id = visit.path("application");
    match portal.manage.update_application(&actor, id, change).await {
        Ok(made) => Ok(Answer::see(format!("/applications/{}", made.id))),
        Err(error) => detail(&portal, &visit, id, StatusCode::BAD_REQUEST, None, Some(mendable(error)?)).await,
    }
}

async fn remove(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    portal.manage.remove_application(&visit.actor()?, visit.path("application")).await?;
    Ok(Answer::see("/applications"))
}

//! `/admin`: who asks for an account, users and roles, plans, the audit log, the instances that run.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::applications::Once;
use super::{day, minute};
use crate::auth::{Role, Standing, User};
use crate::manage::{Allow, MAX_REQUESTS, NewUser, Part, UserChange};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::{Fail, mendable};
use crate::portal::route::{Routes, Who, get, post};
use crate::portal::visit::Visit;

/// Administrators.
const ADMINISTRATOR: Who = Who::LoggedIn(Allow::Roles(&[Role::Administrator]));
/// Entries of the audit log on one page.
const ENTRIES: usize = 100;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(get("/admin", ADMINISTRATOR), users)
        .with(post("/admin/requests", ADMINISTRATOR), decide)
        .with(post("/admin/users", ADMINISTRATOR), create)
        .with(post("/admin/users/roles", ADMINISTRATOR), roles)
        .with(post("/admin/users/standing", ADMINISTRATOR), standing)
        .with(post("/admin/users/password", ADMINISTRATOR), password)
        .with(post("/admin/users/remove", ADMINISTRATOR), remove)
        .with(get("/admin/plans", ADMINISTRATOR), plans)
        .with(get("/admin/audit", ADMINISTRATOR), audit)
        .with(get("/admin/instances", Who::LoggedIn(Allow::Installation)), instances)
}

#[derive(Serialize)]
struct Users {
    requests: Vec<Request>,
    users: Vec<Row>,
    after: Option<String>,
    once: Option<Once>,
    wrong: Option<String>,
}

#[derive(Serialize)]
struct Request {
    name: String,
    note: String,
    created: String,
}

#[derive(Serialize)]
struct Row {
    name: String,
    created: String,
    is_blocked: bool,
    roles: Vec<Ticked>,
    is_self: bool,
}

/// A role, and whether the user has it.
#[derive(Serialize)]
struct Ticked {
    word: &'static str,
    has: bool,
}

async fn users(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    page(&portal, &visit, StatusCode::OK, None, None).await
}

async fn page(portal: &Portal, visit: &Visit, status: StatusCode, once: Option<Once>, wrong: Option<String>) -> Result<Answer, Fail> {
    let actor = visit.actor()?;
    let (requests, _) = portal.manage.account_requests(&actor, &Part { after: None, limit: MAX_REQUESTS }).await?;
    let (users, next) = portal.manage.users(&actor, &visit.part(&actor)).await?;
    let row = |user: &User| Row {
        name: user.name.to_string(),
        created: day(user.created),
        is_blocked: !user.standing.is_active(),
        roles: Role::ALL.map(|r| Ticked { word: r.word(), has: user.roles.contains(&r) }).into(),
        is_self: user.name == actor.name,
    };
    let shown = Users {
        requests: requests.iter().map(|r| Request { name: r.name.to_string(), note: r.note.clone(), created: minute(r.created) }).collect(),
        users: users.iter().map(row).collect(),
        after: next.map(|n| n.id),
        once,
        wrong,
    };
    Answer::page(portal, visit, status, "users", "Users", &shown)
}

/// Back to the page, or the page with what is wrong.
async fn done<T>(portal: &Portal, visit: &Visit, done: Result<T, crate::manage::ManageError>) -> Result<Answer, Fail> {
    match done {
        Ok(_) => Ok(Answer::see("/admin")),
        Err(error) => page(portal, visit, StatusCode::BAD_REQUEST, None, Some(mendable(error)?)).await,
    }
}

async fn decide(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let grant = visit.form.get("decision") == "grant";
    let decided = portal.manage.decide_account(&visit.actor()?, &visit.form.get("name"), grant).await;
    done(&portal, &visit, decided).await
}

fn ticked(visit: &Visit) -> Vec<Role> {
    visit.form.all("role").filter_map(Role::of).collect()
}

async fn create(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let new = NewUser { name: visit.form.trimmed("name").unwrap_or_default(), password: None, roles: ticked(&visit) };
    match portal.manage.create_user(&visit.actor()?, new).await {
        Ok(made) => shown_once(&portal, &visit, &made).await,
        Err(error) => page(&portal, &visit, StatusCode::BAD_REQUEST, None, Some(mendable(error)?)).await,
    }
}

async fn shown_once(portal: &Portal, visit: &Visit, made: &crate::manage::MadeUser) -> Result<Answer, Fail> {
    let once = made.password.as_ref().map(|password| Once {
        what: "Password",
        value: password.reveal().to_owned(),
        note: format!("It is that of {}, who can change it on the page of the account.", made.user.name),
    });
    page(portal, visit, StatusCode::CREATED, once, None).await
}

async fn roles(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let change = UserChange { roles: Some(ticked(&visit)), ..UserChange::default() };
    let changed = portal.manage.update_user(&visit.actor()?, &visit.form.get("name"), change).await;
    done(&portal, &visit, changed).await
}

async fn standing(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let standing = if visit.form.get("standing") == "active" { Standing::Active } else { Standing::Blocked };
    let change = UserChange { standing: Some(standing), ..UserChange::default() };
    let changed = portal.manage.update_user(&visit.actor()?, &visit.form.get("name"), change).await;
    done(&portal, &visit, changed).await
}

async fn password(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let change = UserChange { new_password: true, ..UserChange::default() };
    match portal.manage.update_user(&visit.actor()?, &visit.form.get("name"), change).await {
        Ok(made) => shown_once(&portal, &visit, &made).await,
        Err(error) => page(&portal, &visit, StatusCode::BAD_REQUEST, None, Some(mendable(error)?)).await,
    }
}

async fn remove(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let removed = portal.manage.remove_user(&visit.actor()?, &visit.form.get("name")).await;
    done(&portal, &visit, removed).await
}

#[derive(Serialize)]
struct Plans {
    plans: Vec<super::api::OnPlan>,
}

async fn plans(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (found, _) = portal.manage.plans(&visit.actor()?, &Part { after: None, limit: 1000 }).await?;
    let plans = found.iter().map(|p| super::api::OnPlan { name: p.name.to_string(), says: super::api::plan_text(p) }).collect();
    Answer::page(&portal, &visit, StatusCode::OK, "plans", "Plans", &Plans { plans })
}

#[derive(Serialize)]
struct Log {
    entries: Vec<Entry>,
    before: Option<u64>,
}

#[derive(Serialize)]
struct Entry {
    at: String,
    actor: String,
    tenant: String,
    summary: String,
    request_id: String,
}

async fn audit(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let before = visit.query.trimmed("before").and_then(|n| n.parse().ok());
    let found = portal.manage.audit(&visit.actor()?, before, ENTRIES).await?;
    let entry = |e: &crate::manage::AuditEntry| Entry {
        at: minute(e.at.as_second()),
        actor: e.audit.actor.clone(),
        tenant: e.audit.tenant.clone(),
        summary: e.audit.summary.clone(),
        request_id: e.audit.request_id.clone(),
    };
    let log =
        Log { before: (found.len() == ENTRIES).then(|| found.last().map(|e| e.seq)).flatten(), entries: found.iter().map(entry).collect() };
    Answer::page(&portal, &visit, StatusCode::OK, "audit", "Audit log", &log)
}

#[derive(Serialize)]
struct Instances {
    instances: Vec<Instance>,
}

#[derive(Serialize)]
struct Instance {
    host: String,
    role: String,
    version: String,
    gateway: String,
    apis: u64,
    started: String,
    seen: String,
}

async fn instances(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (found, _) = portal.manage.instances(&visit.actor()?, &Part { after: None, limit: 1000 }).await?;
    let instance = |i: &crate::manage::Instance| Instance {
        host: i.host.clone(),
        role: i.role.clone(),
        version: i.version.clone(),
        gateway: i.gateway.clone().unwrap_or_else(|| "none".to_owned()),
        apis: i.apis,
        started: minute(i.started),
        seen: minute(i.seen),
    };
    Answer::page(&portal, &visit, StatusCode::OK, "instances", "Instances", &Instances { instances: found.iter().map(instance).collect() })
}

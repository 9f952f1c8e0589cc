//! `/publish/apis/{api}/subscriptions`: who has subscribed to an API; each can be blocked, and let in again.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::super::day;
use super::{Head, Opened, PUBLISHER, at};
use crate::auth::{Standing, Subscription};
use crate::manage::{ManageError, SubscriptionChange, Which};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, get, post};
use crate::portal::visit::Visit;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(get("/publish/apis/{api}/subscriptions", PUBLISHER), show)
        .with(post("/publish/apis/{api}/subscriptions", PUBLISHER), decide)
}

#[derive(Serialize)]
struct Subscriptions {
    api: Head,
    rows: Vec<Row>,
    after: Option<String>,
}

#[derive(Serialize)]
struct Row {
    id: String,
    application: String,
    plan: String,
    created: String,
    is_blocked: bool,
}

async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let opened = Opened::of(&portal, &visit).await?;
    let part = visit.part(&opened.actor);
    let (found, next) = portal.manage.subscriptions(&opened.actor, Which::To(&opened.status.name), &part).await?;
    let row = |s: &Subscription| Row {
        id: s.id.to_string(),
        application: s.application.to_string(),
        plan: s.plan.to_string(),
        created: day(s.created),
        is_blocked: !s.standing.is_active(),
    };
    let shown = Subscriptions { rows: found.iter().map(row).collect(), after: next.map(|n| n.id), api: opened.head() };
    Answer::page(&portal, &visit, StatusCode::OK, "publish_subscriptions", "Subscriptions", &shown)
}

async fn decide(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (actor, name, id) = (visit.actor()?, visit.path("api"), visit.form.get("subscription"));
    let there = portal.manage.subscription(&actor, &id).await?;
    if *there.api != *name {
        return Err(ManageError::NotFound { kind: "subscription", name: id, nearest: None }.into());
    }
    let standing = match visit.form.get("standing").as_str() {
        "blocked" => Standing::Blocked,
        _ => Standing::Active,
    };
    portal.manage.update_subscription(&actor, &id, SubscriptionChange { plan: None, standing: Some(standing) }).await?;
    Ok(Answer::see(at(name, "/subscriptions")))
}

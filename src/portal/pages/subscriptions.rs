//! Subscriptions of applications: from the page of an API or of an application.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::api::plan_text;
use super::applications::{Choice, detail};
use super::{APPLICATIONS, offered};
use crate::manage::{MAX_APPLICATIONS, NewSubscription, Part, SubscriptionChange};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::{Fail, mendable};
use crate::portal::route::{Routes, get, post};
use crate::portal::visit::Visit;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(get("/apis/{api}/subscribe", APPLICATIONS), show)
        .with(post("/apis/{api}/subscribe", APPLICATIONS), subscribe_api)
        .with(post("/applications/{application}/subscriptions", APPLICATIONS), subscribe)
        .with(post("/subscriptions/{subscription}/plan", APPLICATIONS), change)
        .with(post("/subscriptions/{subscription}/remove", APPLICATIONS), remove)
}

#[derive(Serialize)]
struct Subscribe {
    name: String,
    title: String,
    applications: Vec<Choice>,
    plans: Vec<Choice>,
    wrong: Option<String>,
}

async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    page(&portal, &visit, StatusCode::OK, None).await
}

async fn page(portal: &Portal, visit: &Visit, status: StatusCode, wrong: Option<String>) -> Result<Answer, Fail> {
    let actor = visit.actor()?;
    let api = portal.manage.catalogued(Some(&actor), visit.path("api"))?;
    let (applications, _) = portal.manage.applications(&actor, &Part { after: None, limit: MAX_APPLICATIONS }).await?;
    let plans = portal.manage.plans_of(&api).await?;
    let chosen = |name: &str| visit.form.get(name);
    let page = Subscribe {
        name: api.name.to_string(),
        title: format!("{} {}", api.definition.api.name, api.definition.api.version),
        applications: applications
            .iter()
            .map(|a| Choice { value: a.id.to_string(), text: a.name.to_string(), chosen: *a.id == *chosen("application") })
            .collect(),
        plans: offered(&api, &plans)
            .map(|p| Choice {
                value: p.name.to_string(),
                text: format!("{}: {}", p.name, plan_text(p)),
                chosen: *p.name == *chosen("plan"),
            })
            .collect(),
        wrong,
    };
    Answer::page(portal, visit, status, "subscribe", "Subscribe", &page)
}

async fn subscribe_api(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let actor = visit.actor()?;
    let api = portal.manage.catalogued(Some(&actor), visit.path("api"))?;
    let new = NewSubscription { application: visit.form.get("application"), api: api.name.to_string(), plan: visit.form.get("plan") };
    match portal.manage.subscribe(&actor, new).await {
        Ok(made) => Ok(Answer::see(format!("/applications/{}", made.application))),
        Err(error) => page(&portal, &visit, StatusCode::BAD_REQUEST, Some(mendable(error)?)).await,
    }
}

async fn subscribe(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (actor, application) = (visit.actor()?, visit.path("application"));
    let new = NewSubscription { application: application.to_owned(), api: visit.form.get("api"), plan: visit.form.get("plan") };
    match portal.manage.subscribe(&actor, new).await {
        Ok(made) => Ok(Answer::see(format!("/applications/{}", made.application))),
        Err(error) => detail(&portal, &visit, application, StatusCode::BAD_REQUEST, None, Some(mendable(error)?)).await,
    }
}

async fn change(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (actor, id) = (visit.actor()?, visit.path("subscription"));
    let there = portal.manage.subscription(&actor, id).await?;
    let change = SubscriptionChange { plan: visit.form.trimmed("plan"), standing: None };
    match portal.manage.update_subscription(&actor, id, change).await {
        Ok(made) => Ok(Answer::see(format!("/applications/{}", made.application))),
        Err(error) => detail(&portal, &visit, &there.application, StatusCode::BAD_REQUEST, None, Some(mendable(error)?)).await,
    }
}

async fn remove(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (actor, id) = (visit.actor()?, visit.path("subscription"));
    let there = portal.manage.subscription(&actor, id).await?;
    portal.manage.unsubscribe(&actor, id).await?;
    Ok(Answer::see(format!("/applications/{}", there.application)))
}

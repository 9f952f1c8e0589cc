//! `/publish/apis/{api}/access`: who may call and read it, on which plans, as what.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::super::api::plan_text;
use super::super::applications::Choice;
use super::{Head, Opened, PUBLISHER, Wrong, at, expected, wrong};
use crate::catalog::Visibility;
use crate::manage::{ManageError, Part};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, get, post};
use crate::portal::visit::Visit;
use crate::publish::{Changed, Publish};

/// Plans on the page.
const MAX_PLANS: usize = 500;
/// Schemes with what they say to people.
const SECURITY: [(&str, &str); 6] = [
    ("api_key", "an API key"),
    ("oauth2", "an access token of this gateway (OAuth 2.0)"),
    ("jwt", "a token of an issuer that is known here"),
    ("basic", "name and password (HTTP Basic)"),
    ("mtls", "a client certificate"),
    ("none", "nothing: everybody may call"),
];

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(get("/publish/apis/{api}/access", PUBLISHER), show).with(post("/publish/apis/{api}/access", PUBLISHER), save)
}

#[derive(Serialize)]
struct Form {
    api: Head,
    title: String,
    security: Vec<Choice>,
    public: bool,
    all_plans: bool,
    plans: Vec<Choice>,
    rest: bool,
    passthrough: bool,
    wrong: Option<Wrong>,
}

async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    page(&portal, &visit, StatusCode::OK, None).await
}

async fn page(portal: &Portal, visit: &Visit, status: StatusCode, wrong: Option<Wrong>) -> Result<Answer, Fail> {
    let opened = Opened::of(portal, visit).await?;
    let there = Publish::definition(&opened.latest)?;
    let (plans, _) = portal.manage.plans(&opened.actor, &Part { after: None, limit: MAX_PLANS }).await?;
    let has = |word: &str| there.access.security.iter().any(|s| s == word);
    let offered = |name: &str| there.plans.iter().any(|p| p == name);
    let form = Form {
        title: there.api.name.clone(),
        security: SECURITY.map(|(word, text)| Choice { value: word.to_owned(), text: text.to_owned(), chosen: has(word) }).into(),
        public: there.access.visibility == Visibility::Public,
        all_plans: there.plans.is_empty(),
        plans: plans
            .iter()
            .map(|p| Choice { value: p.name.to_string(), text: format!("{}: {}", p.name, plan_text(p)), chosen: offered(&p.name) })
            .collect(),
        rest: there.rest,
        passthrough: there.passthrough,
        api: opened.head(),
        wrong,
    };
    Answer::page(portal, visit, status, "publish_access", "Plans and visibility", &form)
}

async fn save(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (actor, name, revision) = (visit.actor()?, visit.path("api"), expected(&visit)?);
    let done = match changed(&visit) {
        Ok(changed) => portal.publish.set_access(&actor, name, revision, changed).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(_) => Ok(Answer::see(at(name, "/access"))),
        Err(error) => page(&portal, &visit, StatusCode::BAD_REQUEST, Some(wrong(error)?)).await,
    }
}

fn changed(visit: &Visit) -> Result<Changed, ManageError> {
    let security: Vec<String> = visit.form.all("security").map(str::to_owned).collect();
    if security.is_empty() {
        return Err(ManageError::invalid("security", "at least one way to call", "nothing"));
    }
    if security.len() > 1 && security.iter().any(|s| s == "none") {
        return Err(ManageError::invalid("security", "either nothing, or what callers must have", "both"));
    }
    let all = visit.form.get("offer") != "some";
    let plans: Vec<String> = if all { Vec::new() } else { visit.form.all("plan").map(str::to_owned).collect() };
    if !all && plans.is_empty() {
        return Err(ManageError::invalid("plans", "at least one plan", "nothing"));
    }
    let title = visit.form.trimmed("title").ok_or_else(|| ManageError::invalid("name", "a name for people", "nothing"))?;
    Ok(Changed {
        title,
        security,
        visibility: if visit.form.get("visibility") == "subscribers" { Visibility::Subscribers } else { Visibility::Public },
        plans,
        rest: visit.form.is_ticked("rest"),
        passthrough: visit.form.is_ticked("passthrough"),
    })
}

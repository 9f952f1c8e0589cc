//! `/publish/apis/{api}/upstream`: where the SOAP service is, and how the gateway introduces itself there. Secrets are named, and sealed in the store.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use serde::Serialize;

use super::super::applications::Choice;
use super::{Head, Opened, PUBLISHER, Wrong, at, expected, wrong};

use crate::manage::{MAX_SECRETS, ManageError, NewSecret, Part};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, get, post};
use crate::portal::visit::Visit;
use crate::publish::{Publish, Upstream, UpstreamAuth, auth_of};

/// Longest time of a call, in seconds.
const MAX_SECONDS: u64 = 600;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(get("/publish/apis/{api}/upstream", PUBLISHER), show)
        .with(post("/publish/apis/{api}/upstream", PUBLISHER), save)
        .with(post("/publish/apis/{api}/secrets", PUBLISHER), seal)
}

#[derive(Serialize)]
struct Form {
    api: Head,
    url: String,
    of_wsdl: String,
    seconds: u64,
    kinds: Vec<Choice>,
    user: String,
    header: String,
    secrets: Vec<Choice>,
    /// What is there and cannot be shown in these fields.
    other: bool,
    wrong: Option<Wrong>,
}

async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    page(&portal, &visit, StatusCode::OK, None).await
}

async fn page(portal: &Portal, visit: &Visit, status: StatusCode, wrong: Option<Wrong>) -> Result<Answer, Fail> {
    let opened = Opened::of(portal, visit).await?;
    let definition = Publish::definition(&opened.latest)?;
    let (secrets, _) = portal.manage.secrets(&opened.actor, &Part { after: None, limit: MAX_SECRETS }).await?;
    let of_wsdl = portal.publish.look(&opened.actor, &opened.latest).await.map(|l| l.service.clone()).unwrap_or_default();
    let there = auth_of(&definition);
    let kind = visit.form.trimmed("kind").filter(|_| wrong.is_some()).unwrap_or_else(|| there.kind.to_owned());
    let kinds = [
        ("none", "not at all"),
        ("basic", "HTTP Basic: user and secret"),
        ("header", "a header field with a secret"),
        ("token", "WS-Security UsernameToken: user and secret"),
        ("digest", "WS-Security UsernameToken with a digest of the secret"),
        ("other", "as api.yaml says"),
    ];
    let typed = |name: &str, there: &str| if wrong.is_some() { visit.form.get(name) } else { there.to_owned() };
    let chosen = typed("secret", &there.secret);
    let form = Form {
        url: typed("url", definition.endpoint.url.as_deref().unwrap_or_default()),
        of_wsdl,
        seconds: definition.endpoint.timeout.as_secs(),
        kinds: kinds
            .into_iter()
            .filter(|(word, _)| *word != "other" || there.kind == "other")
            .map(|(word, text)| Choice { value: word.to_owned(), text: text.to_owned(), chosen: word == kind })
            .collect(),
        user: typed("user", &there.user),
        header: typed("header", &there.header),
        secrets: secrets
            .iter()
            .map(|s| Choice { value: s.name.to_string(), text: s.name.to_string(), chosen: *s.name == *chosen })
            .collect(),
        other: there.kind == "other",
        api: opened.head(),
        wrong,
    };
    Answer::page(portal, visit, status, "publish_upstream", "Upstream", &form)
}

async fn save(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (actor, name, revision) = (visit.actor()?, visit.path("api"), expected(&visit)?);
    let done = match upstream(&visit) {
        Ok(upstream) => portal.publish.set_upstream(&actor, name, revision, upstream).await,
        Err(error) => Err(error),
    };
    match done {
        Ok(_) => Ok(Answer::see(at(name, "/upstream"))),
        Err(error) => page(&portal, &visit, StatusCode::BAD_REQUEST, Some(wrong(error)?)).await,
    }
}

fn upstream(visit: &Visit) -> Result<Upstream, ManageError> {
    let seconds = visit.form.get("seconds");
    let within = |n: &u64| (1..=MAX_SECONDS).contains(n);
    let timeout = seconds.trim().parse().ok().filter(within);
    let timeout =
        timeout.ok_or_else(|| ManageError::invalid("timeout", format!("a number of seconds from 1 to {MAX_SECONDS}"), &seconds))?;
    let need = |field: &'static str, expected: &str| {
        let given = visit.form.trimmed(field);
        given.ok_or_else(|| ManageError::invalid(field, expected, "nothing"))
    };
    let secret = || need("secret", "the name of a secret");
    let user = || need("user", "the name of the user");
    let auth = match visit.form.get("kind").as_str() {
        "other" => None,
        "basic" => Some(UpstreamAuth::Basic { user: user()?, secret: secret()? }),
        "header" => Some(UpstreamAuth::Header { name: need("header", "the name of a header field")?, secret: secret()? }),
        word @ ("token" | "digest") => Some(UpstreamAuth::Token { user: user()?, secret: secret()?, digest: word == "digest" }),
        _ => Some(UpstreamAuth::None),
    };
    Ok(Upstream { url: visit.form.trimmed("url"), timeout: Duration::from_secs(timeout), auth })
}

async fn seal(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (actor, api) = (visit.actor()?, visit.path("api"));
    // Who may not see the API has no business on its page.
    portal.manage.api_status(&actor, api).await?;
    let name = visit.form.trimmed("name").unwrap_or_default();
    let new = NewSecret { name, description: Some(format!("for the service of {api}")), value: visit.form.secret("value") };
    let done = match portal.manage.create_secret(&actor, new.clone()).await {
        Err(ManageError::Exists { .. }) if visit.form.is_ticked("replace") => portal.manage.replace_secret(&actor, new).await,
        done => done,
    };
    match done {
        Ok(_) => Ok(Answer::see(at(api, "/upstream"))),
        Err(error) => page(&portal, &visit, StatusCode::BAD_REQUEST, Some(wrong(error)?)).await,
    }
}

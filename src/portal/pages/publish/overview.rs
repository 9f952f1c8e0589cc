//! `/publish/apis/{api}`: how an API is, what its import says, and what becomes of it.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::{Head, Opened, PUBLISHER, Shown, Wrong, at, shown, wrong};
use crate::manage::{Act, ManageError};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, get, post};
use crate::portal::visit::Visit;
use crate::publish::{Looked, NotTaken};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(get("/publish/apis/{api}", PUBLISHER), show)
        .with(post("/publish/apis/{api}/act", PUBLISHER), act)
        .with(post("/publish/apis/{api}/remove", PUBLISHER), remove)
}

#[derive(Serialize)]
struct Overview {
    api: Head,
    address: String,
    service: String,
    documents: usize,
    raw_soap: bool,
    resources: Vec<Row>,
    left_out: Vec<String>,
    headers: Vec<HeaderRow>,
    proof: String,
    found: Vec<Shown>,
    acts: Vec<Choice>,
    wrong: Option<Wrong>,
}

#[derive(Serialize)]
struct Row {
    method: String,
    path: String,
    operation: String,
    mapping: &'static str,
    suggestion: Option<String>,
}

#[derive(Serialize)]
struct HeaderRow {
    key: String,
    who: &'static str,
    operations: usize,
}

/// An act that the API's state allows.
#[derive(Serialize)]
struct Choice {
    word: &'static str,
    label: &'static str,
    about: &'static str,
}

async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    page(&portal, &visit, StatusCode::OK, None).await
}

async fn page(portal: &Portal, visit: &Visit, status: StatusCode, said: Option<Wrong>) -> Result<Answer, Fail> {
    let opened = Opened::of(portal, visit).await?;
    let (looked, said) = match portal.publish.look(&opened.actor, &opened.latest).await {
        Ok(looked) => (Some(looked), said),
        Err(error @ NotTaken::Documents { .. }) => (None, Some(said.map_or_else(|| wrong(error), Ok)?)),
        Err(NotTaken::Manage(error)) => return Err(error.into()),
    };
    let looked = looked.as_deref();
    let overview = Overview {
        address: looked.map(|l| format!("{}{}", portal.gateway, l.base_path)).unwrap_or_default(),
        service: looked.map(|l| l.service.clone()).unwrap_or_default(),
        documents: looked.map_or(0, |l| l.documents),
        raw_soap: looked.is_some_and(|l| l.raw_soap),
        resources: looked.map(rows).unwrap_or_default(),
        left_out: looked.map(|l| l.left_out.clone()).unwrap_or_default(),
        headers: looked.map(header_rows).unwrap_or_default(),
        proof: looked.map(proof).unwrap_or_default(),
        found: looked.map(|l| shown(&l.found)).unwrap_or_default(),
        acts: acts(opened.status.state.as_str()),
        api: opened.head(),
        wrong: said,
    };
    let title = format!("Publish {}", opened.status.title);
    Answer::page(portal, visit, status, "publish_overview", &title, &overview)
}

fn rows(looked: &Looked) -> Vec<Row> {
    let mapping = |word: &str| match word {
        "exact" => "every message came back as it went in",
        "noted" => "with notes below",
        "differs" => "a message did not come back as it went in",
        _ => "no message could be made to prove it",
    };
    let row = |r: &crate::publish::LookedResource| Row {
        method: r.method.clone(),
        path: r.path.clone(),
        operation: r.operation.clone(),
        mapping: mapping(&r.mapping),
        suggestion: r.suggestion.clone(),
    };
    looked.resources.iter().map(row).collect()
}

fn header_rows(looked: &Looked) -> Vec<HeaderRow> {
    let who = |secret| if secret { "the caller, as a credential" } else { "the caller" };
    looked.headers.iter().map(|h| HeaderRow { key: h.key.clone(), who: who(h.secret), operations: h.operations }).collect()
}

fn proof(looked: &Looked) -> String {
    let (exact, all) = looked.proved;
    match all {
        0 => String::new(),
        _ => format!("{exact} of {all} operations proved exact with {} messages.", looked.messages),
    }
}

/// What may become of an API in that state.
fn acts(state: &str) -> Vec<Choice> {
    let all = [
        ("publish", "Publish", "callers find it, and subscribe to it", &["created", "prototype", "deprecated", "retired"][..]),
        ("prototype", "Make it a prototype", "everybody may try it, without a subscription", &["created", "published"]),
        ("block", "Block", "it refuses calls for the time being: 503", &["published", "prototype", "deprecated"]),
        ("unblock", "Unblock", "it is what it was before", &["blocked"]),
        ("deprecate", "Deprecate", "it takes no new subscriptions", &["published"]),
        ("retire", "Retire", "it is gone for callers: 410", &["published", "deprecated", "blocked", "prototype"]),
        ("withdraw", "Withdraw", "callers find it no more: 404", &["published", "prototype", "deprecated", "blocked"]),
    ];
    let allowed = all.into_iter().filter(|(_, _, _, states)| states.contains(&state));
    allowed.map(|(word, label, about, _)| Choice { word, label, about }).collect()
}

async fn act(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let revision = match visit.form.trimmed("to") {
        None => None,
        Some(text) => Some(text.parse().map_err(|_| ManageError::invalid("revision", "a number", &text))?),
    };
    let act = match visit.form.get("act").as_str() {
        "publish" => Act::Publish(revision),
        "rollback" => Act::Rollback(revision),
        "block" => Act::Block,
        "unblock" => Act::Unblock,
        "deprecate" => Act::Deprecate,
        "retire" => Act::Retire,
        "prototype" => Act::Prototype,
        "withdraw" => Act::Withdraw,
        other => return Err(ManageError::invalid("act", "what an API can become", other).into()),
    };
    let name = visit.path("api");
    match portal.manage.act(&visit.actor()?, name, act).await {
        Ok(status) => Ok(Answer::see(at(&status.name, if revision.is_some() { "/revisions" } else { "" }))),
        Err(error) => page(&portal, &visit, StatusCode::BAD_REQUEST, Some(wrong(error)?)).await,
    }
}

async fn remove(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let with_subscriptions = visit.form.is_ticked("subscriptions");
    match portal.manage.remove_api(&visit.actor()?, visit.path("api"), with_subscriptions).await {
        Ok(()) => Ok(Answer::see("/publish")),
        Err(error) => page(&portal, &visit, StatusCode::BAD_REQUEST, Some(wrong(error)?)).await,
    }
}

//! `/publish/apis/{api}/try`: a call that is tried out, with its four messages and what every step did.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::super::applications::Choice;
use super::mapping::indented;
use super::{Head, Opened, PUBLISHER, Wrong, wrong};
use crate::catalog::{ParameterLocation, PublishedApi};
use crate::gateway::trace::{Message, Report};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, get, upload};
use crate::portal::visit::Visit;
use crate::publish::{Asked, Failed, pretty_json};

/// Resources to choose from.
const MAX_RESOURCES: usize = 300;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(get("/publish/apis/{api}/try", PUBLISHER), show).with(upload("/publish/apis/{api}/try", PUBLISHER), run)
}

#[derive(Serialize)]
struct Form {
    api: Head,
    resources: Vec<Choice>,
    resource: String,
    sample: Sample,
    may_call: bool,
    traced: Option<Traced>,
    wrong: Option<Wrong>,
}

/// The fields of a sample.
#[derive(Debug, Default, Serialize)]
pub(super) struct Sample {
    parameters: Vec<Parameter>,
    query: String,
    headers: String,
    body: String,
    reply: String,
    fault: String,
    upstream: bool,
}

#[derive(Debug, Serialize)]
struct Parameter {
    name: String,
    value: String,
}

/// What was seen.
#[derive(Serialize)]
pub(super) struct Traced {
    messages: Vec<Shown>,
    steps: Vec<Step>,
    left_out: usize,
}

#[derive(Serialize)]
struct Shown {
    what: &'static str,
    status: String,
    took: String,
    headers: Vec<String>,
    body: String,
}

#[derive(Serialize)]
struct Step {
    path: &'static str,
    verb: &'static str,
    level: usize,
    took: String,
    ended: String,
    changes: Vec<Change>,
}

#[derive(Serialize)]
struct Change {
    what: String,
    before: String,
    after: String,
}

async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    page(&portal, &visit, StatusCode::OK, None, None).await
}

async fn run(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let asked = asked(&visit, visit.form.get("resource"));
    match portal.publish.try_out(&visit.actor()?, visit.path("api"), asked).await {
        Ok(report) => page(&portal, &visit, StatusCode::OK, Some(traced(report)), None).await,
        Err(error) => page(&portal, &visit, StatusCode::BAD_REQUEST, None, Some(failed(error)?)).await,
    }
}

/// What went wrong with a trial, for the page.
pub(super) fn failed(error: Failed) -> Result<Wrong, Fail> {
    match error {
        Failed::Manage(error) => wrong(error),
        Failed::Call(problem) => Ok(Wrong { text: problem.detail.clone(), ..Wrong::default() }),
    }
}

async fn page(portal: &Portal, visit: &Visit, status: StatusCode, traced: Option<Traced>, wrong: Option<Wrong>) -> Result<Answer, Fail> {
    let opened = Opened::of(portal, visit).await?;
    let api = portal.publish.compiled(&opened.actor, &opened.latest).await?;
    let is_sent = traced.is_some() || wrong.is_some();
    let wanted = visit.form.trimmed("resource").or_else(|| visit.query.trimmed("resource"));
    let name = |r: &crate::catalog::PublishedResource| format!("{} {}", r.method.as_str(), r.path);
    let index = api.resources.iter().position(|r| wanted.as_deref() == Some(&*name(r))).unwrap_or(0);
    let resource = api.resources.get(index).map(&name).unwrap_or_default();
    let choice = |r: &crate::catalog::PublishedResource| Choice { value: name(r), text: name(r), chosen: name(r) == resource };
    let form = Form {
        resources: api.resources.iter().take(MAX_RESOURCES).map(choice).collect(),
        sample: if is_sent { sent(visit, &api, index) } else { example(&api, index) },
        resource,
        may_call: portal.publish.calls_services(),
        traced,
        api: opened.head(),
        wrong,
    };
    Answer::page(portal, visit, status, "publish_try", "Test call", &form)
}

/// The fields of a sample as they were sent.
pub(super) fn sent(visit: &Visit, api: &PublishedApi, index: usize) -> Sample {
    let parameter = |name: String| Parameter { value: visit.form.get(&format!("path.{name}")), name };
    Sample {
        parameters: path_parameters(api, index).map(parameter).collect(),
        query: visit.form.get("query"),
        headers: visit.form.get("headers"),
        body: visit.form.get("body"),
        reply: visit.form.get("reply"),
        fault: visit.form.get("fault"),
        upstream: visit.form.get("by") == "service",
    }
}

/// A sample that is made up.
pub(super) fn example(api: &PublishedApi, index: usize) -> Sample {
    let call = api.example_call(index);
    let (path, query) = match &call {
        Some(call) => call.path.split_once('?').map_or((call.path.as_str(), ""), |(p, q)| (p, q)),
        None => ("", ""),
    };
    let template = api.resources.get(index).map(|r| format!("{}{}", api.base_path, r.path)).unwrap_or_default();
    let values: BTreeMap<&str, &str> = template.split('/').zip(path.split('/')).collect();
    let parameter = |name: String| {
        let value = values.get(format!("{{{name}}}").as_str()).copied().unwrap_or_default();
        let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
        Parameter { value, name }
    };
    Sample {
        parameters: path_parameters(api, index).map(parameter).collect(),
        query: query.to_owned(),
        body: call.as_ref().and_then(|c| c.body.clone()).map(|b| pretty_json(&b)).unwrap_or_default(),
        ..Sample::default()
    }
}

fn path_parameters(api: &PublishedApi, index: usize) -> impl Iterator<Item = String> + '_ {
    let parameters = api.resources.get(index).map(|r| r.parameters.as_slice()).unwrap_or_default();
    parameters.iter().filter(|p| p.location == ParameterLocation::Path).map(|p| p.name.to_string())
}

/// The call that a form describes.
pub(super) fn asked(visit: &Visit, resource: String) -> Asked {
    let form = &visit.form;
    let lines = form.get("headers");
    let header = |line: &str| line.split_once(':').map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    let by = form.get("by");
    Asked {
        resource,
        path: form.with_prefix("path.").map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        query: form.trimmed("query"),
        headers: lines.lines().filter_map(header).collect(),
        json: form.trimmed("body").unwrap_or_default().into_bytes(),
        upstream: by == "service",
        reply: form.trimmed("reply").filter(|_| by == "envelope"),
        fault: form.trimmed("fault").filter(|_| by == "fault"),
        ..Asked::default()
    }
}

pub(super) fn traced(report: Report) -> Traced {
    let step = |s: crate::publish::Traced| Step {
        path: s.path,
        verb: s.verb,
        level: s.depth.min(8),
        took: milliseconds(s.took),
        ended: s.ended.unwrap_or_default(),
        changes: s.changes.into_iter().map(change).collect(),
    };
    Traced {
        messages: report.messages.into_iter().map(message).collect(),
        steps: report.steps.into_iter().map(step).collect(),
        left_out: report.left_out,
    }
}

fn change(c: crate::publish::TracedChange) -> Change {
    let shown = |value: Option<String>| value.unwrap_or_else(|| "nothing".to_owned());
    Change { what: c.what, before: shown(c.before), after: shown(c.after) }
}

fn message(message: Message) -> Shown {
    let is_xml = message.body.trim_start().starts_with('<');
    Shown {
        what: match message.what {
            "request" => "1. JSON in",
            "envelope" => "2. Envelope out",
            "reply" => "3. Envelope in",
            _ => "4. JSON out",
        },
        status: message.status.map(|s| s.to_string()).unwrap_or_default(),
        took: milliseconds(message.took),
        headers: message.headers.into_iter().map(|(name, value)| format!("{name}: {value}")).collect(),
        body: if is_xml { indented(&message.body) } else { pretty_json(&message.body) },
    }
}

fn milliseconds(took: std::time::Duration) -> String {
    format!("{:.3} ms", took.as_secs_f64() * 1000.0)
}

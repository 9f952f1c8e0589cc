use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::PUBLISHER;
use crate::admin::AdminState;
use crate::admin::call::Call;
use crate::admin::document::{Document, Schemas, documents, named};
use crate::admin::problems::refused;
use crate::admin::route::{Allow, Operation, Routes, Verb};
use crate::catalog::{PublishedApi, PublishedResource, Secrets, build_with};
use crate::diagnostic::Sources;
use crate::gateway::trace::{Outbound, Report, Sample, Trial};
use crate::manage::{self, ManageError, WhichRevision};
use crate::problem::{Problem, Reason};
use crate::sequence::{Sequence, Who};
use crate::store::Content;

/// Bytes of a request to try something out.
const MAX_BYTES: usize = 8 << 20;
/// All of it.
const LONGEST: Duration = Duration::from_secs(60);

/// A call to be tried out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTrial {
    /// Method and path of the resource, as the API has it: `GET /items/{id}`.
    resource: String,
    /// Path parameters.
    #[serde(default)]
    path: BTreeMap<String, String>,
    /// The query, as in an address: `a=1&b=2`.
    #[serde(default)]
    query: Option<String>,
    /// Header fields.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    /// The caller's JSON.
    #[serde(default)]
    #[schema(value_type = Object)]
    body: Option<Value>,
    /// The application that would call.
    #[serde(default)]
    application: Option<String>,
    /// The user that would call.
    #[serde(default)]
    user: Option<String>,
    /// The scopes of its token.
    #[serde(default)]
    scopes: Vec<String>,
    /// A draft of the sequence; without it the one that the resource has.
    #[serde(default)]
    sequence: Option<String>,
    /// Is the SOAP service itself called? Else the reply is an example.
    #[serde(default)]
    upstream: bool,
    /// The declared fault that the example is.
    #[serde(default)]
    fault: Option<String>,
    /// The envelope that stands for the service's reply.
    #[serde(default)]
    reply: Option<String>,
}

/// What was seen.
#[derive(Debug, Serialize, ToSchema)]
struct TrialReport {
    /// The messages in order: `request`, `envelope`, `reply`, `answer`; fewer where the call ended before.
    messages: Vec<TrialMessage>,
    /// What the steps of the sequence did, in order.
    steps: Vec<TrialStep>,
    /// Steps and changes beyond what is kept.
    left_out: usize,
}

/// A message, secrets hidden.
#[derive(Debug, Serialize, ToSchema)]
struct TrialMessage {
    /// Which.
    message: &'static str,
    /// Its status, of a reply and an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    /// Its header fields.
    headers: Vec<(String, String)>,
    /// Its body.
    body: String,
    /// Milliseconds that it took to make it, of a reply to get it.
    milliseconds: f64,
}

/// A step that was done.
#[derive(Debug, Serialize, ToSchema)]
struct TrialStep {
    /// `request`, `response` or `fault`.
    path: &'static str,
    /// Its verb.
    step: &'static str,
    /// Branches around it.
    depth: usize,
    /// What it changed.
    changes: Vec<TrialChange>,
    /// How it ended the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<String>,
    /// Milliseconds that it took.
    milliseconds: f64,
}

/// Something that a step changed.
#[derive(Debug, Serialize, ToSchema)]
struct TrialChange {
    /// `body` and a pointer, `header` and a name, `property` and a name, or `status`.
    what: String,
    /// What stood there before.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<String>,
    /// What stands there now.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<String>,
}

documents!(TrialReport);

impl Document for NewTrial {
    const MAX_BYTES: usize = MAX_BYTES;

    fn schema(schemas: &mut Schemas) -> Option<RefOr<Schema>> {
        Some(named::<Self>(schemas))
    }
}

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(
        Operation {
            verb: Verb::Post,
            path: "/admin/v1/apis/{api}/trial",
            id: "tryApi",
            summary: "Carries out a sample of a call and shows its messages and what every step of the sequence did; the reply is an example, or the service's.",
            allow: Allow::Roles(PUBLISHER),
            query: &[],
            status: 200,
        },
        run,
    )
}

async fn run(state: Arc<AdminState>, call: Call<NewTrial>) -> Result<TrialReport, Problem> {
    let name = call.path("api").to_owned();
    let tenant = call.actor.tenant.clone();
    let found = state.manage.revision(&call.actor, &name, WhichRevision::InForce).await?;
    let asked = call.input;
    let in_force = state.gateway.as_ref().and_then(|g| g.in_force(&tenant, &name));
    let wanted = asked.resource.clone();
    let draft = asked.sequence.clone();
    let drafted = tokio::task::spawn_blocking(move || prepared(&name, &found.content, in_force, &wanted, draft));
    let (api, resource, sequence) = drafted.await.map_err(|_| Problem::internal("a trial cannot be prepared"))??;
    let all = carry_out(&state, asked, api, resource, sequence);
    let report = tokio::time::timeout(LONGEST, all).await;
    let slow = |_| refused(Reason::UpstreamTimeout, 504, "The trial took too long.");
    Ok(report.map_err(slow)??.into())
}

/// The API, its resource, and the sequence: the draft, checked as a file is.
fn prepared(
    name: &str,
    content: &Content,
    in_force: Option<Arc<PublishedApi>>,
    wanted: &str,
    draft: Option<String>,
) -> Result<(Arc<PublishedApi>, PublishedResource, Arc<Sequence>), Problem> {
    let not_good = |diagnostics: &[crate::diagnostic::Diagnostic], sources: &Sources| {
        Problem::from(ManageError::NotGood { api: name.to_owned(), findings: manage::findings_of(diagnostics, sources) })
    };
    let api = match in_force {
        Some(api) => api,
        None => {
            let built = build_with(name, content, Secrets::NotNeeded);
            built.api.clone().ok_or_else(|| not_good(&built.diagnostics, &built.sources))?
        }
    };
    let is_it = |r: &&PublishedResource| format!("{} {}", r.method.as_str(), r.path) == wanted;
    let resource = api.resources.iter().find(is_it).cloned().ok_or_else(|| {
        let known: Vec<String> = api.resources.iter().map(|r| format!("{} {}", r.method.as_str(), r.path)).collect();
        let nearest = crate::diagnostic::nearest(wanted, known.iter().map(String::as_str)).map(str::to_owned);
        let expected = "method and path of a resource, such as GET /items/{id}".to_owned();
        Problem::from(ManageError::Invalid { field: "resource", expected, found: wanted.chars().take(200).collect(), nearest })
    })?;
    let Some(text) = draft else {
        let sequence = resource.sequence.clone();
        return Ok((api, resource, sequence));
    };
    let mut sources = Sources::default();
    let at = sources.add("sequence", text.as_str());
    let sequence = Sequence::parse(at, &text).map_err(|found| not_good(&found, &sources))?;
    let file = api.definition.resources.iter().find(|r| r.method == resource.method && *r.path == *resource.path);
    if let Some(path) = file.and_then(|r| r.sequence.as_deref()) {
        // In the place of the file it is held against the WSDL too.
        let mut tried = content.clone();
        tried.sequences.iter_mut().filter(|s| s.name.ends_with(path)).for_each(|s| s.text = text.as_str().into());
        let built = build_with(name, &tried, Secrets::NotNeeded);
        if built.api.is_none() {
            return Err(not_good(&built.diagnostics, &built.sources));
        }
    }
    Ok((api, resource, Arc::new(sequence)))
}

async fn carry_out(
    state: &AdminState,
    asked: NewTrial,
    api: Arc<PublishedApi>,
    resource: PublishedResource,
    sequence: Arc<Sequence>,
) -> Result<Report, Problem> {
    let mut trial = Trial::new(api.clone(), resource, sequence, sample(&asked)?);
    let Some(outbound) = trial.request().await else { return Ok(trial.into_report()) };
    let (status, headers, body, took) = if asked.upstream {
        called(state, &api, &outbound).await?
    } else {
        let is_fault = asked.fault.is_some();
        let body = match asked.reply {
            Some(envelope) => envelope.into_bytes(),
            None => trial
                .example(asked.fault.as_deref())
                .map_err(|why| refused(Reason::InvalidRequest, 400, format!("There is no example: {why}.")))?,
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
        (if is_fault { 500 } else { 200 }, headers, body.into(), Duration::ZERO)
    };
    trial.reply(status, &headers, &body, took);
    Ok(trial.into_report())
}

async fn called(state: &AdminState, api: &PublishedApi, outbound: &Outbound) -> Result<(u16, HeaderMap, bytes::Bytes, Duration), Problem> {
    let Some(gateway) = &state.gateway else {
        return Err(refused(Reason::InvalidRequest, 409, "This process has no gateway, and calls no services."));
    };
    let began = tokio::time::Instant::now();
    let (status, headers, body) = gateway.try_out(api, outbound).await?;
    Ok((status, headers, body, began.elapsed()))
}

fn sample(asked: &NewTrial) -> Result<Sample, Problem> {
    let mut headers = HeaderMap::new();
    for (name, value) in &asked.headers {
        let made = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
        let (name, value) = made.ok_or_else(|| ManageError::invalid("headers", "names and values of header fields", name))?;
        headers.append(name, value);
    }
    let json = asked.body.as_ref().map(|b| b.to_string().into_bytes()).unwrap_or_default();
    let who = Who {
        application: asked.application.as_deref().map(Arc::from),
        user: asked.user.as_deref().map(Arc::from),
        scopes: asked.scopes.iter().map(|s| Arc::from(s.as_str())).collect(),
        scheme: "oauth2",
        kind: if asked.user.is_some() { "application_user" } else { "application" },
    };
    Ok(Sample { json, headers, path: asked.path.clone().into_iter().collect(), query: asked.query.clone(), who })
}

impl From<Report> for TrialReport {
    fn from(report: Report) -> Self {
        let milliseconds = |took: Duration| (took.as_secs_f64() * 1e6).round() / 1000.0;
        let message = |m: crate::gateway::trace::Message| TrialMessage {
            message: m.what,
            status: m.status,
            headers: m.headers,
            body: m.body,
            milliseconds: milliseconds(m.took),
        };
        let step = |s: crate::sequence::trace::Traced| TrialStep {
            path: s.path,
            step: s.verb,
            depth: s.depth,
            changes: s.changes.into_iter().map(|c| TrialChange { what: c.what, before: c.before, after: c.after }).collect(),
            ended: s.ended,
            milliseconds: milliseconds(s.took),
        };
        Self {
            messages: report.messages.into_iter().map(message).collect(),
            steps: report.steps.into_iter().map(step).collect(),
            left_out: report.left_out,
        }
    }
}

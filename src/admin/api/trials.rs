use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::PUBLISHER;
use crate::admin::AdminState;
use crate::admin::call::Call;
use crate::admin::document::{Document, Schemas, documents, named};
use crate::admin::route::{Allow, Operation, Routes, Verb};
use crate::gateway::trace::Report;
use crate::problem::Problem;
use crate::publish::{Asked, try_out};

/// Bytes of a request to try something out.
const MAX_BYTES: usize = 8 << 20;

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
    let asked = Asked::from(call.input);
    Ok(try_out(&state.manage, state.gateway.as_ref(), &call.actor, &name, asked).await?.into())
}

impl From<NewTrial> for Asked {
    fn from(new: NewTrial) -> Self {
        Self {
            resource: new.resource,
            path: new.path,
            query: new.query,
            headers: new.headers,
            json: new.body.map(|b| b.to_string().into_bytes()).unwrap_or_default(),
            application: new.application,
            user: new.user,
            scopes: new.scopes,
            sequence: new.sequence,
            upstream: new.upstream,
            fault: new.fault,
            reply: new.reply,
        }
    }
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

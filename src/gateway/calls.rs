//! Operations that steps of a sequence call, on behalf of the caller: the SOAP service of this or another API of the tenant, without the sequence of
//! any resource, so that calls do not call. What holds for every call of that API's service holds here: its places in flight, its breaker,
//! its log-in, the addresses that it may have.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderValue};
use tokio::time::{Instant, timeout_at};

use super::access::{self, Permit};
use super::message::Draft;
use super::rest::{PIECE_BYTES, dressed};
use super::secure::{self, Secured};
use super::token::token;
use super::upstream::{self, Outgoing, Sent};
use super::{Gateway, answer, fault, route};
use crate::catalog::{Callee, PublishedApi};
use crate::json::{Limits, parse};
use crate::mediate::package::PackageOptions;
use crate::mediate::{self, Decoded, Direction};
use crate::plan::node::OperationPlan;
use crate::problem::{Problem, Reason};
use crate::sequence::{Ask, Calls, FaultFacts, Outcome, Tree};
use crate::telemetry::names;

/// What calls are made with.
pub(super) struct Line<'g> {
    pub(super) gateway: &'g Gateway,
    pub(super) permit: &'g Permit,
    pub(super) request_id: String,
    pub(super) public_url: String,
}

/// What calls cost so far, for the access log.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub(super) calls: u32,
    pub(super) took: Duration,
}

/// A call that failed: what its caller reads where no step knows better.
struct Failed {
    facts: FaultFacts,
    problem: Problem,
}

impl From<Problem> for Failed {
    fn from(problem: Problem) -> Self {
        let facts = FaultFacts {
            name: None,
            code: Some(problem.code.to_string()),
            reason: Some(problem.detail.to_string()),
            status: problem.status.to_string(),
        };
        Self { facts, problem }
    }
}

impl Line<'_> {
    /// Makes calls at the same time and gives what came of each, with the problem of the first that failed.
    pub(super) async fn all(
        &self,
        calls: Calls,
        headers: &HeaderMap,
        deadline: Instant,
        tally: &mut Tally,
    ) -> (Vec<Outcome>, Option<Problem>) {
        let began = Instant::now();
        let until = calls.timeout.map_or(deadline, |t| deadline.min(began + t));
        tally.calls += u32::try_from(calls.asks.len()).unwrap_or(u32::MAX);
        // The first one takes the place in flight that the caller's call has already.
        let all = calls.asks.into_iter().enumerate().map(|(i, ask)| self.counted(ask, headers, i == 0, until));
        let results = join_all(all).await;
        tally.took += began.elapsed();
        let mut first = None;
        let outcomes = results.into_iter().map(|result| {
            result.map_err(|failed| {
                first.get_or_insert(failed.problem);
                failed.facts
            })
        });
        (outcomes.collect(), first)
    }

    async fn counted(&self, ask: Ask, headers: &HeaderMap, has_place: bool, until: Instant) -> Result<Tree, Failed> {
        let began = Instant::now();
        let api = ask.api.as_deref().unwrap_or(&self.permit.route.api().name).to_owned();
        let label = crate::catalog::api_label(&self.permit.route.api().tenant, &api);
        let result = match timeout_at(until, Box::pin(self.one(&ask, headers, has_place, until))).await {
            Ok(result) => result,
            Err(_) => Err(upstream::too_slow().into()),
        };
        let word = match &result {
            Ok(_) => "ok",
            Err(failed) if failed.problem.reason == Reason::Fault => "fault",
            Err(_) => "failed",
        };
        // An API that is not there has no label of its own.
        let label = if self.permit.route.neighbour(&api).is_some() { label } else { String::new() };
        metrics::histogram!(names::SEQUENCE_CALL_SECONDS, "api" => label, "result" => word).record(began.elapsed());
        result.map_err(|mut failed| {
            let why = failed.problem.private.take().unwrap_or_default();
            failed.problem.private = Some(format!("call of {} of {api}: {why}", ask.operation));
            // The reply is for the caller's own service to be blamed for, not this one.
            failed.problem.upstream_failed = false;
            failed
        })
    }

    async fn one(&self, ask: &Ask, caller: &HeaderMap, has_place: bool, until: Instant) -> Result<Tree, Failed> {
        let own = self.permit.route.api();
        let name = ask.api.as_deref().unwrap_or(&own.name);
        let Some((api, slots)) = self.permit.route.neighbour(name) else { return Err(missing("the API is not there").into()) };
        route::check_state(api).map_err(|p| missing(&p.detail))?;
        let callee = api.callee(&ask.operation).ok_or_else(|| missing("the operation is not there"))?;
        let plan = api.program.operations.get(callee.operation).ok_or_else(|| missing("the operation has no plan"))?;
        let is_own = std::sync::Arc::ptr_eq(api, own);
        let _slot = if has_place && is_own { None } else { Some(access::place(self.gateway, slots).await?) };
        let told = match is_own {
            true => self.permit.told.clone(),
            false => access::told_of(self.gateway, self.permit, api, &self.public_url)?,
        };
        let mut headers = upstream::forwarded(api, caller, &self.request_id, &told);
        dressed(&mut headers, plan);
        let mut outgoing = Outgoing { url: callee.url.to_string(), headers };
        let draft = encoded(self.gateway, api, &callee, plan, ask).await?;
        let Secured { envelope, .. } = secure::request(api, callee.wire, plan, &outgoing.url, draft.envelope()).await?;
        let message = draft.into_message(envelope, plan.soap_action.as_deref().unwrap_or_default())?;
        if let Some(value) = message.content_type.as_deref().and_then(|t| HeaderValue::from_bytes(t.as_bytes()).ok()) {
            outgoing.headers.insert(CONTENT_TYPE, value);
        }
        let mut sent = Sent::default();
        let reply = upstream::send(self.gateway, api, &outgoing, &message, Some(until), &mut sent).await?;
        let read = answer::read(self.gateway, api, callee.operation, reply, &mut self.gateway.ledger.holding()).await;
        if let Some(pass) = sent.pass.take() {
            let failed = read.as_ref().is_err_and(|p| p.upstream_failed);
            // What the end of the step's own time cuts off says nothing of the service: the pass is dropped.
            if !failed || Instant::now() < until {
                pass.end(!failed);
            }
        }
        let json = match read? {
            Decoded::Value(json) => json,
            Decoded::Empty => b"{}".to_vec(),
            Decoded::Fault(found) => return Err(self.fault(api, found)),
        };
        let is_large = json.len() > PIECE_BYTES;
        let tree = move || parse(&json, &Limits::default()).map(|value| Tree::from(&value));
        let tree = if is_large { self.gateway.ledger.beside(tree).await? } else { tree() };
        Ok(tree.map_err(|e| Problem::internal(format!("our own JSON cannot be read: {e}")))?)
    }

    /// A fault as steps know it. One that is not declared says nothing of the caller's request.
    fn fault(&self, api: &PublishedApi, found: mediate::Fault) -> Failed {
        let definition = &api.definition;
        let all = fault::exposes_all(definition.expose, definition.api.state, self.gateway.config.gateway.faults);
        let mut problem = fault::problem(&found, all, false);
        if found.declared.is_none() {
            problem.status = 502;
        }
        let facts = FaultFacts {
            name: found.declared.as_deref().map(str::to_owned),
            code: found.code,
            reason: found.reason,
            status: problem.status.to_string(),
        };
        Failed { facts, problem }
    }
}

/// A step calls what is not there: the author's failure, at a time when nobody could tell him.
fn missing(why: &str) -> Problem {
    Problem::new(Reason::Internal, 500, "The API cannot do what this resource needs.").with_private(why.to_owned())
}

/// The message of a call as an envelope.
async fn encoded(
    gateway: &Gateway,
    api: &std::sync::Arc<PublishedApi>,
    callee: &Callee<'_>,
    plan: &OperationPlan,
    ask: &Ask,
) -> Result<Draft, Problem> {
    let text = Bytes::from(ask.json.to_json());
    let whole = callee.wire.security.as_ref().is_some_and(|s| s.signature.is_some());
    let (api, mtom, index, operation) = (api.clone(), callee.mtom, callee.operation, plan.name.clone());
    let is_large = text.len() > PIECE_BYTES;
    let work = move || {
        let plan = api.program.operations.get(index).ok_or_else(|| missing("the operation has no plan"))?;
        let token = token()?;
        let options = PackageOptions { source: &text, uploads: None, mtom, token: &token, whole };
        let value = parse(&text, &Limits::default()).map_err(|e| Problem::internal(format!("our own JSON cannot be read: {e}")))?;
        let package =
            mediate::encode_package(&api.program, plan, Direction::Request, &value, &options).map_err(|e| unfit(&operation, &e))?;
        Ok(Draft::new(package, text.clone(), Vec::new()))
    };
    let draft: Result<Draft, Problem> = if is_large { gateway.ledger.beside(work).await? } else { work() };
    let draft = draft?;
    if whole { draft.in_one_piece().await } else { Ok(draft) }
}

/// The message does not fit the operation. What the places are called there is for the log.
fn unfit(operation: &str, error: &mediate::EncodeError) -> Problem {
    let text = format!("The request does not give what the operation {operation}, which this resource calls, needs.");
    let why = match error {
        mediate::EncodeError::NotJson(e) => e.to_string(),
        mediate::EncodeError::Invalid(list) => {
            let places: Vec<_> = list.iter().take(5).map(|e| format!("{} is not {}", e.pointer, e.expected)).collect();
            places.join("; ")
        }
    };
    Problem::new(Reason::InvalidRequest, 400, text).with_private(why)
}

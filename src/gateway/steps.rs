//! A call on its way through the sequence of its resource: what steps want is done here, since they do no input or output themselves.

use std::sync::Arc;

use bytes::Bytes;
use http::header::HeaderMap;
use http::{Response, StatusCode};
use tokio::time::Instant;

use super::access::Permit;
use super::body::AnswerBody;
use super::calls::{Line, Tally};
use super::limits::CallLimits;
use super::rest::{invalid, not_json};
use super::route::Target;
use super::values::{Filling, Kept};
use super::{Call, Gateway, respond};
use crate::catalog::PublishedResource;
use crate::json::{Limits, ParseError, parse};
use crate::mediate::Fault;
use crate::mediate::security::{self, ByHand};
use crate::plan::node::SoapVersion;
use crate::problem::{InvalidField, Place, Problem, Reason};
use crate::sequence::{
    Answer, Caller, Exchange, Failure, FailureKind, FaultFacts, Keep, Need, Origin, Run, Sequence, Slot, Steps, Stop, Tree, Who,
};

const JSON: &str = "application/json";
/// Steps over a larger message do not hold up the calls that share their thread.
const LARGE_BYTES: usize = 64 << 10;

/// A call that ends before its way does.
pub(super) enum Ended {
    /// A step has the answer.
    Answer(Box<Response<AnswerBody>>),
    /// It failed.
    Problem(Problem),
    /// It begins again, without what is kept under that name.
    Again { drop: Box<str> },
}

impl From<Problem> for Ended {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Ended {
    /// What the caller gets.
    pub(super) fn into_result(self) -> Result<Response<AnswerBody>, Problem> {
        match self {
            Self::Answer(answer) => Ok(*answer),
            Self::Problem(problem) => Err(problem),
            Self::Again { .. } => Err(Problem::internal("a request that began again begins again")),
        }
    }
}

/// A call and the sequence of its resource.
pub(super) struct Course<'g> {
    sequence: Arc<Sequence>,
    /// `None`: there is nothing to do but the conversions.
    exchange: Option<Exchange>,
    line: Line<'g>,
    tally: Tally,
    /// When all of it must have ended: known from the first call of an operation on.
    deadline: Option<Instant>,
    /// Why a call of an operation failed.
    failed: Option<Problem>,
    /// A value that is being made.
    filling: Option<Filling<'g>>,
    /// What was found or put into slots.
    found: Vec<(Slot, Arc<Kept>)>,
}

/// Why steps over a text end.
enum Halt {
    Stop(Stop),
    NotJson(ParseError),
}

/// The envelope that a template wrote, in place of the JSON.
pub(super) fn written(exchange: &mut Exchange, version: SoapVersion) -> Option<Result<Vec<u8>, Problem>> {
    let text = exchange.soap.take()?;
    let failed = |e| Problem::internal(format!("a template writes no envelope: {e}"));
    Some(security::envelope(&text, version).map_err(failed))
}

/// The envelope with the header blocks that steps set.
///
/// # Errors
/// The caller gave one of them.
pub(super) fn with_blocks(exchange: &mut Exchange, envelope: Bytes) -> Result<Bytes, Problem> {
    let blocks = std::mem::take(&mut exchange.soap_headers);
    if blocks.is_empty() {
        return Ok(envelope);
    }
    security::with_blocks(&envelope, &blocks).map(Bytes::from).map_err(|e| match e {
        ByHand::Twice(name) => {
            let text = format!("The request gives the header block {name}, which this resource sets itself.");
            Problem::new(Reason::InvalidRequest, 400, text)
        }
        other => Problem::internal(other.to_string()),
    })
}

impl<'g> Course<'g> {
    /// The beginning of a call.
    pub(super) fn new(gateway: &'g Gateway, permit: &'g Permit, resource: &PublishedResource, call: &Call<'_>) -> Self {
        let sequence = resource.sequence.clone();
        let exchange = (!sequence.is_plain()).then(|| Exchange::new(caller(permit, call)));
        let line = Line { gateway, permit, request_id: call.record.request_id.clone(), public_url: call.public_url.clone() };
        Self { sequence, exchange, line, tally: Tally::default(), deadline: None, failed: None, filling: None, found: Vec::new() }
    }

    /// When the call must have ended, where steps took a part of its time already.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// The envelope that a template wrote, in place of the JSON.
    pub(super) fn envelope(&mut self, version: SoapVersion) -> Option<Result<Vec<u8>, Problem>> {
        written(self.exchange.as_mut()?, version)
    }

    /// The envelope with the header blocks that steps set.
    ///
    /// # Errors
    /// The caller gave one of them.
    pub(super) fn with_blocks(&mut self, envelope: Bytes) -> Result<Bytes, Problem> {
        match &mut self.exchange {
            Some(exchange) => with_blocks(exchange, envelope),
            None => Ok(envelope),
        }
    }

    /// What its steps called.
    pub(super) fn tally(&self) -> Tally {
        self.tally
    }

    /// Begins again with the request, and forgets what it found under that name.
    pub(super) fn again(&mut self, drop: &str) {
        let api = self.line.permit.route.api();
        for (slot, kept) in self.found.drain(..).filter(|(slot, _)| *slot.name == *drop) {
            self.line.gateway.values.forget(api, &slot, &kept);
        }
        self.filling = None;
        if let Some(exchange) = &mut self.exchange {
            exchange.again();
        }
    }

    /// Do the steps of the request need its JSON?
    pub(super) fn reads_request(&self) -> bool {
        self.sequence.request.use_body()
    }

    /// Do the steps of the reply need its JSON?
    pub(super) fn reads_response(&self) -> bool {
        self.sequence.response.use_body()
    }

    /// The steps of the request. `headers` are the upstream's; `text` is the message's, where they need it: then what it became comes back.
    pub(super) async fn request(&mut self, headers: &mut HeaderMap, text: Option<Bytes>) -> Result<Option<Bytes>, Ended> {
        let text = text.map(|t| if t.is_empty() { Bytes::from_static(b"{}") } else { t });
        let result = self.walk(|s| &s.request, headers, None, text).await?;
        result.map_err(|halt| match halt {
            Halt::Stop(Stop::Call(facts)) => self.call_failed(&facts).into(),
            Halt::Stop(Stop::Template { place, pointer, expected }) => {
                let errors = pointer.map(|pointer| {
                    let (found, expected) = (String::from("something else, or nothing"), String::from(expected));
                    InvalidField { place: Place::Pointer(pointer), expected, found, hint: None }
                });
                let problem = match errors {
                    Some(error) => invalid(vec![error]),
                    None => Problem::new(Reason::InvalidRequest, 400, "The request does not give all that this resource needs."),
                };
                problem.with_private(format!("{place} needs {expected}")).into()
            }
            Halt::Stop(Stop::Unfit { pointer, expected }) => {
                let pointer = pointer.unwrap_or_default();
                let found = String::from("something else");
                invalid(vec![InvalidField { place: Place::Pointer(pointer), expected, found, hint: None }]).into()
            }
            Halt::Stop(Stop::Exhausted(why)) => {
                let text = "The request is too large for what this resource does with it.";
                Problem::new(Reason::TooLarge, 413, text).with_private(format!("the sequence was stopped: {why}")).into()
            }
            Halt::Stop(stop) => ended(stop),
            Halt::NotJson(error) => not_json(error).into(),
        })
    }

    /// The steps of the reply. `headers` are those that the caller gets; `json` is the message's, where they need it.
    pub(super) async fn response(&mut self, headers: &mut HeaderMap, json: Option<Vec<u8>>) -> Result<Option<Bytes>, Ended> {
        let result = self.walk(|s| &s.response, headers, None, json.map(Bytes::from)).await?;
        result.map_err(|halt| self.reply_halt(halt))
    }

    /// The steps of a fault, whose JSON they may change.
    pub(super) async fn fault(&mut self, headers: &mut HeaderMap, fault: &mut Fault, status: u16) -> Result<(), Ended> {
        let facts = FaultFacts {
            name: fault.declared.as_deref().map(str::to_owned),
            code: fault.code.clone(),
            reason: fault.reason.clone(),
            status: status.to_string(),
        };
        let json = (self.sequence.fault.use_body() && !fault.fault_json.is_empty()).then(|| Bytes::from(fault.fault_json.clone()));
        let result = self.walk(|s| &s.fault, headers, Some(facts), json).await?;
        if let Some(json) = result.map_err(|halt| self.reply_halt(halt))? {
            fault.fault_json = json.to_vec();
        }
        Ok(())
    }

    /// The status of the answer: a step's, else this.
    pub(super) fn status(&self, otherwise: StatusCode) -> StatusCode {
        let chosen = self.exchange.as_ref().and_then(|e| e.status);
        chosen.and_then(|s| StatusCode::from_u16(s).ok()).unwrap_or(otherwise)
    }

    /// The same of a fault's problem: what was chosen for a reply is not meant for it.
    pub(super) fn fault_status(&self, otherwise: u16) -> u16 {
        self.exchange.as_ref().and_then(|e| e.status).filter(|s| (400..=599).contains(s)).unwrap_or(otherwise)
    }

    /// Runs one path, away from this thread where the message is large.
    async fn walk(
        &mut self,
        path: fn(&Sequence) -> &Steps,
        headers: &mut HeaderMap,
        fault: Option<FaultFacts>,
        text: Option<Bytes>,
    ) -> Result<Result<Option<Bytes>, Halt>, Problem> {
        if path(&self.sequence).is_empty() {
            return Ok(Ok(text));
        }
        let Some(mut exchange) = self.exchange.take() else { return Err(Problem::internal("the sequence has no exchange")) };
        exchange.turn(std::mem::take(headers), fault);
        let is_large = text.as_ref().is_some_and(|t| t.len() > LARGE_BYTES);
        let mut run = path(&self.sequence).start();
        let mut text = text;
        let result = loop {
            let first = text.take();
            let work = move || {
                let result = over(&mut run, &mut exchange, first.as_deref());
                (run, exchange, result)
            };
            let result;
            (run, exchange, result) = match is_large {
                true => self.line.gateway.ledger.beside(work).await?,
                false => work(),
            };
            match result {
                Ok(Some(need)) => {
                    if let Err(stop) = self.give(need, &mut run, &mut exchange).await? {
                        break Err(Halt::Stop(stop));
                    }
                }
                Ok(None) => break Ok(()),
                Err(halt) => break Err(halt),
            }
        };
        let written = exchange.body.take();
        std::mem::swap(headers, &mut exchange.headers);
        for note in exchange.notes.drain(..) {
            let values: Vec<_> = note.values.iter().map(|(pointer, value)| format!("{pointer}={value}")).collect();
            let (api, request_id) = (&self.line.permit.route.api().name, &self.line.request_id);
            tracing::info!(api = %api, request_id = %request_id, values = %values.join(" "), "sequence: {}", note.message);
        }
        self.exchange = Some(exchange);
        if let Err(halt) = result {
            self.filling = None;
            return Ok(Err(halt));
        }
        let write = move || written.map(|tree| Bytes::from(tree.to_json()));
        Ok(Ok(if is_large { self.line.gateway.ledger.beside(write).await? } else { write() }))
    }

    /// Gets what steps need, and lets them have it.
    async fn give(&mut self, need: Need, run: &mut Run, exchange: &mut Exchange) -> Result<Result<(), Stop>, Problem> {
        let api = self.line.permit.route.api();
        let call = CallLimits::of(api, &self.line.gateway.config.limits).call;
        let deadline = *self.deadline.get_or_insert_with(|| Instant::now() + call);
        match need {
            Need::Calls(calls) => {
                let (outcomes, failed) = self.line.all(calls, &exchange.caller.headers, deadline, &mut self.tally).await;
                self.failed = failed;
                Ok(run.called(exchange, outcomes))
            }
            Need::Kept(slot) => match self.line.gateway.values.find(api, &slot, deadline).await? {
                Ok(kept) => {
                    let value = kept.value().clone();
                    self.found.push((slot, kept));
                    Ok(run.found(exchange, Some(value)))
                }
                Err(filling) => {
                    self.filling = Some(filling);
                    Ok(run.found(exchange, None))
                }
            },
            Need::Keep(keep) => {
                self.keep(keep);
                Ok(Ok(()))
            }
        }
    }

    /// Keeps what was made, and lets those have it who wait.
    fn keep(&mut self, keep: Keep) {
        if let Some(filling) = self.filling.take() {
            let slot = keep.slot.clone();
            self.found.push((slot, filling.keep(self.line.permit.route.api(), keep)));
        }
    }

    /// The problem of a call that failed.
    fn call_failed(&mut self, facts: &FaultFacts) -> Problem {
        let text = "A service that this resource needs did not give what it should.";
        let own = || Problem::new(Reason::UpstreamReply, 502, text).with_private(facts.reason.clone().unwrap_or_default());
        self.failed.take().filter(|p| p.status.to_string() == facts.status).unwrap_or_else(own)
    }

    /// A reply that the steps cannot go through: not the caller's fault.
    fn reply_halt(&mut self, halt: Halt) -> Ended {
        let text = "The reply of the SOAP service behind this API does not fit what this resource does with it.";
        let why = match halt {
            Halt::Stop(Stop::Call(facts)) => {
                let mut problem = self.call_failed(&facts);
                // The caller's request was good enough for the operation itself.
                if problem.reason == Reason::InvalidRequest {
                    problem.status = 502;
                }
                return problem.into();
            }
            Halt::Stop(stop @ (Stop::Respond(_) | Stop::Fail(_) | Stop::Again { .. } | Stop::Broken(_))) => return ended(stop),
            Halt::Stop(Stop::Template { place, expected, .. }) => format!("{place} needs {expected}"),
            Halt::Stop(Stop::Unfit { pointer, expected }) => {
                format!("{} is not {expected}", pointer.unwrap_or_else(|| "a header field".into()))
            }
            Halt::Stop(Stop::Exhausted(why)) => format!("the sequence was stopped: {why}"),
            Halt::NotJson(error) => error.to_string(),
        };
        Problem::new(Reason::UpstreamReply, 502, text).with_private(why).into()
    }
}

/// Errors of a request behind its steps, at the places of what the caller sent.
pub(super) fn explain(sequence: &Sequence, mut problem: Problem, sent: &[u8], headers: &HeaderMap) -> Problem {
    let tree = parse(sent, &Limits::default()).map_or(Tree::Null, |value| Tree::from(&value));
    for error in &mut problem.errors {
        place(sequence, error, &tree, headers);
    }
    problem
}

/// Says an error at the caller's place; what stands where it was found, in the caller's message, is that place itself.
fn place(sequence: &Sequence, error: &mut InvalidField, sent: &Tree, headers: &HeaderMap) {
    let Place::Pointer(pointer) = &error.place else { return };
    let origins = sequence.request.origins(pointer);
    let is_there = |origin: &&Origin| match origin {
        Origin::Body(pointer) => sent.has(pointer),
        Origin::Parameter { location: "header", name } => headers.contains_key(name),
        Origin::Parameter { .. } => true,
    };
    let found = origins.iter().find(is_there).or(origins.first()).cloned();
    if let (Some(hint), Some(Origin::Body(_))) = (&error.hint, &found) {
        error.hint = name_beside(sequence, pointer, hint);
    }
    error.place = match found {
        Some(Origin::Body(pointer)) => Place::Pointer(pointer),
        Some(Origin::Parameter { location, name }) => Place::Parameter { location, name },
        // A step made it of nothing that was sent.
        None => Place::Pointer(String::new()),
    };
}

/// What the caller calls the member of that name beside the one at a pointer.
fn name_beside(sequence: &Sequence, pointer: &str, name: &str) -> Option<String> {
    let mut beside = pointer.rsplit_once('/').map_or("", |(above, _)| above).to_owned();
    crate::json::push_pointer(&mut beside, name);
    match sequence.request.origins(&beside).into_iter().next()? {
        Origin::Body(pointer) => pointer.rsplit_once('/').map(|(_, name)| name.replace("~1", "/").replace("~0", "~")),
        Origin::Parameter { name, .. } => Some(name),
    }
}

/// Steps up to what they need; in the beginning over a text, where there is one.
fn over(run: &mut Run, exchange: &mut Exchange, text: Option<&[u8]>) -> Result<Option<Need>, Halt> {
    if let Some(text) = text {
        exchange.body = Some(Tree::from(&parse(text, &Limits::default()).map_err(Halt::NotJson)?));
    }
    run.go(exchange).map_err(Halt::Stop)
}

fn caller(permit: &Permit, call: &Call<'_>) -> Caller {
    let path = match &permit.route.target {
        Target::Resource { parameters, .. } => parameters.clone(),
        Target::Soap | Target::Base | Target::OpenApi | Target::Attachment(_) | Target::Options(_) => Vec::new(),
    };
    let principal = &permit.principal;
    let who = Who {
        application: principal.application.as_ref().map(|a| Arc::from(&*a.name)),
        user: principal.user.clone(),
        scopes: principal.scopes.clone(),
        scheme: principal.scheme.word(),
        kind: principal.kind.word(),
    };
    let query = url::form_urlencoded::parse(call.query.unwrap_or_default().as_bytes()).into_owned().collect();
    Caller { headers: call.headers.clone(), path, query, who }
}

/// An answer or refusal that a step gives.
fn ended(stop: Stop) -> Ended {
    match stop {
        Stop::Respond(answer) => Ended::Answer(Box::new(response(answer))),
        Stop::Fail(failure) => refused(failure).into(),
        Stop::Again { drop } => Ended::Again { drop },
        Stop::Broken(why) => Problem::internal(why).into(),
        Stop::Template { place, expected, .. } => Problem::internal(format!("{place} needs {expected}")).into(),
        Stop::Call(facts) => Problem::internal(facts.reason.unwrap_or_default()).into(),
        Stop::Unfit { expected, .. } => Problem::internal(format!("a step wants {expected}")).into(),
        Stop::Exhausted(why) => Problem::internal(why).into(),
    }
}

fn response(answer: Answer) -> Response<AnswerBody> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    match answer.json {
        Some(json) => respond::bytes(status, JSON, json.to_json()),
        None => respond::empty(status),
    }
}

pub(super) fn refused(failure: Failure) -> Problem {
    let reason = match failure.status {
        401 | 403 => Reason::Forbidden,
        400..=499 => Reason::InvalidRequest,
        _ => Reason::Fault,
    };
    let new = |detail: String| Problem::new(reason, failure.status, failure.detail.clone().unwrap_or(detail));
    match failure.kind {
        FailureKind::Scope(scope) => {
            let mut problem = new(format!("The token does not have the scope that is asked for: {scope}.")).with_code("900910");
            problem.title = "Scope missing".into();
            problem
        }
        FailureKind::Header(name) => {
            let expected = String::from("this header field");
            let place = Place::Parameter { location: "header", name };
            let errors = vec![InvalidField { place, expected, found: String::from("nothing"), hint: None }];
            new(String::from("A header field is missing.")).with_errors(errors)
        }
        FailureKind::Own { code, title } => {
            let problem = new(String::from("The API refuses this call."));
            let mut problem = match code {
                Some(code) => problem.with_code(code),
                None => problem,
            };
            if let Some(title) = title {
                problem.title = title.into();
            }
            problem
        }
    }
}

//! A sample of a call, carried out for people to look at: its four messages with their times, and what every step of the sequence did.
//!
//! Comes in: a resource and what a caller would send. Goes out: a [`Report`]. The way is that of a call (steps, envelope, reply, steps), without
//! the gates before it: nobody is asked for credentials, nothing is counted. Who makes a [`Trial`] says who may. Secrets are hidden by their
//! names. What no trial asks for costs nothing.

mod mask;

pub use mask::{json as shown_json, xml as shown_xml};

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use tokio::time::Instant;

use super::fault;
use super::rest::{self, Given};
use super::secure::{self, Secured};
use super::{Gateway, answer, upstream};
use crate::catalog::{PublishedApi, PublishedResource};
use crate::json::{Limits, parse};
use crate::mediate::mime::MediaType;
use crate::mediate::package::content_type;
use crate::mediate::{DecodeOptions, Decoded, Direction, Fault, decode};
use crate::plan::node::OperationPlan;
use crate::problem::{Problem, Reason};
use crate::sample::Sampler;
use crate::sequence::trace::{Trace, Traced};
use crate::sequence::{Ask, Caller, Exchange, FaultFacts, Need, Outcome, Sequence, Steps, Stop, Tree, Who};

/// Bytes of one message as it is shown.
const SHOWN_BYTES: usize = 256 << 10;
/// Bytes of a reply that a trial reads.
pub const REPLY_BYTES: u64 = 10 << 20;
/// The request id in problems of a trial.
const NO_REQUEST: &str = "-";

/// What a caller would send.
#[derive(Debug, Clone, Default)]
pub struct Sample {
    /// Its JSON; empty for none.
    pub json: Vec<u8>,
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its path parameters.
    pub path: Vec<(String, String)>,
    /// Its query, as in an address: `a=1&b=2`.
    pub query: Option<String>,
    /// Who it would be.
    pub who: Who,
}

/// One of the four messages.
#[derive(Debug, Clone)]
pub struct Message {
    /// `request`, `envelope`, `reply` or `answer`.
    pub what: &'static str,
    /// Its status, of a reply and an answer.
    pub status: Option<u16>,
    /// Its header fields, secrets hidden.
    pub headers: Vec<(String, String)>,
    /// Its body, secrets hidden; cut where it is long.
    pub body: String,
    /// How long it took to make it, of a reply to get it.
    pub took: Duration,
}

/// What was seen.
#[derive(Debug, Default)]
pub struct Report {
    /// The messages, in order; fewer than four where the call ended before.
    pub messages: Vec<Message>,
    /// What the steps did, in order.
    pub steps: Vec<Traced>,
    /// Steps and changes beyond what is kept.
    pub left_out: usize,
}

/// What goes to the service.
#[derive(Debug, Clone)]
pub struct Outbound {
    /// Where to.
    pub url: String,
    /// Header fields.
    pub headers: HeaderMap,
    /// The envelope, with all that the gateway adds: it may hold secrets.
    pub envelope: Bytes,
}

/// A sample on its way.
pub struct Trial {
    api: Arc<PublishedApi>,
    resource: PublishedResource,
    sequence: Arc<Sequence>,
    sample: Sample,
    exchange: Exchange,
    callers: bool,
    report: Report,
    answer: Option<(StatusCode, Vec<u8>)>,
}

/// The answer before its time.
struct Early(StatusCode, Vec<u8>, &'static str);

impl From<Problem> for Early {
    fn from(problem: Problem) -> Self {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self(status, problem.to_json(NO_REQUEST), "application/problem+json")
    }
}

impl Trial {
    /// For a call of that resource, through that sequence.
    pub fn new(api: Arc<PublishedApi>, resource: PublishedResource, sequence: Arc<Sequence>, sample: Sample) -> Self {
        let query = url::form_urlencoded::parse(sample.query.as_deref().unwrap_or_default().as_bytes()).into_owned().collect();
        let caller = Caller { headers: sample.headers.clone(), path: sample.path.clone(), query, who: sample.who.clone() };
        let mut exchange = Exchange::new(caller);
        exchange.trace = Some(Box::new(Trace::default()));
        Self { api, resource, sequence, sample, exchange, callers: false, report: Report::default(), answer: None }
    }

    /// The operation behind the resource.
    fn plan(&self) -> Result<&OperationPlan, Problem> {
        self.api.plan(&self.resource).ok_or_else(|| Problem::internal("the resource has no plan"))
    }

    /// The way to the service. `None`: the call ended before it, and the report has its answer.
    pub async fn request(&mut self) -> Option<Outbound> {
        let shown = mask::json(&self.sample.json);
        self.show("request", None, &self.sample.headers.clone(), shown, Duration::ZERO);
        let began = Instant::now();
        match self.outbound().await {
            Ok(outbound) => {
                let shown = mask::xml(&outbound.envelope);
                self.show("envelope", None, &outbound.headers, shown, began.elapsed());
                Some(outbound)
            }
            Err(early) => {
                self.answered(early, began.elapsed());
                None
            }
        }
    }

    async fn outbound(&mut self) -> Result<Outbound, Early> {
        let mut headers = upstream::forwarded(&self.api, &self.sample.headers, NO_REQUEST, &HeaderMap::new());
        let steps = self.sequence.clone();
        let text = (steps.request.use_body()).then(|| match self.sample.json.is_empty() {
            true => b"{}".to_vec(),
            false => self.sample.json.clone(),
        });
        let changed = self.walk("request", &steps.request, &mut headers, None, text.as_deref())?;
        let text = Bytes::from(changed.unwrap_or_else(|| self.sample.json.clone()));
        let version = self.plan()?.version;
        let envelope = match super::steps::written(&mut self.exchange, version) {
            Some(envelope) => Bytes::from(envelope?),
            None => {
                let fields = rest::fields(&self.resource, &self.sample.headers)?;
                let beside = Given { path: &self.sample.path, query: self.sample.query.as_deref(), fields: &fields };
                let draft = rest::encode(&self.api, &self.resource, &text, None, &beside)?;
                if draft.has_attachments() {
                    // What is shown and sent must not be less than what a call sends.
                    let text = "The request has attachments, which a trial does not carry: its steps are shown, and nothing is sent.";
                    return Err(Problem::new(Reason::InvalidRequest, 400, text).into());
                }
                draft.in_one_piece().await?.envelope()
            }
        };
        let envelope = super::steps::with_blocks(&mut self.exchange, envelope)?;
        let plan = self.plan()?;
        let action = plan.soap_action.as_deref().unwrap_or_default();
        if let Ok(value) = HeaderValue::from_bytes(content_type(plan.version, action).as_bytes()) {
            headers.insert(CONTENT_TYPE, value);
        }
        if plan.version == crate::plan::node::SoapVersion::Soap11
            && let Ok(value) = HeaderValue::from_bytes(format!("\"{action}\"").as_bytes())
        {
            headers.insert("soapaction", value);
        }
        let url = self.resource.url.to_string();
        let Secured { envelope, callers } = secure::request(&self.api, &self.resource.wire, plan, &url, envelope).await?;
        self.callers = callers;
        Ok(Outbound { url, headers, envelope })
    }

    /// A reply as the service could give it: an example, or that of a declared fault.
    ///
    /// # Errors
    /// There is none, in words.
    pub fn example(&self, fault: Option<&str>) -> Result<Vec<u8>, String> {
        let plan = self.plan().map_err(|p| p.detail.clone())?;
        let sampler = Sampler::new(&self.api.program);
        match fault {
            None => {
                let json = sampler.example(plan, Direction::Response).map_err(|e| e.to_string())?;
                crate::mediate::encode(&self.api.program, plan, Direction::Response, &json).map_err(|e| format!("{e:?}"))
            }
            Some(name) => {
                let declared = plan.faults.iter().find(|f| *f.name == *name);
                let declared = declared.ok_or_else(|| format!("the operation declares no fault `{}`", name.escape_debug()))?;
                fault_envelope(&self.api, plan, declared)
            }
        }
    }

    /// The way back: the reply that came.
    pub fn reply(&mut self, status: u16, headers: &HeaderMap, body: &[u8], took: Duration) {
        self.show("reply", Some(status), headers, mask::xml(body), took);
        let began = Instant::now();
        let early = self.inbound(status, headers, body).unwrap_or_else(|early| early);
        self.answered(early, began.elapsed());
    }

    fn inbound(&mut self, status: u16, headers: &HeaderMap, body: &[u8]) -> Result<Early, Early> {
        let unfit = |why: &str| {
            let text = format!("The SOAP service behind this API did not answer in SOAP: status {status}, {why}.");
            Early::from(Problem::new(Reason::UpstreamReply, 502, text))
        };
        let one_way = self.plan()?.output.is_none();
        let good = (200..300).contains(&status);
        let mut returned = upstream::returned(&self.api, headers);
        let steps = self.sequence.clone();
        let decoded = if body.is_empty() { None } else { Some(self.decoded(headers, body).map_err(|why| unfit(&why))?) };
        match decoded {
            Some(Decoded::Fault(mut found)) => Err(self.fault(&steps, &mut found, &mut returned)?),
            _ if !good => Err(unfit("no fault")),
            None if !one_way => Err(unfit("an empty body")),
            None | Some(Decoded::Empty) => {
                self.walk("response", &steps.response, &mut returned, None, None)?;
                let usual = if one_way { StatusCode::ACCEPTED } else { StatusCode::NO_CONTENT };
                Ok(Early(self.status(usual), Vec::new(), ""))
            }
            Some(Decoded::Value(json)) => {
                let unwrap = steps.unwrap.as_deref().or(self.resource.unwrap.as_deref());
                let json = unwrap.map_or_else(|| json.clone(), |property| answer::unwrapped(json.clone(), property));
                let text = steps.response.use_body().then(|| json.clone());
                let changed = self.walk("response", &steps.response, &mut returned, None, text.as_deref())?;
                Ok(Early(self.status(StatusCode::OK), changed.unwrap_or(json), "application/json"))
            }
        }
    }

    fn decoded(&self, headers: &HeaderMap, body: &[u8]) -> Result<Decoded, String> {
        let named = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let media_type = MediaType::parse(named);
        if media_type.essence == "multipart/related" {
            return Err("a reply with attachments, which a trial does not read".to_owned());
        }
        let charset = media_type.parameter("charset").map(str::to_owned);
        let options = DecodeOptions { charset, limits: crate::xml::Limits::message_of(REPLY_BYTES), ..DecodeOptions::default() };
        let plan = self.plan().map_err(|p| p.detail.to_string())?;
        decode(&self.api.program, plan, Direction::Response, body, &options).map_err(|e| e.message)
    }

    fn fault(&mut self, steps: &Sequence, found: &mut Fault, returned: &mut HeaderMap) -> Result<Early, Early> {
        // Whoever may try it out may read the texts of its faults.
        let standard = fault::problem(found, true, self.callers);
        let facts = FaultFacts {
            name: found.declared.as_deref().map(str::to_owned),
            code: found.code.clone(),
            reason: found.reason.clone(),
            status: standard.status.to_string(),
        };
        let text = (steps.fault.use_body() && !found.fault_json.is_empty()).then(|| found.fault_json.clone());
        if let Some(json) = self.walk("fault", &steps.fault, returned, Some(facts), text.as_deref())? {
            found.fault_json = json;
        }
        let mut problem = fault::problem(found, true, self.callers);
        problem.status = self.exchange.status.filter(|s| (400..=599).contains(s)).unwrap_or(problem.status);
        Ok(problem.into())
    }

    fn status(&self, usual: StatusCode) -> StatusCode {
        self.exchange.status.and_then(|s| StatusCode::from_u16(s).ok()).unwrap_or(usual)
    }

    /// The steps of one path over a text, where they need it.
    fn walk(
        &mut self,
        path: &'static str,
        steps: &Steps,
        headers: &mut HeaderMap,
        fault: Option<FaultFacts>,
        text: Option<&[u8]>,
    ) -> Result<Option<Vec<u8>>, Early> {
        if let Some(trace) = &mut self.exchange.trace {
            trace.turn(path);
        }
        self.exchange.turn(std::mem::take(headers), fault);
        if let Some(text) = text {
            let value = parse(text, &Limits::default());
            let value = value.map_err(|e| Problem::new(Reason::InvalidRequest, 400, format!("The message is not JSON: {e}.")))?;
            self.exchange.body = Some(Tree::from(&value));
        }
        let result = self.go(steps);
        std::mem::swap(headers, &mut self.exchange.headers);
        let body = self.exchange.body.take().map(|tree| tree.to_json());
        result.map_err(stopped)?;
        Ok(body)
    }

    /// Runs steps to their end. What they call is not called: they get an example of its reply; and nothing is kept yet.
    fn go(&mut self, steps: &Steps) -> Result<(), Stop> {
        let mut run = steps.start();
        while let Some(need) = run.go(&mut self.exchange)? {
            match need {
                Need::Calls(calls) => {
                    let outcomes = calls.asks.iter().map(|ask| self.outcome(ask)).collect();
                    run.called(&mut self.exchange, outcomes)?;
                }
                Need::Kept(_) => run.found(&mut self.exchange, None)?,
                Need::Keep(_) => {}
            }
        }
        Ok(())
    }

    fn outcome(&self, ask: &Ask) -> Outcome {
        let failed = |why: &str| FaultFacts { reason: Some(why.to_owned()), status: "502".to_owned(), ..FaultFacts::default() };
        if ask.api.as_ref().is_some_and(|name| **name != *self.api.name) {
            return Err(failed("a trial calls no other API"));
        }
        let plan = self.api.program.operation(&ask.operation, None).ok_or_else(|| failed("there is no such operation"))?;
        let json = Sampler::new(&self.api.program).example(plan, Direction::Response).map_err(|e| failed(&e.to_string()))?;
        let value = parse(&json, &Limits::default()).map_err(|e| failed(&e.to_string()))?;
        Ok(Tree::from(&value))
    }

    fn answered(&mut self, Early(status, body, media_type): Early, took: Duration) {
        let mut headers = HeaderMap::new();
        if !media_type.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        self.show("answer", Some(status.as_u16()), &headers, mask::json(&body), took);
        self.answer = Some((status, body));
    }

    fn show(&mut self, what: &'static str, status: Option<u16>, headers: &HeaderMap, body: String, took: Duration) {
        let headers = mask::headers(headers);
        self.report.messages.push(Message { what, status, headers, body: mask::clipped(body, SHOWN_BYTES), took });
    }

    /// Status and body of the answer, with nothing hidden: for who called.
    pub fn answer(&self) -> Option<(u16, &[u8])> {
        self.answer.as_ref().map(|(status, body)| (status.as_u16(), body.as_slice()))
    }

    /// What was seen.
    pub fn into_report(mut self) -> Report {
        if let Some(trace) = self.exchange.trace.take() {
            (self.report.steps, self.report.left_out) = (trace.steps, trace.left_out);
        }
        self.report
    }
}

/// What a caller gets where steps end the call.
fn stopped(stop: Stop) -> Early {
    match stop {
        Stop::Respond(answer) => {
            let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
            let media_type = if answer.json.is_some() { "application/json" } else { "" };
            Early(status, answer.json.map(|j| j.to_json()).unwrap_or_default(), media_type)
        }
        Stop::Fail(failure) => super::steps::refused(failure).into(),
        Stop::Unfit { pointer, expected } => {
            let place = pointer.unwrap_or_else(|| "a header field".to_owned());
            Problem::new(Reason::InvalidRequest, 400, format!("{place} is not {expected}.")).into()
        }
        Stop::Template { place, expected, .. } => Problem::internal(format!("{place} needs {expected}")).into(),
        Stop::Broken(why) => Problem::internal(why).into(),
        Stop::Call(facts) => Problem::new(Reason::UpstreamReply, 502, facts.reason.unwrap_or_default()).into(),
        Stop::Again { drop } => {
            let text = format!("The sequence begins again here, without what is kept as {drop}; a trial does not.");
            Problem::new(Reason::UpstreamReply, 502, text).into()
        }
        Stop::Exhausted(why) => Problem::new(Reason::TooLarge, 413, format!("The sequence was stopped: {why}.")).into(),
    }
}

/// The envelope of a declared fault with an example of its detail.
fn fault_envelope(api: &PublishedApi, plan: &OperationPlan, declared: &crate::plan::node::FaultPlan) -> Result<Vec<u8>, String> {
    let detail = Sampler::new(&api.program).fault(declared, None, crate::sample::Style::Typical).map_err(|e| e.to_string())?;
    let detail = parse(&detail, &Limits::default()).map_err(|e| e.to_string())?;
    crate::mediate::encode_fault(&api.program, plan, declared, "an example of this fault", &detail).map_err(|e| format!("{e:?}"))
}

impl Gateway {
    /// The API of that name that is in force.
    pub fn in_force(&self, tenant: &str, name: &str) -> Option<Arc<PublishedApi>> {
        self.catalog.snapshot().apis.iter().find(|a| *a.tenant == *tenant && *a.name == *name).cloned()
    }

    /// Sends what a trial made to the service, as the API's calls are sent: its addresses, its credentials, its deadlines. Gives status, header
    /// fields and body of the reply.
    ///
    /// # Errors
    /// The service cannot be reached, or its reply is too slow or too large.
    pub async fn try_out(&self, api: &PublishedApi, outbound: &Outbound) -> Result<(u16, HeaderMap, Bytes), Problem> {
        let outgoing = upstream::Outgoing { url: outbound.url.clone(), headers: outbound.headers.clone() };
        let message = super::message::Message::envelope(outbound.envelope.clone());
        upstream::trial(self, api, &outgoing, &message, REPLY_BYTES).await
    }
}

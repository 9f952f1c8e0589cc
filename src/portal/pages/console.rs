//! `/apis/{api}/soap`: a raw SOAP call that one can write and send, with its answer and the JSON that a REST caller would read.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::applications::Choice;
use super::{LOGGED_IN, api};
use crate::catalog::{PublishedApi, RawOperation, Twin};
use crate::json::{Limits, parse};
use crate::net::relay::Relayed;
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, Who, get, post};
use crate::portal::visit::Visit;
use crate::xml;

/// Operations to choose from.
const MAX_OPERATIONS: usize = 300;
/// Bytes of an answer that are read.
const MAX_ANSWER_BYTES: u64 = 2 << 20;
/// Characters of an answer that are shown.
const SHOWN_CHARS: usize = 200_000;
/// Characters of a key, of a token, of a value for the service.
const MAX_FIELD: usize = 8_000;
/// Fields of an answer that say how the reader's limits stand, and which call it was.
const KEPT: &[&str] = &["RateLimit", "RateLimit-Policy", "Retry-After", "WWW-Authenticate", "X-Request-Id"];

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(get("/apis/{api}/soap", Who::Anyone), show).with(post("/apis/{api}/soap", LOGGED_IN), act)
}

/// What the page shows.
#[derive(Serialize)]
struct Console {
    name: String,
    title: String,
    address: String,
    operations: Vec<Choice>,
    /// The number of the chosen operation.
    chosen: usize,
    fields: Vec<Field>,
    envelope: String,
    json: String,
    /// Can it be shown as JSON?
    is_mapped: bool,
    asks_for_a_key: bool,
    asks_for_a_token: bool,
    apikey: String,
    token: String,
    backend: String,
    may_send: bool,
    /// What is wrong with what was written.
    wrong: Vec<String>,
    answer: Option<Shown>,
}

#[derive(Serialize)]
struct Field {
    name: String,
    value: String,
}

/// An answer.
#[derive(Serialize)]
struct Shown {
    status: u16,
    meaning: &'static str,
    is_good: bool,
    took_ms: u64,
    fields: Vec<Field>,
    body: String,
    /// What a REST caller would read; `None`: there is no such thing.
    twin: Option<String>,
    /// Why there is none.
    why: Option<String>,
}

#[allow(clippy::unused_async, reason = "every page is asynchronous")]
async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let api = portal.manage.catalogued(visit.viewer().as_ref(), visit.path("api"))?;
    let chosen = visit.query.trimmed("operation").and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
    let raw = api.raw_operations.get(chosen).ok_or(Fail::Nowhere)?;
    let sample = api.soap_sample(raw);
    let mut console = console(&portal, &visit, &api, chosen, raw);
    match sample {
        Some(sample) => {
            console.envelope = pretty_xml(sample.envelope.as_bytes());
            console.json = pretty_json(&sample.json);
        }
        None => console.envelope = raw.empty_envelope(),
    }
    page(&portal, &visit, StatusCode::OK, &console)
}

async fn act(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let api = portal.manage.catalogued(Some(&visit.actor()?), visit.path("api"))?;
    let chosen = visit.form.get("operation").parse::<usize>().unwrap_or(0);
    let raw = api.raw_operations.get(chosen).ok_or(Fail::Nowhere)?;
    let mut console = console(&portal, &visit, &api, chosen, raw);
    console.envelope = visit.form.get("envelope");
    console.json = visit.form.get("json");
    match &*visit.form.get("do") {
        "envelope" => match api.envelope_of(raw, &console.json) {
            Ok(envelope) => console.envelope = pretty_xml(envelope.as_bytes()),
            Err(wrong) => console.wrong = wrong,
        },
        "json" => match api.json_of_request(raw, &console.envelope) {
            Ok(Twin::Message(json) | Twin::Fault(json)) => console.json = pretty_json(&json),
            Err(wrong) => console.wrong = vec![wrong],
        },
        _ => match send(&portal, &visit, &api, raw, &console).await {
            Ok(answer) => console.answer = Some(shown(&api, raw, &answer)),
            Err(wrong) => console.wrong = vec![wrong],
        },
    }
    let status = if console.wrong.is_empty() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    page(&portal, &visit, status, &console)
}

fn page(portal: &Portal, visit: &Visit, status: StatusCode, console: &Console) -> Result<Answer, Fail> {
    Answer::page(portal, visit, status, "console", &format!("SOAP console of {}", console.title), console)
}

fn console(portal: &Portal, visit: &Visit, api: &PublishedApi, chosen: usize, raw: &RawOperation) -> Console {
    let schemes = &api.definition.access.security;
    let asks = |words: &[&str]| schemes.iter().any(|s| words.contains(&s.as_str()));
    let place = |raw: &RawOperation| raw.port.as_deref().map(|p| format!(" ({p})")).unwrap_or_default();
    let choice = |(i, raw): (usize, &RawOperation)| Choice {
        value: i.to_string(),
        text: format!("{}{}, SOAP {}", raw.name, place(raw), raw.version_number()),
        chosen: i == chosen,
    };
    Console {
        name: api.name.to_string(),
        title: format!("{} {}", api.definition.api.name, api.definition.api.version),
        address: api::address(portal, api),
        operations: api.raw_operations.iter().enumerate().take(MAX_OPERATIONS).map(choice).collect(),
        chosen,
        fields: raw.soap_fields().into_iter().map(|(name, value)| Field { name: name.to_owned(), value }).collect(),
        envelope: String::new(),
        json: String::new(),
        is_mapped: raw.plan.is_some(),
        asks_for_a_key: asks(&["api_key"]),
        asks_for_a_token: asks(&["oauth2", "jwt"]),
        apikey: visit.form.trimmed("apikey").unwrap_or_default(),
        token: visit.form.trimmed("token").unwrap_or_default(),
        backend: visit.form.trimmed("backend").unwrap_or_default(),
        may_send: visit.viewer().is_some(),
        wrong: Vec::new(),
        answer: None,
    }
}

/// Sends the envelope to the gateway, as the reader would.
async fn send(portal: &Portal, visit: &Visit, api: &PublishedApi, raw: &RawOperation, console: &Console) -> Result<Relayed, String> {
    // The gateway sees the portal: whom it would refuse must not come through here.
    if !portal.callers.permits(visit.peer) || !api.definition.callers.permits(visit.peer) {
        return Err("calls from your address are not accepted".to_owned());
    }
    let relay = portal.relay.as_ref().ok_or("the portal cannot send calls: its log says why")?;
    let url = format!("{}{}", portal.inner_gateway, api.base_path).parse().map_err(|_| "the gateway's address cannot be read")?;
    let mut fields = raw.soap_fields();
    fields.push(("X-Forwarded-For", visit.peer.to_string()));
    for (name, value) in [
        ("apikey", console.apikey.clone()),
        ("Authorization", if console.token.is_empty() { String::new() } else { format!("Bearer {}", console.token) }),
        ("X-Authorization", console.backend.clone()),
    ] {
        if value.len() > MAX_FIELD || value.chars().any(|c| !matches!(c, ' '..='~')) {
            return Err(format!("the value for {name} must be at most {MAX_FIELD} printable ASCII characters on one line"));
        }
        if !value.is_empty() {
            fields.push((name, value));
        }
    }
    let sent = relay.post(&url, &fields, console.envelope.clone().into_bytes(), MAX_ANSWER_BYTES, KEPT).await;
    sent.map_err(|error| {
        tracing::warn!(%error, api = %api.name, "the SOAP console has no answer of the gateway");
        format!("there is no answer of the gateway: {}", error.kind())
    })
}

fn shown(api: &PublishedApi, raw: &RawOperation, answer: &Relayed) -> Shown {
    let (twin, why) = match api.json_of_reply(raw, &answer.content_type, &answer.body) {
        Ok(Twin::Message(json) | Twin::Fault(json)) => (Some(cut(pretty_json(&json))), None),
        Err(_) if raw.one_way || answer.body.is_empty() => (None, Some("The answer is empty.".to_owned())),
        Err(why) => (None, Some(why)),
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or_default();
    Shown {
        status: answer.status,
        meaning: status.canonical_reason().unwrap_or_default(),
        is_good: status.is_success(),
        took_ms: u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX),
        fields: std::iter::once(("Content-Type", answer.content_type.clone()))
            .chain(answer.fields.iter().cloned())
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| Field { name: name.to_owned(), value })
            .collect(),
        body: cut(pretty_xml(&answer.body)),
        twin,
        why,
    }
}

/// XML for people; what is none as it stands.
fn pretty_xml(bytes: &[u8]) -> String {
    xml::pretty(bytes, None, xml::Limits::message()).unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned())
}

/// JSON for people.
fn pretty_json(bytes: &[u8]) -> String {
    match parse(bytes, &Limits::default()) {
        Ok(value) => value.pretty(),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// The beginning of a text that a page can hold.
fn cut(mut text: String) -> String {
    if let Some((at, _)) = text.char_indices().nth(SHOWN_CHARS) {
        text.truncate(at);
        text.push_str("\n… (cut)");
    }
    text
}

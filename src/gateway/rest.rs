//! A REST call: JSON in, an envelope to the upstream. What becomes of the reply: [`answer`](super::answer).

use std::sync::Arc;

use bytes::Bytes;
use http::Response;
use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

use super::access::Permit;
use super::answer::answer;
use super::body::{AnswerBody, RequestBody};
use super::cache::{self, Asked, Outcome};
use super::form::{self, Form};
use super::ledger::NoRoom;
use super::limits::CallLimits;
use super::message::Draft;
use super::route::Target;
use super::secure::{self, Secured};
use super::steps::{Course, Ended, explain};
use super::token::token;
use super::upstream::{self, Outgoing};
use super::{Call, Gateway};
use crate::catalog::{ParameterLocation, PublishedApi, PublishedResource};
use crate::json::ParseErrorKind;
use crate::mediate::mime::MediaType;
use crate::mediate::package::{self, EncodedPackage, PackageOptions};
use crate::mediate::{self, Direction, EncodeError, Parameter, ParameterIn};
use crate::plan::node::{OperationPlan, SoapVersion};
use crate::problem::{InvalidField, Place, Problem, Reason};

pub(super) const JSON: &str = "application/json";
const FORM: &str = "multipart/form-data";
/// A conversion gives way to others after so many bytes.
pub(super) const PIECE_BYTES: usize = 64 << 10;

/// Answers a call of a resource.
pub(super) async fn call(gateway: &Gateway, permit: &Permit, call: &mut Call<'_>) -> Result<Response<AnswerBody>, Problem> {
    let resource = permit.route.resource().ok_or_else(|| Problem::internal("the route has no resource"))?.clone();
    negotiate(call.headers)?;
    let mut course = Course::new(gateway, permit, &resource, call);
    let mut taken = None;
    let mut result = go(gateway, permit, &resource, (&mut course, &mut taken), call).await;
    if let Err(Ended::Again { drop }) = &result {
        course.again(drop);
        if let Some(pass) = call.record.sent.pass.take() {
            pass.end(true);
        }
        result = go(gateway, permit, &resource, (&mut course, &mut taken), call).await;
    }
    call.record.calls = course.tally();
    result.or_else(Ended::into_result)
}

/// The way of a call: request steps › envelope › the service › JSON or fault › their steps. `taken` is the caller's message, once it is read.
async fn go(
    gateway: &Gateway,
    permit: &Permit,
    resource: &PublishedResource,
    (course, taken): (&mut Course<'_>, &mut Option<Taken>),
    call: &mut Call<'_>,
) -> Result<Response<AnswerBody>, Ended> {
    let api = permit.route.api().clone();
    let plan = api.plan(resource).ok_or_else(|| Problem::internal("the resource has no plan"))?;
    call.record.operation = Some(plan.name.clone());
    let mut outgoing = outgoing(permit, resource, plan, call);
    let draft = request(gateway, &api, resource, permit, (course, taken, &mut outgoing.headers), call).await?;
    let way = (gateway, &api, resource);
    let key = resource.cache.and_then(|rule| {
        let key = cache::key(permit, resource, &outgoing.headers, &draft.envelope(), call)?;
        Some((key, rule))
    });
    let Some((key, rule)) = key else { return Ok(exchange(way, draft, outgoing, course, call).await?.0) };
    let deadline = Instant::now() + CallLimits::of(&api, &gateway.config.limits).call;
    let lead = match gateway.kept.ask(&key, &api, call, deadline).await {
        Asked::Answer(answer) => return Ok(answer),
        Asked::Failed(problem) => return Err(problem.into()),
        Asked::Alone => return Ok(exchange(way, draft, outgoing, course, call).await?.0),
        Asked::Lead(lead) => lead,
    };
    let done = exchange(way, draft, outgoing, course, call).await;
    lead.tell(match &done {
        Ok((answer, may_be_kept)) => gateway.kept.put(key, rule, &api, may_be_kept.then_some(answer), &call.returned),
        Err(Ended::Problem(problem)) => Outcome::of_failure(problem, &call.returned),
        Err(Ended::Answer(_) | Ended::Again { .. }) => Outcome::Apart,
    });
    Ok(done?.0)
}

/// The message to the service, and its reply as the answer: and whether the service lets that be kept.
async fn exchange(
    (gateway, api, resource): (&Gateway, &Arc<PublishedApi>, &PublishedResource),
    draft: Draft,
    mut outgoing: Outgoing,
    course: &mut Course<'_>,
    call: &mut Call<'_>,
) -> Result<(Response<AnswerBody>, bool), Ended> {
    let plan = api.plan(resource).ok_or_else(|| Problem::internal("the resource has no plan"))?;
    let signs = resource.wire.security.as_ref().is_some_and(|s| s.signature.is_some());
    let draft = if signs { draft.in_one_piece().await? } else { draft };
    let envelope = course.with_blocks(draft.envelope())?;
    let Secured { envelope, callers } = secure::request(api, &resource.wire, plan, &outgoing.url, envelope).await?;
    let message = draft.into_message(envelope, plan.soap_action.as_deref().unwrap_or_default())?;
    if let Some(value) = message.content_type.as_deref().and_then(|t| HeaderValue::from_bytes(t.as_bytes()).ok()) {
        outgoing.headers.insert(CONTENT_TYPE, value);
    }
    let reply = upstream::send(gateway, api, &outgoing, &message, course.deadline(), &mut call.record.sent).await?;
    call.returned = upstream::returned(api, &reply.headers);
    let may_be_kept = cache::may_be_kept(reply.status, &reply.headers);
    Ok((answer(gateway, api.clone(), resource, (reply, callers), course, call).await?, may_be_kept))
}

/// Does the caller take JSON?
fn negotiate(headers: &HeaderMap) -> Result<(), Problem> {
    let mut ranges = headers.get_all(ACCEPT).iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(',')).peekable();
    if ranges.peek().is_none() {
        return Ok(());
    }
    let takes = ranges.map(MediaType::parse).any(|range| {
        let refused = range.parameter("q").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q == 0.0));
        !refused && matches!(range.essence.as_str(), "*/*" | "application/*" | JSON | "application/problem+json" | "*")
    });
    if takes { Ok(()) } else { Err(Problem::new(Reason::NotAcceptable, 406, "This resource answers in application/json only.")) }
}

/// The envelope of the caller's request: body and URL parameters together.
async fn request(
    gateway: &Gateway,
    api: &Arc<PublishedApi>,
    resource: &PublishedResource,
    permit: &Permit,
    (course, taken, headers): (&mut Course<'_>, &mut Option<Taken>, &mut HeaderMap),
    call: &mut Call<'_>,
) -> Result<Draft, Ended> {
    if !course.reads_request() {
        // What they refuse need not be read.
        course.request(headers, None).await?;
    }
    let Taken { text, form, fields } = match taken {
        Some(taken) => taken.clone(),
        None => taken.insert(take(gateway, api, resource, course.reads_request(), call).await?).clone(),
    };
    let path: &[(String, String)] = match &permit.route.target {
        Target::Resource { parameters, .. } => parameters,
        Target::Soap | Target::Base | Target::OpenApi | Target::Attachment(_) | Target::Options(_) => &[],
    };
    let sent = course.reads_request().then(|| (text.clone(), resource.sequence.clone()));
    let text = if sent.is_some() { course.request(headers, Some(text)).await?.unwrap_or_default() } else { text };
    let explained = |problem: Problem| match &sent {
        Some((sent, sequence)) => explain(sequence, problem, sent, call.headers),
        None => problem,
    };
    let version = api.plan(resource).map_or(SoapVersion::Soap11, |plan| plan.version);
    if let Some(envelope) = course.envelope(version) {
        return Ok(Draft::new(EncodedPackage { envelope: envelope?, ..EncodedPackage::default() }, Bytes::new(), Vec::new()));
    }
    if form.as_ref().map_or(text.len() as u64, |f| f.text_bytes) <= PIECE_BYTES as u64 {
        let beside = Given { path, query: call.query, fields: &fields };
        return Ok(encode(api, resource, &text, form.as_deref(), &beside).map_err(explained)?);
    }
    // A long conversion must not hold up the calls that share its thread.
    let (api, resource, path, query) = (api.clone(), resource.clone(), path.to_vec(), call.query.map(str::to_owned));
    let work = move || {
        let beside = Given { path: &path, query: query.as_deref(), fields: &fields };
        encode(&api, &resource, &text, form.as_deref(), &beside)
    };
    let draft = gateway.ledger.beside(work).await?.map_err(explained)?;
    call.record.held.request(draft.envelope().len()).map_err(NoRoom::problem)?;
    Ok(draft)
}

/// The caller's message, read.
#[derive(Clone)]
struct Taken {
    /// JSON; of a form its source.
    text: Bytes,
    form: Option<Arc<Form>>,
    /// Header fields that are parameters.
    fields: Vec<(String, String)>,
}

/// Reads the caller's message. Steps read JSON, which a form is not.
async fn take(
    gateway: &Gateway,
    api: &Arc<PublishedApi>,
    resource: &PublishedResource,
    is_json: bool,
    call: &mut Call<'_>,
) -> Result<Taken, Problem> {
    let limits = CallLimits::of(api, &gateway.config.limits);
    let body = call.take_body()?;
    let mut form_type = None;
    if !http_body::Body::is_end_stream(&body) {
        if !resource.body {
            return Err(Problem::new(Reason::InvalidRequest, 400, "This resource takes no body."));
        }
        form_type = check_content_type(call.headers, form::is_taken(resource) && !is_json)?;
    }
    let fields = fields(resource, call.headers)?;
    let http = &gateway.config.limits.http;
    let (text, form) = match form_type {
        Some(media_type) => {
            let plan = api.plan(resource).ok_or_else(|| Problem::internal("the resource has no plan"))?;
            // Its files are not held in memory: the limit is that of the messages that carry such values.
            let body = RequestBody::new(body, limits.soap_request, http);
            let form = Form::read(body, &media_type, &plan.input, limits.json_request).await?;
            let room = usize::try_from(form.text_bytes).unwrap_or(usize::MAX);
            call.record.held.request(room).map_err(NoRoom::problem)?;
            (form.source(), Some(Arc::new(form)))
        }
        None => {
            let text = RequestBody::new(body, limits.json_request, http).whole(&mut call.record.held).await;
            (text.map_err(super::body::BodyError::problem)?, None)
        }
    };
    Ok(Taken { text, form, fields })
}

/// A body must be JSON in UTF-8, or a form where files are taken: then its type is given back.
fn check_content_type(headers: &HeaderMap, files: bool) -> Result<Option<MediaType>, Problem> {
    let refused = |text: &str| Err(Problem::new(Reason::UnsupportedMediaType, 415, text));
    if headers.get(CONTENT_ENCODING).is_some_and(|v| !v.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return refused("A request's body must not be compressed here.");
    }
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return refused("A request with a body needs one Content-Type: application/json.");
    };
    let media_type = MediaType::parse(&String::from_utf8_lossy(value.as_bytes()));
    if files && media_type.essence == FORM {
        return Ok(Some(media_type));
    }
    if media_type.essence != JSON {
        return refused(if files {
            "This resource takes application/json or multipart/form-data."
        } else {
            "This resource takes application/json."
        });
    }
    match media_type.parameter("charset") {
        Some(charset) if !charset.eq_ignore_ascii_case("utf-8") => refused("JSON is UTF-8; another charset is not taken."),
        _ => Ok(None),
    }
}

/// Parameters of a call outside its body, as texts by name.
pub(super) struct Given<'a> {
    pub(super) path: &'a [(String, String)],
    pub(super) query: Option<&'a str>,
    pub(super) fields: &'a [(String, String)],
}

/// The header fields that are parameters of the resource.
pub(super) fn fields(resource: &PublishedResource, headers: &HeaderMap) -> Result<Vec<(String, String)>, Problem> {
    let mut found = Vec::new();
    for parameter in resource.parameters.iter().filter(|p| p.location == ParameterLocation::Header) {
        for value in headers.get_all(&*parameter.name) {
            let Ok(text) = std::str::from_utf8(value.as_bytes()) else {
                return Err(invalid(vec![InvalidField {
                    place: Place::Parameter { location: ParameterLocation::Header.word(), name: parameter.name.to_string() },
                    expected: String::from("text in UTF-8"),
                    found: String::from("other bytes"),
                    hint: None,
                }]));
            };
            found.push((parameter.name.to_string(), text.to_owned()));
        }
    }
    Ok(found)
}

/// JSON or a form, and parameters beside it → message. `text` is the JSON text, of a form that of its `$body`.
pub(super) fn encode(
    api: &PublishedApi,
    resource: &PublishedResource,
    text: &Bytes,
    form: Option<&Form>,
    beside: &Given<'_>,
) -> Result<Draft, Problem> {
    let plan = api.plan(resource).ok_or_else(|| Problem::internal("the resource has no plan"))?;
    let query: Vec<(String, String)> = url::form_urlencoded::parse(beside.query.unwrap_or_default().as_bytes()).into_owned().collect();
    let refused = |e| {
        let problem = refused(e);
        form.map_or(problem.clone(), |f| f.explain(problem))
    };
    // Nothing at all is the empty object: an operation without input needs no body.
    let json: &[u8] = if text.is_empty() { b"{}" } else { text };
    let token = token()?;
    // A signature of ours covers an envelope, and nothing beside it.
    let whole = resource.wire.security.as_ref().is_some_and(|s| s.signature.is_some());
    let options = PackageOptions { source: json, uploads: form.map(|f| &f.uploads), mtom: resource.mtom, token: &token, whole };
    let mut value = match form {
        Some(form) => form.value(json, &api.program, &plan.input)?,
        None => crate::json::parse(json, &crate::json::Limits::default()).map_err(|e| refused(EncodeError::NotJson(e)))?,
    };
    let given = given(resource, beside.path, &query, beside.fields)?;
    let given: Vec<_> = given.into_iter().chain(form.into_iter().flat_map(Form::parameters)).collect();
    if !given.is_empty() {
        value = mediate::parameters(&api.program, &plan.input, &given, Some(value)).map_err(|e| refused(EncodeError::Invalid(e)))?;
    }
    let package = mediate::encode_package(&api.program, plan, Direction::Request, &value, &options).map_err(refused)?;
    Ok(Draft::new(package, text.clone(), form.map_or_else(Vec::new, |f| f.files.clone())))
}

/// The parameters of the call, each with the place that it fills.
fn given<'v>(
    resource: &'v PublishedResource,
    path: &'v [(String, String)],
    query: &'v [(String, String)],
    fields: &'v [(String, String)],
) -> Result<Vec<Parameter<'v>>, Problem> {
    let mut given = Vec::new();
    let mut errors = Vec::new();
    let path = path.iter().map(|p| (ParameterLocation::Path, ParameterIn::Path, p));
    let query = query.iter().map(|p| (ParameterLocation::Query, ParameterIn::Query, p));
    let fields = fields.iter().map(|p| (ParameterLocation::Header, ParameterIn::Header, p));
    for (at, location, (name, text)) in path.chain(query).chain(fields) {
        match resource.parameters.iter().find(|p| p.location == at && *p.name == **name) {
            Some(parameter) => given.push(Parameter { location, name, pointer: &parameter.pointer, text }),
            None => {
                let known = resource.parameters.iter().filter(|p| p.location == at).map(|p| &*p.name);
                errors.push(InvalidField {
                    place: Place::Parameter { location: location.word(), name: name.clone() },
                    expected: String::from("no parameter of that name"),
                    found: excerpt(text),
                    hint: crate::diagnostic::nearest(name, known).map(str::to_owned),
                });
            }
        }
    }
    if errors.is_empty() { Ok(given) } else { Err(invalid(errors)) }
}

pub(super) fn excerpt(text: &str) -> String {
    text.chars().take(crate::json::EXCERPT_CHARS).collect()
}

pub(super) fn invalid(errors: Vec<InvalidField>) -> Problem {
    let text = match errors.as_slice() {
        [_] => String::from("One place of the request does not fit its operation."),
        many => format!("{} places of the request do not fit its operation.", many.len()),
    };
    Problem::new(Reason::InvalidRequest, 400, text).with_errors(errors)
}

/// What the caller reads of a request that is not JSON.
pub(super) fn not_json(error: crate::json::ParseError) -> Problem {
    refused(EncodeError::NotJson(error))
}

/// What the caller reads of a request that cannot be encoded: every error.
fn refused(error: EncodeError) -> Problem {
    let errors = match error {
        EncodeError::NotJson(e) => {
            let found = match &e.kind {
                ParseErrorKind::Syntax(expected) => format!("something else at byte {}: {expected} was expected", e.offset),
                ParseErrorKind::DuplicateName => String::from("the name twice"),
                ParseErrorKind::Limit(limit) => format!("more than the limit: {limit}"),
                ParseErrorKind::NotUtf8 => format!("bytes that are not UTF-8 at byte {}", e.offset),
            };
            let expected = match e.kind {
                ParseErrorKind::DuplicateName => "each name once",
                ParseErrorKind::Syntax(_) | ParseErrorKind::Limit(_) | ParseErrorKind::NotUtf8 => "JSON (RFC 8259)",
            };
            vec![InvalidField { place: Place::Pointer(e.pointer), expected: expected.to_owned(), found, hint: None }]
        }
        EncodeError::Invalid(list) => list
            .into_iter()
            .map(|e| InvalidField {
                place: match e.parameter {
                    Some(site) => Place::Parameter { location: site.location.word(), name: site.name },
                    None => Place::Pointer(e.pointer.clone()),
                },
                expected: e.expected,
                found: e.found,
                hint: e.hint,
            })
            .collect(),
    };
    invalid(errors)
}

/// Address and header fields of the call.
fn outgoing(permit: &Permit, resource: &PublishedResource, plan: &OperationPlan, call: &Call<'_>) -> Outgoing {
    let mut headers = upstream::forwarded(permit.route.api(), call.headers, &call.record.request_id, &permit.told);
    dressed(&mut headers, plan);
    Outgoing { url: resource.url.to_string(), headers }
}

/// Adds what every request of the operation says of itself.
pub(super) fn dressed(headers: &mut HeaderMap, plan: &OperationPlan) {
    let action = plan.soap_action.as_deref().unwrap_or_default();
    let accept = match plan.version {
        SoapVersion::Soap11 => {
            // Not every action is ASCII; none has a control character (`wsdl.bad-value`).
            if let Ok(value) = HeaderValue::from_bytes(format!("\"{action}\"").as_bytes()) {
                headers.insert(HeaderName::from_static("soapaction"), value);
            }
            "text/xml, multipart/related"
        }
        SoapVersion::Soap12 => "application/soap+xml, multipart/related",
    };
    if let Ok(value) = HeaderValue::from_bytes(package::content_type(plan.version, action).as_bytes()) {
        headers.insert(CONTENT_TYPE, value);
    }
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_is_negotiated() {
        let takes = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
            negotiate(&headers).is_ok()
        };
        assert!(negotiate(&HeaderMap::new()).is_ok());
        for good in ["*/*", "application/json", "text/html, */*;q=0.1", "Application/JSON; q=0.5", "application/*"] {
            assert!(takes(good), "{good}");
        }
        for bad in ["text/xml", "application/json;q=0", "text/*"] {
            assert!(!takes(bad), "{bad}");
        }
    }
}

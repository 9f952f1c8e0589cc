//! `castile call`: one call of an operation, straight to the SOAP service, with all that happens on the way on show.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use tokio::time::Instant;

use super::args::{Call, Global};
use super::target::Wanted;
use super::translate::{NO_REQUEST, decode_problem, encode_problem, in_memory, show as show_message, token};
use super::{Exit, Outcome, Screen, runtime, target};
use crate::catalog::{PublishedApi, PublishedResource, Secrets, fault_document, read_message};
use crate::gateway::trace::{shown_json, shown_xml};
use crate::json::{self, Value};
use crate::mediate::package::{EncodedPackage, Insertion, PackageOptions};
use crate::mediate::security::{self, Addressing, Moment, Route};
use crate::mediate::{self, Decoded, Direction, EncodeError, Parameter, ParameterIn};
use crate::net::address::AddressPolicy;
use crate::net::upstream::{Deadlines, UpstreamClient, UpstreamOptions};
use crate::plan::Program;
use crate::plan::node::{OperationPlan, SoapVersion};

mod trial;

/// Bytes of a reply.
const REPLY_BYTES: usize = 256 << 20;

/// What came back.
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    took: Duration,
}

/// Calls.
pub(super) fn run(screen: &Screen, global: &Global, args: &Call) -> Outcome {
    let secrets = if args.offline { Secrets::NotNeeded } else { Secrets::Needed };
    let api = target::api_wanted(screen, global, &Wanted { secrets, ..Wanted::new(&args.target) })?;
    let plan = target::operation(screen, &api.program, &args.operation, args.port.as_deref())?;
    if let Some(resource) = sequenced(args, &api, plan) {
        return trial::run(screen, args, &api, resource, plan);
    }
    let begun = Instant::now();
    let (request_json, package, source) = if args.soap {
        let package = EncodedPackage { envelope: body(screen, args)?, version: plan.version, ..EncodedPackage::default() };
        (None, package, Vec::new())
    } else {
        encoded(screen, args, &api, plan)?
    };
    let (content_type, envelope) = in_memory(screen, &package, &source, plan)?;
    let encoding = begun.elapsed();
    if args.offline {
        let shown = mediate::without_secrets(&api.program, plan, envelope);
        return Ok(show_message(screen, package.is_multipart(), &content_type, &shown));
    }
    if args.trace {
        if let Some(json) = &request_json {
            trace(screen, "1 request, JSON", None, shown_json(json).as_bytes());
        }
        trace(
            screen,
            "2 request, SOAP",
            Some(encoding),
            shown_xml(&mediate::without_secrets(&api.program, plan, envelope.clone())).as_bytes(),
        );
    }
    let url = args.endpoint.as_deref().or(api.definition.endpoint.url.as_deref()).or(plan.address.as_deref()).unwrap_or_default();
    if !crate::api::is_http(url) {
        return Err(screen.usage(&format!("operation `{}` has no http(s) address; give one with --endpoint", plan.name)));
    }
    // The trace shows what was encoded: what is added now may hold secrets.
    let (content_type, message) = match package.is_multipart() {
        false => (content_type, secured(screen, &api, plan, url, envelope)?),
        true => {
            if api.resources.iter().any(|r| r.wire.security.as_ref().is_some_and(|s| s.signature.is_some())) {
                return Err(screen.usage("a message with attachments is not signed"));
            }
            // What is added stands first in the Header, before all that is to be put in.
            let envelope = secured(screen, &api, plan, url, package.envelope.clone())?;
            let added = envelope.len().saturating_sub(package.envelope.len());
            let insertions = package.insertions.iter().map(|i| Insertion { at: i.at + added, ..i.clone() }).collect();
            in_memory(screen, &EncodedPackage { envelope, insertions, ..package }, &source, plan)?
        }
    };
    let wait = (api.definition.endpoint.timeout, api.definition.endpoint.first_byte_timeout);
    let reply = runtime(screen)?.block_on(send(screen, (&api, plan), url, (content_type, message), wait))?;
    if args.trace {
        let head = format!("3 reply, SOAP, status {}", reply.status.as_u16());
        trace(screen, &head, Some(reply.took), shown_xml(&reply.body).as_bytes());
    }
    if args.soap {
        screen.answer(&reply.body);
        return if reply.status.is_success() { Ok(Exit::Fine) } else { Err(Exit::Problem) };
    }
    show(screen, args, &api.program, plan, &reply)
}

/// The resource of the operation that has steps of its own: then what is given is what its callers send.
fn sequenced<'a>(args: &Call, api: &'a PublishedApi, plan: &OperationPlan) -> Option<&'a PublishedResource> {
    let index = api.program.operations.iter().position(|o| std::ptr::eq(o, plan));
    api.resources.iter().find(|r| !args.soap && Some(r.operation) == index && !r.sequence.is_plain())
}

/// The envelope with the header blocks that the gateway would add.
fn secured(screen: &Screen, api: &PublishedApi, plan: &OperationPlan, url: &str, envelope: Vec<u8>) -> Outcome<Vec<u8>> {
    let failed = |e: &dyn std::fmt::Display| {
        screen.error(&e.to_string());
        Exit::Problem
    };
    let index = api.program.operations.iter().position(|o| std::ptr::eq(o, plan));
    let Some(resource) = api.resources.iter().find(|r| Some(r.operation) == index) else { return Ok(envelope) };
    let ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis());
    let moment = Moment::new(ms, crate::net::random::bytes().map_err(|e| failed(&e))?);
    let route = Route { action: &plan.action, to: resource.wire.to.as_deref().unwrap_or(url) };
    let addressing = resource.wire.addressing.map(|version| Addressing { version, route });
    security::secure(envelope, resource.wire.security.as_deref(), addressing.as_ref(), &moment).map_err(|e| failed(&e))
}

/// Decodes the reply and shows it.
fn show(screen: &Screen, args: &Call, program: &Arc<Program>, plan: &OperationPlan, reply: &Reply) -> Outcome {
    if plan.output.is_none() && reply.body.is_empty() {
        screen.say(&format!("taken, status {}", reply.status.as_u16()));
        return Ok(Exit::Fine);
    }
    let begun = Instant::now();
    let content_type = reply.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let decoded = read_message(program, plan, Direction::Response, content_type, &reply.body);
    let took = begun.elapsed();
    if args.trace {
        trace(screen, "4 answer, JSON", Some(took), b"");
    }
    match decoded {
        Ok(Decoded::Value(json)) => Ok(screen.answer(&json)),
        Ok(Decoded::Empty) => Ok(Exit::Fine),
        Ok(Decoded::Fault(fault)) => {
            screen.answer(&fault_document(&fault));
            Err(Exit::Problem)
        }
        Err(error) => {
            if !args.trace {
                screen.say(&format!("the reply has status {} and {} bytes; --trace shows it", reply.status.as_u16(), reply.body.len()));
            }
            screen.to_stderr(&decode_problem(&error).to_json(NO_REQUEST));
            Err(Exit::Problem)
        }
    }
}

fn trace(screen: &Screen, what: &str, took: Option<Duration>, bytes: &[u8]) {
    let took = took.map(|t| format!(", {:.2} ms", t.as_secs_f64() * 1000.0)).unwrap_or_default();
    screen.to_stderr(format!("--- {what}{took}").as_bytes());
    if !bytes.is_empty() {
        screen.to_stderr(bytes);
    }
}

/// The body as it is given: `@file`, `@-`, else standard input.
pub(super) fn body(screen: &Screen, args: &Call) -> Outcome<Vec<u8>> {
    let files: Vec<&str> = args.input.iter().filter_map(|i| i.strip_prefix('@')).collect();
    match files.as_slice() {
        [] | ["-"] => target::input(screen),
        [file] => std::fs::read(file).map_err(|e| screen.usage(&format!("{file} cannot be read: {e}"))),
        _ => Err(screen.usage("one @file at most")),
    }
}

/// The request's JSON and its envelope.
fn encoded(screen: &Screen, args: &Call, api: &PublishedApi, plan: &OperationPlan) -> Outcome<(Option<Vec<u8>>, EncodedPackage, Vec<u8>)> {
    let program = &api.program;
    let has_file = args.input.iter().any(|i| i.starts_with('@'));
    let text = if has_file { body(screen, args)? } else { b"{}".to_vec() };
    let refuse = |error: EncodeError, text: &[u8]| {
        screen.to_stderr(&encode_problem(error, text).to_json(NO_REQUEST));
        Exit::Problem
    };
    let limits = json::Limits::default();
    let mut value = json::parse(&text, &limits).map_err(|e| refuse(EncodeError::NotJson(e), &text))?;
    let mut pointers = Vec::new();
    for input in args.input.iter().filter(|i| !i.starts_with('@')) {
        if let Some((name, json)) = input.split_once(":=") {
            let given = json::parse(json.as_bytes(), &limits).map_err(|e| screen.usage(&format!("{name}: {e}")))?;
            put(&mut value, name, given);
        } else if let Some((name, text)) = input.split_once('=') {
            let mut pointer = String::new();
            match name.starts_with('/') {
                true => pointer.push_str(name),
                false => json::push_pointer(&mut pointer, name),
            }
            pointers.push((name, pointer, text));
        } else {
            return Err(screen.usage(&format!("`{input}` is neither k=v nor k:=json nor @file")));
        }
    }
    let given: Vec<Parameter<'_>> =
        pointers.iter().map(|(name, pointer, text)| Parameter { location: ParameterIn::Query, name, pointer, text }).collect();
    let value = mediate::parameters(program, &plan.input, &given, Some(value)).map_err(|e| refuse(EncodeError::Invalid(e), &text))?;
    let options = PackageOptions {
        source: &text,
        uploads: None,
        mtom: crate::catalog::mtom(&api.definition, None, plan),
        token: &token(),
        whole: false,
    };
    let package = mediate::encode_package(program, plan, Direction::Request, &value, &options).map_err(|e| refuse(e, &text))?;
    let mut shown = Vec::new();
    write(&mut shown, &value);
    Ok((Some(shown), package, text))
}

/// Sets a member of an object.
pub(super) fn put<'v>(value: &mut Value<'v>, name: &'v str, given: Value<'v>) {
    if !matches!(value, Value::Object(_)) {
        *value = Value::Object(Vec::new());
    }
    if let Value::Object(members) = value {
        members.retain(|(k, _)| k != name);
        members.push((Cow::Borrowed(name), given));
    }
}

pub(super) fn write(out: &mut Vec<u8>, value: &Value<'_>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(b) => out.extend_from_slice(if *b { b"true" } else { b"false" }),
        Value::Number(text) => out.extend_from_slice(text.as_bytes()),
        Value::String(text) => json::string_into(out, text),
        Value::Array(items) => {
            out.push(b'[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(out, item);
            }
            out.push(b']');
        }
        Value::Object(members) => {
            out.push(b'{');
            for (i, (name, member)) in members.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                json::string_into(out, name);
                out.push(b':');
                write(out, member);
            }
            out.push(b'}');
        }
    }
}

async fn send(
    screen: &Screen,
    (api, plan): (&PublishedApi, &OperationPlan),
    url: &str,
    (content_type, message): (String, Vec<u8>),
    (whole, first_byte): (Duration, Duration),
) -> Outcome<Reply> {
    let unreachable = |why: String| {
        screen.error(&format!("{url}: {why}"));
        Exit::Unreachable
    };
    let action = plan.soap_action.as_deref().unwrap_or_default();
    let mut request = Request::post(url).header(header::USER_AGENT, concat!("castile/", env!("CARGO_PKG_VERSION")));
    for (name, value) in &api.fields {
        request = request.header(&**name, value.reveal());
    }
    request = request.header(header::CONTENT_TYPE, content_type);
    if plan.version == SoapVersion::Soap11 {
        request = request.header("soapaction", format!("\"{action}\""));
    }
    let request = request.body(Full::new(Bytes::from(message))).map_err(|e| screen.usage(&format!("{url}: {e}")))?;
    let client = UpstreamClient::new(UpstreamOptions::new(AddressPolicy::local())).map_err(|e| {
        screen.error(&e.to_string());
        Exit::Problem
    })?;
    let begun = Instant::now();
    let deadlines = Deadlines { first_byte, whole: begun + whole };
    let reply = client.send(request, deadlines).await.map_err(|e| unreachable(e.to_string()))?;
    let (head, body) = reply.into_parts();
    let body = tokio::time::timeout_at(begun + whole, Limited::new(body, REPLY_BYTES).collect())
        .await
        .map_err(|_| unreachable("the reply took too long".to_owned()))?
        .map_err(|e| unreachable(format!("the reply broke off: {e}")))?;
    Ok(Reply { status: head.status, headers: head.headers, body: body.to_bytes(), took: begun.elapsed() })
}

//! The call of a resource with a sequence: what is given is what its callers send, and `--trace` shows what every step does with it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full, Limited};
use tokio::time::Instant;

use super::{REPLY_BYTES, body, put, write};
use crate::catalog::{PublishedApi, PublishedResource};
use crate::cli::args::Call;
use crate::cli::{Exit, Outcome, Screen, runtime};
use crate::gateway::trace::{Outbound, Report, Sample, Trial};
use crate::json::{self, Value};
use crate::mediate;
use crate::net::address::AddressPolicy;
use crate::net::upstream::{Deadlines, UpstreamClient, UpstreamOptions};
use crate::plan::node::OperationPlan;

/// Calls, and shows what happened.
pub(super) fn run(screen: &Screen, args: &Call, api: &Arc<PublishedApi>, resource: &PublishedResource, plan: &OperationPlan) -> Outcome {
    let sample = sample(screen, args, resource)?;
    let mut trial = Trial::new(api.clone(), resource.clone(), resource.sequence.clone(), sample);
    let runtime = runtime(screen)?;
    let outbound = runtime.block_on(trial.request());
    let Some(mut outbound) = outbound else { return finish(screen, args, trial) };
    if args.offline {
        let report = trial.into_report();
        if args.trace {
            steps(screen, &report);
        }
        return Ok(screen.answer(&mediate::without_secrets(&api.program, plan, outbound.envelope.to_vec())));
    }
    if let Some(endpoint) = &args.endpoint {
        outbound.url.clone_from(endpoint);
    }
    if !crate::api::is_http(&outbound.url) {
        return Err(screen.usage(&format!("operation `{}` has no http(s) address; give one with --endpoint", plan.name)));
    }
    let wait = (api.definition.endpoint.timeout, api.definition.endpoint.first_byte_timeout);
    let (status, headers, reply, took) = runtime.block_on(send(screen, &outbound, wait))?;
    trial.reply(status, &headers, &reply, took);
    finish(screen, args, trial)
}

/// What a caller would send: `@file` is its JSON, `k=v` and `k:=json` members of it, or path parameters of that name.
fn sample(screen: &Screen, args: &Call, resource: &PublishedResource) -> Outcome<Sample> {
    let has_file = args.input.iter().any(|i| i.starts_with('@'));
    let text = if has_file { body(screen, args)? } else { b"{}".to_vec() };
    let limits = json::Limits::default();
    let mut value = json::parse(&text, &limits).map_err(|e| screen.usage(&format!("what is given is not JSON: {e}")))?;
    let mut path = Vec::new();
    for input in args.input.iter().filter(|i| !i.starts_with('@')) {
        if let Some((name, given)) = input.split_once(":=") {
            put(&mut value, name, json::parse(given.as_bytes(), &limits).map_err(|e| screen.usage(&format!("{name}: {e}")))?);
        } else if let Some((name, given)) = input.split_once('=') {
            match resource.path.split('/').any(|s| s.strip_prefix('{').and_then(|s| s.strip_suffix('}')) == Some(name)) {
                true => path.push((name.to_owned(), given.to_owned())),
                false => put(&mut value, name, Value::String(Cow::Borrowed(given))),
            }
        } else {
            return Err(screen.usage(&format!("`{input}` is neither k=v nor k:=json nor @file")));
        }
    }
    let mut json = Vec::new();
    if resource.body {
        write(&mut json, &value);
    }
    Ok(Sample { json, path, ..Sample::default() })
}

async fn send(
    screen: &Screen,
    outbound: &Outbound,
    (whole, first_byte): (Duration, Duration),
) -> Outcome<(u16, HeaderMap, Bytes, Duration)> {
    let unreachable = |why: String| {
        screen.error(&format!("{}: {why}", outbound.url));
        Exit::Unreachable
    };
    let request = Request::post(&outbound.url).body(Full::new(outbound.envelope.clone()));
    let mut request = request.map_err(|e| screen.usage(&format!("{}: {e}", outbound.url)))?;
    *request.headers_mut() = outbound.headers.clone();
    let client = UpstreamClient::new(UpstreamOptions::new(AddressPolicy::local())).map_err(|e| {
        screen.error(&e.to_string());
        Exit::Problem
    })?;
    let begun = Instant::now();
    let reply = client.send(request, Deadlines { first_byte, whole: begun + whole }).await.map_err(|e| unreachable(e.to_string()))?;
    let (head, body) = reply.into_parts();
    let body = tokio::time::timeout_at(begun + whole, Limited::new(body, REPLY_BYTES).collect()).await;
    let body = body.map_err(|_| unreachable("the reply took too long".to_owned()))?;
    let body = body.map_err(|e| unreachable(format!("the reply broke off: {e}")))?;
    Ok((head.status.as_u16(), head.headers, body.to_bytes(), begun.elapsed()))
}

/// Shows the trace where it is asked for, and the answer.
fn finish(screen: &Screen, args: &Call, trial: Trial) -> Outcome {
    let answer = trial.answer().map(|(status, body)| (status, body.to_vec()));
    let report = trial.into_report();
    if args.trace {
        steps(screen, &report);
        for (number, message) in report.messages.iter().enumerate() {
            let status = message.status.map(|s| format!(", status {s}")).unwrap_or_default();
            let took = milliseconds(message.took);
            screen.to_stderr(format!("--- {} {}{status}, {took}", number + 1, message.what).as_bytes());
            for (name, value) in &message.headers {
                screen.to_stderr(format!("{name}: {value}").as_bytes());
            }
            if !message.body.is_empty() {
                screen.to_stderr(message.body.as_bytes());
            }
        }
    }
    let Some((status, body)) = answer else { return Err(Exit::Problem) };
    let good = status < 400;
    match (good, body.is_empty()) {
        (true, true) => screen.say(&format!("taken, status {status}")),
        (true, false) => _ = screen.answer(&body),
        // The trace ends with it, and hides what nobody need see.
        (false, _) if args.trace => {}
        (false, _) => screen.to_stderr(&body),
    }
    if good { Ok(Exit::Fine) } else { Err(Exit::Problem) }
}

fn milliseconds(took: Duration) -> String {
    format!("{:.2} ms", took.as_secs_f64() * 1000.0)
}

/// Every step with what it changed.
fn steps(screen: &Screen, report: &Report) {
    for step in &report.steps {
        let ended = step.ended.as_ref().map(|how| format!(": {how}")).unwrap_or_default();
        let indent = "  ".repeat(step.depth);
        screen.to_stderr(format!("{indent}* {} {}, {}{ended}", step.path, step.verb, milliseconds(step.took)).as_bytes());
        for change in &step.changes {
            let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
            screen.to_stderr(format!("{indent}    {}: {} → {}", change.what, said(&change.before), said(&change.after)).as_bytes());
        }
    }
    if report.left_out > 0 {
        screen.to_stderr(format!("{} more are not shown", report.left_out).as_bytes());
    }
}

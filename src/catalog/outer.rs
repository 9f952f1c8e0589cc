//! Examples of messages outside the sequence of their resource: what a caller sends and gets, proven by running the steps.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::examples::Examples;
use super::{ParameterLocation, PublishedApi, PublishedResource};
use crate::json::{Limits, parse};
use crate::mediate::{Direction, encode};
use crate::openapi::{self, EXAMPLE_FIELD, Side};
use crate::sequence::{Ask, Caller, Exchange, Need, Outcome, Steps, Tree, Who};

impl PublishedApi {
    /// An example of a resource's request as its caller sends it; `None` where there is none, or where no message was found that its sequence lets through.
    pub fn example(&self, resource: &PublishedResource) -> Option<Value> {
        let examples = Examples::new(&self.program);
        let message = examples.of(resource.operation, Side::Request)?;
        if resource.sequence.is_plain() { Some(message) } else { self.sent(&examples, resource, &message).map(|(sent, _)| sent) }
    }

    /// What an example of a message, as `to_soap` takes it or `to_json` gives it, is for the resource's caller.
    pub(super) fn outside(&self, examples: &Examples<'_>, resource: &openapi::Resource, side: Side, message: &Value) -> Option<Value> {
        let is_it = |r: &&PublishedResource| r.method == resource.method && r.path == resource.path;
        let resource = self.resources.iter().find(is_it)?;
        match side {
            Side::Request => self.sent(examples, resource, message).map(|(sent, _)| sent),
            Side::Response => self.got(examples, resource, message),
        }
    }

    /// What is sent so that the message comes to the service, or one like it; and the call behind its request steps.
    fn sent(&self, examples: &Examples<'_>, resource: &PublishedResource, message: &Value) -> Option<(Value, Exchange)> {
        let plan = self.plan(resource)?;
        let tree = tree(message)?;
        let steps = &resource.sequence.request;
        let guesses = if resource.body { steps.guesses(&tree) } else { vec![Tree::Object(Vec::new())] };
        guesses.into_iter().find_map(|guess| {
            let mut exchange = Exchange::new(caller(resource, message));
            exchange.body = steps.use_body().then(|| guess.clone());
            self.finish(examples, steps, &mut exchange)?;
            let mut made = exchange.body.take().unwrap_or_else(|| guess.clone());
            for parameter in &resource.parameters {
                if let Some(value) = message.pointer(&parameter.pointer) {
                    made.put(&parameter.pointer, self::tree(value)?);
                }
            }
            encode(&self.program, plan, Direction::Request, &made.to_json()).ok()?;
            Some((serde_json::from_slice(&guess.to_json()).ok()?, exchange))
        })
    }

    /// Does steps to their end. Operations of this API that they call give their examples; no value is kept.
    fn finish(&self, examples: &Examples<'_>, steps: &Steps, exchange: &mut Exchange) -> Option<()> {
        let mut run = steps.start();
        while let Some(need) = run.go(exchange).ok()? {
            match need {
                Need::Calls(calls) => {
                    let outcomes: Option<Vec<Outcome>> = calls.asks.iter().map(|ask| Some(Ok(self.reply(examples, ask)?))).collect();
                    run.called(exchange, outcomes?).ok()?;
                }
                Need::Kept(_) => run.found(exchange, None).ok()?,
                Need::Keep(_) => {}
            }
        }
        Some(())
    }

    fn reply(&self, examples: &Examples<'_>, ask: &Ask) -> Option<Tree> {
        if ask.api.as_deref().is_some_and(|name| *name != *self.name) {
            return None;
        }
        let index = self.program.operations.iter().position(|plan| *plan.name == *ask.operation)?;
        tree(&examples.of(index, Side::Response)?)
    }

    /// What the caller gets of an answer.
    fn got(&self, examples: &Examples<'_>, resource: &PublishedResource, answer: &Value) -> Option<Value> {
        let steps = &resource.sequence.response;
        if steps.is_empty() {
            return Some(answer.clone());
        }
        let request = examples.of(resource.operation, Side::Request).unwrap_or_else(|| json!({}));
        let sent = self.sent(examples, resource, &request).map(|(_, exchange)| exchange);
        let mut exchange = sent.unwrap_or_else(|| Exchange::new(caller(resource, &request)));
        exchange.turn(HeaderMap::new(), None);
        exchange.body = Some(tree(answer)?);
        self.finish(examples, steps, &mut exchange)?;
        serde_json::from_slice(&exchange.body?.to_json()).ok()
    }
}

fn tree(value: &Value) -> Option<Tree> {
    let text = value.to_string();
    parse(text.as_bytes(), &Limits::default()).ok().map(|value| Tree::from(&value))
}

/// Who calls in an example: somebody with the parameters of the message, the fields that the sequence asks for, and its scopes.
fn caller(resource: &PublishedResource, message: &Value) -> Caller {
    let outcomes = resource.sequence.paths().map(|steps| steps.outcomes());
    let mut caller = Caller::default();
    for name in outcomes.iter().flat_map(|o| &o.headers) {
        if let (Ok(name), value) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_static(EXAMPLE_FIELD)) {
            caller.headers.insert(name, value);
        }
    }
    for parameter in &resource.parameters {
        let text = match message.pointer(&parameter.pointer) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Array(_) | Value::Object(_) | Value::Null) | None => continue,
            Some(other) => other.to_string(),
        };
        match parameter.location {
            ParameterLocation::Path => caller.path.push((parameter.name.to_string(), text)),
            ParameterLocation::Query => caller.query.push((parameter.name.to_string(), text)),
            ParameterLocation::Header => {
                let name = HeaderName::from_bytes(parameter.name.as_bytes());
                if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&text)) {
                    caller.headers.insert(name, value);
                }
            }
        }
    }
    caller.who = Who { scopes: outcomes.iter().flat_map(|o| &o.scopes).map(|s| Arc::from(s.as_str())).collect(), ..Who::default() };
    caller
}

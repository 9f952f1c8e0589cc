//! `call: { operation: GetCountry, json: { code: "{{ body.code }}" }, as: country }`: another operation of this or another API. Several at the
//! same time stand below `parallel`. The reply's JSON is `calls.country`. What fails goes to `on_fault`, else it fails the caller's call.

use std::time::Duration;

use serde_json::Value;

use super::content::Content;
use super::exchange::{Exchange, FaultFacts, Stop};
use super::reader::{KnownCall, Reader};
use super::{Block, Next};
use crate::diagnostic::{Diagnostic, Span};
use crate::sequence::codes;
use crate::sequence::need::{Ask, Calls, Need, Outcome};
use crate::sequence::tree::Tree;
use crate::yaml::{Kind, Node};

/// Calls that are made at the same time.
pub(super) const MAX_PARALLEL: usize = 8;
/// The longest time that a step may wait, in seconds.
const MAX_SECONDS: u64 = 600;

#[derive(Debug, Clone)]
pub(in crate::sequence) struct Call {
    pub(super) asks: Vec<Asked>,
    timeout: Option<Duration>,
    pub(super) on_fault: Option<Block>,
}

#[derive(Debug, Clone)]
pub(super) struct Asked {
    api: Option<Box<str>>,
    operation: Box<str>,
    pub(super) json: Content,
    name: Box<str>,
    /// What JSON the reply is, where that is said.
    schema: Option<Value>,
}

/// An operation that a sequence calls, and where it says so.
#[derive(Debug, Clone)]
pub struct CalledOperation {
    /// The API's name; `None`: that of the resource.
    pub api: Option<Box<str>>,
    /// The operation's name.
    pub operation: Box<str>,
    /// What the reply is called.
    pub name: Box<str>,
    /// Where the name of the operation stands.
    pub span: Span,
}

impl Call {
    pub(super) fn read(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Self> {
        let mut given = reader.file.fields(node);
        let (parallel, timeout, on_fault) = (given.take("parallel"), given.take("timeout"), given.take("on_fault"));
        let one = if parallel.is_none() { Some(Raw::of(reader, &mut given)) } else { None };
        given.end(reader.file);
        let asks = match (parallel, one) {
            (Some(list), _) => many(reader, list),
            (None, Some(raw)) => raw.read(reader).map(|a| vec![a]),
            (None, None) => None,
        };
        let timeout = match timeout {
            Some(node) => Some(reader.duration(node, MAX_SECONDS)?),
            None => None,
        };
        let asks = asks?;
        for asked in &asks {
            reader.names.calls.push(KnownCall { name: asked.name.clone(), schema: asked.schema.clone() });
        }
        let on_fault = on_fault.map(|n| reader.with_fault(|r| r.inner(n)));
        Some(Self { asks, timeout, on_fault })
    }

    pub(super) fn run(&self, exchange: &mut Exchange) -> Result<Next, Stop> {
        exchange.count_calls(self.asks.len())?;
        let mut asks = Vec::with_capacity(self.asks.len());
        for asked in &self.asks {
            let json = asked.json.value(exchange)?.unwrap_or(Tree::Object(Vec::new()));
            exchange.grow(&json, 0)?;
            asks.push(Ask { api: asked.api.clone(), operation: asked.operation.clone(), json });
        }
        Ok(Next::Need(Need::Calls(Calls { asks, timeout: self.timeout })))
    }

    /// Keeps the replies; gives the first failure with the steps that are done then.
    pub(in crate::sequence) fn take(&self, exchange: &mut Exchange, outcomes: Vec<Outcome>) -> Result<Option<(FaultFacts, Block)>, Stop> {
        let mut failed = None;
        for (asked, outcome) in self.asks.iter().zip(outcomes) {
            match outcome {
                Ok(json) => exchange.set_call(&asked.name, Some(json))?,
                Err(facts) => {
                    exchange.set_call(&asked.name, None)?;
                    failed.get_or_insert(facts);
                }
            }
        }
        match (failed, &self.on_fault) {
            (None, _) => Ok(None),
            (Some(facts), Some(steps)) => Ok(Some((facts, steps.clone()))),
            (Some(facts), None) => Err(Stop::Call(facts)),
        }
    }
}

/// The settings of one call, not read yet.
struct Raw<'n> {
    api: Option<&'n Node>,
    operation: Option<&'n Node>,
    json: Option<&'n Node>,
    name: Option<&'n Node>,
    schema: Option<&'n Node>,
}

impl<'n> Raw<'n> {
    fn of(reader: &mut Reader<'_, '_>, given: &mut crate::yaml::Fields<'n>) -> Self {
        let operation = given.need(reader.file, "operation");
        let name = given.need(reader.file, "as");
        Self { api: given.take("api"), operation, json: given.take("json"), name, schema: given.take("schema") }
    }

    fn read(self, reader: &mut Reader<'_, '_>) -> Option<Asked> {
        let json = match self.json {
            Some(node) => Content::read(reader, node),
            None => Some(Content::Plain(Tree::Object(Vec::new()))),
        };
        let api = match self.api {
            Some(node) => Some(Box::from(reader.file.text(node)?)),
            None => None,
        };
        let name = self.name.and_then(|n| reader.word(n));
        let schema = match self.schema {
            Some(node) => Some(reader.schema(node)?),
            None => None,
        };
        let node = self.operation?;
        let operation: Box<str> = reader.file.text(node)?.into();
        let span = reader.file.span(node);
        let name = name?;
        reader.uses.calls.push(CalledOperation { api: api.clone(), operation: operation.clone(), name: name.clone(), span });
        Some(Asked { api, operation, json: json?, name, schema })
    }
}

fn many(reader: &mut Reader<'_, '_>, node: &Node) -> Option<Vec<Asked>> {
    let Kind::List(nodes) = &node.kind else {
        reader.file.wrong(node, "a list of calls");
        return None;
    };
    if nodes.is_empty() || nodes.len() > MAX_PARALLEL {
        let message = format!("{} calls stand below `parallel`", nodes.len());
        reader.error(node, Diagnostic::error(&codes::TOO_LARGE, message).expected(format!("1 to {MAX_PARALLEL} calls")));
        return None;
    }
    let read = nodes.iter().map(|node| {
        let mut given = reader.file.fields(node);
        let raw = Raw::of(reader, &mut given);
        given.end(reader.file);
        raw.read(reader)
    });
    let asks: Vec<Asked> = read.collect::<Vec<_>>().into_iter().collect::<Option<_>>()?;
    let mut names: Vec<&str> = asks.iter().map(|a| &*a.name).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find_map(|w| if let [a, b] = w { (a == b).then_some(*a) } else { None }) {
        let message = format!("two calls have the name `{twice}`");
        reader.error(node, Diagnostic::error(&codes::BAD_SEQUENCE, message).hint("each `as` is another name"));
        return None;
    }
    Some(asks)
}

//! What steps did: kept where somebody asked for it, and nowhere else. Secrets are hidden by their names.
#![allow(clippy::disallowed_types, reason = "times to be read by people, not deadlines; the room knows no runtime")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use http::header::HeaderMap;

use super::step::{Exchange, Stop};
use super::tree::Tree;
use crate::json::{is_hidden, push_pointer};

/// Steps that are kept.
const MAX_STEPS: usize = 256;
/// Changes that are kept of one step.
const MAX_CHANGES: usize = 64;
/// Bytes of one value as it is shown.
const MAX_VALUE_BYTES: usize = 2 << 10;
/// Bytes of all values.
const MAX_BYTES: usize = 1 << 20;
/// Levels of a message that are compared.
const MAX_DEPTH: usize = 64;
/// What stands for a secret.
pub const HIDDEN: &str = "[hidden]";

/// What the steps of one call did.
#[derive(Debug, Default)]
pub struct Trace {
    /// Each step that was done, in order.
    pub steps: Vec<Traced>,
    /// Steps and changes beyond what is kept.
    pub left_out: usize,
    bytes: usize,
    path: &'static str,
}

/// A step that was done.
#[derive(Debug, Clone, PartialEq)]
pub struct Traced {
    /// `request`, `response` or `fault`.
    pub path: &'static str,
    /// Its verb.
    pub verb: &'static str,
    /// Branches around it.
    pub depth: usize,
    /// What it changed.
    pub changes: Vec<Changed>,
    /// How it ended the path, in words; `None`: it did not.
    pub ended: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// Something that a step changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// `body` and a pointer, `header` and a name, `property` and a name, or `status`.
    pub what: String,
    /// What stood there before, as JSON or as the text of a field; `None`: nothing.
    pub before: Option<String>,
    /// What stands there now; `None`: nothing.
    pub after: Option<String>,
}

/// How things were before a step.
pub(super) struct Before {
    body: Option<Tree>,
    headers: HeaderMap,
    status: Option<u16>,
    properties: Vec<(Box<str>, Tree)>,
    began: Instant,
}

impl Trace {
    /// Says which path comes now: `request`, `response` or `fault`.
    pub fn turn(&mut self, path: &'static str) {
        self.path = path;
    }
}

impl Before {
    /// Looks, where somebody asked for it.
    pub(super) fn of(exchange: &Exchange) -> Option<Self> {
        exchange.trace.as_ref()?;
        Some(Self {
            body: exchange.body.clone(),
            headers: exchange.headers.clone(),
            status: exchange.status,
            properties: exchange.properties().to_vec(),
            began: Instant::now(),
        })
    }

    /// Keeps what the step did.
    pub(super) fn note(self, exchange: &mut Exchange, verb: &'static str, depth: usize, stop: Option<&Stop>) {
        let took = self.began.elapsed();
        let Some(mut trace) = exchange.trace.take() else { return };
        let mut changes = Changes { trace: &mut trace, found: Vec::new() };
        changes.trees("body", self.body.as_ref(), exchange.body.as_ref(), 0, false);
        changes.fields(&self.headers, &exchange.headers);
        let text = |s: Option<u16>| s.map(|s| s.to_string());
        changes.add("status".to_owned(), text(self.status), text(exchange.status), false);
        let names: BTreeMap<&str, ()> = self.properties.iter().chain(exchange.properties()).map(|(n, _)| (&**n, ())).collect();
        let find = |of: &'_ [(Box<str>, Tree)], name: &str| of.iter().position(|(n, _)| **n == *name);
        for name in names.into_keys() {
            let before = find(&self.properties, name).and_then(|i| self.properties.get(i)).map(|(_, t)| t);
            let after = find(exchange.properties(), name).and_then(|i| exchange.properties().get(i)).map(|(_, t)| t);
            changes.trees(&format!("property {name}"), before, after, 0, is_hidden(name));
        }
        let found = changes.found;
        if trace.steps.len() < MAX_STEPS {
            let path = trace.path;
            trace.steps.push(Traced { path, verb, depth, changes: found, ended: stop.map(said), took });
        } else {
            trace.left_out += 1;
        }
        exchange.trace = Some(trace);
    }
}

/// How a step ends a path, in words.
fn said(stop: &Stop) -> String {
    match stop {
        Stop::Respond(answer) => format!("answers with {}", answer.status),
        Stop::Fail(failure) => format!("refuses with {}", failure.status),
        Stop::Unfit { pointer, expected } => format!("{} is not {expected}", pointer.as_deref().unwrap_or("a header field")),
        Stop::Template { place, expected, .. } => format!("{place} needs {expected}"),
        Stop::Broken(why) => why.clone(),
        Stop::Call(fault) => format!("an operation that it calls failed with {}", fault.status),
        Stop::Again { drop } => format!("begins again without {drop}"),
        Stop::Exhausted(why) => (*why).to_owned(),
    }
}

struct Changes<'t> {
    trace: &'t mut Trace,
    found: Vec<Changed>,
}

impl Changes<'_> {
    fn add(&mut self, what: String, before: Option<String>, after: Option<String>, hidden: bool) {
        if before == after {
            return;
        }
        let shown = |text: Option<String>| text.map(|t| if hidden { HIDDEN.to_owned() } else { clipped(t) });
        let (before, after) = (shown(before), shown(after));
        let bytes = what.len() + before.as_ref().map_or(0, String::len) + after.as_ref().map_or(0, String::len);
        if self.found.len() >= MAX_CHANGES || self.trace.bytes + bytes > MAX_BYTES {
            self.trace.left_out += 1;
            return;
        }
        self.trace.bytes += bytes;
        self.found.push(Changed { what, before, after });
    }

    /// The places of two trees that differ: as deep as both are objects, or lists of one length.
    fn trees(&mut self, what: &str, before: Option<&Tree>, after: Option<&Tree>, depth: usize, hidden: bool) {
        if before == after {
            return;
        }
        let below = |key: &str| {
            let (kind, pointer) = what.split_once(' ').unwrap_or((what, ""));
            let mut pointer = pointer.to_owned();
            push_pointer(&mut pointer, key);
            format!("{kind} {pointer}")
        };
        match (before, after) {
            (Some(Tree::Object(old)), Some(Tree::Object(new))) if depth < MAX_DEPTH => {
                let find = |of: &'_ [(Box<str>, Tree)], name: &str| of.iter().position(|(k, _)| **k == *name);
                for (key, value) in old {
                    let now = find(new, key).and_then(|i| new.get(i)).map(|(_, v)| v);
                    self.trees(&below(key), Some(value), now, depth + 1, hidden || is_hidden(key));
                }
                for (key, value) in new.iter().filter(|(k, _)| find(old, k).is_none()) {
                    self.trees(&below(key), None, Some(value), depth + 1, hidden || is_hidden(key));
                }
            }
            (Some(Tree::List(old)), Some(Tree::List(new))) if old.len() == new.len() && depth < MAX_DEPTH => {
                for (at, (one, other)) in old.iter().zip(new).enumerate() {
                    self.trees(&below(&at.to_string()), Some(one), Some(other), depth + 1, hidden);
                }
            }
            (before, after) => {
                let text = |tree: Option<&Tree>| tree.map(|t| String::from_utf8_lossy(&masked(t).to_json()).into_owned());
                // Of a secret it is told that it changed, not to what.
                let (mut was, mut is) = (text(before), text(after));
                if hidden && was.is_some() && is.is_some() {
                    (was, is) = (Some(HIDDEN.to_owned()), Some(format!("{HIDDEN}, another one")));
                    self.add(what.to_owned(), was, is, false);
                } else {
                    self.add(what.to_owned(), was, is, hidden);
                }
            }
        }
    }

    fn fields(&mut self, before: &HeaderMap, after: &HeaderMap) {
        let mut names: Vec<&http::HeaderName> = before.keys().chain(after.keys()).collect();
        names.sort_by_key(|n| n.as_str().to_owned());
        names.dedup();
        for name in names {
            let text = |of: &HeaderMap| {
                let values: Vec<_> = of.get_all(name).iter().map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned()).collect();
                (!values.is_empty()).then(|| values.join(", "))
            };
            self.add(format!("header {name}"), text(before), text(after), is_hidden(name.as_str()));
        }
    }
}

fn clipped(mut text: String) -> String {
    if text.len() > MAX_VALUE_BYTES {
        let end = (0..=MAX_VALUE_BYTES).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A tree without its secrets.
pub fn masked(tree: &Tree) -> Tree {
    match tree {
        Tree::Object(members) => {
            // An error of a problem document names the place and says what stands there.
            let of_hidden = members.iter().any(|(key, value)| {
                let Tree::Text(pointer) = value else { return false };
                **key == *"pointer" && pointer.rsplit('/').next().is_some_and(is_hidden)
            });
            let member = |(key, value): &(Box<str>, Tree)| {
                let hidden = is_hidden(key) || (of_hidden && **key == *"found");
                let shown = if hidden && !matches!(value, Tree::Null) { Tree::Text(HIDDEN.into()) } else { masked(value) };
                (key.clone(), shown)
            };
            Tree::Object(members.iter().map(member).collect())
        }
        Tree::List(items) => Tree::List(items.iter().map(masked).collect()),
        Tree::Null | Tree::Bool(_) | Tree::Number(_) | Tree::Text(_) => tree.clone(),
    }
}

//! What the mapping takes and gives, the documents of real services say; and most of what it refuses they refuse too.

use std::collections::BTreeMap;
use std::path::Path;

use castile::api::ApiDefinition;
use castile::catalog::OpenApiVersion;
use castile::mediate::{DecodeOptions, Decoded, Direction, decode, encode};
use castile::plan::Program;
use castile::plan::node::OperationPlan;
use castile::sample::{Sampler, Style};
use jsonschema::Validator;
use serde_json::{Value, json};

use super::corpus_services;
use super::served::operations;
use super::validate::{Schemas, errors, in_parallel};
use crate::support::api::loaded;

/// Operations of a service that are looked at, unless `CASTILE_OPERATIONS` says another number, or `all`.
const OPERATIONS: usize = 6;
const SEEDS: [Option<u64>; 3] = [None, Some(1), Some(2)];
const STYLES: [Style; 3] = [Style::Minimal, Style::Typical, Style::Full];
/// Mutants of one message.
const MUTANTS: usize = 24;

#[derive(Default)]
struct Report {
    valid: usize,
    /// Kind of mutant → refused by the mapping, of these refused by the document.
    refused: BTreeMap<&'static str, (usize, usize)>,
    /// Mutants that the mapping takes.
    taken: usize,
    wrong: Vec<String>,
}

#[test]
fn documents_of_the_corpus_are_true_of_the_messages() {
    const TEST: &str = "openapi::documents_of_the_corpus_are_true_of_the_messages";
    let only = std::env::var("CASTILE_SERVICE").ok();
    let services: Vec<_> =
        corpus_services(TEST).into_iter().filter(|(n, _)| only.as_ref().is_none_or(|o| n.contains(o.as_str()))).collect();
    if services.is_empty() {
        return;
    }
    let limit = std::env::var("CASTILE_OPERATIONS").ok().map_or(OPERATIONS, |n| n.parse().unwrap_or(usize::MAX));
    let mut all = Report::default();
    for one in in_parallel(&services, |name, wsdl| service(name, wsdl, limit)) {
        all.valid += one.valid;
        all.taken += one.taken;
        all.wrong.extend(one.wrong);
        for (kind, (mapping, document)) in one.refused {
            let sum = all.refused.entry(kind).or_default();
            *sum = (sum.0 + mapping, sum.1 + document);
        }
    }
    println!("{} messages are valid; {} mutants are taken by the mapping and valid too", all.valid, all.taken);
    for (kind, (mapping, document)) in &all.refused {
        println!("{kind}: {mapping} refused by the mapping, {document} of them by the document");
    }
    assert!(all.wrong.is_empty(), "{} wrong\n{}", all.wrong.len(), all.wrong.iter().take(30).cloned().collect::<Vec<_>>().join("\n"));
    assert!(only.is_some() || all.valid > 5_000, "{}", all.valid);
    // Whether a required property is there and whether a value is of the right kind is what schemas are for.
    for (kind, (mapping, document)) in all.refused {
        assert!(only.is_some() || document * 10 >= mapping * 9, "{kind}: the documents refuse {document} of {mapping}");
    }
}

fn service(name: &str, wsdl: &Path, limit: usize) -> Report {
    let mut report = Report::default();
    let Some(api) = loaded(&ApiDefinition::named(name), None, wsdl).ok().and_then(|made| made.api) else { return report };
    let document: Value = serde_json::from_slice(&api.openapi(OpenApiVersion::V31, "https://api.example.org").unwrap()).unwrap();
    let schemas = Schemas::of(&document);
    let sampler = Sampler::new(&api.program);
    let operations = operations(&document);
    for operation in operations.iter().take(limit) {
        let Some(resource) = api.resources.iter().find(|r| &*r.path == operation.path) else { continue };
        let plan = api.plan(resource).unwrap();
        let at = |below: &str| schemas.at(&operation.pointer(below)).unwrap_or_else(|e| panic!("{name} {}: {e}", operation.id()));
        let mut found =
            Messages { program: &api.program, plan, sampler: &sampler, report: &mut report, place: format!("{name} {}", operation.id()) };
        found.requests(&at("requestBody/content/application~1json/schema"));
        if operation.success().1.get("content").is_some() {
            found.answers(&at("responses/200/content/application~1json/schema"));
        }
    }
    report
}

struct Messages<'a> {
    program: &'a Program,
    plan: &'a OperationPlan,
    sampler: &'a Sampler<'a>,
    report: &'a mut Report,
    place: String,
}

impl Messages<'_> {
    fn each(&self, direction: Direction) -> Vec<Vec<u8>> {
        let of =
            |seed: Option<u64>| STYLES.into_iter().filter_map(move |style| self.sampler.message(self.plan, direction, seed, style).ok());
        SEEDS.into_iter().flat_map(of).collect()
    }

    fn expect_valid(&mut self, what: &str, validator: &Validator, value: &Value) {
        self.report.valid += 1;
        if let Some(e) = errors(validator, value) {
            self.report.wrong.push(format!("{} {what}: {e}\n    {:.400}", self.place, value.to_string()));
        }
    }

    fn takes(&self, json: &[u8]) -> bool {
        encode(self.program, self.plan, Direction::Request, json).is_ok()
    }

    fn requests(&mut self, validator: &Validator) {
        for (ix, json) in self.each(Direction::Request).into_iter().enumerate() {
            let mut value: Value = serde_json::from_slice(&json).unwrap();
            // Where headers are declared, documents give the object form only, though a bare value is taken too.
            if !self.plan.input.headers.is_empty() && !value.is_object() {
                value = if value.is_null() { json!({ "$nil": true }) } else { json!({ "$value": value }) };
            }
            self.expect_valid("request", validator, &value);
            // The readable ones and one more are enough to make mutants of.
            if ix < 4 {
                self.mutants(validator, &value);
            }
        }
    }

    fn mutants(&mut self, validator: &Validator, value: &Value) {
        for (kind, mutant) in mutants(value) {
            // Under SOAP encoding anything may be nil; a document that said so of each value would hide what is meant.
            if kind == "null" && self.plan.input.encoded {
                continue;
            }
            let valid = validator.is_valid(&mutant);
            if self.takes(mutant.to_string().as_bytes()) {
                self.report.taken += 1;
                if !valid {
                    let e = errors(validator, &mutant).unwrap_or_default();
                    self.report.wrong.push(format!("{} {kind} is taken: {e}\n    {:.400}", self.place, mutant.to_string()));
                }
            } else {
                let sum = self.report.refused.entry(kind).or_default();
                *sum = (sum.0 + 1, sum.1 + usize::from(!valid));
            }
        }
    }

    /// Answers as callers get them.
    fn answers(&mut self, validator: &Validator) {
        for json in self.each(Direction::Response) {
            let envelope = encode(self.program, self.plan, Direction::Response, &json).unwrap();
            match decode(self.program, self.plan, Direction::Response, &envelope, &DecodeOptions::default()) {
                Ok(Decoded::Value(json)) => {
                    let value: Value = serde_json::from_slice(&json).unwrap();
                    self.expect_valid("answer", validator, &value);
                }
                Ok(Decoded::Empty | Decoded::Fault(_)) | Err(_) => {}
            }
        }
    }
}

/// What makes a message another one, in one place.
enum Change {
    Set(Value),
    Put(&'static str, Value),
    Remove(String),
}

/// Messages that differ from a valid one in one place, at most [`MUTANTS`], from all over it.
fn mutants(value: &Value) -> Vec<(&'static str, Value)> {
    let mut places = Vec::new();
    collect(value, String::new(), &mut places);
    let all: Vec<_> =
        places.iter().flat_map(|pointer| changes(value.pointer(pointer).unwrap()).into_iter().map(move |c| (pointer, c))).collect();
    let step = all.len().div_ceil(MUTANTS).max(1);
    let apply = |(pointer, (kind, change)): (&String, (&'static str, Change))| {
        let mut mutant = value.clone();
        let place = mutant.pointer_mut(pointer).unwrap();
        match change {
            Change::Set(new) => *place = new,
            Change::Put(key, new) => place[key] = new,
            Change::Remove(key) => _ = place.as_object_mut().and_then(|members| members.shift_remove(&key)),
        }
        (kind, mutant)
    };
    all.into_iter().step_by(step).map(apply).collect()
}

fn changes(value: &Value) -> Vec<(&'static str, Change)> {
    let mut found = vec![("null", Change::Set(Value::Null))];
    match value {
        Value::Object(members) => {
            found.push(("unknown property", Change::Put("noSuchProperty", json!(1))));
            found.push(("a number for an object", Change::Set(json!(7))));
            if members.contains_key("$type") {
                found.push(("unknown type", Change::Put("$type", json!("noSuchType"))));
            }
            found.extend(members.keys().map(|key| ("missing property", Change::Remove(key.clone()))));
        }
        Value::Array(_) => found.push(("an object for an array", Change::Set(json!({ "a": 1 })))),
        Value::Number(_) => found.push(("a boolean for a number", Change::Set(json!(true)))),
        Value::Bool(_) => found.push(("an array for a boolean", Change::Set(json!([])))),
        Value::String(_) => found.push(("an array for a string", Change::Set(json!([[]])))),
        Value::Null => {}
    }
    found
}

/// The JSON pointers of a value and of all that is in it.
fn collect(value: &Value, at: String, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, inner) in members {
                collect(inner, format!("{at}/{}", key.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        Value::Array(items) => items.iter().enumerate().for_each(|(ix, inner)| collect(inner, format!("{at}/{ix}"), found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found.push(at);
}

//! Random sequences over the plans of the samples and the constructs: the message outside is what the OpenAPI document says.
//!
//! `CASTILE_PROPERTY_CASES` asks for more of them. A failure names service, operation and number.

use std::sync::Arc;

use castile::catalog::{OpenApiVersion, PublishedApi, PublishedResource};
use castile::diagnostic::SourceId;
use castile::mediate::{DecodeOptions, Decoded, Direction, decode, encode};
use castile::openapi::Messages;
use castile::sample::{Sampler, Style};
use castile::sequence::{Caller, Exchange, Sequence, Tree};
use serde_json::{Value, json};

use crate::openapi::validate::{Schemas, errors, in_parallel};
use crate::support::{self, api::construct};

/// Numbers that follow from a seed.
pub struct Random(u64);

impl Random {
    /// Those of a number.
    pub fn of(number: u64) -> Self {
        Self(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }
}

/// The pointers to all values of a message, `*` for items, each with one of its values.
fn places(value: &Value) -> Vec<(String, Value)> {
    fn walk(value: &Value, at: &str, found: &mut Vec<(String, Value)>) {
        let below: Vec<(String, &Value)> = match value {
            Value::Object(members) => {
                // What the mapping's own names say is not moved about.
                let own = members.iter().filter(|(name, _)| !name.starts_with('$') && !name.is_empty() && *name != "*" && *name != "-");
                own.map(|(name, v)| (name.replace('~', "~0").replace('/', "~1"), v)).collect()
            }
            Value::Array(items) => items.first().map(|v| ("*".to_owned(), v)).into_iter().collect(),
            _ => Vec::new(),
        };
        for (name, inner) in below {
            let pointer = format!("{at}/{name}");
            if name != "*" {
                found.push((pointer.clone(), inner.clone()));
            }
            walk(inner, &pointer, found);
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

fn split(pointer: &str) -> (&str, &str) {
    pointer.rsplit_once('/').unwrap()
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// A text that stands in a sequence as it is.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.contains("{{"),
        Value::Number(_) | Value::Bool(_) => true,
        _ => false,
    }
}

/// Steps that make a message like this one of another; the last one first.
fn before(random: &mut Random, message: &Value) -> Vec<String> {
    let all = places(message);
    let mut taken: Vec<String> = Vec::new();
    let mut steps = Vec::new();
    for n in 0..1 + random.below(5) {
        let free: Vec<_> =
            all.iter().filter(|(p, _)| !taken.iter().any(|t| p.starts_with(t.as_str()) || t.starts_with(p.as_str()))).collect();
        let Some((pointer, value)) = free.get(random.below(free.len())) else { break };
        let (parent, _) = split(pointer);
        let to = quoted(pointer);
        let step = match random.below(9) {
            0 => format!("- rename: {{ from: {}, to: {to} }}\n", quoted(&format!("{parent}/x{n}"))),
            1 if !pointer.contains('*') => format!("- move: {{ from: /m{n}, to: {to} }}\n"),
            2 if is_plain(value) => format!("- set: {{ to: {to}, value: {value} }}\n"),
            3 if !pointer.contains('*') => format!("- set: {{ to: {to}, value: \"{{{{ body.y{n} }}}}\" }}\n- remove: /y{n}\n"),
            4 if is_plain(value) => format!("- default: {{ to: {to}, value: {value} }}\n"),
            5 if value.is_number() => format!("- cast: {{ at: {to}, to: number }}\n"),
            5 if value.is_boolean() => format!("- cast: {{ at: {to}, to: boolean }}\n"),
            6 if is_plain(value) => format!("- map: {{ at: {to}, values: {{ K{n}: {value} }} }}\n"),
            7 => {
                let [one, other] = [quoted(&format!("{parent}/a{n}")), quoted(&format!("{parent}/b{n}"))];
                format!(
                    "- if: {{ when: \"headers['x-a'] == 'b'\", then: [ {{ rename: {{ from: {one}, to: {to} }} }} ], else: [ {{ rename: {{ from: {other}, to: {to} }} }} ] }}\n"
                )
            }
            8 if !pointer.contains('*') => format!("- copy: {{ from: /c{n}, to: {to} }}\n- remove: /c{n}\n"),
            _ => format!("- remove: /z{n}\n"),
        };
        taken.push(pointer.clone());
        steps.push(step);
    }
    steps.reverse();
    steps
}

/// Steps over a reply like this one.
fn behind(random: &mut Random, message: &Value) -> Vec<String> {
    let all = places(message);
    let mut taken: Vec<String> = Vec::new();
    let mut steps = Vec::new();
    for n in 0..1 + random.below(5) {
        let free: Vec<_> =
            all.iter().filter(|(p, _)| !taken.iter().any(|t| p.starts_with(t.as_str()) || t.starts_with(p.as_str()))).collect();
        let Some((pointer, value)) = free.get(random.below(free.len())) else { break };
        let (parent, name) = split(pointer);
        let from = quoted(pointer);
        let is_scalar = !value.is_object() && !value.is_array();
        let name = name.replace("~1", "/").replace("~0", "~");
        let step = match random.below(9) {
            0 => format!("- rename: {{ from: {from}, to: {} }}\n", quoted(&format!("{parent}/x{n}"))),
            1 if !pointer.contains('*') => format!("- move: {{ from: {from}, to: /m{n}/inner }}\n"),
            2 => format!("- remove: {from}\n"),
            3 if !pointer.contains('*') => format!("- copy: {{ from: {from}, to: /c{n} }}\n"),
            4 => {
                format!("- set: {{ to: {}, value: {{ a: 1, b: [true, \"{{{{ headers.x-a }}}}\"] }} }}\n", quoted(&format!("{parent}/s{n}")))
            }
            5 if is_scalar && !value.is_null() => format!("- cast: {{ at: {from}, to: text }}\n"),
            6 if value.is_string() => format!("- default: {{ to: {from}, value: none }}\n"),
            7 if pointer.matches('/').count() == 1 && !name.contains(['\'', '"', '\\']) => {
                format!(
                    "- if: {{ when: \"exists(body['{name}'])\", then: [ {{ rename: {{ from: {from}, to: /t{n} }} }} ], else: [ {{ set: {{ to: /e{n}, value: 1 }} }} ] }}\n"
                )
            }
            8 if pointer.matches('/').count() == 1 => format!("- keep: [{from}]\n"),
            _ => format!("- set: {{ to: /link{n}, value: \"/x/{{{{ path.none }}}}\" }}\n").replace("path.none", "headers.x-none"),
        };
        if step.starts_with("- keep") {
            steps.push(step);
            break;
        }
        taken.push(pointer.clone());
        steps.push(step);
    }
    steps
}

fn sequence(request: &[String], response: &[String]) -> Sequence {
    let lines = |steps: &[String]| steps.concat().lines().map(|l| format!("  {l}\n")).collect::<String>();
    let (request, response) = (lines(request), lines(response));
    let text =
        format!("version: 1\nrequest:\n{request}  - to_soap: {{}}\nresponse:\n  - to_json: {{}}\n{response}fault:\n  - to_problem: {{}}\n");
    Sequence::parse(SourceId(0), &text).unwrap_or_else(|e| panic!("{e:?}\n{text}"))
}

fn tree(value: &Value) -> Tree {
    Tree::from(&castile::json::parse(value.to_string().as_bytes(), &castile::json::Limits::default()).unwrap())
}

fn run(steps: &castile::sequence::Steps, message: Tree) -> Option<Value> {
    let mut exchange = Exchange::new(Caller::default());
    exchange.body = Some(message);
    steps.start().go(&mut exchange).ok()?;
    Some(serde_json::from_slice(&exchange.body?.to_json()).unwrap())
}

/// What is wrong with one sequence over one operation, in words.
fn check(api: &mut PublishedApi, at: usize, number: u64) -> Result<(), String> {
    let program = api.program.clone();
    let operation = api.resources[at].operation;
    let plan = &program.operations[operation];
    let sampler = Sampler::new(&program);
    let sample = |direction, seed: u64| -> Option<Value> {
        let json = sampler.message(plan, direction, Some(seed), Style::Typical).ok()?;
        let envelope = encode(&program, plan, direction, &json).ok()?;
        if direction == Direction::Request {
            return serde_json::from_slice(&json).ok();
        }
        match decode(&program, plan, direction, &envelope, &DecodeOptions::default()).ok()? {
            Decoded::Value(json) => serde_json::from_slice(&json).ok(),
            _ => None,
        }
    };
    let mut random = Random::of(number);
    let given: Option<Value> = sampler.example(plan, Direction::Request).ok().and_then(|json| serde_json::from_slice(&json).ok());
    let got: Option<Value> = sampler.example(plan, Direction::Response).ok().and_then(|json| serde_json::from_slice(&json).ok());
    let request = given.as_ref().map(|m| before(&mut random, m)).unwrap_or_default();
    let response = got.as_ref().filter(|_| plan.output.is_some()).map(|m| behind(&mut random, m)).unwrap_or_default();
    let sequence = Arc::new(sequence(&request, &response));
    let whole = format!("{request:#?} {response:#?}");
    let mut messages = Messages::of(&program, plan);
    let schema = messages.request();
    let (_, found) = sequence.request.before(schema, messages.definitions(), "it");
    if !found.is_empty() {
        return Err(format!("refused: {:?}\n{whole}", found.iter().map(|d| &d.message).collect::<Vec<_>>()));
    }
    if let Some(schema) = messages.response(None) {
        let (_, found) = sequence.response.behind(schema, messages.definitions(), "it");
        if !found.is_empty() {
            return Err(format!("refused: {:?}\n{whole}", found.iter().map(|d| &d.message).collect::<Vec<_>>()));
        }
    }
    let resource: PublishedResource = {
        let resource = &mut api.resources[at];
        resource.sequence = sequence.clone();
        resource.unwrap = None;
        resource.clone()
    };
    let mut api = api.clone();
    api.resources = vec![resource.clone()];
    let document: Value = serde_json::from_slice(&api.openapi(OpenApiVersion::V31, &format!("http://{at}.{number}")).unwrap()).unwrap();
    let schemas = Schemas::of(&document);
    let escaped = resource.path.replace('~', "~0").replace('/', "~1");
    let below = format!("/paths/{escaped}/{}", resource.method.as_str().to_lowercase());
    let body = format!("{below}/requestBody/content/application~1json");
    if let Some(content) = document.pointer(&body) {
        let validator = schemas.at(&format!("{body}/schema"))?;
        if let Some(inner) = &given {
            let example = content.get("example").or(api.example(&resource).as_ref()).cloned();
            let Some(example) = example else { return Err(format!("no example\n{whole}\n{inner}")) };
            if let Some(e) = errors(&validator, &example) {
                return Err(format!("the example does not fit: {e}\n{whole}\n{example}\n{}", content["schema"]));
            }
            let made = run(&sequence.request, tree(&example)).ok_or("the example is stopped")?;
            encode(&program, plan, Direction::Request, made.to_string().as_bytes())
                .map_err(|e| format!("{e:?}\n{whole}\n{example}\n{made}"))?;
        }
        for inner in (0..3).filter_map(|n| sample(Direction::Request, number ^ n)) {
            for guess in sequence.request.guesses(&tree(&inner)) {
                let goes = run(&sequence.request, guess.clone())
                    .is_some_and(|made| encode(&program, plan, Direction::Request, made.to_string().as_bytes()).is_ok());
                let sent: Value = serde_json::from_slice(&guess.to_json()).unwrap();
                // What has the service's own names goes through too, where a step has nothing to do; that is not documented.
                if goes
                    && guess != tree(&inner)
                    && let Some(e) = errors(&validator, &sent)
                    && !e.contains("dditional")
                {
                    return Err(format!("goes through and does not fit: {e}\n{whole}\n{sent}"));
                }
            }
        }
    }
    let answer = format!("{below}/responses/200/content/application~1json/schema");
    if plan.output.is_some() && document.pointer(&answer).is_some() {
        let validator = schemas.at(&answer)?;
        for inner in got.into_iter().chain((0..4).filter_map(|n| sample(Direction::Response, number ^ n))) {
            let Some(outer) = run(&sequence.response, tree(&inner)) else { continue };
            if let Some(e) = errors(&validator, &outer) {
                return Err(format!(
                    "the answer does not fit: {e}\n{whole}\n{outer}\n{}",
                    document.pointer(&answer).unwrap_or(&json!(null))
                ));
            }
        }
    }
    Ok(())
}

#[test]
fn what_is_sent_and_got_outside_is_what_the_document_says() {
    let cases: u64 = std::env::var("CASTILE_PROPERTY_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let mut services = Vec::new();
    for folder in ["wsdl", "tests/constructs"] {
        services.extend(
            support::folders(&support::path(folder)).into_iter().map(|f| (f.file_name().unwrap().to_string_lossy().into_owned(), f)),
        );
    }
    let wrong = in_parallel(&services, |name, folder| {
        let mut wrong = Vec::new();
        let mut count = 0;
        let mut api = construct(folder);
        for at in 0..api.resources.len().min(4) {
            if api.plan(&api.resources[at]).is_none_or(|p| !p.input.attachments.is_empty()) {
                continue;
            }
            for number in 0..cases {
                count += 1;
                let seed = number * 97 + name.bytes().map(u64::from).sum::<u64>() + at as u64;
                if let Err(e) = check(&mut api, at, seed) {
                    wrong.push(format!("{name} {} {seed}: {e:.3000}", api.resources[at].path));
                }
            }
        }
        (count, wrong)
    });
    let count: usize = wrong.iter().map(|(count, _)| count).sum();
    let wrong: Vec<String> = wrong.into_iter().flat_map(|(_, wrong)| wrong).collect();
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(count > 100, "{count}");
}

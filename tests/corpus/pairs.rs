//! The messages that came with the services: written by other tools, read and written again by ours.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use castile::api::ApiDefinition;
use castile::mediate::{DecodeOptions, Decoded, Direction, decode, encode};
use castile::plan::Program;
use castile::plan::node::{Body, OperationPlan};

use crate::support::{self, api::loaded, canon::canonical};

/// A message that came with a service.
struct Given {
    /// `countryinfo/pairs/one/request.xml`.
    name: String,
    path: PathBuf,
    wsdl: PathBuf,
    direction: Direction,
}

/// What is written is what was read, or `pairs.txt` says which rule of the contract makes the difference.
#[test]
fn given_messages_are_written_as_they_were_read() {
    let Some(corpus) = support::shared_or_skip("corpus::pairs", "corpus") else { return };
    let explained = explained();
    let mut differences = BTreeMap::new();
    let given = given(&corpus);
    let mut programs: BTreeMap<PathBuf, Option<Arc<Program>>> = BTreeMap::new();
    for message in &given {
        let program = programs.entry(message.wsdl.clone()).or_insert_with(|| program(&message.wsdl));
        let found = program.as_ref().map_or_else(|| Some("the WSDL gives no API".to_owned()), |program| difference(program, message));
        if let Some(difference) = found {
            differences.insert(message.name.clone(), difference);
        }
    }
    println!("{} messages, {} written as they were read, {} explained", given.len(), given.len() - differences.len(), explained.len());
    let known: BTreeSet<&String> = explained.keys().collect();
    let mut wrong: Vec<_> =
        differences.iter().filter(|(name, _)| !known.contains(name)).map(|(name, d)| format!("── {name}\n{d}")).collect();
    wrong.extend(
        known
            .iter()
            .filter(|name| !differences.contains_key(**name))
            .map(|name| format!("{name} is written as it was read: take it out of tests/corpus/pairs.txt")),
    );
    assert!(given.len() > 150, "only {} messages", given.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), given.len(), wrong.join("\n"));
}

fn program(wsdl: &Path) -> Option<Arc<Program>> {
    loaded(&ApiDefinition::named("pairs"), None, wsdl).ok()?.api.map(|api| api.program)
}

/// Message → reason: lines of `pairs.txt`, under the reason that holds for them.
fn explained() -> BTreeMap<String, String> {
    let text = fs::read_to_string(support::path("tests/corpus/pairs.txt")).unwrap();
    let mut reason = String::new();
    let mut found = BTreeMap::new();
    let mut in_reason = false;
    for line in text.lines() {
        if let Some(words) = line.strip_prefix("# ") {
            reason = if in_reason { format!("{reason} {words}") } else { words.to_owned() };
            in_reason = true;
        } else {
            in_reason = false;
            if !line.trim().is_empty() {
                assert!(!reason.is_empty(), "{line} has no reason");
                found.insert(line.trim().to_owned(), reason.clone());
            }
        }
    }
    found
}

fn given(corpus: &Path) -> Vec<Given> {
    let index: serde_json::Value = serde_json::from_slice(&fs::read(corpus.join("index.json")).unwrap()).unwrap();
    let mut found = Vec::new();
    for service in support::folders(corpus) {
        let Some(root) = service.file_name().and_then(|n| index[n.to_str()?]["root"].as_str()) else { continue };
        for folder in support::folders(&service.join("pairs")) {
            add(&mut found, corpus, &folder, &service.join(root));
        }
    }
    for folder in support::folders(&corpus.join("pairs-node-soap")) {
        add(&mut found, corpus, &folder, &folder.join("soap.wsdl"));
    }
    found
}

fn add(found: &mut Vec<Given>, corpus: &Path, folder: &Path, wsdl: &Path) {
    for (file, direction) in [("request.xml", Direction::Request), ("response.xml", Direction::Response)] {
        let path = folder.join(file);
        if path.exists() {
            let name = path.strip_prefix(corpus).unwrap().to_string_lossy().into_owned();
            found.push(Given { name, path, wsdl: wsdl.to_owned(), direction });
        }
    }
}

/// What is not the same after reading and writing.
fn difference(program: &Program, message: &Given) -> Option<String> {
    let xml = fs::read(&message.path).unwrap();
    let text = String::from_utf8_lossy(&xml).into_owned();
    let document = match roxmltree::Document::parse(&text) {
        Ok(document) => document,
        Err(error) => return Some(format!("not well-formed: {error}")),
    };
    let Some(operation) = operation(program, &document, message.direction) else { return Some("of no operation".to_owned()) };
    let json = match decode(program, operation, message.direction, &xml, &DecodeOptions::default()) {
        Ok(Decoded::Value(json)) => json,
        Ok(Decoded::Empty) => b"{}".to_vec(),
        Ok(Decoded::Fault(fault)) => return (fault.code.is_none()).then(|| "a fault without a code".to_owned()),
        Err(error) => return Some(format!("{error:?}")),
    };
    match encode(program, operation, message.direction, &json) {
        Ok(written) => {
            let (before, after) = (infoset(&text), infoset(&String::from_utf8(written).unwrap()));
            (before != after).then(|| format!("given\n{before}written\n{after}"))
        }
        Err(error) => Some(format!("{}\n{error:?}", String::from_utf8_lossy(&json))),
    }
}

/// The operation that a message belongs to, by what its Body holds.
fn operation<'a>(program: &'a Program, document: &roxmltree::Document<'_>, direction: Direction) -> Option<&'a OperationPlan> {
    let body = document.root_element().children().find(|c| c.tag_name().name() == "Body")?;
    let first = body.children().find(roxmltree::Node::is_element);
    let is_fault = first.is_some_and(|f| f.tag_name().name() == "Fault" && direction == Direction::Response);
    let name = first.map(|f| {
        let tag = f.tag_name();
        tag.namespace().map_or_else(|| tag.name().to_owned(), |ns| format!("{{{ns}}}{}", tag.name()))
    });
    program.operations.iter().find(|o| {
        let plan = if direction == Direction::Request { Some(&o.input) } else { o.output.as_ref() };
        let tag = plan.and_then(|p| match &p.body {
            Body::Empty | Body::Undefined { wrapper: None } => None,
            Body::Element(slot) => Some(slot.tag),
            Body::Parts(parts) => parts.first().map(|s| s.tag),
            Body::Rpc { wrapper, .. } | Body::Undefined { wrapper: Some(wrapper) } => Some(*wrapper),
        });
        // The namespace of an rpc wrapper is often another than the binding says; it is not asked (mapping-cases.md, 44).
        let is_rpc = plan.is_some_and(|p| matches!(p.body, Body::Rpc { .. } | Body::Undefined { wrapper: Some(_) }));
        let local = |name: &str| name.rsplit('}').next().map(str::to_owned);
        let tag = tag.map(|t| program.names.clark(t));
        is_fault || tag == name || (is_rpc && tag.as_deref().and_then(local) == name.as_deref().and_then(local))
    })
}

/// The canonical text without what says nothing: an empty Header, `xsi:nil="false"` (mapping-cases.md, 19), where `encodingStyle` stands,
/// and the type of what has an `arrayType` (34 and 48).
fn infoset(xml: &str) -> String {
    let text = canonical(xml);
    let mut out = String::new();
    let mut element: Vec<&str> = Vec::new();
    for line in text.lines().chain([""]) {
        if !line.trim_start().starts_with('@') {
            let is_array = element.iter().any(|l| l.contains("/soap/encoding/}arrayType="));
            let is_header = element.len() == 1 && element.first().is_some_and(|l| l.ends_with("}Header>")) && !line.starts_with("    ");
            if is_header {
                element.clear();
            }
            let says_nothing = |l: &str| {
                l.ends_with("}nil=\"false\"") || l.contains("}encodingStyle=") || (is_array && l.contains("XMLSchema-instance}type="))
            };
            for l in element.drain(..).filter(|l| !says_nothing(l)) {
                out.push_str(l);
                out.push('\n');
            }
        }
        element.push(line);
    }
    out
}

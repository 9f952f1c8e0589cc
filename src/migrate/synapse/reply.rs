//! The reply of an operation: where an element of it stands in its JSON, and the shape in which API Manager gave it to callers.

use serde_json::json;

use super::expr::pointer;
use super::steps::Step;
use crate::plan::Program;
use crate::plan::node::{Body, Content, MessagePlan, OperationPlan, PlaceKind, TypeBody, TypeId};

/// Types that are looked through for one element.
const MOST: usize = 5_000;
/// Elements inside one another.
const DEPTH: usize = 12;

/// The names of the properties at the top of a message's JSON, attributes among them.
pub(in crate::migrate) fn properties(program: &Program, message: &MessagePlan) -> Vec<String> {
    match &message.body {
        Body::Element(slot) if slot.members.is_empty() => {
            let mut keys: Vec<String> = children(program, slot.type_).0.into_iter().map(|(key, ..)| key).collect();
            if let TypeBody::Complex(complex) = &program.type_(slot.type_).body {
                keys.extend(complex.attributes.iter().map(|a| a.key.to_string()));
            }
            keys
        }
        Body::Parts(slots) | Body::Rpc { parts: slots, .. } => slots.iter().map(|s| s.key.to_string()).collect(),
        Body::Empty | Body::Element(_) | Body::Undefined { .. } => Vec::new(),
    }
}

/// A part of a reply: its key, and the local name of its accessor, where the reply is of RPC style; its type.
type Part<'p> = (String, Option<&'p str>, TypeId);

/// What the reply's body begins with, and its type; of RPC style each part.
fn roots<'p>(program: &'p Program, plan: &'p OperationPlan) -> (Option<&'p str>, Vec<Part<'p>>) {
    let Some(output) = &plan.output else { return (None, Vec::new()) };
    let local = |tag| &**program.names.local(tag);
    match &output.body {
        Body::Element(slot) if slot.members.is_empty() => (Some(local(slot.tag)), vec![(String::new(), None, slot.type_)]),
        Body::Rpc { wrapper, parts } => {
            let parts = parts.iter().map(|p| (p.key.to_string(), Some(local(p.tag)), p.type_)).collect();
            (Some(local(*wrapper)), parts)
        }
        Body::Empty | Body::Element(_) | Body::Parts(_) | Body::Undefined { .. } => (None, Vec::new()),
    }
}

/// The keys of an element of the reply, by the local names that lead to it.
///
/// # Errors
/// It is not there, or there are several.
pub(super) fn place(program: &Program, plan: &OperationPlan, names: &[String], anywhere: bool) -> Result<Vec<String>, String> {
    let (root, parts) = roots(program, plan);
    let shown = names.join("/");
    let names = match names.split_first() {
        Some((first, rest)) if Some(first.as_str()) == root => rest,
        _ => names,
    };
    if names.is_empty() {
        return Err("the whole reply is not read as a text".to_owned());
    }
    let mut found: Vec<Vec<String>> = Vec::new();
    let mut budget = MOST;
    for (key, local, type_) in parts {
        let mut at: Vec<String> = Vec::new();
        let mut names = names;
        if let Some(local) = local {
            at.push(key);
            match names.split_first() {
                Some((first, rest)) if first == local => names = rest,
                _ if anywhere => {}
                _ => continue,
            }
        }
        search(program, type_, names, anywhere, &mut at, &mut found, &mut budget);
    }
    found.dedup();
    match found.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(format!("the reply of operation `{}` has no element {shown}", plan.name)),
        _ => Err(format!("the reply of operation `{}` has several elements {shown}", plan.name)),
    }
}

/// Elements below a type: key, local name, type, whether there are many, whether the type is written as a bare array.
fn children(program: &Program, type_: TypeId) -> (Vec<(String, String, TypeId, bool)>, bool) {
    let TypeBody::Complex(complex) = &program.type_(type_).body else { return (Vec::new(), false) };
    let Content::Elements(shape) = &complex.content else { return (Vec::new(), false) };
    let places = program.shape(*shape).places.iter().filter_map(|place| {
        let PlaceKind::Element(element) = &place.kind else { return None };
        let declared = program.element(*element);
        Some((place.key.to_string(), program.names.local(declared.name).to_string(), declared.type_, place.array))
    });
    (places.collect(), complex.is_flat)
}

fn search(
    program: &Program,
    type_: TypeId,
    names: &[String],
    anywhere: bool,
    at: &mut Vec<String>,
    found: &mut Vec<Vec<String>>,
    budget: &mut usize,
) {
    let Some((first, rest)) = names.split_first() else {
        let mut keys = at.clone();
        if let TypeBody::Complex(complex) = &program.type_(type_).body
            && matches!(complex.content, Content::Simple(_))
            && !complex.attributes.is_empty()
        {
            keys.push("$value".to_owned());
        }
        found.push(keys);
        return;
    };
    if at.len() > DEPTH || *budget == 0 || found.len() > 1 {
        return;
    }
    *budget -= 1;
    let (children, is_flat) = children(program, type_);
    for (key, local, type_, array) in children {
        let before = at.len();
        match is_flat && before > 0 {
            true => at.push("0".to_owned()),
            false => {
                at.push(key);
                at.extend(array.then(|| "0".to_owned()));
            }
        }
        if local == *first {
            search(program, type_, rest, false, at, found, budget);
        } else if anywhere {
            search(program, type_, names, true, at, found, budget);
        }
        at.truncate(before);
    }
}

/// Steps that put the reply's properties below the name of its element, as API Manager's JSON has them.
pub(super) fn wrapped(program: &Program, plan: &OperationPlan) -> Vec<Step> {
    let (Some(root), parts) = roots(program, plan) else { return Vec::new() };
    let keys: Vec<String> = match parts.as_slice() {
        [(key, None, type_)] if key.is_empty() => children(program, *type_).0.into_iter().map(|(key, ..)| key).collect(),
        parts => parts.iter().map(|(key, ..)| key.clone()).collect(),
    };
    let mut unique: Vec<String> = Vec::new();
    for key in keys {
        if !unique.contains(&key) {
            unique.push(key);
        }
    }
    if unique.is_empty() || unique.iter().any(|k| k == root) {
        return vec![Step::Plain("set", json!({ "to": "", "value": { root: "{{ body }}" } }))];
    }
    let one = |key: &String| {
        let (from, to) = (pointer(std::slice::from_ref(key)), pointer(&[root.to_owned(), key.clone()]));
        Step::Plain("move", json!({ "from": from, "to": to }))
    };
    unique.iter().map(one).collect()
}

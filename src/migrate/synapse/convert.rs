//! The walk over mediators, in their order, with what is known at each.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::Node;
use serde_json::{Value, json};

use super::envelope::elements;
use super::expr::{Ex, pointer};
use super::library::Library;
use super::reply;
use super::steps::{Paths, Step};
use super::text::Text;
use crate::api::Method;
use crate::diagnostic::Span;
use crate::migrate::document::At;
use crate::migrate::findings::Findings;
use crate::plan::Program;
use crate::plan::node::OperationPlan;
use crate::sequence::expr::Path;
use crate::xml::document::Unqualified;

/// Sequences inside one another.
const DEPTH: usize = 8;
/// Mediators of one resource.
const MEDIATORS: usize = 800;

/// The resource whose sequences are converted.
pub(in crate::migrate) struct Asked<'a> {
    pub(in crate::migrate) method: Method,
    pub(in crate::migrate) template: &'a str,
    pub(in crate::migrate) program: &'a Program,
    /// The operation, where it is known without a look at sequences.
    pub(in crate::migrate) operation: Option<usize>,
    /// The operation where sequences do not show another.
    pub(in crate::migrate) fallback: Option<usize>,
    /// Was the resource generated from a WSDL?
    pub(in crate::migrate) generated: bool,
    /// `operationPolicies`.
    pub(in crate::migrate) policies: Option<At<'a>>,
    pub(in crate::migrate) span: Span,
}

/// What became of a resource's sequences.
#[derive(Default)]
pub(in crate::migrate) struct Converted {
    pub(in crate::migrate) paths: Paths,
    /// The operation that the sequences show.
    pub(in crate::migrate) operation: Option<usize>,
    /// The SOAPAction that they set.
    pub(in crate::migrate) action: Option<String>,
    /// Query parameter → pointer.
    pub(in crate::migrate) query: BTreeMap<String, String>,
    /// Path parameter → pointer.
    pub(in crate::migrate) path_parameters: BTreeMap<String, String>,
    /// Query parameters that steps read.
    pub(in crate::migrate) reads: BTreeSet<String>,
    /// The files that they were made of.
    pub(in crate::migrate) files: Vec<String>,
    /// Do they call the SOAP service at all?
    pub(in crate::migrate) answers: bool,
}

/// What a property was set to.
#[derive(Debug, Clone)]
pub(super) enum Known {
    /// This, when the message had had so many payloads.
    Value(Ex, u32),
    /// Something that only the message says.
    Set,
}

/// What the message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    /// The caller's JSON.
    Caller,
    /// The service's reply.
    Reply,
    /// Its fault.
    Fault,
    /// What a sequence made.
    Made,
}

/// A resource's sequences on their way.
pub(super) struct Converter<'c, 'a> {
    pub(super) asked: &'c Asked<'a>,
    pub(super) library: &'c mut Library,
    pub(super) findings: &'c mut Findings,
    pub(super) path: Path,
    pub(super) message: Message,
    /// How many payloads there were.
    pub(super) payloads: u32,
    pub(super) properties: BTreeMap<String, Known>,
    /// Properties that a step reads.
    pub(super) read: BTreeSet<String>,
    /// Properties that became something else than a property.
    pub(super) resolved: BTreeSet<String>,
    /// How many branches are around.
    pub(super) branches: usize,
    /// The status that is set.
    pub(super) status: Option<u16>,
    /// The payload that was made last, as JSON.
    pub(super) json: Option<Value>,
    /// Is the answer's type said to be JSON?
    pub(super) is_json: bool,
    /// Was the answer decided: does nothing behind it run?
    pub(super) ended: bool,
    pub(super) made: Converted,
    depth: usize,
    count: usize,
}

/// Converts everything that stands on a resource's way.
pub(in crate::migrate) fn convert(asked: &Asked<'_>, library: &mut Library, findings: &mut Findings) -> Converted {
    let mut converter = Converter {
        asked,
        library,
        findings,
        path: Path::Request,
        message: Message::Caller,
        payloads: 0,
        properties: BTreeMap::new(),
        read: BTreeSet::new(),
        resolved: BTreeSet::new(),
        branches: 0,
        status: None,
        json: None,
        is_json: false,
        ended: false,
        made: Converted { operation: asked.operation, ..Converted::default() },
        depth: 0,
        count: 0,
    };
    let request = converter.flow(Path::Request);
    converter.made.answers = converter.ended && converter.branches == 0;
    if converter.made.operation.is_none() {
        let action = converter.made.action.clone().unwrap_or_default();
        converter.made.operation = super::by_action(asked.program, &action).or(asked.fallback);
    }
    let response = converter.flow(Path::Response);
    let fault = converter.flow(Path::Fault);
    let mut paths = Paths { request, response, fault };
    for list in [&mut paths.request, &mut paths.response, &mut paths.fault] {
        tidy(list, &converter.read, &converter.resolved);
    }
    converter.made.paths = paths;
    converter.made
}

/// Takes out properties that nothing reads because what read them reads their source.
fn tidy(list: &mut Vec<Step>, read: &BTreeSet<String>, resolved: &BTreeSet<String>) {
    list.retain(|step| match step {
        Step::Property { name, .. } => read.contains(name) || !resolved.contains(name),
        _ => true,
    });
    for step in list {
        match step {
            Step::If { then, otherwise, .. } => {
                tidy(then, read, resolved);
                tidy(otherwise, read, resolved);
            }
            Step::Switch { cases, default, .. } => {
                cases.iter_mut().for_each(|(_, list)| tidy(list, read, resolved));
                tidy(default, read, resolved);
            }
            Step::Plain(..) | Step::Property { .. } | Step::Comment(_) => {}
        }
    }
}

impl Converter<'_, '_> {
    /// Everything on one path.
    fn flow(&mut self, path: Path) -> Vec<Step> {
        (self.path, self.ended, self.status, self.json, self.is_json) = (path, false, None, None, false);
        self.message = match path {
            Path::Request => Message::Caller,
            Path::Response => Message::Reply,
            Path::Fault => Message::Fault,
        };
        if path != Path::Request {
            self.payloads += 1;
        }
        let flow = self.library.flow(path, self.asked.method, self.asked.template);
        let mut out = self.policies();
        for file in &flow {
            if let Some(text) = self.library.take(file) {
                self.made.files.push(file.clone());
                if path == Path::Fault {
                    self.findings.different(
                        Some(text.start()),
                        "this ran when the gateway itself failed; here it runs when the service answers with a fault",
                    );
                }
                let tree = text.document.tree();
                let steps = self.below(tree.root_element(), &text);
                out.extend(steps);
            }
        }
        match path {
            Path::Request => {}
            Path::Response => self.shape(&mut out, !flow.is_empty()),
            Path::Fault => self.end_of_fault(&mut out),
        }
        out
    }

    /// The operation that is called, as far as it is known.
    pub(super) fn plan(&self) -> Option<&OperationPlan> {
        self.made.operation.and_then(|index| self.asked.program.operations.get(index))
    }

    /// The mediators below an element.
    pub(super) fn below(&mut self, node: Node<'_, '_>, text: &Text) -> Vec<Step> {
        let mut out = Vec::new();
        for child in elements(node) {
            if self.ended {
                break;
            }
            self.count += 1;
            if self.count > MEDIATORS {
                if self.count == MEDIATORS + 1 {
                    self.lost(&mut out, text, child, format!("more than {MEDIATORS} mediators of one resource are not read"));
                }
                break;
            }
            self.mediator(child, text, &mut out);
        }
        out
    }

    fn mediator(&mut self, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        match node.tag_name().name() {
            "sequence" => self.sequence(node, text, out),
            "property" => self.property(node, text, out),
            "propertyGroup" => out.extend(self.below(node, text)),
            "header" => self.header(node, text, out),
            "payloadFactory" => self.payload(node, text, out),
            "filter" => self.filter(node, text, out),
            "switch" => self.switch(node, text, out),
            "enrich" => self.enrich(node, text, out),
            "log" => self.log(node, text, out),
            "respond" => self.respond(out),
            "drop" => self.drop(node, text, out),
            "makefault" => self.makefault(node, text, out),
            "description" => {}
            "send" | "call" if elements(node).next().is_none() => {
                let why = "the service is called where `to_soap` stands, once";
                self.findings.different(Some(text.span(node)), why);
            }
            name => {
                let text_ = format!("the mediator `{}` has no counterpart", name.escape_debug());
                self.lost(out, text, node, text_);
            }
        }
    }

    /// Tells that a mediator has no counterpart, and leaves a comment at its place.
    pub(super) fn lost(&mut self, out: &mut Vec<Step>, text: &Text, node: Node<'_, '_>, why: impl Into<String>) {
        let why = why.into();
        let span = text.span(node);
        let quote = self.findings.quote(text.whole(node));
        out.push(Step::Comment(format!("not carried over ({}): {quote}", self.findings.place(span))));
        self.findings.lost(Some(span), why);
    }

    fn sequence(&mut self, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let Some(key) = node.unqualified("key") else {
            out.extend(self.below(node, text));
            return;
        };
        let found = self.library.find(key, None);
        let Some(file) = found.filter(|_| self.depth < DEPTH) else {
            let why = match self.depth < DEPTH {
                true => format!("the sequence `{}` is not in the archive", key.escape_debug()),
                false => format!("sequences are more than {DEPTH} deep in one another"),
            };
            self.lost(out, text, node, why);
            return;
        };
        if let Some(other) = self.library.take(&file) {
            self.depth += 1;
            let tree = other.document.tree();
            out.extend(self.below(tree.root_element(), &other));
            self.depth -= 1;
        }
    }

    fn log(&mut self, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let separator = node.unqualified("separator").unwrap_or(", ").to_owned();
        let mut parts: Vec<String> = Vec::new();
        for property in elements(node).filter(|n| n.tag_name().name() == "property") {
            let name = super::expr::plain(property.unqualified("name").unwrap_or_default());
            match self.given(property, text) {
                Ok(Some(ex)) => parts.push(format!("{name} = {}", ex.setting())),
                Ok(None) => parts.push(name),
                Err(why) => self.lost(out, text, property, why),
            }
        }
        if matches!(node.unqualified("level"), Some("full" | "headers")) {
            self.findings
                .different(Some(text.span(node)), "whole messages and all their fields are never logged; `paths` names what shall be");
        }
        let message = match parts.is_empty() {
            true => format!("{} {}", self.asked.method.as_str(), self.asked.template),
            false => parts.join(&separator),
        };
        let message: String = message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        out.push(Step::Plain("log", json!({ "message": message })));
    }

    /// The value of `value=` or `expression=`.
    pub(super) fn given(&mut self, node: Node<'_, '_>, _: &Text) -> Result<Option<Ex>, String> {
        if let Some(value) = node.unqualified("value") {
            return Ok(Some(Ex::constant(value)));
        }
        match node.unqualified("expression") {
            Some(expression) => self.value(expression).map(Some),
            None => Ok(None),
        }
    }

    fn respond(&mut self, out: &mut Vec<Step>) {
        self.ended = true;
        if self.path == Path::Response {
            // What comes behind is not run: the answer is what it is.
            return;
        }
        self.answer(out);
    }

    /// `respond` with what was made.
    fn answer(&mut self, out: &mut Vec<Step>) {
        let status = self.status.unwrap_or(200);
        let mut settings = serde_json::Map::new();
        settings.insert("status".to_owned(), status.into());
        let has_body = !matches!(status, 204 | 205 | 304);
        match self.json.take() {
            Some(json) if has_body => {
                // It needs no step of its own.
                let is_it = |step: &Step| matches!(step, Step::Plain("set", value) if value.get("to") == Some(&Value::from("")));
                if out.last().is_some_and(is_it) {
                    out.pop();
                }
                // Nor does the status.
                if matches!(out.last(), Some(Step::Plain("set_status", _))) {
                    out.pop();
                }
                settings.insert("json".to_owned(), json);
            }
            None if has_body && self.message == Message::Caller && self.asked.method != Method::Get => {
                settings.insert("json".to_owned(), Value::from("{{ body }}"));
            }
            _ => {}
        }
        out.push(Step::Plain("respond", Value::Object(settings)));
    }

    fn drop(&mut self, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        self.ended = true;
        self.findings.different(Some(text.span(node)), "a caller whose message is dropped is answered with 202 and nothing else");
        out.push(Step::Plain("respond", json!({ "status": 202 })));
    }

    fn makefault(&mut self, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let child = |name: &str| elements(node).find(|n| n.tag_name().name() == name);
        let code = child("code").and_then(|c| c.unqualified("value")).unwrap_or_default();
        let is_callers = ["Client", "Sender"].iter().any(|word| code.ends_with(word));
        let status = self.status.filter(|s| *s >= 400).unwrap_or(if is_callers { 400 } else { 500 });
        let mut settings = serde_json::Map::new();
        settings.insert("status".to_owned(), status.into());
        if let Some(reason) = child("reason") {
            match self.given(reason, text) {
                Ok(Some(ex)) => _ = settings.insert("detail".to_owned(), Value::from(ex.setting())),
                Ok(None) => {}
                Err(why) => self.lost(out, text, reason, why),
            }
        }
        if let Some(detail) = child("detail") {
            self.lost(out, text, detail, "a fault's detail has no place in a problem document");
        }
        self.findings.different(Some(text.span(node)), "a fault that a sequence makes is a problem document (RFC 9457) with a status");
        out.push(Step::Plain("fail", Value::Object(settings)));
        self.ended = true;
    }

    /// A payload that becomes the message.
    pub(super) fn becomes(&mut self, value: Value, out: &mut Vec<Step>) {
        let first = self.message == Message::Caller && self.path == Path::Request && self.branches == 0;
        // A GET has no message to begin with: its parameters are put into it by the resource.
        let is_nothing = first && self.asked.method == Method::Get && value.as_object().is_some_and(serde_json::Map::is_empty);
        match first.then(|| moves(&value)).flatten() {
            Some(steps) => out.extend(steps),
            None if is_nothing => {}
            None => out.push(Step::Plain("set", json!({ "to": "", "value": &value }))),
        }
        self.json = Some(value);
        self.message = Message::Made;
        self.payloads += 1;
    }

    /// Where the answer's JSON differs from what `to_json` gives, it is put into the old shape.
    fn shape(&mut self, out: &mut Vec<Step>, has_sequences: bool) {
        if self.message == Message::Made || self.ended && self.made.answers {
            return;
        }
        if !self.asked.generated && !self.is_json {
            let text = "the answer was XML, or what the caller asked for; now it is the reply's JSON";
            if has_sequences || self.made.operation.is_some() {
                self.findings.different(Some(self.asked.span), text);
            }
            return;
        }
        let steps = self.plan().map(|plan| reply::wrapped(self.asked.program, plan)).unwrap_or_default();
        out.extend(steps);
    }

    fn end_of_fault(&mut self, out: &mut Vec<Step>) {
        if self.message == Message::Made && self.json.is_some() && !self.ended {
            self.status = Some(self.status.unwrap_or(500));
            self.answer(out);
        }
    }
}

/// A payload whose every value is a place of the caller's JSON, as moves from there: those can be read backwards for the OpenAPI document.
/// `None` where it is anything else.
fn moves(value: &Value) -> Option<Vec<Step>> {
    let mut pairs: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    leaves(value, &mut Vec::new(), &mut pairs)?;
    if pairs.is_empty() {
        return None;
    }
    let sources: Vec<Value> = pairs.iter().map(|(from, _)| Value::from(pointer(from))).collect();
    let mut steps = vec![Step::Plain("keep", Value::Array(sources))];
    if pairs.iter().all(|(from, to)| from == to) {
        return Some(steps);
    }
    let first = |keys: &[String]| keys.first().cloned().unwrap_or_default();
    let sources: BTreeSet<String> = pairs.iter().map(|(from, _)| first(from)).collect();
    let nested = |a: &[String], b: &[String]| a != b && b.starts_with(a);
    let is_simple = pairs.iter().all(|(from, to)| {
        !sources.contains(&first(to))
            && !from.iter().any(|k| k.bytes().all(|b| b.is_ascii_digit()))
            && !pairs.iter().any(|(other, _)| nested(from, other))
    });
    let unique: BTreeSet<&Vec<String>> = pairs.iter().map(|(from, _)| from).collect();
    if !is_simple || unique.len() != pairs.len() {
        return None;
    }
    let moved = together(&pairs);
    steps.extend(moved.iter().map(|(from, to)| Step::Plain("move", json!({ "from": pointer(from), "to": pointer(to) }))));
    let whole: BTreeSet<String> = moved.iter().filter(|(from, _)| from.len() == 1).map(|(from, _)| first(from)).collect();
    let empty: Vec<Value> = sources.difference(&whole).map(|name| Value::from(pointer(std::slice::from_ref(name)))).collect();
    if !empty.is_empty() {
        steps.push(Step::Plain("remove", Value::Array(empty)));
    }
    Some(steps)
}

/// What moves as one object is moved once: nothing else is left in it.
fn together(pairs: &[(Vec<String>, Vec<String>)]) -> Vec<(Vec<String>, Vec<String>)> {
    let outer = |(from, to): &(Vec<String>, Vec<String>)| {
        let same = from.iter().rev().zip(to.iter().rev()).take_while(|(a, b)| a == b).count();
        let same = same.min(from.len() - 1).min(to.len() - 1);
        (from.iter().take(from.len() - same).cloned().collect::<Vec<_>>(), to.iter().take(to.len() - same).cloned().collect::<Vec<_>>())
    };
    let mut moved: Vec<(Vec<String>, Vec<String>)> = Vec::new();
    for pair in pairs {
        let (from, to) = outer(pair);
        // Not where something in it goes elsewhere.
        let is_one = pairs.iter().filter(|(f, _)| f.starts_with(&from)).all(|other| outer(other) == (from.clone(), to.clone()));
        let next = if is_one { (from, to) } else { pair.clone() };
        if !moved.contains(&next) {
            moved.push(next);
        }
    }
    moved
}

/// The places of the caller's JSON that a payload is made of, each with where it goes.
fn leaves(value: &Value, at: &mut Vec<String>, pairs: &mut Vec<(Vec<String>, Vec<String>)>) -> Option<()> {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                at.push(key.clone());
                leaves(value, at, pairs)?;
                at.pop();
            }
            Some(())
        }
        Value::String(text) => {
            let inside = text.strip_prefix("{{ body")?.strip_suffix(" }}")?;
            let plain = inside.starts_with('.') && inside.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.');
            let keys: Vec<String> = inside.split('.').skip(1).map(str::to_owned).collect();
            (plain && !keys.is_empty()).then(|| pairs.push((keys, at.clone())))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &Value) -> Option<Vec<String>> {
        moves(value).map(|steps| {
            steps.iter().map(|s| if let Step::Plain(verb, value) = s { format!("{verb} {value}") } else { String::new() }).collect()
        })
    }

    #[test]
    fn places_that_only_move_are_moved() {
        let wrapped = shown(&json!({ "code": "{{ body.GetCountry.code }}", "lang": "{{ body.GetCountry.lang }}" })).unwrap();
        assert_eq!(
            wrapped,
            [
                r#"keep ["/GetCountry/code","/GetCountry/lang"]"#,
                r#"move {"from":"/GetCountry/code","to":"/code"}"#,
                r#"move {"from":"/GetCountry/lang","to":"/lang"}"#,
                r#"remove ["/GetCountry"]"#,
            ]
        );
        let nested =
            json!({ "c": { "name": "{{ body.op.c.name }}", "at": { "city": "{{ body.op.c.at.city }}" } }, "n": "{{ body.op.n }}" });
        assert_eq!(
            shown(&nested).unwrap().split_off(1),
            [r#"move {"from":"/op/c","to":"/c"}"#, r#"move {"from":"/op/n","to":"/n"}"#, r#"remove ["/op"]"#]
        );
        let parted = json!({ "c": { "name": "{{ body.op.c.name }}", "town": "{{ body.op.c.city }}" } });
        assert_eq!(
            shown(&parted).unwrap().split_off(1),
            [r#"move {"from":"/op/c/name","to":"/c/name"}"#, r#"move {"from":"/op/c/city","to":"/c/town"}"#, r#"remove ["/op"]"#]
        );
        assert_eq!(shown(&json!({ "a": "{{ body.a }}" })).unwrap(), [r#"keep ["/a"]"#]);
        assert_eq!(shown(&json!({ "b": "{{ body.a }}" })).unwrap(), [r#"keep ["/a"]"#, r#"move {"from":"/a","to":"/b"}"#]);
        // A swap, a constant, a value that is used twice: these are not moves.
        for other in [
            json!({ "a": "{{ body.b }}", "b": "{{ body.a }}" }),
            json!({ "a": "x" }),
            json!({ "c": "{{ body.a }}", "d": "{{ body.a }}" }),
            json!({ "c": "{{ body.a }}", "d": "{{ body.a.b }}" }),
            json!({ "c": ["{{ body.a }}"] }),
            json!({}),
        ] {
            assert_eq!(shown(&other), None, "{other}");
        }
    }
}

//! The walk over mediators, in their order, with what is known at each.

use std::collections::{BTreeMap, BTreeSet};

use roxmltree::Node;
use serde_json::{Value, json};

use super::envelope::elements;
use super::expr::Ex;
use super::library::Library;
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
}

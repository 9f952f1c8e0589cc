//! `payloadFactory`: a message made of a template and its arguments.

use roxmltree::Node;
use serde_json::{Map, Value};

use super::convert::{Converter, Message};
use super::envelope::{self, Arguments, Envelope, Maker, elements};
use super::expr::{Ex, From, plain, pointer};
use super::steps::Step;
use super::text::Text;
use crate::sequence::expr::Path;
use crate::xml::document::Unqualified;
use crate::xml::ns;

/// Arguments of one payload.
const MOST: usize = 1_000;

/// The arguments of one payload, each looked at once.
struct Given<'g, 'c, 'a, 't> {
    converter: &'g mut Converter<'c, 'a>,
    text: &'t Text,
    values: Vec<Result<Ex, ()>>,
    lost: Vec<Step>,
    node: (usize, usize),
}

impl<'a> Converter<'_, 'a> {
    /// `<payloadFactory media-type=><format/><args/></payloadFactory>`
    pub(super) fn payload(&mut self, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let child = |name: &str| elements(node).find(|n| n.tag_name().name() == name);
        let Some(format) = child("format") else {
            self.lost(out, text, node, "a payload without a format");
            return;
        };
        if node.unqualified("template-type").is_some_and(|t| t.eq_ignore_ascii_case("freemarker")) {
            self.lost(out, text, node, "FreeMarker templates are not read");
            return;
        }
        if format.unqualified("key").is_some() {
            self.lost(out, text, node, "a format that stands in the registry is not in the archive");
            return;
        }
        let mut values = Vec::new();
        for argument in child("args").into_iter().flat_map(elements).take(MOST) {
            values.push(match self.given(argument, text) {
                Ok(Some(ex)) => Ok(ex),
                Ok(None) => Ok(Ex::constant("")),
                Err(why) => {
                    self.lost(out, text, argument, why);
                    Err(())
                }
            });
        }
        match node.unqualified("media-type").unwrap_or("xml") {
            "json" => self.of_json(format, &values, node, text, out),
            "xml" if self.path == Path::Request => self.of_envelope(format, values, node, text, out),
            "xml" => self.of_xml(format, &values, node, text, out),
            other => {
                let why = format!("payloads of the type `{}` are not made", other.escape_debug());
                self.lost(out, text, node, why);
            }
        }
    }

    fn of_json(&mut self, format: Node<'_, '_>, values: &[Result<Ex, ()>], node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let json: String = format.descendants().filter(Node::is_text).filter_map(|n| n.text()).collect();
        let made = super::json::payload(json.trim(), &mut |number| match values.get(number.wrapping_sub(1)) {
            Some(Ok(ex)) => Ok(ex.clone()),
            Some(Err(())) => Err("an argument of this payload has no counterpart".to_owned()),
            None => Err(format!("the payload has no argument {number}")),
        });
        match made {
            Ok(value) => self.becomes(value, out),
            Err(why) => {
                self.message = Message::Made;
                self.lost(out, text, node, why);
            }
        }
    }

    /// XML towards the service: the message of an operation.
    fn of_envelope(&mut self, format: Node<'_, '_>, values: Vec<Result<Ex, ()>>, node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let envelope = Envelope::of(format);
        let Some(root) = envelope.root else {
            self.lost(out, text, node, "the envelope's body is empty");
            return;
        };
        let program = self.asked.program;
        let found = envelope::operation(program, root, envelope.version);
        let Some(index) = found.or(self.made.operation) else {
            let why = format!("no operation of the WSDL takes the element `{}`", root.tag_name().name().escape_debug());
            self.lost(out, text, node, why);
            return;
        };
        if let Some(before) = self.made.operation
            && self.asked.program.operations.get(before).map(|p| &p.name) != program.operations.get(index).map(|p| &p.name)
        {
            let names: Vec<&str> = [before, index].iter().filter_map(|i| program.operations.get(*i)).map(|p| &*p.name).collect();
            let why = format!("a resource calls one operation, and here are two: {}", names.join(" and "));
            self.lost(out, text, node, why);
            return;
        }
        self.made.operation = Some(index);
        let Some(plan) = program.operations.get(index) else { return };
        let mut given = Given { converter: self, text, values, lost: Vec::new(), node: (node.range().start, node.range().end) };
        let mut maker = Maker { program, arguments: &mut given };
        let mut value = maker.message(&plan.input, root);
        let mut headers = Map::new();
        let mut others = Vec::new();
        for block in envelope.headers {
            match maker.header(&plan.input, block) {
                Some((key, value)) => _ = headers.insert(key, value),
                None => others.push(block),
            }
        }
        let lost = std::mem::take(&mut given.lost);
        out.extend(lost);
        for block in others {
            self.block(block, text, out);
        }
        if let Some(Value::Object(members)) = &mut value
            && !headers.is_empty()
        {
            members.insert("$headers".to_owned(), Value::Object(headers));
        }
        match value {
            Some(value) => self.becomes(value, out),
            None => self.message = Message::Made,
        }
    }

    /// A header block that the WSDL does not declare.
    fn block(&mut self, block: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        if block.tag_name().namespace() == Some(ns::WSSE) || block.tag_name().name() == "Security" {
            self.findings.hide(text.whole(block));
            let hint = "`endpoint: { auth: { wss: { username_token: { user: …, password_env: … } } } }`";
            self.findings.fill_in(
                Some(text.span(block)),
                "WS-Security is set up beside the endpoint, and its secrets are not copied",
                hint,
            );
            out.push(Step::Comment("WS-Security stood here: it belongs into `endpoint.auth.wss` of api.yaml".to_owned()));
            return;
        }
        let why = format!("the WSDL declares no header `{}`: the block is not sent", block.tag_name().name().escape_debug());
        self.lost(out, text, block, why);
    }

    /// XML towards the caller: JSON of the same names.
    fn of_xml(&mut self, format: Node<'_, '_>, values: &[Result<Ex, ()>], node: Node<'_, '_>, text: &Text, out: &mut Vec<Step>) {
        let Some(root) = Envelope::of(format).root else {
            self.lost(out, text, node, "the payload is empty");
            return;
        };
        match members(root, values, 0) {
            Ok(value) => {
                if !self.is_json {
                    self.findings.different(Some(text.span(node)), "the answer was XML; now it is JSON with the same names");
                }
                let mut object = Map::new();
                object.insert(root.tag_name().name().to_owned(), value);
                self.becomes(Value::Object(object), out);
            }
            Err(why) => {
                self.message = Message::Made;
                self.lost(out, text, node, why);
            }
        }
    }
}

/// An element without a schema as JSON: a text, or an object of its elements; what repeats is a list.
fn members(node: Node<'_, '_>, values: &[Result<Ex, ()>], depth: usize) -> Result<Value, String> {
    if depth > 30 {
        return Err("the payload is more than 30 levels deep".to_owned());
    }
    let argument = |number: usize| match values.get(number.wrapping_sub(1)) {
        Some(Ok(ex)) => Ok(ex.clone()),
        Some(Err(())) | None => Err("an argument of this payload has no counterpart".to_owned()),
    };
    if elements(node).next().is_none() {
        let text: String = node.children().filter(Node::is_text).filter_map(|n| n.text()).collect();
        let text = text.trim();
        if let Some(number) = text.strip_prefix('$').and_then(|n| n.parse().ok()) {
            return argument(number).map(|ex| Value::from(ex.setting()));
        }
        return match text.contains('$') {
            true => super::json::payload(&Value::from(text).to_string(), &mut |number| argument(number)),
            false => Ok(Value::from(plain(text))),
        };
    }
    let mut object: Map<String, Value> = Map::new();
    for child in elements(node) {
        let value = members(child, values, depth + 1)?;
        match object.get_mut(child.tag_name().name()) {
            Some(Value::Array(items)) => items.push(value),
            Some(other) => *other = Value::Array(vec![other.take(), value]),
            None => _ = object.insert(child.tag_name().name().to_owned(), value),
        }
    }
    Ok(Value::Object(object))
}

impl Arguments for Given<'_, '_, '_, '_> {
    fn argument(&mut self, number: usize) -> Result<Ex, ()> {
        match self.values.get(number.wrapping_sub(1)) {
            Some(value) => value.clone(),
            None => Ok(Ex::constant("")),
        }
    }

    fn parameter(&mut self, ex: &Ex, at: &[String]) -> bool {
        if self.converter.branches > 0 {
            return false;
        }
        let made = &mut self.converter.made;
        let (map, name) = match &ex.from {
            From::Path(name) => (&mut made.path_parameters, name),
            From::Query(name) => (&mut made.query, name),
            _ => return false,
        };
        if map.contains_key(name) {
            return false;
        }
        map.insert(name.clone(), pointer(at));
        true
    }

    fn lost(&mut self, at: Node<'_, '_>, why: String) {
        let _range = self.node;
        let mut lost = Vec::new();
        self.converter.lost(&mut lost, self.text, at, why);
        self.lost.extend(lost);
    }
}

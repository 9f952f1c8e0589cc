//! The XML of a payloadFactory → the operation whose message it is, and that message's JSON with expressions in it.

use roxmltree::Node;
use serde_json::{Map, Value};

use super::expr::{Ex, From, Kind, is_number, plain};
use crate::plan::Program;
use crate::plan::node::{Body, Content, ElementId, MessagePlan, OperationPlan, PlaceKind, Shape, Slot, SoapVersion, TypeBody, TypeId};
use crate::plan::scalar::{JsonKind, Scalar};
use crate::xml::ns;

/// Elements inside one another.
const DEPTH: usize = 40;

/// What an envelope's parts are.
pub(super) struct Envelope<'a, 'i> {
    /// The header's blocks.
    pub(super) headers: Vec<Node<'a, 'i>>,
    /// The body's first element.
    pub(super) root: Option<Node<'a, 'i>>,
    /// The SOAP version, where there is an envelope.
    pub(super) version: Option<SoapVersion>,
}

impl<'a, 'i> Envelope<'a, 'i> {
    /// Of the `format` of a payloadFactory.
    pub(super) fn of(format: Node<'a, 'i>) -> Self {
        let Some(first) = elements(format).next() else { return Self { headers: Vec::new(), root: None, version: None } };
        if first.tag_name().name() != "Envelope" {
            return Self { headers: Vec::new(), root: Some(first), version: None };
        }
        let version = match first.tag_name().namespace() {
            Some(ns::SOAP12) => SoapVersion::Soap12,
            _ => SoapVersion::Soap11,
        };
        let part = |name: &str| elements(first).find(|n| n.tag_name().name() == name);
        Self {
            headers: part("Header").map(|h| elements(h).collect()).unwrap_or_default(),
            root: part("Body").and_then(|b| elements(b).next()),
            version: Some(version),
        }
    }
}

/// The elements below a node.
pub(super) fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

/// The operation whose request has this element in its body; of several, the one of that SOAP version.
pub(super) fn operation(program: &Program, root: Node<'_, '_>, version: Option<SoapVersion>) -> Option<usize> {
    let named = |op: &OperationPlan, strict: bool| {
        let tag = match &op.input.body {
            Body::Element(slot) => slot.tag,
            Body::Rpc { wrapper, .. } => *wrapper,
            Body::Empty | Body::Parts(_) | Body::Undefined { .. } => return false,
        };
        let uri = program.names.uri(program.names.namespace(tag));
        &**program.names.local(tag) == root.tag_name().name() && (!strict || &**uri == root.tag_name().namespace().unwrap_or_default())
    };
    for strict in [true, false] {
        let found = program.operations.iter().enumerate().filter(|(_, op)| named(op, strict));
        if let Some((index, _)) = found.min_by_key(|(i, op)| (version.is_some_and(|v| v != op.version), *i)) {
            return Some(index);
        }
    }
    None
}

/// What a placeholder stands for, and where it goes.
pub(super) trait Arguments {
    /// The expression of `$n`, from 1.
    ///
    /// # Errors
    /// It has no counterpart, and that was said.
    fn argument(&mut self, number: usize) -> Result<Ex, ()>;

    /// A path or query parameter that is the whole of a simple value: is it put there by the resource?
    fn parameter(&mut self, ex: &Ex, pointer: &[String]) -> bool;

    /// Something of the payload that has no counterpart.
    fn lost(&mut self, at: Node<'_, '_>, why: String);
}

/// Makes the JSON of a request.
pub(super) struct Maker<'m, A> {
    pub(super) program: &'m Program,
    pub(super) arguments: &'m mut A,
}

impl<A: Arguments> Maker<'_, A> {
    /// The JSON of a message whose body begins with `root`.
    pub(super) fn message(&mut self, message: &MessagePlan, root: Node<'_, '_>) -> Option<Value> {
        let mut at = Vec::new();
        match &message.body {
            Body::Element(slot) if slot.members.is_empty() => self.of_type(root, slot.type_, &mut at),
            Body::Rpc { parts, .. } => {
                let mut object = Map::new();
                for child in elements(root) {
                    match parts.iter().find(|p| &**self.program.names.local(p.tag) == child.tag_name().name()) {
                        Some(part) => {
                            if let Some(value) = self.slot(child, part, &mut at) {
                                object.insert(part.key.to_string(), value);
                            }
                        }
                        None => self.unknown(child, &parts.iter().map(|p| p.key.to_string()).collect::<Vec<_>>()),
                    }
                }
                Some(Value::Object(object))
            }
            Body::Empty => Some(Value::Object(Map::new())),
            Body::Element(_) | Body::Parts(_) | Body::Undefined { .. } => {
                self.arguments.lost(root, "the JSON of this operation's message is not known before there is one".to_owned());
                None
            }
        }
    }

    /// A header block that the WSDL declares: its key below `$headers` and its value.
    pub(super) fn header(&mut self, message: &MessagePlan, block: Node<'_, '_>) -> Option<(String, Value)> {
        let slot = message.headers.iter().find(|s| {
            let tag = s.tag;
            let uri = self.program.names.uri(self.program.names.namespace(tag));
            &**self.program.names.local(tag) == block.tag_name().name() && &**uri == block.tag_name().namespace().unwrap_or_default()
        })?;
        let mut at = vec!["$headers".to_owned()];
        let value = self.slot(block, slot, &mut at)?;
        Some((slot.key.to_string(), value))
    }

    fn slot(&mut self, node: Node<'_, '_>, slot: &Slot, at: &mut Vec<String>) -> Option<Value> {
        at.push(slot.key.to_string());
        let value = self.of_type(node, slot.type_, at);
        at.pop();
        value
    }

    fn of_type(&mut self, node: Node<'_, '_>, type_: TypeId, at: &mut Vec<String>) -> Option<Value> {
        if at.len() > DEPTH {
            self.arguments.lost(node, format!("the payload is more than {DEPTH} levels deep"));
            return None;
        }
        let program = self.program;
        let complex = match &program.type_(type_).body {
            TypeBody::Simple(scalar) => return self.scalar(node, scalar, at),
            TypeBody::Complex(complex) => complex,
            TypeBody::Generic | TypeBody::SoapArray(_) => {
                self.arguments.lost(node, "this element may hold anything, and is not made by a sequence".to_owned());
                return None;
            }
        };
        if let Some(ex) = self.whole(node) {
            // A placeholder for all that is below: JSON in the shape of the message.
            return ex.ok().map(|ex| Value::from(ex.setting()));
        }
        let mut object = Map::new();
        for attribute in node.attributes() {
            let found = complex.attributes.iter().find(|a| &**program.names.local(a.name) == attribute.name());
            match found {
                Some(found) => {
                    let value = self.text(node, attribute.value(), &found.scalar);
                    object.extend(value.map(|v| (found.key.to_string(), v)));
                }
                None if attribute.namespace() == Some(ns::XSI) => {}
                None => self.arguments.lost(node, format!("the WSDL knows no attribute `{}` here", attribute.name().escape_debug())),
            }
        }
        match &complex.content {
            Content::Simple(scalar) => {
                let bare = complex.attributes.is_empty() && complex.any_attribute.is_none();
                at.extend((!bare).then(|| "$value".to_owned()));
                let value = self.scalar(node, scalar, at);
                if bare {
                    return value;
                }
                at.pop();
                object.extend(value.map(|v| ("$value".to_owned(), v)));
            }
            Content::Elements(shape) => {
                self.children(node, program.shape(*shape), at, &mut object);
                if complex.is_flat && !at.is_empty() {
                    return object.into_iter().next().map(|(_, v)| v);
                }
            }
            Content::Mixed(_) => {
                self.arguments.lost(node, "text between elements is not made by a sequence".to_owned());
                return None;
            }
        }
        Some(Value::Object(object))
    }

    fn children(&mut self, node: Node<'_, '_>, shape: &Shape, at: &mut Vec<String>, object: &mut Map<String, Value>) {
        for child in elements(node) {
            let Some((key, element, array)) = self.place(shape, child) else {
                self.unknown(child, &shape.by_key.keys().map(ToString::to_string).collect::<Vec<_>>());
                continue;
            };
            let type_ = self.program.element(element).type_;
            at.push(key.clone());
            if array {
                // A parameter is no item of a list.
                at.push("-".to_owned());
            }
            let value = self.of_type(child, type_, at);
            if array {
                at.pop();
            }
            at.pop();
            let Some(value) = value else { continue };
            match array {
                false => _ = object.insert(key, value),
                true => match object.get_mut(&key) {
                    Some(Value::Array(items)) => items.push(value),
                    // An argument may be the whole list.
                    _ => _ = object.insert(key, listed(value)),
                },
            }
        }
    }

    /// The key of the place where an element stands, its declaration, and whether it is one of many.
    fn place(&self, shape: &Shape, child: Node<'_, '_>) -> Option<(String, ElementId, bool)> {
        let (name, uri) = (child.tag_name().name(), child.tag_name().namespace().unwrap_or_default());
        let exact =
            self.program.names.namespace_id(uri).and_then(|ns| self.program.names.find(ns, name)).and_then(|n| shape.by_name.get(&n));
        let found = exact.or_else(|| shape.by_name.get(shape.by_local.get(name)?))?;
        let place = shape.places.get(found.place as usize)?;
        match &place.kind {
            PlaceKind::Element(element) => Some((place.key.to_string(), *element, place.array)),
            PlaceKind::Items(_) | PlaceKind::Any(_) => None,
        }
    }

    fn unknown(&mut self, child: Node<'_, '_>, known: &[String]) {
        let name = child.tag_name().name();
        let near =
            crate::diagnostic::nearest(name, known.iter().map(String::as_str)).map(|n| format!("; it knows `{n}`")).unwrap_or_default();
        self.arguments.lost(child, format!("the WSDL knows no element `{}` here{near}", name.escape_debug()));
    }

    /// The placeholder that is all of an element, where it is one.
    fn whole(&mut self, node: Node<'_, '_>) -> Option<Result<Ex, ()>> {
        let text: String = node.children().filter(Node::is_text).filter_map(|n| n.text()).collect();
        let number = text.trim().strip_prefix('$')?.parse().ok()?;
        Some(self.arguments.argument(number))
    }

    fn scalar(&mut self, node: Node<'_, '_>, scalar: &Scalar, at: &[String]) -> Option<Value> {
        if let Some(child) = elements(node).next() {
            self.unknown(child, &[]);
        }
        let text: String = node.children().filter(Node::is_text).filter_map(|n| n.text()).collect();
        if let Some(Ok(ex)) = self.whole_of(&text)
            && !at.iter().any(|key| key == "-")
            && self.arguments.parameter(&ex, at)
        {
            return None;
        }
        self.text(node, &text, scalar)
    }

    fn whole_of(&mut self, text: &str) -> Option<Result<Ex, ()>> {
        let number = text.trim().strip_prefix('$')?.parse().ok()?;
        Some(self.arguments.argument(number))
    }

    /// A text with placeholders as the value of a simple type.
    fn text(&mut self, _: Node<'_, '_>, text: &str, scalar: &Scalar) -> Option<Value> {
        if let Some(whole) = self.whole_of(text) {
            let ex = whole.ok()?;
            return Some(match (&ex.from, ex.kind, scalar.kind()) {
                (From::Constant(text), ..) => constant(text, scalar.kind()),
                (_, Kind::Text, JsonKind::Number) => Value::from(format!("{{{{ number({}) }}}}", ex.text)),
                (_, Kind::Text, JsonKind::Boolean) => Value::from(format!("{{{{ {} in ['true', '1'] }}}}", ex.text)),
                _ => Value::from(ex.setting()),
            });
        }
        let mut out = String::new();
        let mut rest = text.trim();
        while let Some(at) = rest.find('$') {
            let (before, after) = rest.split_at(at);
            out.push_str(&plain(before));
            let digits = after.get(1..).map_or(0, |r| r.bytes().take_while(u8::is_ascii_digit).count());
            match after.get(1..=digits).filter(|_| digits > 0).and_then(|d| d.parse().ok()) {
                Some(number) => out.push_str(&self.arguments.argument(number).ok()?.setting()),
                None => out.push('$'),
            }
            rest = after.get(1 + digits..).unwrap_or_default();
        }
        out.push_str(&plain(rest));
        Some(if text.contains('$') { Value::from(out) } else { constant(text.trim(), scalar.kind()) })
    }
}

/// A lone value of a place that repeats: an argument is the list itself.
fn listed(value: Value) -> Value {
    match &value {
        Value::String(text) if text.starts_with("{{ body") && text.matches("{{").count() == 1 => value,
        _ => Value::Array(vec![value]),
    }
}

/// A constant text as JSON has values of that kind.
fn constant(text: &str, kind: JsonKind) -> Value {
    match kind {
        JsonKind::Number if is_number(text) => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
        JsonKind::Boolean if matches!(text, "true" | "1") => Value::Bool(true),
        JsonKind::Boolean if matches!(text, "false" | "0") => Value::Bool(false),
        _ => Value::from(plain(text)),
    }
}

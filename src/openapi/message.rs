//! Messages → the schemas of bodies, parameters and replies.

use serde_json::{Value, json};

use super::object::{object, truth};
use super::schema::{Extra, Root, Schemas};
use super::size::Size;
use super::{Input, Side, set};
use crate::plan::node::{AttachmentSlot, Body, Content, MessagePlan, PlaceKind, Slot, TypeBody, TypeId};

/// What is said of a message that the WSDL names and nothing defines.
const UNDEFINED: &str =
    "The WSDL does not define this message. Any properties pass, by local names; `$ns` says the namespace of an element.";

/// Does nothing stand beside the value of the body?
pub(super) fn is_bare(message: &MessagePlan) -> bool {
    message.headers.is_empty() && message.attachments.is_empty()
}

/// An example of a message as a service would give it, without what documents do not show. Whoever puts it in counts it.
pub(super) fn example(input: &Input<'_>, size: &Size, operation: usize, side: Side, message: &MessagePlan) -> Option<Value> {
    if size.is_full() {
        return None;
    }
    let mut value = (input.examples)(operation, side)?;
    if is_bare(message) {
        return Some(value);
    }
    let Some(object) = value.as_object_mut() else {
        return Some(if value.is_null() { json!({ "$nil": true }) } else { json!({ "$value": value }) });
    };
    if let Some(given) = object.get_mut("$headers").and_then(Value::as_object_mut) {
        given.retain(|part, _| message.headers.iter().any(|slot| *slot.key == **part && !slot.secret));
        if given.is_empty() {
            object.remove("$headers");
        }
    }
    Some(value)
}

impl Schemas<'_> {
    /// The JSON of a message. `in_place`: an object stands here, not a reference to it.
    pub(super) fn message(&mut self, message: &MessagePlan, headers: &[Slot], in_place: bool) -> Value {
        let mut extra = self.headers(headers);
        extra.extend(self.attachments(&message.attachments));
        match &message.body {
            Body::Empty => object(&extra, json!(false)),
            Body::Element(slot) if is_bare(message) && !in_place => self.slot(slot, true),
            Body::Element(slot) if !slot.members.is_empty() => self.one_of_members(&slot.members, &extra),
            Body::Element(slot) => {
                let mut schema = self.root(slot.type_, &Root { extra: &extra, object: !is_bare(message), in_place });
                if slot.nillable && is_bare(message) {
                    schema = self.or_nil(slot.type_, schema);
                } else if slot.nillable {
                    let mut nil = extra.clone();
                    nil.push(("$nil".into(), truth(), true));
                    schema = json!({ "oneOf": [schema, object(&nil, json!(true))] });
                }
                // Without an attachment such a body is the bare value.
                if message.headers.is_empty() && !is_bare(message) && matches!(self.program.type_(slot.type_).body, TypeBody::Simple(_)) {
                    schema = json!({ "anyOf": [self.slot(slot, true), schema] });
                }
                self.note(&mut schema, slot.documentation.as_deref());
                schema
            }
            Body::Parts(parts) | Body::Rpc { parts, .. } => {
                let mut all = extra;
                for part in parts {
                    let schema = self.slot(part, false);
                    all.push((part.key.clone(), schema, !message.encoded));
                }
                object(&all, json!(false))
            }
            Body::Undefined { .. } => {
                let mut schema = object(&extra, json!(true));
                self.note(&mut schema, Some(UNDEFINED));
                schema
            }
        }
    }

    /// `$headers`, where there are any.
    fn headers(&mut self, headers: &[Slot]) -> Vec<Extra> {
        if headers.is_empty() {
            return Vec::new();
        }
        let parts: Vec<Extra> = headers
            .iter()
            .map(|slot| {
                let mut schema = self.slot(slot, false);
                if slot.secret {
                    set(&mut schema, "writeOnly", json!(true));
                }
                (slot.key.clone(), schema, false)
            })
            .collect();
        let mut schema = object(&parts, json!(false));
        self.note(&mut schema, Some("SOAP header blocks."));
        vec![("$headers".into(), schema, false)]
    }

    /// `$attachments`, where there may be any.
    fn attachments(&mut self, slots: &[AttachmentSlot]) -> Vec<Extra> {
        if slots.is_empty() {
            return Vec::new();
        }
        let parts: Vec<Extra> = slots.iter().map(|slot| (slot.key.clone(), self.attachment(slot), false)).collect();
        let mut schema = object(&parts, json!(false));
        self.note(&mut schema, Some("Parts of the message that travel beside the SOAP envelope."));
        vec![("$attachments".into(), schema, false)]
    }

    fn attachment(&mut self, slot: &AttachmentSlot) -> Value {
        let mut bytes = json!({ "type": "string", "contentEncoding": "base64" });
        if let Some(only) = slot.only_type() {
            set(&mut bytes, "contentMediaType", json!(only));
            self.note(&mut bytes, slot.documentation.as_deref());
            return bytes;
        }
        let types: Vec<_> = slot.types.iter().map(|t| &**t).collect();
        let said = if types.is_empty() { String::from("Its media type.") } else { format!("Its media type: {}.", types.join(", ")) };
        let told: [Extra; 2] =
            [("@contentType".into(), json!({ "type": "string", "description": said }), false), ("$value".into(), bytes.clone(), true)];
        let mut schema = json!({ "oneOf": [object(&told, json!(false)), bytes] });
        self.note(&mut schema, slot.documentation.as_deref());
        schema
    }

    /// The value that a JSON pointer names in a message; `None` where it names nothing that the plan knows.
    pub(super) fn at_pointer(&mut self, message: &MessagePlan, pointer: &str) -> Option<Value> {
        let mut segments = pointer.strip_prefix('/')?.split('/').map(|s| s.replace("~1", "/").replace("~0", "~"));
        let first = segments.next()?;
        let (mut type_, mut schema) = if first == "$headers" {
            let part = segments.next()?;
            let slot = message.headers.iter().find(|s| *s.key == *part)?;
            (slot.type_, self.slot(slot, false))
        } else {
            match &message.body {
                Body::Empty | Body::Undefined { .. } => return None,
                Body::Element(slot) => self.property(slot.type_, &first)?,
                Body::Parts(parts) | Body::Rpc { parts, .. } => {
                    let slot = parts.iter().find(|s| *s.key == *first)?;
                    (slot.type_, self.slot(slot, false))
                }
            }
        };
        for segment in segments {
            (type_, schema) = self.property(type_, &segment)?;
        }
        Some(schema)
    }

    /// A property of a type's object: the type of its element, and its schema.
    fn property(&mut self, id: TypeId, key: &str) -> Option<(TypeId, Value)> {
        let program = self.program;
        let TypeBody::Complex(complex) = &program.type_(id).body else { return None };
        if let Some(attribute) = complex.attributes.iter().find(|a| &*a.key == key) {
            return Some((id, self.attribute(attribute)));
        }
        match complex.content {
            Content::Simple(ref scalar) => (key == "$value").then(|| (id, self.scalar(scalar))),
            Content::Elements(shape) | Content::Mixed(shape) => {
                let place = program.shape(shape).places.iter().find(|p| &*p.key == key)?;
                let PlaceKind::Element(element) = place.kind else { return None };
                Some((program.element(element).type_, self.place(place)))
            }
        }
    }
}

/// The schema of a body some of whose properties may come in the URL instead.
pub(super) fn relax(schema: &mut Value, elsewhere: &[String]) {
    let Some(schema) = schema.as_object_mut() else { return };
    if let Some(required) = schema.get_mut("required").and_then(Value::as_array_mut) {
        required.retain(|name| !elsewhere.iter().any(|e| name == e.as_str()));
        if required.is_empty() {
            schema.remove("required");
        }
    }
}

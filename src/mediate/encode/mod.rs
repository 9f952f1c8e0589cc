//! JSON → envelope, checking on the way.
//!
//! The value is walked beside the plan, and the bytes are written in schema order as it goes: no tree. After an error the walk goes on,
//! so that all are found. Recursion is bounded by the depth of the JSON text (320) and by 400 levels of elements.

mod array;
mod attributes;
mod content;
mod derived;
mod element;
mod fault;
mod generic;
mod given;
mod headers;
mod leave;
mod object;
mod parameters;
mod problem;
mod raw;
mod row;
#[cfg(test)]
mod tests;
mod text;
mod wild;
mod writer;

pub use fault::{CASTILE_FAULT, FaultCode, encode_fault, fault_envelope};
pub use headers::{encode_block, encode_block_text, hidden_block, without_secrets};
pub use parameters::{Parameter, ParameterTarget, parameter_target, parameters};

use super::package::{EncodedPackage, PackageOptions};
use super::{Direction, EncodeError, FieldError};
use crate::json::{Limits, Value, parse};
use crate::plan::Program;
use crate::plan::node::{Body, Content, MessagePlan, NameId, OperationPlan, Slot, SoapVersion, TypeBody};
use crate::xml::ns;
use element::Site;
use given::{ATTACHMENTS, Given, HEADERS};
use leave::Leaving;
use problem::{At, Errors, Found, Path};
use writer::{Tag, Writer};

/// Elements in elements, at most.
const MAX_DEPTH: u32 = 400;

/// JSON text → envelope bytes (UTF-8, with an XML declaration).
///
/// # Errors
/// Everything that does not fit, each with its pointer.
pub fn encode(program: &Program, operation: &OperationPlan, direction: Direction, text: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let value = parse(text, &Limits::default()).map_err(EncodeError::NotJson)?;
    encode_sized(program, operation, direction, &value, text.len() * 2 + 512)
}

/// The same for a value that was read already.
///
/// # Errors
/// Everything that does not fit, each with its pointer.
pub fn encode_value(program: &Program, operation: &OperationPlan, direction: Direction, value: &Value<'_>) -> Result<Vec<u8>, EncodeError> {
    encode_sized(program, operation, direction, value, 4096)
}

/// The same for a message that may have attachments, and large values: what stays where it is, is only pointed to.
///
/// # Errors
/// Everything that does not fit, each with its pointer.
pub fn encode_package(
    program: &Program,
    operation: &OperationPlan,
    direction: Direction,
    value: &Value<'_>,
    options: &PackageOptions<'_>,
) -> Result<EncodedPackage, EncodeError> {
    let nothing = MessagePlan::EMPTY;
    let message = match direction {
        Direction::Request => &operation.input,
        Direction::Response => operation.output.as_ref().unwrap_or(&nothing),
    };
    // Long values stay outside: more than this is seldom needed at once.
    let capacity = (options.source.len() * 2 + 512).min(1 << 20);
    let mut encoder = Encoder::new(program, operation.version, message.encoded, capacity);
    encoder.leaving = Some(Leaving::new(program, options));
    encoder.message(message, value);
    let parts = encoder.leaving.take().map(|l| l.parts).unwrap_or_default();
    let (envelope, insertions) = encoder.finish_parts().map_err(EncodeError::Invalid)?;
    Ok(EncodedPackage { envelope, insertions, parts, version: operation.version, is_xop: options.mtom.is_some() })
}

fn encode_sized(
    program: &Program,
    operation: &OperationPlan,
    direction: Direction,
    value: &Value<'_>,
    capacity: usize,
) -> Result<Vec<u8>, EncodeError> {
    let message = match direction {
        Direction::Request => Some(&operation.input),
        Direction::Response => operation.output.as_ref(),
    };
    let nothing = MessagePlan::EMPTY;
    let message = message.unwrap_or(&nothing);
    let mut encoder = Encoder::new(program, operation.version, message.encoded, capacity);
    encoder.message(message, value);
    encoder.finish().map_err(EncodeError::Invalid)
}

/// One message on its way out.
struct Encoder<'p> {
    program: &'p Program,
    version: SoapVersion,
    /// SOAP encoding: `xsi:type` everywhere, nil anywhere.
    encoded: bool,
    /// The next element says its type, also where that is the declared one.
    says_type: bool,
    out: Writer<'p>,
    errors: Errors,
    /// What stands at the places of the objects that are being written, innermost last.
    slots: Vec<u32>,
    /// The text of the simple value that is being written.
    text: String,
    /// What leaves the envelope; `None`: all is written into it.
    leaving: Option<Leaving>,
    depth: u32,
}

impl<'p> Encoder<'p> {
    fn new(program: &'p Program, version: SoapVersion, encoded: bool, capacity: usize) -> Self {
        Self {
            program,
            version,
            encoded,
            says_type: false,
            out: Writer::new(&program.names, version, capacity),
            errors: Errors::default(),
            slots: Vec::with_capacity(64),
            text: String::new(),
            leaving: None,
            depth: 0,
        }
    }

    fn finish(self) -> Result<Vec<u8>, Vec<FieldError>> {
        self.finish_parts().map(|(envelope, _)| envelope)
    }

    fn finish_parts(self) -> Result<(Vec<u8>, Vec<super::package::Insertion>), Vec<FieldError>> {
        self.finish_with(Writer::into_parts)
    }

    /// What was written, unless there were errors.
    fn finish_with<T>(mut self, into: impl FnOnce(Writer<'p>) -> Option<T>) -> Result<T, Vec<FieldError>> {
        if self.out.too_many_namespaces && self.errors.count() == 0 {
            self.errors.add(At::ROOT, "at most 12 further namespaces in one element", Found::Words("more"));
        }
        let errors = self.errors.into_list();
        if !errors.is_empty() {
            return Err(errors);
        }
        into(self.out).ok_or_else(|| {
            // Every text is checked where it is met; this is the last line.
            let mut errors = Errors::default();
            errors.add(At::ROOT, generic::NOT_XML, Found::Words("another"));
            errors.into_list()
        })
    }

    /// `<soap:Header>` and `<soap:Body>`.
    fn message(&mut self, message: &'p MessagePlan, value: &Value<'_>) {
        let mut given = Given::of(value);
        let mut path = None;
        if let Some(attached) = given.member("$attachments").filter(|_| !message.attachments.is_empty()) {
            given = given.without(ATTACHMENTS);
            self.attachments(&message.attachments, attached);
        }
        let headers = message.takes_headers().then(|| given.member("$headers")).flatten();
        if headers.is_some() {
            given = given.without(HEADERS);
        }
        self.headers(message, headers);
        if (!message.headers.is_empty() || !message.attachments.is_empty())
            && let Some(("$value", inner)) = given.only_member()
            && !self.takes_value(message)
        {
            given = Given::of(inner);
            path = Some(Path::member("$value"));
        }
        let at = path.as_ref().map_or(At::ROOT, Path::at);
        let body = self.out.soap("Body");
        self.out.start(body);
        match &message.body {
            Body::Empty => self.parts(&[], message.encoded, given, at),
            Body::Element(slot) => self.slot(slot, true, given, at),
            Body::Parts(parts) => self.parts(parts, message.encoded, given, at),
            Body::Rpc { wrapper, parts } => {
                self.wrapped(*wrapper, message.encoded, |encoder| encoder.parts(parts, message.encoded, given, at));
            }
            Body::Undefined { wrapper: Some(wrapper) } => self.wrapped(*wrapper, message.encoded, |encoder| encoder.undefined(given, at)),
            Body::Undefined { wrapper: None } => self.undefined(given, at),
        }
        self.out.end(body);
    }

    /// An RPC wrapper around its accessors.
    fn wrapped(&mut self, wrapper: NameId, encoded: bool, accessors: impl FnOnce(&mut Self)) {
        let tag = Tag::known(&self.program.names, wrapper);
        self.out.start(tag);
        if encoded {
            self.encoding_style();
        }
        accessors(self);
        self.out.end(tag);
    }

    fn encoding_style(&mut self) {
        let style = self.out.soap("encodingStyle");
        self.out.attribute(style, self.encoding());
    }

    /// The namespace of SOAP encoding in this version.
    fn encoding(&self) -> &'static str {
        match self.version {
            SoapVersion::Soap11 => ns::SOAPENC11,
            SoapVersion::Soap12 => ns::SOAPENC12,
        }
    }

    /// Is `{"$value": …}` the first part's own object form?
    fn takes_value(&self, message: &MessagePlan) -> bool {
        let first = match &message.body {
            Body::Empty | Body::Undefined { .. } => None,
            Body::Element(slot) => Some(slot),
            Body::Parts(parts) | Body::Rpc { parts, .. } => parts.first(),
        };
        match first.map(|s| &self.program.type_(s.type_).body) {
            Some(TypeBody::Generic) => true,
            Some(TypeBody::Complex(c)) => {
                matches!(c.content, Content::Simple(_)) && (!c.attributes.is_empty() || c.any_attribute.is_some())
            }
            Some(TypeBody::Simple(_) | TypeBody::SoapArray(_)) | None => false,
        }
    }

    /// An object by part name.
    fn parts(&mut self, slots: &'p [Slot], encoded: bool, given: Given<'_>, at: At<'_>) {
        if !given.is_object() {
            return self.errors.add(at, "an object", Found::Value(given.value));
        }
        self.unknown_parts(slots, given, at);
        for slot in slots {
            let path = at.key(&slot.key);
            match given.member(&slot.key).filter(|v| !self.is_absent_part(slot, v)) {
                Some(value) => self.slot(slot, false, Given::of(value), path.at()),
                None if encoded => {}
                None => {
                    let expected = ["part ", &slot.key].concat();
                    self.errors.add(path.at(), &expected, Found::Nothing);
                }
            }
        }
    }

    fn is_absent_part(&self, slot: &Slot, value: &Value<'_>) -> bool {
        self.program.options.nulls_are_absent && matches!(value, Value::Null) && !self.takes_nil(slot.nillable, Some(slot.type_))
    }

    fn unknown_parts(&mut self, slots: &[Slot], given: Given<'_>, at: At<'_>) {
        for (key, value) in given.members() {
            if !slots.iter().any(|s| &*s.key == key) && !self.ignores(key) {
                let known = slots.iter().map(|s| &*s.key);
                self.errors.unknown(at.key(key).at(), "no such property", Found::Value(value), key, known);
            }
        }
    }

    /// One part. `root`: is it the message's root, whose type is never flattened?
    fn slot(&mut self, slot: &'p Slot, root: bool, given: Given<'_>, at: At<'_>) {
        if !slot.members.is_empty() {
            return self.substituted(slot, given, at);
        }
        let program = self.program;
        match slot.element {
            Some(id) => {
                let element = program.element(id);
                self.element(element, element.nillable, !root, given, at);
            }
            None => {
                let tag = Tag::known(&program.names, slot.tag);
                self.fill(Site { tag, type_: Some(slot.type_), nillable: true, fixed: None, flat: !root }, given, at);
            }
        }
    }

    /// The head of a substitution group: one property names the element that stands there.
    #[inline(never)]
    fn substituted(&mut self, slot: &'p Slot, given: Given<'_>, at: At<'_>) {
        let program = self.program;
        let local = |id| -> &'p str { program.names.local(program.element(id).name) };
        let names = || slot.members.iter().map(|id| local(*id));
        let Some((key, value)) = given.only_member() else {
            let expected = ["one property that names the element: ", &names().collect::<Vec<_>>().join(", ")].concat();
            return self.errors.add(at, &expected, Found::Value(given.value));
        };
        let path = at.key(key);
        match slot.members.iter().find(|id| local(**id) == key) {
            Some(id) => {
                let element = program.element(*id);
                self.element(element, element.nillable, true, Given::of(value), path.at());
            }
            None => {
                let expected = ["one of ", &names().collect::<Vec<_>>().join(", ")].concat();
                self.errors.unknown(path.at(), &expected, Found::Words(key), key, names());
            }
        }
    }
}

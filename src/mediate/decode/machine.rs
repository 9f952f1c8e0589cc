//! The decoder's state: a stack of frames over one output, driven by events.

use super::generic::Form;
use super::names::{MessageName, Names};
use super::path::Path;
use super::tag::{Scope, Tag};
use crate::mediate::{DecodeError, DecodeErrorKind};
use crate::plan::Program;
use crate::plan::node::{ElementId, MessagePlan, NameId, NamespaceId, OperationPlan, PlaceIx, ShapeId, TypeId};
use crate::xml::gate::NamespaceId as DocumentNs;

/// Nesting of values at most (mapping decision 51).
pub(super) const MAX_DEPTH: usize = 400;

/// Names that are found again without a look into the program's table.
const RECENT: usize = 32;

/// What a decoder carries between events. `run` pairs it with the program it executes.
#[derive(Debug, Default)]
pub(super) struct Machine {
    pub(super) frames: Vec<Frame>,
    /// JSON text; absolute offset `base` is its first byte.
    pub(super) out: Vec<u8>,
    /// Bytes that were taken already.
    pub(super) base: usize,
    /// Text of the open elements, outermost first.
    pub(super) text: String,
    /// Names of children that are held back.
    pub(super) names: Names,
    /// Frames of generic content so far: each has a number.
    pub(super) serial: u32,
    /// Marks of names that frames of generic content inside took over, innermost last.
    pub(super) shadowed: Vec<(MessageName, u32)>,
    /// Children of collecting frames, outermost frame first.
    pub(super) children: Vec<Child>,
    /// One bit per place of each open object, in words, outermost first.
    pub(super) seen: Vec<u64>,
    /// Document namespace → the program's, `None` where no node speaks of it. Filled as they appear.
    pub(super) namespaces: Vec<Option<Option<NamespaceId>>>,
    /// The program's names that were asked for last, by a cheap hash: messages repeat few names often.
    pub(super) recent: [Option<(DocumentNs, NameId)>; RECENT],
    /// Local names of the open elements, for error texts.
    pub(super) path: Path,
    /// Where the reply broke its schema, leniently read: count.
    pub(super) deviations: u64,
    /// Header blocks that nobody declares, left out: count.
    pub(super) dropped_headers: u64,
    pub(super) envelope: Envelope,
    pub(super) scratch: Vec<u8>,
    /// Bytes of XML so far, and at most.
    pub(super) input: usize,
    pub(super) max_input: usize,
    /// Bytes that the schema alone put into the output: absent arrays, defaults.
    pub(super) by_schema: usize,
    /// Members of arrays that the message leaves out, so far.
    pub(super) left_out: usize,
    /// A SOAP-encoded message on its way to being replayed.
    pub(super) tape: Option<super::tape::Tape>,
    /// Does what comes now come from a tape?
    pub(super) replaying: bool,
    /// Is a reply that breaks its schema refused?
    pub(super) strict: bool,
    pub(super) attached: super::attach::Attached,
}

/// What was learnt of the envelope.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    pub(super) namespace: EnvelopeNs,
    /// Was there a Header?
    pub(super) header: bool,
    /// Was `$headers` begun?
    pub(super) headers_open: bool,
    /// Header parts that came already.
    pub(super) headers_seen: Vec<bool>,
    /// Body children so far.
    pub(super) rows: usize,
    /// Parts that came already.
    pub(super) parts_seen: Vec<bool>,
    /// The accessors of an RPC wrapper.
    pub(super) accessors: super::accessors::Accessors,
    /// Absolute offset of the Body's value.
    pub(super) value: usize,
    /// Once the message's own element ended: the absolute offset from which on its value may change because another element follows.
    pub(super) kept_back: Option<usize>,
    /// Did the Body's value begin?
    pub(super) started: bool,
    /// Was there a Body?
    pub(super) body: bool,
    /// Elements that are no parts.
    pub(super) undeclared: super::undeclared::Undeclared,
    pub(super) fault: Option<super::fault::FaultState>,
}

/// The document's number of the envelope's namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EnvelopeNs(pub(super) DocumentNs);

impl Default for EnvelopeNs {
    fn default() -> Self {
        Self(DocumentNs::NONE)
    }
}

/// An open element.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// Where its text begins in [`Machine::text`].
    pub(super) text: usize,
    /// Absolute offset of its value.
    pub(super) start: usize,
    /// The element's namespace.
    pub(super) namespace: DocumentNs,
    /// What is written after the value.
    pub(super) close: Close,
}

/// What follows a value when its element ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Close {
    /// Nothing.
    Nothing,
    /// `}`: the value is the only member of an object around it.
    Brace,
    /// The end of the last collected child; the values of its row begin at that absolute offset.
    Child(usize),
    /// Nothing: it is the message's value.
    Root,
}

/// What an open element is.
#[derive(Debug)]
pub(super) enum Kind {
    Envelope,
    Header,
    Body,
    Wrapper,
    /// Nothing of it is data.
    Ignored,
    /// A simple value.
    Scalar(Simple),
    /// nil: its value is written.
    Nil,
    Object(Object),
    Mixed(Mixed),
    Generic(Generic),
    SoapArray(super::soap_array::ArrayFrame),
    Fault(super::fault::Field),
}

/// A simple value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Simple {
    pub(super) type_: TypeId,
    pub(super) element: Option<ElementId>,
    /// Is an object around it open, with `$value` to come?
    pub(super) wrapped: bool,
    /// Is a comma due before `$value`?
    pub(super) comma: bool,
    /// The attachment that is its value.
    pub(super) include: Option<usize>,
}

/// A typed object of elements.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) shape: ShapeId,
    /// Where its places' bits begin in [`Machine::seen`].
    pub(super) seen: usize,
    /// Absolute offset after `{` and attributes, where the elements' properties begin.
    pub(super) members: usize,
    /// Is a comma due before the next member?
    pub(super) comma: bool,
    /// Was one due before the first?
    pub(super) comma_before: bool,
    /// The array that is open.
    pub(super) open: Option<PlaceIx>,
    /// Is it a bare array?
    pub(super) flat: bool,
    /// Where its children begin in [`Machine::children`], once it collects them.
    pub(super) collect: Option<Collect>,
}

/// A frame that keeps its children's values apart until its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Collect {
    pub(super) children: usize,
    /// Absolute offset of the first one's value; each begins where the one before ends.
    pub(super) values: usize,
    /// Properties before this were sent already.
    pub(super) tail: bool,
    /// Was there text that is no white space?
    pub(super) stray_text: bool,
}

/// Mixed content.
#[derive(Debug)]
pub(super) struct Mixed {
    pub(super) shape: ShapeId,
    pub(super) comma: bool,
}

/// Content under the generic rules.
#[derive(Debug)]
pub(super) struct Generic {
    /// Absolute offset after the attributes' members, and after the `{` before these once there are elements.
    pub(super) members: usize,
    /// Is a comma due there before the next member?
    pub(super) comma: bool,
    /// Is it nil?
    pub(super) nil: bool,
    /// The namespace that encode will give the element: children elsewhere say theirs.
    pub(super) around: Around,
    /// Did an element come?
    pub(super) elements: bool,
    /// The attachment that is its value.
    pub(super) include: Option<usize>,
    pub(super) form: Form,
    /// The name of the last property.
    pub(super) last: Option<MessageName>,
    /// Is its value an array, which is open?
    pub(super) array: bool,
    /// Absolute offset of its value.
    pub(super) value: usize,
    /// Where the text after the last child begins in [`Machine::text`].
    pub(super) gap: usize,
    /// Its number: what its children's names are marked with.
    pub(super) serial: u32,
    /// Where its own begin in [`Machine::shadowed`].
    pub(super) shadowed: usize,
}

/// The namespace around generic content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Around(pub(super) DocumentNs);

/// One child of a collecting frame: there may be one for every few bytes of a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Child {
    /// Its kind in the two highest bits, the number of its name in the others.
    what: u32,
    /// Where its value's JSON text ends, from the first one's beginning on.
    pub(super) end: u32,
}

const NUMBER_BITS: u32 = 30;
const MAX_NUMBER: u32 = (1 << NUMBER_BITS) - 1;

impl Child {
    /// A child whose value has not come.
    pub(super) fn new(kind: ChildKind) -> Self {
        let (kind, number) = match kind {
            ChildKind::Declared(name) => (0, name.0),
            ChildKind::Typed(name) => (1, name.0),
            ChildKind::Generic(name) => (2, name.0),
            ChildKind::Text => (3, 0),
        };
        Self { what: kind << NUMBER_BITS | number & MAX_NUMBER, end: 0 }
    }

    pub(super) fn kind(self) -> ChildKind {
        let number = self.what & MAX_NUMBER;
        match self.what >> NUMBER_BITS {
            0 => ChildKind::Declared(NameId(number)),
            1 => ChildKind::Typed(MessageName(number)),
            2 => ChildKind::Generic(MessageName(number)),
            _ => ChildKind::Text,
        }
    }
}

/// What a collected child is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChildKind {
    /// An element that the shape declares.
    Declared(NameId),
    /// One that a wildcard admits, read by its global declaration.
    Typed(MessageName),
    /// One read by the generic rules.
    Generic(MessageName),
    /// Text between elements: its value.
    Text,
}

/// The machine at work on one operation's message.
pub(super) struct Run<'a> {
    pub(super) machine: &'a mut Machine,
    pub(super) program: &'a Program,
    pub(super) operation: &'a OperationPlan,
    pub(super) message: Option<&'a MessagePlan>,
}

pub(super) type Step = Result<(), DecodeError>;

impl<'a> Run<'a> {
    pub(super) fn start<T: Tag>(&mut self, tag: &T) -> Step {
        self.text_before_tag()?;
        self.machine.path.push(tag.local());
        if self.machine.frames.len() > MAX_DEPTH {
            return Err(self.fail(DecodeErrorKind::Limit, "nested more than 400 levels deep"));
        }
        let Some(top) = self.machine.frames.last() else { return self.envelope(tag) };
        match top.kind {
            Kind::Envelope => self.envelope_child(tag),
            Kind::Header => self.header_child(tag),
            Kind::Body => self.body_child(tag),
            Kind::Wrapper => self.wrapper_child(tag),
            Kind::Object(_) => self.object_child(tag),
            Kind::Mixed(_) => self.mixed_child(tag),
            Kind::Generic(_) => self.generic_child(tag),
            Kind::SoapArray(_) => self.array_child(tag),
            Kind::Fault(field) => self.fault_child(field, tag),
            Kind::Nil => {
                self.deviation("an element in one that is nil")?;
                self.push(Kind::Ignored, tag.namespace(), Close::Nothing);
                Ok(())
            }
            Kind::Ignored => {
                self.push(Kind::Ignored, tag.namespace(), Close::Nothing);
                Ok(())
            }
            Kind::Scalar(_) => self.element_in_scalar(tag),
        }
    }

    pub(super) fn text(&mut self, text: &str) -> Step {
        let Some(top) = self.machine.frames.last() else { return Ok(()) };
        match &top.kind {
            // Text comes in pieces, where chunks, references and CDATA sections end: what it is, is known at the next tag.
            Kind::Scalar(_) | Kind::Object(_) | Kind::Mixed(_) | Kind::Generic(_) | Kind::Fault(_) => {
                self.machine.text.push_str(text);
            }
            // Not kept: one piece is enough to know.
            Kind::Nil if !text.trim_matches([' ', '\t', '\r', '\n']).is_empty() => self.deviation("text in an element that is nil")?,
            Kind::Envelope | Kind::Header | Kind::Body | Kind::Wrapper | Kind::Ignored | Kind::Nil | Kind::SoapArray(_) => {}
        }
        Ok(())
    }

    /// A tag ends the text before it: in an object that is white space, or stray.
    fn text_before_tag(&mut self) -> Step {
        let Some(Frame { kind: Kind::Object(_), text, .. }) = self.machine.frames.last() else { return Ok(()) };
        let from = *text;
        if self.machine.text.len() == from {
            return Ok(());
        }
        let since = self.machine.text.get(from..).unwrap_or("");
        if since.trim_matches([' ', '\t', '\r', '\n']).is_empty() {
            self.machine.text.truncate(from);
            return Ok(());
        }
        let stray = self.machine.text.split_off(from);
        self.stray_text(&stray)
    }

    pub(super) fn end(&mut self, scope: Scope<'_>) -> Step {
        match self.machine.frames.last().map(|f| &f.kind) {
            Some(Kind::Object(_)) => self.text_before_tag()?,
            Some(Kind::Generic(generic)) if generic.elements => self.gap(false),
            Some(Kind::Wrapper) => self.release(scope.names())?,
            Some(_) | None => {}
        }
        let Some(frame) = self.machine.frames.pop() else { return Ok(()) };
        match &frame.kind {
            Kind::Envelope | Kind::Ignored | Kind::Nil => {}
            Kind::Header => self.end_header(),
            Kind::Body => self.end_body()?,
            Kind::Wrapper => self.end_wrapper(),
            Kind::Scalar(simple) => self.end_scalar(&frame, *simple, scope)?,
            Kind::Object(object) => self.end_object(&frame, object, scope)?,
            Kind::Mixed(mixed) => self.end_mixed(&frame, mixed),
            Kind::Generic(generic) => self.end_generic(&frame, generic)?,
            Kind::SoapArray(array) => self.end_array(frame.start, array)?,
            Kind::Fault(field) => self.end_fault(&frame, *field, scope)?,
        }
        self.machine.text.truncate(frame.text);
        match frame.close {
            Close::Nothing | Close::Root => {}
            Close::Brace => self.machine.out.push(b'}'),
            Close::Child(values) => self.end_child(values)?,
        }
        if matches!(self.machine.frames.last(), Some(Frame { kind: Kind::Body, .. })) {
            self.message_ended();
        }
        self.machine.path.pop();
        self.is_held(0)
    }

    /// The value of the last collected child ends here.
    pub(super) fn end_child(&mut self, values: usize) -> Step {
        let Ok(end) = u32::try_from(self.position().saturating_sub(values)) else { return Err(self.too_long()) };
        if let Some(child) = self.machine.children.last_mut() {
            child.end = end;
        }
        Ok(())
    }

    /// Opens a frame whose value begins here.
    pub(super) fn push(&mut self, kind: Kind, namespace: DocumentNs, close: Close) {
        let (text, start) = (self.machine.text.len(), self.position());
        self.machine.frames.push(Frame { kind, text, start, namespace, close });
    }

    /// The program's number of a document's namespace.
    pub(super) fn namespace(&mut self, id: DocumentNs, scope: Scope<'_>) -> Option<NamespaceId> {
        let at = id.0 as usize;
        if let Some(Some(known)) = self.machine.namespaces.get(at) {
            return *known;
        }
        let found = self.program.names.namespace_id(scope.uri(id));
        if self.machine.namespaces.len() <= at {
            self.machine.namespaces.resize(at + 1, None);
        }
        if let Some(slot) = self.machine.namespaces.get_mut(at) {
            *slot = Some(found);
        }
        found
    }

    /// The program's name of an element or attribute, if it speaks of it.
    pub(super) fn name(&mut self, id: DocumentNs, local: &str, scope: Scope<'_>) -> Option<NameId> {
        let bytes = local.as_bytes();
        let end = bytes.last().copied().unwrap_or(0) as usize;
        let slot = (bytes.len() ^ (end << 1) ^ (bytes.first().copied().unwrap_or(0) as usize) ^ id.0 as usize) % RECENT;
        if let Some((namespace, name)) = self.machine.recent.get(slot).copied().flatten()
            && namespace == id
            && **self.program.names.local(name) == *local
        {
            return Some(name);
        }
        let namespace = self.namespace(id, scope)?;
        let name = self.program.names.find(namespace, local)?;
        if let Some(recent) = self.machine.recent.get_mut(slot) {
            *recent = Some((id, name));
        }
        Some(name)
    }

    /// The number of a name among those that are held back.
    pub(super) fn number(&mut self, namespace: DocumentNs, local: &str, name: Option<NameId>) -> Result<MessageName, DecodeError> {
        match self.machine.names.number(namespace, local, name) {
            Some(number) => Ok(number),
            None => Err(self.too_long()),
        }
    }

    pub(super) fn fail(&self, kind: DecodeErrorKind, what: impl std::fmt::Display) -> DecodeError {
        let path = self.machine.path.text();
        let at = if path.is_empty() { String::new() } else { format!(" at {path}") };
        DecodeError { kind, message: format!("{what}{at}") }
    }

    /// Is the top frame a fault's detail?
    pub(super) fn in_fault_detail(&self) -> bool {
        matches!(self.machine.frames.last(), Some(Frame { kind: Kind::Fault(super::fault::Field::Detail), .. }))
    }

    /// Is the top frame an RPC wrapper?
    pub(super) fn is_in_wrapper(&self) -> bool {
        matches!(self.machine.frames.last(), Some(Frame { kind: Kind::Wrapper, .. }))
    }

    /// Is nothing of the top frame data?
    pub(super) fn is_ignored(&self) -> bool {
        matches!(self.machine.frames.last(), Some(Frame { kind: Kind::Ignored, .. }))
    }

    /// Is the message SOAP-encoded?
    pub(super) fn encoded(&self) -> bool {
        self.message.is_some_and(|m| m.encoded)
    }

    /// Something that the schema does not allow and a lenient reader forgives.
    pub(super) fn deviation(&mut self, what: &str) -> Step {
        self.machine.deviations += 1;
        if self.machine.strict { Err(self.fail(DecodeErrorKind::Invalid, what)) } else { Ok(()) }
    }
}

//! Where a message takes binary values: what a form may send as files.

use super::node::{Body, Content, MessagePlan, PlaceKind, Program, ShapeId, Slot, TypeBody, TypeId};
use super::scalar::{Primitive, Scalar};

/// Levels of objects that are looked into.
const DEPTH: usize = 8;
/// Places that are listed.
const PLACES: usize = 64;

/// A place of a message that takes a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePlace {
    /// JSON pointer of its property; items of arrays on the way as `0`.
    pub pointer: String,
    /// Does it take several?
    pub array: bool,
    /// Does the file travel beside the envelope, also without MTOM?
    pub beside: bool,
    /// The media types that it may have, where the WSDL says; else empty.
    pub types: Vec<std::sync::Arc<str>>,
}

impl Program {
    /// The places of a message that take files, in schema order: base64Binary values, declared attachments. At most 64, at most eight levels
    /// deep, each type once on the way; what only derived types have is not listed, though it is taken.
    pub fn file_places(&self, message: &MessagePlan) -> Vec<FilePlace> {
        let mut walk = Walk { program: self, found: Vec::new(), open: Vec::new() };
        match &message.body {
            Body::Empty | Body::Undefined { .. } => {}
            Body::Element(slot) => walk.slot(slot, String::new(), true),
            Body::Parts(parts) | Body::Rpc { parts, .. } => parts.iter().for_each(|p| walk.slot(p, below("", &p.key), false)),
        }
        for slot in &message.attachments {
            walk.add(FilePlace { pointer: below("/$attachments", &slot.key), array: false, beside: true, types: slot.types.clone() });
        }
        walk.found
    }

    /// May a message have parts beside its envelope without MTOM: declared attachments, `swaRef` values? Looks as far as
    /// [`Program::file_places`].
    pub fn takes_attachments(&self, message: &MessagePlan) -> bool {
        !message.attachments.is_empty() || self.file_places(message).iter().any(|p| p.beside)
    }
}

struct Walk<'p> {
    program: &'p Program,
    found: Vec<FilePlace>,
    open: Vec<TypeId>,
}

fn below(pointer: &str, key: &str) -> String {
    let mut pointer = pointer.to_owned();
    crate::json::push_pointer(&mut pointer, key);
    pointer
}

fn is_binary(scalar: &Scalar) -> bool {
    scalar.primitive() == Some(Primitive::Base64Binary)
}

impl Walk<'_> {
    fn add(&mut self, place: FilePlace) {
        if self.found.len() < PLACES {
            self.found.push(place);
        }
    }

    fn slot(&mut self, slot: &Slot, pointer: String, root: bool) {
        if slot.members.is_empty() {
            self.type_(slot.type_, pointer, false, root);
        }
    }

    fn type_(&mut self, type_: TypeId, pointer: String, array: bool, root: bool) {
        if self.open.len() >= DEPTH || self.open.contains(&type_) || self.found.len() >= PLACES {
            return;
        }
        self.open.push(type_);
        match &self.program.type_(type_).body {
            TypeBody::Simple(scalar) if is_binary(scalar) || self.program.is_swa_ref(type_) => {
                let beside = self.program.is_swa_ref(type_);
                self.add(FilePlace { pointer, array, beside, types: Vec::new() });
            }
            TypeBody::Complex(complex) => match &complex.content {
                Content::Simple(scalar) if is_binary(scalar) => self.add(FilePlace { pointer, array, beside: false, types: Vec::new() }),
                Content::Elements(shape) => self.shape(*shape, &pointer, array, complex.is_flat && !root),
                Content::Simple(_) | Content::Mixed(_) => {}
            },
            TypeBody::Simple(_) | TypeBody::Generic | TypeBody::SoapArray(_) => {}
        }
        self.open.pop();
    }

    fn shape(&mut self, shape: ShapeId, pointer: &str, array: bool, flat: bool) {
        let around = if array { format!("{pointer}/0") } else { pointer.to_owned() };
        for place in &self.program.shape(shape).places {
            let here = if flat { around.clone() } else { below(&around, &place.key) };
            match &place.kind {
                PlaceKind::Element(id) => self.type_(self.program.element(*id).type_, here, place.array, false),
                PlaceKind::Items(inner) => self.shape(*inner, &here, true, false),
                PlaceKind::Any(_) => {}
            }
        }
    }
}

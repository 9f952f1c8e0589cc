//! Elements beside the parts of a message, or beside its one element: nothing is declared for them, so the generic rules read them (mapping
//! decisions 28–31 and 50).

use std::borrow::Cow;
use std::collections::HashSet;

use super::machine::{Child, ChildKind, Close, Kind, Run, Step};
use super::tag::Tag;
use super::value::Wanted;
use crate::mediate::DecodeErrorKind;
use crate::plan::node::{Body, Slot, TypeId};
use crate::xml::gate::NamespaceId as DocumentNs;

/// Those that came since the last part, and what the earlier ones are called.
#[derive(Debug, Default)]
pub(super) struct Undeclared {
    open: Option<Open>,
    /// Properties of earlier ones.
    keys: HashSet<String>,
    /// Do they stand beside the message's one element, in an object of their own?
    beside: bool,
}

/// The property of what stands in the Body beside the message's one element: no element has such a name.
const BESIDE: &str = "$beside";

#[derive(Debug, Clone, Copy)]
struct Open {
    /// Where they begin in [`Machine::children`](super::machine::Machine::children).
    children: usize,
    /// Absolute offset of the first one's value.
    values: usize,
}

impl Undeclared {
    /// Where what is held back begins.
    pub(super) fn held(&self) -> Option<usize> {
        self.open.map(|open| open.values)
    }

    /// Did any come, up to the last part?
    pub(super) fn any(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The property of that name, numbered where it is taken already.
    fn key<'l>(&mut self, local: &'l str, parts: &[Slot]) -> Cow<'l, str> {
        let is_free = |key: &str| !self.keys.contains(key) && !parts.iter().any(|p| *p.key == *key);
        let key = if is_free(local) {
            Cow::Borrowed(local)
        } else {
            (2u32..).map(|n| format!("{local}{n}")).find(|key| is_free(key)).map_or(Cow::Borrowed(local), Cow::Owned)
        };
        self.keys.insert(key.to_string());
        key
    }
}

impl<'a> Run<'a> {
    /// An element that is no part: held back until the next part or the end of the message, since another of its name may follow.
    pub(super) fn undeclared<T: Tag>(&mut self, tag: &T) -> Step {
        if !self.knows_nothing() || self.machine.envelope.undeclared.beside {
            self.deviation("an element that the message does not declare")?;
        }
        let values = match self.machine.envelope.undeclared.open {
            Some(open) => open.values,
            None => {
                let open = Open { children: self.machine.children.len(), values: self.position() };
                self.machine.envelope.undeclared.open = Some(open);
                open.values
            }
        };
        let number = self.number(DocumentNs::NONE, tag.local(), None)?;
        self.machine.children.push(Child::new(ChildKind::Generic(number)));
        let mut wanted = Wanted::new(self.program.any_type.unwrap_or(TypeId(0)), None, Close::Child(values));
        wanted.say_namespace = tag.namespace() != DocumentNs::NONE;
        self.value(tag, &wanted)
    }

    /// Writes the properties of those that are held back.
    pub(super) fn end_undeclared(&mut self) {
        let mut undeclared = std::mem::take(&mut self.machine.envelope.undeclared);
        if let Some(open) = undeclared.open.take() {
            let parts = if undeclared.beside { &[] } else { self.parts() };
            let children = self.machine.children.split_off(open.children.min(self.machine.children.len()));
            let envelope = &self.machine.envelope;
            let after_parts = !undeclared.beside && (envelope.headers_open || envelope.parts_seen.contains(&true));
            let mut comma = after_parts || undeclared.any();
            let mut made = Vec::new();
            self.by_local_name(&children, open.values, &mut made, &mut comma, |local| undeclared.key(local, parts));
            self.replace(open.values, &made);
        }
        self.machine.envelope.undeclared = undeclared;
    }

    /// An element of the Body ended.
    pub(super) fn message_ended(&mut self) {
        let is_whole = match self.message.map(|m| &m.body) {
            Some(Body::Element(_) | Body::Rpc { .. } | Body::Undefined { wrapper: Some(_) }) => self.machine.envelope.rows == 1,
            Some(Body::Empty | Body::Parts(_) | Body::Undefined { wrapper: None }) | None => false,
        };
        let envelope = &self.machine.envelope;
        if is_whole && envelope.fault.is_none() && !envelope.undeclared.beside {
            let is_object = self.machine.out.ends_with(b"}");
            self.machine.envelope.kept_back = Some(if is_object { self.position() - 1 } else { envelope.value });
        }
    }

    /// A further element in the Body: of SOAP encoding what others refer to, else a property of `$beside` in the message's object.
    pub(super) fn beside_the_message<T: Tag>(&mut self, tag: &T) -> Step {
        if tag.is_target() {
            self.push(Kind::Ignored, tag.namespace(), Close::Nothing);
            return Ok(());
        }
        if let Some(from) = self.machine.envelope.kept_back.take() {
            if from < self.machine.base {
                return Err(self.fail(DecodeErrorKind::Limit, "an element beside a message of which the end was sent already"));
            }
            self.machine.envelope.undeclared = Undeclared { beside: true, ..Undeclared::default() };
            let value = self.written(from).to_vec();
            let is_object = value == b"}";
            match value.as_slice() {
                b"}" => self.replace(from, b""),
                b"null" => self.replace(from, br#"{"$nil":true"#),
                value => {
                    self.replace(from, br#"{"$value":"#);
                    self.emit(value);
                }
            }
            let is_empty = is_object && !self.machine.envelope.headers_open && from == self.machine.envelope.value + 1;
            self.key(!is_empty, BESIDE);
            self.emit(b"{");
        }
        self.undeclared(tag)
    }

    /// The end of `$beside` and of the message's object around it.
    pub(super) fn end_beside(&mut self) {
        if self.machine.envelope.undeclared.beside {
            self.end_undeclared();
            self.emit(b"}}");
        }
    }

    fn parts(&self) -> &'a [Slot] {
        match self.message.map(|m| &m.body) {
            Some(Body::Parts(parts) | Body::Rpc { parts, .. }) => parts,
            Some(Body::Empty | Body::Element(_) | Body::Undefined { .. }) | None => &[],
        }
    }

    /// Is nothing known of the message?
    fn knows_nothing(&self) -> bool {
        self.message.is_some_and(|m| matches!(m.body, Body::Undefined { .. }))
    }
}

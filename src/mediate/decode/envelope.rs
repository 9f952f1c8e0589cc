//! Envelope, Header, Body, RPC wrapper: where a message's parts stand. SOAP 1.1 section 4, SOAP 1.2 part 1 section 5.

use super::accessors::is_result;
use super::fault::{FaultState, Field};
use super::machine::{Close, EnvelopeNs, Kind, Run, Step};
use super::tag::Tag;
use super::value::Wanted;
use crate::mediate::DecodeErrorKind;
use crate::plan::node::{Body, NameId, Slot};
use crate::xml::ns;

/// The message's object as far as its headers.
const HEADERS_BEGIN: &[u8] = br#"{"$headers":{"#;

impl<'p> Run<'p> {
    pub(super) fn envelope<T: Tag>(&mut self, tag: &T) -> Step {
        if tag.local() != "Envelope" || !matches!(tag.uri(), ns::SOAP11 | ns::SOAP12) {
            let what = match (tag.local(), tag.uri()) {
                ("Envelope", uri) => format!("an Envelope of an unknown SOAP version (namespace {uri:?})"),
                (local, _) if local.eq_ignore_ascii_case("html") => "an HTML page, not a SOAP envelope".to_owned(),
                (local, _) => format!("not a SOAP envelope but <{local}>"),
            };
            return Err(self.fail(DecodeErrorKind::NotSoap, what));
        }
        self.machine.envelope.namespace = EnvelopeNs(tag.namespace());
        self.machine.envelope.headers_seen = vec![false; self.declared_headers().count()];
        if self.encoded() {
            let tape = super::tape::Tape::new(tag).ok_or_else(|| self.tape_full())?;
            self.machine.tape = Some(tape);
        }
        self.push(Kind::Envelope, tag.namespace(), Close::Nothing);
        Ok(())
    }

    pub(super) fn envelope_child<T: Tag>(&mut self, tag: &T) -> Step {
        let ours = tag.namespace() == self.machine.envelope.namespace.0;
        let kind = match tag.local() {
            "Header" if ours && !self.machine.envelope.header && !self.machine.envelope.body => {
                self.machine.envelope.header = true;
                Kind::Header
            }
            "Body" if ours && !self.machine.envelope.body => {
                self.machine.envelope.body = true;
                let parts = match self.message.map(|m| &m.body) {
                    Some(Body::Parts(parts) | Body::Rpc { parts, .. }) => parts.len(),
                    Some(Body::Empty | Body::Element(_) | Body::Undefined { .. }) | None => 0,
                };
                self.machine.envelope.parts_seen = vec![false; parts];
                Kind::Body
            }
            "Header" | "Body" if ours => {
                self.deviation("a second Header or Body, or a Header after the Body")?;
                Kind::Ignored
            }
            _ => Kind::Ignored,
        };
        self.push(kind, tag.namespace(), Close::Nothing);
        Ok(())
    }

    /// The header blocks that may come: those of the message, and with a reply those of `soap:headerfault`.
    fn declared_headers(&self) -> impl Iterator<Item = &'p Slot> + use<'p> {
        let (message, operation) = (self.message, self.operation);
        let is_reply = operation.output.as_ref().is_some_and(|o| message.is_some_and(|m| std::ptr::eq(o, m)));
        let faults: &[Slot] = if is_reply { &operation.header_faults } else { &[] };
        message.map_or(&[][..], |m| &m.headers).iter().chain(faults)
    }

    /// A header block: declared ones, the first of each, are `$headers`; the others are dropped, and counted.
    pub(super) fn header_child<T: Tag>(&mut self, tag: &T) -> Step {
        let name = self.name(tag.namespace(), tag.local(), tag.scope());
        let seen = &self.machine.envelope.headers_seen;
        let found = self.declared_headers().enumerate().find(|(i, s)| seen.get(*i) == Some(&false) && self.stands_for(s, name));
        let Some((i, slot)) = found else {
            self.machine.dropped_headers += 1;
            self.push(Kind::Ignored, tag.namespace(), Close::Nothing);
            return Ok(());
        };
        if let Some(seen) = self.machine.envelope.headers_seen.get_mut(i) {
            *seen = true;
        }
        let first = !self.machine.envelope.headers_open;
        self.emit(if first { HEADERS_BEGIN } else { b"," });
        self.machine.envelope.headers_open = true;
        self.key(false, &slot.key);
        self.slot(tag, slot, name)
    }

    pub(super) fn end_header(&mut self) {
        if self.machine.envelope.headers_open {
            self.emit(b"}");
        }
    }

    pub(super) fn stands_for(&self, slot: &Slot, name: Option<NameId>) -> bool {
        name == Some(slot.tag) || slot.members.iter().any(|m| Some(self.program.element(*m).name) == name)
    }

    /// The value of a part that is no message root.
    fn slot<T: Tag>(&mut self, tag: &T, slot: &Slot, name: Option<NameId>) -> Step {
        if slot.members.is_empty() {
            return self.value(tag, &Wanted::new(slot.type_, slot.element, Close::Nothing));
        }
        self.emit(b"{");
        self.member_of_group(tag, slot, name, false)
    }

    /// `"name": value}` of the element that stands for a substitution group's head.
    fn member_of_group<T: Tag>(&mut self, tag: &T, slot: &Slot, name: Option<NameId>, comma: bool) -> Step {
        let element = name.and_then(|n| self.program.globals.get(&n)).copied().or(slot.element);
        let type_ = element.map_or(slot.type_, |e| self.program.element(e).type_);
        self.key(comma, tag.local());
        self.value(tag, &Wanted::new(type_, element, Close::Brace))
    }

    pub(super) fn body_child<T: Tag>(&mut self, tag: &T) -> Step {
        let first = self.machine.envelope.rows == 0;
        if first && tag.local() == "Fault" && tag.namespace() == self.machine.envelope.namespace.0 {
            self.machine.envelope.rows += 1;
            return self.fault(tag);
        }
        if self.encoded() && is_no_root(tag) {
            self.push(Kind::Ignored, tag.namespace(), Close::Nothing);
            return Ok(());
        }
        self.machine.envelope.rows += 1;
        if self.machine.envelope.fault.is_some() {
            self.deviation("an element beside a Fault")?;
            self.push(Kind::Ignored, tag.namespace(), Close::Nothing);
            return Ok(());
        }
        if first {
            self.machine.envelope.value = self.position();
        }
        let message = self.message;
        match message.map(|m| &m.body) {
            Some(Body::Element(slot)) if first => self.body_element(tag, slot),
            Some(Body::Rpc { .. } | Body::Undefined { wrapper: Some(_) }) if first => {
                self.open_root();
                self.push(Kind::Wrapper, tag.namespace(), Close::Nothing);
                self.begin_accessors(tag)
            }
            Some(Body::Parts(parts)) => {
                if first {
                    self.open_root();
                }
                self.part(tag, parts)
            }
            Some(Body::Empty | Body::Undefined { wrapper: None }) => {
                if first {
                    self.open_root();
                }
                self.undeclared(tag)
            }
            Some(Body::Element(_) | Body::Rpc { .. } | Body::Undefined { wrapper: Some(_) }) => self.beside_the_message(tag),
            // Nothing is asked of what answers a one-way call.
            None => {
                self.deviation("an element in the Body of a message that is none")?;
                self.push(Kind::Ignored, tag.namespace(), Close::Nothing);
                Ok(())
            }
        }
    }

    fn body_element<T: Tag>(&mut self, tag: &T, slot: &Slot) -> Step {
        let name = self.name(tag.namespace(), tag.local(), tag.scope());
        let program = self.program;
        if !self.stands_for(slot, name) {
            let expected = program.names.local(slot.tag);
            if tag.local() != &**expected || self.machine.strict {
                let text = format!("<{}> in the Body, expected {}", tag.local(), program.names.clark(slot.tag));
                return Err(self.fail(DecodeErrorKind::UnexpectedBody, text));
            }
            self.machine.deviations += 1;
        }
        self.machine.envelope.started = true;
        if !slot.members.is_empty() {
            self.open_root();
            return self.member_of_group(tag, slot, name, self.machine.envelope.headers_open);
        }
        let mut wanted = Wanted::new(slot.type_, slot.element, Close::Root);
        (wanted.flat, wanted.root) = (false, true);
        self.value(tag, &wanted)
    }

    /// `{` of the message's object; it is open already where headers came.
    fn open_root(&mut self) {
        self.machine.envelope.started = true;
        if !self.machine.envelope.headers_open {
            self.emit(b"{");
        }
    }

    pub(super) fn wrapper_child<T: Tag>(&mut self, tag: &T) -> Step {
        match self.message.map(|m| &m.body) {
            Some(Body::Rpc { parts, .. }) if !is_result(tag) => self.accessor(tag, parts),
            Some(Body::Undefined { .. }) if !is_result(tag) => self.undeclared(tag),
            Some(Body::Rpc { .. } | Body::Undefined { .. } | Body::Empty | Body::Element(_) | Body::Parts(_)) | None => {
                self.push(Kind::Ignored, tag.namespace(), Close::Nothing);
                Ok(())
            }
        }
    }

    /// A part by its name.
    fn part<T: Tag>(&mut self, tag: &T, parts: &[Slot]) -> Step {
        let name = self.name(tag.namespace(), tag.local(), tag.scope());
        let seen = &self.machine.envelope.parts_seen;
        let found = parts.iter().zip(seen).position(|(part, seen)| !seen && self.stands_for(part, name));
        match found {
            Some(i) => self.part_value(tag, parts, i, name),
            None => self.undeclared(tag),
        }
    }

    /// Writes a part's property and opens its value.
    pub(super) fn part_value<T: Tag>(&mut self, tag: &T, parts: &[Slot], i: usize, name: Option<NameId>) -> Step {
        let Some(slot) = parts.get(i) else { return self.undeclared(tag) };
        self.end_undeclared();
        let envelope = &mut self.machine.envelope;
        let comma = envelope.headers_open || envelope.parts_seen.contains(&true) || envelope.undeclared.any();
        envelope.parts_seen.get_mut(i).into_iter().for_each(|seen| *seen = true);
        self.key(comma, &slot.key);
        self.slot(tag, slot, name)
    }

    pub(super) fn end_wrapper(&mut self) {
        self.end_undeclared();
        self.emit(b"}");
    }

    pub(super) fn end_body(&mut self) -> Step {
        if self.machine.envelope.fault.is_some() {
            return Ok(());
        }
        let empty = self.machine.envelope.rows == 0;
        self.machine.envelope.kept_back = None;
        let message = self.message;
        match message.map(|m| &m.body) {
            Some(Body::Element(slot)) if empty => {
                let text = format!("an empty Body, expected {}", self.program.names.clark(slot.tag));
                return Err(self.fail(DecodeErrorKind::UnexpectedBody, text));
            }
            Some(Body::Rpc { wrapper, .. }) if empty => {
                let text = format!("an empty Body, expected {}", self.program.names.clark(*wrapper));
                return Err(self.fail(DecodeErrorKind::UnexpectedBody, text));
            }
            // What should stand in it is not known either.
            Some(Body::Undefined { wrapper: Some(_) }) if empty => {
                self.open_root();
                self.emit(b"}");
            }
            Some(Body::Parts(_) | Body::Empty | Body::Undefined { wrapper: None }) | None => {
                if empty || message.is_none() {
                    self.open_root();
                }
                self.end_undeclared();
                self.emit(b"}");
            }
            Some(Body::Element(_) | Body::Rpc { .. } | Body::Undefined { .. }) => self.end_beside(),
        }
        Ok(())
    }

    /// A fault: of what came before it only the headers are kept.
    fn fault<T: Tag>(&mut self, tag: &T) -> Step {
        let out = std::mem::take(&mut self.machine.out);
        let headers = out.strip_prefix(HEADERS_BEGIN).map(|members| [b"{", members].concat());
        self.machine.envelope.headers_open = false;
        self.machine.envelope.fault = Some(FaultState::new(tag.uri() == ns::SOAP12, headers));
        self.push(Kind::Fault(Field::Fault), tag.namespace(), Close::Nothing);
        Ok(())
    }
}

/// SOAP 1.1 section 5.6: what others refer to, wherever it stands. A reference has the attributes of what it refers to.
fn is_no_root<T: Tag>(tag: &T) -> bool {
    !tag.is_reference() && tag.attribute(ns::SOAPENC11, "root").is_some_and(|root| root.trim() == "0")
}

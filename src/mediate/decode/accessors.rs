//! The accessors of an RPC wrapper: SOAP 1.1 section 7.1, SOAP 1.2 part 2 section 4.2. Mapping decision 44.
//!
//! The name of a return value does not matter, so an accessor of a name that no part has may stand for a part by its position; but only
//! where there are as many accessors as parts. In a stream that is known at the wrapper's end: until then such an accessor is kept as it came.

use std::collections::{HashSet, VecDeque};

use super::machine::{Close, Kind, Run, Step};
use super::tag::Tag;
use super::tape::Tape;
use crate::plan::node::{Body, NameId, Slot};
use crate::xml::gate::Namespaces;
use crate::xml::ns;

/// What was learnt of a wrapper's accessors.
#[derive(Debug, Default)]
pub(super) struct Accessors {
    /// How many came, those that stand for attachments left out.
    count: usize,
    /// Those that wait for their number, on one tape: what is declared around them is the same.
    held: Option<Tape>,
    /// The parts that go by position, in order; `None` until that is known.
    by_position: Option<VecDeque<usize>>,
}

impl Accessors {
    /// The tape on which the open accessor is recorded.
    pub(super) fn recorder(&mut self) -> Option<&mut Tape> {
        self.held.as_mut().filter(|tape| tape.is_open())
    }
}

/// The parts that no accessor names, where there are as many accessors as parts.
pub(super) fn by_position(accessors: usize, named: &[bool]) -> VecDeque<usize> {
    let is_right = accessors == named.len();
    named.iter().enumerate().filter(|(_, named)| is_right && !**named).map(|(i, _)| i).collect()
}

impl<'p> Run<'p> {
    /// The wrapper begins.
    pub(super) fn begin_accessors<T: Tag>(&mut self, wrapper: &T) -> Step {
        // Those of a message that was recorded are counted before they are read.
        if !self.machine.replaying {
            let tape = Tape::inside(wrapper).ok_or_else(|| self.tape_full())?;
            self.machine.envelope.accessors.held = Some(tape);
        }
        Ok(())
    }

    /// A child of the wrapper: a part by its name, also by its local name, else by its position.
    pub(super) fn accessor<T: Tag>(&mut self, tag: &T, parts: &'p [Slot]) -> Step {
        if self.attachment_accessor(tag) {
            self.push(Kind::Ignored, tag.namespace(), Close::Nothing);
            return Ok(());
        }
        let is_counting = self.machine.envelope.accessors.by_position.is_none();
        if is_counting {
            self.machine.envelope.accessors.count += 1;
            if self.machine.envelope.accessors.count > parts.len() {
                self.machine.path.pop();
                self.release(tag.scope().names())?;
                self.machine.path.push(tag.local());
            }
        }
        let name = self.name(tag.namespace(), tag.local(), tag.scope());
        if let Some(i) = self.named_part(parts, name, tag.local(), &self.machine.envelope.parts_seen) {
            return self.part_value(tag, parts, i, name);
        }
        if is_parts_own(parts, tag.local()) {
            return self.undeclared(tag);
        }
        match &mut self.machine.envelope.accessors.by_position {
            None => {
                let tape = self.machine.envelope.accessors.held.get_or_insert_default();
                tape.start(tag).ok_or_else(|| self.tape_full())
            }
            Some(next) => match next.pop_front() {
                Some(i) => self.part_value(tag, parts, i, name),
                None => self.undeclared(tag),
            },
        }
    }

    /// The part that an accessor names, among those that are not taken.
    fn named_part(&self, parts: &[Slot], name: Option<NameId>, local: &str, taken: &[bool]) -> Option<usize> {
        let find = |is: &dyn Fn(&Slot) -> bool| (0..).zip(parts).position(|(i, s): (usize, _)| taken.get(i) == Some(&false) && is(s));
        find(&|s| self.stands_for(s, name)).or_else(|| find(&|s| *s.key == *local))
    }

    /// The number of accessors is known: those that waited for it are read.
    pub(super) fn release(&mut self, uris: &Namespaces) -> Step {
        let accessors = &mut self.machine.envelope.accessors;
        if accessors.by_position.is_some() {
            return Ok(());
        }
        accessors.by_position = Some(by_position(accessors.count, &self.machine.envelope.parts_seen));
        let Some(mut tape) = accessors.held.take() else { return Ok(()) };
        self.replay(&mut tape, uris)
    }

    /// Counts the accessors of a recorded wrapper before they are read.
    pub(super) fn count_accessors<T: Tag>(&mut self, accessors: impl Iterator<Item = T>) {
        let Some(Body::Rpc { parts, .. }) = self.message.map(|m| &m.body) else { return };
        let (mut named, mut attached, mut count) = (vec![false; parts.len()], HashSet::new(), 0);
        for tag in accessors {
            // Only the first one for an attachment stands for it.
            if is_result(&tag) || self.attachment_of(&tag).is_some_and(|(slot, _)| attached.insert(slot)) {
                continue;
            }
            count += 1;
            let name = self.name(tag.namespace(), tag.local(), tag.scope());
            let part = self.named_part(parts, name, tag.local(), &named);
            part.and_then(|i| named.get_mut(i)).into_iter().for_each(|named| *named = true);
        }
        self.machine.envelope.accessors.by_position = Some(by_position(count, &named));
    }
}

/// `rpc:result` of SOAP 1.2 (part 2, section 4.2.1): it names the accessor of the return value, and is none.
pub(super) fn is_result<T: Tag>(tag: &T) -> bool {
    tag.local() == "result" && tag.uri() == ns::SOAP_RPC
}

/// A name that is a part's own never stands for another.
fn is_parts_own(parts: &[Slot], local: &str) -> bool {
    parts.iter().any(|p| *p.key == *local)
}

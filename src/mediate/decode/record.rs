//! Events from the document: recorded where they can be read only when more has come, else run at once.

use super::machine::{Frame, Kind, Machine, Run, Step};
use super::tag::{Scope, Tag};
use super::tape::Tape;
use crate::xml::gate::Namespaces;

impl Run<'_> {
    /// An event from the document: recorded where the message is SOAP-encoded, or inside an accessor that waits.
    pub(super) fn document_start<T: Tag>(&mut self, tag: &T) -> Step {
        if matches!(self.machine.frames.last(), Some(Frame { kind: Kind::Envelope, .. }))
            && let Some(tape) = &mut self.machine.tape
        {
            return tape.start(tag).ok_or_else(|| self.tape_full());
        }
        match self.recorder() {
            Some(tape) => tape.start(tag).ok_or_else(|| self.tape_full()),
            None => self.start(tag),
        }
    }

    /// As [`Run::document_start`].
    pub(super) fn document_text(&mut self, text: &str) -> Step {
        match self.recorder() {
            Some(tape) => tape.text(text).ok_or_else(|| self.tape_full()),
            None => self.text(text),
        }
    }

    /// The tape on which an element is open.
    fn recorder(&mut self) -> Option<&mut Tape> {
        let Machine { tape, envelope, .. } = &mut *self.machine;
        tape.as_mut().filter(|tape| tape.is_open()).or_else(|| envelope.accessors.recorder())
    }

    /// As [`Run::document_start`]; at the end of the envelope the tape is replayed.
    pub(super) fn document_end(&mut self, scope: &Namespaces) -> Step {
        if let Some(tape) = self.recorder() {
            tape.end();
            let accessor_ended = !tape.is_open() && self.machine.tape.is_none();
            if accessor_ended {
                self.machine.path.pop();
            }
            return Ok(());
        }
        if let Some(mut tape) = self.machine.tape.take() {
            self.replay(&mut tape, scope)?;
        }
        self.end(Scope::at(scope))
    }
}

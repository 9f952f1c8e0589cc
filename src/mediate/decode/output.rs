//! The JSON that is being written, and how much of it may be held back.

use super::machine::{Run, Step};
use crate::mediate::{DecodeError, DecodeErrorKind};

/// JSON that is not sent yet may have so many bytes more than [`HELD_FACTOR`] times the message's.
const HELD_FREE_BYTES: usize = 256 << 10;
/// An element of a few bytes in another namespace than the one around it says that namespace: data services do, at each value.
const HELD_FACTOR: usize = 6;
/// Output that is so large grows by half, not to its double.
const LARGE_BYTES: usize = 64 << 10;

impl Run<'_> {
    /// The absolute offset of the end of the output.
    pub(super) fn position(&self) -> usize {
        self.machine.base + self.machine.out.len()
    }

    /// The output from an absolute offset on; empty where that was taken already.
    pub(super) fn written(&self, from: usize) -> &[u8] {
        from.checked_sub(self.machine.base).and_then(|i| self.machine.out.get(i..)).unwrap_or(&[])
    }

    /// Puts `text` in the place of the output from an absolute offset on.
    pub(super) fn replace(&mut self, from: usize, text: &[u8]) {
        let out = &mut self.machine.out;
        out.truncate(from.saturating_sub(self.machine.base));
        // Not twice as much as before: the text is held twice already. What comes after it has some room.
        if out.capacity() - out.len() < text.len() + 2 {
            out.reserve_exact(text.len() + text.len() / 16 + 64);
        }
        out.extend_from_slice(text);
    }

    pub(super) fn emit(&mut self, text: &[u8]) {
        self.machine.out.extend_from_slice(text);
    }

    /// `"key":`, with a comma before it where one is due.
    pub(super) fn key(&mut self, comma: bool, key: &str) {
        if comma {
            self.machine.out.push(b',');
        }
        crate::json::string_into(&mut self.machine.out, key);
        self.machine.out.push(b':');
    }

    /// Bytes of JSON that may be held: names, namespaces and brackets can make more of a message than it is.
    fn most(&self) -> usize {
        let most = HELD_FREE_BYTES.saturating_add(self.machine.input.saturating_mul(HELD_FACTOR));
        most.saturating_add(self.machine.by_schema.min(self.machine.max_input))
    }

    /// How many more there may be.
    pub(super) fn room(&self) -> usize {
        self.most().saturating_sub(self.machine.out.len())
    }

    /// May so many bytes more than there are be held?
    #[inline]
    pub(super) fn is_held(&mut self, more: usize) -> Step {
        let (length, capacity) = (self.machine.out.len(), self.machine.out.capacity());
        if more == 0 && capacity < LARGE_BYTES {
            return Ok(());
        }
        if capacity - length < capacity / 16 {
            self.machine.out.reserve_exact(capacity / 2);
        }
        if self.machine.out.len().saturating_add(more) <= self.most() { Ok(()) } else { Err(self.too_much()) }
    }

    pub(super) fn too_much(&self) -> DecodeError {
        self.fail(DecodeErrorKind::Limit, "JSON that is held back and has more than 256 KiB and 6 times its XML")
    }

    /// What is kept of a message is counted in 32 bits.
    pub(super) fn too_long(&self) -> DecodeError {
        self.fail(DecodeErrorKind::Limit, "a message of more than 4 GiB that is held back")
    }

    /// On a tape a number has 29 bits, and there are 2³² words and bytes.
    pub(super) fn tape_full(&self) -> DecodeError {
        let what = "a recorded message of more than 4 GiB, or with a text or more names than 512 Mi";
        self.fail(DecodeErrorKind::Limit, what)
    }
}

//! The one door for every XML byte.
//!
//! Comes in: chunks of bytes in any supported encoding. Goes out: events of a document that is well-formed by XML 1.0 (fifth
//! edition) and Namespaces in XML 1.0 and inside every limit, to a [`Handler`]. Any chunking gives the same events; memory does
//! not grow with the document. Tags are found with quick-xml's push parser; quick-xml is a tokenizer, so what makes a document
//! well-formed is checked here.

mod declaration;
mod error;
mod handler;
mod names;
mod namespaces;
mod reader;
mod scan;
mod tag;

pub use error::{GateError, GateErrorKind, Stop};
pub use handler::{Attribute, Handler, Ignore, StartTag};
pub use namespaces::{NamespaceId, Namespaces};

use super::encoding::Decoder;
use super::limits::Limits;
use reader::{Halt, Reader};

/// How many bytes are decoded at once: what is kept of a document does not depend on the size of the chunks it comes in.
const PIECE_BYTES: usize = 32 << 10;

/// A document on its way through the checks.
#[derive(Debug)]
pub struct Gate {
    decoder: Decoder,
    reader: Reader,
    /// Decoded and not yet read: an incomplete piece of mark-up.
    pending: String,
    place: Place,
    bytes: u64,
    limit: u64,
    refused: Option<GateError>,
}

/// Where the pending text begins in the document.
#[derive(Clone, Copy, Debug)]
struct Place {
    offset: u64,
    line: u64,
    column: u64,
}

impl Place {
    /// The place after `text`.
    fn after(self, text: &str) -> Self {
        let bytes = text.as_bytes();
        let lines = memchr::memchr_iter(b'\n', bytes).count() as u64;
        let line_start = memchr::memrchr(b'\n', bytes).map_or(0, |i| i + 1);
        let characters = text.get(line_start..).unwrap_or_default().chars().count() as u64;
        Self {
            offset: self.offset + bytes.len() as u64,
            line: self.line + lines,
            column: if lines == 0 { self.column + characters } else { characters + 1 },
        }
    }

    fn error(self, kind: GateErrorKind) -> GateError {
        GateError { kind, offset: self.offset, line: self.line, column: self.column }
    }
}

impl Gate {
    /// A gate for one document; `charset` is what the transport says, if it does.
    pub fn new(limits: Limits, charset: Option<&str>) -> Self {
        Self {
            decoder: Decoder::new(charset),
            reader: Reader::new(limits),
            pending: String::new(),
            place: Place { offset: 0, line: 1, column: 1 },
            bytes: 0,
            limit: limits.size_bytes,
            refused: None,
        }
    }

    /// Takes the next bytes and hands on every event that they complete.
    ///
    /// # Errors
    /// The document is refused, or the handler stopped. A gate that is fed after that repeats the refusal.
    pub fn feed<H: Handler>(&mut self, chunk: &[u8], handler: &mut H) -> Result<(), Stop<H::Error>> {
        self.feed_noting(chunk, handler, None)
    }

    /// As [`Gate::feed`]; appends the decoded text to `copy`.
    pub(super) fn feed_noting<H: Handler>(
        &mut self,
        chunk: &[u8],
        handler: &mut H,
        mut copy: Option<&mut String>,
    ) -> Result<(), Stop<H::Error>> {
        let allowed = usize::try_from(self.limit - self.bytes).unwrap_or(usize::MAX);
        for piece in chunk.get(..allowed).unwrap_or(chunk).chunks(PIECE_BYTES) {
            self.bytes += piece.len() as u64;
            self.step(piece, false, handler, copy.as_deref_mut())?;
        }
        if chunk.len() > allowed {
            let error = self.place.after(&self.pending).error(GateErrorKind::TooLarge { limit: self.limit });
            return Err(self.refuse(error));
        }
        Ok(())
    }

    /// Says that there are no more bytes.
    ///
    /// # Errors
    /// As [`Gate::feed`]; also when the document is not complete.
    pub fn finish<H: Handler>(&mut self, handler: &mut H) -> Result<(), Stop<H::Error>> {
        self.finish_noting(handler, None)
    }

    /// As [`Gate::finish`]; appends the decoded text to `copy`.
    pub(super) fn finish_noting<H: Handler>(&mut self, handler: &mut H, copy: Option<&mut String>) -> Result<(), Stop<H::Error>> {
        self.step(&[], true, handler, copy)
    }

    fn step<H: Handler>(&mut self, piece: &[u8], last: bool, handler: &mut H, copy: Option<&mut String>) -> Result<(), Stop<H::Error>> {
        if let Some(error) = self.refused {
            return Err(Stop::Refused(error));
        }
        let before = self.pending.len();
        let decoded = self.decoder.decode(piece, last, &mut self.pending);
        if let Some(copy) = copy {
            copy.push_str(self.pending.get(before..).unwrap_or_default());
        }
        let mut consumed = 0;
        // What was decoded before bad bytes is read first, so that the first error in the document is the one reported.
        let end = last && decoded.is_ok();
        let run = self.reader.run(&self.pending, self.place.offset, end, &self.decoder, handler, &mut consumed);
        if let Err(halt) = run {
            return Err(match halt {
                Halt::Fault(fault) => {
                    let error = self.place.after(self.pending.get(..fault.at).unwrap_or(&self.pending)).error(fault.kind);
                    self.refuse(error)
                }
                Halt::Handler(error) => {
                    let at = self.place.after(self.pending.get(..self.reader.event_at).unwrap_or(&self.pending));
                    self.refused = Some(at.error(GateErrorKind::Stopped));
                    Stop::Handler(error)
                }
            });
        }
        if let Err(kind) = decoded {
            let error = self.place.after(&self.pending).error(kind);
            return Err(self.refuse(error));
        }
        self.place = self.place.after(self.pending.get(..consumed).unwrap_or(&self.pending));
        if consumed >= self.pending.len() {
            self.pending.clear();
        } else {
            self.pending.drain(..consumed);
        }
        Ok(())
    }

    /// The line, from 1, of the event at which the handler stopped; `None` where it did not.
    pub fn stopped_at_line(&self) -> Option<u64> {
        self.refused.filter(|e| e.kind == GateErrorKind::Stopped).map(|e| e.line)
    }

    fn refuse<E>(&mut self, error: GateError) -> Stop<E> {
        Stop::Refused(*self.refused.get_or_insert(error))
    }
}

#[cfg(test)]
mod tests;

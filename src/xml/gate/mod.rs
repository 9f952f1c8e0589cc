//! The one door for every XML byte.
//!
//! Comes in: chunks of bytes in any supported encoding. Goes out: events of a document that is well-formed by XML 1.0 (fifth
//! edition) and Namespaces in XML 1.0 and inside every limit, to a [`Handler`]. Any chunking gives the same events; memory does
//! not grow with the document. Tags are found with quick-xml's push parser; quick-xml is a tokenizer, so what makes a document
//! well-formed is checked here.

mod error;
mod handler;
mod namespaces;

pub use error::{GateError, GateErrorKind, Stop};
pub use handler::{Attribute, Handler, Ignore, StartTag};
pub use namespaces::{NamespaceId, Namespaces};

use super::limits::Limits;

/// A document on its way through the checks.
#[derive(Debug)]
pub struct Gate {
    limits: Limits,
}

impl Gate {
    /// A gate for one document; `charset` is what the transport says, if it does.
    pub fn new(limits: Limits, charset: Option<&str>) -> Self {
        let _ = charset;
        Self { limits }
    }

    /// Takes the next bytes and hands on every event that they complete.
    ///
    /// # Errors
    /// The document is refused, or the handler stopped. After an error the gate must not be fed again: it repeats the refusal.
    pub fn feed<H: Handler>(&mut self, chunk: &[u8], handler: &mut H) -> Result<(), Stop<H::Error>> {
        let _ = (chunk, handler, self.limits);
        todo!()
    }

    /// Says that there are no more bytes.
    ///
    /// # Errors
    /// As [`Gate::feed`]; also when the document is not complete.
    pub fn finish<H: Handler>(&mut self, handler: &mut H) -> Result<(), Stop<H::Error>> {
        let _ = handler;
        todo!()
    }
}

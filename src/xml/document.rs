//! A whole checked document and its tree.

use super::gate::GateError;
use super::limits::Limits;

/// A document that passed the gate, as UTF-8 text.
#[derive(Debug)]
pub struct Document {
    text: String,
}

impl Document {
    /// Decodes and checks `bytes`; `charset` is what the transport says, if it does.
    ///
    /// # Errors
    /// What the gate refuses.
    pub fn parse(bytes: &[u8], charset: Option<&str>, limits: Limits) -> Result<Self, GateError> {
        let _ = (bytes, charset, limits);
        todo!()
    }

    /// Its text, without a byte order mark; offsets of spans and of tree nodes point into it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its tree. Built at each call: keep it.
    pub fn tree(&self) -> roxmltree::Document<'_> {
        todo!()
    }
}

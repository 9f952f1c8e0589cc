//! A whole checked document and its tree.

use super::gate::{Gate, GateError, GateErrorKind, Ignore, Stop};
use super::limits::Limits;

/// The tree of a text that passed the gate before (or is part of this program). Texts from outside go through [`Document::parse`].
///
/// # Errors
/// The text is not well-formed: it did not pass the gate.
pub fn tree(text: &str) -> Result<roxmltree::Document<'_>, roxmltree::Error> {
    roxmltree::Document::parse(text)
}

/// Attributes without a namespace. roxmltree's own look-up by a bare name takes an attribute of any namespace.
pub trait Unqualified<'a, 'input> {
    /// The attribute `name` in no namespace.
    fn unqualified_node(&self, name: &str) -> Option<roxmltree::Attribute<'a, 'input>>;

    /// Its value.
    fn unqualified(&self, name: &str) -> Option<&'a str>;
}

impl<'a, 'input> Unqualified<'a, 'input> for roxmltree::Node<'a, 'input> {
    fn unqualified_node(&self, name: &str) -> Option<roxmltree::Attribute<'a, 'input>> {
        self.attributes().find(|a| a.namespace().is_none() && a.name() == name)
    }

    fn unqualified(&self, name: &str) -> Option<&'a str> {
        self.unqualified_node(name).map(|a| a.value())
    }
}

/// A document that passed the gate, as UTF-8 text.
#[derive(Clone, Debug)]
pub struct Document {
    text: String,
}

impl Document {
    /// Decodes and checks `bytes`; `charset` is what the transport says, if it does.
    ///
    /// # Errors
    /// What the gate refuses.
    pub fn parse(bytes: &[u8], charset: Option<&str>, limits: Limits) -> Result<Self, GateError> {
        Self::parse_keeping(bytes, charset, limits).map_err(|(error, _)| error)
    }

    /// As [`Document::parse`]; a refusal comes with the text as far as it was decoded, for the code frame.
    ///
    /// # Errors
    /// What the gate refuses.
    pub fn parse_keeping(bytes: &[u8], charset: Option<&str>, limits: Limits) -> Result<Self, (GateError, String)> {
        let mut gate = Gate::new(limits, charset);
        let mut text = String::with_capacity(bytes.len());
        let fed = gate.feed_noting(bytes, &mut Ignore, Some(&mut text)).and_then(|()| gate.finish_noting(&mut Ignore, Some(&mut text)));
        match fed {
            Ok(()) => match tree_of(&text) {
                Ok(_) => Ok(Self { text }),
                Err(_) => Err((GateError { kind: GateErrorKind::Tree, offset: 0, line: 1, column: 1 }, text)),
            },
            Err(Stop::Refused(error)) => Err((error, text)),
            Err(Stop::Handler(never)) => match never {},
        }
    }

    /// Its text, without a byte order mark; offsets of spans and of tree nodes point into it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its text, given away.
    pub fn into_text(self) -> String {
        self.text
    }

    /// Its tree; nodes' ranges point into [`Document::text`]. Built at each call: keep it.
    #[allow(clippy::expect_used, clippy::missing_panics_doc, reason = "the same text was parsed when the document was made")]
    pub fn tree(&self) -> roxmltree::Document<'_> {
        tree_of(&self.text).expect("the text parsed before")
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place, behind the gate")]
fn tree_of(checked: &str) -> Result<roxmltree::Document<'_>, roxmltree::Error> {
    roxmltree::Document::parse(checked)
}

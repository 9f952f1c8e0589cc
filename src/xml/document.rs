//! A whole checked document and its tree.

use super::gate::{Gate, GateError, GateErrorKind, Handler, Namespaces, StartTag, Stop};
use super::limits::Limits;

/// The tree of a text that passed the gate before (or is part of this program). Texts from outside go through [`Document::parse`].
///
/// # Errors
/// The text is not well-formed: it did not pass the gate.
#[allow(clippy::disallowed_methods, reason = "this is the room that the ban sends to")]
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
        let mut cost = TreeCost { copied: 0 };
        let fed = gate.feed_noting(bytes, &mut cost, Some(&mut text)).and_then(|()| gate.finish_noting(&mut cost, Some(&mut text)));
        match fed {
            Ok(()) => match tree_of(&text) {
                Ok(_) => Ok(Self { text }),
                Err(_) => Err((no_tree(&text, 0), text)),
            },
            Err(Stop::Refused(error)) => Err((error, text)),
            Err(Stop::Handler(at)) => Err((no_tree(&text, at), text)),
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

/// What a document would cost the tree's parser, which copies the declarations in scope at each element that adds one, and compares
/// each with each.
#[derive(Debug)]
struct TreeCost {
    copied: u64,
}

impl TreeCost {
    /// About half a second. Generated schemas with a declaration on every element stay far below.
    const MOST: u64 = 500_000_000;
    /// What the tree can number.
    const NAMESPACES: usize = 65_000;
}

impl Handler for TreeCost {
    /// The offset of the element that is too much.
    type Error = u64;

    fn start(&mut self, tag: &StartTag<'_>) -> Result<(), Self::Error> {
        if tag.declarations().len() > 0 {
            let in_scope = tag.scope().depth() as u64;
            self.copied += in_scope * in_scope;
            if self.copied > Self::MOST || tag.scope().len() > Self::NAMESPACES {
                return Err(tag.offset());
            }
        }
        Ok(())
    }

    fn text(&mut self, _text: &str) -> Result<(), Self::Error> {
        Ok(())
    }

    fn end(&mut self, _scope: &Namespaces) -> Result<(), Self::Error> {
        Ok(())
    }
}

fn no_tree(text: &str, offset: u64) -> GateError {
    let before = text.get(..usize::try_from(offset).unwrap_or(usize::MAX)).unwrap_or(text).as_bytes();
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |i| i + 1);
    let column = String::from_utf8_lossy(before.get(line_start..).unwrap_or_default()).chars().count() as u64 + 1;
    let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
    GateError { kind: GateErrorKind::Tree, offset, line, column }
}

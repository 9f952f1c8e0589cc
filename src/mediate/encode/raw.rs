//! `$xml`: markup that a caller gives, through the gate.

use crate::xml::gate::{Gate, Handler, Namespaces, StartTag};
use crate::xml::{Limits, writer};

/// One well-formed element as it may stand in an envelope: without a document type, comments and processing instructions, with all of
/// its own namespace declarations; `None` where the text is not that.
pub(super) fn clean(text: &str) -> Option<Vec<u8>> {
    let mut gate = Gate::new(Limits::message(), Some("utf-8"));
    let mut copy = Copy { out: Vec::with_capacity(text.len()), open: Vec::new(), in_tag: false };
    gate.feed(text.as_bytes(), &mut copy).ok()?;
    gate.finish(&mut copy).ok()?;
    Some(copy.out)
}

/// Writes the events down again.
struct Copy {
    out: Vec<u8>,
    /// Names of the open elements, as written.
    open: Vec<Box<[u8]>>,
    /// The last start tag still lacks its `>`.
    in_tag: bool,
}

impl Copy {
    fn close_tag(&mut self) {
        if self.in_tag {
            self.out.push(b'>');
            self.in_tag = false;
        }
    }
}

/// `prefix:local`.
fn push_name(out: &mut Vec<u8>, prefix: &str, local: &str) {
    if !prefix.is_empty() {
        out.extend_from_slice(prefix.as_bytes());
        out.push(b':');
    }
    out.extend_from_slice(local.as_bytes());
}

impl Handler for Copy {
    type Error = writer::Unwritable;

    fn start(&mut self, tag: &StartTag<'_>) -> Result<(), Self::Error> {
        self.close_tag();
        self.out.push(b'<');
        let from = self.out.len();
        push_name(&mut self.out, tag.prefix(), tag.local());
        self.open.push(self.out[from..].into());
        for (prefix, namespace) in tag.declarations() {
            self.out.extend_from_slice(if prefix.is_empty() { b" xmlns" } else { b" xmlns:" });
            self.out.extend_from_slice(prefix.as_bytes());
            self.out.extend_from_slice(b"=\"");
            writer::attribute(&mut self.out, tag.scope().uri(namespace))?;
            self.out.push(b'"');
        }
        for attribute in tag.attributes() {
            self.out.push(b' ');
            push_name(&mut self.out, attribute.prefix, attribute.local);
            self.out.extend_from_slice(b"=\"");
            writer::attribute(&mut self.out, attribute.value)?;
            self.out.push(b'"');
        }
        self.in_tag = true;
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Self::Error> {
        self.close_tag();
        writer::text(&mut self.out, text)
    }

    fn end(&mut self, _scope: &Namespaces) -> Result<(), Self::Error> {
        let name = self.open.pop().unwrap_or_default();
        if self.in_tag {
            self.out.extend_from_slice(b"/>");
            self.in_tag = false;
            return Ok(());
        }
        self.out.extend_from_slice(b"</");
        self.out.extend_from_slice(&name);
        self.out.push(b'>');
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_element_comes_through_without_comments() {
        let text = r#"<?xml version="1.0"?><!-- c --><p:a xmlns:p="urn:p" xmlns="urn:d" p:x="1&#10;2"><b><![CDATA[<&]]></b><?pi?><c xmlns=""/></p:a>"#;
        let clean = clean(text).map(|c| String::from_utf8(c).expect("UTF-8"));
        let expected = r#"<p:a xmlns:p="urn:p" xmlns="urn:d" p:x="1&#10;2"><b>&lt;&amp;</b><c xmlns=""/></p:a>"#;
        assert_eq!(clean.as_deref(), Some(expected));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "text", "<a>", "<a/><b/>", "<!DOCTYPE a><a/>", "<p:a/>", "<a>&x;</a>", "<a b='1' b='2'/>", "<a/>x", "<a>\u{1}</a>"]
        {
            assert_eq!(clean(text), None, "{text}");
        }
    }
}

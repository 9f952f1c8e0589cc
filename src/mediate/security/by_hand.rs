//! What sequences write by hand: blocks that are put into a finished envelope, and envelopes.

use super::{Blocks, Head, NotFound};
use crate::plan::node::SoapVersion;
use crate::xml::gate::{Gate, GateError, Ignore, Stop};
use crate::xml::{Limits, ns, writer};

/// A block of a SOAP Header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderBlock {
    /// The namespace of its element; may be empty.
    pub namespace: Box<str>,
    /// The name of its element.
    pub local: Box<str>,
    /// `mustUnderstand`
    pub must_understand: bool,
    /// `actor` (SOAP 1.1) or `role`.
    pub role: Option<Box<str>>,
    /// Its attributes, as markup.
    pub attributes: Vec<u8>,
    /// Its content, as markup; the prefix `h` is its own namespace, and there is no default one.
    pub content: Vec<u8>,
}

/// Why something written by hand does not go into a message. Texts hold no payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ByHand {
    /// The envelope's head cannot be read.
    #[error("{0}")]
    Head(NotFound),
    /// The message has that block already.
    #[error("the message has the header block {0} already")]
    Twice(String),
    /// It is no XML, or over a limit.
    #[error("it is no XML: {0}")]
    NotXml(GateError),
    /// An envelope of the other version.
    #[error("it is an envelope of the other version of SOAP")]
    Version,
}

impl HeaderBlock {
    /// Its markup.
    pub fn markup(&self, version: SoapVersion) -> String {
        let (uri, yes, role) = match version {
            SoapVersion::Soap11 => (ns::SOAP11, "1", "actor"),
            SoapVersion::Soap12 => (ns::SOAP12, "true", "role"),
        };
        let mut out = Vec::new();
        let tag = if self.namespace.is_empty() { self.local.to_string() } else { format!("h:{}", self.local) };
        out.extend_from_slice(format!("<{tag} xmlns=\"\"").as_bytes());
        // The texts were checked when the sequence was read.
        let mut attribute = |name: &str, value: &str| {
            out.extend_from_slice(format!(" {name}=\"").as_bytes());
            let _checked = writer::attribute(&mut out, value);
            out.push(b'"');
        };
        if !self.namespace.is_empty() {
            attribute("xmlns:h", &self.namespace);
        }
        if self.must_understand || self.role.is_some() {
            attribute("xmlns:env", uri);
        }
        if self.must_understand {
            attribute("env:mustUnderstand", yes);
        }
        if let Some(value) = &self.role {
            attribute(&format!("env:{role}"), value);
        }
        out.extend_from_slice(&self.attributes);
        out.push(b'>');
        out.extend_from_slice(&self.content);
        out.extend_from_slice(format!("</{tag}>").as_bytes());
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// Puts blocks first into the Header of an envelope in UTF-8.
///
/// # Errors
/// It is no envelope, or has one of the blocks already: which of two is meant nobody could say.
pub fn with_blocks(envelope: &[u8], blocks: &[HeaderBlock]) -> Result<Vec<u8>, ByHand> {
    let head = Head::of(envelope).map_err(ByHand::Head)?;
    if let Some(block) = blocks.iter().find(|b| head.blocks.iter().any(|(uri, local)| (&**uri, &**local) == (&*b.namespace, &*b.local))) {
        return Err(ByHand::Twice(block.local.to_string()));
    }
    let markup = blocks.iter().map(|b| b.markup(head.version)).collect();
    let blocks = Blocks { markup, signed: Vec::new(), signature_id: String::new(), body_attribute: String::new() };
    Ok(blocks.inserted(envelope, &head))
}

/// The envelope of a text: the text itself where it is one, else with the text as its Body.
///
/// # Errors
/// It is no XML, or an envelope of the other version.
pub fn envelope(text: &str, version: SoapVersion) -> Result<Vec<u8>, ByHand> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let text = if text.starts_with("<?xml ") { text.split_once("?>").map_or(text, |(_, rest)| rest.trim_start()) } else { text };
    let whole = match Head::of(text.as_bytes()) {
        Ok(head) if head.version == version => text.as_bytes().to_vec(),
        Ok(_) => return Err(ByHand::Version),
        Err(_) => {
            let uri = match version {
                SoapVersion::Soap11 => ns::SOAP11,
                SoapVersion::Soap12 => ns::SOAP12,
            };
            format!("<soap:Envelope xmlns:soap=\"{uri}\"><soap:Body>{text}</soap:Body></soap:Envelope>").into_bytes()
        }
    };
    let mut gate = Gate::new(Limits::message_of(whole.len() as u64), Some("utf-8"));
    let result = gate.feed(&whole, &mut Ignore).and_then(|()| gate.finish(&mut Ignore));
    match result {
        Ok(()) => Ok(whole),
        Err(Stop::Refused(error)) => Err(ByHand::NotXml(error)),
        Err(Stop::Handler(never)) => match never {},
    }
}

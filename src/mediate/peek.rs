//! What an envelope is about: enough to find its operation, without reading the message.

use crate::plan::node::SoapVersion;
use crate::xml::gate::{Gate, GateError, Handler, Namespaces, StartTag, Stop};
use crate::xml::{Limits, QName, ns};

/// The longest action that is kept, in bytes.
const MAX_ACTION_BYTES: usize = 2048;

/// What was seen of an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peeked {
    /// Its version.
    pub version: SoapVersion,
    /// The first child of its Body; `None` for an empty one.
    pub body: Option<QName>,
    /// `wsa:Action`, of any version of WS-Addressing, without white space around.
    pub wsa_action: Option<String>,
}

/// Why an envelope could not be looked into: the fault of who sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeekError {
    /// Refused by the gate.
    #[error("{0}")]
    NotXml(GateError),
    /// Another root, or another version of SOAP.
    #[error("not a SOAP 1.1 or 1.2 envelope")]
    NotSoap,
    /// An envelope of another namespace.
    #[error("an envelope of another version of SOAP")]
    OtherVersion,
    /// An envelope without Body.
    #[error("an envelope without a Body")]
    NoBody,
}

/// Looks into an envelope chunk by chunk, until the first child of its Body.
#[derive(Debug)]
pub struct Peek {
    gate: Gate,
    look: Look,
}

impl Peek {
    /// For one envelope; `charset` is what the transport says.
    pub fn new(limits: Limits, charset: Option<&str>) -> Self {
        Self { gate: Gate::new(limits, charset), look: Look::default() }
    }

    /// Takes the next bytes; what was seen, as soon as that is enough.
    ///
    /// # Errors
    /// Where it is no envelope: the sender's fault.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<Option<Peeked>, PeekError> {
        let result = self.gate.feed(chunk, &mut self.look);
        self.outcome(&result)
    }

    /// Says that there are no more bytes.
    ///
    /// # Errors
    /// As [`Peek::feed`], and where there is no Body.
    pub fn finish(mut self) -> Result<Peeked, PeekError> {
        let result = self.gate.finish(&mut self.look);
        self.outcome(&result)?.ok_or(PeekError::NoBody)
    }

    fn outcome(&mut self, result: &Result<(), Stop<Enough>>) -> Result<Option<Peeked>, PeekError> {
        match result {
            Ok(()) => Ok(None),
            Err(Stop::Refused(e)) => Err(PeekError::NotXml(*e)),
            Err(Stop::Handler(Enough::Seen)) => {
                let version = self.look.version.ok_or(PeekError::NotSoap)?;
                let action = self.look.action.take().map(|a| a.trim().to_owned());
                Ok(Some(Peeked { version, body: self.look.body.take(), wsa_action: action }))
            }
            Err(Stop::Handler(Enough::NotSoap)) => Err(PeekError::NotSoap),
            Err(Stop::Handler(Enough::OtherVersion)) => Err(PeekError::OtherVersion),
        }
    }
}

/// Looks into a whole envelope; what stands after the first child of the Body is not read.
///
/// # Errors
/// As [`Peek::feed`] and [`Peek::finish`].
pub fn peek(envelope: &[u8], limits: Limits, charset: Option<&str>) -> Result<Peeked, PeekError> {
    let mut peek = Peek::new(limits, charset);
    match peek.feed(envelope)? {
        Some(peeked) => Ok(peeked),
        None => peek.finish(),
    }
}

/// Why the look ends.
#[derive(Debug)]
enum Enough {
    Seen,
    NotSoap,
    OtherVersion,
}

/// The look itself.
#[derive(Debug, Default)]
struct Look {
    version: Option<SoapVersion>,
    depth: u32,
    in_header: bool,
    in_body: bool,
    in_action: bool,
    action: Option<String>,
    body: Option<QName>,
}

/// The versions of WS-Addressing whose Action is understood.
const ADDRESSING: [&str; 3] =
    [ns::WSA10, "http://schemas.xmlsoap.org/ws/2004/08/addressing", "http://schemas.xmlsoap.org/ws/2003/03/addressing"];

impl Handler for Look {
    type Error = Enough;

    fn start(&mut self, tag: &StartTag<'_>) -> Result<(), Enough> {
        self.depth += 1;
        match self.depth {
            1 => {
                self.version = Some(match (tag.local(), tag.uri()) {
                    ("Envelope", ns::SOAP11) => SoapVersion::Soap11,
                    ("Envelope", ns::SOAP12) => SoapVersion::Soap12,
                    ("Envelope", uri) if !uri.is_empty() => return Err(Enough::OtherVersion),
                    _ => return Err(Enough::NotSoap),
                });
            }
            2 => {
                let is_soap = matches!(tag.uri(), ns::SOAP11 | ns::SOAP12);
                self.in_header = is_soap && tag.local() == "Header";
                self.in_body = is_soap && tag.local() == "Body";
            }
            3 if self.in_body => {
                self.body = Some(QName::new(tag.uri(), tag.local()));
                return Err(Enough::Seen);
            }
            3 => {
                self.in_action = self.in_header && tag.local() == "Action" && ADDRESSING.contains(&tag.uri());
                if self.in_action && self.action.is_none() {
                    self.action = Some(String::new());
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Enough> {
        if let Some(action) = self.action.as_mut().filter(|a| self.in_action && self.depth == 3 && a.len() + text.len() <= MAX_ACTION_BYTES)
        {
            action.push_str(text);
        }
        Ok(())
    }

    fn end(&mut self, _scope: &Namespaces) -> Result<(), Enough> {
        if self.depth == 2 && self.in_body {
            return Err(Enough::Seen);
        }
        if self.depth == 3 {
            self.in_action = false;
        }
        self.depth -= 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str) -> Result<Peeked, PeekError> {
        peek(text.as_bytes(), Limits::message(), None)
    }

    #[test]
    fn the_first_child_and_the_action_are_seen() {
        let text = r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header><x/><a:Action xmlns:a="http://www.w3.org/2005/08/addressing"> urn:act
            </a:Action></s:Header><s:Body> <q:Op xmlns:q="urn:q"><broken"#;
        let expected =
            Peeked { version: SoapVersion::Soap12, body: Some(QName::new("urn:q", "Op")), wsa_action: Some("urn:act".to_owned()) };
        assert_eq!(look(text), Ok(expected));
    }

    #[test]
    fn empty_bodies_and_what_is_no_envelope() {
        let soap = |inner: &str| format!(r#"<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">{inner}</s:Envelope>"#);
        assert_eq!(look(&soap("<s:Body/>")), Ok(Peeked { version: SoapVersion::Soap11, body: None, wsa_action: None }));
        assert_eq!(look(&soap("<s:Header/>")), Err(PeekError::NoBody));
        assert_eq!(look("<html/>"), Err(PeekError::NotSoap));
        assert_eq!(look("<Envelope xmlns='urn:x'/>"), Err(PeekError::OtherVersion));
        assert!(matches!(look("no XML"), Err(PeekError::NotXml(_))));
    }
}

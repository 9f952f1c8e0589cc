//! What the gateway must know of a raw SOAP request: its version, its WS-Addressing action, the first child of its Body.
//!
//! A handler of the gate; it keeps nothing else, so memory does not grow with the message.

use std::convert::Infallible;

use crate::mediate::security::Scout;
use crate::plan::node::SoapVersion;
use crate::xml::gate::{Handler, Namespaces, StartTag};
use crate::xml::{QName, ns};

/// Bytes of an action.
const ACTION_BYTES: usize = 4096;
/// The versions of WS-Addressing; the older two are still spoken.
const ADDRESSING: [&str; 3] =
    [ns::WSA10, "http://schemas.xmlsoap.org/ws/2004/08/addressing", "http://schemas.xmlsoap.org/ws/2003/03/addressing"];

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Finder {
    depth: usize,
    place: Place,
    /// The envelope's version; `None` after the root: it is no envelope.
    pub(super) version: Option<SoapVersion>,
    /// Every `wsa:Action`: which of several the upstream believes is not known.
    pub(super) actions: Vec<String>,
    /// What the Body begins with, once that is known.
    pub(super) found: Option<First>,
    /// Where the Header is, and what is in it.
    pub(super) scout: Scout,
}

/// What a Body begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum First {
    /// The root is no SOAP envelope, or its children are not Header and Body.
    NotSoap,
    /// Nothing.
    Empty,
    /// This element.
    Element(QName),
    /// `xenc:EncryptedData`.
    Encrypted,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Root,
    Envelope,
    Header,
    Action,
    Body,
    Done,
}

impl Handler for Finder {
    type Error = Infallible;

    fn start(&mut self, tag: &StartTag<'_>) -> Result<(), Infallible> {
        self.scout.start(tag);
        self.depth += 1;
        match (self.place, self.depth) {
            (Place::Root, 1) => {
                self.version = match (tag.uri(), tag.local()) {
                    (ns::SOAP11, "Envelope") => Some(SoapVersion::Soap11),
                    (ns::SOAP12, "Envelope") => Some(SoapVersion::Soap12),
                    _ => None,
                };
                self.place = if self.version.is_some() { Place::Envelope } else { self.finish(First::NotSoap) };
            }
            (Place::Envelope, 2) => {
                let is_soap = matches!(tag.uri(), ns::SOAP11 | ns::SOAP12);
                self.place = match tag.local() {
                    "Header" if is_soap => Place::Header,
                    "Body" if is_soap => Place::Body,
                    _ => self.finish(First::NotSoap),
                };
            }
            (Place::Header, 3) if tag.local() == "Action" && ADDRESSING.contains(&tag.uri()) => {
                self.actions.push(String::new());
                self.place = Place::Action;
            }
            (Place::Body, 3) => {
                let first =
                    if tag.is(ns::XENC, "EncryptedData") { First::Encrypted } else { First::Element(QName::new(tag.uri(), tag.local())) };
                self.place = self.finish(first);
            }
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Infallible> {
        let is_action = self.place == Place::Action && self.depth == 3;
        if let Some(action) = self.actions.last_mut().filter(|a| is_action && a.len() + text.len() <= ACTION_BYTES) {
            action.push_str(text);
        }
        Ok(())
    }

    fn end(&mut self, _scope: &Namespaces) -> Result<(), Infallible> {
        self.scout.end();
        match (self.place, self.depth) {
            (Place::Action, 3) => self.place = Place::Header,
            (Place::Header, 2) => self.place = Place::Envelope,
            (Place::Body, 2) => self.place = self.finish(First::Empty),
            (Place::Envelope, 1) => self.place = self.finish(First::NotSoap),
            _ => {}
        }
        self.depth -= 1;
        Ok(())
    }
}

impl Finder {
    fn finish(&mut self, first: First) -> Place {
        self.found = Some(first);
        Place::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::Limits;
    use crate::xml::gate::Gate;

    fn find(text: &str) -> (Option<First>, Option<String>) {
        let (found, actions) = find_all(text);
        (found, actions.last().cloned())
    }

    fn find_all(text: &str) -> (Option<First>, Vec<String>) {
        let mut finder = Finder::default();
        let mut gate = Gate::new(Limits::message(), None);
        for byte in text.as_bytes().chunks(1) {
            gate.feed(byte, &mut finder).unwrap();
        }
        gate.finish(&mut finder).unwrap();
        (finder.found, finder.actions.iter().map(|a| a.trim().to_owned()).collect())
    }

    #[test]
    fn no_action_hides_behind_another() {
        let action = |text: &str, ns: &str| format!("<w:Action xmlns:w='{ns}'>{text}</w:Action>");
        let header = format!("<e:Header>{}{}</e:Header>", action("urn:a", ns::WSA10), action("urn:b", ADDRESSING[1]));
        let text = format!("<e:Envelope xmlns:e='{}'>{header}<e:Body/></e:Envelope>", ns::SOAP11);
        assert_eq!(find_all(&text).1, ["urn:a", "urn:b"]);
    }

    #[test]
    fn the_first_child_is_found() {
        let soap = |header: &str, body: &str| format!("<e:Envelope xmlns:e='{}'>{header}<e:Body> {body}</e:Body></e:Envelope>", ns::SOAP11);
        let element = First::Element(QName::new("urn:a", "Op"));
        assert_eq!(find(&soap("", "<Op xmlns='urn:a'><x/></Op><y/>")), (Some(element.clone()), None));
        assert_eq!(find(&soap("", "<!-- nothing -->")), (Some(First::Empty), None));
        assert_eq!(find(&soap("", &format!("<x:EncryptedData xmlns:x='{}'/>", ns::XENC))), (Some(First::Encrypted), None));
        let header = format!("<e:Header><h><Action/></h><w:Action xmlns:w='{}'> urn:a/Op </w:Action></e:Header>", ns::WSA10);
        assert_eq!(find(&soap(&header, "<Op xmlns='urn:a'/>")), (Some(element), Some(String::from("urn:a/Op"))));
        assert_eq!(find("<html><body/></html>"), (Some(First::NotSoap), None));
        assert_eq!(find(&format!("<Envelope xmlns='{}'/>", ns::SOAP12)), (Some(First::NotSoap), None));
    }
}

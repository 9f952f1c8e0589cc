//! WS-Addressing: the message addressing properties of a request (WS-Addressing 1.0 Core, section 3.2; SOAP Binding, section 3).

use std::fmt::Write;

use super::{Head, Moment, push_text};
use crate::plan::asks::AddressingVersion;
use crate::xml::ns;

/// Its namespace.
fn namespace(version: AddressingVersion) -> &'static str {
    match version {
        AddressingVersion::V10 => ns::WSA10,
        AddressingVersion::Submission => ns::WSA2004,
    }
}

/// The address that stands for the HTTP reply.
fn anonymous(version: AddressingVersion) -> &'static str {
    match version {
        AddressingVersion::V10 => "http://www.w3.org/2005/08/addressing/anonymous",
        AddressingVersion::Submission => "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous",
    }
}

/// Where a message goes and what it asks.
#[derive(Debug, Clone, Copy)]
pub struct Route<'a> {
    /// `wsa:Action`: absolute.
    pub action: &'a str,
    /// `wsa:To`: what the service calls itself, usually its address.
    pub to: &'a str,
}

/// The addressing blocks of one message.
#[derive(Debug, Clone, Copy)]
pub struct Addressing<'a> {
    /// In which version.
    pub version: AddressingVersion,
    /// With which values.
    pub route: Route<'a>,
}

impl Addressing<'_> {
    /// The blocks that the envelope does not have yet. With `signed` each gets an `Id`, which is added there.
    pub(super) fn markup(&self, head: &Head, moment: &Moment, mut signed: Option<&mut Vec<String>>) -> String {
        let mut out = String::new();
        let uri = namespace(self.version);
        let mut block = |local: &str, content: &dyn Fn(&mut String)| {
            if head.addressing.iter().any(|b| b == local) {
                return;
            }
            let _infallible = write!(out, "<wsa:{local} xmlns:wsa=\"{uri}\"");
            if let Some(signed) = signed.as_deref_mut() {
                let id = moment.id(local);
                let _infallible = write!(out, " xmlns:wsu=\"{}\" wsu:Id=\"{id}\"", ns::WSU);
                signed.push(id);
            }
            out.push('>');
            content(&mut out);
            let _infallible = write!(out, "</wsa:{local}>");
        };
        block("Action", &|out| push_text(out, self.route.action));
        block("To", &|out| push_text(out, self.route.to));
        block("MessageID", &|out| {
            let _infallible = write!(out, "urn:uuid:{}", moment.uuid());
        });
        block("ReplyTo", &|out| {
            let _infallible = write!(out, "<wsa:Address>{}</wsa:Address>", anonymous(self.version));
        });
        out
    }
}

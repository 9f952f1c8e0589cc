//! What a request's `wsse:Security` header block holds, for a mock that checks it: that its parts are there, not whether they are true.

use std::convert::Infallible;

use crate::catalog::{PublishedApi, RawOperation};
use crate::plan::node::OperationPlan;
use crate::xml::gate::{Gate, Handler, Namespaces, StartTag};
use crate::xml::{Limits, ns};

/// The parts that the API's `wss` setting or the WSDL's policy wants in requests, and that this envelope, which the gate has passed, does not have.
pub(super) fn missing(
    api: &PublishedApi,
    raw: &RawOperation,
    operation: &OperationPlan,
    envelope: &[u8],
    charset: Option<&str>,
) -> Vec<&'static str> {
    let (asks, wire) = (&operation.asks, raw.wire.security.as_deref());
    let wss = api.definition.endpoint.auth.as_ref().and_then(|a| a.wss.as_ref());
    let wanted = [
        ("wsu:Timestamp", ns::WSU, "Timestamp", wire.is_some_and(|s| s.timestamp.is_some())),
        ("wsse:UsernameToken", ns::WSSE, "UsernameToken", asks.username_token.is_some() || wire.is_some_and(|s| s.username.is_some())),
        ("ds:Signature", ns::DSIG, "Signature", asks.signature.is_some() || wss.is_some_and(|w| w.signature.is_some())),
    ];
    if wanted.iter().all(|(.., is_wanted)| !is_wanted) {
        return Vec::new();
    }
    let mut found = Found::default();
    let mut gate = Gate::new(Limits::message_of(envelope.len() as u64), charset);
    if gate.feed(envelope, &mut found).is_err() || gate.finish(&mut found).is_err() {
        found.children.clear();
    }
    let has = |uri: &str, local: &str| found.children.iter().any(|(u, l)| u == uri && l == local);
    wanted.into_iter().filter(|(_, uri, local, is_wanted)| *is_wanted && !has(uri, local)).map(|(name, ..)| name).collect()
}

/// The children of the Header's `wsse:Security` blocks: namespace and local name.
#[derive(Default)]
struct Found {
    depth: usize,
    in_header: bool,
    in_security: bool,
    children: Vec<(String, String)>,
}

impl Handler for Found {
    type Error = Infallible;

    fn start(&mut self, tag: &StartTag<'_>) -> Result<(), Infallible> {
        self.depth += 1;
        match self.depth {
            2 => self.in_header = tag.local() == "Header",
            3 => self.in_security = self.in_header && tag.is(ns::WSSE, "Security"),
            4 if self.in_security => self.children.push((tag.uri().to_owned(), tag.local().to_owned())),
            _ => {}
        }
        Ok(())
    }

    fn text(&mut self, _: &str) -> Result<(), Infallible> {
        Ok(())
    }

    fn end(&mut self, _: &Namespaces) -> Result<(), Infallible> {
        self.depth = self.depth.saturating_sub(1);
        Ok(())
    }
}

//! What a request's `wsse:Security` header block holds, for a mock that checks it: that its parts are there, not whether they are true.

use std::convert::Infallible;

use crate::catalog::{PublishedApi, RawOperation};
use crate::plan::node::OperationPlan;
use crate::xml::gate::{Gate, GateError, Handler, Namespaces, StartTag, Stop};
use crate::xml::{Limits, ns};

/// The parts that the API's `wss` setting or the WSDL's policy wants in requests, and that this envelope does not have.
///
/// # Errors
/// It is no XML: of an envelope only the beginning was read before.
pub(super) fn missing(
    api: &PublishedApi,
    raw: &RawOperation,
    operation: &OperationPlan,
    envelope: &[u8],
    charset: Option<&str>,
) -> Result<Vec<&'static str>, GateError> {
    let (asks, wire) = (&operation.asks, raw.wire.security.as_deref());
    let wss = api.definition.endpoint.auth.as_ref().and_then(|a| a.wss.as_ref());
    let wanted = [
        wire.is_some_and(|s| s.timestamp.is_some()),
        asks.username_token.is_some() || wire.is_some_and(|s| s.username.is_some()),
        asks.signature.is_some() || wss.is_some_and(|w| w.signature.is_some()),
    ];
    if !wanted.contains(&true) {
        return Ok(Vec::new());
    }
    let mut found = Found::default();
    let mut gate = Gate::new(Limits::message_of(envelope.len() as u64), charset);
    gate.feed(envelope, &mut found).and_then(|()| gate.finish(&mut found)).map_err(|stop| match stop {
        Stop::Refused(e) => e,
        Stop::Handler(never) => match never {},
    })?;
    let parts = PARTS.iter().zip(wanted).zip(found.parts);
    Ok(parts.filter(|((_, is_wanted), has)| *is_wanted && !has).map(|(((name, ..), _), _)| *name).collect())
}

/// What is looked for: its name in words, its namespace and its local name.
const PARTS: [(&str, &str, &str); 3] =
    [("wsu:Timestamp", ns::WSU, "Timestamp"), ("wsse:UsernameToken", ns::WSSE, "UsernameToken"), ("ds:Signature", ns::DSIG, "Signature")];

/// Which of the [`PARTS`] are children of the Header's `wsse:Security` blocks.
#[derive(Default)]
struct Found {
    depth: usize,
    in_header: bool,
    in_security: bool,
    parts: [bool; 3],
}

impl Handler for Found {
    type Error = Infallible;

    fn start(&mut self, tag: &StartTag<'_>) -> Result<(), Infallible> {
        self.depth += 1;
        match self.depth {
            2 => self.in_header = tag.is(ns::SOAP11, "Header") || tag.is(ns::SOAP12, "Header"),
            3 => self.in_security = self.in_header && tag.is(ns::WSSE, "Security"),
            4 if self.in_security => {
                for (has, (_, uri, local)) in self.parts.iter_mut().zip(PARTS) {
                    *has |= tag.is(uri, local);
                }
            }
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

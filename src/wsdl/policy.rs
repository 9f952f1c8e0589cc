//! What policies ask of the requests of an operation: WS-Policy 1.2 and 1.5, read for the alternative that Castile can satisfy.

use std::collections::HashMap;
use std::sync::Arc;

use super::model::{BindingId, Definitions, Port, Service};
use crate::diagnostic::Span;
use crate::xml::QName;

/// So many assertions of one kind are kept of one policy: each place that refers to it keeps them too.
pub(super) const MAX_KEPT: usize = 64;

/// What is asked. Nothing by default; what several policies ask is asked together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asks {
    /// WS-Addressing.
    pub addressing: Option<Addressing>,
    /// Transport security: what it protects needs no protection of the message.
    pub transport: bool,
    /// HTTPS.
    pub https: bool,
    /// HTTP Basic.
    pub http_basic: bool,
    /// A UsernameToken.
    pub username_token: Option<Password>,
    /// Nonce and creation time in it.
    pub nonce: bool,
    /// A Timestamp.
    pub timestamp: bool,
    /// A signature with an X.509 certificate.
    pub signature: bool,
    /// Does the policy say which parts are signed?
    pub signs_parts: bool,
    /// The Body is signed.
    pub signs_body: bool,
    /// WS-Addressing blocks are signed.
    pub signs_addressing: bool,
    /// The UsernameToken is signed.
    pub signs_username_token: bool,
    /// The certificate is signed (`sp:ProtectTokens`).
    pub signs_certificate: bool,
    /// MTOM.
    pub mtom: Mtom,
    /// An X.509 token, by itself: what it is for says the assertion around it.
    pub(super) x509: bool,
    /// Assertions that hold only where the transport protects the message.
    pub(super) by_transport: Assertions,
    /// Assertions that hold only where the transport protects the message, or it is signed.
    pub(super) by_signature: Assertions,
}

/// Versions of WS-Addressing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressing {
    /// 1.0, 2005/08.
    V10,
    /// The submission of August 2004.
    Submission,
}

/// How a UsernameToken's password is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Password {
    /// As it is.
    Text,
    /// `sp:HashPassword`.
    Hashed,
    /// `sp:NoPassword`.
    None,
}

/// Is MTOM asked for?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub enum Mtom {
    /// No.
    #[default]
    No,
    /// It may be used.
    Optional,
    /// It must be used.
    Required,
}

/// An assertion and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// Its name.
    pub name: QName,
    /// Its start tag.
    pub span: Span,
}

/// Assertions, those of shared policies shared.
pub(super) type Assertions = Vec<Arc<Assertion>>;

/// Adds those of `others` that are not among `mine`, up to [`MAX_KEPT`].
pub(super) fn keep(mine: &mut Assertions, others: &[Arc<Assertion>]) {
    for assertion in others {
        if mine.len() < MAX_KEPT && !mine.iter().any(|a| a.span == assertion.span) {
            mine.push(assertion.clone());
        }
    }
}

/// What policies ask, by the place of what they are attached to: the start tag of the service, port, binding, operation, message.
#[derive(Debug, Default)]
pub struct Policies {
    pub(super) by_subject: HashMap<Span, Asks>,
}

impl Asks {
    /// Adds what another policy asks.
    pub(super) fn add(&mut self, other: &Self) {
        self.addressing = self.addressing.or(other.addressing);
        self.username_token = match (self.username_token, other.username_token) {
            // `Text` is what is not said otherwise.
            (None | Some(Password::Text), Some(told)) => Some(told),
            (known, _) => known,
        };
        self.mtom = self.mtom.max(other.mtom);
        for (one, two) in [
            (&mut self.transport, other.transport),
            (&mut self.https, other.https),
            (&mut self.http_basic, other.http_basic),
            (&mut self.nonce, other.nonce),
            (&mut self.timestamp, other.timestamp),
            (&mut self.signature, other.signature),
            (&mut self.signs_parts, other.signs_parts),
            (&mut self.signs_body, other.signs_body),
            (&mut self.signs_addressing, other.signs_addressing),
            (&mut self.signs_username_token, other.signs_username_token),
            (&mut self.signs_certificate, other.signs_certificate),
            (&mut self.x509, other.x509),
        ] {
            *one |= two;
        }
        keep(&mut self.by_transport, &other.by_transport);
        keep(&mut self.by_signature, &other.by_signature);
    }
}

impl Definitions {
    /// What is asked of the requests of an operation of a binding: all policies of its service, port, port type, binding, operation and
    /// input message together (WS-PolicyAttachment, section 4).
    pub fn asks(&self, service: Option<&Service>, port: Option<&Port>, binding: BindingId, operation: usize) -> Asks {
        let mut asks = Asks::default();
        if self.policies.by_subject.is_empty() {
            return asks;
        }
        let subjects = self.endpoint_subjects(service, port, binding).into_iter().chain(self.operation_subjects(binding, operation));
        for asked in subjects.flatten().filter_map(|s| self.policies.by_subject.get(&s)) {
            asks.add(asked);
        }
        asks
    }

    /// Where policies of all operations of a binding at a port are attached.
    pub(super) fn endpoint_subjects(&self, service: Option<&Service>, port: Option<&Port>, binding: BindingId) -> [Option<Span>; 4] {
        let binding = self.binding(binding);
        let port_type = binding.port_type.map(|p| self.port_type(p));
        [service.map(|s| s.span), port.map(|p| p.span), Some(binding.span), port_type.map(|p| p.span)]
    }

    /// Where policies of one operation of a binding are attached.
    pub(super) fn operation_subjects(&self, binding: BindingId, operation: usize) -> [Option<Span>; 4] {
        let binding = self.binding(binding);
        let bound = binding.operations.get(operation);
        let port_type = binding.port_type.map(|p| self.port_type(p));
        let declared = port_type.zip(bound.and_then(|b| b.operation)).and_then(|(p, i)| p.operations.get(i));
        let input = declared.and_then(|d| d.input.as_ref());
        let message = input.and_then(|i| i.message).map(|m| self.message(m).span);
        [bound.map(|b| b.span), declared.map(|d| d.span), input.map(|i| i.span), message]
    }

    /// Is there a policy, or another word about addressing, that asks something?
    pub fn has_policies(&self) -> bool {
        !self.policies.by_subject.is_empty()
    }
}

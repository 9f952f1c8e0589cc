//! The assertions that Castile knows: WS-Addressing (Metadata 1.0; WSDL Binding; the policy of 2004/08), WS-SecurityPolicy 1.1 to 1.3, MTOM, and
//! Microsoft's for HTTP. What a toolkit says to itself is passed over; everything else cannot be done.

use roxmltree::Node;

use super::evaluate::{Outcome, named};
use super::{Library, is_wsp};
use crate::diagnostic::SourceId;
use crate::wsdl::policy::{Addressing, Asks, Mtom, Password};
use crate::xml::document::Unqualified as _;
use crate::xml::ns;

/// `wsaw:UsingAddressing`, in the drafts that were deployed.
const WSAW: [&str; 4] = [
    ns::WSAW,
    "http://www.w3.org/2006/02/addressing/wsdl",
    "http://www.w3.org/2005/02/addressing/wsdl",
    "http://www.w3.org/2005/03/addressing/wsdl",
];
/// `wsap:UsingAddressing`.
const WSAP: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/policy";
/// WS-SecurityPolicy 1.1, a draft of 1.2, 1.2, and what 1.3 adds.
const SECURITY: [&str; 4] = [
    "http://schemas.xmlsoap.org/ws/2005/07/securitypolicy",
    "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200512",
    "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702",
    "http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200802",
];
/// `wsoma:OptimizedMimeSerialization` and `MTOM` of the W3C's submission.
const MTOM: [&str; 3] = [
    "http://schemas.xmlsoap.org/ws/2004/09/policy/optimizedmimeserialization",
    "http://www.w3.org/2007/08/soap12-mtom-policy",
    "http://www.w3.org/ns/soap/policy/mtom",
];
/// Microsoft's assertions about HTTP.
const MICROSOFT_HTTP: &str = "http://schemas.microsoft.com/ws/06/2004/policy/http";
/// What toolkits tell themselves: key stores, tuning, management.
const TOOLKITS: [&str; 9] = [
    "http://schemas.sun.com/2006/03/wss/",
    "http://schemas.sun.com/ws/2006/05/",
    "http://java.sun.com/xml/ns/wsit/",
    "http://java.sun.com/xml/ns/metro/",
    "http://ws.apache.org/rampart/policy",
    "http://cxf.apache.org/",
    "http://www.bea.com/",
    "http://schemas.oracle.com/ws/",
    "http://jbossws.jboss.org/",
];

/// Is it an extension of WSDL that says something of addressing by standing there?
pub(super) fn is_extension(node: Node<'_, '_>) -> bool {
    let name = node.tag_name();
    name.namespace().is_some_and(|n| WSAW.contains(&n) || n == WSAP) && matches!(name.name(), "UsingAddressing" | "Anonymous")
}

impl<'d> Library<'d> {
    /// An assertion, with the policy that is nested in it.
    pub(super) fn assertion(&mut self, source: SourceId, node: Node<'d, 'd>, depth: usize) -> Outcome {
        let (uri, local) = (node.tag_name().namespace().unwrap_or(""), node.tag_name().name());
        if SECURITY.contains(&uri) {
            return self.security(source, node, depth);
        }
        if TOOLKITS.iter().any(|t| uri.starts_with(t)) {
            return Outcome::default();
        }
        let asked = match local {
            "UsingAddressing" if WSAW.contains(&uri) => addressing(Addressing::V10),
            "UsingAddressing" if uri == WSAP => addressing(Addressing::Submission),
            // Replies come with the HTTP reply: where that is forbidden nothing can be done.
            "Anonymous" if WSAW.contains(&uri) && node.text().map(str::trim) != Some("prohibited") => Asks::default(),
            "Addressing" if uri == ns::WSAM => {
                let mut outcome = self.nested(source, node, depth);
                outcome.asks.add(&addressing(Addressing::V10));
                return outcome;
            }
            "AnonymousResponses" if uri == ns::WSAM => Asks::default(),
            "OptimizedMimeSerialization" | "MTOM" if MTOM.contains(&uri) => {
                let optional = [ns::WSP12, ns::WSP15].iter().any(|n| matches!(node.attribute((*n, "Optional")), Some("true" | "1")));
                Asks { mtom: if optional { Mtom::Optional } else { Mtom::Required }, ..Asks::default() }
            }
            "BasicAuthentication" if uri == MICROSOFT_HTTP => Asks { http_basic: true, ..Asks::default() },
            _ => return Outcome::cannot(node, source),
        };
        Outcome { asks: asked, unmet: Vec::new() }
    }

    /// The policies nested in an assertion, together.
    fn nested(&mut self, source: SourceId, node: Node<'d, 'd>, depth: usize) -> Outcome {
        let mut outcome = Outcome::default();
        for policy in node.children().filter(|c| is_wsp(*c, "Policy")) {
            outcome.add(&self.operator(source, policy, depth + 1));
        }
        outcome
    }

    /// WS-SecurityPolicy. Section numbers are those of 1.2.
    fn security(&mut self, source: SourceId, node: Node<'d, 'd>, depth: usize) -> Outcome {
        let local = node.tag_name().name();
        match local {
            // What concerns replies only, or only names algorithms: nothing is asked of a request.
            "RecipientToken" | "RecipientSignatureToken" | "RecipientEncryptionToken" | "InitiatorEncryptionToken" | "AlgorithmSuite" => {
                return Outcome::default();
            }
            "SignedParts" => return signed_parts(source, node),
            // 4.2 and 4.1.2: where the transport protects everything, they hold.
            "EncryptedParts" | "EncryptedElements" | "ContentEncryptedElements" | "SignedElements" => {
                let asks = Asks { by_transport: vec![named(node, source)], ..Asks::default() };
                return Outcome { asks, unmet: Vec::new() };
            }
            "X509Token" => {
                let mut outcome = self.nested(source, node, depth);
                outcome.asks.x509 = true;
                if is_never_included(node) {
                    outcome.add(&Outcome::cannot(node, source));
                }
                return outcome;
            }
            _ => {}
        }
        let mut outcome = self.nested(source, node, depth);
        let asks = &mut outcome.asks;
        match local {
            // 7.3 to 7.5
            "TransportBinding" => asks.transport = true,
            "AsymmetricBinding" => asks.signature = true,
            // 5.4.8
            "HttpsToken" => {
                asks.https = true;
                if node.unqualified("RequireClientCertificate").is_some_and(|v| matches!(v.trim(), "true" | "1")) {
                    outcome.add(&Outcome::cannot(node, source));
                }
            }
            "HttpBasicAuthentication" => asks.http_basic = true,
            // 5.4.1
            "UsernameToken" => asks.add(&Asks { username_token: Some(Password::Text), ..Asks::default() }),
            "HashPassword" => asks.username_token = Some(Password::Hashed),
            "NoPassword" => asks.username_token = Some(Password::None),
            "Nonce" | "Created" => asks.nonce = true,
            // 6.2, 6.5
            "IncludeTimestamp" => asks.timestamp = true,
            "ProtectTokens" => asks.signs_certificate = true,
            // 8.1 to 8.7
            "SignedSupportingTokens" => asks.signs_username_token = asks.username_token.is_some(),
            "EncryptedSupportingTokens" | "SignedEncryptedSupportingTokens" => {
                asks.signs_username_token = local.starts_with("Signed") && asks.username_token.is_some();
                asks.by_transport.push(named(node, source));
            }
            "EndorsingSupportingTokens" | "SignedEndorsingSupportingTokens" if asks.x509 && asks.username_token.is_none() => {
                // Over a secure transport the certificate endorses the timestamp; else it would have to sign the signature.
                (asks.signature, asks.signs_parts, asks.timestamp) = (true, true, true);
                asks.by_transport.push(named(node, source));
            }
            "TransportToken"
            | "InitiatorToken"
            | "InitiatorSignatureToken"
            | "SupportingTokens"
            | "Layout"
            | "Strict"
            | "Lax"
            | "LaxTsFirst"
            | "Wss10"
            | "Wss11"
            | "Trust10"
            | "Trust13"
            | "OnlySignEntireHeadersAndBody"
            | "SignBeforeEncrypting"
            | "EncryptBeforeSigning"
            | "RequiredParts"
            | "RequiredElements"
            | "RequireSignatureConfirmation"
            | "RequireClientEntropy"
            | "RequireServerEntropy"
            | "WssUsernameToken10"
            | "WssUsernameToken11"
            | "WssX509V3Token10"
            | "WssX509V3Token11" => {}
            _ if local.starts_with("MustSupport") => {}
            _ => outcome.add(&Outcome::cannot(node, source)),
        }
        outcome
    }
}

fn addressing(version: Addressing) -> Asks {
    Asks { addressing: Some(version), ..Asks::default() }
}

/// 4.1.1: without children everything is signed; of header blocks only those that Castile writes can be.
fn signed_parts(source: SourceId, node: Node<'_, '_>) -> Outcome {
    let mut asks = Asks { signs_parts: true, by_signature: vec![named(node, source)], ..Asks::default() };
    let mut parts = node.children().filter(Node::is_element).peekable();
    if parts.peek().is_none() {
        (asks.signs_body, asks.signs_addressing) = (true, true);
    }
    for part in parts {
        let header = part.unqualified("Namespace").unwrap_or("");
        match part.tag_name().name() {
            "Body" => asks.signs_body = true,
            "Header" if matches!(header, ns::WSA10 | ns::WSA2004) => asks.signs_addressing = true,
            // Where the transport protects everything they are protected too.
            _ => asks.by_transport.push(named(part, source)),
        }
    }
    Outcome { asks, unmet: Vec::new() }
}

/// 5.1.1: a token that must not travel would have to be named by its issuer or its thumbprint.
fn is_never_included(node: Node<'_, '_>) -> bool {
    let included = node.attributes().find(|a| a.name() == "IncludeToken").map_or("", |a| a.value());
    included.trim().ends_with("/Never")
}

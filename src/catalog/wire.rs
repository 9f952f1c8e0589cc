//! What every request of an operation carries beside its message: the definition's settings, its secrets and what the WSDL's policies ask,
//! put together.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Credentials;
use crate::api::{self, ApiDefinition, PasswordKind, SignedPart, TokenAuth, codes};
use crate::diagnostic::{Diagnostic, Severity};
use crate::mediate::security::{Password, Security, Signature, Signer, UsernameToken};
use crate::net::secret::Secret;
use crate::plan::asks::{AddressingVersion, Asks, PasswordType, SignedParts};

/// What is put into every request of an operation.
#[derive(Debug, Clone, Default)]
pub struct Wire {
    /// The `wsse:Security` header block.
    pub security: Option<Arc<Security>>,
    /// WS-Addressing, in this version.
    pub addressing: Option<AddressingVersion>,
    /// What its `wsa:To` says; `None`: the address that is called.
    pub to: Option<Arc<str>>,
}

/// Settings and secrets of an API, from which the [`Wire`] of each operation is made.
pub(super) struct Wiring<'a> {
    definition: &'a ApiDefinition,
    credentials: &'a Credentials,
    signature: Option<Signature>,
    /// Operations that ask the same share one.
    made: HashMap<Asks, Wire>,
    /// What was said already, by its code's message.
    said: Vec<String>,
}

impl<'a> Wiring<'a> {
    /// Settings that cannot be used are errors.
    pub(super) fn new(definition: &'a ApiDefinition, credentials: &'a Credentials, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let signature = signature(definition, credentials, diagnostics);
        let header = definition.endpoint.auth.as_ref().and_then(|a| a.header.as_ref());
        if let (Some(header), Some(value)) = (header, &credentials.header)
            && value.reveal().chars().any(|c| c.is_control() && c != '\t')
        {
            let text = format!("the value of the header field `{}` has characters that no field can carry", header.name);
            diagnostics.push(Diagnostic { span: header.value.at, ..Diagnostic::error(&codes::NO_SECRET, text) });
        }
        Self { definition, credentials, signature, made: HashMap::new(), said: Vec::new() }
    }

    /// The header field of `basic` or `header`: its name in lower case and its value.
    pub(super) fn fields(&self) -> Vec<(Arc<str>, Secret)> {
        let auth = self.definition.endpoint.auth.as_ref();
        let basic = auth.and_then(|a| a.basic.as_ref()).zip(self.credentials.basic.as_ref());
        let header = auth.and_then(|a| a.header.as_ref()).zip(self.credentials.header.as_ref());
        let basic = basic.map(|(b, password)| {
            let pair = STANDARD.encode(format!("{}:{}", b.user, password.reveal()));
            (Arc::from("authorization"), Secret::new(format!("Basic {pair}")))
        });
        basic.into_iter().chain(header.map(|(h, value)| (Arc::from(h.name.as_str()), value.clone()))).collect()
    }

    /// What the requests of an operation carry that asks this. `url` is where it is called.
    pub(super) fn of(&mut self, asks: &Asks, url: &str, diagnostics: &mut Vec<Diagnostic>) -> Wire {
        self.check(asks, url, diagnostics);
        if let Some(made) = self.made.get(asks) {
            return made.clone();
        }
        let addressing = match self.definition.addressing.mode {
            api::AddressingMode::Auto => asks.addressing,
            api::AddressingMode::On => Some(asks.addressing.unwrap_or(AddressingVersion::V10)),
            api::AddressingMode::Off => None,
            api::AddressingMode::Submission => Some(AddressingVersion::Submission),
        };
        let to = self.definition.addressing.to.as_deref().map(Arc::from);
        let made = Wire { security: self.security(asks).map(Arc::new), addressing, to };
        self.made.insert(asks.clone(), made.clone());
        made
    }

    /// Says where `addressing: { to }` is for nothing: no operation's requests have WS-Addressing.
    pub(super) fn unaddressed(&self, diagnostics: &mut Vec<Diagnostic>) {
        let Some(to) = &self.definition.addressing.to else { return };
        if !self.made.is_empty() && self.made.values().all(|wire| wire.addressing.is_none()) {
            let text = format!("`addressing: {{ to: {to} }}` is never written, because the WSDL asks for WS-Addressing nowhere");
            let hint = "`mode: on` beside it writes WS-Addressing into every request, `mode: 2004` that of August 2004";
            diagnostics.push(Diagnostic::new(Severity::Warning, &codes::NOT_ADDRESSED, text).hint(hint));
        }
    }

    fn security(&self, asks: &Asks) -> Option<Security> {
        let wss = self.definition.endpoint.auth.as_ref().and_then(|a| a.wss.as_ref());
        let token = wss.and_then(|w| w.username_token.as_ref());
        let stamped = wss.and_then(|w| w.timestamp).unwrap_or(asks.timestamp);
        let security = Security {
            username: token.map(|t| self.username(t, asks)),
            timestamp: stamped.then_some(wss.map_or(api::TTL, |w| w.ttl)),
            must_understand: wss.is_none_or(|w| w.must_understand),
            signature: self.signature.clone().map(|s| Signature { parts: self.parts(asks), ..s }),
        };
        let is_empty = security.username.is_none() && security.timestamp.is_none() && security.signature.is_none();
        (!is_empty).then_some(security)
    }

    fn username(&self, token: &TokenAuth, asks: &Asks) -> UsernameToken {
        let kind = token.kind.unwrap_or(match asks.username_token {
            Some(PasswordType::Digest) => PasswordKind::Digest,
            Some(PasswordType::None) => PasswordKind::None,
            Some(PasswordType::Text) | None => PasswordKind::Text,
        });
        let password = match (kind, &self.credentials.token) {
            (PasswordKind::None, _) | (_, None) => Password::None,
            (PasswordKind::Text, Some(secret)) => Password::Text(secret.clone()),
            (PasswordKind::Digest, Some(secret)) => Password::Digest(secret.clone()),
        };
        UsernameToken { user: token.user.as_str().into(), password, nonce: token.nonce.unwrap_or(asks.nonce) }
    }

    fn parts(&self, asks: &Asks) -> SignedParts {
        let wss = self.definition.endpoint.auth.as_ref().and_then(|a| a.wss.as_ref());
        let chosen = wss.and_then(|w| w.signature.as_ref()).and_then(|s| s.parts.as_ref());
        let has = |part| chosen.is_some_and(|c| c.contains(&part));
        match chosen {
            None => asks.signature.unwrap_or_default(),
            Some(_) => SignedParts {
                body: has(SignedPart::Body),
                timestamp: has(SignedPart::Timestamp),
                addressing: has(SignedPart::Addressing),
                username_token: has(SignedPart::UsernameToken),
                certificate: has(SignedPart::Certificate),
            },
        }
    }

    /// What the WSDL asks and the definition does not give.
    fn check(&mut self, asks: &Asks, url: &str, diagnostics: &mut Vec<Diagnostic>) {
        let auth = self.definition.endpoint.auth.as_ref();
        let wss = auth.and_then(|a| a.wss.as_ref());
        let token = wss.and_then(|w| w.username_token.as_ref());
        let mut say = |needed: bool, what: &str, hint: &str| {
            if needed && !self.said.iter().any(|s| s == what) {
                self.said.push(what.to_owned());
                diagnostics.push(Diagnostic::new(Severity::Warning, &codes::ASKED_BY_POLICY, what).hint(hint));
            }
        };
        let kind = match asks.username_token {
            Some(PasswordType::Digest) => " with a password digest",
            Some(PasswordType::None) => " without a password",
            Some(PasswordType::Text) | None => "",
        };
        say(
            asks.username_token.is_some() && token.is_none(),
            &format!("the service asks for a UsernameToken{kind}"),
            "give one: `endpoint: { auth: { wss: { username_token: { user: …, password_env: … } } } }` in api.yaml",
        );
        let needs_key = asks.signature.is_some() && wss.and_then(|w| w.signature.as_ref()).is_none();
        say(
            needs_key,
            "the service asks for messages signed with an X.509 certificate",
            "give one: `endpoint: { auth: { wss: { signature: { certificate_file: …, key_file: … } } } }` in api.yaml",
        );
        let has_http =
            auth.is_some_and(|a| a.basic.is_some() || a.oauth2.is_some() || a.header.as_ref().is_some_and(|h| h.name == "authorization"));
        say(
            asks.http_basic && !has_http,
            "the service asks for HTTP Basic authentication",
            "give it: `endpoint: { auth: { basic: { user: …, password_env: … } } }` in api.yaml",
        );
        say(
            asks.https && url.starts_with("http://"),
            "the service asks for HTTPS, and its address is http",
            "give the https address: `endpoint: { url: https://… }` in api.yaml",
        );
    }
}

/// The key and its certificate, checked.
fn signature(definition: &ApiDefinition, credentials: &Credentials, diagnostics: &mut Vec<Diagnostic>) -> Option<Signature> {
    let setting = definition.endpoint.auth.as_ref()?.wss.as_ref()?.signature.as_ref()?;
    let (certificate, key) = (credentials.certificate.as_ref()?, credentials.key.as_ref()?);
    match Signer::new(certificate.reveal(), key) {
        Ok(signer) => Some(Signature { signer: Arc::new(signer), parts: SignedParts::default() }),
        Err(error) => {
            let text = format!("messages cannot be signed: {error}");
            diagnostics.push(Diagnostic { span: setting.key.at, ..Diagnostic::error(&codes::NO_SECRET, text) });
            None
        }
    }
}

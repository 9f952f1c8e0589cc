//! `endpoint.auth` and `addressing`: how the gateway introduces itself to the SOAP service. Secrets are named here, never held.

use std::time::Duration;

use super::login::{self, OAuth2Auth, TlsAuth};
use super::write::Flow;
use super::yaml::{Fields, File, Kind, Node};
use super::{codes, units};
use crate::diagnostic::{Diagnostic, Span};
use crate::net::fields;

/// How long a `wsu:Timestamp` is good by default: 5 minutes, as most stacks have it.
pub const TTL: Duration = Duration::from_secs(300);

/// Where a password is.
const PASSWORD: [&str; 3] = ["password_env", "password_file", "secret"];
/// Where a certificate is.
pub(super) const CERTIFICATE: [&str; 3] = ["certificate_env", "certificate_file", "certificate_secret"];
/// Where its key is.
pub(super) const KEY: [&str; 3] = ["key_env", "key_file", "key_secret"];

/// `endpoint.auth`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Auth {
    /// `basic: { user, password_env | password_file | secret }`.
    pub basic: Option<BasicAuth>,
    /// `header: { name, value_env | value_file | secret }`.
    pub header: Option<HeaderAuth>,
    /// `oauth2`.
    pub oauth2: Option<OAuth2Auth>,
    /// `tls`.
    pub tls: Option<TlsAuth>,
    /// `wss`.
    pub wss: Option<Wss>,
}

/// HTTP Basic (RFC 7617).
#[derive(Debug, Clone, PartialEq)]
pub struct BasicAuth {
    /// Who.
    pub user: String,
    /// The password.
    pub password: SecretRef,
}

/// A header field of a fixed value.
#[derive(Debug, Clone, PartialEq)]
pub struct HeaderAuth {
    /// Its name, in lower case.
    pub name: String,
    /// Its value.
    pub value: SecretRef,
}

/// `wss`: WS-Security. What is `None` is as the WSDL's policy asks.
#[derive(Debug, Clone, PartialEq)]
pub struct Wss {
    /// `username_token`.
    pub username_token: Option<TokenAuth>,
    /// `timestamp: true | false`.
    pub timestamp: Option<bool>,
    /// `ttl`: how long a message is good; default 5 min.
    pub ttl: Duration,
    /// `signature`.
    pub signature: Option<SignatureAuth>,
    /// `must_understand`; default true.
    pub must_understand: bool,
}

/// `username_token: { user, password_env | password_file | secret, type, nonce }`.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenAuth {
    /// Who.
    pub user: String,
    /// The password; `None` only with `type: none`.
    pub password: Option<SecretRef>,
    /// `type: text | digest | none`; `None`: as the policy asks, else text.
    pub kind: Option<PasswordKind>,
    /// `nonce`: nonce and time of creation also beside a password in text; `None`: as the policy asks, else not.
    pub nonce: Option<bool>,
}

/// How the password of a UsernameToken is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordKind {
    /// As it is.
    Text,
    /// As a digest with nonce and time.
    Digest,
    /// Not at all.
    None,
}

/// `signature: { certificate_env | certificate_file | certificate_secret, key_env | key_file | key_secret, parts }`.
#[derive(Debug, Clone, PartialEq)]
pub struct SignatureAuth {
    /// The certificate, PEM.
    pub certificate: SecretRef,
    /// Its private key, PEM.
    pub key: SecretRef,
    /// `parts`; `None`: as the policy asks, else body, timestamp and addressing.
    pub parts: Option<Vec<SignedPart>>,
}

/// What a signature covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum SignedPart {
    Body,
    Timestamp,
    Addressing,
    UsernameToken,
    /// The certificate itself.
    Certificate,
}

impl SignedPart {
    const ALL: [(&'static str, Self); 5] = [
        ("body", Self::Body),
        ("timestamp", Self::Timestamp),
        ("addressing", Self::Addressing),
        ("username_token", Self::UsernameToken),
        ("certificate", Self::Certificate),
    ];
}

/// Where a secret is.
#[derive(Debug, Clone)]
pub struct SecretRef {
    /// What holds it.
    pub source: SecretSource,
    /// Where that stands.
    pub at: Option<Span>,
}

/// Where it stands does not count.
impl PartialEq for SecretRef {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

/// What holds a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// `…_env`: an environment variable.
    Variable(String),
    /// `…_file`: a file, relative to the API's folder or absolute.
    File(String),
    /// `secret`: a secret of the tenant that the store keeps sealed, by its name.
    Sealed(String),
}

/// `addressing: MODE` or `addressing: { mode, to }`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Addressing {
    /// `mode`.
    pub mode: AddressingMode,
    /// `to`: what `wsa:To` says, an absolute URI; `None`: the address that is called.
    pub to: Option<String>,
}

/// Is WS-Addressing written, and in which version?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddressingMode {
    /// Where the WSDL or its policy asks for it, and in that version.
    #[default]
    Auto,
    /// Always, in the version that the WSDL asks for, else 1.0.
    On,
    /// Never.
    Off,
    /// Always, in that of August 2004.
    Submission,
}

impl AddressingMode {
    const WORDS: [(&'static str, Self); 4] = [("auto", Self::Auto), ("on", Self::On), ("off", Self::Off), ("2004", Self::Submission)];

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, a)| *a == self).map_or("auto", |(word, _)| word)
    }
}

impl Addressing {
    /// Reads `addressing`.
    pub(super) fn read(file: &mut File<'_>, node: &Node) -> Self {
        if !matches!(node.kind, Kind::Map(_)) {
            return Self { mode: file.word(node, &AddressingMode::WORDS).unwrap_or_default(), to: None };
        }
        let mut fields = file.fields(node);
        let mode = fields.take("mode").and_then(|n| file.word(n, &AddressingMode::WORDS)).unwrap_or_default();
        let to = fields.take("to").and_then(|n| Some((n, file.text(n)?)));
        fields.end(file);
        if let Some((at, text)) = &to {
            // A relative one would say nothing: there is no base that both sides know.
            let is_absolute = url::Url::parse(text).is_ok() && !text.chars().any(|c| c.is_control() || c.is_whitespace());
            if !is_absolute || text.len() > 2048 {
                file.wrong(at, "an absolute URI of at most 2048 bytes");
            } else if mode == AddressingMode::Off {
                file.wrong(at, "needed: with `mode: off` no `wsa:To` is written");
            }
        }
        Self { mode, to: to.map(|(_, text)| text) }
    }

    /// The value in the file.
    pub(super) fn to_flow(&self) -> String {
        let Some(to) = &self.to else { return self.mode.word().to_owned() };
        let mut map = Flow::default();
        if self.mode != AddressingMode::default() {
            map.raw("mode", self.mode.word());
        }
        map.text("to", to);
        map.end()
    }
}

/// Reads `auth`.
pub(super) fn read(file: &mut File<'_>, node: &Node) -> Auth {
    let mut fields = file.fields(node);
    let auth = Auth {
        basic: fields.take("basic").and_then(|n| basic(file, n)),
        header: fields.take("header").and_then(|n| header(file, n)),
        oauth2: fields.take("oauth2").and_then(|n| login::oauth2(file, n)),
        tls: fields.take("tls").and_then(|n| login::tls(file, n)),
        wss: fields.take("wss").map(|n| wss(file, n)),
    };
    let has_field = auth.header.as_ref().is_some_and(|h| h.name == "authorization");
    if usize::from(auth.basic.is_some()) + usize::from(auth.oauth2.is_some()) + usize::from(has_field) > 1 {
        file.wrong(node, "one of `basic`, `oauth2` and a header `authorization`");
    }
    fields.end(file);
    auth
}

fn basic(file: &mut File<'_>, node: &Node) -> Option<BasicAuth> {
    let mut fields = file.fields(node);
    let user = fields.need(file, "user").and_then(|n| Some((n, file.text(n)?)));
    let password = secret(file, &mut fields, node, PASSWORD);
    fields.end(file);
    let (at, user) = user?;
    if user.contains(':') || user.chars().any(char::is_control) {
        file.wrong(at, "a user name of HTTP Basic, which has no colon");
    }
    Some(BasicAuth { user, password: password? })
}

fn header(file: &mut File<'_>, node: &Node) -> Option<HeaderAuth> {
    let mut fields = file.fields(node);
    let name = fields.need(file, "name").and_then(|n| Some((n, file.text(n)?)));
    let value = secret(file, &mut fields, node, ["value_env", "value_file", "secret"]);
    fields.end(file);
    let (at, name) = name?;
    let name = name.to_ascii_lowercase();
    if name.len() > 100 || !fields::is_name(&name) || !fields::may_be_added(&name) {
        file.wrong(at, "the name of a header field that the call itself does not write");
    }
    Some(HeaderAuth { name, value: value? })
}

fn wss(file: &mut File<'_>, node: &Node) -> Wss {
    let mut fields = file.fields(node);
    let mut wss = Wss { username_token: None, timestamp: None, ttl: TTL, signature: None, must_understand: true };
    wss.username_token = fields.take("username_token").and_then(|n| token(file, n));
    wss.timestamp = fields.take("timestamp").and_then(|n| file.boolean(n));
    if let Some(node) = fields.take("ttl") {
        match file.text(node).and_then(|t| units::duration(&t)).filter(|d| *d >= Duration::from_secs(1)) {
            Some(ttl) => wss.ttl = ttl,
            None => file.wrong(node, "a length of time from a second to a day, such as 5m"),
        }
    }
    wss.signature = fields.take("signature").and_then(|n| signature(file, n));
    if let Some(node) = fields.take("must_understand") {
        wss.must_understand = file.boolean(node).unwrap_or(true);
    }
    fields.end(file);
    wss
}

fn token(file: &mut File<'_>, node: &Node) -> Option<TokenAuth> {
    const KINDS: [(&str, PasswordKind); 3] = [("text", PasswordKind::Text), ("digest", PasswordKind::Digest), ("none", PasswordKind::None)];
    let mut fields = file.fields(node);
    let user = fields.need(file, "user").and_then(|n| Some((n, file.text(n)?)));
    let kind = fields.take("type").and_then(|n| file.word(n, &KINDS));
    let nonce = fields.take("nonce").and_then(|n| file.boolean(n));
    let password = match kind {
        Some(PasswordKind::None) => Some(None),
        Some(PasswordKind::Text | PasswordKind::Digest) | None => secret(file, &mut fields, node, PASSWORD).map(Some),
    };
    fields.end(file);
    let (at, user) = user?;
    if user.is_empty() || !user.chars().all(crate::xml::writer::is_xml_char) {
        file.wrong(at, "a user name in characters that XML has");
    }
    Some(TokenAuth { user, password: password?, kind, nonce })
}

fn signature(file: &mut File<'_>, node: &Node) -> Option<SignatureAuth> {
    let mut fields = file.fields(node);
    let certificate = secret(file, &mut fields, node, CERTIFICATE);
    let key = secret(file, &mut fields, node, KEY);
    let parts = fields.take("parts").map(|n| {
        let parts: Vec<SignedPart> = file.list(n).iter().filter_map(|item| file.word(item, &SignedPart::ALL)).collect();
        if parts.is_empty() {
            file.wrong(n, "a list of body, timestamp, addressing, username_token, certificate");
        }
        parts
    });
    fields.end(file);
    Some(SignatureAuth { certificate: certificate?, key: key?, parts })
}

/// Where the name of a secret leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Variable,
    File,
    Sealed,
}

impl Place {
    /// In the order of the keys of [`secret`].
    pub(super) const ALL: [Self; 3] = [Self::Variable, Self::File, Self::Sealed];
}

/// One of three keys that say where a secret is: variable, file, sealed. A secret itself is never a value.
pub(super) fn secret(file: &mut File<'_>, fields: &mut Fields<'_>, node: &Node, keys: [&'static str; 3]) -> Option<SecretRef> {
    let mut found = keys.into_iter().zip(Place::ALL).filter_map(|(key, place)| Some((fields.take(key)?, place)));
    let (Some((at, place)), None) = (found.next(), found.next()) else {
        let [variable, path, sealed] = keys;
        file.wrong(node, &format!("a map with one of `{variable}`, `{path}` and `{sealed}`"));
        return None;
    };
    let source = secret_source(file, at, place)?;
    Some(SecretRef { source, at: Some(file.span(at)) })
}

/// The name of a variable, the path of a file, or the name of a sealed secret.
pub(super) fn secret_source(file: &mut File<'_>, found: &Node, place: Place) -> Option<SecretSource> {
    let text = file.text(found)?;
    let is_word = |more: &[u8]| text.bytes().all(|b| b.is_ascii_alphanumeric() || more.contains(&b));
    let (fits, what) = match place {
        Place::Variable => ((1..=4096).contains(&text.len()) && is_word(b"_.-"), "the name of an environment variable"),
        Place::File => ((1..=4096).contains(&text.len()) && !text.chars().any(char::is_control), "the path of a file"),
        Place::Sealed => ((1..=64).contains(&text.len()) && is_word(b"_.-"), "the name of a sealed secret"),
    };
    if !fits {
        // What is written here by mistake may be the secret itself: it is not repeated.
        let at = file.span(found);
        file.diagnostics.push(Diagnostic::error(&codes::WRONG_VALUE, format!("this is not {what}")).at(at).expected(what));
        return None;
    }
    Some(match place {
        Place::Variable => SecretSource::Variable(text),
        Place::File => SecretSource::File(text),
        Place::Sealed => SecretSource::Sealed(text),
    })
}

impl Auth {
    /// The value in the file, in flow style.
    pub(super) fn to_flow(&self) -> String {
        let mut map = Flow::default();
        if let Some(basic) = &self.basic {
            let mut inner = Flow::default();
            inner.text("user", &basic.user);
            inner.secret("password", &basic.password);
            map.raw("basic", &inner.end());
        }
        if let Some(header) = &self.header {
            let mut inner = Flow::default();
            inner.text("name", &header.name);
            inner.secret("value", &header.value);
            map.raw("header", &inner.end());
        }
        if let Some(oauth2) = &self.oauth2 {
            map.raw("oauth2", &oauth2.to_flow());
        }
        if let Some(tls) = &self.tls {
            map.raw("tls", &tls.to_flow());
        }
        if let Some(wss) = &self.wss {
            map.raw("wss", &wss.to_flow());
        }
        map.end()
    }
}

impl Wss {
    fn to_flow(&self) -> String {
        let mut map = Flow::default();
        if let Some(token) = &self.username_token {
            let mut inner = Flow::default();
            inner.text("user", &token.user);
            if let Some(password) = &token.password {
                inner.secret("password", password);
            }
            match token.kind {
                Some(PasswordKind::Text) => inner.raw("type", "text"),
                Some(PasswordKind::Digest) => inner.raw("type", "digest"),
                Some(PasswordKind::None) => inner.raw("type", "none"),
                None => {}
            }
            if let Some(nonce) = token.nonce {
                inner.raw("nonce", &nonce.to_string());
            }
            map.raw("username_token", &inner.end());
        }
        if let Some(timestamp) = self.timestamp {
            map.raw("timestamp", &timestamp.to_string());
        }
        if self.ttl != TTL {
            map.raw("ttl", &units::say_duration(self.ttl));
        }
        if let Some(signature) = &self.signature {
            let mut inner = Flow::default();
            inner.secret("certificate", &signature.certificate);
            inner.secret("key", &signature.key);
            if let Some(parts) = &signature.parts {
                let words: Vec<&str> = SignedPart::ALL.iter().filter(|(_, p)| parts.contains(p)).map(|(word, _)| *word).collect();
                inner.raw("parts", &format!("[{}]", words.join(", ")));
            }
            map.raw("signature", &inner.end());
        }
        if !self.must_understand {
            map.raw("must_understand", "false");
        }
        map.end()
    }
}

impl Flow {
    pub(super) fn secret(&mut self, key: &str, secret: &SecretRef) {
        match &secret.source {
            SecretSource::Variable(name) => self.text(&format!("{key}_env"), name),
            SecretSource::File(path) => self.text(&format!("{key}_file"), path),
            // Where a map has one secret alone, the word says enough.
            SecretSource::Sealed(name) => match key {
                "password" | "value" | "client_secret" => self.text("secret", name),
                _ => self.text(&format!("{key}_secret"), name),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::api::ApiDefinition;
    use crate::diagnostic::SourceId;

    fn parse(more: &str) -> Result<ApiDefinition, Vec<String>> {
        let text = format!("version: 1\napi: {{ name: X }}\nsource: {{ wsdl: a.wsdl }}\n{more}\n");
        let (definition, diagnostics) = ApiDefinition::parse(SourceId(0), &text);
        definition.ok_or_else(|| diagnostics.into_iter().map(|d| d.message).collect())
    }

    #[test]
    fn what_is_written_comes_back() {
        let all = [
            "basic: { user: svc, password_env: PW }",
            "header: { name: X-Api-Key, value_file: \"/run/secrets/a key\" }",
            "basic: { user: \"a b\", password_file: pw }, wss: { timestamp: false }",
            "wss: { username_token: { user: \"j\u{e4}n\", password_env: PW, type: digest }, timestamp: true, ttl: 90s, must_understand: false }",
            "wss: { username_token: { user: u, type: none, nonce: true } }",
            "wss: { signature: { certificate_file: c.pem, key_env: KEY, parts: [body, certificate] } }",
            "wss: { signature: { certificate_env: C, key_file: k.pem } }",
            "basic: { user: u, secret: orders.pw }, wss: { signature: { certificate_secret: c, key_secret: k } }",
            "header: { name: x-key, secret: k-1 }, wss: { username_token: { user: u, secret: pw } }",
        ];
        let modes = ["auto", "on", "off", "2004", "{ to: \"urn:orders:main\" }", "{ mode: 2004, to: \"https://x/y?z=1\" }"];
        for (auth, addressing) in all.iter().zip(modes.iter().cycle()) {
            let definition = parse(&format!("addressing: {addressing}\nendpoint: {{ auth: {{ {auth} }} }}")).unwrap();
            let text = definition.to_yaml(&[]);
            let (again, diagnostics) = ApiDefinition::parse(SourceId(0), &text);
            assert_eq!(again.unwrap_or_else(|| panic!("{diagnostics:?}\n{text}")), definition, "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_said_and_no_secret_repeated() {
        let table = [
            ("basic: { user: u }", "one of `password_env`, `password_file` and `secret`"),
            ("basic: { user: u, secret: \"hunter2 !\" }", "this is not the name of a sealed secret"),
            ("basic: { user: u, secret: a, password_env: P }", "one of `password_env`, `password_file` and `secret`"),
            ("basic: { user: \"a:b\", password_env: P }", "has no colon"),
            ("basic: { user: u, password_env: P, password_file: p }", "one of `password_env`, `password_file` and `secret`"),
            ("basic: { user: u, password: hunter2 }", "one of `password_env`, `password_file` and `secret`"),
            ("basic: { user: u, password_env: \"hunter2!\" }", "this is not the name of an environment variable"),
            ("header: { name: Content-Type, value_env: V }", "that the call itself does not write"),
            ("header: { name: \"a b\", value_env: V }", "that the call itself does not write"),
            (
                "basic: { user: u, password_env: P }, header: { name: Authorization, value_env: V }",
                "one of `basic`, `oauth2` and a header `authorization`",
            ),
            ("wss: { username_token: { user: u, password_env: P, type: hash } }", "one of text, digest, none"),
            ("wss: { username_token: { user: u, type: none, password_env: P } }", "unknown key `password_env`"),
            ("wss: { ttl: 500ms }", "a length of time from a second to a day"),
            ("wss: { signature: { certificate_file: c, key_file: k, parts: [] } }", "a list of body"),
            ("wss: { signature: { certificate_file: c } }", "one of `key_env`, `key_file` and `key_secret`"),
            ("wsse: {}", "unknown key `wsse`"),
        ];
        for (auth, expected) in table {
            let said = parse(&format!("endpoint: {{ auth: {{ {auth} }} }}")).unwrap_err();
            assert!(said.iter().any(|s| s.contains(expected)), "{auth}: {said:?}");
            assert!(!said.iter().any(|s| s.contains("hunter2")), "{auth}: {said:?}");
        }
        for addressing in
            ["2005", "true", "[on]", "{ mode: on, to: /orders }", "{ to: \"urn:a\\nb\" }", "{ to: \"a b\" }", "{ mode: off, to: urn:a }"]
        {
            assert!(parse(&format!("addressing: {addressing}")).is_err(), "{addressing}");
        }
    }
}

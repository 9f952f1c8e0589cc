//! `endpoint.auth.oauth2` and `endpoint.auth.tls`: the log-ins that are more than a field of each request. Secrets are named here, never held.

use super::auth::{CERTIFICATE, KEY, SecretRef, secret};
use super::read::is_http;
use super::write::Flow;
use super::yaml::{File, Node};

/// Where authorities are.
const CA: [&str; 3] = ["ca_env", "ca_file", "ca_secret"];
/// The longest text of a client: its id, scopes, audience, in bytes.
const MAX_TEXT: usize = 2048;

/// `oauth2: { token_url, client_id, client_secret_env | client_secret_file | secret, scope, audience, credentials }`: the client credentials grant
/// (RFC 6749, section 4.4).
#[derive(Debug, Clone, PartialEq)]
pub struct OAuth2Auth {
    /// `token_url`: where tokens are asked for, http or https.
    pub token_url: String,
    /// `client_id`: who asks.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretRef,
    /// `scope`: the scopes that are asked for, with spaces between them; `None`: what the server gives by itself.
    pub scope: Option<String>,
    /// `audience`: what some servers want to know besides.
    pub audience: Option<String>,
    /// `credentials`: where id and secret stand.
    pub credentials: ClientCredentials,
}

/// How a client says who it is (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientCredentials {
    /// `header`: HTTP Basic.
    #[default]
    Header,
    /// `body`: in the form.
    Body,
}

impl ClientCredentials {
    const WORDS: [(&'static str, Self); 2] = [("header", Self::Header), ("body", Self::Body)];
}

/// `tls: { certificate_env | certificate_file | certificate_secret, key_…, ca_… }`. One of certificate and authority is there, and a key beside
/// each certificate.
#[derive(Debug, Clone, PartialEq)]
pub struct TlsAuth {
    /// The client certificate and what is between it and its authority, with its key, PEM.
    pub identity: Option<(SecretRef, SecretRef)>,
    /// Authorities that are trusted besides the platform's, PEM.
    pub ca: Option<SecretRef>,
}

/// Reads `oauth2`.
pub(super) fn oauth2(file: &mut File<'_>, node: &Node) -> Option<OAuth2Auth> {
    let mut fields = file.fields(node);
    let token_url = fields.need(file, "token_url").and_then(|n| {
        let url = file.text(n)?;
        if !is_http(&url) || url::Url::parse(&url).is_err() {
            file.wrong(n, "an address that begins with http:// or https://, without user and password");
            return None;
        }
        Some(url)
    });
    let client_id = fields.need(file, "client_id").and_then(|n| plain(file, n));
    let client_secret = secret(file, &mut fields, node, ["client_secret_env", "client_secret_file", "secret"]);
    let scope = fields.take("scope").and_then(|n| plain(file, n));
    let audience = fields.take("audience").and_then(|n| plain(file, n));
    let credentials = fields.take("credentials").and_then(|n| file.word(n, &ClientCredentials::WORDS)).unwrap_or_default();
    fields.end(file);
    Some(OAuth2Auth { token_url: token_url?, client_id: client_id?, client_secret: client_secret?, scope, audience, credentials })
}

fn plain(file: &mut File<'_>, node: &Node) -> Option<String> {
    let text = file.text(node)?;
    if text.is_empty() || text.len() > MAX_TEXT || text.chars().any(char::is_control) {
        file.wrong(node, &format!("a text of 1 to {MAX_TEXT} bytes without control characters"));
        return None;
    }
    Some(text)
}

/// Reads `tls`.
pub(super) fn tls(file: &mut File<'_>, node: &Node) -> Option<TlsAuth> {
    let mut fields = file.fields(node);
    let mut certificate = None;
    let has_identity = fields.has(&[CERTIFICATE, KEY].concat());
    if has_identity {
        let chain = secret(file, &mut fields, node, CERTIFICATE);
        let key = secret(file, &mut fields, node, KEY);
        certificate = Some(chain?).zip(key);
        certificate.as_ref()?;
    }
    let has_ca = fields.has(&CA);
    let ca = if has_ca { Some(secret(file, &mut fields, node, CA)?) } else { None };
    if !has_identity && !has_ca {
        file.wrong(node, "a map with a certificate and its key, or with an authority: `certificate_file` and `key_file`, or `ca_file`");
    }
    fields.end(file);
    Some(TlsAuth { identity: certificate, ca })
}

impl OAuth2Auth {
    pub(super) fn to_flow(&self) -> String {
        let mut map = Flow::default();
        map.text("token_url", &self.token_url);
        map.text("client_id", &self.client_id);
        map.secret("client_secret", &self.client_secret);
        map.optional("scope", self.scope.as_deref());
        map.optional("audience", self.audience.as_deref());
        if self.credentials != ClientCredentials::default() {
            map.raw("credentials", "body");
        }
        map.end()
    }
}

impl TlsAuth {
    pub(super) fn to_flow(&self) -> String {
        let mut map = Flow::default();
        if let Some((certificate, key)) = &self.identity {
            map.secret("certificate", certificate);
            map.secret("key", key);
        }
        if let Some(ca) = &self.ca {
            map.secret("ca", ca);
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use crate::api::ApiDefinition;
    use crate::diagnostic::SourceId;

    fn parse(auth: &str) -> Result<ApiDefinition, Vec<String>> {
        let text = format!("version: 1\napi: {{ name: X }}\nsource: {{ wsdl: a.wsdl }}\nendpoint: {{ auth: {{ {auth} }} }}\n");
        let (definition, diagnostics) = ApiDefinition::parse(SourceId(0), &text);
        definition.ok_or_else(|| diagnostics.into_iter().map(|d| d.message).collect())
    }

    #[test]
    fn what_is_written_comes_back() {
        for auth in [
            "oauth2: { token_url: \"https://as.example.org/token\", client_id: gw, client_secret_env: CS }",
            "oauth2: { token_url: \"http://10.0.0.1/t?x=1\", client_id: \"a b\", client_secret_file: cs, scope: \"a b\", audience: \"urn:x\", credentials: body }",
            "tls: { certificate_file: c.pem, key_file: k.pem }",
            "tls: { certificate_env: C, key_env: K, ca_file: ca.pem }",
            "tls: { certificate_secret: c, key_secret: k, ca_secret: ca }",
            "oauth2: { token_url: \"https://as.example.org/token\", client_id: gw, secret: orders }",
            "tls: { ca_env: CA }, basic: { user: u, password_env: P }",
        ] {
            let definition = parse(auth).unwrap_or_else(|e| panic!("{auth}: {e:?}"));
            let (again, diagnostics) = ApiDefinition::parse(SourceId(0), &definition.to_yaml(&[]));
            assert_eq!(again.unwrap_or_else(|| panic!("{auth}: {diagnostics:?}")), definition, "{auth}");
        }
    }

    #[test]
    fn what_does_not_fit_is_said() {
        let oauth2 = |more: &str| format!("oauth2: {{ token_url: \"https://as/t\", client_id: a, {more} }}");
        for (auth, expected) in [
            (oauth2("scope: a"), "one of `client_secret_env`, `client_secret_file` and `secret`"),
            (oauth2("client_secret: hunter2"), "one of `client_secret_env`, `client_secret_file` and `secret`"),
            (oauth2("client_secret_env: S, credentials: query"), "one of header, body"),
            (oauth2("client_secret_env: S, scope: \"\""), "a text of 1 to 2048 bytes"),
            ("oauth2: { token_url: \"ftp://as/t\", client_id: a, client_secret_env: S }".into(), "begins with http://"),
            ("oauth2: { token_url: \"https://u:hunter2@as/t\", client_id: a, client_secret_env: S }".into(), "without user and password"),
            (oauth2("client_secret_env: S") + ", basic: { user: u, password_env: P }", "one of `basic`, `oauth2`"),
            (oauth2("client_secret_env: S") + ", header: { name: Authorization, value_env: P }", "one of `basic`, `oauth2`"),
            ("tls: {}".into(), "a certificate and its key, or with an authority"),
            ("tls: { certificate_file: c }".into(), "one of `key_env`, `key_file` and `key_secret`"),
            ("tls: { key_file: c, ca_file: d }".into(), "one of `certificate_env`, `certificate_file` and `certificate_secret`"),
            ("tls: { ca_file: d, ca_env: D }".into(), "one of `ca_env`, `ca_file` and `ca_secret`"),
        ] {
            let said = parse(&auth).unwrap_err();
            assert!(said.iter().any(|s| s.contains(expected)), "{auth}: {said:?}");
        }
    }
}

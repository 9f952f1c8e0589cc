//! How the gateway logs in at an API's service, where that is more than fields of each request: `endpoint.auth.oauth2` and `endpoint.auth.tls` with
//! their secrets, put together.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded::{Serializer, byte_serialize};

use super::Credentials;
use crate::api::{ApiDefinition, ClientCredentials, OAuth2Auth, codes};
use crate::diagnostic::Diagnostic;
use crate::net::secret::Secret;
use crate::net::tls::{Identity, TlsOptions, client_config};

/// What a gateway needs to log in. Prints no secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Connections of the API's own, for its service and its token endpoint; `None`: those of all.
    pub tls: Option<TlsOptions>,
    /// The token that each request carries; `None`: none.
    pub token: Option<TokenRequest>,
}

/// The request for a token (RFC 6749, section 4.4.2), ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// Where it is sent.
    pub url: Arc<str>,
    /// Its form.
    pub form: Secret,
    /// Its `Authorization`, where the client's credentials stand there.
    pub authorization: Option<Secret>,
}

/// What the definition asks for; `None`: nothing. Settings that cannot be used are errors.
pub(super) fn login(definition: &ApiDefinition, credentials: &Credentials, diagnostics: &mut Vec<Diagnostic>) -> Option<Arc<Login>> {
    let auth = definition.endpoint.auth.as_ref()?;
    let token = auth.oauth2.as_ref().zip(credentials.client.as_ref()).map(|(asked, secret)| token_request(asked, secret));
    let tls = tls(definition, credentials);
    if let Some(Err(error)) = tls.as_ref().map(client_config) {
        let at =
            auth.tls.as_ref().and_then(|t| t.identity.as_ref().map(|(certificate, _)| certificate).or(t.ca.as_ref())).and_then(|s| s.at);
        let text = format!("TLS with the service cannot be set up: {error}");
        diagnostics.push(Diagnostic { span: at, ..Diagnostic::error(&codes::NO_SECRET, text) });
    }
    (token.is_some() || tls.is_some()).then(|| Arc::new(Login { tls, token }))
}

fn tls(definition: &ApiDefinition, credentials: &Credentials) -> Option<TlsOptions> {
    definition.endpoint.auth.as_ref()?.tls.as_ref()?;
    let [certificate, key, ca] = &credentials.tls;
    let identity = certificate.as_ref().zip(key.as_ref());
    let identity = identity.map(|(c, k)| Identity { certificates_pem: c.reveal().to_owned(), key_pem: k.clone() });
    let extra_ca_pem = ca.as_ref().map(|c| c.reveal().to_owned());
    // Without secrets nothing is called.
    (identity.is_some() || extra_ca_pem.is_some()).then_some(TlsOptions { extra_ca_pem, identity })
}

fn token_request(asked: &OAuth2Auth, secret: &Secret) -> TokenRequest {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    for (name, value) in [("scope", &asked.scope), ("audience", &asked.audience)] {
        if let Some(value) = value {
            form.append_pair(name, value);
        }
    }
    let authorization = match asked.credentials {
        // Both are encoded as in a form before they are joined (RFC 6749, section 2.3.1).
        ClientCredentials::Header => {
            let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encoded(&asked.client_id), encoded(secret.reveal()));
            Some(Secret::new(format!("Basic {}", STANDARD.encode(pair))))
        }
        ClientCredentials::Body => {
            form.append_pair("client_id", &asked.client_id).append_pair("client_secret", secret.reveal());
            None
        }
    };
    TokenRequest { url: asked.token_url.as_str().into(), form: Secret::new(form.finish()), authorization }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::SourceId;

    fn definition(auth: &str) -> ApiDefinition {
        let text = format!("version: 1\napi: {{ name: X }}\nsource: {{ wsdl: a.wsdl }}\nendpoint: {{ auth: {{ {auth} }} }}\n");
        ApiDefinition::parse(SourceId(0), &text).0.unwrap()
    }

    #[test]
    fn a_request_says_who_the_client_is_as_the_standard_has_it() {
        let credentials = Credentials { client: Some(Secret::new("p:w +%")), ..Credentials::default() };
        let of = |more: &str| {
            let definition =
                definition(&format!("oauth2: {{ token_url: \"https://as/t\", client_id: \"a b\", client_secret_env: S, {more} }}"));
            login(&definition, &credentials, &mut Vec::new()).unwrap().token.clone().unwrap()
        };
        let header = of("scope: \"r w\", audience: \"urn:x\"");
        assert_eq!(header.form.reveal(), "grant_type=client_credentials&scope=r+w&audience=urn%3Ax");
        let expected = format!("Basic {}", STANDARD.encode("a+b:p%3Aw+%2B%25"));
        assert_eq!(header.authorization.unwrap().reveal(), expected);
        let body = of("credentials: body");
        assert_eq!(body.form.reveal(), "grant_type=client_credentials&client_id=a+b&client_secret=p%3Aw+%2B%25");
        assert!(body.authorization.is_none());
    }

    #[test]
    fn tls_that_cannot_be_used_is_an_error() {
        let definition = definition("tls: { ca_env: CA }");
        let mut found = Vec::new();
        let credentials = Credentials { tls: [None, None, Some(Secret::new("hunter2"))], ..Credentials::default() };
        login(&definition, &credentials, &mut found);
        assert!(found.len() == 1 && found[0].message.contains("holds no certificate"), "{found:?}");
        assert!(!format!("{credentials:?}{found:?}").contains("hunter2"));
        // Who only translates messages needs no secrets.
        assert_eq!(login(&definition, &Credentials::default(), &mut found), None);
        assert_eq!(found.len(), 1);
    }
}

//! `security`, `token`, `visibility`, `backend_authorization`, `backend_jwt`, `claims`: who may call, and what the SOAP service is told of them.

use super::yaml::{Fields, File, Node};

/// The words of `security`. Each is a scheme of the gateway, of which one is enough.
pub const SECURITY: [&str; 6] = ["none", "api_key", "oauth2", "jwt", "basic", "mtls"];
/// The words of `token`.
pub const TOKENS: [&str; 2] = ["application", "application_user"];

/// Who may call an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// `security`: schemes of which one is asked for, in words of [`SECURITY`]; default `[none]`: open.
    pub security: Vec<String>,
    /// `token`: the kind of token that is asked for, a word of [`TOKENS`]; `None`: either.
    pub token: Option<String>,
    /// `visibility`: who may read `?wsdl`, OpenAPI and the landing page.
    pub visibility: Visibility,
    /// `backend_authorization`: the caller's header field that becomes the upstream's `Authorization`, in lower case.
    pub backend_authorization: Option<String>,
    /// `backend_jwt`: is the SOAP service told who calls (`X-JWT-Assertion`)? Default true.
    pub backend_jwt: bool,
    /// `claims`: which names the claims of that token have.
    pub claims: ClaimNames,
}

/// What a resource says otherwise than its API.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResourceAccess {
    /// `security`; `None`: as the API says.
    pub security: Option<Vec<String>>,
    /// `token`; `None`: as the API says.
    pub token: Option<String>,
    /// `backend_authorization`; `None`: as the API says.
    pub backend_authorization: Option<String>,
}

/// Who may read an API's documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Visibility {
    /// Everybody.
    #[default]
    Public,
    /// Who may call it.
    Subscribers,
}

/// The names of the claims in `X-JWT-Assertion`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClaimNames {
    /// Castile's own.
    #[default]
    Castile,
    /// Also `http://wso2.org/claims/*`.
    Wso2,
}

impl Default for Access {
    fn default() -> Self {
        Self {
            security: vec!["none".to_owned()],
            token: None,
            visibility: Visibility::default(),
            backend_authorization: None,
            backend_jwt: true,
            claims: ClaimNames::default(),
        }
    }
}

impl Access {
    pub(super) fn read(file: &mut File<'_>, fields: &mut Fields<'_>) -> Self {
        let mut access = Self::default();
        let said = ResourceAccess::read(file, fields);
        access.security = said.security.unwrap_or(access.security);
        access.token = said.token;
        access.backend_authorization = said.backend_authorization;
        if let Some(node) = fields.take("visibility") {
            access.visibility =
                file.word(node, &[("public", Visibility::Public), ("subscribers", Visibility::Subscribers)]).unwrap_or_default();
        }
        if let Some(node) = fields.take("backend_jwt") {
            access.backend_jwt = file.boolean(node).unwrap_or(true);
        }
        if let Some(node) = fields.take("claims") {
            access.claims = file.word(node, &[("castile", ClaimNames::Castile), ("wso2", ClaimNames::Wso2)]).unwrap_or_default();
        }
        access
    }

    /// Keys and values that differ from the default, as they are written.
    pub(super) fn written(&self) -> Vec<(&'static str, String)> {
        let default = Self::default();
        let security = (self.security != default.security).then(|| self.security.clone());
        let common = ResourceAccess { security, token: self.token.clone(), backend_authorization: self.backend_authorization.clone() };
        let mut out = common.written();
        if self.visibility == Visibility::Subscribers {
            out.push(("visibility", "subscribers".to_owned()));
        }
        if !self.backend_jwt {
            out.push(("backend_jwt", "false".to_owned()));
        }
        if self.claims == ClaimNames::Wso2 {
            out.push(("claims", "wso2".to_owned()));
        }
        out
    }
}

impl ResourceAccess {
    pub(super) fn read(file: &mut File<'_>, fields: &mut Fields<'_>) -> Self {
        Self {
            security: fields.take("security").map(|node| security(file, node)),
            token: fields.take("token").and_then(|node| word(file, node, &TOKENS)),
            backend_authorization: fields.take("backend_authorization").and_then(|node| swapped(file, node)),
        }
    }

    pub(super) fn written(&self) -> Vec<(&'static str, String)> {
        let security = self.security.as_ref().map(|words| format!("[{}]", words.join(", ")));
        [("security", security), ("token", self.token.clone()), ("backend_authorization", self.backend_authorization.clone())]
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect()
    }
}

/// The schemes of a list; at least one, each once. `none` beside others would let everybody in.
fn security(file: &mut File<'_>, node: &Node) -> Vec<String> {
    let mut schemes: Vec<String> = Vec::new();
    for item in file.list(node) {
        if let Some(scheme) = word(file, item, &SECURITY).filter(|s| !schemes.contains(s)) {
            schemes.push(scheme);
        }
    }
    let open = schemes.iter().any(|s| s == "none");
    if schemes.is_empty() || (open && schemes.len() > 1) {
        file.wrong(node, "a list of schemes, such as [api_key, oauth2], or [none] alone");
    }
    schemes
}

fn word(file: &mut File<'_>, node: &Node, words: &[&'static str]) -> Option<String> {
    let words: Vec<_> = words.iter().map(|w| (*w, *w)).collect();
    file.word(node, &words).map(str::to_owned)
}

/// A field of the caller that may stand for `Authorization`.
fn swapped(file: &mut File<'_>, node: &Node) -> Option<String> {
    let name = file.text(node)?.to_ascii_lowercase();
    let good = name.starts_with("x-") && crate::net::fields::is_name(&name);
    if !good {
        file.wrong(node, "the name of a header field that begins with X-, such as X-Authorization");
    }
    good.then_some(name)
}

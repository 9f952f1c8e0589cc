//! Changes to `api.yaml` by the fields of a page.

use std::sync::Arc;
use std::time::Duration;

use super::Publish;
use crate::api::{
    ApiDefinition, Auth, BasicAuth, HeaderAuth, Method, PasswordKind, Resource, SecretRef, SecretSource, TokenAuth, Visibility, Wss,
};
use crate::catalog::{DEFINITION, PublishedApi, Texts};
use crate::diagnostic::SourceId;
use crate::manage::{Actor, MadeRevision, ManageError, Managed, NewRevision, WhichRevision};
use crate::store::Revision;

/// Where the list of derived resources begins that an import writes below a definition.
const DERIVED: [&str; 2] = ["# These resources come from the WSDL by themselves", "# These come from the WSDL by themselves"];

/// A row of the page of resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The method that is there.
    pub method: Method,
    /// The path that is there.
    pub path: String,
    /// The method that it is to have; `None`: it is left out.
    pub new: Option<(Method, String)>,
}

/// Where the service is, and how the gateway introduces itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Upstream {
    /// Its address; `None`: the one that the WSDL gives.
    pub url: Option<String>,
    /// The whole call.
    pub timeout: Duration,
    /// How; `None`: what is there stays.
    pub auth: Option<UpstreamAuth>,
}

/// How the gateway introduces itself. Secrets by their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UpstreamAuth {
    /// Not at all.
    None,
    /// HTTP Basic.
    Basic {
        /// Who.
        user: String,
        /// The name of the password.
        secret: String,
    },
    /// A header field.
    Header {
        /// Its name.
        name: String,
        /// The name of its value.
        secret: String,
    },
    /// A WS-Security UsernameToken.
    Token {
        /// Who.
        user: String,
        /// The name of the password.
        secret: String,
        /// Is the password sent as a digest?
        digest: bool,
    },
}

/// Who may call, on which plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Its name for people.
    pub title: String,
    /// Words of `security`.
    pub security: Vec<String>,
    /// Who may read its documents.
    pub visibility: Visibility,
    /// The plans that it is offered on; empty: all.
    pub plans: Vec<String>,
    /// Are the resources open?
    pub rest: bool,
    /// Is the raw SOAP endpoint open?
    pub passthrough: bool,
}

/// How the gateway introduces itself, as fields of a page show it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthShown {
    /// `none`, `basic`, `header`, `token`, `digest`, or `other` for what no field shows.
    pub kind: &'static str,
    /// Who.
    pub user: String,
    /// The name of the header field.
    pub header: String,
    /// The name of the secret.
    pub secret: String,
}

/// How a definition says that the gateway introduces itself.
pub fn auth_of(definition: &ApiDefinition) -> AuthShown {
    let named = |secret: &SecretRef| match &secret.source {
        SecretSource::Sealed(name) => Some(name.clone()),
        SecretSource::Variable(_) | SecretSource::File(_) => None,
    };
    let other = AuthShown { kind: "other", ..AuthShown::default() };
    let Some(auth) = &definition.endpoint.auth else { return AuthShown { kind: "none", ..AuthShown::default() } };
    let made = match (&auth.basic, &auth.header, &auth.oauth2, auth.wss.as_ref().and_then(|w| w.username_token.as_ref())) {
        (Some(basic), None, None, None) => {
            named(&basic.password).map(|secret| AuthShown { kind: "basic", user: basic.user.clone(), secret, ..AuthShown::default() })
        }
        (None, Some(header), None, None) => {
            named(&header.value).map(|secret| AuthShown { kind: "header", header: header.name.clone(), secret, ..AuthShown::default() })
        }
        (None, None, None, Some(token)) => {
            let kind = if token.kind == Some(PasswordKind::Digest) { "digest" } else { "token" };
            let secret = token.password.as_ref().and_then(named);
            secret.map(|secret| AuthShown { kind, user: token.user.clone(), secret, ..AuthShown::default() })
        }
        _ => None,
    };
    made.unwrap_or(other)
}

/// Is the text as Castile writes it, so that nothing is lost where it is written anew?
pub fn is_as_written(text: &str) -> bool {
    let Some(definition) = parsed(text) else { return false };
    let end = DERIVED.iter().filter_map(|words| text.find(words)).min().unwrap_or(text.len());
    text.get(..end).is_some_and(|own| own.trim_end() == definition.to_yaml(&[]).trim_end())
}

fn parsed(text: &str) -> Option<ApiDefinition> {
    ApiDefinition::parse(SourceId(0), text).0
}

impl Publish {
    /// The definition of a revision.
    ///
    /// # Errors
    /// It cannot be read: a server made it that is newer than this one.
    pub fn definition(revision: &Revision) -> Managed<ApiDefinition> {
        let what = || ManageError::System(format!("the definition of the API {} cannot be read", revision.name));
        parsed(&revision.content.definition.text).ok_or_else(what)
    }

    /// Makes a revision of the newest one with other texts.
    ///
    /// # Errors
    /// As [`crate::manage::Manage::put_revision`]; it is not the newest revision any more.
    pub async fn put(&self, actor: &Actor, name: &str, expected: u64, change: impl FnOnce(&mut Texts)) -> Managed<MadeRevision> {
        let latest = self.manage.revision(actor, name, WhichRevision::Latest).await?;
        if latest.number != expected {
            return Err(ManageError::Conflict);
        }
        let mut texts = latest.content.texts();
        change(&mut texts);
        self.manage.put_revision(actor, name, NewRevision { texts, expected: Some(expected), dry_run: false }).await
    }

    async fn redefine(
        &self,
        actor: &Actor,
        name: &str,
        expected: u64,
        change: impl FnOnce(&mut ApiDefinition) -> Managed<()>,
    ) -> Managed<MadeRevision> {
        let latest = self.manage.revision(actor, name, WhichRevision::Latest).await?;
        let mut definition = Self::definition(&latest)?;
        change(&mut definition)?;
        let text: Arc<str> = definition.to_yaml(&[]).into();
        self.put(actor, name, expected, |texts| _ = texts.insert(DEFINITION.to_owned(), text)).await
    }

    /// Gives resources other methods and paths, or leaves them out. `api` is the API as it is compiled now.
    ///
    /// # Errors
    /// As [`Publish::put`].
    pub async fn set_resources(&self, actor: &Actor, api: &PublishedApi, expected: u64, rows: &[Row]) -> Managed<MadeRevision> {
        let is_left_out = rows.iter().any(|r| r.new.is_none());
        self.redefine(actor, &api.name, expected, |definition| {
            let list_all = is_left_out || definition.only_listed;
            let before = std::mem::take(&mut definition.resources);
            for published in &api.resources {
                let row = rows.iter().find(|r| r.method == published.method && *r.path == *published.path);
                let there = before.iter().find(|r| r.method == published.method && *r.path == *published.path);
                let new = row.map_or_else(|| Some((published.method, published.path.to_string())), |r| r.new.clone());
                let Some((method, path)) = new else { continue };
                let is_changed = method != published.method || path != *published.path;
                if there.is_none() && !is_changed && !list_all {
                    continue;
                }
                let made = there.cloned().or_else(|| taken_over(api, published));
                definition.resources.extend(made.map(|r| Resource { method, path, span: None, ..r }));
            }
            definition.only_listed = list_all;
            Ok(())
        })
        .await
    }

    /// Says where the service is.
    ///
    /// # Errors
    /// As [`Publish::put`].
    pub async fn set_upstream(&self, actor: &Actor, name: &str, expected: u64, upstream: Upstream) -> Managed<MadeRevision> {
        self.redefine(actor, name, expected, |definition| {
            definition.endpoint.url = upstream.url;
            definition.endpoint.timeout = upstream.timeout;
            match upstream.auth {
                None => {}
                Some(UpstreamAuth::None) => definition.endpoint.auth = None,
                Some(auth) => set_auth(definition.endpoint.auth.get_or_insert_default(), auth),
            }
            Ok(())
        })
        .await
    }

    /// Says who may call.
    ///
    /// # Errors
    /// As [`Publish::put`].
    pub async fn set_access(&self, actor: &Actor, name: &str, expected: u64, changed: Changed) -> Managed<MadeRevision> {
        self.redefine(actor, name, expected, |definition| {
            definition.api.name = changed.title;
            definition.access.security = changed.security;
            definition.access.visibility = changed.visibility;
            definition.plans = changed.plans;
            definition.rest = changed.rest;
            definition.passthrough = changed.passthrough;
            Ok(())
        })
        .await
    }

    /// Gives a resource a sequence of its own, in a file of that path.
    ///
    /// # Errors
    /// There is no such resource; as [`Publish::put`].
    pub async fn add_sequence(
        &self,
        actor: &Actor,
        api: &PublishedApi,
        expected: u64,
        resource: &str,
        (path, text): (&str, &str),
    ) -> Managed<MadeRevision> {
        let is_it = |method: Method, own: &str| format!("{} {own}", method.as_str()) == resource;
        let published = api.resources.iter().find(|r| is_it(r.method, &r.path));
        let published = published.ok_or_else(|| ManageError::NotFound { kind: "resource", name: resource.to_owned(), nearest: None })?;
        let latest = self.manage.revision(actor, &api.name, WhichRevision::Latest).await?;
        let mut definition = Self::definition(&latest)?;
        match definition.resources.iter_mut().find(|r| is_it(r.method, &r.path)) {
            Some(there) => there.sequence = Some(path.to_owned()),
            None => definition.resources.extend(taken_over(api, published).map(|r| Resource { sequence: Some(path.to_owned()), ..r })),
        }
        let yaml: Arc<str> = definition.to_yaml(&[]).into();
        self.put(actor, &api.name, expected, |texts| {
            texts.insert(DEFINITION.to_owned(), yaml);
            texts.insert(path.to_owned(), text.into());
        })
        .await
    }
}

/// A derived resource as one that a definition has.
fn taken_over(api: &PublishedApi, published: &crate::catalog::PublishedResource) -> Option<Resource> {
    let plan = api.plan(published)?;
    let named_alike = api.program.operations.iter().any(|o| o.name == plan.name && o.port_type != plan.port_type);
    Some(Resource {
        overload: plan.overload,
        port_type: named_alike.then(|| plan.port_type.to_string()),
        ..Resource::new(published.method, &*published.path, &*plan.name)
    })
}

fn set_auth(there: &mut Auth, auth: UpstreamAuth) {
    let sealed = |name: String| SecretRef { source: SecretSource::Sealed(name), at: None };
    // One of the three ways; what else is there (TLS, a signature) stays.
    (there.basic, there.header, there.oauth2) = (None, None, None);
    if let Some(wss) = &mut there.wss {
        wss.username_token = None;
    }
    match auth {
        UpstreamAuth::None => {}
        UpstreamAuth::Basic { user, secret } => there.basic = Some(BasicAuth { user, password: sealed(secret) }),
        UpstreamAuth::Header { name, secret } => there.header = Some(HeaderAuth { name: name.to_lowercase(), value: sealed(secret) }),
        UpstreamAuth::Token { user, secret, digest } => {
            let kind = Some(if digest { PasswordKind::Digest } else { PasswordKind::Text });
            let token = TokenAuth { user, password: Some(sealed(secret)), kind, nonce: None };
            let none = Wss { username_token: None, timestamp: None, ttl: crate::api::TTL, signature: None, must_understand: true };
            there.wss.get_or_insert(none).username_token = Some(token);
        }
    }
}

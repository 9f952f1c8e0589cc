//! What each command asks of the admin API.

use std::io::Read;
use std::path::Path;

use http::Method;
use serde_json::{Map, Value, json};

use super::args::{Allows, App, Client, Issuer, IssuerIs, Key, Plan, Standing, Subscription, Tenant, TenantIs, User};

/// Bytes of a password file.
const MAX_PASSWORD_BYTES: usize = 4 << 10;

/// A request, and how its answer is shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    pub(super) method: Method,
    /// Below `/admin/v1`.
    pub(super) path: Vec<String>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
    /// Is the body laid over what is there?
    pub(super) over: bool,
    pub(super) shown: Shown,
}

/// How an answer is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    /// A list: its columns, by their members.
    List(&'static [&'static str]),
    /// The same of a list that has no parts.
    Whole(&'static [&'static str]),
    /// An object.
    One,
    /// An object with a secret in that member.
    Secret(&'static str),
    /// Nothing is left to show: a sentence.
    Gone(String),
}

pub(super) const APP: &[&str] = &["name", "owner", "plan", "standing", "id"];
pub(super) const SUBSCRIPTION: &[&str] = &["api", "plan", "standing", "application", "id"];
pub(super) const KEY: &[&str] = &["shown", "created", "expires", "id"];
pub(super) const PLAN: &[&str] = &["name", "quota", "burst", "display_name"];
pub(super) const USER: &[&str] = &["name", "roles", "standing", "created"];
pub(super) const TENANT: &[&str] = &["name", "display_name", "calls_per_second", "standing", "public_url"];
pub(super) const CLIENT: &[&str] = &["client_id", "public", "grants", "redirect_uris", "created"];
pub(super) const ISSUER: &[&str] = &["name", "iss", "audiences", "jwks_uri"];

impl Wanted {
    fn new(method: Method, path: &[&str], shown: Shown) -> Self {
        let path = path.iter().map(|s| (*s).to_owned()).collect();
        Self { method, path, query: Vec::new(), body: None, over: false, shown }
    }

    /// Any request without a body.
    pub(super) fn at(method: Method, path: Vec<String>, shown: Shown) -> Self {
        Self { method, path, query: Vec::new(), body: None, over: false, shown }
    }

    pub(super) fn list(path: &[&str], columns: &'static [&'static str]) -> Self {
        Self::new(Method::GET, path, Shown::List(columns))
    }

    /// A list that has no parts.
    pub(super) fn whole(path: &[&str], columns: &'static [&'static str]) -> Self {
        Self::new(Method::GET, path, Shown::Whole(columns))
    }

    pub(super) fn show(noun: &str, id: &str) -> Self {
        Self::new(Method::GET, &[noun, id], Shown::One)
    }

    pub(super) fn create(path: &[&str], body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::POST, path, Shown::One) }
    }

    fn update(noun: &str, id: &str, body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::PATCH, &[noun, id], Shown::One) }
    }

    pub(super) fn replace(noun: &str, id: &str, body: Value) -> Self {
        Self { body: Some(body), over: true, ..Self::new(Method::PUT, &[noun, id], Shown::One) }
    }

    pub(super) fn remove(noun: &str, id: &str) -> Self {
        Self::new(Method::DELETE, &[noun, id], Shown::Gone(format!("removed {id}")))
    }

    fn secret(self, member: &'static str) -> Self {
        Self { shown: Shown::Secret(member), ..self }
    }
}

/// An object of what was said.
#[derive(Default)]
pub(super) struct Body(Map<String, Value>);

impl Body {
    pub(super) fn set(mut self, name: &str, value: Option<impl Into<Value>>) -> Self {
        self.0.extend(value.map(|v| (name.to_owned(), v.into())));
        self
    }

    fn null(mut self, name: &str, said: bool) -> Self {
        self.0.extend(said.then(|| (name.to_owned(), Value::Null)));
        self
    }

    fn list(self, name: &str, items: Vec<String>) -> Self {
        self.set(name, (!items.is_empty()).then_some(items))
    }

    fn standing(self, standing: &Standing) -> Self {
        let word = match (standing.block, standing.unblock) {
            (true, _) => Some("blocked"),
            (false, true) => Some("active"),
            (false, false) => None,
        };
        self.set("standing", word)
    }

    pub(super) fn end(self) -> Value {
        Value::Object(self.0)
    }
}

/// The request of each command; an error is a sentence about what was said.
pub(crate) trait Wants {
    /// The request.
    fn wanted(self) -> Result<Wanted, String>;
}

impl Wants for App {
    fn wanted(self) -> Result<Wanted, String> {
        const NOUN: &str = "applications";
        Ok(match self {
            Self::List => Wanted::list(&[NOUN], APP),
            Self::Show { app } => Wanted::show(NOUN, &app),
            Self::Create { name, description, owner, plan } => {
                let body = Body::default().set("name", Some(name)).set("description", description).set("owner", owner).set("plan", plan);
                Wanted::create(&[NOUN], body.end())
            }
            Self::Update { app, name, description, plan, no_plan, standing } => {
                let body = Body::default().set("name", name).set("description", description).set("plan", plan).null("plan", no_plan);
                Wanted::update(NOUN, &app, body.standing(&standing).end())
            }
            Self::Certificate(certificate) => return certificate.command.wanted(),
            Self::Remove { app } => Wanted::remove(NOUN, &app),
        })
    }
}

impl Wants for Subscription {
    fn wanted(self) -> Result<Wanted, String> {
        const NOUN: &str = "subscriptions";
        Ok(match self {
            Self::List { app, api } => {
                let query = [("application", app), ("api", api)].into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
                Wanted { query, ..Wanted::list(&[NOUN], SUBSCRIPTION) }
            }
            Self::Show { id } => Wanted::show(NOUN, &id),
            Self::Create { app, api, plan } => Wanted::create(&[NOUN], json!({ "application": app, "api": api, "plan": plan })),
            Self::Update { id, plan, standing } => Wanted::update(NOUN, &id, Body::default().set("plan", plan).standing(&standing).end()),
            Self::Remove { id } => Wanted::remove(NOUN, &id),
        })
    }
}

impl Wants for Key {
    fn wanted(self) -> Result<Wanted, String> {
        const NOUN: &str = "keys";
        Ok(match self {
            Self::List { app } => Wanted::list(&["applications", &app, NOUN], KEY),
            Self::Show { id } => Wanted::show(NOUN, &id),
            Self::Create { app, expires_in } => {
                Wanted::create(&["applications", &app, NOUN], Body::default().set("expires_in", expires_in).end()).secret("key")
            }
            Self::Rotate { id, overlap, .. } => {
                let id = id.ok_or("which key? Give its id")?;
                Wanted::create(&[NOUN, &id, "rotate"], Body::default().set("overlap", overlap).end()).secret("key")
            }
            Self::Remove { id } => Wanted::remove(NOUN, &id),
        })
    }
}

impl Wants for Plan {
    fn wanted(self) -> Result<Wanted, String> {
        const NOUN: &str = "plans";
        let body =
            |allows: Allows| Body::default().set("display_name", allows.display_name).set("quota", allows.quota).set("burst", allows.burst);
        Ok(match self {
            Self::List => Wanted::list(&[NOUN], PLAN),
            Self::Show { plan } => Wanted::show(NOUN, &plan),
            Self::Create { name, allows } => Wanted::create(&[NOUN], body(allows).set("name", Some(name)).end()),
            Self::Update { plan, allows, no_quota, no_burst } => {
                Wanted::replace(NOUN, &plan, body(allows).null("quota", no_quota).null("burst", no_burst).end())
            }
            Self::Remove { plan } => Wanted::remove(NOUN, &plan),
        })
    }
}

impl Wants for User {
    fn wanted(self) -> Result<Wanted, String> {
        const NOUN: &str = "users";
        let password = |file: Option<&Path>| file.map(password).transpose();
        Ok(match self {
            Self::List => Wanted::list(&[NOUN], USER),
            Self::Show { user } => Wanted::show(NOUN, &user),
            Self::Create { name, roles, password_file } => {
                let body =
                    Body::default().set("name", Some(name)).list("roles", roles).set("password", password(password_file.as_deref())?);
                Wanted::create(&[NOUN], body.end()).secret("password")
            }
            Self::Update { user, roles, password_file, new_password, standing } => {
                let body = Body::default().list("roles", roles).set("password", password(password_file.as_deref())?);
                let body = body.set("new_password", new_password.then_some(true)).standing(&standing);
                Wanted::update(NOUN, &user, body.end()).secret("password")
            }
            Self::Password { old_password_file, password_file, .. } => {
                let body = Body::default().set("old_password", Some(super::wanted::password(&old_password_file)?));
                let body = body.set("password", Some(super::wanted::password(&password_file)?));
                let shown = Shown::Gone("the password is changed".to_owned());
                Wanted { body: Some(body.end()), ..Wanted::new(Method::PUT, &["me", "password"], shown) }
            }
            Self::Remove { user } => Wanted::remove(NOUN, &user),
        })
    }
}

/// The password in a file, without the line end.
pub(super) fn password(file: &Path) -> Result<String, String> {
    Ok(text_of(file, MAX_PASSWORD_BYTES)?.trim_end_matches(['\r', '\n']).to_owned())
}

/// The text of a file, `-` for standard input, of at most so many bytes.
pub(super) fn text_of(file: &Path, max_bytes: usize) -> Result<String, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", file.display());
    let mut text = String::new();
    let most = max_bytes as u64 + 1;
    if file == Path::new("-") {
        std::io::stdin().take(most).read_to_string(&mut text).map_err(failed)?;
    } else {
        std::fs::File::open(file).map_err(failed)?.take(most).read_to_string(&mut text).map_err(failed)?;
    }
    if text.len() > max_bytes { Err(format!("{}: more than {max_bytes} bytes", file.display())) } else { Ok(text) }
}

impl Wants for Tenant {
    fn wanted(self) -> Result<Wanted, String> {
        const NOUN: &str = "tenants";
        let body = |is: TenantIs| {
            let body = Body::default().set("display_name", is.display_name).set("calls_per_second", is.calls_per_second);
            body.set("public_url", is.public_url)
        };
        Ok(match self {
            Self::List => Wanted::list(&[NOUN], TENANT),
            Self::Show { name } => Wanted::show(NOUN, &name),
            Self::Create { name, is } => Wanted::create(&[NOUN], body(is).set("name", Some(name)).end()),
            Self::Update { name, is, no_calls_per_second, no_public_url, standing } => {
                let body = body(is).null("calls_per_second", no_calls_per_second).null("public_url", no_public_url);
                Wanted::update(NOUN, &name, body.standing(&standing).end())
            }
            Self::Remove { name } => Wanted::remove(NOUN, &name),
        })
    }
}

impl Wants for Client {
    fn wanted(self) -> Result<Wanted, String> {
        const NOUN: &str = "clients";
        Ok(match self {
            Self::List { app } => Wanted::list(&["applications", &app, NOUN], CLIENT),
            Self::Show { id } => Wanted::show(NOUN, &id),
            Self::Create { app, public, redirect_uri, grant, scope } => {
                let body = Body::default().set("public", public.then_some(true)).list("redirect_uris", redirect_uri);
                let body = body.list("grants", grant).list("scopes", scope);
                Wanted::create(&["applications", &app, NOUN], body.end()).secret("client_secret")
            }
            Self::Renew { id } => Wanted::create(&[NOUN, &id, "secret"], json!({})).secret("client_secret"),
            Self::Remove { id } => Wanted::remove(NOUN, &id),
        })
    }
}

impl Wants for Issuer {
    fn wanted(self) -> Result<Wanted, String> {
        const NOUN: &str = "issuers";
        let body = |is: IssuerIs| {
            let apps: Map<String, Value> = is.apps.into_iter().map(|(client, app)| (client, app.into())).collect();
            let body = Body::default().list("audiences", is.audience).set("jwks_uri", is.jwks_uri).list("algorithms", is.algorithm);
            let body = body.set("token_type", is.token_type).set("client_claim", is.client_claim).set("scope_claim", is.scope_claim);
            body.set("applications", (!apps.is_empty()).then_some(apps))
        };
        Ok(match self {
            Self::List => Wanted::list(&[NOUN], ISSUER),
            Self::Show { name } => Wanted::show(NOUN, &name),
            Self::Create { name, iss, is } => Wanted::create(&[NOUN], body(is).set("name", Some(name)).set("iss", Some(iss)).end()),
            Self::Update { name, iss, is } => Wanted::replace(NOUN, &name, body(is).set("iss", iss).end()),
            Self::Remove { name } => Wanted::remove(NOUN, &name),
        })
    }
}

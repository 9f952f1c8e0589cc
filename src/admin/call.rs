//! From a request to a call that may be made: host, credentials, roles, parameters, body, in this order.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{RawPathParams, Request};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use http::request::Parts;
use tokio::time::timeout;

use super::AdminState;
use super::document::{Input, List};
use super::problems::{must_wait, parameter, refused, unauthenticated};
use super::route::Operation;
use crate::auth::digest;
use crate::diagnostic::nearest;
use crate::manage::{Actor, Listed, NotIn, Part};
use crate::net::address::{host_name, is_loopback_host};
use crate::net::secret::Secret;
use crate::net::serve::Peer;
use crate::problem::{Problem, Reason};
use crate::store::{Cursor, MAX_PAGE};

/// A body must be here in this time.
pub(super) const BODY: Duration = Duration::from_secs(10);
/// One that may be large, in this.
const LARGE_BODY: Duration = Duration::from_secs(120);
/// Bytes from which a body is large.
const LARGE_BYTES: usize = 1 << 20;
/// Bytes of credentials.
const MAX_CREDENTIALS: usize = 4 << 10;

/// The id of a request.
#[derive(Debug, Clone)]
pub(super) struct RequestId(pub(super) Arc<str>);

/// A request that may be answered.
pub(super) struct Call<I> {
    /// Who asks, and where it acts.
    pub(super) actor: Actor,
    /// What was sent.
    pub(super) input: I,
    path: HashMap<String, String>,
    query: HashMap<String, String>,
}

impl<I> Call<I> {
    /// A parameter of the path.
    pub(super) fn path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// A query parameter.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }

    /// `limit`.
    ///
    /// # Errors
    /// It is no number from 1 to 1000.
    pub(super) fn limit(&self) -> Result<usize, Problem> {
        let Some(text) = self.query("limit") else { return Ok(Part::default().limit) };
        let wrong = || parameter("limit", format!("a number from 1 to {MAX_PAGE}"), text, None);
        text.parse().ok().filter(|n| (1..=MAX_PAGE).contains(n)).ok_or_else(wrong)
    }

    /// `limit` and `cursor`.
    ///
    /// # Errors
    /// One of them does not fit.
    pub(super) fn part(&self) -> Result<Part, Problem> {
        let after =
            self.query("cursor").map(|text| read_cursor(text).ok_or_else(|| parameter("cursor", "one that was given out", text, None)));
        Ok(Part { after: after.transpose()?, limit: self.limit()? })
    }
}

/// A part of a list as it goes out.
pub(super) fn list<T, V: From<T>>(listed: Listed<T>) -> List<V> {
    let next = listed.1.map(|c| URL_SAFE_NO_PAD.encode(format!("{}\0{}", c.tenant, c.id)));
    List { items: listed.0.into_iter().map(V::from).collect(), next }
}

fn read_cursor(text: &str) -> Option<Cursor> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (tenant, id) = text.split_once('\0').filter(|(_, id)| !id.contains('\0'))?;
    Some(Cursor { tenant: tenant.to_owned(), id: id.to_owned() })
}

/// Takes a request, or says why not.
pub(super) async fn accept<I: Input>(
    state: &AdminState,
    operation: Operation,
    id: &RequestId,
    parameters: &RawPathParams,
    request: Request,
) -> Result<Call<I>, Problem> {
    let (head, body) = request.into_parts();
    check_host(state, &head)?;
    check_origin(&head)?;
    let actor = identify(state, &head).await?.by(&*id.0);
    operation.allow.check(&actor)?;
    let query = read_query(operation, &head)?;
    let actor = match query.get("tenant") {
        Some(tenant) => state.manage.enter(actor, tenant).await?,
        None => actor,
    };
    let max_bytes = I::MAX_BYTES;
    // What may be large is read one at a time.
    let _turn = if max_bytes > LARGE_BYTES { Some(state.large.lock().await) } else { None };
    if max_bytes > LARGE_BYTES {
        let announced = head.headers.get(CONTENT_LENGTH).and_then(|l| l.to_str().ok()?.parse().ok()).unwrap_or(0);
        let api = parameters.iter().find(|(name, _)| *name == "api").map_or("", |(_, value)| value);
        state.manage.has_room(api, announced)?;
    }
    let input = I::read(&read_body(operation, &head, body, max_bytes).await?)?;
    let path = parameters.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Ok(Call { actor, input, path, query })
}

/// Is it called by a name that nobody else can point here (DNS rebinding)? An address as such can not.
pub(super) fn check_host(state: &AdminState, head: &Parts) -> Result<(), Problem> {
    let host =
        head.headers.get(HOST).and_then(|h| h.to_str().ok()).or_else(|| head.uri.authority().map(|a| a.as_str())).unwrap_or_default();
    let name = host_name(host);
    let known =
        is_loopback_host(host) || name.parse::<std::net::IpAddr>().is_ok() || state.hosts.iter().any(|h| h.eq_ignore_ascii_case(name));
    if known {
        return Ok(());
    }
    let text = "The admin listener answers to loopback names and addresses only, and to the names that are configured.";
    Err(refused(Reason::BadRequest, 421, text).with_code("castile.misdirected"))
}

/// Pages of others have no business here, also where a browser knows the password.
pub(super) fn check_origin(head: &Parts) -> Result<(), Problem> {
    let site = head.headers.get("sec-fetch-site").and_then(|v| v.to_str().ok());
    if site.is_none_or(|s| matches!(s, "same-origin" | "none")) {
        return Ok(());
    }
    Err(refused(Reason::Forbidden, 403, "Pages of other origins may not call the admin API.").with_code("castile.forbidden"))
}

/// Who asks.
async fn identify(state: &AdminState, head: &Parts) -> Result<Actor, Problem> {
    let mut fields = head.headers.get_all(AUTHORIZATION).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else { return Err(unauthenticated(head.headers.contains_key(AUTHORIZATION))) };
    let bad = || unauthenticated(true);
    let text = field.to_str().ok().filter(|t| t.len() <= MAX_CREDENTIALS).ok_or_else(bad)?;
    let (scheme, credentials) = text.split_once(' ').ok_or_else(bad)?;
    let credentials = credentials.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return if state.token == Some(digest(credentials)) { Ok(Actor::local()) } else { Err(bad()) };
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(bad());
    }
    let decoded = STANDARD.decode(credentials).ok().and_then(|b| String::from_utf8(b).ok()).ok_or_else(bad)?;
    let (user, password) = decoded.split_once(':').ok_or_else(bad)?;
    let peer = head.extensions.get::<Peer>().map_or(IpAddr::from([127, 0, 0, 1]), |p| p.0);
    by_password(state, user, &Secret::new(password), peer).await
}

/// `USER` of the tenant `default`, or `TENANT/USER`.
async fn by_password(state: &AdminState, typed: &str, password: &Secret, peer: IpAddr) -> Result<Actor, Problem> {
    match state.manage.log_in(&state.log_ins, typed, password, peer).await {
        Ok(user) => Ok(Actor::new(user.tenant, user.name, user.roles)),
        Err(NotIn::Wrong) => Err(unauthenticated(true)),
        Err(NotIn::MustWait(seconds)) => Err(must_wait(seconds)),
        Err(NotIn::Failed(error)) => Err(error.into()),
    }
}

fn read_query(operation: Operation, head: &Parts) -> Result<HashMap<String, String>, Problem> {
    let mut query = HashMap::new();
    let known: Vec<&str> = operation.query.iter().map(|(name, _)| *name).chain(["tenant"]).collect();
    for (name, value) in url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()) {
        if !known.contains(&&*name) {
            return Err(parameter(&name, format!("one of {}", known.join(", ")), &value, nearest(&name, known.iter().copied())));
        }
        if query.insert(name.clone().into_owned(), value.clone().into_owned()).is_some() {
            return Err(parameter(&name, "given once", &value, None));
        }
    }
    Ok(query)
}

async fn read_body(operation: Operation, head: &Parts, body: Body, max_bytes: usize) -> Result<Vec<u8>, Problem> {
    // A form of another page can be sent without asking first; JSON can not.
    let kind = head
        .headers
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .map(|v| v.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    if operation.verb.has_body() && kind.as_deref() != Some("application/json") {
        return Err(refused(
            Reason::UnsupportedMediaType,
            415,
            "This takes `Content-Type: application/json`, also where the body is empty.",
        ));
    }
    let too_slow = |_| refused(Reason::RequestTimeout, 408, "The body did not come in time.");
    let time = if max_bytes > LARGE_BYTES { LARGE_BODY } else { BODY };
    match timeout(time, to_bytes(body, max_bytes)).await.map_err(too_slow)? {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(_) => Err(refused(Reason::TooLarge, 413, format!("The body has more than {max_bytes} bytes, or broke off."))),
    }
}

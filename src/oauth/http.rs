//! The thin layer of HTTP: what a request brings, and what an answer looks like.

use ::http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, HeaderName,
    HeaderValue, LOCATION, ORIGIN, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use ::http::{HeaderMap, Method, Response};
use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use url::Url;

use super::authorize::{Filled, Outcome};
use super::client::{self, Caller};
use super::error::{Code, Refused};
use super::form::Parameters;
use super::route::{self, Endpoint};
use super::ticket::PAGE_SECONDS;
use super::visit::Visit;
use super::{Server, metadata, page};
use crate::auth::{Authorization, Presented, new_secret};
use crate::gateway::{Answering, Concerns, Reserved, ReservedRequest};
use crate::net::secret::Secret;
use crate::problem::{Problem, Reason};
use crate::store::Store;

/// How long the keys that sign tokens may be kept, in seconds.
const KEYS_SECONDS: u64 = 600;
/// What may be remembered by whoever reads it, for ten minutes.
const CACHED: &str = "public, max-age=600";
/// `typ` of a form.
const FORM: &str = "application/x-www-form-urlencoded";

impl<S: Store + 'static> Reserved for Server<S> {
    fn has(&self, path: &str) -> bool {
        route::may_be(path) && (path.starts_with("/.well-known/oauth-authorization-server") || route::find(path, "").is_some())
    }

    fn answer<'a>(&'a self, request: ReservedRequest<'a>) -> Answering<'a> {
        Box::pin(async move {
            let base = request.public_url.split_once("://").and_then(|(_, rest)| Some(rest.split_once('/')?.1));
            let base = base.map(|path| format!("/{path}")).unwrap_or_default();
            let found = route::find(request.path, &base).and_then(|(tenant, endpoint)| {
                let now = Timestamp::now().as_second();
                let snapshot = self.catalog.snapshot();
                Some((Visit::new(snapshot, &tenant, request.public_url, now, request.peer, request.request_id)?, endpoint))
            });
            match found {
                Some((visit, endpoint)) if endpoint != Endpoint::Authorize || self.settings.authorize => {
                    let mut response = self.at(endpoint, &request, &visit).await;
                    let tenant = visit.tenant.clone();
                    response.extensions_mut().get_or_insert_with(|| Concerns { tenant, application: None });
                    response
                }
                _ => problem(&Problem::new(Reason::NoSuchResource, 404, "There is nothing at this path."), request.request_id),
            }
        })
    }
}

impl<S: Store> Server<S> {
    async fn at(&self, endpoint: Endpoint, request: &ReservedRequest<'_>, visit: &Visit) -> Response<Bytes> {
        let (reads, posts) = (*request.method == Method::GET, *request.method == Method::POST);
        match endpoint {
            Endpoint::Jwks if reads => {
                let none = Bytes::from_static(b"{\"keys\":[]}");
                let document = visit.snapshot.callers.signing.as_ref().map_or(none, |s| s.document.clone());
                let mut response = public("application/jwk-set+json", document);
                // Nobody may keep the keys for longer than the next one is published before it signs.
                let seconds = KEYS_SECONDS.min(self.settings.signing_lead.as_secs());
                if let Ok(value) = HeaderValue::try_from(format!("public, max-age={seconds}")) {
                    response.headers_mut().insert(CACHE_CONTROL, value);
                }
                response
            }
            Endpoint::Metadata if reads => public("application/json", to_bytes(&metadata::document(&self.settings, visit))),
            Endpoint::Authorize if reads || posts => self.authorization(request, visit).await,
            Endpoint::Token | Endpoint::Revoke | Endpoint::Introspect if posts => {
                self.of_client(endpoint, request, visit).await.unwrap_or_else(|refused| error(&refused))
            }
            Endpoint::Jwks | Endpoint::Metadata => other(request, "GET, HEAD, OPTIONS"),
            Endpoint::Authorize => other(request, "GET, HEAD, POST, OPTIONS"),
            Endpoint::Token | Endpoint::Revoke | Endpoint::Introspect => other(request, "POST, OPTIONS"),
        }
    }

    /// The endpoints at which a client says who it is.
    async fn of_client(&self, endpoint: Endpoint, request: &ReservedRequest<'_>, visit: &Visit) -> Result<Response<Bytes>, Refused> {
        let form = form(request)?;
        form.check_once()?;
        let caller = caller(request.headers, &form, visit)?;
        let answered = match endpoint {
            Endpoint::Token => self.token(&caller, &form, visit).await.map(|answer| json(200, &answer)),
            Endpoint::Introspect => self.introspect(&caller, &form, visit).await.map(|answer| json(200, &answer)),
            Endpoint::Revoke | Endpoint::Authorize | Endpoint::Jwks | Endpoint::Metadata => {
                self.revoke(&caller, &form, visit).await.map(|()| never_kept(Response::new(Bytes::new())))
            }
        };
        let mut response = answered.unwrap_or_else(|refused| error(&refused));
        let application = Some(caller.application.name.clone());
        response.extensions_mut().insert(Concerns { tenant: visit.tenant.clone(), application });
        if let Some(origin) = own_origin(request.headers, &caller) {
            response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            put(&mut response, VARY, "Origin");
        }
        Ok(response)
    }

    /// The endpoint at which a browser asks.
    async fn authorization(&self, request: &ReservedRequest<'_>, visit: &Visit) -> Response<Bytes> {
        let is_secure = request.public_url.starts_with("https://");
        let cookie = cookie(request.headers, is_secure);
        if *request.method != Method::POST {
            let made = match &cookie {
                Some(_) => None,
                None => match new_secret("browser") {
                    Ok(secret) => Some(secret.plain),
                    Err(error) => return shown(&error.into()),
                },
            };
            let browser = cookie.as_ref().or(made.as_ref()).map_or("", Secret::reveal);
            return outcome(self.ask(request.query.unwrap_or_default(), browser, visit), browser, is_secure);
        }
        match filled(request, cookie) {
            Ok((form, browser)) => {
                let field = |name: &str| form.get(name).ok().flatten().unwrap_or_default();
                let (ticket, name, password) = (field("request"), field("username"), Secret::new(field("password")));
                let filled = Filled { ticket, allow: field("decision") == "allow", name, password };
                outcome(self.answer_page(filled, browser.reveal(), visit).await, browser.reveal(), is_secure)
            }
            Err(refused) => shown(&refused),
        }
    }
}

/// The parameters of a body.
fn form(request: &ReservedRequest<'_>) -> Result<Parameters, Refused> {
    // RFC 6749, section 2.3.1: secrets and tokens in an address would stand in logs.
    if request.query.is_some_and(|q| !q.is_empty()) {
        return Err(Refused::request("parameters stand in the body, never in the address"));
    }
    let mut types = request.headers.get_all(CONTENT_TYPE).iter();
    let type_ = types.next().and_then(|t| t.to_str().ok()).map(|t| t.split(';').next().unwrap_or_default().trim());
    if types.next().is_some() || !type_.is_some_and(|t| t.eq_ignore_ascii_case(FORM)) {
        return Err(Refused::request("the body is application/x-www-form-urlencoded"));
    }
    Parameters::parse(std::str::from_utf8(&request.body).map_err(|_| Refused::request("the body is not UTF-8"))?)
}

fn caller(headers: &HeaderMap, form: &Parameters, visit: &Visit) -> Result<Caller, Refused> {
    let fields = headers.get_all(AUTHORIZATION).iter().map(|value| ("authorization", value.as_bytes()));
    let unreadable = |_| Refused::of(Code::InvalidClient, "the field Authorization cannot be read");
    let presented = Presented::read(fields).map_err(unreadable)?;
    client::authenticate(presented.authorization.as_ref().map(|a| -> &Authorization { a }), form, visit)
}

/// The origin of a page that is itself the client: the browser then lets it read the answer. A form without a secret needs no question before (Fetch,
/// section 3.3.1). Pages of clients with a secret have no business here.
fn own_origin<'h>(headers: &'h HeaderMap, caller: &Caller) -> Option<&'h HeaderValue> {
    let origin = headers.get(ORIGIN).filter(|_| !caller.is_confidential())?;
    let is_its = |uri: &String| {
        let url = Url::parse(uri).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        url.is_some_and(|url| url.origin().ascii_serialization().as_bytes() == origin.as_bytes())
    };
    caller.client.redirect_uris.iter().any(is_its).then_some(origin)
}

/// The page that a browser sends, and the cookie of the browser it was made for.
fn filled(request: &ReservedRequest<'_>, cookie: Option<Secret>) -> Result<(Parameters, Secret), Refused> {
    let elsewhere = || Refused::request("this page was sent from elsewhere, or the browser keeps no cookies");
    let site = request.headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if site.is_some_and(|s| s != b"same-origin") {
        return Err(elsewhere());
    }
    let form = form(request)?;
    form.check_once()?;
    Ok((form, cookie.ok_or_else(elsewhere)?))
}

/// The name of the cookie: with `__Host-` no other host can set it.
fn cookie_name(is_secure: bool) -> &'static str {
    if is_secure { "__Host-castile_authorize" } else { "castile_authorize" }
}

fn cookie(headers: &HeaderMap, is_secure: bool) -> Option<Secret> {
    let all = headers.get_all(COOKIE).iter().filter_map(|c| c.to_str().ok());
    let mut found = all.flat_map(|c| c.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = found.find(|(name, _)| *name == cookie_name(is_secure))?;
    // As long as one that was made here: a shorter one could be guessed.
    (value.len() == "browser_".len() + 43).then(|| Secret::new(value))
}

fn outcome(outcome: Outcome, browser: &str, is_secure: bool) -> Response<Bytes> {
    match outcome {
        Outcome::LogIn { request, ticket, again } => {
            let status = again.as_ref().map_or(200, |refused| match refused.code {
                Code::InvalidGrant => 403,
                code => code.status(),
            });
            let mut response = html(status, page::log_in(&request, &ticket, again.as_ref()), Some(&request.redirect_uri));
            if let Some(seconds) = again.and_then(|refused| refused.retry_after) {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            let secure = if is_secure { "; Secure" } else { "" };
            let cookie = format!("{}={browser}; Path=/; Max-Age={PAGE_SECONDS}; HttpOnly; SameSite=Strict{secure}", cookie_name(is_secure));
            put(&mut response, SET_COOKIE, &cookie);
            response
        }
        Outcome::Redirect(address) => {
            let mut response = never_kept(Response::new(Bytes::new()));
            *response.status_mut() = ::http::StatusCode::SEE_OTHER;
            put(&mut response, LOCATION, &address);
            put(&mut response, REFERRER_POLICY, "no-referrer");
            response
        }
        Outcome::Failed(refused) => shown(&refused),
    }
}

/// An error that only the user is told.
fn shown(refused: &Refused) -> Response<Bytes> {
    let status = if refused.code == Code::InvalidClient { 400 } else { refused.code.status() };
    html(status, page::failed(refused), None)
}

fn html(status: u16, page: String, redirect_uri: Option<&str>) -> Response<Bytes> {
    let mut response = never_kept(of(status, "text/html; charset=utf-8", page.into()));
    put(&mut response, CONTENT_SECURITY_POLICY, &page::policy(redirect_uri));
    put(&mut response, X_FRAME_OPTIONS, "DENY");
    put(&mut response, REFERRER_POLICY, "no-referrer");
    response
}

fn public(content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = of(200, content_type, body);
    put(&mut response, CACHE_CONTROL, CACHED);
    // Nothing in it is secret, and clients in browsers look for it.
    put(&mut response, ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    response
}

fn json(status: u16, body: &impl Serialize) -> Response<Bytes> {
    never_kept(of(status, "application/json", to_bytes(body)))
}

/// RFC 6749, section 5.2.
fn error(refused: &Refused) -> Response<Bytes> {
    let body = serde_json::json!({ "error": refused.code.word(), "error_description": refused.description });
    let mut response = json(refused.code.status(), &body);
    if refused.code == Code::InvalidClient {
        put(&mut response, WWW_AUTHENTICATE, "Basic realm=\"castile\", charset=\"UTF-8\"");
    }
    if let Some(seconds) = refused.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(private) = &refused.private {
        tracing::warn!(error = refused.code.word(), %private, "a request for a token got nothing");
    }
    response
}

/// What a method gets that is not possible.
fn other(request: &ReservedRequest<'_>, allow: &'static str) -> Response<Bytes> {
    let mut response = if *request.method == Method::OPTIONS {
        let mut empty = Response::new(Bytes::new());
        *empty.status_mut() = ::http::StatusCode::NO_CONTENT;
        empty
    } else {
        let text = format!("{} is not possible here; {allow} are.", request.method);
        problem(&Problem::new(Reason::MethodNotAllowed, 405, text), request.request_id)
    };
    put(&mut response, ALLOW, allow);
    response
}

fn problem(problem: &Problem, request_id: &str) -> Response<Bytes> {
    never_kept(of(problem.status, "application/problem+json", problem.to_json(request_id).into()))
}

fn of(status: u16, content_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = ::http::StatusCode::from_u16(status).unwrap_or(::http::StatusCode::INTERNAL_SERVER_ERROR);
    put(&mut response, CONTENT_TYPE, content_type);
    put(&mut response, X_CONTENT_TYPE_OPTIONS, "nosniff");
    response
}

fn never_kept(mut response: Response<Bytes>) -> Response<Bytes> {
    put(&mut response, CACHE_CONTROL, "no-store");
    response
}

fn put(response: &mut Response<Bytes>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn to_bytes(body: &impl Serialize) -> Bytes {
    // Maps with names as keys and plain values: writing them does not fail.
    serde_json::to_vec(body).unwrap_or_default().into()
}

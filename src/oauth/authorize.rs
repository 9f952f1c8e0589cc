//! The authorization endpoint: who is asked for what, and where the answer goes. RFC 6749, section 4.1; RFC 9207; RFC 9700, section 2.1.

use std::sync::Arc;

use url::form_urlencoded::Serializer;

use super::client::{active_application, has_grant};
use super::code::is_challenge;
use super::error::{Code, Refused};
use super::form::Parameters;
use super::records::AuthorizationCode;
use super::ticket;
use super::visit::Visit;
use super::{CODE_SECONDS, Server, scope};
use crate::auth::{Application, OAuthClient, new_secret, redirect_refusal};
use crate::net::secret::Secret;
use crate::store::{Expected, Keep, Store};

/// Longest `state`, in bytes.
const MAX_STATE: usize = 1 << 10;

/// A request that may be shown to a user.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) client: Arc<OAuthClient>,
    pub(super) application: Arc<Application>,
    /// Where the answer goes; one of the client's, to the letter.
    pub(super) redirect_uri: String,
    /// `redirect_uri` as it was sent.
    sent_redirect: Option<String>,
    state: Option<String>,
    pub(super) scopes: Vec<String>,
    challenge: String,
}

/// What the browser gets.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The page on which to log in and agree.
    LogIn {
        request: Box<Request>,
        ticket: String,
        /// Why it is shown again.
        again: Option<Refused>,
    },
    /// The client gets its answer: an address with a query.
    Redirect(String),
    /// Nobody can be told but the user: where the answer would go is not known to be the client's.
    Failed(Refused),
}

/// Why a request is not shown.
enum Wrong {
    Shown(Refused),
    Sent(String),
}

/// A page that was filled in.
#[derive(Debug)]
pub(super) struct Filled<'a> {
    pub(super) ticket: &'a str,
    pub(super) allow: bool,
    pub(super) name: &'a str,
    pub(super) password: Secret,
}

/// Reads a request.
fn read(query: &str, visit: &Visit) -> Result<Request, Wrong> {
    let form = Parameters::parse(query).map_err(Wrong::Shown)?;
    let id = form.required("client_id", "client_id is missing").map_err(Wrong::Shown)?;
    let unknown = || Wrong::Shown(Refused::of(Code::InvalidClient, "there is no such client"));
    let client = visit.members().client(id).ok_or_else(unknown)?.clone();
    let sent_redirect = form.get("redirect_uri").map_err(Wrong::Shown)?.map(str::to_owned);
    let redirect_uri = redirect_uri(sent_redirect.as_deref(), &client).map_err(Wrong::Shown)?;
    // From here on the client is told, and the user sees the client's own words.
    let state = form.get("state").ok().flatten().map(str::to_owned);
    let state_is_good = state.as_deref().is_none_or(|s| s.len() <= MAX_STATE && s.bytes().all(|b| b == b' ' || b.is_ascii_graphic()));
    let rest = || -> Result<_, Refused> {
        form.check_once()?;
        if !state_is_good {
            return Err(Refused::request("state is longer than 1 KiB, or not ASCII"));
        }
        let application = active_application(&client, visit)?;
        if !has_grant(&client, "authorization_code") {
            return Err(Refused::of(Code::UnauthorizedClient, "the client may not use this response type"));
        }
        if form.required("response_type", "response_type is missing")? != "code" {
            return Err(Refused::of(Code::UnsupportedResponseType, "code is the one response type"));
        }
        if form.get("response_mode")?.is_some_and(|m| m != "query") {
            return Err(Refused::request("query is the one response mode"));
        }
        let challenge = form.required("code_challenge", "code_challenge is missing: every client uses PKCE (RFC 7636)")?;
        if form.get("code_challenge_method")? != Some("S256") || !is_challenge(challenge) {
            return Err(Refused::request("S256 is the one code_challenge_method, and its challenge has 43 characters"));
        }
        Ok((application, scope::granted(form.get("scope")?, &client, visit)?, challenge.to_owned()))
    };
    match rest() {
        Ok((application, scopes, challenge)) => Ok(Request { client, application, redirect_uri, sent_redirect, state, scopes, challenge }),
        Err(refused) => Err(Wrong::Sent(refusal(&redirect_uri, state.as_deref().filter(|_| state_is_good), &refused, visit))),
    }
}

/// Where the answer goes: an address of the client's own list, compared by its characters.
fn redirect_uri(sent: Option<&str>, client: &OAuthClient) -> Result<String, Refused> {
    let found = match (sent, &client.redirect_uris[..]) {
        (Some(sent), all) => all.iter().find(|uri| *uri == sent),
        (None, [one]) => Some(one),
        (None, _) => return Err(Refused::request("redirect_uri is missing, and the client has not just one")),
    };
    let found = found.ok_or_else(|| Refused::request("redirect_uri is not one of the client's"))?;
    redirect_refusal(found).map_or_else(|| Ok(found.clone()), |_| Err(Refused::request("codes are never sent to this redirect_uri")))
}

fn address(redirect_uri: &str, parameters: &[(&str, Option<&str>)], visit: &Visit) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(parameters.iter().filter_map(|(name, value)| Some((*name, (*value)?))));
    query.append_pair("iss", &visit.issuer);
    format!("{redirect_uri}{}{}", if redirect_uri.contains('?') { '&' } else { '?' }, query.finish())
}

fn refusal(redirect_uri: &str, state: Option<&str>, refused: &Refused, visit: &Visit) -> String {
    let parameters = [("error", Some(refused.code.word())), ("error_description", Some(refused.description)), ("state", state)];
    address(redirect_uri, &parameters, visit)
}

impl Outcome {
    fn of(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Shown(refused) => Self::Failed(refused),
            Wrong::Sent(address) => Self::Redirect(address),
        }
    }
}

impl<S: Store> Server<S> {
    /// Answers a client's request: with the page, for the browser that has this cookie.
    pub(super) fn ask(&self, query: &str, browser: &str, visit: &Visit) -> Outcome {
        match read(query, visit) {
            Ok(request) => page(query, request, browser, None, visit),
            Err(wrong) => Outcome::of(wrong),
        }
    }

    /// Answers a page that was filled in by the browser that has this cookie.
    pub(super) async fn answer_page(&self, filled: Filled<'_>, browser: &str, visit: &Visit) -> Outcome {
        let Some(query) = ticket::open(filled.ticket, browser, visit) else {
            return Outcome::Failed(Refused::request(
                "this page is too old, or was opened elsewhere: go back to the application and begin again",
            ));
        };
        // Asked anew: the client or its addresses may have changed since.
        let request = match read(&query, visit) {
            Ok(request) => request,
            Err(wrong) => return Outcome::of(wrong),
        };
        let tell = |refused: &Refused| Outcome::Redirect(refusal(&request.redirect_uri, request.state.as_deref(), refused, visit));
        if !filled.allow {
            return tell(&Refused::of(Code::AccessDenied, "the user did not agree"));
        }
        let user = match self.log_in(filled.name, &filled.password, visit).await {
            Ok(user) => user,
            Err(refused) => return page(&query, request, browser, Some(refused), visit),
        };
        match self.code(&request, &user.name, visit).await {
            Ok(code) => {
                let parameters = [("code", Some(code.reveal())), ("state", request.state.as_deref())];
                Outcome::Redirect(address(&request.redirect_uri, &parameters, visit))
            }
            Err(refused) => {
                tracing::error!(error = refused.private.as_deref().unwrap_or_default(), "a code could not be kept");
                tell(&refused)
            }
        }
    }

    async fn code(&self, request: &Request, user: &str, visit: &Visit) -> Result<Secret, Refused> {
        let secret = new_secret("code")?;
        let code = AuthorizationCode {
            tenant: visit.tenant.clone(),
            digest: secret.digest.to_string(),
            client: request.client.id.clone(),
            user: user.into(),
            redirect_uri: request.sent_redirect.clone(),
            challenge: request.challenge.clone(),
            scopes: request.scopes.clone(),
            expires: visit.now + CODE_SECONDS,
            spent: None,
        };
        self.store.put(&code, Expected::Absent, None).await?;
        Ok(secret.plain)
    }
}

fn page(query: &str, request: Request, browser: &str, again: Option<Refused>, visit: &Visit) -> Outcome {
    match ticket::seal(query, browser, visit) {
        Ok(ticket) => Outcome::LogIn { request: Box::new(request), ticket, again },
        Err(refused) => Outcome::Failed(refused),
    }
}

//! Log-ins at the SOAP services: connections that only one API has, and tokens by client credentials (RFC 6749, section 4.4). A token is fetched once,
//! by one call at a time, and kept until shortly before its end. Kept by tenant and name of the API, so that a new revision with the same
//! settings goes on with what there is.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, USER_AGENT};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use tokio::time::{Instant, timeout_at};

use super::Gateway;
use crate::catalog::{Login, Provenance, PublishedApi, TokenRequest};
use crate::net::upstream::{Deadlines, UpstreamClient};
use crate::problem::{Problem, Reason};
use crate::telemetry::names;

/// For one fetch of a token.
const FETCH: Duration = Duration::from_secs(10);
/// Between two fetches that brought nothing, and between a token that was refused at once and the next.
const PAUSE: Duration = Duration::from_secs(5);
/// How long a token is good whose server does not say.
const UNSAID: Duration = Duration::from_secs(300);
/// The longest that one is kept, whatever its server says.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// How long before its end a token is renewed; of short ones a tenth of their life.
const EARLY: Duration = Duration::from_secs(30);
/// Bytes of an answer of a token endpoint.
const MAX_ANSWER: usize = 64 << 10;
/// Bytes of a token.
const MAX_TOKEN: usize = 16 << 10;

/// Tenant and name of an API.
type Place = (Arc<str>, Arc<str>);

/// The log-ins of all APIs that have one.
#[derive(Default)]
pub(super) struct Logins(Mutex<HashMap<Place, Arc<Session>>>);

/// One API at its service.
pub(super) struct Session {
    login: Arc<Login>,
    /// Whose addresses the client keeps to.
    provenance: Provenance,
    pub(super) client: UpstreamClient,
    state: Mutex<State>,
    one: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    token: Option<Arc<Token>>,
    /// When the last fetch that brought nothing ended.
    failed: Option<Instant>,
}

/// A token that was given out.
pub(super) struct Token {
    value: HeaderValue,
    fetched: Instant,
    renew: Instant,
    ends: Instant,
    /// Was it taken by the service?
    proven: AtomicBool,
}

impl Logins {
    /// The session of an API; `None`: it needs none.
    ///
    /// # Errors
    /// Its TLS settings, which were checked when it was published, cannot be used any more.
    pub(super) fn of(&self, api: &PublishedApi, gateway: &Gateway) -> Result<Option<Arc<Session>>, Problem> {
        let Some(login) = &api.login else { return Ok(None) };
        let key = (api.tenant.clone(), api.name.clone());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |s: &&Arc<Session>| s.provenance == api.provenance && (Arc::ptr_eq(&s.login, login) || s.login == *login);
        if let Some(session) = all.get(&key).filter(same) {
            return Ok(Some(session.clone()));
        }
        let shared = gateway.upstreams.of(api);
        let client = match &login.tls {
            Some(tls) => shared.with_tls(tls).map_err(|e| Problem::internal(e.to_string()))?,
            None => shared.clone(),
        };
        // Now and then, those of APIs that are gone go.
        let snapshot = gateway.catalog.snapshot();
        all.retain(|(tenant, name), _| snapshot.apis.iter().any(|a| a.tenant == *tenant && a.name == *name));
        let session = Arc::new(Session {
            login: login.clone(),
            provenance: api.provenance,
            client,
            state: Mutex::default(),
            one: tokio::sync::Mutex::default(),
        });
        all.insert(key, session.clone());
        Ok(Some(session))
    }
}

impl Session {
    /// The token for a request, where the API has tokens; fetched where there is none that is good. `refused`: the service did not take this one.
    ///
    /// # Errors
    /// There is none: the token endpoint is away, or refuses.
    pub(super) async fn token(
        &self,
        api: &PublishedApi,
        refused: Option<&Token>,
        deadline: Instant,
    ) -> Result<Option<Arc<Token>>, Problem> {
        let Some(request) = &self.login.token else { return Ok(None) };
        let asked = Instant::now();
        let good = |t: &Arc<Token>| asked < t.ends && refused.is_none_or(|r| r.fetched != t.fetched);
        let held = self.state().token.clone().filter(good);
        if let Some(token) = held.as_ref().filter(|t| asked < t.renew) {
            return Ok(Some(token.clone()));
        }
        // The first who finds it due renews it; the others go on with what is good still, or wait.
        let one = match (self.one.try_lock(), held) {
            (Err(_), Some(token)) => return Ok(Some(token)),
            (Ok(one), _) => one,
            (Err(_), None) => timeout_at(deadline, self.one.lock()).await.map_err(|_| super::upstream::too_slow())?,
        };
        let (token, failed) = {
            let state = self.state();
            (state.token.clone(), state.failed)
        };
        let token = token.filter(|t| good(t) || t.fetched >= asked);
        if let Some(token) = token.as_ref().filter(|t| asked < t.renew || t.fetched >= asked) {
            return Ok(Some(token.clone()));
        }
        if failed.is_some_and(|f| f >= asked || f.elapsed() < PAUSE) {
            return token.map(Some).ok_or_else(refuse);
        }
        let fetched = timeout_at(deadline.min(asked + FETCH), fetch(&self.client, request)).await;
        let fetched = fetched.unwrap_or_else(|_| Err(String::from("no answer in time")));
        metrics::counter!(names::UPSTREAM_TOKENS, "api" => api.label(), "result" => if fetched.is_ok() { "fetched" } else { "failed" })
            .increment(1);
        let mut state = self.state();
        drop(one);
        match fetched {
            Ok(fetched) => {
                let fetched = Arc::new(fetched);
                (state.token, state.failed) = (Some(fetched.clone()), None);
                Ok(Some(fetched))
            }
            Err(error) => {
                tracing::error!(api = %api.name, error, "no token for the SOAP service");
                state.failed = Some(Instant::now());
                token.map(Some).ok_or_else(refuse)
            }
        }
    }

    /// Takes note of what the service answered. Gives whether another token may help: this one was refused, and was taken before or is not new.
    pub(super) fn judge(&self, token: &Token, reply: &Response<Incoming>) -> bool {
        if reply.status() != http::StatusCode::UNAUTHORIZED {
            token.proven.store(true, Ordering::Relaxed);
            return false;
        }
        let renew = token.proven.load(Ordering::Relaxed) || token.fetched.elapsed() >= PAUSE;
        let mut state = self.state();
        if renew && state.token.as_ref().is_some_and(|t| t.fetched == token.fetched) {
            state.token = None;
        }
        renew
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Token {
    /// What `Authorization` says.
    pub(super) fn value(&self) -> HeaderValue {
        self.value.clone()
    }
}

fn refuse() -> Problem {
    Problem::new(Reason::UpstreamUnreachable, 502, "The gateway could not log in at the SOAP service behind this API.")
}

/// A successful answer of a token endpoint (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct Answer {
    access_token: String,
    token_type: String,
    expires_in: Option<f64>,
}

/// Asks for a token. What went wrong is for the log: it has nothing that the server sent but its error's code.
async fn fetch(client: &UpstreamClient, request: &TokenRequest) -> Result<Token, String> {
    let mut asked = Request::post(&*request.url)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .header(USER_AGENT, concat!("castile/", env!("CARGO_PKG_VERSION")));
    if let Some(authorization) = &request.authorization {
        asked = asked.header(AUTHORIZATION, sensitive(authorization.reveal())?);
    }
    let asked = asked.body(Full::new(Bytes::from(request.form.reveal().to_owned()))).map_err(|e| e.to_string())?;
    let deadlines = Deadlines { first_byte: FETCH, whole: Instant::now() + FETCH };
    let reply = client.send(asked, deadlines).await.map_err(|e| e.to_string())?;
    let status = reply.status();
    let body = Limited::new(reply.into_body(), MAX_ANSWER).collect().await.map_err(|e| format!("the answer cannot be read: {e}"))?;
    let body = body.to_bytes();
    if status != http::StatusCode::OK {
        return Err(complaint(status, &body));
    }
    let answer: Answer =
        serde_json::from_slice(&body).map_err(|_| String::from("the token endpoint did not answer with a token in JSON"))?;
    if !answer.token_type.eq_ignore_ascii_case("bearer") {
        return Err(String::from("the token endpoint gave a token of another type than Bearer"));
    }
    if answer.access_token.is_empty() || answer.access_token.len() > MAX_TOKEN {
        return Err(format!("the token has no byte, or more than {MAX_TOKEN}"));
    }
    let fetched = Instant::now();
    let life = match answer.expires_in {
        Some(seconds) => Duration::try_from_secs_f64(seconds.clamp(0.0, LONGEST.as_secs_f64())).unwrap_or(UNSAID),
        None => UNSAID,
    };
    let value = sensitive(&format!("Bearer {}", answer.access_token))?;
    let renew = fetched + life.saturating_sub(EARLY.min(life / 10));
    Ok(Token { value, fetched, renew, ends: fetched + life, proven: AtomicBool::new(false) })
}

fn sensitive(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text).map_err(|_| String::from("a credential has characters that no field can carry"))?;
    value.set_sensitive(true);
    Ok(value)
}

/// The status, and the code of the error (RFC 6749, section 5.2) where it is one.
fn complaint(status: http::StatusCode, body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct Complaint {
        error: String,
    }
    let mut text = format!("the token endpoint answered {}", status.as_u16());
    if let Ok(Complaint { error }) = serde_json::from_slice(body)
        && error.len() <= 40
        && error.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
    {
        // Writing to a String does not fail.
        write!(text, ", {error}").ok();
    }
    text
}

//! The admin API of the server that commands speak to.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use http::Method;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use url::Url;

use super::super::args::Global;
use super::super::{Exit, Outcome, Screen, runtime, target};
use crate::admin;
use crate::config::Config;
use crate::net::address::{AddressPolicy, is_loopback_host};
use crate::net::fetch::{FetchError, FetchOptions};
use crate::net::rest::RestClient;
use crate::net::secret::Secret;

/// The variable with the token.
const TOKEN: &str = "CASTILE_TOKEN";
/// Where the admin API is.
const BASE: [&str; 2] = ["admin", "v1"];
/// How long a server may take to start.
const START: Duration = Duration::from_secs(3);
/// Objects of a list that are read at one time, and of all.
const PART: usize = 1_000;
const MOST: usize = 100_000;

/// A server.
pub(super) struct Remote<'a> {
    screen: &'a Screen,
    client: RestClient,
    address: String,
    tenant: Option<String>,
}

impl<'a> Remote<'a> {
    /// The server that is named, else the one of the settings.
    pub(super) fn new(screen: &'a Screen, global: &Global, tenant: Option<String>) -> Outcome<Self> {
        Self::at(screen, global, tenant, server(screen, global)?)
    }

    /// The same, as a user with a password.
    pub(super) fn of_user(screen: &'a Screen, global: &Global, user: &str, password: &Secret) -> Outcome<Self> {
        let mut url = server(screen, global)?;
        let named = url.set_username(user).and_then(|()| url.set_password(Some(password.reveal())));
        named.map_err(|()| screen.usage("`--server` takes no user"))?;
        Self::at(screen, global, None, url)
    }

    fn at(screen: &'a Screen, global: &Global, tenant: Option<String>, url: Url) -> Outcome<Self> {
        let file = target::config_file(global);
        let is_here = url.host_str().is_some_and(is_loopback_host);
        let beside = file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""));
        // The operator names the server: it may be anywhere but where nobody may go.
        let client = |url: Url, token: Option<&Secret>| {
            RestClient::new(url, token, FetchOptions::new(AddressPolicy::local())).map_err(|e| {
                screen.error(&e.to_string());
                Exit::Problem
            })
        };
        let token = match crate::config::variable(TOKEN) {
            Some(token) => Some(Secret::new(token.reveal())),
            // The token of this machine is for this machine.
            None if is_here => {
                runtime(screen)?.block_on(started(&client(url.clone(), None)?));
                read_token(beside)
            }
            None => None,
        };
        if token.is_none() && url.password().is_none() {
            let file = admin::token_file(beside);
            screen.error(&if is_here {
                format!(
                    "there is no token: {} is not there, which `castile serve` writes while it runs, and {TOKEN} is not set",
                    file.display()
                )
            } else {
                format!("there is no token for {}: set {TOKEN}", crate::net::fetch::shown(&url))
            });
            return Err(Exit::Unreachable);
        }
        if url.scheme() == "http" && !is_here {
            screen.say("warning: the token goes over the network in clear; use https");
        }
        let address = crate::net::fetch::shown(&url);
        Ok(Self { screen, client: client(url, token.as_ref())?, address, tenant })
    }

    /// Sends a request and gives the answer; nothing where it has none.
    pub(super) async fn send(&self, method: Method, path: &[String], query: &[(&str, String)], body: Option<&Value>) -> Outcome<Value> {
        let path: Vec<&str> = BASE.into_iter().chain(path.iter().map(String::as_str)).collect();
        if path.iter().any(|s| matches!(*s, "" | "." | "..")) {
            return Err(self.screen.usage("an empty name, `.` and `..` name nothing"));
        }
        let mut query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        query.extend(self.tenant.as_deref().map(|t| ("tenant", t)));
        let sent = self.client.send(method, &path, &query, body.map(|b| b.to_string().into_bytes())).await;
        let answer = sent.map_err(|e| {
            self.screen.error(&format!("{} cannot be reached: {e}", self.address));
            Exit::Unreachable
        })?;
        let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        if (200..300).contains(&answer.status) {
            return Ok(document);
        }
        Err(self.refused(answer.status, &document))
    }

    /// All objects of a list.
    pub(super) async fn list(&self, path: &[String], query: &[(&'static str, String)]) -> Outcome<Vec<Value>> {
        let (mut all, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let mut query = query.to_vec();
            query.push(("limit", PART.to_string()));
            query.extend(cursor.take().map(|c| ("cursor", c)));
            let mut part = self.send(Method::GET, path, &query, None).await?;
            if let Some(Value::Array(items)) = part.get_mut("items").map(Value::take) {
                all.extend(items);
            }
            match part.get("next").and_then(Value::as_str) {
                Some(next) if all.len() < MOST => cursor = Some(next.to_owned()),
                Some(_) => {
                    self.screen.say(&format!("only the first {MOST} are shown"));
                    return Ok(all);
                }
                None => return Ok(all),
            }
        }
    }

    /// Says why the server did not do it.
    fn refused(&self, status: u16, problem: &Value) -> Exit {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        if self.screen.json && problem.is_object() {
            self.screen.to_stderr(problem.to_string().as_bytes());
        } else {
            let what = text(problem, "detail").unwrap_or_else(|| format!("{} answered {status}", self.address));
            self.screen.error(&what);
            for field in problem.get("errors").and_then(Value::as_array).into_iter().flatten() {
                if let Some(message) = text(field, "message") {
                    let place = |name| field.get(name).and_then(Value::as_u64).map_or_else(String::new, |n| format!(":{n}"));
                    let document =
                        text(field, "document").map_or_else(String::new, |d| format!("{d}{}{}: ", place("line"), place("column")));
                    let word = |name| text(field, name).unwrap_or_default();
                    self.screen.say(&format!("{document}{} [{}]: {message}", word("severity"), word("code")));
                    if let Some(hint) = text(field, "hint") {
                        self.screen.say(&format!("  {hint}"));
                    }
                } else if let Some(hint) = text(field, "hint") {
                    self.screen.say(&format!("did you mean `{hint}`?"));
                }
            }
            if status == 401 {
                self.screen.say("the token is that of the running server: its token file, or CASTILE_TOKEN");
            }
        }
        if status == 503 { Exit::Unreachable } else { Exit::Problem }
    }
}

/// The address of the server.
fn server(screen: &Screen, global: &Global) -> Outcome<Url> {
    let url = match &global.server {
        Some(text) => text.parse::<Url>().ok().filter(|u| matches!(u.scheme(), "http" | "https") && u.has_host()),
        None => here(&target::config(screen, global)?),
    };
    url.ok_or_else(|| screen.usage("`--server` is not an address such as http://127.0.0.1:8291"))
}

/// Waits a moment for a server of this machine that was started just before: the token is that of the one that answers.
async fn started(client: &RestClient) {
    let began = Instant::now();
    while let Err(FetchError::Connect { .. }) = client.send(Method::GET, &["livez"], &[], None).await {
        if began.elapsed() >= START {
            return;
        }
        sleep(START / 30).await;
    }
}

/// Where the admin listener of this machine is.
fn here(config: &Config) -> Option<Url> {
    format!("http://{}", reachable(config.listen.admin.address)).parse().ok()
}

/// A listener's address, as this machine reaches it.
pub(in crate::cli) fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let loopback: IpAddr = if address.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
        address.set_ip(loopback);
    }
    address
}

fn read_token(beside: &Path) -> Option<Secret> {
    let text = std::fs::read_to_string(admin::token_file(beside)).ok()?;
    Some(Secret::new(text.trim())).filter(|t| !t.reveal().is_empty())
}

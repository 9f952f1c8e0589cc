//! `castile token …`: access tokens of applications, from the gateway's own addresses and the admin API.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use http::Method;
use serde_json::{Value, json};
use url::Url;

use super::super::args::Global;
use super::super::{Exit, Outcome, Screen, runtime, target};
use super::access::read;
use super::args::Noun;
use super::remote::Remote;
use super::wanted::{Shown, Wanted, Wants, password};
use crate::config::Config;
use crate::net::address::AddressPolicy;
use crate::net::fetch::FetchOptions;
use crate::net::rest::RestClient;

/// The variable with the secret of a client.
const SECRET: &str = "CASTILE_CLIENT_SECRET";

#[derive(Debug, Subcommand)]
pub(crate) enum Token {
    /// Get an access token for an application, as its OAuth client (client credentials)
    Issue {
        /// The client's client_id
        #[arg(long, value_name = "ID")]
        client: String,
        /// A file with its secret; `-`: standard input [default: the variable CASTILE_CLIENT_SECRET]
        #[arg(long, value_name = "FILE")]
        secret_file: Option<PathBuf>,
        /// A scope that it shall have; may be given several times
        #[arg(long)]
        scope: Vec<String>,
        /// The gateway [default: `gateway.public_url` of the settings, else the address that it listens on]
        #[arg(long, value_name = "URL")]
        gateway: Option<Url>,
    },
    /// Say what an access token says, and whether it is good
    Inspect {
        /// A file with the token [default: standard input]
        #[arg(default_value = "-")]
        file: PathBuf,
    },
    /// End an access token before its time
    Revoke {
        /// A file with the token [default: standard input]
        #[arg(default_value = "-", conflicts_with = "jti")]
        file: PathBuf,
        /// Its name, or that of a grant, where the token is not at hand: administrators
        #[arg(long, allow_hyphen_values = true)]
        jti: Option<String>,
    },
}

impl Wants for Token {
    fn wanted(self) -> Result<Wanted, String> {
        let with = |file: &Path, word: &str| Ok(Wanted::create(&["tokens", word], json!({ "token": read(file)?.trim() })));
        match self {
            // Asked of the gateway.
            Self::Issue { .. } => Err(String::from("tokens are issued by the gateway")),
            Self::Inspect { file } => with(&file, "inspect"),
            Self::Revoke { jti: Some(jti), .. } => {
                let gone = Shown::Gone(format!("{jti} is no longer good"));
                Ok(Wanted::at(Method::DELETE, vec!["tokens".to_owned(), jti], gone))
            }
            Self::Revoke { file, jti: None } => with(&file, "revoke"),
        }
    }
}

/// Runs a command about a token. One that is not good is a problem that was found.
pub(crate) fn token(screen: &Screen, global: &Global, noun: Noun<Token>) -> Outcome {
    let tenant = noun.tenant;
    match noun.command {
        Token::Issue { client, secret_file, scope, gateway } => {
            let secret = match secret_file {
                Some(file) => password(&file).map_err(|e| screen.usage(&e))?,
                None => match crate::config::variable(SECRET) {
                    Some(secret) => secret.reveal().to_owned(),
                    None => return Err(screen.usage(&format!("the client's secret is needed: `--secret-file`, or {SECRET}"))),
                },
            };
            let url = match gateway {
                Some(url) => url,
                None => here(&target::config(screen, global)?).ok_or_else(|| screen.usage("`--gateway` is needed"))?,
            };
            runtime(screen)?.block_on(issue(screen, url, tenant.as_deref(), (&client, &secret), &scope))
        }
        command @ (Token::Inspect { .. } | Token::Revoke { .. }) => {
            let inspects = matches!(command, Token::Inspect { .. });
            let wanted = command.wanted().map_err(|e| screen.usage(&e))?;
            let remote = Remote::new(screen, global, tenant)?;
            runtime(screen)?.block_on(async {
                if !inspects {
                    return super::done(screen, &remote, wanted).await;
                }
                let answer = remote.send(wanted.method, &wanted.path, &wanted.query, wanted.body.as_ref()).await?;
                let shown = if screen.json { screen.answer(answer.to_string().as_bytes()) } else { super::one(screen, &answer) };
                Ok(if answer.get("active") == Some(&Value::Bool(true)) { shown } else { Exit::Problem })
            })
        }
    }
}

async fn issue(screen: &Screen, mut url: Url, tenant: Option<&str>, (client, secret): (&str, &str), scope: &[String]) -> Outcome {
    let named = url.set_username(client).and_then(|()| url.set_password(Some(secret)));
    named.map_err(|()| screen.usage("`--gateway` is not an address such as http://127.0.0.1:8280"))?;
    let failed = |e: &dyn std::fmt::Display| {
        screen.error(&format!("the gateway cannot be reached: {e}"));
        Exit::Unreachable
    };
    let client = RestClient::new(url, None, FetchOptions::new(AddressPolicy::local())).map_err(|e| failed(&e))?;
    let scope = scope.join(" ");
    let mut form = vec![("grant_type", "client_credentials")];
    form.extend((!scope.is_empty()).then_some(("scope", scope.as_str())));
    let path: Vec<&str> = tenant.into_iter().flat_map(|t| ["t", t]).chain(["oauth2", "token"]).collect();
    let answer = client.form(&path, &form).await.map_err(|e| failed(&e))?;
    let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if answer.status != 200 {
        let why = ["error_description", "error"].iter().find_map(|name| document.get(name)?.as_str()).unwrap_or("no reason is given");
        screen.error(&format!("the gateway answered {}: {why}", answer.status));
        return Err(Exit::Problem);
    }
    if screen.json {
        return Ok(screen.answer(document.to_string().as_bytes()));
    }
    Ok(super::secret(screen, &document, "access_token"))
}

/// Where the gateway of this machine is.
fn here(config: &Config) -> Option<Url> {
    if let Some(url) = &config.gateway.public_url {
        return Some(url.clone());
    }
    let scheme = if config.listen.gateway.tls.is_some() { "https" } else { "http" };
    format!("{scheme}://{}", super::remote::reachable(config.listen.gateway.address)).parse().ok()
}

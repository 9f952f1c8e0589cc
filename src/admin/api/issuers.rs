use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ADMINISTRATOR, same_name};
use crate::admin::AdminState;
use crate::admin::call::{Call, list};
use crate::admin::document::{List, Nothing, documents};
use crate::admin::route::{Allow, LIST, Operation, Routes, Verb};
use crate::problem::Problem;

/// An outside issuer of tokens.
#[derive(Debug, Serialize, ToSchema)]
struct Issuer {
    /// Its name here.
    name: String,
    /// `iss`, compared exactly.
    iss: String,
    /// Where its keys are; null: found by its metadata.
    jwks_uri: Option<String>,
    /// `aud`: one of these must be there.
    audiences: Vec<String>,
    /// Signature algorithms; empty: `RS256` and `ES256`.
    algorithms: Vec<String>,
    /// `typ` of its tokens; null: `JWT`, `at+jwt` or none.
    token_type: Option<String>,
    /// The claim that names the client; null: `azp`, then `client_id`.
    client_claim: Option<String>,
    /// The claim that holds the scopes; null: `scope`.
    scope_claim: Option<String>,
    /// Client of the issuer: id of the application that it is here.
    applications: BTreeMap<String, String>,
}

/// An issuer to be, or what it is from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewIssuer {
    /// Its name here: 1 to 64 letters, digits, `-`, `_` and `.`.
    name: String,
    /// `iss`, compared exactly: an https address.
    iss: String,
    /// Where its keys are; without it found by its metadata (RFC 8414).
    #[serde(default)]
    jwks_uri: Option<String>,
    /// `aud`: one of these must be there.
    audiences: Vec<String>,
    /// Signature algorithms; without them `RS256` and `ES256`.
    #[serde(default)]
    algorithms: Vec<String>,
    /// `typ` of its tokens; without it `JWT`, `at+jwt` or none.
    #[serde(default)]
    token_type: Option<String>,
    /// The claim that names the client; without it `azp`, then `client_id`.
    #[serde(default)]
    client_claim: Option<String>,
    /// The claim that holds the scopes; without it `scope`.
    #[serde(default)]
    scope_claim: Option<String>,
    /// Client of the issuer: the application that it is here, by id or name.
    #[serde(default)]
    applications: BTreeMap<String, String>,
}

documents!(Issuer, NewIssuer);

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/issuers",
                id: "listIssuers",
                summary: "The outside issuers of tokens.",
                allow: Allow::Roles(ADMINISTRATOR),
                query: LIST,
                status: 200,
            },
            all,
        )
        .with(
            Operation {
                verb: Verb::Post,
                path: "/admin/v1/issuers",
                id: "createIssuer",
                summary: "Makes an outside issuer of tokens known.",
                allow: Allow::Roles(ADMINISTRATOR),
                query: &[],
                status: 201,
            },
            create,
        )
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/issuers/{issuer}",
                id: "showIssuer",
                summary: "An issuer.",
                allow: Allow::Roles(ADMINISTRATOR),
                query: &[],
                status: 200,
            },
            one,
        )
        .with(
            Operation {
                verb: Verb::Put,
                path: "/admin/v1/issuers/{issuer}",
                id: "replaceIssuer",
                summary: "Puts an issuer in the place of the one of this name.",
                allow: Allow::Roles(ADMINISTRATOR),
                query: &[],
                status: 200,
            },
            replace,
        )
        .with(
            Operation {
                verb: Verb::Delete,
                path: "/admin/v1/issuers/{issuer}",
                id: "removeIssuer",
                summary: "Forgets an issuer: its tokens are no longer good.",
                allow: Allow::Roles(ADMINISTRATOR),
                query: &[],
                status: 204,
            },
            remove,
        )
}

async fn all(state: Arc<AdminState>, call: Call<Nothing>) -> Result<List<Issuer>, Problem> {
    Ok(list(state.manage.issuers(&call.actor, &call.part()?).await?))
}

async fn create(state: Arc<AdminState>, call: Call<NewIssuer>) -> Result<Issuer, Problem> {
    Ok(state.manage.create_issuer(&call.actor, call.input.into()).await?.into())
}

async fn one(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Issuer, Problem> {
    Ok(state.manage.issuer(&call.actor, call.path("issuer")).await?.into())
}

async fn replace(state: Arc<AdminState>, call: Call<NewIssuer>) -> Result<Issuer, Problem> {
    same_name(&call.input.name, call.path("issuer"))?;
    Ok(state.manage.replace_issuer(&call.actor, call.input.into()).await?.into())
}

async fn remove(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Nothing, Problem> {
    state.manage.remove_issuer(&call.actor, call.path("issuer")).await?;
    Ok(Nothing)
}

impl From<NewIssuer> for crate::manage::NewIssuer {
    fn from(new: NewIssuer) -> Self {
        Self {
            name: new.name,
            iss: new.iss,
            jwks_uri: new.jwks_uri,
            audiences: new.audiences,
            algorithms: new.algorithms,
            token_type: new.token_type,
            client_claim: new.client_claim,
            scope_claim: new.scope_claim,
            applications: new.applications,
        }
    }
}

impl From<crate::auth::Issuer> for Issuer {
    fn from(issuer: crate::auth::Issuer) -> Self {
        Self {
            name: issuer.name.to_string(),
            iss: issuer.iss.to_string(),
            jwks_uri: issuer.jwks_uri,
            audiences: issuer.audiences,
            algorithms: issuer.algorithms,
            token_type: issuer.token_type,
            client_claim: issuer.client_claim,
            scope_claim: issuer.scope_claim,
            applications: issuer.applications.into_iter().map(|(client, id)| (client, id.to_string())).collect(),
        }
    }
}

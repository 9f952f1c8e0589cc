use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{APPLICATIONS, time};
use crate::admin::AdminState;
use crate::admin::call::{Call, list};
use crate::admin::document::{List, Nothing, documents};
use crate::admin::route::{Allow, LIST, Operation, Routes, Verb};
use crate::auth::OAuthClient;
use crate::manage::MadeClient;
use crate::problem::Problem;

/// An OAuth 2.0 client of an application.
#[derive(Debug, Serialize, ToSchema)]
struct Client {
    /// `client_id`.
    client_id: String,
    /// `client_secret`, where it was just made: shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_secret: Option<String>,
    /// The application's id.
    application: String,
    /// Has it no secret?
    public: bool,
    /// Addresses that codes may be sent to.
    redirect_uris: Vec<String>,
    /// Grants that it may use.
    grants: Vec<String>,
    /// Scopes that it may ask for; empty: all that its subscriptions have.
    scopes: Vec<String>,
    /// When it was made, RFC 3339.
    created: String,
}

/// A client to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewClient {
    /// Can it keep no secret? So browsers and phones.
    #[serde(default)]
    public: bool,
    /// Addresses that codes may be sent to.
    #[serde(default)]
    redirect_uris: Vec<String>,
    /// `client_credentials`, `authorization_code`, `refresh_token`, `password` (administrators); without them the first, or with redirect addresses the two
    /// in the middle.
    #[serde(default)]
    grants: Vec<String>,
    /// Scopes that it may ask for; without them all that its subscriptions have.
    #[serde(default)]
    scopes: Vec<String>,
}

documents!(Client, NewClient);

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/applications/{application}/clients",
                id: "listClients",
                summary: "The OAuth clients of an application.",
                allow: Allow::Roles(APPLICATIONS),
                query: LIST,
                status: 200,
            },
            of_application,
        )
        .with(
            Operation {
                verb: Verb::Post,
                path: "/admin/v1/applications/{application}/clients",
                id: "createClient",
                summary: "Makes an OAuth client for an application; its secret is shown once.",
                allow: Allow::Roles(APPLICATIONS),
                query: &[],
                status: 201,
            },
            create,
        )
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/clients/{client}",
                id: "showClient",
                summary: "A client, by its `client_id`.",
                allow: Allow::Roles(APPLICATIONS),
                query: &[],
                status: 200,
            },
            one,
        )
        .with(
            Operation {
                verb: Verb::Delete,
                path: "/admin/v1/clients/{client}",
                id: "removeClient",
                summary: "Removes a client.",
                allow: Allow::Roles(APPLICATIONS),
                query: &[],
                status: 204,
            },
            remove,
        )
        .with(
            Operation {
                verb: Verb::Post,
                path: "/admin/v1/clients/{client}/secret",
                id: "renewClientSecret",
                summary: "Makes a new secret for a client; the one before ends at once.",
                allow: Allow::Roles(APPLICATIONS),
                query: &[],
                status: 201,
            },
            renew,
        )
}

async fn of_application(state: Arc<AdminState>, call: Call<Nothing>) -> Result<List<Client>, Problem> {
    Ok(list(state.manage.clients(&call.actor, call.path("application"), &call.part()?).await?))
}

async fn create(state: Arc<AdminState>, call: Call<NewClient>) -> Result<Client, Problem> {
    let application = call.path("application").to_owned();
    let NewClient { public, redirect_uris, grants, scopes } = call.input;
    let new = crate::manage::NewClient { public, redirect_uris, grants, scopes };
    Ok(state.manage.create_client(&call.actor, &application, new).await?.into())
}

async fn one(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Client, Problem> {
    Ok(state.manage.client(&call.actor, call.path("client")).await?.into())
}

async fn renew(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Client, Problem> {
    Ok(state.manage.renew_client_secret(&call.actor, call.path("client")).await?.into())
}

async fn remove(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Nothing, Problem> {
    state.manage.remove_client(&call.actor, call.path("client")).await?;
    Ok(Nothing)
}

impl From<MadeClient> for Client {
    fn from(made: MadeClient) -> Self {
        Self { client_secret: made.secret.map(|s| s.reveal().to_owned()), ..Self::from(made.client) }
    }
}

impl From<OAuthClient> for Client {
    fn from(client: OAuthClient) -> Self {
        Self {
            client_id: client.id.to_string(),
            client_secret: None,
            application: client.application.to_string(),
            public: client.secret.is_none(),
            redirect_uris: client.redirect_uris,
            grants: client.grants,
            scopes: client.scopes,
            created: time(client.created),
        }
    }
}

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{APPLICATIONS, duration, time};
use crate::admin::AdminState;
use crate::admin::call::{Call, list};
use crate::admin::document::{List, Nothing, documents};
use crate::admin::route::{Allow, LIST, Operation, Routes, Verb};
use crate::auth::ApiKey;
use crate::manage::MadeKey;
use crate::problem::Problem;

/// A key of an application.
#[derive(Debug, Serialize, ToSchema)]
struct Key {
    /// The key itself, where it was just made: shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// Never changes, never comes again.
    id: String,
    /// The application's id.
    application: String,
    /// The first characters of the key.
    shown: String,
    /// When it ends, RFC 3339; null: not by itself.
    expires: Option<String>,
    /// When it was made, RFC 3339.
    created: String,
}

/// A key to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewKey {
    /// After which time it ends: `90d`; without it, it does not end by itself.
    #[serde(default)]
    expires_in: Option<String>,
}

/// How a key is replaced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Rotation {
    /// How long the old one is still good: `24h`; without it, it ends at once.
    #[serde(default)]
    overlap: Option<String>,
}

documents!(Key, NewKey, Rotation);

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/applications/{application}/keys",
                id: "listKeys",
                summary: "The keys of an application.",
                allow: Allow::Roles(APPLICATIONS),
                query: LIST,
                status: 200,
            },
            of_application,
        )
        .with(
            Operation {
                verb: Verb::Post,
                path: "/admin/v1/applications/{application}/keys",
                id: "createKey",
                summary: "Makes a key for an application; it is shown once.",
                allow: Allow::Roles(APPLICATIONS),
                query: &[],
                status: 201,
            },
            create,
        )
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/keys/{key}",
                id: "showKey",
                summary: "What is known of a key, by its id.",
                allow: Allow::Roles(APPLICATIONS),
                query: &[],
                status: 200,
            },
            one,
        )
        .with(
            Operation {
                verb: Verb::Delete,
                path: "/admin/v1/keys/{key}",
                id: "revokeKey",
                summary: "Ends a key at once.",
                allow: Allow::Roles(APPLICATIONS),
                query: &[],
                status: 204,
            },
            revoke,
        )
        .with(
            Operation {
                verb: Verb::Post,
                path: "/admin/v1/keys/{key}/rotate",
                id: "rotateKey",
                summary: "Makes a key in the place of one, which ends after the overlap.",
                allow: Allow::Roles(APPLICATIONS),
                query: &[],
                status: 201,
            },
            rotate,
        )
}

async fn of_application(state: Arc<AdminState>, call: Call<Nothing>) -> Result<List<Key>, Problem> {
    Ok(list(state.manage.keys(&call.actor, call.path("application"), &call.part()?).await?))
}

async fn create(state: Arc<AdminState>, call: Call<NewKey>) -> Result<Key, Problem> {
    let ahead = call.input.expires_in.as_deref().map(|t| duration("expires_in", t)).transpose()?;
    let now = jiff::Timestamp::now().as_second();
    let expires = ahead.map(|d| now.saturating_add(i64::try_from(d.as_secs()).unwrap_or(i64::MAX)));
    Ok(state.manage.create_key(&call.actor, call.path("application"), expires).await?.into())
}

async fn one(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Key, Problem> {
    Ok(state.manage.key(&call.actor, call.path("key")).await?.into())
}

async fn revoke(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Nothing, Problem> {
    state.manage.revoke_key(&call.actor, call.path("key")).await?;
    Ok(Nothing)
}

async fn rotate(state: Arc<AdminState>, call: Call<Rotation>) -> Result<Key, Problem> {
    let overlap = call.input.overlap.as_deref().map(|t| duration("overlap", t)).transpose()?.unwrap_or_default();
    Ok(state.manage.rotate_key(&call.actor, call.path("key"), overlap).await?.into())
}

impl From<MadeKey> for Key {
    fn from(made: MadeKey) -> Self {
        Self { key: Some(made.plain.reveal().to_owned()), ..Self::from(made.key) }
    }
}

impl From<ApiKey> for Key {
    fn from(key: ApiKey) -> Self {
        Self {
            key: None,
            id: key.id.to_string(),
            application: key.application.to_string(),
            shown: key.shown,
            expires: key.expires.map(time),
            created: time(key.created),
        }
    }
}

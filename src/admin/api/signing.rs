use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::time;
use crate::admin::AdminState;
use crate::admin::call::Call;
use crate::admin::document::{List, Nothing, documents};
use crate::admin::route::{Allow, Operation, Routes, Verb};
use crate::manage::SigningStatus;
use crate::problem::Problem;

/// A key that signs tokens. The key itself is never shown.
#[derive(Debug, Serialize, ToSchema)]
struct SigningKey {
    /// Its `kid`.
    id: String,
    /// `next`: it is published and does not sign yet; `signs`; `past`: it signs no more, what it signed is good.
    state: &'static str,
    /// When it was made, RFC 3339.
    created: String,
    /// When it begins to sign, RFC 3339.
    signs_from: String,
    /// When it is taken away, RFC 3339; null: no other key signs after it yet.
    ends: Option<String>,
}

/// When a new key signs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SigningRotation {
    /// Within seconds, not after the usual time: those who keep the public keys for a while may refuse its first tokens.
    #[serde(default)]
    at_once: bool,
}

documents!(SigningKey, SigningRotation);

const fn operation(verb: Verb, path: &'static str, id: &'static str, summary: &'static str, status: u16) -> Operation {
    Operation { verb, path, id, summary, allow: Allow::Installation, query: &[], status }
}

pub(super) fn routes(routes: Routes) -> Routes {
    const ALL: &str = "/admin/v1/signing-keys";
    let listed = "The keys that sign tokens, in the order in which they do.";
    let rotated = "Makes a new key that signs tokens; it is published for a while before it does.";
    let removed = "Takes a key away at once: no token that it signed is good any more.";
    routes
        .with(operation(Verb::Get, ALL, "listSigningKeys", listed, 200), all)
        .with(operation(Verb::Post, ALL, "rotateSigningKey", rotated, 201), rotate)
        .with(operation(Verb::Delete, "/admin/v1/signing-keys/{key}", "removeSigningKey", removed, 204), remove)
}

async fn all(state: Arc<AdminState>, call: Call<Nothing>) -> Result<List<SigningKey>, Problem> {
    let keys = state.manage.signing_keys(&call.actor).await?;
    Ok(List { items: keys.into_iter().map(Into::into).collect(), next: None })
}

async fn rotate(state: Arc<AdminState>, call: Call<SigningRotation>) -> Result<SigningKey, Problem> {
    Ok(state.manage.rotate_signing_key(&call.actor, call.input.at_once).await?.into())
}

async fn remove(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Nothing, Problem> {
    state.manage.remove_signing_key(&call.actor, call.path("key")).await?;
    Ok(Nothing)
}

impl From<SigningStatus> for SigningKey {
    fn from(key: SigningStatus) -> Self {
        Self {
            id: key.id.to_string(),
            state: key.state.word(),
            created: time(key.created),
            signs_from: time(key.signs_from),
            ends: key.ends.map(time),
        }
    }
}

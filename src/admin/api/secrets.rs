use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{PUBLISHER, same_name, time};
use crate::admin::AdminState;
use crate::admin::call::{Call, list};
use crate::admin::document::{Document, List, Nothing, Schemas, documents, named};
use crate::admin::route::{Allow, LIST, Operation, Routes, Verb};
use crate::api::SealedSecret;
use crate::manage::MAX_SECRET_BYTES;
use crate::problem::Problem;

/// A secret for SOAP services. Its value is never shown.
#[derive(Debug, Serialize, ToSchema)]
struct Secret {
    /// Its name in api.yaml: `secret: NAME`.
    name: String,
    /// What it is for, for people.
    description: String,
    /// When its value was given, RFC 3339.
    changed: String,
}

/// A secret to be, or what is put in its place.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSecret {
    /// 1 to 64 letters, digits, `-`, `_` and `.`.
    name: String,
    /// What it is for, for people; without it as it was.
    #[serde(default)]
    description: Option<String>,
    /// Its value: a password, or PEM. At most 48 KiB.
    value: String,
}

documents!(Secret);

impl Document for NewSecret {
    /// The value, with what JSON writes for its line ends.
    const MAX_BYTES: usize = 2 * MAX_SECRET_BYTES;

    fn schema(schemas: &mut Schemas) -> Option<utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>> {
        Some(named::<Self>(schemas))
    }
}

pub(super) fn routes(routes: Routes) -> Routes {
    let operation =
        |verb, path, id, summary, query, status| Operation { verb, path, id, summary, allow: Allow::Roles(PUBLISHER), query, status };
    let (whole, single) = ("/admin/v1/secrets", "/admin/v1/secrets/{secret}");
    let replaced = "Puts a value in the place of the one of this name; in force within two seconds.";
    routes
        .with(operation(Verb::Get, whole, "listSecrets", "The sealed secrets of the tenant, without their values.", LIST, 200), all)
        .with(operation(Verb::Post, whole, "createSecret", "Seals a secret that APIs of the tenant name.", &[], 201), create)
        .with(operation(Verb::Get, single, "showSecret", "A sealed secret, without its value.", &[], 200), one)
        .with(operation(Verb::Put, single, "replaceSecret", replaced, &[], 200), replace)
        .with(operation(Verb::Delete, single, "removeSecret", "Removes a secret that no API names.", &[], 204), remove)
}

async fn all(state: Arc<AdminState>, call: Call<Nothing>) -> Result<List<Secret>, Problem> {
    Ok(list(state.manage.secrets(&call.actor, &call.part()?).await?))
}

async fn create(state: Arc<AdminState>, call: Call<NewSecret>) -> Result<Secret, Problem> {
    Ok(state.manage.create_secret(&call.actor, call.input.into()).await?.into())
}

async fn one(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Secret, Problem> {
    Ok(state.manage.secret(&call.actor, call.path("secret")).await?.into())
}

async fn replace(state: Arc<AdminState>, call: Call<NewSecret>) -> Result<Secret, Problem> {
    same_name(&call.input.name, call.path("secret"))?;
    Ok(state.manage.replace_secret(&call.actor, call.input.into()).await?.into())
}

async fn remove(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Nothing, Problem> {
    state.manage.remove_secret(&call.actor, call.path("secret")).await?;
    Ok(Nothing)
}

impl From<NewSecret> for crate::manage::NewSecret {
    fn from(new: NewSecret) -> Self {
        Self { name: new.name, description: new.description, value: crate::net::secret::Secret::new(new.value) }
    }
}

impl From<SealedSecret> for Secret {
    fn from(secret: SealedSecret) -> Self {
        Self { name: secret.name.to_string(), description: secret.description, changed: time(secret.changed) }
    }
}

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Type;

use super::{standing, time, word};
use crate::admin::AdminState;
use crate::admin::call::{Call, list};
use crate::admin::document::{List, Nothing, documents, given, nullable};
use crate::admin::route::{Allow, LIST, Operation, Routes, Verb};
use crate::manage::{Managed, TenantChange};
use crate::problem::Problem;

/// An organisation that owns APIs.
#[derive(Debug, Serialize, ToSchema)]
struct Tenant {
    /// Its name in addresses.
    name: String,
    /// Its name for people.
    display_name: String,
    /// Calls per second of all its APIs together; null: as many as come.
    calls_per_second: Option<u32>,
    /// What its documents and tokens say in the place of the gateway's address.
    public_url: Option<String>,
    /// `active` or `blocked`.
    #[schema(schema_with = super::standing_schema)]
    standing: &'static str,
    /// When it was made, RFC 3339.
    created: String,
}

/// A tenant to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewTenant {
    /// 1 to 63 lower-case letters, digits and `-`.
    name: String,
    /// Its name for people.
    #[serde(default)]
    display_name: Option<String>,
    /// Calls per second of all its APIs together.
    #[serde(default)]
    calls_per_second: Option<u32>,
    /// What its documents and tokens say in the place of the gateway's address.
    #[serde(default)]
    public_url: Option<String>,
}

/// What becomes of a tenant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TenantUpdate {
    /// Its name for people.
    #[serde(default)]
    display_name: Option<String>,
    /// Calls per second of all its APIs together; null: as many as come.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = number, required = false)]
    calls_per_second: Option<Option<u32>>,
    /// What its documents and tokens say in the place of the gateway's address; null: that.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = text, required = false)]
    public_url: Option<Option<String>>,
    /// `active` or `blocked`.
    #[serde(default)]
    #[schema(schema_with = super::standing_change, required = false)]
    standing: Option<String>,
}

fn number() -> utoipa::openapi::schema::Schema {
    nullable(Type::Integer)
}

fn text() -> utoipa::openapi::schema::Schema {
    nullable(Type::String)
}

documents!(Tenant, NewTenant, TenantUpdate);

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/tenants",
                id: "listTenants",
                summary: "All tenants.",
                allow: Allow::Installation,
                query: LIST,
                status: 200,
            },
            all,
        )
        .with(
            Operation {
                verb: Verb::Post,
                path: "/admin/v1/tenants",
                id: "createTenant",
                summary: "Makes a tenant, with the shipped plans.",
                allow: Allow::Installation,
                query: &[],
                status: 201,
            },
            create,
        )
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/tenants/{tenant}",
                id: "showTenant",
                summary: "A tenant.",
                allow: Allow::Installation,
                query: &[],
                status: 200,
            },
            one,
        )
        .with(
            Operation {
                verb: Verb::Patch,
                path: "/admin/v1/tenants/{tenant}",
                id: "updateTenant",
                summary: "Changes a tenant.",
                allow: Allow::Installation,
                query: &[],
                status: 200,
            },
            update,
        )
        .with(
            Operation {
                verb: Verb::Delete,
                path: "/admin/v1/tenants/{tenant}",
                id: "removeTenant",
                summary: "Removes a tenant that has no users, applications, issuers and APIs, with its plans.",
                allow: Allow::Installation,
                query: &[],
                status: 204,
            },
            remove,
        )
}

async fn all(state: Arc<AdminState>, call: Call<Nothing>) -> Result<List<Tenant>, Problem> {
    Ok(list(state.manage.tenants(&call.actor, &call.part()?).await?))
}

async fn create(state: Arc<AdminState>, call: Call<NewTenant>) -> Result<Tenant, Problem> {
    let new = call.input;
    let change = TenantChange {
        display_name: new.display_name,
        calls_per_second: new.calls_per_second.map(Some),
        public_url: new.public_url.map(Some),
        standing: None,
    };
    Ok(state.manage.create_tenant(&call.actor, &new.name, change).await?.into())
}

async fn one(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Tenant, Problem> {
    Ok(state.manage.tenant(&call.actor, call.path("tenant")).await?.into())
}

async fn update(state: Arc<AdminState>, call: Call<TenantUpdate>) -> Result<Tenant, Problem> {
    let change = call.input.read()?;
    Ok(state.manage.update_tenant(&call.actor, call.path("tenant"), change).await?.into())
}

async fn remove(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Nothing, Problem> {
    state.manage.remove_tenant(&call.actor, call.path("tenant")).await?;
    Ok(Nothing)
}

impl TenantUpdate {
    fn read(&self) -> Managed<TenantChange> {
        Ok(TenantChange {
            display_name: self.display_name.clone(),
            calls_per_second: self.calls_per_second,
            public_url: self.public_url.clone(),
            standing: standing(self.standing.as_deref())?,
        })
    }
}

impl From<crate::auth::Tenant> for Tenant {
    fn from(tenant: crate::auth::Tenant) -> Self {
        Self {
            name: tenant.name.to_string(),
            display_name: tenant.display_name,
            calls_per_second: tenant.calls_per_second,
            public_url: tenant.public_url,
            standing: word(tenant.standing),
            created: time(tenant.created),
        }
    }
}

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::Type;

use super::{APPLICATIONS, standing, time, word};
use crate::admin::AdminState;
use crate::admin::call::{Call, list};
use crate::admin::document::{List, Nothing, documents, given, nullable};
use crate::admin::route::{Allow, LIST, Operation, Routes, Verb};
use crate::manage::ApplicationChange;
use crate::problem::Problem;

/// What a subscriber registers: it owns keys, clients and subscriptions.
#[derive(Debug, Serialize, ToSchema)]
struct Application {
    /// Never changes, never comes again.
    id: String,
    /// Its name; unique for its owner.
    name: String,
    /// The user who owns it.
    owner: String,
    /// What it is, for people.
    description: String,
    /// The plan of the application itself, over all its subscriptions.
    plan: Option<String>,
    /// `active` or `blocked`.
    #[schema(schema_with = super::standing_schema)]
    standing: &'static str,
    /// When it was made, RFC 3339.
    created: String,
}

/// An application to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewApplication {
    /// Its name; unique for its owner.
    name: String,
    /// What it is, for people.
    #[serde(default)]
    description: String,
    /// Its owner, where that is another than who asks: administrators.
    #[serde(default)]
    owner: Option<String>,
    /// The plan of the application itself: administrators.
    #[serde(default)]
    plan: Option<String>,
}

/// What becomes of an application.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApplicationUpdate {
    /// Its name.
    #[serde(default)]
    name: Option<String>,
    /// What it is, for people.
    #[serde(default)]
    description: Option<String>,
    /// The plan of the application itself, or null: administrators.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = text, required = false)]
    plan: Option<Option<String>>,
    /// `active` or `blocked`: administrators.
    #[serde(default)]
    #[schema(schema_with = super::standing_change, required = false)]
    standing: Option<String>,
}

fn text() -> utoipa::openapi::schema::Schema {
    nullable(Type::String)
}

documents!(Application, NewApplication, ApplicationUpdate);

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/applications",
                id: "listApplications",
                summary: "The applications of who asks; for administrators those of the tenant.",
                allow: Allow::Roles(APPLICATIONS),
                query: LIST,
                status: 200,
            },
            all,
        )
        .with(
            Operation {
                verb: Verb::Post,
                path: "/admin/v1/applications",
                id: "createApplication",
                summary: "Registers an application.",
                allow: Allow::Roles(APPLICATIONS),
                query: &[],
                status: 201,
            },
            create,
        )
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/applications/{application}",
                id: "showApplication",
                summary: "An application, by its id or name.",
                allow: Allow::Roles(APPLICATIONS),
                query: &[],
                status: 200,
            },
            one,
        )
        .with(
            Operation {
                verb: Verb::Patch,
                path: "/admin/v1/applications/{application}",
                id: "updateApplication",
                summary: "Changes an application.",
                allow: Allow::Roles(APPLICATIONS),
                query: &[],
                status: 200,
            },
            update,
        )
        .with(
            Operation {
                verb: Verb::Delete,
                path: "/admin/v1/applications/{application}",
                id: "removeApplication",
                summary: "Removes an application with its keys, clients and subscriptions.",
                allow: Allow::Roles(APPLICATIONS),
                query: &[],
                status: 204,
            },
            remove,
        )
}

async fn all(state: Arc<AdminState>, call: Call<Nothing>) -> Result<List<Application>, Problem> {
    Ok(list(state.manage.applications(&call.actor, &call.part()?).await?))
}

async fn create(state: Arc<AdminState>, call: Call<NewApplication>) -> Result<Application, Problem> {
    let NewApplication { name, description, owner, plan } = call.input;
    let new = crate::manage::NewApplication { name, description, owner, plan };
    Ok(state.manage.create_application(&call.actor, new).await?.into())
}

async fn one(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Application, Problem> {
    Ok(state.manage.application(&call.actor, call.path("application")).await?.into())
}

async fn update(state: Arc<AdminState>, call: Call<ApplicationUpdate>) -> Result<Application, Problem> {
    let given = &call.input;
    let change = ApplicationChange {
        name: given.name.clone(),
        description: given.description.clone(),
        plan: given.plan.clone(),
        standing: standing(given.standing.as_deref())?,
    };
    Ok(state.manage.update_application(&call.actor, call.path("application"), change).await?.into())
}

async fn remove(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Nothing, Problem> {
    state.manage.remove_application(&call.actor, call.path("application")).await?;
    Ok(Nothing)
}

impl From<crate::auth::Application> for Application {
    fn from(application: crate::auth::Application) -> Self {
        Self {
            id: application.id.to_string(),
            name: application.name.to_string(),
            owner: application.owner.to_string(),
            description: application.description,
            plan: application.plan.map(|p| p.to_string()),
            standing: word(application.standing),
            created: time(application.created),
        }
    }
}

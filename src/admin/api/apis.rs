use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::PUBLISHER;
use crate::admin::AdminState;
use crate::admin::call::{Call, list};
use crate::admin::document::{List, Nothing, documents};
use crate::admin::problems::parameter;
use crate::admin::route::{Allow, LIST, Operation, Routes, Verb};
use crate::manage::{Act, ApiStatus};
use crate::problem::Problem;

/// An API and what is in force of it.
#[derive(Debug, Serialize, ToSchema)]
struct Api {
    /// Its name.
    name: String,
    /// Its name for people.
    title: String,
    /// Its version.
    version: String,
    /// Its context.
    context: String,
    /// `created`, `prototype`, `published`, `blocked`, `deprecated` or `retired`: the state that is in force.
    state: &'static str,
    /// The state that its definition says.
    defined_state: &'static str,
    /// The revision that is in force.
    revision: u64,
    /// The newest revision.
    latest: u64,
    /// Is the revision held, so that newer ones are not in force?
    held: bool,
    /// Does the newest revision come from the folder of a server?
    managed_by_files: bool,
}

/// Which revision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ToRevision {
    /// Its number. To publish: without it the newest, and those that come; to roll back: without it the one before the one in force.
    #[serde(default)]
    revision: Option<u64>,
}

documents!(Api, ToRevision);

const fn act(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation { verb: Verb::Post, path, id, summary, allow: Allow::Roles(PUBLISHER), query: &[], status: 200 }
}

pub(super) fn routes(routes: Routes) -> Routes {
    let read =
        |path, id, summary, query| Operation { verb: Verb::Get, path, id, summary, allow: Allow::Roles(PUBLISHER), query, status: 200 };
    let publish = "Publishes an API: a revision that is held from now on, or the newest and those that come.";
    let rollback = "Puts an older revision in force, and holds it.";
    routes
        .with(read("/admin/v1/apis", "listApis", "The APIs of the tenant, by name.", LIST), all)
        .with(read("/admin/v1/apis/{api}", "showApi", "An API.", &[]), one)
        .with(
            Operation {
                verb: Verb::Delete,
                path: "/admin/v1/apis/{api}",
                id: "removeApi",
                summary: "Removes an API with all its revisions.",
                allow: Allow::Roles(PUBLISHER),
                query: &[("subscriptions", "`remove`: its subscriptions too; without it an API that has some stays")],
                status: 204,
            },
            remove,
        )
        .with(act("/admin/v1/apis/{api}/publish", "publishApi", publish), |state, call: Call<ToRevision>| {
            let revision = call.input.revision;
            done(state, call, Act::Publish(revision))
        })
        .with(act("/admin/v1/apis/{api}/rollback", "rollbackApi", rollback), |state, call: Call<ToRevision>| {
            let revision = call.input.revision;
            done(state, call, Act::Rollback(revision))
        })
        .with(act("/admin/v1/apis/{api}/block", "blockApi", "Refuses the calls of an API for the time being: 503."), |state, call| {
            done::<Nothing>(state, call, Act::Block)
        })
        .with(act("/admin/v1/apis/{api}/unblock", "unblockApi", "Puts a blocked API back to what it was."), |state, call| {
            done::<Nothing>(state, call, Act::Unblock)
        })
        .with(act("/admin/v1/apis/{api}/deprecate", "deprecateApi", "Takes no new subscriptions to an API."), |state, call| {
            done::<Nothing>(state, call, Act::Deprecate)
        })
        .with(act("/admin/v1/apis/{api}/retire", "retireApi", "Takes an API away for good: 410."), |state, call| {
            done::<Nothing>(state, call, Act::Retire)
        })
        .with(act("/admin/v1/apis/{api}/prototype", "prototypeApi", "Lets everybody call an API without credentials."), |state, call| {
            done::<Nothing>(state, call, Act::Prototype)
        })
        .with(act("/admin/v1/apis/{api}/withdraw", "withdrawApi", "Takes an API back to where it is only created: 404."), |state, call| {
            done::<Nothing>(state, call, Act::Withdraw)
        })
}

async fn all(state: Arc<AdminState>, call: Call<Nothing>) -> Result<List<Api>, Problem> {
    Ok(list(state.manage.apis(&call.actor, &call.part()?).await?))
}

async fn one(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Api, Problem> {
    Ok(state.manage.api_status(&call.actor, call.path("api")).await?.into())
}

async fn done<I>(state: Arc<AdminState>, call: Call<I>, act: Act) -> Result<Api, Problem> {
    Ok(state.manage.act(&call.actor, call.path("api"), act).await?.into())
}

async fn remove(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Nothing, Problem> {
    let subscriptions = match call.query("subscriptions") {
        None => false,
        Some("remove") => true,
        Some(other) => return Err(parameter("subscriptions", "`remove`", other, Some("remove"))),
    };
    state.manage.remove_api(&call.actor, call.path("api"), subscriptions).await?;
    Ok(Nothing)
}

impl From<ApiStatus> for Api {
    fn from(api: ApiStatus) -> Self {
        Self {
            name: api.name.to_string(),
            title: api.title,
            version: api.version,
            context: api.context,
            state: api.state.as_str(),
            defined_state: api.defined_state.as_str(),
            revision: api.revision,
            latest: api.latest,
            held: api.held,
            managed_by_files: api.managed_by_files,
        }
    }
}

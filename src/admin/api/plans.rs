use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ADMINISTRATOR, same_name};
use crate::admin::AdminState;
use crate::admin::call::{Call, list};
use crate::admin::document::{List, Nothing, documents};
use crate::admin::route::{Allow, LIST, Operation, Routes, Verb};
use crate::problem::Problem;

/// What a subscription may use.
#[derive(Debug, Serialize, ToSchema)]
struct Plan {
    /// Its name.
    name: String,
    /// Its name for people.
    display_name: String,
    /// Calls in a window: `20 calls a minute`; null: as many as come.
    quota: Option<String>,
    /// Calls at once; null: as many as the quota has.
    burst: Option<String>,
}

/// A plan to be, or what it is from now on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPlan {
    /// 1 to 64 letters, digits, `-`, `_` and `.`.
    name: String,
    /// Its name for people.
    #[serde(default)]
    display_name: String,
    /// Calls in a window: `20 per minute`; without it as many as come.
    #[serde(default)]
    quota: Option<String>,
    /// Calls at once: `5/s`; without it as many as the quota has.
    #[serde(default)]
    burst: Option<String>,
}

documents!(Plan, NewPlan);

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/plans",
                id: "listPlans",
                summary: "The plans of the tenant.",
                allow: Allow::Everybody,
                query: LIST,
                status: 200,
            },
            all,
        )
        .with(
            Operation {
                verb: Verb::Post,
                path: "/admin/v1/plans",
                id: "createPlan",
                summary: "Makes a plan.",
                allow: Allow::Roles(ADMINISTRATOR),
                query: &[],
                status: 201,
            },
            create,
        )
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/plans/{plan}",
                id: "showPlan",
                summary: "A plan.",
                allow: Allow::Everybody,
                query: &[],
                status: 200,
            },
            one,
        )
        .with(
            Operation {
                verb: Verb::Put,
                path: "/admin/v1/plans/{plan}",
                id: "replacePlan",
                summary: "Puts a plan in the place of the one of this name; in force within two seconds.",
                allow: Allow::Roles(ADMINISTRATOR),
                query: &[],
                status: 200,
            },
            replace,
        )
        .with(
            Operation {
                verb: Verb::Delete,
                path: "/admin/v1/plans/{plan}",
                id: "removePlan",
                summary: "Removes a plan that nothing is on.",
                allow: Allow::Roles(ADMINISTRATOR),
                query: &[],
                status: 204,
            },
            remove,
        )
}

async fn all(state: Arc<AdminState>, call: Call<Nothing>) -> Result<List<Plan>, Problem> {
    Ok(list(state.manage.plans(&call.actor, &call.part()?).await?))
}

async fn create(state: Arc<AdminState>, call: Call<NewPlan>) -> Result<Plan, Problem> {
    let NewPlan { name, display_name, quota, burst } = call.input;
    Ok(state.manage.create_plan(&call.actor, crate::manage::NewPlan { name, display_name, quota, burst }).await?.into())
}

async fn one(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Plan, Problem> {
    Ok(state.manage.plan(&call.actor, call.path("plan")).await?.into())
}

async fn replace(state: Arc<AdminState>, call: Call<NewPlan>) -> Result<Plan, Problem> {
    same_name(&call.input.name, call.path("plan"))?;
    let NewPlan { name, display_name, quota, burst } = call.input;
    Ok(state.manage.replace_plan(&call.actor, crate::manage::NewPlan { name, display_name, quota, burst }).await?.into())
}

async fn remove(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Nothing, Problem> {
    state.manage.remove_plan(&call.actor, call.path("plan")).await?;
    Ok(Nothing)
}

impl From<crate::throttle::Plan> for Plan {
    fn from(plan: crate::throttle::Plan) -> Self {
        Self {
            name: plan.name.to_string(),
            display_name: plan.display_name,
            quota: plan.quota.map(|q| q.to_string()),
            burst: plan.burst.map(|b| b.to_string()),
        }
    }
}

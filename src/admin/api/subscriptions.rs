use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{APPLICATIONS, standing, time, word};
use crate::admin::AdminState;
use crate::admin::call::{Call, list};
use crate::admin::document::{List, Nothing, documents};
use crate::admin::problems::parameter;
use crate::admin::route::{Allow, CURSOR, LIMIT, LIST, Operation, Routes, Verb};
use crate::auth::Role;
use crate::manage::{SubscriptionChange, Which};
use crate::problem::Problem;

/// Everybody who has to do with subscriptions.
const ALL: &[Role] = &Role::ALL;

/// An application that may call an API on a plan.
#[derive(Debug, Serialize, ToSchema)]
struct Subscription {
    /// Never changes, never comes again.
    id: String,
    /// The application's id.
    application: String,
    /// The API's name.
    api: String,
    /// The plan's name.
    plan: String,
    /// `active` or `blocked`.
    #[schema(schema_with = super::standing_schema)]
    standing: &'static str,
    /// When it was made, RFC 3339.
    created: String,
}

/// A subscription to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewSubscription {
    /// The application, by its id or name.
    application: String,
    /// The API's name.
    api: String,
    /// The plan's name.
    plan: String,
}

/// What becomes of a subscription.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SubscriptionUpdate {
    /// Its plan.
    #[serde(default)]
    plan: Option<String>,
    /// `active` or `blocked`: publishers and administrators.
    #[serde(default)]
    #[schema(schema_with = super::standing_change, required = false)]
    standing: Option<String>,
}

documents!(Subscription, NewSubscription, SubscriptionUpdate);

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/subscriptions",
                id: "listSubscriptions",
                summary: "Subscriptions: of an application; publishers and administrators see also those to an API, and all.",
                allow: Allow::Roles(ALL),
                query: &[LIMIT, CURSOR, ("application", "The application, by its id or name"), ("api", "The API by its name")],
                status: 200,
            },
            all,
        )
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/applications/{application}/subscriptions",
                id: "listSubscriptionsOfApplication",
                summary: "The subscriptions of an application.",
                allow: Allow::Roles(APPLICATIONS),
                query: LIST,
                status: 200,
            },
            of_application,
        )
        .with(
            Operation {
                verb: Verb::Post,
                path: "/admin/v1/subscriptions",
                id: "createSubscription",
                summary: "Subscribes an application to an API on a plan.",
                allow: Allow::Roles(APPLICATIONS),
                query: &[],
                status: 201,
            },
            create,
        )
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/subscriptions/{subscription}",
                id: "showSubscription",
                summary: "A subscription.",
                allow: Allow::Roles(ALL),
                query: &[],
                status: 200,
            },
            one,
        )
        .with(
            Operation {
                verb: Verb::Patch,
                path: "/admin/v1/subscriptions/{subscription}",
                id: "updateSubscription",
                summary: "Changes the plan of a subscription, or blocks it.",
                allow: Allow::Roles(ALL),
                query: &[],
                status: 200,
            },
            update,
        )
        .with(
            Operation {
                verb: Verb::Delete,
                path: "/admin/v1/subscriptions/{subscription}",
                id: "removeSubscription",
                summary: "Ends a subscription.",
                allow: Allow::Roles(ALL),
                query: &[],
                status: 204,
            },
            remove,
        )
}

async fn all(state: Arc<AdminState>, call: Call<Nothing>) -> Result<List<Subscription>, Problem> {
    let which = match (call.query("application"), call.query("api")) {
        (None, None) => Which::All,
        (Some(application), None) => Which::Of(application),
        (None, Some(api)) => Which::To(api),
        (Some(_), Some(api)) => return Err(parameter("api", "given where `application` is", api, None)),
    };
    Ok(list(state.manage.subscriptions(&call.actor, which, &call.part()?).await?))
}

async fn of_application(state: Arc<AdminState>, call: Call<Nothing>) -> Result<List<Subscription>, Problem> {
    Ok(list(state.manage.subscriptions(&call.actor, Which::Of(call.path("application")), &call.part()?).await?))
}

async fn create(state: Arc<AdminState>, call: Call<NewSubscription>) -> Result<Subscription, Problem> {
    let NewSubscription { application, api, plan } = call.input;
    Ok(state.manage.subscribe(&call.actor, crate::manage::NewSubscription { application, api, plan }).await?.into())
}

async fn one(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Subscription, Problem> {
    Ok(state.manage.subscription(&call.actor, call.path("subscription")).await?.into())
}

async fn update(state: Arc<AdminState>, call: Call<SubscriptionUpdate>) -> Result<Subscription, Problem> {
    let change = SubscriptionChange { plan: call.input.plan.clone(), standing: standing(call.input.standing.as_deref())? };
    Ok(state.manage.update_subscription(&call.actor, call.path("subscription"), change).await?.into())
}

async fn remove(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Nothing, Problem> {
    state.manage.unsubscribe(&call.actor, call.path("subscription")).await?;
    Ok(Nothing)
}

impl From<crate::auth::Subscription> for Subscription {
    fn from(subscription: crate::auth::Subscription) -> Self {
        Self {
            id: subscription.id.to_string(),
            application: subscription.application.to_string(),
            api: subscription.api.to_string(),
            plan: subscription.plan.to_string(),
            standing: word(subscription.standing),
            created: time(subscription.created),
        }
    }
}

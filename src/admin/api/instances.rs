use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::time;
use crate::admin::AdminState;
use crate::admin::call::{Call, list};
use crate::admin::document::{List, Nothing, documents};
use crate::admin::route::{Allow, LIST, Operation, Routes, Verb};
use crate::manage;
use crate::problem::Problem;

/// A process of Castile on this store.
#[derive(Debug, Serialize, ToSchema)]
struct Instance {
    /// Made at its start.
    id: String,
    /// The name of its machine; may be empty.
    host: String,
    /// `all`, `gateway` or `manage`.
    role: String,
    /// Its version of Castile.
    version: String,
    /// Where callers connect; null: it has no gateway.
    gateway: Option<String>,
    /// Where operators connect.
    admin: String,
    /// When it started, RFC 3339.
    started: String,
    /// Its last heartbeat, RFC 3339.
    seen: String,
    /// APIs that it serves.
    apis: u64,
    /// What is not well there: the words of docs/alarms.md.
    alarms: Vec<String>,
}

documents!(Instance);

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(
        Operation {
            verb: Verb::Get,
            path: "/admin/v1/instances",
            id: "listInstances",
            summary: "The instances that live: each says so every few seconds, and one that does not is gone from here within 16 s.",
            allow: Allow::Installation,
            query: LIST,
            status: 200,
        },
        all,
    )
}

async fn all(state: Arc<AdminState>, call: Call<Nothing>) -> Result<List<Instance>, Problem> {
    Ok(list(state.manage.instances(&call.actor, &call.part()?).await?))
}

impl From<manage::Instance> for Instance {
    fn from(instance: manage::Instance) -> Self {
        Self {
            id: instance.id,
            host: instance.host,
            role: instance.role,
            version: instance.version,
            gateway: instance.gateway,
            admin: instance.admin,
            started: time(instance.started),
            seen: time(instance.seen),
            apis: instance.apis,
            alarms: instance.alarms,
        }
    }
}

use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use crate::admin::AdminState;
use crate::admin::call::Call;
use crate::admin::document::{Nothing, documents};
use crate::admin::route::{Allow, Operation, Routes, Verb};
use crate::manage;
use crate::problem::Problem;

/// What became of what is sealed, of all tenants.
#[derive(Debug, Serialize, ToSchema)]
struct Resealed {
    /// Values that were sealed again.
    resealed: usize,
    /// Values that the newest key had sealed already.
    current: usize,
    /// Values that no key opens that is there, each with the reason.
    failed: Vec<String>,
}

documents!(Resealed);

pub(super) fn routes(routes: Routes) -> Routes {
    let summary = "Seals secrets and signing keys of all tenants again with the newest sealing key, so that older keys can be taken away.";
    routes.with(
        Operation {
            verb: Verb::Post,
            path: "/admin/v1/reseal",
            id: "reseal",
            summary,
            allow: Allow::Installation,
            query: &[],
            status: 200,
        },
        run,
    )
}

async fn run(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Resealed, Problem> {
    let manage::Resealed { resealed, current, failed } = state.manage.reseal(&call.actor).await?;
    Ok(Resealed { resealed, current, failed })
}

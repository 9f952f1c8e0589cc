//! `/publish`: the APIs of the tenant, also those that callers do not find.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::PUBLISHER;
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, get};
use crate::portal::visit::Visit;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(get("/publish", PUBLISHER), list)
}

#[derive(Serialize)]
struct List {
    apis: Vec<Row>,
    after: Option<String>,
}

#[derive(Serialize)]
struct Row {
    name: String,
    title: String,
    version: String,
    state: &'static str,
    revision: u64,
    newer: bool,
    by_files: bool,
}

async fn list(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let actor = visit.actor()?;
    let (apis, next) = portal.manage.apis(&actor, &visit.part(&actor)).await?;
    let row = |a: crate::manage::ApiStatus| Row {
        name: a.name.to_string(),
        title: a.title,
        version: a.version,
        state: a.state.as_str(),
        revision: a.revision,
        newer: a.latest > a.revision,
        by_files: a.managed_by_files,
    };
    let shown = List { apis: apis.into_iter().map(row).collect(), after: next.map(|n| n.id) };
    Answer::page(&portal, &visit, StatusCode::OK, "publish_list", "Publish", &shown)
}

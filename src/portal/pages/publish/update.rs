//! `/publish/apis/{api}/update`: a newer WSDL of an API, looked at before anything is kept: what the old one gives, what is there, what will be.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::import::source;
use super::{Head, Opened, PUBLISHER, Shown, Wrong, at, shown, wrong};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, get, post, upload};
use crate::portal::visit::Visit;
use crate::publish::{UpdateChange, UpdateColumns, UpdateResource, Updated};

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(get("/publish/apis/{api}/update", PUBLISHER), show)
        .with(upload("/publish/apis/{api}/update", PUBLISHER), look)
        .with(post("/publish/apis/{api}/update/carry-out", PUBLISHER), carry_out)
}

#[derive(Serialize)]
struct Page {
    api: Head,
    url: String,
    text: String,
    root: String,
    looked: Option<Looked>,
    wrong: Option<Wrong>,
}

#[derive(Serialize)]
struct Looked {
    /// By which it is carried out; empty: it cannot be.
    id: String,
    same: bool,
    fits: bool,
    breaking: bool,
    changes: Vec<UpdateChange>,
    resources: Vec<UpdateResource>,
    columns: Vec<Column>,
    kept: Vec<String>,
    changed: Vec<String>,
    removed: Vec<String>,
    found: Vec<Shown>,
}

#[derive(Serialize)]
struct Column {
    operation: String,
    old: String,
    ours: String,
    new: String,
    differs: bool,
}

async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    page(&portal, &visit, StatusCode::OK, None, None).await
}

async fn page(portal: &Portal, visit: &Visit, status: StatusCode, looked: Option<Looked>, wrong: Option<Wrong>) -> Result<Answer, Fail> {
    let opened = Opened::of(portal, visit).await?;
    let text = |name: &str| visit.form.get(name);
    let page = Page { url: text("url"), text: text("text"), root: text("root"), looked, wrong, api: opened.head() };
    Answer::page(portal, visit, status, "publish_update", "Re-import", &page)
}

async fn look(portal: Arc<Portal>, mut visit: Visit) -> Result<Answer, Fail> {
    let (actor, name) = (visit.actor()?, visit.path("api").to_owned());
    let prepared = match source(&portal, &mut visit).await {
        Ok(source) => portal.publish.prepare(&actor, &name, source).await,
        Err(error) => Err(error),
    };
    match prepared {
        Ok((id, updated)) => page(&portal, &visit, StatusCode::OK, Some(looked(id, updated)), None).await,
        Err(error) => page(&portal, &visit, StatusCode::BAD_REQUEST, None, Some(wrong(error)?)).await,
    }
}

fn looked(id: String, updated: Updated) -> Looked {
    let is_possible = updated.fits && !updated.same;
    Looked {
        id: if is_possible { id } else { String::new() },
        same: updated.same,
        fits: updated.fits,
        breaking: updated.breaking,
        changes: updated.changes,
        resources: updated.resources,
        columns: updated.columns.into_iter().map(column).collect(),
        kept: updated.kept,
        changed: updated.changed,
        removed: updated.removed,
        found: shown(&updated.found),
    }
}

fn column(c: UpdateColumns) -> Column {
    let said = |all: &[String]| if all.is_empty() { "—".to_owned() } else { all.join(", ") };
    Column { old: said(&c.old), ours: said(&c.ours), new: said(&c.new), differs: c.ours != c.new, operation: c.operation }
}

async fn carry_out(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let name = visit.path("api");
    match portal.publish.carry_out(&visit.actor()?, name, &visit.form.get("update")).await {
        Ok(_) => Ok(Answer::see(at(name, "/revisions"))),
        Err(error) => page(&portal, &visit, StatusCode::BAD_REQUEST, None, Some(wrong(error)?)).await,
    }
}

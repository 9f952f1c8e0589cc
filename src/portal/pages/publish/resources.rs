//! `/publish/apis/{api}/resources`: methods and paths, with what speaks for others.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::super::applications::Choice;
use super::{Head, Opened, PUBLISHER, Wrong, at, expected, wrong};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, get, post};
use crate::portal::visit::Visit;
use crate::publish::Method;
use crate::publish::{NotTaken, Row as Edited};

/// Resources on the page.
const MAX_ROWS: usize = 300;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(get("/publish/apis/{api}/resources", PUBLISHER), show).with(post("/publish/apis/{api}/resources", PUBLISHER), save)
}

#[derive(Serialize)]
struct Resources {
    api: Head,
    rows: Vec<Row>,
    left: usize,
    wrong: Option<Wrong>,
}

#[derive(Serialize)]
struct Row {
    index: usize,
    was: String,
    operation: String,
    methods: Vec<Choice>,
    path: String,
    published: bool,
    suggestion: Option<String>,
}

async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    page(&portal, &visit, StatusCode::OK, None).await
}

async fn page(portal: &Portal, visit: &Visit, status: StatusCode, wrong: Option<Wrong>) -> Result<Answer, Fail> {
    let opened = Opened::of(portal, visit).await?;
    let looked = match portal.publish.look(&opened.actor, &opened.latest).await {
        Ok(looked) => looked,
        Err(NotTaken::Manage(error)) => return Err(error.into()),
        Err(NotTaken::Documents { .. }) => return Ok(Answer::see(at(&opened.status.name, ""))),
    };
    let is_sent = wrong.is_some();
    let row = |(index, r): (usize, &crate::publish::LookedResource)| {
        let typed = |field: &str| visit.form.trimmed(&format!("{field}{index}")).filter(|_| is_sent);
        let method = typed("method").unwrap_or_else(|| r.method.clone());
        let choice = |m: Method| Choice { value: m.as_str().to_owned(), text: m.as_str().to_owned(), chosen: m.as_str() == method };
        Row {
            index,
            was: format!("{} {}", r.method, r.path),
            operation: r.operation.clone(),
            methods: Method::ALL.map(choice).into(),
            path: typed("path").unwrap_or_else(|| r.path.clone()),
            published: !is_sent || visit.form.is_ticked(&format!("on{index}")),
            suggestion: r.suggestion.clone(),
        }
    };
    let shown = Resources {
        rows: looked.resources.iter().enumerate().take(MAX_ROWS).map(row).collect(),
        left: looked.resources.len().saturating_sub(MAX_ROWS),
        api: opened.head(),
        wrong,
    };
    Answer::page(portal, visit, status, "publish_resources", "Resources", &shown)
}

async fn save(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let opened = Opened::of(&portal, &visit).await?;
    let api = portal.publish.compiled(&opened.actor, &opened.latest).await?;
    let rows: Vec<Edited> = (0..MAX_ROWS).filter_map(|index| edited(&visit, index)).collect();
    match portal.publish.set_resources(&opened.actor, &api, expected(&visit)?, &rows).await {
        Ok(_) => Ok(Answer::see(at(&api.name, "/resources"))),
        Err(error) => page(&portal, &visit, StatusCode::BAD_REQUEST, Some(wrong(error)?)).await,
    }
}

/// A row as it was sent.
fn edited(visit: &Visit, index: usize) -> Option<Edited> {
    let field = |name: &str| visit.form.get(&format!("{name}{index}"));
    let method = |word: &str| Method::ALL.into_iter().find(|m| m.as_str() == word);
    let was = field("was");
    let (was_method, path) = was.split_once(' ')?;
    let new = visit.form.is_ticked(&format!("on{index}")).then(|| Some((method(&field("method"))?, field("path").trim().to_owned())));
    Some(Edited { method: method(was_method)?, path: path.to_owned(), new: new.flatten() })
}

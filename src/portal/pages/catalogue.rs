//! `/`: the APIs that one may know of, to look through and to search.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::{beginning, counted};
use crate::catalog::{PublishedApi, State};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, Who, get};
use crate::portal::visit::Visit;

/// APIs on one page.
const ON_A_PAGE: usize = 48;
/// Characters of a description in the list.
const ABOUT_CHARS: usize = 160;
/// Characters of a search.
const SEARCH_CHARS: usize = 100;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(get("/", Who::Anyone), show)
}

#[derive(Serialize)]
struct Shown {
    q: String,
    said: String,
    apis: Vec<Card>,
    number: usize,
    /// How many pages there are; 0: all stands on this one.
    pages: usize,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Serialize)]
struct Card {
    name: String,
    title: String,
    version: String,
    path: String,
    about: String,
    kinds: String,
    badge: Option<&'static str>,
}

#[allow(clippy::unused_async, reason = "every page is asynchronous")]
async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let q: String = visit.query.trimmed("q").unwrap_or_default().chars().take(SEARCH_CHARS).collect();
    let mut found = portal.manage.catalogue(visit.viewer().as_ref());
    let all = found.len();
    let words: Vec<String> = q.split_whitespace().map(str::to_lowercase).collect();
    found.retain(|api| has(api, &words));
    let said = match (found.len(), q.is_empty()) {
        (0, true) => "There is no API yet.".to_owned(),
        (count, true) => counted(count, "API.", "APIs."),
        (0, false) => format!("No API of {all} fits."),
        (count, false) => format!("{} of {all} fit.", counted(count, "API", "APIs")),
    };
    let pages = found.len().div_ceil(ON_A_PAGE).max(1);
    let number = visit.query.trimmed("page").and_then(|p| p.parse::<usize>().ok()).unwrap_or(1).clamp(1, pages);
    let link = |to: usize| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !q.is_empty() {
            query.append_pair("q", &q);
        }
        format!("/?{}", query.append_pair("page", &to.to_string()).finish())
    };
    let shown = Shown {
        said,
        apis: found.iter().skip((number - 1) * ON_A_PAGE).take(ON_A_PAGE).map(|api| card(api)).collect(),
        number,
        pages: if pages > 1 { pages } else { 0 },
        before: (number > 1).then(|| link(number - 1)),
        after: (number < pages).then(|| link(number + 1)),
        q: q.clone(),
    };
    Answer::page(&portal, &visit, StatusCode::OK, "catalogue", "APIs", &shown)
}

/// Stands every word in what the API says of itself?
fn has(api: &PublishedApi, words: &[String]) -> bool {
    if words.is_empty() {
        return true;
    }
    let mut text = String::new();
    let identity = &api.definition.api;
    let operations = api.program.operations.iter().map(|o| &*o.name);
    for part in
        [&*api.name, &identity.name, &identity.context, api.documentation.as_deref().unwrap_or_default()].into_iter().chain(operations)
    {
        text.push_str(&part.to_lowercase());
        text.push('\n');
    }
    words.iter().all(|w| text.contains(w.as_str()))
}

fn card(api: &PublishedApi) -> Card {
    let identity = &api.definition.api;
    let mut kinds = Vec::new();
    if !api.resources.is_empty() {
        kinds.push(counted(api.resources.len(), "resource", "resources"));
    }
    if !api.raw_operations.is_empty() {
        kinds.push("SOAP".to_owned());
    }
    Card {
        name: api.name.to_string(),
        title: identity.name.clone(),
        version: identity.version.clone(),
        path: api.base_path.to_string(),
        about: beginning(api.documentation.as_deref().unwrap_or_default(), ABOUT_CHARS),
        kinds: kinds.join(" · "),
        badge: badge(identity.state),
    }
}

/// The word for a state that is not the usual one.
pub(super) fn badge(state: State) -> Option<&'static str> {
    (state != State::Published).then(|| state.as_str())
}

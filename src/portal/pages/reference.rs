//! `/apis/{api}/rest`: the reference of the REST resources, from which each can be called: Swagger UI in a page of ours.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::api;
use crate::portal::Portal;
use crate::portal::answer::{Answer, console_policy};
use crate::portal::assets::ASSETS;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, Who, get};
use crate::portal::visit::Visit;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(get("/apis/{api}/rest", Who::Anyone), show)
}

#[derive(Serialize)]
struct Reference {
    name: String,
    title: String,
    address: String,
    asks_for_a_key: bool,
    asks_for_a_token: bool,
    style: &'static str,
    bundle: &'static str,
    script: &'static str,
}

#[allow(clippy::unused_async, reason = "every page is asynchronous")]
async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let api = portal.manage.catalogued(visit.viewer().as_ref(), visit.path("api"))?;
    if api.resources.is_empty() {
        return Err(Fail::Nowhere);
    }
    let asks = |words: &[&str]| api.definition.access.security.iter().any(|s| words.contains(&s.as_str()));
    let page = Reference {
        name: api.name.to_string(),
        title: format!("{} {}", api.definition.api.name, api.definition.api.version),
        address: api::address(&portal, &api),
        asks_for_a_key: asks(&["api_key"]),
        asks_for_a_token: asks(&["oauth2", "jwt"]),
        style: &ASSETS.swagger_style.path,
        bundle: &ASSETS.swagger.path,
        script: &ASSETS.reference.path,
    };
    let title = format!("REST console of {}", page.title);
    Ok(Answer::page(&portal, &visit, StatusCode::OK, "reference", &title, &page)?.with_policy(console_policy(&portal.gateway)))
}

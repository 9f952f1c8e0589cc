//! `/apis/{api}/…`: files for tools of others: the WSDL with all that it imports, a Postman collection, a JMeter plan.

use std::sync::Arc;

use super::api;
use crate::catalog::PublishedApi;
use crate::handout::{Handout, bundle};
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, Who, get};
use crate::portal::visit::Visit;

/// Calls of a JMeter plan: one more than the plan `tryout` lets pass in a minute.
const CALLS: u32 = 21;

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(get("/apis/{api}/wsdl.zip", Who::Anyone), wsdl)
        .with(get("/apis/{api}/postman.json", Who::Anyone), postman)
        .with(get("/apis/{api}/jmeter.jmx", Who::Anyone), jmeter)
}

fn named(api: &PublishedApi, ending: &str) -> String {
    format!("{}-{}.{ending}", api.name, api.definition.api.version)
}

#[allow(clippy::unused_async, reason = "every page is asynchronous")]
async fn wsdl(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let api = portal.manage.catalogued(visit.viewer().as_ref(), visit.path("api"))?;
    let archive = bundle(&api, &api::address(&portal, &api)).map_err(Fail::Broken)?.ok_or(Fail::Nowhere)?;
    Ok(Answer::download("application/zip", &named(&api, "wsdl.zip"), archive))
}

fn handout(portal: &Portal, visit: &Visit) -> Result<(Arc<PublishedApi>, Handout), Fail> {
    let api = portal.manage.catalogued(visit.viewer().as_ref(), visit.path("api"))?;
    if api.resources.is_empty() {
        return Err(Fail::Nowhere);
    }
    let handout = Handout::of(&api, &portal.gateway).map_err(Fail::Broken)?;
    Ok((api, handout))
}

#[allow(clippy::unused_async, reason = "every page is asynchronous")]
async fn postman(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (api, handout) = handout(&portal, &visit)?;
    Ok(Answer::download("application/json", &named(&api, "postman_collection.json"), handout.postman()))
}

/// `?operation=`: which call; without it the first.
#[allow(clippy::unused_async, reason = "every page is asynchronous")]
async fn jmeter(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let (api, handout) = handout(&portal, &visit)?;
    let plan = handout.jmeter(visit.query.trimmed("operation").as_deref(), CALLS).ok_or(Fail::Nowhere)?;
    Ok(Answer::download("application/xml", &named(&api, "jmx"), plan))
}

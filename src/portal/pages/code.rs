//! `/apis/{api}/code`: code that calls a resource, as REST and as SOAP.

use std::sync::Arc;

use http::StatusCode;
use serde::Serialize;

use super::applications::Choice;
use crate::portal::Portal;
use crate::portal::answer::Answer;
use crate::portal::code::{KEY, Language};
use crate::portal::fail::Fail;
use crate::portal::route::{Routes, Who, get};
use crate::portal::visit::Visit;

/// Resources to choose from.
const MAX_RESOURCES: usize = 300;

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(get("/apis/{api}/code", Who::Anyone), show)
}

#[derive(Serialize)]
struct Code {
    name: String,
    title: String,
    resource: String,
    resources: Vec<Choice>,
    /// The place of the key; `None`: it asks for none.
    key: Option<&'static str>,
    samples: Vec<Sample>,
}

#[derive(Serialize)]
struct Sample {
    language: &'static str,
    needs: &'static str,
    rest: Option<String>,
    soap: Option<String>,
}

#[allow(clippy::unused_async, reason = "every page is asynchronous")]
async fn show(portal: Arc<Portal>, visit: Visit) -> Result<Answer, Fail> {
    let api = portal.manage.catalogued(visit.viewer().as_ref(), visit.path("api"))?;
    let index = visit.query.trimmed("resource").and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
    let resource = api.resources.get(index).ok_or(Fail::Nowhere)?;
    let name = |r: &crate::catalog::PublishedResource| format!("{} {}", r.method.as_str(), r.path);
    let (rest, soap) = (api.example_call(index), api.example_soap_call(index));
    let keyed = api.definition.access.security.iter().any(|s| s == "api_key");
    let sample = |language: Language| Sample {
        language: language.name(),
        needs: language.needs(),
        rest: rest.as_ref().map(|call| language.code(call, &portal.gateway, keyed)),
        soap: soap.as_ref().map(|call| language.code(call, &portal.gateway, keyed)),
    };
    let chosen = |i: usize| i == index;
    let choice = |(i, r)| Choice { value: usize::to_string(&i), text: name(r), chosen: chosen(i) };
    let code = Code {
        name: api.name.to_string(),
        title: format!("{} {}", api.definition.api.name, api.definition.api.version),
        resource: name(resource),
        resources: api.resources.iter().enumerate().take(MAX_RESOURCES).map(choice).collect(),
        key: keyed.then_some(KEY),
        samples: Language::ALL.map(sample).into(),
    };
    Answer::page(&portal, &visit, StatusCode::OK, "code", "Code", &code)
}

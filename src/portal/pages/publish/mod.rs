//! `/publish`: what publishers do with the APIs of their tenant, from a WSDL to the end of its life.

mod access;
mod edit;
mod import;
mod list;
mod mapping;
mod overview;
mod resources;
mod revisions;
mod subscriptions;
mod trial;
mod update;
mod upstream;

use std::sync::Arc;

use serde::Serialize;

use crate::auth::Role;
use crate::catalog::State;
use crate::manage::{Actor, Allow, ApiStatus, ManageError, WhichRevision};
use crate::portal::Portal;
use crate::portal::fail::{Fail, mendable};
use crate::portal::route::{Routes, Who};
use crate::portal::visit::Visit;
use crate::publish::{Found, NotTaken, Revision};

/// Publishers, and who may do all.
const PUBLISHER: Who = Who::LoggedIn(Allow::Roles(&[Role::Publisher, Role::Administrator]));

pub(super) fn routes(routes: Routes) -> Routes {
    let routes = list::routes(routes);
    let routes = import::routes(routes);
    let routes = overview::routes(routes);
    let routes = resources::routes(routes);
    let routes = upstream::routes(routes);
    let routes = access::routes(routes);
    let routes = mapping::routes(routes);
    let routes = trial::routes(routes);
    let routes = edit::routes(routes);
    let routes = revisions::routes(routes);
    let routes = update::routes(routes);
    subscriptions::routes(routes)
}

/// What every page of an API shows at its head.
#[derive(Serialize)]
struct Head {
    name: String,
    title: String,
    version: String,
    state: &'static str,
    revision: u64,
    latest: u64,
    held: bool,
    by_files: bool,
    is_draft: bool,
    /// Is `api.yaml` as Castile writes it? Else fields of pages write it anew, without its comments.
    is_as_written: bool,
}

/// An API on its page: how it is, and its newest revision.
struct Opened {
    actor: Actor,
    status: ApiStatus,
    latest: Arc<Revision>,
}

impl Opened {
    async fn of(portal: &Portal, visit: &Visit) -> Result<Self, Fail> {
        let (actor, name) = (visit.actor()?, visit.path("api"));
        let status = portal.manage.api_status(&actor, name).await?;
        let latest = portal.manage.revision(&actor, name, WhichRevision::Latest).await?;
        Ok(Self { actor, status, latest })
    }

    fn head(&self) -> Head {
        let s = &self.status;
        Head {
            name: s.name.to_string(),
            title: s.title.clone(),
            version: s.version.clone(),
            state: s.state.as_str(),
            revision: s.revision,
            latest: s.latest,
            held: s.held,
            by_files: s.managed_by_files,
            is_draft: s.state == State::Created,
            is_as_written: crate::publish::is_as_written(&self.latest.content.definition.text),
        }
    }
}

/// A finding as pages show it.
#[derive(Debug, Clone, Serialize)]
struct Shown {
    severity: &'static str,
    code: String,
    message: String,
    /// `service.wsdl, line 7`; empty where it has no place.
    place: String,
    line: usize,
    hint: String,
    frame: String,
}

impl From<&Found> for Shown {
    fn from(found: &Found) -> Self {
        let finding = &found.finding;
        let line = finding.position.map(|(line, _)| line);
        let place = match (&finding.document, line) {
            (Some(document), Some(line)) => format!("{document}, line {line}"),
            (Some(document), None) => document.clone(),
            (None, _) => String::new(),
        };
        Self {
            severity: finding.severity.as_str(),
            code: finding.code.to_string(),
            message: finding.message.clone(),
            place,
            line: line.unwrap_or(0),
            hint: finding.hint.clone().unwrap_or_default(),
            frame: found.frame.clone(),
        }
    }
}

fn shown(found: &[Found]) -> Vec<Shown> {
    found.iter().map(Shown::from).collect()
}

/// What is wrong with what was sent: a sentence, and findings.
#[derive(Debug, Default, Serialize)]
struct Wrong {
    text: String,
    found: Vec<Shown>,
    /// Documents of which one must be chosen as the root.
    roots: Vec<String>,
}

/// What can be mended on the page.
fn wrong(error: impl Into<NotTaken>) -> Result<Wrong, Fail> {
    match error.into() {
        NotTaken::Documents { found, roots } if roots.is_empty() => {
            Ok(Wrong { text: "Nothing was kept: the documents cannot be used as they are.".to_owned(), found: shown(&found), roots })
        }
        NotTaken::Documents { found, roots } => {
            Ok(Wrong { text: "Several documents could be the root. Choose one.".to_owned(), found: shown(&found), roots })
        }
        NotTaken::Manage(ManageError::NotGood { findings, .. }) => {
            let found: Vec<Found> = findings.into_iter().map(Found::from).collect();
            Ok(Wrong { text: "Nothing was kept: the API is not good as it would be.".to_owned(), found: shown(&found), roots: Vec::new() })
        }
        NotTaken::Manage(error) => Ok(Wrong { text: mendable(error)?, ..Wrong::default() }),
    }
}

/// A text as a part of a query.
fn in_query(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// The revision that a form was made for.
fn expected(visit: &Visit) -> Result<u64, Fail> {
    visit.form.get("revision").parse().map_err(|_| Fail::Unreadable)
}

/// The address of a page of an API.
fn at(name: &str, page: &str) -> String {
    format!("/publish/apis/{name}{page}")
}

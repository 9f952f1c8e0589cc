use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::PUBLISHER;
use crate::admin::AdminState;
use crate::admin::call::Call;
use crate::admin::document::{Document, List, Nothing, Schemas, documents, named};
use crate::admin::problems::in_path;
use crate::admin::route::{Allow, Operation, Routes, Verb};
use crate::manage::{self, MAX_TEXT_BYTES, WhichRevision};
use crate::problem::Problem;

/// A revision of an API without its texts.
#[derive(Debug, Serialize, ToSchema)]
struct RevisionEntry {
    /// Counts up from 1.
    revision: u64,
    /// When it was made, RFC 3339.
    made: String,
    /// SHA-256 of what it holds: equal digests mean equal texts.
    digest: String,
}

/// A revision of an API with its texts.
#[derive(Debug, Serialize, ToSchema)]
struct Revision {
    /// Its number.
    revision: u64,
    /// Does it come from the folder of a server?
    managed_by_files: bool,
    /// The version of Castile that made it.
    importer: String,
    /// The texts by their paths in the API's folder: `api.yaml`, `api.lock`, `wsdl/service.wsdl`. They name secrets, and hold none.
    files: BTreeMap<String, String>,
}

/// Texts to be a revision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewRevision {
    /// The texts by their paths in the API's folder: `api.yaml`, `api.lock` and the WSDL with what it refers to.
    files: BTreeMap<String, String>,
    /// The newest revision as you know it, 0 where there is none: 409 where it is another. Without it whatever it is.
    #[serde(default)]
    expected: Option<u64>,
    /// Are the texts only looked at?
    #[serde(default)]
    dry_run: bool,
}

/// What came of texts.
#[derive(Debug, Serialize, ToSchema)]
struct MadeRevision {
    /// The newest revision now; 0: there is none.
    revision: u64,
    /// Do the texts differ from what was the newest revision?
    changed: bool,
    /// Warnings and notes.
    findings: Vec<Finding>,
}

/// What was found in the texts of an API.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::admin) struct Finding {
    /// `error`, `warning` or `note`.
    severity: &'static str,
    /// The code that `castile explain` explains.
    code: String,
    /// What was found.
    message: String,
    /// The text that it was found in.
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    /// From 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// From 1, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

documents!(RevisionEntry, Revision, MadeRevision);

impl Document for NewRevision {
    /// All texts, and what JSON writes around and into them.
    const MAX_BYTES: usize = MAX_TEXT_BYTES + MAX_TEXT_BYTES / 4;

    fn schema(schemas: &mut Schemas) -> Option<RefOr<Schema>> {
        Some(named::<Self>(schemas))
    }
}

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/apis/{api}/revisions",
                id: "listRevisions",
                summary: "The revisions that are kept of an API, the oldest first.",
                allow: Allow::Roles(PUBLISHER),
                query: &[],
                status: 200,
            },
            all,
        )
        .with(
            Operation {
                verb: Verb::Post,
                path: "/admin/v1/apis/{api}/revisions",
                id: "createRevision",
                summary: "Makes a revision of texts, and of a new name an API; at most 64 MiB of texts.",
                allow: Allow::Roles(PUBLISHER),
                query: &[],
                status: 201,
            },
            create,
        )
        .with(
            Operation {
                verb: Verb::Get,
                path: "/admin/v1/apis/{api}/revisions/{revision}",
                id: "showRevision",
                summary: "A revision with its texts: its number, `latest`, or `in-force`.",
                allow: Allow::Roles(PUBLISHER),
                query: &[],
                status: 200,
            },
            one,
        )
}

async fn all(state: Arc<AdminState>, call: Call<Nothing>) -> Result<List<RevisionEntry>, Problem> {
    let entries = state.manage.revisions(&call.actor, call.path("api")).await?;
    Ok(List { items: entries.into_iter().map(RevisionEntry::from).collect(), next: None })
}

async fn create(state: Arc<AdminState>, call: Call<NewRevision>) -> Result<MadeRevision, Problem> {
    let name = call.path("api").to_owned();
    let NewRevision { files, expected, dry_run } = call.input;
    let texts = files.into_iter().map(|(path, text)| (path, text.into())).collect();
    let made = state.manage.put_revision(&call.actor, &name, manage::NewRevision { texts, expected, dry_run }).await?;
    let findings = made.findings.iter().map(Finding::from).collect();
    Ok(MadeRevision { revision: made.revision, changed: made.changed, findings })
}

async fn one(state: Arc<AdminState>, call: Call<Nothing>) -> Result<Revision, Problem> {
    let which = match call.path("revision") {
        "latest" => WhichRevision::Latest,
        "in-force" => WhichRevision::InForce,
        number => WhichRevision::Number(number.parse().map_err(|_| in_path("revision", "a number, `latest` or `in-force`", number))?),
    };
    let found = state.manage.revision(&call.actor, call.path("api"), which).await?;
    let content = &found.content;
    Ok(Revision {
        revision: found.number,
        managed_by_files: content.managed_by_files,
        importer: content.importer.clone(),
        files: content.texts().into_iter().map(|(path, text)| (path, text.to_string())).collect(),
    })
}

impl From<crate::store::RevisionEntry> for RevisionEntry {
    fn from(entry: crate::store::RevisionEntry) -> Self {
        let digest = entry.digest.iter().map(|b| format!("{b:02x}")).collect();
        Self { revision: entry.number, made: entry.at.to_string(), digest }
    }
}

impl From<&manage::Finding> for Finding {
    fn from(finding: &manage::Finding) -> Self {
        Self {
            severity: finding.severity.as_str(),
            code: finding.code.to_string(),
            message: finding.message.clone(),
            document: finding.document.clone(),
            line: finding.position.map(|(line, _)| line),
            column: finding.position.map(|(_, column)| column),
            hint: finding.hint.clone(),
        }
    }
}

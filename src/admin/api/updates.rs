use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::PUBLISHER;
use super::merge::{ApiChange, Merge, ResourceChange};
use super::revisions::Finding;
use crate::admin::AdminState;
use crate::admin::call::Call;
use crate::admin::document::{Document, Schemas, documents, named};
use crate::admin::route::{Allow, Operation, Routes, Verb};
use crate::manage::{self, ManageError, WhichRevision};
use crate::problem::Problem;

/// Bytes of all documents of a WSDL.
const MAX_BYTES: usize = 64 << 20;
/// Documents of a WSDL.
const MAX_DOCUMENTS: usize = 256;

/// A newer WSDL of an API.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewWsdl {
    /// The documents by their paths: the WSDL and what it refers to. Nothing is fetched.
    documents: BTreeMap<String, String>,
    /// Which of them is the root, where several could be.
    #[serde(default)]
    root: Option<String>,
    /// Is it carried out although callers will notice?
    #[serde(default)]
    accept_breaking: bool,
    /// Is it only looked at?
    #[serde(default)]
    dry_run: bool,
    /// The newest revision as you know it: 409 where it is another. Without it whatever it is.
    #[serde(default)]
    expected: Option<u64>,
}

/// What a newer WSDL means for an API.
#[derive(Debug, Serialize, ToSchema)]
struct UpdatedApi {
    /// The newest revision now.
    revision: u64,
    /// Was a new revision made?
    updated: bool,
    /// Is it the WSDL that is there already?
    same: bool,
    /// Do the edits of the API fit the new WSDL? Else `findings` has the errors at their places.
    fits: bool,
    /// May something that worked fail?
    breaking: bool,
    /// What differs for callers, the worst first.
    changes: Vec<ApiChange>,
    /// Resources and parameters that came and went.
    resources: Vec<ResourceChange>,
    /// Names and paths that an import of the new WSDL alone would choose otherwise, and that stay.
    kept: Vec<String>,
    /// Errors, warnings and notes.
    findings: Vec<Finding>,
    /// The texts as they will be, by their paths in the API's folder: those that differ from what is there.
    files: BTreeMap<String, String>,
    /// Paths of texts that will be there no more.
    removed: Vec<String>,
}

documents!(UpdatedApi);

impl Document for NewWsdl {
    /// All documents, and what JSON writes around and into them.
    const MAX_BYTES: usize = MAX_BYTES + MAX_BYTES / 4;

    fn schema(schemas: &mut Schemas) -> Option<RefOr<Schema>> {
        Some(named::<Self>(schemas))
    }
}

pub(super) fn routes(routes: Routes) -> Routes {
    routes.with(
        Operation {
            verb: Verb::Post,
            path: "/admin/v1/apis/{api}/update",
            id: "updateApi",
            summary: "Merges a newer WSDL with an API: says what changes for callers, and makes a revision of it where nothing stands against it.",
            allow: Allow::Roles(PUBLISHER),
            query: &[],
            status: 200,
        },
        run,
    )
}

async fn run(state: Arc<AdminState>, call: Call<NewWsdl>) -> Result<UpdatedApi, Problem> {
    let name = call.path("api").to_owned();
    let NewWsdl { documents, root, accept_breaking, dry_run, expected } = call.input;
    bounded(&documents)?;
    let found = state.manage.revision(&call.actor, &name, WhichRevision::Latest).await?;
    if expected.is_some_and(|e| e != found.number) {
        return Err(ManageError::Conflict.into());
    }
    let number = found.number;
    let (before, content) = (found.content.texts(), found.content.clone());
    let merged = state.manage.work(Merge { name: name.clone(), content, documents, root }).await?;
    let merged = merged.map_err(|findings| ManageError::NotGood { api: name.clone(), findings })?;
    let refused = dry_run || merged.same || !merged.fits || merged.breaking && !accept_breaking;
    let revision = match refused {
        true => number,
        false => {
            let texts = merged.texts.clone();
            let new = manage::NewRevision { texts, expected: Some(number), dry_run: false };
            state.manage.put_revision(&call.actor, &name, new).await?.revision
        }
    };
    let files = merged.texts.iter().filter(|(path, text)| before.get(*path) != Some(*text));
    let removed = before.keys().filter(|path| !merged.texts.contains_key(*path));
    Ok(UpdatedApi {
        revision,
        updated: !refused,
        files: files.map(|(path, text)| (path.clone(), text.to_string())).collect(),
        removed: removed.cloned().collect(),
        same: merged.same,
        fits: merged.fits,
        breaking: merged.breaking,
        changes: merged.changes,
        resources: merged.resources,
        kept: merged.kept,
        findings: merged.findings.iter().map(Finding::from).collect(),
    })
}

fn bounded(documents: &BTreeMap<String, String>) -> Result<(), Problem> {
    if documents.is_empty() || documents.len() > MAX_DOCUMENTS {
        let found = documents.len().to_string();
        return Err(ManageError::invalid("documents", format!("1 to {MAX_DOCUMENTS} documents"), &found).into());
    }
    if let Some(path) = documents.keys().find(|p| !crate::catalog::is_inside(p)) {
        return Err(ManageError::invalid("documents", "paths such as service.wsdl or types/a.xsd", path).into());
    }
    if documents.values().map(String::len).sum::<usize>() > MAX_BYTES {
        return Err(ManageError::invalid("documents", format!("at most {MAX_BYTES} bytes"), "more").into());
    }
    Ok(())
}

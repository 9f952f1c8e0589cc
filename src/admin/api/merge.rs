//! A newer WSDL merged with what is there of an API, which a process of its own does: see [`Work`].

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::catalog::Texts;
use crate::import::update::{Change, Failed, Update, update};
use crate::manage::{self, Finding, Work};
use crate::store::Content;
use crate::wsdl::source::{Options, Origin, Policy, load_local};

/// A newer WSDL to be merged with an API.
#[derive(Debug, Serialize, Deserialize)]
pub struct Merge {
    /// The API's name.
    pub name: String,
    /// What is there of it.
    pub content: Content,
    /// The documents of the newer WSDL by their paths.
    pub documents: BTreeMap<String, String>,
    /// Which of them is the root, where several could be.
    pub root: Option<String>,
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Merged {
    /// Is it the WSDL that is there already?
    pub(super) same: bool,
    /// Do the edits of the API fit it?
    pub(super) fits: bool,
    /// May something that worked fail?
    pub(super) breaking: bool,
    /// What differs for callers, the worst first.
    pub(super) changes: Vec<ApiChange>,
    /// Resources and parameters that came and went.
    pub(super) resources: Vec<ResourceChange>,
    /// Names and paths that stay.
    pub(super) kept: Vec<String>,
    /// Errors, warnings and notes.
    pub(super) findings: Vec<Finding>,
    /// The texts as they will be.
    pub(super) texts: Texts,
}

/// Something that differs for callers.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct ApiChange {
    /// What kind of change it is: docs/update.md has a row for each.
    change: String,
    /// The worse of both: `breaking` or `harmless`.
    effect: String,
    /// For callers of the resources: `breaking`, `harmless` or `none`.
    rest: String,
    /// For callers of the raw SOAP endpoint.
    soap: String,
    /// The operations that it concerns.
    operations: Vec<String>,
    /// In which message and where.
    place: String,
    /// The named type that it stands in.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    type_: Option<String>,
    /// What happened.
    text: String,
}

/// A resource that came, went, or takes other parameters.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(super) struct ResourceChange {
    /// Its method.
    method: String,
    /// Its path under the API's base address.
    path: String,
    /// Its operation.
    operation: String,
    /// `breaking` or `harmless`.
    effect: String,
    /// What happened.
    text: String,
}

impl Work for Merge {
    const KIND: &'static str = "update";
    /// Else what is wrong with the documents, or with what is there.
    type Answer = Result<Merged, Vec<Finding>>;

    fn api(&self) -> &str {
        &self.name
    }

    fn run(self) -> Self::Answer {
        let entries = self.documents.into_iter().map(|(path, text)| (path, Arc::from(text.into_bytes()))).collect();
        let origin = Origin::Texts { name: "the new WSDL".to_owned(), entries: Arc::new(entries), root: self.root };
        let loaded = load_local(&origin, &Options::local(Policy::Upload)).map_err(|r| manage::findings_of(&r.diagnostics, &r.sources))?;
        match update(&self.name, &self.content, loaded) {
            Ok(update) => Ok(Merged::from(update)),
            Err(Failed { diagnostics, sources }) => Err(manage::findings_of(&diagnostics, &sources)),
        }
    }

    fn is_good(answer: &Self::Answer) -> bool {
        answer.is_ok()
    }
}

impl From<Update> for Merged {
    fn from(update: Update) -> Self {
        Self {
            same: update.same,
            fits: update.fits(),
            breaking: update.breaks(),
            changes: update.changes.iter().map(ApiChange::from).collect(),
            resources: update.resources.iter().map(ResourceChange::from).collect(),
            findings: manage::findings_of(&update.diagnostics, &update.sources),
            kept: update.kept,
            texts: update.texts,
        }
    }
}

impl From<&Change> for ApiChange {
    fn from(change: &Change) -> Self {
        Self {
            change: change.kind.word().to_owned(),
            effect: change.effect().word().to_owned(),
            rest: change.rest.word().to_owned(),
            soap: change.soap.word().to_owned(),
            operations: change.operations.iter().map(ToString::to_string).collect(),
            place: change.place.clone(),
            type_: change.type_.as_deref().map(str::to_owned),
            text: change.text.clone(),
        }
    }
}

impl From<&crate::import::update::ResourceChange> for ResourceChange {
    fn from(change: &crate::import::update::ResourceChange) -> Self {
        Self {
            method: change.method.as_str().to_owned(),
            path: change.path.to_string(),
            operation: change.operation.to_string(),
            effect: change.effect().word().to_owned(),
            text: change.text(),
        }
    }
}

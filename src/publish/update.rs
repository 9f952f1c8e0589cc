//! A newer WSDL of an API, as its publisher looks at it.

use serde::{Deserialize, Serialize};

use super::job::Worked;
use super::report::{Found, found};
use crate::catalog::Texts;
use crate::import::update::{Change, Columns, Failed, ResourceChange, update};
use crate::store::Content;
use crate::wsdl::source::Loaded;

/// What a newer WSDL means for an API.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Updated {
    /// The newest revision now.
    pub revision: u64,
    /// Was a new revision made?
    pub is_done: bool,
    /// Is it the WSDL that is there already?
    pub same: bool,
    /// Do the edits of the API fit the new WSDL? Else `found` has the errors at their places.
    pub fits: bool,
    /// May something that worked fail?
    pub breaking: bool,
    /// What differs for callers, the worst first.
    pub changes: Vec<UpdateChange>,
    /// Resources and parameters that came and went.
    pub resources: Vec<UpdateResource>,
    /// The resources of each operation.
    pub columns: Vec<UpdateColumns>,
    /// Names and paths that stay although an import of the new WSDL alone would choose otherwise.
    pub kept: Vec<String>,
    /// Errors, warnings and notes.
    pub found: Vec<Found>,
    /// All texts as they will be.
    pub texts: Texts,
    /// Paths of texts that differ from what is there.
    pub changed: Vec<String>,
    /// Paths of texts that will be there no more.
    pub removed: Vec<String>,
}

/// Something that differs for callers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpdateChange {
    /// What kind of change it is.
    pub change: String,
    /// The worse of both: `breaking` or `harmless`.
    pub effect: String,
    /// For callers of the resources.
    pub rest: String,
    /// For callers of the raw SOAP endpoint.
    pub soap: String,
    /// The operations that it concerns.
    pub operations: Vec<String>,
    /// In which message and where.
    pub place: String,
    /// The named type that it stands in.
    pub type_: Option<String>,
    /// What happened.
    pub text: String,
}

/// The resources of an operation, each as method and path.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpdateColumns {
    /// The operation.
    pub operation: String,
    /// What the old WSDL gives by itself.
    pub old: Vec<String>,
    /// What is there, with what people made of it.
    pub ours: Vec<String>,
    /// What will be there.
    pub new: Vec<String>,
}

/// A resource that came, went, or takes other parameters.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpdateResource {
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
    /// Its operation.
    pub operation: String,
    /// `breaking` or `harmless`.
    pub effect: String,
    /// What happened.
    pub text: String,
}

/// Merges documents with what is there.
pub(super) fn updated(name: &str, content: &Content, before: &Texts, loaded: Loaded) -> Worked {
    let merged = match update(name, content, loaded) {
        Ok(merged) => merged,
        Err(Failed { diagnostics, sources }) => return Worked::bad(found(&diagnostics, &sources)),
    };
    let differs = |(path, text): &(&String, &std::sync::Arc<str>)| before.get(*path) != Some(*text);
    Worked::Updated(Box::new(Updated {
        revision: 0,
        is_done: false,
        same: merged.same,
        fits: merged.fits(),
        breaking: merged.breaks(),
        changes: merged.changes.iter().map(UpdateChange::from).collect(),
        resources: merged.resources.iter().map(UpdateResource::from).collect(),
        columns: merged.columns.iter().map(columns).collect(),
        kept: merged.kept.clone(),
        found: found(&merged.diagnostics, &merged.sources),
        changed: merged.texts.iter().filter(differs).map(|(path, _)| path.clone()).collect(),
        removed: before.keys().filter(|path| !merged.texts.contains_key(*path)).cloned().collect(),
        texts: merged.texts,
    }))
}

fn columns((operation, c): (&std::sync::Arc<str>, &Columns)) -> UpdateColumns {
    UpdateColumns { operation: operation.to_string(), old: c.old.clone(), ours: c.ours.clone(), new: c.new.clone() }
}

impl From<&Change> for UpdateChange {
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

impl From<&ResourceChange> for UpdateResource {
    fn from(change: &ResourceChange) -> Self {
        Self {
            method: change.method.as_str().to_owned(),
            path: change.path.to_string(),
            operation: change.operation.to_string(),
            effect: change.effect().word().to_owned(),
            text: change.text(),
        }
    }
}

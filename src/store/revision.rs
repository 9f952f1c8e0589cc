use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A kept version of an API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// Whose it is.
    pub tenant: Arc<str>,
    /// The API's name: the name of its folder.
    pub name: Arc<str>,
    /// Counts up from 1.
    pub number: u64,
    /// What it is.
    pub content: Content,
}

/// An API and the number of its latest revision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Whose it is.
    pub tenant: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// The latest revision.
    pub latest: u64,
}

/// A kept version of an API without its texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevisionEntry {
    /// Counts up from 1.
    pub number: u64,
    /// When it was kept; whole milliseconds.
    pub at: Timestamp,
    /// SHA-256 of its content: equal hashes mean equal contents.
    pub digest: super::Hash,
}

/// All texts of an API, and what was linked to what when they were loaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// `api.yaml`.
    pub definition: StoredDocument,
    /// `api.lock`, where there is one.
    pub lock: Option<StoredDocument>,
    /// The WSDL and what it refers to.
    pub documents: Vec<StoredDocument>,
    /// Index of the root among `documents`.
    pub root: u32,
    /// What stands behind each reference.
    pub links: Vec<StoredLink>,
    /// The sequences that its resources name. Absent from what older versions stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sequences: Vec<StoredDocument>,
    /// The version of Castile that made it.
    pub importer: String,
    /// Does it come from the folder of API definitions? Then only files change it.
    pub managed_by_files: bool,
}

/// A text with its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredDocument {
    /// What authors call it.
    pub name: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
}

/// What stands behind a reference of a document.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct StoredLink {
    /// Index of the document that refers.
    pub from: u32,
    /// The location as written.
    pub location: Option<Arc<str>>,
    /// The namespace as written.
    pub namespace: Option<Arc<str>>,
    /// What it is.
    pub target: StoredTarget,
}

/// See [`StoredLink::target`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum StoredTarget {
    /// The document of that index.
    Document(u32),
    /// A schema that ships with Castile.
    Standard,
    /// Nothing, and why.
    Missing(Arc<str>),
}

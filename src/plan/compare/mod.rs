//! What callers notice when one program takes the place of another.
//!
//! Comes in: two programs of one API. Goes out: a [`Change`] for everything that differs for a caller, told apart by who notices it (REST
//! callers, raw SOAP callers) and whether it breaks what worked. What a caller sends may widen, what it receives may narrow. The answer errs
//! to one side: what cannot be shown to be harmless is said to break. Types are compared in pairs as they are reached from the messages, so
//! that neither names, nor the order of documents, nor formatting count. Must not know: schemas, definitions, files.

mod counts;
mod graph;
mod message;
mod object;
mod operation;
mod row;
mod types;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

pub use self::operation::{Ports, same_operation};
use super::node::Program;

/// Changes that are told of one comparison.
pub const MAX_CHANGES: usize = 10_000;

/// What a change does to callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Effect {
    /// They do not notice it.
    #[default]
    None,
    /// What worked still works.
    Harmless,
    /// What worked may fail.
    Breaking,
}

impl Effect {
    /// Its word in reports.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Harmless => "harmless",
            Self::Breaking => "breaking",
        }
    }
}

/// What kind of change it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the words say it; docs/update.md has a row for each")]
pub enum Kind {
    OperationAdded,
    OperationRemoved,
    Action,
    Namespace,
    Style,
    SoapVersion,
    Pattern,
    Asks,
    Address,
    HeaderAdded,
    HeaderRemoved,
    FaultAdded,
    FaultRemoved,
    AttachmentAdded,
    AttachmentRemoved,
    FieldAdded,
    FieldRemoved,
    Required,
    Optional,
    Cardinality,
    Choice,
    Order,
    Nillable,
    Type,
    Narrowed,
    Widened,
    Fixed,
    Default,
    Wildcard,
    DerivedAdded,
    DerivedRemoved,
    Abstract,
    TooLarge,
}

impl Kind {
    /// Its word in reports; stable.
    pub fn word(self) -> &'static str {
        match self {
            Self::OperationAdded => "operation-added",
            Self::OperationRemoved => "operation-removed",
            Self::Action => "action",
            Self::Namespace => "namespace",
            Self::Style => "style",
            Self::SoapVersion => "soap-version",
            Self::Pattern => "pattern",
            Self::Asks => "asks",
            Self::Address => "address",
            Self::HeaderAdded => "header-added",
            Self::HeaderRemoved => "header-removed",
            Self::FaultAdded => "fault-added",
            Self::FaultRemoved => "fault-removed",
            Self::AttachmentAdded => "attachment-added",
            Self::AttachmentRemoved => "attachment-removed",
            Self::FieldAdded => "field-added",
            Self::FieldRemoved => "field-removed",
            Self::Required => "required",
            Self::Optional => "optional",
            Self::Cardinality => "cardinality",
            Self::Choice => "choice",
            Self::Order => "order",
            Self::Nillable => "nillable",
            Self::Type => "type",
            Self::Narrowed => "narrowed",
            Self::Widened => "widened",
            Self::Fixed => "fixed",
            Self::Default => "default",
            Self::Wildcard => "wildcard",
            Self::DerivedAdded => "derived-added",
            Self::DerivedRemoved => "derived-removed",
            Self::Abstract => "abstract",
            Self::TooLarge => "too-large",
        }
    }
}

/// Who writes a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// Callers: it may widen.
    Request,
    /// The service: it may narrow.
    Reply,
}

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What kind it is.
    pub kind: Kind,
    /// The operations that it concerns, by name, each once.
    pub operations: Vec<Arc<str>>,
    /// In which message and where: `request /customer/zip`; of an operation as a whole empty.
    pub place: String,
    /// The named type that it stands in, where there is one.
    pub type_: Option<Arc<str>>,
    /// What happened, in words.
    pub text: String,
    /// For callers of the REST resources.
    pub rest: Effect,
    /// For callers of the raw SOAP endpoint.
    pub soap: Effect,
}

impl Change {
    /// The worse of both.
    pub fn effect(&self) -> Effect {
        self.rest.max(self.soap)
    }
}

/// Which faces of an API count.
#[derive(Debug, Clone, Copy)]
pub struct Faces {
    /// Has it resources?
    pub rest: bool,
    /// Has it a raw SOAP endpoint?
    pub soap: bool,
}

/// Compares two programs. What concerns a face that the API does not show is left out. Sorted: breaking first, then by operation.
pub fn compare(old: &Program, new: &Program, faces: Faces) -> Vec<Change> {
    let mut changes = operation::compare(old, new);
    for change in &mut changes {
        change.rest = if faces.rest { change.rest } else { Effect::None };
        change.soap = if faces.soap { change.soap } else { Effect::None };
    }
    changes.retain(|c| c.effect() != Effect::None);
    changes = together(changes);
    changes.sort_by(|a, b| {
        let key = |c: &Change| (std::cmp::Reverse(c.effect()), c.operations.first().cloned(), c.place.clone(), c.kind, c.text.clone());
        key(a).cmp(&key(b))
    });
    changes.truncate(MAX_CHANGES);
    changes
}

/// What makes two changes one that concerns several operations.
type Told = (Kind, String, String, Option<Arc<str>>, Effect, Effect);

/// What happened to several operations is told once.
fn together(changes: Vec<Change>) -> Vec<Change> {
    let mut at: HashMap<Told, usize> = HashMap::new();
    let mut all: Vec<Change> = Vec::new();
    for change in changes {
        let key = (change.kind, change.place.clone(), change.text.clone(), change.type_.clone(), change.rest, change.soap);
        match at.get(&key).and_then(|i| all.get_mut(*i)) {
            Some(told) => told.operations.extend(change.operations),
            None => {
                at.insert(key, all.len());
                all.push(change);
            }
        }
    }
    for change in &mut all {
        change.operations.sort();
        change.operations.dedup();
    }
    all
}

/// Namespaces of the old program whose names the new one has in another namespace: `urn:x:v1` → `urn:x:v2`. Only of namespaces that the
/// other program does not have at all.
pub fn renamed_namespaces(old: &Program, new: &Program) -> BTreeMap<Arc<str>, Arc<str>> {
    let is_in = |program: &Program, uri: &str| program.names.namespace_id(uri).is_some();
    let mut votes: BTreeMap<(Arc<str>, Arc<str>), usize> = BTreeMap::new();
    let mut by_local: BTreeMap<&str, Vec<&Arc<str>>> = BTreeMap::new();
    for name in &new.names.names {
        let uri = new.names.uri(name.namespace);
        if !uri.is_empty() && !is_in(old, uri) {
            by_local.entry(&name.local).or_default().push(uri);
        }
    }
    for name in &old.names.names {
        let uri = old.names.uri(name.namespace);
        if uri.is_empty() || is_in(new, uri) {
            continue;
        }
        for other in by_local.get(&*name.local).into_iter().flatten() {
            *votes.entry((uri.clone(), (*other).clone())).or_default() += 1;
        }
    }
    let mut ordered: Vec<_> = votes.into_iter().collect();
    ordered.sort_by_key(|((old, new), count)| (std::cmp::Reverse(*count), old.clone(), new.clone()));
    let mut renamed: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
    for ((old, new), _) in ordered {
        if !renamed.contains_key(&old) && !renamed.values().any(|n| *n == new) {
            renamed.insert(old, new);
        }
    }
    renamed
}

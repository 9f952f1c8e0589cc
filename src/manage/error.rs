use super::{Finding, nearest};
use crate::auth::PasswordError;
use crate::diagnostic::Severity;
use crate::net::random::NoRandom;
use crate::store::StoreError;

/// Why an act was not done. No variant holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManageError {
    /// It is not there, or is somebody else's.
    #[error("There is no {kind} `{name}`{}", nearest.as_ref().map_or_else(|| String::from("."), |n| format!("; did you mean `{n}`?")))]
    NotFound {
        /// What was looked for.
        kind: &'static str,
        /// Under which name.
        name: String,
        /// The nearest name that there is.
        nearest: Option<String>,
    },
    /// Its name is in use.
    #[error("There is {} {kind} `{name}` already.", if kind.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" })]
    Exists {
        /// What.
        kind: String,
        /// The name.
        name: String,
    },
    /// What was given for a field does not fit.
    #[error("`{field}` is not {expected}.")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What would fit, in words.
        expected: String,
        /// What was given, shortened; for the caller only, never for a log.
        found: String,
        /// The nearest word that would fit.
        nearest: Option<String>,
    },
    /// The actor may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// Something depends on it.
    #[error("The {kind} `{name}` is in use: {by}.")]
    InUse {
        /// What.
        kind: &'static str,
        /// Its name.
        name: String,
        /// By what.
        by: String,
    },
    /// The API takes no subscriptions.
    #[error("The API `{api}` takes no new subscriptions: {why}.")]
    NotOpen {
        /// The API.
        api: String,
        /// Why.
        why: &'static str,
    },
    /// The API is not offered on the plan.
    #[error("The API `{api}` is not offered on the plan `{plan}`, but on {}.", offered.join(", "))]
    NotOffered {
        /// The API.
        api: String,
        /// The plan.
        plan: String,
        /// The plans that it is offered on.
        offered: Vec<String>,
    },
    /// The texts of an API are not good.
    #[error("The texts of the API `{api}` are not good: {}.", said(findings))]
    NotGood {
        /// The API.
        api: String,
        /// Everything that was found.
        findings: Vec<Finding>,
    },
    /// Its files are the place to change it.
    #[error("The API `{api}` is managed by the files of the server: they are the place to change it.")]
    ManagedByFiles {
        /// The API.
        api: String,
    },
    /// Another API answers there.
    #[error("The API `{by}` answers at {address} already.")]
    AddressTaken {
        /// The address.
        address: String,
        /// The other API.
        by: String,
    },
    /// There is nothing to go back to.
    #[error("No revision of the API `{api}` is kept that is older than {revision}, which is in force.")]
    NoOlder {
        /// The API.
        api: String,
        /// The revision that is in force.
        revision: u64,
    },
    /// There is a limit.
    #[error("There are {limit} {what} already, which is the most.")]
    Full {
        /// What there is of.
        what: &'static str,
        /// How many.
        limit: usize,
    },
    /// Somebody else changed it at the same time.
    #[error("Somebody else changed this at the same time; look at it again.")]
    Conflict,
    /// Texts that ask for more than there is for them.
    #[error("The texts of the API {api} take more than {limit} to be read. The operator can allow more with `{setting}`.")]
    TooLarge {
        /// The API.
        api: String,
        /// How much there is.
        limit: String,
        /// Where the operator says so.
        setting: &'static str,
    },
    /// Texts that this process has no memory for at the moment.
    #[error(
        "There is no room for the API {api} here: it takes up to {needed} MiB of memory, and {free} MiB may be used now. Give the server more memory, or take APIs away that nobody calls."
    )]
    NoRoom {
        /// The API.
        api: String,
        /// MiB that it takes.
        needed: u64,
        /// MiB that there are.
        free: u64,
    },
    /// The process that read texts was ended, or failed.
    #[error(
        "The process that read the texts of the API {api} ended before it was done. Nothing was kept. Send them once more; where that does not help, the log says more."
    )]
    Ended {
        /// The API.
        api: String,
    },
    /// The store did not do it.
    #[error("{0}")]
    Store(StoreError),
    /// The system failed.
    #[error("{0}")]
    System(String),
}

/// Characters of a value that an error repeats.
const FOUND_CHARS: usize = 60;

impl ManageError {
    pub(super) fn not_found(kind: &'static str, name: &str) -> Self {
        Self::NotFound { kind, name: shown(name), nearest: None }
    }

    pub(super) fn nearest<'a>(kind: &'static str, name: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        Self::NotFound { kind, name: shown(name), nearest: nearest(name, names).map(str::to_owned) }
    }

    /// A field that does not fit.
    pub fn invalid(field: &'static str, expected: impl Into<String>, found: &str) -> Self {
        Self::Invalid { field, expected: expected.into(), found: shown(found), nearest: None }
    }

    /// A field that is none of these words.
    pub fn not_one_of(field: &'static str, words: &[&str], found: &str) -> Self {
        let expected = format!("one of {}", words.join(", "));
        Self::Invalid { field, expected, found: shown(found), nearest: nearest(found, words.iter().copied()).map(str::to_owned) }
    }

    /// Stable, for machines.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "castile.not_found",
            Self::Exists { .. } => "castile.exists",
            Self::Invalid { .. } => "castile.invalid_request",
            Self::Forbidden(_) => "castile.forbidden",
            Self::InUse { .. } => "castile.in_use",
            Self::NotOpen { .. } => "castile.api_not_open",
            Self::NotOffered { .. } => "castile.plan_not_offered",
            Self::NotGood { .. } => "castile.invalid_api",
            Self::ManagedByFiles { .. } => "castile.managed_by_files",
            Self::AddressTaken { .. } => "castile.address_in_use",
            Self::NoOlder { .. } => "castile.no_older_revision",
            Self::Full { .. } => "castile.limit",
            Self::Conflict => "castile.conflict",
            Self::TooLarge { .. } => "castile.import_too_large",
            Self::NoRoom { .. } => "castile.no_memory",
            Self::Ended { .. } => "castile.import_ended",
            Self::Store(error) if error.is_transient() => "castile.store_unavailable",
            Self::Store(_) | Self::System(_) => "castile.internal",
        }
    }
}

fn said(findings: &[Finding]) -> String {
    let errors = || findings.iter().filter(|f| f.severity == Severity::Error);
    let first = errors().next().map(|f| f.message.clone()).unwrap_or_default();
    match errors().count().saturating_sub(1) {
        0 => first,
        more => format!("{first}, and {more} more"),
    }
}

fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(FOUND_CHARS).collect()
}

impl From<StoreError> for ManageError {
    fn from(error: StoreError) -> Self {
        match error {
            // What is unique was looked for before: somebody else has just taken it.
            StoreError::Stale { .. } | StoreError::Conflict { .. } | StoreError::Taken { .. } => Self::Conflict,
            other => Self::Store(other),
        }
    }
}

impl From<NoRandom> for ManageError {
    fn from(error: NoRandom) -> Self {
        Self::System(error.to_string())
    }
}

impl From<PasswordError> for ManageError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Length => Self::invalid("password", error.to_string(), "[redacted]"),
            PasswordError::Failed(_) => Self::System(error.to_string()),
        }
    }
}

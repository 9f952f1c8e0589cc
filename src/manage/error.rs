use super::nearest;
use crate::auth::PasswordError;
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
            Self::Full { .. } => "castile.limit",
            Self::Conflict => "castile.conflict",
            Self::Store(error) if error.is_transient() => "castile.store_unavailable",
            Self::Store(_) | Self::System(_) => "castile.internal",
        }
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

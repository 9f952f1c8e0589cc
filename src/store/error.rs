/// Why a store did not do what it was asked. No variant holds a value of a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote a revision first.
    #[error("the latest revision is {latest}, not {expected}")]
    Conflict {
        /// What the writer thought.
        expected: u64,
        /// What it is.
        latest: u64,
    },
    /// A record is not as the writer knew it: changed, removed, or there already. Nothing of the write was done.
    #[error("the {kind} was changed by somebody else")]
    Stale {
        /// Its kind.
        kind: String,
        /// Its version; `None`: it is not there.
        found: Option<u64>,
    },
    /// Another record of the kind has that unique key. Nothing of the write was done.
    #[error("another {kind} has this {key}")]
    Taken {
        /// The kind.
        kind: String,
        /// The name of the key.
        key: String,
    },
    /// What is to be kept breaks a limit or a rule: the caller's fault.
    #[error("the {kind} cannot be kept: {reason}")]
    Invalid {
        /// The kind of the record.
        kind: String,
        /// The rule.
        reason: String,
    },
    /// A limit.
    #[error("the store is full: {limit}")]
    Full {
        /// Which limit, in words.
        limit: String,
    },
    /// The store cannot be reached, or failed; trying again may help. A write that ends so may have been done or not, whole in either case.
    #[error("the store failed: {reason}")]
    Unavailable {
        /// Why, for the log.
        reason: String,
    },
    /// The database was migrated by a newer Castile: this one does not touch it.
    #[error("the database has schema {found}, made by a newer Castile; this one knows schemas up to {known}")]
    Newer {
        /// The database's.
        found: u64,
        /// The newest that is known here.
        known: u64,
    },
    /// The database was made by an older Castile, or is empty, and was to be read as it is.
    #[error("the database has schema {found}; this Castile reads schema {known}")]
    Older {
        /// The database's; 0: it has none.
        found: u64,
        /// The one that is needed.
        known: u64,
    },
    /// What is kept cannot be read.
    #[error("the store is damaged: {what}")]
    Damaged {
        /// What, without values.
        what: String,
    },
    /// A restore into a store that holds something.
    #[error("the store is not empty")]
    NotEmpty,
}

impl StoreError {
    pub(super) fn unavailable(reason: impl std::fmt::Display) -> Self {
        Self::Unavailable { reason: format!("{reason}") }
    }

    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged { what: what.into() }
    }

    /// May the same succeed a little later?
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

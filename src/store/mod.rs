//! What is kept: revisions of APIs, each with its texts. The snapshot is built from here and from nowhere else.
//!
//! Comes in: complete revisions. Goes out: the same, unchanged. The contract is the test suite in `contract`, which every store
//! runs; [`Memory`] is the first. Must not know: plans, HTTP.

mod memory;
mod revision;

#[cfg(test)]
pub(crate) mod contract;

pub use memory::Memory;
pub use revision::{Content, Revision, StoredDocument, StoredLink, StoredTarget, Summary};

use std::future::Future;
use std::sync::Arc;

/// Most APIs that a store keeps.
pub const MAX_APIS: usize = 10_000;
/// Most revisions that a store keeps of one API; older ones are dropped.
pub const MAX_REVISIONS: usize = 50;

/// Where revisions are kept. Implementations are shared between tasks.
pub trait Store: Send + Sync {
    /// Keeps a new revision of the API `name` and gives its number: one more than the latest one's, 1 for the first.
    /// `expected` is the number of the latest revision as the writer knows it (0: there is none); `None` writes in any case.
    /// Content that equals the latest revision's makes no new one: the latest number is given.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where somebody else was first; [`StoreError::Full`] at a limit.
    fn put(&self, name: &str, expected: Option<u64>, content: Content) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The latest revision of an API.
    fn latest(&self, name: &str) -> impl Future<Output = Result<Option<Arc<Revision>>, StoreError>> + Send;

    /// A certain revision of an API.
    fn revision(&self, name: &str, number: u64) -> impl Future<Output = Result<Option<Arc<Revision>>, StoreError>> + Send;

    /// All APIs with the numbers of their latest revisions, by name.
    fn list(&self) -> impl Future<Output = Result<Vec<Summary>, StoreError>> + Send;

    /// The revisions that are kept of an API, the oldest first.
    fn history(&self, name: &str) -> impl Future<Output = Result<Vec<Arc<Revision>>, StoreError>> + Send;

    /// Forgets an API with all its revisions; says whether there was one. An API of that name that is put later goes on counting where this
    /// one ended, so that a number never means two things.
    fn remove(&self, name: &str) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// A number that grows with every change: equal numbers mean equal contents.
    fn generation(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;
}

/// Why a store did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else wrote first.
    #[error("the latest revision is {latest}, not {expected}")]
    Conflict {
        /// What the writer thought.
        expected: u64,
        /// What it is.
        latest: u64,
    },
    /// A limit.
    #[error("the store is full: {limit}")]
    Full {
        /// Which limit, in words.
        limit: String,
    },
    /// The store cannot be reached, or failed; trying again may help.
    #[error("the store failed: {reason}")]
    Unavailable {
        /// Why, for the log.
        reason: String,
    },
}

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ApiDefinition, State};

/// What is in force of an API beside its files: a state that overrides the definition's, and a revision that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Whose the API is.
    pub tenant: Arc<str>,
    /// The API's name.
    pub api: Arc<str>,
    /// Its state; `None`: what its definition says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// What `state` was before the API was blocked: unblocking puts it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unblocked: Option<State>,
    /// The revision that is served, whatever newer ones there are; `None`: the newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
}

impl Release {
    /// The newest revision in the state that it says.
    pub fn of(tenant: impl Into<Arc<str>>, api: impl Into<Arc<str>>) -> Self {
        Self { tenant: tenant.into(), api: api.into(), state: None, unblocked: None, revision: None }
    }

    /// Says it nothing that the newest revision does not say itself?
    pub fn is_plain(&self) -> bool {
        self.state.is_none() && self.unblocked.is_none() && self.revision.is_none()
    }

    /// The state of an API with that definition.
    pub fn state_of(&self, definition: &ApiDefinition) -> State {
        self.state.unwrap_or(definition.api.state)
    }
}

//! On which plans the APIs of a tenant are offered, and whether they take subscriptions.

use super::{Manage, ManageError, Managed};
use crate::api::{ApiDefinition, State};
use crate::store::Store;

impl Manage {
    /// The API that is first found to be offered on a plan by its name.
    pub(super) async fn api_on_plan(&self, tenant: &str, plan: &str) -> Managed<Option<String>> {
        for api in self.store.apis(Some(tenant)).await? {
            match self.api(tenant, &api.name).await {
                Ok(found) if found.definition.plans.iter().any(|p| p == plan) => return Ok(Some(api.name.to_string())),
                // Removed meanwhile.
                Ok(_) | Err(ManageError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

/// Refuses an API in a state in which it takes no subscriptions.
pub(super) fn must_be_open(name: &str, state: State) -> Managed<()> {
    let why = match state {
        State::Published => return Ok(()),
        State::Created => "it is not published yet",
        State::Prototype => "a prototype is called without a subscription",
        State::Blocked => "it is blocked",
        State::Deprecated => "it is deprecated, and serves those who have one",
        State::Retired => "it is retired",
    };
    Err(ManageError::NotOpen { api: name.to_owned(), why })
}

/// Refuses a plan that the API is not offered on.
pub(super) fn must_be_offered(name: &str, definition: &ApiDefinition, plan: &str) -> Managed<()> {
    let offered = &definition.plans;
    if offered.is_empty() || offered.iter().any(|p| p == plan) {
        return Ok(());
    }
    Err(ManageError::NotOffered { api: name.to_owned(), plan: plan.to_owned(), offered: offered.clone() })
}

//! Which APIs people see in the portal.

use std::sync::Arc;

use super::{Actor, Manage, ManageError, Managed, values};
use crate::api::State;
use crate::auth::DEFAULT_TENANT;
use crate::catalog::{PublishedApi, Visibility};
use crate::store::{Keep, MAX_PAGE};
use crate::throttle::Plan;

impl Manage {
    /// The APIs that `viewer` may know of, by title: those of its tenant that answer, or will again. Who is a stranger (`None`) sees those of the tenant
    /// `default` whose documents everybody may read.
    pub fn catalogue(&self, viewer: Option<&Actor>) -> Vec<Arc<PublishedApi>> {
        let Some(catalog) = &self.catalog else { return Vec::new() };
        let snapshot = catalog.snapshot();
        let mut seen: Vec<_> = snapshot.apis.iter().filter(|api| sees(viewer, api)).cloned().collect();
        seen.sort_by_cached_key(|api| (api.definition.api.name.to_lowercase(), api.definition.api.version.clone(), api.name.clone()));
        seen
    }

    /// One of them, by its name in the store.
    ///
    /// # Errors
    /// It is not there, or not for `viewer`.
    pub fn catalogued(&self, viewer: Option<&Actor>, name: &str) -> Managed<Arc<PublishedApi>> {
        let snapshot = self.catalog.as_ref().map(|c| c.snapshot());
        let found = snapshot.and_then(|s| s.apis.iter().find(|api| *api.name == *name && sees(viewer, api)).cloned());
        found.ok_or_else(|| ManageError::not_found("API", name))
    }

    /// The plans that it is offered on.
    ///
    /// # Errors
    /// The store is away.
    pub async fn plans_of(&self, api: &PublishedApi) -> Managed<Vec<Plan>> {
        let (all, _) = self.store.page::<Plan>(Some(&api.tenant), None, MAX_PAGE).await?;
        let offered = &api.definition.plans;
        Ok(values(all).into_iter().filter(|plan: &Plan| offered.is_empty() || offered.iter().any(|o| **o == *plan.name)).collect())
    }
}

fn sees(viewer: Option<&Actor>, api: &PublishedApi) -> bool {
    let tenant = viewer.map_or(DEFAULT_TENANT, |actor| &*actor.tenant);
    let shown = match api.definition.api.state {
        State::Published | State::Prototype | State::Deprecated | State::Blocked => true,
        State::Created | State::Retired => false,
    };
    *api.tenant == *tenant && shown && (viewer.is_some() || api.definition.access.visibility == Visibility::Public)
}

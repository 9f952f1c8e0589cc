use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::limit::{Quota, Rate};

/// What a subscription, or an application, may use: a quota, a burst, both or neither.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Whose it is.
    pub tenant: Arc<str>,
    /// Its name; unique in the tenant.
    pub name: Arc<str>,
    /// Its name for people; empty: the name.
    #[serde(default)]
    pub display_name: String,
    /// Calls in a window; `None`: as many as come.
    #[serde(default)]
    pub quota: Option<Quota>,
    /// Calls at once; `None`: as many as the quota has.
    #[serde(default)]
    pub burst: Option<Rate>,
}

impl Plan {
    /// The plans that a tenant has from the start: calls a minute.
    pub fn shipped(tenant: &str) -> Vec<Self> {
        const CALLS: [(&str, u32); 5] = [("tryout", 20), ("bronze", 1_000), ("silver", 2_000), ("gold", 5_000), ("unlimited", 0)];
        let plan = |(name, calls): (&str, u32)| Self {
            tenant: tenant.into(),
            name: name.into(),
            display_name: String::new(),
            quota: Quota::new(calls, Duration::from_secs(60)).ok(),
            burst: None,
        };
        CALLS.into_iter().map(plan).collect()
    }
}

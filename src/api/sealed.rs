use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A secret for SOAP services that the store keeps, sealed: APIs of its tenant name it. Who has the database alone cannot read it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSecret {
    /// Whose it is.
    pub tenant: Arc<str>,
    /// Its name in api.yaml.
    pub name: Arc<str>,
    /// What it is for, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Its value, sealed for this tenant and name.
    pub sealed: String,
    /// When the value was given, seconds since 1970.
    pub changed: i64,
}

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Names a type in a [`Lock`]: `{ns}Name` (`Name` without a namespace) of a named type; of an anonymous one the way to it from a named
/// component, each step an element's expanded name: `{ns}order/{ns}item`.
pub type TypeKey = String;

/// `api.lock`: what was chosen at import and must never change by itself. Written by `import` and `update` only.
///
/// Names are expanded names as `{ns}local`, `local` without a namespace. A place of an element that stands several times in its type is
/// `{ns}local#2` from the second on. Maps are sorted, so the same lock is always the same text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lock {
    /// The version of this format: 1.
    pub version: u32,
    /// Port type and operation (`Countries/GetCountry`, `Countries/GetCountry#2` for an overload) → the path of its derived resource.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub paths: BTreeMap<String, String>,
    /// Named type → what `$type` calls it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub type_labels: BTreeMap<String, String>,
    /// Port type and operation → declared fault → the name that problem documents give it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fault_names: BTreeMap<String, BTreeMap<String, String>>,
    /// Types that are written as a bare array.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub flattened: BTreeSet<TypeKey>,
    /// Type → element → JSON property.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub element_keys: BTreeMap<TypeKey, BTreeMap<String, String>>,
    /// Type → attribute → JSON property.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attribute_keys: BTreeMap<TypeKey, BTreeMap<String, String>>,
}
